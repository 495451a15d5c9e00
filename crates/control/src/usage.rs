//! Usage of a project: calls summed up over time. Whoever sees the project sees how much its servers and tools are
//! used; how much single people and keys call is for those who inspect, and everybody's own for himself. An API key
//! with a scope of its own is told no sums that hold more than what it reaches.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::Timestamp;
use orch_domain::call::CallKind;
use orch_domain::id::ServerId;
use orch_domain::page::PageRequest;
use orch_domain::policy::hints::Hints;
use orch_domain::policy::{self, Action};
use orch_domain::principal::Principal;
use orch_domain::usage::{Dimension, Figures, Item, Point, Ranked, SeriesQuery, Span, Step, TopQuery};

use crate::access::{Access, Grant};
use crate::error::{ControlError, Needed};
use crate::looks::Part;
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
        let own = match &item {
            Item::User(user) => *user == who.user_id && who.key_id().is_none(),
            Item::Key(Some(key)) => Some(*key) == who.key_id(),
            _ => false,
        };
        let grant = self.permit(who, project, item.dimension(), own).await?;
        // A server that is hidden answers like one that is not there; of one that is gone the sums are left.
        if !self.shows(&grant, &item) {
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
        // What is left out makes room for what comes after it.
        let most = if grant.sees_every_item() { limit } else { PageRequest::MAX_LIMIT };
        let mut ranked = self.ports.usage.top(&TopQuery { project: grant.id, by, server, span, limit: most }).await?;
        ranked.retain(|ranked| self.shows(&grant, &ranked.item));
        ranked.truncate(limit as usize);
        Ok((span, ranked))
    }

    async fn permit(&self, who: &Principal, project: &str, by: Dimension, own: bool) -> Result<Grant, ControlError> {
        let action = match by {
            Dimension::Project | Dimension::Server | Dimension::Tool | Dimension::Client => Action::View,
            Dimension::User | Dimension::Key if own => Action::View,
            Dimension::User | Dimension::Key => Action::Inspect,
        };
        let permit = self.access.project(who, project, action).await?;
        if action == Action::Inspect {
            self.access.note_look(who, &permit, Part::Usage).await?;
        }
        let grant = permit.into_inner();
        if grant.narrow_key().is_some() && matches!(by, Dimension::Project | Dimension::Client) {
            return Err(ControlError::Forbidden { needed: Needed::WholeProject });
        }
        Ok(grant)
    }

    /// Whether the sums of `item` hold nothing that is hidden from who asks.
    fn shows(&self, grant: &Grant, item: &Item) -> bool {
        if grant.manages() {
            return true;
        }
        let narrow = grant.narrow_key().is_some();
        match item {
            Item::Server(Some(server)) => {
                let whole = grant.subject.key.as_ref().is_none_or(|key| key.scope.has_every_item());
                let found = grant.facts.server(*server);
                whole && grant.subject.reaches(*server) && found.is_none_or(|server| grant.sees(server))
            }
            Item::Tool { server: Some(id), kind, name } => match grant.facts.server(*id) {
                None => !narrow,
                Some(server) => {
                    let hints = match kind {
                        CallKind::Tool => self.ports.runtime.hints(*id, grant.subject.user, name),
                        CallKind::Prompt | CallKind::Resource => Hints::UNSAID,
                    };
                    let alias = server.alias.as_str();
                    let asked = policy::item::Item { server: *id, alias, class: (*kind).into(), name, hints };
                    grant.decide(&asked).is_visible()
                }
            },
            // All the others together, or what has led nowhere.
            Item::Other(_) | Item::Server(None) | Item::Tool { server: None, .. } => !narrow,
            Item::Project | Item::Client(_) | Item::User(_) | Item::Key(_) => true,
        }
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
