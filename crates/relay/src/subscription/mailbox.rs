//! News that wait for a reader, each kind in the least space that loses nothing: a flag for a list, one entry for a
//! resource or task however often it changed.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use orch_domain::catalog::ItemKind;
use orch_domain::id::ServerId;
use orch_mcp::level::LogLevel;
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::method;
use orch_mcp::peer::Topic;
use orch_mcp::question::Question;
use orch_mcp::raw::Raw;

use super::News;

/// Resources, tasks, log messages and questions that wait; the oldest give way. One may be larger than all may be together,
/// and waits alone then.
const MAX_WAITING: usize = 1024;
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

pub(crate) struct Mailbox {
    /// Which lists the client wants to hear of.
    wanted: [bool; 3],
    contents: Mutex<Contents>,
    reader: AtomicWaker,
}

#[derive(Default)]
struct Contents {
    lists: [bool; 3],
    waiting: VecDeque<Waiting>,
    /// Of all that wait.
    bytes: usize,
    /// What is followed, by the servers' own URIs and ids.
    followed: HashMap<(ServerId, Topic), Followed>,
    level: Option<LogLevel>,
    closed: bool,
}

enum Waiting {
    /// The resource's URI, as the client knows it, and the notification.
    Updated(String, Notification),
    /// The task's id, likewise; what is said of it last is all there is to say.
    Task(String, Notification),
    Other(News),
}

impl Waiting {
    fn bytes(&self) -> usize {
        let params = match self {
            Self::Updated(_, Notification { params, .. })
            | Self::Task(_, Notification { params, .. })
            | Self::Other(News::Notification(Notification { params, .. })) => params,
            Self::Other(News::Question(question)) => &question.params,
        };
        params.as_ref().map_or(0, |params| params.as_str().len())
    }
}

/// Where something is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followed {
    /// The server is still being asked.
    Asking,
    /// On the connection that all share.
    Shared,
    /// On the session's own.
    Own,
}

/// A server is being asked. Dropped before [`Mailbox::settle`], nothing is followed: who asks may go away meanwhile, and is
/// to ask anew when it comes back.
pub(super) struct Asking<'a> {
    pub(super) mailbox: &'a Mailbox,
    pub(super) server: ServerId,
    pub(super) topic: &'a Topic,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.mailbox.give_up(self.server, self.topic);
    }
}

pub(super) enum Follow {
    New,
    Already,
    TooMany,
}

impl Mailbox {
    pub(super) fn new(wanted: [bool; 3]) -> Self {
        Self { wanted, contents: Mutex::default(), reader: AtomicWaker::new() }
    }

    pub(super) fn list_changed(&self, kind: ItemKind) {
        let index = match kind {
            ItemKind::Tool => 0,
            ItemKind::Prompt => 1,
            ItemKind::Resource => 2,
            // Templates have no notification of their own; the one of resources comes with it.
            ItemKind::Template => return,
        };
        if !self.wanted.get(index).copied().unwrap_or_default() {
            return;
        }
        if let Some(flag) = self.lock().lists.get_mut(index) {
            *flag = true;
        }
        self.reader.wake();
    }

    /// A resource of a server changed; `shown` is made of the server's URI for this client. A followed URI stands for
    /// everything below it as well. `own`: the session's own connection says so, and not one of others.
    pub(super) fn updated(
        &self,
        server: ServerId,
        uri: &str,
        own: bool,
        shown: impl FnOnce() -> Option<(String, Raw)>,
    ) {
        {
            let mut contents = self.lock();
            let hears = |place: &Followed| own || *place != Followed::Own;
            let follows = contents.followed.get(&(server, Topic::Resource(uri.to_owned()))).is_some_and(hears)
                || contents.followed.iter().any(|((followed_of, followed), place)| {
                    *followed_of == server
                        && hears(place)
                        && matches!(followed, Topic::Resource(followed) if is_below(uri, followed))
                });
            if !follows {
                return;
            }
            let Some((shown, params)) = shown() else { return };
            let already = |waiting: &Waiting| matches!(waiting, Waiting::Updated(uri, _) if *uri == shown);
            if contents.waiting.iter().any(already) {
                return;
            }
            let method = MethodName::from_static(method::RESOURCE_UPDATED);
            contents.push(Waiting::Updated(shown, Notification { method, params: Some(params) }));
        }
        self.reader.wake();
    }

