import Faultwire
import Foundation
import Testing

extension All {
    /// What is said of an error and of what it came from.
    @Suite struct Chains {
        enum StoreError: Error { case unreadable(file: String, cause: any Error), several([any Error]), full }

        struct QuotaError: CustomNSError, LocalizedError {
            static let errorDomain = "shop.quota"
            var errorCode: Int { 507 }
            var errorUserInfo: [String: Any] { ["limit": 10, "password": "hunter2", NSUnderlyingErrorKey: StoreError.full] }
            var errorDescription: String? { "the disk is full" }
            var recoverySuggestion: String? { "delete something" }
        }

        class Failure: Error, @unchecked Sendable { var cause: (any Error)? }
        final class Special: Failure, @unchecked Sendable {}

        private func event(_ error: any Error) throws -> JSONValue {
            try captured { captured in
                Faultwire.capture(error: error)
                return try #require(captured.events.first)
            }
        }

        @Test func anNSErrorSaysDomainCodeAndUserInfo() throws {
            let underlying = NSError(domain: "disk", code: 5, userInfo: [NSLocalizedDescriptionKey: "bad sector"])
            let several = [NSError(domain: "a", code: 1), NSError(domain: "b", code: 2)]
            let error = NSError(
                domain: "store", code: 7,
                userInfo: [
                    NSLocalizedDescriptionKey: "could not save", NSUnderlyingErrorKey: underlying, "attempts": 3,
                    "token": "a-secret-of-mine", "path": URL(fileURLWithPath: "/srv/x"), "list": [1, 2],
                    "NSMultipleUnderlyingErrorsKey": several,
                ])
            let event = try event(error)
            #expect(event.exceptions.map { $0["type"].string } == ["b", "a", "disk", "store"])
            #expect(event.raised["value"] == "could not save")
            let data = event.raised["mechanism"]["data"]
            #expect(data["domain"] == "store")
            #expect(data["code"] == 7)
            #expect(data["user_info"]["attempts"] == 3)
            #expect(data["user_info"]["list"] == [1, 2])
            #expect(data["user_info"]["path"] == "file:///srv/x")
            #expect(data["user_info"]["token"] == "[Filtered]")
            #expect(data["user_info"]["NSUnderlyingError"].isNull)
            let causes = event.exceptions.dropLast().map { $0["mechanism"] }
            #expect(causes.map { $0["source"].string } == ["underlyingErrors[1]", "underlyingErrors[0]", "underlyingError"])
            #expect(causes.allSatisfy { $0["parent_id"] == 0 })
            #expect(event.exceptions[2]["value"] == "bad sector")
        }

        @Test func aCustomNSErrorSaysItsFields() throws {
            let event = try event(QuotaError())
            #expect(event.raised["type"] == "All.Chains.QuotaError")
            #expect(event.raised["value"] == "the disk is full")
            let data = event.raised["mechanism"]["data"]
            #expect(data["domain"] == "shop.quota")
            #expect(data["code"] == 507)
            #expect(data["user_info"] == ["limit": 10, "password": "[Filtered]"])
            #expect(data["recovery_suggestion"] == "delete something")
            #expect(event.exceptions.first?["value"] == "full")
        }

        @Test func errorsOfFoundationSayWhatTheyAre() throws {
            let event = try event(CocoaError(.fileNoSuchFile, userInfo: [NSFilePathErrorKey: "/srv/x"]))
            #expect(event.raised["type"] == "CocoaError")
            #expect(event.raised["mechanism"]["data"]["domain"] == "NSCocoaErrorDomain")
            #expect(event.raised["mechanism"]["data"]["user_info"]["NSFilePath"] == "/srv/x")
        }

        @Test func whatAnErrorHoldsIsItsCause() throws {
            let inner = StoreError.several([StoreError.full, NSError(domain: "disk", code: 5)])
            let event = try event(StoreError.unreadable(file: "a.csv", cause: inner))
            #expect(event.exceptions.map { $0["type"].string } == ["disk", "All.Chains.StoreError", "All.Chains.StoreError", "All.Chains.StoreError"])
            let mechanisms = event.exceptions.map { $0["mechanism"] }
            #expect(mechanisms[2]["source"] == "unreadable.cause")
            #expect(mechanisms[1]["source"] == "several[0]")
            #expect(mechanisms[0]["source"] == "several[1]")
            #expect(mechanisms[0]["parent_id"] == 1)
            #expect(event.exceptions.dropLast().allSatisfy { $0["stacktrace"].isNull })
        }

        @Test func aCircleEnds() throws {
            let (first, second) = (Failure(), Special())
            first.cause = second
            second.cause = first
            defer { first.cause = nil }
            let event = try event(first)
            #expect(event.exceptions.map { $0["type"].string } == ["All.Chains.Special", "All.Chains.Failure"])
        }

