//! Usage, activity and the state of the instance: who sees how much of it, and what it looks like.

use std::time::Duration;

use orch_control::keys::ScopeDraft;
use orch_domain::arguments::Arguments;
use orch_domain::audit::AuditAction;
use orch_domain::call::{Call, Outcome};
use orch_domain::id::{RuleId, ServerId, UserId};
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::call_log::CallRepo;
use orch_domain::project::Project;
use orch_domain::refusal::{Reason, Refusal};
use orch_domain::role::Role;
use orch_gateway::config::GatewayConfig;
use orch_testkit::builders::{a_call, an_audit_entry};
use orch_testkit::fakes::FixedClock;
use serde_json::{Value, json};

use crate::world::{World, bearer, request};

/// Three calls of one user, the last of them failed, and one of somebody else.
async fn calls(world: &World, project: &Project, user: UserId) -> ServerId {
    let server = ServerId::new();
    let before = FixedClock::START - Duration::from_secs(600);
    let call = |outcome| Call {
        server_id: Some(server),
        duration: Duration::from_millis(40),
        outcome,
        ..a_call().in_project(project.id).by(user).at(before).build()
    };
    let others = a_call().in_project(project.id).at(before).build();
    let calls = [call(Outcome::Ok), call(Outcome::Ok), call(Outcome::Timeout), others];
    world.store.insert(&calls).await.unwrap();
    server
}

#[actix_web::test]
async fn usage_is_summed_up_over_time() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let server = calls(&world, &project, admin.id).await;
    let token = world.token(&admin).await;
    let all = world.get("/api/v1/projects/demo/usage", &token).await.json();
    assert_eq!((&all["step"], &all["total"]["calls"], &all["total"]["errors"]), (&json!("hour"), &json!(4), &json!(1)));
    assert_eq!(all["points"].as_array().unwrap().len(), 1);
    assert_eq!(all["points"][0]["calls"], 4);
    assert_eq!(all["total"]["max_ms"], 40.0);

    let of_tool = format!("/api/v1/projects/demo/usage?server={server}&target=create_issue&step=minute");
    let of_tool = world.get(&of_tool, &token).await.json();
    assert_eq!(of_tool["total"]["calls"], 3);
    let none = world.get("/api/v1/projects/demo/usage?client=nobody", &token).await.json();
    assert_eq!((&none["total"]["calls"], &none["total"]["p95_ms"]), (&json!(0), &json!(null)));

    let top = world.get("/api/v1/projects/demo/usage/top?by=user", &token).await.json();
    assert_eq!(top["items"][0]["user_id"], admin.id.to_string());
    assert_eq!((&top["items"][0]["calls"], &top["items"][0]["is_rest"]), (&json!(3), &json!(false)));
    let top = world.get(&format!("/api/v1/projects/demo/usage/top?by=tool&server={server}"), &token).await.json();
    assert_eq!((&top["items"][0]["label"], &top["items"][0]["kind"]), (&json!("create_issue"), &json!("tool")));
}

#[actix_web::test]
async fn usage_of_people_is_for_admins_and_the_own_for_oneself() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let member = world.member(&project, Role::Member).await;
    calls(&world, &project, member.id).await;
    let token = world.token(&member).await;
    let usage = |query: String| format!("/api/v1/projects/demo/usage{query}");
    assert_eq!(world.get(&usage(format!("?user={}", member.id)), &token).await.json()["total"]["calls"], 3);
    assert_eq!(world.get(&usage(format!("?user={}", admin.id)), &token).await.status, 403);
    assert_eq!(world.get(&usage(format!("?key={}", admin.id)), &token).await.status, 403);
    for by in ["user", "key"] {
        assert_eq!(world.get(&usage(format!("/top?by={by}")), &token).await.status, 403);
    }
    assert_eq!(world.get(&usage("/top?by=client".into()), &token).await.status, 200);
}

