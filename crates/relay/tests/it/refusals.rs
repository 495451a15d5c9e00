//! What the record says of calls that were refused, and of those that waited for an approval.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::approval::Answer;
use orch_domain::call::{Call, Outcome};
use orch_domain::id::RuleId;
use orch_domain::policy::Subject;
use orch_domain::policy::decision::consent;
use orch_domain::policy::item::ItemClass;
use orch_domain::policy::rule::{Effect, Rule, ServerMatch, What, Who};
use orch_domain::policy::scope::Scope;
use orch_domain::port::approval_desk::ApprovalDesk;
use orch_domain::quota::{Allowance, Limits};
use orch_domain::refusal::{Reason, Refusal};
use orch_mcp::declared::Declared;
use orch_mcp::peer::PeerError;
use orch_mcp::raw::Raw;
use orch_mcp::revision::Revision;
use orch_relay::context::{CallContext, Client};
use orch_relay::reply::Event;
use orch_testkit::builders::a_key;
use orch_testkit::scripted_peer::{ScriptedPeer, ends};

use crate::house::{House, end, hello, raw};
use crate::policy::{WIPE, admin, deny, house, named, needs_approval, waiting};

const MINUTE: Duration = Duration::from_secs(60);

fn last(house: &House) -> Call {
    house.recorded().pop().expect("a call on record")
}

/// Makes a call that is refused, and gives what is on record of it.
async fn refused(house: &House, cx: &CallContext, method: &'static str, params: &str) -> Call {
    let before = house.recorded().len();
    house.ask(cx, method, params).await.expect_err(params);
    assert_eq!(house.recorded().len(), before + 1, "{params}");
    last(house)
}

fn why(reason: Reason, rule: Option<RuleId>) -> Option<Refusal> {
    Some(Refusal { reason, rule })
}

fn with_key(cx: &CallContext, scope: Scope) -> CallContext {
    let subject = Subject { key: Some(Arc::new(a_key().scope(scope).build())), ..cx.subject.clone() };
    CallContext { subject, ..cx.clone() }
}

