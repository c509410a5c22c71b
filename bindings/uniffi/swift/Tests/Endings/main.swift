/// Programs that end in one way or another: `endings WAY`. What they are told of Faultwire stands in the environment;
/// without FAULTWIRE_DSN it is not there.

import Faultwire
import Foundation

struct Fatal: Error {
    let order: Int
}

func opened(_ names: [String]) -> String {
    names[Int(ProcessInfo.processInfo.environment["ENDINGS_INDEX"] ?? "") ?? 7]
}

func parsed(_ text: String) -> Int {
    Int(text)!
}

func stopped() -> Never {
    fatalError("the store is gone")
}

/// What `fatalError` is on arm64.
func trapped() {
    raise(SIGTRAP)
}

func placed() throws {
    throw Fatal(order: 7)
}

/// Sends what earlier ones left.
func report() {
    let deadline = Date(timeIntervalSinceNow: 10)
    while Date() < deadline {
        let recovered = Faultwire.stats.recovered
        if recovered.found > 0, recovered.found == recovered.delivered + recovered.dropped.values.reduce(0, +) { return }
        usleep(10_000)
    }
    print("nothing was sent: \(Faultwire.stats)")
}

let arguments = CommandLine.arguments
let environment = ProcessInfo.processInfo.environment

try Faultwire.start { options in
    options.release = "shop@1.4.2"
    options.spoolDir = environment["ENDINGS_SPOOL"]
    options.spool = environment["ENDINGS_SPOOL"] != nil
    options.captureCrashes = true
    options.shutdownTimeout = 1
}
Faultwire.globalScope.setTag("way", arguments.last)

switch arguments.last {
case "fatalError": stopped()
case "unwrap": print(parsed("seven"))
case "bounds": print(opened(["a.csv"]))
case "trap": trapped()
case "throw": try placed()
// A crash on a thread that is none of ours.
case "thread":
    DispatchQueue(label: "importer").async { stopped() }
    sleep(60)
// Nobody waits: the way out does.
case "return": Faultwire.capture(error: Fatal(order: 1))
case "exit":
    Faultwire.capture(error: Fatal(order: 2))
    exit(7)
case "report": report()
case "outage": outage()
case "leak": leak()
default: fatalError("usage: endings WAY")
}
