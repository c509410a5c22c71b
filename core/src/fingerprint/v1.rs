//! Fingerprint v1. Once released it never changes: a better one is v2 beside it.
//!
//! The default hash of an event is made of the first of these that it has:
//! 1. its exceptions: of each its type and its frames, or its normalised message where no frame counts;
//! 2. its message (the template if there is one) and its logger;
//! 3. the stack of its crashed, current or only thread;
//! 4. its logger and transaction.
//!
//! Exceptions form a tree: a cause is a child of what it caused, a member a child of its group. The
//! hash of an exception is over itself and the hashes of its children, so a chain is hashed from the
//! oldest cause outwards. An exception directly caused by one with the same parts counts once, as
//! recursion does. A group is the sorted unique hashes of its members, and its causes; its own type
//! and frames say where the members were gathered, not what went wrong. Suppressed exceptions do not count.
//!
//! The application's own list replaces the default; `{{ default }}` in it stands for the default hash,
//! and a list of just that is no list.

use std::collections::HashMap;

use serde::Serialize;

use super::digest::{Hash, Kind, Parts, hex};
use super::message::normalize;
use super::record::{Basis, ExceptionRecord, FrameRecord, MessageRecord, Record};
use super::stack::{Stack, select};
use super::suppressed::counted;
use crate::protocol::{Event, Exception, Frame, LogEntry, Mechanism, Stacktrace, Value};

/// Says whether a frame is framework plumbing: platform and frame.
pub type Blocks<'b> = &'b dyn Fn(&str, &Frame) -> bool;

/// The name of a fault.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Fingerprint {
    /// 64 hexadecimal digits.
    pub hash: String,
}

/// The fingerprint of a sanitized event, before it is shrunk to size.
pub fn compute(event: &Event, blocks: Blocks) -> Fingerprint {
    let mut parts = Parts::new();
    let plan = Plan::of(event, blocks, &mut parts);
    Fingerprint { hash: hex(&plan.hash) }
}

/// The fingerprint and what it is made of. `additions` names what the application added to the
/// blocklist behind `blocks`; it is not hashed.
pub fn explain(event: &Event, blocks: Blocks, additions: &[String]) -> Record {
    let mut parts = Parts::new();
    let plan = Plan::of(event, blocks, &mut parts);
    let mut record = Record {
        version: "v1",
        hash: hex(&plan.hash),
        default_hash: hex(&plan.default),
        basis: Basis::Nothing,
        exceptions: Vec::new(),
        message: None,
        thread: None,
        fingerprint: event.fingerprint.clone(),
        additions: additions.to_vec(),
    };
    match plan.made_of {
        MadeOf::Exceptions(nodes) => {
            record.basis = Basis::Exceptions;
            record.exceptions = nodes.iter().rev().map(Node::record).collect();
        }
        MadeOf::Message { logger, text } => {
            record.basis = Basis::Message;
            record.message = Some(MessageRecord { logger: logger.to_owned(), text });
        }
        MadeOf::Thread(stack) => {
            record.basis = Basis::Thread;
            record.thread =
                Some(ExceptionRecord { frames: frames(&stack), dropped: stack.dropped, ..Default::default() });
        }
        MadeOf::Nothing => {}
    }
    record
}

/// Everything that both the hash and the record are made from.
struct Plan<'e> {
    hash: Hash,
    default: Hash,
    made_of: MadeOf<'e>,
}

