public import SMTPTesting
public import Testing

/// Gives each test a mail server of its own, and stops it afterwards whatever happens.
///
/// ```swift
/// @Test(.mailServer) func welcome() async throws {
///     let server = try #require(TestServer.current)
///     try await sendWelcome(to: "new@example.org", through: server.host, server.port)
///     let message = try await server.recorder.next()
/// }
/// ```
public struct MailServerTrait: TestTrait, SuiteTrait, TestScoping {
    private let make: @Sendable () throws -> TestServer

    /// What `make` gives, made anew for each test.
    public init(_ make: @escaping @Sendable () throws -> TestServer) { self.make = make }

    /// Of a suite: for each of its tests.
    public var isRecursive: Bool { true }

    /// Starts, runs the test, stops.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // Of a suite only the tests have a server.
        guard testCase != nil else { return try await function() }
        let server = try make()
        defer { server.stop() }
        try await TestServer.$current.withValue(server) { try await function() }
    }
}

extension Trait where Self == MailServerTrait {
    /// A server that takes all mail and records it.
    public static var mailServer: Self { Self { try TestServer() } }

    /// The server that `make` gives.
    public static func mailServer(_ make: @escaping @Sendable () throws -> TestServer) -> Self { Self(make) }
}

extension TestServer {
    /// The server of the test that runs, with the trait `mailServer`.
    @TaskLocal public static var current: TestServer?
}
