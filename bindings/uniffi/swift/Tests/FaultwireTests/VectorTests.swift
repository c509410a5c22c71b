@testable import Faultwire
import FaultwireBridge
import Foundation
import Testing

extension All {
    /// The shared vectors of tests/vectors, through this bridge: the same meaning in every language.
    @Suite struct Vectors {
        static let folder = Places.root.appendingPathComponent("tests/vectors")

        static func topics() throws -> [String] {
            try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: [.isDirectoryKey])
                .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }
                .map(\.lastPathComponent).sorted()
        }

        @Test func everyTopicIsThere() throws {
            let needed = ["cut", "dsn", "envelope", "fingerprint", "function-names", "message", "rate-limits", "sanitize", "stack"]
            #expect(Set(needed).subtracting(try Self.topics()) == [])
        }

        @Test func aTopicThatNobodyKnowsIsAnError() {
            #expect(throws: BridgeError.self) { try vector(topic: "no such topic", input: "{}") }
        }

        @Test(arguments: try topics()) func run(topic: String) throws {
            let files = try FileManager.default.contentsOfDirectory(
                at: Self.folder.appendingPathComponent(topic), includingPropertiesForKeys: nil
            ).filter { $0.pathExtension == "json" }
            var count = 0
            for file in files {
                for item in try JSONDecoder().decode(JSONValue.self, from: Data(contentsOf: file))["cases"].array {
                    try check(item, of: topic)
                    count += 1
                }
            }
            #expect(count > 0, "\(topic) has no cases")
            // Where `scripts/parity.py` finds how many cases were run.
            let ran = Places.root.appendingPathComponent("target/parity/swift/vectors")
            try FileManager.default.createDirectory(at: ran, withIntermediateDirectories: true)
            try Data("\(count)\n".utf8).write(to: ran.appendingPathComponent(topic))
        }

        private func check(_ item: JSONValue, of topic: String) throws {
            let place = Comment(rawValue: "\(topic)/\(item["name"].string ?? "")")
            var input = item["input"]
            if topic == "sanitize" {
                input = ["kind": item["kind"], "input": item["input"]]
                if !item["options"].isNull { input["options"] = item["options"] }
            }
            var found = JSONValue(parsing: try vector(topic: topic, input: input.text))
            if topic == "sanitize" {
                #expect(agrees(item["expected"], found), place)
                for secret in item["absent"].array.compactMap(\.string) {
                    #expect(!found.text.contains(secret), place)
                }
                return
            }
            // A message that a case does not tell is not compared.
            if case .object(let expected) = item["expected"]["error"], expected["message"] == nil {
                var members = found["error"].object
                members["message"] = nil
                found["error"] = .object(members)
            }
            if found != item["expected"] {
                Issue.record("\(place): expected \(item["expected"].text), found \(found.text)")
            }
            if topic == "cut" {
                let text = try #require(input["text"].string)
                let (limit, lookAhead) = try (#require(input["limit"].int), #require(input["look_ahead"].int))
                #expect(cut(text, Int(limit), lookAhead: Int(lookAhead)) == item["expected"].string, place)
            }
        }

        /// Objects: each listed member; anything else: equal.
        private func agrees(_ expected: JSONValue, _ found: JSONValue) -> Bool {
            guard case .object(let members) = expected, case .object(let there) = found else { return expected == found }
            return members.allSatisfy { key, value in there[key].map { agrees(value, $0) } ?? false }
        }
    }
}
