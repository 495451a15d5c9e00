//! Keeps the live directory, and what is known of ended logins, in step with what is committed, here and in other
//! processes. One owner task reads what changed and swaps the directory; nothing else does.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use orch_auth::ended_logins::EndedLogins;
use orch_domain::change::{Change, Committed};
use orch_domain::directory::live::LiveDirectory;
use orch_domain::error::{StoreError, WithCauses};
use orch_domain::event::Event;
use orch_domain::port::changes::Changes;
use orch_domain::port::clock::Clock;
use orch_domain::port::directory_follower::DirectoryFollower;
use orch_domain::port::directory_source::DirectorySource;
use orch_domain::port::event_sink::EventSink;
use orch_domain::port::login_repo::LoginRepo;
use tokio::sync::{mpsc, oneshot};

/// First and longest pause when the database cannot be read; the old directory stays in force meanwhile.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// How long one change may take to be read, and all there is: a connection whose other end went away without a word
/// would never say so, and no revocation would be heard of.
const DEADLINE: Duration = Duration::from_secs(10);
const DEADLINE_OF_EVERYTHING: Duration = Duration::from_secs(60);
/// How long a writer waits to see its own change.
const PATIENCE: Duration = Duration::from_secs(2);
const QUEUE: usize = 64;

/// Asks the owner task to apply a change now, and to say whether it is in force.
type Errand = (Change, oneshot::Sender<bool>);

/// What is given to those who write.
#[derive(Clone)]
pub(crate) struct Follower(mpsc::Sender<Errand>);

impl Follower {
    /// Whether the change is in force in this process now. If not, it still follows, unless it cannot be read.
    pub(crate) async fn follow(&self, change: Change) -> bool {
        let (done, applied) = oneshot::channel();
        let errand = async {
            // An error means that the task is gone, and so is the daemon in a moment.
            self.0.send((change, done)).await.is_ok() && applied.await.unwrap_or(false)
        };
        match tokio::time::timeout(PATIENCE, errand).await {
            Ok(followed) => followed,
            Err(_) => {
                tracing::warn!(?change, "a change is committed and not yet in force");
                false
            }
        }
    }
}

#[async_trait]
impl DirectoryFollower for Follower {
    async fn catch_up(&self, change: Change) {
        self.follow(change).await;
    }
}

pub(crate) struct Follow {
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) source: Arc<dyn DirectorySource>,
    pub(crate) directory: Arc<LiveDirectory>,
    pub(crate) logins: Arc<dyn LoginRepo>,
    pub(crate) ended: Arc<EndedLogins>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) errands: mpsc::Receiver<Errand>,
    pub(crate) events: Arc<dyn EventSink>,
}

/// The queue between writers and the owner task.
pub(crate) fn errands() -> (Follower, mpsc::Receiver<Errand>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (Follower(sender), receiver)
}

impl Follow {
    /// Runs until it is aborted. Subscribes before the first read, so that nothing is missed in between.
    pub(crate) async fn run(mut self) {
        let mut changes = self.changes.subscribe_committed();
        self.apply_surely(Change::Everything).await;
        loop {
            tokio::select! {
                Some((change, done)) = self.errands.recv() => {
                    let is_in_force = self.apply_surely(change).await;
                    // Who asked may have stopped waiting.
                    let _ = done.send(is_in_force);
                }
                change = changes.next() => match change {
                    Some(Committed::Change(change)) => {
                        self.apply_surely(change).await;
                    }
                    // After its changes, so that who is told of it finds it in force.
                    Some(Committed::Entry(entry)) => self.events.emit(Event::of_entry(&entry)),
                    None => return,
                },
            }
        }
    }

