//! Values in a flat, append-only form: what the app thread writes for local variables and arguments.
//!
//! Building a tree of maps costs an allocation a node on the app thread; a tape costs a copy of the
//! bytes. The worker turns it into JSON. Every length is stored beside what the original length was,
//! so that what was cut can be said.
//!
//! Layout: a tag byte, then for texts `stored: u32, bytes`; for lists and maps `stored: u32, total: u32`
//! and the members (a map's member is a text, the key, then the value); for objects a text, the class
//! name, then a map. Numbers are little-endian.

use crate::protocol::{Map, Value, map_of};

/// Depth at which a reader stops, whatever a writer did.
const MAX_DEPTH: usize = 32;

/// The key, or last list member, that says how many members were left out.
pub const MORE: &str = "…";

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const FLOAT: u8 = 4;
const TEXT: u8 = 5;
const LIST: u8 = 6;
const MAP: u8 = 7;
const OBJECT: u8 = 8;

/// A sequence of values.
#[derive(Debug, Default, Clone)]
pub struct Tape {
    bytes: Vec<u8>,
}

/// Where an open list or map began; given back to [`Tape::close`].
#[derive(Debug, Clone, Copy)]
pub struct Open(usize);

impl Tape {
    /// An empty tape with room for `bytes`.
    pub fn with_capacity(bytes: usize) -> Self {
        Tape { bytes: Vec::with_capacity(bytes) }
    }

    /// Bytes written; a position to [`read`](Tape::read) from.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True when nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Writes a null.
    pub fn null(&mut self) {
        self.bytes.push(NULL);
    }

    /// Writes a boolean.
    pub fn bool(&mut self, value: bool) {
        self.bytes.push(if value { TRUE } else { FALSE });
    }

    /// Writes an integer.
    pub fn int(&mut self, value: i64) {
        self.bytes.push(INT);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Writes a float; what JSON cannot say (NaN, infinity) is read back as a text.
    pub fn float(&mut self, value: f64) {
        self.bytes.push(FLOAT);
        self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    /// Writes a text, as given: the caller bounds it.
    pub fn text(&mut self, text: &str) {
        self.bytes.push(TEXT);
        self.raw_text(text);
    }

    /// Opens a list; write its members, then [`close`](Tape::close).
    pub fn open_list(&mut self) -> Open {
        self.open(LIST)
    }

    /// Opens a map; write [`key`](Tape::key) and value pairs, then [`close`](Tape::close).
    pub fn open_map(&mut self) -> Open {
        self.open(MAP)
    }

    /// Opens an object of `class`; write its attributes as for a map, then [`close`](Tape::close).
    pub fn open_object(&mut self, class: &str) -> Open {
        self.bytes.push(OBJECT);
        self.raw_text(class);
        self.open(MAP)
    }

    /// Writes a map's key.
    pub fn key(&mut self, key: &str) {
        self.raw_text(key);
    }

    /// Ends a list or map of which `stored` of `total` members were written.
    pub fn close(&mut self, open: Open, stored: usize, total: usize) {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        if let Some(header) = self.bytes.get_mut(open.0..open.0 + 8) {
            header[..4].copy_from_slice(&clamp(stored));
            header[4..].copy_from_slice(&clamp(total));
        }
    }

    /// Forgets what was written after `len`.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// The value at `position`; null where there is none.
    pub fn read(&self, position: usize) -> Value {
        let mut reader = Reader { bytes: self.bytes.get(position..).unwrap_or_default() };
        reader.value(0).unwrap_or(Value::Null)
    }

    fn open(&mut self, tag: u8) -> Open {
        self.bytes.push(tag);
        let open = Open(self.bytes.len());
        self.bytes.extend_from_slice(&[0; 8]);
        open
    }

    fn raw_text(&mut self, text: &str) {
        self.bytes.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        self.bytes.extend_from_slice(text.as_bytes());
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = tail;
        Some(*head)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        let (text, tail) = self.bytes.split_at_checked(length)?;
        self.bytes = tail;
        std::str::from_utf8(text).ok()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            return None;
        }
        Some(match self.take::<1>()?[0] {
            NULL => Value::Null,
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            INT => i64::from_le_bytes(self.take()?).into(),
            FLOAT => {
                let float = f64::from_bits(u64::from_le_bytes(self.take()?));
                serde_json::Number::from_f64(float).map_or_else(|| Value::String(float.to_string()), Value::Number)
            }
            TEXT => Value::String(self.text()?.to_owned()),
            LIST => {
                let (stored, total) = self.counts()?;
                let mut list = Vec::with_capacity(stored.min(256) + 1);
                for _ in 0..stored {
                    list.push(self.value(depth + 1)?);
                }
                if total > stored {
                    list.push(Value::String(more(total - stored)));
                }
                Value::Array(list)
            }
            MAP => Value::Object(self.members(Map::new(), depth)?),
            OBJECT => {
                let class = self.text()?.to_owned();
                self.take::<1>()?;
                let map = map_of([("__class__".to_owned(), Value::String(class))]);
                Value::Object(self.members(map, depth)?)
            }
            _ => return None,
        })
    }

    fn members(&mut self, mut map: Map, depth: usize) -> Option<Map> {
        let (stored, total) = self.counts()?;
        for _ in 0..stored {
            let key = self.text()?.to_owned();
            let value = self.value(depth + 1)?;
            map.insert(key, value);
        }
        if total > stored {
            map.insert(MORE.to_owned(), Value::String(more(total - stored)));
        }
        Some(map)
    }

    fn counts(&mut self) -> Option<(usize, usize)> {
        let stored = u32::from_le_bytes(self.take()?) as usize;
        let total = u32::from_le_bytes(self.take()?) as usize;
        Some((stored, total))
    }
}

/// The visible mark for members that were left out.
fn more(count: usize) -> String {
    format!("{MORE} {count} more")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_back_what_was_written_and_says_what_was_cut() {
        let mut tape = Tape::default();
        tape.int(7);
        let start = tape.len();
        let map = tape.open_map();
        tape.key("list");
        let list = tape.open_list();
        tape.float(0.5);
        tape.float(f64::NAN);
        tape.text("é");
        tape.close(list, 3, 1000);
        tape.key("order");
        let object = tape.open_object("app.Order");
        tape.key("id");
        tape.int(-1);
        tape.close(object, 1, 1);
        tape.close(map, 2, 2);
        assert_eq!(tape.read(0), json!(7));
        let expected = json!({"list": [0.5, "NaN", "é", "… 997 more"], "order": {"__class__": "app.Order", "id": -1}});
        assert_eq!(tape.read(start), expected);
    }

    #[test]
    fn a_torn_tape_reads_as_null() {
        let mut tape = Tape::default();
        let list = tape.open_list();
        tape.text("abc");
        tape.close(list, 1, 1);
        for len in 0..tape.len() {
            let mut torn = tape.clone();
            torn.truncate(len);
            assert_eq!(torn.read(0), Value::Null);
        }
    }
}
