//! Digests of arguments with HMAC-SHA-256, under a key that is derived from the instance's master secret.

use std::fmt;

use orch_domain::id::ProjectId;
use orch_domain::port::argument_digester::ArgumentDigester;
use ring::hmac;

use crate::master::MasterSecrets;

pub struct HmacArgumentDigester {
    key: hmac::Key,
}

impl HmacArgumentDigester {
    #[must_use]
    pub fn new(secrets: &MasterSecrets) -> Self {
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, secrets.argument_digest_key().as_slice()) }
    }
}

impl ArgumentDigester for HmacArgumentDigester {
    fn digest(&self, project: ProjectId, arguments: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(project.as_uuid().as_bytes());
        context.update(arguments);
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(context.sign().as_ref()) {
            *to = *from;
        }
        digest
    }
}

impl fmt::Debug for HmacArgumentDigester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacArgumentDigester").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use orch_domain::id::ProjectId;
    use orch_domain::port::argument_digester::ArgumentDigester;

    use super::HmacArgumentDigester;
    use crate::master::{MasterSecrets, Strictness};
    use crate::vault::key::parse_keys;

    fn digester(secret: &str) -> HmacArgumentDigester {
        let keys = parse_keys(&"00".repeat(32).into()).expect("a key");
        let secrets = MasterSecrets::derive(&secret.repeat(32).into(), keys, Strictness::Development);
        HmacArgumentDigester::new(&secrets.expect("secrets"))
    }

    #[test]
    fn tells_arguments_projects_and_instances_apart() {
        let (here, there) = (ProjectId::new(), ProjectId::new());
        let (one, same, other) = (digester("a"), digester("a"), digester("b"));
        let digest = one.digest(here, b"{}");
        assert_eq!(digest, same.digest(here, b"{}"), "every replica has the same key");
        assert_ne!(digest, one.digest(here, b"{ }"));
        assert_ne!(digest, one.digest(there, b"{}"));
        assert_ne!(digest, other.digest(here, b"{}"));
    }
}
