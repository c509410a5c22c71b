import Faultwire
import FaultwireBridge
import FaultwireTesting
import Foundation
import Testing

extension All {
    /// However large or deep a thing is, saying it takes little of the thread that says it, and tears no secret.
    @Suite struct Bounds {
        enum ImportError: Error {
            case rows([Int]), table([Int: String]), text(String), several([NSError]), attempt(number: Int, cause: any Error)
        }

        /// Seconds of its processor that nothing here takes: each of these took one or more, and memory to match.
        private let patience = 0.7

        private func seconds(_ work: () -> Void) -> Double {
            func used() -> Double {
                var time = timespec()
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
                return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
            }
            let start = used()
            work()
            return used() - start
        }

        /// Ends with what is cut off in its middle at so many bytes. It stands behind passwords, which are short once they are
        /// filtered: it would be shown.
        private func text(cuttingAt limit: Int, _ secret: String, after kept: Int, _ style: Style) -> String {
            let password = style.begin + String(repeating: Self.password, count: 100) + style.gap
            let begin = "said " + String(repeating: password, count: (limit - 5) / password.utf8.count)
            let filler = limit - kept - style.gap.utf8.count - begin.utf8.count
            return begin + String(repeating: "a", count: filler) + style.gap + secret
        }

        /// Made up here, since an event shows the lines around a capture.
        private static let password = String(repeating: "x", count: 5)

        enum Style: CaseIterable {
            case words, json

            var begin: String { self == .words ? "password=" : "password\":\"" }
            var gap: String { self == .words ? " " : "\",\"" }
        }

        /// No rule knows a token by its beginning, nor a card by a few of its groups.
        @Test(arguments: [16_384, 20_480, 49_152], Style.allCases)
        func noSecretIsTorn(_ limit: Int, _ style: Style) throws {
            for secret in ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl", "4111 1111 1111 1111"] {
                try notTorn(secret, in: text(cuttingAt: limit, secret, after: 12, style))
            }
        }

        private func notTorn(_ secret: String, in text: String) throws {
            try captured { captured in
                Faultwire.addBreadcrumb(message: text)
                Faultwire.setExtra("note", .string(text))
                Faultwire.capture(message: text + " the end", template: text)
                Faultwire.capture(error: NSError(domain: "d", code: 1, userInfo: [NSLocalizedDescriptionKey: text, "note": text]))
                Faultwire.capture(error: ImportError.text(text))
                let events = captured.events
                #expect(events.count == 3)
                for event in events {
                    #expect(event.text.contains("[Filtered") && !event.text.contains(Self.password))
                    #expect(!event.text.contains(secret.prefix(9)))
                }
            }
        }

