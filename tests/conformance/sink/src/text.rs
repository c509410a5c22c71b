//! The terminal's report: a compact block for each event as it arrives, a line for everything else.

use std::fmt::Write;

use faultwire::protocol::{Level, Value};
use serde_json::json;

use crate::filtered::marked;
use crate::format::{grouped, size};
use crate::store::Record;
use crate::view::{self, Calls, Folds, FrameView, Report};

/// Columns a line may take unless told; longer ones are cut, for a block is read at a glance.
pub const WIDTH: usize = 110;
/// Calls of the application shown of each error.
const MAX_CALLS: usize = 6;
/// Locals shown of the crashing call.
const MAX_LOCALS: usize = 12;
/// Digits of a fingerprint that people compare.
pub const SHORT_FINGERPRINT: usize = 12;

const BOLD: &str = "1";
const DIM: &str = "2";
const GREEN: &str = "32";
const CYAN: &str = "36";

/// Writes with or without colours.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    ansi: bool,
    width: usize,
}

impl Paint {
    /// `ansi` where standard output is a terminal.
    pub fn new(ansi: bool) -> Self {
        Paint { ansi, width: WIDTH }
    }

    /// Without colours, in lines of about `width` columns.
    pub fn plain(width: usize) -> Self {
        Paint { ansi: false, width }
    }

    /// The block of one event.
    pub fn event(self, report: &Report) -> String {
        let mut out = String::new();
        self.block(&mut out, report);
        out
    }

    /// What is worth saying of one answered request; `records` are all so far.
    pub fn record(self, record: &Record, records: &[Record]) -> String {
        let mut out = String::new();
        if let Some(refusal) = &record.refusal {
            let text = format!("{} {}: {}", refusal.status, refusal.field, refusal.message);
            self.line(&mut out, "✗ malformed", "31", record, &text);
            return out;
        }
        if !record.accepted() {
            let text = format!("answered {} to {} items on purpose", record.status.unwrap_or(0), record.items.len());
            self.line(&mut out, "✗ not taken", "33", record, &text);
            return out;
        }
        let folds = Folds::of_all(records);
        for event in record.events() {
            self.block(&mut out, &view::report(event, record, &folds));
        }
        for item in record.items.iter().filter(|item| item.header.ty != "event") {
            match item.header.ty.as_str() {
                "faultwire_counts" => {
                    if let Some(count) = view::count(&item.payload) {
                        let short: String = count.fingerprint.chars().take(SHORT_FINGERPRINT).collect();
                        let text = format!("{} more of {}", grouped(count.count), crate::format::visible(&short));
                        self.line(&mut out, "⊕ folded", CYAN, record, &text);
                    }
                }
                "client_report" => {
                    for (reason, category, quantity) in view::losses(&item.payload) {
                        let text = format!("{} {category} lost to {reason}", grouped(quantity));
                        self.line(&mut out, "∅ report", "33", record, &text);
                    }
                }
                other => {
                    let text = format!("{}, {}", crate::format::visible(other), size(item.bytes));
                    self.line(&mut out, "· item", DIM, record, &text);
                }
            }
        }
        out
    }

    fn line(self, out: &mut String, title: &str, colour: &str, record: &Record, text: &str) {
        let number = self.style(DIM, &format!("#{}", record.number));
        let _ = writeln!(out, "{} {} {number}", self.style(colour, title), cut(&one_line(text), self.width));
    }

