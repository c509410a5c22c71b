//! Many issues at once: the same done to all that are named, and all that are found taken out.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use faultwire::protocol::Timestamp;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answers::{Items, reading};
use super::document::{Answer as Answered, Sketch};
use super::inputs::{Exactly, Input, Path, Query};
use super::search::Which;
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::alerts;
use crate::consume::Ledger;
use crate::consume::ledger::{Answer, Cause, Move};
use crate::issues::Issue;
use crate::people::{Caller, Need};
use crate::store::sqlite::{AfterIssue, Filter, Sort};
use crate::{IssueId, ProjectId};

/// Issues that one request changes.
const MAX_CHANGED: usize = 100;
/// Issues that an export reads at once.
const PAGE: usize = 100;

pub(super) fn routes() -> Vec<Route> {
    let post = "Does the same to up to 100 issues; what became of each.";
    vec![
        Route::post("/api/v1/projects/{project}/issues", Need::Change, post, change),
        Route::get(
            "/api/v1/projects/{project}/issues.csv",
            Need::View,
            "Issues as a table, the last opened first.",
            csv,
        ),
        Route::get(
            "/api/v1/projects/{project}/issues.jsonl",
            Need::View,
            "Issues, a JSON object a line, the last opened first.",
            lines,
        ),
    ]
}

/// One of those that are to be changed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Named {
    id: IssueId,
    /// Its version as it was read: it is not changed if it is another by now.
    version: Option<u64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    #[schemars(length(min = 1, max = 100))]
    issues: Vec<Named>,
    /// What is done to each; not `merge`, which is of one.
    #[serde(rename = "move")]
    what: Exactly<Move>,
    /// The reason, for those who read the audit trail: up to 500 characters.
    #[schemars(length(max = 500))]
    why: Option<String>,
}

/// What became of one.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
enum Changed {
    /// It is done; the issue as it is now.
    Done { id: IssueId, issue: Box<Issue> },
    /// Someone else changed it since; the issue as it is now.
    Stale { id: IssueId, issue: Box<Issue> },
    /// There is no such issue in the project.
    Gone { id: IssueId },
    /// It cannot be, and why.
    Refused { id: IssueId, why: String },
}

async fn change(
    State(api): Shared,
    Path(project): Path<u32>,
    caller: Caller,
    Input(change): Input<Change>,
) -> Result<Json<Items<Changed>>, Problem> {
    if !(1..=MAX_CHANGED).contains(&change.issues.len()) {
        return Err(Problem::Invalid(format!("issues: expected 1 to {MAX_CHANGED}")));
    }
    let Exactly(what) = change.what;
    if matches!(what, Move::Merge { .. }) {
        return Err(Problem::Invalid("move: merge others into one issue at that issue".to_owned()));
    }
    what.check()?;
    let cause = Cause::new(caller.who(), change.why)?;
    let mut items = Vec::with_capacity(change.issues.len());
    for Named { id, version } in change.issues {
        // One by one, so that what comes in meanwhile is counted between them.
        let (what, cause) = (what.clone(), cause.clone());
        let task = move |ledger: &mut Ledger| ledger.change(ProjectId(project), id, &what, &cause, version);
        items.push(match api.doorway.ask(task).await?? {
            Answer::Done(issue) => Changed::Done { id, issue },
            Answer::Stale(issue) => Changed::Stale { id, issue },
            Answer::Gone => Changed::Gone { id },
            Answer::Refused(why) => Changed::Refused { id, why },
        });
    }
    Ok(Json(Items { items }))
}

/// How an export is written.
trait Form: Send + 'static {
    const KIND: &'static str;
    const NAME: &'static str;
    const HEAD: &'static str;
    /// An issue of the server at `url`.
    fn line(issue: &Issue, url: &str) -> String;
}

struct Csv;
struct Lines;

impl Form for Csv {
    const KIND: &'static str = "text/csv";
    const NAME: &'static str = "issues.csv";
    const HEAD: &'static str = "id,title,culprit,type,platform,level,severity,status,first_seen,last_seen,arrived,\
                                estimated,users,sessions,customers,introduced_in,last_release,link\r\n";