        @Test func aLongChainIsCut() throws {
            var error: any Error = StoreError.full
            for n in 0..<500 { error = StoreError.unreadable(file: "\(n)", cause: error) }
            let long = try event(error).exceptions.count
            // The engine keeps fewer than cross to it.
            #expect(long == 50)
            let many = StoreError.several((0..<500).map { NSError(domain: "many", code: $0) })
            let wide = try event(many).exceptions.count
            #expect(wide == 50)
        }

        @Test func aPrivateTypeHasItsName() throws {
            struct Local: Error {}
            let type = try event(Local()).raised["type"].string
            #expect(type == "All.Chains.Local")
        }

        @Test func theSameObjectIsCapturedOnce() throws {
            try captured { captured in
                let error = NSError(domain: "once", code: 1)
                let id = Faultwire.capture(error: error)
                #expect(id != nil)
                #expect(Faultwire.capture(error: error) == id)
                #expect(Faultwire.capture(error: Failure()) != id)
                #expect(captured.events.count == 2)
                #expect(Faultwire.stats.dropped == ["already_captured": 1])
                // It is not kept alive by that.
                weak var gone: Failure?
                do {
                    let error = Failure()
                    gone = error
                    Faultwire.capture(error: error)
                }
                #expect(gone == nil)
            }
        }

        static let shared = NSError(domain: "shared", code: 1)

        @Test func anotherClientHasSeenNothing() throws {
            for _ in 0..<2 {
                let event = try event(Self.shared)
                #expect(event.raised["type"] == "shared")
            }
        }

        @Test func manyObjectsLaterItIsStillKnown() throws {
            try captured({ $0.stormBurst = 1 }) { _ in
                let first = Failure()
                let id = Faultwire.capture(error: first)
                #expect(id != nil)
                let kept = (0..<600).map { _ in Failure() }
                for error in kept { Faultwire.capture(error: error) }
                #expect(Faultwire.capture(error: first) == id)
                #expect(Faultwire.stats.dropped == ["already_captured": 1])
            }
        }

        @Test func anErrorThatCapturesItselfIsRefused() throws {
            struct Talkative: Error, CustomStringConvertible {
                var description: String { Faultwire.capture(error: StoreError.full) ?? "nothing" }
            }
            try captured { captured in
                Faultwire.capture(error: Talkative())
                #expect(captured.events.map { $0.raised["value"] } == ["nothing"])
                #expect(Faultwire.stats.dropped == ["reentrant": 1])
            }
        }

        @Test func theContextOfACall() throws {
            try captured { captured in
                Faultwire.capture(
                    error: StoreError.full,
                    context: CaptureContext(
                        level: .fatal, tags: ["a": "b"], extra: ["n": 1], contexts: ["order": ["id": 7]],
                        user: User(id: "u1"), fingerprint: ["mine"], transaction: "import", logger: "shop.store",
                        handled: false, mechanism: "auto.mine"))
                let event = try #require(captured.events.first)
                #expect(event["level"] == "fatal")
                #expect(event["tags"]["a"] == "b")
                #expect(event["extra"]["n"] == 1)
                #expect(event["contexts"]["order"]["id"] == 7)
                #expect(event["user"]["id"] == "u1")
                #expect(event["fingerprint"] == ["mine"])
                #expect(event["transaction"] == "import")
                #expect(event["logger"] == "shop.store")
                #expect(event.raised["mechanism"]["handled"] == false)
                #expect(event.raised["mechanism"]["type"] == "auto.mine")
            }
        }

        @Test func messagesAndEvents() throws {
            try captured({ $0.attachStacktrace = true }) { captured in
                let id = Faultwire.capture(
                    message: "order 7 is late", level: .warning, template: "order %d is late", params: [7])
                #expect(Faultwire.lastEventId == id)
                Faultwire.capture(event: ["message": "by hand", "level": "info"])
                Faultwire.capture(event: "no event")
                let events = captured.events
                #expect(events.count == 2)
                #expect(events[0]["level"] == "warning")
                #expect(events[0]["logentry"]["message"] == "order %d is late")
                #expect(events[0]["logentry"]["formatted"] == "order 7 is late")
                #expect(!events[0]["threads"]["values"][0]["stacktrace"]["frames"].array.isEmpty || !events[0]["stacktrace"]["frames"].array.isEmpty)
                #expect(events[1]["level"] == "info")
                #expect(Faultwire.stats.dropped == ["invalid": 1])
            }
        }

        @Test func explainSaysWhatWasHashed() throws {
            try captured { captured in
                let explained = Faultwire.explain(error: StoreError.full)
                #expect(explained["hash"].string?.count == 64)
                #expect(throws: FaultwireError.self) { try Faultwire.explain(event: 7) }
                let event = try Faultwire.explain(event: ["message": "x"])
                #expect(event["hash"].string?.count == 64)
                #expect(captured.events.isEmpty)
            }
        }
    }
}