    /// False for what cannot be read, and so is not in force.
    async fn apply_surely(&self, change: Change) -> bool {
        let deadline = if change == Change::Everything { DEADLINE_OF_EVERYTHING } else { DEADLINE };
        let mut pause = FIRST_PAUSE;
        loop {
            match tokio::time::timeout(deadline, self.apply(change)).await {
                Ok(Ok(())) => return true,
                // To try again changes nothing, and the changes behind this one may be revocations.
                Ok(Err(error @ StoreError::Corrupt { .. })) => {
                    self.pass_over(change, &error);
                    return false;
                }
                Ok(Err(error)) => tracing::error!(error = %WithCauses(&error), "a change cannot be read; trying again"),
                Err(_) => tracing::error!(?change, "a change is not read in time; trying again"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What cannot be read grants nothing: a newer version may have written there who may not any more.
    fn pass_over(&self, change: Change, error: &StoreError) {
        match change {
            Change::Project(id) => {
                tracing::error!(error = %WithCauses(error), ?change, "a project cannot be read and is closed until it is changed again");
                let directory = self.directory.current().with_project(id, None);
                self.directory.replace(directory);
            }
            _ => tracing::error!(error = %WithCauses(error), ?change, "a change cannot be read, and is not in force"),
        }
    }

    async fn apply(&self, change: Change) -> Result<(), StoreError> {
        let directory = match change {
            Change::Logins => return self.hear_of_logins().await,
            Change::Everything => {
                self.hear_of_logins().await?;
                self.source.load().await?
            }
            Change::Users => {
                let users = self.source.load_users().await?;
                self.directory.current().with_users(users)
            }
            Change::Teams => {
                let teams = self.source.load_teams(None).await?;
                self.directory.current().with_teams(teams)
            }
            Change::Project(id) => {
                let facts = self.source.load_project(id).await?;
                self.directory.current().with_project(id, facts)
            }
        };
        self.directory.replace(directory);
        Ok(())
    }

    /// Refuses the access tokens of all logins that have ended, wherever that was.
    pub(crate) async fn hear_of_logins(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let ended = self.logins.ended_since(now - self.ended.keep()).await?;
        self.ended.hear(ended, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use async_trait::async_trait;
    use orch_auth::config::AuthConfig;
    use orch_auth::ended_logins::EndedLogins;
    use orch_domain::change::Change;
    use orch_domain::directory::live::LiveDirectory;
    use orch_domain::directory::roster::TeamRoster;
    use orch_domain::directory::{Directory, ProjectFacts, UserFacts};
    use orch_domain::error::StoreError;
    use orch_domain::id::{ProjectId, UserId};
    use orch_domain::port::directory_follower::DirectoryFollower;
    use orch_domain::port::directory_source::DirectorySource;
    use orch_domain::port::login_repo::LoginRepo;
    use orch_domain::port::project_repo::ProjectRepo;
    use orch_domain::port::user_repo::UserRepo;
    use orch_domain::refresh_token::RefreshToken;
    use orch_domain::user::User;
    use orch_testkit::builders::{a_project, a_refresh_token, a_user, an_audit_entry};
    use orch_testkit::fakes::{FixedClock, MemoryStore};

    use super::{Follow, Follower, errands};

    /// What one process has of its own.
    fn a_process(store: &MemoryStore) -> (Follower, Follow, Arc<EndedLogins>) {
        let ended = Arc::new(EndedLogins::new(&AuthConfig::default()));
        let (follower, errands) = errands();
        let follow = Follow {
            changes: Arc::new(store.clone()),
            source: Arc::new(store.clone()),
            directory: Arc::new(LiveDirectory::new(Directory::default())),
            logins: Arc::new(store.clone()),
            ended: Arc::clone(&ended),
            clock: Arc::new(FixedClock::default()),
            errands,
            events: Arc::new(()),
        };
        (follower, follow, ended)
    }

    async fn a_login(store: &MemoryStore) -> (User, RefreshToken) {
        let user = a_user().build();
        UserRepo::create(store, &user, &an_audit_entry().build()).await.expect("a user");
        let token = a_refresh_token().of(user.id).build();
        let opened = store.open(&token, user.password.as_ref(), &an_audit_entry().build()).await;
        opened.expect("a login");
        (user, token)
    }

    /// Never answers when it is asked for the first time, and cannot read one project.
    struct Trying {
        store: MemoryStore,
        silent: AtomicBool,
        unreadable: Option<ProjectId>,
    }

    #[async_trait]
    impl DirectorySource for Trying {
        async fn load(&self) -> Result<Directory, StoreError> {
            self.store.load().await
        }

        async fn load_users(&self) -> Result<HashMap<UserId, UserFacts>, StoreError> {
            if self.silent.swap(false, Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            self.store.load_users().await
        }

        async fn load_teams(&self, only: Option<UserId>) -> Result<TeamRoster, StoreError> {
            self.store.load_teams(only).await
        }

        async fn load_project(&self, id: ProjectId) -> Result<Option<ProjectFacts>, StoreError> {
            if self.unreadable == Some(id) {
                let (row, reason) = (id.to_string(), "an unknown rule".to_owned());
                return Err(StoreError::Corrupt { table: "policies", column: "document", row, reason });
            }
            self.store.load_project(id).await
        }
    }

    async fn a_user_in(store: &MemoryStore) -> User {
        let user = a_user().build();
        UserRepo::create(store, &user, &an_audit_entry().build()).await.expect("a user");
        user
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_says_nothing_is_not_waited_for() {
        let store = MemoryStore::new();
        let (follower, follow, _) = a_process(&store);
        let silent = AtomicBool::new(true);
        let source = Arc::new(Trying { store: store.clone(), silent, unreadable: None });
        let directory = Arc::clone(&follow.directory);
        let follow = Follow { source, ..follow };
        let following = tokio::spawn(follow.run());
        let user = a_user_in(&store).await;
        let waited = async {
            while directory.current().user(user.id).is_none() {
                follower.catch_up(Change::Users).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waited).await.expect("the user in time");
        following.abort();
    }

    #[tokio::test]
    async fn a_project_that_cannot_be_read_is_closed_and_holds_nothing_up() {
        let store = MemoryStore::new();
        let admin = a_user_in(&store).await;
        let (project, entry) = (a_project().build(), an_audit_entry().build());
        ProjectRepo::create(&store, &project, admin.id, &entry).await.expect("a project");
        let (follower, follow, _) = a_process(&store);
        let unreadable = Some(project.id);
        let source = Arc::new(Trying { store: store.clone(), silent: AtomicBool::new(false), unreadable });
        let directory = Arc::clone(&follow.directory);
        let follow = Follow { source, ..follow };
        directory.replace(store.load().await.expect("a directory"));
        let following = tokio::spawn(follow.run());
        assert!(!follower.follow(Change::Project(project.id)).await, "it is not in force");
        let user = a_user_in(&store).await;
        assert!(follower.follow(Change::Users).await);
        assert!(directory.current().project(project.id).is_none(), "it grants nothing");
        assert!(directory.current().user(user.id).is_some(), "what comes after it is in force");
        following.abort();
    }

    #[tokio::test]
    async fn hears_of_logins_that_end_in_another_process() {
        let store = MemoryStore::new();
        let (_, token) = a_login(&store).await;
        let (follower, follow, ended) = a_process(&store);
        let following = tokio::spawn(follow.run());
        // It follows once it has done an errand.
        follower.catch_up(Change::Users).await;
        assert!(!ended.is_ended(token.login_id));
        LoginRepo::end(&store, token.login_id, FixedClock::START, &an_audit_entry().build()).await.expect("an end");
        let deadline = Instant::now() + Duration::from_secs(10);
        while !ended.is_ended(token.login_id) {
            assert!(Instant::now() < deadline, "nobody has told of it");
            tokio::task::yield_now().await;
        }
        following.abort();
    }

    #[tokio::test]
    async fn a_login_of_an_account_that_was_switched_off_and_on_stays_over_after_a_start_too() {
        let store = MemoryStore::new();
        let (user, token) = a_login(&store).await;
        let (follower, follow, ended) = a_process(&store);
        let following = tokio::spawn(follow.run());
        let entry = an_audit_entry().build();
        let off = User { deactivated_at: Some(FixedClock::START), version: 2, ..user.clone() };
        UserRepo::update(&store, &off, &entry).await.expect("a deactivation");
        UserRepo::update(&store, &User { deactivated_at: None, version: 3, ..off }, &entry)
            .await
            .expect("an activation");
        follower.catch_up(Change::Logins).await;
        assert!(ended.is_ended(token.login_id));
        following.abort();

        let (_, follow, ended) = a_process(&store);
        follow.hear_of_logins().await.expect("a start");
        assert!(ended.is_ended(token.login_id));
    }
}
