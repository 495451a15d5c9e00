//! The line to the daemon of a data directory: a Unix socket in it. Over it the command line has the daemon follow a
//! change, and asks what its servers are doing. Nothing is changed over it.
//!
//! Whoever asks and whoever answers holds the master secret of the instance. To be the user of the daemon is not
//! enough: a server in a sandbox is that too, and a path to a socket does not stop it.

mod answering;
mod message;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use async_trait::async_trait;
use orch_auth::state_seal::StateSeal;
use orch_domain::change::Change;
use orch_domain::id::ProjectId;
use orch_domain::port::directory_follower::DirectoryFollower;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

pub(crate) use self::answering::{Answering, Answers};
use self::message::{Answer, Question};
pub use self::message::{Failing, ServerReport};
use crate::follow::Follower;

const SOCKET: &str = "daemon.sock";
/// How long the daemon is waited for: longer than a follower of it waits for the database.
const PATIENCE: Duration = Duration::from_secs(3);
/// What comes back at most.
const MAX_ANSWER: u64 = 64 << 20;

/// The end of the command line.
#[derive(Debug)]
pub struct DaemonLine {
    data_dir: PathBuf,
    seal: Arc<StateSeal>,
    unheard: Mutex<Option<String>>,
}

impl DaemonLine {
    pub(crate) fn new(data_dir: PathBuf, seal: Arc<StateSeal>) -> Self {
        Self { data_dir, seal, unheard: Mutex::default() }
    }

    /// What the servers of a project are doing, as the daemon knows it, by their ids. None when no daemon runs on this
    /// data directory.
    pub async fn servers(&self, project: ProjectId) -> anyhow::Result<Option<BTreeMap<String, ServerReport>>> {
        match self.ask(&Question::of_servers(project)).await? {
            None => Ok(None),
            Some(Answer::Servers(reports)) => Ok(Some(reports)),
            Some(Answer::Followed(_)) => bail!("the daemon answered something else"),
        }
    }

    /// Why it is not known that the daemon follows what was changed over this value; None when it does, or none runs.
    pub fn unheard(&self) -> Option<String> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn follow(&self, change: Change) {
        let unheard = match self.ask(&Question::to_follow(change)).await {
            Ok(None | Some(Answer::Followed(true))) => return,
            Ok(Some(Answer::Followed(false))) => "it cannot read the change, at least at the moment".to_owned(),
            Ok(Some(Answer::Servers(_))) => "it answered something else".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        *self.unheard.lock().unwrap_or_else(PoisonError::into_inner) = Some(unheard);
    }

    /// None when there is nobody to ask.
    async fn ask(&self, question: &Question) -> anyhow::Result<Option<Answer>> {
        let asking = async {
            let Some(mut stream) = self.connect().await.context("the daemon cannot be reached")? else {
                return Ok(None);
            };
            let sealed = message::seal(&self.seal, &[message::QUESTION], question)?;
            stream.write_all(format!("{sealed}\n").as_bytes()).await?;
            let mut answer = String::new();
            stream.take(MAX_ANSWER).read_to_string(&mut answer).await?;
            let bound = [message::ANSWER, sealed.as_bytes()];
            let answer = message::open(&self.seal, &bound, &answer).context("the daemon gave no answer")?;
            Ok(Some(answer))
        };
        let asked = tokio::time::timeout(PATIENCE, asking).await;
        asked.with_context(|| format!("the daemon did not answer within {} s", PATIENCE.as_secs()))?
    }

    async fn connect(&self) -> io::Result<Option<UnixStream>> {
        let connected = match File::open(&self.data_dir) {
            Ok(dir) => UnixStream::connect(place(&dir)).await,
            Err(error) => Err(error),
        };
        match connected {
            Ok(stream) => Ok(Some(stream)),
            // No daemon has been here, or one that was killed has left its socket.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Under a name that is short enough for a socket, however long the path of the directory is.
fn place(dir: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()))
}

/// For who writes beside the daemon: waits for the own directory and for the daemon's.
pub(crate) struct FollowedByBoth {
    pub(crate) own: Follower,
    pub(crate) line: Arc<DaemonLine>,
}

#[async_trait]
impl DirectoryFollower for FollowedByBoth {
    async fn catch_up(&self, change: Change) {
        tokio::join!(self.own.catch_up(change), self.line.follow(change));
    }
}

#[cfg(test)]
mod tests;
