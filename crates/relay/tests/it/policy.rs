//! Rules, scopes of keys and approvals on the way of requests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::approval::{Answer, ApprovalState};
use orch_domain::call::Outcome;
use orch_domain::id::{RuleId, UserId};
use orch_domain::policy::Subject;
use orch_domain::policy::decision::consent;
use orch_domain::policy::hints::Hint;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::pattern::Pattern;
use orch_domain::policy::rule::{Effect, Rule, ServerMatch, Terms, What, Who};
use orch_domain::policy::scope::Scope;
use orch_domain::port::approval_desk::ApprovalDesk;
use orch_domain::port::call_log::CallLogError;
use orch_domain::role::Role;
use orch_mcp::declared::Declared;
use orch_mcp::object;
use orch_mcp::peer::{PeerError, PeerEvent, PeerRequest, ReplyStream};
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client};
use orch_relay::reply::{Event, Reply};
use orch_relay::stop::{Stop, StopReason};
use orch_relay::subscription::{Interest, News};
use orch_testkit::builders::a_key;
use orch_testkit::scripted_peer::{ScriptedPeer, ends};

use crate::house::{House, end, hello, raw};

const TOOLS: &str = r#"{"tools":[
    {"name":"look","inputSchema":{},"annotations":{"readOnlyHint":true}},
    {"name":"wipe","inputSchema":{},"annotations":{"destructiveHint":true}},
    {"name":"add","inputSchema":{},"annotations":{"destructiveHint":false}}]}"#;

