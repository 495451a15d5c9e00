//! Which connection a request needs: the one that everybody shares, or one of its client's own. The one place that
//! decides it, from the server's isolation, the caller's personal values, and what the client can be asked.

use orch_domain::dialect::Era;
use orch_domain::id::{KeyId, UserId};
use orch_domain::personal_secret::names;
use orch_domain::run_settings::Isolation;
use orch_domain::server::{Server, Transport};
use orch_mcp::level::LogLevel;
use orch_mcp::peer::{Asking, Connection, EraChoice};

use crate::connector::era;
use crate::context::{CallContext, SessionKey};
use crate::faculties::Faculties;

/// Whose a connection is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LaneKey {
    Session(SessionKey),
    /// Shared by all clients of the older era that can be asked nothing, at a server that speaks both.
    Legacy,
    Caller {
        user: UserId,
        key: Option<KeyId>,
        /// What the client can be asked; others need another connection.
        faculties: Option<Faculties>,
        number: u8,
    },
}

/// A connection beside the one that everybody shares.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(super) key: LaneKey,
    /// Whose it is; None when it is nobody's in particular.
    pub(super) user: Option<UserId>,
    /// The client is of the older era.
    pub(super) of_legacy: bool,
    pub(super) connection: Connection,
    /// Which log messages the client wants.
    pub(super) level: Option<LogLevel>,
    /// One call at a time, as nothing else says which call a question belongs to.
    pub(super) exclusive: bool,
    /// What the server keeps in mind on it is the client's, so it does not give way to another one.
    pub(super) kept: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Needed {
    /// With the level from which on the request wants to hear its log, if it says so itself.
    Shared(Option<LogLevel>),
    /// The shared one of the older era where the server speaks both; else the shared one.
    OfLegacy(Wanted),
    /// One of its own where the server is a legacy one, which would take an answer from anybody. A modern server is
    /// told with each request whom it may ask what.
    OwnIfLegacy(Wanted),
    Own(Wanted),
    /// None can be made: says what is missing, and where it goes.
    Lacking(String),
}

impl Needed {
    /// Whether nothing has to be thought about: what most calls are.
    pub(crate) fn is_plain(cx: &CallContext, server: &Server) -> bool {
        cx.faculties_for(server).is_none()
            && server.run.isolation == Isolation::Shared
            && server.run.personal.is_empty()
    }

    pub(crate) fn of(cx: &CallContext, server: &Server) -> Self {
        let isolated = server.run.isolation != Isolation::Shared;
        if server.run.personal.is_empty() && !isolated {
            return Self::unless_own(cx, server);
        }
        let own = cx.project.personal.get(&server.id).and_then(|own| own.get(&cx.principal.user_id));
        let own = own.map_or(&[][..], Vec::as_slice);
        let missing = server.missing_personal(own);
        if !missing.is_empty() {
            return Self::Lacking(format!(
                "it needs your own values for {what}: store them on the server's page in the dashboard, or with PATCH \
                 /api/v1/projects/{project}/servers/{alias}/personal-secrets",
                what = names(&missing),
                project = cx.project.project.slug,
                alias = server.alias,
            ));
        }
        let personal = own.iter().any(|secret| server.run.personal.contains_key(&secret.slot));
        if !isolated && !personal {
            return Self::unless_own(cx, server);
        }
        let mut wanted = if cx.faculties_for(server).is_some() {
            Wanted::to_be_asked(cx, server)
        } else {
            Wanted::alone(cx, server)
        };
        wanted.connection.era = era(server.dialect.era);
        wanted.kept = true;
        Self::Own(wanted)
    }

    /// Where neither state nor own values want another connection.
    fn unless_own(cx: &CallContext, server: &Server) -> Self {
        match cx.faculties_for(server) {
            Some(_) => Self::OwnIfLegacy(Wanted::to_be_asked(cx, server)),
            None if cx.client.revision.is_legacy() && server.dialect.era == Era::Auto => {
                Self::OfLegacy(Wanted::of_legacy(cx))
            }
            None => Self::Shared(cx.own_log_level()),
        }
    }
}

impl Wanted {
    /// For a client that can be asked something.
    pub(crate) fn to_be_asked(cx: &CallContext, server: &Server) -> Self {
        let declared = (*cx.client.declared).clone();
        let (key, exclusive) = match cx.client.session {
            Some(session) => (LaneKey::Session(session), false),
            None => {
                let faculties = cx.client.faculties;
                let key =
                    LaneKey::Caller { user: cx.principal.user_id, key: cx.principal.key_id(), faculties, number: 0 };
                // Over HTTP the stream of a call says what belongs to it.
                (key, !matches!(server.transport, Transport::StreamableHttp { .. }))
            }
        };
        let asking = match (cx.client.session, exclusive) {
            (Some(_), _) => Asking::Anytime,
            (None, true) => Asking::OneCall,
            (None, false) => Asking::Never,
        };
        Self {
            user: Some(cx.principal.user_id),
            key,
            of_legacy: cx.client.revision.is_legacy(),
            connection: Connection { era: EraChoice::Legacy, declared, asking },
            level: cx.heard_level(),
            exclusive,
            kept: false,
        }
    }

    /// For one that cannot be asked, and still shares with nobody.
    fn alone(cx: &CallContext, server: &Server) -> Self {
        let key = match (server.run.isolation, cx.client.session) {
            (Isolation::PerSession, Some(session)) => LaneKey::Session(session),
            _ => LaneKey::Caller { user: cx.principal.user_id, key: cx.principal.key_id(), faculties: None, number: 0 },
        };
        // A session may be asked later what this request cannot be asked.
        let asked = cx.client.session.filter(|_| cx.client.faculties.is_some());
        let connection = match (&key, asked) {
            (LaneKey::Session(_), Some(_)) => Connection {
                era: era(server.dialect.era),
                declared: (*cx.client.declared).clone(),
                asking: Asking::Anytime,
            },
            _ => Connection::shared(era(server.dialect.era)),
        };
        Self {
            key,
            user: Some(cx.principal.user_id),
            of_legacy: cx.client.revision.is_legacy(),
            connection,
            level: cx.heard_level(),
            exclusive: false,
            kept: true,
        }
    }

    /// For an account that looks at what a server offers to its own values, without an MCP client.
    pub(super) fn of_account(user: UserId, server: &Server) -> Self {
        Self {
            key: LaneKey::Caller { user, key: None, faculties: None, number: 0 },
            user: Some(user),
            of_legacy: false,
            connection: Connection::shared(era(server.dialect.era)),
            level: None,
            exclusive: false,
            kept: true,
        }
    }

    /// For all of the older era that can be asked nothing.
    fn of_legacy(cx: &CallContext) -> Self {
        Self {
            key: LaneKey::Legacy,
            user: None,
            of_legacy: true,
            connection: Connection::shared(EraChoice::Legacy),
            level: cx.own_log_level(),
            exclusive: false,
            kept: false,
        }
    }
}
