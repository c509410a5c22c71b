//! The thread that sends records, one envelope at a time, and learns their fate.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::fork;
use crate::gate::Inside;
use crate::log::debug;
use crate::loss::Reason;
use crate::outbox::{Kind, Record};
use crate::protocol::{EnvelopeHeader, Timestamp};
use crate::transport::{Answer, Transport};

/// How long a loss waits for an event to travel with before it is told by itself.
const REPORT_EVERY: Duration = Duration::from_secs(30);

/// What the shipper keeps between records, also those of before and after a pause.
#[derive(Default)]
pub(crate) struct Shipper {
    transport: Option<Box<dyn Transport>>,
    report_due: Option<Instant>,
}

pub(crate) fn run(engine: &Arc<Engine>) {
    let _inside = Inside::enter();
    let Some(make) = &engine.settings.make_transport else { return };
    let mut kept = engine.shipper.lock().unwrap_or_else(PoisonError::into_inner);
    let Shipper { transport, report_due } = &mut *kept;
    let transport = transport.get_or_insert_with(|| {
        let _busy = fork::busy();
        make()
    });
    let report_due = report_due.get_or_insert_with(|| Instant::now() + REPORT_EVERY);
    while !engine.threads.shipper.must_end() {
        if let Some(pause) = engine.limits.limited("error", Instant::now()) {
            // The outbox holds meanwhile; a flush or the end looks again.
            engine.wait_for_flush(pause.min(REPORT_EVERY));
        }
        let limited = engine.limits.limited("error", Instant::now()).is_some();
        let patience = report_due.saturating_duration_since(Instant::now());
        let record = if limited { None } else { engine.outbox.lease(patience) };
        let flush = engine.counts_flushed.load(Ordering::Acquire);
        let flush_due = flush != engine.reports_flushed.load(Ordering::Relaxed);
        match record {
            Some(record) => ship(engine, transport.as_mut(), record),
            None => {
                if flush_due || Instant::now() >= *report_due {
                    report(engine, transport.as_mut());
                    *report_due = Instant::now() + REPORT_EVERY;
                }
                if flush_due {
                    engine.reports_flushed.store(flush, Ordering::Release);
                    engine.epochs.notify();
                }
                if engine.is_closing() && engine.worker_done.load(Ordering::Acquire) {
                    *kept = Shipper::default();
                    return;
                }
            }
        }
    }
}

/// Sends one record, and what there is to report with it.
fn ship(engine: &Engine, transport: &mut dyn Transport, record: Record) {
    let report = engine.losses.take_report();
    let event_id = (record.kind == Kind::Event).then_some(record.id);
    let mut body = header(engine, event_id);
    body.reserve(record.items.len() + 512);
    body.extend_from_slice(&record.items);
    if let Some(report) = &report {
        report.to_item().write_to(&mut body);
    }
    let fate = send(engine, transport, &body);
    let _busy = fork::busy();
    if let (Err(_), Some(report)) = (&fate, &report) {
        engine.losses.untell(report);
    }
    engine.outbox.release(&record);
    match fate {
        Ok(()) => engine.delivered(&record),
        Err(reason) => engine.drop_record(&record, reason),
    }
}

/// Tells the server what it did not get.
fn report(engine: &Engine, transport: &mut dyn Transport) {
    if engine.limits.limited("client_report", Instant::now()).is_some() {
        return;
    }
    let Some(report) = engine.losses.take_report() else { return };
    let mut body = header(engine, None);
    report.to_item().write_to(&mut body);
    if send(engine, transport, &body).is_err() {
        engine.losses.untell(&report);
    }
}

fn header(engine: &Engine, event_id: Option<crate::protocol::EventId>) -> Vec<u8> {
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

/// One request. `Err` is the reason for which what it carried is lost.
fn send(engine: &Engine, transport: &mut dyn Transport, body: &[u8]) -> Result<(), Reason> {
    let request = || catch_unwind(AssertUnwindSafe(|| transport.send(body)));
    let answer = engine.threads.shipper.request(request).map_err(|_| Reason::Internal)?;
    let answer = answer.map_err(|no_answer| {
        debug!("no answer from the server: {}", no_answer.0);
        Reason::NetworkError
    })?;
    engine.limits.update(&answer, Instant::now());
    if answer.faultwire.is_some() {
        engine.server_is_faultwire.store(true, Ordering::Relaxed);
    }
    let Answer { status, .. } = answer;
    match status {
        200..=299 => Ok(()),
        429 => {
            debug!("the server answered 429: rate limited");
            Err(Reason::RateLimited)
        }
        _ => {
            debug!("the server answered {status}");
            Err(Reason::SendError)
        }
    }
}
