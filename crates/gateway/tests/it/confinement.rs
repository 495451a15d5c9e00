//! Limits and sandbox of servers over REST.

use serde_json::json;

use crate::world::World;

const SERVERS: &str = "/api/v1/projects/demo/servers";

async fn world() -> (World, String) {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    (world, token)
}

#[actix_web::test]
async fn are_set_shown_and_left_to_the_instance_again() {
    let (world, token) = world().await;
    let created = world
        .post(
            SERVERS,
            &token,
            json!({
                "alias": "files",
                "transport": {"type": "stdio", "command": "x"},
                "limits": {"memory_mib": 256, "processes": 9},
                "sandbox": {"mode": "on", "write_paths": ["/srv/files"], "network": "none"},
            }),
        )
        .await;
    assert_eq!(created.status, 201, "{created:?}");
    let view = created.json();
    assert_eq!(view["limits"]["memory_mib"], 256);
    assert_eq!(view["limits"]["cpu_seconds"], json!(null));
    assert_eq!(view["effective_limits"]["processes"], 9);
    let sandbox =
        json!({"mode": "on", "read_paths": [], "write_paths": ["/srv/files"], "network": "none", "ports": []});
    assert_eq!(view["sandbox"], sandbox);

    let server = format!("{SERVERS}/files");
    let patch = json!({"limits": {"memory_mib": null}, "sandbox": {"network": "ports", "ports": [443]}});
    let changed = world.patch(&server, &token, patch).await;
    let view = changed.json();
    assert_eq!((view["limits"]["memory_mib"].clone(), view["limits"]["processes"].clone()), (json!(null), json!(9)));
    assert_eq!(view["effective_limits"]["memory_mib"], 8192, "the instance's maximum");
    assert_eq!((view["sandbox"]["mode"].clone(), view["sandbox"]["ports"].clone()), (json!("on"), json!([443])));
}

#[actix_web::test]
async fn are_refused_with_the_field_and_what_to_write() {
    let (world, token) = world().await;
    let refused = async |field: &str, more: serde_json::Value| {
        let mut body = json!({"alias": "files", "transport": {"type": "stdio", "command": "x"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = world.post(SERVERS, &token, body).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], field);
        answer.body
    };
    let body = refused("limits.memory_mib", json!({"limits": {"memory_mib": 8193}})).await;
    assert!(body.contains("8192"), "{body}");
    refused("limits.processes", json!({"limits": {"processes": 0}})).await;
    refused("sandbox.read_paths[0]", json!({"sandbox": {"read_paths": ["relative"]}})).await;
    refused("sandbox.ports", json!({"sandbox": {"network": "full", "ports": [1]}})).await;
    refused("sandbox.ports", json!({"sandbox": {"network": "ports"}})).await;
    let remote = json!({"transport": {"type": "sse", "url": "https://a.example/sse"}, "sandbox": {"mode": "on"}});
    refused("sandbox.mode", remote).await;
}
