//! Remarks in `_meta`: a tree of the event's shape, in which the key `""` holds what is said of a place.

use crate::protocol::{Map, Value};

use super::{Middle, object};

/// Says at `path` that members left the middle of a list, and moves what was said of the others.
pub(super) fn cut_list(meta: &mut Value, path: &[&str], cut: &Middle) {
    let moved = |at: usize| match at {
        at if at < cut.from => Some(at),
        at if at < cut.to => None,
        at => Some(at - (cut.to - cut.from)),
    };
    note_list(meta, path, cut.len, moved);
}

/// The same, where `kept` (ascending) are the places of the members that stay.
pub(super) fn keep_list(meta: &mut Value, path: &[&str], kept: &[usize], len: usize) {
    note_list(meta, path, len, |at| kept.binary_search(&at).ok());
}

/// Says at `path` that something of `len` (bytes or members) was removed.
pub(super) fn removed(meta: &mut Value, path: &[&str], len: usize) {
    if let Some(node) = node(meta, path) {
        node.clear();
        remark(node, len);
    }
}

/// Forgets what was said of `path`, which is no longer there.
pub(super) fn forget(meta: &mut Value, path: &[&str]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(meta, |node, key| node.get_mut(*key));
    if let Some(map) = parent.and_then(Value::as_object_mut) {
        map.remove(*last);
    }
}

fn note_list(meta: &mut Value, path: &[&str], len: usize, moved: impl Fn(usize) -> Option<usize>) {
    let Some(node) = node(meta, path) else { return };
    if !node.is_empty() {
        let old = std::mem::take(node);
        for (key, value) in old {
            match key.parse::<usize>() {
                Ok(at) => {
                    if let Some(to) = moved(at) {
                        node.insert(to.to_string(), value);
                    }
                }
                Err(_) => {
                    node.insert(key, value);
                }
            }
        }
    }
    remark(node, len);
}

/// The first length stays: it is the one before anything was cut.
fn remark(node: &mut Map, len: usize) {
    let Some(said) = object(node, "") else { return };
    said.entry("len").or_insert(Value::from(len));
    let remarks = said.entry("rem").or_insert(Value::Array(Vec::new()));
    let limit = serde_json::json!(["!limit", "x"]);
    if let Value::Array(list) = remarks
        && !list.contains(&limit)
    {
        list.push(limit);
    }
}

fn node<'m>(meta: &'m mut Value, path: &[&str]) -> Option<&'m mut Map> {
    if !meta.is_object() {
        *meta = Value::Object(Map::new());
    }
    path.iter().try_fold(meta.as_object_mut()?, |map, key| object(map, key))
}
