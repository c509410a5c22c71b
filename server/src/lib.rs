//! Faultwire's tracker: one binary that ingests, groups, tracks and alerts.
//!
//! # The path of an event
//! - [`ingest`]: who sends, how much, is it an envelope; then into
//! - [`log`]: durable; only now the client has its 200;
//! - [`consume`]: once each, in batches: decode, name the fault, decide what is stored, count;
//! - [`issues`]: what an issue is, pure rules: lifecycle, releases, severity;
//! - [`alerts`]: who is told of it, where;
//! - [`store`]: issues and counts in a database, occurrences in files;
//! - [`people`]: who may do what;
//! - [`api`]: what people and programs see and do; [`live`]: what they see at once.
//!
//! [`server`] holds it together, [`connections`] lead to it ([`tls`], [`pace`]); [`settings`] says how it runs,
//! [`project_settings`] what a project has otherwise; [`upkeep`] copies and checks a data directory, [`health`] watches
//! the server while it runs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub mod address;
pub mod alerts;
pub mod api;
pub mod clock;
pub mod connections;
pub mod consume;
pub mod data_dir;
pub mod health;
pub mod ingest;
pub mod issues;
pub mod live;
pub mod log;
pub mod outcome;
pub mod pace;
pub mod people;
pub mod project_settings;
pub mod server;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod threads;
pub mod tls;
pub mod upkeep;

/// A project's number: the last part of its DSN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct ProjectId(pub u32);

/// An issue's number, the same in all projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct IssueId(pub i64);

/// A pattern's number: one fingerprint of one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PatternId(pub u32);
