//! The OpenAPI document: made of the table of routes, and of the types that handlers take and answer.
//!
//! A handler is *described* by its signature: each type that it takes is a [`Part`] and says what of a request it is;
//! its answer is an [`Answer`]. A route takes nothing but described handlers, so that there is none that the document
//! does not know.

use std::sync::Arc;

use axum::extract::State;
use axum::handler::Handler;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use super::answers::{Created, NoContent, Tagged, Told};
use super::inputs::{IfMatch, Input, Path, Query};
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::people::{Caller, Need};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/api/v1/openapi.json", Need::Open, "This document.", serve)]
}

async fn serve(State(api): Shared) -> Json<Map<String, Value>> {
    Json(api.document.get_or_init(|| document(&super::table(), api.site.base())).clone())
}

/// A handler whose signature says all.
pub trait Described<T>: Handler<T, Arc<Api>> {
    /// Writes down what it takes and answers.
    fn describe(sketch: &mut Sketch);
}

/// What a handler takes.
pub trait Part {
    /// Writes down what of a request it is. By default nothing that who asks has to know.
    fn describe(_: &mut Sketch) {}
}

/// What a handler answers.
pub trait Answer: IntoResponse {
    /// Writes down how that looks.
    fn describe(sketch: &mut Sketch);
}

macro_rules! described {
    ($($part:ident)*) => {
        impl<F, R, A, M, $($part),*> Described<(M, $($part,)*)> for F
        where
            F: Handler<(M, $($part,)*), Arc<Api>> + FnOnce($($part),*) -> R,
            R: Future<Output = A>,
            A: Answer,
            $($part: Part,)*
        {
            fn describe(sketch: &mut Sketch) {
                $($part::describe(sketch);)*
                A::describe(sketch);
            }
        }
    };
}

described!(One);
described!(One Two);
described!(One Two Three);
described!(One Two Three Four);
described!(One Two Three Four Five);
described!(One Two Three Four Five Six);

impl<F, R, A> Described<((),)> for F
where
    F: Handler<((),), Arc<Api>> + FnOnce() -> R,
    R: Future<Output = A>,
    A: Answer,
{
    fn describe(sketch: &mut Sketch) {
        A::describe(sketch);
    }
}

/// One operation, as it is written down.
pub struct Sketch {
    /// Of what is answered. What several answers hold stands once, among the components.
    outputs: SchemaGenerator,
    /// Of what is taken. Another than of the same type in an answer: there defaults are filled in.
    inputs: SchemaGenerator,
    path: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: Map<String, Value>,
}

impl Sketch {
    fn new() -> Sketch {
        let mut outputs = SchemaSettings::draft2020_12().for_serialize();
        outputs.definitions_path = "/components/schemas".into();
        let mut inputs = SchemaSettings::draft2020_12().for_deserialize();
        inputs.inline_subschemas = true;
        Sketch {
            outputs: outputs.into_generator(),
            inputs: inputs.into_generator(),
            path: "",
            parameters: Vec::new(),
            body: None,
            responses: Map::new(),
        }
    }

    fn input<T: JsonSchema>(&mut self) -> Value {
        without_title(self.inputs.root_schema_for::<T>())
    }

    fn output<T: JsonSchema>(&mut self) -> Value {
        self.outputs.subschema_for::<T>().to_value()
    }

    /// A header that may be sent.
    pub(super) fn header(&mut self, name: &str, description: &str) {
        let schema = json!({ "type": "string" });
        self.parameters.push(
            json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema }),
        );
    }

    /// An answer with a body of a type.
    pub(super) fn answers(&mut self, status: u16, description: &str, kind: &str, schema: Value) {
        let content = json!({ kind: { "schema": schema } });
        self.responses.insert(status.to_string(), json!({ "description": description, "content": content }));
    }

    /// A header of the answers that were described so far.
    pub(super) fn answered_header(&mut self, name: &str, description: &str) {
        let header = json!({ "description": description, "schema": { "type": "string" } });
        for (_, response) in self.responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
            response["headers"][name] = header.clone();
        }
    }

    /// A problem; what was said of one of the same status before is kept.
    fn problem(&mut self, status: u16, when: &str) {
        let schema = self.output::<Told>();
        let said = self.responses.get(&status.to_string()).and_then(|known| known["description"].as_str());
        let description = said.map_or_else(|| when.to_owned(), |said| format!("{said} {when}"));
        self.answers(status, &description, "application/json", schema);
    }
}