#[tokio::test]
async fn the_record_tells_apart_what_the_answer_does_not() {
    let (house, _) = house().await;
    let (fs, git) = (house.server("fs"), house.server("git"));
    let by_rule = deny(named(ItemClass::Tool, "wipe"));
    let switch = Rule { is_switch: true, ..deny(named(ItemClass::Prompt, "secret")) };
    let of_server = deny(What { server: ServerMatch::One(git.id), ..What::default() });
    let (rule, switch_id, server_rule) = (Some(by_rule.id), Some(switch.id), Some(of_server.id));
    house.govern(vec![switch, by_rule, of_server]);
    let key = |cx: CallContext| with_key(&cx, Scope { servers: Some(vec![git.id]), ..Scope::default() });
    let viewer = |cx: CallContext| CallContext { subject: Subject::of(cx.principal.user_id, None), ..cx };
    for (cx, method, asked, server, refusal) in [
        (house.unified(), "tools/call", "fs__wipe", Some(&fs), why(Reason::Rule, rule)),
        (house.unified(), "tools/call", "fs.wipe", Some(&fs), why(Reason::Rule, rule)),
        (house.alone("fs"), "tools/call", "wipe", Some(&fs), why(Reason::Rule, rule)),
        (house.unified(), "tools/call", "git__look", Some(&git), why(Reason::Rule, server_rule)),
        (house.unified(), "prompts/get", "fs__secret", Some(&fs), why(Reason::SwitchedOff, switch_id)),
        (house.unified(), "tools/call", "fs__nope", Some(&fs), why(Reason::Unknown, None)),
        (house.alone("fs"), "tools/call", "nope", Some(&fs), why(Reason::Unknown, None)),
        (house.unified(), "tools/call", "nobody__x", None, why(Reason::Unknown, None)),
        (key(house.unified()), "tools/call", "fs__look", Some(&fs), why(Reason::KeyScope, None)),
        (viewer(house.unified()), "tools/call", "fs__look", Some(&fs), why(Reason::Role, None)),
    ] {
        let call = refused(&house, &cx, method, &format!(r#"{{"name":"{asked}"}}"#)).await;
        assert_eq!((call.outcome, call.refusal), (Outcome::Refused, refusal), "{asked}");
        assert_eq!(call.server_id, server.map(|server| server.id), "{asked}");
        assert_eq!(&*call.server, server.map_or("", |server| server.alias.as_str()), "{asked}");
        assert_eq!(call.target, asked, "as the client wrote it");
    }
    let read = refused(&house, &house.unified(), "resources/read", r#"{"uri":"git+file:///a"}"#).await;
    assert_eq!((read.refusal, &*read.server), (why(Reason::Rule, server_rule), "git"));
    let nameless = refused(&house, &house.alone("fs"), "tools/call", "{}").await;
    assert_eq!((nameless.refusal, nameless.server_id), (why(Reason::InvalidParams, None), Some(fs.id)));

    house.ask(&house.unified(), "tools/call", r#"{"name":"fs__look"}"#).await.expect("allowed");
    let call = last(&house);
    assert_eq!((call.refusal, &*call.server, call.target.as_str()), (None, "fs", "look"));
}

#[tokio::test]
async fn a_limit_is_named_on_record() {
    let (house, _) = house().await;
    let look = r#"{"name":"fs__look"}"#;
    let fs = house.server("fs").id;
    for (user, reason, server) in [
        // Nothing is looked up for who is over the limit of requests.
        (Allowance { per_minute: Some(1), ..Allowance::default() }, Reason::LimitPerMinute, None),
        (Allowance { concurrent: Some(0), ..Allowance::default() }, Reason::LimitConcurrent, Some(fs)),
        (Allowance { per_day: Some(0), ..Allowance::default() }, Reason::LimitPerDay, Some(fs)),
    ] {
        house.limit(Limits { user, ..Limits::default() });
        if reason == Reason::LimitPerMinute {
            house.ask(&house.unified(), "tools/call", look).await.expect("within the limit");
        }
        let call = refused(&house, &house.unified(), "tools/call", look).await;
        assert_eq!((call.outcome, call.refusal, call.server_id), (Outcome::Limited, why(reason, None), server));
    }
}

#[tokio::test]
async fn a_server_that_is_busy_is_a_reason_and_an_error_of_its_own_is_none() {
    let house = House::with(&["a", "b"]);
    let busy = || PeerError::Busy { reason: "HTTP 429".to_owned(), retry_after: None };
    house.connector.put("a", Ok(Arc::new(ScriptedPeer::new(hello(), move |_| ends(Err(busy()))))));
    let call = refused(&house, &house.alone("a"), "tools/call", r#"{"name":"x"}"#).await;
    assert_eq!((call.outcome, call.refusal), (Outcome::Limited, why(Reason::ServerBusy, None)));
    let error = || PeerError::Rpc(orch_mcp::error::RpcError::invalid_params("no".to_owned()));
    house.connector.put("b", Ok(Arc::new(ScriptedPeer::new(hello(), move |_| ends(Err(error()))))));
    let call = refused(&house, &house.alone("b"), "tools/call", r#"{"name":"x"}"#).await;
    assert_eq!((call.outcome, call.refusal), (Outcome::RpcError(-32602), None));
}

#[tokio::test(start_paused = true)]
async fn an_approval_that_is_not_given_is_a_reason_with_its_rule() {
    let (house, _) = house().await;
    let rule = needs_approval(true);
    let id = Some(rule.id);
    house.govern(vec![rule]);
    let desk = Arc::clone(house.relay.approvals());
    let project = house.facts().project.id;

    let denied = waiting(&house, &house.unified()).await;
    desk.answer(desk.list(project)[0].id, admin().user, Answer::Deny).expect("it waited");
    end(denied).await.expect_err("denied");
    assert_eq!(last(&house).refusal, why(Reason::ApprovalDenied, id));

    end(waiting(&house, &house.unified()).await).await.expect_err("too late");
    assert_eq!(last(&house).refusal, why(Reason::ApprovalExpired, id));

    let declared = Declared { capabilities: raw(r#"{"elicitation":{}}"#), info: None };
    let client = Arc::new(Client::new("asker 1".into(), Revision::V2025_06_18, declared, None));
    let cx = CallContext { client, ..house.unified() };
    let mut declined = house.send(&cx, "tools/call", WIPE);
    let Some(Event::Question(question)) = declined.next().await else { panic!("no question") };
    question.answer(Ok::<Raw, _>(raw(r#"{"action":"decline"}"#)));
    end(declined).await.expect_err("declined");
    assert_eq!(last(&house).refusal, why(Reason::ApprovalDeclined, id));

    // What is denied by the time of the answer is refused for that.
    let denied_meanwhile = waiting(&house, &house.unified()).await;
    let other = deny(named(ItemClass::Tool, "wipe"));
    let other_id = Some(other.id);
    house.govern(vec![other]);
    let by = admin();
    desk.answer(desk.list(project)[0].id, by.user, Answer::Approve(consent(&by).expect("an admin")))
        .expect("it waited");
    end(denied_meanwhile).await.expect_err("denied by now");
    let call = last(&house);
    assert_eq!(
        (call.refusal, call.target.as_str()),
        (why(Reason::Rule, other_id), "fs__wipe"),
        "as for what is hidden"
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_by_the_time_of_the_answer_is_unknown() {
    for (is_alone, target) in [(true, "wipe"), (false, "fs__wipe")] {
        let (house, _) = house().await;
        house.govern(vec![needs_approval(false)]);
        let desk = Arc::clone(house.relay.approvals());
        let cx = if is_alone { house.alone("fs") } else { house.unified() };
        let mut reply = house.send(&cx, "tools/call", &format!(r#"{{"name":"{target}"}}"#));
        assert!(futures_util::poll!(reply.next()).is_pending(), "it waits");
        let fs = house.server("fs").id;
        house.remove("fs");
        let by = admin();
        desk.answer(
            desk.list(house.facts().project.id)[0].id,
            by.user,
            Answer::Approve(consent(&by).expect("an admin")),
        )
        .expect("it waited");
        end(reply).await.expect_err("gone by now");
        let call = last(&house);
        assert_eq!((call.refusal, call.target.as_str()), (why(Reason::Unknown, None), target));
        assert_eq!(call.server_id, Some(fs));
    }
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_may_wait_for_an_approval_are_limited() {
    let (house, _) = house().await;
    let rule = needs_approval(false);
    let id = Some(rule.id);
    house.govern(vec![rule]);
    let mut waits = Vec::new();
    let cx = house.unified();
    for _ in 0..100 {
        let mut reply = house.send(&cx, "tools/call", WIPE);
        match futures_util::poll!(reply.next()) {
            std::task::Poll::Pending => waits.push(reply),
            std::task::Poll::Ready(_) => break,
        }
    }
    assert!(!waits.is_empty());
    let call = last(&house);
    assert_eq!((call.outcome, call.refusal), (Outcome::Limited, why(Reason::LimitApprovals, id)));
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_an_approval_does_not_count_as_the_duration_of_the_call() {
    let (house, _) = house().await;
    house.govern(vec![needs_approval(false)]);
    let desk = Arc::clone(house.relay.approvals());
    let project = house.facts().project.id;
    let times = |house: &House| {
        let call = last(house);
        (call.outcome, call.waited, call.duration)
    };

    let reply = waiting(&house, &house.unified()).await;
    house.clock.advance(MINUTE);
    let by = admin();
    desk.answer(desk.list(project)[0].id, by.user, Answer::Approve(consent(&by).expect("an admin")))
        .expect("it waited");
    let clock = house.clock.clone();
    let slow = Arc::new(ScriptedPeer::new(hello(), move |_| {
        clock.advance(Duration::from_millis(250));
        ends(Ok(raw(r#"{"content":[]}"#)))
    }));
    house.connector.put("fs", Ok(slow));
    house.change("fs", |server| server.generation += 1);
    end(reply).await.expect("the result");
    let (outcome, waited, duration) = times(&house);
    assert_eq!((outcome, waited), (Outcome::Ok, MINUTE));
    assert!(duration >= Duration::from_millis(250) && duration < MINUTE, "{duration:?}");

    let denied = waiting(&house, &house.unified()).await;
    house.clock.advance(MINUTE);
    desk.answer(desk.list(project)[0].id, by.user, Answer::Deny).expect("it waited");
    end(denied).await.expect_err("denied");
    assert_eq!(times(&house), (Outcome::Refused, MINUTE, Duration::ZERO));

    // Its client has gone while it waited.
    let left = waiting(&house, &house.unified()).await;
    house.clock.advance(MINUTE);
    drop(left);
    assert_eq!(times(&house), (Outcome::Abandoned, MINUTE, Duration::ZERO));

    house.govern(vec![crate::policy::rule(Who::Anybody, What::default(), Effect::Allow)]);
    house.ask(&house.unified(), "tools/call", WIPE).await.expect("allowed");
    assert_eq!(times(&house).1, Duration::ZERO);
}
