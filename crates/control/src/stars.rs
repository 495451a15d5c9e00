//! Stars of the own account on projects, servers and tools. Gives nobody a right; what the account may not see any more
//! is left out.

use std::fmt;
use std::sync::Arc;

use orch_domain::error::StoreError;
use orch_domain::id::StarId;
use orch_domain::policy::Action;
use orch_domain::policy::item::{Item, ItemClass};
use orch_domain::principal::Principal;
use orch_domain::star::{Star, StarTarget};

use crate::access::{Access, Grant};
use crate::error::ControlError;
use crate::ports::Ports;
use crate::servers;

#[derive(Clone)]
pub struct Stars {
    ports: Arc<Ports>,
    access: Access,
}

/// A star with the names of what it is on.
#[derive(Debug, Clone)]
pub struct StarSeen {
    pub star: Star,
    pub project_slug: String,
    pub project_name: String,
    /// Alias and name.
    pub server: Option<(String, String)>,
}

impl Stars {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// Newest first.
    pub async fn list(&self, who: &Principal) -> Result<Vec<StarSeen>, ControlError> {
        self.access.login(who).await?;
        let stars = self.ports.stars.list(who.user_id).await?;
        let directory = self.ports.directory.current();
        let seen = |star: Star| {
            let facts = directory.project(star.target.project())?;
            let grant = Grant::on(&directory, who, facts)?;
            let server = match star.target.server() {
                None => None,
                Some(id) => {
                    // What is hidden by now is left out like what is gone.
                    let server = facts.server(id).filter(|server| grant.sees(server))?;
                    if let StarTarget::Tool { tool, .. } = &star.target {
                        let hints = self.ports.runtime.hints(id, who.user_id, tool);
                        let alias = server.alias.as_str();
                        let item = Item { server: id, alias, class: ItemClass::Tool, name: tool, hints };
                        if !grant.manages() && !grant.decide(&item).is_visible() {
                            return None;
                        }
                    }
                    Some((server.alias.to_string(), server.name.clone()))
                }
            };
            let project = &facts.project;
            Some(StarSeen { project_slug: project.slug.to_string(), project_name: project.name.clone(), server, star })
        };
        Ok(stars.into_iter().filter_map(seen).collect())
    }

    /// Adds a star on a project, a server or a tool. Starring twice is starring once.
    pub async fn create(
        &self,
        who: &Principal,
        project: &str,
        server: Option<&str>,
        tool: Option<&str>,
    ) -> Result<StarSeen, ControlError> {
        self.access.login(who).await?;
        let permit = self.access.project(who, project, Action::View).await?;
        let facts = &permit.get().facts.project;
        let (target, named) = match (server, tool) {
            (None, None) => (StarTarget::Project(facts.id), None),
            (None, Some(_)) => {
                return Err(ControlError::invalid("server", "a tool belongs to a server", "name it by alias or id"));
            }
            (Some(server), tool) => {
                let server = servers::find(&self.ports, &permit, server).await?;
                let named = Some((server.alias.to_string(), server.name.clone()));
                match tool {
                    None => (StarTarget::Server { project: facts.id, server: server.id }, named),
                    Some(tool) if tool.is_empty() || tool.len() > Star::MAX_TOOL_LEN => {
                        let hint = format!("use 1 to {} bytes", Star::MAX_TOOL_LEN);
                        return Err(ControlError::invalid("tool", "it is no name of a tool", hint));
                    }
                    Some(tool) => {
                        let tool = tool.to_owned();
                        (StarTarget::Tool { project: facts.id, server: server.id, tool }, named)
                    }
                }
            }
        };
        let star = Star { id: StarId::new(), user: who.user_id, target, created_at: self.ports.clock.now() };
        let star = match self.ports.stars.put(&star).await {
            Ok(star) => star,
            Err(StoreError::Conflict { .. }) => {
                let most = Star::MAX_PER_USER;
                let problem = format!("one account has at most {most} stars: take some away first");
                return Err(ControlError::Conflict { problem });
            }
            Err(error) => return Err(error.into()),
        };
        Ok(StarSeen { star, project_slug: facts.slug.to_string(), project_name: facts.name.clone(), server: named })
    }

    pub async fn delete(&self, who: &Principal, star: &str) -> Result<(), ControlError> {
        self.access.login(who).await?;
        let missing = ControlError::Missing { what: "star" };
        let Ok(id) = star.parse::<StarId>() else { return Err(missing) };
        match self.ports.stars.delete(who.user_id, id).await {
            Err(StoreError::Missing { .. }) => Err(missing),
            other => Ok(other?),
        }
    }
}

impl fmt::Debug for Stars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stars").finish_non_exhaustive()
    }
}
