//! Rows of `projects`.

use orch_domain::arguments::RecordedArguments;
use orch_domain::error::StoreError;
use orch_domain::id::ProjectId;
use orch_domain::policy::pattern::Pattern;
use orch_domain::project::{FlawedTools, Project, Separator};
use orch_domain::slug::Slug;
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::{corrupt, to_signed};
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "projects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub slug: String,
    pub name: String,
    pub separator: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub version: i32,
    pub flawed_tools: String,
    pub recorded_arguments: String,
    pub hidden_arguments: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    pub(crate) fn into_project(self) -> Result<Project, StoreError> {
        let corrupt = corrupt("projects", self.id);
        Ok(Project {
            id: ProjectId::from_uuid(self.id),
            slug: Slug::parse(&self.slug).map_err(|error| corrupt("slug", &error))?,
            name: self.name,
            separator: Separator::parse(&self.separator).map_err(|error| corrupt("separator", &error))?,
            created_at: self.created_at,
            updated_at: self.updated_at,
            flawed_tools: FlawedTools::parse(&self.flawed_tools)
                .ok_or_else(|| corrupt("flawed_tools", &"it is no choice"))?,
            recorded_arguments: recorded(&self.recorded_arguments, &self.hidden_arguments)
                .ok_or_else(|| corrupt("recorded_arguments", &"it is no choice"))?,
            version: u32::try_from(self.version).map_err(|error| corrupt("version", &error))?,
        })
    }
}

pub(crate) fn row(project: &Project) -> ActiveModel {
    all_set(Model {
        id: project.id.as_uuid(),
        slug: project.slug.as_str().to_owned(),
        name: project.name.clone(),
        separator: project.separator.as_str().to_owned(),
        created_at: stored(project.created_at),
        updated_at: stored(project.updated_at),
        version: to_signed(project.version),
        flawed_tools: project.flawed_tools.as_str().to_owned(),
        recorded_arguments: project.recorded_arguments.as_str().to_owned(),
        hidden_arguments: hidden(&project.recorded_arguments),
    })
}

/// The patterns as a list in JSON.
fn hidden(choice: &RecordedArguments) -> String {
    let patterns: Vec<_> = match choice {
        RecordedArguments::Redacted { hidden } => hidden.iter().map(Pattern::as_str).collect(),
        RecordedArguments::Nothing | RecordedArguments::Digest => Vec::new(),
    };
    serde_json::json!(patterns).to_string()
}

/// None for what is no choice.
fn recorded(word: &str, hidden: &str) -> Option<RecordedArguments> {
    let choices = [RecordedArguments::Nothing, RecordedArguments::Digest];
    if let Some(choice) = choices.into_iter().find(|choice| choice.as_str() == word) {
        return Some(choice);
    }
    let texts: Vec<String> = serde_json::from_str(hidden).ok()?;
    let hidden = texts.iter().map(|text| Pattern::parse_member(text).ok()).collect::<Option<_>>()?;
    let choice = RecordedArguments::Redacted { hidden };
    (choice.as_str() == word).then_some(choice)
}
