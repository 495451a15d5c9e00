//! The contracts of [`ActivityRepo`](orch_domain::port::activity_repo::ActivityRepo) and
//! [`UsageRepo`](orch_domain::port::usage_repo::UsageRepo): what calls leave to be read.

use std::time::Duration;

use orch_domain::activity::{CallQuery, EntryFilter, EntrySearch, InSight, OutcomeFilter, SearchedBy};
use orch_domain::audit::{AuditAction, AuditRecord, AuditTarget};
use orch_domain::call::{Call, CallKind, Outcome};
use orch_domain::event::public_actions;
use orch_domain::id::{AuditId, KeyId, LoginId, ProjectId, RuleId, ServerId, UserId};
use orch_domain::page::PageRequest;
use orch_domain::principal::{Credential, Principal};
use orch_domain::refusal::{Reason, Refusal};
use orch_domain::usage::{Dimension, Item, SeriesQuery, Span, Step, TopQuery};

use super::{TestStore, a_stored_project, at};
use crate::builders::{a_call, an_audit_entry};

pub async fn activity_repo(store: &dyn TestStore) {
    finds_calls_by_what_is_asked(store).await;
    finds_calls_of_a_time_whenever_they_were_stored(store).await;
    finds_entries_by_what_is_asked(store).await;
}

async fn finds_calls_by_what_is_asked(store: &dyn TestStore) {
    let (project, user, key, server) = (ProjectId::new(), UserId::new(), KeyId::new(), ServerId::new());
    let base = |seconds| a_call().in_project(project).at(at(seconds)).build();
    let calls = [
        Call { user_id: user, ..base(10) },
        Call { key_id: Some(key), ..base(20) },
        Call { server_id: Some(server), server: "jira".into(), ..base(30) },
        Call { kind: CallKind::Prompt, target: "sum_up%".into(), ..base(40) },
        Call { outcome: Outcome::Timeout, ..base(2000) },
        Call { outcome: Outcome::RpcError(-1), client: "Cursor 1".into(), ..base(3000) },
    ];
    store.calls().insert(&calls).await.expect("calls can be stored");
    store.calls().insert(&[a_call().by(user).build()]).await.expect("one of another project");
    let all = CallQuery::all(project);
    let check = async |query: CallQuery, expected: &[usize]| {
        let found = store.activity().calls(&query, u64::MAX, 10).await.expect("a list");
        let found: Vec<_> = found.into_iter().map(|found| found.item).collect();
        let expected: Vec<_> = expected.iter().map(|at| calls[*at].clone()).collect();
        assert_eq!(found, expected, "{query:?}");
    };
    check(all.clone(), &[5, 4, 3, 2, 1, 0]).await;
    check(CallQuery { user: Some(user), ..all.clone() }, &[0]).await;
    check(CallQuery { key: Some(key), ..all.clone() }, &[1]).await;
    check(CallQuery { server: Some(server), ..all.clone() }, &[2]).await;
    check(CallQuery { kind: Some(CallKind::Prompt), ..all.clone() }, &[3]).await;
    check(CallQuery { target: Some("sum_up%".into()), ..all.clone() }, &[3]).await;
    check(CallQuery { outcome: Some(OutcomeFilter::Failed), ..all.clone() }, &[5, 4]).await;
    check(CallQuery { outcome: OutcomeFilter::parse("timeout"), ..all.clone() }, &[4]).await;
    check(CallQuery { from: Some(at(30)), until: Some(at(2000)), ..all.clone() }, &[3, 2]).await;
    check(CallQuery { from: Some(at(3000)), ..all.clone() }, &[5]).await;
    check(CallQuery { until: Some(at(20)), ..all.clone() }, &[0]).await;
    for (text, expected) in [("JIRA", [2].as_slice()), ("up%", &[3]), ("p_", &[]), ("cursor", &[5])] {
        check(CallQuery { search: Some(text.into()), ..all.clone() }, expected).await;
    }
    let failed_by_others = CallQuery { user: Some(user), outcome: Some(OutcomeFilter::Failed), ..all.clone() };
    check(failed_by_others, &[]).await;

    // For one reason or another, and for none of some.
    let rule = Refusal { reason: Reason::Rule, rule: Some(RuleId::new()) };
    let reasons = [Refusal::from(Reason::Unknown), rule, Reason::LimitPerDay.into()];
    let refused = reasons.map(|reason| a_call().in_project(project).on(server).refused(reason).at(at(5000)).build());
    store.calls().insert(&refused).await.expect("calls can be stored");
    let check = async |query: CallQuery, expected: &[usize]| {
        let found = store.activity().calls(&query, u64::MAX, 3).await.expect("a list");
        let found: Vec<_> = found.into_iter().map(|found| found.item).collect();
        assert_eq!(found, expected.iter().map(|at| refused[*at].clone()).collect::<Vec<_>>(), "{query:?}");
    };
    let late = CallQuery { from: Some(at(5000)), ..all.clone() };
    let of = |reasons: &[Reason]| CallQuery { reasons: Some(reasons.to_vec()), ..all.clone() };
    check(of(&[Reason::Rule]), &[1]).await;
    check(of(&[Reason::Rule, Reason::LimitPerDay]), &[2, 1]).await;
    check(of(&[Reason::SwitchedOff]), &[]).await;
    check(of(&[]), &[]).await;
    check(CallQuery { except: &Reason::NOWHERE, ..late.clone() }, &[2]).await;
    check(CallQuery { except: &[], ..late }, &[2, 1, 0]).await;
    let calls = [calls.as_slice(), &refused].concat();

    // Page by page, with a filter and without.
    for query in [all.clone(), CallQuery { kind: Some(CallKind::Tool), ..all }] {
        let mut below = u64::MAX;
        let mut seen = Vec::new();
        loop {
            let page = store.activity().calls(&query, below, 2).await.expect("a list");
            let Some(last) = page.last() else { break };
            below = last.seq;
            seen.extend(page.into_iter().map(|found| found.item));
        }
        seen.reverse();
        let expected = calls.iter().filter(|call| query.kind.is_none_or(|kind| call.kind == kind));
        assert_eq!(seen, expected.cloned().collect::<Vec<_>>());
    }
}

