//! What a language describes once and then names in every capture: code, types of errors.
//!
//! A reference count that the app thread raises and the worker lowers moves from core to core with each frame,
//! which costs the app thread more than all else that it does for the frame. So what is known to come again is
//! kept for ever, up to a number that no ordinary program reaches; beyond it, it is counted.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How much of a process is kept for ever: a few hundred bytes each.
const MAX_LASTING: usize = 16_384;

static LASTING: AtomicUsize = AtomicUsize::new(0);

/// A shared value, kept for ever or counted.
#[derive(Debug)]
pub enum Interned<T: ?Sized + 'static> {
    /// Kept for ever: handing it over is a pointer copy.
    Lasting(&'static T),
    /// Kept as long as somebody has it.
    Counted(Arc<T>),
}

impl<T: ?Sized> Interned<T> {
    /// A value that is named again and again: kept for ever, while there is room.
    pub fn lasting(value: Box<T>) -> Interned<T>
    where
        Arc<T>: From<Box<T>>,
    {
        if LASTING.fetch_add(1, Ordering::Relaxed) < MAX_LASTING {
            Interned::Lasting(Box::leak(value))
        } else {
            LASTING.fetch_sub(1, Ordering::Relaxed);
            Interned::Counted(value.into())
        }
    }
}

impl<T: ?Sized> Clone for Interned<T> {
    fn clone(&self) -> Self {
        match self {
            Interned::Lasting(value) => Interned::Lasting(value),
            Interned::Counted(value) => Interned::Counted(Arc::clone(value)),
        }
    }
}

impl<T: ?Sized> Deref for Interned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Interned::Lasting(value) => value,
            Interned::Counted(value) => value,
        }
    }
}

impl<T: ?Sized, V: Into<Arc<T>>> From<V> for Interned<T> {
    fn from(value: V) -> Self {
        Interned::Counted(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_that_is_kept_for_ever_is_bounded() {
        let all: Vec<Interned<str>> = (0..MAX_LASTING + 100).map(|n| Interned::lasting(n.to_string().into())).collect();
        let lasting = all.iter().filter(|one| matches!(one, Interned::Lasting(_))).count();
        assert!(lasting <= MAX_LASTING && lasting > 0, "{lasting}");
        assert!(all.iter().enumerate().all(|(n, one)| **one == *n.to_string()));
        let Interned::Counted(last) = all.last().unwrap().clone() else { panic!("one too many is kept") };
        assert_eq!(Arc::strong_count(&last), 2);
    }
}
