//! Reading the logs of servers: who may, and that it is on record. A follower is checked again and again, so that it
//! ends with the right to read.

use orch_domain::id::ServerId;
use orch_domain::policy::Action;
use orch_domain::port::server_logs::{LogLine, LogQuery};
use orch_domain::principal::Principal;

use crate::error::ControlError;
use crate::looks::Part;
use crate::servers::{Servers, find};

impl Servers {
    pub const MAX_LOG_LINES: usize = 1000;

    /// Lines of the server's log, oldest first.
    pub async fn logs(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        query: &LogQuery,
    ) -> Result<Vec<LogLine>, ControlError> {
        let server = self.open_log(who, project, server).await?;
        let query = LogQuery { limit: query.limit.clamp(1, Self::MAX_LOG_LINES), ..query.clone() };
        Ok(self.ports.logs.read(server, &query).await?)
    }

    /// Begins to follow the server's log with the line after number `after`, or with the next one.
    pub async fn follow_logs(
        &self,
        who: &Principal,
        project: &str,
        server: &str,
        after: Option<u64>,
    ) -> Result<LogFollower, ControlError> {
        let id = self.open_log(who, project, server).await?;
        let after = match after {
            Some(after) => after,
            None => self.ports.logs.read(id, &LogQuery::tail(1)).await?.last().map_or(0, |line| line.seq),
        };
        let (servers, who) = (self.clone(), who.clone());
        Ok(LogFollower { servers, who, project: project.to_owned(), server: id, after })
    }

    async fn open_log(&self, who: &Principal, project: &str, server: &str) -> Result<ServerId, ControlError> {
        let permit = self.access.project(who, project, Action::Inspect).await?;
        let server = find(&self.ports, &permit, server).await?;
        self.access.note_look(who, &permit, Part::Log(server.alias.as_str())).await?;
        Ok(server.id)
    }
}

/// Somebody who follows a log.
#[derive(Debug)]
pub struct LogFollower {
    servers: Servers,
    who: Principal,
    project: String,
    server: ServerId,
    after: u64,
}

impl LogFollower {
    /// The next lines, at least one; waits for them. Fails once they may not be read any more. Nothing is lost when
    /// the future is dropped.
    pub async fn next(&mut self) -> Result<Vec<LogLine>, ControlError> {
        let lines = self.servers.ports.logs.follow(self.server, self.after, Servers::MAX_LOG_LINES).await?;
        self.check().await?;
        if let Some(last) = lines.last() {
            self.after = last.seq;
        }
        Ok(lines)
    }

    /// The next lines that are there already; none at the end.
    pub async fn page(&mut self) -> Result<Vec<LogLine>, ControlError> {
        let query = LogQuery { after: Some(self.after), ..LogQuery::tail(Servers::MAX_LOG_LINES) };
        let lines = self.servers.ports.logs.read(self.server, &query).await?;
        if let Some(last) = lines.last() {
            self.after = last.seq;
        }
        Ok(lines)
    }

    /// Whether the log may still be read. As long as it may, from memory alone: it is asked again and again.
    pub async fn check(&self) -> Result<(), ControlError> {
        let permit = self.servers.access.project(&self.who, &self.project, Action::Inspect).await?;
        let grant = permit.get();
        match grant.facts.server(self.server) {
            Some(server) if grant.sees(server) => Ok(()),
            _ => Err(ControlError::Missing { what: "server" }),
        }
    }
}
