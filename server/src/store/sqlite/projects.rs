//! Projects and their keys.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, bail};
use rusqlite::{Connection, OptionalExtension, params};
use schemars::JsonSchema;
use serde::Serialize;

use crate::ProjectId;
use crate::ingest::Key;
use crate::log::KeyKind;
use crate::project_settings::ProjectSettings;
use crate::store::Place;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Project {
    /// Its number.
    pub id: ProjectId,
    /// Its name in addresses: lower-case letters, digits, hyphens.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created: i64,
}

/// A key of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeyRow {
    /// What stands in the DSN.
    pub public: String,
    /// Whose it is.
    pub project: ProjectId,
    /// For pages in browsers.
    pub browser: bool,
    /// Origins that may use it.
    pub origins: Vec<String>,
    /// When it was made.
    pub created: i64,
    /// When it was revoked.
    pub revoked: Option<i64>,
}

/// Projects and keys, over any connection.
#[derive(Debug, Clone, Copy)]
pub struct Projects<'c>(pub &'c Connection);

impl Projects<'_> {
    /// All projects, by number.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn all(self) -> anyhow::Result<Vec<Project>> {
        let mut statement = self.0.prepare_cached("SELECT id, slug, name, created FROM projects ORDER BY id")?;
        let project = |row: &rusqlite::Row<'_>| {
            Ok(Project { id: ProjectId(row.get(0)?), slug: row.get(1)?, name: row.get(2)?, created: row.get(3)? })
        };
        Ok(statement.query_map([], project)?.collect::<Result<_, _>>()?)
    }

    /// A project.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn get(self, id: ProjectId) -> anyhow::Result<Option<Project>> {
        Ok(self.all()?.into_iter().find(|project| project.id == id))
    }

    /// Changes the name that people read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn rename(self, id: ProjectId, name: &str) -> anyhow::Result<()> {
        self.0.execute("UPDATE projects SET name = ?2 WHERE id = ?1", params![id.0, name])?;
        Ok(())
    }

    /// What a project has set for itself, and the version of that: 0 before the first change.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn settings_of(self, id: ProjectId) -> anyhow::Result<(ProjectSettings, u64)> {
        let mut statement =
            self.0.prepare_cached("SELECT settings, version FROM project_settings WHERE project = ?1")?;
        let pair = |row: &rusqlite::Row<'_>| Ok((super::rows::json(row, 0)?, row.get::<_, i64>(1)? as u64));
        Ok(statement.query_row([id.0], pair).optional()?.unwrap_or_default())
    }

    /// Deletes a project with all that is known of it; where its payloads are, or none if there is no such project.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn erase(self, id: ProjectId) -> anyhow::Result<Option<Vec<Place>>> {
        super::erase::project(self.0, id)
    }

    /// A slug made of a name, which no project has.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn free_slug(self, name: &str) -> anyhow::Result<String> {
        let spaced: String =
            name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
        let slug: String = spaced.split_whitespace().collect::<Vec<_>>().join("-").chars().take(40).collect();
        let slug = if slug.is_empty() { "project".to_owned() } else { slug };
        let taken: HashSet<String> = self.all()?.into_iter().map(|project| project.slug).collect();
        let numbered = (2..).map(|n: u32| format!("{slug}-{n}"));
        let mut names = std::iter::once(slug.clone()).chain(numbered);
        names.find(|name| !taken.contains(name)).context("slug")
    }

    /// Makes a project with one key for servers.
    ///
    /// # Errors
    /// When the slug is taken or malformed, or the database refuses.
    pub fn create(self, slug: &str, name: &str, now: i64) -> anyhow::Result<(Project, KeyRow)> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if slug.is_empty() || slug.len() > 50 || !slug.chars().all(fits) {
            bail!("slug: expected 1 to 50 of a-z, 0-9 and -, got {slug:?}");
        }
        if self.all()?.iter().any(|project| project.slug == slug) {
            bail!("slug: there is a project {slug:?} already");
        }
        self.0.execute("INSERT INTO projects (slug, name, created) VALUES (?1, ?2, ?3)", params![slug, name, now])?;
        let id = ProjectId(self.0.last_insert_rowid() as u32);
        let key = self.create_key(id, false, &[], now)?;
        Ok((Project { id, slug: slug.to_owned(), name: name.to_owned(), created: now }, key))
    }

    /// Makes a key.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn create_key(self, project: ProjectId, browser: bool, origins: &[String], now: i64) -> anyhow::Result<KeyRow> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("random numbers: {e}"))?;
        let public: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.execute(
            "INSERT INTO keys (public, project, browser, origins, created) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![public, project.0, browser, serde_json::to_string(origins)?, now],
        )?;
        Ok(KeyRow { public, project, browser, origins: origins.to_vec(), created: now, revoked: None })
    }

    /// Revokes a key of a project; whether it was in force.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn revoke_key(self, project: ProjectId, public: &str, now: i64) -> anyhow::Result<bool> {
        let sql = "UPDATE keys SET revoked = ?3 WHERE project = ?1 AND public = ?2 AND revoked IS NULL";
        Ok(self.0.execute(sql, params![project.0, public, now])? > 0)
    }

    /// All keys, by project and age.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn keys(self) -> anyhow::Result<Vec<KeyRow>> {
        let sql =
            "SELECT public, project, browser, origins, created, revoked FROM keys ORDER BY project, created, public";
        let mut statement = self.0.prepare_cached(sql)?;
        let key = |row: &rusqlite::Row<'_>| {
            Ok(KeyRow {
                public: row.get(0)?,
                project: ProjectId(row.get(1)?),
                browser: row.get(2)?,
                origins: super::rows::json(row, 3)?,
                created: row.get(4)?,
                revoked: row.get(5)?,
            })
        };
        Ok(statement.query_map([], key)?.collect::<Result<_, _>>()?)
    }

    /// The keys as ingestion looks them up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn key_table(self) -> anyhow::Result<HashMap<String, Key>> {
        let key = |row: KeyRow| {
            let kind = if row.browser { KeyKind::Browser } else { KeyKind::Server };
            let key = Key { project: row.project, kind, origins: row.origins, is_revoked: row.revoked.is_some() };
            (row.public, key)
        };
        Ok(self.keys()?.into_iter().map(key).collect())
    }
}
