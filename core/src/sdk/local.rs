//! Which scopes hold here: cells that the thread, or the task it runs, looks at.
//!
//! Three layers go over each event: global < isolation < current. Every thread starts with an isolation
//! cell of its own that says nothing; [`isolation_scope`] and [`super::FutureExt::isolated`] make one
//! for a request or job, [`new_scope`] a current one for a piece of it. Work that a request gives to
//! another thread or task takes its cells along by [`Scopes`]; what is said there is said for the request.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use super::scopes::{self, ScopeHandle};
use crate::fork::Shared;
use crate::protocol::EventId;
use crate::scope::{Layer, Layers, ScopeCell};

/// One layer's place, shared by all who belong to it.
#[derive(Debug, Default)]
pub(crate) struct Cell {
    pub scope: ScopeCell,
    last_event: Shared<Option<EventId>>,
}

impl Cell {
    fn fork(&self) -> Cell {
        Cell { scope: self.scope.fork(), last_event: Shared::default() }
    }
}

/// The scopes that hold at some place, to be taken to another thread or task. Cloning shares them: a
/// `set_user` in a worker thread of a request is on the request's events.
#[derive(Debug, Clone, Default)]
pub struct Scopes {
    isolation: Arc<Cell>,
    current: Option<Arc<Cell>>,
}

thread_local! {
    static HERE: RefCell<Option<Scopes>> = const { RefCell::new(None) };
}

/// Runs `with` on the thread's scopes; `None` while the thread is ending, or within `with` itself.
fn here<R>(with: impl FnOnce(&mut Scopes) -> R) -> Option<R> {
    HERE.try_with(|here| here.try_borrow_mut().ok().map(|mut here| with(here.get_or_insert_default()))).ok().flatten()
}

impl Scopes {
    /// Those of the calling thread or task.
    pub fn here() -> Scopes {
        here(|scopes| scopes.clone()).unwrap_or_default()
    }

    /// These, with an isolation scope of their own that starts from what is said now.
    pub fn isolated(&self) -> Scopes {
        Scopes { isolation: Arc::new(self.isolation.fork()), current: self.current.clone() }
    }

    /// Runs `body` within these scopes, on any thread.
    pub fn run<R>(&self, body: impl FnOnce() -> R) -> R {
        let mut scopes = self.clone();
        let _entered = Entered::enter(&mut scopes);
        body()
    }
}

/// While alive, the thread's scopes are those that were given; then they are exchanged back, so that the
/// owner has what became of them. In a panic, too.
pub(crate) struct Entered<'a> {
    other: &'a mut Scopes,
}

impl Entered<'_> {
    pub fn enter(scopes: &mut Scopes) -> Entered<'_> {
        here(|here| std::mem::swap(here, scopes));
        Entered { other: scopes }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        here(|here| std::mem::swap(here, self.other));
    }
}

/// Runs `body` in an isolation scope of its own: one request, job or message. It starts from what is
/// said now; what is said in it is heard nowhere else.
pub fn isolation_scope<R>(body: impl FnOnce() -> R) -> R {
    Scopes::here().isolated().run(body)
}

/// Runs `body` with a layer over the isolation scope, filled by `fill`.
///
/// ```
/// use faultwire::Level;
/// faultwire::with_scope(
///     |scope| {
///         scope.set_tag("queue", "mail");
///         scope.set_level(Some(Level::Warning));
///     },
///     || faultwire::capture_message("late again", Level::Info),
/// );
/// ```
pub fn with_scope<R>(fill: impl FnOnce(&ScopeHandle), body: impl FnOnce() -> R) -> R {
    let scope = new_scope();
    fill(&scope);
    body()
}

/// A layer over the isolation scope until the guard is dropped, on the thread that made it.
///
/// ```
/// let scope = faultwire::new_scope();
/// scope.set_tag("attempt", "3");
/// # drop(scope);
/// ```
pub fn new_scope() -> ScopeGuard {
    let outer = here(|scopes| {
        let inner = scopes.current.as_ref().map(|cell| cell.fork()).unwrap_or_default();
        inner.scope.set_layer(Layer::Current);
        scopes.current.replace(Arc::new(inner))
    });
    let cell = here(|scopes| scopes.current.clone()).flatten().unwrap_or_default();
    ScopeGuard { handle: ScopeHandle::of(cell), outer: outer.flatten(), _of_this_thread: PhantomData }
}

/// Ends the layer that [`new_scope`] began. Not `Send`: a task that is moved between threads cannot keep
/// it across an `await`, where it would hold for other tasks of the thread. Use
/// [`isolated`](super::FutureExt::isolated) there.
#[derive(Debug)]
#[must_use = "the scope ends when the guard is dropped"]
pub struct ScopeGuard {
    handle: ScopeHandle,
    outer: Option<Arc<Cell>>,
    _of_this_thread: PhantomData<*const ()>,
}

impl Deref for ScopeGuard {
    type Target = ScopeHandle;

    fn deref(&self) -> &ScopeHandle {
        &self.handle
    }
}

impl Drop for ScopeGuard {
    fn drop(&mut self) {
        here(|scopes| scopes.current = self.outer.take());
    }
}

/// The id of the last event that was captured in this isolation scope.
pub fn last_event_id() -> Option<EventId> {
    isolation().and_then(|cell| cell.last_event.with(|id| *id))
}

pub(crate) fn remember(id: EventId) {
    if let Some(cell) = isolation() {
        cell.last_event.try_with(|last| *last = Some(id));
    }
}

pub(crate) fn isolation() -> Option<Arc<Cell>> {
    here(|scopes| Arc::clone(&scopes.isolation))
}

/// Snapshots of the layers that hold here.
pub(crate) fn layers() -> Layers {
    let scopes = Scopes::here();
    Layers {
        global: scopes::everywhere().scope.snapshot(),
        isolation: scopes.isolation.scope.snapshot(),
        current: scopes.current.and_then(|cell| cell.scope.snapshot()),
        ..Layers::default()
    }
}

/// The same within a panic hook: a layer that this thread was just changing is left out.
pub(crate) fn try_layers() -> Layers {
    let scopes = Scopes::here();
    Layers {
        global: scopes::everywhere().scope.try_snapshot(),
        isolation: scopes.isolation.scope.try_snapshot(),
        current: scopes.current.and_then(|cell| cell.scope.try_snapshot()),
        ..Layers::default()
    }
}
