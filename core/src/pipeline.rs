//! The stages of the worker, in order, on one screen. Each early return names its loss reason.

use crate::assemble::{Symbolicate, assemble};
use crate::capture::{Body, Capture};
use crate::fingerprint;
use crate::gate::Inside;
use crate::loss::Reason;
use crate::options::FingerprintMode;
use crate::outbox::{Kind, Origin, Record};
use crate::places::Places;
use crate::protocol::{Event, Frame, Item, Stacktrace, Timestamp, Untouched, Value};
use crate::sanitize;
use crate::scope::set_in_context;
use crate::settings::Settings;
use crate::shrink;
use crate::stacktrace::{self, Resolved, SourceCache};
use crate::testing;

/// Bytes of room kept for serialising: more than nearly any event needs.
const MAX_ROOM: usize = 256 << 10;

/// What the worker keeps between events, so that it need not be found out again.
#[derive(Default)]
pub(crate) struct Pipeline {
    places: Places,
    sources: SourceCache,
    names: sanitize::Memory,
    /// Room for a serialised event, kept for the next one.
    room: Vec<u8>,
}

/// A finished event: what is stored, and what later counts of the same place refer to.
pub(crate) struct Finished {
    pub record: Record,
    pub fingerprint: String,
    pub event: Event,
}

impl Pipeline {
    pub fn new() -> Self {
        Pipeline::default()
    }

    /// The whole way of one event.
    pub fn process(&mut self, mut capture: Capture, settings: &Settings) -> Result<Finished, Reason> {
        testing::panic_if_armed("worker");
        let platform = capture.platform;
        // The frames of others were mapped while they were read.
        let is_finished = matches!(&capture.body, Body::Event(_));
        let symbols = &mut self.places.on(platform, settings, &mut self.sources);
        let mut event = prepare(&mut capture, settings, symbols);
        if is_finished {
            map_sources(&mut event, settings, &mut self.sources);
        }
        let admission = &capture.admission;
        let origin = Origin::Own { epoch: admission.epoch, fold: admission.fold };
        self.finish(event, admission.timestamp, origin, settings)
    }

    /// The way of an event that an earlier process did not come to make: its stack is that of a crash.
    #[cfg_attr(not(native_crashes), allow(dead_code, reason = "there are no signals"))]
    pub fn process_recovered(&mut self, mut event: Event, settings: &Settings) -> Result<Finished, Reason> {
        resolve(&mut event, settings);
        let captured = event.timestamp;
        self.finish(event, captured, Origin::Recovered, settings)
    }

    /// From the resolved event to the record.
    fn finish(
        &mut self,
        mut event: Event,
        captured: Timestamp,
        origin: Origin,
        settings: &Settings,
    ) -> Result<Finished, Reason> {
        self.add_source(&mut event, settings);
        settings.sanitizer.event_with(&mut event, &mut self.names);
        if let Some(hook) = &settings.hooks.before_send {
            let id = event.event_id;
            event = {
                let _inside = Inside::enter();
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(event))).ok().flatten()
            }
            .ok_or(Reason::BeforeSend)?;
            event.event_id = id;
            look_again(&mut event);
            settings.sanitizer.event_with(&mut event, &mut self.names);
        }
        let fingerprint = fingerprint_of(&mut event, settings);
        shrink::bound_counts(&mut event);
        let mut payload = std::mem::take(&mut self.room);
        serde_json::to_writer(&mut payload, &event).map_err(|_| Reason::Invalid)?;
        let item = Item::new("event", shrink::fit(&mut event, payload));
        let mut items = Vec::with_capacity(item.payload.len() + 64);
        item.write_to(&mut items);
        self.keep_room(item.payload);
        let record = Record { kind: Kind::Event, id: event.event_id, captured, items, origin };
        Ok(Finished { record, fingerprint, event })
    }

    fn keep_room(&mut self, mut payload: Vec<u8>) {
        payload.clear();
        if payload.capacity() <= MAX_ROOM {
            self.room = payload;
        }
    }

    fn add_source(&mut self, event: &mut Event, settings: &Settings) {
        if !settings.options.include_source_context {
            return;
        }
        for stack in stacks(event) {
            self.sources.attach(stack, &|frame| settings.sanitizer.leaves(frame));
        }
    }
}

