//! The handshake with a child, and what can go wrong in it, told apart.

use std::sync::Arc;

use futures_util::StreamExt as _;
use orch_mcp::codec;
use orch_mcp::initialize::ServerHello;
use orch_mcp::message::MethodName;
use orch_mcp::peer::{PeerError, PeerRequest, ReplyItem};

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::hello;
use crate::stdio::end::End;
use crate::stdio::outbox::When;
use crate::stdio::reply::StdioReply;
use crate::stdio::shared::Shared;

const INITIALIZE: MethodName = MethodName::from_static("initialize");
const INITIALIZED: &str = "notifications/initialized";

pub(super) async fn run(shared: &Arc<Shared>, config: &UpstreamConfig) -> Result<ServerHello, ConnectError> {
    let params = Some(hello::initialize_params(&config.identity, &shared.connection.declared));
    let request = PeerRequest::new(INITIALIZE, params);
    let mut reply = StdioReply::new(Arc::clone(shared), request);
    let after = config.handshake_timeout();
    let end = tokio::time::timeout(after, async {
        while let Some(item) = reply.next().await {
            if let ReplyItem::End(end) = item {
                return end;
            }
        }
        Err(PeerError::Closed { reason: "the connection ended".to_owned() })
    });
    let outcome = match end.await {
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
