//! Numbers that are names (they stay), and names that are numbers (SQL aliases and parameters).

use super::cursor::{Cursor, Hit};

/// Words before a number of at most three digits that says what went wrong.
pub(super) const CODE_WORDS: &[&str] = &[
    "status",
    "status code",
    "statuscode",
    "http",
    "http status",
    "errno",
    "error code",
    "exit",
    "exit code",
    "exit status",
    "exitcode",
    "signal",
    "sig",
    "code",
    "sqlstate",
];

/// The word is followed by nothing, a colon or an equals sign, then the number.
pub(super) fn code(c: &Cursor) -> Option<Hit> {
    let start = c.position();
    let first = c.byte().to_ascii_lowercase();
    let word = CODE_WORDS.iter().rev().find(|w| {
        let end = start + w.len();
        w.as_bytes().first() == Some(&first)
            && c.slice(start, end).eq_ignore_ascii_case(w.as_bytes())
            && matches!(c.at(end), b' ' | b':' | b'=')
    })?;
    let mut at = start + word.len();
    if c.at(at) == b' ' {
        at += 1;
    }
    if matches!(c.at(at), b':' | b'=') {
        at += 1;
        at += usize::from(c.at(at) == b' ');
    }
    at += usize::from(c.at(at) == b'-');
    // SQLSTATE has five characters and no more than a few hundred values.
    let most = if *word == "sqlstate" { 5 } else { 3 };
    let run = c.run(at, most + 1, |b| b.is_ascii_digit());
    let end = at + run;
    let alone = run > 0 && run <= most && c.word_ends(end) && !c.continues(end, b".");
    alone.then_some(Hit { keep: end, end, literal: None })
}

/// Words whose number after `-` or `/` is part of a name or a published code.
pub(super) const NAME_PREFIXES: &[&str] = &[
    "aes", "base", "cp", "cve", "cwe", "db2", "dpi", "dpy", "ed", "es", "gpt", "http", "imp", "ipv", "iso", "latin",
    "mp", "my", "ora", "pls", "rfc", "rsa", "sha", "sp2", "sql", "ssl", "tls", "tns", "ucs", "utf", "windows", "x",
];
/// Words that look like generated names and are none.
pub(super) const NAMES: &[&str] = &["x86_64", "sha_256", "sha_512", "int_128", "float_128"];

/// `utf-8`, `HTTP/1.1`, `ORA-00942`, `iso-8859-1`, `CVE-2024-1234`: at most three numbers.
pub(super) fn name(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    let kept = |end| Some(Hit { keep: end, end, literal: None });
    if word.digits == 0 || word.len() == 3 {
        if !matches!(c.at(word.end), b'-' | b'/') || !c.at(word.end + 1).is_ascii_digit() || word.len() > 7 {
            return None;
        }
        let text = c.slice(word.start, word.end);
        if !NAME_PREFIXES.iter().any(|p| text.eq_ignore_ascii_case(p.as_bytes())) {
            return None;
        }
        let mut end = word.end;
        for _ in 0..3 {
            let joined = matches!(c.at(end), b'-' | b'/' | b'.') && c.at(end + 1).is_ascii_digit();
            let run = if joined { c.run(end + 1, 6, |b| b.is_ascii_digit()) } else { 0 };
            if run == 0 || run > 5 {
                break;
            }
            end += 1 + run;
        }
        return (end > word.end && c.word_ends(end)).then(|| kept(end)).flatten();
    }
    let named = word.digits >= 2 && NAMES.iter().any(|n| c.slice(word.start, word.end) == n.as_bytes());
    named.then(|| kept(word.end)).flatten()
}

/// Aliases that object-relational mappers number.
pub(super) fn sql_alias(c: &Cursor) -> Option<Hit> {
    let word = c.word();
    if word.digits == 0 {
        // `AS name1`
        if word.len() != 2 || !c.slice(word.start, word.end).eq_ignore_ascii_case(b"as") || c.at(word.end) != b' ' {
            return None;
        }
        let alias = c.word_at(word.end + 1);
        let last = c.slice(alias.tail.min(alias.end.saturating_sub(1)), alias.end).last().copied().unwrap_or(0);
        let numbered = alias.digits > 0 && alias.lower + alias.upper > 0 && (last.is_ascii_digit() || last == b'_');
        return (numbered && c.boundary(alias.end)).then(|| c.hit_after(alias.start, alias.end)).flatten();
    }
    if word.len() > 64 {
        return None;
    }
    let text = c.slice(word.start, word.end);
    let base = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let number = text.iter().skip(base).take_while(|b| b.is_ascii_digit()).count();
    let rest = text.get(base + number..).unwrap_or(&[]);
    let qualifies = c.at(word.end) == b'.' && (c.at(word.end + 1).is_ascii_alphabetic() || c.at(word.end + 1) == b'*');
    let generated = match rest {
        // `t0.`, `U3.`
        [] => base == 1 && (1..=3).contains(&number) && matches!(text.first(), Some(b't' | b'T' | b'u' | b'U')),
        // `user0_.`, `u1_0.`
        [b'_', digits @ ..] => base > 0 && number > 0 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let anonymous = text.strip_prefix(b"anon_").is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit));
    ((generated && qualifies) || (anonymous && c.boundary(word.end))).then(|| c.hit(word.end)).flatten()
}

/// Parameters in the texts of statements.
pub(super) fn sql_param(c: &Cursor) -> Option<Hit> {
    if c.byte() != b'?' && c.after_word() {
        return None;
    }
    let start = c.position();
    let end = match c.byte() {
        b'?' => {
            let before = matches!(c.left(1), b'(' | b',' | b'=' | b'>')
                || matches!((c.left(2), c.left(1)), (b',' | b'=' | b'>', b' '));
            let after = matches!(c.at(start + 1), b',' | b')' | b' ' | b';' | 0);
            return (before && after).then(|| c.hit(start + 1)).flatten();
        }
        b'$' => {
            let run = c.run(start + 1, 4, |b| b.is_ascii_digit());
            if run == 0 || run > 3 || c.continues(start + 1 + run, b".") {
                return None;
            }
            start + 1 + run
        }
        _ => {
            if matches!(c.left(1), b':' | b'@') {
                return None;
            }
            let word = c.word_at(start + 1);
            let text = c.slice(word.start, word.end.min(word.start + 16));
            let number =
                text.strip_prefix(b"param_").or_else(|| text.strip_prefix(b"p")).or_else(|| text.strip_prefix(b"P"));
            let numbered = number.is_some_and(|n| !n.is_empty() && n.iter().all(u8::is_ascii_digit));
            if !numbered || word.len() > 15 {
                return None;
            }
            word.end
        }
    };
    c.boundary(end).then(|| c.hit(end)).flatten()
}
