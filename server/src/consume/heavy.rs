//! What of an event is large and counts for nothing: set aside while it is not known whether it will be stored.
//!
//! Nine of ten events of a busy issue are only counted. What is left of an event without these parts is small, and all
//! that its fingerprint and its counts are made of.

use faultwire::protocol::{Breadcrumb, Event, Frame, Map, Request, Stacktrace, Value, Values};
use std::collections::BTreeMap;

/// The parts set aside.
#[derive(Debug, Default)]
pub struct Heavy {
    breadcrumbs: Values<Breadcrumb>,
    extra: Map,
    request: Option<Request>,
    modules: BTreeMap<String, String>,
    contexts: Map,
    debug_meta: Value,
    /// Of each frame, in the order of [`frames`].
    details: Vec<Details>,
}

#[derive(Debug, Default)]
struct Details {
    vars: Map,
    before: Vec<String>,
    line: Option<String>,
    after: Vec<String>,
}

/// Contexts that say something of the occurrence's place in the counts.
const LIGHT_CONTEXTS: [&str; 3] = ["faultwire", "error_sampling", "trace"];

fn frames(event: &mut Event) -> impl Iterator<Item = &mut Frame> {
    let of_exceptions = event.exception.values.iter_mut().filter_map(|e| e.stacktrace.as_mut());
    let of_threads = event.threads.values.iter_mut().filter_map(|t| t.stacktrace.as_mut());
    of_exceptions.chain(of_threads).flat_map(|stack: &mut Stacktrace| &mut stack.frames)
}

impl Heavy {
    /// Takes them out.
    pub fn take(event: &mut Event) -> Heavy {
        let mut contexts = std::mem::take(&mut event.contexts);
        for name in LIGHT_CONTEXTS {
            if let Some((name, value)) = contexts.remove_entry(name) {
                event.contexts.insert(name, value);
            }
        }
        let details = |frame: &mut Frame| Details {
            vars: std::mem::take(&mut frame.vars),
            before: std::mem::take(&mut frame.pre_context),
            line: frame.context_line.take(),
            after: std::mem::take(&mut frame.post_context),
        };
        Heavy {
            breadcrumbs: std::mem::take(&mut event.breadcrumbs),
            extra: std::mem::take(&mut event.extra),
            request: event.request.take(),
            modules: std::mem::take(&mut event.modules),
            contexts,
            debug_meta: event.debug_meta.take(),
            details: frames(event).map(details).collect(),
        }
    }

    /// Puts them back.
    pub fn restore(self, event: &mut Event) {
        event.breadcrumbs = self.breadcrumbs;
        event.extra = self.extra;
        event.request = self.request;
        event.modules = self.modules;
        event.debug_meta = self.debug_meta;
        for (frame, details) in frames(event).zip(self.details) {
            frame.vars = details.vars;
            frame.pre_context = details.before;
            frame.context_line = details.line;
            frame.post_context = details.after;
        }
        event.contexts.extend(self.contexts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn taken_and_restored_is_the_same() {
        let whole = Event::from_value(json!({
            "event_id": "0123456789abcdef0123456789abcdef",
            "timestamp": 1.5,
            "exception": {"values": [{"type": "E", "stacktrace": {"frames": [
                {"function": "f", "vars": {"a": 1}, "pre_context": ["x"], "context_line": "y", "post_context": ["z"]},
                {"function": "g"},
            ]}}]},
            "breadcrumbs": [{"message": "m"}],
            "contexts": {"os": {"name": "Linux"}, "trace": {"trace_id": "1"}},
            "extra": {"k": "v"},
            "request": {"url": "/"},
            "modules": {"m": "1"},
        }))
        .unwrap();
        let mut event = whole.clone();
        let heavy = Heavy::take(&mut event);
        assert!(event.contexts.contains_key("trace") && !event.contexts.contains_key("os"));
        assert!(serde_json::to_string(&event).unwrap().len() < 300);
        heavy.restore(&mut event);
        assert_eq!(event, whole);
    }
}
