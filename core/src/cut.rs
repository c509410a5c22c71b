//! What is kept of a text that is too long to cross whole.
//!
//! Bindings cut texts before they cross, each in its own language and unit; that they mean the same is pinned by
//! `tests/vectors/cut`.

use crate::Error;
use crate::protocol::Value;

/// Characters that extraction keeps beyond a limit, so that no secret is cut into something that no
/// rule knows: longer than any key block or token the sanitizer knows (a 4096-bit RSA key in PEM is 3.3 kB).
pub const LOOK_AHEAD: usize = 4096;

/// At most `limit` characters of a text, without a [torn word](without_torn_word).
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    cut_within(text, limit, LOOK_AHEAD)
}

fn cut_within(text: &str, limit: usize, look_ahead: usize) -> &str {
    match text.char_indices().nth(limit) {
        Some((end, _)) => whole_words(&text[..end], look_ahead),
        None => text,
    }
}

/// A text that was cut at an extraction limit, without the piece of a word that the cut left: filtering
/// can shorten what stands before it by more than [`LOOK_AHEAD`], and no rule knows the beginning of a token.
pub fn without_torn_word(text: &str) -> &str {
    whole_words(text, LOOK_AHEAD)
}

/// Of a word that is longer than `look_ahead` characters not all goes.
fn whole_words(text: &str, look_ahead: usize) -> &str {
    let whole = text.trim_end_matches(|c: char| !c.is_whitespace());
    // Groups of digits are one number: of a card, say.
    let whole = whole.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || c == '-');
    let longest = look_ahead.checked_sub(1).and_then(|n| text.char_indices().rev().nth(n)).map_or(0, |(at, _)| at);
    if whole.len() >= longest {
        return whole;
    }
    // No word is that long: of JSON without spaces, say, only the last value goes.
    let end = text[longest..].rfind(stands_between_values).map_or(longest, |at| longest + at + 1);
    &text[..end]
}

fn stands_between_values(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | ',' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}')
}

/// Runs one shared vector: `{"text", "limit", "look_ahead"}`, both in characters, to what is kept.
///
/// # Errors
/// [`crate::ErrorKind::InvalidPayload`] when the input has another form.
pub fn vector(input: &Value) -> Result<Value, Error> {
    let number = |name: &str| {
        let number = input[name].as_u64().and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| Error::payload(name, "expected a whole number"))
    };
    let text = input["text"].as_str().ok_or_else(|| Error::payload("text", "expected a text"))?;
    Ok(cut_within(text, number("limit")?, number("look_ahead")?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule itself is in the vectors; this is what it is used with.
    #[test]
    fn a_word_without_an_end_costs_no_more_than_it_must() {
        let row = r#"{"a":"b"},"#.repeat(1000);
        assert_eq!(
            without_torn_word(&format!(r#"said: [{row}{{"token":"ghp_ZZCe"#)),
            format!(r#"said: [{row}{{"token":""#)
        );
        let wide = "ä".repeat(9000);
        assert_eq!(without_torn_word(&format!("said {wide}")), format!("said {}", &wide[..2 * (9000 - LOOK_AHEAD)]));
        // A word that is shorter goes as a whole.
        assert_eq!(without_torn_word(&format!("said {}", &wide[..2 * LOOK_AHEAD - 2])), "said");
        assert_eq!(cut(&format!("short {wide}"), 100), "short");
    }
}
