//! Code locations that the worker has met: what is the same for every frame in them is found out once.

use std::collections::HashMap;
use std::sync::Arc;

use crate::assemble::{self, Symbolicate};
use crate::capture::{CodeLocation, NativeStack};
use crate::protocol::Frame;
use crate::settings::Settings;
use crate::stacktrace;
use crate::symbols::Symbols;

/// Locations remembered; beyond that it starts anew. An application fails in far fewer places.
const MAX_PLACES: usize = 4096;

/// What a worker knows of code, under the settings of its client.
#[derive(Default)]
pub(crate) struct Places {
    symbols: Symbols,
    by_address: HashMap<usize, Place>,
}

struct Place {
    /// Keeps the address from coming to mean another piece of code.
    _alive: Arc<CodeLocation>,
    frame: Frame,
}

impl Places {
    /// For the captures of one platform.
    pub fn on<'a>(&'a mut self, platform: &'static str, settings: &'a Settings) -> On<'a> {
        On { places: self, platform, settings }
    }
}

/// [`Places`] at work. `platform` and `settings` are the same for all captures of a client.
pub(crate) struct On<'a> {
    places: &'a mut Places,
    platform: &'static str,
    settings: &'a Settings,
}

impl Symbolicate for On<'_> {
    fn frames(&mut self, stack: &NativeStack) -> Vec<Frame> {
        self.places.symbols.frames(stack)
    }

    fn place(&mut self, code: &Arc<CodeLocation>) -> Frame {
        let known = &mut self.places.by_address;
        let address = Arc::as_ptr(code).addr();
        if let Some(place) = known.get(&address) {
            return place.frame.clone();
        }
        let mut frame = assemble::place(code);
        stacktrace::complete(self.platform, &mut frame, &self.settings.rules);
        frame.untouched.names = self.settings.sanitizer.leaves(&frame).names;
        if known.len() >= MAX_PLACES {
            known.clear();
        }
        known.insert(address, Place { _alive: Arc::clone(code), frame: frame.clone() });
        frame
    }
}
