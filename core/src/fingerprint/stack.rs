//! Which frames of a stack count, and by which names.

use std::borrow::Cow;

use super::record::Dropped;
use super::recursion;
use super::v1::Blocks;
use crate::protocol::{Frame, Stacktrace};
use crate::stacktrace::normalize::{file_name, file_stem, function_name, module_name};

/// A frame as the fingerprint sees it: no line, no column, no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place<'e> {
    pub(super) module: Cow<'e, str>,
    pub(super) function: Cow<'e, str>,
}

/// The frames that count, and how many do not for which reason.
#[derive(Debug, Default)]
pub(super) struct Stack<'e> {
    pub(super) places: Vec<Place<'e>>,
    pub(super) dropped: Dropped,
}

/// Frames of Python's comprehensions: since 3.12 they have none, so they never count.
pub(super) const COMPREHENSIONS: &[&str] = &["<listcomp>", "<setcomp>", "<dictcomp>"];

/// In-app frames that are not blocked; without any, all frames that are not blocked. Recursion closed.
pub(super) fn select<'e>(event_platform: &'e str, trace: Option<&'e Stacktrace>, blocks: Blocks) -> Stack<'e> {
    let mut stack = Stack::default();
    let frames = trace.map_or(&[][..], |t| t.frames.as_slice());
    let mut candidates: Vec<(&str, &Frame)> = Vec::with_capacity(frames.len());
    for frame in frames {
        let platform = frame.platform.as_deref().unwrap_or(event_platform);
        if blocks(platform, frame) {
            stack.dropped.blocklisted += 1;
        } else {
            candidates.push((platform, frame));
        }
    }
    // Names are made for the frames that count only, so a frame of the application without a name
    // must not hide all others: those without names go first.
    candidates.retain(|(_, frame)| {
        let named = [&frame.function, &frame.module, &frame.filename, &frame.package]
            .iter()
            .any(|n| n.as_deref().is_some_and(|n| !n.is_empty()));
        stack.dropped.unnamed += usize::from(!named);
        named
    });
    if candidates.iter().any(|(_, frame)| frame.in_app == Some(true)) {
        let before = candidates.len();
        candidates.retain(|(_, frame)| frame.in_app == Some(true));
        stack.dropped.not_in_app = before - candidates.len();
    }
    let mut places: Vec<Place<'e>> = Vec::with_capacity(candidates.len());
    for (platform, frame) in candidates {
        let place = place(platform, frame);
        if place.function.is_empty() && place.module.is_empty() {
            stack.dropped.unnamed += 1;
        } else if platform == "python" && COMPREHENSIONS.contains(&place.function.as_ref()) {
            stack.dropped.comprehension += 1;
        } else {
            places.push(place);
        }
    }
    let keys: Vec<(&str, &str)> = places.iter().map(|p| (p.module.as_ref(), p.function.as_ref())).collect();
    let path = recursion::path(&keys, |(_, function)| recursion::SHARED.contains(&function));
    stack.dropped.recursion = places.len() - path.len();
    if path.len() == places.len() {
        stack.places = places;
    } else {
        let mut path = path.into_iter().peekable();
        let on_path = |(i, place)| (path.next_if_eq(&i).is_some()).then_some(place);
        stack.places = places.into_iter().enumerate().filter_map(on_path).collect();
    }
    stack
}

/// The names of one frame. Without a module: the file without its extension, then the library.
fn place<'e>(platform: &str, frame: &'e Frame) -> Place<'e> {
    let given = |text: &'e Option<String>| text.as_deref().filter(|t| !t.is_empty());
    let module = match (given(&frame.module), given(&frame.filename), given(&frame.package)) {
        (Some(module), _, _) => module_name(platform, module),
        (None, Some(file), _) => match file_name(platform, file) {
            Cow::Borrowed(path) => Cow::Borrowed(file_stem(path)),
            Cow::Owned(path) => Cow::Owned(file_stem(&path).to_owned()),
        },
        (None, None, Some(package)) => match file_name(platform, package) {
            Cow::Borrowed(path) => Cow::Borrowed(path.rsplit('/').next().unwrap_or(path)),
            Cow::Owned(path) => Cow::Owned(path.rsplit('/').next().unwrap_or("").to_owned()),
        },
        (None, None, None) => Cow::Borrowed(""),
    };
    Place { module, function: function_name(platform, frame.function.as_deref().unwrap_or("")) }
}
