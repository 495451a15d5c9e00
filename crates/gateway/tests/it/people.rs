//! Teams, invitations and own accounts over REST: the shapes, and what is told to whom.

use orch_domain::role::Role;
use serde_json::{Value, json};

use crate::world::{Answer, PASSWORD, World, bearer, login, request};

async fn send(world: &World, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
    let mut sent = request(method, &format!("/api/v1{path}"));
    if let Some(token) = token {
        sent = bearer(sent, token);
    }
    if let Some(body) = body {
        sent = sent.set_json(body);
    }
    let answer = world.send(sent).await;
    world.catch_up().await;
    answer
}

/// The token in the link of an answer.
fn token_of(answer: &Answer) -> String {
    let link = answer.json()["link"].as_str().unwrap_or_else(|| panic!("no link in {answer:?}")).to_owned();
    link.split_once('#').unwrap().1.to_owned()
}

#[actix_web::test]
async fn an_invitation_goes_from_link_to_account_to_login() {
    let world = World::new().await;
    let root = world.token(&world.user(|user| user.instance_admin()).await).await;
    let body = json!({"email": "ada@example.com"});
    let issued = send(&world, "POST", "/invitations", Some(&root), Some(body)).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    assert_eq!(issued.json()["invitation"]["to"], json!({"kind": "instance", "instance_admin": false}));
    assert_eq!(issued.json()["invitation"]["mail"], json!({"state": "not_sent"}));
    let token = token_of(&issued);
    let seen = send(&world, "POST", "/invitations/lookup", None, Some(json!({"token": token}))).await;
    assert_eq!((seen.status, seen.json()["state"].as_str()), (200, Some("pending")), "{seen:?}");
    let account = json!({"token": token, "name": "Ada", "password": PASSWORD});
    let accepted = send(&world, "POST", "/invitations/redeem", None, Some(account.clone())).await;
    assert_eq!((accepted.status, accepted.json()["email"].as_str()), (200, Some("ada@example.com")), "{accepted:?}");
    let again = send(&world, "POST", "/invitations/redeem", None, Some(account)).await;
    assert_eq!((again.status, again.code().as_str()), (410, "gone"), "{again:?}");
    let body = json!({"email": "ada@example.com", "password": PASSWORD});
    let session = send(&world, "POST", "/auth/login", None, Some(body)).await;
    assert_eq!(session.status, 200, "{session:?}");
    let ada = session.json()["access_token"].as_str().unwrap().to_owned();
    let profile = send(&world, "GET", "/me", Some(&ada), None).await.json();
    assert_eq!((&profile["name"], &profile["language"]), (&json!("Ada"), &json!(null)));
}

#[actix_web::test]
async fn members_show_people_teams_and_what_comes_of_both() {
    let world = World::new().await;
    let (project, admin) = world.project("demo").await;
    let viewer = world.member(&project, Role::Viewer).await;
    world.team("core", &viewer, &[]).await;
    let root = world.token(&world.user(|user| user.instance_admin()).await).await;
    let put = send(&world, "PUT", "/projects/demo/teams/core", Some(&root), Some(json!({"role": "member"}))).await;
    assert_eq!((put.status, &put.json()["member_count"]), (200, &json!(1)), "{put:?}");
    let token = world.token(&admin).await;
    let members = send(&world, "GET", "/projects/demo/members", Some(&token), None).await.json();
    let found = members["items"].as_array().unwrap().iter().find(|item| item["user_id"] == viewer.id.to_string());
    let found = found.expect("the viewer");
    assert_eq!((&found["role"], &found["direct_role"]), (&json!("member"), &json!("viewer")), "{found}");
    assert_eq!(found["teams"][0]["slug"], "core");
    let seen = send(&world, "GET", "/projects/demo", Some(&token), None).await.json();
    assert_eq!(seen["counts"], json!({"members": 2, "teams": 1, "servers": 0, "keys": 0}));

    let own = admin.id.to_string();
    let last = send(&world, "DELETE", &format!("/projects/demo/members/{own}"), Some(&token), None).await;
    assert_eq!((last.status, last.code().as_str()), (409, "last_admin"), "{last:?}");
    let off = send(&world, "PATCH", &format!("/users/{own}"), Some(&root), Some(json!({"active": false}))).await;
    assert_eq!((off.status, off.code().as_str()), (409, "last_admin"));
    assert!(off.json()["detail"].as_str().unwrap().contains("project demo"), "{off:?}");
}

#[actix_web::test]
async fn nobody_is_told_who_has_an_account() {
    let world = World::new().await;
    let (_, admin) = world.project("demo").await;
    let token = world.token(&admin).await;
    world.user(|user| user.email("known@example.com")).await;
    let mut answers = Vec::new();
    for email in ["known@example.com", "unknown@example.com"] {
        let body = json!({"email": email, "role": "viewer"});
        let issued = send(&world, "POST", "/projects/demo/invitations", Some(&token), Some(body)).await;
        let account = json!({"token": token_of(&issued), "password": PASSWORD});
        let redeemed = send(&world, "POST", "/invitations/redeem", None, Some(account)).await;
        let body = json!({"email": email, "password": "wrong, but long"});
        let login = send(&world, "POST", "/auth/login", None, Some(body)).await;
        let asked = send(&world, "POST", "/auth/forgot-password", None, Some(json!({"email": email}))).await;
        let put = json!({"role": "viewer"});
        let added = send(&world, "PATCH", &format!("/projects/demo/members/{email}"), Some(&token), Some(put)).await;
        answers.push((issued.status, [redeemed, login, asked, added].map(Answer::without_request_id)));
    }
    assert_eq!(answers[0].0, 201);
    assert_eq!(answers[0], answers[1]);
}

