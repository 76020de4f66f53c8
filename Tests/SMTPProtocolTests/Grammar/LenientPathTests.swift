import SMTPProtocol
import Testing

/// What careless clients send.
@Suite struct LenientPathTests {
    /// The argument; the path; what is left for the parameters.
    static let accepted: [(String, String, String)] = [
        // White space after the colon, and before the word.
        ("FROM: <a@b>", "a@b", ""), ("FROM:\t <a@b>", "a@b", ""), ("TO: <a@b> X=1", "a@b", "X=1"),
        (" FROM:<a@b>", "a@b", ""), ("FROM: <>", "<>", ""), ("FROM:< > X", "<>", "X"),
        // No brackets.
        ("FROM:a@b", "a@b", ""), ("FROM: a@b", "a@b", ""), ("FROM:a@b X=1 Y", "a@b", "X=1 Y"),
        ("FROM: a@[1.2.3.4] X=1", "a@[1.2.3.4]", "X=1"), ("FROM:\"a b\"@c X", "\"a b\"@c", "X"),
        ("TO:postmaster", "<postmaster>", ""), ("TO: PostMaster X=1", "<PostMaster>", "X=1"),
        ("TO:< postmaster >", "<postmaster>", ""), ("FROM:a@b\tX=1", "a@b", "X=1"),
        // Comments and white space around the address, around `@`, around a route.
        ("FROM:< a@b >", "a@b", ""), ("FROM:<a @ b>", "a@b", ""), ("FROM:<\ta\t@\tb\t>", "a@b", ""),
        ("FROM:<(x)a@b>", "a@b", ""), ("FROM:<a@b(x)>", "a@b", ""), ("FROM:<a(x)@(y)b>", "a@b", ""),
        ("FROM:(x)<a@b>", "a@b", ""), ("FROM:<(a(b(c)d)e)a@b>", "a@b", ""), ("FROM:<(\\)\\()a@b>", "a@b", ""),
        ("FROM:<()a@b>", "a@b", ""), ("FROM:<(a@x)a@b>", "a@b", ""), ("FROM:<(>)a@b>", "a@b", ""),
        ("FROM:<(é)a@b>", "a@b", ""), ("FROM:<a@b> (x) X=1", "a@b", "X=1"), ("FROM:<a@b>  X=1", "a@b", "X=1"),
        ("FROM:<a@b>\tX=1", "a@b", "X=1"), ("FROM:<a@b> \t", "a@b", ""), ("FROM:a@b (x)", "a@b", ""),
        ("FROM:<\"a b\" (x) @b>", "\"a b\"@b", ""), ("FROM:<a@ [1.2.3.4] >", "a@[1.2.3.4]", ""),
        ("FROM:< @a , @b : c@d >", "c@d", ""), ("FROM:<@a(x),(y)@b:(z)c@d>", "c@d", ""),
        ("FROM:<(\tx\t)a@b>", "a@b", ""), ("FROM:(x) a@b X", "a@b", "X"), ("FROM:a@b(x) X", "a@b", "X"),
        ("FROM:a@b(x)(y)", "a@b", ""),
        // Local parts.
        ("FROM:<a..b@c>", "a..b@c", ""), ("FROM:<.a@b>", ".a@b", ""), ("FROM:<a.@b>", "a.@b", ""),
        ("FROM:<.@b>", ".@b", ""), ("FROM:..a...b..@c", "..a...b..@c", ""), ("FROM:<a b@c>", "a b@c", ""),
        ("FROM:< a  b @c>", "a  b@c", ""), ("FROM:<postmaster x@c>", "postmaster x@c", ""),
        // Domains.
        ("FROM:<a@b_c.d>", "a@b_c.d", ""), ("FROM:<a@_b>", "a@_b", ""), ("FROM:<a@-b.c->", "a@-b.c-", ""),
        ("FROM:<@a_b:c@d>", "c@d", ""),
    ]

    @Test(arguments: accepted) func accept(_ argument: String, _ path: String, _ rest: String) {
        #expect(Parse.path(argument, .lenient) == .path(path, rest: rest))
        let strict = Parse.path(argument)
        if case .path(_, let strictRest) = strict {
            // Only the space before the parameters is left to the parameters.
            #expect(strictRest.utf8.first.map { [9, 32, 40].contains($0) } == true, "\(argument)")
        }
    }

