//! The running server: its parts, put together and taken apart in order.

use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect};
use faultwire::sanitize::Sanitizer;
use faultwire::stacktrace::Rules;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};

use crate::alerts::delivery::Delivery;
use crate::alerts::{Sender, Vault};
use crate::api::{self, Pages};
use crate::connections::Connections;
use crate::consume::ledger::Limits;
use crate::consume::{Consumer, Doorway, Ledger, Reading, Tables};
use crate::data_dir::DataDir;
use crate::health::{Bounds, Direct, Health};
use crate::ingest::{self, Ingest, Keys, Quotas};
use crate::live::Live;
use crate::log::{self, Log};
use crate::people::cookies::Site;
use crate::people::passwords::Hasher;
use crate::people::throttle::Throttle;
use crate::people::{Purpose, secrets};
use crate::project_settings::{ByProject, InForce};
use crate::settings::Settings;
use crate::store::sqlite::{Reader, Sqlite};
use crate::store::{IssueStore, OccurrenceFiles, OccurrenceStore};
use crate::telemetry::{Metrics, Task, requests};
use crate::tls::Certificate;
use crate::{clock, threads, upkeep};

/// A server that listens.
pub struct Server {
    address: SocketAddr,
    listener: TcpListener,
    router: Router,
    certificate: Option<Arc<Certificate>>,
    log: Arc<log::Files>,
    doorway: Doorway,
    live: Arc<Live>,
    delivery: Delivery,
    health: Arc<Health>,
    consumer: JoinHandle<()>,
    /// The first project's DSN, if this start made it.
    pub first_dsn: Option<String>,
    /// The one-time link that makes the first admin, as long as there is none.
    pub setup_link: Option<String>,
    _data_dir: DataDir,
}

