//! No secret survives, wherever it is put and whatever stands around it.
//!
//! Input: two characters that choose a secret and its place, then what stands before it, and behind a TAB what
//! stands after it. Between them and the secret are line feeds or blanks: a rule may take a longer word for
//! something else, but no sentence, however odd, may make a secret unseen.

use faultwire::Event;
use faultwire::protocol::Value;
use faultwire::sanitize::Sanitizer;
use serde_json::json;

/// A secret: what stands in a text, and the parts of it of which none may be left.
struct Secret {
    text: &'static str,
    parts: &'static [&'static str],
    /// Where the rule applies.
    seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// In names of functions and files too.
    Everywhere,
    /// In texts and lines of source.
    InTexts,
    /// In running text only.
    InProse,
}

const fn secret(text: &'static str, parts: &'static [&'static str], seen: Seen) -> Secret {
    Secret { text, parts, seen }
}

use Seen::{Everywhere, InProse, InTexts};

// None is real. Each part is long enough to occur by chance never.
const SECRETS: &[Secret] = &[
    secret("AKIAIOSFODNN7EXAMPLE", &["IOSFODNN", "N7EXAMPLE"], Everywhere),
    secret("ghp_0A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r", &["0A1b2C3d4E", "4O5p6Q7r"], Everywhere),
    secret("sk_live_4eC39HqLyjWDarjtT1zdp7dc", &["4eC39HqLy", "T1zdp7dc"], Everywhere),
    secret("AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q", &["SyA1b2C3d4", "M3n4O5p6Q"], Everywhere),
    secret("xoxb-123456789012-abcdefABCDEF1234", &["123456789012", "ABCDEF1234"], Everywhere),
    secret(
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJlMTIz",
        &["eyJzdWIiOiJib2IifQ", "c2lnbmF0dXJlMTIz"],
        Everywhere,
    ),
    secret("postgres://bob:Xq7hunter2Zk@db/shop", &["Xq7hunter2Zk"], Everywhere),
    secret("Bearer q7Zk0A1b2C3d4E5f6G7h", &["q7Zk0A1b", "E5f6G7h"], Everywhere),
    secret(
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg0A1b2C\n-----END PRIVATE KEY-----",
        &["MIIEvQIBADANBg", "g0A1b2C"],
        Everywhere,
    ),
    secret("4111 1111 1111 1111", &["1111 1111"], InTexts),
    secret("078-05-1120", &["078-05", "05-1120"], InTexts),
    secret("DE89370400440532013000", &["370400440", "532013000"], InTexts),
    secret("bob.q7zk@mail.example.com", &["bob.q7zk"], InTexts),
    secret("203.0.113.77", &["0.113.77"], InTexts),
    secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCY3XAMPLEK3Y", &["wJalrXUtnFEMI", "bPxRfiCY3X"], InTexts),
    secret("password=Xq7hunter2Zk", &["Xq7hunter2Zk"], InProse),
    secret("\"api_key\": \"Xq7hunter2Zk\"", &["Xq7hunter2Zk"], InProse),
    secret("password = \"Xq7hunter2Zk\"", &["Xq7hunter2Zk"], InTexts),
    secret("client_secret: 'Xq7hunter2Zk'", &["Xq7hunter2Zk"], InTexts),
    secret("{'token': 'Xq7hunter2Zk'}", &["Xq7hunter2Zk"], InProse),
    secret("('password', 'Xq7hunter2Zk')", &["Xq7hunter2Zk"], InProse),
    secret("--access-token Xq7hunter2Zk", &["Xq7hunter2Zk"], InProse),
    secret("password 'Xq7hunter2Zk'", &["Xq7hunter2Zk"], InProse),
    secret("?access_token=Xq7hunter2Zk&b=1", &["Xq7hunter2Zk"], InProse),
    secret("Authorization: Basic dXNlcjpYcTdodW50ZXIyWms=", &["dXNlcjpYcTdod", "50ZXIyWms"], InProse),
    secret("<password>Xq7hunter2Zk</password>", &["Xq7hunter2Zk"], InProse),
];

/// A place for a text: what is seen there, and the event that has it.
type Place = (Seen, fn(&str) -> Value);

#[rustfmt::skip]
const PLACES: &[Place] = &[
    (InProse, |t| json!({"logentry": {"message": t}})),
    (InProse, |t| json!({"logentry": {"message": "%s", "params": [t]}})),
    (InProse, |t| json!({"message": t})),
    (InProse, |t| json!({"exception": [{"type": "E", "value": t}]})),
    (InProse, |t| json!({"exception": [{"type": "E", "mechanism": {"type": "x", "data": {"a": t}}}]})),
    (InProse, |t| frame(&json!({"vars": {"a": t}}))),
    (InProse, |t| frame(&json!({"vars": {"a": {"b": [t, "c"]}}}))),
    (InTexts, |t| frame(&json!({"context_line": t}))),
    (InTexts, |t| frame(&json!({"pre_context": ["a(", t, "b"], "context_line": "x"}))),
    (Everywhere, |t| frame(&json!({"function": t}))),
    (Everywhere, |t| frame(&json!({"abs_path": t}))),
    (Everywhere, |t| json!({"logger": t})),
    (Everywhere, |t| json!({"user": {"id": t}})),
    (InProse, |t| json!({"threads": [{"id": 1, "name": t}]})),
    (InProse, |t| json!({"breadcrumbs": [{"message": t}]})),
    (InProse, |t| json!({"breadcrumbs": [{"data": {"a": t}}]})),
    (InProse, |t| json!({"breadcrumbs": [{"data": {"body": t}}]})),
    (InProse, |t| json!({"request": {"data": t}})),
    (InProse, |t| json!({"request": {"data": {"a": [t]}}})),
    (InProse, |t| json!({"request": {"headers": {"X-Note": t}}})),
    (InProse, |t| json!({"request": {"headers": {"Referer": t}}})),
    (InProse, |t| json!({"request": {"env": {"NOTE": t}}})),
    (InProse, |t| json!({"request": {"url": t}})),
    (InProse, |t| json!({"request": {"query_string": t}})),
    (InProse, |t| json!({"request": {"cookies": t}})),
    (InProse, |t| json!({"request": {"cookies": {"a": t}}})),
    (InProse, |t| json!({"extra": {"a": t}})),
    (InProse, |t| json!({"extra": {t: "a"}})),
    (InProse, |t| json!({"extra": {"a": {"b": {"c": [[t]]}}}})),
    (InProse, |t| json!({"contexts": {"a": {"b": t}}})),
    (InProse, |t| json!({"contexts": {t: {"b": "c"}}})),
    (InProse, |t| json!({"tags": {"a": t}})),
    (InProse, |t| json!({"tags": {t: "a"}})),
    (InProse, |t| json!({"transaction": t})),
    (InProse, |t| json!({"user": {"data": {"a": t}}})),
    (InProse, |t| json!({"fingerprint": [t]})),
    (InProse, |t| json!({"stray": {"a": t}})),
    (InProse, |t| json!({"_meta": {"extra": {"a": {"": {"err": [t], "val": t}}}}})),
];

fn frame(frame: &Value) -> Value {
    json!({"platform": "python", "exception": [{"type": "E", "stacktrace": {"frames": [frame]}}]})
}

/// What stands under them.
const SECRET: &str = "Xq7hunter2Zk";

/// Names that hide whatever stands under them.
const KEYS: &[&str] = &["password", "api_key", "X-Auth-Token", "clientSecret", "DB_PASSWORD", "csrftoken"];

pub fn check(input: &[u8]) {
    let Some((&[secret, place], rest)) = input.split_first_chunk() else { return };
    let Some(text) = crate::text(rest) else { return };
    let (before, after) = text.split_once('\t').unwrap_or((text, ""));
    // Beyond what is kept the secret would be cut off with the rest.
    if before.len() > 150 || text.contains(SECRET) {
        return;
    }
    under_a_key(secret, place, before);
    let all = SECRETS.iter().filter(|s| s.text.len() < 200);
    let Some(secret) = all.clone().cycle().nth(usize::from(secret) % SECRETS.len()) else { return };
    let places = PLACES.iter().filter(|(seen, _)| fits(*seen, secret.seen));
    let Some((_, make)) = places.clone().cycle().nth(usize::from(place) % places.count().max(1)) else { return };
    if secret.parts.iter().any(|part| before.contains(part) || after.contains(part)) {
        return;
    }
    for space in ["\n", " "] {
        if space == " " && secret.text.starts_with("203.") && names_version(before) {
            continue;
        }
        let text = format!("{before}{space}{}{space}{after}", secret.text);
        let Ok(mut event) = Event::from_value(make(&text)) else { return };
        Sanitizer::default().event(&mut event);
        gone(&event, secret.parts, &text);
    }
}

/// `version 1.2.3.4` is one.
fn names_version(before: &str) -> bool {
    let before = before.trim_end_matches(|c: char| !c.is_ascii_alphabetic()).to_ascii_lowercase();
    ["version", "ver", "release", "rev", "build", "v"].iter().any(|word| before.ends_with(word))
}

/// Whether what is seen in `place` includes what needs `rule`.
fn fits(place: Seen, rule: Seen) -> bool {
    match rule {
        Everywhere => true,
        InTexts => place != Everywhere,
        InProse => place == InProse,
    }
}

/// A value under a name that hides it, with anything else around both.
fn under_a_key(key: u8, form: u8, text: &str) {
    let key = KEYS.iter().cycle().nth(usize::from(key) % KEYS.len()).copied().unwrap_or("password");
    let mut value = match form % 4 {
        0 => json!({key: SECRET}),
        1 => json!({key: [SECRET, {"a": SECRET}]}),
        2 => json!({key: {"a": {"b": SECRET}}}),
        _ => json!({"name": key, "value": SECRET}),
    };
    for (depth, c) in text.chars().take(6).enumerate() {
        value = match u32::from(c) % 5 {
            0 => json!([value]),
            1 => json!({"a": value}),
            2 => json!([text, value, text]),
            3 => json!({text: value, "b": text}),
            _ => json!({"a": text, "b": value, "c": depth}),
        };
    }
    let around = match form / 4 % 6 {
        0 => json!({"extra": {"x": value}}),
        1 => json!({"contexts": {"x": value}}),
        2 => json!({"request": {"data": value}}),
        3 => json!({"request": {"data": value.to_string()}}),
        4 => json!({"breadcrumbs": [{"data": {"x": value}}]}),
        _ => frame(&json!({"vars": {"x": value}})),
    };
    let Ok(mut event) = Event::from_value(around.clone()) else { return };
    Sanitizer::default().event(&mut event);
    gone(&event, &[SECRET], &around.to_string());
}

fn gone(event: &Event, parts: &[&str], was: &str) {
    let sent = serde_json::to_string(event).expect("an event is JSON");
    for part in parts {
        assert!(!sent.contains(part), "{part} is left of {was:?} in {sent}");
    }
}
