import Faultwire
import FaultwireTesting
import Foundation
import Testing

extension All {
    /// The application's closures.
    @Suite struct Hooks {
        struct Oops: Error {}
        struct Other: Error {}

        @Test func beforeSendEditsAndDrops() throws {
            try captured({ options in
                options.beforeSend = { event in
                    var event = event
                    switch event["message"].string ?? event["logentry"]["formatted"].string {
                    case "drop": return nil
                    case "throw": throw Oops()
                    default: break
                    }
                    event["tags"]["edited"] = "yes"
                    event["extra"]["password"] = "hunter2"
                    return event
                }
            }) { captured in
                for message in ["keep", "drop", "throw"] { Faultwire.capture(message: message) }
                let events = captured.events
                #expect(events.count == 1)
                #expect(events.first?["tags"]["edited"] == "yes")
                #expect(events.first?["extra"]["password"] == "[Filtered]")
                #expect(Faultwire.stats.dropped == ["before_send": 2])
            }
        }

        @Test func beforeBreadcrumbEditsAndDrops() throws {
            try captured({ options in
                options.beforeBreadcrumb = { crumb in
                    if crumb.category == "noise" { return nil }
                    if crumb.category == "broken" { throw Oops() }
                    var crumb = crumb
                    crumb.message = crumb.message.map { $0.uppercased() }
                    crumb.data["seen"] = true
                    return crumb
                }
            }) { captured in
                for category in ["noise", "broken", "file"] {
                    Faultwire.addBreadcrumb(message: "opened", category: category, data: ["a": 1])
                }
                Faultwire.capture(error: Oops())
                let crumbs = captured.events.first?["breadcrumbs"]["values"].array ?? []
                #expect(crumbs.map { $0["message"] } == ["OPENED"])
                #expect(crumbs.first?["data"] == ["a": 1, "seen": true])
            }
        }

        @Test func aHookSeesWhenItHappenedAndLeavesItSo() throws {
            let seen = Locked<[Date?]>([])
            let times = [1_700_000_000.123456, 0, -1.5].map { Date(timeIntervalSince1970: $0) }
            try captured({ options in
                options.beforeBreadcrumb = { crumb in
                    seen.with { $0.append(crumb.timestamp) }
                    var crumb = crumb
                    if crumb.message == "spoilt" { crumb.timestamp = Date(timeIntervalSince1970: .nan) }
                    return crumb
                }
            }) { captured in
                for time in times { Faultwire.addBreadcrumb(Breadcrumb(message: "x", timestamp: time)) }
                Faultwire.addBreadcrumb(message: "now")
                Faultwire.addBreadcrumb(message: "spoilt")
                Faultwire.capture(error: Oops())
                let crumbs = captured.events.first?["breadcrumbs"]["values"].array ?? []
                #expect(crumbs.last?["message"] == "spoilt")
                #expect(crumbs.compactMap { $0["timestamp"].string }.prefix(3) == [
                    "1969-12-31T23:59:58.500000Z", "1970-01-01T00:00:00.000000Z", "2023-11-14T22:13:20.123456Z",
                ])
                let seen = seen.with { $0 }.map { $0?.timeIntervalSince1970 ?? .nan }
                #expect(zip(seen, times).allSatisfy { abs($0 - $1.timeIntervalSince1970) < 1e-5 }, "\(seen)")
                #expect(seen.count == 5 && abs(seen[3] - Date().timeIntervalSince1970) < 60)
            }
        }

        @Test func theSamplerIsAsked() throws {
            let asked = Locked<[String]>([])
            try captured({ options in
                options.errorSampler = { capture in
                    asked.with { $0.append("\(capture.errorType ?? "-") \(capture.level) \(capture.logger ?? "-") \(capture.transaction ?? "-")") }
                    if capture.errorType == "FaultwireTests.All.Hooks.Other" { return 0 }
                    if capture.level == .warning { throw Oops() }
                    return 1
                }
            }) { captured in
                Faultwire.setTransaction("job")
                Faultwire.capture(error: Oops(), context: CaptureContext(logger: "shop"))
                Faultwire.capture(error: Other())
                Faultwire.capture(message: "m", level: .warning)
                #expect(captured.events.count == 2)
                #expect(Faultwire.stats.dropped == ["sample_rate": 1])
                #expect(asked.with { $0 } == [
                    "FaultwireTests.All.Hooks.Oops error shop job", "FaultwireTests.All.Hooks.Other error - job",
                    "- warning - job",
                ])
            }
        }

        @Test func aCaptureInAHookIsRefused() throws {
            try captured({ options in
                options.beforeSend = { event in
                    Faultwire.capture(error: Oops())
                    return event
                }
                options.beforeBreadcrumb = { crumb in
                    Faultwire.capture(message: "in a hook")
                    return crumb
                }
                options.errorSampler = { _ in
                    Faultwire.capture(message: "in a hook")
                    return nil
                }
            }) { captured in
                Faultwire.addBreadcrumb(message: "one")
                Faultwire.capture(error: Oops())
                #expect(captured.events.count == 1)
                #expect(Faultwire.stats.dropped == ["reentrant": 3])
            }
        }

        /// It would wait for itself, each time as long as it may.
        @Test func aHookWaitsForNothing() throws {
            let answers = Locked<[Bool]>([])
            try captured({ options in
                options.beforeSend = { event in
                    let flushed = Faultwire.flush(timeout: 60)
                    answers.with { $0.append(flushed) }
                    return event
                }
            }) { captured in
                Faultwire.capture(error: Oops())
                #expect(captured.events.count == 1)
                #expect(answers.with { $0 } == [false])
            }
        }

        /// It would ask the hook, which would add one, until the stack ends.
        @Test func aBreadcrumbInAHookIsRefused() throws {
            struct Talkative: Error, CustomStringConvertible {
                var description: String {
                    Faultwire.addBreadcrumb(message: "asked what it is")
                    return "talkative"
                }
            }
            try captured({ options in
                options.beforeBreadcrumb = { crumb in
                    Faultwire.addBreadcrumb(message: "in a hook")
                    return crumb
                }
            }) { captured in
                Faultwire.addBreadcrumb(message: "one")
                Faultwire.capture(error: Talkative())
                Faultwire.capture(error: Oops())
                let crumbs = captured.events.last?["breadcrumbs"]["values"].array.map { $0["message"] }
                #expect(crumbs == ["one"])
            }
        }

        /// What such code starts outlives the capture, and is no part of it.
        @Test func whatAHookStartsIsNotInIt() async throws {
            let started = Locked<[Task<String?, Never>]>([])
            @Sendable func start() {
                let task = Task {
                    await Task.yield()
                    return Faultwire.capture(error: Other())
                }
                started.with { $0.append(task) }
            }
            struct Starting: Error, CustomStringConvertible {
                let start: @Sendable () -> Void
                var description: String {
                    start()
                    return "starting"
                }
            }
            try await captured({ options in
                options.beforeBreadcrumb = { crumb in
                    start()
                    return crumb
                }
            }) { captured in
                Faultwire.addBreadcrumb(message: "one")
                Faultwire.capture(error: Starting(start: start))
                let tasks = started.with { $0 }
                #expect(tasks.count == 2)
                for task in tasks { #expect(await task.value != nil) }
                #expect(Faultwire.stats.dropped == [:])
            }
        }
    }
}