#[actix_web::test]
async fn what_makes_no_sense_is_refused_with_a_word_about_it() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let id = "00000000-0000-0000-0000-000000000000";
    for (path, status, field) in [
        (format!("usage?server={id}&user={id}"), 422, "server"),
        ("usage?target=x".to_owned(), 422, "target"),
        ("usage?kind=tool".to_owned(), 422, "kind"),
        ("usage?from=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z".to_owned(), 422, "from"),
        ("usage?from=2020-01-02T00:00:00Z&step=minute".to_owned(), 422, "step"),
        ("usage?from=yesterday".to_owned(), 422, "from"),
        (format!("usage/top?by=user&server={id}"), 422, "server"),
        ("usage/top?by=tool&limit=0".to_owned(), 422, "limit"),
        ("usage/top?by=day".to_owned(), 422, "by"),
        ("activity?outcome=strange".to_owned(), 422, "outcome"),
        ("activity?kind=strange".to_owned(), 422, "kind"),
        ("activity?reason=strange".to_owned(), 422, "reason"),
        (format!("activity?search={}", "x".repeat(300)), 422, "search"),
        ("activity?cursor=strange".to_owned(), 422, "cursor"),
    ] {
        let answer = world.get(&format!("/api/v1/projects/demo/{path}"), &token).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        if !field.is_empty() {
            assert_eq!(answer.json()["errors"][0]["field"], field, "{path}");
        }
    }
}

#[actix_web::test]
async fn activity_is_everything_for_admins_and_the_own_calls_for_members() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (member, viewer) = (world.member(&project, Role::Member).await, world.member(&project, Role::Viewer).await);
    calls(&world, &project, member.id).await;
    for action in [AuditAction::ServerUpdate, AuditAction::KeyCreate] {
        world.store.append(&an_audit_entry().in_project(project.id).action(action).build()).await.unwrap();
    }
    let list = async |user: &orch_domain::user::User, query: &str| {
        let path = format!("/api/v1/projects/demo/activity{query}");
        let answer = world.get(&path, &world.token(user).await).await.json();
        let items = answer["items"].as_array().unwrap().clone();
        let words = items.iter().map(|item| item["action"].as_str().or(item["outcome"].as_str()).unwrap().to_owned());
        (words.collect::<Vec<_>>(), answer["next_cursor"].clone())
    };
    let (all, _) = list(&admin, "").await;
    assert_eq!(all, ["key.create", "server.update", "timeout", "ok", "ok", "ok"]);
    assert_eq!(list(&member, "").await.0, ["server.update", "timeout", "ok", "ok"]);
    assert_eq!(list(&viewer, "").await.0, ["server.update"]);
    assert_eq!(
        list(&member, &format!("?user={}", admin.id)).await.0,
        [""; 0],
        "the calls of others are not his to see"
    );
    assert_eq!(list(&admin, "?type=call&outcome=failed").await.0, ["timeout"]);
    assert_eq!(list(&admin, "?type=change").await.0, ["key.create", "server.update"]);
    assert_eq!(list(&admin, "?action=server").await.0, ["server.update"]);

    let (mut paged, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let (some, next) = list(&admin, &query).await;
        paged.extend(some);
        let Some(next) = next.as_str() else { break };
        query = format!("?limit=2&cursor={next}");
    }
    assert_eq!(paged, all);
}

#[actix_web::test]
async fn why_a_call_was_refused_is_for_admins_and_hides_from_its_caller_what_is_hidden() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let member = world.member(&project, Role::Member).await;
    let (server, rule) = (ServerId::new(), RuleId::new());
    let call = || a_call().in_project(project.id).by(member.id).on(server);
    let ruled = |reason| Refusal { reason, rule: Some(rule) };
    let mut hidden = call().refused(ruled(Reason::Rule)).build();
    "github__wipe".clone_into(&mut hidden.target);
    let missing = call().to_nowhere("github__nope").refused(Reason::Unknown).build();
    let late = call().refused(ruled(Reason::ApprovalExpired)).waited(Duration::from_secs(300)).build();
    world.store.insert(&[hidden, missing, late]).await.unwrap();
    let list = async |user: &orch_domain::user::User, path: &str| {
        let path = format!("/api/v1/projects/demo/{path}");
        let answer = world.get(&path, &world.token(user).await).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let items = answer.json()["items"].as_array().unwrap().clone();
        let told = |item: &Value| {
            let text = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
            assert_eq!(item["server_id"].is_null(), item["server"] == "", "{item}");
            (text("target"), text("server"), text("reason"), text("rule_id"), item["waited_ms"].as_f64().unwrap())
        };
        items.iter().map(told).collect::<Vec<_>>()
    };
    let line = |target: &str, server: &str, reason: &str, rule: &str, waited| {
        (target.to_owned(), server.to_owned(), reason.to_owned(), rule.to_owned(), waited)
    };
    let (id, nobody) = (rule.to_string(), "-");
    for path in ["calls", "activity?type=call"] {
        assert_eq!(
            list(&admin, path).await,
            [
                line("create_issue", "github", "approval_expired", &id, 300_000.0),
                line("github__nope", "", "unknown", nobody, 0.0),
                line("github__wipe", "github", "rule", &id, 0.0),
            ],
            "{path}"
        );
        assert_eq!(
            list(&member, path).await,
            [
                line("create_issue", "github", "approval_expired", nobody, 300_000.0),
                line("github__nope", "", "unknown", nobody, 0.0),
                line("github__wipe", "", "unknown", nobody, 0.0),
            ],
            "{path}"
        );
    }
    // Nor does it show in what is found.
    for (query, by_admin, by_member) in [
        ("activity?reason=rule".to_owned(), 1, 0),
        ("activity?reason=unknown".to_owned(), 1, 2),
        ("activity?reason=approval_expired".to_owned(), 1, 1),
        (format!("activity?server={server}"), 2, 1),
        (format!("activity?server={server}&reason=unknown"), 0, 0),
    ] {
        assert_eq!(list(&admin, &query).await.len(), by_admin, "{query}");
        assert_eq!(list(&member, &query).await.len(), by_member, "{query}");
    }
}

