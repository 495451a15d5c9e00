//! The matrix of permissions for MCP: every method of both eras, on both kinds of endpoints, for every kind of caller,
//! from the table [`orch_testkit::permissions::mcp`]. The one for REST is asked in `orch-gateway`.

use orch_testkit::permissions::Who::{
    self, Admin, Deactivated, ExpiredKey, ForeignKey, InstanceAdmin, Member, Nobody, OwnKey, ReadOnlyKey, RevokedKey,
    ScopedKey, Stranger, Viewer,
};
use orch_testkit::permissions::mcp::{Row, Told, handshake, legacy, shut_out, stateless};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Daemon, Project, scripted};
use crate::insider::{accept, log_in};
use crate::wire::{Answer, Events, Wire, answer, modern};

struct House<'a> {
    project: Project<'a>,
    tokens: Vec<(Who, String)>,
}

impl<'a> House<'a> {
    async fn new(daemon: &'a Daemon) -> Self {
        let project = daemon.project("house", json!({ "a": scripted(&[]), "b": scripted(&[]) })).await;
        let foreign = daemon.project("foreign", json!({})).await;
        let mut tokens = vec![
            (Nobody, String::new()),
            (InstanceAdmin, daemon.token.clone()),
            (ForeignKey, foreign.key.clone()),
            (OwnKey, project.key.clone()),
        ];
        for (who, role) in [
            (Stranger, None),
            (Viewer, Some("viewer")),
            (Member, Some("member")),
            (Admin, Some("admin")),
            (Deactivated, Some("admin")),
        ] {
            tokens.push((who, person(daemon, who, role).await));
        }
        let key = async |body: Value| daemon.post("/projects/house/keys", body).await;
        let text = |made: &Value, member: &str| made[member].as_str().expect(member).to_owned();
        let scoped = key(json!({ "name": "scoped", "scope": { "servers": ["b"] } })).await;
        tokens.push((ScopedKey, text(&scoped, "key")));
        let reading = key(json!({ "name": "reading", "scope": { "read_only": true } })).await;
        tokens.push((ReadOnlyKey, text(&reading, "key")));
        let expired = key(json!({ "name": "expired" })).await;
        daemon
            .post(&format!("/projects/house/keys/{}/rotate", text(&expired, "id")), json!({ "overlap_seconds": 0 }))
            .await;
        tokens.push((ExpiredKey, text(&expired, "key")));
        let revoked = key(json!({ "name": "revoked" })).await;
        daemon.send(Method::DELETE, &format!("/projects/house/keys/{}", text(&revoked, "id")), None).await;
        tokens.push((RevokedKey, text(&revoked, "key")));
        Self { project, tokens }
    }

    /// The project, used by somebody.
    fn by(&self, who: Who) -> Project<'a> {
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == who).expect("a token");
        Project { key: token.clone(), ..self.project.daemon.same(&self.project) }
    }
}

/// An access token of a new account with that role.
async fn person(daemon: &Daemon, who: Who, role: Option<&str>) -> String {
    let email = format!("{who:?}.person@example.com").to_lowercase();
    let password = "a long enough password";
    let user = daemon.post("/users", json!({ "email": email, "password": password, "name": "x" })).await;
    let id = user["id"].as_str().expect("an id");
    let token = log_in(daemon, &json!({ "email": email, "password": password })).await;
    if let Some(role) = role {
        let invited = daemon.post("/projects/house/invitations", json!({ "email": email, "role": role })).await;
        accept(daemon, &token, &invited).await;
    }
    if who == Deactivated {
        daemon.send(Method::PATCH, &format!("/users/{id}"), Some(json!({ "active": false }))).await;
    }
    token
}

/// The params of a row as the unified endpoint wants them.
fn prefixed(params: &Value) -> Value {
    let mut params = params.clone();
    for pointer in ["/name", "/ref/name"] {
        if let Some(Value::String(name)) = params.pointer_mut(pointer) {
            *name = format!("a__{name}");
        }
    }
    if let Some(Value::String(uri)) = params.pointer_mut("/uri") {
        *uri = format!("a+{uri}");
    }
    params
}

