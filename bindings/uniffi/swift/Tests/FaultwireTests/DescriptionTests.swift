import Faultwire
import Foundation
import Testing

extension All {
    /// What is said of an error that does not say it itself: what Swift says, within limits.
    @Suite struct Descriptions {
        enum Plain: Error { case full }
        enum Held: Error, @unchecked Sendable {
            case one(Int), named(code: Int), several(Int, text: String), text(String), cause(any Error)
            case list([Int]), slice(ArraySlice<Int>), contiguous(ContiguousArray<String>), set(Set<Int>)
            case table([String: [Int]]), maybe(String?), tuple((Int, b: Bool)), data(Data), type(Any.Type), object(AnyObject)
            case own(Own), debug(OwnDebug), url(URL), nothing(Void), deep([[String: Int?]]), any(Any)
        }
        indirect enum Tree: Error { case node(Tree?, Tree?), leaf }
        struct Record: Error { let name: String, count: Double, cause: (any Error)?, tags: [String: String] }
        struct Empty: Error {}
        struct Own: Sendable, CustomStringConvertible { var description: String { "own" } }
        struct OwnDebug: Sendable, CustomDebugStringConvertible { var debugDescription: String { "own debug" } }
        struct Shown: Error, CustomReflectable {
            var customMirror: Mirror { Mirror(self, children: ["a": 1, "b": "x"], displayStyle: .struct) }
        }
        class Object: Error, @unchecked Sendable { let secret = 1 }
        struct Generic<Value: Sendable>: Error { let value: Value }
        struct Described: Error, CustomStringConvertible { var description: String { "described" } }

        static let errors: [any Error] = [
            Plain.full, Held.one(7), Held.named(code: 7), Held.several(1, text: "two"), Held.text("a \"b\" \\ \n \u{1F980} \0"),
            Held.cause(Plain.full), Held.cause(Held.named(code: 1)), Held.list([]), Held.list([1, 2, 3]),
            Held.slice([1, 2, 3].dropFirst()), Held.contiguous(["a"]), Held.set([7]), Held.table([:]), Held.table(["a": [1]]),
            Held.maybe(nil), Held.maybe("x"), Held.tuple((1, b: true)), Held.data(Data([1, 2])), Held.type(Int.self),
            Held.object(NSNumber(value: 7)), Held.object(Object()), Held.own(Own()), Held.debug(OwnDebug()),
            Held.url(URL(fileURLWithPath: "/srv/x")), Held.nothing(()), Held.deep([["a": 1, "b": nil].filter { $0.key == "b" }]),
            Held.any(Optional<Int>.none as Any), Held.any(Optional<Int>.some(7) as Any), Held.any(1.5), Held.any(Character("x")),
            Held.any("abc".dropFirst()), Held.any(0..<3), Held.any(UInt8(3)), Held.any(["a": 1] as NSDictionary),
            Tree.leaf, Tree.node(.leaf, nil), Tree.node(.node(nil, nil), .leaf),
            Record(name: "x", count: 2, cause: Plain.full, tags: ["a": "b"]), Record(name: "", count: 0, cause: nil, tags: [:]),
            Empty(), Shown(), Object(), Generic(value: [1]), Generic(value: "x" as String?), Described(),
        ]

        @Test func itIsWhatSwiftSays() {
            for error in Self.errors {
                #expect(ErrorChain(error).raised.first?.value == String(describing: error))
            }
        }

        @Test func aPrivateTypeHasNoAddress() {
            struct Hidden: Error { let cause: any Error }
            struct Local: Error {}
            let value = ErrorChain(Hidden(cause: Local())).raised.first?.value
            #expect(String(describing: Hidden(cause: Local())).contains("unknown context"))
            #expect(value == "Hidden(cause: FaultwireTests.All.Descriptions.Local())")
        }

        @Test func whatIsLeftOutIsMarked() {
            let list = ErrorChain(Held.list([Int](repeating: 7, count: 2000))).raised.first?.value ?? ""
            #expect(list.hasPrefix("list([7, 7, ") && list.hasSuffix(", 7, ...])"), "\(list.suffix(20))")
            let table = ErrorChain(Held.table(Dictionary(uniqueKeysWithValues: (0..<2000).map { ("\($0)", []) }))).raised.first?.value ?? ""
            #expect(table.hasPrefix("table([\"") && table.hasSuffix(": [], ...])"), "\(table.suffix(20))")
            var tree = Tree.leaf
            for _ in 0..<100 { tree = .node(tree, tree) }
            let deep = ErrorChain(tree).raised.first?.value ?? ""
            #expect(deep.hasPrefix("node(Optional(") && deep.utf8.count < 100_000, "\(deep.utf8.count)")
        }
    }
}
