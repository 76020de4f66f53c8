import SMTPProtocol
import Testing

@Suite struct UTF8CheckTests {
    static let malformed: [[UInt8]] = [
        [0x80], [0xbf], [0xc0, 0xae], [0xc1, 0xbf], [0xc2], [0xc2, 0x41], [0xc2, 0xc2], [0xe0, 0x80, 0xae],
        [0xe0, 0x9f, 0xbf], [0xe1, 0x80], [0xe1, 0x80, 0x41], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf],
        [0xf0, 0x80, 0x80, 0xae], [0xf0, 0x8f, 0xbf, 0xbf], [0xf1, 0x80, 0x80], [0xf1, 0x80, 0x41, 0x80],
        [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xfe], [0xff],
    ]

    static func isValid(_ octets: [UInt8]) -> Bool { UTF8Check.isValid(octets.span) }
    static func isASCII(_ octets: [UInt8]) -> Bool { UTF8Check.isASCII(octets.span) }

    @Test func `as the standard library has it, for every lead and second octet`() {
        for lead in UInt8(0x80)...255 {
            for second in UInt8.min...255 {
                for tail: [UInt8] in [
                    [], [0x80], [0xbf, 0x80], [0x80, 0x41], [0xc0, 0x80], [0x80, 0x80, 0x80],
                ] {
                    let octets = [lead, second] + tail
                    let expected = String(validating: octets, as: UTF8.self) != nil
                    #expect(Self.isValid(octets) == expected, "\(octets)")
                }
            }
        }
    }

    @Test func `every scalar`() {
        var scalars = 0
        for number in UInt32(0)...0x10_ffff {
            guard let scalar = Unicode.Scalar(number) else { continue }
            scalars += Self.isValid(Array(UTF8.encode(scalar) ?? .init())) ? 1 : 0
        }
        #expect(scalars == 0x11_0000 - 0x800)
    }

    @Test(arguments: malformed) func `malformed wherever it stands`(_ octets: [UInt8]) {
        #expect(!Self.isValid(octets))
        #expect(!Self.isValid(Array("abc".utf8) + octets))
        #expect(!Self.isValid(Array("é".utf8) + octets + Array("é".utf8)))
        #expect(!Self.isASCII(octets))
    }

    @Test func `ASCII`() {
        #expect(Self.isASCII([UInt8]()) && Self.isValid([UInt8]()))
        for count in 1...70 {
            var octets = [UInt8](repeating: 127, count: count)
            #expect(Self.isASCII(octets) && Self.isValid(octets))
            octets[count / 2] = 128
            #expect(!Self.isASCII(octets) && !Self.isValid(octets))
        }
    }
}
