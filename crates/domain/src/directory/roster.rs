//! Who is in which team, as the data plane needs it: from a user to the teams without any work.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::id::{TeamId, UserId};
use crate::slug::Slug;
use crate::team::{Team, TeamMembership, TeamRole};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamRoster {
    teams: HashMap<TeamId, TeamFacts>,
    slugs: HashMap<Slug, TeamId>,
    of_users: HashMap<UserId, Arc<[TeamId]>>,
    none: Arc<[TeamId]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamFacts {
    pub slug: Slug,
    pub name: String,
    pub members: BTreeMap<UserId, TeamRole>,
}

impl TeamRoster {
    /// Memberships of teams that are not among `teams` are left out.
    #[must_use]
    pub fn new(teams: impl IntoIterator<Item = Team>, members: impl IntoIterator<Item = TeamMembership>) -> Self {
        let mut slugs = HashMap::new();
        let mut by_id = HashMap::new();
        for Team { id, slug, name, .. } in teams {
            slugs.insert(slug.clone(), id);
            by_id.insert(id, TeamFacts { slug, name, members: BTreeMap::new() });
        }
        let mut of_users: HashMap<UserId, Vec<TeamId>> = HashMap::new();
        for TeamMembership { team_id, user_id, role, .. } in members {
            if let Some(team) = by_id.get_mut(&team_id)
                && team.members.insert(user_id, role).is_none()
            {
                of_users.entry(user_id).or_default().push(team_id);
            }
        }
        let of_users = of_users
            .into_iter()
            .map(|(user, mut teams)| {
                teams.sort_unstable();
                (user, Arc::from(teams))
            })
            .collect();
        Self { teams: by_id, slugs, of_users, none: Arc::from([]) }
    }

    #[must_use]
    pub fn team(&self, id: TeamId) -> Option<&TeamFacts> {
        self.teams.get(&id)
    }

    /// Finds a team by what stands in a URL: its id or its slug.
    #[must_use]
    pub fn team_named(&self, id_or_slug: &str) -> Option<(TeamId, &TeamFacts)> {
        let id = self.slugs.get(id_or_slug).copied().or_else(|| id_or_slug.parse().ok())?;
        Some((id, self.teams.get(&id)?))
    }

    /// Sorted by id; empty for who is in none.
    #[must_use]
    pub fn teams_of(&self, user: UserId) -> &Arc<[TeamId]> {
        self.of_users.get(&user).unwrap_or(&self.none)
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.teams.len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.teams.is_empty()
    }
}

impl Default for TeamRoster {
    fn default() -> Self {
        Self::new([], [])
    }
}