    fn block(self, out: &mut String, report: &Report) {
        let colour = colour(report.level);
        let clock = report.time.get(11..19).unwrap_or_default();
        let level = format!("{} {}", bar(report.level), report.level);
        let flag = if report.handled == Some(false) { ", unhandled" } else { "" };
        let (title, message) = (cut(&one_line(&report.title), self.width), one_line(&report.message));
        let used = level.len() + flag.len() + title.chars().count() + clock.len() + 12;
        let beside = !message.is_empty() && used + message.chars().count() <= self.width;
        let _ = writeln!(
            out,
            "\n{}{} {}{} {}",
            self.style(&format!("1;{colour}"), &level),
            self.style(DIM, flag),
            self.style(BOLD, &title),
            if beside { format!(": {}", self.text(&message)) } else { String::new() },
            self.style(DIM, &format!("{clock} #{}", report.number)),
        );
        if !message.is_empty() && !beside {
            let _ = writeln!(out, "  {}", self.text(&cut(&message, 2 * self.width)));
        }
        self.where_it_ran(out, report);
        for (depth, link) in report.chain.iter().enumerate() {
            if depth > 0 {
                let message = if link.message.is_empty() { String::new() } else { format!(": {}", link.message) };
                let text = cut(&one_line(&format!("{}{message}", link.kind)), self.width);
                let relation = cut(&one_line(&link.relation), 40);
                let relation = if relation.is_empty() { relation } else { format!("{relation} ") };
                let _ = writeln!(out, "  {}{}", self.style(DIM, &relation), self.text(&text));
            }
            self.stack(out, &link.stack, depth == 0, colour);
        }
        self.footer(out, report);
    }

    fn where_it_ran(self, out: &mut String, report: &Report) {
        let request = report.request.as_ref().map(|request| format!("{} {}", request.method, request.url));
        let first = [report.transaction.clone(), request];
        let second = [report.release.clone(), report.environment.clone()];
        for parts in [first, second] {
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            if !parts.is_empty() {
                let _ = writeln!(out, "  {}", self.text(&cut(&one_line(&parts.join("  ·  ")), self.width)));
            }
        }
    }

    fn stack(self, out: &mut String, stack: &[Calls], crashed: bool, colour: &str) {
        let mut shown = 0;
        let mut hidden = 0;
        let mut libraries = 0;
        for calls in stack {
            match calls {
                Calls::Library(run) => libraries += run.len(),
                Calls::App(_) if shown == MAX_CALLS => hidden += 1,
                Calls::App(frame) => {
                    self.frame(out, frame, crashed && shown == 0, colour);
                    shown += 1;
                }
            }
        }
        if shown == 0
            && let Some(Calls::Library(run)) = stack.first()
            && let Some(frame) = run.first()
        {
            self.frame(out, frame, crashed, colour);
            libraries -= 1;
        }
        let mut rest = Vec::new();
        if hidden > 0 {
            rest.push(format!("{hidden} more of yours"));
        }
        if libraries > 0 {
            rest.push(format!("{libraries} in libraries"));
        }
        if !rest.is_empty() {
            let _ = writeln!(out, "    {}", self.style(DIM, &format!("… {}", rest.join(", "))));
        }
    }

    fn frame(self, out: &mut String, frame: &FrameView, crashing: bool, colour: &str) {
        let place = self.style(CYAN, &cut(&one_line(&frame.place), self.width));
        let _ = writeln!(out, "    {}  {place}", self.style(BOLD, &cut(&one_line(&frame.function), self.width)));
        for line in &frame.source {
            // The crashing call with a line on either side, the others with their own line only.
            let near = crashing && frame.source.iter().any(|other| other.hit && adjacent(other.number, line.number));
            if !(line.hit || near && !line.text.is_empty()) {
                continue;
            }
            let number = line.number.map(|number| number.to_string()).unwrap_or_default();
            let text = cut(&one_line(&line.text), self.width.saturating_sub(14));
            if line.hit {
                let _ = writeln!(out, "    {} {}", self.style(colour, &format!("▶ {number:>5} │")), self.text(&text));
            } else {
                let _ =
                    writeln!(out, "    {} {}", self.style(DIM, &format!("  {number:>5} │")), self.style(DIM, &text));
            }
        }
        if crashing {
            let names = frame.locals.iter().take(MAX_LOCALS);
            let widest = names.clone().map(|(name, _)| name.chars().count()).max().unwrap_or(0).min(24);
            for (name, value) in names {
                let name = cut(&one_line(name), 24);
                let value = cut(&one_line(value), self.width.saturating_sub(widest + 14));
                let pad = " ".repeat(widest.saturating_sub(name.chars().count()));
                let _ = writeln!(out, "            {name}{pad} {} {}", self.style(DIM, "="), self.text(&value));
            }
            if frame.locals.len() > MAX_LOCALS {
                let more = format!("            … {} more locals", frame.locals.len() - MAX_LOCALS);
                let _ = writeln!(out, "{}", self.style(DIM, &more));
            }
        }
    }

