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

let package = Package(
    name: "swift-smtp",
    products: [
        .library(name: "SMTPProtocol", targets: ["SMTPProtocol"]),
        .library(name: "SMTPConnection", targets: ["SMTPConnection"]),
    ],
    targets: [
        // The arrows of ARCHITECTURE.md, from the core outwards.
        module("SMTPProtocol"),
        module("SMTPConnection", ["SMTPProtocol"]),
        .systemLibrary(name: "CSystem", path: "Adapters/System/CSystem"),
        module("SMTPSockets", ["SMTPProtocol", "SMTPConnection", "CSystem"]),
        tests("SMTPProtocolTests", ["SMTPProtocol"]),
        tests("SMTPConnectionTests", ["SMTPProtocol", "SMTPConnection"]),
        tests("SMTPSocketsTests", ["SMTPConnection", "SMTPSockets"]),
    ]
)
