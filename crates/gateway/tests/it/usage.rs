//! Usage, activity and the state of the instance: who sees how much of it, and what it looks like.

use std::time::Duration;

use orch_domain::call::{Call, Outcome};
use orch_domain::id::{ServerId, UserId};
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::call_log::CallRepo;
use orch_domain::project::Project;
use orch_domain::role::Role;
use orch_testkit::builders::{a_call, an_audit_entry};
use orch_testkit::fakes::FixedClock;
use serde_json::json;

use crate::world::World;

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
        ("usage?from=yesterday".to_owned(), 400, ""),
        (format!("usage/top?by=user&server={id}"), 422, "server"),
        ("usage/top?by=tool&limit=0".to_owned(), 422, "limit"),
        ("usage/top?by=day".to_owned(), 400, ""),
        ("activity?outcome=strange".to_owned(), 422, "outcome"),
        ("activity?kind=strange".to_owned(), 422, "kind"),
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
    for action in ["server.update", "key.create"] {
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
