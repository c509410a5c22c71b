//! What the application says about where it is: immutable snapshots, copied on write.
//!
//! A [`Scope`] is data. A [`ScopeCell`] is a place that holds the current snapshot; a language keeps
//! cells in its own kind of context (context variables, task locals). Taking a snapshot is a pointer
//! copy, so a capture carries its scopes to the worker at no cost, and later changes never reach it.

mod said;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::fork::Shared;
use crate::protocol::{Breadcrumb, Event, Level, Map, Request, Timestamp, User, Value};

/// A scope of this process said how bad events are or how they group, which are parts of the place that they fold by.
static SAYS_PLACES: AtomicBool = AtomicBool::new(false);

/// False while no scope ever said a level or a fingerprint: a capture that may be folded need not ask them then, which
/// would cost it more than all the rest.
pub fn may_say_places() -> bool {
    SAYS_PLACES.load(Ordering::Relaxed)
}

/// Incoming or generated trace: continued into `contexts.trace`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// 32 hex digits.
    pub trace_id: String,
    /// 16 hex digits: this service's own span.
    pub span_id: String,
    /// 16 hex digits: the caller's span.
    pub parent_span_id: Option<String>,
}

impl Trace {
    /// From W3C `traceparent` or from `sentry-trace`; `None` when neither form fits.
    pub fn from_header(header: &str) -> Option<Trace> {
        let hex = |s: &str, len: usize| {
            s.len() == len && s.bytes().all(|b| b.is_ascii_hexdigit()) && s.bytes().any(|b| b != b'0')
        };
        let mut parts = header.trim().split('-');
        let first = parts.next()?;
        let (trace_id, parent) = if first.len() == 2 && first != "ff" && hex(&format!("1{first}"), 3) {
            (parts.next()?, parts.next()?)
        } else {
            (first, parts.next()?)
        };
        (hex(trace_id, 32) && hex(parent, 16)).then(|| Trace {
            trace_id: trace_id.to_ascii_lowercase(),
            span_id: format!("{:016x}", crate::protocol::random_u64().max(1)),
            parent_span_id: Some(parent.to_ascii_lowercase()),
        })
    }
}

/// One layer of context. Cloning copies pointers.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    level: Option<Level>,
    transaction: Option<Arc<str>>,
    fingerprint: Option<Arc<[String]>>,
    user: Option<Arc<User>>,
    session: Option<Arc<str>>,
    tags: Arc<BTreeMap<String, String>>,
    contexts: Arc<Map>,
    extra: Arc<Map>,
    request: Option<Arc<Request>>,
    trace: Option<Arc<Trace>>,
    breadcrumbs: Arc<VecDeque<Arc<Breadcrumb>>>,
}

impl Scope {
    /// Sets or, with `None`, forgets the level that events take.
    pub fn set_level(&mut self, level: Option<Level>) {
        SAYS_PLACES.fetch_or(level.is_some(), Ordering::Relaxed);
        self.level = level;
    }

    /// The level of this layer.
    pub fn level(&self) -> Option<Level> {
        self.level
    }

    /// Names the route or task.
    pub fn set_transaction(&mut self, name: Option<&str>) {
        self.transaction = name.map(Arc::from);
    }

    /// The transaction's name.
    pub fn transaction(&self) -> Option<&str> {
        self.transaction.as_deref()
    }

    /// Sets explicit grouping.
    pub fn set_fingerprint(&mut self, parts: Option<Vec<String>>) {
        SAYS_PLACES.fetch_or(parts.is_some(), Ordering::Relaxed);
        self.fingerprint = parts.map(Arc::from);
    }

    /// The explicit grouping of this layer.
    pub fn fingerprint(&self) -> Option<&[String]> {
        self.fingerprint.as_deref()
    }

    /// Says who is hit.
    pub fn set_user(&mut self, user: Option<User>) {
        self.user = user.map(Arc::new);
    }

    /// Names the session, for impact analysis.
    pub fn set_session(&mut self, id: Option<&str>) {
        self.session = id.map(Arc::from);
    }

    /// Sets a searchable text.
    pub fn set_tag(&mut self, key: impl Into<String>, value: impl Into<String>) {
        Arc::make_mut(&mut self.tags).insert(key.into(), value.into());
    }

    /// Forgets a tag.
    pub fn remove_tag(&mut self, key: &str) {
        Arc::make_mut(&mut self.tags).remove(key);
    }

    /// Sets a named object; null forgets it.
    pub fn set_context(&mut self, key: impl Into<String>, value: Value) {
        put(&mut self.contexts, key.into(), value);
    }

    /// Sets free detail; null is kept as null.
    pub fn set_extra(&mut self, key: impl Into<String>, value: Value) {
        Arc::make_mut(&mut self.extra).insert(key.into(), value);
    }

    /// Sets the HTTP request.
    pub fn set_request(&mut self, request: Option<Request>) {
        self.request = request.map(Arc::new);
    }

