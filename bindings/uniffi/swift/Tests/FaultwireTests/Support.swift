import Faultwire
import FaultwireTesting
import Foundation
import Testing

/// One client a process: all that uses it runs one after the other.
@Suite(.serialized) enum All {}

enum Places {
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let root = package.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    /// The program of Tests/Endings.
    static let endings = package.appendingPathComponent(".build/debug/endings")
}

/// Runs `work` with a client that keeps its events.
func captured<Result>(
    _ configure: (inout Options) -> Void = { _ in }, _ work: (CapturedEvents) throws -> Result
) throws -> Result {
    let captured = try CapturedEvents(configure)
    defer { captured.stop() }
    return try work(captured)
}

func captured<Result: Sendable>(
    _ configure: (inout Options) -> Void = { _ in }, _ work: @Sendable (CapturedEvents) async throws -> Result
) async throws -> Result {
    let captured = try CapturedEvents(configure)
    defer { captured.stop() }
    return try await work(captured)
}

/// A folder that is gone when `work` is done.
func withFolder<Result>(_ work: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("faultwire-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: folder) }
    return try work(folder)
}

struct Ended {
    let status: Int32
    let bySignal: Bool
    let output: String
    let errors: String
}

/// Runs a program to its end.
func run(_ program: URL, _ arguments: [String], _ environment: [String: String] = [:]) throws -> Ended {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    return try withFolder { folder in
        // Files: a pipe that nobody empties would stop it.
        let paths = ["out", "err"].map { folder.appendingPathComponent($0) }
        for path in paths { _ = FileManager.default.createFile(atPath: path.path, contents: nil) }
        process.standardOutput = try FileHandle(forWritingTo: paths[0])
        process.standardError = try FileHandle(forWritingTo: paths[1])
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let texts = try paths.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
        return Ended(
            status: process.terminationStatus, bySignal: process.terminationReason == .uncaughtSignal,
            output: texts[0], errors: texts[1])
    }
}

extension JSONValue {
    /// The exceptions of an event, oldest cause first.
    var exceptions: [JSONValue] { self["exception"]["values"].array }
    /// The one that was raised.
    var raised: JSONValue { exceptions.last ?? .null }
}
