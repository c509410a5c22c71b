import Faultwire
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// The sink of tests/conformance: a real server that keeps every byte. It ends with this process.
final class Sink {
    struct Refused: Error {
        let order: String
        let status: Int
        let answer: String
    }

    let dsn: String
    private let control: String
    private let process = Process()
    private let input = Pipe()

    init() throws {
        let named = ProcessInfo.processInfo.environment["FAULTWIRE_SINK"]
        process.executableURL = named.map { URL(fileURLWithPath: $0) } ?? Places.root.appendingPathComponent(
            "target/release/faultwire-sink")
        process.arguments = ["--until-stdin-closes", "--port", "0", "--quiet"]
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var said: [String: String] = [:]
        var rest = ""
        while said["control"] == nil {
            let more = output.fileHandleForReading.availableData
            if more.isEmpty { throw Refused(order: "start", status: 0, answer: rest) }
            rest += String(decoding: more, as: UTF8.self)
            for line in rest.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                if words.count == 2 { said[words[0]] = words[1] }
            }
        }
        dsn = said["dsn"] ?? ""
        control = said["control"] ?? ""
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// The accepted events, once there are so many.
    func events(_ count: Int, timeout: Double = 10) throws -> [JSONValue] {
        _ = try call("GET", "/_sink/wait?events=\(count)&timeout_s=\(timeout)")
        return try json(call("GET", "/_sink/events")).array
    }

    /// Heads and bodies of every request, as sent and decompressed.
    func raw() throws -> Data {
        try call("GET", "/_sink/raw")
    }

    func stats() throws -> JSONValue {
        try json(call("GET", "/_sink/stats"))
    }

    func mode(_ mode: JSONValue) throws {
        _ = try call("POST", "/_sink/mode", JSONEncoder().encode(mode))
    }

    private func json(_ data: Data) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: data)
    }

    private func call(_ method: String, _ path: String, _ body: Data? = nil) throws -> Data {
        let base = control.hasSuffix("/") ? String(control.dropLast()) : control
        var request = URLRequest(url: URL(string: base + path)!)
        request.httpMethod = method
        request.httpBody = body
        request.timeoutInterval = 60
        let answered = DispatchSemaphore(value: 0)
        nonisolated(unsafe) var result: (Data?, Int, (any Error)?) = (nil, 0, nil)
        URLSession.shared.dataTask(with: request) { data, response, error in
            result = (data, (response as? HTTPURLResponse)?.statusCode ?? 0, error)
            answered.signal()
        }.resume()
        answered.wait()
        if let error = result.2 { throw error }
        let data = result.0 ?? Data()
        guard result.1 == 200 else {
            throw Refused(order: "\(method) \(path)", status: result.1, answer: String(decoding: data, as: UTF8.self))
        }
        return data
    }
}
