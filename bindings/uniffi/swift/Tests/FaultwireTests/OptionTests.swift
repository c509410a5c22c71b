import Faultwire
import FaultwireBridge
import FaultwireTesting
import Foundation
import Testing

extension All {
    /// What `start` is told.
    @Suite struct OptionsOfStart {
        struct Ignored: Error {}
        class Base: Error, @unchecked Sendable {}
        final class Derived: Base, @unchecked Sendable {}

        /// docs/options.md is generated from the engine's table.
        @Test func everyOptionOfTheEngineIsHere() throws {
            let page = try String(contentsOf: Places.root.appendingPathComponent("docs/options.md"), encoding: .utf8)
            let documented = page.split(separator: "\n").filter { $0.hasPrefix("## `") }.map { String($0.dropFirst(4).dropLast()) }
            #expect(documented.count > 30)
            #expect(Set(Options.names.map(\.engine)) == Set(documented))
        }

        @Test func everyOptionReachesTheEngine() throws {
            var options = Options()
            options.dsn = ""
            options.release = "r"
            options.environment = "e"
            options.dist = "d"
            options.serverName = "s"
            options.sampleRate = 0.5
            options.exceptionSampleRates = ["A": 0.1]
            options.ignoreErrors = ["B"]
            options.maxBreadcrumbs = 5
            options.attachStacktrace = true
            options.sendDefaultPii = true
            options.includeLocalVariables = false
            options.runUserRepr = false
            options.includeSourceContext = false
            options.maxRequestBodySize = .small
            options.maxValueLength = 100
            options.sanitizeKeys = ["k"]
            options.sanitizePatterns = ["kind": "x+"]
            options.inAppInclude = ["Shop"]
            options.inAppExclude = ["Vapor"]
            options.frameBlocklist = ["NIO"]
            options.fingerprintMode = .override
            options.stormFolding = false
            options.stormBurst = 3
            options.stormWindow = 2
            options.httpProxy = "http://127.0.0.1:1"
            options.httpsProxy = "http://127.0.0.1:1"
            options.caCerts = ""
            options.shutdownTimeout = 1.5
            options.flushOnSigterm = false
            options.maxQueueEvents = 10
            options.maxQueueBytes = 100_000
            options.maxOutboxBytes = 100_000
            options.spool = false
            options.spoolDir = "/nowhere"
            options.spoolMaxBytes = 1 << 20
            options.spoolMaxAge = 60
            options.spoolSync = false
            options.captureCrashes = false
            options.debug = false
            #expect(Set(options.json.object.keys) == Set(Options.names.map(\.engine)))
            options.caCerts = nil
            try Faultwire.start(options)
            defer { abandonClient() }
            let known = try #require(settings())
            #expect(known.maxBreadcrumbs == 5)
            #expect(known.shutdownTimeoutMs == 1500)
            #expect(known.maxRequestBodyBytes == 1024)
            #expect(known.attachStacktrace)
        }

        @Test func aMistakeNamesTheOptionAsItIsHere() throws {
            func error(_ configure: (inout Options) -> Void) -> FaultwireError? {
                do {
                    try Faultwire.start(configure)
                    return nil
                } catch { return error as? FaultwireError }
            }
            let rate = error { $0.sampleRate = 7 }
            #expect(rate?.kind == .invalidOption)
            #expect(rate?.field == "sampleRate")
            #expect(rate?.description.hasPrefix("sampleRate: ") == true)
            #expect(error { $0.maxValueLength = -1 }?.field == "maxValueLength")
            #expect(error { $0.stormWindow = .nan }?.field == "stormWindow")
            let dsn = error { $0.dsn = "http://key-of-mine@" }
            #expect(dsn?.kind == .invalidDsn)
            #expect(dsn?.description.contains("key-of-mine") == false)
            #expect(!Faultwire.isEnabled)
        }

        @Test func withoutADsnNothingHappens() throws {
            try Faultwire.start { $0.release = "r" }
            defer { abandonClient() }
            #expect(!Faultwire.isEnabled)
            #expect(Faultwire.capture(error: Ignored()) == nil)
            #expect(Faultwire.capture(message: "m") == nil)
            #expect(Faultwire.flush(timeout: 0))
            #expect(Faultwire.stats.captured == 0)
        }

        @Test func typesDecideByNameAndByAncestor() throws {
            try captured({ options in
                options.ignoreErrors = ["FaultwireTests.All.OptionsOfStart.Ignored", "disk"]
                options.exceptionSampleRates = ["All.OptionsOfStart.Base": 0]
            }) { captured in
                Faultwire.capture(error: Ignored())
                Faultwire.capture(error: NSError(domain: "disk", code: 1))
                Faultwire.capture(error: Derived())
                Faultwire.capture(error: NSError(domain: "net", code: 1))
                #expect(captured.events.map { $0.raised["type"] } == ["net"])
                #expect(Faultwire.stats.dropped["sample_rate"] == 1)
                #expect(Faultwire.stats.captured == 4)
            }
        }

        @Test func aStormFolds() throws {
            try captured({ $0.stormBurst = 3 }) { captured in
                var ids: [String?] = []
                for _ in 0..<10 { ids.append(Faultwire.capture(error: Ignored())) }
                #expect(captured.events.count == 3)
                #expect(Faultwire.stats.folded == 7)
                #expect(ids.last == ids[2])
            }
        }

        @Test func whatCannotBeginChangesNothing() throws {
            try captured { captured in
                Faultwire.setTag("kept", "yes")
                #expect(throws: FaultwireError.self) { try CapturedEvents { $0.sampleRate = 7 } }
                #expect(throws: FaultwireError.self) { try Faultwire.start { $0.sampleRate = 7 } }
                #expect(Faultwire.capture(error: Ignored()) != nil)
                #expect(captured.events.first?["tags"] == ["kept": "yes"])
            }
        }

        @Test func closeEnds() async throws {
            _ = try CapturedEvents()
            #expect(Faultwire.isEnabled)
            #expect(await Faultwire.flush(timeout: 5))
            #expect(await Faultwire.close(timeout: 5))
            #expect(!Faultwire.isEnabled)
            #expect(Faultwire.capture(error: Ignored()) == nil)
            abandonClient()
        }
    }
}
