import Foundation

extension JSONValue {
    /// What a text of the engine says; `null` where it is no JSON.
    package init(parsing text: String) {
        self = (try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))) ?? .null
    }

    /// As JSON. Numbers that JSON has not are texts. What is too much ends early and is none: nobody takes it.
    package var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func write(to bytes: inout [UInt8], _ levels: Int = Limit.levels) {
        switch self {
        // What is deeper would be refused, but not before it took a stack that a thread has not.
        case .array where levels == 0, .object where levels == 0: bytes += "null".utf8
        case .null: bytes += "null".utf8
        case .bool(let truth): bytes += (truth ? "true" : "false").utf8
        case .int(let number): bytes += String(number).utf8
        case .double(let number) where number.isFinite: bytes += String(number).utf8
        case .double(let number): Self.quote(String(number), to: &bytes)
        case .string(let text): Self.quote(cut(text, Limit.jsonText), to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                guard bytes.count < Limit.json else { return }
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes, levels - 1)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, (key, value)) in members.enumerated() {
                guard bytes.count < Limit.json else { return }
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.quote(key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                value.write(to: &bytes, levels - 1)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func quote(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                bytes += "\\u00".utf8
                bytes.append(hex[Int(byte >> 4)])
                bytes.append(hex[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static let hex = Array("0123456789abcdef".utf8)
}
