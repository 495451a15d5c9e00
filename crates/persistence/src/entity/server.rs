//! Rows of `servers`; their secrets are rows of [`secrets`](super::secret).

mod confinement;

use std::time::Duration;

use orch_domain::alias::Alias;
use orch_domain::dialect::{Dialect, Era, Interactive};
use orch_domain::error::StoreError;
use orch_domain::id::{ProjectId, ServerId};
use orch_domain::secret::Secret;
use orch_domain::server::{Server, Transport};
use sea_orm::entity::prelude::{
    ActiveModelBehavior, DeriveEntityModel, DerivePrimaryKey, DeriveRelation, EntityTrait, EnumIter, PrimaryKeyTrait,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::entity::{corrupt, run_settings, to_signed};
use crate::timestamp::stored;
use crate::writing::all_set;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "servers")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub project_id: Uuid,
    pub alias: String,
    pub name: String,
    pub enabled: bool,
    pub transport: String,
    pub command: Option<String>,
    pub cwd: Option<String>,
    pub url: Option<String>,
    pub call_timeout_ms: i64,
    pub limits: Option<String>,
    pub sandbox: Option<String>,
    pub extra: String,
    pub created_at: OffsetDateTime,
    pub updated_at: OffsetDateTime,
    pub version: i32,
    pub generation: i32,
    pub era: String,
    pub interactive: String,
    /// See [`run_settings`].
    pub run: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// `secrets` are those of this server, in the order of their slots.
    pub(crate) fn into_server(self, secrets: Vec<Secret>) -> Result<Server, StoreError> {
        let corrupt = corrupt("servers", self.id);
        let missing = |column| corrupt(column, &"it is empty");
        let transport = match self.transport.as_str() {
            "stdio" => Transport::Stdio { command: self.command.ok_or_else(|| missing("command"))?, cwd: self.cwd },
            "streamable-http" => Transport::StreamableHttp { url: self.url.ok_or_else(|| missing("url"))? },
            "sse" => Transport::Sse { url: self.url.ok_or_else(|| missing("url"))? },
            other => return Err(corrupt("transport", &format_args!("`{other}` is not a transport"))),
        };
        let call_timeout = u64::try_from(self.call_timeout_ms).map_err(|error| corrupt("call_timeout_ms", &error))?;
        let unknown = |column, word: &str| corrupt(column, &format_args!("`{word}` is not known"));
        let dialect = Dialect {
            era: Era::parse(&self.era).ok_or_else(|| unknown("era", &self.era))?,
            interactive: Interactive::parse(&self.interactive)
                .ok_or_else(|| unknown("interactive", &self.interactive))?,
        };
        Ok(Server {
            id: ServerId::from_uuid(self.id),
            project_id: ProjectId::from_uuid(self.project_id),
            alias: Alias::parse(&self.alias).map_err(|error| corrupt("alias", &error))?,
            name: self.name,
            enabled: self.enabled,
            transport,
            secrets,
            call_timeout: Duration::from_millis(call_timeout),
            dialect,
            run: run_settings::read(&self.run).map_err(|reason| corrupt("run", &reason))?,
            limits: confinement::limits(self.limits.as_deref()).map_err(|error| corrupt("limits", &error))?,
            sandbox: confinement::sandbox(self.sandbox.as_deref()).map_err(|error| corrupt("sandbox", &error))?,
            extra: self.extra,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: u32::try_from(self.version).map_err(|error| corrupt("version", &error))?,
            generation: u32::try_from(self.generation).map_err(|error| corrupt("generation", &error))?,
        })
    }
}

pub(crate) fn row(server: &Server) -> ActiveModel {
    let (command, cwd, url) = match &server.transport {
        Transport::Stdio { command, cwd } => (Some(command.clone()), cwd.clone(), None),
        Transport::StreamableHttp { url } | Transport::Sse { url } => (None, None, Some(url.clone())),
    };
    all_set(Model {
        id: server.id.as_uuid(),
        project_id: server.project_id.as_uuid(),
        alias: server.alias.as_str().to_owned(),
        name: server.name.clone(),
        enabled: server.enabled,
        transport: server.transport.kind().to_owned(),
        command,
        cwd,
        url,
        call_timeout_ms: i64::try_from(server.call_timeout.as_millis()).unwrap_or(i64::MAX),
        limits: confinement::limits_column(&server.limits),
        sandbox: confinement::sandbox_column(&server.sandbox),
        extra: server.extra.clone(),
        created_at: stored(server.created_at),
        updated_at: stored(server.updated_at),
        version: to_signed(server.version),
        generation: to_signed(server.generation),
        era: server.dialect.era.as_str().to_owned(),
        interactive: server.dialect.interactive.as_str().to_owned(),
        run: run_settings::write(&server.run),
    })
}
