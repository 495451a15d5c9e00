//! The contract of [`CallRepo`](orch_domain::port::call_log::CallRepo).

use std::time::Duration;

use orch_domain::arguments::Arguments;
use orch_domain::call::{Call, CallKind, Outcome};
use orch_domain::id::{CallId, KeyId, ProjectId, RuleId, ServerId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::port::call_log::{CallFilter, JournalPlace};
use orch_domain::refusal::{Reason, Refusal};
use uuid::Uuid;

use super::key_repo::a_stored_key;
use super::{TestStore, at};
use crate::builders::a_call;

pub async fn call_repo(store: &dyn TestStore) {
    gives_back_what_was_inserted(store).await;
    tells_apart_what_differs_in_one_thing(store).await;
    inserts_each_call_once(store).await;
    lists_the_newest_first(store).await;
    notes_the_newest_use_of_keys(store).await;
}

async fn gives_back_what_was_inserted(store: &dyn TestStore) {
    let project = ProjectId::new();
    let outcomes = [
        Outcome::Ok,
        Outcome::ToolError,
        Outcome::RpcError(-32_603),
        Outcome::RpcError(i64::MIN),
        Outcome::Unavailable,
        Outcome::Timeout,
        Outcome::Refused,
        Outcome::Limited,
        Outcome::Cancelled,
        Outcome::Abandoned,
        Outcome::Stopping,
    ];
    let mut calls = Vec::new();
    for outcome in outcomes {
        calls.push(a_call().in_project(project).outcome(outcome).at(at(7)).build());
    }
    for kind in CallKind::ALL {
        calls.push(a_call().in_project(project).kind(kind).with_key(KeyId::new()).to_nowhere("ünknown ✗").build());
    }
    for reason in Reason::ALL.iter().copied() {
        calls.push(a_call().in_project(project).refused(reason).build());
    }
    let ruled = Refusal { reason: Reason::ApprovalExpired, rule: Some(RuleId::new()) };
    calls.push(a_call().in_project(project).refused(ruled).waited(Duration::from_micros(300_000_001)).build());
    calls.push(a_call().in_project(project).waited(Duration::from_micros(1)).build());
    for arguments in [Arguments::Digest([9; 32]), Arguments::Redacted("{\"a\":\"ü\u{0}\"}".to_owned())] {
        calls.push(a_call().in_project(project).arguments(arguments).build());
    }
    store.calls().insert(&calls).await.expect("calls can be stored");
    let filter = CallFilter::all(project);
    let mut listed = store.calls().list(filter, PageRequest::default()).await.expect("a list").items;
    listed.sort_by_key(|call| call.id);
    assert_eq!(listed, calls);
}

/// A store may look at few things of a call to find out that it is like the one before.
async fn tells_apart_what_differs_in_one_thing(store: &dyn TestStore) {
    let project = ProjectId::new();
    let base = a_call().in_project(project).with_key(KeyId::new()).build();
    let changes: [fn(&mut Call); 11] = [
        |call| call.user_id = UserId::new(),
        |call| call.key_id = Some(KeyId::new()),
        |call| call.key_id = None,
        |call| call.client = "another client".into(),
        |call| call.server_id = Some(ServerId::new()),
        |call| call.server = "another".into(),
        |call| call.target = "another_tool".to_owned(),
        |call| call.outcome = Outcome::Timeout,
        |call| call.refusal = Some(Reason::Rule.into()),
        |call| call.refusal = Some(Reason::SwitchedOff.into()),
        |call| call.refusal = Some(Refusal { reason: Reason::Rule, rule: Some(RuleId::new()) }),
    ];
    let mut calls = Vec::new();
    for change in changes {
        let (mut other, mut alike) = (base.clone(), base.clone());
        change(&mut other);
        (alike.id, other.id) = (CallId::new(), CallId::new());
        calls.extend([alike, other]);
    }
    store.calls().insert(&calls).await.expect("calls can be stored");
    let mut listed = store.calls().list(CallFilter::all(project), PageRequest::default()).await.expect("a list").items;
    listed.reverse();
    assert_eq!(listed, calls);
}

async fn inserts_each_call_once(store: &dyn TestStore) {
    let project = ProjectId::new();
    let filter = CallFilter::all(project);
    let calls: Vec<_> = (0..1100).map(|_| a_call().in_project(project).build()).collect();
    let ends: Vec<u64> = (1..=1100).map(|number| number * 100).collect();
    let segment = Uuid::now_v7();
    let place = |range: std::ops::Range<usize>| JournalPlace { segment, ends: &ends[range], is_urgent: false };
    let insert = async |range: std::ops::Range<usize>| {
        let place = Some(place(range.clone()));
        store.calls().insert_from(&calls[range], place).await.expect("calls can be stored");
    };
    insert(0..600).await;
    // A batch that is repeated, with more behind it, and one that is repeated as a whole.
    insert(400..1100).await;
    insert(400..1100).await;
    insert(0..600).await;
    store.calls().insert(&[]).await.expect("nothing is no trouble");
    let mut listed = Vec::new();
    let mut request = PageRequest::new(PageRequest::MAX_LIMIT, None);
    loop {
        let page = store.calls().list(filter, request).await.expect("a list");
        listed.extend(page.items);
        match page.next {
            Some(next) => request.after = Some(next),
            None => break,
        }
    }
    listed.reverse();
    assert_eq!(listed, calls);

    // The same places in another segment are others.
    let only = ProjectId::new();
    let fresh = a_call().in_project(only).build();
    let place = JournalPlace { segment: Uuid::now_v7(), ends: &ends[..1], is_urgent: true };
    store.calls().insert_from(std::slice::from_ref(&fresh), Some(place)).await.expect("calls can be stored");
    let page = store.calls().list(CallFilter::all(only), PageRequest::default()).await;
    assert_eq!(page.expect("a list").items, [fresh]);
}

async fn lists_the_newest_first(store: &dyn TestStore) {
    let calls = store.calls();
    let (project, one, two) = (ProjectId::new(), UserId::new(), UserId::new());
    let all: Vec<_> = [one, two, one, two, one].map(|user| a_call().in_project(project).by(user).build()).into();
    calls.insert(&all).await.expect("calls can be stored");
    let filter = CallFilter::all(project);
    let first = calls.list(filter, PageRequest::new(2, None)).await.expect("a list");
    calls.insert(&[a_call().in_project(project).by(one).build()]).await.expect("calls can be stored");
    let second = calls.list(filter, PageRequest::new(3, first.next)).await.expect("a list");
    let mut listed = [first.items, second.items].concat();
    listed.reverse();
    assert_eq!(listed, all, "a newer call does not move what comes next");
    assert_eq!(second.next, None);

    let theirs = CallFilter { user: Some(two), ..CallFilter::all(project) };
    let listed = calls.list(theirs, PageRequest::default()).await.expect("a list").items;
    assert_eq!(listed, [all[3].clone(), all[1].clone()]);
    let with_key = a_call().in_project(project).by(one).with_key(KeyId::new()).build();
    calls.insert(std::slice::from_ref(&with_key)).await.expect("a call can be stored");
    let of_key = CallFilter { user: Some(one), key: with_key.key_id, ..CallFilter::all(project) };
    assert_eq!(calls.list(of_key, PageRequest::default()).await.expect("a list").items, [with_key]);
    // As two parts of a journal are stored one after the other.
    let project = ProjectId::new();
    let crossed = [3, 1, 4, 2].map(|second| a_call().in_project(project).at(at(second)).build());
    calls.insert(&crossed).await.expect("calls can be stored");
    let listed = calls.list(CallFilter::all(project), PageRequest::default()).await.expect("a list").items;
    assert_eq!(listed.iter().map(|call| call.at).collect::<Vec<_>>(), [4, 3, 2, 1].map(at));
    let nothing = CallFilter::all(ProjectId::new());
    assert_eq!(calls.list(nothing, PageRequest::default()).await.expect("a list").items, []);
}

async fn notes_the_newest_use_of_keys(store: &dyn TestStore) {
    let (one, two, unused) = (a_stored_key(store).await, a_stored_key(store).await, a_stored_key(store).await);
    let with = |key: KeyId, client: &str, second| Call {
        client: client.into(),
        ..a_call().with_key(key).at(at(second)).build()
    };
    let calls = [
        with(one.id, "before", 300),
        with(one.id, "newest", 900),
        with(two.id, "other", 700),
        with(one.id, "after", 600),
        with(KeyId::new(), "gone", 1000),
    ];
    let ends = [1, 2, 3, 4, 5];
    let place = JournalPlace { segment: Uuid::now_v7(), ends: &ends, is_urgent: false };
    store.calls().insert_from(&calls, Some(place)).await.expect("calls can be stored");
    let used = async |id: KeyId| {
        let key = store.keys().find(id).await.expect("a read").expect("a key");
        (key.last_used_at, key.last_used_by)
    };
    assert_eq!(used(one.id).await, (Some(at(900)), Some("newest".to_owned())));
    assert_eq!(used(two.id).await, (Some(at(700)), Some("other".to_owned())));
    assert_eq!(used(unused.id).await, (None, None));

    // An older use, stored later.
    store.calls().insert(&[with(one.id, "late", 100)]).await.expect("calls can be stored");
    assert_eq!(used(one.id).await, (Some(at(900)), Some("newest".to_owned())));
}
