//! The whole event, field by field.
//!
//! Every struct is taken apart without `..`: a field that is added to the protocol does not compile
//! here until someone has decided how it is sanitized.

use super::PASSES;
use super::limits::*;
use super::meta::{self, Meta, Path};
use super::rules::{KeyMatch, Secrecy, Span};
use super::scan::What;
use super::value::{Terms, Walk, cut_text, free_name, json_size, over};
use crate::protocol::{
    Breadcrumb, Event, Exception, Frame, LogEntry, Map, Mechanism, Request, SdkInfo, Stacktrace, Thread, User, Value,
    map_of,
};
use std::collections::BTreeMap;

/// Most tags, headers and server variables: more is a mistake.
const TEXTS: usize = 200;
/// Most packages in `modules`.
const MODULES: usize = 5000;
/// How deep `_meta` of others is followed: the event's own depth and the free values below it.
const META_DEPTH: usize = 32;

/// Members of `contexts.faultwire` whose names sound like more than they are.
const OWN_MEMBERS: &[&str] = &["fingerprint", "fingerprint_version", "session", "explain", "record"];

/// What hides a parameter whose template names it.
const TEMPLATE: KeyMatch<'static> =
    KeyMatch { name: "template", secrecy: Secrecy::Secret, prose: false, span: Span::Word };

