//! SHA-256 over parts, each with its kind and its length, so that no two lists give the same bytes.

use sha2::{Digest as _, Sha256};

/// What a hash is of. The numbers are part of v1.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Kind {
    Exceptions = 1,
    Exception = 2,
    Chain = 3,
    Group = 4,
    Message = 5,
    Thread = 6,
    Nothing = 7,
    Custom = 8,
}

/// Begins every hash: another version or another use of SHA-256 never gives the same bytes.
pub(super) const VERSION_TAG: &[u8] = b"faultwire/fingerprint/v1";

pub(super) type Hash = [u8; 32];

/// The bytes to hash, in a buffer that is used again.
pub(super) struct Parts {
    bytes: Vec<u8>,
}

impl Parts {
    pub(super) fn new() -> Self {
        Parts { bytes: Vec::with_capacity(4096) }
    }

    pub(super) fn begin(&mut self, kind: Kind) -> &mut Self {
        self.bytes.clear();
        self.text_bytes(VERSION_TAG);
        self.bytes.push(kind as u8);
        self
    }

    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.text_bytes(text.as_bytes());
        self
    }

    pub(super) fn count(&mut self, count: usize) -> &mut Self {
        self.bytes.extend_from_slice(&(count as u64).to_le_bytes());
        self
    }

    pub(super) fn flag(&mut self, flag: u8) -> &mut Self {
        self.bytes.push(flag);
        self
    }

    pub(super) fn hash(&mut self, hash: &Hash) -> &mut Self {
        self.bytes.extend_from_slice(hash);
        self
    }

    pub(super) fn hashes(&mut self, hashes: &[Hash]) -> &mut Self {
        self.count(hashes.len());
        hashes.iter().for_each(|h| self.bytes.extend_from_slice(h));
        self
    }

    pub(super) fn finish(&self) -> Hash {
        Sha256::digest(&self.bytes).into()
    }

    fn text_bytes(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(text);
    }
}

/// 64 lower-case hexadecimal digits.
pub(super) fn hex(hash: &Hash) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |n: u8| char::from(DIGITS.get(usize::from(n)).copied().unwrap_or(b'0'));
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// "ab" and "c" are not "a" and "bc", and an empty part counts.
    #[test]
    fn lengths_keep_parts_apart() {
        let mut parts = Parts::new();
        let mut of = |list: &[&str]| {
            parts.begin(Kind::Custom).count(list.len());
            list.iter().for_each(|t| {
                parts.text(t);
            });
            parts.finish()
        };
        let all = [of(&["ab", "c"]), of(&["a", "bc"]), of(&["abc"]), of(&["abc", ""]), of(&["", "abc"]), of(&[])];
        for (i, a) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|b| a != b));
        }
    }
}
