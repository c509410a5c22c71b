//! Source maps, version 3 (ECMA-426): from a position in a generated file to the one it was made from.
//!
//! The widespread libraries for this bring forty crates with them, URLs and Unicode tables among them, into
//! every program that uses this one; the format needs two hundred lines.

mod mappings;
mod names;

use serde::Deserialize;

use mappings::Mappings;
pub(super) use names::{Generated, original_name};

/// Sections of one map: a chunk has one for each module in it.
const MAX_SECTIONS: usize = 16_384;

/// A parsed map. Mappings are kept as they came, so that it takes little more room than its text.
#[derive(Debug)]
pub(super) struct SourceMap {
    /// One, or those of an indexed map, by where they begin.
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    /// Where it begins in the generated file, 0-based.
    line: u32,
    column: u32,
    mappings: Mappings,
    /// URLs, as the map names them and below its `sourceRoot`.
    sources: Vec<Box<str>>,
    contents: Vec<Option<Box<str>>>,
    names: Vec<Box<str>>,
}

/// A source of a map: of which section, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SourceId {
    section: usize,
    source: usize,
}

/// Where a piece of code comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Original<'m> {
    pub id: SourceId,
    /// URL of the source.
    pub source: &'m str,
    /// 0-based.
    pub line: u32,
    /// 0-based, in UTF-16 units.
    pub column: u32,
}

#[derive(Deserialize)]
struct RawSection {
    offset: RawOffset,
    map: RawMap,
}

#[derive(Deserialize)]
struct RawOffset {
    line: u32,
    column: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawMap {
    version: u32,
    #[serde(default)]
    source_root: Option<String>,
    #[serde(default)]
    sources: Vec<Option<String>>,
    #[serde(default)]
    sources_content: Vec<Option<Box<str>>>,
    #[serde(default)]
    names: Vec<Box<str>>,
    #[serde(default)]
    mappings: Box<str>,
    #[serde(default)]
    sections: Vec<RawSection>,
}

impl SourceMap {
    /// `None` for what is no source map of version 3. Maps within sections have no sections themselves.
    pub fn parse(text: &[u8]) -> Option<SourceMap> {
        // A line that keeps browsers from running the map as a script.
        let json = match text.strip_prefix(b")]}'") {
            Some(rest) => rest.splitn(2, |b| *b == b'\n').nth(1)?,
            None => text,
        };
        let raw: RawMap = serde_json::from_slice(json).ok()?;
        if raw.version != 3 {
            return None;
        }
        let sections = if raw.sections.is_empty() {
            vec![Section::new(0, 0, raw)]
        } else {
            let mut sections: Vec<Section> = raw
                .sections
                .into_iter()
                .take(MAX_SECTIONS)
                .map(|s| Section::new(s.offset.line, s.offset.column, s.map))
                .collect();
            sections.sort_by_key(|s| (s.line, s.column));
            sections
        };
        Some(SourceMap { sections })
    }

    /// The original of the code at a 0-based position; `None` where the map says nothing of it.
    pub fn original(&self, line: u32, column: u32) -> Option<Original<'_>> {
        let (number, section) = self.section_at(line, column)?;
        let (line, column) = section.relative(line, column)?;
        let (source, line, column) = section.mappings.find(line, column)?.source?;
        let name = section.sources.get(source as usize)?;
        Some(Original { id: SourceId { section: number, source: source as usize }, source: name, line, column })
    }

    /// The text of a source, if the map brings it.
    pub fn content(&self, id: SourceId) -> Option<&str> {
        self.sections.get(id.section)?.contents.get(id.source)?.as_deref()
    }

    /// Whether the map names anything: those of code that was not minified do not.
    pub fn has_names(&self) -> bool {
        self.sections.iter().any(|s| !s.names.is_empty())
    }

    /// Calls `look` with the positions that have a name, from the one given backwards, until it gives something
    /// or `limit` mappings were seen.
    pub fn named_before<T>(
        &self,
        line: u32,
        column: u32,
        limit: usize,
        mut look: impl FnMut(u32, u32, &str) -> Option<T>,
    ) -> Option<T> {
        let (_, section) = self.section_at(line, column)?;
        let (line, column) = section.relative(line, column)?;
        section.mappings.before(line, column, limit, |segment| {
            let name = section.names.get(segment.name? as usize)?;
            let shift = if segment.line == 0 { section.column } else { 0 };
            look(segment.line.checked_add(section.line)?, segment.column.checked_add(shift)?, name)
        })
    }

    /// What it costs to hold.
    pub fn bytes(&self) -> usize {
        let texts = |list: &[Box<str>]| list.iter().map(|text| text.len() + size_of::<Box<str>>()).sum::<usize>();
        let contents = |list: &[Option<Box<str>>]| list.iter().flatten().map(|text| text.len()).sum::<usize>();
        let of = |s: &Section| {
            size_of::<Section>() + s.mappings.bytes() + texts(&s.sources) + texts(&s.names) + contents(&s.contents)
        };
        self.sections.iter().map(of).sum()
    }

    fn section_at(&self, line: u32, column: u32) -> Option<(usize, &Section)> {
        let after = self.sections.partition_point(|s| (s.line, s.column) <= (line, column));
        let number = after.checked_sub(1)?;
        Some((number, self.sections.get(number)?))
    }
}

impl Section {
    fn new(line: u32, column: u32, raw: RawMap) -> Section {
        let root = raw.source_root.filter(|root| !root.is_empty());
        let below = |source: Option<String>| {
            let source = source.unwrap_or_default();
            match &root {
                Some(root) => format!("{}/{source}", root.trim_end_matches('/')).into_boxed_str(),
                None => source.into_boxed_str(),
            }
        };
        Section {
            line,
            column,
            mappings: Mappings::new(raw.mappings),
            sources: raw.sources.into_iter().map(below).collect(),
            contents: raw.sources_content,
            names: raw.names,
        }
    }

