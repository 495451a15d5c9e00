//! The handshake with a child, and what can go wrong in it, told apart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use orch_mcp::codec;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::modern;
use orch_mcp::peer::{EraChoice, PeerError, PeerRequest, ReplyItem};
use orch_mcp::raw::Raw;

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::hello;
use crate::stdio::end::End;
use crate::stdio::outbox::When;
use crate::stdio::reply::StdioReply;
use crate::stdio::shared::Shared;

const INITIALIZE: MethodName = MethodName::from_static("initialize");
pub(crate) const INITIALIZED: &str = "notifications/initialized";

/// How long a server may take to say whether it speaks the modern era. One that is slow to start answers late and in
/// order, so a late answer to the probe means no harm.
const PROBE_WITHIN: Duration = Duration::from_secs(10);

/// In the era that was wished for, or the newer one that the server speaks.
pub(crate) async fn run(shared: &Arc<Shared>, config: &UpstreamConfig) -> Result<ServerHello, ConnectError> {
    if shared.connection.era != EraChoice::Legacy
        && let Some(hello) = discover(shared, config).await?
    {
        // Set nowhere else, so it is not set yet.
        let _ = shared.modern.set(());
        return Ok(hello);
    }
    if shared.connection.era == EraChoice::Modern {
        return Err(ConnectError::OtherEra { wanted: "2026-07-28" });
    }
    legacy(shared, config).await
}

/// None when the server is a legacy one. An error means that the process is gone.
async fn discover(shared: &Arc<Shared>, config: &UpstreamConfig) -> Result<Option<ServerHello>, ConnectError> {
    let within = PROBE_WITHIN.min(config.handshake_timeout() / 3);
    for _ in 0..2 {
        let request = PeerRequest::new(MethodName::from_static("server/discover"), None);
        let Ok(answer) = tokio::time::timeout(within, end(shared, request)).await else { return Ok(None) };
        let error = match answer {
            Ok(result) => {
                let result = Raw::parse(bytes::Bytes::copy_from_slice(result.as_bytes())).ok();
                return Ok(result.and_then(|result| modern::read_discover(&result)));
            }
            Err(PeerError::Rpc(error)) => error,
            Err(other) => return Err(ended(shared, &other)),
        };
        // A server may refuse a version and name the same one in its refusal.
        if !modern::is_modern_error(&error) || !modern::offers_ours(&error) {
            return Ok(None);
        }
    }
    Ok(None)
}

async fn end(shared: &Arc<Shared>, request: PeerRequest) -> Result<Raw, PeerError> {
    let mut reply = StdioReply::new(Arc::clone(shared), request);
    while let Some(item) = reply.next().await {
        if let ReplyItem::End(end) = item {
            return end;
        }
    }
    Err(PeerError::Closed { reason: "the connection ended".to_owned() })
}

async fn legacy(shared: &Arc<Shared>, config: &UpstreamConfig) -> Result<ServerHello, ConnectError> {
    let params = Some(hello::initialize_params(&config.identity, &shared.connection.declared));
    let after = config.handshake_timeout();
    let answer = tokio::time::timeout(after, end(shared, PeerRequest::new(INITIALIZE, params)));
    let outcome = match answer.await {
        Ok(Ok(result)) => Ok(result),
        Ok(Err(PeerError::Rpc(error))) => Err(error),
        Ok(Err(other)) => return Err(ended(shared, &other)),
        Err(_) => {
            return Err(match shared.rubbish() {
                0 => ConnectError::Silent { after },
                lines => ConnectError::OnlyRubbish { after, lines },
            });
        }
    };
    let hello = hello::read(outcome)?;
    // A child that is gone already shows in the first request.
    let _ = shared.outbox.push(&codec::encode_notification(INITIALIZED, None), When::Now);
    Ok(hello)
}

fn ended(shared: &Shared, error: &PeerError) -> ConnectError {
    match shared.table.ended() {
        Some(End::Exited(how)) => ConnectError::Exited { how },
        Some(end) => ConnectError::Ended { reason: end.to_string() },
        None => ConnectError::Ended { reason: error.to_string() },
    }
}
