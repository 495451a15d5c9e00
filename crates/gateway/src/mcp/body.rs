//! Reading of a request body within its limit.

use std::time::Duration;

use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt;
use orch_http1::request::Head;
use tokio::time::timeout;

use crate::fields::Fields as _;
use crate::serving::feed::{Pieces, Sent};

/// A body that is too large is still read up to this multiple of the limit, so that the client gets to read the
/// refusal and can go on using the connection.
const DRAIN: usize = 8;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// With so many bytes allowed.
    TooLarge(usize),
    /// It is not what it says it is, or the client went away in the middle.
    Broken,
    Slow,
}

/// A client that takes longer to send its body is holding a connection for nothing.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn read(head: &Head, body: Sent, limit: usize) -> Result<Bytes, BodyError> {
    let mut pieces = match body {
        // As nearly always: there is nothing to wait for, and nothing to copy.
        Sent::Whole(whole) if whole.len() <= limit => return Ok(whole),
        Sent::Whole(_) => return Err(BodyError::TooLarge(limit)),
        Sent::Pieces(pieces) => pieces,
    };
    timeout(PATIENCE, read_all(head, &mut pieces, limit)).await.unwrap_or(Err(BodyError::Slow))
}

async fn read_all(head: &Head, pieces: &mut Pieces, limit: usize) -> Result<Bytes, BodyError> {
    let announced: Option<usize> = head.text("content-length").and_then(|length| length.parse().ok());
    if announced.is_some_and(|length| length > limit) {
        // Who waits to be told to go on has sent nothing yet, and need not.
        if !head.expects {
            drain(pieces, limit.saturating_mul(DRAIN)).await;
        }
        return Err(BodyError::TooLarge(limit));
    }
    let mut whole = BytesMut::with_capacity(announced.unwrap_or_default());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| BodyError::Broken)?;
        if whole.len() + piece.len() > limit {
            drain(pieces, limit.saturating_mul(DRAIN)).await;
            return Err(BodyError::TooLarge(limit));
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

async fn drain(pieces: &mut Pieces, mut budget: usize) {
    while let Some(Ok(piece)) = pieces.next().await {
        let Some(rest) = budget.checked_sub(piece.len()) else { return };
        budget = rest;
    }
}