#[actix_web::test]
async fn a_key_for_one_server_is_told_nothing_of_the_others() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    for alias in ["near", "far"] {
        world.server(&admin, &project, alias).await;
    }
    let token = world.token(&admin).await;
    let id_of = async |alias: &str| {
        let answer = world.get(&format!("/api/v1/projects/demo/servers/{alias}"), &token).await.json();
        answer["id"].as_str().unwrap().parse::<ServerId>().unwrap()
    };
    let (near, far) = (id_of("near").await, id_of("far").await);
    let scope = ScopeDraft { servers: Some(vec!["near".into()]), ..ScopeDraft::default() };
    let (key, narrow) = world.key_with(&admin, &project, scope).await;
    let (other, full) = world.key(&admin, &project).await;
    let before = FixedClock::START - Duration::from_secs(600);
    let call = |server, key, target: &str| Call {
        target: target.into(),
        ..a_call().in_project(project.id).by(admin.id).at(before).on(server).with_key(key).build()
    };
    let calls = [call(far, other, "far_tool"), call(near, other, "near_tool"), call(near, key, "near_tool")];
    world.store.insert(&calls).await.unwrap();

    let list = async |token: &str, path: &str| {
        let answer = world.get(&format!("/api/v1/projects/demo/{path}"), token).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()["items"].as_array().unwrap().len()
    };
    for (path, of_full, of_narrow) in [
        ("calls".to_owned(), 3, 1),
        ("calls?own=true".to_owned(), 3, 1),
        ("activity?type=call".to_owned(), 3, 1),
        (format!("activity?key={other}"), 2, 0),
        (format!("activity?server={far}"), 1, 0),
        // Both servers were created, and the narrow key knows of one of them.
        ("activity?action=server".to_owned(), 2, 1),
        ("usage/top?by=server".to_owned(), 2, 1),
        ("usage/top?by=tool".to_owned(), 2, 1),
        ("usage/top?by=tool&limit=1".to_owned(), 1, 1),
    ] {
        assert_eq!(list(&full, &path).await, of_full, "{path}");
        assert_eq!(list(&narrow, &path).await, of_narrow, "{path}");
    }
    for (path, of_full, of_narrow) in [
        ("usage".to_owned(), 200, 403),
        ("usage?client=x".to_owned(), 200, 403),
        ("usage/top?by=client".to_owned(), 200, 403),
        (format!("usage?server={near}"), 200, 200),
        (format!("usage?server={far}"), 200, 404),
        (format!("usage?server={far}&target=far_tool"), 200, 404),
        (format!("usage?key={key}"), 403, 200),
        (format!("usage?key={other}"), 200, 403),
        (format!("usage?user={}", admin.id), 403, 403),
    ] {
        let status = async |token| world.get(&format!("/api/v1/projects/demo/{path}"), token).await.status;
        assert_eq!((status(&full).await, status(&narrow).await), (of_full, of_narrow), "{path}");
    }
}