    fn line(issue: &Issue, url: &str) -> String {
        let text = |text: &str| cell(text);
        let name = |value: serde_json::Value| cell(value.as_str().unwrap_or_default());
        let number = |number: u64| number.to_string();
        // A table is read by people.
        let time = |time: i64| Timestamp(time * 1000).to_string();
        let cells = [
            issue.id.0.to_string(),
            text(&issue.facts.title),
            text(&issue.facts.culprit),
            text(&issue.facts.kind),
            text(&issue.facts.platform),
            text(issue.facts.level.as_str()),
            name(json!(issue.severity)),
            text(issue.status.name()),
            time(issue.first_seen),
            time(issue.last_seen),
            number(issue.raw),
            issue.estimated.to_string(),
            number(issue.impact.users),
            number(issue.impact.sessions),
            number(issue.impact.customers),
            text(issue.introduced_in.as_deref().unwrap_or_default()),
            text(issue.last_release.as_deref().unwrap_or_default()),
            text(&alerts::link(url, issue.project, issue.id)),
        ];
        cells.join(",") + "\r\n"
    }
}

impl Form for Lines {
    const KIND: &'static str = "application/jsonl";
    const NAME: &'static str = "issues.jsonl";
    const HEAD: &'static str = "";

    fn line(issue: &Issue, _: &str) -> String {
        serde_json::to_string(issue).unwrap_or_default() + "\n"
    }
}

/// A text in its quotes. Events say what they like: what a spreadsheet would take for a formula is made a text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    format!("\"{}{}\"", if is_formula { "'" } else { "" }, text.replace('"', "\"\""))
}

/// Issues page by page, as fast as they are taken.
struct Export<F> {
    form: std::marker::PhantomData<F>,
    body: Body,
}

impl<F: Form> IntoResponse for Export<F> {
    fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        let kind = HeaderValue::try_from(format!("{}; charset=utf-8", F::KIND));
        let name = HeaderValue::try_from(format!("attachment; filename=\"{}\"", F::NAME));
        let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name)];
        for (name, value) in headers.into_iter().filter_map(|(name, value)| Some((name, value.ok()?))) {
            response.headers_mut().insert(name, value);
        }
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }
}

impl<F: Form> Answered for Export<F> {
    fn describe(sketch: &mut Sketch) {
        sketch.answers(200, "All that are found.", F::KIND, json!({ "type": "string" }));
    }
}

/// Where an export is.
struct Reading {
    api: Arc<Api>,
    project: ProjectId,
    filter: Arc<Filter>,
    sort: Sort,
    after: Option<AfterIssue>,
    left: usize,
    is_done: bool,
}

impl Reading {
    async fn page<F: Form>(&mut self, head: &str) -> Result<String, Problem> {
        let (reader, filter) = (self.api.reader.clone(), self.filter.clone());
        let (project, sort, after, limit) = (self.project, self.sort, self.after, self.left.min(PAGE));
        let page = reading(move || reader.sorted_issues(project, &filter, sort, after, limit)).await?;
        self.left -= page.items.len().min(self.left);
        self.after = page.next.as_deref().and_then(|next| next.parse().ok());
        self.is_done = self.after.is_none() || self.left == 0;
        Ok(page.items.iter().fold(head.to_owned(), |text, issue| text + &F::line(issue, self.api.site.url())))
    }
}

async fn export<F: Form>(api: Arc<Api>, project: u32, which: &Which) -> Result<Export<F>, Problem> {
    let (filter, after, left) = (Arc::new(which.filter()?), which.after()?, which.limit.unwrap_or(usize::MAX).max(1));
    // What comes in meanwhile moves none of them to where the export was already.
    let (project, sort) = (ProjectId(project), which.sort(Sort::Opened));
    let mut reading = Reading { api, project, filter, sort, after, left, is_done: false };
    // What goes wrong at once has an answer of its own; later, all that is left is to break off.
    let first = reading.page::<F>(F::HEAD).await?;
    let rest = stream::unfold((Some(first), reading), async |(ready, mut reading)| {
        let text = match ready {
            Some(text) => Ok(text),
            None if reading.is_done => return None,
            None => reading.page::<F>("").await.map_err(|_| std::io::Error::other("the issues cannot be read")),
        };
        reading.is_done |= text.is_err();
        Some((text, (None, reading)))
    });
    Ok(Export { form: std::marker::PhantomData, body: Body::from_stream(rest) })
}

async fn csv(State(api): Shared, Path(project): Path<u32>, Query(which): Query<Which>) -> Result<Export<Csv>, Problem> {
    export(api, project, &which).await
}

async fn lines(
    State(api): Shared,
    Path(project): Path<u32>,
    Query(which): Query<Which>,
) -> Result<Export<Lines>, Problem> {
    export(api, project, &which).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_texts() {
        for (text, expected) in [
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("\t=1", "\"'\t=1\""),
            ("a=1,\nb", "\"a=1,\nb\""),
            ("", "\"\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
