//! People who come into a project, each in one of the ways there are.

use serde_json::{Value, json};

use crate::harness::Daemon;
use crate::wire::answer;

/// The account and the key of a member who has come in.
pub(crate) struct Insider {
    pub(crate) user: String,
    pub(crate) key: String,
    pub(crate) key_id: String,
}

impl Insider {
    /// By an invitation to the project.
    pub(crate) async fn invited(daemon: &Daemon, project: &str) -> Self {
        let email = format!("{project}.member@example.com");
        let issue = async || {
            let invited = json!({ "email": email, "role": "member" });
            daemon.post(&format!("/projects/{project}/invitations"), invited).await
        };
        Self::new(daemon, project, &email, issue).await
    }

    /// With the team `core` alone, which is made for it.
    pub(crate) async fn of_team(daemon: &Daemon, project: &str) -> Self {
        let email = format!("{project}.member@example.com");
        let issue = async || {
            daemon.post("/teams", json!({ "name": "Core" })).await;
            let role = Some(json!({ "role": "member" }));
            daemon.send(reqwest::Method::PUT, &format!("/projects/{project}/teams/core"), role).await;
            daemon.post("/teams/core/invitations", json!({ "email": email, "role": "member" })).await
        };
        Self::new(daemon, project, &email, issue).await
    }

    async fn new(daemon: &Daemon, project: &str, email: &str, issue: impl AsyncFnOnce() -> Value) -> Self {
        let account = json!({ "email": email, "password": "a long enough password" });
        let user = daemon.post("/users", account.clone()).await["id"].as_str().expect("an id").to_owned();
        let invitation = issue().await;
        let token = log_in(daemon, &account).await;
        let make_key = || {
            let url = format!("{}/api/v1/projects/{project}/keys", daemon.base);
            daemon.http.post(url).bearer_auth(&token).json(&json!({ "name": "own" }))
        };
        assert_eq!(answer(make_key()).await.status, 404, "nobody is in before accepting");
        accept(daemon, &token, &invitation).await;
        let made = answer(make_key()).await.json();
        let text = |member: &str| made[member].as_str().expect("a text").to_owned();
        Self { user, key: text("key"), key_id: text("id") }
    }
}

/// An access token of an account.
pub(crate) async fn log_in(daemon: &Daemon, account: &Value) -> String {
    let login = daemon.http.post(format!("{}/api/v1/auth/login", daemon.base)).json(account);
    answer(login).await.json()["access_token"].as_str().expect("a token").to_owned()
}

/// Accepts an invitation by the link that was shown to who invited.
pub(crate) async fn accept(daemon: &Daemon, token: &str, issued: &Value) {
    let link = issued["link"].as_str().expect("a link");
    let (_, secret) = link.split_once('#').expect("a token");
    let accept = daemon
        .http
        .post(format!("{}/api/v1/invitations/accept", daemon.base))
        .bearer_auth(token)
        .json(&json!({ "token": secret }));
    let accepted = answer(accept).await;
    assert_eq!(accepted.status, 200, "{:?}", accepted.body);
}