#[actix_web::test]
async fn a_key_is_used_from_where_a_trusted_proxy_says() {
    let proxies = vec!["10.0.0.0/8".to_owned()];
    let world = World::with(GatewayConfig { trusted_proxies: proxies, ..GatewayConfig::default() }).await;
    let (project, admin) = world.project("demo").await;
    let (key, plain) = world.key(&admin, &project).await;
    let used_from = async |peer: &str, forwarded: &str, path: &str| {
        let sent = bearer(request("GET", path), &plain)
            .peer_addr(format!("{peer}:1").parse().unwrap())
            .insert_header(("x-forwarded-for", forwarded));
        world.send(sent).await;
        let uses = world.uses.take();
        assert_eq!(uses.len(), 1, "{path}");
        assert_eq!(uses[0].0, key);
        uses[0].1.address.map(|address| address.to_string())
    };
    for path in ["/api/v1/projects/demo", "/projects/demo/unified/mcp"] {
        let named = used_from("10.0.0.1", "203.0.113.7, 198.51.100.2", path).await;
        assert_eq!(named.as_deref(), Some("198.51.100.2"), "{path}");
        let forged = used_from("192.0.2.1", "203.0.113.7", path).await;
        assert_eq!(forged.as_deref(), Some("192.0.2.1"), "{path}: whoever is no proxy says nothing of others");
    }
}

#[actix_web::test]
async fn a_project_chooses_what_of_arguments_goes_on_record() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let choose = async |body: Value| {
        let answer = world.patch("/api/v1/projects/demo", &token, json!({ "recorded_arguments": body })).await;
        (answer.status, answer.json())
    };
    let seen = world.get("/api/v1/projects/demo", &token).await.json();
    assert_eq!(seen["recorded_arguments"], json!({ "mode": "nothing" }));
    for choice in [json!({ "mode": "digest" }), json!({ "mode": "redacted", "hidden": ["*iban*", "note"] })] {
        let (status, changed) = choose(choice.clone()).await;
        assert_eq!((status, &changed["recorded_arguments"]), (200, &choice));
    }
    let (status, refused) = choose(json!({ "mode": "redacted", "hidden": ["fine", "[", ""] })).await;
    assert_eq!(status, 422);
    let fields = refused["errors"].as_array().unwrap().iter().map(|error| error["field"].clone());
    assert_eq!(fields.collect::<Vec<_>>(), ["recorded_arguments.hidden[1]", "recorded_arguments.hidden[2]"]);
    let (status, _) = choose(json!({ "mode": "redacted", "hidden": vec!["x"; 101] })).await;
    assert_eq!(status, 422);

    let call = || a_call().in_project(project.id).by(admin.id);
    let digest = call().arguments(Arguments::Digest([0xab; 32])).build();
    let redacted = call().arguments(Arguments::Redacted(r#"{"a":1}"#.to_owned())).build();
    let calls = [digest, redacted, call().build()];
    world.store.insert(&calls).await.unwrap();
    let listed = world.get("/api/v1/projects/demo/calls", &token).await.json();
    let shown = listed["items"].as_array().unwrap().iter().rev();
    let shown: Vec<_> = shown.map(|call| (call["arguments_digest"].clone(), call["arguments"].clone())).collect();
    let digest = json!("ab".repeat(32));
    assert_eq!(shown, [(digest, Value::Null), (Value::Null, json!(r#"{"a":1}"#)), (Value::Null, Value::Null)]);
}

#[actix_web::test]
async fn the_state_of_the_instance_tells_no_secret() {
    let world = World::new().await;
    let root = world.user(|user| user.instance_admin()).await;
    let state = world.get("/api/v1/system", &world.token(&root).await).await.json();
    assert_eq!((&state["version"], &state["healthy"]), (&json!("1.2.3"), &json!(true)));
    assert_eq!(state["database"], json!({ "kind": "sqlite", "healthy": true, "latency_ms": 1.0, "error": null }));
    assert_eq!(state["encryption"]["key_ids"], json!(["0123456789abcdef"]));
    assert_eq!(state["fleet"]["servers"], json!([{ "state": "ready", "count": 2 }]));
    assert_eq!(state["journal"]["waiting_records"], 3);
}

#[actix_web::test]
async fn calls_that_do_not_reach_the_database_are_no_good_health() {
    let world = World::new().await;
    let root = world.user(|user| user.instance_admin()).await;
    let mut seen = Vec::new();
    for minutes in [5, 1] {
        // The oldest call waits since the clock's start.
        world.clock.advance(Duration::from_secs(minutes * 60));
        let state = world.get("/api/v1/system", &world.token(&root).await).await.json();
        seen.push((
            state["healthy"].clone(),
            state["journal"]["healthy"].clone(),
            state["journal"]["last_error"].clone(),
        ));
    }
    let why = "the oldest call has waited for the database for more than 5 minutes";
    let (well, ill) = ((json!(true), json!(true), Value::Null), (json!(false), json!(false), json!(why)));
    assert_eq!(seen, [well, ill]);
}
