//! Mail: what the daemon hands to a mail server, and what can be done with it.

use orch_testkit::mail_server::MailServer;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Daemon, until};

/// The text of a letter as its reader sees it.
fn readable(letter: &str) -> String {
    letter.replace("=\n", "").replace("=3D", "=")
}

fn token(letter: &str, begin: &str) -> String {
    let at = letter.find(begin).unwrap_or_else(|| panic!("no link in {letter}"));
    letter[at..].split_whitespace().next().unwrap_or_default().to_owned()
}

/// What is noted of the letter of the one invitation, if its state is this one.
async fn mail_is(daemon: &Daemon, state: &str) -> Result<Value, Value> {
    let mail = daemon.get("/invitations").await["items"][0]["mail"].clone();
    if mail["state"] == state { Ok(mail) } else { Err(mail) }
}

#[tokio::test]
async fn an_invitation_is_mailed_and_opens_the_door() {
    let mut server = MailServer::start().await;
    let settings = format!("[mail]\nsmtp_url = \"{}\"\nfrom = \"Orchestrator <orch@example.com>\"\n", server.url);
    let daemon = Daemon::configured(&settings).await;
    let invited = daemon.post("/invitations", json!({ "email": "ada@example.com" })).await;
    assert!(invited["link"].is_null(), "a link that is mailed is not shown: {invited}");
    let letter = readable(&server.letter().await);
    assert!(letter.contains("To: ada@example.com"), "{letter}");
    assert!(letter.contains("orch@example.com"), "{letter}");
    let token = token(&letter, "orchi_");
    assert!(!invited.to_string().contains(&token));

    until("it is noted that the letter was sent", async || mail_is(&daemon, "sent").await).await;

    let password = "a long enough password";
    let redeem = json!({ "token": token, "name": "Ada", "password": password });
    let redeem = async || {
        let request = daemon.http.post(format!("{}/api/v1/invitations/redeem", daemon.base)).json(&redeem);
        request.send().await.expect("an answer").status()
    };
    assert!(redeem().await.is_success());
    assert!(!redeem().await.is_success(), "a link is good once");
    let login = json!({ "email": "ada@example.com", "password": password });
    let login = daemon.http.post(format!("{}/api/v1/auth/login", daemon.base)).json(&login).send().await;
    assert_eq!(login.expect("an answer").status(), StatusCode::OK);
    assert!(!daemon.log().contains(&token), "what opens the door is not in the log");
}

#[tokio::test]
async fn a_letter_that_is_refused_is_told_with_its_reason() {
    let server = MailServer::start().await;
    let settings = format!("[mail]\nsmtp_url = \"{}\"\nfrom = \"orch@example.com\"\npause_ms = 1\n", server.url);
    let daemon = Daemon::configured(&settings).await;
    daemon.post("/invitations", json!({ "email": "refused@example.com" })).await;
    let mail = until("it is noted that the letter failed", async || mail_is(&daemon, "failed").await).await;
    assert!(mail.to_string().contains("no such mailbox"), "{mail}");
}

#[tokio::test]
async fn a_letter_that_was_lost_with_the_daemon_is_told_at_the_next_start() {
    // Takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("smtp://{}", silent.local_addr().expect("an address"));
    let settings = format!("[mail]\nsmtp_url = \"{url}\"\nfrom = \"orch@example.com\"\n");
    let daemon = Daemon::configured(&settings).await;
    daemon.post("/invitations", json!({ "email": "ada@example.com" })).await;
    assert_eq!(daemon.get("/invitations").await["items"][0]["mail"]["state"], "queued");
    let daemon = Daemon::start_in(daemon.kill()).await;
    let mail = daemon.get("/invitations").await["items"][0]["mail"].clone();
    assert!(mail["state"] == "failed" && mail.to_string().contains("renew the invitation"), "{mail}");
}
