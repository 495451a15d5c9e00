//! The stream of events: who is told what, and when it ends.

use std::time::Duration;

use orch_domain::audit::AuditRecord;
use orch_domain::event::{CallsOf, Event, Fact};
use orch_domain::id::{AuditId, ProjectId, ServerId, UserId};
use orch_domain::port::event_sink::EventSink;
use orch_domain::role::Role;
use orch_testkit::fakes::FixedClock;
use serde_json::{Value, json};

use crate::wire::Response;
use crate::world::{World, bearer, login, request};

/// An open stream and what came on it so far.
pub(crate) struct Stream {
    response: Response,
    text: String,
}

/// What came: an event with its id, or the end.
#[derive(Debug, PartialEq)]
pub(crate) struct Got {
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}

impl Stream {
    async fn open(world: &World, token: &str, query: &str, last: Option<&str>) -> Self {
        Self::open_at(world, token, &format!("/api/v1/events{query}"), last).await
    }

    pub(crate) async fn open_at(world: &World, token: &str, path: &str, last: Option<&str>) -> Self {
        let mut sent = bearer(request("GET", path), token);
        if let Some(last) = last {
            sent = sent.insert_header(("last-event-id", last));
        }
        let response = world.open(sent).await;
        assert_eq!(response.status, 200);
        Self { response, text: String::new() }
    }

    /// None at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Got> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let (frame, rest) = (frame.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let Some(data) = field("data: ") {
                    return Some(Got { id: field("id: "), data: serde_json::from_str(&data).unwrap() });
                }
                continue;
            }
            let chunk = tokio::time::timeout(Duration::from_secs(10), self.response.next()).await.unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn next_type(&mut self) -> String {
        self.next().await.unwrap().data["type"].as_str().unwrap().to_owned()
    }
}

fn calls(project: ProjectId, calls: u32) -> Event {
    calls_of(project, &[CallsOf { server: ServerId::new(), calls, failed: 0 }])
}

fn calls_of(project: ProjectId, servers: &[CallsOf]) -> Event {
    let sum = |count: fn(&CallsOf) -> u32| servers.iter().map(count).sum();
    let fact = Fact::Calls { calls: sum(|one| one.calls), failed: sum(|one| one.failed), servers: servers.to_vec() };
    Event { at: FixedClock::START, project: Some(project), concerns: None, fact }
}

fn invitation(project: ProjectId, email: &str, actor: UserId) -> Event {
    let target = ("invitation", "1", email);
    changed_target(Some(project), "invitation.create", actor, target)
}

fn changed(project: Option<ProjectId>, action: &str, actor: UserId) -> Event {
    changed_target(project, action, actor, ("key", "1", "agent"))
}

fn changed_target(
    project: Option<ProjectId>,
    action: &str,
    actor: UserId,
    (kind, id, name): (&str, &str, &str),
) -> Event {
    Event::of_entry(&AuditRecord {
        id: AuditId::new(),
        at: FixedClock::START,
        project_id: project,
        user_id: Some(actor),
        user_email: None,
        key_id: None,
        via: "login".into(),
        action: action.into(),
        target_kind: kind.into(),
        target_id: id.into(),
        target_name: name.into(),
        detail: "secret detail".into(),
        facts: vec![("user".into(), "secret fact".into())],
    })
}

#[actix_web::test]
async fn tells_each_only_what_is_his_to_see() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let (other, _) = world.project("other").await;
    let viewer = world.member(&project, Role::Viewer).await;
    let root = world.user(|user| user.instance_admin()).await;
    let mut of_viewer = Stream::open(&world, &world.token(&viewer).await, "", None).await;
    let mut of_admin = Stream::open(&world, &world.token(&admin).await, "?project=demo", None).await;
    let mut of_root = Stream::open(&world, &world.token(&root).await, "", None).await;
    for stream in [&mut of_viewer, &mut of_admin, &mut of_root] {
        assert_eq!(stream.next_type().await, "hello");
    }
    world.events.emit(calls(other.id, 1));
    world.events.emit(changed(None, "user.create", root.id));
    world.events.emit(changed(Some(project.id), "key.create", admin.id));
    world.events.emit(changed(Some(project.id), "key.create", viewer.id));
    world.events.emit(calls(project.id, 2));

    let got = of_viewer.next().await.unwrap().data;
    assert_eq!((&got["type"], &got["actor_id"]), (&"change".into(), &viewer.id.to_string().into()), "only his own key");
    assert!(!got.to_string().contains("detail"));
    assert_eq!(of_viewer.next().await.unwrap().data["calls"], 2);
    for _ in 0..2 {
        assert_eq!(of_admin.next().await.unwrap().data["noun"], "key");
    }
    assert_eq!(of_admin.next().await.unwrap().data["calls"], 2);
    let mut types = Vec::new();
    for _ in 0..5 {
        types.push(of_root.next_type().await);
    }
    assert_eq!(types, ["calls", "change", "change", "change", "calls"]);
}

