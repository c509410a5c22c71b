//! Code locations that the worker has met: what is the same for every frame in them is found out once.

use std::collections::HashMap;

use crate::assemble::{self, Symbolicate};
use crate::capture::{CodeLocation, NativeStack};
use crate::interned::Interned;
use crate::protocol::Frame;
use crate::settings::Settings;
use crate::stacktrace::{self, SourceCache, TextForm};
use crate::symbols::Symbols;

/// Locations remembered; beyond that it starts anew. An application fails in far fewer places.
const MAX_PLACES: usize = 4096;
/// Bytes of a text that is worth remembering: longer ones hold data (names that are computed, `data:` URLs).
const MAX_TEXT: usize = 512;

/// What a worker knows of code, under the settings of its client.
#[derive(Default)]
pub(crate) struct Places {
    symbols: Symbols,
    by_address: HashMap<usize, Place>,
    /// By the text of a place, where stacks are texts; `None` is what only looks like one.
    by_text: HashMap<Box<str>, Option<Frame>>,
}

struct Place {
    /// Keeps the address from coming to mean another piece of code.
    _alive: Interned<CodeLocation>,
    frame: Frame,
}

impl Places {
    /// For the captures of one platform.
    pub fn on<'a>(
        &'a mut self,
        platform: &'static str,
        settings: &'a Settings,
        sources: &'a mut SourceCache,
    ) -> On<'a> {
        On { places: self, platform, settings, sources }
    }
}

/// [`Places`] at work. `platform` and `settings` are the same for all captures of a client.
pub(crate) struct On<'a> {
    places: &'a mut Places,
    platform: &'static str,
    settings: &'a Settings,
    sources: &'a mut SourceCache,
}

impl Symbolicate for On<'_> {
    fn frames(&mut self, stack: &NativeStack) -> Vec<Frame> {
        self.places.symbols.frames(stack)
    }

    fn parse(&mut self, platform: &str, text: &str, message: &str) -> Vec<Frame> {
        let Some(form) = stacktrace::text_form(platform) else { return Vec::new() };
        (form.split)(text, message).into_iter().rev().filter_map(|place| self.text(form, platform, place)).collect()
    }

    fn place(&mut self, code: &Interned<CodeLocation>) -> Frame {
        let known = &mut self.places.by_address;
        let address = std::ptr::from_ref::<CodeLocation>(code).addr();
        if let Some(place) = known.get(&address) {
            return place.frame.clone();
        }
        let mut frame = assemble::place(code);
        self.describe(self.platform, &mut frame);
        let known = &mut self.places.by_address;
        if known.len() >= MAX_PLACES {
            known.clear();
        }
        known.insert(address, Place { _alive: code.clone(), frame: frame.clone() });
        frame
    }
}

impl On<'_> {
    fn text(&mut self, form: TextForm, platform: &str, place: &str) -> Option<Frame> {
        if let Some(frame) = self.places.by_text.get(place) {
            return frame.clone();
        }
        let frame = (form.frame)(place).map(|mut frame| {
            stacktrace::apply_map(platform, &mut frame, &self.settings.rules, self.sources);
            self.describe(platform, &mut frame);
            frame
        });
        let known = &mut self.places.by_text;
        if place.len() <= MAX_TEXT {
            if known.len() >= MAX_PLACES {
                known.clear();
            }
            known.insert(place.into(), frame.clone());
        }
        frame
    }

    fn describe(&self, platform: &str, frame: &mut Frame) {
        stacktrace::complete(platform, frame, &self.settings.rules);
        frame.untouched.names = self.settings.sanitizer.leaves(frame).names;
    }
}
