import Faultwire
import Foundation
import Testing

extension All {
    /// Programs of their own, against a real server: how they end, and what is known of it.
    @Suite struct Processes {
        /// Not the long form, of another program.
        static let quiet = ["SWIFT_BACKTRACE": "enable=no"]

        @Test(arguments: ["fatalError", "unwrap", "bounds", "throw", "thread", "trap"])
        func aCrashIsReportedByTheNextStart(_ way: String) throws {
            let sink = try Sink()
            try withFolder { spool in
                let alone = try run(Places.endings, [way], Self.quiet.merging(["FAULTWIRE_DSN": ""]) { $1 })
                let with = Self.quiet.merging(["FAULTWIRE_DSN": sink.dsn, "ENDINGS_SPOOL": spool.path]) { $1 }
                let ended = try run(Places.endings, [way], with)
                #expect(ended.bySignal)
                #expect([SIGILL, SIGTRAP].contains(ended.status) && (way != "trap" || ended.status == SIGTRAP), "\(ended)")
                #expect(ended.status == alone.status && ended.bySignal == alone.bySignal)
                #expect(ended.output == alone.output)
                // Swift shows a stack, with addresses, of which no two runs have the same.
                let withoutAddresses = { (text: String) in text.replacingOccurrences(of: "0x[0-9a-f]+", with: "0x", options: .regularExpression) }
                #expect(withoutAddresses(ended.errors) == withoutAddresses(alone.errors))
                #expect(ended.errors.isEmpty == (way == "trap"))
                #expect(try sink.stats()["events"] == 0)

                #expect(try run(Places.endings, ["report"], with).status == 0)
                let event = try #require(try sink.events(1).first)
                #expect(event["level"] == "fatal")
                #expect(event["release"] == "shop@1.4.2")
                #expect(event["tags"]["way"].string == way)
                #expect(event.raised["type"].string == (ended.status == SIGTRAP ? "SIGTRAP" : "SIGILL"))
                #expect(event.raised["mechanism"]["handled"] == false)
                let frames = event.raised["stacktrace"]["frames"].array
                let culprit = ["unwrap": "parsed", "bounds": "opened", "throw": "main", "trap": "trapped"][way] ?? "stopped"
                let functions = frames.compactMap { $0["function"].string }
                #expect(functions.contains { $0.contains(culprit) }, "\(functions)")
                #expect(frames.contains { $0["abs_path"].string?.hasSuffix("Endings/main.swift") == true })
            }
        }

        @Test func whoLeavesWaits() throws {
            let sink = try Sink()
            try withFolder { spool in
                let with = ["FAULTWIRE_DSN": sink.dsn, "ENDINGS_SPOOL": spool.path]
                let returned = try run(Places.endings, ["return"], with)
                let exited = try run(Places.endings, ["exit"], with)
                #expect(returned.status == 0 && returned.errors == "" && returned.output == "")
                #expect(exited.status == 7 && exited.errors == "" && exited.output == "")
                #expect(try sink.events(2).compactMap { $0.raised["value"].string } == ["Fatal(order: 1)", "Fatal(order: 2)"])
            }
        }

        @Test func aServerThatIsDownGetsTheEventsLater() throws {
            let sink = try Sink()
            try withFolder { spool in
                let with = ["FAULTWIRE_DSN": sink.dsn, "ENDINGS_SPOOL": spool.path]
                try sink.mode(["mode": "refuse"])
                #expect(try run(Places.endings, ["exit"], with).status == 7)
                try sink.mode(["mode": "ok"])
                #expect(try run(Places.endings, ["report"], with).status == 0)
                #expect(try sink.events(1).compactMap { $0.raised["value"].string } == ["Fatal(order: 2)"])
            }
        }

        @Test func memoryIsFlatWhileTheServerIsDown() throws {
            let sink = try Sink()
            try sink.mode(["mode": "refuse"])
            let ended = try run(Places.endings, ["outage"], ["FAULTWIRE_DSN": sink.dsn])
            #expect(ended.status == 0, "\(ended)")
            var said: [String: Int] = [:]
            for line in ended.output.split(separator: "\n") {
                let words = line.split(separator: " ")
                said[String(words[0])] = Int(words[1])
            }
            let (before, after) = (try #require(said["before"]), try #require(said["after"]))
            print("outage: \(before) KiB before, \(after) KiB after 100,000 captures")
            #expect(before > 1000)
            // A hundred bytes for each capture would be more.
            #expect(after - before < 1024 * 8)
            #expect(said["captured"] == 120_000)
            #expect(said["accounted"] == 120_000)
        }

        @Test func noSecretLeavesTheProcess() throws {
            let sink = try Sink()
            try withFolder { spool in
                let with = [
                    "FAULTWIRE_DSN": sink.dsn, "ENDINGS_SPOOL": spool.path, "ENDINGS_HOOK": UUID().uuidString.lowercased(),
                ]
                // Delivered, then held back on disk.
                let delivered = try run(Places.endings, ["leak"], with)
                #expect(delivered.status == 0, "\(delivered)")
                let events = try sink.events(5)
                try sink.mode(["mode": "refuse"])
                let held = try run(Places.endings, ["leak"], with)
                #expect(held.status == 0)
                let raw = try sink.raw()
                var disk = Data()
                for name in try FileManager.default.subpathsOfDirectory(atPath: spool.path) {
                    disk += (try? Data(contentsOf: spool.appendingPathComponent(name))) ?? Data()
                }
                let secrets = (delivered.output + held.output).split(separator: "\n").map(String.init)
                #expect(secrets.count > 50)
                #expect(raw.count > 1000 && disk.count > 1000)
                for secret in secrets {
                    #expect(raw.range(of: Data(secret.utf8)) == nil, "\(secret) was sent")
                    #expect(disk.range(of: Data(secret.utf8)) == nil, "\(secret) is on disk")
                    #expect(!(delivered.errors + held.errors).contains(secret), "\(secret) is on stderr")
                }
                // Nothing is found in what is not there.
                let shown = events.map(\.text).joined()
                for text in ["by hand", "shop", "inner", "walletId"] { #expect(shown.contains(text)) }
                #expect(shown.contains("[Filtered"))
            }
        }
    }
}
