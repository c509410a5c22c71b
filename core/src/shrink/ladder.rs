//! The steps, in order. Each stops as soon as the event fits.

use crate::protocol::{Event, Exception, Frame, LogEntry, Map, Mechanism, Stacktrace, User, Value, map_of};

use super::visit::{Breadth, Texts, Visitor};
use super::{Shrunk, keep_exceptions, keep_frames, keep_threads, meta, size_of_json, visit};

/// Kept free for the list of what was cut: 20 names and numbers.
const NOTE_BYTES: usize = 1024;

/// Contexts the protocol names, and ours. The application's own go first.
const KNOWN_CONTEXTS: &[&str] = &[
    "trace",
    "runtime",
    "os",
    "device",
    "app",
    "browser",
    "gpu",
    "culture",
    "cloud_resource",
    "response",
    "error_sampling",
    "faultwire",
];

/// Of the contexts, those that stay to the last: which trace it was, and our fingerprint.
const LAST_CONTEXTS: &[&str] = &["trace", "faultwire"];

/// Members kept of each of those.
const FEW_SCALARS: usize = 16;

/// Frames a stack, exceptions and threads an event may have, step by step. The last frame and the
/// last exception are the crash; the first exception is its first cause.
const MIDDLES: &[(usize, usize, usize)] = &[(50, 20, 20), (20, 10, 5), (10, 4, 1), (4, 2, 1)];

/// Bytes a text may have, step by step; 8192 is what the protocol allows a message.
const TEXTS: &[usize] = &[65_536, 16_384, 8192, 4096, 2048, 1024, 512, 256];

/// Members a list or map may have, step by step.
const BREADTHS: &[usize] = &[100, 20, 5];

struct Ladder<'e> {
    event: &'e mut Event,
    shrunk: &'e mut Shrunk,
    limit: usize,
    /// Of the event; never less than it has.
    size: usize,
}

pub(super) fn descend(event: &mut Event, max: usize, shrunk: &mut Shrunk) {
    let size = size_of_json(event);
    if shrunk.cut.is_empty() && size <= max {
        return;
    }
    let mut ladder = Ladder { event, shrunk, limit: max.saturating_sub(NOTE_BYTES), size };
    for step in steps() {
        if ladder.fits() {
            return;
        }
        step(&mut ladder);
        ladder.size = size_of_json(ladder.event);
    }
}

fn steps<'e>() -> [fn(&mut Ladder<'e>); 10] {
    [
        Ladder::breadcrumbs,
        Ladder::locals,
        Ladder::bodies,
        Ladder::extra_and_contexts,
        Ladder::surrounding_lines,
        Ladder::source_lines,
        Ladder::middles,
        Ladder::texts,
        Ladder::small_things,
        Ladder::skeleton,
    ]
}

/// One frame of the event: its distance from its crash, and where it stands.
struct Place {
    distance: usize,
    list: &'static str,
    member: usize,
    frame: usize,
}

