// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "shop",
    platforms: [.macOS(.v11)],
    // By a path, a package is named for its folder.
    dependencies: [.package(path: "../../../bindings/uniffi/swift")],
    targets: [
        .executableTarget(name: "orders", dependencies: [.product(name: "Faultwire", package: "swift")]),
        .executableTarget(name: "nightly", dependencies: [.product(name: "Faultwire", package: "swift")]),
    ],
    swiftLanguageModes: [.v6]
)
