//! Bytes off the wire: compression undone, within bounds.

use std::io::Read;

use crate::log::Encoding;

/// A body may always become this large, in bytes: small ones of repeated text compress very well.
const ALWAYS: u64 = 1 << 20;
/// Above, it may become so many times as large as it was sent. Events compress 3 to 30 times.
const MAX_RATIO: u64 = 100;

/// Why a body cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadBody {
    /// More than the limit, or than the ratio.
    TooLarge,
    /// Not what its header says.
    Corrupt,
}

/// The encoding that a `Content-Encoding` names.
pub fn encoding(name: &str) -> Option<Encoding> {
    Some(match name.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Encoding::Identity,
        "gzip" | "x-gzip" => Encoding::Gzip,
        "deflate" => Encoding::Deflate,
        "br" => Encoding::Brotli,
        "zstd" => Encoding::Zstd,
        _ => return None,
    })
}

/// The body as it was before it was compressed, at most `limit` bytes.
///
/// # Errors
/// When it is larger, or no such thing.
pub fn decompress(encoding: Encoding, body: &[u8], limit: u64) -> Result<Vec<u8>, BadBody> {
    let limit = limit.min(ALWAYS.max(body.len() as u64 * MAX_RATIO));
    match encoding {
        Encoding::Identity if body.len() as u64 > limit => Err(BadBody::TooLarge),
        Encoding::Identity => Ok(body.to_vec()),
        Encoding::Gzip => read(flate2::bufread::MultiGzDecoder::new(body), body.len(), limit),
        // Some clients send bare deflate under this name, as some browsers once did.
        Encoding::Deflate if body.first().is_some_and(|first| first & 0x0f == 8) => {
            read(flate2::bufread::ZlibDecoder::new(body), body.len(), limit)
        }
        Encoding::Deflate => read(flate2::bufread::DeflateDecoder::new(body), body.len(), limit),
        Encoding::Brotli => read(brotli::Decompressor::new(body, 4096), body.len(), limit),
        Encoding::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(body).map_err(|_| BadBody::Corrupt)?;
            // A window above this is memory that the sender chooses: 8 MiB, as RFC 8878 recommends.
            decoder.window_log_max(23).map_err(|_| BadBody::Corrupt)?;
            read(decoder, body.len(), limit)
        }
    }
}

fn read(decoder: impl Read, compressed: usize, limit: u64) -> Result<Vec<u8>, BadBody> {
    let mut out = Vec::with_capacity((compressed * 4).min(limit as usize + 1));
    decoder.take(limit + 1).read_to_end(&mut out).map_err(|_| BadBody::Corrupt)?;
    if out.len() as u64 > limit { Err(BadBody::TooLarge) } else { Ok(out) }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_is_refused_before_it_is_large() {
        let bomb = gzip(&vec![b' '; 50 << 20]);
        assert!(bomb.len() < 500 << 10, "{}", bomb.len());
        assert_eq!(decompress(Encoding::Gzip, &bomb, 1 << 30), Err(BadBody::TooLarge));
        let small = gzip(&vec![b' '; 1 << 20]);
        assert_eq!(decompress(Encoding::Gzip, &small, 1 << 30).map(|b| b.len()), Ok(1 << 20));
        assert_eq!(decompress(Encoding::Gzip, &small, 1000), Err(BadBody::TooLarge));
    }

    #[test]
    fn what_is_torn_is_corrupt() {
        let whole = gzip(b"{\"event_id\": 1}");
        for cut in 1..whole.len() {
            assert_eq!(decompress(Encoding::Gzip, &whole[..cut], 1 << 20), Err(BadBody::Corrupt), "{cut}");
        }
    }
}
