//! Linear on any input: for each rule the text that would show otherwise, at two lengths.
//!
//! Times are compared, not asserted on their own: eight times the text may take at most thirty-two times
//! as long (a quadratic rule takes sixty-four). The fastest of several runs counts, and a pair of
//! lengths that looks slow is measured again, because the machine has other things to do.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::sync::Mutex;

use faultwire::sanitize::Sanitizer;
use faultwire_properties::time::{BOUND, FACTOR, SMALL, ratio};
use serde_json::Value;

/// One measurement at a time.
static TURN: Mutex<()> = Mutex::new(());

fn adversaries() -> Vec<&'static str> {
    vec![
        "eyJ",
        "token= password = ",
        "token=a password=",
        "token=\"password=",
        "key = \\\"password = \"",
        "password='a' password '",
        "--token --password ",
        "token: -----BEGIN PRIVATE KEY----- ",
        "eyJeyJ.",
        "eyJhbGciOiJI",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n",
        "-----",
        "://",
        "://a:",
        "://a:b/",
        "://a@",
        "a://b:c@d ",
        "1",
        "1 ",
        "1-",
        "1.",
        "1.1.1.1.",
        "4111 ",
        "4111-",
        "411111111111111 ",
        "123-45-",
        "DE89",
        "DE89 3704 ",
        "a@",
        "a@a@a.",
        "@",
        "a%40",
        "a/b@",
        "a/b@c:1521/",
        "a/b@//",
        "/@//c",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY ",
        "aB3",
        "a.",
        "bob@a.b.c.d.",
        ":",
        "::",
        "a:",
        "abc:",
        "=",
        "a=",
        "token=",
        "token",
        "token:",
        "token: a ",
        "password",
        "password=",
        "password=,",
        "password=a,b",
        "password=a&",
        "password=(",
        "password: [",
        "password=\"",
        "password='\\",
        "\"password\":",
        "\"password\": \"\\\"",
        "password[",
        "[password]",
        "a[b]",
        "%3D",
        "%3Dtoken",
        "token%3D",
        "%",
        "%4",
        "<",
        ">",
        "<token>",
        "<token>a",
        "<a><",
        "<token a",
        "--",
        "--token ",
        "--token -",
        "-u a",
        "-u :",
        "sk-",
        "sk-a",
        "sk-ant-",
        "xoxb-",
        "ghp_",
        "ghp",
        "AKIA",
        "SG.",
        "SK0",
        "key-",
        "bearer ",
        "Bearer a ",
        "Basic ",
        "Basic a",
        "basic dXNlcjpw",
        "token 0",
        "Q~",
        "1Q~",
        "aaa8Q~",
        ":AA",
        "12345678:AA",
        "-us",
        "0-us1",
        "[Filtered",
        "[Filtered:",
        "[Filtered:password]",
        "[",
        "]",
        "{",
        "\"",
        "'",
        "\\",
        "\\\"",
        "\" ",
        "password '",
        "password \"a",
        "name=\"",
        "name=\"token\"",
        "name=\"token\"\r\n\r\n",
        "name=\"token\" value=\"",
        "Authorization: ",
        "cookie: a; ",
        "account key: ",
        "a key=",
        "é=",
        "密码=",
        "é@é.",
        "\n",
        " ",
        "a b",
        "('token',",
        "('token', '",
        "',",
        "&quot;",
        "token&quot;:",
        "token&quot;:&quot;",
        "\\u0022:",
        "secret: str = ",
        "secret: a = ",
        "a.b.c:d ",
        "AAAAAAAAAAAAAAAAAAAAA",
        "IQoJb3JpZ2lu",
        "EAAA",
        "access_token$production$",
        "hooks.slack.com/services/",
        "identified by '",
        "password == \"",
        "?token=a&",
        "a=b; ",
        "f:0::",
        "2001:db8::",
    ]
}

fn check(what: &str, run: impl Fn(&str)) {
    let _turn = TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    for unit in adversaries() {
        for frame in [("", " x"), ("\"secret\": \"a", "")] {
            let text = |len: usize| format!("{}{}{}", frame.0, unit.repeat(len / unit.len()), frame.1);
            let (small, large) = (text(SMALL), text(SMALL * FACTOR));
            let ratio = ratio(&|| run(&small), &|| run(&large));
            assert!(
                ratio < BOUND,
                "{what}: {unit:?} in {frame:?} took {ratio:.1} times as long for {FACTOR} times the text"
            );
        }
    }
}

#[test]
fn running_text_is_read_in_linear_time() {
    let sanitizer = Sanitizer::default();
    check("text", |text| drop(sanitizer.text(text)));
}

#[test]
fn source_lines_are_read_in_linear_time() {
    let sanitizer = Sanitizer::default();
    check("code", |text| drop(sanitizer.code(text)));
}

#[test]
fn queries_urls_and_cookies_are_read_in_linear_time() {
    let sanitizer = Sanitizer::default();
    check("query", |text| drop(sanitizer.query(text)));
    check("url", |text| drop(sanitizer.url(text)));
    check("cookies", |text| drop(sanitizer.cookies(text)));
}

#[test]
fn bodies_and_keys_are_read_in_linear_time() {
    let sanitizer = Sanitizer::default();
    check("body", |text| sanitizer.body(&mut Value::from(text)));
    check("key", |text| drop(sanitizer.key_rule(text).map(str::to_owned)));
}