/// A journal that is stored late brings old calls after new ones, and a clock that was wrong for a while any.
async fn finds_calls_of_a_time_whenever_they_were_stored(store: &dyn TestStore) {
    const HOUR: u64 = 3600;
    let (project, user, another) = (ProjectId::new(), UserId::new(), UserId::new());
    // Fresh ones, a journal of an hour before, fresh ones, a day ahead, and back; each long enough to be told apart.
    let parts = [(10 * HOUR, 1500), (9 * HOUR, 2500), (10 * HOUR + 60, 1500), (34 * HOUR, 1), (10 * HOUR + 120, 40)];
    let mut calls = Vec::new();
    for (start, count) in parts {
        let of_part: Vec<_> = (0..count)
            // A few of one user, among those of another.
            .map(|number| {
                let by = if number % 500 == 7 { user } else { another };
                a_call().in_project(project).by(by).at(at(start + number / 100)).build()
            })
            .collect();
        store.calls().insert(&of_part).await.expect("calls can be stored");
        calls.extend(of_part);
    }
    let times = [
        (Some(10 * HOUR - 1800), None),
        (Some(10 * HOUR + 60), Some(10 * HOUR + 120)),
        (Some(9 * HOUR), Some(10 * HOUR)),
        (None, Some(9 * HOUR + 3)),
        (None, Some(10 * HOUR)),
        (None, Some(34 * HOUR)),
        (Some(10 * HOUR + 120), Some(34 * HOUR)),
        (Some(34 * HOUR), None),
        (Some(35 * HOUR), None),
        (None, Some(9 * HOUR)),
    ];
    for (from, until) in times {
        for user in [None, Some(user)] {
            let query = CallQuery { from: from.map(at), until: until.map(at), user, ..CallQuery::all(project) };
            let is_asked_for = |call: &&Call| {
                query.from.is_none_or(|from| call.at >= from)
                    && query.until.is_none_or(|until| call.at < until)
                    && user.is_none_or(|user| call.user_id == user)
            };
            let expected: Vec<_> = calls.iter().rev().filter(is_asked_for).cloned().collect();
            let (mut below, mut seen) = (u64::MAX, Vec::new());
            while seen.len() < expected.len().max(1) {
                let page = store.activity().calls(&query, below, 700).await.expect("a list");
                let Some(last) = page.last() else { break };
                below = last.seq;
                seen.extend(page.into_iter().map(|found| found.item));
            }
            assert!(seen == expected, "{query:?}: {} instead of {}", seen.len(), expected.len());
        }
    }
}

