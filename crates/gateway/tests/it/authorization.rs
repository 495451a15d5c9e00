//! The matrix of permissions: every operation of the OpenAPI document for every kind of caller, from one table. An
//! operation without a row fails, and so does a row without an operation.
//!
//! The table is [`orch_testkit::permissions::rest`]. A new `{placeholder}` in a path gets one line in [`fill`].
//!
//! A caller that gets 404 on something of the project gets byte for byte what it gets for a project that is not there.

use std::time::Duration;

use orch_control::invitations::Place;
use orch_control::keys::ScopeDraft;
use orch_domain::id::{ApprovalId, KeyId, SessionId, UserId};
use orch_domain::role::Role;
use orch_testkit::permissions::Who::{
    self, Admin, Deactivated, ExpiredKey, ForeignKey, InstanceAdmin, Member, Nobody, OwnKey, ReadOnlyKey, RevokedKey,
    ScopedKey, Stranger, Viewer,
};
use orch_testkit::permissions::rest::{KEY, rows};
use serde_json::{Value, json};

use crate::openapi::{Document, Operation};
use crate::world::{Answer, World, bearer, login, request};

/// What stands for a placeholder of a path.
fn fill(house: &House, placeholder: &str, path: &str) -> String {
    match placeholder {
        "project" => "demo".to_owned(),
        "server" => "echo".to_owned(),
        "user" if path.contains("/members/") => house.target_member.to_string(),
        "user" => house.target.to_string(),
        "key" => house.key.to_string(),
        "team" => "core".to_owned(),
        "invitation" if path.contains("/teams/") => house.team_invitation.clone(),
        "invitation" => house.invitation.clone(),
        "login" => uuid::Uuid::nil().to_string(),
        "approval" => house.approval.to_string(),
        "session" => house.session.to_string(),
        "name" => "echo".to_owned(),
        "call" | "star" => uuid::Uuid::nil().to_string(),
        other => panic!("{{{other}}} in {path} needs a line in `fill`"),
    }
}

/// A world with a project and what the operations are aimed at.
struct House {
    world: World,
    target: UserId,
    target_member: UserId,
    key: KeyId,
    plain: String,
    approval: ApprovalId,
    session: SessionId,
    invitation: String,
    team_invitation: String,
    tokens: Vec<(Who, Option<String>)>,
}

impl House {
    async fn new(callers: &[Who]) -> Self {
        let world = World::new().await;
        let (project, admin) = world.project("demo").await;
        let (other, other_admin) = world.project("other").await;
        world.member(&project, Role::Admin).await;
        let target = world.user(|user| user.email("target@example.com")).await.id;
        let target_member = world.member(&project, Role::Viewer).await;
        world.team("core", &admin, &[&target_member]).await;
        let target_member = target_member.id;
        let grants = login(world.user(|user| user.instance_admin()).await.id);
        world.control.members.put_team(&grants, "demo", "core", Role::Viewer).await.unwrap();
        let invitation = world.invitation(&admin, Place::Project("demo")).await;
        let team_invitation = world.invitation(&admin, Place::Team("core")).await;
        world.server(&admin, &project, "echo").await;
        world.server(&admin, &project, "elsewhere").await;
        let (key, own) = world.key(&admin, &project).await;
        let approval = world.desk.put(&project, admin.id);
        world.open_session("/projects/demo/unified/mcp", &own).await;
        let [opened] = &world.control.sessions.list(&login(admin.id), "demo", None).await.unwrap()[..] else {
            panic!("one session was opened")
        };
        let session = opened.id;
        let mut tokens = Vec::new();
        for who in callers {
            let token = match who {
                Nobody => None,
                Stranger => Some(world.token(&world.user(|user| user).await).await),
                Viewer => Some(world.token(&world.member(&project, Role::Viewer).await).await),
                Member => Some(world.token(&world.member(&project, Role::Member).await).await),
                Admin => Some(world.token(&admin).await),
                InstanceAdmin => Some(world.token(&world.user(|user| user.instance_admin()).await).await),
                ForeignKey => Some(world.key(&other_admin, &other).await.1),
                OwnKey => Some(own.clone()),
                ScopedKey => {
                    let servers = Some(vec!["elsewhere".to_owned()]);
                    let scope = ScopeDraft { servers, ..ScopeDraft::default() };
                    Some(world.key_with(&admin, &project, scope).await.1)
                }
                ReadOnlyKey => {
                    let scope = ScopeDraft { read_only: true, ..ScopeDraft::default() };
                    Some(world.key_with(&admin, &project, scope).await.1)
                }
                ExpiredKey => {
                    let (id, plain) = world.key(&admin, &project).await;
                    let overlap = Some(Duration::ZERO);
                    world.control.keys.rotate(&login(admin.id), "demo", &id.to_string(), overlap).await.unwrap();
                    Some(plain)
                }
                RevokedKey => {
                    let (id, plain) = world.key(&admin, &project).await;
                    world.control.keys.revoke(&login(admin.id), "demo", &id.to_string(), None).await.unwrap();
                    Some(plain)
                }
                Deactivated => {
                    let gone = world.member(&project, Role::Admin).await;
                    let token = world.token(&gone).await;
                    let root = world.user(|user| user.instance_admin()).await;
                    world.control.users.deactivate(&login(root.id), gone.email.as_str()).await.unwrap();
                    Some(token)
                }
            };
            tokens.push((*who, token));
        }
        world.catch_up().await;
        Self { world, target, target_member, key, plain: own, approval, session, invitation, team_invitation, tokens }
    }

