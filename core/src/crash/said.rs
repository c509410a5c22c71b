//! What was said last, for the event of a crash: the scope of the process, and the isolation scope that changed
//! last. An app thread leaves a pointer here; the worker makes something of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::fork::Shared;
use crate::scope::{Layer, Layers, Scope};

/// Somebody wants to know of isolation scopes. The global one is always remembered: it changes seldom, and before
/// `init`.
static ON: AtomicBool = AtomicBool::new(false);
/// How often something was said, and how much of that is on disk.
static CHANGES: AtomicU64 = AtomicU64::new(0);
static WRITTEN: AtomicU64 = AtomicU64::new(0);
static GLOBAL: Shared<Option<Arc<Scope>>> = Shared::new(None);
static ISOLATION: Shared<Option<Arc<Scope>>> = Shared::new(None);

fn slot(layer: u8) -> &'static Shared<Option<Arc<Scope>>> {
    if layer == Layer::Global as u8 { &GLOBAL } else { &ISOLATION }
}

/// Whether changes of such a layer are to be told: one load where crashes are not captured.
pub(crate) fn watches(layer: u8) -> bool {
    layer == Layer::Global as u8 || (ON.load(Ordering::Relaxed) && layer == Layer::Isolation as u8)
}

/// To be called before a scope is changed: while it is remembered, it would be copied.
pub(crate) fn forget(layer: u8) {
    drop(slot(layer).with(Option::take));
}

/// To be called after it was changed.
pub(crate) fn remember(layer: u8, scope: Arc<Scope>) {
    drop(slot(layer).with(|slot| slot.replace(scope)));
    CHANGES.fetch_add(1, Ordering::SeqCst);
}

/// Begins to remember isolation scopes.
pub(super) fn watch() {
    ON.store(true, Ordering::Relaxed);
}

/// Ends it.
pub(super) fn rest() {
    ON.store(false, Ordering::Relaxed);
    forget(Layer::Isolation as u8);
}

/// Something was said that is not on disk. Two loads: also for a signal handler.
pub(super) fn is_unwritten() -> bool {
    CHANGES.load(Ordering::SeqCst) != WRITTEN.load(Ordering::SeqCst)
}

/// What was said up to some moment, to be given to [`written`].
#[derive(Debug)]
pub(super) struct Upto(u64);

/// It is on disk, or cannot be.
pub(super) fn written(upto: &Upto) {
    WRITTEN.store(upto.0, Ordering::SeqCst);
}

/// What was said last; a layer that is just being changed is as in `before`.
pub(super) fn last(before: &Layers) -> (Layers, Upto) {
    let upto = Upto(CHANGES.load(Ordering::SeqCst));
    let last = |slot: &Shared<Option<Arc<Scope>>>, before: &Option<Arc<Scope>>| {
        slot.with(|scope| scope.clone()).or_else(|| before.clone())
    };
    let layers = Layers {
        global: last(&GLOBAL, &before.global),
        isolation: last(&ISOLATION, &before.isolation),
        ..Layers::default()
    };
    (layers, upto)
}
