//! What people and programs see and do: REST under `/api/v1`, and where Prometheus and balancers look.
//!
//! Each file has a list of [`Route`]s. A route says what it needs of the one who asks, and the router is made of
//! these lists alone: there is no way to add one that nothing guards.
//!
//! | step | file |
//! |---|---|
//! | the routes, and the router made of them | `table` |
//! | the same, written down: OpenAPI | `document` |
//! | what handlers take, what they answer | `inputs`, `answers` |
//! | who asks, and may they | `guard` |
//! | the dashboard | `pages` |
//! | login and links; sessions and tokens; people and members | `entrance`, `me`, `users` |
//! | projects and keys; what of their users goes | `projects`, `forget` |
//! | issues; what is searched for; many at once; what stands beside them | `issues`, `search`, `bulk`, `overview` |
//! | channels, rules, deliveries, the feed; what happens, as it happens | `alerts`, `stream` |

mod alerts;
mod answers;
mod bulk;
mod document;
mod entrance;
mod forget;
mod guard;
mod health;
mod inputs;
mod issues;
mod me;
mod overview;
mod pages;
mod projects;
mod releases;
mod search;
mod settings;
mod similar;
mod stream;
mod table;
mod users;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use serde_json::{Map, Value};

use crate::address::Network;
use crate::alerts::{Sender, Vault};
use crate::consume::{Doorway, Ledger};
use crate::health::Health;
use crate::ingest::Keys;
use crate::live::Live;
use crate::log::Log;
use crate::people::cookies::Site;
use crate::people::passwords::Hasher;
use crate::people::throttle::Throttle;
use crate::people::{Need, secrets};
use crate::project_settings::ByProject;
use crate::store::Registry;
use crate::store::sqlite::Reader;
use crate::telemetry::Metrics;

pub use answers::Problem;
use document::Text;
pub use document::document;
pub use guard::CSRF;
pub use pages::Pages;
pub use table::Route;

/// What the routes need.
pub struct Api {
    /// Reads.
    pub reader: Reader,
    /// Changes.
    pub doorway: Doorway,
    /// What happens.
    pub live: Arc<Live>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// For its depth.
    pub log: Arc<dyn Log>,
    /// The keys in force, for ingestion.
    pub keys: Arc<Keys>,
    /// What DSNs, links and cookies are made of.
    pub site: Site,
    /// Looks at passwords.
    pub hasher: Hasher,
    /// Counts attempts to log in.
    pub throttle: Throttle,
    /// Proxies whose word for an address counts.
    pub trusted_proxies: Vec<Network>,
    /// The hash of what Prometheus sends.
    pub metrics_token: Option<secrets::Hash>,
    /// Seals the secrets of channels.
    pub vault: Arc<Vault>,
    /// Settings of projects, as they are in force.
    pub of: Arc<ByProject>,
    /// How the server is.
    pub health: Arc<Health>,
    /// Tries channels.
    pub sender: Arc<Sender>,
    /// The files of the dashboard.
    pub pages: Pages,
    /// What is written down of the routes, made when it is asked for.
    pub document: OnceLock<Map<String, Value>>,
    /// Whether someone's presence is being noted.
    pub noting: AtomicBool,
}

impl Api {
    /// Changes projects or people on the ledger's thread. If `edit` fails, nothing has changed.
    async fn edit<T: Send + 'static>(
        &self,
        edit: impl FnOnce(Registry<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        self.doorway.ask(move |ledger| attempt(ledger, edit)).await?
    }

    /// The same, for what changes keys: they are in force before it returns.
    async fn edit_keys<T: Send + 'static>(
        &self,
        edit: impl FnOnce(Registry<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let keys = self.keys.clone();
        let task = move |ledger: &mut Ledger| {
            let (answer, table) = attempt(ledger, |registry| Ok((edit(registry)?, registry.projects().key_table()?)))?;
            keys.replace(table);
            Ok(answer)
        };
        self.doorway.ask(task).await?
    }
}

/// An edit that is undone by a no, too, which is then the answer.
fn attempt<T>(ledger: &mut Ledger, edit: impl FnOnce(Registry<'_>) -> Result<T, Problem>) -> Result<T, Problem> {
    let mut refusal = None;
    let done = ledger.edit(|registry| {
        edit(registry).map_err(|problem| {
            refusal = Some(problem);
            anyhow::anyhow!("refused")
        })
    });
    done.map_err(|error| refusal.unwrap_or(Problem::Internal(error)))
}

type Shared = State<Arc<Api>>;

/// Every route but those of ingestion.
pub fn table() -> Vec<Route> {
    let own = vec![
        Route::get("/metrics", Need::Metrics, "Metrics, as Prometheus reads them.", metrics),
        // For balancers, which have no token: they say nothing but whether.
        Route::get("/healthz", Need::Open, "Whether the process answers.", health),
        Route::get("/readyz", Need::Open, "Whether it takes what comes.", ready),
    ];
    let lists = [
        own,
        document::routes(),
        entrance::routes(),
        pages::routes(),
        me::routes(),
        users::routes(),
        projects::routes(),
        forget::routes(),
        issues::routes(),
        similar::routes(),
        overview::routes(),
        settings::routes(),
        releases::routes(),
        bulk::routes(),
        health::routes(),
        alerts::routes(),
        stream::routes(),
    ];
    lists.into_iter().flatten().collect()
}

/// The router of the [table](table()).
pub fn routes(api: Arc<Api>) -> Router {
    table::router(&api, table()).with_state(api)
}

async fn metrics(State(api): Shared) -> Text {
    api.metrics.log_bytes.set(api.log.depth() as i64);
    Text(api.metrics.text())
}

async fn health() -> Text {
    Text("ok".to_owned())
}

/// A consumer that takes longer to answer is stuck: less than who asks waits, see [`crate::upkeep::ready`].
const READY: Duration = Duration::from_secs(3);

/// Ready when the log takes what comes and the consumer answers. One that is known to be stuck is not asked: what is asked waits for it.
async fn ready(State(api): Shared) -> Result<Text, Problem> {
    if api.log.is_failing() || api.doorway.silence() > READY {
        return Err(Problem::Unavailable);
    }
    tokio::time::timeout(READY, api.doorway.ask(|_| ())).await.map_err(|_| Problem::Unavailable)??;
    Ok(Text("ready".to_owned()))
}
