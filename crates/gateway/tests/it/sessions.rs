//! Sessions of MCP clients, as people see and end them.

use orch_domain::role::Role;
use serde_json::{Value, json};

use crate::world::{World, bearer, request};

const UNIFIED: &str = "/projects/demo/unified/mcp";

/// What a client gets that goes on in its session.
async fn ping(world: &World, endpoint: &str, key: &str, session: &str) -> u16 {
    let sent = bearer(request("POST", endpoint), key)
        .insert_header(("accept", "application/json, text/event-stream"))
        .insert_header(("mcp-session-id", session));
    world.send(sent.set_json(json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}))).await.status
}

fn clients(page: &Value) -> Vec<(&Value, &Value)> {
    page["items"].as_array().unwrap().iter().map(|item| (&item["user_id"], &item["server_id"])).collect()
}

#[actix_web::test]
async fn an_admin_sees_all_and_a_member_the_own() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let member = world.member(&project, Role::Member).await;
    let (admins_key, admins) = world.key(&admin, &project).await;
    let (_, members) = world.key(&member, &project).await;
    let secret = world.open_session(UNIFIED, &admins).await;
    world.open_session(UNIFIED, &members).await;
    let (admin_token, member_token) = (world.token(&admin).await, world.token(&member).await);

    let all = world.get("/api/v1/projects/demo/sessions", &admin_token).await;
    assert!(!all.body.contains(&secret), "the client's own id is as good as the session");
    let all = all.json();
    let (by_admin, by_member) = (json!(admin.id.to_string()), json!(member.id.to_string()));
    let unified = json!(null);
    assert_eq!(clients(&all), [(&by_member, &unified), (&by_admin, &unified)]);
    let last = &all["items"][1];
    assert_eq!(last["key_id"], json!(admins_key.to_string()));
    assert_eq!((&last["client"], &last["revision"]), (&json!("agent 1"), &json!("2025-11-25")));
    assert_eq!((&last["in_flight"], &last["listening"]), (&json!(0), &json!(false)));

    let own = world.get("/api/v1/projects/demo/sessions", &member_token).await.json();
    assert_eq!(clients(&own), [(&by_member, &unified)]);
}

#[actix_web::test]
async fn a_server_is_reached_from_its_own_endpoint_and_the_unified_one() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    for alias in ["one", "two"] {
        world.server(&admin, &project, alias).await;
    }
    let (_, key) = world.key(&admin, &project).await;
    world.open_session(UNIFIED, &key).await;
    let token = world.token(&admin).await;
    for alias in ["one", "two"] {
        let path = format!("/api/v1/projects/demo/sessions?server={alias}");
        assert_eq!(world.get(&path, &token).await.json()["items"].as_array().unwrap().len(), 1);
    }
    let missing = world.get("/api/v1/projects/demo/sessions?server=three", &token).await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "not_found"));
}

#[actix_web::test]
async fn ending_a_session_is_recorded_and_its_client_has_to_begin_anew() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (_, key) = world.key(&admin, &project).await;
    let secret = world.open_session(UNIFIED, &key).await;
    assert_eq!(ping(&world, UNIFIED, &key, &secret).await, 200);
    let token = world.token(&admin).await;
    let listed = world.get("/api/v1/projects/demo/sessions", &token).await.json();
    let path = format!("/api/v1/projects/demo/sessions/{}", listed["items"][0]["id"].as_str().unwrap());
    let delete = || world.send(bearer(request("DELETE", &path), &token));
    assert_eq!(delete().await.status, 204);
    assert_eq!(ping(&world, UNIFIED, &key, &secret).await, 404);
    assert_eq!(world.get("/api/v1/projects/demo/sessions", &token).await.json()["items"], json!([]));
    assert_eq!(delete().await.status, 404);

    let audit = world.get("/api/v1/projects/demo/audit", &token).await.json();
    let ended: Vec<&Value> =
        audit["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "session.end").collect();
    assert_eq!(ended.len(), 1, "{audit}");
    assert_eq!((&ended[0]["target"]["kind"], &ended[0]["target"]["name"]), (&json!("session"), &json!("agent 1")));
    // The key is as good as before.
    world.open_session(UNIFIED, &key).await;
}
