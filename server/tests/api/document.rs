//! The document against the table of routes.

use std::collections::BTreeSet;

use faultwire_server::api;
use faultwire_server::people::Need;
use serde_json::Value;

use super::support::Running;

/// Every route stands in the document and every operation of it is a route, each with all that is needed to use it.
#[test]
fn routes_and_document_are_the_same() {
    let server = Running::start(&[]);
    let document = server.nobody().get("/api/v1/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            operations.insert((method.to_uppercase(), path.clone()));
        }
    }
    let mut ids = BTreeSet::new();
    for route in api::table() {
        let name = (route.method.to_string(), route.path.to_owned());
        if route.is_page() {
            assert!(!route.path.starts_with("/api/"), "{name:?}: a page");
            continue;
        }
        assert!(operations.remove(&name), "{name:?} is not in the document, or twice in the table");
        let operation = &document["paths"][route.path][route.method.as_str().to_lowercase()];
        assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{name:?}: its id is another's");
        assert!(!operation["summary"].as_str().unwrap().is_empty());
        let has = |status: &str| operation["responses"].get(status).is_some();
        assert!(["200", "201", "204"].iter().any(|status| has(status)), "{name:?}: no answer");
        assert_eq!(has("401") && has("403"), route.need != Need::Open || route.path.ends_with("/login"), "{name:?}");
        assert_eq!(operation["security"].as_array().unwrap().is_empty(), route.need == Need::Open);
        let in_path = |parameter: &&Value| parameter["in"] == "path";
        let named: Vec<_> = operation["parameters"].as_array().unwrap().iter().filter(in_path).collect();
        assert_eq!(named.len(), route.path.matches('{').count(), "{name:?}: parameters of the path");
        let takes_body = operation.get("requestBody").is_some();
        assert!(!takes_body || route.method != "GET", "{name:?}");
    }
    assert_eq!(operations, BTreeSet::new(), "in the document, but not in the table");
}

/// Every reference leads somewhere, and nothing among the components is there for nothing.
#[test]
fn references_and_components_are_the_same() {
    let server = Running::start(&[]);
    let document = server.nobody().get("/api/v1/openapi.json").json();
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(name, value)| match value.as_str() {
                Some(target) if name == "$ref" => drop(found.insert(target.to_owned())),
                _ => references(value, found),
            }),
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let components = document["components"]["schemas"].as_object().unwrap();
    let there: BTreeSet<_> = components.keys().map(|name| format!("#/components/schemas/{name}")).collect();
    assert_eq!(used, there);
    assert!(there.len() > 30, "{}", there.len());
}

/// What is not there is a problem like all others: another path, another method.
#[test]
fn what_is_not_there_is_a_problem() {
    let server = Running::start(&[]);
    let nowhere = server.nobody().get("/api/v2/nowhere");
    assert_eq!((nowhere.status, nowhere.reason().as_str()), (404, "not_found"));
    let other = server.nobody().put("/api/v1/projects/1/issues", &Value::Null);
    assert_eq!((other.status, other.reason().as_str()), (405, "method_not_allowed"));
    let mut allowed: Vec<_> = other.header("allow").unwrap().split(',').collect();
    allowed.sort_unstable();
    assert_eq!(allowed, ["GET", "HEAD", "POST"]);
}

/// Where the document lies for the dashboard, whose types are made of it.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboard/openapi.json");

/// What the dashboard is built against is what the server answers.
#[test]
fn the_file_is_the_document() {
    let document = Value::from(api::document(&api::table(), ""));
    if std::env::var_os("FAULTWIRE_WRITE").is_some() {
        std::fs::write(FILE, serde_json::to_string_pretty(&document).unwrap() + "\n").unwrap();
    }
    let file = std::fs::read(FILE).unwrap_or_default();
    let is_same = serde_json::from_slice::<Value>(&file).is_ok_and(|file| file == document);
    assert!(is_same, "server/dashboard/openapi.json is not what the server answers: `make openapi` writes it");
}
