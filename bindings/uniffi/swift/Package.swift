// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The engine is a library made of Rust. On Linux it is `libfaultwire_uniffi`, found with `-Xlinker -L`; so it is on Apple's
// platforms while developing. A release has it for them as a framework, made on a Mac, beside this file.
let framework = "FaultwireFFI.xcframework"
let released = FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + framework)

let package = Package(
    name: "faultwire",
    platforms: [.macOS(.v11), .iOS(.v14), .tvOS(.v14), .watchOS(.v7), .visionOS(.v1)],
    products: [
        .library(name: "Faultwire", targets: ["Faultwire"]),
        // For an application's tests.
        .library(name: "FaultwireTesting", targets: ["FaultwireTesting"]),
    ],
    targets: [
        // What applications see.
        .target(name: "Faultwire", dependencies: ["FaultwireBridge"]),
        .target(name: "FaultwireTesting", dependencies: ["Faultwire", "FaultwireBridge"]),
        // Generated, for `Faultwire` alone; see prepare.sh.
        .target(name: "FaultwireBridge", dependencies: ["FaultwireFFI"], swiftSettings: [.swiftLanguageMode(.v5)]),
        released
            ? .binaryTarget(name: "FaultwireFFI", path: framework)
            : .systemLibrary(name: "FaultwireFFI", path: "Sources/FaultwireFFI"),
        // Programs that end badly, or are measured.
        .executableTarget(name: "endings", dependencies: ["Faultwire"], path: "Tests/Endings"),
        .executableTarget(
            name: "bench", dependencies: ["Faultwire", "FaultwireBridge", "FaultwireTesting"], path: "Bench",
            exclude: ["allocations.c", "run.sh"]),
        .testTarget(
            name: "FaultwireTests", dependencies: ["Faultwire", "FaultwireBridge", "FaultwireTesting"]),
    ],
    swiftLanguageModes: [.v6]
)
