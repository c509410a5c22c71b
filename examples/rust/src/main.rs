//! The same program in every language: an order that cannot be placed, and a queue that is long. Here a thread panics, too.
//!
//!     FAULTWIRE_DSN=http://key@localhost:8000/1 cargo run -p faultwire-example

use std::error::Error;
use std::fmt;

use faultwire::{Level, Options, User};

#[derive(Debug)]
struct OrderFailed {
    order: u32,
    source: StockError,
}

impl fmt::Display for OrderFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "order {} could not be placed", self.order)
    }
}

impl Error for OrderFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// As drivers do, it says in its text where it wanted to connect, password and all.
#[derive(Debug)]
struct StockError {
    database: &'static str,
}

impl fmt::Display for StockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection to {}", self.database)
    }
}

impl Error for StockError {}

fn reserve_stock(order: u32) -> Result<(), OrderFailed> {
    let source = StockError { database: "postgres://shop:s3cret-Passw0rd@db.internal:5432/stock" };
    Err(OrderFailed { order, source })
}

fn place_order(order: u32) -> Result<(), OrderFailed> {
    faultwire::add_breadcrumb(format!("placing order {order}"));
    reserve_stock(order)
}

fn main() -> Result<(), faultwire::Error> {
    // The DSN comes from FAULTWIRE_DSN. The guard sends what is left when `main` returns.
    let _faultwire = faultwire::init(Options {
        release: Some("shop@1.2.3".to_owned()),
        environment: "demo".to_owned(),
        ..Default::default()
    })?;
    faultwire::global_scope().set_tag("service", "shop");

    // One request: what is said in here is on its events only.
    faultwire::isolation_scope(|| {
        faultwire::set_user(User { id: Some("42".to_owned()), ..User::default() });
        faultwire::set_transaction(Some("POST /orders"));
        if let Err(error) = place_order(1001) {
            faultwire::capture_error(&error);
        }
    });

    // A panic is captured by itself; the process goes on.
    let billing = std::thread::Builder::new().name("billing".to_owned()).spawn(|| {
        let amounts: Vec<u32> = Vec::new();
        amounts[3]
    });
    let outcome = billing.map(|thread| thread.join());
    println!("billing ended well: {}", matches!(outcome, Ok(Ok(_))));

    faultwire::with_scope(
        |scope| scope.set_tag("queue", "mail"),
        || faultwire::capture_message("the mail queue is long", Level::Warning),
    );
    Ok(())
}
