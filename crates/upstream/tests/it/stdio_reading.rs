//! Where the answers of a child are read: with those who ask, as long as they are there.

use std::sync::Arc;
use std::thread::{JoinHandle, ThreadId};

use orch_mcp::peer::PeerError;
use orch_upstream::stdio::StdioPeer;
use tokio::sync::{mpsc, oneshot};

use crate::support::child::{Child, connected};
use crate::support::{Events, call, within};

enum Told {
    Ask(oneshot::Sender<Result<String, PeerError>>),
    Hold(oneshot::Sender<()>, std::sync::mpsc::Receiver<()>),
}

/// A thread that makes calls when it is told to.
struct Asker {
    told: mpsc::UnboundedSender<Told>,
    thread: JoinHandle<()>,
}

impl Asker {
    fn new(peer: &Arc<StdioPeer>) -> Self {
        let (told, mut wanted) = mpsc::unbounded_channel();
        let peer = Arc::clone(peer);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async {
                orch_upstream::stdio::read_here();
                while let Some(told) = wanted.recv().await {
                    match told {
                        Told::Ask(answered) => {
                            answered.send(call(&*peer, "{}").await).expect("the test waits");
                        }
                        Told::Hold(begun, held) => {
                            begun.send(()).expect("the test waits");
                            // Until the other end is dropped.
                            let _ = held.recv();
                        }
                    }
                }
            });
        });
        Self { told, thread }
    }

    async fn ask(&self, child: &mut Child) {
        let (answered, answer) = oneshot::channel();
        self.told.send(Told::Ask(answered)).expect("it runs");
        let request = child.message().await;
        child.answer(&request, r#"{"ok":true}"#).await;
        assert_eq!(within(answer).await.expect("it runs"), Ok(r#"{"ok":true}"#.to_owned()));
    }

    /// Keeps the thread from doing anything until the returned sender is dropped.
    async fn hold(&self) -> std::sync::mpsc::Sender<()> {
        let (release, held) = std::sync::mpsc::channel();
        let (begun, has_begun) = oneshot::channel();
        self.told.send(Told::Hold(begun, held)).expect("it runs");
        within(has_begun).await.expect("it runs");
        release
    }

    fn id(&self) -> ThreadId {
        self.thread.thread().id()
    }

    fn end(self) {
        drop(self.told);
        self.thread.join().expect("asker");
    }
}

/// Where something is read that the child says now.
async fn read_at(child: &mut Child, events: &Events) -> Option<ThreadId> {
    child.say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#).await;
    assert_eq!(events.next().await, "notifications/tools/list_changed");
    events.thread()
}

/// The reading moves while everything goes on, so some is still read where it was.
async fn comes_to(thread: ThreadId, child: &mut Child, events: &Events) {
    within(async {
        while read_at(child, events).await != Some(thread) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn is_where_requests_come_from_and_returns_when_they_are_gone() {
    let (peer, mut child, events) = connected().await;
    let owner = std::thread::current().id();
    let [one, other] = [Asker::new(&peer), Asker::new(&peer)];
    assert_eq!(read_at(&mut child, &events).await, Some(owner));
    one.ask(&mut child).await;
    comes_to(one.id(), &mut child, &events).await;
    // It stays while somebody there asks as well.
    for _ in 0..20 {
        other.ask(&mut child).await;
        one.ask(&mut child).await;
    }
    assert_eq!(read_at(&mut child, &events).await, Some(one.id()));
    for _ in 0..1024 {
        other.ask(&mut child).await;
    }
    comes_to(other.id(), &mut child, &events).await;
    // A thread that ends leaves nothing unread.
    other.end();
    comes_to(owner, &mut child, &events).await;
    one.ask(&mut child).await;
    comes_to(one.id(), &mut child, &events).await;
    one.end();
    assert_eq!(read_at(&mut child, &events).await, Some(owner));
    drop(peer);
    assert!(matches!(child.asked().await, Some(orch_supervisor::Request::Stop { .. })));
}

#[tokio::test]
async fn what_a_child_says_last_is_read_wherever_that_is() {
    let (peer, mut child, events) = connected().await;
    let asker = Asker::new(&peer);
    asker.ask(&mut child).await;
    comes_to(asker.id(), &mut child, &events).await;
    child.say(r#"{"jsonrpc":"2.0","method":"notifications/last"}"#).await;
    child.exit(orch_supervisor::ExitReason::Code(3));
    assert_eq!(events.next().await, "notifications/last");
    assert_eq!(events.next().await, "closed: the server exited with code 3");
    asker.end();
}

#[tokio::test]
async fn who_writes_without_a_pause_is_read_by_its_owner() {
    const SIZE: usize = 1024 * 1024;
    const NOTE: &str = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    let (peer, mut child, events) = connected().await;
    let owner = std::thread::current().id();
    rustix::pipe::fcntl_setpipe_size(&child.output, SIZE).expect("a large pipe");
    let asker = Asker::new(&peer);
    asker.ask(&mut child).await;
    comes_to(asker.id(), &mut child, &events).await;
    let release = asker.hold().await;
    let notes = SIZE / 2 / (NOTE.len() + 1) + 1000;
    child.say(&vec![NOTE; notes].join("\n")).await;
    drop(release);
    for _ in 0..notes {
        events.next().await;
    }
    comes_to(owner, &mut child, &events).await;
    asker.end();
}