enum MadeOf<'e> {
    Exceptions(Vec<Node<'e>>),
    Message { logger: &'e str, text: String },
    Thread(Stack<'e>),
    Nothing,
}

impl<'e> Plan<'e> {
    fn of(event: &'e Event, blocks: Blocks, parts: &mut Parts) -> Plan<'e> {
        let made_of = made_of(event, blocks);
        let (made_of, default) = match made_of {
            MadeOf::Exceptions(mut nodes) => {
                let tree = Tree::of(&nodes);
                let hash = hash_exceptions(&mut nodes, &tree, parts);
                (MadeOf::Exceptions(nodes), hash)
            }
            MadeOf::Message { logger, text } => {
                let hash = parts.begin(Kind::Message).text(logger).text(&text).finish();
                (MadeOf::Message { logger, text }, hash)
            }
            MadeOf::Thread(stack) => {
                push_frames(parts.begin(Kind::Thread), &stack);
                (MadeOf::Thread(stack), parts.finish())
            }
            MadeOf::Nothing => {
                let transaction = event.transaction.as_deref().unwrap_or("");
                (MadeOf::Nothing, parts.begin(Kind::Nothing).text(logger(event)).text(&normalize(transaction)).finish())
            }
        };
        let hash = custom(&event.fingerprint, &default, parts);
        Plan { hash, default, made_of }
    }
}

fn made_of<'e>(event: &'e Event, blocks: Blocks) -> MadeOf<'e> {
    if !event.exception.values.is_empty() {
        return MadeOf::Exceptions(nodes(event, blocks));
    }
    if let Some(text) = event.logentry.as_ref().and_then(template) {
        return MadeOf::Message { logger: logger(event), text: normalize(text).into_owned() };
    }
    let stack = select(&event.platform, thread_stack(event, Wanted::Best), blocks);
    if stack.places.is_empty() { MadeOf::Nothing } else { MadeOf::Thread(stack) }
}

fn logger(event: &Event) -> &str {
    event.logger.as_deref().unwrap_or("")
}

/// The template says more about the fault than the finished text.
fn template(entry: &LogEntry) -> Option<&str> {
    let given = |text: &'_ Option<String>| text.as_deref().is_some_and(|t| !t.trim().is_empty());
    if given(&entry.message) {
        entry.message.as_deref()
    } else {
        entry.formatted.as_deref().filter(|_| given(&entry.formatted))
    }
}

/// Which thread's stack is looked for.
enum Wanted<'e> {
    /// The one with this id.
    Id(&'e Value),
    /// The one that crashed.
    Crashed,
    /// The crashed, the current or the only one.
    Best,
}

impl<'e> Wanted<'e> {
    fn of(exception: &'e Exception) -> Self {
        exception.thread_id.as_ref().map_or(Wanted::Crashed, Wanted::Id)
    }
}

fn thread_stack<'e>(event: &'e Event, wanted: Wanted) -> Option<&'e Stacktrace> {
    let threads =
        || event.threads.values.iter().filter(|t| t.stacktrace.as_ref().is_some_and(|s| !s.frames.is_empty()));
    let crashed = || threads().find(|t| t.crashed == Some(true));
    let found = match wanted {
        Wanted::Id(id) => threads().find(|t| t.id.as_ref() == Some(id)),
        Wanted::Crashed => crashed(),
        Wanted::Best => crashed()
            .or_else(|| threads().find(|t| t.current == Some(true)))
            .or_else(|| threads().next().filter(|_| threads().count() == 1)),
    };
    found?.stacktrace.as_ref()
}

/// One exception and its place in the tree.
struct Node<'e> {
    exception: &'e Exception,
    stack: Stack<'e>,
    /// The normalised message, where no frame counts.
    message: Option<String>,
    /// Hash of type and frames or message alone.
    own: Hash,
    /// Hash with all children.
    hash: Hash,
    /// Sorted unique hashes of a group's members.
    members: Vec<Hash>,
}

impl Node<'_> {
    fn record(&self) -> ExceptionRecord {
        ExceptionRecord {
            ty: Some(ty(self.exception).to_owned()),
            frames: if self.members.is_empty() { frames(&self.stack) } else { Vec::new() },
            message: self.message.clone().filter(|_| self.members.is_empty()),
            members: self.members.iter().map(hex).collect(),
            dropped: self.stack.dropped,
        }
    }
}

fn ty(exception: &Exception) -> &str {
    exception.ty.as_deref().unwrap_or("")
}

fn frames(stack: &Stack) -> Vec<FrameRecord> {
    let record =
        |p: &super::stack::Place| FrameRecord { module: p.module.to_string(), function: p.function.to_string() };
    stack.places.iter().map(record).collect()
}

fn push_frames(parts: &mut Parts, stack: &Stack) {
    parts.count(stack.places.len());
    for place in &stack.places {
        parts.text(&place.module).text(&place.function);
    }
}

/// The exceptions that count in the order of the wire, oldest cause first.
fn nodes<'e>(event: &'e Event, blocks: Blocks) -> Vec<Node<'e>> {
    let exceptions = counted(&event.exception.values);
    let last = exceptions.len().saturating_sub(1);
    let node = |(i, exception): (usize, &'e Exception)| {
        let own = exception.stacktrace.as_ref().filter(|s| !s.frames.is_empty());
        // Some clients hang the stack of the raised exception on its thread.
        let trace = own.or_else(|| if i == last { thread_stack(event, Wanted::of(exception)) } else { None });
        let stack = select(&event.platform, trace, blocks);
        let text = exception.value.as_deref().unwrap_or("");
        let message = stack.places.is_empty().then(|| normalize(text).into_owned());
        Node { exception, stack, message, own: [0; 32], hash: [0; 32], members: Vec::new() }
    };
    exceptions.into_iter().enumerate().map(node).collect()
}

/// Who holds whom, and an order in which every exception stands before the one that holds it.
struct Tree {
    parents: Vec<Option<usize>>,
    order: Vec<usize>,
}

