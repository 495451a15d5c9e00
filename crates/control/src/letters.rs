//! What all letters have in common, and those about accounts.

use orch_domain::Timestamp;
use orch_domain::email::Email;
use orch_domain::id::UserId;
use orch_domain::letter::{Letter, LetterAbout};
use secrecy::{ExposeSecret, SecretString};

pub(crate) const fn greeting() -> &'static str {
    "Hello,\n\n"
}

/// A point in time as people write it.
pub(crate) fn day(at: Timestamp) -> String {
    let (date, time) = (at.date(), at.time());
    format!("{} {:02}:{:02} UTC", date, time.hour(), time.minute())
}

pub(crate) fn new_password(to: &Email, user: UserId, (link, expires_at): (&SecretString, Timestamp)) -> Letter {
    let text = format!(
        "{}somebody asked for a new password for your account on MCP Orchestrator.\n\nChoose one here:\n\n{}\n\nThe \
         link works once, until {}.\nIf it was not you, ignore this letter: your password stays as it is.\n",
        greeting(),
        link.expose_secret(),
        day(expires_at),
    );
    Letter {
        to: to.clone(),
        subject: "A new password for MCP Orchestrator".to_owned(),
        text,
        about: LetterAbout::PasswordReset(user),
        expires_at: Some(expires_at),
    }
}

/// For who asks for an account and has one.
pub(crate) fn has_account(to: &Email, user: UserId, base_url: &str) -> Letter {
    let text = format!(
        "{}somebody asked for an account on MCP Orchestrator with this address, which has one.\n\nLog in here, or ask \
         for a new password there:\n\n{base_url}/login\n\nIf it was not you, ignore this letter.\n",
        greeting(),
    );
    Letter {
        to: to.clone(),
        subject: "Your account on MCP Orchestrator".to_owned(),
        text,
        about: LetterAbout::Account(user),
        expires_at: None,
    }
}
