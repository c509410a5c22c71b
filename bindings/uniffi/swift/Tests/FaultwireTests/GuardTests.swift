import FaultwireBridge
import Faultwire
import FaultwireTesting
import Foundation
import Testing

extension All {
    /// A bug behind any export of the bridge reaches nobody: here it would end the process.
    @Suite struct Guard {
        struct Oops: Error {}

        /// By their names in the generated code: the call, and whether what it gives is what it gives in that case.
        static let exports: [String: @Sendable () throws -> Bool] = {
            let runtime = Runtime(host: .swift, name: "Swift", version: "6")
            @Sendable func fails(_ call: () throws -> Void) -> Bool {
                do { try call() } catch BridgeError.Internal { return true } catch {}
                return false
            }
            @Sendable func admitted() throws -> Admitted {
                guard case .kept(_, let capture) = admit(
                    rate: 1, typeIds: [], withStack: false, isolation: nil, current: nil, call: nil) else { throw Oops() }
                return capture
            }
            let cell = ScopeCell(parent: nil, current: false)
            let said = Circumstances(level: "", logger: nil, threadId: nil, threadName: nil)
            return [
                "abandonClient": { abandonClient(); return true },
                "addIntegration": { addIntegration(name: "x"); return true },
                "close": { FaultwireBridge.close(timeoutMs: 0) == false },
                "debug": { debug(line: "x"); return true },
                "flush": { FaultwireBridge.flush(timeoutMs: 0) == false },
                "init": {
                    fails {
                        try FaultwireBridge.`init`(
                            options: "{}", runtime: runtime, beforeSend: nil, beforeBreadcrumb: nil, errorSampler: nil,
                            captureTransport: true)
                    }
                },
                "hasSampler": { hasSampler() == false },
                "isEnabled": { FaultwireBridge.isEnabled() == false },
                "settings": { settings() == nil },
                "stats": { FaultwireBridge.stats() == "{}" },
                "takenEnvelopes": { takenEnvelopes() == "[]" },
                "admit": {
                    guard case .refused = admit(
                        rate: 1, typeIds: [1], withStack: true, isolation: cell, current: nil, call: nil) else { return false }
                    return true
                },
                "captureEvent": { captureEvent(event: "{}", isolation: nil, current: nil) == nil },
                "explainEvent": { fails { _ = try explainEvent(event: "{}") } },
                "explainException": { explainException(raised: []) == "{}" },
                "internType": { internType(names: ["x"]) == 0 },
                "refuse": { refuse(reason: "reentrant"); return true },
                "sample": { sample(
                    typeId: 0, typeName: nil, level: "error", logger: nil, isolation: nil, current: nil, call: nil) == -1 },
                "globalCell": { globalCell().setTag(key: "a", value: nil); return true },
                "vector": { fails { _ = try vector(topic: "dsn", input: "{}") } },
                "Admitted.submitException": {
                    try !admitted().submitException(
                        raised: [], how: How(mechanism: "", handled: true), circumstances: said)
                },
                "Admitted.submitMessage": {
                    try !admitted().submitMessage(message: "x", template: nil, params: nil, circumstances: said)
                },
                "ScopeCell.new": { ScopeCell(parent: cell, current: true).setTag(key: "a", value: nil); return true },
                "ScopeCell.addBreadcrumb": {
                    cell.addBreadcrumb(message: "x", category: nil, level: nil, kind: nil, data: nil, timestamp: nil)
                    return true
                },
                "ScopeCell.clear": { cell.clear(); return true },
                "ScopeCell.clearBreadcrumbs": { cell.clearBreadcrumbs(); return true },
                "ScopeCell.continueTrace": { cell.continueTrace(header: "x") == false },
                "ScopeCell.setContext": { cell.setContext(key: "a", value: "{}"); return true },
                "ScopeCell.setExtra": { cell.setExtra(key: "a", value: "1"); return true },
                "ScopeCell.setPart": { cell.setPart(part: .level, value: "info"); return true },
                "ScopeCell.setTag": { cell.setTag(key: "a", value: "b"); return true },
            ]
        }()

        /// What has no work to guard: a constant, and what arms the others.
        static let unguarded: Set = ["version", "armPanic"]

        @Test func everyExportIsHere() throws {
            let generated = Places.package.appendingPathComponent("Sources/FaultwireBridge/FaultwireBridge.swift")
            var found: Set<String> = ["ScopeCell.new"]
            var type = ""
            for line in try String(contentsOf: generated, encoding: .utf8).split(separator: "\n") {
                if line.hasPrefix("open class ") { type = line.dropFirst(11).prefix { $0.isLetter }.description }
                if line.hasPrefix("open func "), ["Admitted", "ScopeCell"].contains(type) {
                    found.insert("\(type).\(line.dropFirst(10).prefix { $0.isLetter })")
                }
                if line.hasPrefix("public func "), !line.hasPrefix("public func FfiConverter"), !line.hasPrefix("public func uniffi") {
                    found.insert(line.dropFirst(12).filter { $0 != "`" }.prefix { $0.isLetter }.description)
                }
            }
            #expect(found == Set(Self.exports.keys).union(Self.unguarded))
        }

        @Test(arguments: exports.keys.sorted()) func aBug(_ name: String) throws {
            let captured = try CapturedEvents { $0.stormFolding = false }
            defer { captured.stop() }
            let place = name.replacingOccurrences(of: "ScopeCell.", with: "scope.").replacingOccurrences(of: "Admitted.", with: "")
                .reduce(into: "") { $0 += $1 == "." ? "_" : $1.isUppercase ? "_" + $1.lowercased() : String($1) }
            _ = armPanic(place: place)
            let call = try #require(Self.exports[name])
            #expect(try call())
            #expect(armPanic(place: "") == false, "\(place) was not reached")
            // What it left behind is in order.
            _ = try call()
        }

        @Test(arguments: ["submit", "worker"]) func aBugInTheEngineIsCounted(_ place: String) throws {
            try captured { captured in
                _ = armPanic(place: place)
                Faultwire.capture(message: "lost")
                #expect(Faultwire.flush(timeout: 10))
                Faultwire.capture(error: Oops())
                #expect(captured.events.map { $0.raised["type"] } == ["All.Guard.Oops"])
                #expect(Faultwire.stats.dropped == ["internal_sdk_error": 1])
            }
        }
    }
}
