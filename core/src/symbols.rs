//! Addresses to functions and lines, on the worker.

use std::collections::HashMap;

use crate::assemble::Symbolicate;
use crate::capture::NativeStack;
use crate::protocol::Frame;
use crate::stacktrace::rust;

/// Addresses whose frames are remembered. A program captures from far fewer places.
const MAX_ADDRESSES: usize = 16_384;

/// A cache over the symbol tables, which `backtrace` keeps loaded.
#[derive(Default)]
pub(crate) struct Symbols {
    by_address: HashMap<usize, Vec<Frame>>,
}

impl Symbols {
    /// The frames at one address: more than one where functions were inlined, callee first.
    fn at(&mut self, address: usize) -> &[Frame] {
        if self.by_address.len() >= MAX_ADDRESSES {
            self.by_address.clear();
        }
        self.by_address.entry(address).or_insert_with(|| resolve(address))
    }
}

fn resolve(address: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    // A return address stands after the call: one less lies within it.
    let call = address.saturating_sub(1);
    backtrace::resolve(call as *mut _, |symbol| {
        let name = symbol.name().map(|n| format!("{n:#}"));
        let (module, function) = name.as_deref().map(rust::split_symbol).unzip();
        frames.push(Frame {
            function,
            module: module.flatten(),
            abs_path: symbol.filename().map(|p| p.to_string_lossy().into_owned()),
            lineno: symbol.lineno(),
            colno: symbol.colno(),
            instruction_addr: Some(format!("{address:#x}")),
            ..Frame::default()
        });
    });
    if frames.is_empty() {
        frames.push(Frame { instruction_addr: Some(format!("{address:#x}")), ..Frame::default() });
    }
    frames
}

impl Symbolicate for Symbols {
    fn frames(&mut self, stack: &NativeStack) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::with_capacity(stack.addresses.len());
        for address in &stack.addresses {
            frames.extend_from_slice(self.at(*address));
        }
        frames.reverse();
        frames
    }
}