    /// The position as the section counts.
    fn relative(&self, line: u32, column: u32) -> Option<(u32, u32)> {
        let line = line.checked_sub(self.line)?;
        Some((line, if line == 0 { column.checked_sub(self.column)? } else { column }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(map: &SourceMap, line: u32, column: u32) -> Option<(String, u32, u32)> {
        map.original(line, column).map(|o| (o.source.to_owned(), o.line, o.column))
    }

    #[test]
    fn positions_lie_in_the_mapping_before_them_on_their_line() {
        // Line 0: column 0 is a.ts 0:0, column 4 is b.ts 2:3 `f`, column 6 is nothing. Line 2: column 1 is a.ts 5:0.
        let text = br#"{"version":3,"sources":["a.ts","b.ts"],"names":["f"],"sourcesContent":[null,"x"],"mappings":"AAAA,ICEGA,E;;CDGH"}"#;
        let map = SourceMap::parse(text).unwrap();
        assert_eq!(at(&map, 0, 0), Some(("a.ts".into(), 0, 0)));
        assert_eq!(at(&map, 0, 3), Some(("a.ts".into(), 0, 0)));
        assert_eq!(at(&map, 0, 5), Some(("b.ts".into(), 2, 3)));
        assert_eq!(at(&map, 0, 99), None);
        assert_eq!(at(&map, 1, 0), None);
        assert_eq!(at(&map, 2, 0), None);
        assert_eq!(at(&map, 2, 9), Some(("a.ts".into(), 5, 0)));
        assert_eq!(at(&map, 3, 0), None);
        let b = map.original(0, 4).unwrap().id;
        assert_eq!(map.content(b), Some("x"));
        assert_eq!(map.content(map.original(0, 0).unwrap().id), None);
        let named = map.named_before(2, 9, 100, |line, column, name| Some((line, column, name.to_owned())));
        assert_eq!(named, Some((0, 4, "f".to_owned())));
    }

    #[test]
    fn sections_count_from_where_they_begin() {
        let text = br#"{"version":3,"sections":[
            {"offset":{"line":1,"column":10},"map":{"version":3,"sourceRoot":"src/","sources":["b.ts"],"names":["g"],"mappings":"AAAAA;AACA"}},
            {"offset":{"line":0,"column":0},"map":{"version":3,"sources":["a.ts"],"mappings":"AAAA;AACA"}}]}"#;
        let map = SourceMap::parse(text).unwrap();
        assert_eq!(at(&map, 0, 0), Some(("a.ts".into(), 0, 0)));
        assert_eq!(at(&map, 1, 9), Some(("a.ts".into(), 1, 0)));
        assert_eq!(at(&map, 1, 10), Some(("src/b.ts".into(), 0, 0)));
        assert_eq!(at(&map, 2, 0), Some(("src/b.ts".into(), 1, 0)));
        assert_eq!(map.named_before(2, 0, 9, |line, column, _| Some((line, column))), Some((1, 10)));
    }

    #[test]
    fn what_is_no_map_is_refused_and_a_broken_one_maps_what_it_can() {
        for text in
            ["", "{}", "[]", "null", "{\"version\":2,\"mappings\":\"\"}", ")]}'", "{\"version\":3,\"sources\":7}"]
        {
            assert!(SourceMap::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(SourceMap::parse(b")]}'\n{\"version\":3,\"mappings\":\"\"}").is_some());
        for mappings in ["AAAA,!!", "AAAA,AggggggggggggggE", "AAAA,A9", "AAAA,AA", "AAAA,DDDD"] {
            let text = format!("{{\"version\":3,\"sources\":[\"a.ts\"],\"mappings\":\"{mappings}\"}}");
            let map = SourceMap::parse(text.as_bytes()).unwrap();
            assert_eq!(at(&map, 0, 0).map(|o| o.0), Some("a.ts".to_owned()), "{mappings}");
        }
    }

    #[test]
    fn maps_of_any_bytes_are_looked_up_without_a_panic() {
        const DIGITS: &[u8] = b"ABCDEFGZaeghpz019+/,,;;;";
        let mut seed = 0x2545_f491_4f6c_dd1du64;
        let mut random = |limit: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % limit
        };
        let file = Generated::new("function a(b){c=é=>{}}\nclass d{#e(){}}".repeat(20).into());
        for _ in 0..3000 {
            let length = random(400) as usize;
            let mappings: Vec<u8> = (0..length).map(|_| DIGITS[random(DIGITS.len() as u64) as usize]).collect();
            let mappings = String::from_utf8(mappings).unwrap();
            let map = format!(r#"{{"version":3,"sources":["a.ts",null],"names":["x","y"],"mappings":"{mappings}"}}"#);
            let sections = format!(
                r#"{{"version":3,"sections":[{{"offset":{{"line":{},"column":{}}},"map":{map}}}]}}"#,
                random(3),
                random(9)
            );
            for text in [&map, &sections] {
                let map = SourceMap::parse(text.as_bytes()).unwrap();
                let (line, column) = (random(20) as u32, random(40) as u32);
                for (line, column) in [(line, column), (u32::MAX, u32::MAX), (0, u32::MAX)] {
                    let _ = map.original(line, column);
                    let _ = original_name(&map, &file, line, column, "new a.b.#e [as d]");
                }
            }
        }
    }
}
