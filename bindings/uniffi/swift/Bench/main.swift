/// What a capture costs the thread that makes it. See run.sh.

import Faultwire
import FaultwireBridge
import FaultwireTesting
import Foundation

#if canImport(Glibc)
    import Glibc
#endif

enum PaymentError: Error {
    case declined(code: Int)
}

func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

typealias Counter = @convention(c) () -> UInt64
let counter = dlsym(nil, "allocations_of_this_thread").map { unsafeBitCast($0, to: Counter.self) }
let count = counter ?? { 0 }

/// A capture stands on a stack of this depth, as in an application.
@inline(never)
func deep(_ frames: Int, _ work: () -> Void) {
    if frames == 0 { work() } else { deep(frames - 1, work) }
    // Not a tail call: each stays on the stack.
    withExtendedLifetime(frames) {}
}

/// Runs `work` many times; `between` is not measured. Prints the median, the 99th percentile, and allocations.
func measure(_ name: String, times: Int = 4000, between: (Int) -> Void = { _ in }, _ work: @escaping () -> Void) {
    deep(20) {
        for _ in 0..<50 { work() }
        Faultwire.flush(timeout: 10)
        var taken: [UInt64] = []
        taken.reserveCapacity(times)
        var allocated: UInt64 = 0
        for n in 0..<times {
            between(n)
            let before = count()
            let start = now()
            work()
            taken.append(now() - start)
            allocated += count() - before
        }
        taken.sort()
        let columns = ["\(taken[times / 2])", "\(taken[times * 99 / 100])", counter == nil ? "-" : "\(allocated / UInt64(times))"]
        print(name.padding(toLength: 46, withPad: " ", startingAt: 0), columns.map { String(repeating: " ", count: max(0, 9 - $0.count)) + $0 }.joined())
    }
}

func with(_ configure: (inout Options) -> Void, _ work: (CapturedEvents) -> Void) throws {
    let captured = try CapturedEvents(configure)
    work(captured)
    captured.stop()
}

/// One a millisecond: the worker has finished the one before, and its memory is cold.
func pace(_: Int) { usleep(1000) }

print("".padding(toLength: 46, withPad: " ", startingAt: 0), "   p50 ns   p99 ns   allocs")
let error = PaymentError.declined(code: 5)
let chained = NSError(domain: "shop", code: 1, userInfo: ["order": 7, NSUnderlyingErrorKey: NSError(domain: "db", code: 2)])

try with({ $0.stormFolding = false }) { captured in
    // So many as the queue holds, then all is let go.
    let drain = { (n: Int) in if n % 1000 == 0 { captured.clear() } }
    measure("capture(error:), one a ms", times: 2000, between: pace) { Faultwire.capture(error: error) }
    measure("capture(error:), back to back", between: drain) { Faultwire.capture(error: error) }
    measure("  NSError with an underlying one", between: drain) {
        Faultwire.capture(error: NSError(domain: "shop", code: 1, userInfo: ["order": 7, NSUnderlyingErrorKey: chained]))
    }
    measure("  the same object again") { Faultwire.capture(error: chained) }
    measure("capture(message:), back to back", between: drain) { Faultwire.capture(message: "order 7 is late") }
    measure("capture(error:) in a scope of its own", between: drain) {
        Faultwire.withScope { scope in
            scope.setTag("a", "b")
            Faultwire.capture(error: error)
        }
    }

    let cell = Faultwire.isolationScope.cell
    let type = internType(names: ["bench.PaymentError"])
    print("of which")
    measure("  sample") { _ = sample(typeId: type, typeName: nil, level: "error", logger: nil, isolation: nil, current: nil, call: nil) }
    measure("  admit, with the stack", between: drain) {
        _ = admit(rate: 1, typeIds: [type], withStack: true, isolation: cell, current: nil, call: nil)
    }
    measure("  admit, without", between: drain) {
        _ = admit(rate: 1, typeIds: [type], withStack: false, isolation: cell, current: nil, call: nil)
    }
    measure("  a call that does nothing") { refuse(reason: "") }
    measure("  what the error is (ErrorChain)") { _ = ErrorChain(error).raised.count }
    let raised = ErrorChain(error).raised
    let said = Circumstances(level: "", logger: nil, threadId: 1, threadName: "bench")
    var admitted: [Admitted] = []
    measure("  submit", times: 1000, between: { n in
        if n == 0 {
            captured.clear()
            for _ in 0..<1000 {
                if case .kept(_, let capture) = admit(rate: 1, typeIds: [type], withStack: true, isolation: cell, current: nil, call: nil) { admitted.append(capture) }
            }
        }
    }) {
        _ = admitted.popLast()?.submitException(raised: raised, how: How(mechanism: "", handled: true), circumstances: said)
    }
    measure("  String(describing:) of the error") { _ = String(describing: error) }
    measure("  Mirror(reflecting:) of the error") { _ = Mirror(reflecting: error).children.count }
}
print("not captured")
try with({ $0.stormBurst = 1 }) { _ in measure("folded") { Faultwire.capture(error: error) } }
try with({ $0.sampleRate = 0 }) { _ in measure("sampled out") { Faultwire.capture(error: error) } }
try with({ $0.ignoreErrors = ["bench.PaymentError"] }) { _ in measure("ignored") { Faultwire.capture(error: error) } }
measure("disabled") { Faultwire.capture(error: error) }
measure("setTag") { Faultwire.setTag("a", "b") }
