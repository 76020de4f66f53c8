// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .treatAllWarnings(as: .error), .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A module of the package; its folder is `Sources/NAME` unless said otherwise.
func module(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

/// A test target in `Tests/NAME`.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// A program in `Examples/NAME` that shows one way to use the package.
func example(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: "Example\(name)", dependencies: dependencies, path: "Examples/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "swift-smtp",
    products: [
        .library(name: "SMTPProtocol", targets: ["SMTPProtocol"]),
        .library(name: "SMTPConnection", targets: ["SMTPConnection"]),
        .library(name: "SMTPServer", targets: ["SMTPServer", "SMTPSockets"]),
        .library(name: "SMTPClient", targets: ["SMTPClient"]),
        .library(name: "SMTPHandlers", targets: ["SMTPHandlers"]),
        .library(name: "SMTPOpenSSL", targets: ["SMTPOpenSSL"]),
        .library(name: "SMTPThreads", targets: ["SMTPThreads"]),
        .library(name: "SMTPLibUV", targets: ["SMTPLibUV"]),
        .library(name: "SMTPDispatch", targets: ["SMTPDispatch"]),
        .library(name: "SMTPTesting", targets: ["SMTPTesting"]),
        .library(name: "SMTPTestingTraits", targets: ["SMTPTestingTraits"]),
        .executable(name: "smtp", targets: ["smtp"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        // The arrows of ARCHITECTURE.md, from the core outwards.
        module("SMTPProtocol"),
        module("SMTPConnection", ["SMTPProtocol"]),
        .systemLibrary(name: "CSystem", path: "Adapters/System/CSystem"),
        module("SMTPSockets", ["SMTPProtocol", "SMTPConnection", "CSystem"]),
        module("SMTPServer", ["SMTPProtocol", "SMTPConnection", "SMTPSockets"]),
        module("SMTPClient", ["SMTPProtocol", "SMTPConnection", "SMTPSockets"]),
        module("SMTPHandlers", ["SMTPProtocol", "SMTPConnection"]),
        .systemLibrary(
            name: "COpenSSL", path: "Adapters/System/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]),
        module("SMTPOpenSSL", ["SMTPProtocol", "SMTPConnection", "COpenSSL"]),
        module(
            "SMTPTesting",
            ["SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "SMTPHandlers", "SMTPThreads"]),
        module("SMTPTestingTraits", ["SMTPTesting"]),
        module(
            "SMTPThreads", ["SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer"],
            path: "Adapters/Threads"),
        .systemLibrary(name: "CLibUV", path: "Adapters/System/CLibUV", providers: [.apt(["libuv1-dev"])]),
        module(
            "SMTPLibUV", ["SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "CLibUV"],
            path: "Adapters/LibUV"),
        module(
            "SMTPDispatch", ["SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer"],
            path: "Adapters/Dispatch"),
        module(
            "SpecRunner",
            [
                "SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "SMTPHandlers",
                "SMTPTesting", "SMTPOpenSSL",
            ],
            path: "Spec/Runner"),
        .executableTarget(
            name: "smtp",
            dependencies: [
                "SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "SMTPClient", "SMTPHandlers",
                "SMTPThreads", "SMTPLibUV", "SMTPDispatch", "SMTPOpenSSL", "SpecRunner",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "benchmarks", dependencies: ["SMTPProtocol", "SMTPConnection", "SMTPServer"],
            path: "Tests/Benchmarks", exclude: ["instructions.sh", "instructions.txt"], swiftSettings: strict),
        tests("SMTPProtocolTests", ["SMTPProtocol"]),
        tests("SMTPConnectionTests", ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPTesting"]),
        tests(
            "SMTPClientTests",
            [
                "SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "SMTPClient", "SMTPHandlers",
                "SMTPThreads",
            ]),
        tests("SMTPSocketsTests", ["SMTPConnection", "SMTPSockets"]),
        tests(
            "SMTPServerTests",
            [
                "CLibUV",
                "SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "SMTPHandlers", "SMTPThreads",
                "SMTPLibUV", "SMTPDispatch", "SMTPOpenSSL",
            ]),
        tests(
            "SMTPHandlersTests",
            ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPHandlers", "SMTPTesting", "SMTPOpenSSL"]),
        tests(
            "SpecTests",
            [
                "SpecRunner", "SMTPProtocol", "SMTPConnection", "SMTPSockets", "SMTPServer", "SMTPHandlers",
                "SMTPTesting",
                "SMTPThreads", "SMTPLibUV", "SMTPDispatch",
            ]),
        tests(
            "CommandTests",
            ["SMTPConnection", "SMTPSockets", "smtp", .product(name: "Logging", package: "swift-log")]),
        .testTarget(
            name: "SMTPOpenSSLTests",
            dependencies: ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPTesting", "SMTPOpenSSL"],
            exclude: ["Fixtures"], swiftSettings: strict),
        tests("SimulationTests", ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPTesting"]),
        .testTarget(
            name: "FuzzReplayTests", dependencies: ["SMTPProtocol", "SMTPConnection"], path: "Tests/Fuzz",
            exclude: ["Entry", "corpus", "dictionary", "fuzz.sh"], sources: ["Targets", "Replay"],
            swiftSettings: strict),
        tests("TidyTests", []),
        example("CoreAlone", ["SMTPProtocol"]),
        example("Blocking", ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPThreads"]),
        example("LibUV", ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPLibUV", "CLibUV"]),
        example("Dispatch", ["SMTPProtocol", "SMTPConnection", "SMTPServer", "SMTPDispatch"]),
        .testTarget(
            name: "ExampleUnitTests",
            dependencies: [
                "SMTPProtocol", "SMTPConnection", "SMTPHandlers", "SMTPServer", "SMTPSockets", "SMTPTesting",
                "SMTPTestingTraits",
            ],
            path: "Examples/UnitTest", swiftSettings: strict),
    ]
)