    /// Continues a trace.
    pub fn set_trace(&mut self, trace: Option<Trace>) {
        self.trace = trace.map(Arc::new);
    }

    /// Adds a breadcrumb and drops the oldest beyond `max`.
    pub fn add_breadcrumb(&mut self, mut crumb: Breadcrumb, max: usize) {
        if max == 0 {
            return;
        }
        crumb.timestamp.get_or_insert_with(Timestamp::now);
        let ring = Arc::make_mut(&mut self.breadcrumbs);
        while ring.len() >= max {
            ring.pop_front();
        }
        ring.push_back(Arc::new(crumb));
    }

    /// Forgets all breadcrumbs.
    pub fn clear_breadcrumbs(&mut self) {
        self.breadcrumbs = Arc::default();
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Scope::default();
    }

    /// True for a scope that says nothing.
    pub fn is_empty(&self) -> bool {
        self.level.is_none()
            && self.transaction.is_none()
            && self.fingerprint.is_none()
            && self.user.is_none()
            && self.session.is_none()
            && self.request.is_none()
            && self.trace.is_none()
            && self.tags.is_empty()
            && self.contexts.is_empty()
            && self.extra.is_empty()
            && self.breadcrumbs.is_empty()
    }

    /// Writes this layer over `event`. What a later layer says wins; maps merge by key.
    fn apply(&self, event: &mut Event) {
        if let Some(level) = self.level {
            event.level = level;
        }
        if let Some(transaction) = &self.transaction {
            event.transaction = Some(transaction.to_string());
        }
        if let Some(fingerprint) = &self.fingerprint {
            event.fingerprint = fingerprint.to_vec();
        }
        if let Some(user) = &self.user {
            event.user = Some(User::clone(user));
        }
        if let Some(session) = &self.session {
            set_in_context(event, "faultwire", "session", session.to_string().into());
        }
        if let Some(request) = &self.request {
            event.request = Some(Request::clone(request));
        }
        if let Some(trace) = &self.trace {
            set_in_context(event, "trace", "trace_id", trace.trace_id.clone().into());
            set_in_context(event, "trace", "span_id", trace.span_id.clone().into());
            if let Some(parent) = &trace.parent_span_id {
                set_in_context(event, "trace", "parent_span_id", parent.clone().into());
            }
        }
        event.tags.extend(self.tags.iter().map(|(k, v)| (k.clone(), v.clone())));
        event.extra.extend(self.extra.iter().map(|(k, v)| (k.clone(), v.clone())));
        event.contexts.extend(self.contexts.iter().map(|(k, v)| (k.clone(), v.clone())));
    }
}

fn put(map: &mut Arc<Map>, key: String, value: Value) {
    let map = Arc::make_mut(map);
    if value.is_null() {
        map.remove(&key);
    } else {
        map.insert(key, value);
    }
}

/// Sets `contexts.{name}.{key}` of an event; a context that is not an object is replaced.
pub(crate) fn set_in_context(event: &mut Event, name: &str, key: &str, value: Value) {
    let slot = event.contexts.entry(name).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    if let Some(map) = slot.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

/// Which layer of scopes a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Layer {
    /// Of a request, task or thread.
    #[default]
    Isolation,
    /// Of the whole process.
    Global,
    /// Of a block within a request.
    Current,
}

/// A place that holds a current snapshot. Updates copy on write; nothing is held across I/O, and a
/// forked child never finds it locked.
#[derive(Debug, Default)]
pub struct ScopeCell {
    current: Shared<Arc<Scope>>,
    /// Something was said here: most cells are never written to, and a capture need not look into them.
    said: AtomicBool,
    /// A [`Layer`]: only some are remembered for a crash.
    layer: AtomicU8,
}

impl ScopeCell {
    /// Says which layer it is; without, it is an isolation scope.
    pub fn set_layer(&self, layer: Layer) {
        self.layer.store(layer as u8, Ordering::Relaxed);
    }

    /// The scope as it is now, if anything was ever said in it; later updates do not reach it.
    pub fn snapshot(&self) -> Option<Arc<Scope>> {
        self.said.load(Ordering::Acquire).then(|| self.current.with(|scope| Arc::clone(scope)))
    }

    /// The same for a panic hook, whose thread may have panicked within [`update`](ScopeCell::update):
    /// `None` then.
    pub(crate) fn try_snapshot(&self) -> Option<Arc<Scope>> {
        self.current.try_with(|scope| Arc::clone(scope))
    }

    /// Changes the scope for everybody who holds this cell. `change` must not use a cell itself.
    pub fn update<R>(&self, change: impl FnOnce(&mut Scope) -> R) -> R {
        let layer = self.layer.load(Ordering::Relaxed);
        let watched = crate::crash::said::watches(layer);
        if watched {
            crate::crash::said::forget(layer);
        }
        let changed = self.current.with(|scope| change(Arc::make_mut(scope)));
        self.said.store(true, Ordering::Release);
        if watched {
            crate::crash::said::remember(layer, self.current.with(|scope| Arc::clone(scope)));
        }
        changed
    }

