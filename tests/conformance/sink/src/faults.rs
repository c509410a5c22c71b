//! What the data server does to requests: answer, stall, refuse, reset, or answer with a status.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use faultwire::protocol::Value;
use hyper::header::{HeaderName, HeaderValue};

use crate::decode::Refusal;

/// Longest delay before an answer: longer is `stall`.
const MAX_DELAY_MS: u64 = 600_000;

/// How the data server treats a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Takes it and answers.
    Ok,
    /// Reads it and never answers.
    Stall,
    /// Nobody listens; open connections are cut.
    Refuse,
    /// Reads it and cuts the connection.
    Reset,
    /// Answers with a fixed status.
    Status(u16),
}

impl Mode {
    /// The name in the control API.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Ok => "ok",
            Mode::Stall => "stall",
            Mode::Refuse => "refuse",
            Mode::Reset => "reset",
            Mode::Status(_) => "status",
        }
    }
}

/// What is to happen to the next requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// How a request is treated.
    pub mode: Mode,
    /// Headers added to the answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Wait before the answer or the cut.
    pub delay: Duration,
    /// Requests left until the mode is `ok` again; `None` means until further notice.
    pub for_requests: Option<u64>,
    /// `X-Faultwire` on every answer; outlives `for_requests`.
    pub server_version: Option<HeaderValue>,
}

impl Plan {
    /// Takes everything at once.
    pub fn ok(server_version: Option<HeaderValue>) -> Self {
        Plan { mode: Mode::Ok, headers: Vec::new(), delay: Duration::ZERO, for_requests: None, server_version }
    }

    /// Reads the body of `POST /_sink/mode`; `default_version` stands where it names no server version.
    ///
    /// # Errors
    /// 400 that names the key at fault.
    pub fn from_json(body: &Value, default_version: Option<HeaderValue>) -> Result<Plan, Refusal> {
        let bad = |field: &str, expected: &str| Refusal::new(400, field, format!("expected {expected}"));
        let object = body.as_object().ok_or_else(|| bad("body", "a JSON object"))?;
        let number = |key: &str, most: u64| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64() {
                Some(number) if number <= most => Ok(Some(number)),
                _ => Err(bad(key, &format!("a whole number up to {most}"))),
            },
        };
        const KEYS: [&str; 6] = ["mode", "status", "headers", "delay_ms", "for_requests", "server_version"];
        if let Some(unknown) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(bad(unknown, &format!("one of {}", KEYS.join(", "))));
        }
        let status = number("status", 599)?;
        let mode = match (object.get("mode").and_then(Value::as_str), status) {
            (Some("status"), status) => match u16::try_from(status.unwrap_or(503)) {
                // 1xx are not answers.
                Ok(status @ 200..=599) => Mode::Status(status),
                _ => return Err(bad("status", "a number from 200 to 599")),
            },
            (_, Some(_)) => return Err(bad("status", "the mode \"status\" beside it")),
            (Some("ok"), _) => Mode::Ok,
            (Some("stall"), _) => Mode::Stall,
            (Some("refuse"), _) => Mode::Refuse,
            (Some("reset"), _) => Mode::Reset,
            _ => return Err(bad("mode", "one of ok, stall, refuse, reset, status")),
        };
        let for_requests = number("for_requests", u64::MAX)?;
        if for_requests == Some(0) {
            return Err(bad("for_requests", "at least 1"));
        }
        if mode == Mode::Refuse && for_requests.is_some() {
            return Err(bad("for_requests", "no such key with \"refuse\": what is refused cannot be counted"));
        }
        let server_version = match object.get("server_version") {
            None | Some(Value::Null) => default_version,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) => {
                Some(HeaderValue::from_str(text).map_err(|_| bad("server_version", "a header value"))?)
            }
            Some(_) => return Err(bad("server_version", "a text")),
        };
        let delay = Duration::from_millis(number("delay_ms", MAX_DELAY_MS)?.unwrap_or(0));
        Ok(Plan { mode, headers: headers(object.get("headers"))?, delay, for_requests, server_version })
    }
}

fn headers(value: Option<&Value>) -> Result<Vec<(HeaderName, HeaderValue)>, Refusal> {
    let object = match value {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(object)) => object,
        Some(_) => return Err(Refusal::new(400, "headers", "expected an object of texts")),
    };
    let read = |(name, value): (&String, &Value)| {
        let bad = || Refusal::new(400, format!("headers.{name}"), "expected a header name and a text");
        let text = value.as_str().ok_or_else(bad)?;
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        Ok((name, HeaderValue::from_str(text).map_err(|_| bad())?))
    };
    object.iter().map(read).collect()
}

/// The plan in force.
#[derive(Debug)]
pub struct Faults {
    plan: Mutex<Plan>,
    default_version: Option<HeaderValue>,
}

impl Faults {
    /// `ok` until told otherwise; `default_version` is what `X-Faultwire` says unless a plan names another.
    pub fn new(default_version: Option<HeaderValue>) -> Self {
        Faults { plan: Mutex::new(Plan::ok(default_version.clone())), default_version }
    }

    /// What `X-Faultwire` says unless a plan names another.
    pub fn default_version(&self) -> Option<HeaderValue> {
        self.default_version.clone()
    }

    /// The plan in force.
    pub fn current(&self) -> Plan {
        self.lock().clone()
    }

    /// Puts `plan` in force.
    pub fn set(&self, plan: Plan) {
        *self.lock() = plan;
    }

    /// The plan for one request that has been read, which uses up one of `for_requests`.
    pub fn next(&self) -> Plan {
        let mut plan = self.lock();
        let now = plan.clone();
        match &mut plan.for_requests {
            None => {}
            Some(0 | 1) => *plan = Plan::ok(now.server_version.clone()),
            Some(left) => *left -= 1,
        }
        now
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Plan, Refusal> {
        Plan::from_json(&serde_json::from_str(json).unwrap(), None)
    }

    #[test]
    fn a_plan_that_runs_out_is_ok_again_and_keeps_its_server_version() {
        let faults = Faults::new(None);
        faults.set(read(r#"{"mode":"status","status":503,"for_requests":2,"server_version":"9"}"#).unwrap());
        let modes: Vec<_> = (0..3).map(|_| faults.next().mode).collect();
        assert_eq!(modes, [Mode::Status(503), Mode::Status(503), Mode::Ok]);
        assert_eq!(faults.current().server_version, Some(HeaderValue::from_static("9")));
    }

    #[test]
    fn mistakes_name_the_key() {
        for (json, field) in [
            (r#"{}"#, "mode"),
            (r#"{"mode":"okay"}"#, "mode"),
            (r#"{"mode":"ok","status":200}"#, "status"),
            (r#"{"mode":"status","status":101}"#, "status"),
            (r#"{"mode":"status","status":"503"}"#, "status"),
            (r#"{"mode":"ok","delay":1}"#, "delay"),
            (r#"{"mode":"ok","headers":{"a b":"c"}}"#, "headers.a b"),
            (r#"{"mode":"refuse","for_requests":1}"#, "for_requests"),
            (r#"{"mode":"ok","for_requests":0}"#, "for_requests"),
            (r#"{"mode":"ok","delay_ms":-1}"#, "delay_ms"),
        ] {
            assert_eq!(read(json).unwrap_err().field, field, "{json}");
        }
    }
}
