//! A body off the socket, within size and time; and what of it nobody wants.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use tokio::time::{Instant, timeout_at};

use super::Refusal;
use crate::outcome::Reason;

/// A body that takes longer is not coming: events are small, and slow senders must not hold the others up.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// What a body may take that nobody wants.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Room that is made for a body before it comes, in bytes: its length is the sender's word.
const MAX_AHEAD: u64 = 64 << 10;

/// The next piece; none at the end, an error where the connection broke.
async fn piece(body: &mut Body) -> Option<Result<Bytes, axum::Error>> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await?.map(|frame| frame.into_data()) {
            Ok(Ok(data)) => return Some(Ok(data)),
            Ok(Err(_trailers)) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

/// The length that a request claims.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// When it is larger, late, or breaks off.
pub(super) async fn read(body: &mut Body, headers: &HeaderMap, limit: u64) -> Result<Vec<u8>, Refusal> {
    let too_large = || Refusal::new(Reason::TooLarge, format!("expected at most {limit} bytes"));
    let claimed = length(headers).unwrap_or_default();
    if claimed > limit {
        return Err(too_large());
    }
    let mut whole = Vec::with_capacity(claimed.min(MAX_AHEAD) as usize);
    let deadline = Instant::now() + BODY_TIMEOUT;
    let late = |_| Refusal::new(Reason::Timeout, format!("the body did not come within {BODY_TIMEOUT:?}"));
    while let Some(piece) = timeout_at(deadline, piece(body)).await.map_err(late)? {
        let piece = piece.map_err(|_| Refusal::new(Reason::InvalidEnvelope, "the body broke off"))?;
        if (whole.len() + piece.len()) as u64 > limit {
            return Err(too_large());
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Reads on a body that was refused, up to `limit` bytes, and forgets it. A client that still sends does not read: to
/// close the connection under its hands would have it see a broken one instead of the answer, and try again for ever.
pub(super) async fn drain(body: &mut Body, headers: &HeaderMap, limit: u64) {
    if headers.contains_key(header::EXPECT) {
        // It waits for a word before it sends: the answer is that word.
        return;
    }
    let deadline = Instant::now() + DRAIN_TIMEOUT;
    let mut left = limit;
    while let Ok(Some(Ok(piece))) = timeout_at(deadline, piece(body)).await {
        match left.checked_sub(piece.len() as u64) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
