//! The people of an instance as it is opened: who gets in with what, and the letters that they are sent.

use std::sync::Arc;

use orch_auth::authenticator::{AuthFacts, Authenticator};
use orch_auth::ended_logins::EndedLogins;
use orch_auth::logins::{LoginPorts, Logins};
use orch_auth::password::{Argon2Cost, Argon2Hasher};
use orch_domain::invitation::MailState;
use orch_domain::port::invitation_repo::InvitationRepo;
use orch_domain::port::post::Post;
use orch_mail::smtp::{PostPorts, SmtpPost};
use orch_persistence::{DatabaseKind, SeaAuditLog, SeaInvitationRepo, SeaLoginRepo, SeaUserRepo};

use super::Opener;
use super::ground::Ground;

pub(super) struct People {
    pub(super) users: Arc<SeaUserRepo>,
    pub(super) login_repo: Arc<SeaLoginRepo>,
    pub(super) invitations: Arc<SeaInvitationRepo>,
    pub(super) audit: Arc<SeaAuditLog>,
    pub(super) hasher: Arc<Argon2Hasher>,
    pub(super) ended: Arc<EndedLogins>,
    pub(super) authenticator: Arc<Authenticator>,
    pub(super) logins: Arc<Logins>,
    /// None where no mail server is set.
    pub(super) mail: Option<Arc<SmtpPost>>,
}

impl People {
    pub(super) async fn open(ground: &Ground) -> anyhow::Result<Self> {
        let (auth, master) = (&ground.settings.auth, &ground.secrets.master);
        let ended = Arc::new(EndedLogins::new(auth));
        let facts = AuthFacts { directory: ground.directory(), ended: Arc::clone(&ended), clock: ground.clock() };
        let authenticator = Arc::new(Authenticator::new(auth, master, facts));
        let hasher = Arc::new(Argon2Hasher::new(Argon2Cost::RECOMMENDED, auth.password_concurrency)?);
        let users = Arc::new(SeaUserRepo::new(ground.database.clone()));
        let login_repo = Arc::new(SeaLoginRepo::new(ground.database.clone()));
        let audit = Arc::new(SeaAuditLog::new(ground.database.clone()));
        let login_ports = LoginPorts {
            users: Arc::<SeaUserRepo>::clone(&users),
            logins: Arc::<SeaLoginRepo>::clone(&login_repo),
            audit: Arc::<SeaAuditLog>::clone(&audit),
            hasher: Arc::<Argon2Hasher>::clone(&hasher),
            ended: Arc::clone(&ended),
            clock: ground.clock(),
        };
        let logins = Arc::new(Logins::new(auth, master, login_ports));
        let invitations = Arc::new(SeaInvitationRepo::new(ground.database.clone()));
        note_lost_letters(ground, &*invitations).await?;
        let mail = match &ground.settings.mail.smtp_url {
            None => None,
            Some(url) => {
                let ports = PostPorts {
                    invitations: Arc::<SeaInvitationRepo>::clone(&invitations),
                    audit: Arc::<SeaAuditLog>::clone(&audit),
                    clock: ground.clock(),
                };
                Some(Arc::new(SmtpPost::start(&ground.settings.mail, url, ports)?))
            }
        };
        Ok(Self { users, login_repo, invitations, audit, hasher, ended, authenticator, logins, mail })
    }

    pub(super) fn post(&self) -> Arc<dyn Post> {
        match &self.mail {
            Some(mail) => Arc::<SmtpPost>::clone(mail),
            None => Arc::new(()),
        }
    }
}

/// Notes letters as not sent that ended with the daemon before.
async fn note_lost_letters(ground: &Ground, invitations: &dyn InvitationRepo) -> anyhow::Result<()> {
    // Nobody else sends those of a SQLite file. What replicas have lost shows itself by its age.
    if ground.opener == Opener::Daemon && ground.database.kind() == DatabaseKind::Sqlite {
        let reason = "the daemon ended before the letter was sent; renew the invitation".to_owned();
        let lost = invitations.note_queued(&MailState::Failed { at: ground.clock.now(), reason }).await?;
        if lost > 0 {
            tracing::warn!(letters = lost, "letters were lost when the daemon ended, and are noted as not sent");
        }
    }
    Ok(())
}
