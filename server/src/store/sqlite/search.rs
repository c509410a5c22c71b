//! A filter of issues, as conditions of a statement. Whatever is asked for is bound, never written into it.

use rusqlite::{Connection, OptionalExtension, ToSql};

use super::query::Filter;
use super::{clues, ids};
use crate::consume::{trace_clue, user_clue};
use crate::{PatternId, ProjectId};

/// Shorter words are not in the index of texts.
const TRIGRAM: usize = 3;

/// Conditions, and the values that they name.
pub(super) struct Search {
    pub conditions: Vec<String>,
    pub values: Vec<Box<dyn ToSql>>,
}

impl Search {
    /// All issues of a project that were not merged into others.
    pub fn of(project: ProjectId) -> Search {
        let conditions = vec!["project = ?1".to_owned(), "merged_into IS NULL".to_owned()];
        Search { conditions, values: vec![Box::new(project.0)] }
    }

    /// Takes a value; the name that it has in the statement.
    pub fn bind(&mut self, value: impl ToSql + 'static) -> String {
        self.values.push(Box::new(value));
        format!("?{}", self.values.len())
    }

    /// Only those that a filter lets through.
    pub fn add(&mut self, connection: &Connection, filter: &Filter) -> anyhow::Result<()> {
        if !filter.status.is_empty() {
            let names: Vec<String> = filter.status.iter().map(|status| self.bind(*status)).collect();
            self.conditions.push(format!("status IN ({})", names.join(", ")));
        }
        if let Some(severity) = filter.severity {
            let at = self.bind(serde_json::to_string(&severity)?);
            self.conditions.push(format!("severity = {at}"));
        }
        for (column, value) in [("environment", &filter.environment), ("release", &filter.release)] {
            if let Some(value) = value {
                let at = self.bind(value.clone());
                self.of_pattern("sightings", &format!("sightings.{column} = {at}"));
            }
        }
        if let Some(release) = &filter.new_in {
            let at = self.bind(release.clone());
            self.conditions.push(format!("introduced_in = {at}"));
        }
        if let Some((name, value)) = &filter.tag {
            let (name, value) = (self.bind(name.clone()), self.bind(value.clone()));
            self.of_pattern("tags", &format!("tags.name = {name} AND tags.value = {value}"));
        }
        filter.words.iter().for_each(|word| self.word(word));
        if let Some(event) = &filter.event {
            self.patterns(ids::find(connection, event)?);
        }
        if let Some(trace) = &filter.trace {
            self.patterns(clues::find(connection, trace_clue(trace))?);
        }
        if let Some(user) = &filter.user {
            let sql = "SELECT value FROM meta WHERE name = 'salt'";
            let salt: Option<String> = connection.query_row(sql, [], |row| row.get(0)).optional()?;
            let clue = user_clue(&salt.unwrap_or_default(), user);
            self.patterns(clues::of_user(connection, clue)?);
        }
        Ok(())
    }

    fn of_pattern(&mut self, table: &str, condition: &str) {
        self.conditions.push(format!(
            "id IN (SELECT issue FROM {table} JOIN patterns ON patterns.id = {table}.pattern \
             WHERE patterns.project = ?1 AND {condition})"
        ));
    }

    /// Only issues of these patterns.
    fn patterns(&mut self, patterns: impl IntoIterator<Item = PatternId>) {
        let numbers: Vec<String> = patterns.into_iter().map(|pattern| pattern.0.to_string()).collect();
        let at = self.bind(format!("[{}]", numbers.join(",")));
        self.conditions
            .push(format!("id IN (SELECT issue FROM patterns WHERE id IN (SELECT value FROM json_each({at})))"));
    }

    fn word(&mut self, word: &str) {
        let condition = if word.chars().count() < TRIGRAM {
            let escaped = word.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let at = self.bind(format!("%{escaped}%"));
            format!("(title LIKE {at} ESCAPE '\\' OR culprit LIKE {at} ESCAPE '\\')")
        } else {
            // Quoted, so that it is nothing but a text.
            let at = self.bind(format!("\"{}\"", word.replace('"', "\"\"")));
            format!("id IN (SELECT rowid FROM issue_texts WHERE issue_texts MATCH {at})")
        };
        self.conditions.push(condition);
    }
}
