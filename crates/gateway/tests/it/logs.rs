//! Logs of servers over REST.

use std::time::{Duration, Instant};

use orch_domain::role::Role;

use crate::events::Stream;
use crate::world::{World, bearer, login, request};

const LOGS: &str = "/api/v1/projects/demo/servers/echo/logs";

async fn world() -> (World, String) {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    world.server(&admin, &project, "echo").await;
    let token = world.token(&admin).await;
    (world, token)
}

#[actix_web::test]
async fn gives_the_lines_that_are_asked_for() {
    let (world, token) = world().await;
    for (query, expected) in [
        ("", vec![1, 2, 3]),
        ("?tail=2", vec![2, 3]),
        ("?after=1&tail=1", vec![2]),
        ("?before=3", vec![1, 2]),
        ("?search=LINE%202", vec![2]),
        ("?source=daemon", vec![]),
    ] {
        let answer = world.get(&format!("{LOGS}{query}"), &token).await;
        let seqs: Vec<_> = answer.json()["items"].as_array().unwrap().iter().map(|item| item["seq"].clone()).collect();
        assert_eq!(seqs, expected, "{query}");
    }
    assert_eq!(world.get(&format!("{LOGS}?source=stdout"), &token).await.status, 422);
}

#[actix_web::test]
async fn streams_lines_as_events_from_where_the_reader_was() {
    let (world, token) = world().await;
    let answer = world.get(&format!("{LOGS}/stream?after=1"), &token).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/event-stream")));
    let events: Vec<_> = answer.body.split("\n\n").filter(|event| !event.is_empty()).collect();
    assert_eq!(events.len(), 2, "{events:?}");
    assert!(events[0].starts_with("id: 2\nevent: line\ndata: {\"seq\":2,"), "{events:?}");
    let again = bearer(request("GET", &format!("{LOGS}/stream?after=0")), &token).insert_header(("last-event-id", "2"));
    let answer = world.send(again).await;
    assert!(answer.body.starts_with("id: 3\n"), "{}", answer.body);
}

/// A silent log ends as soon as one on which something happens.
#[actix_web::test]
async fn a_stream_ends_with_the_login_and_with_the_right_to_read() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    world.server(&admin, &project, "echo").await;
    let [leaves, lowered] = [world.member(&project, Role::Admin).await, world.member(&project, Role::Admin).await];
    let mut streams = Vec::new();
    let mut tokens = Vec::new();
    for who in [&leaves, &lowered, &admin] {
        let token = world.token(who).await;
        let mut stream = Stream::open_at(&world, &token, &format!("{LOGS}/stream?after=2"), None).await;
        assert_eq!(stream.next().await.unwrap().data["seq"], 3);
        streams.push(stream);
        tokens.push(token);
    }
    let since = Instant::now();
    let answer = world.send(bearer(request("POST", "/api/v1/auth/logout"), &tokens[0])).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(streams[0].next().await, None);
    world.control.members.update(&login(admin.id), "demo", lowered.email.as_str(), Role::Member, None).await.unwrap();
    world.catch_up().await;
    assert_eq!(streams[1].next().await, None);
    // Long before a comment would be sent; nobody else is cut off.
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    let still = tokio::time::timeout(Duration::from_millis(1), streams[2].next()).await;
    assert!(still.is_err(), "{still:?}");
}

#[actix_web::test]
async fn gives_the_whole_as_text() {
    let (world, token) = world().await;
    let answer = world.get(&format!("{LOGS}/download"), &token).await;
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"echo.log\""));
    let lines: Vec<_> = answer.body.lines().collect();
    assert_eq!(lines.len(), 3);
    assert!(lines[1].ends_with(" stderr   Line 2"), "{lines:?}");
}
