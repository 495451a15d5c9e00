//! Reading of a request body within its limit.

use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

/// A body that is too large is still read up to this multiple of the limit, so that the client gets to read the
/// refusal and can go on using the connection.
const DRAIN: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    TooLarge,
    /// The client went away in the middle.
    Broken,
    Slow,
}

/// A client that takes longer to send its body is holding a connection for nothing.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn read(headers: &HeaderMap, payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    tokio::time::timeout(PATIENCE, read_all(headers, payload, limit)).await.unwrap_or(Err(BodyError::Slow))
}

async fn read_all(headers: &HeaderMap, mut payload: Payload, limit: usize) -> Result<Bytes, BodyError> {
    let announced: Option<usize> =
        headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|value| value.parse().ok());
    if announced.is_some_and(|length| length > limit) {
        drain(&mut payload, limit.saturating_mul(DRAIN)).await;
        return Err(BodyError::TooLarge);
    }
    let Some(first) = payload.next().await else { return Ok(Bytes::new()) };
    let first = first.map_err(|_| BodyError::Broken)?;
    // Nearly every body comes in one piece, and then is not copied.
    let Some(second) = payload.next().await else {
        return if first.len() > limit { Err(BodyError::TooLarge) } else { Ok(first) };
    };
    let mut whole = BytesMut::with_capacity(announced.unwrap_or(first.len() * 2).min(limit));
    whole.extend_from_slice(&first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        if whole.len() + chunk.len() > limit {
            drain(&mut payload, limit.saturating_mul(DRAIN)).await;
            return Err(BodyError::TooLarge);
        }
        whole.extend_from_slice(&chunk);
        next = payload.next().await;
    }
    Ok(whole.freeze())
}

async fn drain(payload: &mut Payload, mut budget: usize) {
    while let Some(Ok(chunk)) = payload.next().await {
        let Some(rest) = budget.checked_sub(chunk.len()) else { return };
        budget = rest;
    }
}