#[actix_web::test]
async fn tells_who_is_invited_that_there_is_something_and_not_what() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let squatter = world.user(|user| user.email("bob@example.com").unproven()).await;
    let mut of_ada = Stream::open(&world, &world.token(&ada).await, "", None).await;
    let mut of_squatter = Stream::open(&world, &world.token(&squatter).await, "", None).await;
    let mut of_admin = Stream::open(&world, &world.token(&admin).await, "", None).await;
    for stream in [&mut of_ada, &mut of_squatter, &mut of_admin] {
        assert_eq!(stream.next_type().await, "hello");
    }
    for email in ["ada@example.com", "bob@example.com"] {
        world.events.emit(invitation(project.id, email, admin.id));
    }
    for user in [&ada, &squatter] {
        world.events.emit(changed(None, "user.update", user.id));
    }
    let got = of_ada.next().await.unwrap();
    assert_eq!((got.id, got.data), (None, json!({"type": "access"})));
    assert_eq!(of_ada.next_type().await, "change", "once, and not of others");
    assert_eq!(of_squatter.next_type().await, "change", "the address may be somebody else's");
    assert_eq!(of_admin.next().await.unwrap().data["action"], "invitation.create");
}

#[actix_web::test]
async fn counts_no_calls_of_servers_that_are_hidden() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    for alias in ["open", "closed"] {
        world.server(&admin, &project, alias).await;
    }
    let id = async |alias: &str| world.control.servers.get(&login(admin.id), "demo", alias).await.unwrap().server.id;
    let (open, closed) = (id("open").await, id("closed").await);
    let hide = json!({"rules": [{"subject": {"type": "role", "role": "member"}, "object": {"server": "closed"}, "effect": "deny"}]});
    let admin_token = world.token(&admin).await;
    let put = bearer(request("PUT", "/api/v1/projects/demo/policy"), &admin_token).set_json(hide);
    let put = world.send(put).await;
    assert_eq!(put.status, 200, "{put:?}");
    world.catch_up().await;
    let member = world.member(&project, Role::Member).await;
    let mut of_member = Stream::open(&world, &world.token(&member).await, "", None).await;
    let mut of_admin = Stream::open(&world, &admin_token, "", None).await;
    for stream in [&mut of_member, &mut of_admin] {
        assert_eq!(stream.next_type().await, "hello");
    }
    let (one, two) = (CallsOf { server: open, calls: 2, failed: 1 }, CallsOf { server: closed, calls: 5, failed: 3 });
    world.events.emit(calls_of(project.id, &[two]));
    world.events.emit(calls_of(project.id, &[one, two]));
    let got = of_member.next().await.unwrap().data;
    assert_eq!((&got["calls"], &got["failed"]), (&2.into(), &1.into()), "nothing of what is hidden");
    assert_eq!(got["server_ids"], json!([open.to_string()]));
    assert_eq!(of_admin.next().await.unwrap().data["calls"], 5);
    assert_eq!(of_admin.next().await.unwrap().data["calls"], 7);
}

#[actix_web::test]
async fn resumes_and_says_when_something_was_missed() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let mut stream = Stream::open(&world, &token, "", None).await;
    let hello = stream.next().await.unwrap();
    drop(stream);
    world.events.emit(calls(project.id, 1));
    let id = hello.id.unwrap();
    let mut resumed = Stream::open(&world, &token, "", Some(&id)).await;
    let hello = resumed.next().await.unwrap();
    assert_eq!((hello.data["type"].as_str(), hello.id), (Some("hello"), None), "no place beyond what is to come");
    assert_eq!(resumed.next().await.unwrap().data["calls"], 1);
    for unknown in ["nonsense", "00000000000000000000000000000000-1"] {
        let mut lost = Stream::open(&world, &token, &format!("?last_event_id={unknown}"), None).await;
        assert_eq!(lost.next_type().await, "hello");
        assert_eq!(lost.next_type().await, "reset");
    }
}

#[actix_web::test]
async fn a_right_that_is_lost_is_lost_at_once() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let member = world.member(&project, Role::Member).await;
    let token = world.token(&member).await;
    let mut everything = Stream::open(&world, &token, "", None).await;
    let mut of_project = Stream::open(&world, &token, "?project=demo", None).await;
    assert_eq!(everything.next_type().await, "hello");
    assert_eq!(of_project.next_type().await, "hello");
    world.control.members.remove(&login(admin.id), "demo", member.email.as_str(), None).await.unwrap();
    world.catch_up().await;
    world.events.emit(calls(project.id, 1));
    assert_eq!(everything.next_type().await, "access");
    assert_eq!(of_project.next_type().await, "access");
    assert_eq!(of_project.next().await, None, "what it showed is out of sight");
    // Nothing of the project comes any more; what comes next is of the account.
    world.events.emit(changed(None, "user.change_password", member.id));
    assert_eq!(everything.next().await.unwrap().data["action"], "user.change_password");
}

#[actix_web::test]
async fn ends_with_the_login() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let mut stream = Stream::open(&world, &token, "", None).await;
    assert_eq!(stream.next_type().await, "hello");
    let answer = world.send(bearer(request("POST", "/api/v1/auth/logout"), &token)).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(stream.next().await, None);
}

#[actix_web::test]
async fn an_account_has_so_many_streams_and_no_more() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    let mut open = Vec::new();
    for _ in 0..32 {
        open.push(Stream::open(&world, &token, "", None).await);
    }
    let refused = world.get("/api/v1/events", &token).await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    open.pop();
    assert_eq!(world.get("/api/v1/events", &token).await.status, 200);
}
