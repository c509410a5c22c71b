//! From wire bytes to meaning: decompression with a bound, the envelope, the parameters of a request.

use std::collections::BTreeMap;
use std::io::Read;

use faultwire::protocol::{Envelope, EnvelopeHeader, EventId, Item, Value};

/// Most bytes of one body as sent. Relay takes envelopes of 200 MiB; no test needs more than this.
pub const MAX_WIRE_BYTES: usize = 32 << 20;
/// Most bytes of one body after decompression: a bomb ends here.
pub const MAX_RAW_BYTES: usize = 64 << 20;

/// Why a request is not taken: an HTTP status, the field at fault, and what was expected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status to answer.
    pub status: u16,
    /// The header, field or item at fault.
    pub field: String,
    /// What was expected.
    pub message: String,
}

impl Refusal {
    /// A refusal with `status` about `field`.
    pub fn new(status: u16, field: impl Into<String>, message: impl Into<String>) -> Self {
        Refusal { status, field: field.into(), message: message.into() }
    }
}

impl From<faultwire::Error> for Refusal {
    fn from(error: faultwire::Error) -> Self {
        Refusal::new(400, error.field, error.message)
    }
}

/// The name of the content encoding; a missing or empty header is `identity`.
pub fn encoding_name(header: Option<&str>) -> String {
    let name = header.unwrap_or_default().trim().to_ascii_lowercase();
    if name.is_empty() { "identity".to_owned() } else { name }
}

/// Decompresses `wire`. What was read before an error is kept, so that a search for secrets sees it too.
pub fn decompress(encoding: &str, wire: &[u8]) -> (Vec<u8>, Option<Refusal>) {
    let reader: Box<dyn Read + '_> = match encoding {
        "identity" => return (wire.to_vec(), None),
        "gzip" | "x-gzip" => Box::new(flate2::read::MultiGzDecoder::new(wire)),
        // RFC 9110 means zlib; some clients send the bare stream.
        "deflate" if has_zlib_header(wire) => Box::new(flate2::read::ZlibDecoder::new(wire)),
        "deflate" => Box::new(flate2::read::DeflateDecoder::new(wire)),
        "br" => Box::new(brotli::Decompressor::new(wire, 4096)),
        "zstd" => match zstd::stream::read::Decoder::new(wire) {
            Ok(decoder) => Box::new(decoder),
            Err(error) => return (Vec::new(), Some(Refusal::new(400, "body", format!("zstd: {error}")))),
        },
        other => {
            let message = format!("expected gzip, deflate, br, zstd or identity, found {other:?}");
            return (wire.to_vec(), Some(Refusal::new(415, "Content-Encoding", message)));
        }
    };
    let mut raw = Vec::new();
    let end = reader.take(MAX_RAW_BYTES as u64 + 1).read_to_end(&mut raw);
    let refusal = match end {
        Err(error) => Some(Refusal::new(400, "body", format!("not complete {encoding}: {error}"))),
        Ok(_) if raw.len() > MAX_RAW_BYTES => {
            raw.truncate(MAX_RAW_BYTES);
            Some(Refusal::new(413, "body", format!("expected at most {MAX_RAW_BYTES} bytes after decompression")))
        }
        Ok(_) => None,
    };
    (raw, refusal)
}

fn has_zlib_header(bytes: &[u8]) -> bool {
    matches!(bytes, [cmf, flg, ..] if cmf & 0x0f == 8 && (u16::from(*cmf) << 8 | u16::from(*flg)).is_multiple_of(31))
}

/// The one event of a `/store/` request, as the envelope it would be today.
pub fn store_body(raw: &[u8]) -> Result<Envelope, Refusal> {
    let event: Value = serde_json::from_slice(raw)
        .map_err(|e| Refusal::new(400, "event", format!("expected one event as a JSON object: {e}")))?;
    let event_id = event.get("event_id").and_then(Value::as_str).and_then(|id| id.parse::<EventId>().ok());
    let header = EnvelopeHeader { event_id, ..EnvelopeHeader::default() };
    Ok(Envelope { header, items: vec![Item::new("event", raw.to_vec())] })
}

/// The payload of an item that must be a JSON object.
pub fn object(number: usize, item: &Item) -> Result<Value, Refusal> {
    let expected =
        |what: String| Refusal::new(400, format!("item {number} payload"), format!("expected a JSON object: {what}"));
    match serde_json::from_slice(&item.payload) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(expected("found another JSON value".to_owned())),
        Err(error) => Err(expected(error.to_string())),
    }
}

/// The fields a client authenticates with: `X-Sentry-Auth` or `Authorization`, and the query, which wins.
pub fn auth(header: Option<&str>, query: &str) -> BTreeMap<String, String> {
    let fields = header.map(str::trim).unwrap_or_default();
    let fields = fields.strip_prefix("Sentry ").unwrap_or(fields);
    let mut auth: BTreeMap<String, String> = fields
        .split(',')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .filter(|(name, _)| name.starts_with("sentry_"))
        .collect();
    auth.extend(query_pairs(query).into_iter().filter(|(name, _)| name.starts_with("sentry_")));
    auth
}

/// The pairs of a query string, percent-decoded.
pub fn query_pairs(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        })
        .collect()
}

fn percent_decoded(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|b| (*b as char).to_digit(16)).map(|d| d as u8);
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 2;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_is_read_from_the_header_and_the_query() {
        let auth = auth(Some("Sentry sentry_version=7, sentry_client=a/1,sentry_key=k"), "sentry_key=q%20k&x=1");
        let pairs: Vec<_> = auth.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("sentry_client", "a/1"), ("sentry_key", "q k"), ("sentry_version", "7")]);
    }

    #[test]
    fn a_torn_body_keeps_what_was_read() {
        let packed = zstd::encode_all(&vec![b'x'; 300_000][..], 1).unwrap();
        let (raw, refusal) = decompress("zstd", &packed[..packed.len() - 4]);
        assert_eq!(refusal.map(|r| (r.status, r.field)), Some((400, "body".to_owned())));
        assert!(raw.len() < 300_000 && raw.iter().all(|b| *b == b'x'));
    }
}
