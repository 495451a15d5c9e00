//! The daemon's end of the line.

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
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

use super::message::{self, Answer, Question, ServerReport};
use super::place;
use crate::follow::Follower;

/// Who comes when so many are being answered waits.
const MOST_AT_ONCE: usize = 16;
const MAX_QUESTION: u64 = 4096;
/// How long one may take to ask and to be answered.
const DEADLINE: Duration = Duration::from_secs(10);
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
    let mut talks = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if talks.len() < MOST_AT_ONCE => match accepted {
                Ok((stream, _)) => {
                    let answers = Arc::clone(&answers);
                    talks.spawn(async move {
                        match tokio::time::timeout(DEADLINE, answers.talk(stream)).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => tracing::debug!(error = %error, "somebody beside the daemon got no answer"),
                            Err(_) => tracing::debug!("somebody beside the daemon asked nothing in time"),
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(error = %error, "orch-admin cannot ask the daemon at the moment");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = talks.join_next() => {}
        }
    }
}

impl Answers {
    /// Who does not hold the secret gets no answer.
    async fn talk(&self, stream: UnixStream) -> anyhow::Result<()> {
        let (reading, mut writing) = stream.into_split();
        let mut sealed = String::new();
        BufReader::new(reading.take(MAX_QUESTION)).read_line(&mut sealed).await?;
        let sealed = sealed.trim_end();
        let question = message::open(&self.seal, &[message::QUESTION], sealed);
        let answer = self.answer(question.context("the question was not sealed with the secret of this instance")?);
        let answer = message::seal(&self.seal, &[message::ANSWER, sealed.as_bytes()], &answer.await)?;
        writing.write_all(answer.as_bytes()).await?;
        Ok(writing.shutdown().await?)
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
