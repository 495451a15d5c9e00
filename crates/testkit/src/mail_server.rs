//! A mail server on this machine that keeps what it is sent.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Takes everything but letters to `refused@`, for ever, and `busy@`, the first time.
#[derive(Debug)]
pub struct MailServer {
    /// `smtp://` with its address.
    pub url: String,
    letters: mpsc::UnboundedReceiver<String>,
}

impl MailServer {
    /// Listens on a free port, until the runtime ends.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("smtp://{}", listener.local_addr().expect("its address"));
        let (sender, letters) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut busy = true;
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &sender, &mut busy).await;
            }
        });
        Self { url, letters }
    }

    /// The next letter, headers and all.
    pub async fn letter(&mut self) -> String {
        let letter = tokio::time::timeout(Duration::from_secs(30), self.letters.recv()).await;
        letter.expect("a letter in time").expect("a server that runs")
    }
}

async fn serve(stream: TcpStream, letters: &mpsc::UnboundedSender<String>, busy: &mut bool) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut answer = "220 test".to_owned();
    loop {
        if writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
        let Ok(Some(line)) = lines.next_line().await else { return };
        answer = match line.to_uppercase() {
            command if command.starts_with("RCPT") && line.contains("refused@") => "550 no such mailbox".to_owned(),
            command if command.starts_with("RCPT") && line.contains("busy@") && *busy => {
                *busy = false;
                "451 try again later".to_owned()
            }
            command if command == "DATA" => {
                writer.write_all(b"354 go on\r\n").await.expect("a client that listens");
                let mut text = String::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    if line == "." {
                        break;
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                letters.send(text).expect("a test that reads");
                "250 taken".to_owned()
            }
            command if command == "QUIT" => return,
            _ => "250 fine".to_owned(),
        };
    }
}
