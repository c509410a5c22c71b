/// An import of orders that fails in several ways, and at last by a bug. The next start reports that.
///
///     FAULTWIRE_DSN=http://KEY@HOST/1 scripts/swift.sh examples/swift/shop/.build/debug/nightly
///     FAULTWIRE_DSN=http://KEY@HOST/1 scripts/swift.sh examples/swift/shop/.build/debug/nightly again

import Faultwire
import Foundation

enum ImportError: Error {
    case noNumber(line: Int, text: String)
    case unreadable(file: String, cause: any Error)
    case several([any Error])
}

func parse(_ text: String, line: Int) throws -> Int {
    guard let number = Int(text) else { throw ImportError.noNumber(line: line, text: text) }
    return number
}

/// One file of many is bad: reported, and the job goes on.
func handled() {
    for (name, text) in [("a.csv", "17"), ("b.csv", "seventeen")] {
        Faultwire.withIsolationScope { scope in
            scope.setTag("file", name)
            Faultwire.addBreadcrumb(message: "file opened", category: "file", data: ["name": .string(name)])
            do {
                _ = try parse(text, line: 1)
            } catch {
                Faultwire.capture(error: ImportError.unreadable(file: name, cause: error))
            }
        }
    }
}

/// Errors of Foundation say domain, code and path.
func missing() {
    do {
        _ = try String(contentsOfFile: "/nowhere/orders.csv", encoding: .utf8)
    } catch {
        Faultwire.capture(error: error)
    }
}

/// What is said of a task stays with it, whoever runs at the same time.
func inTasks() async {
    await withTaskGroup(of: Void.self) { group in
        for shop in ["north", "south"] {
            group.addTask {
                await Faultwire.withIsolationScope { scope in
                    scope.setTag("shop", shop)
                    await Task.yield()
                    Faultwire.capture(message: "stock of \(shop) is old", level: .warning, template: "stock of %@ is old")
                }
            }
        }
    }
}

/// A list of errors is one event with all of them.
func severalAtOnce() {
    let errors = ["x", "y"].compactMap { text in
        do {
            _ = try parse(text, line: 2)
            return nil as (any Error)?
        } catch { return error }
    }
    Faultwire.capture(error: ImportError.several(errors))
}

/// A loop that fails each time: a hundred events, and the count of all.
func storm() {
    for line in 0..<250 {
        do { _ = try parse("", line: line) } catch { Faultwire.capture(error: error) }
    }
    // All is sent before the program goes on.
    Faultwire.flush(timeout: 10)
}

func total(_ orders: [Int]) -> Int {
    orders[orders.count]
}

try Faultwire.start { options in
    options.release = "nightly@7"
    options.environment = "demo"
    options.captureCrashes = true
}

if CommandLine.arguments.contains("again") {
    // What the last run left is sent meanwhile.
    let deadline = Date(timeIntervalSinceNow: 10)
    while Faultwire.stats.recovered.delivered == 0, Date() < deadline { try await Task.sleep(nanoseconds: 20_000_000) }
    exit(0)
}
handled()
missing()
await inTasks()
severalAtOnce()
storm()
// A mistake of the program ends it, as it would without Faultwire.
print(total([17, 18]))
