// swift-tools-version: 6.0
import PackageDescription

// Built into target/conformance/swift by ../build.sh. A package goes by the name of its folder: ours is `swift`, so this
// one cannot be.
let package = Package(
    name: "faultwire-conformance",
    platforms: [.macOS(.v11)],
    dependencies: [.package(path: "../../../../../bindings/uniffi/swift")],
    targets: [.executableTarget(name: "driver", dependencies: [.product(name: "Faultwire", package: "swift")])],
    swiftLanguageModes: [.v6]
)
