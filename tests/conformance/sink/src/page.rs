//! The HTML report: one page without scripts or outside requests, newest event first.

use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::header::HeaderValue;

use crate::filtered::marked;
use crate::format::{Pair, grouped, size, visible};
use crate::ingest::{Answer, Sink};
use crate::store::Record;
use crate::text::SHORT_FINGERPRINT;
use crate::view::{self, Calls, Folds, FrameView, Link, Report, RequestView};

/// Events on one page; a browser should open it at once.
const MAX_EVENTS: usize = 100;
/// Other lines (losses, refused requests) on one page.
const MAX_LINES: usize = 50;
/// Nothing may be loaded or run, whatever an event brings.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page as an answer.
pub fn answer(sink: &Sink) -> Answer {
    let html = sink.store.with(|records| render(records, &sink.dsn));
    let mut answer = Response::new(Full::new(Bytes::from(html)));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// HTML under construction. Markup is `'static`, so what a client sent can only enter through `text`.
struct Html(String);

impl Html {
    fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// A text with its filtered parts marked.
    fn data(&mut self, text: &str) -> &mut Self {
        for (marker, part) in marked(text) {
            if marker {
                self.raw("<mark>").text(part).raw("</mark>");
            } else {
                self.text(part);
            }
        }
        self
    }

    /// A section with a title, if there is anything to list.
    fn table(&mut self, title: &'static str, pairs: &[Pair]) -> &mut Self {
        if pairs.is_empty() {
            return self;
        }
        self.raw("<section><h3>").raw(title).raw("</h3>").pairs(pairs).raw("</section>")
    }

    fn pairs(&mut self, pairs: &[Pair]) -> &mut Self {
        self.raw("<dl class=pairs>");
        for (name, value) in pairs {
            self.raw("<div><dt>").text(name).raw("</dt><dd>").data(value).raw("</dd></div>");
        }
        self.raw("</dl>")
    }
}

fn render(records: &[Record], dsn: &str) -> String {
    let folds = Folds::of_all(records);
    let accepted = || records.iter().filter(|record| record.accepted());
    let total = accepted().map(|record| record.events().count()).sum::<usize>();
    let newest = accepted().rev().flat_map(|record| record.events().map(move |event| (event, record)));
    let reports: Vec<Report> =
        newest.take(MAX_EVENTS).map(|(event, record)| view::report(event, record, &folds)).collect();

    let mut page = Html(String::with_capacity(64 << 10));
    page.raw("<!doctype html><html lang=en><head><meta charset=utf-8>")
        .raw("<meta name=viewport content=\"width=device-width, initial-scale=1\">")
        .raw("<meta name=color-scheme content=\"light dark\"><title>Faultwire sink</title><style>")
        .raw(include_str!("page.css"))
        .raw("</style></head><body>");
    masthead(&mut page, records, &reports, total, &folds, dsn);
    page.raw("<main>");
    if reports.is_empty() {
        page.raw("<p class=empty>Nothing has arrived yet. Point a client at <code>").text(dsn).raw("</code>.</p>");
    }
    for (at, report) in reports.iter().enumerate() {
        article(&mut page, report, at == 0);
    }
    if total > reports.len() {
        let left = (total - reports.len()) as u64;
        page.raw("<p class=empty>")
            .text(&grouped(left))
            .raw(" older events are not shown; the control API has them.</p>");
    }
    others(&mut page, records);
    page.raw("</main></body></html>");
    page.0
}

fn masthead(page: &mut Html, records: &[Record], reports: &[Report], total: usize, folds: &Folds, dsn: &str) {
    let filtered: usize = reports.iter().map(|report| report.filtered.len()).sum();
    let refused = records.iter().filter(|record| record.refusal.is_some()).count();
    let numbers = [
        ("events", total as u64),
        ("folded", folds.total()),
        ("places filtered", filtered as u64),
        ("requests", records.len() as u64),
        ("malformed", refused as u64),
    ];
    page.raw("<header class=mast><div class=brand><h1>Faultwire <span>sink</span></h1><code>")
        .text(dsn)
        .raw("</code></div><dl class=numbers>");
    for (name, number) in numbers {
        page.raw("<div><dt>").text(name).raw("</dt><dd>").text(&grouped(number)).raw("</dd></div>");
    }
    page.raw("</dl></header>");
}

fn article(page: &mut Html, report: &Report, open: bool) {
    page.raw("<details class=\"event ").raw(report.level.as_str()).raw(if open { "\" open>" } else { "\">" });
    summary(page, report);
    page.raw("<div class=body><div class=story>");
    for link in &report.chain {
        error(page, link);
    }
    if let Some(request) = &report.request {
        request_section(page, request);
    }
    breadcrumbs(page, report);
    page.table("Extra", &report.extra);
    page.raw("</div><aside>");
    fingerprint(page, report);
    filtered(page, report);
    problems(page, report);
    page.table("User", &report.user).table("Tags", &report.tags).table("Where", &report.facts);
    page.table("Envelope", &envelope(report));
    page.raw("</aside></div></details>");
}

fn summary(page: &mut Html, report: &Report) {
    page.raw("<summary><div class=line><span class=level>")
        .raw(report.level.as_str())
        .raw("</span><h2>")
        .data(&report.title)
        .raw("</h2>");
    if report.handled == Some(false) {
        page.raw("<span class=flag>unhandled</span>");
    }
    if report.folded > 0 {
        page.raw("<span class=flag>+").text(&grouped(report.folded)).raw(" folded</span>");
    }
    page.raw("<time>").text(&report.time).raw("</time></div>");
    if !report.message.is_empty() {
        page.raw("<p class=message>").data(&report.message).raw("</p>");
    }
    let facts = [&report.transaction, &report.release, &report.environment];
    page.raw("<ul class=facts>");
    for fact in facts.into_iter().flatten() {
        page.raw("<li>").data(fact).raw("</li>");
    }
    if !report.filtered.is_empty() {
        page.raw("<li class=kept>").text(&report.filtered.len().to_string()).raw(" filtered</li>");
    }
    page.raw("</ul></summary>");
}

fn error(page: &mut Html, link: &Link) {
    page.raw("<section class=error><h3>");
    if link.relation.is_empty() {
        page.raw("Stack");
    } else {
        page.text(&link.relation);
    }
    if let Some(mechanism) = &link.mechanism {
        page.raw(" <small>").text(mechanism).raw("</small>");
    }
    page.raw("</h3>");
    // The raised error stands in the event's title already.
    if !link.relation.is_empty() || link.stack.is_empty() {
        page.raw("<p class=cause><b>").data(&link.kind).raw("</b> ").data(&link.message).raw("</p>");
    }
    if !link.stack.is_empty() {
        page.raw("<div class=stack>");
        let no_own = !link.stack.iter().any(|calls| matches!(calls, Calls::App(_)));
        for calls in &link.stack {
            match calls {
                Calls::App(frame) => own_call(page, frame),
                Calls::Library(run) => library_calls(page, run, no_own),
            }
        }
        page.raw("</div>");
    }
    page.raw("</section>");
}

fn own_call(page: &mut Html, frame: &FrameView) {
    if frame.source.is_empty() && frame.locals.is_empty() {
        page.raw("<div class=\"frame bare\">");
        call(page, frame);
        page.raw("</div>");
        return;
    }
    page.raw("<details class=frame open><summary>");
    call(page, frame);
    page.raw("</summary>");
    source(page, frame);
    if !frame.locals.is_empty() {
        page.raw("<div class=locals>").pairs(&frame.locals).raw("</div>");
    }
    page.raw("</details>");
}

fn library_calls(page: &mut Html, run: &[FrameView], open: bool) {
    page.raw("<details class=library").raw(if open { " open><summary>" } else { "><summary>" });
    match run {
        [one] => call(page, one),
        many => {
            page.text(&many.len().to_string()).raw(" library calls");
        }
    }
    page.raw("</summary>");
    for frame in run {
        if run.len() > 1 {
            page.raw("<div class=bare>");
            call(page, frame);
            page.raw("</div>");
        }
        source(page, frame);
        if !frame.locals.is_empty() {
            page.raw("<div class=locals>").pairs(&frame.locals).raw("</div>");
        }
    }
    page.raw("</details>");
}

fn call(page: &mut Html, frame: &FrameView) {
    page.raw("<code class=function>").data(&frame.function).raw("</code> <code class=place>");
    page.data(&frame.place).raw("</code>");
}

fn source(page: &mut Html, frame: &FrameView) {
    if frame.source.is_empty() {
        return;
    }
    page.raw("<div class=source tabindex=0><table>");
    for line in &frame.source {
        page.raw(if line.hit { "<tr class=hit><td>" } else { "<tr><td>" });
        page.text(&line.number.map(|number| number.to_string()).unwrap_or_default());
        page.raw("</td><td>").data(&line.text).raw("</td></tr>");
    }
    page.raw("</table></div>");
}

fn request_section(page: &mut Html, request: &RequestView) {
    page.raw("<section><h3>Request</h3><p class=target><b>").text(&request.method).raw("</b> <code>");
    page.data(&request.url).raw("</code></p>");
    let parts: [(&'static str, &[Pair]); 3] =
        [("Headers", &request.headers), ("Cookies", &request.cookies), ("Environment", &request.env)];
    for (title, pairs) in parts {
        if !pairs.is_empty() {
            page.raw("<h4>").raw(title).raw("</h4>").pairs(pairs);
        }
    }
    if let Some(body) = &request.body {
        page.raw("<h4>Body</h4><pre>").data(body).raw("</pre>");
    }
    page.raw("</section>");
}

fn breadcrumbs(page: &mut Html, report: &Report) {
    if report.breadcrumbs.is_empty() {
        return;
    }
    page.raw("<section><h3>Breadcrumbs <small>latest first</small></h3><ol class=crumbs>");
    for crumb in &report.breadcrumbs {
        page.raw("<li class=").raw(crumb.level.as_str()).raw("><time>").text(&crumb.before).raw("</time><div><b>");
        page.text(&crumb.category).raw("</b> ").data(&crumb.message);
        for (name, value) in &crumb.data {
            page.raw(" <code>").text(name).raw("=").data(value).raw("</code>");
        }
        page.raw("</div></li>");
    }
    page.raw("</ol></section>");
}

fn fingerprint(page: &mut Html, report: &Report) {
    if report.fingerprint.is_none() && report.grouping.is_empty() {
        return;
    }
    page.raw("<section><h3>Fingerprint</h3>");
    if let Some(fingerprint) = &report.fingerprint {
        let cut = fingerprint.char_indices().nth(SHORT_FINGERPRINT).map_or(fingerprint.len(), |(at, _)| at);
        let (short, rest) = fingerprint.split_at(cut);
        page.raw("<p class=print><b>").text(short).raw("</b>").text(rest).raw("</p>");
    }
    if !report.grouping.is_empty() {
        page.raw("<p class=print>sent as grouping: ").data(&report.grouping.join(" · ")).raw("</p>");
    }
    if report.folded > 0 {
        page.raw("<p class=quiet>").text(&grouped(report.folded)).raw(" more occurrences were folded and counted.</p>");
    }
    page.raw("</section>");
}

fn filtered(page: &mut Html, report: &Report) {
    page.raw("<section><h3>Filtered");
    if !report.filtered.is_empty() {
        page.raw(" <small>").text(&report.filtered.len().to_string()).raw("</small>");
    }
    page.raw("</h3>");
    if report.filtered.is_empty() {
        page.raw("<p class=quiet>Nothing was filtered.</p>");
    } else {
        page.raw("<ul class=places>");
        for place in &report.filtered {
            page.raw("<li title=\"").text(&visible(&place.path)).raw("\"><code>").text(&place.name).raw("</code>");
            for kind in &place.kinds {
                page.raw(" <mark>").text(kind).raw("</mark>");
            }
            // The marker's kind says it already.
            if let Some(remark) = place.remark.as_ref().filter(|_| place.kinds.is_empty()) {
                page.raw(" <small>").text(remark).raw("</small>");
            }
            page.raw("</li>");
        }
        page.raw("</ul>");
    }
    page.raw("</section>").table("Cut", &report.remarks);
}

fn problems(page: &mut Html, report: &Report) {
    if report.problems.is_empty() {
        return;
    }
    page.raw("<section class=problems><h3>A strict server would object</h3><ul>");
    for problem in &report.problems {
        page.raw("<li>").text(problem).raw("</li>");
    }
    page.raw("</ul></section>");
}

fn envelope(report: &Report) -> Vec<Pair> {
    let sent = match report.encoding.as_str() {
        "identity" => format!("{} uncompressed", size(report.wire_bytes)),
        packed => format!("{} {packed} of {}", size(report.wire_bytes), size(report.raw_bytes)),
    };
    let place = format!("request {}, connection {}", report.number, report.connection);
    let pairs =
        [("sdk", report.sdk.clone()), ("event", report.id.clone()), ("size", visible(&sent)), ("came as", place)];
    pairs.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text)).collect()
}

/// What is no event: losses, folded counts, and requests that were not taken.
fn others(page: &mut Html, records: &[Record]) {
    let mut lines: Vec<(u64, &'static str, String)> = Vec::new();
    for record in records.iter().rev() {
        if let Some(refusal) = &record.refusal {
            let text = format!("{} {}: {}", refusal.status, refusal.field, refusal.message);
            lines.push((record.number, "malformed", visible(&text)));
        } else if !record.accepted() {
            let answer = record.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let text = format!("{} items met the mode {}: {answer}", record.items.len(), record.mode);
            lines.push((record.number, "not taken", text));
            continue;
        }
        for item in record.items_of("client_report") {
            for (reason, category, quantity) in view::losses(&item.payload) {
                lines.push((record.number, "lost", format!("{} {category}: {reason}", grouped(quantity))));
            }
        }
        for count in record.items_of("faultwire_counts").filter_map(|item| view::count(&item.payload)) {
            let short: String = count.fingerprint.chars().take(SHORT_FINGERPRINT).collect();
            lines.push((record.number, "folded", format!("{} of {}", grouped(count.count), visible(&short))));
        }
    }
    if lines.is_empty() {
        return;
    }
    let left = lines.len().saturating_sub(MAX_LINES);
    page.raw("<section class=others><h2>Besides events</h2><ul>");
    for (number, what, text) in lines.into_iter().take(MAX_LINES) {
        page.raw("<li><b>").raw(what).raw("</b><span>").text(&text).raw("</span><small>request ");
        page.text(&number.to_string()).raw("</small></li>");
    }
    page.raw("</ul>");
    if left > 0 {
        page.raw("<p class=quiet>").text(&grouped(left as u64)).raw(" older ones are not shown.</p>");
    }
    page.raw("</section>");
}