fn body(row: &Row, endpoint: &str) -> Value {
    let params = if endpoint.starts_with("unified") { prefixed(&row.params) } else { row.params.clone() };
    let mut body = json!({ "jsonrpc": "2.0", "method": row.method, "params": params });
    if !row.is_notification() {
        body["id"] = json!(1);
    }
    body
}

/// Whether the endpoint is there for somebody whom the project lets in, and the status if it is not.
fn turned_away(who: Who, endpoint: &str) -> Option<u16> {
    let hidden = who == ScopedKey && endpoint.starts_with("servers/a");
    shut_out(who).or(hidden.then_some(404))
}

/// Nothing, or what is wrong with the answer.
fn judge(row: &Row, who: Who, endpoint: &str, said: &Answer) -> Option<String> {
    let wrong = match turned_away(who, endpoint) {
        Some(status) => said.status != status,
        None => match row.expected(who) {
            Told::Done => said.json()["result"].is_null(),
            Told::Error(code) => said.json()["error"]["code"] != code,
            Told::Taken => said.status != 202 || !said.body.is_empty(),
            Told::Stream => true,
        },
    };
    let text = String::from_utf8_lossy(&said.body).into_owned();
    wrong.then(|| format!("{} on {endpoint} by {who:?}: {} {text}", row.method, said.status))
}

const ENDPOINTS: [&str; 2] = ["servers/a/mcp", "unified/mcp"];

#[tokio::test]
async fn every_method_answers_everybody_as_the_table_says() {
    let daemon = Daemon::start().await;
    let house = House::new(&daemon).await;
    // The lists are known from now on.
    house.by(OwnKey).client("unified/mcp").await.list_all_tools().await.expect("tools");
    let mut wrong = Vec::new();
    for who in Who::ALL {
        let project = house.by(who);
        for endpoint in ENDPOINTS {
            let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": handshake().params });
            let opened = Wire::without_session(&project, endpoint).post(hello.to_string()).await;
            wrong.extend(judge(&handshake(), who, endpoint, &opened));
            let session = opened.headers.get("mcp-session-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            for row in legacy() {
                let mut wire = Wire::without_session(&project, endpoint);
                wire.session = session.clone().unwrap_or_default();
                let said = wire.post(body(&row, endpoint).to_string()).await;
                wrong.extend(judge(&row, who, endpoint, &said));
            }
            for row in stateless() {
                let can = json!({ "extensions": { "io.modelcontextprotocol/tasks": {} } });
                let asked = modern(&project, endpoint, body(&row, endpoint), &can);
                if row.expected(who) == Told::Stream && turned_away(who, endpoint).is_none() {
                    let first = Events::open(asked).await.message().await;
                    assert_eq!(first["method"], "notifications/subscriptions/acknowledged", "{who:?}: {first}");
                    continue;
                }
                let said = answer(asked).await;
                wrong.extend(judge(&row, who, endpoint, &said));
            }
            // The stream of a session and its end are for the same people.
            for method in [Method::GET, Method::DELETE] {
                let mut wire = Wire::without_session(&project, endpoint);
                wire.session = session.clone().unwrap_or_else(|| "nothing".to_owned());
                let said = wire.request(method.clone()).send().await.expect("an answer").status().as_u16();
                let right = match turned_away(who, endpoint) {
                    Some(status) => said == status,
                    None => (200..300).contains(&said),
                };
                if !right {
                    wrong.push(format!("{method} of a session on {endpoint} by {who:?}: {said}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn who_may_not_know_of_an_endpoint_cannot_tell_it_from_none() {
    let daemon = Daemon::start().await;
    let house = House::new(&daemon).await;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    for who in [Stranger, ForeignKey, ScopedKey] {
        let project = house.by(who);
        let nowhere = Project { slug: "nowhere".to_owned(), ..daemon.same(&project) };
        let ask = async |project: &Project<'_>, endpoint: &str| {
            let said = answer(modern(project, endpoint, list.clone(), &json!({}))).await;
            (said.status, said.body)
        };
        let hidden = ask(&project, "servers/a/mcp").await;
        assert_eq!(hidden.0, 404, "{who:?}");
        let missing = ask(&project, "servers/nothing/mcp").await;
        assert_eq!(hidden, missing, "{who:?}");
        assert_eq!(hidden, ask(&nowhere, "servers/a/mcp").await, "{who:?}");
    }
}