    /// A task of a server became another one; `shown` is made of what the server says for this client.
    pub(super) fn task_changed(&self, server: ServerId, id: &str, shown: impl FnOnce() -> Option<(String, Raw)>) {
        {
            let mut contents = self.lock();
            if !contents.followed.contains_key(&(server, Topic::Task(id.to_owned()))) {
                return;
            }
            let Some((shown, params)) = shown() else { return };
            contents.forget_task(&shown);
            let method = MethodName::from_static(method::TASK_CHANGED);
            contents.push(Waiting::Task(shown, Notification { method, params: Some(params) }));
        }
        self.reader.wake();
    }

    pub(super) fn notification(&self, notification: Notification) {
        self.other(News::Notification(notification));
    }

    /// A question that nobody can take any more is dropped, and so answered.
    pub(super) fn question(&self, question: Question) {
        self.other(News::Question(question));
    }

    fn other(&self, news: News) {
        self.lock().push(Waiting::Other(news));
        self.reader.wake();
    }

    pub(super) fn follow(&self, server: ServerId, topic: &Topic, most: usize) -> Follow {
        let mut contents = self.lock();
        let key = (server, topic.clone());
        if contents.followed.contains_key(&key) {
            return Follow::Already;
        }
        if contents.closed || contents.followed.len() >= most {
            return Follow::TooMany;
        }
        contents.followed.insert(key, Followed::Asking);
        Follow::New
    }

    /// The server has agreed. False when nobody wants it any more.
    pub(super) fn settle(&self, server: ServerId, topic: &Topic, place: Followed) -> bool {
        self.lock().followed.get_mut(&(server, topic.clone())).map(|followed| *followed = place).is_some()
    }

    /// What is followed of a server on the session's own connection.
    pub(super) fn followed_on_own(&self, server: ServerId) -> Vec<Topic> {
        let contents = self.lock();
        let own = contents.followed.iter().filter(|((of, _), place)| *of == server && **place == Followed::Own);
        own.map(|((_, topic), _)| topic.clone()).collect()
    }

    /// The server has not agreed, or nobody waits for its answer any more.
    pub(super) fn give_up(&self, server: ServerId, topic: &Topic) {
        let mut contents = self.lock();
        let key = (server, topic.clone());
        if contents.followed.get(&key) == Some(&Followed::Asking) {
            contents.followed.remove(&key);
        }
    }

    /// Where it was followed; None when it was not.
    pub(super) fn unfollow(&self, server: ServerId, topic: &Topic) -> Option<Followed> {
        self.lock().followed.remove(&(server, topic.clone()))
    }

    /// Ends the news; gives back what was followed.
    pub(super) fn close(&self) -> HashMap<(ServerId, Topic), Followed> {
        let mut contents = self.lock();
        contents.closed = true;
        contents.waiting.clear();
        contents.bytes = 0;
        let followed = std::mem::take(&mut contents.followed);
        drop(contents);
        self.reader.wake();
        followed
    }

    pub(super) fn set_level(&self, level: LogLevel) {
        self.lock().level = Some(level);
    }

