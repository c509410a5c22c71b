//! Keeps events small enough for the wire, by rules that cut the same event the same way.
//!
//! [`bound_counts`] runs on every event and cuts what no viewer shows: the middle of endless
//! chains and stacks. [`fit`] looks at the serialised length, and only for what is still too long
//! walks down the ladder of [`shrink`], from what helps least to what helps most in finding a
//! fault. Every step says what it took, in `contexts.faultwire.shrunk` and, where a viewer shows
//! remarks, in `_meta`.
//!
//! The whole event is measured once a step, without keeping the bytes, and within a step only
//! what is removed: an event that is twice too long costs a few serialisations, on the worker.

mod ladder;
mod meta;
mod visit;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use crate::protocol::{Event, Exception, Map, Stacktrace, Thread, Value};

/// Bytes an event may have, serialised. Relay and its kin refuse items above 1 MiB (1,048,576);
/// what is left covers the envelope's headers and what `contexts.faultwire` still gains.
pub const MAX_EVENT_BYTES: usize = 1_000_000;

/// Smaller limits are taken as this one: below it not even an id and a type are sure to fit.
pub const MIN_EVENT_BYTES: usize = 4096;

/// Exceptions in a chain. Servers keep fewer; both ends say what was raised and why.
pub const MAX_EXCEPTIONS: usize = 50;

/// Frames kept of one stack: servers keep about 50, and the ends of what is cut here hold those.
pub const MAX_FRAMES: usize = 100;

/// Of [`MAX_FRAMES`], those next to the program's start; the rest stand next to the crash.
pub const FIRST_FRAMES: usize = 25;

/// Threads of one event: a dump of a large pool says the same with fewer.
pub const MAX_THREADS: usize = 100;

/// Tags of one event; Relay keeps 200.
pub const MAX_TAGS: usize = 200;

/// Nested objects and lists. Readers give up at 128 (serde_json), some servers at 7 to 10.
pub const MAX_DEPTH: usize = 64;

/// What was cut from an event, by the names that `contexts.faultwire.shrunk` uses.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shrunk {
    /// How many of each: breadcrumbs, frames, strings, ...
    pub cut: BTreeMap<&'static str, u64>,
    /// Bytes of the serialised event now.
    pub bytes: usize,
}

impl Shrunk {
    fn add(&mut self, what: &'static str, count: usize) {
        if count > 0 {
            *self.cut.entry(what).or_default() += count as u64;
        }
    }

    /// Adds the counts to those the event already names.
    fn note(&self, event: &mut Event) {
        if self.cut.is_empty() {
            return;
        }
        let ours = object(&mut event.contexts, "faultwire");
        let Some(list) = ours.and_then(|ours| object(ours, "shrunk")) else { return };
        for (what, count) in &self.cut {
            let before = list.get(*what).and_then(Value::as_u64).unwrap_or(0);
            list.insert((*what).to_owned(), Value::from(before.saturating_add(*count)));
        }
    }
}

/// Returns `serialised` when it fits [`MAX_EVENT_BYTES`]; otherwise shrinks `event` and serialises
/// it again.
pub fn fit(event: &mut Event, serialised: Vec<u8>) -> Vec<u8> {
    if serialised.len() <= MAX_EVENT_BYTES {
        return serialised;
    }
    drop(serialised);
    shrink(event, MAX_EVENT_BYTES);
    // Maps with text keys cannot fail to serialise into memory.
    serde_json::to_vec(event).unwrap_or_default()
}

/// Makes `event` fit into `max_bytes` (at least [`MIN_EVENT_BYTES`]) when serialised.
///
/// Always succeeds; the same event always loses the same. The steps, each only as far as needed:
/// oldest breadcrumbs; local variables, farthest from the crash first; the request's body; the
/// application's own `extra` and contexts, largest first; source lines; middle frames, middle
/// exceptions, other threads; long texts; lists of small things; in the end all but what names
/// the fault.
pub fn shrink(event: &mut Event, max_bytes: usize) -> Shrunk {
    let mut shrunk = Shrunk::default();
    cut_counts(event, &mut shrunk);
    ladder::descend(event, max_bytes.max(MIN_EVENT_BYTES), &mut shrunk);
    shrunk.note(event);
    shrunk.bytes = size_of_json(event);
    shrunk
}

/// Cuts chains, stacks, threads and tags to what anyone reads, keeping both ends, and objects
/// that are nested too deep to be read back. Costs a walk when there is nothing to cut.
pub fn bound_counts(event: &mut Event) -> Shrunk {
    let mut shrunk = Shrunk::default();
    cut_counts(event, &mut shrunk);
    shrunk.note(event);
    shrunk
}