fn answers(request: PeerRequest) -> ReplyStream {
    ends(match request.method.as_str() {
        "tools/list" => Ok(raw(TOOLS)),
        "prompts/list" => Ok(raw(r#"{"prompts":[{"name":"greet"},{"name":"secret"}]}"#)),
        "resources/list" => Ok(raw(r#"{"resources":[{"uri":"file:///a","name":"a"},{"uri":"file:///b","name":"b"}]}"#)),
        "resources/templates/list" => Err(PeerError::Rpc(orch_mcp::error::RpcError::method_not_found("x"))),
        _ => Ok(raw(r#"{"content":[]}"#)),
    })
}

/// Two servers with the same offers, whose lists are known.
pub(crate) async fn house() -> (House, Arc<ScriptedPeer>) {
    let house = House::with(&["fs", "git"]);
    let peer = Arc::new(ScriptedPeer::new(hello(), answers));
    for alias in ["fs", "git"] {
        house.connector.put(alias, Ok(Arc::clone(&peer)));
        house.ask(&house.alone(alias), "tools/list", "{}").await.expect("tools");
    }
    (house, peer)
}

pub(crate) fn rule(who: Who, what: What, effect: Effect) -> Rule {
    Rule { id: RuleId::new(), name: String::new(), enabled: true, is_switch: false, who, what, effect }
}

pub(crate) fn named(class: ItemClass, name: &str) -> What {
    What { class: Some(class), name: Some(Pattern::parse(name).expect(name)), ..What::default() }
}

pub(crate) fn deny(what: What) -> Rule {
    rule(Who::Anybody, what, Effect::Deny)
}

async fn names(house: &House, cx: &CallContext, method: &'static str, member: &str, key: &str) -> Vec<String> {
    let answer = house.ask(cx, method, "{}").await.expect(method);
    let items = object::elements(&object::member(&answer, member).expect(member)).expect("an array");
    items.iter().map(|item| object::string(item, key).expect(key)).collect()
}

async fn tools(house: &House, cx: &CallContext) -> Vec<String> {
    names(house, cx, "tools/list", "tools", "name").await
}

#[tokio::test]
async fn what_is_denied_is_in_no_list_and_answers_like_what_is_missing() {
    let (house, peer) = house().await;
    house.govern(vec![
        deny(What { class: Some(ItemClass::Tool), hints: vec![(Hint::Destructive, true)], ..What::default() }),
        deny(named(ItemClass::Prompt, "secret")),
        deny(named(ItemClass::Resource, "file:///b*")),
    ]);
    assert_eq!(tools(&house, &house.alone("fs")).await, ["look", "add"]);
    assert_eq!(tools(&house, &house.unified()).await, ["fs__look", "fs__add", "git__look", "git__add"]);
    assert_eq!(names(&house, &house.unified(), "prompts/list", "prompts", "name").await, ["fs__greet", "git__greet"]);
    let resources = names(&house, &house.alone("fs"), "resources/list", "resources", "uri").await;
    assert_eq!(resources, ["file:///a"]);

    let before = peer.sent().len();
    for (cx, denied, missing) in [
        (house.alone("fs"), "wipe", "nope"),
        (house.unified(), "fs__wipe", "fs__nope"),
        (house.unified(), "fs.wipe", "fs.nope"),
    ] {
        let told = async |name: &str| {
            let error = house.ask(&cx, "tools/call", &format!(r#"{{"name":"{name}"}}"#)).await.expect_err(name);
            (error.code, error.message.replace(name, "X"), error.data)
        };
        assert_eq!(told(denied).await, told(missing).await);
    }
    house.ask(&house.alone("fs"), "resources/read", r#"{"uri":"file:///b/c"}"#).await.expect_err("denied");
    let reference = r#"{"ref":{"type":"ref/prompt","name":"secret"},"argument":{"name":"a","value":""}}"#;
    house.ask(&house.alone("fs"), "completion/complete", reference).await.expect_err("denied");
    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");
    assert!(house.recorded().iter().all(|call| call.outcome == Outcome::Refused));
    house.ask(&house.alone("fs"), "tools/call", r#"{"name":"look"}"#).await.expect("allowed");
}

#[tokio::test]
async fn each_sees_what_the_rules_leave_to_them() {
    let (house, _) = house().await;
    let other = UserId::new();
    house.govern(vec![
        rule(Who::User(other), What::default(), Effect::Allow),
        rule(
            Who::Client(Pattern::parse_client("TRUSTED*").expect("a pattern")),
            named(ItemClass::Tool, "w*"),
            Effect::Allow,
        ),
        deny(What { server: ServerMatch::One(house.server("git").id), ..What::default() }),
        deny(named(ItemClass::Tool, "wipe")),
    ]);
    let own = house.unified();
    assert_eq!(tools(&house, &own).await, ["fs__look", "fs__add"]);
    let theirs = CallContext { subject: Subject::of(other, Some(Role::Member)), ..house.unified() };
    assert_eq!(tools(&house, &theirs).await.len(), 6);
    let client = Client::new("trusted 1".into(), Revision::V2025_06_18, Declared::nothing(), None);
    let trusted = CallContext { client: Arc::new(client), ..house.unified() };
    assert_eq!(tools(&house, &trusted).await, ["fs__look", "fs__wipe", "fs__add", "git__wipe"]);
    assert_eq!(tools(&house, &own).await, ["fs__look", "fs__add"], "one view does not spoil another");
    house.govern(Vec::new());
    assert_eq!(tools(&house, &house.unified()).await.len(), 6, "a change holds for the next request");
}

#[tokio::test]
async fn a_key_reaches_what_it_was_made_for() {
    let (house, peer) = house().await;
    let (fs, git) = (house.server("fs").id, house.server("git").id);
    let with = |scope: Scope| {
        let cx = house.unified();
        let subject = Subject { key: Some(Arc::new(a_key().scope(scope).build())), ..cx.subject.clone() };
        CallContext { subject, ..cx }
    };
    let one_server = with(Scope { servers: Some(vec![fs]), ..Scope::default() });
    assert_eq!(tools(&house, &one_server).await, ["fs__look", "fs__wipe", "fs__add"]);
    let read_only = with(Scope { read_only: true, ..Scope::default() });
    assert_eq!(tools(&house, &read_only).await, ["fs__look", "git__look"]);
    let named = with(Scope {
        servers: Some(vec![git]),
        tools: Some(vec![Pattern::parse("a*").expect("a pattern")]),
        read_only: false,
    });
    assert_eq!(tools(&house, &named).await, ["git__add"]);
    assert_eq!(names(&house, &named, "prompts/list", "prompts", "name").await, ["git__greet", "git__secret"]);

    let before = peer.sent().len();
    for (cx, tool) in [(&one_server, "git__look"), (&read_only, "fs__wipe"), (&named, "git__look")] {
        house.ask(cx, "tools/call", &format!(r#"{{"name":"{tool}"}}"#)).await.expect_err(tool);
    }
    let alone = CallContext { subject: read_only.subject.clone(), ..house.alone("fs") };
    house.ask(&alone, "vendor/anything", "{}").await.expect_err("nobody knows what it does");
    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");
    house.ask(&read_only, "tools/call", r#"{"name":"fs__look"}"#).await.expect("it only reads");
}

#[tokio::test]
async fn who_listens_hears_of_what_may_be_seen_and_of_a_change_of_it() {
    let (house, _) = house().await;
    let uris = vec!["file:///a".to_owned(), "file:///b".to_owned()];
    let mut news = house.relay.subscribe(&house.alone("fs"), Interest { uris, ..Interest::lists() }).await;
    let sink = Arc::clone(&house.connector.sinks.lock().unwrap()["fs"]);
    let updated = |uri: &str| {
        let params = Some(raw(&format!(r#"{{"uri":"{uri}"}}"#)));
        let method = orch_mcp::message::MethodName::from_static(orch_mcp::method::RESOURCE_UPDATED);
        sink.event(PeerEvent::Notification(orch_mcp::message::Notification { method, params }));
    };
    updated("file:///b");
    assert!(next(&mut news).await.contains("file:///b"));
    house.govern(vec![deny(named(ItemClass::Resource, "file:///b"))]);
    for method in ["tools", "prompts", "resources"] {
        assert_eq!(next(&mut news).await, format!("notifications/{method}/list_changed"));
    }
    updated("file:///b");
    updated("file:///a");
    assert!(next(&mut news).await.contains("file:///a"), "the other one is not heard of any more");
    let interest = Interest { uris: vec!["file:///b".to_owned()], ..Interest::default() };
    let refused = house.relay.subscribe(&house.alone("fs"), interest).await;
    assert!(refused.honoured().uris.is_empty());
}

async fn next(news: &mut orch_relay::subscription::Subscription) -> String {
    let told = tokio::time::timeout(Duration::from_secs(5), news.next()).await.expect("news").expect("no end");
    match told {
        News::Notification(notification) => {
            let params = notification.params.map(|params| params.as_str().to_owned()).unwrap_or_default();
            format!("{}{params}", notification.method.as_str())
        }
        News::Question(_) => "a question".to_owned(),
    }
}

pub(crate) fn needs_approval(caller_may_confirm: bool) -> Rule {
    let terms = Terms { caller_may_confirm, within: Duration::from_secs(60) };
    rule(Who::Anybody, named(ItemClass::Tool, "wipe"), Effect::RequireApproval(terms))
}

pub(crate) const WIPE: &str = r#"{"name":"fs__wipe","arguments":{"path":"/"},"_meta":{"progressToken":"p"}}"#;

/// Sends a call that has to wait, and lets it wait.
pub(crate) async fn waiting(house: &House, cx: &CallContext) -> Reply {
    let mut reply = house.send(cx, "tools/call", WIPE);
    let nothing = futures_util::poll!(reply.next());
    assert!(nothing.is_pending(), "{nothing:?}");
    reply
}

pub(crate) fn admin() -> Subject {
    Subject::of(UserId::new(), Some(Role::Admin))
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_until_an_admin_approves_it() {
    let (house, peer) = house().await;
    house.govern(vec![needs_approval(false)]);
    let cx = house.unified();
    assert!(tools(&house, &cx).await.contains(&"fs__wipe".to_owned()), "it is seen");
    let before = peer.sent().len();
    let mut reply = waiting(&house, &cx).await;
    let desk = house.relay.approvals();
    let pending = desk.list(cx.project.project.id);
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0].target, "wipe");
    assert_eq!(pending[0].arguments.as_deref(), Some(r#"{"path":"/"}"#));
    assert_eq!(pending[0].state, ApprovalState::Pending);

    let Some(Event::Notification(progress)) = reply.next().await else { panic!("no progress") };
    assert!(progress.params.expect("params").as_str().contains(r#""progressToken":"p""#), "clients are kept waiting");
    assert_eq!(peer.sent().len(), before, "nothing is sent before");

    let by = admin();
    let answered = desk.answer(pending[0].id, by.user, Answer::Approve(consent(&by).expect("an admin")));
    let answered = answered.expect("it waited");
    assert_eq!(
        (answered.state, answered.decided_by, answered.arguments),
        (ApprovalState::Approved, Some(by.user), None)
    );
    end(reply).await.expect("the result");
    assert_eq!(peer.sent().last().map(|sent| sent.method.as_str().to_owned()), Some("tools/call".to_owned()));
    assert!(desk.answer(pending[0].id, by.user, Answer::Deny).is_none(), "once");
    assert_eq!(house.recorded().last().map(|call| call.outcome), Some(Outcome::Ok));
}

#[tokio::test(start_paused = true)]
async fn without_a_yes_the_call_is_refused() {
    let (house, peer) = house().await;
    house.govern(vec![needs_approval(false)]);
    let cx = house.unified();
    let desk = Arc::clone(house.relay.approvals());
    let before = peer.sent().len();
    let state = |place: usize| desk.list(cx.project.project.id)[place].state;

    let denied = waiting(&house, &cx).await;
    let id = desk.list(cx.project.project.id)[0].id;
    desk.answer(id, UserId::new(), Answer::Deny).expect("it waited");
    assert!(end(denied).await.expect_err("denied").message.contains("denied"));

    let late = waiting(&house, &cx).await;
    assert!(end(late).await.expect_err("too late").message.contains("in time"));
    assert_eq!(state(0), ApprovalState::Expired);

    let left = waiting(&house, &cx).await;
    drop(left);
    assert_eq!(state(0), ApprovalState::Cancelled);

    let stopped = CallContext { stop: Arc::<Stop>::default(), ..house.unified() };
    let ended = waiting(&house, &stopped).await;
    stopped.stop.stop(StopReason::AccessEnded);
    end(ended).await.expect_err("no access");
    assert_eq!(state(0), ApprovalState::Cancelled);

    let drained = CallContext { stop: Arc::<Stop>::default(), ..house.unified() };
    let ended = waiting(&house, &drained).await;
    drained.stop.drain();
    assert!(end(ended).await.expect_err("nobody is waited for").message.contains("stopping"));
    assert_eq!(state(0), ApprovalState::Cancelled);

    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");
    let outcomes: Vec<_> = house.recorded().iter().map(|call| call.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Refused, Outcome::Refused, Outcome::Abandoned, Outcome::Abandoned, Outcome::Stopping]
    );
}

#[tokio::test(start_paused = true)]
async fn the_caller_confirms_where_the_rule_lets_it() {
    let (house, _) = house().await;
    house.govern(vec![needs_approval(true)]);
    let declared = Declared { capabilities: raw(r#"{"elicitation":{}}"#), info: None };
    let client = Arc::new(Client::new("asker 1".into(), Revision::V2025_06_18, declared, None));
    let desk = Arc::clone(house.relay.approvals());
    for (said, state) in [
        (r#"{"action":"accept","content":{}}"#, ApprovalState::Approved),
        (r#"{"action":"decline"}"#, ApprovalState::Denied),
    ] {
        let cx = CallContext { client: Arc::clone(&client), ..house.unified() };
        let mut reply = house.send(&cx, "tools/call", WIPE);
        let Some(Event::Question(question)) = reply.next().await else { panic!("no question") };
        let params = question.params.clone().expect("params");
        assert!(object::string(&params, "message").expect("a message").contains("wipe"));
        question.answer(Ok::<Raw, _>(raw(said)));
        let answer = end(reply).await;
        assert_eq!(answer.is_ok(), state == ApprovalState::Approved, "{answer:?}");
        let decided = desk.list(cx.project.project.id).remove(0);
        assert_eq!((decided.state, decided.decided_by), (state, Some(cx.principal.user_id)));
    }
    // A client that cannot ask leaves it to the admins.
    let cx = CallContext { client: Arc::clone(&client), ..house.unified() };
    let mut reply = house.send(&cx, "tools/call", WIPE);
    let Some(Event::Question(question)) = reply.next().await else { panic!("no question") };
    drop(question);
    assert!(futures_util::poll!(reply.next()).is_pending());
    let pending = desk.list(cx.project.project.id).remove(0);
    let by = admin();
    desk.answer(pending.id, by.user, Answer::Approve(consent(&by).expect("an admin"))).expect("it waited");
    end(reply).await.expect("the result");
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_made_by_a_word_that_cannot_be_put_on_record() {
    let (house, peer) = house().await;
    house.govern(vec![needs_approval(true)]);
    let desk = Arc::clone(house.relay.approvals());
    let takes = Arc::new(Mutex::new(vec![ApprovalState::Pending]));
    let taken = Arc::clone(&takes);
    desk.observe(move |approval| {
        let reason = "no room".to_owned();
        if taken.lock().unwrap().contains(&approval.state) { Ok(()) } else { Err(CallLogError::Unwritable { reason }) }
    });
    let declared = Declared { capabilities: raw(r#"{"elicitation":{}}"#), info: None };
    let client = Arc::new(Client::new("asker 1".into(), Revision::V2025_06_18, declared, None));
    let cx = CallContext { client: Arc::clone(&client), ..house.unified() };
    let before = peer.sent().len();
    let mut reply = house.send(&cx, "tools/call", WIPE);
    let Some(Event::Question(question)) = reply.next().await else { panic!("no question") };
    question.answer(Ok::<Raw, _>(raw(r#"{"action":"accept","content":{}}"#)));
    let error = end(reply).await.expect_err("the confirmation is on no record");
    assert!(error.message.contains("cannot be recorded"), "{}", error.message);
    assert_eq!(desk.list(cx.project.project.id)[0].state, ApprovalState::Cancelled);

    takes.lock().unwrap().clear();
    let error = end(house.send(&cx, "tools/call", WIPE)).await.expect_err("nor is the wish");
    assert!(error.message.contains("cannot be recorded"), "{}", error.message);
    assert_eq!(desk.list(cx.project.project.id).len(), 1, "it does not wait");
    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");
}

#[tokio::test(start_paused = true)]
async fn what_was_denied_meanwhile_is_not_made_when_somebody_approves_it() {
    let (house, peer) = house().await;
    house.govern(vec![needs_approval(false)]);
    let cx = house.unified();
    let before = peer.sent().len();
    let reply = waiting(&house, &cx).await;
    let desk = Arc::clone(house.relay.approvals());
    let pending = desk.list(cx.project.project.id).remove(0);
    house.govern(vec![deny(named(ItemClass::Tool, "wipe"))]);
    let by = admin();
    desk.answer(pending.id, by.user, Answer::Approve(consent(&by).expect("an admin"))).expect("it waited");
    let error = end(reply).await.expect_err("it is denied");
    assert!(error.message.contains("not allowed any more"), "{}", error.message);
    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");
}

#[tokio::test(start_paused = true)]
async fn what_needs_an_admin_meanwhile_is_not_made_by_the_word_of_its_caller() {
    let (house, peer) = house().await;
    house.govern(vec![needs_approval(true)]);
    let declared = Declared { capabilities: raw(r#"{"elicitation":{}}"#), info: None };
    let client = Arc::new(Client::new("asker 1".into(), Revision::V2025_06_18, declared, None));
    let cx = CallContext { client, ..house.unified() };
    let before = peer.sent().len();
    let mut reply = house.send(&cx, "tools/call", WIPE);
    let Some(Event::Question(question)) = reply.next().await else { panic!("no question") };
    house.govern(vec![needs_approval(false)]);
    question.answer(Ok::<Raw, _>(raw(r#"{"action":"accept","content":{}}"#)));
    assert!(futures_util::poll!(reply.next()).is_pending(), "it waits again");
    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");

    let desk = Arc::clone(house.relay.approvals());
    let pending = desk.list(cx.project.project.id).remove(0);
    assert_eq!((pending.state, pending.caller_may_confirm), (ApprovalState::Pending, false));
    let by = admin();
    desk.answer(pending.id, by.user, Answer::Approve(consent(&by).expect("an admin"))).expect("it waited");
    end(reply).await.expect("the result");
    assert_eq!(house.recorded().last().map(|call| call.outcome), Some(Outcome::Ok));
}

#[tokio::test]
async fn a_reference_is_what_its_type_says_and_nothing_else() {
    let (house, peer) = house().await;
    house.govern(vec![deny(named(ItemClass::Resource, "secret:*"))]);
    let before = peer.sent().len();
    for (unified, own) in [
        (
            r#"{"type":"ref/resource","uri":"fs+secret://{x}","name":"fs__greet"}"#,
            r#"{"type":"ref/resource","uri":"secret://{x}","name":"greet"}"#,
        ),
        (
            r#"{"type":"ref/prompt","uri":"fs+secret://{x}","name":"fs__greet"}"#,
            r#"{"type":"ref/prompt","uri":"secret://{x}","name":"greet"}"#,
        ),
        (
            r#"{"type":"ref/resource","uri":"fs+secret://{x}","name":null}"#,
            r#"{"type":"ref/resource","uri":"secret://{x}","name":null}"#,
        ),
        (r#"{"type":"ref/resource","name":"fs__greet"}"#, r#"{"type":"ref/resource","name":"greet"}"#),
        (r#"{"type":"ref/prompt","uri":"fs+file:///{x}"}"#, r#"{"type":"ref/prompt","uri":"file:///{x}"}"#),
        (r#"{"type":"ref/tool","name":"fs__look"}"#, r#"{"type":"ref/tool","name":"look"}"#),
        (r#"{"name":"fs__greet"}"#, r#"{"name":"greet"}"#),
        ("[]", "[]"),
    ] {
        for (cx, reference) in [(house.unified(), unified), (house.alone("fs"), own)] {
            let params = format!(r#"{{"ref":{reference},"argument":{{"name":"a","value":""}}}}"#);
            let error = house.ask(&cx, "completion/complete", &params).await.expect_err(reference);
            assert_eq!(error.code, orch_mcp::error::code::INVALID_PARAMS, "{reference}");
            assert!(error.message.contains("params.ref"), "{}", error.message);
        }
    }
    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");
    for reference in
        [r#"{"type":"ref/prompt","name":"greet","title":"x"}"#, r#"{"type":"ref/resource","uri":"file:///{x}"}"#]
    {
        let params = format!(r#"{{"ref":{reference},"argument":{{"name":"a","value":""}}}}"#);
        house.ask(&house.alone("fs"), "completion/complete", &params).await.expect(reference);
    }
}

#[tokio::test]
async fn a_denied_resource_is_denied_in_other_spellings() {
    let (house, peer) = house().await;
    house.govern(vec![deny(named(ItemClass::Resource, "file:///secret/*"))]);
    let before = peer.sent().len();
    for uri in ["file:///%73ecret/b", "file:///pub/../secret/b", "FILE:///secret/b", "file:///pub/..%2fsecret/b"] {
        for (cx, uri) in [(house.alone("fs"), uri.to_owned()), (house.unified(), format!("fs+{uri}"))] {
            let read = house.ask(&cx, "resources/read", &format!(r#"{{"uri":"{uri}"}}"#)).await;
            read.expect_err("a read");
            let params = format!(r#"{{"ref":{{"type":"ref/resource","uri":"{uri}"}},"argument":{{}}}}"#);
            house.ask(&cx, "completion/complete", &params).await.expect_err("a completion");
        }
    }
    assert_eq!(peer.sent().len(), before, "nothing of it reached a server");
    house.ask(&house.alone("fs"), "resources/read", r#"{"uri":"file:///pub/%62"}"#).await.expect("another one");
    let sent = peer.sent().pop().and_then(|sent| sent.params).expect("params");
    assert_eq!(object::string(&sent, "uri").as_deref(), Some("file:///pub/%62"), "it is sent as it was written");
}
