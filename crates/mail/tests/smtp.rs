//! Letters to a mail server on this machine: what arrives, and what is noted when it does not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail at once")]

use std::sync::Arc;
use std::time::Duration;

use orch_domain::activity::EntryFilter;
use orch_domain::email::Email;
use orch_domain::id::UserId;
use orch_domain::invitation::MailState;
use orch_domain::letter::{LONGEST_IN_QUEUE, Letter, LetterAbout};
use orch_domain::page::PageRequest;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::invitation_repo::InvitationRepo;
use orch_domain::port::post::Post;
use orch_mail::config::MailConfig;
use orch_mail::error::MailError;
use orch_mail::smtp::{PostPorts, SmtpPost};
use orch_testkit::builders::{an_audit_entry, an_invitation};
use orch_testkit::fakes::{FixedClock, MemoryStore};
use orch_testkit::mail_server::MailServer;
use secrecy::SecretString;
use tokio::net::TcpListener;

fn config(from: Option<&str>) -> MailConfig {
    MailConfig { from: from.map(str::to_owned), pause_ms: 1, timeout_seconds: 5, ..MailConfig::default() }
}

fn ports(store: &MemoryStore) -> PostPorts {
    let shared = Arc::new(store.clone());
    PostPorts { invitations: shared.clone(), audit: shared, clock: Arc::new(FixedClock::default()) }
}

fn start(url: &str, store: &MemoryStore) -> SmtpPost {
    let url = SecretString::from(url);
    SmtpPost::start(&config(Some("Orchestrator <orch@example.com>")), &url, ports(store)).unwrap()
}

/// An invitation of this address, and the letter about it.
async fn invited(store: &MemoryStore, to: &str) -> (orch_domain::id::InvitationId, Letter) {
    let email = Email::parse(to).unwrap();
    let invitation = an_invitation().email(&email).build();
    store.create(&invitation, &an_audit_entry().build()).await.unwrap();
    let letter = Letter {
        to: email,
        subject: "Invitation to Tëam".to_owned(),
        text: "Hello,\n\nhttps://example.com/invitation#orchi_abc\n.\nEnd\n".to_owned(),
        about: LetterAbout::Invitation(invitation.id),
        expires_at: Some(invitation.expires_at),
    };
    (invitation.id, letter)
}

async fn fate(store: &MemoryStore, id: orch_domain::id::InvitationId) -> MailState {
    InvitationRepo::find(store, id).await.unwrap().unwrap().mail
}

#[tokio::test]
async fn delivers_and_notes_it() {
    let (mut server, store) = (MailServer::start().await, MemoryStore::new());
    let post = start(&server.url, &store);
    let (id, letter) = invited(&store, "ada@example.com").await;
    post.send(letter);
    let text = server.letter().await;
    assert!(
        text.contains("From: Orchestrator <orch@example.com>") || text.contains("From: \"Orchestrator\""),
        "{text}"
    );
    assert!(text.contains("To: ada@example.com"), "{text}");
    assert!(text.contains("https://example.com/invitation#orchi_abc"), "{text}");
    post.shut_down(Duration::from_secs(10)).await;
    assert_eq!(fate(&store, id).await, MailState::Sent { at: FixedClock::START });
}

#[tokio::test]
async fn tries_again_when_the_server_asks_for_patience() {
    let (mut server, store) = (MailServer::start().await, MemoryStore::new());
    let post = start(&server.url, &store);
    let (id, letter) = invited(&store, "busy@example.com").await;
    post.send(letter);
    server.letter().await;
    post.shut_down(Duration::from_secs(10)).await;
    assert_eq!(fate(&store, id).await, MailState::Sent { at: FixedClock::START });
}

#[tokio::test]
async fn notes_a_refusal_with_its_reason() {
    let (server, store) = (MailServer::start().await, MemoryStore::new());
    let post = start(&server.url, &store);
    let (id, letter) = invited(&store, "refused@example.com").await;
    post.send(letter.clone());
    // What has no place of its own goes onto the audit trail.
    post.send(Letter { about: LetterAbout::PasswordReset(UserId::new()), ..letter });
    post.shut_down(Duration::from_secs(10)).await;
    let mail = fate(&store, id).await;
    assert!(matches!(&mail, MailState::Failed { reason, .. } if reason.contains("no such mailbox")), "{mail:?}");
    let trail = AuditLog::list(&store, None, &EntryFilter::default(), PageRequest::default()).await.unwrap().items;
    let noted = trail.iter().find(|entry| entry.action == "mail.fail").expect("an entry");
    assert_eq!(noted.target_name, "refused@example.com");
    assert!(!noted.detail.contains("orchi_"), "{}", noted.detail);
}