/// Assembles and resolves: all that can be done without reading files. A language whose hooks run on
/// the app thread calls this there, sanitizes, and submits the result as [`Body::Event`].
pub(crate) fn prepare(capture: &mut Capture, settings: &Settings, symbols: &mut dyn Symbolicate) -> Event {
    let is_finished = matches!(&capture.body, Body::Event(_));
    let mut event = assemble(capture, settings, symbols);
    if is_finished {
        look_again(&mut event);
    } else {
        resolve(&mut event, settings);
    }
    for frame in stacks(&mut event).flat_map(|s| &mut s.frames) {
        if let Some(position) = frame.tape_position.take()
            && let serde_json::Value::Object(vars) = capture.value(position)
        {
            frame.vars = vars;
        }
    }
    event
}

/// The application had the event in its hands: nothing of it counts as seen by the sanitizer.
fn look_again(event: &mut Event) {
    stacks(event).flat_map(|s| &mut s.frames).for_each(|frame| frame.untouched = Untouched::default());
}

fn resolve(event: &mut Event, settings: &Settings) {
    let platform = event.platform.clone();
    let mut resolved = Resolved::default();
    for stack in stacks(event) {
        resolved += stacktrace::resolve(&platform, stack, &settings.rules);
    }
    tell(event, resolved);
}

/// Finds the originals of generated code in an event whose frames came finished, and resolves these stacks again.
fn map_sources(event: &mut Event, settings: &Settings, sources: &mut SourceCache) {
    let platform = event.platform.clone();
    let mut resolved = Resolved::default();
    for stack in stacks(event) {
        let mut mapped = false;
        for frame in stack.frames.iter_mut().filter(|f| f.context_line.is_none()) {
            mapped |= stacktrace::apply_map(&platform, frame, &settings.rules, sources);
        }
        if mapped {
            resolved += stacktrace::resolve(&platform, stack, &settings.rules);
        }
    }
    tell(event, resolved);
}

/// Adds to what the event says of frames that left.
fn tell(event: &mut Event, resolved: Resolved) {
    for (what, count) in [("frames_blocklisted", resolved.blocklisted), ("frames_folded", resolved.recursion_folded)] {
        if count > 0 {
            let before = event.contexts.get("faultwire").and_then(|c| c.get(what)).and_then(Value::as_u64);
            set_in_context(event, "faultwire", what, (before.unwrap_or(0) + u64::from(count)).into());
        }
    }
}

/// The fingerprint and its record, as they would be if the event were captured.
pub(crate) fn explain(event: &mut Event, settings: &Settings) -> Value {
    map_sources(event, settings, &mut SourceCache::new());
    resolve(event, settings);
    settings.sanitizer.event(event);
    let blocked = |platform: &str, frame: &Frame| settings.rules.blocklist.blocks(platform, frame);
    let additions = &settings.options.frame_blocklist;
    serde_json::to_value(fingerprint::explain(event, &blocked, additions)).unwrap_or(Value::Null)
}

/// Every stack of an event.
fn stacks(event: &mut Event) -> impl Iterator<Item = &mut Stacktrace> {
    let of_exceptions = event.exception.values.iter_mut().filter_map(|e| e.stacktrace.as_mut());
    let of_threads = event.threads.values.iter_mut().filter_map(|t| t.stacktrace.as_mut());
    of_exceptions.chain(of_threads)
}

fn fingerprint_of(event: &mut Event, settings: &Settings) -> String {
    let blocked = |platform: &str, frame: &Frame| settings.rules.blocklist.blocks(platform, frame);
    let hash = fingerprint::compute(event, &blocked).hash;
    match settings.options.fingerprint_mode {
        FingerprintMode::Context => {}
        FingerprintMode::Override => event.fingerprint = vec![hash.clone()],
    }
    set_in_context(event, "faultwire", "fingerprint", hash.clone().into());
    set_in_context(event, "faultwire", "fingerprint_version", "v1".into());
    hash
}
