import Faultwire
import Foundation

/// Secrets where applications put theirs, made here: nobody else has them. Prints each in a line of its own.
func leak() {
    struct Refused: Error, CustomStringConvertible, LocalizedError {
        let password: String
        let description: String
        var errorDescription: String? { description }
    }

    var made: [String] = []
    func secret(_ prefix: String = "") -> String {
        var text = prefix
        for _ in 0..<24 { text.append("abcdefghjkmnpqrstuvwxyz23456789".randomElement() ?? "x") }
        made.append(text)
        return text
    }

    try? Faultwire.start { options in
        options.spoolDir = environment["ENDINGS_SPOOL"]
        options.debug = true
        options.sanitizeKeys = ["walletId"]
        options.sanitizePatterns = ["voucher": "VOUCHER-[a-z0-9]+"]
        options.beforeSend = { event in
            var event = event
            event["extra"]["added"] = ["password": .string(environment["ENDINGS_HOOK"] ?? "")]
            return event
        }
    }
    made.append(environment["ENDINGS_HOOK"] ?? "")
    Faultwire.setTag("api_key", secret())
    Faultwire.setUser(User(id: "7", email: secret() + "@example.com", ipAddress: "192.0.2.77", data: ["password": .string(secret())]))
    Faultwire.setContext("account", ["walletId": .string(secret()), "nested": ["list": [["client_secret": .string(secret())]]]])
    Faultwire.setExtra("note", .string("authorization: Bearer \(secret())"))
    Faultwire.setRequest([
        "url": .string("https://me:\(secret())@shop.example/orders?token=\(secret())"), "method": "POST",
        "headers": ["Authorization": .string("Basic \(secret())"), "Cookie": .string("session=\(secret())")],
        "data": .string("{\"password\": \"\(secret())\", \"order\": 7}"),
    ])
    Faultwire.addBreadcrumb(message: "login password=\(secret())", data: ["access_token": .string(secret())])
    Faultwire.addBreadcrumb(message: "used \(secret("VOUCHER-"))")
    Faultwire.capture(error: Refused(password: secret(), description: "postgres://shop:\(secret())@db/orders is down"))
    Faultwire.capture(
        error: NSError(
            domain: "shop", code: 1,
            userInfo: [
                NSLocalizedDescriptionKey: "api_key=\(secret())", "password": secret(), "list": [["secret": secret()]],
                NSUnderlyingErrorKey: NSError(domain: "inner", code: 2, userInfo: ["passwd": secret()]),
            ]))
    Faultwire.capture(message: "token=\(secret())", template: "token=%@", params: [["token": .string(secret())]])
    Faultwire.capture(event: ["message": "by hand", "extra": ["private_key": .string(secret())], "tags": ["password": .string(secret())]])
    Faultwire.capture(
        error: Refused(password: "", description: "plain"),
        context: CaptureContext(tags: ["auth": secret()], extra: ["password": .string(secret())], user: User(id: "8", email: secret() + "@example.com")))
    Faultwire.flush(timeout: 10)
    for text in made { print(text) }
}
