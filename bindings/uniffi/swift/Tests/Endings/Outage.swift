import Faultwire
import Foundation

/// 100,000 captures of all kinds, to a server that is down: what memory there is afterwards.
func outage() {
    class Held: Error, @unchecked Sendable {}
    enum Order: Error { case failed(id: Int, cause: any Error) }

    func captures(_ range: Range<Int>) {
        for n in range {
            Faultwire.withIsolationScope { scope in
                scope.setTag("n", "\(n)")
                Faultwire.addBreadcrumb(message: "order \(n)", data: ["n": .int(Int64(n))])
                switch n % 4 {
                case 0: Faultwire.capture(error: Order.failed(id: n, cause: Held()))
                case 1: Faultwire.capture(error: Held())
                case 2: Faultwire.capture(error: NSError(domain: "shop", code: n, userInfo: ["n": n, NSUnderlyingErrorKey: Held()]))
                default: Faultwire.capture(message: "order \(n) failed")
                }
            }
        }
    }

    try? Faultwire.start { options in
        options.spool = false
        options.stormFolding = false
        options.maxQueueBytes = 1 << 20
        options.maxOutboxBytes = 1 << 20
        options.shutdownTimeout = 0.1
    }
    captures(0..<20_000)
    Faultwire.flush(timeout: 1)
    let before = resident()
    captures(20_000..<120_000)
    Faultwire.flush(timeout: 1)
    let after = resident()
    let stats = Faultwire.stats
    let lost = stats.dropped.values.reduce(0, +)
    print("before \(before)")
    print("after \(after)")
    print("captured \(stats.captured)")
    print("accounted \(stats.delivered + stats.spooled + stats.pending + stats.folded + lost)")
}

/// KiB in memory.
func resident() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
    return Int(line.filter(\.isNumber)) ?? 0
}