/// The same questions are asked of the list of a project's activity and of the audit trail, of the project and of all.
async fn finds_entries_by_what_is_asked(store: &dyn TestStore) {
    let (project, admin) = a_stored_project(store).await;
    let by_admin = Principal { user_id: admin.id, credential: Credential::Login { login_id: LoginId::new() } };
    let actions = [
        AuditAction::ProjectUpdate,
        AuditAction::ProjectTeamCreate,
        AuditAction::KeyCreate,
        AuditAction::ProjectInspect,
        AuditAction::ServerUpdate,
    ];
    // SQLite keeps the times within a second with as many digits as they have, and a whole one with none.
    let second = at(5).replace_nanosecond(0).expect("a whole second");
    let mut entries = Vec::new();
    for (number, action) in (0..).zip(actions) {
        let mut entry = an_audit_entry().in_project(project.id).action(action).detail("Said so").build();
        entry.at = match number {
            3 => second - Duration::from_secs(1),
            4 => second + Duration::from_millis(500),
            _ => at(number),
        };
        entry.actor = (number == 1).then(|| by_admin.clone());
        store.audit().append(&entry).await.expect("an entry can be appended");
        entries.push(entry.id);
    }
    let of_instance = an_audit_entry().action(AuditAction::KeyCreate).build();
    store.audit().append(&of_instance).await.expect("one of the instance");
    let all = EntryFilter::default();
    let search = |text: &str, by| Some(EntrySearch { text: text.to_owned(), by });
    let (what, who) = (SearchedBy::What, SearchedBy::WhatAndWho);
    let name = admin.email.as_str();
    let questions = [
        (all.clone(), [4, 3, 2, 1, 0].as_slice()),
        (EntryFilter { action: Some("project".into()), ..all.clone() }, &[3, 0]),
        (EntryFilter { action: Some("project_team".into()), ..all.clone() }, &[1]),
        (EntryFilter { action: Some("PROJECT".into()), ..all.clone() }, &[]),
        (EntryFilter { action: Some("project%".into()), ..all.clone() }, &[]),
        (EntryFilter { action: Some("key.create".into()), ..all.clone() }, &[2]),
        (EntryFilter { action: Some("key\0".into()), ..all.clone() }, &[]),
        (EntryFilter { action: Some("key\0.create".into()), ..all.clone() }, &[]),
        (EntryFilter { user: Some(admin.id), ..all.clone() }, &[1]),
        (EntryFilter { actions: Some(public_actions()), ..all.clone() }, &[4, 1, 0]),
        (EntryFilter { from: Some(at(1)), until: Some(at(3)), ..all.clone() }, &[2, 1]),
        (EntryFilter { from: Some(second), ..all.clone() }, &[4]),
        (EntryFilter { from: Some(second - Duration::from_millis(500)), ..all.clone() }, &[4]),
        (EntryFilter { from: Some(second + Duration::from_millis(505)), ..all.clone() }, &[]),
        (EntryFilter { from: Some(second - Duration::from_secs(1)), until: Some(second), ..all.clone() }, &[3]),
        (EntryFilter { from: Some(at(4)), until: Some(second + Duration::from_millis(505)), ..all.clone() }, &[4]),
        (EntryFilter { search: search("said SO", what), ..all.clone() }, &[4, 3, 2, 1, 0]),
        (EntryFilter { search: search("KEY.c", what), ..all.clone() }, &[2]),
        (EntryFilter { search: search("key_c", what), ..all.clone() }, &[]),
        (EntryFilter { search: search(name, what), ..all.clone() }, &[]),
        (EntryFilter { search: search(&name.to_uppercase(), who), ..all.clone() }, &[1]),
        (EntryFilter { search: search("said so", who), action: Some("key".into()), ..all.clone() }, &[2]),
    ];
    for (filter, expected) in questions {
        let expected: Vec<_> = expected.iter().filter_map(|at: &usize| entries.get(*at)).copied().collect();
        let found = store.activity().entries(project.id, &filter, u64::MAX, 10).await.expect("a list");
        assert_eq!(found.iter().map(|found| found.item.id).collect::<Vec<_>>(), expected, "{filter:?}");
        let (trail, more) = paged(store, Some(project.id), &filter).await;
        assert_eq!(trail, expected, "{filter:?}");
        assert!(!more);
        let (everything, _) = paged(store, None, &filter).await;
        let of_project: Vec<_> = everything.iter().filter(|id| entries.contains(id)).copied().collect();
        assert_eq!(of_project, expected, "{filter:?}");
        let asks_for_keys = filter.action.as_deref() == Some("key.create");
        assert!(!asks_for_keys || everything.contains(&of_instance.id), "the instance's as well");
    }
    let found = store.activity().entries(project.id, &all, u64::MAX, 10).await.expect("a list");
    let listed = store.audit().list(Some(project.id), &all, PageRequest::default()).await.expect("a list").items;
    let told = |record: &AuditRecord| record.user_email.clone();
    assert_eq!(listed.iter().map(told).collect::<Vec<_>>(), [None, None, None, Some(name.to_owned()), None]);
    assert_eq!(listed, found.into_iter().map(|found| found.item).collect::<Vec<_>>());

    let (one, two) = (ServerId::new(), ServerId::new());
    for server in [one, two] {
        let mut entry = an_audit_entry().in_project(project.id).action(AuditAction::ServerStart).build();
        entry.target = AuditTarget { kind: InSight::TARGET_KIND, id: server.to_string(), name: "github".into() };
        entry.at = at(9);
        store.audit().append(&entry).await.expect("an entry can be appended");
        entries.push(entry.id);
    }
    let check = async |servers: InSight, expected: &[usize]| {
        let filter = EntryFilter { servers, from: Some(at(4)), ..all.clone() };
        let found = store.activity().entries(project.id, &filter, u64::MAX, 10).await.expect("a list");
        let found: Vec<_> = found.iter().map(|found| found.item.id).collect();
        assert_eq!(found, expected.iter().map(|at| entries[*at]).collect::<Vec<_>>(), "{filter:?}");
    };
    check(InSight::All, &[6, 5, 4]).await;
    check(InSight::Only(vec![two]), &[6, 4]).await;
    check(InSight::Only(vec![]), &[4]).await;
    check(InSight::AllBut(vec![two]), &[5, 4]).await;
    check(InSight::AllBut(vec![]), &[6, 5, 4]).await;
}