    fn footer(self, out: &mut String, report: &Report) {
        let mut facts = Vec::new();
        if let Some(fingerprint) = &report.fingerprint {
            facts.push(format!("fingerprint {}", fingerprint.chars().take(SHORT_FINGERPRINT).collect::<String>()));
        }
        if report.folded > 0 {
            facts.push(format!("{} more folded", grouped(report.folded)));
        }
        if !report.sdk.is_empty() {
            facts.push(report.sdk.clone());
        }
        let sent = format!("{} {}", size(report.wire_bytes), report.encoding);
        facts.push(match report.encoding.as_str() {
            "identity" => sent,
            _ => format!("{sent} of {}", size(report.raw_bytes)),
        });
        let _ = writeln!(out, "  {}", self.style(DIM, &cut(&one_line(&facts.join("  ·  ")), self.width)));
        if !report.filtered.is_empty() {
            let count = self.style(GREEN, &format!("filtered {}", report.filtered.len()));
            let _ = writeln!(out, "  {count} {}", self.style(DIM, &names(report, self.width)));
        }
        for problem in &report.problems {
            let _ = writeln!(out, "  {} {}", self.style("33", "!"), cut(&one_line(problem), self.width));
        }
    }

    fn style(self, code: &str, text: &str) -> String {
        if self.ansi && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// A text with its filtered parts in green.
    fn text(self, text: &str) -> String {
        if !self.ansi {
            return text.to_owned();
        }
        marked(text).map(|(marker, part)| if marker { self.style(GREEN, part) } else { part.to_owned() }).collect()
    }
}

/// The accepted events as blocks of text, without colours and `width` columns wide: `[{event_id, text}]`.
pub fn reports(records: &[Record], width: usize) -> Value {
    let folds = Folds::of_all(records);
    let of = |record: &Record| -> Vec<Value> {
        let text = |event: &Value| Paint::plain(width).event(&view::report(event, record, &folds));
        record.events().map(|event| json!({"event_id": event.get("event_id"), "text": text(event)})).collect()
    };
    records.iter().filter(|record| record.accepted()).flat_map(of).collect()
}

/// As many names of filtered places as a line takes, and how many are left.
fn names(report: &Report, width: usize) -> String {
    let mut out = String::new();
    for (at, place) in report.filtered.iter().enumerate() {
        let name = one_line(&place.name);
        if at > 0 && out.chars().count() + name.chars().count() > width {
            out.push_str(&format!(", and {} more", report.filtered.len() - at));
            break;
        }
        out.push_str(if at > 0 { ", " } else { "" });
        out.push_str(&cut(&name, width));
    }
    out
}

fn adjacent(one: Option<u32>, other: Option<u32>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one.abs_diff(other) == 1)
}

fn bar(level: Level) -> &'static str {
    match level {
        Level::Fatal => "█",
        Level::Error => "▌",
        Level::Warning | Level::Info | Level::Debug => "▏",
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::Fatal => "35",
        Level::Error => "31",
        Level::Warning => "33",
        Level::Info => "34",
        Level::Debug => "37",
    }
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\t'], " ")
}

/// At most `width` characters.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut kept: String = text.chars().take(width.saturating_sub(1)).collect();
    kept.push('…');
    kept
}
