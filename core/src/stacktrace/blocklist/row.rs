//! One row of the tables, and its line in the text that a process reads.

use std::borrow::Cow;

use crate::protocol::Frame;

use super::{Pattern, position};
use crate::stacktrace::in_app::bare;

/// What a row's frames do, which decides whether they may leave the end of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Carries a call to the application. As the last frame it is where the crash happened, and stays.
    Plumbing,
    /// Calls a closure, an application's or a reporter's: leaves the end together with reporters.
    Carrier,
    /// Raises or records the error that its caller made: leaves the end of a stack too.
    Reporter,
}

impl Role {
    /// The first byte of a row's line.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Role::Plumbing => "p",
            Role::Carrier => "c",
            Role::Reporter => "r",
        }
    }
}

/// One builtin row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// A module and what lies below it, by whole segments; with `*` at the end, any name that
    /// starts so; with `*` at the beginning, any name that has this in it. For a frame without a
    /// module, its function.
    pub module: &'static str,
    /// Only this function, as one segment of the frame's function: `run` is `Thread.run`. Empty for any.
    pub function: &'static str,
    /// What the frames do.
    pub role: Role,
    /// Why nobody misses them: for readers of the table.
    pub why: &'static str,
}

pub(super) const fn plumbing(module: &'static str, why: &'static str) -> Row {
    Row { module, function: "", role: Role::Plumbing, why }
}

pub(super) const fn plumbing_fn(module: &'static str, function: &'static str, why: &'static str) -> Row {
    Row { module, function, role: Role::Plumbing, why }
}

pub(super) const fn carries(module: &'static str, why: &'static str) -> Row {
    Row { module, function: "", role: Role::Carrier, why }
}

pub(super) const fn carries_fn(module: &'static str, function: &'static str, why: &'static str) -> Row {
    Row { module, function, role: Role::Carrier, why }
}

pub(super) const fn reports(module: &'static str, why: &'static str) -> Row {
    Row { module, function: "", role: Role::Reporter, why }
}

pub(super) const fn reports_fn(module: &'static str, function: &'static str, why: &'static str) -> Row {
    Row { module, function, role: Role::Reporter, why }
}

/// The rows as lines.
macro_rules! lines {
    ($rows:ident) => {
        $crate::packed::packed!($rows: Row, row => row.role.mark(), row.module, "\t", row.function)
    };
}
pub(super) use lines;

impl Row {
    /// A row of its line.
    pub(super) fn read(line: &'static str) -> Option<Row> {
        let (role, rest) = line.split_at_checked(1)?;
        let role = [Role::Plumbing, Role::Carrier, Role::Reporter].into_iter().find(|r| r.mark() == role)?;
        let (module, function) = rest.split_once('\t')?;
        Some(Row { module, function, role, why: "" })
    }

    pub(super) fn pattern(&self) -> Pattern {
        let (module, inside) = self.module.strip_prefix('*').map_or((self.module, false), |mark| (mark, true));
        Pattern {
            platform: None,
            module: bare(module).into(),
            open: module.ends_with('*'),
            inside,
            function: Some(self.function.into()).filter(|name: &Cow<_>| !name.is_empty()),
            role: self.role,
        }
    }

    /// Whether this row of `table` alone takes `frame`; for tests that every row has a case.
    pub fn blocks(&self, table: &str, platform: &str, frame: &Frame) -> bool {
        let (platform, place, function) = position(platform, frame);
        platform == table && self.pattern().matches(platform, place, function)
    }
}