fn without_title(schema: Schema) -> Value {
    let mut value = schema.to_value();
    if let Some(object) = value.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
    }
    value
}

/// A parameter that is absent is not null.
fn without_null(mut schema: Value) -> Value {
    if let Some(types) = schema["type"].as_array() {
        let kinds: Vec<Value> = types.iter().filter(|kind| **kind != "null").cloned().collect();
        schema["type"] = if let [one] = kinds.as_slice() { one.clone() } else { kinds.into() };
    }
    if let Some(choices) = schema["anyOf"].as_array()
        && let [one, null] = choices.as_slice()
        && null["type"] == "null"
    {
        let mut one = one.clone();
        if let Some(description) = schema.get("description") {
            one["description"] = description.clone();
        }
        return one;
    }
    schema
}

impl<T> Part for State<T> {}
impl<T> Part for Extension<T> {}
impl Part for Caller {}
impl Part for HeaderMap {}

impl<T: JsonSchema> Part for Path<T> {
    fn describe(sketch: &mut Sketch) {
        let schema = sketch.input::<T>();
        let schemas = schema["prefixItems"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        let names = sketch.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        for (name, schema) in names.zip(schemas) {
            sketch.parameters.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
        }
        sketch.problem(400, "A parameter of the path cannot be read.");
    }
}

impl<T: JsonSchema> Part for Query<T> {
    fn describe(sketch: &mut Sketch) {
        let schema = sketch.input::<T>();
        let is_required = |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|n| n == name));
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let mut schema = without_null(schema.clone());
            let description = schema.as_object_mut().and_then(|object| object.remove("description"));
            sketch.parameters.push(json!({
                "name": name, "in": "query", "required": is_required(name), "description": description.unwrap_or_default(),
                "schema": schema,
            }));
        }
        sketch.problem(400, "A parameter of the query is unknown or cannot be read.");
    }
}

impl<T: JsonSchema> Part for Input<T> {
    fn describe(sketch: &mut Sketch) {
        let schema = sketch.input::<T>();
        sketch.body = Some(json!({ "required": true, "content": { "application/json": { "schema": schema } } }));
        sketch.problem(400, "The body is not what is expected.");
        sketch.problem(413, "The body is longer than 2 MB.");
        sketch.problem(415, "The body is not said to be JSON.");
    }
}

impl Part for IfMatch {
    fn describe(sketch: &mut Sketch) {
        sketch.header("If-Match", "The `ETag` that was answered: nothing is changed if it is another by now.");
        sketch.problem(400, "`If-Match` is no tag.");
        sketch.problem(412, "Someone else changed it since; `current` is how it is now.");
    }
}

impl<A: Answer> Answer for Result<A, Problem> {
    fn describe(sketch: &mut Sketch) {
        A::describe(sketch);
    }
}

impl<T: serde::Serialize + JsonSchema> Answer for Json<T> {
    fn describe(sketch: &mut Sketch) {
        let schema = sketch.output::<T>();
        sketch.answers(200, "Done.", "application/json", schema);
    }
}

impl<T: serde::Serialize + JsonSchema> Answer for Created<T> {
    fn describe(sketch: &mut Sketch) {
        let schema = sketch.output::<T>();
        sketch.answers(201, "Made.", "application/json", schema);
    }
}

impl<T: serde::Serialize + JsonSchema> Answer for Tagged<T> {
    fn describe(sketch: &mut Sketch) {
        Json::<T>::describe(sketch);
        sketch.answered_header("ETag", "For `If-Match`.");
    }
}

impl Answer for NoContent {
    fn describe(sketch: &mut Sketch) {
        sketch.responses.insert("204".to_owned(), json!({ "description": "Done." }));
    }
}

/// A text for probes and Prometheus.
pub(super) struct Text(pub String);

impl IntoResponse for Text {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], self.0).into_response()
    }
}

