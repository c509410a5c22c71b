//! Any address: JSON, signed.
//!
//! `X-Faultwire-Timestamp` has seconds since 1970; `X-Faultwire-Signature` has `v1=` and the HMAC-SHA256, in
//! hexadecimal digits, of timestamp, a dot, and the body as it came, under the channel's secret. A receiver compares
//! in constant time, refuses old timestamps, and knows a repeat by `X-Faultwire-Message`.

use ring::hmac;
use serde_json::{Value, json};

use super::http::Post;
use super::texts::Letter;

/// The signed request.
pub fn post(letter: &Letter, url: &str, secret: &str, now: i64) -> Post {
    let alerts: Vec<Value> = letter.content.alerts.iter().map(|alert| described(letter, alert)).collect();
    let body = json!({
        "id": letter.id, "server": letter.public_url, "total": letter.content.total, "alerts": alerts,
    });
    let mut post = Post::json(url, &letter.id, &body);
    let timestamp = now.div_euclid(1000).to_string();
    let signature = sign(secret, &timestamp, &post.body);
    post.headers.push(("X-Faultwire-Timestamp", timestamp));
    post.headers.push(("X-Faultwire-Signature", signature));
    post
}

fn described(letter: &Letter, alert: &super::Alert) -> Value {
    let mut value = serde_json::to_value(alert).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.insert("headline".into(), alert.headline().into());
        fields.insert("url".into(), letter.link(alert).into());
    }
    value
}

/// `v1=` and the digits.
pub fn sign(secret: &str, timestamp: &str, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()));
    context.update(timestamp.as_bytes());
    context.update(b".");
    context.update(body);
    let digits: String = context.sign().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("v1={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digits are Python's: `hmac.new(b"0123456789abcdef", b'1700000000.{"id":1}', "sha256").hexdigest()`.
    #[test]
    fn the_signature_is_what_the_documentation_says() {
        let expected = "v1=4bcaced68dfea90a68df035b89cb7fb26692d899d32a1ccb1b0616cf48e4d1ed";
        assert_eq!(sign("0123456789abcdef", "1700000000", br#"{"id":1}"#), expected);
    }
}
