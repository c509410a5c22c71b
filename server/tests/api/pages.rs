//! The dashboard as browsers get it: what it is said to be, for how long it may be kept, and that nothing else is there.

use std::io::Read;

use tempfile::TempDir;

use super::support::{Answer, Client, Running, dist};

fn start() -> (TempDir, Running) {
    let dist = dist();
    let server = Running::showing(dist.path(), &[]);
    (dist, server)
}

/// Whether the body of an answer came packed.
fn is_packed(answer: &Answer) -> bool {
    answer.header("content-encoding") == Some("gzip")
}

/// Everything of the dashboard says what it is, and what browsers may do with it: nothing but its own.
#[test]
fn each_file_says_what_it_is() {
    let (_dist, server) = start();
    let nobody = server.nobody();
    for (path, kind, caching) in [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/setup", "text/html; charset=utf-8", "no-cache"),
        ("/projects/1/issues/3?status=open", "text/html; charset=utf-8", "no-cache"),
        ("/theme.js", "text/javascript; charset=utf-8", "no-cache"),
        ("/icon.svg", "image/svg+xml", "no-cache"),
        ("/assets/app-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = nobody.send(method, path, None);
            assert_eq!(answer.status, 200, "{method} {path}");
            assert_eq!(answer.text().is_empty(), method == "HEAD", "{path}");
            let said = |name| answer.header(name).unwrap_or_else(|| panic!("{method} {path}: no {name}"));
            assert_eq!((said("content-type"), said("cache-control")), (kind, caching), "{path}");
            assert_eq!((said("x-content-type-options"), said("referrer-policy")), ("nosniff", "no-referrer"));
            assert_eq!(said("cross-origin-opener-policy"), "same-origin");
            let policy = said("content-security-policy");
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "), "{policy}");
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            for lax in ["unsafe", "data:", "blob:", "http", "*"] {
                assert!(!policy.contains(lax), "{policy}");
            }
        }
    }
    assert_eq!(nobody.post("/issues", &serde_json::json!({})).reason(), "method_not_allowed");
}

/// What is not there is told as programs are told, also to a tab that asks for what the build before this one had.
#[test]
fn what_is_not_there_is_no_page() {
    let (dist, server) = start();
    std::fs::write(dist.path().join("assets/.hidden"), "x").unwrap();
    std::fs::write(dist.path().join("secret.js"), "x").unwrap();
    for path in [
        "/assets/app-0.js",
        "/assets/app-1.js.gz",
        "/assets/.hidden",
        "/assets/",
        "/assets/..%2fsecret.js",
        "/assets/..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e",
        "/assets/..",
        "/assets/..%5csecret.js",
        "/assets/%00",
        "/assets/%ff",
        "/assets/%2fetc%2fpasswd",
        "/assets/x/app-1.js",
        "/secret.js",
        "/index.html",
        "/theme.js.gz",
        "/nothing",
        "/project",
        "/api",
    ] {
        let answer = server.nobody().get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
        assert_ne!(answer.header("cache-control"), Some("public, max-age=31536000, immutable"), "{path}");
    }
}

/// Who has a page is not sent it again, until there is another.
#[test]
fn what_is_known_is_not_sent_again() {
    let (dist, server) = start();
    let nobody = server.nobody();
    for path in ["/", "/account", "/theme.js"] {
        let tag = nobody.get(path).header("etag").unwrap().to_owned();
        for known in [tag.clone(), format!("\"x\", W/{tag}"), "*".to_owned()] {
            let answer = nobody.clone().with("if-none-match", &known).get(path);
            assert_eq!((answer.status, answer.text(), answer.header("etag")), (304, "", Some(&*tag)), "{path}");
            assert_eq!(answer.header("cache-control"), Some("no-cache"));
            assert!(answer.header("content-security-policy").is_some() && !is_packed(&answer));
        }
        assert_eq!(nobody.clone().with("if-none-match", "\"x\"").get(path).status, 200);
    }
    let (before, build) = (nobody.get("/").header("etag").unwrap().to_owned(), build(&server.host()));
    std::fs::write(dist.path().join("index.html"), "another <base href=\"/\"> __BUILD__").unwrap();
    let after = nobody.clone().with("if-none-match", &before).get("/");
    assert_eq!(after.status, 200);
    assert!(after.text().starts_with("another <base href=\"/\"> ") && !after.text().contains(&build));
}

/// The build that `me` tells of.
fn build(client: &Client) -> String {
    client.get("/api/v1/me").header("x-faultwire-build").unwrap().to_owned()
}

