import Faultwire
import Foundation
import Testing

extension All {
    /// Telling an error tracker something is no way to fail.
    @Suite struct BadInput {
        struct Wrapped: Error, CustomStringConvertible { let description: String }

        @Test func textsOfAllKinds() throws {
            let texts = ["", "\0", "a\0b", String(repeating: "\u{1F469}\u{200D}\u{1F680}", count: 100_000), "\u{FFFE}\"\\\u{7}", "[Filtered]"]
            try captured { captured in
                for text in texts {
                    Faultwire.setTag(text, text)
                    Faultwire.setTransaction(text)
                    Faultwire.setSession(text)
                    Faultwire.setFingerprint([text])
                    Faultwire.setContext(text, [text: .string(text)])
                    Faultwire.setExtra(text, .string(text))
                    Faultwire.continueTrace(text)
                    Faultwire.setUser(User(id: text, email: text, data: [text: .string(text)]))
                    Faultwire.addBreadcrumb(message: text, category: text, data: [text: .string(text)])
                    #expect(Faultwire.capture(message: text, template: text, params: [.string(text)]) != nil)
                    #expect(Faultwire.capture(error: Wrapped(description: text), context: CaptureContext(
                        tags: [text: text], fingerprint: [text], logger: text, mechanism: text)) != nil)
                    #expect(Faultwire.capture(error: NSError(domain: text, code: .min, userInfo: [text: text])) != nil)
                }
                #expect(captured.events.count == texts.count * 3)
            }
        }

        @Test func structuresOfAllKinds() throws {
            var deep: JSONValue = 1
            for _ in 0..<1000 { deep = [deep] }
            let wide = JSONValue.object(Dictionary(uniqueKeysWithValues: (0..<10_000).map { ("\($0)", JSONValue.int($0)) }))
            final class Odd {}
            let userInfo: [String: Any] = [
                "deep": (0..<1000).reduce([] as [Any]) { all, _ in [all] }, "odd": Odd(), "date": Date(timeIntervalSince1970: 7),
                "nan": Double.nan, "big": UInt64.max, "bigger": NSNumber(value: UInt64.max), "set": Set(["one"]), "data": Data([1, 2]), "null": NSNull(), "truth": true,
                "number": NSNumber(value: 2.5), "keys": [1: "one"] as [Int: String], "optional": Optional<Int>.none as Any,
            ]
            try captured { captured in
                for value in [deep, wide, .double(.nan), .double(.infinity), .null, .int(.min)] {
                    Faultwire.setExtra("x", value)
                    Faultwire.setContext("x", ["x": value])
                    Faultwire.capture(event: value)
                    Faultwire.capture(event: ["extra": value, "tags": value])
                    // Deeper than the engine reads, it is no event.
                    #expect((Faultwire.capture(event: ["extra": ["x": value]]) == nil) == (value == deep))
                }
                #expect(Faultwire.capture(error: NSError(domain: "d", code: 1, userInfo: userInfo)) != nil)
                let info = try #require(captured.events.last).raised["mechanism"]["data"]["user_info"]
                #expect(info["truth"] == true)
                #expect(info["number"] == 2.5)
                #expect(info["date"] == 7)
                #expect(info["big"] == "18446744073709551615")
                #expect(info["bigger"] == "18446744073709551615")
                #expect(info["set"] == ["one"])
                #expect(info["keys"] == ["1": "one"])
                #expect(info["optional"] == "nil")
                #expect(info["data"] == "2 bytes")
                #expect(info["null"].isNull)
                #expect(info["odd"].string?.contains("Odd") == true)
            }
        }

        @Test func aLongValueIsAsLongAsTheOptionSays() throws {
            try captured({ $0.maxValueLength = 40_000 }) { captured in
                let long = String(repeating: "é", count: 50_000)
                Faultwire.capture(error: NSError(domain: "d", code: 1, userInfo: ["long": long]))
                let data = captured.events.first?.raised["mechanism"]["data"]
                let count = data?["user_info"]["long"].string?.count ?? 0
                #expect((39_990...40_000).contains(count), "\(count)")
            }
        }

        @Test func timesOfAllKinds() throws {
            try captured { captured in
                // Nothing is on its way.
                for time in [-1, 0, 0.001, 1e300, .infinity, .nan, -.infinity] {
                    #expect(Faultwire.flush(timeout: time), "\(time)")
                }
                let times = [1e300, -1e300, 0, .nan, .infinity].map { Date(timeIntervalSince1970: $0) }
                for time in times { Faultwire.addBreadcrumb(Breadcrumb(message: "x", timestamp: time)) }
                Faultwire.capture(message: "m")
                let said = captured.events.first?["breadcrumbs"]["values"].array.map { $0["timestamp"].string ?? "" } ?? []
                #expect(said.count == times.count)
                #expect(said.first == "1970-01-01T00:00:00.000000Z")
                // What is no time is now.
                #expect(said.dropFirst().allSatisfy { $0 > "2026" && $0 < "2100" }, "\(said)")
            }
        }
    }
}
