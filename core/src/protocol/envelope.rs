use serde::{Deserialize, Serialize};

use super::{EventId, Map, SdkInfo, Timestamp, Value, lenient};
use crate::Error;

/// The first line of an envelope.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvelopeHeader {
    /// Required with an event; wins over the payload's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<EventId>,
    /// Set once, when the envelope is sent; never stored. One that cannot be read is as none: no event is refused for a
    /// time.
    #[serde(deserialize_with = "lenient::if_readable", skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// DSN, where a server takes authentication from the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dsn: Option<String>,
    /// Who sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdk: Option<SdkInfo>,
    /// Dynamic sampling context.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Value>,
    /// What this version does not know, kept.
    #[serde(flatten)]
    pub other: Map,
}

/// The line before an item's payload.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ItemHeader {
    /// `event`, `client_report`, `attachment`, `session`, `faultwire_counts`, ...
    #[serde(rename = "type")]
    pub ty: String,
    /// Bytes of the payload; when absent the payload ends at the next LF.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// What this version does not know, kept.
    #[serde(flatten)]
    pub other: Map,
}

/// A header and its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The item's header.
    pub header: ItemHeader,
    /// The payload's bytes.
    pub payload: Vec<u8>,
}

impl Item {
    /// An item of type `ty`.
    pub fn new(ty: &str, payload: Vec<u8>) -> Self {
        Item {
            header: ItemHeader { ty: ty.to_owned(), length: Some(payload.len() as u64), other: Map::new() },
            payload,
        }
    }

    /// Appends the item's line, payload and final LF. `length` is always written, from the payload.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let header = ItemHeader { length: Some(self.payload.len() as u64), ..self.header.clone() };
        // Maps with text keys cannot fail to serialise into memory.
        let _ = serde_json::to_writer(&mut *out, &header);
        out.push(b'\n');
        out.extend_from_slice(&self.payload);
        out.push(b'\n');
    }
}

/// An item's header, and its payload where it is.
pub type Part<'b> = (ItemHeader, &'b [u8]);

/// A header and items: what one request carries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Envelope {
    /// The header.
    pub header: EnvelopeHeader,
    /// The items, in order.
    pub items: Vec<Item>,
}

impl Envelope {
    /// The bytes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.items.iter().map(|i| i.payload.len() + 64).sum::<usize>());
        let _ = serde_json::to_writer(&mut out, &self.header);
        out.push(b'\n');
        for item in &self.items {
            item.write_to(&mut out);
        }
        out
    }

    /// Reads an envelope; unknown items are kept, a missing `length` means up to the next LF.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidPayload`] naming `envelope header`, `item N header` or `item N length`.
    pub fn parse(bytes: &[u8]) -> Result<Envelope, Error> {
        let (header, items) = Envelope::split(bytes)?;
        let items = items.into_iter().map(|(header, payload)| Item { header, payload: payload.to_vec() }).collect();
        Ok(Envelope { header, items })
    }

    /// As [`Envelope::parse`], with the payloads where they are.
    ///
    /// # Errors
    /// As [`Envelope::parse`].
    pub fn split(bytes: &[u8]) -> Result<(EnvelopeHeader, Vec<Part<'_>>), Error> {
        let (line, mut rest) = split_line(bytes);
        let header = serde_json::from_slice(line)
            .map_err(|e| Error::payload("envelope header", format!("expected a JSON object on one line: {e}")))?;
        let mut items = Vec::new();
        while !rest.is_empty() {
            let (line, after) = split_line(rest);
            if line.is_empty() {
                rest = after;
                continue;
            }
            let number = items.len();
            let header: ItemHeader = serde_json::from_slice(line).map_err(|e| {
                Error::payload(format!("item {number} header"), format!("expected a JSON object with a type: {e}"))
            })?;
            let (payload, after) = match header.length {
                None => split_line(after),
                Some(length) => split_payload(after, length)
                    .map_err(|message| Error::payload(format!("item {number} length"), message))?,
            };
            items.push((header, payload));
            rest = after;
        }
        Ok((header, items))
    }
}

/// The `length` bytes of a payload and those after its LF.
fn split_payload(bytes: &[u8], length: u64) -> Result<(&[u8], &[u8]), String> {
    let fits = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    match fits {
        None => Err(format!("expected {length} bytes, {} are left", bytes.len())),
        Some((payload, [])) => Ok((payload, &[])),
        Some((payload, [b'\n', tail @ ..])) => Ok((payload, tail)),
        Some(_) => Err("expected a line feed after the payload".to_owned()),
    }
}

/// The bytes before the first LF and those after it.
fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'\n', bytes) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}