impl Answer for Text {
    fn describe(sketch: &mut Sketch) {
        sketch.answers(200, "Text.", "text/plain", json!({ "type": "string" }));
    }
}

/// What a need takes, for people.
fn words(need: Need) -> &'static str {
    match need {
        Need::Open => "Open to everyone.",
        Need::Known => "By a session or a token.",
        Need::Person => "By a session: a token may not.",
        Need::View => "For viewers of the project.",
        Need::Change => "For members of the project.",
        Need::Manage => "For admins of the project.",
        Need::ManagePeople => "For admins of the project, by a session: a token may not.",
        Need::Host => "For admins of the server.",
        Need::HostPeople => "For admins of the server, by a session: a token may not.",
        Need::Metrics => "For admins of the server, or by the token of the metrics.",
    }
}

/// The ways in: a browser's session changes something only together with the token of its page.
fn security(need: Need, is_safe: bool) -> Value {
    let session = if is_safe { json!({ "session": [] }) } else { json!({ "session": [], "csrf": [] }) };
    match need {
        Need::Open => json!([]),
        Need::Person | Need::ManagePeople | Need::HostPeople => json!([session]),
        _ => json!([{ "token": [] }, session]),
    }
}

fn operation(sketch: &mut Sketch, route: &Route) -> Value {
    sketch.path = route.path;
    (sketch.parameters, sketch.body, sketch.responses) = (Vec::new(), None, Map::new());
    (route.describe)(sketch);
    let is_safe = route.method == Method::GET;
    if route.need != Need::Open {
        sketch.problem(401, "Nobody is known by what was sent.");
        sketch.problem(403, "Whoever it is may not.");
    } else if !is_safe {
        sketch.problem(403, "The page is not one of this server.");
    }
    if route.path.contains('{') {
        sketch.problem(404, "There is no such thing, or not for the one who asks.");
    }
    for (status, when) in &route.problems {
        sketch.problem(*status, when);
    }
    sketch.problem(500, "The server is at fault; `request_id` finds it in the log.");
    sketch.problem(503, "The server is stopping or behind.");
    let mut names = route.handler_name.rsplit("::").filter(|name| !name.starts_with('{'));
    let (name, module) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    let mut operation = json!({
        "operationId": format!("{module}_{name}"),
        "tags": [module],
        "summary": route.summary,
        "description": words(route.need),
        "security": security(route.need, is_safe),
        "parameters": std::mem::take(&mut sketch.parameters),
        "responses": std::mem::take(&mut sketch.responses),
    });
    if let Some(body) = sketch.body.take() {
        operation["requestBody"] = body;
    }
    operation
}

const ABOUT: &str = "Issues, alerts, projects and people of a Faultwire server. Times are milliseconds since 1970, UTC. \
                     Lists that have a `next` go on with it as `after`. Whatever goes wrong is answered as `Problem`. \
                     Each answer has an `X-Request-Id`, the request's own or a new one, under which the server logs it.";

/// The document of a table of routes whose paths begin under `base`.
pub fn document(routes: &[Route], base: &str) -> Map<String, Value> {
    let mut sketch = Sketch::new();
    let mut paths: Map<String, Value> = Map::new();
    for route in routes.iter().filter(|route| !route.is_page()) {
        let operation = operation(&mut sketch, route);
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    let schemes = json!({
        "token": { "type": "http", "scheme": "bearer", "description": "A token of a person, or of the metrics." },
        "session": { "type": "apiKey", "in": "cookie", "name": "faultwire",
                     "description": "Over https the name begins with `__Host-`, or under a path with `__Secure-`." },
        "csrf": { "type": "apiKey", "in": "header", "name": super::CSRF,
                  "description": "As login and `/api/v1/me` tell it." },
    });
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "Faultwire", "version": env!("CARGO_PKG_VERSION"), "description": ABOUT },
        "servers": [{ "url": if base.is_empty() { "/" } else { base } }],
        "paths": paths,
        "components": { "schemas": sketch.outputs.take_definitions(true), "securitySchemes": schemes },
    });
    document.as_object().cloned().unwrap_or_default()
}
