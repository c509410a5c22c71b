//! The thread that sends records, one envelope at a time, and learns their fate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::fork;
use crate::gate::Inside;
use crate::log::debug;
use crate::loss::{Reason, Report};
use crate::outbox::{Kind, Lease, Leased};
use crate::protocol::{EnvelopeHeader, EventId, Timestamp};
use crate::transport::{Answer, Backoff, Transport, retry_after};

/// How long a loss waits for an event to travel with before it is told by itself.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// What the shipper keeps between records, also those of before and after a pause.
#[derive(Default)]
pub(crate) struct Shipper {
    transport: Option<Box<dyn Transport>>,
    report_due: Option<Instant>,
    backoff: Backoff,
    /// The flush for which the last failed attempt was made: a later one has another made at once.
    failed_for: u64,
}

/// What became of a request.
enum Fate {
    Delivered,
    /// A final no.
    Lost(Reason),
    /// No answer, or one that says: later.
    Later,
}

pub(crate) fn run(engine: &Arc<Engine>) {
    let _inside = Inside::enter();
    let Some(make) = &engine.settings.make_transport else { return };
    let mut kept = engine.shipper.lock().unwrap_or_else(PoisonError::into_inner);
    kept.transport.get_or_insert_with(|| {
        let _busy = fork::busy();
        make()
    });
    kept.report_due.get_or_insert_with(|| Instant::now() + REPORT_EVERY);
    while !engine.threads.shipper.must_end() {
        let flush = engine.flush_number();
        if let Some(hold) = kept.hold(engine, flush) {
            engine.tell_held(flush, hold);
            if engine.may_end() {
                return end(engine, &mut kept);
            }
            engine.wait_to_ship(hold.min(REPORT_EVERY), flush);
            continue;
        }
        let report_due = kept.report_due.unwrap_or_else(Instant::now);
        match engine.outbox.lease(report_due.saturating_duration_since(Instant::now())) {
            Some(Lease::Send(leased)) => kept.ship(engine, leased),
            Some(Lease::Lost(leased, reason)) => {
                let _busy = fork::busy();
                engine.drop_record(&engine.outbox.release(leased), reason);
            }
            Some(Lease::Damaged(records)) => engine.losses.add_recovered(Reason::SpoolDamaged, records),
            None => {
                let flush = engine.flush_number();
                let flush_due = flush != engine.reports_flushed.load(Ordering::Relaxed);
                if flush_due || Instant::now() >= report_due {
                    kept.report(engine);
                    kept.report_due = Some(Instant::now() + REPORT_EVERY);
                }
                if flush_due {
                    engine.tell_reported(flush);
                }
                if engine.may_end() {
                    return end(engine, &mut kept);
                }
            }
        }
    }
}

/// The last of this engine: what is on disk is for a later start, what is not is lost.
fn end(engine: &Engine, kept: &mut Shipper) {
    let _busy = fork::busy();
    engine.outbox.close();
    for record in engine.outbox.abandon() {
        engine.drop_record(&record, Reason::NetworkError);
    }
    *kept = Shipper::default();
    engine.tell_ended();
}

impl Shipper {
    /// How long nothing is to be sent: the server set a limit, or did not answer. A flush that came since does not
    /// wait for the latter, unless the server asked for it.
    fn hold(&self, engine: &Engine, flush: u64) -> Option<Duration> {
        let now = Instant::now();
        engine.limits.limited("error", now).max(self.backoff.left(now, flush != self.failed_for))
    }

    /// Sends one record, and what there is to report with it.
    fn ship(&mut self, engine: &Engine, leased: Leased) {
        let _busy = fork::busy();
        let record = &leased.record;
        let report = engine.losses.take_report();
        let event_id = (record.kind == Kind::Event).then_some(record.id);
        let mut body = header(engine, event_id);
        body.reserve(record.items.len() + 512);
        body.extend_from_slice(&record.items);
        if let Some(report) = &report {
            report.to_item().write_to(&mut body);
        }
        let fate = self.send(engine, &body);
        if let Some(report) = &report {
            settle_report(engine, report, &fate);
        }
        match fate {
            Fate::Delivered => engine.delivered(&engine.outbox.release(leased)),
            Fate::Lost(reason) => engine.drop_record(&engine.outbox.release(leased), reason),
            Fate::Later => engine.outbox.put_back(leased),
        }
    }

    /// Tells the server what it did not get.
    fn report(&mut self, engine: &Engine) {
        let _busy = fork::busy();
        if engine.limits.limited("client_report", Instant::now()).is_some() {
            return;
        }
        let Some(report) = engine.losses.take_report() else { return };
        let mut body = header(engine, None);
        report.to_item().write_to(&mut body);
        let fate = self.send(engine, &body);
        settle_report(engine, &report, &fate);
    }

    /// One request.
    fn send(&mut self, engine: &Engine, body: &[u8]) -> Fate {
        let Some(transport) = self.transport.as_mut() else { return Fate::Later };
        let request = || catch_unwind(AssertUnwindSafe(|| fork::idle(|| transport.send(body))));
        let Ok(answer) = engine.threads.shipper.request(request) else {
            return Fate::Lost(Reason::Internal);
        };
        let asked = match answer {
            Err(no_answer) => {
                debug!("no answer from the server: {}", no_answer.0);
                None
            }
            Ok(answer) => {
                engine.limits.update(&answer, Instant::now());
                if answer.faultwire.is_some() {
                    engine.server_is_faultwire.store(true, Ordering::Relaxed);
                }
                if let Some(fate) = final_fate(&answer) {
                    self.backoff.succeed();
                    return fate;
                }
                answer.retry_after.as_deref().and_then(retry_after)
            }
        };
        self.backoff.fail(Instant::now(), asked);
        self.failed_for = engine.flush_number();
        Fate::Later
    }
}

fn settle_report(engine: &Engine, report: &Report, fate: &Fate) {
    match fate {
        Fate::Delivered => engine.losses.told(),
        Fate::Lost(_) | Fate::Later => engine.losses.untell(report),
    }
}

/// What an answer means for what was sent; `None`: to be sent again. That is harmless, for an event's id makes it
/// count once.
fn final_fate(answer: &Answer) -> Option<Fate> {
    match answer.status {
        200..=299 => Some(Fate::Delivered),
        status @ (408 | 429 | 502 | 503 | 504) => {
            debug!("the server answered {status}: later");
            None
        }
        status => {
            debug!("the server answered {status}");
            Some(Fate::Lost(Reason::SendError))
        }
    }
}

fn header(engine: &Engine, event_id: Option<EventId>) -> Vec<u8> {
    let header = EnvelopeHeader {
        event_id,
        sent_at: Some(Timestamp::now()),
        sdk: Some(engine.settings.sdk.info.clone()),
        ..EnvelopeHeader::default()
    };
    let mut body = serde_json::to_vec(&header).unwrap_or_else(|_| b"{}".to_vec());
    body.push(b'\n');
    body
}
