//! Usage of a project: calls summed up over time. Whoever sees the project sees how much its servers and tools are
//! used; how much single people and keys call is for those who inspect, and everybody's own for himself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::id::ServerId;
use orch_domain::page::PageRequest;
use orch_domain::policy::Action;
use orch_domain::principal::{Credential, Principal};
use orch_domain::usage::{Dimension, Figures, Item, Point, Ranked, SeriesQuery, Span, Step, TopQuery};

use crate::access::{Access, Grant};
use crate::error::ControlError;
use crate::ports::Ports;

/// What is shown when nothing is said.
const USUAL: Duration = Duration::from_secs(24 * 60 * 60);
/// More points than any chart shows are not worth a query.
const MAX_POINTS: i64 = 2000;

#[derive(Clone)]
pub struct Usage {
    ports: Arc<Ports>,
    access: Access,
}

/// The time that is asked about. Without a begin it is the last day, without an end it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub step: Option<Step>,
}

/// A series with its sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub span: Span,
    pub total: Figures,
    pub points: Vec<Point>,
}

impl Usage {
    pub(crate) fn new(ports: Arc<Ports>, access: Access) -> Self {
        Self { ports, access }
    }

    /// How much `item` is used over time.
    pub async fn series(
        &self,
        who: &Principal,
        project: &str,
        item: Item,
        window: Window,
    ) -> Result<Series, ControlError> {
        let own = matches!(&item, Item::User(user) if *user == who.user_id);
        let grant = self.permit(who, project, item.dimension(), own).await?;
        // A server that is hidden answers like one that is not there; of one that is gone the sums are left.
        if let Item::Server(Some(server)) | Item::Tool { server: Some(server), .. } = &item
            && grant.facts.server(*server).is_some_and(|server| !grant.sees(server))
        {
            return Err(ControlError::Missing { what: "server" });
        }
        let span = span(window, self.ports.clock.now())?;
        let points = self.ports.usage.series(&SeriesQuery { project: grant.id, item, span }).await?;
        let mut total = Figures::default();
        points.iter().for_each(|point| total.add(&point.figures));
        Ok(Series { span, total, points })
    }

    /// What is used most; of one server's tools, if one is named.
    pub async fn top(
        &self,
        who: &Principal,
        project: &str,
        by: Dimension,
        server: Option<ServerId>,
        window: Window,
        limit: u32,
    ) -> Result<(Span, Vec<Ranked>), ControlError> {
        if server.is_some() && by != Dimension::Tool {
            return Err(ControlError::invalid("server", "only tools belong to a server", "use by=tool with it"));
        }
        let grant = self.permit(who, project, by, false).await?;
        let span = span(window, self.ports.clock.now())?;
        let limit = limit.clamp(1, PageRequest::MAX_LIMIT);
        let mut ranked = self.ports.usage.top(&TopQuery { project: grant.id, by, server, span, limit }).await?;
        ranked.retain(|ranked| match &ranked.item {
            Item::Server(Some(server)) | Item::Tool { server: Some(server), .. } => {
                grant.facts.server(*server).is_none_or(|server| grant.sees(server))
            }
            _ => true,
        });
        Ok((span, ranked))
    }

    async fn permit(&self, who: &Principal, project: &str, by: Dimension, own: bool) -> Result<Grant, ControlError> {
        let is_key = matches!(who.credential, Credential::Key { .. });
        let action = match by {
            Dimension::Project | Dimension::Server | Dimension::Tool | Dimension::Client => Action::View,
            Dimension::User if own && !is_key => Action::View,
            Dimension::User | Dimension::Key => Action::Inspect,
        };
        let permit = self.access.project(who, project, action).await?;
        if action == Action::Inspect {
            self.access.note_look(who, &permit, "the usage by people and keys").await?;
        }
        Ok(permit.into_inner())
    }
}

fn span(window: Window, now: Timestamp) -> Result<Span, ControlError> {
    let until = window.until.unwrap_or(now);
    let from = window.from.unwrap_or(until - USUAL);
    let Some(length) = Duration::try_from(until - from).ok().filter(|length| !length.is_zero()) else {
        return Err(ControlError::invalid("from", "it is not before `until`", "swap the two"));
    };
    let step = window.step.unwrap_or_else(|| Step::fitting(length));
    if (until - from).whole_seconds() / step.seconds() > MAX_POINTS {
        let hint = format!("ask for at most {MAX_POINTS} steps, or take a longer step");
        return Err(ControlError::invalid("step", "there would be too many points", hint));
    }
    // Sums are kept by whole steps, so the first one is taken as a whole.
    let from = Timestamp::from_unix_timestamp(step.floor(from)).unwrap_or(from);
    Ok(Span { from, until, step })
}

impl fmt::Debug for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Usage").finish_non_exhaustive()
    }
}
