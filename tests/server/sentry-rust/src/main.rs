//! The official client as it comes: an error with a cause, then a panic in a thread. The DSN is in SENTRY_DSN.

use std::fmt;

#[derive(Debug)]
struct OutOfStock(std::num::ParseIntError);

impl fmt::Display for OutOfStock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the warehouse did not answer")
    }
}

impl std::error::Error for OutOfStock {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

#[inline(never)]
fn reserve() -> Result<u32, OutOfStock> {
    "seven".parse().map_err(OutOfStock)
}

#[inline(never)]
fn charge() {
    panic!("the till is empty");
}

fn main() {
    let _guard =
        sentry::init(sentry::ClientOptions::new().release("shop@1.2.3").environment("staging").attach_stacktrace(true));
    sentry::configure_scope(|scope| {
        scope.set_user(Some(sentry::User { id: Some("42".into()), ..Default::default() }));
        scope.set_tag("region", "eu");
        scope.set_transaction(Some("POST /orders"));
    });
    if let Err(error) = reserve() {
        sentry::capture_error(&error);
    }
    sentry::configure_scope(|scope| scope.set_transaction(None));
    let _ = std::thread::Builder::new().name("till".into()).spawn(charge).map(std::thread::JoinHandle::join);
}
