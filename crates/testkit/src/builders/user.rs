//! Users.

use orch_domain::Timestamp;
use orch_domain::email::Email;
use orch_domain::id::UserId;
use orch_domain::user::{PasswordHash, Preferences, User};

use crate::builders::unique;
use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct UserBuilder(User);

/// An active user who is no instance admin.
#[must_use]
pub fn a_user() -> UserBuilder {
    let unique = unique();
    UserBuilder(User {
        id: UserId::new(),
        email: Email::parse(&format!("user-{unique}@example.com")).expect("a valid address"),
        name: format!("User {unique}"),
        password: Some(PasswordHash::from_phc(format!("$argon2id$v=19$m=8,t=1,p=1$c2FsdA${unique}"))),
        instance_admin: false,
        address_proven: true,
        preferences: Preferences::default(),
        deactivated_at: None,
        created_at: FixedClock::START,
        updated_at: FixedClock::START,
        version: 1,
    })
}

impl UserBuilder {
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.0.name);
        self
    }

    #[must_use]
    pub fn email(mut self, email: &str) -> Self {
        self.0.email = Email::parse(email).expect("a valid address");
        self
    }

    #[must_use]
    pub fn password(mut self, password: Option<PasswordHash>) -> Self {
        self.0.password = password;
        self
    }

    #[must_use]
    pub fn instance_admin(mut self) -> Self {
        self.0.instance_admin = true;
        self
    }

    /// Somebody else was shown the link that made the account.
    #[must_use]
    pub fn unproven(mut self) -> Self {
        self.0.address_proven = false;
        self
    }

    #[must_use]
    pub fn deactivated(mut self, at: Timestamp) -> Self {
        self.0.deactivated_at = Some(at);
        self
    }

    #[must_use]
    pub fn build(self) -> User {
        self.0
    }
}
