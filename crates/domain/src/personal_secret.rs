//! Values that a member stores for one server, to be used in place of the project's for what this member does.

use uuid::Uuid;

use crate::Timestamp;
use crate::id::{SecretId, ServerId, UserId};
use crate::secret::{Secret, Slot};
use crate::server::Server;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalSecret {
    pub server_id: ServerId,
    pub user_id: UserId,
    pub secret: Secret,
    pub updated_at: Timestamp,
}

impl PersonalSecret {
    /// The id is made of the place, so that a sealed value opens at this server, for this account and in this slot
    /// only: the id is authenticated with the value.
    #[must_use]
    pub fn id_of(server: ServerId, user: UserId, slot: &Slot) -> SecretId {
        let slot = match slot {
            Slot::Arg(position) => format!("arg:{position}"),
            Slot::Env(name) => format!("env:{name}"),
            Slot::Header(name) => format!("header:{name}"),
        };
        SecretId::from_uuid(Uuid::new_v5(&server.as_uuid(), format!("{user}:{slot}").as_bytes()))
    }
}

impl Server {
    /// This server as it is launched or dialled for somebody with `own` values. Values for slots that are not personal
    /// any more are left out.
    #[must_use]
    pub fn personalized(&self, own: &[Secret]) -> Self {
        let mut server = self.clone();
        for secret in own.iter().filter(|secret| self.run.personal.contains_key(&secret.slot)) {
            server.secrets.retain(|other| other.slot != secret.slot);
            server.secrets.push(secret.clone());
        }
        server
    }

    /// Why a connection that everybody shares cannot be made: the project has no value of its own for what each member
    /// must bring along. None when it can.
    #[must_use]
    pub fn lacks_shared_values(&self) -> Option<String> {
        let missing = self.missing_personal(&self.secrets);
        (!missing.is_empty()).then(|| format!("it runs only with each member's own values for {}", names(&missing)))
    }

    /// The required personal values that are not among `own`.
    #[must_use]
    pub fn missing_personal(&self, own: &[Secret]) -> Vec<&Slot> {
        self.run.required_personal().filter(|slot| own.iter().all(|secret| secret.slot != **slot)).collect()
    }
}

/// Slots as people know them.
#[must_use]
pub fn names(slots: &[&Slot]) -> String {
    let name = |slot: &&Slot| match slot {
        Slot::Arg(position) => format!("argument {}", position + 1),
        Slot::Env(name) => format!("the variable {name}"),
        Slot::Header(name) => format!("the header {name}"),
    };
    slots.iter().map(name).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::PersonalSecret;
    use crate::id::{ServerId, UserId};
    use crate::secret::{Secret, Slot};

    #[test]
    fn the_id_names_the_place_and_nothing_else() {
        let (server, user, slot) = (ServerId::new(), UserId::new(), Slot::Env("TOKEN".to_owned()));
        let id = PersonalSecret::id_of(server, user, &slot);
        assert_eq!(id, PersonalSecret::id_of(server, user, &slot));
        assert_ne!(id, PersonalSecret::id_of(server, UserId::new(), &slot));
        assert_ne!(id, PersonalSecret::id_of(ServerId::new(), user, &slot));
        assert_ne!(id, PersonalSecret::id_of(server, user, &Slot::Header("TOKEN".to_owned())));
        assert_eq!(Secret::place(id).table, "personal_secrets");
        assert_eq!(Secret::place(crate::id::SecretId::new()).table, "secrets");
    }
}