    static let refused: [(String, SyntaxError.Production, Int)] = [
        ("", .command, 0), ("FROM", .command, 0), ("FROM <a@b>", .command, 0), ("FROM :<a@b>", .command, 0),
        ("FROM:", .path, 5), ("FROM: ", .path, 6), ("FROM:(x)", .path, 8), ("TO:", .path, 3),
        ("TO:<>", .localPart, 4),
        // Never an open bracket or comment, never text that touches the end.
        ("FROM:<a@b", .path, 9), ("FROM:<a@b X=1", .domain, 10), ("FROM:<a@b (x)", .path, 13),
        ("FROM:<", .localPart, 6),
        ("FROM:<a@b>x", .path, 10), ("FROM:<a@b>SIZE=1", .path, 10), ("FROM:<a@b>(x)", .path, 10),
        ("FROM:<a@b>>", .path, 10), ("FROM:<a@b> (x)X=1", .path, 14), ("FROM:<a@b", .path, 9),
        ("FROM:a@b>", .domain, 8), ("FROM:a@b<c@d>", .domain, 8), ("FROM:a@b,c@d", .domain, 8),
        ("FROM:<(a@b>", .path, 6), ("FROM:<((a)a@b>", .path, 6), ("FROM:<a@b(x\\)>", .path, 9),
        ("FROM:(", .path, 5),
        ("FROM:<a@b> (x", .path, 11), ("FROM:<a@b> )x", .parameter, 11), ("FROM:<)a@b>", .localPart, 6),
        ("FROM:<(\\", .path, 7), ("FROM:<(x\\\0)a@b>", .path, 8), ("FROM:a@b(x)SIZE=1", .domain, 11),
        // Never a control octet other than a tab between things.
        ("FROM:<a\0@b>", .localPart, 7), ("FROM:\0<a@b>", .localPart, 5), ("FROM:<a@b\0>", .domain, 9),
        ("FROM:<(\0)a@b>", .path, 7), ("FROM:<(\r\n)a@b>", .path, 7), ("FROM:<a@b\r\n >", .domain, 9),
        ("FROM:\r\n <a@b>", .localPart, 5), ("FROM:<a@b>\0", .path, 10), ("FROM:<a@b> \0", .parameter, 11),
        ("FROM:<(\u{7f})a@b>", .path, 7), ("FROM:<a\tb@c>", .localPart, 8),
        ("FROM:<\"a\tb\"@c>", .localPart, 8),
        ("FROM:<\u{b}a@b>", .localPart, 6), ("FROM:<a@b>\u{c}", .path, 10),
        // Never half a mailbox, nor something in the middle that would have to be cut out.
        ("FROM:a", .mailbox, 6), ("FROM:<a>", .mailbox, 7), ("FROM:postmaster", .mailbox, 15),
        ("FROM:@b", .localPart, 5),
        ("FROM:<a@>", .domain, 8), ("FROM:<a@(x)>", .domain, 11), ("FROM:<a (x) b@c>", .localPart, 12),
        ("FROM:<a.(x)b@c>", .localPart, 11), ("FROM:<a@b(x).c>", .domain, 12), ("FROM:<a@b .c>", .domain, 10),
        ("FROM:a b@c", .localPart, 7), ("FROM:<\"a\".b@c>", .localPart, 9),
        ("FROM:<a.\"b\"@c>", .localPart, 8),
        ("FROM:<a@b.>", .domain, 10), ("FROM:<a@b..c>", .domain, 10), ("FROM:<a@b@c>", .domain, 9),
        ("FROM:Name <a@b>", .localPart, 10), ("FROM:<a@[1.2.3.4 ]>", .addressLiteral, 16),
        ("FROM:<a@[foo]>", .addressLiteral, 8), ("FROM:<a@b!c>", .domain, 9),
        ("FROM:<a\\b@c>", .localPart, 7),
        ("TO:postmaster@", .domain, 14), ("TO:<postmaster", .path, 14), ("TO:<postmaster x>", .mailbox, 16),
        ("TO:postmasterx", .mailbox, 14), ("TO:postmaster,x", .localPart, 13),
        ("TO:<postmaster,x>", .localPart, 14),
        ("TO:\"postmaster\"", .mailbox, 15),
    ]

    @Test(arguments: refused) func refuse(
        _ argument: String, _ production: SyntaxError.Production, _ offset: Int
    ) {
        let octets = Array(argument.utf8)
        var found = Parse.path(octets, .lenient)
        if case .path(_, let rest) = found {
            // What the path leaves over is no parameter.
            var range = ByteRange(octets.count - rest.utf8.count, octets.count)
            found =
                Parse.error { () throws(SyntaxError) in
                    while try CommandParser.nextParameter(octets.span, &range, .lenient) != nil {}
                } ?? found
        }
        #expect(found == .error(production, offset), "\(argument)")
    }
}
