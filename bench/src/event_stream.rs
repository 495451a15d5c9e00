//! Owns the standing stream of an HTTP+SSE session: its head, its chunks, one event after the other.
//! Never judges what an event says.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use httparse::{EMPTY_HEADER, Status};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::http1::MAX_MESSAGE;
use crate::inbox::Inbox;

const MAX_HEADERS: usize = 64;

pub(crate) struct EventStream {
    stream: TcpStream,
    /// As it came, in chunks.
    inbox: Inbox,
    /// What the chunks hold and nobody has asked for yet.
    text: Vec<u8>,
    /// Up to here no event ends.
    scanned: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
}

impl EventStream {
    /// Sends `request` and reads the head of its answer.
    pub(crate) async fn open(address: SocketAddr, request: &[u8]) -> Result<Self> {
        let mut stream = TcpStream::connect(address).await.context("connect")?;
        stream.set_nodelay(true)?;
        stream.write_all(request).await.context("send the request")?;
        let mut events = Self { stream, inbox: Inbox::new(), text: Vec::new(), scanned: 0 };
        loop {
            if let Some(head) = head(events.inbox.filled())? {
                events.inbox.consume(head);
                return Ok(events);
            }
            events.read().await?;
        }
    }

    /// The next event that has data.
    pub(crate) async fn next(&mut self) -> Result<Event> {
        loop {
            while let Some(event) = self.take() {
                if !event.data.is_empty() {
                    return Ok(event);
                }
            }
            if !self.unchunk()? {
                self.read().await?;
            }
        }
    }

    async fn read(&mut self) -> Result<()> {
        let count = self.stream.read(self.inbox.spare()).await.context("read the stream")?;
        ensure!(count > 0, "the stream ended");
        self.inbox.advance(count);
        Ok(())
    }

    /// False when there is no whole chunk.
    fn unchunk(&mut self) -> Result<bool> {
        let bytes = self.inbox.filled();
        let (line, size) = match httparse::parse_chunk_size(bytes) {
            Ok(Status::Complete(found)) => found,
            Ok(Status::Partial) => return Ok(false),
            Err(_) => bail!("not a chunk"),
        };
        let size = usize::try_from(size)?;
        ensure!(size > 0, "the stream ended");
        ensure!(self.text.len() + size <= MAX_MESSAGE, "an event is too long");
        let Some(chunk) = bytes.get(line..line + size + 2) else { return Ok(false) };
        let Some(content) = chunk.strip_suffix(b"\r\n") else { bail!("a chunk without an end") };
        self.text.extend_from_slice(content);
        self.inbox.consume(line + size + 2);
        Ok(true)
    }

    fn take(&mut self) -> Option<Event> {
        let rest = self.text.get(self.scanned..)?;
        let Some(at) = memmem::find(rest, b"\n\n") else {
            // The first of the two may be the last byte.
            self.scanned = self.text.len().saturating_sub(1);
            return None;
        };
        let end = self.scanned + at + 2;
        let event = event(self.text.get(..end).unwrap_or_default());
        self.text.drain(..end);
        self.scanned = 0;
        Some(event)
    }
}

/// Where the body begins; `None` when more is needed.
fn head(bytes: &[u8]) -> Result<Option<usize>> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut headers);
    let Status::Complete(length) = parsed.parse(bytes).context("read the head")? else { return Ok(None) };
    ensure!(parsed.code == Some(200), "status {}", parsed.code.unwrap_or_default());
    let has = |name: &str, value: &[u8]| {
        parsed.headers.iter().any(|header| header.name.eq_ignore_ascii_case(name) && header.value.starts_with(value))
    };
    ensure!(has("content-type", b"text/event-stream"), "not an event stream");
    ensure!(has("transfer-encoding", b"chunked"), "a stream that is not chunked");
    Ok(Some(length))
}

fn event(text: &[u8]) -> Event {
    let mut event = Event { name: String::new(), data: Vec::new() };
    for line in text.split(|byte| *byte == b'\n') {
        if let Some(name) = field(line, b"event:") {
            event.name = String::from_utf8_lossy(name).into_owned();
        } else if let Some(data) = field(line, b"data:") {
            if !event.data.is_empty() {
                event.data.push(b'\n');
            }
            event.data.extend_from_slice(data);
        }
    }
    event
}

fn field<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let value = line.strip_prefix(name)?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::{Event, EventStream};

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

    async fn opened(answer: String, part: usize) -> Result<EventStream> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await?;
            // What is left unread at the end would take the answer with it.
            peer.read_exact(&mut [0; REQUEST.len()]).await?;
            for bytes in answer.as_bytes().chunks(part) {
                peer.write_all(bytes).await?;
                peer.flush().await?;
            }
            anyhow::Ok(())
        });
        EventStream::open(address, REQUEST).await
    }

    #[tokio::test]
    async fn events_come_whole_however_they_are_cut() -> Result<()> {
        let body = "1b\r\nevent: endpoint\ndata: /m?1\n\r\n1\r\n\n\r\n3\r\n:\n\n\r\n11\r\ndata: a\ndata: b\n\n\r\n";
        for part in [1, 7, 1000] {
            let mut stream = opened(format!("{HEAD}{body}"), part).await?;
            assert_eq!(stream.next().await?, Event { name: "endpoint".to_owned(), data: b"/m?1".to_vec() });
            assert_eq!(stream.next().await?, Event { name: String::new(), data: b"a\nb".to_vec() });
            assert!(stream.next().await.is_err(), "the stream has ended");
        }
        Ok(())
    }

    #[tokio::test]
    async fn refuses_what_is_no_stream() -> Result<()> {
        for head in [HEAD.replace("200 OK", "404 Not Found"), HEAD.replace("event-stream", "plain")] {
            assert!(opened(head, 1000).await.is_err());
        }
        Ok(())
    }
}
