//! The form of a scenario, as types.

use faultwire::protocol::Map;
use faultwire::{Breadcrumb, Level, ScopeHandle, User, Value};
use serde::Deserialize;

/// A scenario, as far as a driver looks at it.
#[derive(Deserialize)]
pub struct Scenario {
    pub lives: Vec<Life>,
}

/// What one process does.
#[derive(Deserialize)]
pub struct Life {
    pub steps: Vec<Step>,
}

/// Outermost first: type and message.
pub type Chain = Vec<(String, String)>;

/// What is done.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Step {
    Init {
        options: Map,
        before_send: Option<Hook>,
        before_breadcrumb: Option<Hook>,
        sampler_drops: Option<Vec<String>>,
    },
    WithScope {
        steps: Vec<Step>,
    },
    Isolation {
        steps: Vec<Step>,
    },
    Repeat {
        times: u64,
        steps: Vec<Step>,
    },
    Sink {},
    CaptureException {
        chain: Chain,
    },
    CaptureSame {},
    CaptureMessage {
        message: String,
        level: Level,
    },
    CaptureEvent {
        event: Value,
    },
    LastEventId,
    IsEnabled,
    Flush {
        timeout: f64,
    },
    Close {
        timeout: f64,
    },
    Stats {
        #[serde(default)]
        until: Map,
    },
    ContinueTrace {
        header: String,
    },
    Throw {
        chain: Chain,
    },
    #[serde(untagged)]
    Set(Setting),
}

/// What is said, and to which layer.
#[derive(Deserialize)]
pub struct Setting {
    #[serde(default)]
    pub on: On,
    #[serde(flatten)]
    pub what: What,
}

/// A layer: what the free functions write to, the one of the process, the innermost `with_scope`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum On {
    #[default]
    Here,
    Global,
    Scope,
}

/// What can be said.
#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum What {
    SetTag { key: String, value: String },
    RemoveTag { key: String },
    SetUser { user: Value },
    SetSession { id: Option<String> },
    SetContext { key: String, value: Value },
    SetExtra { key: String, value: Value },
    SetLevel { level: Option<Level> },
    SetTransaction { name: Option<String> },
    SetFingerprint { parts: Vec<String> },
    AddBreadcrumb { breadcrumb: Breadcrumb },
    ClearBreadcrumbs,
}

/// What a hook does to what it is shown.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hook {
    Merge(Map),
    Drop(#[expect(dead_code, reason = "always true")] bool),
    Throw(#[expect(dead_code, reason = "always true")] bool),
}

/// Says it to a layer, or by the free functions.
pub fn say(layer: Option<&ScopeHandle>, what: &What) {
    macro_rules! call {
        ($name:ident($($argument:expr),*)) => {
            match layer {
                Some(layer) => layer.$name($($argument),*),
                None => faultwire::$name($($argument),*),
            }
        };
    }
    match what {
        What::SetTag { key, value } => call!(set_tag(key, value)),
        What::RemoveTag { key } => call!(remove_tag(key)),
        What::SetUser { user } => call!(set_user(User::from_value(user.clone()))),
        What::SetSession { id } => call!(set_session(id.as_deref())),
        What::SetContext { key, value } => call!(set_context(key, value.clone())),
        What::SetExtra { key, value } => call!(set_extra(key, value.clone())),
        What::SetLevel { level } => call!(set_level(*level)),
        What::SetTransaction { name } => call!(set_transaction(name.as_deref())),
        What::SetFingerprint { parts } => call!(set_fingerprint(parts)),
        What::AddBreadcrumb { breadcrumb } => call!(add_breadcrumb(breadcrumb.clone())),
        What::ClearBreadcrumbs => call!(clear_breadcrumbs()),
    }
}
