use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// 128 random bits that name an event for its whole life; 32 lower-case hex digits on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(pub u128);

thread_local! {
    /// (fork generation, xoshiro256++ state); re-seeded from the system in a new thread or after a fork.
    static STATE: Cell<(u64, [u64; 4])> = const { Cell::new((u64::MAX, [0; 4])) };
}

impl EventId {
    /// A new random id (UUID version 4 layout). Never blocks, never repeats across `fork`.
    pub fn random() -> Self {
        let (hi, lo) = (random_u64(), random_u64());
        let bits = (u128::from(hi) << 64) | u128::from(lo);
        EventId((bits & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62))
    }

    /// The 32 hex digits without an allocation.
    pub fn hex(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut out = [0; 32];
        for (i, digit) in out.iter_mut().enumerate() {
            *digit = DIGITS[((self.0 >> (124 - 4 * i)) & 0xf) as usize];
        }
        out
    }
}

/// 64 random bits from a per-thread generator that is seeded by the system. Not for secrets.
pub(crate) fn random_u64() -> u64 {
    STATE.with(|cell| {
        let (seeded_in, mut s) = cell.get();
        let generation = crate::fork_generation();
        if seeded_in != generation {
            s = seed();
        }
        // xoshiro256++ (Blackman, Vigna; public domain reference algorithm).
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        cell.set((generation, s));
        result
    })
}

fn seed() -> [u64; 4] {
    let mut bytes = [0u8; 32];
    if getrandom::fill(&mut bytes).is_err() {
        // No system randomness (seccomp): time, address and pid still tell processes apart.
        let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(1, |d| d.as_nanos());
        let place = (&raw const bytes) as usize as u128;
        let mix = nanos ^ (place << 64) ^ (u128::from(std::process::id()) << 32) | 1;
        bytes[..16].copy_from_slice(&mix.to_le_bytes());
        bytes[16..].copy_from_slice(&mix.rotate_left(61).to_be_bytes());
    }
    let mut s = [0u64; 4];
    for (word, chunk) in s.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = chunk.iter().rev().fold(0, |acc, b| (acc << 8) | u64::from(*b));
    }
    s
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EventId {
    type Err = Error;

    /// 32 hex digits, with or without the dashes of a UUID.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bad = || Error::payload("event_id", "expected 32 hexadecimal digits");
        let mut bits = 0u128;
        let mut digits = 0;
        for byte in text.bytes().filter(|b| *b != b'-') {
            let digit = (byte as char).to_digit(16).ok_or_else(bad)?;
            bits = (bits << 4) | u128::from(digit);
            digits += 1;
        }
        if digits == 32 { Ok(EventId(bits)) } else { Err(bad()) }
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
