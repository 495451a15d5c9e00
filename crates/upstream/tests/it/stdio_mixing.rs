//! Answers reach the caller whose they are, however requests, answers and cancellations interleave.

use std::sync::Arc;

use futures_util::StreamExt as _;
use orch_mcp::peer::{Peer as _, ReplyItem};
use orch_upstream::UpstreamConfig;
use orch_upstream::stdio::StdioPeer;
use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::test_runner::Config;
use serde_json::Value;

use crate::support::child::{Child, connected, connected_with};
use crate::support::{PATIENCE, call, config, request, within};

/// A generator good enough to shuffle with.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

/// Answers in random order, sometimes late, sometimes several in one write, until told to stop.
async fn answer_in_disorder(mut child: Child, calls: usize, seed: u64) {
    use tokio::io::AsyncWriteExt as _;
    let mut dice = Dice(seed);
    let mut held: Vec<Value> = Vec::new();
    let mut read = 0;
    while read < calls || !held.is_empty() {
        if read < calls && (held.is_empty() || dice.below(3) > 0) {
            // With none held a read waits; with some it must not, or both sides would wait for each other.
            let mut line = String::new();
            use tokio::io::AsyncBufReadExt as _;
            let wait = if held.is_empty() { PATIENCE } else { std::time::Duration::from_millis(1) };
            match tokio::time::timeout(wait, child.input.read_line(&mut line)).await {
                Ok(count) => {
                    assert!(count.expect("input") > 0);
                    held.push(serde_json::from_str(&line).expect(&line));
                    read += 1;
                    continue;
                }
                Err(_) => assert!(line.is_empty(), "a line came in parts: {line}"),
            }
        }
        let mut out = String::new();
        for _ in 0..=dice.below(4) {
            if held.is_empty() {
                break;
            }
            let message = held.swap_remove(dice.below(held.len()));
            out.push_str(&format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{{\"echo\":{}}}}}\n",
                message["id"], message["params"]["call"]
            ));
        }
        // In two writes that need not end with a line.
        let (first, second) = out.split_at(dice.below(out.len()));
        for part in [first, second] {
            child.output.write_all(part.as_bytes()).await.expect("output");
        }
    }
}

async fn many_calls(peer: Arc<StdioPeer>, task: usize, calls: usize) {
    for index in 0..calls {
        let result = call(&*peer, &format!(r#"{{"call":"{task}-{index}"}}"#)).await;
        assert_eq!(result, Ok(format!(r#"{{"echo":"{task}-{index}"}}"#)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn never_mixes_answers_of_concurrent_callers() {
    never_mixes_answers_of_tasks(&config(), 7).await;
}

#[tokio::test]
async fn never_mixes_answers_of_callers_whose_lines_are_gathered() {
    orch_upstream::stdio::read_here();
    for gather_above in [0, 4] {
        let mut config = config();
        config.stdio.gather_above = gather_above;
        never_mixes_answers_of_tasks(&config, gather_above as u64).await;
    }
}

async fn never_mixes_answers_of_tasks(config: &UpstreamConfig, seed: u64) {
    let (peer, child, events) = connected_with(config).await;
    let server = tokio::spawn(answer_in_disorder(child, 32 * 100, seed));
    let callers: Vec<_> = (0..32).map(|task| tokio::spawn(many_calls(Arc::clone(&peer), task, 100))).collect();
    for caller in callers {
        within(caller).await.expect("caller");
    }
    within(server).await.expect("server");
    assert_eq!(events.oddities(), [""; 0]);
}

/// How much of what was written the child has not read yet.
fn unread(child: &Child) -> u64 {
    rustix::io::ioctl_fionread(child.input.get_ref()).expect("a pipe")
}

#[tokio::test]
async fn lines_of_one_moment_are_written_behind_all_that_run_then() {
    orch_upstream::stdio::read_here();
    for (gather_above, at_once) in [(0, 0), (1, 1), (2, 2), (usize::MAX, 4)] {
        let mut config = config();
        config.stdio.gather_above = gather_above;
        let (peer, mut child, _events) = connected_with(&config).await;
        let mut replies: Vec<_> = (0..4).map(|_| peer.send(request("tools/call", "{}"))).collect();
        for reply in &mut replies {
            assert!(futures_util::poll!(reply.next()).is_pending());
        }
        let then = unread(&child);
        tokio::task::yield_now().await;
        let all = unread(&child);
        assert!(all > 0);
        assert_eq!((then * 4, all % 4), (all * at_once, 0), "gathering above {gather_above}");
        for _ in 0..4 {
            assert_eq!(child.message().await["method"], "tools/call");
        }
    }
}

#[tokio::test]
async fn a_caller_who_goes_before_its_line_is_written_is_heard_in_order() {
    orch_upstream::stdio::read_here();
    let (peer, mut child, _events) = connected().await;
    let mut replies: Vec<_> = (0..2).map(|_| peer.send(request("tools/call", "{}"))).collect();
    for reply in &mut replies {
        assert!(futures_util::poll!(reply.next()).is_pending());
    }
    let stays = replies.swap_remove(0);
    drop(replies);
    let first = child.message().await;
    let second = child.message().await;
    assert_eq!((&first["method"], &second["method"]), (&"tools/call".into(), &"tools/call".into()));
    let third = child.message().await;
    assert_eq!(third["method"], "notifications/cancelled");
    assert_eq!(third["params"]["requestId"], second["id"]);
    drop(stays);
    assert_eq!(child.message().await["params"]["requestId"], first["id"]);
}

#[test]
fn never_mixes_answers_of_callers_on_runtimes_of_their_own() {
    never_mixes_answers_of_threads(|| {});
}

#[test]
fn never_mixes_answers_when_the_reading_moves_between_those_runtimes() {
    // It moves whenever one of them ends, and otherwise only after many requests.
    for _ in 0..10 {
        never_mixes_answers_of_threads(orch_upstream::stdio::read_here);
    }
}

/// `begin` is called by each of them. They end at different times.
fn never_mixes_answers_of_threads(begin: fn()) {
    let (sender, peer) = std::sync::mpsc::channel::<Arc<StdioPeer>>();
    let (done, is_done) = tokio::sync::oneshot::channel::<()>();
    let owner = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        runtime.block_on(async {
            let (peer, child, _events) = connected().await;
            sender.send(peer).expect("peer");
            within(answer_in_disorder(child, 8 * (20 + 40 + 60 + 80), 3)).await;
            within(is_done).await.expect("all callers");
        });
    });
    let peer = peer.recv().expect("peer");
    let callers: Vec<_> = (0..4)
        .map(|thread| {
            let peer = Arc::clone(&peer);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
                runtime.block_on(async {
                    begin();
                    let calls = 20 * (thread + 1);
                    let task = |task| tokio::spawn(many_calls(Arc::clone(&peer), thread * 8 + task, calls));
                    let tasks: Vec<_> = (0..8).map(task).collect();
                    for task in tasks {
                        within(task).await.expect("caller");
                    }
                });
            })
        })
        .collect();
    for caller in callers {
        caller.join().expect("caller");
    }
    done.send(()).expect("owner");
    owner.join().expect("owner");
}

/// What happens to one call.
#[derive(Debug, Clone, Copy)]
struct Fate {
    /// The caller goes before the answer.
    dropped: bool,
    /// The answer comes anyway.
    late: bool,
    /// The answer comes twice.
    twice: bool,
}

fn fates() -> impl Strategy<Value = (Vec<Fate>, Vec<usize>)> {
    let fate =
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(dropped, late, twice)| Fate { dropped, late, twice });
    proptest::collection::vec(fate, 1..12).prop_flat_map(|fates| {
        let order = Just((0..fates.len()).collect::<Vec<_>>()).prop_shuffle();
        (Just(fates), order)
    })
}

proptest! {
    #![proptest_config(Config { cases: 64, ..Config::default() })]

    #[test]
    fn survives_any_order_of_answers_drops_and_repetitions((fates, order) in fates()) {
        // On a thread of its own, which reads for its callers and gathers what they say.
        let playing = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(play(fates, order));
        });
        playing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    }
}

