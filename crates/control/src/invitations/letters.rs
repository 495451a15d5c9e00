//! What is written to people who are invited. Plain text, with the link on a line of its own.

use orch_domain::invitation::InvitationTarget;
use orch_domain::letter::{Letter, LetterAbout};
use secrecy::{ExposeSecret, SecretString};

use super::InvitationSeen;
use crate::letters::{day, greeting};

pub(super) fn invitation(seen: &InvitationSeen, link: &SecretString) -> Letter {
    let place = seen.place.as_ref().map_or("", |(_, name)| name.as_str());
    let what = match seen.invitation.target {
        InvitationTarget::Instance { .. } => "MCP Orchestrator".to_owned(),
        InvitationTarget::Project { .. } => format!("the project {place} on MCP Orchestrator"),
        InvitationTarget::Team { .. } => format!("the team {place} on MCP Orchestrator"),
    };
    let inviter = seen.inviter.as_ref().map_or_else(
        || "You are invited".to_owned(),
        |(email, name)| match name.as_str() {
            "" => format!("{email} invites you"),
            name => format!("{name} ({email}) invites you"),
        },
    );
    let until = day(seen.invitation.expires_at);
    let text = format!(
        "{}{inviter} to {what}.\n\nAccept or decline here:\n\n{}\n\nThe link works once, until {until}, and for this \
         address only.\nIf you expected no invitation, ignore this letter: nothing happens without you.\n",
        greeting(),
        link.expose_secret(),
    );
    Letter {
        to: seen.invitation.email.clone(),
        subject: format!("Invitation to {what}"),
        text,
        about: LetterAbout::Invitation(seen.invitation.id),
        expires_at: Some(seen.invitation.expires_at),
    }
}
