//! Envelopes as real applications send them: for the tests, and for looking at both reports.

use faultwire::protocol::{Envelope, EnvelopeHeader, EventId, Item, Timestamp, Value};
use serde_json::json;

/// Fingerprint of [`checkout`].
pub const CHECKOUT_PRINT: &str = "3fa94c12be07d1e88c4f6a2290b1c7e5a6d3f0918b27e4c55d6071f2ab83c94e";

/// An envelope around items, as an SDK of ours would head it.
pub fn envelope(event_id: Option<EventId>, items: Vec<Item>) -> Vec<u8> {
    let header = EnvelopeHeader { event_id, sent_at: Some(Timestamp::now()), ..EnvelopeHeader::default() };
    Envelope { header, items }.to_bytes()
}

/// An envelope around one event.
pub fn event(payload: &Value) -> Vec<u8> {
    let id = payload["event_id"].as_str().and_then(|id| id.parse().ok());
    envelope(id, vec![Item::new("event", payload.to_string().into_bytes())])
}

/// The smallest event nobody can object to.
pub fn smallest(message: &str) -> Value {
    json!({
        "event_id": EventId::random(),
        "timestamp": Timestamp::now(),
        "platform": "python",
        "logentry": {"formatted": message},
    })
}

/// A Python web shop: a chain of errors, library calls, locals, a request, breadcrumbs, and much to filter.
pub fn checkout() -> Value {
    let now = Timestamp::now().as_secs();
    json!({
        "event_id": EventId::random(),
        "timestamp": now,
        "platform": "python",
        "level": "error",
        "logger": "shop.checkout",
        "transaction": "POST /carts/{cart}/checkout",
        "server_name": "web-3",
        "release": "shop@4.12.1",
        "environment": "production",
        "exception": checkout_chain(),
        "request": {
            "method": "POST",
            "url": "https://shop.example/carts/42/checkout",
            "query_string": "utm_source=mail&session=[Filtered]",
            "headers": {"Authorization": "[Filtered]", "Content-Type": "application/json", "Host": "shop.example", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"},
            "cookies": {"sessionid": "[Filtered]", "theme": "dark"},
            "data": {"card": {"holder": "[Filtered]", "number": "[Filtered:card]"}, "coupon": "SPRING", "newsletter": false}
        },
        "user": {"id": "7f3a", "email": "[Filtered:email]"},
        "tags": {"country": "SE", "payment.provider": "eu-west", "tenant": "northwind"},
        "contexts": {
            "runtime": {"name": "CPython", "version": "3.13.1"},
            "os": {"name": "Linux", "version": "6.1"},
            "trace": {"trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331"},
            "faultwire": {"fingerprint": CHECKOUT_PRINT, "session": "s-19f2"}
        },
        "breadcrumbs": {"values": [
            {"timestamp": now - 9.1, "category": "auth", "message": "user 7f3a signed in", "level": "info"},
            {"timestamp": now - 4.02, "type": "query", "category": "sql", "message": "SELECT * FROM carts WHERE id = ? AND owner = ?", "data": {"rows": 1, "ms": 4}},
            {"timestamp": now - 2.2, "type": "http", "category": "http", "message": "POST https://eu-west.pay.example/charge", "data": {"status": 504, "ms": 2000}, "level": "error"},
            {"timestamp": now - 0.12, "category": "shop.payments", "message": "retry 3 of 3 gave up, token=[Filtered]", "level": "warning"}
        ]},
        "extra": {"feature_flags": ["new-checkout", "sca-v2"], "queue_depth": 17},
        "sdk": {"name": "faultwire.python", "version": "0.1.0"},
        "_meta": {"exception": {"values": {"1": {"value": {"": {"rem": [["card", "s", 5, 20], ["connection_string", "s", 80, 99]]}}}}},
                  "request": {"data": {"": {"len": 18220, "rem": [["max_request_body_size", "x", 4096, 4096]]}}},
                  "user": {"email": {"": {"rem": [["email", "s", 0, 16]]}}}}
    })
}

/// Two errors, one the cause of the other.
fn checkout_chain() -> Value {
    json!({"values": [
        {
            "type": "TimeoutError",
            "value": "gateway eu-west did not answer within 2.0 s",
            "mechanism": {"type": "chained", "exception_id": 1, "parent_id": 0, "source": "__cause__", "handled": true},
            "stacktrace": {"frames": [
                {
                    "function": "charge", "module": "shop.payments.gateway", "filename": "shop/payments/gateway.py",
                    "lineno": 61, "in_app": true,
                    "pre_context": ["    def charge(self, card, amount):", "        body = {\"card\": card.number, \"amount\": str(amount)}"],
                    "context_line": "        answer = self.session.post(self.url, json=body, timeout=self.timeout)",
                    "post_context": ["        answer.raise_for_status()", "        return Receipt.from_json(answer.json())"],
                    "vars": {"amount": "Decimal('129.50')", "body": {"amount": "129.50", "card": "[Filtered]"}, "self": "<Gateway eu-west>"}
                },
                {
                    "function": "Session.post", "module": "requests.sessions", "filename": "requests/sessions.py",
                    "lineno": 637, "in_app": false,
                    "context_line": "        return self.request(\"POST\", url, data=data, json=json, **kwargs)"
                },
                {"function": "HTTPAdapter.send", "module": "requests.adapters", "filename": "requests/adapters.py", "lineno": 713, "in_app": false}
            ]}
        },
        {
            "type": "PaymentFailed",
            "module": "shop.payments",
            "value": "card [Filtered:card] could not be charged for order 8812: postgresql://shop:[Filtered:password]@db-1/shop kept the lock",
            "mechanism": {"type": "auto.http.asgi", "exception_id": 0, "handled": false},
            "stacktrace": {"frames": [
                {"function": "ServerErrorMiddleware.__call__", "filename": "starlette/middleware/errors.py", "lineno": 164, "in_app": false},
                {"function": "ExceptionMiddleware.__call__", "filename": "starlette/middleware/exceptions.py", "lineno": 62, "in_app": false},
                {"function": "run_endpoint_function", "filename": "fastapi/routing.py", "lineno": 301, "in_app": false},
                {
                    "function": "checkout", "module": "shop.api.carts", "filename": "shop/api/carts.py", "lineno": 88, "in_app": true,
                    "pre_context": ["@router.post(\"/carts/{cart}/checkout\")", "async def checkout(cart: int, form: CheckoutForm, user: CurrentUser):", "    order = await orders.from_cart(cart, user)"],
                    "context_line": "    receipt = await pay(order, form.card)",
                    "post_context": ["    await mail.confirm(user, receipt)", "    return {\"order\": order.id, \"receipt\": receipt.id}"],
                    "vars": {
                        "cart": 42, "form": {"card": "[Filtered]", "coupon": "SPRING", "newsletter": false},
                        "order": "<Order 8812, 3 lines, 129.50 EUR>", "user": "<User 7f3a>"
                    }
                },
                {
                    "function": "pay", "module": "shop.payments", "filename": "shop/payments/__init__.py", "lineno": 34, "in_app": true,
                    "pre_context": ["async def pay(order, card):", "    gateway = Gateway.for_country(order.country)", "    try:", "        return await gateway.charge(card, order.total)"],
                    "context_line": "    except TimeoutError as late: raise PaymentFailed(order, card) from late",
                    "post_context": ["", "", "async def refund(order):"],
                    "vars": {
                        "card": "[Filtered]", "gateway": "<Gateway eu-west>", "order": "<Order 8812, 3 lines, 129.50 EUR>",
                        "attempts": 3, "api_token": "[Filtered]",
                        "headers": {"authorization": "Bearer [Filtered:token]", "x-request-id": "c41f"}
                    }
                }
            ]}
        }
    ]})
}

/// A Rust service that panicked: few frames, unhandled, no request.
pub fn panic() -> Value {
    json!({
        "event_id": EventId::random(),
        "timestamp": Timestamp::now(),
        "platform": "rust",
        "level": "fatal",
        "release": "indexer@0.9.0",
        "environment": "staging",
        "server_name": "idx-1",
        "exception": {"values": [{
            "type": "panic",
            "value": "index out of bounds: the len is 3 but the index is 3",
            "mechanism": {"type": "auto.panic", "handled": false},
            "stacktrace": {"frames": [
                {"function": "std::rt::lang_start_internal", "filename": "library/std/src/rt.rs", "lineno": 175, "in_app": false},
                {"function": "indexer::main", "filename": "src/main.rs", "lineno": 21, "in_app": true},
                {"function": "indexer::merge::Segments::merge_tail", "filename": "src/merge.rs", "lineno": 142, "colno": 22, "in_app": true,
                 "pre_context": ["    pub fn merge_tail(&mut self, from: usize) -> Segment {", "        let mut merged = Segment::default();"],
                 "context_line": "        for i in from..=self.0.len() { merged.absorb(&self.0[i]); }",
                 "post_context": ["        self.0.truncate(from);", "        merged"]},
                {"function": "core::panicking::panic_bounds_check", "filename": "library/core/src/panicking.rs", "lineno": 280, "in_app": false}
            ]}
        }]},
        "tags": {"shard": "12"},
        "contexts": {"runtime": {"name": "rustc", "version": "1.89.0"},
                     "faultwire": {"fingerprint": "b81c0d7745ce9a02f6613e8ad0c5f9e7b2146d3385fa70c9e1d42b6a97083f5d"}},
        "sdk": {"name": "faultwire.rust", "version": "0.1.0"}
    })
}

/// A Node message at `warning`, without a stack.
pub fn warning() -> Value {
    json!({
        "event_id": EventId::random(),
        "timestamp": Timestamp::now(),
        "platform": "node",
        "level": "warning",
        "transaction": "job:import-prices",
        "release": "prices@2026.3",
        "environment": "production",
        "logentry": {"message": "feed %s is %d minutes late", "params": ["acme", 43], "formatted": "feed acme is 43 minutes late"},
        "tags": {"feed": "acme"},
        "sdk": {"name": "faultwire.node", "version": "0.1.0"}
    })
}

/// An event that tries to break out of whatever shows it.
pub fn hostile() -> Value {
    let attack = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'</style></title>";
    let terminal = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}gnp.exe";
    json!({
        "event_id": EventId::random(),
        "timestamp": Timestamp::now(),
        "platform": attack,
        "level": "info",
        "transaction": format!("{attack}{terminal}"),
        "release": attack,
        "environment": terminal,
        "exception": {"values": [{
            "type": attack,
            "value": format!("{terminal}{attack}[Filtered:{attack}]\n[Filtered:card]"),
            "mechanism": {"type": attack, "source": attack},
            "stacktrace": {"frames": [{"function": attack, "filename": terminal, "lineno": 4294967295u32,
                "context_line": attack, "pre_context": [terminal], "post_context": [attack], "vars": {attack: {attack: terminal}}, "in_app": true}]}
        }]},
        "request": {"url": format!("javascript:{attack}"), "method": attack, "headers": {attack: attack}, "data": attack, "cookies": attack},
        "user": {"id": attack, attack: attack},
        "tags": {attack: terminal},
        "breadcrumbs": {"values": [{"category": attack, "message": terminal, "data": {attack: attack}}]},
        "fingerprint": [attack],
        "contexts": {"faultwire": {"fingerprint": attack}, attack: {"name": attack}},
        "extra": {attack: [attack]},
        "sdk": {"name": attack, "version": terminal},
        "_meta": {"tags": {attack: {"": {"rem": [[attack, attack]], "err": [attack]}}}}
    })
}

/// A count item and a client report, as they follow a storm.
pub fn after_a_storm() -> Vec<u8> {
    let counts = json!({
        "id": EventId::random(), "event_id": EventId::random(), "fingerprint": CHECKOUT_PRINT,
        "release": "shop@4.12.1", "environment": "production", "level": "error", "count": 9900,
        "first": Timestamp::now(), "last": Timestamp::now(), "sample_rate": 1.0
    });
    let report = json!({"timestamp": Timestamp::now(), "discarded_events": [
        {"reason": "queue_overflow", "category": "error", "quantity": 12},
        {"reason": "sample_rate", "category": "error", "quantity": 40}
    ]});
    envelope(
        None,
        vec![
            Item::new("faultwire_counts", counts.to_string().into_bytes()),
            Item::new("client_report", report.to_string().into_bytes()),
        ],
    )
}