async fn play(fates: Vec<Fate>, order: Vec<usize>) {
    orch_upstream::stdio::read_here();
    let (peer, mut child, _events) = connected().await;
    let mut replies: Vec<_> = (0..fates.len())
        .map(|index| Some(peer.send(request("tools/call", &format!(r#"{{"call":{index}}}"#)))))
        .collect();
    let mut ids = Vec::new();
    for reply in replies.iter_mut().flatten() {
        assert!(futures_util::poll!(reply.next()).is_pending());
        ids.push(child.message().await);
    }
    for (index, fate) in fates.iter().enumerate() {
        if fate.dropped {
            replies[index] = None;
            assert_eq!(child.message().await["params"]["requestId"], ids[index]["id"]);
        }
    }
    for index in order {
        let fate = fates[index];
        let times = if fate.dropped && !fate.late { 0 } else { 1 + usize::from(fate.twice) };
        for time in 0..times {
            child.answer(&ids[index], &format!(r#"{{"call":{index},"time":{time}}}"#)).await;
        }
    }
    for (index, reply) in replies.into_iter().enumerate() {
        let Some(mut reply) = reply else { continue };
        let Some(ReplyItem::End(Ok(result))) = within(reply.next()).await else { panic!("no result") };
        assert_eq!(result.as_str(), format!(r#"{{"call":{index},"time":0}}"#));
    }
}
