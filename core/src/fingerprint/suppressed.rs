//! Exceptions that say what else went wrong while an earlier one was on its way: on the JVM each resource that cannot be
//! closed adds one to what was thrown. How many there are, and whether, is chance; the fault is the one they hang on.

use std::collections::HashMap;

use crate::protocol::Exception;

/// The exceptions without suppressed ones and what caused those, in the order of the wire. The raised one, which is last,
/// counts whatever it says of itself.
pub(super) fn counted(exceptions: &[Exception]) -> Vec<&Exception> {
    if !exceptions.iter().any(is_suppressed) {
        return exceptions.iter().collect();
    }
    let number = |e: &Exception| e.mechanism.as_ref().and_then(|m| m.exception_id);
    let parent = |e: &Exception| e.mechanism.as_ref().and_then(|m| m.parent_id);
    // A parent has the smaller number, and so is known before what it holds.
    let mut by_number: Vec<(u32, usize)> =
        exceptions.iter().enumerate().filter_map(|(at, e)| Some((number(e)?, at))).collect();
    by_number.sort_unstable();
    let mut goes: HashMap<u32, bool> = HashMap::with_capacity(by_number.len());
    for (number, at) in by_number {
        let Some(exception) = exceptions.get(at) else { continue };
        let with_parent = parent(exception).filter(|p| *p < number).and_then(|p| goes.get(&p).copied());
        goes.entry(number).or_insert(is_suppressed(exception) || with_parent.unwrap_or(false));
    }
    let last = exceptions.len() - 1;
    let stays = |(at, exception): &(usize, &Exception)| {
        *at == last
            || !number(exception).and_then(|n| goes.get(&n).copied()).unwrap_or_else(|| is_suppressed(exception))
    };
    exceptions.iter().enumerate().filter(stays).map(|(_, exception)| exception).collect()
}

/// By the attribute that holds it (`suppressed[0]`), or by the mechanism, as other clients say it.
fn is_suppressed(exception: &Exception) -> bool {
    exception.mechanism.as_ref().is_some_and(|m| {
        m.ty == "suppressed" || m.source.as_deref().is_some_and(|s| s == "suppressed" || s.starts_with("suppressed["))
    })
}
