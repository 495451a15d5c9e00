//! What is followed at a modern server, which takes it as a whole and has no way to change it: a wish waits until a new
//! stream has been agreed upon. Of several wishes one may be refused, and the others are none the worse for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use orch_mcp::declared::Declared;
use orch_mcp::error::{RpcError, code};
use orch_mcp::message::{MethodName, Notification};
use orch_mcp::method;
use orch_mcp::object;
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest, PeerSink, Topic};
use orch_mcp::raw::Raw;
use tokio::sync::{oneshot, watch};

use crate::config::ClientIdentity;
use crate::oddity::Oddities;

/// How long a server may take to agree.
const WITHIN: Duration = Duration::from_secs(10);

/// How long a server may take to acknowledge a stream: the first one, and one with more in it. The latter is shorter than
/// a wish waits, so that one which the server is silent about leaves time for those behind it.
pub(crate) const ACKNOWLEDGED_WITHIN: Duration = WITHIN;
pub(crate) const CHANGED_WITHIN: Duration = Duration::from_secs(4);

/// Before a stream is opened again that the server has ended, or never began.
pub(crate) const SHORTEST_WAIT: Duration = Duration::from_secs(1);
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(crate) struct Followed {
    wanted: watch::Sender<BTreeSet<Topic>>,
    /// Locked before `wanted` is changed.
    answers: Mutex<Answers>,
}

/// What the server has said to the wishes, and who waits for it.
#[derive(Default)]
struct Answers {
    told: BTreeSet<Topic>,
    /// What the server said to the last stream, when it would not have it even without a wish.
    refused: Option<RpcError>,
    waiting: Vec<(Topic, oneshot::Sender<Result<(), PeerError>>)>,
}

impl Answers {
    /// The server's stream tells of `streamed`, of which only what is wanted counts.
    fn tells(&mut self, streamed: &BTreeSet<Topic>, wanted: &BTreeSet<Topic>) {
        self.told = streamed.intersection(wanted).cloned().collect();
        for topic in streamed {
            self.answer(topic, &Ok(()));
        }
    }

    fn answer(&mut self, topic: &Topic, answer: &Result<(), PeerError>) {
        for (_, waiting) in self.waiting.extract_if(.., |(waiting, _)| waiting == topic) {
            // Who wished for it may have gone.
            let _ = waiting.send(answer.clone());
        }
    }
}

impl Followed {
    /// Wishes for one more, and waits for what the server says.
    pub(crate) async fn add(&self, topic: Topic) -> Result<(), PeerError> {
        let answer = {
            let mut answers = self.answers();
            if let Some(error) = &answers.refused {
                return Err(PeerError::Rpc(error.clone()));
            }
            if answers.told.contains(&topic) {
                return Ok(());
            }
            let (sender, answer) = oneshot::channel();
            answers.waiting.push((topic.clone(), sender));
            let _ = self.wanted.send_if_modified(|wanted| wanted.insert(topic.clone()));
            answer
        };
        match tokio::time::timeout(WITHIN, answer).await {
            Ok(Ok(answer)) => answer,
            _ => {
                self.remove(&topic);
                Err(silent())
            }
        }
    }

    /// What the server goes on telling of it until the next change is ignored by whoever gets it. Who wishes for it again
    /// before has the answer with that change, or by [`Self::goes_on`].
    pub(crate) fn remove(&self, topic: &Topic) {
        let mut answers = self.answers();
        answers.told.remove(topic);
        answers.answer(topic, &Err(silent()));
        let _ = self.wanted.send_if_modified(|wanted| wanted.remove(topic));
    }

    pub(crate) fn wanted(&self) -> watch::Receiver<BTreeSet<Topic>> {
        self.wanted.subscribe()
    }

    /// The server's acknowledgement of a stream with all of `asked`. What it leaves out it does not tell of; what it does
    /// tell of is given back.
    pub(crate) fn agree(&self, asked: &BTreeSet<Topic>, acknowledged: &Notification) -> BTreeSet<Topic> {
        let notifications = acknowledged.params.as_ref().and_then(|params| object::member(params, "notifications"));
        let strings = |name: &str| {
            let named = notifications.as_ref().and_then(|notifications| object::member(notifications, name));
            named.and_then(|strings| strings.read::<Vec<String>>().ok()).unwrap_or_default()
        };
        let resources = strings("resourceSubscriptions").into_iter().map(Topic::Resource);
        let tasks = strings("taskIds").into_iter().map(Topic::Task);
        let streamed: BTreeSet<Topic> = resources.chain(tasks).filter(|topic| asked.contains(topic)).collect();
        let left_out = PeerError::Rpc(RpcError::new(code::INVALID_PARAMS, "the server does not tell of this"));
        let mut answers = self.answers();
        answers.refused = None;
        let missing: Vec<Topic> = asked.difference(&streamed).cloned().collect();
        for topic in &missing {
            answers.answer(topic, &Err(left_out.clone()));
        }
        answers.tells(&streamed, &self.wanted.borrow());
        self.forget(&missing);
        streamed
    }

