//! Owns the echo server's Streamable HTTP transport: connections, sessions, statuses.
//! Never decides what a method means, and leaves out what costs time and helps no client of a
//! benchmark (a `Date` header, event streams, expiry).

use std::collections::HashSet;
use std::io;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::decimal;
use crate::echo;
use crate::http1::{self, Request};
use crate::inbox::Inbox;
use crate::message::Message;

/// Pipelined answers are sent once they reach this size, so that they cannot pile up.
const FLUSH_AT: usize = 256 * 1024;
const MAX_SESSIONS: usize = 100_000;

/// Serves until the process ends, and prints where.
#[expect(clippy::print_stdout, reason = "the address is this command's output")]
pub(crate) async fn serve(port: u16) -> anyhow::Result<ExitCode> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("listen")?;
    let address = listener.local_addr().context("listen")?;
    println!("listening on http://{address}/mcp");
    let sessions = Arc::new(Sessions::default());
    loop {
        let (stream, _) = listener.accept().await.context("accept")?;
        let sessions = Arc::clone(&sessions);
        tokio::spawn(async move {
            // A connection that breaks is its client's matter.
            let _ended = converse(stream, &sessions).await;
        });
    }
}

#[derive(Default)]
struct Sessions {
    open: Mutex<HashSet<Uuid>>,
}

impl Sessions {
    /// `None` when there are too many.
    fn open(&self) -> Option<Uuid> {
        let id = Uuid::new_v4();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        (open.len() < MAX_SESSIONS && open.insert(id)).then_some(id)
    }

    fn has(&self, id: &[u8]) -> bool {
        let Ok(id) = Uuid::try_parse_ascii(id) else { return false };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    fn close(&self, id: &[u8]) -> bool {
        let Ok(id) = Uuid::try_parse_ascii(id) else { return false };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }
}

async fn converse(mut stream: TcpStream, sessions: &Sessions) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut inbox = Inbox::new();
    let mut answers = Answers { out: Vec::with_capacity(4096), body: Vec::with_capacity(4096) };
    loop {
        let read = stream.read(inbox.spare()).await?;
        if read == 0 {
            return Ok(());
        }
        inbox.advance(read);
        let mut used = 0;
        let mut stays = true;
        while stays {
            match http1::request(inbox.filled().get(used..).unwrap_or_default()) {
                Ok(Some((request, length))) => {
                    used += length;
                    stays = request.keep_alive;
                    respond(&request, sessions, &mut answers);
                }
                Ok(None) => break,
                Err(_) => {
                    answers.head("400 Bad Request", "connection: close\r\n");
                    stays = false;
                }
            }
            if answers.out.len() > FLUSH_AT {
                stream.write_all(&answers.out).await?;
                answers.out.clear();
            }
        }
        inbox.consume(used);
        if !answers.out.is_empty() {
            stream.write_all(&answers.out).await?;
            answers.out.clear();
        }
        if !stays {
            return stream.shutdown().await;
        }
    }
}

fn respond(request: &Request<'_>, sessions: &Sessions, answers: &mut Answers) {
    if request.path != "/mcp" {
        return answers.head("404 Not Found", "");
    }
    // A page of another origin must not reach a server on this machine.
    if request.origin.is_some_and(|origin| !is_local(origin)) {
        return answers.head("403 Forbidden", "");
    }
    match request.method {
        "POST" => post(request, sessions, answers),
        "DELETE" => match request.session {
            None => answers.head("400 Bad Request", ""),
            Some(id) if sessions.close(id) => answers.head("200 OK", ""),
            Some(_) => answers.head("404 Not Found", ""),
        },
        _ => answers.head("405 Method Not Allowed", "allow: POST, DELETE\r\n"),
    }
}

fn post(request: &Request<'_>, sessions: &Sessions, answers: &mut Answers) {
    let message = match Message::read(&request.body) {
        Ok(message) => message,
        Err(reason) => {
            echo::refuse(&reason, &mut answers.body);
            return answers.json("400 Bad Request", "");
        }
    };
    if let Message::Request { method, id, .. } = &message {
        match method.as_ref() {
            "initialize" => {
                let Some(session) = sessions.open() else {
                    return answers.error(id, "503 Service Unavailable", -32000, "too many sessions");
                };
                echo::answer(&message, &mut answers.body);
                return answers.json("200 OK", &format!("mcp-session-id: {session}\r\n"));
            }
            // A client of a later revision asks this first, without a session.
            "server/discover" => {
                echo::answer(&message, &mut answers.body);
                return answers.json("200 OK", "");
            }
            _ => {}
        }
    }
    let id = match &message {
        Message::PlainCall { id, .. } | Message::Request { id, .. } => id,
        Message::Unanswered => "null",
    };
    if request.revision.is_some_and(|asked| !is_known(asked)) {
        return answers.error(id, "400 Bad Request", -32000, "unsupported protocol version");
    }
    match request.session {
        None => return answers.error(id, "400 Bad Request", -32000, "no session id"),
        Some(session) if !sessions.has(session) => {
            return answers.error(id, "404 Not Found", -32001, "session not found");
        }
        Some(_) => {}
    }
    match message {
        Message::Unanswered => answers.head("202 Accepted", ""),
        _ => {
            echo::answer(&message, &mut answers.body);
            answers.json("200 OK", "");
        }
    }
}

fn is_known(revision: &[u8]) -> bool {
    echo::REVISIONS.iter().any(|known| known.as_bytes() == revision)
}

fn is_local(origin: &[u8]) -> bool {
    let host = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
    let Some(host) = host else { return false };
    [&b"localhost"[..], b"127.0.0.1", b"[::1]"]
        .iter()
        .any(|local| host.strip_prefix(*local).is_some_and(|rest| rest.is_empty() || rest.starts_with(b":")))
}

struct Answers {
    out: Vec<u8>,
    /// The body of the answer at hand; its length must be known before its head is written.
    body: Vec<u8>,
}

impl Answers {
    fn error(&mut self, id: &str, status: &str, code: i32, message: &'static str) {
        echo::error(id, code, message, &mut self.body);
        self.json(status, "");
    }

    /// Sends the body.
    fn json(&mut self, status: &str, extra: &str) {
        self.out.extend_from_slice(b"HTTP/1.1 ");
        self.out.extend_from_slice(status.as_bytes());
        self.out.extend_from_slice(b"\r\ncontent-type: application/json\r\n");
        self.out.extend_from_slice(extra.as_bytes());
        self.out.extend_from_slice(b"content-length: ");
        decimal::push(&mut self.out, self.body.len());
        self.out.extend_from_slice(b"\r\n\r\n");
        self.out.append(&mut self.body);
    }

    fn head(&mut self, status: &str, extra: &str) {
        for part in ["HTTP/1.1 ", status, "\r\n", extra, "content-length: 0\r\n\r\n"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