#[actix_web::test]
async fn a_link_gives_another_password_once() {
    let world = World::new().await;
    let ada = world.user(|user| user.email("ada@example.com")).await;
    let root = world.token(&world.user(|user| user.instance_admin()).await).await;
    let before = world.token(&ada).await;
    let issued = send(&world, "POST", "/users/ada@example.com/reset-link", Some(&root), None).await;
    assert_eq!(issued.status, 201, "{issued:?}");
    let body = json!({"token": token_of(&issued), "password": "quite another one"});
    let done = send(&world, "POST", "/auth/reset-password", None, Some(body.clone())).await;
    assert_eq!(done.status, 204, "{done:?}");
    assert_eq!(send(&world, "GET", "/me", Some(&before), None).await.status, 401, "its logins have ended");
    assert_eq!(send(&world, "POST", "/auth/reset-password", None, Some(body)).await.status, 410);
    let body = json!({"email": "ada@example.com", "password": "quite another one"});
    assert_eq!(send(&world, "POST", "/auth/login", None, Some(body)).await.status, 200);
}

#[actix_web::test]
async fn own_logins_are_listed_and_ended() {
    let world = World::new().await;
    let ada = world.user(|user| user).await;
    let (one, other, third) = (world.token(&ada).await, world.token(&ada).await, world.token(&ada).await);
    let listed = send(&world, "GET", "/me/logins", Some(&one), None).await.json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|item| item["current"] == true).count(), 1);
    let of_other = send(&world, "GET", "/me/logins", Some(&other), None).await.json();
    let current = of_other["items"].as_array().unwrap().iter().find(|item| item["current"] == true).unwrap();
    let path = format!("/me/logins/{}", current["id"].as_str().unwrap());
    let stranger = world.token(&world.user(|user| user).await).await;
    assert_eq!(send(&world, "DELETE", &path, Some(&stranger), None).await.status, 404);
    assert_eq!(send(&world, "DELETE", &path, Some(&one), None).await.status, 204);
    assert_eq!(send(&world, "GET", "/me", Some(&other), None).await.status, 401);
    assert_eq!(send(&world, "DELETE", "/me/logins", Some(&one), None).await.status, 204);
    assert_eq!(send(&world, "GET", "/me", Some(&third), None).await.status, 401);
    assert_eq!(send(&world, "GET", "/me", Some(&one), None).await.status, 200);
}

#[actix_web::test]
async fn a_profile_is_changed_by_its_owner() {
    let world = World::new().await;
    let token = world.token(&world.user(|user| user).await).await;
    let body = json!({"name": "Grace", "language": "ko", "theme": "dark"});
    let changed = send(&world, "PATCH", "/me", Some(&token), Some(body)).await;
    assert_eq!((changed.status, changed.header("etag")), (200, Some("\"2\"")), "{changed:?}");
    let back = send(&world, "PATCH", "/me", Some(&token), Some(json!({"theme": null}))).await.json();
    assert_eq!((&back["language"], &back["theme"]), (&json!("ko"), &json!(null)));
    let wrong = send(&world, "PATCH", "/me", Some(&token), Some(json!({"language": "xx"}))).await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["field"].as_str()), (422, Some("language")), "{wrong:?}");
}

#[actix_web::test]
async fn lists_are_searched_by_what_things_are_called() {
    let world = World::new().await;
    world.project("demo").await;
    let (other, _) = world.project("other").await;
    let ada = world.user(|user| user.named("Ada Lovelace")).await;
    world.team("core", &ada, &[]).await;
    let root = world.user(|user| user.instance_admin()).await;
    let token = world.token(&root).await;
    let names = async |path: &str, member: &str| {
        let found = send(&world, "GET", path, Some(&token), None).await;
        let items = found.json()["items"].as_array().cloned().unwrap_or_else(|| panic!("{found:?}"));
        items.iter().map(|item| item[member].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("/users?search=lovelace", "name").await, ["Ada Lovelace"]);
    assert_eq!(names("/projects?search=OTHER", "slug").await, [other.slug.to_string()]);
    assert_eq!(names("/teams?search=cor&limit=1", "slug").await, ["core"]);
    let long = format!("/teams?search={}", "x".repeat(101));
    assert_eq!(send(&world, "GET", &long, Some(&token), None).await.status, 422);
    let listed =
        world.control.teams.list(&login(ada.id), None, orch_domain::page::PageRequest::default()).await.unwrap();
    assert_eq!(listed.items.len(), 1);
}
