//! How much may be asked: numbers of the instance, which a project may replace by its own. Who counts is elsewhere.

/// None everywhere means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Of each API key.
    pub key: Allowance,
    /// Of each account, with all its keys and logins, in one project.
    pub user: Allowance,
    /// Of each project.
    pub project: Allowance,
    /// Calls that run at one server at the same time.
    pub server_concurrent: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowance {
    /// Requests a minute, as a bucket that fills evenly and holds one minute's worth.
    pub per_minute: Option<u32>,
    /// Calls that run at the same time.
    pub concurrent: Option<u32>,
    /// Calls a day, from midnight to midnight in UTC.
    pub per_day: Option<u32>,
}

impl Allowance {
    pub const MAX_PER_MINUTE: u32 = 1_000_000;
    pub const MAX_CONCURRENT: u32 = 100_000;
    pub const MAX_PER_DAY: u32 = 1_000_000_000;

    /// What is set here, and `other` for the rest.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            per_minute: self.per_minute.or(other.per_minute),
            concurrent: self.concurrent.or(other.concurrent),
            per_day: self.per_day.or(other.per_day),
        }
    }
}

impl Limits {
    /// What is set here, and `other` for the rest.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            key: self.key.or(other.key),
            user: self.user.or(other.user),
            project: self.project.or(other.project),
            server_concurrent: self.server_concurrent.or(other.server_concurrent),
        }
    }
}

/// Limits as they are stored for a project or the instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoredLimits {
    pub limits: Limits,
    /// Counts the changes; what an `ETag` is made of. Zero while nothing was ever set.
    pub version: u32,
}

#[cfg(test)]
mod tests {
    use super::{Allowance, Limits};

    #[test]
    fn a_project_replaces_number_by_number() {
        let own = Limits { key: Allowance { per_minute: Some(5), ..Allowance::default() }, ..Limits::default() };
        let instance = Limits {
            key: Allowance { per_minute: Some(60), concurrent: Some(2), per_day: None },
            server_concurrent: Some(9),
            ..Limits::default()
        };
        let both = own.or(instance);
        assert_eq!(both.key, Allowance { per_minute: Some(5), concurrent: Some(2), per_day: None });
        assert_eq!(both.server_concurrent, Some(9));
    }
}
