//! What a list of issues is asked for, and an export of them.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Problem;
use crate::consume::parse_hex;
use crate::issues::Severity;
use crate::store::Id;
use crate::store::sqlite::{AfterIssue, Filter, Sort};

/// Words of one search, and characters of all of them.
const MAX_WORDS: usize = 20;
const MAX_QUERY: usize = 500;

/// Where issues stand.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Standing {
    /// Unresolved, acknowledged or regressed: there is something to do.
    Open,
    Unresolved,
    Acknowledged,
    Resolved,
    Regressed,
    Ignored,
}

impl Standing {
    fn names(self) -> &'static [&'static str] {
        match self {
            Standing::Open => &["unresolved", "acknowledged", "regressed"],
            Standing::Unresolved => &["unresolved"],
            Standing::Acknowledged => &["acknowledged"],
            Standing::Resolved => &["resolved"],
            Standing::Regressed => &["regressed"],
            Standing::Ignored => &["ignored"],
        }
    }
}

/// In which order issues are listed.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// The last seen first. One that occurs while someone turns pages is on the first page again.
    LastSeen,
    /// The last opened first, an order that nothing changes.
    Opened,
}

/// Which issues. All that is said has to be so.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Where they stand.
    pub status: Option<Standing>,
    /// How urgent they are.
    pub severity: Option<Severity>,
    /// Seen in this environment.
    pub environment: Option<String>,
    /// Seen in this release.
    pub release: Option<String>,
    /// Seen in this release first.
    pub new_in: Option<String>,
    /// Seen with this tag: `name:value`.
    pub tag: Option<String>,
    /// That hit this user: the id, or else the address, name or IP address that stands in the events' `user`. Found
    /// are all issues of at most 64 users, and those with an occurrence of theirs among the last stored ones.
    pub user: Option<String>,
    /// The issue of this event: 32 hexadecimal digits.
    pub event: Option<String>,
    /// With an occurrence of this trace among the last stored ones: 32 hexadecimal digits.
    pub trace: Option<String>,
    /// Words, each of which stands in title, place or message.
    pub query: Option<String>,
    /// Their order: of a list the last seen first by default, of an export the last opened.
    pub sort: Option<Order>,
    /// The `next` of the page before.
    pub after: Option<String>,
    /// How many: of a list 25 by default and at most 100; of an export all.
    pub limit: Option<usize>,
}

pub(super) fn invalid(wrong: &str) -> Problem {
    Problem::Invalid(wrong.to_owned())
}

/// The bytes of an id, and its digits as they are stored.
pub(super) fn hex_id(field: &str, text: &str) -> Result<(Id, String), Problem> {
    let bare = text.replace('-', "").to_ascii_lowercase();
    let id = parse_hex(&bare).ok_or_else(|| Problem::Invalid(format!("{field}: expected 32 hexadecimal digits")))?;
    Ok((id, bare))
}

impl Which {
    pub fn after(&self) -> Result<Option<AfterIssue>, Problem> {
        self.after.as_deref().map(str::parse).transpose().map_err(invalid)
    }

    /// The order, or another if none was asked for.
    pub fn sort(&self, otherwise: Sort) -> Sort {
        match self.sort {
            None => otherwise,
            Some(Order::LastSeen) => Sort::LastSeen,
            Some(Order::Opened) => Sort::Opened,
        }
    }

    pub fn filter(&self) -> Result<Filter, Problem> {
        let tag = |text: &String| {
            let (name, value) = text.split_once(':').ok_or_else(|| invalid("tag: expected name:value"))?;
            Ok::<_, Problem>((name.to_owned(), value.to_owned()))
        };
        Ok(Filter {
            status: self.status.map(Standing::names).unwrap_or_default(),
            severity: self.severity,
            environment: self.environment.clone(),
            release: self.release.clone(),
            new_in: self.new_in.clone(),
            tag: self.tag.as_ref().map(tag).transpose()?,
            words: self.words()?,
            user: self.user.clone(),
            event: self.event.as_deref().map(|event| hex_id("event", event)).transpose()?.map(|(id, _)| id),
            trace: self.trace.as_deref().map(|trace| hex_id("trace", trace)).transpose()?.map(|(_, bare)| bare),
        })
    }

    fn words(&self) -> Result<Vec<String>, Problem> {
        let text = self.query.as_deref().unwrap_or_default();
        // What ends a text in the index's language is no part of a word.
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let words: Vec<String> = words.map(str::to_owned).collect();
        if words.len() > MAX_WORDS || text.chars().count() > MAX_QUERY {
            return Err(Problem::Invalid(format!("query: expected at most {MAX_WORDS} words, {MAX_QUERY} characters")));
        }
        Ok(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_tags() {
        let of = |query: &str| Which { query: Some(query.to_owned()), ..Which::default() }.filter();
        assert_eq!(of(" a\0b \t'c\" ").unwrap().words, ["a", "b", "'c\""]);
        assert!(of(&"x ".repeat(21)).is_err() && of(&"x".repeat(501)).is_err());
        let of = |tag: &str| Which { tag: Some(tag.to_owned()), ..Which::default() }.filter();
        assert_eq!(of("url:http://x").unwrap().tag.unwrap(), ("url".to_owned(), "http://x".to_owned()));
        assert!(of("url").is_err());
    }
}
