//! Base64: whole texts by the library, and single digits for what reads a text as it comes.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Writes padding, and reads texts with and without.
const CODEC: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Standard base64 with padding (RFC 4648, section 4).
pub(crate) fn encode(bytes: &[u8]) -> String {
    CODEC.encode(bytes)
}

/// The bytes of a text in standard base64; `None` for what is none.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    CODEC.decode(text).ok()
}

/// What a digit stands for, in the standard alphabet or that of URLs.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}