impl Tree {
    /// By the ids where any exception is a group and all have one; otherwise each exception on the wire
    /// is the cause of the next.
    fn of(nodes: &[Node]) -> Tree {
        let number = |n: &Node| n.exception.mechanism.as_ref().and_then(|m| m.exception_id);
        let numbers: Vec<u32> = nodes.iter().filter_map(number).collect();
        if numbers.len() < nodes.len() || !nodes.iter().any(|n| is_group(n.exception)) {
            let next = |i: usize| Some(i + 1).filter(|n| *n < nodes.len());
            return Tree { parents: (0..nodes.len()).map(next).collect(), order: (0..nodes.len()).collect() };
        }
        let mut places = HashMap::new();
        for (i, number) in numbers.iter().enumerate() {
            places.entry(*number).or_insert(i);
        }
        // A parent has the smaller number; anything else could be a circle and holds nothing.
        let parent = |(node, number): (&Node, &u32)| {
            let parent = node.exception.mechanism.as_ref().and_then(|m| m.parent_id).filter(|p| p < number);
            parent.and_then(|p| places.get(&p).copied())
        };
        let parents = nodes.iter().zip(&numbers).map(parent).collect();
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_unstable_by_key(|i| (std::cmp::Reverse(numbers.get(*i).copied()), *i));
        Tree { parents, order }
    }
}

fn is_group(exception: &Exception) -> bool {
    exception.mechanism.as_ref().is_some_and(|m| m.is_exception_group == Some(true))
}

/// A child of a group is a member unless its source says that it is the group's cause.
fn is_cause(exception: &Exception) -> bool {
    let source = exception.mechanism.as_ref().and_then(|m: &Mechanism| m.source.as_deref());
    matches!(source, Some("__cause__" | "__context__" | "cause" | "source"))
}

/// Hashes every exception after those it holds, then the ones that nobody holds.
fn hash_exceptions(nodes: &mut [Node], tree: &Tree, parts: &mut Parts) -> Hash {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let parent = |i: usize| tree.parents.get(i).copied().flatten();
    for i in &tree.order {
        if let Some(list) = parent(*i).and_then(|p| children.get_mut(p)) {
            list.push(*i);
        }
    }
    for i in &tree.order {
        let held: Vec<&Node> = children.get(*i).into_iter().flatten().filter_map(|c| nodes.get(*c)).collect();
        let Some(node) = nodes.get(*i) else { continue };
        let own = own_hash(node, parts);
        let mut members = Vec::new();
        if is_group(node.exception) {
            members.extend(held.iter().filter(|c| !is_cause(c.exception)).map(|c| c.hash));
            members.sort_unstable();
            members.dedup();
        }
        let hash = match held.as_slice() {
            _ if !members.is_empty() => {
                parts.begin(Kind::Group).hashes(&members);
                let causes: Vec<Hash> = held.iter().filter(|c| is_cause(c.exception)).map(|c| c.hash).collect();
                parts.hashes(&causes).finish()
            }
            // Caused by the same again: that is recursion, and counts once.
            [only] if only.own == own && only.members.is_empty() => only.hash,
            held => {
                let held: Vec<Hash> = held.iter().map(|c| c.hash).collect();
                parts.begin(Kind::Chain).hash(&own).hashes(&held).finish()
            }
        };
        if let Some(node) = nodes.get_mut(*i) {
            (node.own, node.hash, node.members) = (own, hash, members);
        }
    }
    let held_by_none = tree.order.iter().rev().filter(|i| parent(**i).is_none());
    let roots: Vec<Hash> = held_by_none.filter_map(|i| nodes.get(*i)).map(|n| n.hash).collect();
    parts.begin(Kind::Exceptions).hashes(&roots).finish()
}

fn own_hash(node: &Node, parts: &mut Parts) -> Hash {
    parts.begin(Kind::Exception).text(ty(node.exception));
    match &node.message {
        Some(message) => parts.flag(0).text(message).finish(),
        None => {
            push_frames(parts.flag(1), &node.stack);
            parts.finish()
        }
    }
}

/// The application's own list around the default hash.
fn custom(list: &[String], default: &Hash, parts: &mut Parts) -> Hash {
    if list.iter().all(|part| is_default(part)) && list.len() <= 1 {
        return *default;
    }
    parts.begin(Kind::Custom).count(list.len());
    for part in list {
        if is_default(part) {
            parts.flag(0).hash(default);
        } else {
            parts.flag(1).text(part);
        }
    }
    parts.finish()
}

/// `{{ default }}`, with any spaces inside.
fn is_default(part: &str) -> bool {
    let inner = part.trim().strip_prefix("{{").and_then(|p| p.strip_suffix("}}"));
    inner.is_some_and(|name| name.trim() == "default")
}

#[cfg(test)]
mod tests;
