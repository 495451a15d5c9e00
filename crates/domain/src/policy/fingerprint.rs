//! What of somebody makes a difference to what is shown. Who has the same fingerprint under the same policy sees the
//! same, so one filtered list serves them all.

use super::Asking;
use crate::id::KeyId;
use crate::policy::rule::Policy;
use crate::role::Role;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint {
    role: Option<Role>,
    /// A key with a scope of its own.
    key: Option<KeyId>,
    /// The rules about somebody in particular that are about this one.
    rules: Vec<usize>,
}

impl Fingerprint {
    #[must_use]
    pub fn of(policy: &Policy, asking: Asking<'_>) -> Self {
        let key = asking.subject.key.as_ref().filter(|key| !key.scope.is_full());
        Self { role: asking.subject.role, key: key.map(|key| key.id), rules: policy.particular(asking) }
    }
}