/// All entries of the trail, two at a time, until there are no more or enough; and whether there were more.
async fn paged(store: &dyn TestStore, project: Option<ProjectId>, filter: &EntryFilter) -> (Vec<AuditId>, bool) {
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..200 {
        let page = store.audit().list(project, filter, PageRequest::new(2, after)).await.expect("a page");
        found.extend(page.items.iter().map(|record| record.id));
        after = page.next;
        if after.is_none() {
            return (found, false);
        }
    }
    (found, true)
}

pub async fn usage_repo(store: &dyn TestStore) {
    // From the begin of a day on.
    let at = |seconds| time::macros::datetime!(2026-01-03 0:00 UTC) + Duration::from_secs(seconds);
    let (project, one, two) = (ProjectId::new(), ServerId::new(), ServerId::new());
    let base = |seconds| a_call().in_project(project).at(at(seconds)).build();
    let call = |seconds, server: ServerId, tool: &str, outcome| Call {
        server_id: Some(server),
        target: tool.into(),
        outcome,
        duration: Duration::from_millis(40),
        ..base(seconds)
    };
    let key = KeyId::new();
    let mut calls = [
        call(1, one, "read", Outcome::Ok),
        call(2, one, "read", Outcome::Timeout),
        call(70, one, "write", Outcome::Ok),
        call(4000, two, "read", Outcome::Ok),
        call(4001, two, "made-up", Outcome::Refused),
    ];
    calls[0].key_id = Some(key);
    // In two batches, so that sums are added to.
    store.calls().insert(&calls[..1]).await.expect("calls can be stored");
    store.calls().insert(&calls[1..]).await.expect("calls can be stored");
    store.calls().insert(&[a_call().at(at(1)).build()]).await.expect("one of another project");

    let span = |from, until, step| Span { from: at(from), until: at(until), step };
    let series = async |item: Item, span: Span| {
        let points = store.usage().series(&SeriesQuery { project, item, span }).await.expect("a series");
        points.into_iter().map(|point| (point.at, point.figures.calls, point.figures.errors)).collect::<Vec<_>>()
    };
    let day = span(0, 86_400, Step::Day);
    assert_eq!(series(Item::Project, day).await, [(at(0), 5, 2)]);
    let hours = span(0, 7200, Step::Hour);
    assert_eq!(series(Item::Project, hours).await, [(at(0), 3, 1), (at(3600), 2, 1)]);
    let minutes = span(0, 120, Step::Minute);
    assert_eq!(series(Item::Server(Some(one)), minutes).await, [(at(0), 2, 1), (at(60), 1, 0)]);
    let tool = |server, name: &str| Item::Tool { server: Some(server), kind: CallKind::Tool, name: name.into() };
    assert_eq!(series(tool(one, "write"), hours).await, [(at(0), 1, 0)]);
    assert_eq!(series(tool(two, "read"), hours).await, [(at(3600), 1, 0)]);
    assert_eq!(series(Item::Key(Some(key)), day).await, [(at(0), 1, 0)]);
    assert_eq!(series(Item::User(calls[3].user_id), day).await, [(at(0), 1, 0)]);
    assert_eq!(series(Item::Client(calls[0].client.to_string()), day).await, [(at(0), 5, 2)]);
    assert_eq!(series(Item::User(UserId::new()), day).await, []);
    // The end is not part of it.
    assert_eq!(series(Item::Project, span(0, 3600, Step::Hour)).await, [(at(0), 3, 1)]);

    let figures = store.usage().series(&SeriesQuery { project, item: Item::Project, span: day }).await;
    let figures = figures.expect("a series")[0].figures;
    assert_eq!((figures.total, figures.longest), (Duration::from_millis(200), Duration::from_millis(40)));
    assert_eq!(figures.slots.iter().sum::<u64>(), 5);

    let top = async |by, server, limit| {
        let query = TopQuery { project, by, server, span: day, limit };
        let ranked = store.usage().top(&query).await.expect("a ranking");
        ranked.into_iter().map(|ranked| (ranked.item, ranked.figures.calls)).collect::<Vec<_>>()
    };
    let servers = top(Dimension::Server, None, 10).await;
    assert_eq!(servers, [(Item::Server(Some(one)), 3), (Item::Server(Some(two)), 2)]);
    assert_eq!(top(Dimension::Server, None, 1).await, servers[..1]);
    assert_eq!(top(Dimension::Tool, Some(one), 10).await, [(tool(one, "read"), 2), (tool(one, "write"), 1)]);
    let tools = top(Dimension::Tool, None, 10).await;
    assert_eq!(tools.len(), 4);
    assert!(tools.contains(&(Item::Other(Dimension::Tool), 1)), "a name that was refused is not told apart");
    assert_eq!(top(Dimension::User, None, 10).await.len(), 5);
    assert!(top(Dimension::Key, None, 10).await.contains(&(Item::Key(None), 4)));

    // What led nowhere counts for no server, although the record names one; what waited counts without its wait.
    let hidden = a_call().in_project(project).at(at(4002)).on(two).refused(Reason::Rule).build();
    let denied = a_call().in_project(project).at(at(4003)).on(two).refused(Reason::ApprovalDenied).build();
    let waited = Call { waited: Duration::from_secs(300), ..call(4004, two, "read", Outcome::Ok) };
    store.calls().insert(&[hidden, denied, waited]).await.expect("calls can be stored");
    assert_eq!(top(Dimension::Server, None, 10).await.len(), 3);
    assert!(top(Dimension::Server, None, 10).await.contains(&(Item::Server(None), 1)));
    assert_eq!(series(Item::Server(Some(two)), day).await, [(at(0), 4, 2)]);
    let query = TopQuery { project, by: Dimension::Server, server: None, span: day, limit: 10 };
    let ranked = store.usage().top(&query).await.expect("a ranking");
    let label = |item| ranked.iter().find(|ranked| ranked.item == item).map(|ranked| ranked.label.as_str());
    assert_eq!((label(Item::Server(None)), label(Item::Server(Some(two)))), (Some(""), Some("github")));
    let longest = ranked.iter().map(|ranked| ranked.figures.longest).max();
    assert_eq!(longest, Some(Duration::from_millis(40)));

    // Over a limit a name may be anything as well, and one that is known counts for what it is.
    let limited = |seconds, tool| call(seconds, two, tool, Outcome::Limited);
    store
        .calls()
        .insert(&[limited(4005, "never-looked-up"), limited(4006, "read")])
        .await
        .expect("calls can be stored");
    assert_eq!(series(tool(two, "never-looked-up"), day).await, []);
    assert_eq!(series(tool(two, "read"), day).await, [(at(0), 3, 1)]);
}
