//! What would be said of a crash if there were one: the event without its exception, sanitized, and the modules.

use super::modules::{self, Module};
use super::stack::Code;
use crate::assemble::complete;
use crate::crash::said::{self, Upto};
use crate::framing::{self, Frames};
use crate::protocol::{Event, Value};
use crate::sanitize::Memory;
use crate::scope::Layers;
use crate::settings::Settings;

/// Kinds of frames in a scope file.
const EVENT: u8 = 1;
const MODULES: u8 = 2;

/// What was written last.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    layers: Layers,
    /// The event, serialised; empty before the first time.
    event: Vec<u8>,
    modules: Vec<u8>,
    module_count: Option<u64>,
    memory: Memory,
    /// Where code is, until it is told.
    code: Option<Vec<Code>>,
}

impl Snapshots {
    /// The file as it is to be, if it is to change.
    pub fn next(&mut self, settings: &Settings) -> Option<(Vec<u8>, Upto)> {
        let count = modules::count();
        let has_modules = self.module_count == Some(count);
        if has_modules && !self.event.is_empty() && !said::is_unwritten() {
            return None;
        }
        if !has_modules {
            self.module_count = Some(count);
            self.list_modules(settings);
        }
        let upto;
        (self.layers, upto) = said::last(&self.layers);
        let mut event = Event { platform: settings.sdk.platform.to_owned(), ..Event::default() };
        self.layers.apply(&mut event, settings.options.max_breadcrumbs);
        complete(&mut event, settings);
        settings.sanitizer.event_with(&mut event, &mut self.memory);
        self.event = serde_json::to_vec(&event).unwrap_or_default();
        let mut file = Vec::new();
        framing::append(&mut file, EVENT, &[&self.event]);
        framing::append(&mut file, MODULES, &[&self.modules]);
        Some((file, upto))
    }

    fn list_modules(&mut self, settings: &Settings) {
        let mut loaded = modules::loaded();
        let code = |module: &Module| {
            let unwind = module.unwind;
            module.code.clone().into_iter().map(move |(start, end)| Code { start, end, unwind })
        };
        self.code = Some(loaded.iter().flat_map(code).collect());
        for module in &mut loaded {
            module.path = settings.sanitizer.text(&module.path).into_owned();
        }
        self.modules = serde_json::to_vec(&loaded).unwrap_or_default();
    }

    /// Where code is, if that has changed.
    pub fn take_code(&mut self) -> Option<Vec<Code>> {
        self.code.take()
    }
}

/// What a dead process left of it.
pub(super) fn read(file: &[u8]) -> (Option<Event>, Vec<Module>) {
    let mut left = (None, Vec::new());
    for frame in Frames::new(file) {
        match frame.kind {
            EVENT => left.0 = json(frame.payload).and_then(|event| Event::from_value(event).ok()),
            MODULES => {
                left.1 = json(frame.payload).and_then(|all| serde_json::from_value(all).ok()).unwrap_or_default()
            }
            _ => {}
        }
    }
    left
}

/// By way of a value, as all other JSON: code that reads a type straight from text is tens of kilobytes.
fn json(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}
