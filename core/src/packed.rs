//! Tables as one text each. A `&str` in a table is sixteen bytes, and in a library that is loaded anywhere twenty-four
//! more that say so, which the loader reads and applies at every start: more than most of the names themselves.
//!
//! The rows stay as people read them; what of them the program needs is joined when it is compiled. Remarks in them
//! are for readers and cost nothing.

/// The lines of a table's rows as one `&'static str`: each row's parts, one after the other, without anything between.
///
/// `packed!(ROWS: Row, row => row.module, ":", row.function)`; rows and parts are constants. No part has a line's end.
macro_rules! packed {
    ($rows:ident: $Row:ty, $row:ident => $($part:expr),+) => {{
        const fn pack<const SIZE: usize>() -> $crate::packed::Packed<SIZE> {
            let rows: &[$Row] = $rows;
            let mut packed = $crate::packed::Packed::new();
            let mut at = 0;
            while at < rows.len() {
                let $row = &rows[at];
                packed = packed$(.and($part))+.and("\n");
                at += 1;
            }
            packed
        }
        // Once to measure, once to write.
        static PACKED: $crate::packed::Packed<{ pack::<0>().size() }> = pack();
        PACKED.text()
    }};
}
pub(crate) use packed;

/// Texts one after the other, as far as they fit.
pub(crate) struct Packed<const SIZE: usize> {
    bytes: [u8; SIZE],
    size: usize,
}

impl<const SIZE: usize> Packed<SIZE> {
    pub const fn new() -> Self {
        Packed { bytes: [0; SIZE], size: 0 }
    }

    pub const fn and(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() && self.size + at < SIZE {
            self.bytes[self.size + at] = text[at];
            at += 1;
        }
        self.size += text.len();
        self
    }

    /// Bytes of all texts, whether they fit or not.
    pub const fn size(&self) -> usize {
        self.size
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_table_is_its_lines() {
        const ROWS: &[(&str, Option<&str>, &str)] = &[("a", None, "why"), ("β::c", Some("d"), "")];
        const fn named(name: Option<&'static str>) -> &'static str {
            match name {
                Some(name) => name,
                None => "",
            }
        }
        let text = packed!(ROWS: (&str, Option<&'static str>, &str), row => row.0, "\t", named(row.1));
        assert_eq!(text.lines().collect::<Vec<_>>(), ["a\t", "β::c\td"]);
    }
}