impl Walk<'_> {
    pub fn event(&mut self, event: &mut Event) {
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
        let root = Path::ROOT;
        let mut existing = std::mem::take(meta);
        self.foreign_meta(&mut existing, 0);
        self.meta = Meta::resume(existing);

        self.text(&root.key("platform"), platform, What::NAME, LOGGER_CHARS);
        self.optional(&root, "logger", logger, What::NAME, LOGGER_CHARS);
        self.optional(&root, "transaction", transaction, What::TEXT, TRANSACTION_CHARS);
        self.optional(&root, "server_name", server_name, What::NAME, SERVER_NAME_CHARS);
        self.optional(&root, "release", release, What::NAME, RELEASE_CHARS);
        self.optional(&root, "dist", dist, What::NAME, DIST_CHARS);
        if let Some(dist) = dist
            && let Some(fits) = self.sanitizer.identifier(dist, What::NAME, DIST_CHARS, DIST_SIGNS)
        {
            *dist = fits;
        }
        self.optional(&root, "environment", environment, What::NAME, ENVIRONMENT_CHARS);
        if let Some(entry) = logentry {
            self.log_entry(&root.key("logentry"), entry);
        }
        self.each(&root.key("exception"), &mut exception.values, Self::exception);
        self.each(&root.key("threads"), &mut threads.values, Self::thread);
        self.each(&root.key("breadcrumbs"), &mut breadcrumbs.values, Self::breadcrumb);
        if let Some(user) = user {
            self.user(&root.key("user"), user);
        }
        if let Some(request) = request {
            self.request(&root.key("request"), request);
        }
        self.contexts(&root.key("contexts"), contexts);
        self.tags(&root.key("tags"), tags);
        self.extra(&root.key("extra"), extra);
        self.texts(&root.key("modules"), modules, MODULES, What::NAME, |walk, path, _, text| {
            walk.text(path, text, What::NAME, KEY_CHARS);
        });
        let here = root.key("fingerprint");
        if fingerprint.len() > BREADTH {
            let len = fingerprint.len();
            fingerprint.truncate(BREADTH);
            self.meta.note(&here, vec![meta::removed()], Some(len));
        }
        for (i, part) in fingerprint.iter_mut().enumerate() {
            self.text(&here.index(i), part, What::TEXT, VALUE_CHARS);
        }
        if let Some(sdk) = sdk {
            self.sdk(&root.key("sdk"), sdk);
        }
        let images =
            Terms { what: What::NAME, chars: NAME_CHARS, depth: DEPTH, breadth: OWN_CONTEXT_BREADTH, keys: true };
        self.value(&root.key("debug_meta"), debug_meta, images, 0);
        *meta = std::mem::take(&mut self.meta).finish();
    }

    fn each<T>(&mut self, path: &Path<'_>, list: &mut [T], mut treat: impl FnMut(&mut Self, &Path<'_>, &mut T)) {
        let values = path.key("values");
        for (i, item) in list.iter_mut().enumerate() {
            treat(self, &values.index(i), item);
        }
    }

    fn log_entry(&mut self, path: &Path<'_>, entry: &mut LogEntry) {
        let LogEntry { message, params, formatted } = entry;
        self.optional(path, "message", message, What::TEXT, MESSAGE_CHARS);
        self.value(&path.key("params"), params, self.terms(What::TEXT), 0);
        // Last: how a parameter reads within the template depends on what is left of it.
        if let (Some(template), Value::Array(list)) = (&*message, &mut *params) {
            self.named_by_template(&path.key("params"), template, list);
        }
        self.optional(path, "formatted", formatted, What::TEXT, MESSAGE_CHARS);
    }

    /// `"password=%s"` names its parameter: what would be filtered in the finished text goes here too.
    fn named_by_template(&mut self, path: &Path<'_>, template: &str, params: &mut [Value]) {
        const PROBE: &str = "x0Probe1y2";
        const MOST: usize = 16;
        const LONGEST: usize = 256;
        const STAND_INS: [&str; 6] = ["%s", "%r", "%d", "%v", "{}", "?"];
        if template.len() > MESSAGE_CHARS || params.is_empty() {
            return;
        }
        let mut from = 0;
        for (i, param) in params.iter_mut().enumerate().take(MOST) {
            let rest = template.get(from..).unwrap_or("");
            let next = STAND_INS.iter().filter_map(|mark| rest.find(mark).map(|at| (at, mark.len()))).min();
            let Some((at, len)) = next else { return };
            let (start, end) = (from + at, from + at + len);
            from = end;
            let (Some(head), Some(tail)) = (template.get(..start), template.get(end..)) else { return };
            // Some rules ask what the value looks like: it is tried itself, too.
            let own = param.as_str().filter(|own| (PROBE.len()..=LONGEST).contains(&own.len()));
            let hidden = [Some(PROBE), own].into_iter().flatten().any(|value| {
                let probed = format!("{head}{value}{tail}");
                self.sanitizer.clean(&probed, What::TEXT).is_some_and(|clean| !clean.contains(value))
            });
            if hidden {
                self.redact(&path.index(i), param, &TEMPLATE);
            }
        }
    }

    fn exception(&mut self, path: &Path<'_>, exception: &mut Exception) {
        let Exception { ty, value, module, thread_id, mechanism, stacktrace } = exception;
        self.optional(path, "type", ty, What::NAME, TYPE_CHARS);
        self.optional(path, "value", value, What::TEXT, MESSAGE_CHARS);
        self.optional(path, "module", module, What::NAME, NAME_CHARS);
        self.id(path, "thread_id", thread_id);
        if let Some(mechanism) = mechanism {
            self.mechanism(&path.key("mechanism"), mechanism);
        }
        if let Some(stack) = stacktrace {
            self.stacktrace(&path.key("stacktrace"), stack);
        }
    }

    fn mechanism(&mut self, path: &Path<'_>, mechanism: &mut Mechanism) {
        let Mechanism {
            ty,
            handled: _,
            synthetic: _,
            source,
            exception_id: _,
            parent_id: _,
            is_exception_group: _,
            meta,
            data,
        } = mechanism;
        self.text(&path.key("type"), ty, What::NAME, TYPE_CHARS);
        self.optional(path, "source", source, What::NAME, TYPE_CHARS);
        let terms = self.terms(What::TEXT);
        self.map(&path.key("meta"), meta, terms, 0);
        self.map(&path.key("data"), data, terms, 0);
    }

    fn thread(&mut self, path: &Path<'_>, thread: &mut Thread) {
        let Thread { id, name, crashed: _, current: _, stacktrace } = thread;
        self.id(path, "id", id);
        self.optional(path, "name", name, What::TEXT, TYPE_CHARS);
        if let Some(stack) = stacktrace {
            self.stacktrace(&path.key("stacktrace"), stack);
        }
    }

    /// The id of a thread: a number or a short text.
    fn id(&mut self, path: &Path<'_>, key: &str, id: &mut Option<Value>) {
        if let Some(id) = id {
            let terms = Terms { what: What::NAME, ..self.terms(What::NAME) };
            if !id.is_number() {
                self.value(&path.key(key), id, terms, 0);
            }
        }
    }

    fn stacktrace(&mut self, path: &Path<'_>, stack: &mut Stacktrace) {
        let Stacktrace { frames } = stack;
        let list = path.key("frames");
        for (i, frame) in frames.iter_mut().enumerate() {
            self.frame(&list.index(i), frame);
        }
    }

    pub fn frame(&mut self, path: &Path<'_>, frame: &mut Frame) {
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
            untouched,
        } = frame;
        let names = [
            ("function", function),
            ("module", module),
            ("filename", filename),
            ("abs_path", abs_path),
            ("package", package),
            ("platform", platform),
            ("instruction_addr", instruction_addr),
            ("symbol_addr", symbol_addr),
            ("image_addr", image_addr),
        ];
        if !untouched.names {
            for (key, text) in names {
                self.optional(path, key, text, What::NAME, NAME_CHARS);
            }
            // A second walk, over an event that got more since, need not look at them again.
            untouched.names = true;
        }
        let lines = pre_context.len() + usize::from(context_line.is_some()) + post_context.len();
        if untouched.lines.count_ones() as usize != lines {
            self.source(path, pre_context, context_line, post_context, untouched.lines);
        }
        let terms = self.terms(What::TEXT);
        self.map(&path.key("vars"), vars, terms, 0);
    }

    /// Source lines are cleaned one by one, and a key block or a long literal that spans them as one.
    fn source(
        &mut self,
        path: &Path<'_>,
        pre_context: &mut [String],
        context_line: &mut Option<String>,
        post_context: &mut [String],
        untouched: u16,
    ) {
        // Known lines are skipped together or not at all: what one hides can depend on another.
        let count = pre_context.len() + usize::from(context_line.is_some()) + post_context.len();
        if count < u16::BITS as usize && untouched.count_ones() as usize == count {
            return;
        }
        // What a line says of the others can go with a secret or a cut.
        for _ in 0..PASSES {
            if !self.source_once(path, pre_context, context_line, post_context) {
                break;
            }
        }
    }

    /// True when a line changed.
    fn source_once(
        &mut self,
        path: &Path<'_>,
        pre_context: &mut [String],
        context_line: &mut Option<String>,
        post_context: &mut [String],
    ) -> bool {
        let lines = pre_context.iter().chain(context_line.iter()).chain(post_context.iter());
        let mut block = KeyBlock::starting(lines);
        let mut open = OpenLiteral::None;
        let mut changed = false;
        let before = path.key("pre_context");
        for (i, line) in pre_context.iter_mut().enumerate() {
            changed |= self.line(&before.index(i), line, &mut block, &mut open);
        }
        if let Some(line) = context_line {
            changed |= self.line(&path.key("context_line"), line, &mut block, &mut open);
        }
        let after = path.key("post_context");
        for (i, line) in post_context.iter_mut().enumerate() {
            changed |= self.line(&after.index(i), line, &mut block, &mut open);
        }
        changed
    }

    fn line(&mut self, path: &Path<'_>, line: &mut String, block: &mut KeyBlock, open: &mut OpenLiteral) -> bool {
        let chars = self.sanitizer.max_value_length;
        let inside = block.inside;
        block.step(line);
        if inside {
            return self.treat(path, line, chars, |line| {
                (!line.trim().is_empty() && !line.contains("[Filtered")).then(|| "[Filtered:private-key]".to_owned())
            });
        }
        let continued = open.hides(line);
        let next = open.step(line, &self.sanitizer.keys);
        let changed = match continued {
            Some(clean) => {
                let clean = self.sanitizer.clean(&clean, What::CODE).unwrap_or(clean);
                self.treat(path, line, chars, |line| (line != clean).then(|| clean.clone()))
            }
            None => self.text(path, line, What::CODE, chars),
        };
        *open = next;
        changed
    }

    fn breadcrumb(&mut self, path: &Path<'_>, crumb: &mut Breadcrumb) {
        let Breadcrumb { timestamp: _, ty, category, level: _, message, data } = crumb;
        self.optional(path, "type", ty, What::NAME, LOGGER_CHARS);
        self.optional(path, "category", category, What::NAME, CATEGORY_CHARS);
        self.optional(path, "message", message, What::TEXT, MESSAGE_CHARS);
        let here = path.key("data");
        let terms = self.terms(What::TEXT);
        self.clean_keys(&here, data, terms);
        for (key, value) in data.iter_mut() {
            let name = key.rsplit(['.', '_']).next().unwrap_or(key);
            let place = here.key(key);
            match name {
                "query" => self.crumb_query(&place, value, terms),
                "cookies" => self.cookies(&place, value),
                "body" | "payload" => self.body(&place, value, terms.chars),
                _ => {}
            }
        }
        self.map(&here, data, terms, 0);
        self.fit_map(&here, data, terms, BREADCRUMB_DATA_BYTES);
    }

    /// A query of a URL or of a database; what is left of one may read as the other.
    fn crumb_query(&mut self, path: &Path<'_>, value: &mut Value, terms: Terms) {
        let Value::String(text) = value else { return };
        let sanitizer = self.sanitizer;
        self.treat(path, text, terms.chars, |text| {
            let query = begins_with_pair(text).then(|| sanitizer.clean_query(text)).flatten();
            query.or_else(|| sanitizer.clean_value(text, terms.what))
        });
    }

    fn user(&mut self, path: &Path<'_>, user: &mut User) {
        let User { id, email, username, ip_address, other } = user;
        self.optional(path, "id", id, What::NAME, VALUE_CHARS);
        // No placeholder here: servers take addresses only, and call anything else an error.
        if let (Some(found), Some(address)) = (self.sanitizer.keys.find("ip_address"), ip_address.as_deref())
            && address != "{{auto}}"
        {
            let len = address.chars().count();
            self.meta.note(&path.key("ip_address"), vec![meta::withheld(found.name)], Some(len));
            *ip_address = None;
        }
        for (key, text) in [("email", email), ("username", username), ("ip_address", ip_address)] {
            let Some(text) = text else { continue };
            let here = path.key(key);
            if let Some(found) = self.sanitizer.keys.find(key) {
                self.redact_text(&here, text, &found);
            } else {
                self.text(&here, text, What::TEXT, VALUE_CHARS);
            }
        }
        let mut map = map_of(std::mem::take(other));
        let terms = self.terms(What::TEXT);
        if !self.sanitizer.send_default_pii
            && let (Some(name), Some(found)) = (map.get_mut("name"), self.sanitizer.keys.find("full_name"))
        {
            self.redact(&path.key("name"), name, &found);
        }
        self.map(path, &mut map, terms, 0);
        *other = map.into_iter().collect();
    }

    fn request(&mut self, path: &Path<'_>, request: &mut Request) {
        let Request { url, method, query_string, headers, cookies, data, env } = request;
        let chars = self.sanitizer.max_value_length;
        if let Some(url) = url {
            let sanitizer = self.sanitizer;
            self.treat(&path.key("url"), url, chars.max(VALUE_CHARS), |url| sanitizer.clean_url(url));
        }
        self.optional(path, "method", method, What::NAME, LOGGER_CHARS);
        self.query(&path.key("query_string"), query_string, chars.max(BODY_CHARS));
        self.texts(&path.key("headers"), headers, TEXTS, What::TEXT, |walk, path, key, text| {
            walk.header(path, key, text, chars);
        });
        self.cookies(&path.key("cookies"), cookies);
        self.body(&path.key("data"), data, chars.max(BODY_CHARS));
        self.texts(&path.key("env"), env, TEXTS, What::TEXT, |walk, path, key, text| {
            walk.header(path, key, text, chars);
        });
    }

    fn contexts(&mut self, path: &Path<'_>, contexts: &mut Map) {
        let terms = self.terms(What::TEXT);
        let mut own = contexts.remove("faultwire");
        let mut trace = contexts.remove("trace");
        // Names come first: a remark repeats the path to what it speaks of.
        self.clean_keys(path, contexts, terms);
        super::value::cut_map(&mut self.meta, path, contexts, BREADTH);
        for (key, value) in contexts.iter_mut() {
            // The name of a context is no key of a secret ("session" is common), what is in it may be.
            let what = if matches!(key.as_str(), "runtime" | "os" | "app" | "browser" | "device" | "gpu" | "culture") {
                What::VERSION
            } else {
                What::TEXT
            };
            let here = path.key(key);
            let terms = Terms { what, ..terms };
            if let Value::Object(map) = value {
                // What has a session or a way to log in is described by a context of that name.
                let found = self.sanitizer.keys.find(key);
                if let Some(found) = found.filter(|found| !matches!(found.name, "session" | "auth" | "token")) {
                    self.clean_keys(&here, map, terms);
                    for (member, value) in map.iter_mut() {
                        self.redact(&here.key(member), value, &found);
                    }
                }
                self.value(&here, value, terms, 0);
            } else {
                self.under(&here, key, value, terms, 0);
            }
            self.fit(&here, value, terms, CONTEXT_BYTES);
        }
        if let Some(trace) = &mut trace {
            let here = path.key("trace");
            let ids = take_ids(trace);
            self.value(&here, trace, terms, 0);
            self.fit(&here, trace, terms, CONTEXT_BYTES);
            if let Value::Object(map) = trace {
                map.extend(ids);
            }
        }
        if let Some(own) = &mut own {
            // Written by Faultwire: fingerprints, the record of what was hashed, a session's id for
            // impact analysis. Names say nothing of those; looks still do.
            let here = path.key("faultwire");
            let own_terms = Terms {
                what: What::NAME,
                chars: MESSAGE_CHARS,
                depth: DEPTH + 3,
                breadth: OWN_CONTEXT_BREADTH,
                keys: false,
            };
            if let Value::Object(map) = own {
                self.clean_keys(&here, map, own_terms);
                for (key, value) in map.iter_mut().filter(|(key, _)| !OWN_MEMBERS.contains(&key.as_str())) {
                    self.under(&here.key(key), key, value, terms, 0);
                }
            }
            self.value(&here, own, own_terms, 0);
        }
        contexts.extend(trace.map(|trace| ("trace".to_owned(), trace)));
        contexts.extend(own.map(|own| ("faultwire".to_owned(), own)));
    }

    fn tags(&mut self, path: &Path<'_>, tags: &mut BTreeMap<String, String>) {
        // Servers refuse a tag that says nothing.
        tags.retain(|_, text| !text.trim().is_empty());
        self.tag_keys(path, tags);
        self.text_values(path, tags, TEXTS, |walk, path, key, text| {
            if let Some(found) = walk.sanitizer.keys.find(key) {
                return walk.redact_text(path, text, &found);
            }
            let sanitizer = walk.sanitizer;
            walk.treat(path, text, TAG_VALUE_CHARS, |text| {
                let cleaned = sanitizer.clean_value(text, What::TEXT);
                let seen = cleaned.as_deref().unwrap_or(text);
                if seen.contains(['\n', '\r']) { Some(seen.replace(['\n', '\r'], " ")) } else { cleaned }
            });
        });
    }

    /// Tag keys have an alphabet of their own.
    fn tag_keys(&mut self, path: &Path<'_>, tags: &mut BTreeMap<String, String>) {
        let clean =
            |key: &String| Some((key.clone(), self.sanitizer.identifier(key, What::TEXT, TAG_KEY_CHARS, TAG_SIGNS)?));
        let renames: Vec<(String, String)> = tags.keys().filter_map(clean).collect();
        for (old, new) in renames {
            if let Some(value) = tags.remove(&old) {
                let new = free_name(new, |name| tags.contains_key(name));
                let kept = old.chars().count();
                self.meta.note(&path.key(&new), vec![Value::from(vec!["!key", "s"])], Some(kept));
                tags.insert(new, value);
            }
        }
    }

    fn extra(&mut self, path: &Path<'_>, extra: &mut Map) {
        let terms = self.terms(What::TEXT);
        self.map(path, extra, terms, 0);
        let mut total = 0;
        for (key, value) in extra.iter_mut() {
            let here = path.key(key);
            self.fit(&here, value, terms, EXTRA_VALUE_BYTES);
            let size = json_size(value);
            if total + size > EXTRA_BYTES && value.as_str() != Some(super::value::CUT) {
                *value = Value::String(super::value::CUT.to_owned());
                self.meta.note(&here, vec![meta::removed()], None);
            }
            total += json_size(value);
        }
    }

    fn sdk(&mut self, path: &Path<'_>, sdk: &mut SdkInfo) {
        let SdkInfo { name, version, integrations, packages } = sdk;
        self.text(&path.key("name"), name, What::NAME, KEY_CHARS);
        self.text(&path.key("version"), version, What::NAME, KEY_CHARS);
        let list = path.key("integrations");
        for (i, integration) in integrations.iter_mut().enumerate() {
            self.text(&list.index(i), integration, What::NAME, KEY_CHARS);
        }
        let list = path.key("packages");
        let terms = Terms { keys: false, ..self.terms(What::NAME) };
        for (i, package) in packages.iter_mut().enumerate() {
            self.value(&list.index(i), package, terms, 0);
        }
    }

    /// Remarks that came with the event. `val` holds what a field was before someone changed it.
    fn foreign_meta(&mut self, value: &mut Value, depth: usize) {
        match value {
            Value::Object(map) => {
                if depth >= META_DEPTH {
                    map.clear();
                }
                if let Some(Value::Object(own)) = map.get_mut("") {
                    own.remove("val");
                }
                let renames: Vec<(String, String)> = map
                    .keys()
                    .filter_map(|key| self.sanitizer.clean(key, What::TEXT).map(|clean| (key.clone(), clean)))
                    .collect();
                for (old, new) in renames {
                    if let Some(value) = map.remove(&old) {
                        map.insert(free_name(new, |name| map.contains_key(name)), value);
                    }
                }
                map.values_mut().for_each(|child| self.foreign_meta(child, depth + 1));
            }
            Value::Array(list) => list.iter_mut().for_each(|child| self.foreign_meta(child, depth + 1)),
            Value::String(text) => {
                if let Some(clean) = self.sanitizer.clean(text, What::TEXT) {
                    *text = clean;
                }
                if over(text, VALUE_CHARS) {
                    cut_text(text, VALUE_CHARS);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// `a=b ...`: a query of a URL, unlike one of a database. By its first word alone, since the rest can be cut.
fn begins_with_pair(text: &str) -> bool {
    text.split(' ').next().is_some_and(|word| word.contains('='))
}

/// Takes the ids of a trace out of a context: hex of the lengths that tracing uses.
fn take_ids(trace: &mut Value) -> Vec<(String, Value)> {
    let Value::Object(map) = trace else { return Vec::new() };
    let is_id = |value: &Value| {
        value.as_str().is_some_and(|id| matches!(id.len(), 16 | 32) && id.bytes().all(|c| c.is_ascii_hexdigit()))
    };
    ["trace_id", "span_id", "parent_span_id"]
        .iter()
        .filter_map(|key| if map.get(*key).is_some_and(is_id) { map.remove_entry(*key) } else { None })
        .collect()
}

/// Follows the lines of a private key that is written over several lines of source.
#[derive(Default)]
struct KeyBlock {
    inside: bool,
}

impl KeyBlock {
    /// The window may begin inside a block: then its end comes before any beginning.
    fn starting<'l>(mut lines: impl Iterator<Item = &'l String>) -> KeyBlock {
        let first = lines.find(|l| l.contains('-') && l.contains("PRIVATE KEY") && l.contains("-----"));
        KeyBlock { inside: first.is_some_and(|line| line.contains("-----END") && !line.contains("-----BEGIN")) }
    }

    fn step(&mut self, line: &str) {
        if !line.contains('-') {
            return;
        }
        if line.contains("-----END") {
            self.inside = false;
        } else if line.contains("-----BEGIN") && line.contains("PRIVATE KEY") {
            self.inside = true;
        }
    }
}

/// What a source line leaves for the next ones: a name that was assigned, and its literal yet to come.
///
/// `password = (`, `password = \` and a line that ends with the operator: literals on lines of their own follow.
/// `password = """`: everything up to the closing mark is the literal.
#[derive(Default)]
enum OpenLiteral {
    #[default]
    None,
    /// Of this kind, on lines that hold nothing but literals.
    Follows(String),
    /// Of this kind, up to this mark.
    Block(String, &'static str),
}

impl OpenLiteral {
    /// What this line becomes when it is part of such a literal.
    fn hides(&self, line: &str) -> Option<String> {
        match self {
            OpenLiteral::None => None,
            OpenLiteral::Follows(kind) => {
                let (start, end) = only_literal(line)?;
                Some(format!("{}[Filtered:{kind}]{}", line.get(..start)?, line.get(end..)?))
            }
            OpenLiteral::Block(kind, mark) => {
                // The mark stays, so that a second pass finds the same end.
                let end = line.find(mark).unwrap_or(line.len());
                let (text, rest) = line.split_at_checked(end)?;
                (!text.trim().is_empty()).then(|| format!("[Filtered:{kind}]{rest}"))
            }
        }
    }

    /// What is open behind this line.
    fn step(&mut self, line: &str, keys: &super::rules::Keys) -> OpenLiteral {
        match std::mem::take(self) {
            OpenLiteral::Follows(kind) if only_literal(line).is_some() => return OpenLiteral::Follows(kind),
            OpenLiteral::Block(kind, mark) if !line.contains(mark) => return OpenLiteral::Block(kind, mark),
            OpenLiteral::Block(..) => return OpenLiteral::None,
            _ => {}
        }
        let code = line.trim_end();
        let (head, mark) = match ["\"\"\"", "'''", "`"].into_iter().find(|mark| code.ends_with(mark)) {
            Some(mark) => (code.strip_suffix(mark).unwrap_or(code), Some(mark)),
            None => (code.trim_end_matches(['\\', '(', '[', '{', ' ', '\t']), None),
        };
        let head = head.trim_end_matches(|c: char| c.is_ascii_alphabetic() && mark.is_some()).trim_end();
        if mark.is_some_and(|mark| head.contains(mark)) {
            return OpenLiteral::None;
        }
        let Some(name) = head.strip_suffix(['=', ':']) else { return OpenLiteral::None };
        let name = name.trim_end_matches([':', '+', '?', ' ']);
        // `name: type =`
        let name = match name.split_once(": ") {
            Some((name, ty)) if !ty.contains(['"', '\'', '(']) => name,
            _ => name,
        };
        let name = name.trim_end_matches(['"', '\'']);
        let from = name
            .rfind(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
            .map_or(0, |at| at + name.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        let found = name.get(from..).and_then(|name| keys.find(name)).filter(|f| f.secrecy == Secrecy::Secret);
        match (found, mark) {
            (None, _) => OpenLiteral::None,
            (Some(found), Some(mark)) => OpenLiteral::Block(found.name.to_owned(), mark),
            (Some(found), None) => OpenLiteral::Follows(found.name.to_owned()),
        }
    }
}

/// Inside of the literal when a line holds one and nothing else but what joins or ends it.
fn only_literal(line: &str) -> Option<(usize, usize)> {
    let lead = line.len() - line.trim_start().len();
    let prefix =
        line.get(lead..)?.chars().take_while(|c| matches!(c, 'b' | 'r' | 'f' | 'u' | 'B' | 'R' | '+' | ' ')).count();
    let open = lead + prefix;
    let quote = line.get(open..)?.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let rest = line.get(open + 1..)?;
    let close = rest.rfind(quote).map_or(line.len(), |at| open + 1 + at);
    let tail = line.get(close..)?.trim_start_matches(quote);
    let joins = tail.chars().all(|c| matches!(c, ' ' | ',' | ';' | ')' | ']' | '}' | '+' | '\\' | '.'));
    (joins || tail.trim_start().starts_with(['#', '/'])).then_some((open + 1, close))
}
