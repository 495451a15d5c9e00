//! The contract of [`CallCensus`](orch_domain::port::call_census::CallCensus).

use orch_domain::call::{CallKind, Outcome};
use orch_domain::id::{KeyId, ProjectId, ServerId, UserId};
use orch_domain::port::call_census::CallGroup;
use orch_domain::refusal::Reason;
use time::macros::datetime;

use super::{TestStore, at};
use crate::builders::a_call;

pub async fn call_census(store: &dyn TestStore) {
    let (project, other) = (ProjectId::new(), ProjectId::new());
    let (user, key, server) = (UserId::new(), KeyId::new(), ServerId::new());
    let call = || a_call().in_project(project).by(user).on(server);
    let mut calls: Vec<_> = (0..3).map(|_| call().build()).collect();
    calls.extend((0..2).map(|_| call().with_key(key).build()));
    calls.push(call().kind(CallKind::Resource).outcome(Outcome::Limited).build());
    calls.push(a_call().in_project(project).by(user).to_nowhere("x").build());
    // The name is the client's own, whatever server it is about.
    calls.push(call().with_key(key).refused(Reason::Rule).build());
    calls.extend((0..4).map(|_| call().kind(CallKind::Prompt).refused(Reason::ApprovalDenied).build()));
    calls.push(a_call().in_project(other).by(user).on(server).build());
    store.calls().insert(&calls).await.expect("calls can be stored");

    let census = store.census();
    let groups = census.groups(project, at(0), 10).await.expect("groups");
    let group = |key_id, kind, calls| CallGroup {
        user_id: user,
        key_id,
        client: "claude-code 2.0".to_owned(),
        server_id: server,
        kind,
        target: "create_issue".to_owned(),
        calls,
    };
    let expected = [
        group(None, CallKind::Prompt, 4),
        group(None, CallKind::Tool, 3),
        group(Some(key), CallKind::Tool, 2),
        group(None, CallKind::Resource, 1),
    ];
    assert_eq!(groups, expected, "the most frequent first, without what reached no server");
    assert_eq!(census.groups(project, at(0), 1).await.expect("groups"), expected[..1]);
    let late = datetime!(2200-01-01 0:00 UTC);
    assert_eq!(census.groups(project, late, 10).await.expect("groups"), []);

    let counts = census.counts(at(0)).await.expect("counts");
    let of = |project, key| {
        let same = counts.iter().find(|count| (count.project_id, count.key_id) == (project, key));
        same.map(|count| (count.user_id, count.calls))
    };
    assert_eq!(of(project, None), Some((user, 8)), "what a limit refused does not count");
    assert_eq!(of(project, Some(key)), Some((user, 3)));
    assert_eq!(of(other, None), Some((user, 1)));
    assert_eq!(census.counts(late).await.expect("counts"), []);

    counts_calls_of_a_time_whenever_they_were_stored(store).await;
}

/// A journal that is stored late brings old calls after new ones; a clock may have been ahead for a while.
async fn counts_calls_of_a_time_whenever_they_were_stored(store: &dyn TestStore) {
    let (project, user, server) = (ProjectId::new(), UserId::new(), ServerId::new());
    let day = 86_400;
    for (seconds, count) in [(2 * day, 1100), (day, 2200), (9 * day, 1), (2 * day, 1100)] {
        let call = || a_call().in_project(project).by(user).on(server).at(at(seconds)).build();
        let calls: Vec<_> = (0..count).map(|_| call()).collect();
        store.calls().insert(&calls).await.expect("calls can be stored");
    }
    for (since, expected) in [(day, 4401), (2 * day, 2201), (9 * day, 1)] {
        let groups = store.census().groups(project, at(since), 10).await.expect("groups");
        assert_eq!(groups.iter().map(|group| group.calls).collect::<Vec<_>>(), [expected], "since {since}");
        let counts = store.census().counts(at(since)).await.expect("counts");
        let of_project = counts.iter().filter(|count| count.project_id == project);
        assert_eq!(of_project.map(|count| count.calls).collect::<Vec<_>>(), [expected], "since {since}");
    }
}