fn cut_counts(event: &mut Event, shrunk: &mut Shrunk) {
    shrunk.add("nested", visit::prune_deep(event, MAX_DEPTH));
    shrunk.add("exceptions", keep_exceptions(event, MAX_EXCEPTIONS));
    shrunk.add("frames", keep_frames(event, FIRST_FRAMES, MAX_FRAMES));
    shrunk.add("threads", keep_threads(event, MAX_THREADS));
    let tags = event.tags.len().saturating_sub(MAX_TAGS);
    if let Some(first) = event.tags.keys().nth(MAX_TAGS).cloned() {
        drop(event.tags.split_off(&first));
    }
    shrunk.add("tags", tags);
}

/// Takes exceptions out of the middle until `max` are left; parents that left pass their place to
/// the next one up.
fn keep_exceptions(event: &mut Event, max: usize) -> usize {
    let values = &mut event.exception.values;
    let Some(cut) = Middle::of(values.len(), max / 2, max) else { return 0 };
    let removed: Vec<Exception> = values.drain(cut.from..cut.to).collect();
    let ids = |e: &Exception| e.mechanism.as_ref().and_then(|m| Some((m.exception_id?, m.parent_id)));
    let parent_of: HashMap<u32, Option<u32>> = removed.iter().filter_map(ids).collect();
    for mechanism in values.iter_mut().filter_map(|e| e.mechanism.as_mut()) {
        let mut seen = HashSet::new();
        while let Some(parent) = mechanism.parent_id {
            match parent_of.get(&parent) {
                Some(next) if seen.insert(parent) => mechanism.parent_id = *next,
                Some(_) => mechanism.parent_id = None,
                None => break,
            }
        }
    }
    meta::cut_list(&mut event.meta, &["exception", "values"], &cut);
    removed.len()
}

/// Takes frames out of the middle of every stack that has more than `max`.
fn keep_frames(event: &mut Event, first: usize, max: usize) -> usize {
    let mut removed = 0;
    let mut cut = |meta: &mut Value, list: &str, index: usize, stack: Option<&mut Stacktrace>| {
        let Some(stack) = stack else { return };
        if let Some(cut) = Middle::of(stack.frames.len(), first, max) {
            stack.frames.drain(cut.from..cut.to);
            meta::cut_list(meta, &[list, "values", &index.to_string(), "stacktrace", "frames"], &cut);
            removed += cut.to - cut.from;
        }
    };
    for (index, exception) in event.exception.values.iter_mut().enumerate() {
        cut(&mut event.meta, "exception", index, exception.stacktrace.as_mut());
    }
    for (index, thread) in event.threads.values.iter_mut().enumerate() {
        cut(&mut event.meta, "threads", index, thread.stacktrace.as_mut());
    }
    removed
}

/// Keeps the threads that crashed or captured, then the first, up to `max`.
fn keep_threads(event: &mut Event, max: usize) -> usize {
    let threads = &mut event.threads.values;
    let before = threads.len();
    if before <= max {
        return 0;
    }
    let matters = |t: &Thread| t.crashed == Some(true) || t.current == Some(true);
    let mut important = max.min(threads.iter().filter(|t| matters(t)).count());
    let mut others = max - important;
    let mut kept = Vec::with_capacity(max);
    let mut at = 0;
    threads.retain(|thread| {
        let room = if matters(thread) { &mut important } else { &mut others };
        let stays = *room > 0;
        *room -= usize::from(stays);
        if stays {
            kept.push(at);
        }
        at += 1;
        stays
    });
    meta::keep_list(&mut event.meta, &["threads", "values"], &kept, before);
    before - event.threads.values.len()
}

/// The stretch that leaves the middle of a list, and the list's length before.
struct Middle {
    from: usize,
    to: usize,
    len: usize,
}

impl Middle {
    /// Leaves `max` members, `first` of them at the start; `None` when there are no more.
    fn of(len: usize, first: usize, max: usize) -> Option<Middle> {
        let first = first.min(max);
        (len > max).then(|| Middle { from: first, to: len - (max - first), len })
    }
}

/// The object under `key`; anything else that stands there is replaced by an empty one.
fn object<'m>(map: &'m mut Map, key: &str) -> Option<&'m mut Map> {
    let slot = map.entry(key).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut()
}

/// Bytes of `value` as JSON, without holding them.
fn size_of_json(value: &impl Serialize) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting cannot fail, and neither can maps with text keys.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
mod tests;
