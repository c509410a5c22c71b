//! Formatting values of the application: bounded, and never to its harm.

use std::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Takes texts until it is full, and then ends the formatting.
struct Bounded {
    text: String,
    limit: usize,
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
        // The writer's own error is the only way to stop a formatter.
        Err(fmt::Error)
    }
}

/// At most `limit` bytes of a formatted text; `None` when the formatter panics.
pub(crate) fn of(limit: usize, arguments: fmt::Arguments<'_>) -> Option<String> {
    let mut bounded = Bounded { text: String::new(), limit };
    catch_unwind(AssertUnwindSafe(|| {
        let _ = bounded.write_fmt(arguments);
    }))
    .ok()?;
    Some(bounded.text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stops_at_the_limit_on_a_boundary() {
        assert_eq!(of(8, format_args!("{}", "short")).as_deref(), Some("short"));
        assert_eq!(of(4, format_args!("{}{}", "aäö", "never")).as_deref(), Some("aä"));
        assert_eq!(of(0, format_args!("x")).as_deref(), Some(""));
    }
}
