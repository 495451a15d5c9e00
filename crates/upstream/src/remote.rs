//! Servers at a URL of which it is not certain what they speak there: Streamable HTTP, or the HTTP+SSE before it.

use std::sync::Arc;

use orch_mcp::peer::{Connection, EraChoice, Peer, PeerSink};

use crate::config::UpstreamConfig;
use crate::error::ConnectError;
use crate::http::{self, HttpTarget};
use crate::sse;

/// Connects over Streamable HTTP. A server that does not take `initialize` there is tried as one of HTTP+SSE, as the
/// specification has it for servers of 2024-11-05; when it is none either, the first refusal is what is told.
pub async fn connect(
    target: &HttpTarget,
    connection: &Connection,
    config: &UpstreamConfig,
    sink: Arc<dyn PeerSink>,
) -> Result<Arc<dyn Peer>, ConnectError> {
    match http::connect(target, connection, config, Arc::clone(&sink)).await {
        Ok(peer) => Ok(peer),
        Err(ConnectError::NotHere { reason }) if connection.era != EraChoice::Modern => {
            match sse::connect(target, connection, config, sink).await {
                Ok(peer) => Ok(peer),
                Err(error) => {
                    tracing::debug!(error = %error, "the server speaks HTTP+SSE neither");
                    Err(ConnectError::NotHere { reason })
                }
            }
        }
        Err(error) => Err(error),
    }
}