    /// The stream has been looked at since what is wanted has changed last, and goes on telling of `streamed`: nobody who
    /// wishes for something of that has anything to wait for.
    pub(crate) fn goes_on(&self, streamed: &BTreeSet<Topic>) {
        self.answers().tells(streamed, &self.wanted.borrow());
    }

    /// The server refuses to tell of this, or does not answer in time.
    pub(crate) fn decline(&self, topic: &Topic, why: PeerError) {
        let mut answers = self.answers();
        answers.told.remove(topic);
        answers.answer(topic, &Err(why));
        self.forget(std::slice::from_ref(topic));
    }

    /// The server has no stream for us, until it agrees to one. Nobody waits for that, but what it has agreed to before is
    /// still wished for.
    pub(crate) fn refuse(&self, error: RpcError) {
        let mut answers = self.answers();
        let mut in_vain = Vec::new();
        for (topic, waiting) in answers.waiting.drain(..) {
            // Who wished for it may have gone.
            let _ = waiting.send(Err(PeerError::Rpc(error.clone())));
            in_vain.push(topic);
        }
        answers.refused = Some(error);
        self.forget(&in_vain);
    }

    /// Wishes that have come to nothing. Nobody is woken: what the server tells is without them already.
    fn forget(&self, topics: &[Topic]) {
        let _ = self.wanted.send_if_modified(|wanted| {
            for topic in topics {
                wanted.remove(topic);
            }
            false
        });
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn silent() -> PeerError {
    PeerError::Closed { reason: "the server did not agree to a subscription in time".to_owned() }
}

/// The server is silent about a stream: said once, until there is one, for it is asked again for ever.
#[derive(Default)]
pub(crate) struct Silence(bool);

impl Silence {
    pub(crate) fn begins(&mut self, oddities: &Oddities) {
        if !std::mem::replace(&mut self.0, true) {
            oddities.report(|| {
                "it did not acknowledge subscriptions/listen; until it does, changes of its lists and resources are not \
                 heard of"
                    .to_owned()
            });
        }
    }

    pub(crate) fn is_over(&mut self) {
        self.0 = false;
    }
}

/// What changed while nobody listened is not known.
pub(crate) fn look_at_all_lists(sink: &dyn PeerSink) {
    for changed in [method::TOOLS_LIST_CHANGED, method::PROMPTS_LIST_CHANGED, method::RESOURCES_LIST_CHANGED] {
        let method = MethodName::from_static(changed);
        sink.event(PeerEvent::Notification(Notification { method, params: None }));
    }
}

/// New wishes before a server that may refuse all of them because of one: halved until the one is found.
pub(crate) struct Trial {
    /// What the server tells of at this moment and shall go on telling of.
    kept: BTreeSet<Topic>,
    /// Not yet decided; the last one is tried next.
    parts: Vec<Vec<Topic>>,
}

impl Trial {
    /// Nothing is to be tried when `wanted` is what is told already.
    pub(crate) fn new(told: &BTreeSet<Topic>, wanted: &BTreeSet<Topic>) -> Self {
        let kept: BTreeSet<Topic> = told.intersection(wanted).cloned().collect();
        let new: Vec<Topic> = wanted.difference(told).cloned().collect();
        let is_same = new.is_empty() && kept.len() == told.len();
        Self { kept, parts: if is_same { Vec::new() } else { vec![new] } }
    }

    /// What is to be asked for next.
    pub(crate) fn next(&self) -> Option<BTreeSet<Topic>> {
        let part = self.parts.last()?;
        Some(self.kept.iter().chain(part).cloned().collect())
    }

    /// The server tells of this from now on.
    pub(crate) fn accepted(&mut self, streamed: &BTreeSet<Topic>) {
        self.parts.pop();
        self.kept.clone_from(streamed);
    }

    /// The wish that it was about, where that is known.
    pub(crate) fn refused(&mut self) -> Option<Topic> {
        let mut part = self.parts.pop()?;
        if part.len() < 2 {
            return part.pop();
        }
        let rest = part.split_off(part.len() / 2);
        self.parts.extend([rest, part]);
        None
    }

    /// The wishes that have been waited for in vain.
    pub(crate) fn given_up(&mut self) -> Vec<Topic> {
        self.parts.pop().unwrap_or_default()
    }
}

/// The request for a stream: all lists, and what is wanted.
pub(crate) fn listen_request(wanted: &BTreeSet<Topic>, identity: &ClientIdentity) -> PeerRequest {
    let yes = Raw::from_static("true");
    let (mut uris, mut tasks) = (Vec::new(), Vec::new());
    for topic in wanted {
        match topic {
            Topic::Resource(uri) => uris.push(uri),
            Topic::Task(id) => tasks.push(id),
        }
    }
    let strings = |strings: &[&String]| Raw::serialize(&strings).unwrap_or_else(|_| Raw::from_static("[]"));
    let (resource_uris, task_ids) = (strings(&uris), strings(&tasks));
    let mut members = vec![("toolsListChanged", &yes), ("promptsListChanged", &yes), ("resourcesListChanged", &yes)];
    if !uris.is_empty() {
        members.push(("resourceSubscriptions", &resource_uris));
    }
    let mut declared = None;
    if !tasks.is_empty() {
        members.push(("taskIds", &task_ids));
        // A server tells of tasks only to who says that it knows them.
        let capabilities = Raw::from_static(r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#);
        declared = Some(Arc::new(Declared { capabilities, info: Some(identity.implementation()) }));
    }
    let params = object::build([("notifications", &object::build(members))]);
    PeerRequest { declared, ..PeerRequest::new(MethodName::from_static("subscriptions/listen"), Some(params)) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::pin::pin;

    use futures_util::future::poll_immediate;
    use orch_mcp::message::{MethodName, Notification};
    use orch_mcp::peer::Topic;
    use orch_mcp::raw::Raw;
    use proptest::prelude::{any, proptest};

    use super::{Followed, Trial};

    fn topics(numbers: impl IntoIterator<Item = u8>) -> BTreeSet<Topic> {
        numbers.into_iter().map(|number| Topic::Task(number.to_string())).collect()
    }

    #[test]
    fn what_is_told_already_is_not_asked_for_again() {
        assert_eq!(Trial::new(&topics([1, 2]), &topics([1, 2])).next(), None);
        assert_eq!(Trial::new(&topics([1, 2]), &topics([1])).next(), Some(topics([1])));
    }

    fn acknowledged(tasks: &str) -> Notification {
        let params = Raw::parse(format!(r#"{{"notifications":{{"taskIds":{tasks}}}}}"#).into()).expect("params");
        Notification { method: MethodName::from_static("acknowledged"), params: Some(params) }
    }

    #[tokio::test]
    async fn a_wish_that_is_withdrawn_and_made_again_is_answered_by_the_stream_that_has_it() {
        let followed = Followed::default();
        let (topic, one) = (|| Topic::Task("1".to_owned()), topics([1]));
        let mut first = pin!(followed.add(topic()));
        assert_eq!(poll_immediate(&mut first).await, None);
        // A stream with it is being opened meanwhile, and agreed to.
        followed.remove(&topic());
        assert!(matches!(poll_immediate(first).await, Some(Err(_))));
        assert_eq!(followed.agree(&one, &acknowledged(r#"["1","2"]"#)), one, "what nobody asked for is not told");
        let mut again = pin!(followed.add(topic()));
        assert_eq!(poll_immediate(&mut again).await, None, "the next stream may be one without it");
        assert!(followed.wanted().borrow().contains(&topic()));
        followed.goes_on(&one);
        assert_eq!(poll_immediate(again).await, Some(Ok(())));
        assert_eq!(poll_immediate(pin!(followed.add(topic()))).await, Some(Ok(())));
    }

    proptest! {
        #[test]
        fn only_what_is_refused_is_refused(
            told: BTreeSet<u8>,
            wanted: BTreeSet<u8>,
            bad in proptest::collection::btree_set(any::<u8>(), 0..4),
        ) {
            let told: BTreeSet<u8> = told.difference(&bad).copied().collect();
            let mut trial = Trial::new(&topics(told.clone()), &topics(wanted.clone()));
            let (mut now, mut refused) = (topics(told.clone()), BTreeSet::new());
            while let Some(asked) = trial.next() {
                if asked.is_disjoint(&topics(bad.clone())) {
                    trial.accepted(&asked);
                    now = asked;
                } else {
                    refused.extend(trial.refused());
                }
            }
            assert_eq!(refused, topics(wanted.intersection(&bad).copied()));
            let good = topics(wanted.difference(&bad).copied());
            // What is not wanted any more may go on being told when nothing could be changed.
            assert!(now == good || (now == topics(told.clone()) && good.is_subset(&now)));
        }
    }
}
