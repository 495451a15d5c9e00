//! Owns one keep-alive HTTP/1.1 connection to this machine: one request, one answer, in turn.
//! Never pipelines, never retries, never judges an answer.

use std::io;
use std::net::SocketAddr;

use anyhow::{Context, Result, anyhow, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http1::{self, Response};
use crate::inbox::Inbox;

pub(crate) struct Connection {
    stream: TcpStream,
    inbox: Inbox,
    stays: bool,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbox: Inbox::new(), stays: true })
    }

    /// False once the peer said that it closes after its last answer.
    pub(crate) fn stays(&self) -> bool {
        self.stays
    }

    /// Sends `request` and hands the whole answer to `read`.
    pub(crate) async fn exchange<T>(&mut self, request: &[u8], read: impl FnOnce(&Response<'_>) -> T) -> Result<T> {
        self.stream.write_all(request).await.context("send the request")?;
        loop {
            let count = self.stream.read(self.inbox.spare()).await.context("read the answer")?;
            self.inbox.advance(count);
            let ended = count == 0;
            let answer = http1::response(self.inbox.filled(), ended)
                .map_err(|malformed| anyhow!("not an HTTP answer: {}", malformed.0))?;
            let Some((response, used)) = answer else {
                if ended {
                    bail!("the connection was closed before the answer was complete");
                }
                continue;
            };
            if used != self.inbox.filled().len() {
                bail!("more came than one answer");
            }
            self.stays = response.keep_alive;
            let value = read(&response);
            self.inbox.consume(used);
            return Ok(value);
        }
    }
}

/// One request on its own connection; the answer's status and body.
pub(crate) async fn once(address: SocketAddr, request: &[u8]) -> Result<(u16, Vec<u8>)> {
    let mut connection = Connection::open(address).await.context("connect")?;
    connection.exchange(request, |response| (response.status, response.body.to_vec())).await
}