    async fn ask(&self, who: Who, body: Option<&Value>, method: &str, path: &str) -> Answer {
        let mut sent = request(method, path);
        let (_, token) = self.tokens.iter().find(|(known, _)| *known == who).unwrap();
        if let Some(token) = token {
            sent = bearer(sent, token);
        }
        if let Some(body) = body {
            let mut body = body.clone();
            if body["key"] == KEY {
                body["key"] = json!(self.plain);
            }
            sent = sent.set_json(body);
        }
        self.world.send(sent).await
    }

    /// The path with its placeholders filled in, in `project`.
    fn path(&self, template: &str, project: Option<&str>) -> String {
        let mut path = String::new();
        for part in template.split('/').skip(1) {
            path.push('/');
            match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                Some("project") if project.is_some() => path.push_str(project.unwrap_or_default()),
                Some(placeholder) => path.push_str(&fill(self, placeholder, template)),
                None => path.push_str(part),
            }
        }
        path
    }
}

#[test]
fn has_a_row_for_every_operation() {
    let mut documented: Vec<_> = Document::read().operations.into_iter().map(|operation| operation.id).collect();
    documented.sort_unstable();
    let mut in_table: Vec<_> = rows().into_iter().map(|row| row.operation.to_owned()).collect();
    in_table.sort_unstable();
    let missing: Vec<_> = documented.iter().filter(|id| !in_table.contains(id)).collect();
    assert!(missing.is_empty(), "operations without a row in `rows`: {missing:?}");
    assert_eq!(documented, in_table);
}

#[actix_web::test]
async fn decides_as_the_table_says() {
    let document = Document::read();
    let mut wrong = Vec::new();
    // What is refused, or only looks, changes nothing: all of that is asked in one world.
    let shared = House::new(&Who::ALL).await;
    for row in rows() {
        let Operation { method, path: template, .. } = document.operation(row.operation);
        for who in Who::ALL {
            let expected = row.expected(who);
            let changes = expected == 200 && method != "GET";
            let own = if changes { Some(House::new(&[who]).await) } else { None };
            let house = own.as_ref().unwrap_or(&shared);
            let answer = house.ask(who, row.body.as_ref(), method, &house.path(template, None)).await;
            wrong.extend(document.differs(row.operation, &answer));
            let same = if expected == 200 { (200..300).contains(&answer.status) } else { answer.status == expected };
            if !same {
                wrong.push(format!("{} by {who:?}: {}, not {expected}: {}", row.operation, answer.status, answer.body));
            }
            if expected == 404 && matches!(who, Stranger | ForeignKey) && template.contains("{project}") {
                let missing = house.ask(who, row.body.as_ref(), method, &house.path(template, Some("nothing"))).await;
                if answer.without_request_id() != missing.without_request_id() {
                    wrong.push(format!("{} tells {who:?} denied and missing apart", row.operation));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every example of a request is one that its handler takes: it may find that there is no such thing, and never that the
/// request is wrong.
#[actix_web::test]
async fn takes_every_example_of_a_request() {
    let document = Document::read();
    let mut wrong = Vec::new();
    for row in rows() {
        let operation = document.operation(row.operation);
        for example in document.requests(operation) {
            let who = [Admin, InstanceAdmin].into_iter().find(|who| row.expected(*who) == 200).unwrap_or(Admin);
            let house = House::new(&[Admin, who]).await;
            // Members bring values of their own along for the server.
            let settings = document.requests(document.operation("update_server"));
            let settings = settings.iter().find(|settings| settings["run"]["personal_env"].is_object());
            let server = house.path("/api/v1/projects/{project}/servers/{server}", None);
            let changed = house.ask(Admin, settings, "PATCH", &server).await;
            assert_eq!(changed.status, 200, "{}", changed.body);
            let answer = house.ask(who, Some(&example), &operation.method, &house.path(&operation.path, None)).await;
            if [400, 413, 415, 422].contains(&answer.status) {
                wrong.push(format!("{} does not take {example}: {}", row.operation, answer.body));
            }
            wrong.extend(document.differs(row.operation, &answer));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
