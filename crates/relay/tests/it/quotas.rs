//! Limits on requests, on calls at the same time, and on calls a day.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use orch_domain::call::Outcome;
use orch_domain::policy::Subject;
use orch_domain::port::call_census::CallCount;
use orch_domain::quota::{Allowance, Limits};
use orch_relay::context::CallContext;
use orch_testkit::builders::a_key;
use orch_testkit::scripted_peer::ScriptedPeer;

use crate::house::{House, end, hello, raw, usual};

const CALL: &str = r#"{"name":"a__echo"}"#;

async fn house() -> House {
    let house = House::with(&["a"]);
    let peer = ScriptedPeer::new(hello(), usual("echo", Ok(raw(r#"{"content":[]}"#))));
    house.connector.put("a", Ok(Arc::new(peer)));
    house.ask(&house.unified(), "tools/call", CALL).await.expect("a call");
    house
}

fn refused(answer: orch_relay::reply::Answer) -> Duration {
    let error = answer.expect_err("a limit");
    assert_eq!(error.code, orch_mcp::error::code::INTERNAL);
    error.retry_after().expect("when to come again")
}

#[tokio::test]
async fn requests_are_counted_for_each_account_and_each_key() {
    let house = house().await;
    let user = Allowance { per_minute: Some(3), ..Allowance::default() };
    house.limit(Limits { user, ..Limits::default() });
    for _ in 0..2 {
        house.ask(&house.unified(), "tools/list", "{}").await.expect("within the limit");
    }
    house.ask(&house.unified(), "tools/call", CALL).await.expect("within the limit");
    let wait = refused(house.ask(&house.unified(), "tools/call", CALL).await);
    assert!(wait <= Duration::from_secs(20), "{wait:?}");
    assert_eq!(house.recorded().last().map(|call| call.outcome), Some(Outcome::Limited));

    // A key of somebody else with a limit of its own.
    house.limit(Limits::default());
    let allowance = Allowance { per_minute: Some(1), ..Allowance::default() };
    let cx = house.unified();
    let subject = Subject { key: Some(Arc::new(a_key().allowance(allowance).build())), ..cx.subject.clone() };
    let cx = CallContext { subject, ..cx };
    house.ask(&cx, "tools/list", "{}").await.expect("the first");
    refused(house.ask(&cx, "tools/list", "{}").await);
    house.ask(&house.unified(), "tools/list", "{}").await.expect("others are not concerned");
}

#[tokio::test]
async fn a_call_counts_as_long_as_it_runs() {
    let house = house().await;
    for limits in [
        Limits { project: Allowance { concurrent: Some(1), ..Allowance::default() }, ..Limits::default() },
        Limits { server_concurrent: Some(1), ..Limits::default() },
    ] {
        house.limit(limits);
        let mut running = house.send(&house.unified(), "tools/call", CALL);
        refused(house.ask(&house.unified(), "tools/call", CALL).await);
        assert!(running.next().await.is_some());
        house.ask(&house.unified(), "tools/call", CALL).await.expect("there is room again");
        // One that is given up makes room as well.
        drop(house.send(&house.unified(), "tools/call", CALL));
        end(house.send(&house.unified(), "tools/call", CALL)).await.expect("there is room again");
    }
}

#[tokio::test]
async fn a_day_has_so_many_calls_and_begins_with_what_is_on_record() {
    let house = house().await;
    let cx = house.unified();
    let project = Allowance { per_day: Some(5), ..Allowance::default() };
    house.limit(Limits { project, ..Limits::default() });
    let count = CallCount { project_id: cx.project.project.id, user_id: cx.principal.user_id, key_id: None, calls: 3 };
    house.relay.limiter().seed(&[count]);
    for _ in 0..2 {
        house.ask(&house.unified(), "tools/call", CALL).await.expect("within the limit");
    }
    let wait = refused(house.ask(&house.unified(), "tools/call", CALL).await);
    assert_eq!(wait, Duration::from_secs(24 * 60 * 60), "the clock of this house stands at midnight");
    house.ask(&house.unified(), "tools/list", "{}").await.expect("lists are no calls");
    house.clock.advance(Duration::from_secs(24 * 60 * 60));
    house.ask(&house.unified(), "tools/call", CALL).await.expect("a new day");
}

#[tokio::test]
async fn a_call_that_is_refused_is_not_taken_from_the_day() {
    let house = house().await;
    let user = Allowance { per_day: Some(3), ..Allowance::default() };
    house.limit(Limits { user, server_concurrent: Some(1), ..Limits::default() });
    let running = house.send(&house.unified(), "tools/call", CALL);
    for _ in 0..20 {
        refused(house.ask(&house.unified(), "tools/call", CALL).await);
    }
    end(running).await.expect("the first of the day");
    for _ in 0..2 {
        house.ask(&house.unified(), "tools/call", CALL).await.expect("there is room for three");
    }
    refused(house.ask(&house.unified(), "tools/call", CALL).await);
}

#[tokio::test]
async fn requests_of_rest_and_of_mcp_do_not_refill_each_other() {
    let house = house().await;
    let key = Allowance { per_minute: Some(2), ..Allowance::default() };
    house.limit(Limits { key, ..Limits::default() });
    let cx = house.unified();
    let key = a_key().build();
    let subject = Subject { key: Some(Arc::new(key.clone())), ..cx.subject.clone() };
    let cx = CallContext { subject, ..cx };
    for _ in 0..2 {
        house.ask(&cx, "tools/list", "{}").await.expect("within the limit");
        house.relay.limiter().rest(house.user(), Some(&key)).expect("the instance has no limit");
    }
    refused(house.ask(&cx, "tools/list", "{}").await);
}

#[tokio::test]
async fn a_key_gives_itself_no_more_than_keys_may() {
    let house = house().await;
    let as_key = |allowance| {
        let key = a_key().allowance(allowance).build();
        let cx = house.unified();
        let subject = Subject { key: Some(Arc::new(key.clone())), ..cx.subject.clone() };
        (key, CallContext { subject, ..cx })
    };
    let many = Allowance { per_minute: Some(100_000), concurrent: Some(100), per_day: Some(100_000) };

    let key = Allowance { per_minute: Some(2), ..Allowance::default() };
    house.limit(Limits { key, ..Limits::default() });
    let (key, cx) = as_key(many);
    for _ in 0..2 {
        house.ask(&cx, "tools/list", "{}").await.expect("within the limit");
        house.relay.limiter().rest(house.user(), Some(&key)).expect("the instance has no limit");
    }
    refused(house.ask(&cx, "tools/list", "{}").await);
    house.relay.limiter().rest(house.user(), Some(&key)).expect("the instance has no limit");
    refused(house.ask(&cx, "tools/list", "{}").await);

    let key = Allowance { concurrent: Some(1), ..Allowance::default() };
    house.limit(Limits { key, ..Limits::default() });
    let (_, cx) = as_key(many);
    let running = house.send(&cx, "tools/call", CALL);
    refused(house.ask(&cx, "tools/call", CALL).await);
    end(running).await.expect("the first");

    let key = Allowance { per_day: Some(1), ..Allowance::default() };
    house.limit(Limits { key, ..Limits::default() });
    let (_, cx) = as_key(many);
    house.ask(&cx, "tools/call", CALL).await.expect("within the limit");
    refused(house.ask(&cx, "tools/call", CALL).await);

    // Less is its own business, and one for all that it does.
    let key = Allowance { per_minute: Some(50), concurrent: Some(9), per_day: Some(9) };
    house.limit(Limits { key, ..Limits::default() });
    let (key, cx) = as_key(Allowance { per_minute: Some(2), concurrent: None, per_day: Some(1) });
    house.ask(&cx, "tools/call", CALL).await.expect("within its own limit");
    refused(house.ask(&cx, "tools/call", CALL).await);
    house.relay.limiter().rest(house.user(), Some(&key)).expect_err("both are spent");
}
