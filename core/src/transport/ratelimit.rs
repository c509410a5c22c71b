//! How long a server wants to be left alone, by category of data.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Answer;
use crate::Error;
use crate::protocol::{Timestamp, Value};

/// A bare 429 means this long (protocol).
const DEFAULT_LIMIT: Duration = Duration::from_secs(60);
/// A limit of up to this long is waited out by the shipper while the outbox holds; a longer one is a
/// quota, and captures are refused at the gate.
const LONGEST_PAUSE: Duration = Duration::from_secs(5 * 60);
/// Limits beyond this are mistakes: a day.
const LONGEST_LIMIT: f64 = 86_400.0;

/// The limits in force. Times are given by the caller, so that clocks cannot run backwards.
#[derive(Debug)]
pub struct RateLimits {
    start: Instant,
    /// By category; the empty one stands for all.
    until: Mutex<HashMap<String, Instant>>,
    /// Milliseconds from `start` until which captures are refused.
    refuse_until_ms: AtomicU64,
}

impl Default for RateLimits {
    fn default() -> Self {
        RateLimits { start: Instant::now(), until: Mutex::default(), refuse_until_ms: AtomicU64::new(0) }
    }
}

impl RateLimits {
    /// Takes over what an answer that came at `now` says. The longest limit of a category wins.
    pub fn update(&self, answer: &Answer, now: Instant) {
        let limits = match &answer.rate_limits {
            Some(header) => parse_limits(header),
            None if answer.status == 429 => {
                let span = answer.retry_after.as_deref().and_then(parse_retry_after).unwrap_or(DEFAULT_LIMIT);
                vec![(String::new(), span)]
            }
            None => return,
        };
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        for (category, span) in limits {
            let end = now + span;
            let slot = until.entry(category).or_insert(end);
            *slot = (*slot).max(end);
        }
        drop(until);
        if let Some(left) = self.limited("error", now).filter(|left| *left > LONGEST_PAUSE) {
            let end = (now + left).saturating_duration_since(self.start).as_millis() as u64;
            self.refuse_until_ms.fetch_max(end, Ordering::Relaxed);
        }
    }

    /// How much longer `category` is limited at `now`; `None` when it is not.
    pub fn limited(&self, category: &str, now: Instant) -> Option<Duration> {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |c: &str| until.get(c).and_then(|end| end.checked_duration_since(now)).filter(|d| !d.is_zero());
        left("").max(left(category))
    }

    /// True while a long limit on errors is in force: read at the gate, one atomic load when there is none.
    pub fn is_refusing(&self) -> bool {
        let end = self.refuse_until_ms.load(Ordering::Relaxed);
        end != 0 && (self.start.elapsed().as_millis() as u64) < end
    }
}

fn span(secs: &str) -> Option<Duration> {
    let secs: f64 = secs.trim().parse().ok()?;
    (secs.is_finite() && secs >= 0.0).then(|| Duration::from_secs_f64(secs.min(LONGEST_LIMIT)))
}

/// `secs:cat;cat:scope:reason, ...`; a part that does not parse is skipped, empty categories mean all.
fn parse_limits(header: &str) -> Vec<(String, Duration)> {
    let mut out = Vec::new();
    for part in header.split(',') {
        let mut fields = part.trim().split(':');
        let Some(span) = fields.next().and_then(span) else { continue };
        for category in fields.next().unwrap_or_default().split(';') {
            out.push((category.trim().to_ascii_lowercase(), span));
        }
    }
    out
}

/// Seconds, or an HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`).
pub(crate) fn parse_retry_after(header: &str) -> Option<Duration> {
    span(header).or_else(|| {
        let end = parse_http_date(header)?;
        let left = (end.0 - Timestamp::now().0).max(0);
        span(&(left / 1_000_000).to_string())
    })
}

fn parse_http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.split_once(',')?.1.split_whitespace();
    let (day, month, year, time) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|m| *m == month)? + 1;
    Timestamp::parse_rfc3339(&format!("{year}-{month:02}-{day:0>2}T{time}Z"))
}

/// Runs one shared vector: `{"answers": [{"at": secs, "status", "rate_limits", "retry_after"}], "ask":
/// [{"at", "category"}]}` to the seconds left for each question, null when not limited.
///
/// # Errors
/// [`crate::ErrorKind::InvalidPayload`] when the input has another form.
pub fn vector(input: &Value) -> Result<Value, Error> {
    let list = |name: &str| input[name].as_array().cloned().ok_or_else(|| Error::payload(name, "expected a list"));
    let limits = RateLimits::default();
    let at = |v: &Value| limits.start + Duration::from_secs_f64(v["at"].as_f64().unwrap_or(0.0));
    let text = |v: &Value| v.as_str().map(str::to_owned);
    for answer in list("answers")? {
        let status = answer["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(200);
        let (rate_limits, retry_after) = (text(&answer["rate_limits"]), text(&answer["retry_after"]));
        limits.update(&Answer { status, rate_limits, retry_after, faultwire: None }, at(&answer));
    }
    let left = list("ask")?
        .iter()
        .map(|ask| {
            let left = limits.limited(ask["category"].as_str().unwrap_or_default(), at(ask));
            left.map_or(Value::Null, |d| Value::from((d.as_secs_f64() * 1000.0).round() / 1000.0))
        })
        .collect();
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_refuses_at_the_gate_and_a_pause_does_not() {
        let limits = RateLimits::default();
        let answer = |header: &str| Answer { status: 429, rate_limits: Some(header.to_owned()), ..Answer::default() };
        limits.update(&answer("120:error:organization"), Instant::now());
        assert!(!limits.is_refusing());
        limits.update(&answer("3600::organization"), Instant::now());
        assert!(limits.is_refusing());
    }

    #[test]
    fn reads_http_dates() {
        let date = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        assert_eq!(date.to_string(), "1994-11-06T08:49:37.000000Z");
        assert_eq!(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
    }
}
