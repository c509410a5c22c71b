//! What was said last, for the event of a crash: the scope of the process, and the isolation scope that changed
//! last. An app thread leaves a pointer here; the worker makes something of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::fork::Shared;
use crate::scope::{Layer, Layers, Scope};

/// Somebody wants to know of isolation scopes. The global one is always remembered: it changes seldom, and before
/// `init`.
static ON: AtomicBool = AtomicBool::new(false);
static CHANGED: AtomicBool = AtomicBool::new(false);
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
    CHANGED.store(true, Ordering::Release);
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

/// Something was said since the last [`take`]. A single load: also for a signal handler.
pub(super) fn has_changed() -> bool {
    CHANGED.load(Ordering::Acquire)
}

/// What was said last; a layer that is just being changed is as in `before`.
pub(super) fn take(before: &Layers) -> Layers {
    CHANGED.store(false, Ordering::Release);
    let last = |slot: &Shared<Option<Arc<Scope>>>, before: &Option<Arc<Scope>>| {
        slot.with(|scope| scope.clone()).or_else(|| before.clone())
    };
    Layers {
        global: last(&GLOBAL, &before.global),
        isolation: last(&ISOLATION, &before.isolation),
        ..Layers::default()
    }
}
