//! The control API, on a port of its own: what was received, and what is to happen next.

use std::sync::Arc;
use std::time::Duration;

use faultwire::protocol::Value;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, Notify};

use crate::decode::{self, Refusal};
use crate::faults::{Mode, Plan};
use crate::guard;
use crate::ingest::{Answer, Sink, json_answer};
use crate::page;
use crate::port::Door;
use crate::text;

/// Longest body the control API reads: a mode with headers.
const MAX_BODY_BYTES: usize = 64 << 10;
/// How long `wait` waits unless told.
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// Longest wait.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// The control API's state.
#[derive(Debug)]
pub struct Control {
    /// What was received and what is to happen.
    pub sink: Arc<Sink>,
    /// Opens and closes the data port.
    pub door: Door,
    /// Rung by `POST /_sink/quit`.
    pub quit: Arc<Notify>,
    /// One change of mode at a time, so that plan and port agree.
    pub changing: Mutex<()>,
}

/// Serves for ever.
pub async fn serve(listener: TcpListener, control: Arc<Control>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let control = control.clone();
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let control = control.clone();
                async move { Ok::<_, std::convert::Infallible>(control.answer(request).await) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

impl Control {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        self.route(request).await.unwrap_or_else(|refusal| {
            let detail = format!("{}: {}", refusal.field, refusal.message);
            json_answer(refusal.status, &json!({"detail": detail, "field": refusal.field}))
        })
    }

    async fn route(&self, request: Request<Incoming>) -> Result<Answer, Refusal> {
        // What is kept here is unfiltered: a web page must not reach it by a name that resolves to loopback.
        if !guard::asked_by_loopback(request.headers()) {
            return Err(Refusal::new(403, "Host", "expected a loopback address, and no foreign Origin"));
        }
        let (head, body) = request.into_parts();
        let store = &self.sink.store;
        let query = Query(decode::query_pairs(head.uri.query().unwrap_or_default()));
        match (&head.method, head.uri.path()) {
            (&Method::GET, "/") => Ok(page::answer(&self.sink)),
            (&Method::GET, "/_sink/events") => Ok(ok(&Value::Array(store.events(query.flag("all"))))),
            (&Method::GET, "/_sink/items") => Ok(ok(&Value::Array(store.items(query.get("type"), query.flag("all"))))),
            (&Method::GET, "/_sink/reports") => {
                let width = match query.number("width")?.map_or(Some(text::WIDTH), |width| width.try_into().ok()) {
                    Some(width) if (40..=400).contains(&width) => width,
                    _ => return Err(Refusal::new(400, "width", "expected columns from 40 to 400")),
                };
                Ok(ok(&store.with(|records| text::reports(records, width))))
            }
            (&Method::GET, "/_sink/requests") => Ok(ok(&Value::Array(store.requests()))),
            (&Method::GET, "/_sink/raw") => Ok(bytes(store.raw())),
            (&Method::GET, "/_sink/stats") => Ok(ok(&self.stats())),
            (&Method::GET, "/_sink/wait") => self.wait(&query).await,
            (&Method::POST, "/_sink/reset") => {
                let plan = Plan::ok(self.sink.faults.default_version());
                self.change(plan).await?;
                store.reset();
                Ok(ok(&self.stats()))
            }
            (&Method::POST, "/_sink/mode") => {
                let plan = Plan::from_json(&json_body(body).await?, self.sink.faults.default_version())?;
                self.change(plan).await?;
                Ok(ok(&self.stats()))
            }
            (&Method::POST, "/_sink/quit") => {
                self.quit.notify_one();
                Ok(ok(&json!({"quit": true})))
            }
            (_, "/" | "/_sink/events" | "/_sink/items" | "/_sink/requests" | "/_sink/raw" | "/_sink/stats")
            | (_, "/_sink/reports" | "/_sink/wait") => Err(Refusal::new(405, "method", "expected GET")),
            (_, "/_sink/reset" | "/_sink/mode" | "/_sink/quit") => Err(Refusal::new(405, "method", "expected POST")),
            _ => Err(Refusal::new(
                404,
                "path",
                "expected / or one of /_sink/{events,items,reports,requests,raw,stats,wait,reset,mode,quit}",
            )),
        }
    }

    /// Puts a plan in force; returns when the port stands as the plan wants it.
    async fn change(&self, plan: Plan) -> Result<(), Refusal> {
        let _turn = self.changing.lock().await;
        let open = plan.mode != Mode::Refuse;
        self.sink.faults.set(plan);
        if self.door.set_open(open).await { Ok(()) } else { Err(Refusal::new(500, "port", "the data server is gone")) }
    }

    fn stats(&self) -> Value {
        let plan = self.sink.faults.current();
        let mut stats = self.sink.store.stats().to_json();
        if let Value::Object(stats) = &mut stats {
            let mode = json!({
                "mode": plan.mode.name(),
                "status": match plan.mode { Mode::Status(status) => Some(status), _ => None },
                "for_requests": plan.for_requests,
                "delay_ms": plan.delay.as_millis() as u64,
                "open": !self.sink.is_closed(),
            });
            stats.insert("mode".to_owned(), mode);
        }
        stats
    }

    /// Answers when there are as many as asked for, or 408 with how many there are.
    async fn wait(&self, query: &Query) -> Result<Answer, Refusal> {
        let (events, requests, items) = (query.number("events")?, query.number("requests")?, query.number("items")?);
        if events.or(requests).or(items).is_none() {
            return Err(Refusal::new(400, "events", "expected events=N, requests=N or items=N (with type=T)"));
        }
        let timeout = match query.get("timeout_s").map(str::parse::<f64>) {
            None => DEFAULT_WAIT,
            Some(Ok(secs)) if (0.0..=MAX_WAIT.as_secs_f64()).contains(&secs) => Duration::from_secs_f64(secs),
            Some(_) => return Err(Refusal::new(400, "timeout_s", "expected seconds from 0 to 600")),
        };
        let mut bell = self.sink.store.watch();
        let there = || {
            let stats = self.sink.store.tally();
            let of_type = match query.get("type") {
                Some(ty) => stats.items.get(ty).copied().unwrap_or(0),
                None => stats.items.values().sum(),
            };
            events.is_none_or(|n| stats.events >= n)
                && requests.is_none_or(|n| stats.requests >= n)
                && items.is_none_or(|n| of_type >= n)
        };
        let waiting = async {
            while !there() {
                if bell.changed().await.is_err() {
                    return;
                }
            }
        };
        let status = if tokio::time::timeout(timeout, waiting).await.is_ok() { 200 } else { 408 };
        Ok(json_answer(status, &self.stats()))
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value != "0" && value != "false")
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let number = self.get(name).map(str::parse).transpose();
        number.map_err(|_| Refusal::new(400, name, "expected a whole number"))
    }
}

async fn json_body(body: Incoming) -> Result<Value, Refusal> {
    let bad = |what: String| Refusal::new(400, "body", format!("expected a JSON object: {what}"));
    let bytes = Limited::new(body, MAX_BODY_BYTES).collect().await.map_err(|e| bad(e.to_string()))?.to_bytes();
    serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))
}

fn ok(body: &Value) -> Answer {
    json_answer(200, body)
}

fn bytes(body: Vec<u8>) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    answer.headers_mut().insert("content-type", HeaderValue::from_static("application/octet-stream"));
    answer
}
