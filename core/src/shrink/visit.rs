//! Reaches every text and every free value of an event, and what is done to each.
//!
//! The event is taken apart without `..`: a field that is added to it does not compile here until
//! it is bounded too.

use std::collections::BTreeMap;

use crate::protocol::{
    Breadcrumb, Event, Exception, Frame, LogEntry, Map, Mechanism, Request, SdkInfo, Stacktrace, Thread, User, Value,
};

/// What is done to the parts of an event.
pub(super) trait Visitor {
    fn text(&mut self, text: &mut String);
    fn value(&mut self, value: &mut Value);
    fn map(&mut self, map: &mut Map);
    fn texts(&mut self, texts: &mut BTreeMap<String, String>);
    fn values(&mut self, values: &mut BTreeMap<String, Value>);
    fn list(&mut self, list: &mut Vec<String>);
    fn value_list(&mut self, list: &mut Vec<Value>);
}

pub(super) fn event(event: &mut Event, v: &mut impl Visitor) {
    let Event {
        event_id: _,
        timestamp: _,
        platform,
        level: _,
        logger,
        transaction,
        server_name,
        release,
        dist,
        environment,
        logentry,
        exception,
        threads,
        breadcrumbs,
        user,
        request,
        contexts,
        tags,
        extra,
        modules,
        fingerprint,
        sdk,
        debug_meta,
        meta,
    } = event;
    v.text(platform);
    let named = [logger, transaction, server_name, release, dist, environment];
    named.into_iter().flatten().for_each(|text| v.text(text));
    if let Some(LogEntry { message, params, formatted }) = logentry {
        [message, formatted].into_iter().flatten().for_each(|text| v.text(text));
        v.value(params);
    }
    for Exception { ty, value, module, thread_id, mechanism, stacktrace } in &mut exception.values {
        [ty, value, module].into_iter().flatten().for_each(|text| v.text(text));
        thread_id.iter_mut().for_each(|id| v.value(id));
        if let Some(Mechanism {
            ty,
            handled: _,
            synthetic: _,
            source,
            exception_id: _,
            parent_id: _,
            is_exception_group: _,
            meta,
            data,
        }) = mechanism
        {
            v.text(ty);
            source.iter_mut().for_each(|text| v.text(text));
            v.map(meta);
            v.map(data);
        }
        stacktrace.iter_mut().for_each(|s| stack(s, v));
    }
    for Thread { id, name, crashed: _, current: _, stacktrace } in &mut threads.values {
        id.iter_mut().for_each(|id| v.value(id));
        name.iter_mut().for_each(|text| v.text(text));
        stacktrace.iter_mut().for_each(|s| stack(s, v));
    }
    for Breadcrumb { timestamp: _, ty, category, level: _, message, data } in &mut breadcrumbs.values {
        [ty, category, message].into_iter().flatten().for_each(|text| v.text(text));
        v.map(data);
    }
    if let Some(User { id, email, username, ip_address, other }) = user {
        [id, email, username, ip_address].into_iter().flatten().for_each(|text| v.text(text));
        v.values(other);
    }
    if let Some(Request { url, method, query_string, headers, cookies, data, env }) = request {
        [url, method].into_iter().flatten().for_each(|text| v.text(text));
        [query_string, cookies, data].into_iter().for_each(|value| v.value(value));
        v.texts(headers);
        v.texts(env);
    }
    v.map(contexts);
    v.texts(tags);
    v.map(extra);
    v.texts(modules);
    v.list(fingerprint);
    if let Some(SdkInfo { name, version, integrations, packages }) = sdk {
        v.text(name);
        v.text(version);
        v.list(integrations);
        v.value_list(packages);
    }
    v.value(debug_meta);
    v.value(meta);
}

fn stack(stack: &mut Stacktrace, v: &mut impl Visitor) {
    let Stacktrace { frames } = stack;
    for frame in frames {
        let Frame {
            function,
            module,
            filename,
            abs_path,
            lineno: _,
            colno: _,
            pre_context,
            context_line,
            post_context,
            in_app: _,
            vars,
            package,
            platform,
            instruction_addr,
            symbol_addr,
            image_addr,
            tape_position: _,
            untouched: _,
        } = frame;
        let texts = [function, module, filename, abs_path, context_line, package, platform];
        texts.into_iter().flatten().for_each(|text| v.text(text));
        [instruction_addr, symbol_addr, image_addr].into_iter().flatten().for_each(|text| v.text(text));
        v.list(pre_context);
        v.list(post_context);
        v.map(vars);
    }
}

/// Replaces objects and lists nested deeper than `max`; returns how many.
///
/// Without recursion, because the depth is what is not yet bounded.
pub(super) fn prune_deep(of: &mut Event, max: usize) -> usize {
    let mut pruner = Deep { max, cut: 0 };
    event(of, &mut pruner);
    pruner.cut
}

struct Deep {
    max: usize,
    cut: usize,
}