        /// JSON has no blanks, nor has what some languages say.
        @Test func ofOneLongWordAsMuchIsKeptAsOfAnyText() throws {
            let rows = "said: [" + String(repeating: #"{"a":"b"},"#, count: 6000)
            try captured { captured in
                Faultwire.capture(message: rows)
                let said = try #require(captured.events.first?["message"].string ?? captured.events.first?["logentry"]["formatted"].string)
                #expect(said.utf8.count > 8000 && rows.hasPrefix(said.dropLast()))
            }
            let limit = 20_480
            #expect(JSONValue.string(rows).bounded == .string(String(rows.prefix(limit - 1))))
            // Two bytes each, the last one in halves.
            let word = "said " + String(repeating: "\u{E4}", count: limit)
            let kept = (limit - 5) / 2 + 1 - 4096
            #expect(JSONValue.string(word).bounded == .string(String(word.prefix(5 + kept))))
        }

        @Test func charactersOfFourBytesAreCharacters() throws {
            let long = String(repeating: "\u{1F980}", count: 8192)
            let value = String(repeating: "\u{1F980}", count: 1024)
            try captured { captured in
                Faultwire.addBreadcrumb(message: long)
                Faultwire.setContext("c", ["x": .string(value)])
                Faultwire.capture(message: long)
                let event = try #require(captured.events.first)
                #expect(event["logentry"]["formatted"].string == long || event["message"].string == long)
                #expect(event["breadcrumbs"]["values"][0]["message"].string == long)
                #expect(event["contexts"]["c"]["x"].string == value)
            }
        }

        @Test func aLargeErrorIsSaidInItsFirstValues() throws {
            let rows = [Int](repeating: 7, count: 3_000_000)
            let text = String(repeating: "ab ", count: 10_000_000)
            let several = [NSError](repeating: NSError(domain: "d", code: 1), count: 3_000_000).enumerated().map { at, same in
                at < 100 ? NSError(domain: "d", code: at) : same
            }
            let table = Dictionary(uniqueKeysWithValues: (0..<300_000).map { ($0, "x") })
            try captured { captured in
                for error in [ImportError.rows(rows), .text(text), .table(table), .several(several)] {
                    #expect(seconds { Faultwire.capture(error: error) } < patience, "\(Mirror(reflecting: error).children.first?.label ?? "")")
                }
                let info: [String: Any] = [
                    "rows": rows, "table": table, "text": text, "error": ImportError.rows(rows),
                    "NSMultipleUnderlyingErrorsKey": several,
                ]
                #expect(seconds { Faultwire.capture(error: NSError(domain: "d", code: 1, userInfo: info)) } < patience)
                let events = captured.events
                #expect(events.count == 5)
                #expect(events.first?.raised["value"].string?.hasPrefix("rows([7, 7, 7, ") == true)
                #expect(events[1].raised["value"].string?.hasPrefix("text(\"ab ab ab ") == true)
                #expect(events[2].raised["value"].string?.hasPrefix("table([") == true)
                #expect(events[3].exceptions.count == 50)
                #expect(events[4].exceptions.count == 50)
                let said = events[4].raised["mechanism"]["data"]["user_info"]
                #expect(said["rows"].array.count == 100)
                #expect(said["error"].string?.hasPrefix("rows([7, 7, 7, ") == true)
            }
        }

        /// A pool of such threads is where most code of applications runs: 512 KiB.
        private func onASmallStack(_ work: @escaping @Sendable () -> Void) {
            let done = DispatchSemaphore(value: 0)
            let thread = Thread {
                work()
                done.signal()
            }
            thread.stackSize = 512 * 1024
            thread.start()
            done.wait()
        }

        @Test func aDeepErrorIsSaidOnASmallStack() throws {
            try captured { captured in
                onASmallStack {
                    var error: any Error = ImportError.text("first")
                    for number in 0..<1000 { error = ImportError.attempt(number: number, cause: error) }
                    Faultwire.capture(error: error)
                }
                let value = captured.events.first?.raised["value"].string
                #expect(value?.hasPrefix("attempt(number: 999, cause: FaultwireTests.All.Bounds.ImportError.attempt(number: 998, ") == true)
                #expect(value?.contains("...") == true)
            }
        }

        @Test func aDeepEventIsRefusedOnASmallStack() throws {
            try captured { captured in
                onASmallStack {
                    var deep: JSONValue = 1
                    for _ in 0..<2000 { deep = [deep] }
                    #expect(Faultwire.capture(event: ["extra": ["x": deep]]) == nil)
                    Faultwire.setExtra("x", deep)
                }
                #expect(Faultwire.stats.dropped == ["invalid": 1])
            }
        }

        @Test func whatIsNotCapturedIsNotLookedAt() throws {
            try Faultwire.start { _ in }
            defer { abandonClient() }
            let event: JSONValue = ["extra": ["x": .array([JSONValue](repeating: "value", count: 2_000_000))]]
            #expect(seconds { Faultwire.capture(event: event) } < patience)
        }

        @Test func anEventIsNotLargerThanAnySensibleOne() throws {
            try captured { captured in
                let many = JSONValue.array([JSONValue](repeating: "value", count: 4_000_000))
                #expect(Faultwire.capture(event: ["extra": ["x": many]]) == nil)
                #expect(Faultwire.stats.dropped == ["invalid": 1])
                let long = String(repeating: "word ", count: 8_000_000)
                #expect(Faultwire.capture(event: ["message": .string(long), "extra": ["x": .string(long)]]) != nil)
                #expect(captured.events.first?["logentry"]["formatted"].string?.hasPrefix("word word ") == true)
            }
        }

        @Test func aDetailIsBoundedInAll() throws {
            let long = String(repeating: "word ", count: 4000)
            let wide = JSONValue.array((0..<100).map { _ in .array((0..<19).map { _ in .string(long) }) })
            #expect((400 << 10..<1 << 20).contains(wide.bounded.text.utf8.count))
        }
    }
}
