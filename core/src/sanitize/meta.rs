//! `_meta`: what was changed, by path, in the form the protocol has for it.
//!
//! A tree mirrors the event; the key `""` of a node speaks of the value itself:
//! `{"": {"rem": [["@password", "s", 0, 10]], "len": 42}}`. Rules that replaced something are named
//! `@rule` with type `s`; limits are `!limit`, `s` where a text was cut and `x` where members were
//! removed. Ranges and lengths count characters (members, for lists and objects); `len` is the
//! length before.

use serde_json::json;

use super::limits::REMARKS;
use crate::protocol::{Map, Value};

/// Where the walk is: a list through the stack, so that a step costs nothing.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    segment: Segment<'a>,
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl<'a> Path<'a> {
    pub const ROOT: Path<'static> = Path { parent: None, segment: Segment::Root };

    pub fn key(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), segment: Segment::Key(key) }
    }

    pub fn index(&'a self, index: usize) -> Path<'a> {
        Path { parent: Some(self), segment: Segment::Index(index) }
    }
}

/// Collects remarks into the event's `_meta`.
#[derive(Default)]
pub(super) struct Meta {
    tree: Map,
    count: usize,
}

/// A rule, its type and its range.
pub(super) type Remark = Value;

pub(super) fn replaced(rule: &str, start: usize, end: usize) -> Remark {
    json!([format!("@{rule}"), "s", start, end])
}

/// A rule left the whole value out.
pub(super) fn withheld(rule: &str) -> Remark {
    json!([format!("@{rule}"), "x"])
}

pub(super) fn cut(start: usize, end: usize) -> Remark {
    json!(["!limit", "s", start, end])
}

pub(super) fn removed() -> Remark {
    json!(["!limit", "x"])
}

impl Meta {
    /// Continues what an event already says of itself.
    pub fn resume(existing: Value) -> Meta {
        match existing {
            Value::Object(tree) => Meta { tree, count: 0 },
            _ => Meta::default(),
        }
    }

    /// The tree, or null when there is nothing to say.
    pub fn finish(self) -> Value {
        if self.tree.is_empty() { Value::Null } else { Value::Object(self.tree) }
    }

    /// Notes a change. What an earlier pass noted of the same rules at this place is replaced, the
    /// first known length stays.
    pub fn note(&mut self, path: &Path<'_>, remarks: Vec<Remark>, len: Option<usize>) {
        if self.count >= REMARKS {
            return;
        }
        self.count += 1;
        let Some(node) = descend(&mut self.tree, path) else { return };
        let own = node.entry(String::new()).or_insert_with(|| json!({}));
        let Value::Object(own) = own else { return };
        let ours = |remark: &Value| {
            remark
                .get(0)
                .and_then(Value::as_str)
                .is_some_and(|rule| remarks.iter().any(|new| new.get(0).and_then(Value::as_str) == Some(rule)))
        };
        let mut list = match own.remove("rem") {
            Some(Value::Array(list)) => list.into_iter().filter(|old| !ours(old)).collect(),
            _ => Vec::new(),
        };
        list.extend(remarks);
        own.insert("rem".to_owned(), Value::Array(list));
        if let Some(len) = len {
            own.entry("len").or_insert_with(|| json!(len));
        }
    }
}

fn descend<'m>(tree: &'m mut Map, path: &Path<'_>) -> Option<&'m mut Map> {
    let Some(parent) = path.parent else { return Some(tree) };
    let node = descend(tree, parent)?;
    let index;
    let key = match path.segment {
        Segment::Root => return Some(node),
        Segment::Key(key) => key,
        Segment::Index(at) => {
            index = at.to_string();
            index.as_str()
        }
    };
    if !node.contains_key(key) {
        node.insert(key.to_owned(), Value::Null);
    }
    let child = node.get_mut(key)?;
    if !child.is_object() {
        *child = Value::Object(Map::new());
    }
    child.as_object_mut()
}