/// Takes connections and says nothing.
async fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn what_does_not_fit_or_is_left_at_the_end_is_noted() {
    let ((listener, url), store) = (silent().await, MemoryStore::new());
    let config = MailConfig { queue: 1, timeout_seconds: 3600, ..config(Some("orch@example.com")) };
    let post = SmtpPost::start(&config, &SecretString::from(url), ports(&store)).unwrap();
    let mut ids = Vec::new();
    for number in 0..4 {
        let (id, letter) = invited(&store, &format!("{number}@example.com")).await;
        ids.push(id);
        post.send(letter);
        if number == 0 {
            // Now it is on its way, and waits no more.
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _held = connection;
                std::future::pending::<()>().await;
            });
        }
    }
    let mut refused = Vec::new();
    while refused.len() < 2 {
        tokio::task::yield_now().await;
        refused.clear();
        for id in &ids {
            if let MailState::Failed { reason, .. } = fate(&store, *id).await {
                refused.push((*id, reason));
            }
        }
    }
    let full = "too many letters wait already; try again later";
    assert_eq!(refused, [(ids[2], full.to_owned()), (ids[3], full.to_owned())]);
    post.shut_down(Duration::ZERO).await;
    for id in &ids[..2] {
        let mail = fate(&store, *id).await;
        assert!(matches!(&mail, MailState::Failed { reason, .. } if reason.contains("was stopped")), "{mail:?}");
    }
}

#[tokio::test]
async fn a_letter_does_not_outlive_its_link() {
    let (mut server, store) = (MailServer::start().await, MemoryStore::new());
    let post = start(&server.url, &store);
    let (id, letter) = invited(&store, "ada@example.com").await;
    post.send(Letter { expires_at: Some(FixedClock::START), text: "expired".to_owned(), ..letter.clone() });
    post.send(letter);
    assert!(!server.letter().await.contains("expired"), "the first one to arrive");
    post.shut_down(Duration::from_secs(10)).await;
    assert_eq!(fate(&store, id).await, MailState::Sent { at: FixedClock::START });
    let (late, letter) = invited(&store, "late@example.com").await;
    let post = start(&server.url, &store);
    post.send(Letter { expires_at: Some(FixedClock::START), ..letter });
    post.shut_down(Duration::from_secs(10)).await;
    let mail = fate(&store, late).await;
    assert!(matches!(&mail, MailState::Failed { reason, .. } if reason.contains("expired")), "{mail:?}");
}

#[tokio::test]
async fn a_letter_is_not_tried_for_longer_than_an_hour() {
    let (mut server, store, clock) = (MailServer::start().await, MemoryStore::new(), Arc::new(FixedClock::default()));
    let ports = PostPorts { clock: Arc::<FixedClock>::clone(&clock), ..ports(&store) };
    let url = SecretString::from(server.url.as_str());
    let post = SmtpPost::start(&config(Some("orch@example.com")), &url, ports).unwrap();
    let ((late, first), (id, second)) =
        (invited(&store, "late@example.com").await, invited(&store, "ada@example.com").await);
    // Nothing is sent before this waits for something.
    post.send(first);
    clock.advance(LONGEST_IN_QUEUE + Duration::from_secs(1));
    post.send(Letter { expires_at: None, ..second });
    assert!(server.letter().await.contains("ada@example.com"), "the first one to arrive");
    post.shut_down(Duration::from_secs(10)).await;
    let mail = fate(&store, late).await;
    assert!(matches!(&mail, MailState::Failed { reason, .. } if reason.contains("more than an hour")), "{mail:?}");
    assert!(matches!(fate(&store, id).await, MailState::Sent { .. }));
}

#[tokio::test]
async fn nobody_waits_for_an_attempt_that_would_come_too_late() {
    for (pause_ms, expires_in) in [(3_600_001, None), (u32::MAX, None), (60_000, Some(Duration::from_secs(60)))] {
        let (server, store) = (MailServer::start().await, MemoryStore::new());
        let config = MailConfig { pause_ms, ..config(Some("orch@example.com")) };
        let url = SecretString::from(server.url.as_str());
        let post = SmtpPost::start(&config, &url, ports(&store)).unwrap();
        let (id, letter) = invited(&store, "busy@example.com").await;
        post.send(Letter { expires_at: expires_in.map(|span| FixedClock::START + span), ..letter });
        post.shut_down(Duration::from_secs(10)).await;
        let mail = fate(&store, id).await;
        assert!(matches!(&mail, MailState::Failed { reason, .. } if reason.contains("try again later")), "{mail:?}");
    }
}

#[tokio::test]
async fn gives_up_on_a_server_that_is_not_there() {
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let store = MemoryStore::new();
    let post = start(&format!("smtp://{address}"), &store);
    let (id, letter) = invited(&store, "ada@example.com").await;
    post.send(letter);
    post.shut_down(Duration::from_secs(20)).await;
    let mail = fate(&store, id).await;
    assert!(matches!(mail, MailState::Failed { .. }), "{mail:?}");
    assert!(post.delivers());
    let (late, letter) = invited(&store, "late@example.com").await;
    post.send(letter);
    assert_eq!(fate(&store, late).await, MailState::NotSent, "who is closed takes nothing");
}

#[tokio::test]
async fn refuses_settings_that_cannot_work() {
    let store = MemoryStore::new();
    let try_with = |url: &str, from: Option<&str>| {
        SmtpPost::start(&config(from), &SecretString::from(url), ports(&store)).map(|_| ()).unwrap_err()
    };
    assert!(matches!(try_with("smtp://localhost", None), MailError::NoSender));
    assert!(matches!(try_with("smtp://localhost", Some("nobody")), MailError::Sender { .. }));
    let secret = try_with("http://user:hunter2@localhost", Some("a@example.com"));
    assert!(matches!(secret, MailError::Url) && !secret.to_string().contains("hunter2"), "{secret}");
}
