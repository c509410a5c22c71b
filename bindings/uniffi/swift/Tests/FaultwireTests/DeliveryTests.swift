import Faultwire
import FaultwireBridge
import Foundation
import Testing

extension All {
    /// From a capture to the bytes at a real server.
    @Suite struct Delivery {
        enum PaymentError: Error { case declined(code: Int) }

        @Test func anErrorArrives() throws {
            let sink = try Sink()
            try Faultwire.start { options in
                options.dsn = sink.dsn
                options.release = "shop@1.4.2"
                options.environment = "test"
                options.spool = false
            }
            defer { abandonClient() }
            let id = Faultwire.capture(error: PaymentError.declined(code: 5))
            #expect(Faultwire.flush(timeout: 10))
            let event = try #require(try sink.events(1).first)
            #expect(event["event_id"].string == id)
            #expect(event["platform"] == "cocoa")
            #expect(event["release"] == "shop@1.4.2")
            #expect(event["environment"] == "test")
            #expect(event["sdk"]["name"] == "faultwire.swift")
            #expect(event["contexts"]["runtime"]["name"] == "Swift")
            #expect(event.raised["type"] == "All.Delivery.PaymentError")
            #expect(event.raised["module"] == "FaultwireTests")
            #expect(event.raised["value"] == "declined(code: 5)")
        }

        @Test func whatWasClosedCanBeStartedAgain() throws {
            let sink = try Sink()
            defer { abandonClient() }
            for name in ["one", "two"] {
                try Faultwire.start { options in
                    options.dsn = sink.dsn
                    options.spool = false
                }
                #expect(Faultwire.isEnabled)
                #expect(Faultwire.capture(message: name) != nil)
                #expect(Faultwire.close(timeout: 10))
                #expect(Faultwire.capture(message: "closed") == nil)
            }
            #expect(try sink.events(2).map { $0["logentry"]["formatted"].string } == ["one", "two"])
        }
    }
}