impl Ladder<'_> {
    fn fits(&self) -> bool {
        self.size <= self.limit
    }

    fn took(&mut self, what: &'static str, count: usize, bytes: usize) {
        self.shrunk.add(what, count);
        self.size = self.size.saturating_sub(bytes);
    }

    /// Halves the list until it fits, from the oldest end.
    fn breadcrumbs(&mut self) {
        let all = &mut self.event.breadcrumbs.values;
        let len = all.len();
        let (mut gone, mut size) = (0, self.size);
        while gone < len && size > self.limit {
            let next = gone + (len - gone).div_ceil(2);
            size = size.saturating_sub(all[gone..next].iter().map(|b| size_of_json(b) + 1).sum());
            gone = next;
        }
        if gone > 0 {
            all.drain(..gone);
            meta::cut_list(&mut self.event.meta, &["breadcrumbs", "values"], &super::Middle { from: 0, to: gone, len });
            self.shrunk.add("breadcrumbs", gone);
        }
    }

    fn locals(&mut self) {
        self.each_frame("vars", &["vars"], &|frame| {
            let vars = std::mem::take(&mut frame.vars);
            if vars.is_empty() { 0 } else { size_of_json(&vars) }
        });
    }

    fn bodies(&mut self) {
        let Some(request) = &mut self.event.request else { return };
        let data = std::mem::take(&mut request.data);
        if !data.is_null() {
            let size = size_of_json(&data);
            meta::removed(&mut self.event.meta, &["request", "data"], size);
            self.took("bodies", 1, size);
        }
    }

    /// The largest first; of equals the first by name.
    fn extra_and_contexts(&mut self) {
        let own = |key: &&String| !KNOWN_CONTEXTS.contains(&key.as_str());
        let extra = self.event.extra.iter().map(|(key, value)| ("extra", key.clone(), size_of_json(value)));
        let contexts = self.event.contexts.iter().filter(|(key, _)| own(key));
        let contexts = contexts.map(|(key, value)| ("contexts", key.clone(), size_of_json(value)));
        let mut all: Vec<(&'static str, String, usize)> = extra.chain(contexts).collect();
        all.sort_unstable_by(|a, b| b.2.cmp(&a.2).then_with(|| (a.0, &a.1).cmp(&(b.0, &b.1))));
        let mut kept =
            Kept { extra: std::mem::take(&mut self.event.extra), contexts: std::mem::take(&mut self.event.contexts) };
        let many = all.len() > MAX_REMARKS;
        for (list, key, size) in all {
            if self.fits() {
                break;
            }
            kept.of(list).remove(&key);
            if many {
                meta::forget(&mut self.event.meta, &[list, &key]);
            } else {
                meta::removed(&mut self.event.meta, &[list, &key], size);
            }
            self.took(list, 1, size + key.len());
        }
        self.event.extra = kept.extra;
        self.event.contexts = kept.contexts;
    }

    fn surrounding_lines(&mut self) {
        self.each_frame("context_lines", &["pre_context", "post_context"], &|frame| {
            let (pre, post) = (std::mem::take(&mut frame.pre_context), std::mem::take(&mut frame.post_context));
            if pre.is_empty() && post.is_empty() { 0 } else { size_of_json(&pre) + size_of_json(&post) - 4 }
        });
    }

    fn source_lines(&mut self) {
        self.each_frame("source_lines", &["context_line"], &|frame| {
            frame.context_line.take().map_or(0, |l| size_of_json(&l))
        });
    }

    /// Calls `take` on the frames, farthest from the crash first, until the event fits. `take` says
    /// how many bytes went, 0 for nothing.
    fn each_frame(&mut self, what: &'static str, fields: &[&str], take: &dyn Fn(&mut Frame) -> usize) {
        let stacks = |list: &'static str, member: usize, stack: Option<&Stacktrace>| {
            let len = stack.map_or(0, |s| s.frames.len());
            (0..len).map(move |frame| Place { distance: len - frame, list, member, frame })
        };
        let threads = self.event.threads.values.iter().enumerate();
        let exceptions = self.event.exception.values.iter().enumerate();
        let mut places: Vec<Place> = threads
            .flat_map(|(i, t)| stacks("threads", i, t.stacktrace.as_ref()))
            .chain(exceptions.flat_map(|(i, e)| stacks("exception", i, e.stacktrace.as_ref())))
            .collect();
        // Stable: of frames equally far, threads go before exceptions and causes before the crash.
        places.sort_by_key(|place| std::cmp::Reverse(place.distance));
        for Place { list, member, frame, .. } in places {
            if self.fits() {
                return;
            }
            let stack = match list {
                "threads" => self.event.threads.values.get_mut(member).and_then(|t| t.stacktrace.as_mut()),
                _ => self.event.exception.values.get_mut(member).and_then(|e| e.stacktrace.as_mut()),
            };
            let size = stack.and_then(|s| s.frames.get_mut(frame)).map_or(0, take);
            if size > 0 {
                let (member, frame) = (member.to_string(), frame.to_string());
                for field in fields {
                    let path = [list, "values", &member, "stacktrace", "frames", &frame, field];
                    meta::forget(&mut self.event.meta, &path);
                }
                self.took(what, 1, size);
            }
        }
    }

    fn middles(&mut self) {
        for (frames, exceptions, threads) in MIDDLES {
            self.shrunk.add("threads", keep_threads(self.event, *threads));
            self.shrunk.add("exceptions", keep_exceptions(self.event, *exceptions));
            self.shrunk.add("frames", keep_frames(self.event, frames / 4, *frames));
            if self.measured_fits() {
                return;
            }
        }
    }

    fn texts(&mut self) {
        for max in TEXTS {
            let mut texts = Texts { max: *max, cut: 0 };
            visit::event(self.event, &mut texts);
            self.shrunk.add("strings", texts.cut);
            if texts.cut > 0 && self.measured_fits() {
                return;
            }
        }
    }

    /// Many of something, each of them short.
    fn small_things(&mut self) {
        let event = &mut *self.event;
        self.shrunk.add("meta", usize::from(!std::mem::take(&mut event.meta).is_null()));
        self.shrunk.add("debug_meta", usize::from(!std::mem::take(&mut event.debug_meta).is_null()));
        self.shrunk.add("modules", std::mem::take(&mut event.modules).len());
        if self.measured_fits() {
            return;
        }
        for max in BREADTHS {
            let mut breadth = Breadth { max: *max, cut: 0 };
            let contexts = &mut self.event.contexts;
            let last: Vec<(String, Value)> = LAST_CONTEXTS.iter().filter_map(|k| contexts.remove_entry(*k)).collect();
            visit::event(self.event, &mut breadth);
            for (key, mut context) in last {
                Breadth { max: FEW_SCALARS, cut: 0 }.value(&mut context);
                self.event.contexts.insert(key, context);
            }
            self.shrunk.add("entries", breadth.cut);
            if self.measured_fits() {
                return;
            }
        }
    }

    /// What names the fault, and nothing else.
    fn skeleton(&mut self) {
        self.shrunk.add("fields", 1);
        let old = std::mem::take(self.event);
        let exception = old.exception.values.into_iter().next_back().map(|e| Exception {
            ty: e.ty,
            value: e.value,
            module: e.module,
            thread_id: None,
            mechanism: e.mechanism.map(|m| Mechanism { ty: m.ty, handled: m.handled, ..Mechanism::default() }),
            stacktrace: e.stacktrace.and_then(|s| s.frames.into_iter().next_back()).map(|f| Stacktrace {
                frames: vec![Frame {
                    function: f.function,
                    module: f.module,
                    filename: f.filename,
                    lineno: f.lineno,
                    in_app: f.in_app,
                    instruction_addr: f.instruction_addr,
                    ..Frame::default()
                }],
            }),
        });
        let short = |value: &Value| !matches!(value, Value::Array(_) | Value::Object(_));
        let last = |(key, value): (String, Value)| match value {
            Value::Object(map) if LAST_CONTEXTS.contains(&key.as_str()) => {
                let scalars = map_of(map.into_iter().filter(|(_, value)| short(value)).take(FEW_SCALARS));
                Some((key, Value::Object(scalars)))
            }
            _ => None,
        };
        *self.event = Event {
            event_id: old.event_id,
            timestamp: old.timestamp,
            platform: old.platform,
            level: old.level,
            transaction: old.transaction,
            server_name: old.server_name,
            release: old.release,
            dist: old.dist,
            environment: old.environment,
            logentry: old.logentry.map(|l| LogEntry::from(l.formatted.or(l.message).unwrap_or_default())),
            exception: exception.into_iter().collect::<Vec<_>>().into(),
            user: old.user.map(|u| User { id: u.id, ..User::default() }),
            contexts: map_of(old.contexts.into_iter().filter_map(last)),
            fingerprint: old.fingerprint.into_iter().take(4).collect(),
            ..Event::default()
        };
        for max in [128, 16] {
            visit::event(self.event, &mut Texts { max, cut: 0 });
            if self.measured_fits() {
                return;
            }
            self.event.contexts.clear();
        }
    }

    fn measured_fits(&mut self) -> bool {
        self.size = size_of_json(self.event);
        self.fits()
    }
}

/// Remarks written for single members that were removed; of more, only their number is told.
const MAX_REMARKS: usize = 100;

struct Kept {
    extra: Map,
    contexts: Map,
}

impl Kept {
    fn of(&mut self, list: &str) -> &mut Map {
        if list == "extra" { &mut self.extra } else { &mut self.contexts }
    }
}
