//! Where the fate of a letter is noted: at its invitation, or on the audit trail for what has no other place.

use std::sync::Arc;

use orch_domain::audit::{AuditAction, AuditEntry, AuditTarget, FactName};
use orch_domain::error::{StoreError, WithCauses};
use orch_domain::id::AuditId;
use orch_domain::invitation::MailState;
use orch_domain::letter::LetterAbout;
use orch_domain::port::audit_log::AuditLog;
use orch_domain::port::clock::Clock;
use orch_domain::port::invitation_repo::InvitationRepo;

pub(crate) struct Notes {
    pub(crate) invitations: Arc<dyn InvitationRepo>,
    pub(crate) audit: Arc<dyn AuditLog>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Notes {
    pub(crate) async fn sent(&self, about: LetterAbout) {
        if let LetterAbout::Invitation(id) = about {
            let noted = self.invitations.note_mail(id, &MailState::Sent { at: self.clock.now() }).await;
            log(noted.err());
        }
    }

    /// The reason is shown to people.
    pub(crate) async fn failed(&self, about: LetterAbout, to: &str, reason: &str) {
        tracing::warn!(mail.to = to, reason, "a letter could not be sent");
        let at = self.clock.now();
        let (kind, id) = match about {
            LetterAbout::Invitation(id) => {
                let noted = self.invitations.note_mail(id, &MailState::Failed { at, reason: reason.to_owned() }).await;
                log(noted.err());
                return;
            }
            LetterAbout::PasswordReset(user) | LetterAbout::Account(user) => ("user", user.to_string()),
        };
        let entry = AuditEntry {
            id: AuditId::new(),
            at,
            project_id: None,
            actor: None,
            action: AuditAction::MailFail,
            target: AuditTarget { kind, id, name: to.to_owned() },
            detail: reason.to_owned(),
            facts: vec![(FactName::Reason, reason.to_owned())],
        };
        log(self.audit.append(&entry).await.err());
    }
}

fn log(error: Option<StoreError>) {
    if let Some(error) = error {
        tracing::error!(error = %WithCauses(&error), "what became of a letter could not be noted");
    }
}
