import Glibc
import SMTPConnection
import SMTPSockets
import Testing

@Suite struct EndpointResolveTests {
    static let both = AddressFamilies(hasIPv4: true, hasIPv6: true, hasIPv6Loopback: true)
    static let onlyIPv4 = AddressFamilies(hasIPv4: true, hasIPv6: false, hasIPv6Loopback: false)
    static let onlyIPv6 = AddressFamilies(hasIPv4: false, hasIPv6: true, hasIPv6Loopback: true)
    static let switchedOff = AddressFamilies(hasIPv4: true, hasIPv6: true, hasIPv6Loopback: false)
    static let none = AddressFamilies(hasIPv4: false, hasIPv6: false, hasIPv6Loopback: false)

    @Test(arguments: [
        ("", both, ["::", "0.0.0.0"]), ("", onlyIPv4, ["0.0.0.0"]), ("", onlyIPv6, ["::"]),
        ("localhost", both, ["::1", "127.0.0.1"]), ("LocalHost", both, ["::1", "127.0.0.1"]),
        ("localhost", onlyIPv4, ["127.0.0.1"]), ("localhost", onlyIPv6, ["::1"]),
        ("localhost", switchedOff, ["127.0.0.1"]), ("", switchedOff, ["::", "0.0.0.0"]),
        ("192.0.2.1", none, ["192.0.2.1"]), ("2001:DB8:0:0::1", none, ["2001:db8::1"]),
        ("::1", onlyIPv4, ["::1"]),
    ]) func hosts(_ host: String, _ families: AddressFamilies, _ expected: [String]) throws {
        let found = try Endpoint.tcp(host: host, port: 25).resolved(on: { families })
        #expect(found == expected.map { .tcp(host: $0, port: 25) })
    }

    @Test(arguments: ["", "localhost"]) func noFamilyAtAll(_ host: String) {
        #expect(throws: ResolveError.noAddressFamily) {
            try Endpoint.tcp(host: host, port: 25).resolved(on: { Self.none })
        }
    }

    @Test func thisMachineHasALoopback() throws {
        #expect(
            try Endpoint.tcp(host: "localhost", port: 7).resolved()
                == loopbackHosts.map { .tcp(host: $0, port: 7) })
    }

    @Test func aNameThatCannotExist() {
        let error = #expect(throws: ResolveError.self) {
            try Endpoint.tcp(host: "no such host", port: 25).resolved()
        }
        guard case .hostUnresolved("no such host", _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func aNameWithANULIsNotCutShort() {
        #expect(throws: ResolveError.hostUnresolved(host: "localhost\u{0}x", code: EAI_NONAME, errno: 0)) {
            try Endpoint.tcp(host: "localhost\u{0}x", port: 25).resolved()
        }
    }

    @Test func paths() throws {
        let longest = "/" + String(repeating: "x", count: 106)
        #expect(try Endpoint.unix(path: longest).resolved() == [.unix(path: longest)])
        #expect(throws: ResolveError.pathTooLong(path: longest + "x", limit: 107)) {
            try Endpoint.unix(path: longest + "x").resolved()
        }
        #expect(throws: ResolveError.pathTooLong(path: String(repeating: "\u{f6}", count: 54), limit: 107)) {
            try Endpoint.unix(path: String(repeating: "\u{f6}", count: 54)).resolved()
        }
        #expect(throws: ResolveError.badPath("")) { try Endpoint.unix(path: "").resolved() }
        #expect(throws: ResolveError.badPath("a\u{0}")) { try Endpoint.unix(path: "a\u{0}").resolved() }
        #expect(throws: ResolveError.unknownEndpoint) { try Endpoint.unknown.resolved() }
    }

    @Test(arguments: [
        (
            ResolveError.hostUnresolved(host: "nope.example", code: EAI_NONAME, errno: 0),
            "cannot resolve host 'nope.example': Name or service not known "
                + "(check the spelling, or give the address in numbers)"
        ),
        (
            .hostUnresolved(host: "x", code: EAI_SYSTEM, errno: EMFILE),
            "cannot resolve host 'x': Too many open files (check the spelling, or give the address in numbers)"
        ),
        (
            .pathTooLong(path: "/a/b", limit: 3),
            "the socket path '/a/b' has 4 octets, the system takes 3 (choose a shorter path)"
        ),
        (.noAddressFamily, "this machine has neither IPv4 nor IPv6 (listen on unix:PATH instead)"),
        (.badPath(""), "'' is no socket path (the path must be neither empty nor hold a NUL)"),
        (.unknownEndpoint, "the address is not known (name a host and port or a path)"),
    ]) func texts(_ error: ResolveError, _ text: String) {
        #expect(error.description == text)
    }
}