/// A page names its build, and the API the one that the server has.
#[test]
fn a_tab_can_tell_that_it_is_stale() {
    let (dist, server) = start();
    let host = server.host();
    let named = build(&host);
    assert!(named.len() == 12 && named.bytes().all(|byte| byte.is_ascii_hexdigit()), "{named}");
    let shown = format!("<meta name=\"faultwire-build\" content=\"{named}\">");
    assert!(host.get("/projects").text().contains(&shown));
    std::fs::write(dist.path().join("index.html"), "another").unwrap();
    assert_ne!(build(&host), named);
}

/// Packed for who takes that, plain for all others; and caches between know that there are two.
#[test]
fn files_are_packed_for_who_takes_that() {
    let (_dist, server) = start();
    for path in ["/assets/app-1.js", "/theme.js"] {
        for (takes, expected) in [
            ("gzip", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("br, *;q=0.1", true),
            ("gzip ; q=0.001", true),
            ("gzip;q=0", false),
            ("gzip;q=0.0, *", false),
            ("gzip;q=x", false),
            ("*;q=0", false),
            ("br, identity", false),
            ("", false),
        ] {
            let (head, body) = raw(&server.nobody().with("accept-encoding", takes), path);
            assert_eq!(head.contains("content-encoding: gzip\r\n"), expected, "{takes:?}");
            assert!(head.contains("vary: accept-encoding\r\n"), "{head}");
            assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
            assert_eq!(body.starts_with(&[0x1f, 0x8b]), expected, "{takes:?}");
            assert!(expected || body.starts_with(b"let "), "{takes:?}");
        }
        assert!(!is_packed(&server.nobody().get(path)), "who says nothing takes what is plain");
    }
    let tag = |takes| server.nobody().with("accept-encoding", takes).send("HEAD", "/theme.js", None);
    assert_ne!(tag("gzip").header("etag"), tag("").header("etag"));
    assert!(is_packed(&tag("gzip")));
}

/// The head and the bytes of an answer.
fn raw(client: &Client, path: &str) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    client.open(path).read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n").unwrap() + 4;
    let body = bytes.split_off(end);
    (String::from_utf8(bytes).unwrap(), body)
}

/// A page finds its files and the API under the path of the public address, whether a proxy takes that away or not.
#[test]
fn under_a_path() {
    let dist = dist();
    let server = Running::showing(dist.path(), &["--public-url", "https://faults.example/fault.wire"]);
    let bare = server.nobody();
    let mut under = server.nobody();
    under.base = "/fault.wire".to_owned();
    for client in [&bare, &under] {
        assert!(client.get("/projects/1/issues").text().contains("<head><base href=\"/fault.wire/\">"));
        assert_eq!(client.get("/assets/app-1.js").text(), "let app = 1;");
        assert_eq!(client.get("/assets/..%2ftheme.js").status, 404);
    }
}

/// A folder that nothing was packed in serves as well: that of someone who works on the pages.
#[test]
fn what_is_not_packed_is_served_as_it_is() {
    let (dist, server) = start();
    std::fs::write(dist.path().join("assets/app-2.css"), "p {}").unwrap();
    let answer = server.nobody().with("accept-encoding", "gzip").get("/assets/app-2.css");
    assert_eq!((answer.text(), answer.header("content-type")), ("p {}", Some("text/css; charset=utf-8")));
    assert!(!is_packed(&answer) && answer.header("vary").is_none());
}

/// A binary that was built without the dashboard says so, wherever a person comes in, and does all else.
#[test]
fn without_the_dashboard() {
    let nothing = tempfile::tempdir().unwrap();
    let server = Running::showing(nothing.path(), &[]);
    for path in ["/", "/setup", "/join", "/projects/1"] {
        let answer = server.nobody().get(path);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
        assert!(answer.text().contains("<code>make server</code>"), "{path}");
        assert!(!answer.text().contains("__BUILD__") && !answer.text().contains("<script"));
        assert!(answer.header("content-security-policy").unwrap().starts_with("default-src 'none'; "));
    }
    assert_eq!(server.nobody().get("/theme.js").reason(), "not_found");
    assert_eq!(build(&server.host()).len(), 12);
}

/// What is in the binary itself is served as a folder is, whether it was built with the dashboard or not.
#[test]
fn the_binary_has_a_page() {
    let server = Running::start(&[]);
    let page = server.nobody().get("/join");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text().contains(&format!("\"{}\"", build(&server.host()))), "{page:?}");
    assert_eq!(server.nobody().get("/assets/nothing.js").reason(), "not_found");
}