/// A DSN of a key.
pub fn dsn(public_url: &str, public_key: &str, project: crate::ProjectId) -> String {
    let (scheme, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
    format!("{scheme}://{public_key}@{rest}/{}", project.0)
}

impl Server {
    /// Opens the data directory and starts all threads; nothing is answered until [`Server::run`].
    ///
    /// # Errors
    /// When the directory, the address or a thread cannot be had; the message names it.
    pub async fn start(settings: Settings) -> anyhow::Result<Server> {
        Server::with(settings, Pages::own()).await
    }

    /// The same, with pages that may be others than the binary's own.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn with(settings: Settings, pages: Pages) -> anyhow::Result<Server> {
        settings.check()?;
        let certificate = Certificate::open(&settings)?;
        let settings = Arc::new(settings);
        let data_dir = DataDir::open(&settings.data_dir)?;
        let listener =
            TcpListener::bind(settings.listen).await.with_context(|| format!("listen {}", settings.listen))?;
        let address = listener.local_addr()?;
        let public_url = settings.public_url(address);
        upkeep::upgrade(&data_dir)?;
        let store = Sqlite::open(&data_dir.database(), settings.seen_ids_bytes)?;
        let occurrences = OccurrenceFiles::open(&data_dir.occurrences(), store.occurrences_end())
            .with_context(|| format!("occurrences {}", data_dir.occurrences().display()))?;
        let salt = store.secret("salt")?;
        let instance = store.secret("instance")?;
        let site = Site::new(&public_url, settings.public_url.is_none());
        let mut first_dsn = None;
        let mut setup_link = None;
        let keys = Arc::new(Keys::default());
        let of = Arc::new(ByProject::new(InForce::from(&*settings)));
        store.registry(|registry| {
            let projects = registry.projects();
            if projects.all()?.is_empty() {
                let (project, key) = projects.create("default", "Default", clock::now())?;
                first_dsn = Some(dsn(&public_url, &key.public, project.id));
            }
            keys.replace(projects.key_table()?);
            for project in projects.all()? {
                of.put(project.id, &projects.settings_of(project.id)?.0);
            }
            if !registry.people().has_admin()? {
                let secret = secrets::fresh()?;
                registry.people().add_link(&secrets::hash(&secret), &Purpose::Setup, clock::now())?;
                setup_link = Some(site.link("setup", &secret));
            }
            Ok(())
        })?;
        let metrics = Arc::new(Metrics::default());
        let doorway = Doorway::default();
        let named = || format!("log {}", data_dir.log().display());
        let files = Arc::new(log::Files::open(&data_dir.log(), store.position()).with_context(named)?);
        let log: Arc<dyn Log> = files.clone();
        let reader = Reader::new(&data_dir.database(), occurrences.reader());
        let live = Arc::new(Live::new(format!("{:x}", clock::now())));
        let limits = Limits { of: of.clone(), retention_bytes: settings.retention_bytes };
        let reading = Reading::new(Tables {
            sanitizer: Sanitizer::default(),
            rules: Rules::new(Vec::new(), Vec::new(), &[]).map_err(|e| anyhow::anyhow!("{e}"))?,
            salt,
            of: of.clone(),
        });
        let mut ledger = Ledger::new(Box::new(store), Box::new(occurrences), limits, reading.again());
        let listening = live.clone();
        ledger.listen(move |changes| listening.committed(changes));
        let counting = metrics.clone();
        ledger.listen(move |changes| counting.not_counted(changes.outcomes.iter().map(|(_, _, outcome)| outcome)));
        let vault = Arc::new(Vault::open(&data_dir.channel_key())?);
        let smtp = settings.smtp_url.as_ref().zip(settings.smtp_from.as_ref());
        let sender = Arc::new(Sender::new(settings.webhook_allow.clone(), smtp, vault.clone(), &public_url, instance));
        let delivery = Delivery {
            reader: reader.clone(),
            doorway: doorway.clone(),
            sender: sender.clone(),
            metrics: metrics.clone(),
            digest: settings.alert_digest_seconds as i64 * 1000,
            bell: Arc::new(Notify::new()),
        };
        let bell = delivery.bell.clone();
        ledger.listen(move |changes| {
            if changes.alerting.is_due() {
                bell.notify_one();
            }
        });
        let consumer = Consumer::new(log.clone(), ledger, doorway.clone(), reading, metrics.clone())?;
        let consumer = threads::spawn(Task::Consume, move || consumer.run())?;
        let quotas = Arc::new(Quotas::new(of.clone(), settings.browser_address_quota));
        let direct =
            Direct { reader: reader.clone(), sender: sender.clone(), metrics: metrics.clone(), told: Mutex::default() };
        let health = Arc::new(Health {
            folder: data_dir.path().to_owned(),
            bounds: Bounds::from(&*settings),
            quotas: quotas.clone(),
            log: log.clone(),
            metrics: metrics.clone(),
            doorway: doorway.clone(),
            direct: Arc::new(direct),
            troubles: Mutex::default(),
        });
        let ingest = Arc::new(Ingest {
            keys: keys.clone(),
            quotas: quotas.clone(),
            log: log.clone(),
            doorway: doorway.clone(),
            metrics: metrics.clone(),
            settings: settings.clone(),
            room: Arc::new(Semaphore::new(settings.max_concurrent_requests as usize)),
        });
        let base = site.base().to_owned();
        let api = Arc::new(api::Api {
            reader,
            doorway: doorway.clone(),
            live: live.clone(),
            metrics: metrics.clone(),
            log,
            keys,
            vault,
            sender,
            of,
            health: health.clone(),
            site,
            hasher: Hasher::default(),
            throttle: Throttle::default(),
            trusted_proxies: settings.trusted_proxies.clone(),
            metrics_token: settings.metrics_token.as_deref().map(secrets::hash),
            pages,
            document: OnceLock::new(),
            noting: AtomicBool::new(false),
        });
        let inner = Router::new().merge(ingest::routes(ingest)).merge(api::routes(api));
        let inner = inner.layer(middleware::from_fn(requests::name)).fallback(async || api::Problem::NotFound);
        let followed = middleware::from_fn_with_state(metrics, requests::follow);
        let router = under(&base, inner).layer(middleware::from_fn(introduce)).layer(followed);
        let started = Server {
            address,
            listener,
            router,
            certificate,
            log: files,
            doorway,
            live,
            delivery,
            health,
            consumer,
            first_dsn,
            setup_link,
            _data_dir: data_dir,
        };
        Ok(started)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How it is spoken to: `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.certificate.is_some() { "https" } else { "http" }
    }

    /// Answers until `stop` resolves; then lets requests end, and consumes what was accepted.
    ///
    /// # Errors
    /// When the consumer died.
    pub async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let connections = Connections::new(self.router, self.certificate.as_ref())?;
        let follower = self.certificate.map(|certificate| threads::start(Task::Certificate, certificate.follow()));
        let (stop_sending, stopping) = tokio::sync::oneshot::channel::<()>();
        let sending = threads::start(Task::Outbox, self.delivery.run(async { drop(stopping.await) }));
        let mut stop = std::pin::pin!(stop);
        let ticking = self.live.clone();
        threads::start(Task::Live, async move {
            let mut second = tokio::time::interval(Duration::from_secs(1));
            // Late is late: two in a row would tell of an issue twice within a second.
            second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            while !ticking.is_closed() {
                second.tick().await;
                let started = Instant::now();
                ticking.tick();
                Task::Live.ended(started, true);
            }
        });
        threads::start(Task::Health, self.health.run(self.live.clone()));
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut stop => break,
            };
            let Ok((stream, peer)) = accepted else {
                // Out of descriptors: those that end give some back.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            connections.serve(stream, peer);
        }
        drop(self.listener);
        self.live.close();
        connections.end().await;
        follower.inspect(tokio::task::JoinHandle::abort);
        // What was sent is written down as long as the consumer is there for it.
        drop(stop_sending);
        sending.await?;
        let ended = tokio::task::spawn_blocking(move || {
            self.log.close();
            self.doorway.close();
            self.consumer.join()
        });
        ended.await?.map_err(|_| anyhow::anyhow!("the consumer died"))
    }
}

/// All routes under the path of the public address; and without it, for proxies that take it away and for probes.
fn under(base: &str, routes: Router) -> Router {
    if base.is_empty() {
        return routes;
    }
    let base: Arc<str> = base.into();
    let take_away = move |mut request: Request<Body>, next: Next| {
        let base = base.clone();
        async move {
            let uri = request.uri();
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            match uri.path().strip_prefix(&*base) {
                // Pages name what belongs to them from there on.
                Some("") => return Redirect::permanent(&format!("{base}/{query}")).into_response(),
                Some(rest) if rest.starts_with('/') => {
                    let mut parts = uri.clone().into_parts();
                    parts.path_and_query = format!("{rest}{query}").parse().ok();
                    match Uri::from_parts(parts) {
                        Ok(inner) => *request.uri_mut() = inner,
                        Err(_) => return api::Problem::NotFound.into_response(),
                    }
                }
                _ => {}
            }
            next.run(request).await
        }
    };
    Router::new().fallback_service(routes).layer(middleware::from_fn(take_away))
}

/// Says who answers: our own clients then send what only we understand.
async fn introduce(request: Request<Body>, next: Next) -> axum::response::Response {
    let mut response = next.run(request).await;
    let version = HeaderValue::from_static(env!("CARGO_PKG_VERSION"));
    response.headers_mut().insert(HeaderName::from_static("x-faultwire"), version);
    response
}