impl Deep {
    fn below<'v>(&mut self, values: impl Iterator<Item = &'v mut Value>) {
        let mut stack: Vec<(&mut Value, usize)> = values.filter(|v| is_container(v)).map(|v| (v, 1)).collect();
        while let Some((value, depth)) = stack.pop() {
            if depth >= self.max {
                dismantle(std::mem::replace(value, Value::from("[nested too deep]")));
                self.cut += 1;
                continue;
            }
            match value {
                Value::Array(list) => stack.extend(list.iter_mut().filter(|v| is_container(v)).map(|v| (v, depth + 1))),
                Value::Object(map) => {
                    stack.extend(map.values_mut().filter(|v| is_container(v)).map(|v| (v, depth + 1)));
                }
                _ => {}
            }
        }
    }
}

impl Visitor for Deep {
    fn text(&mut self, _: &mut String) {}
    fn texts(&mut self, _: &mut BTreeMap<String, String>) {}
    fn list(&mut self, _: &mut Vec<String>) {}
    fn value(&mut self, value: &mut Value) {
        self.below(std::iter::once(value));
    }
    fn map(&mut self, map: &mut Map) {
        self.below(map.values_mut());
    }
    fn values(&mut self, values: &mut BTreeMap<String, Value>) {
        self.below(values.values_mut());
    }
    fn value_list(&mut self, list: &mut Vec<Value>) {
        self.below(list.iter_mut());
    }
}

fn is_container(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Object(_))
}

/// Frees a value without recursion: dropping a hundred thousand levels would overflow the stack.
fn dismantle(value: Value) {
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(list) => left.extend(list),
            Value::Object(map) => left.extend(map.into_iter().map(|(_, value)| value)),
            _ => {}
        }
    }
}

/// Cuts texts and keys to `max` bytes and a mark.
pub(super) struct Texts {
    pub max: usize,
    pub cut: usize,
}

/// Stands at the end of a text that was cut.
const CUT_MARK: &str = "...";

impl Texts {
    fn is_long(&self, text: &str) -> bool {
        text.len() > self.max + CUT_MARK.len()
    }
}

impl Visitor for Texts {
    fn text(&mut self, text: &mut String) {
        if self.is_long(text) {
            let at = (0..=self.max).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(at);
            text.push_str(CUT_MARK);
            text.shrink_to_fit();
            self.cut += 1;
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(list) => list.iter_mut().for_each(|v| self.value(v)),
            Value::Object(map) => self.map(map),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn map(&mut self, map: &mut Map) {
        map.values_mut().for_each(|v| self.value(v));
        if map.keys().any(|key| self.is_long(key)) {
            for (mut key, value) in std::mem::take(map) {
                self.text(&mut key);
                map.entry(key).or_insert(value);
            }
        }
    }

    fn texts(&mut self, texts: &mut BTreeMap<String, String>) {
        texts.values_mut().for_each(|text| self.text(text));
        if texts.keys().any(|key| self.is_long(key)) {
            for (mut key, value) in std::mem::take(texts) {
                self.text(&mut key);
                texts.entry(key).or_insert(value);
            }
        }
    }

    fn values(&mut self, values: &mut BTreeMap<String, Value>) {
        values.values_mut().for_each(|v| self.value(v));
        if values.keys().any(|key| self.is_long(key)) {
            for (mut key, value) in std::mem::take(values) {
                self.text(&mut key);
                values.entry(key).or_insert(value);
            }
        }
    }

    fn list(&mut self, list: &mut Vec<String>) {
        list.iter_mut().for_each(|text| self.text(text));
    }

    fn value_list(&mut self, list: &mut Vec<Value>) {
        list.iter_mut().for_each(|v| self.value(v));
    }
}

/// Keeps the first `max` members of every list and map.
pub(super) struct Breadth {
    pub max: usize,
    pub cut: usize,
}

impl Breadth {
    fn over(&mut self, len: usize) -> bool {
        self.cut += len.saturating_sub(self.max);
        len > self.max
    }
}

impl Visitor for Breadth {
    fn text(&mut self, _: &mut String) {}

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::Array(list) => self.value_list(list),
            Value::Object(map) => self.map(map),
            _ => {}
        }
    }

    fn map(&mut self, map: &mut Map) {
        if self.over(map.len()) {
            let first = std::mem::take(map);
            map.extend(first.into_iter().take(self.max));
        }
        map.values_mut().for_each(|v| self.value(v));
    }

    fn texts(&mut self, texts: &mut BTreeMap<String, String>) {
        if self.over(texts.len()) {
            let first = std::mem::take(texts);
            texts.extend(first.into_iter().take(self.max));
        }
    }

    fn values(&mut self, values: &mut BTreeMap<String, Value>) {
        if self.over(values.len()) {
            let first = std::mem::take(values);
            values.extend(first.into_iter().take(self.max));
        }
        values.values_mut().for_each(|v| self.value(v));
    }

    fn list(&mut self, list: &mut Vec<String>) {
        if self.over(list.len()) {
            list.truncate(self.max);
        }
    }

    fn value_list(&mut self, list: &mut Vec<Value>) {
        if self.over(list.len()) {
            list.truncate(self.max);
        }
        list.iter_mut().for_each(|v| self.value(v));
    }
}
