//! The settings of this crate: how people come in.

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleConfig {
    /// Who gets an account without an instance admin.
    pub sign_up: SignUp,
    /// With `invite` and `open`: only addresses of these domains get an account that way. Empty for any.
    pub allowed_domains: Vec<String>,
    /// How long an invitation is good for unless who invites says.
    pub invitation_hours: u16,
    /// How long a link to a new password is good for.
    pub reset_hours: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignUp {
    /// Nobody: instance admins make accounts, or invite who then makes one.
    #[default]
    Closed,
    /// Whoever is invited by anybody, to a project or a team as well.
    Invite,
    /// Whoever proves to have the address, by a link that is mailed there.
    Open,
}

impl PeopleConfig {
    /// Whether an address may get an account without an instance admin.
    #[must_use]
    pub fn allows(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.allowed_domains.is_empty()
            || self.allowed_domains.iter().any(|allowed| allowed.trim_start_matches('@').eq_ignore_ascii_case(domain))
    }
}

impl Default for PeopleConfig {
    fn default() -> Self {
        Self { sign_up: SignUp::Closed, allowed_domains: Vec::new(), invitation_hours: 7 * 24, reset_hours: 24 }
    }
}

#[cfg(test)]
mod tests {
    use super::PeopleConfig;

    #[test]
    fn allows_whole_domains_only() {
        let allowed_domains = vec!["example.com".to_owned(), "@Corp.example".to_owned()];
        let config = PeopleConfig { allowed_domains, ..PeopleConfig::default() };
        for (email, allowed) in [
            ("ada@example.com", true),
            ("ada@EXAMPLE.com", true),
            ("ada@corp.example", true),
            ("ada@sub.example.com", false),
            ("ada@badexample.com", false),
            ("example.com", false),
        ] {
            assert_eq!(config.allows(email), allowed, "{email}");
        }
        assert!(PeopleConfig::default().allows("ada@anywhere.example"));
    }
}