    /// A cell of its own that starts from what this one holds now.
    pub fn fork(&self) -> ScopeCell {
        let scope = self.snapshot();
        ScopeCell {
            said: AtomicBool::new(scope.is_some()),
            current: Shared::new(scope.unwrap_or_default()),
            layer: AtomicU8::new(self.layer.load(Ordering::Relaxed)),
        }
    }
}

/// The layers of one capture, in merge order: fallback, global, isolation, current, call.
#[derive(Debug, Clone, Default)]
pub struct Layers {
    /// What an integration knows of the request, where no scope says otherwise.
    pub fallback: Option<Box<Scope>>,
    /// Said once for the process.
    pub global: Option<Arc<Scope>>,
    /// Of the request or task.
    pub isolation: Option<Arc<Scope>>,
    /// Of the innermost `new_scope`.
    pub current: Option<Arc<Scope>>,
    /// Of this call alone.
    pub call: Option<Box<Scope>>,
}

impl Layers {
    /// The scopes that are there, first to last.
    fn each(&self) -> impl Iterator<Item = &Scope> {
        let shared = [&self.global, &self.isolation, &self.current].into_iter().flatten().map(Arc::as_ref);
        self.fallback.as_deref().into_iter().chain(shared).chain(self.call.as_deref())
    }

    /// The level that the innermost layer sets.
    pub fn level(&self) -> Option<Level> {
        self.each().filter_map(Scope::level).last()
    }

    /// The transaction that the innermost layer names.
    pub fn transaction(&self) -> Option<&str> {
        self.each().filter_map(Scope::transaction).last()
    }

    /// The fingerprint that the innermost layer sets.
    pub fn fingerprint(&self) -> Option<&[String]> {
        self.each().filter_map(Scope::fingerprint).last()
    }

    /// Writes all layers over `event`; breadcrumbs are merged by time and cut to the newest `max_breadcrumbs`.
    pub fn apply(&self, event: &mut Event, max_breadcrumbs: usize) {
        for scope in self.each() {
            scope.apply(event);
        }
        let mut crumbs: Vec<&Arc<Breadcrumb>> = self.each().flat_map(|s| s.breadcrumbs.iter()).collect();
        crumbs.sort_by_key(|crumb| crumb.timestamp);
        let skip = crumbs.len().saturating_sub(max_breadcrumbs);
        event.breadcrumbs.values.extend(crumbs.into_iter().skip(skip).map(|crumb| Breadcrumb::clone(crumb)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_never_sees_later_changes() {
        let cell = ScopeCell::default();
        assert!(cell.snapshot().is_none());
        cell.update(|s| s.set_tag("a", "1"));
        let before = cell.snapshot().unwrap();
        cell.update(|s| s.set_tag("a", "2"));
        assert_eq!(before.tags["a"], "1");
        assert_eq!(cell.snapshot().unwrap().tags["a"], "2");
    }

    #[test]
    fn layers_merge_in_order_and_breadcrumbs_by_time() {
        let mut global = Scope::default();
        global.set_tag("a", "global");
        global.set_tag("b", "global");
        let crumb = |at, text: &str| Breadcrumb {
            timestamp: Some(Timestamp(at)),
            message: Some(text.into()),
            ..Breadcrumb::default()
        };
        global.add_breadcrumb(crumb(3, "third"), 10);
        let mut current = Scope::default();
        current.set_tag("b", "current");
        for (at, text) in [(1, "first"), (2, "second"), (4, "fourth")] {
            current.add_breadcrumb(crumb(at, text), 10);
        }
        let layers = Layers { global: Some(Arc::new(global)), current: Some(Arc::new(current)), ..Layers::default() };
        let mut event = Event::default();
        layers.apply(&mut event, 3);
        assert_eq!((event.tags["a"].as_str(), event.tags["b"].as_str()), ("global", "current"));
        let texts: Vec<_> = event.breadcrumbs.values.iter().filter_map(|c| c.message.as_deref()).collect();
        assert_eq!(texts, ["second", "third", "fourth"]);
    }

    #[test]
    fn continues_both_kinds_of_trace_headers() {
        let w3c = Trace::from_header("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").unwrap();
        let sentry = Trace::from_header("4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1").unwrap();
        assert_eq!((&w3c.trace_id, &w3c.parent_span_id), (&sentry.trace_id, &sentry.parent_span_id));
        for bad in ["", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-0-0-0", "zz"] {
            assert_eq!(Trace::from_header(bad), None, "{bad}");
        }
        assert_eq!(Trace::from_header("00-00000000000000000000000000000000-00f067aa0ba902b7-01"), None);
    }
}
