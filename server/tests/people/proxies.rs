//! Behind a proxy: whose word counts of where a request comes from, and that nobody's does of where the server is.

use serde_json::json;

use super::support::{Answer, PASSWORD, Running};

/// Events of a browser key that an address may send in a minute, here.
const QUOTA: usize = 2;
/// More than that in any two minutes: one may end in between.
const MANY: usize = 2 * QUOTA + 1;

struct Shop {
    server: Running,
    key: String,
}

impl Shop {
    fn trusting(proxies: &[&str]) -> Shop {
        let quota = QUOTA.to_string();
        let list = proxies.join(",");
        let mut settings = vec!["--browser-address-quota", &quota];
        if !proxies.is_empty() {
            settings.extend(["--trusted-proxies", &list]);
        }
        let server = Running::start(&settings);
        let key = server.host().post("/api/v1/projects/1/keys", &json!({ "kind": "browser" })).json();
        Shop { server, key: key["key"]["public"].as_str().unwrap().to_owned() }
    }

    /// Whether all are accepted that come in `headers` of this name, one after the other.
    fn takes(&self, name: &str, headers: &[String]) -> bool {
        let answers: Vec<Answer> = headers.iter().map(|value| self.send(name, value)).collect();
        assert!(answers.iter().all(|a| a.status == 200 || (a.status, a.reason().as_str()) == (429, "address_quota")));
        answers.iter().all(|answer| answer.status == 200)
    }

    fn send(&self, name: &str, value: &str) -> Answer {
        let client = self.server.nobody().with("x-sentry-auth", &format!("Sentry sentry_key={}", self.key));
        client.with(name, value).post("/api/1/store/", &json!({ "message": "hello" }))
    }
}

fn each(text: impl Fn(usize) -> String) -> Vec<String> {
    (1..=MANY).map(text).collect()
}

/// Without a proxy that is trusted, who writes the header themselves gains nothing by it; nor does who comes from
/// elsewhere than the proxies that are.
#[test]
fn what_anyone_may_write_is_not_believed() {
    for proxies in [&[][..], &["192.0.2.1"]] {
        let shop = Shop::trusting(proxies);
        assert!(!shop.takes("x-forwarded-for", &each(|n| format!("198.51.100.{n}"))), "{proxies:?}");
    }
    // These are nobody's word, whoever is trusted.
    for name in ["forwarded", "x-real-ip", "cf-connecting-ip", "true-client-ip", "x-client-ip"] {
        let shop = Shop::trusting(&["127.0.0.1"]);
        let value = |n| if name == "forwarded" { format!("for=198.51.100.{n}") } else { format!("198.51.100.{n}") };
        assert!(!shop.takes(name, &each(value)), "{name}");
    }
}

/// A trusted proxy says who it is, also through a second one; what stands before the first that is not trusted is not
/// believed.
#[test]
fn a_trusted_proxy_is_believed() {
    let shop = Shop::trusting(&["127.0.0.1", "10.0.0.2"]);
    let takes = |headers: Vec<String>| shop.takes("x-forwarded-for", &headers);
    assert!(takes(each(|n| format!("198.51.100.{n}"))), "each has its own limit");
    assert!(!takes(each(|_| "198.51.100.100".to_owned())), "and it has one");
    assert!(takes(each(|n| format!("203.0.113.{n}, 10.0.0.2"))), "two hops");
    assert!(!takes(each(|_| "203.0.113.100, 10.0.0.2".to_owned())), "two hops, one client");
    assert!(!takes(each(|n| format!("203.0.113.{n}, 198.51.100.101, 10.0.0.2"))), "a client that wrote it itself");
    assert!(!takes(each(|n| format!("203.0.113.{n}, 10.0.0.3"))), "a hop that is not trusted is the client");
}

/// Who has an address of version 6 has a whole network of them.
#[test]
fn a_network_of_version_6_is_one_address() {
    let shop = Shop::trusting(&["127.0.0.1"]);
    assert!(!shop.takes("x-forwarded-for", &each(|n| format!("2001:db8:1:2::{n}"))));
    assert!(shop.takes("x-forwarded-for", &each(|n| format!("2001:db8:1:{}::1", 10 + n))));
}

/// Passwords are tried from one address, whatever it claims to be.
#[test]
fn an_invented_address_does_not_open_the_throttle() {
    let server = Running::start(&[]);
    server.host();
    let login = |n: usize, password: &str| {
        let client = server.nobody().with("x-forwarded-for", &format!("198.51.100.{n}"));
        // Another account each time: it is the address that is counted here.
        let email = if password == PASSWORD { "host@example.com".to_owned() } else { format!("nobody{n}@example.com") };
        client.post("/api/v1/login", &json!({ "email": email, "password": password }))
    };
    for n in 0..50 {
        assert_eq!(login(n, "x").reason(), "wrong_password");
    }
    assert_eq!(login(51, PASSWORD).reason(), "too_many_attempts");
}

/// Links, DSNs and cookies are made of the settings alone: who could choose their host by a header would have the
/// one-time links of others sent to themselves.
#[test]
fn nobody_says_where_the_server_is() {
    let server = Running::start(&["--trusted-proxies", "127.0.0.1"]);
    let host = server.host();
    let forged = ["x-forwarded-host", "x-forwarded-server", "x-original-host"];
    let mut client = forged.iter().fold(host.clone(), |client, name| client.with(name, "evil.example"));
    client = client.with("forwarded", "host=evil.example;proto=https").with("x-forwarded-proto", "https");
    client = client.with("x-forwarded-prefix", "/evil").with("x-forwarded-port", "443").with("host", "evil.example");
    let own = format!("http://{}", server.address);
    let invited = client.post("/api/v1/invitations", &json!({ "email": "ada@example.com" }));
    let made = client.post("/api/v1/projects", &json!({ "name": "Shop" }));
    assert_eq!((invited.status, made.status), (201, 201));
    assert!(invited.json()["link"].as_str().unwrap().starts_with(&own), "{invited:?}");
    assert!(made.json()["keys"][0]["dsn"].as_str().unwrap().ends_with(&format!("@{}/2", server.address)), "{made:?}");
    for answer in [&invited, &made] {
        assert!(!format!("{answer:?}").contains("evil"), "{answer:?}");
    }
    let body = json!({ "email": "host@example.com", "password": PASSWORD });
    let nobody = server.nobody().with("x-forwarded-proto", "https");
    let cookie = nobody.post("/api/v1/login", &body).header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("faultwire=") && !cookie.contains("Secure"), "{cookie}");
    // A page of another host is not the server's own because a header says so.
    let page = client.with("host", &server.address.to_string()).with("origin", "http://evil.example");
    assert_eq!(page.post("/api/v1/projects", &json!({ "name": "Forged" })).reason(), "foreign_origin");
}