    /// Which log messages the client wants; None while it has not said.
    pub(super) fn level(&self) -> Option<LogLevel> {
        self.lock().level
    }

    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Option<News>> {
        self.reader.register(cx.waker());
        let mut contents = self.lock();
        let methods = [method::TOOLS_LIST_CHANGED, method::PROMPTS_LIST_CHANGED, method::RESOURCES_LIST_CHANGED];
        for (flag, method) in contents.lists.iter_mut().zip(methods) {
            if std::mem::take(flag) {
                let method = MethodName::from_static(method);
                return Poll::Ready(Some(News::Notification(Notification { method, params: None })));
            }
        }
        match contents.take() {
            Some(Waiting::Updated(_, notification) | Waiting::Task(_, notification)) => {
                Poll::Ready(Some(News::Notification(notification)))
            }
            Some(Waiting::Other(news)) => Poll::Ready(Some(news)),
            None if contents.closed => Poll::Ready(None),
            None => Poll::Pending,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents {
    fn push(&mut self, waiting: Waiting) {
        if self.closed {
            return;
        }
        self.bytes += waiting.bytes();
        self.waiting.push_back(waiting);
        while self.waiting.len() > MAX_WAITING || (self.bytes > MAX_WAITING_BYTES && self.waiting.len() > 1) {
            self.take();
        }
    }

    fn take(&mut self) -> Option<Waiting> {
        let waiting = self.waiting.pop_front()?;
        self.bytes -= waiting.bytes();
        Some(waiting)
    }

    fn forget_task(&mut self, id: &str) {
        let Some(place) = self.waiting.iter().position(|waiting| matches!(waiting, Waiting::Task(of, _) if of == id))
        else {
            return;
        };
        if let Some(forgotten) = self.waiting.remove(place) {
            self.bytes -= forgotten.bytes();
        }
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

/// Whether `uri` is a sub-resource of `parent`.
fn is_below(uri: &str, parent: &str) -> bool {
    let Some(rest) = uri.strip_prefix(parent) else { return false };
    !parent.is_empty() && (parent.ends_with('/') || rest.starts_with(['/', '#', '?']))
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Waker};

    use orch_domain::id::ServerId;
    use orch_mcp::message::{MethodName, Notification};
    use orch_mcp::peer::Topic;
    use orch_mcp::raw::Raw;

    use super::{Asking, Follow, Followed, MAX_WAITING, MAX_WAITING_BYTES, Mailbox, is_below};

    fn fill(mailbox: &Mailbox, count: usize, bytes: usize) {
        for _ in 0..count {
            let params = Raw::serialize(&"x".repeat(bytes - 2)).expect("a text");
            mailbox.notification(Notification {
                method: MethodName::from_static("notifications/x"),
                params: Some(params),
            });
        }
    }

    fn empty(mailbox: &Mailbox) -> usize {
        let cx = Context::from_waker(Waker::noop());
        let count = std::iter::from_fn(|| mailbox.poll(&cx).is_ready().then_some(())).count();
        assert_eq!(mailbox.lock().bytes, 0);
        count
    }

    #[test]
    fn who_goes_away_while_a_server_is_asked_follows_nothing() {
        let mailbox = Mailbox::new([false; 3]);
        let (server, topic) = (ServerId::new(), Topic::Resource("a:b".to_owned()));
        let asking = || Asking { mailbox: &mailbox, server, topic: &topic };
        for _ in 0..2 {
            assert!(matches!(mailbox.follow(server, &topic, 1), Follow::New));
            drop(asking());
        }
        assert!(matches!(mailbox.follow(server, &topic, 1), Follow::New));
        let kept = asking();
        assert!(mailbox.settle(server, &topic, Followed::Shared));
        drop(kept);
        assert!(matches!(mailbox.follow(server, &topic, 1), Follow::Already));
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_bytes() {
        let mailbox = Mailbox::new([false; 3]);
        fill(&mailbox, MAX_WAITING + 3, 10);
        assert_eq!(empty(&mailbox), MAX_WAITING);
        fill(&mailbox, 100, MAX_WAITING_BYTES / 8);
        assert_eq!(empty(&mailbox), 8);
        fill(&mailbox, 3, MAX_WAITING_BYTES + 1);
        assert_eq!(empty(&mailbox), 1, "the newest is there, whatever its size");
    }

    #[test]
    fn a_followed_uri_stands_for_what_is_below_it() {
        for (uri, parent, below) in [
            ("file:///dir/a.txt", "file:///dir", true),
            ("file:///dir/a.txt", "file:///dir/", true),
            ("file:///directory", "file:///dir", false),
            ("doc://x#part", "doc://x", true),
            ("anything", "", false),
        ] {
            assert_eq!(is_below(uri, parent), below, "{uri} {parent}");
        }
    }
}
