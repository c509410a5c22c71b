//! Hashes that tell places and types apart within a process: fast, and nobody chooses their input.

/// One more number into a hash.
pub fn mix(hash: u64, value: u64) -> u64 {
    let mixed = (hash.rotate_left(29) ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// A text as a number (FNV-1a), its length included.
pub fn text(text: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ text.len() as u64;
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
