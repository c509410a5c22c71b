//! Formatting values of the application: bounded, and never to its harm.

use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::cut::without_torn_word;

/// Takes texts until it is full, and then ends the formatting.
struct Bounded {
    text: String,
    limit: usize,
    is_cut: bool,
}

impl Write for Bounded {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let room = self.limit - self.text.len();
        if piece.len() <= room {
            self.text.push_str(piece);
            return Ok(());
        }
        let end = (0..=room).rev().find(|at| piece.is_char_boundary(*at)).unwrap_or(0);
        self.text.push_str(&piece[..end]);
        self.is_cut = true;
        // The writer's own error is the only way to stop a formatter.
        Err(fmt::Error)
    }
}

/// At most `limit` bytes of a formatted text; `None` when the formatter panics.
pub(crate) fn of(limit: usize, arguments: fmt::Arguments<'_>) -> Option<String> {
    let mut bounded = Bounded { text: String::new(), limit, is_cut: false };
    catch_unwind(AssertUnwindSafe(|| {
        let _ = bounded.write_fmt(arguments);
    }))
    .ok()?;
    if bounded.is_cut {
        bounded.text.truncate(without_torn_word(&bounded.text).len());
    }
    Some(bounded.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_limit_between_words() {
        assert_eq!(of(8, format_args!("{}", "short")).as_deref(), Some("short"));
        // The torn word goes: it could be the beginning of a token.
        assert_eq!(of(9, format_args!("{}{}", "one aäö", "never")).as_deref(), Some("one"));
        assert_eq!(of(0, format_args!("x")).as_deref(), Some(""));
    }
}
