import Faultwire
import FaultwireTesting
import Testing

extension All {
    /// Who sees what is said, and when it is over.
    @Suite struct Scopes {
        struct Oops: Error {}

        @Test func everySetter() throws {
            try captured({ $0.sendDefaultPii = true }) { captured in
                Faultwire.setTag("one", "1")
                Faultwire.setTags(["two": "2", "three": "3"])
                Faultwire.setTag("three", nil)
                Faultwire.setUser(User(id: "7", email: "a@example.com", data: ["plan": "pro"]))
                Faultwire.setSession("s-1")
                Faultwire.setContext("order", ["id": 7, "lines": [1, 2.5, true, nil]])
                Faultwire.setContext("gone", ["x": 1])
                Faultwire.setContext("gone", nil)
                Faultwire.setExtra("cart", ["a", "b"])
                Faultwire.setLevel(.warning)
                Faultwire.setTransaction("GET /orders")
                Faultwire.setFingerprint(["{{ default }}", "mine"])
                Faultwire.setRequest(["url": "http://shop/orders", "method": "GET"])
                Faultwire.addBreadcrumb(message: "opened", category: "file", level: .debug, data: ["name": "a.csv"])
                #expect(Faultwire.continueTrace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
                #expect(!Faultwire.continueTrace("nonsense"))
                Faultwire.capture(error: Oops())
                let event = try #require(captured.events.first)
                #expect(event["tags"] == ["one": "1", "two": "2"])
                #expect(event["user"]["id"] == "7")
                #expect(event["user"]["email"] == "a@example.com")
                #expect(event["user"]["plan"] == "pro" || event["user"]["data"]["plan"] == "pro")
                #expect(event["contexts"]["order"] == ["id": 7, "lines": [1, 2.5, true, nil]])
                #expect(event["contexts"]["gone"].isNull)
                #expect(event["contexts"]["trace"]["trace_id"] == "0af7651916cd43dd8448eb211c80319c")
                #expect(event.text.contains("s-1"))
                #expect(event["extra"]["cart"] == ["a", "b"])
                #expect(event["level"] == "warning")
                #expect(event["transaction"] == "GET /orders")
                #expect(event["fingerprint"] == ["{{ default }}", "mine"])
                #expect(event["request"]["method"] == "GET")
                let crumb = event["breadcrumbs"]["values"][0]
                #expect(crumb["message"] == "opened")
                #expect(crumb["category"] == "file")
                #expect(crumb["level"] == "debug")
                #expect(crumb["data"] == ["name": "a.csv"])
            }
        }

        @Test func whoIsHitIsKnownHoweverMuchElseIs() throws {
            let data = Dictionary(uniqueKeysWithValues: (0..<500).map { ("\($0)", JSONValue.int($0)) })
            try captured { captured in
                Faultwire.setUser(User(id: "7", data: data))
                Faultwire.capture(error: Oops())
                Faultwire.capture(error: Oops(), context: CaptureContext(user: User(id: "8", data: data), fingerprint: ["mine"]))
                let events = captured.events
                #expect(events.map { $0["user"]["id"] } == ["7", "8"])
                #expect(events.last?["fingerprint"] == ["mine"])
            }
        }

        @Test func whatIsForgottenIsGone() throws {
            try captured { captured in
                Faultwire.setTag("kept", "yes")
                Faultwire.addBreadcrumb(message: "old")
                Faultwire.clearBreadcrumbs()
                Faultwire.addBreadcrumb(message: "new")
                Faultwire.capture(error: Oops())
                #expect(Faultwire.lastEventId == captured.events.first?["event_id"].string)
                Faultwire.setUser(User(id: "7"))
                Faultwire.isolationScope.clear()
                Faultwire.capture(error: Oops())
                let (before, after) = (captured.events[0], captured.events[1])
                #expect(before["tags"] == ["kept": "yes"])
                #expect(before["breadcrumbs"]["values"].array.map { $0["message"] } == ["new"])
                #expect(after["tags"].isNull && after["user"].isNull && after["breadcrumbs"]["values"].array.isEmpty)
            }
        }

        @Test func aScopeEndsWithItsBlock() throws {
            try captured { captured in
                Faultwire.globalScope.setTag("layer", "global")
                Faultwire.globalScope.setTag("everywhere", "yes")
                Faultwire.setTag("layer", "isolation")
                let given = Faultwire.withScope { scope in
                    scope.setTag("layer", "current")
                    Faultwire.withScope { inner in
                        inner.setTag("inner", "yes")
                        Faultwire.capture(error: Oops())
                    }
                    return 7
                }
                #expect(given == 7)
                Faultwire.capture(error: Oops())
                #expect(throws: Oops.self) { try Faultwire.withScope { _ in throw Oops() } }
                let tags = captured.events.map { $0["tags"] }
                #expect(tags == [
                    ["layer": "current", "inner": "yes", "everywhere": "yes"],
                    ["layer": "isolation", "everywhere": "yes"],
                ])
            }
        }

        @Test func whatIsolatesIsSeenByItsTasksAndNobodyElse() async throws {
            try await captured { captured in
                Faultwire.setTag("from", "outside")
                await withTaskGroup(of: Void.self) { group in
                    for n in 0..<20 {
                        group.addTask {
                            await Faultwire.withIsolationScope { scope in
                                scope.setTag("request", "\(n)")
                                async let child: Void = {
                                    await Task.yield()
                                    // Within the request: seen by whoever waits for this.
                                    Faultwire.setTag("child", "\(n)")
                                }()
                                await child
                                await Task.yield()
                                Faultwire.capture(error: Oops(), context: CaptureContext(extra: ["n": .int(Int64(n))]))
                                let (id, last) = (Faultwire.lastEventId, Faultwire.isolationScope)
                                #expect(id != nil)
                                await Task { #expect(Faultwire.isolationScope === last) }.value
                                await Task.detached { #expect(Faultwire.isolationScope !== last) }.value
                            }
                        }
                    }
                }
                Faultwire.capture(message: "outside")
                let events = captured.events
                #expect(events.count == 21)
                for event in events.dropLast() {
                    let n = String(event["extra"]["n"].int ?? -1)
                    #expect(event["tags"] == ["from": "outside", "request": .string(n), "child": .string(n)])
                }
                #expect(events.last?["tags"] == ["from": "outside"])
            }
        }

        @Test func aScopeStaysAcrossWaits() async throws {
            try await captured { captured in
                let given = await Faultwire.withScope { scope in
                    scope.setTag("step", "1")
                    await Task.yield()
                    Faultwire.capture(error: Oops())
                    return 7
                }
                #expect(given == 7)
                #expect(captured.events.first?["tags"] == ["step": "1"])
            }
        }

        @MainActor @Test func theBlockOfAnActorStaysThere() async throws {
            final class Mine { var count = 0 }
            let mine = Mine()
            await Faultwire.withIsolationScope { _ in
                await Task.yield()
                mine.count += 1
            }
            #expect(mine.count == 1)
        }
    }
}
