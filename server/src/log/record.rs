//! An accepted request, as the log keeps it.

use crate::ProjectId;

/// What kind of key a client came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// Kept on servers: its holder is trusted to count.
    Server,
    /// In every browser that shows the page: anyone may have it.
    Browser,
}

/// How a body is compressed: as the client sent it, so that it need not be done again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, and bare RFC 1951, which some clients mean by it.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

const ENCODINGS: [Encoding; 5] =
    [Encoding::Identity, Encoding::Gzip, Encoding::Deflate, Encoding::Brotli, Encoding::Zstd];

/// One accepted envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub project: ProjectId,
    /// By what it was let in.
    pub key: KeyKind,
    /// When it was accepted: milliseconds since the epoch.
    pub received: i64,
    /// The compression of `body`.
    pub encoding: Encoding,
    /// An envelope.
    pub body: Vec<u8>,
    /// The same unpacked, as long as it is at hand. Not written.
    pub plain: Option<Vec<u8>>,
}

/// First byte of what precedes the body. A later layout has another.
const LAYOUT: u8 = 1;
/// Layout, key, encoding, project, time.
const HEAD: usize = 3 + 4 + 8;

impl Record {
    /// What stands before the body.
    pub(super) fn head(&self) -> [u8; HEAD] {
        let mut head = [0; HEAD];
        let encoding = ENCODINGS.iter().position(|e| *e == self.encoding).unwrap_or_default();
        head[..3].copy_from_slice(&[LAYOUT, u8::from(self.key == KeyKind::Browser), encoding as u8]);
        head[3..7].copy_from_slice(&self.project.0.to_le_bytes());
        head[7..].copy_from_slice(&self.received.to_le_bytes());
        head
    }

    /// Reads head and body; `None` for another layout.
    pub(super) fn parse(bytes: &[u8]) -> Option<Record> {
        let (head, body) = bytes.split_first_chunk::<HEAD>()?;
        let (tags, numbers) = head.split_first_chunk::<3>()?;
        let (project, received) = numbers.split_first_chunk::<4>()?;
        let [LAYOUT, key, encoding] = *tags else { return None };
        Some(Record {
            project: ProjectId(u32::from_le_bytes(*project)),
            key: if key == 0 { KeyKind::Server } else { KeyKind::Browser },
            received: i64::from_le_bytes(received.try_into().ok()?),
            encoding: *ENCODINGS.get(usize::from(encoding))?,
            body: body.to_vec(),
            plain: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for encoding in ENCODINGS {
            for key in [KeyKind::Server, KeyKind::Browser] {
                let body = b"{}\n".to_vec();
                let record = Record { project: ProjectId(7), key, received: -5, encoding, body, plain: None };
                let bytes = [&record.head()[..], &record.body].concat();
                assert_eq!(Record::parse(&bytes), Some(record));
            }
        }
        assert_eq!(Record::parse(&[LAYOUT; HEAD - 1]), None);
        assert_eq!(Record::parse(&[9; HEAD]), None);
    }
}
