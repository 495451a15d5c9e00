//! Projects.

use orch_domain::arguments::RecordedArguments;
use orch_domain::id::ProjectId;
use orch_domain::project::{FlawedTools, Project, Separator};
use orch_domain::slug::Slug;

use crate::builders::unique;
use crate::fakes::FixedClock;

#[derive(Debug, Clone)]
pub struct ProjectBuilder(Project);

#[must_use]
pub fn a_project() -> ProjectBuilder {
    let unique = unique();
    ProjectBuilder(Project {
        id: ProjectId::new(),
        slug: Slug::parse(&format!("project-{unique}")).expect("a valid slug"),
        name: format!("Project {unique}"),
        separator: Separator::default(),
        flawed_tools: FlawedTools::default(),
        recorded_arguments: RecordedArguments::default(),
        created_at: FixedClock::START,
        updated_at: FixedClock::START,
        version: 1,
    })
}

impl ProjectBuilder {
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
    pub fn separator(mut self, separator: &str) -> Self {
        self.0.separator = Separator::parse(separator).expect("a valid separator");
        self
    }

    #[must_use]
    pub fn flawed_tools(mut self, choice: FlawedTools) -> Self {
        self.0.flawed_tools = choice;
        self
    }

    #[must_use]
    pub fn recorded_arguments(mut self, choice: RecordedArguments) -> Self {
        self.0.recorded_arguments = choice;
        self
    }

    #[must_use]
    pub fn build(self) -> Project {
        self.0
    }
}
