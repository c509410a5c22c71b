import Faultwire
import FaultwireTesting
import Foundation
import Testing

/// Outside of any type, and in no closure.
@inline(never)
private func placed(_ order: Int) -> String? {
    Faultwire.capture(error: Shop.Failed())
}

private enum Shop {
    struct Failed: Error {}

    @inline(never)
    static func open(file name: String, _ work: () -> Void) {
        work()
        withExtendedLifetime(name) {}
    }
}

extension All {
    /// Whose frames they are, by names that people wrote.
    @Suite struct Frames {
        private func frames(_ event: JSONValue) -> [JSONValue] {
            event.raised["stacktrace"]["frames"].array
        }

        @Test func theInnermostIsWhoCaptures() throws {
            try captured { captured in
                #expect(placed(7) != nil)
                let event = try #require(captured.events.first)
                let frame = try #require(frames(event).last)
                #expect(frame["function"] == "placed(_:)")
                #expect(frame["module"] == "FaultwireTests")
                #expect(frame["in_app"] == true)
                #expect(frame["lineno"] == 9)
                #expect(frame["abs_path"].string?.hasSuffix("/Tests/FaultwireTests/FrameTests.swift") == true)
                #expect(frame["context_line"] == "    Faultwire.capture(error: Shop.Failed())")
            }
        }

        @Test func methodsAndClosuresHaveTheirNames() throws {
            try captured { captured in
                Shop.open(file: "a.csv") { Faultwire.capture(error: Shop.Failed()) }
                let event = try #require(captured.events.first)
                let functions = frames(event).filter { $0["in_app"] == true }.compactMap { $0["function"].string }
                #expect(functions.last?.hasPrefix("closure #1 in closure #1 in All.Frames.methodsAndClosuresHaveTheirNames()") == true, "\(functions)")
                #expect(functions.contains("static Shop.open(file:_:)"), "\(functions)")
            }
        }

        @Test func nothingOfTheCaptureIsShown() async throws {
            try await captured({ $0.attachStacktrace = true }) { captured in
                await Faultwire.withScope { _ in
                    await Task.yield()
                    Faultwire.withIsolationScope { _ in
                        Faultwire.capture(error: Shop.Failed())
                        Faultwire.capture(message: "x")
                    }
                }
                let events = captured.events
                #expect(events.count == 2)
                for event in events {
                    let stacks = [event.raised["stacktrace"], event["threads"]["values"][0]["stacktrace"]]
                    let frames = stacks.flatMap(\.["frames"].array)
                    #expect(frames.count > 2)
                    for frame in frames {
                        let module = frame["module"].string ?? ""
                        #expect(!module.lowercased().hasPrefix("faultwire") || module == "FaultwireTests", "\(frame)")
                        #expect(frame["function"].string?.hasPrefix("$s") != true, "\(frame)")
                        #expect(frame["abs_path"].string?.hasSuffix(".rs") != true, "\(frame)")
                    }
                }
                let frames = frames(try #require(events.first))
                #expect(frames.last?["function"].string?.contains("nothingOfTheCaptureIsShown()") == true)
                #expect(frames.filter { $0["in_app"] == true }.allSatisfy { $0["module"] == "FaultwireTests" })
            }
        }

        @Test func theSamePlaceHasOneFingerprint() throws {
            try captured { captured in
                for order in 0..<2 { _ = placed(order) }
                _ = Faultwire.capture(error: Shop.Failed())
                let prints = captured.events.map { $0["contexts"]["faultwire"]["fingerprint"] }
                #expect(prints.count == 3 && prints[0] == prints[1] && prints[1] != prints[2])
            }
        }
    }
}
