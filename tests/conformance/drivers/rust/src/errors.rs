//! The errors of the scenarios: a type for each name, with the next of the chain as its source.

use std::error::Error;
use std::fmt;

/// An error with its source.
pub type Chained = Box<dyn Error + Send + Sync>;

macro_rules! errors {
    ($($name:ident)*) => {
        $(
            #[derive(Debug)]
            pub struct $name {
                message: String,
                source: Option<Chained>,
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.message)
                }
            }

            impl Error for $name {
                fn source(&self) -> Option<&(dyn Error + 'static)> {
                    self.source.as_deref().map(|source| source as _)
                }
            }
        )*

        /// The first of the chain, with the others as its sources.
        pub fn made(chain: &[(String, String)]) -> Result<Chained, String> {
            let [(kind, message), causes @ ..] = chain else { return Err("a chain is empty".to_owned()) };
            let message = message.clone();
            let source = if causes.is_empty() { None } else { Some(made(causes)?) };
            match kind.as_str() {
                $(stringify!($name) => Ok(Box::new($name { message, source })),)*
                other => Err(format!("no error is called {other}")),
            }
        }
    };
}

errors!(OrderFailed StockMissing DatabaseDown Expected);
