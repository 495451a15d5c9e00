//! Teams.

use orch_domain::id::TeamId;
use orch_domain::slug::Slug;
use orch_domain::team::Team;

use crate::builders::unique;
use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct TeamBuilder(Team);

#[must_use]
pub fn a_team() -> TeamBuilder {
    let unique = unique();
    TeamBuilder(Team {
        id: TeamId::new(),
        slug: Slug::parse(&format!("team-{unique}")).expect("a valid slug"),
        name: format!("Team {unique}"),
        created_at: FixedClock::START,
        updated_at: FixedClock::START,
        version: 1,
    })
}

impl TeamBuilder {
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.0.name);
        self
    }

    #[must_use]
    pub fn slug(mut self, slug: &str) -> Self {
        self.0.slug = Slug::parse(slug).expect("a valid slug");
        self
    }

    #[must_use]
    pub fn build(self) -> Team {
        self.0
    }
}
