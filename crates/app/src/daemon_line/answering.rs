//! The daemon's end of the line.

use std::collections::VecDeque;
use std::fs::{self, File, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use orch_auth::state_seal::StateSeal;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::port::server_runtime::ServerRuntime;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::timeout;

use super::message::{self, Answer, Question, ServerReport};
use super::place;
use crate::follow::Follower;

/// Who holds no secret can connect as well, as a server in a sandbox does: of those that have not asked yet, the first
/// makes room for who comes when there are so many.
const MOST_ASKING: usize = 64;
/// Who has asked while so many are being answered gets no answer.
const MOST_ANSWERED: usize = 16;
const MAX_QUESTION: u64 = 4096;
/// How long one may take to ask, and to be answered.
const TO_ASK: Duration = Duration::from_secs(1);
const TO_ANSWER: Duration = Duration::from_secs(10);
/// Before it is listened on again after it could not be.
const PAUSE: Duration = Duration::from_secs(1);

/// What answers come from.
pub(crate) struct Answers {
    pub(crate) seal: Arc<StateSeal>,
    pub(crate) follower: Follower,
    pub(crate) directory: Arc<LiveDirectory>,
    pub(crate) runtime: Arc<dyn ServerRuntime>,
}

/// Answers until it is dropped, and takes the socket away then.
pub(crate) struct Answering {
    dir: File,
    task: JoinHandle<()>,
}

impl Answering {
    /// To be called by the one daemon that serves the data directory: a socket that is there was left behind.
    pub(crate) fn start(data_dir: &Path, answers: Answers) -> anyhow::Result<Self> {
        let dir = File::open(data_dir)?;
        let path = place(&dir);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            removed => removed.context("the socket of an earlier daemon cannot be removed")?,
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self { dir, task: tokio::spawn(listen(listener, Arc::new(answers))) })
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.task.abort();
        // The next daemon removes it otherwise.
        let _ = fs::remove_file(place(&self.dir));
    }
}

async fn listen(listener: UnixListener, answers: Arc<Answers>) {
    let (mut asking, mut answered) = (JoinSet::new(), JoinSet::new());
    let mut first = VecDeque::<AbortHandle>::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    first.retain(|one| !one.is_finished());
                    if first.len() >= MOST_ASKING {
                        first.pop_front().inspect(AbortHandle::abort);
                    }
                    let asked = Asked::over(stream, Arc::clone(&answers.seal));
                    first.push_back(asking.spawn(timeout(TO_ASK, asked)));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "orch-admin cannot ask the daemon at the moment");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(asked) = asking.join_next() => match asked {
                Ok(Ok(Ok(asked))) if answered.len() < MOST_ANSWERED => {
                    let answers = Arc::clone(&answers);
                    answered.spawn(timeout(TO_ANSWER, async move { answers.give(asked).await }));
                }
                Ok(Ok(Err(error))) => tracing::debug!(error = %error, "somebody beside the daemon asked nothing"),
                _ => tracing::debug!("somebody beside the daemon is not answered"),
            },
            Some(given) = answered.join_next() => match given {
                Ok(Ok(Ok(()))) => {}
                _ => tracing::debug!("somebody beside the daemon got no answer"),
            },
        }
    }
}

/// A question of somebody who holds the secret.
struct Asked {
    /// Where the answer goes.
    to: OwnedWriteHalf,
    /// The question as it came: the answer is bound to it.
    sealed: String,
    question: Question,
}

impl Asked {
    async fn over(stream: UnixStream, seal: Arc<StateSeal>) -> anyhow::Result<Self> {
        let (reading, to) = stream.into_split();
        let mut line = String::new();
        BufReader::new(reading.take(MAX_QUESTION)).read_line(&mut line).await?;
        let sealed = line.strip_suffix('\n').context("the question has no end")?.to_owned();
        let question = message::open(&seal, &[message::QUESTION], &sealed);
        let question = question.context("the question was not sealed with the secret of this instance")?;
        Ok(Self { to, sealed, question })
    }
}

impl Answers {
    async fn give(&self, Asked { mut to, sealed, question }: Asked) -> anyhow::Result<()> {
        let answer = self.answer(question).await;
        let answer = message::seal(&self.seal, &[message::ANSWER, sealed.as_bytes()], &answer)?;
        to.write_all(answer.as_bytes()).await?;
        Ok(to.shutdown().await?)
    }

    async fn answer(&self, question: Question) -> Answer {
        match question {
            Question::Follow(followed) => Answer::Followed(match followed.change() {
                Some(change) => self.follower.follow(change).await,
                None => false,
            }),
            Question::Servers(project) => {
                let directory = self.directory.current();
                let project = project.parse().ok().and_then(|id| directory.project(id));
                let servers = project.iter().flat_map(|project| project.servers.values());
                let report = |id| ServerReport::new(self.runtime.status(id));
                Answer::Servers(servers.map(|server| (server.id.to_string(), report(server.id))).collect())
            }
        }
    }
}
