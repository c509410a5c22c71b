//! Runs `tests/vectors/dsn` and `tests/vectors/envelope`.

mod vectors;

use faultwire::protocol;

#[test]
fn dsns_are_read_as_the_vectors_say() {
    vectors::run("dsn", |input| protocol::vector("dsn", input));
}

#[test]
fn no_form_of_a_dsn_shows_its_keys() {
    for case in vectors::cases("dsn") {
        let text = case.input["dsn"].as_str().unwrap();
        let Ok(dsn) = text.parse::<protocol::Dsn>() else { continue };
        let shown = format!("{dsn} {dsn:?}");
        assert!(!shown.contains(dsn.public_key()) && !shown.contains("secret"), "{}: {shown}", case.name);
    }
}

#[test]
fn envelopes_are_read_as_the_vectors_say() {
    vectors::run("envelope", |input| protocol::vector("envelope", input));
}

#[test]
fn an_unknown_topic_is_an_error() {
    assert!(protocol::vector("weather", &protocol::Value::Null).is_err());
}
