//! `tools/call`, `prompts/get` and `resources/read`: what goes on record.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use orch_domain::approval::{Approval, ApprovalState};
use orch_domain::call::{Call, CallKind, CallTicket, Outcome};
use orch_domain::catalog::ItemKind;
use orch_domain::id::{ApprovalId, CallId};
use orch_domain::policy::decision::{Clearance, Consent, Held, Pass, consent};
use orch_domain::policy::item::ItemClass;
use orch_domain::port::call_log::{self, CallLogError};
use orch_domain::principal::Credential;
use orch_domain::refusal::{Reason, Refusal};
use orch_domain::server::Server;
use orch_mcp::message::Request;
use orch_mcp::meta::{self, HopMeta};
use orch_mcp::method::Method;
use orch_mcp::object;
use orch_mcp::peer::PeerRequest;
use orch_mcp::raw::Raw;
use orch_mcp::word::Word;
use serde::Deserialize;

use crate::approvals::NoSeat;
use crate::catalog::Catalog;
use crate::context::{CallContext, Endpoint};
use crate::error::{CallError, Unapproved};
use crate::faculties::Faculties;
use crate::held::{NewWaiting, Proceed, Waiting};
use crate::methods::arguments;
use crate::outward::{Outward, Shape};
use crate::relay::{Relay, Sending};
use crate::reply::Reply;
use crate::tasks::TaskRun;
use crate::view::{self, Origin};

/// At most this much of the arguments is shown to who has to approve.
const MAX_SHOWN: usize = 16 * 1024;

/// The longest name that is put on record.
const MAX_RECORDED: usize = 1024;

/// What a call is aimed at.
struct Target {
    clearance: Clearance<Arc<Server>>,
    server: Arc<Server>,
    names: Names,
    /// The params as the upstream is to get them.
    params: Raw,
}

/// What an item is called, where somebody has to approve its use; else nobody wants to read it.
#[derive(Default)]
struct Names {
    own: String,
    /// As the client wrote it.
    shown: String,
}

pub(crate) fn call(relay: &Arc<Relay>, cx: &CallContext, kind: CallKind, request: Request) -> Reply {
    let revision = cx.client.revision;
    let params = request.params.unwrap_or_else(|| Raw::from_static("{}"));
    let (params, hop) = meta::take_hop(params);
    let name = target_name(kind, &params);
    let shown = name.as_deref().unwrap_or_default();
    let mut ticket = match call_log::open(&relay.calls, record(relay, cx, kind, shown, &params)) {
        Ok(ticket) => ticket,
        Err(error) => return Reply::failed(&CallError::NotRecorded(error), revision, None, &*relay.clock),
    };
    let target = match name.and_then(|name| resolve(relay, cx, kind, &params, &name, &mut ticket)) {
        Ok(target) => target,
        Err(error) => return Reply::failed(&error, revision, Some(ticket), &*relay.clock),
    };
    let Target { clearance, server, names, mut params } = target;
    match relay.limiter.call(&cx.subject, &cx.project, server.id) {
        Ok(admission) if admission.is_empty() => {}
        Ok(admission) => ticket.keep(Box::new(admission)),
        Err(limited) => return Reply::failed(&CallError::Limited(limited), revision, Some(ticket), &*relay.clock),
    }
    let catalog = relay.fleet.slot(server.id).and_then(|slot| slot.catalog_for(cx, &server));
    let as_task = prepare_for_legacy(catalog.as_deref(), kind, &mut params);
    let request = PeerRequest {
        progress: hop.progress_token.is_some(),
        log_level: cx.log_level,
        input_schema: input_schema(catalog.as_deref(), kind, &params),
        declared: Some(Arc::clone(&cx.client.declared_modern)),
        foreign_headers: cx.client.foreign_headers.clone(),
        ..PeerRequest::new(request.method, Some(params))
    };
    let wanted = Wish { kind, request, hop, as_task };
    match clearance {
        Clearance::Granted(pass) => send(relay, cx, pass, wanted, Some(ticket)),
        // At the console there is nobody else to ask, and who sits there may approve.
        Clearance::Held(held) if cx.principal.credential == Credential::Console => match consent(&cx.subject) {
            Ok(consent) => release(relay, cx, Released { held, names, consent }, wanted, Some(ticket)),
            Err(_) => {
                let error = CallError::NotApproved(Unapproved::NoApprover);
                ticket.refuse(Refusal { reason: Reason::NoApprover, rule: Some(held.rule) });
                Reply::failed(&error, revision, Some(ticket), &*relay.clock)
            }
        },
        Clearance::Held(held) => hold(relay, cx, held, names, wanted, Some(ticket)),
    }
}

/// What is to be sent, once it may be.
struct Wish {
    kind: CallKind,
    request: PeerRequest,
    hop: HopMeta,
    as_task: bool,
}

/// Sends the call to its server.
fn send(relay: &Relay, cx: &CallContext, pass: Pass<Arc<Server>>, wish: Wish, ticket: Option<CallTicket>) -> Reply {
    let Wish { kind, request, hop, as_task } = wish;
    let outward = match cx.endpoint {
        Endpoint::Server(_) => Outward::AsIs,
        Endpoint::Unified => Outward::Namespaced { server: Arc::clone(pass.get()), shape: shape(kind) },
    };
    relay.send(cx, pass, Sending { request, outward, hop, as_task, of_own_era: false }, ticket)
}

/// What somebody has agreed to.
struct Released {
    held: Held<Arc<Server>>,
    names: Names,
    consent: Consent,
}

/// Sends the call that somebody has agreed to, or lets it wait for somebody else where that was not enough.
fn release(relay: &Arc<Relay>, cx: &CallContext, released: Released, wish: Wish, ticket: Option<CallTicket>) -> Reply {
    let Released { held, names, consent } = released;
    match held.release(consent) {
        Ok(pass) => send(relay, cx, pass, wish, ticket),
        Err(held) => hold(relay, cx, held, names, wish, ticket),
    }
}

/// Lets the call wait until somebody agrees.
fn hold(
    relay: &Arc<Relay>,
    cx: &CallContext,
    held: Held<Arc<Server>>,
    names: Names,
    wish: Wish,
    mut ticket: Option<CallTicket>,
) -> Reply {
    let kind = wish.kind;
    let (revision, now) = (cx.client.revision, relay.clock.now());
    let server = Arc::clone(held.get());
    let confirm = held
        .confirmable()
        .filter(|_| cx.faculties().is_some_and(Faculties::has_forms))
        .map(|confirmable| (confirmable, format!("Allow the {} {} of {}?", kind.as_str(), names.own, server.name)));
    let approval = Approval {
        id: ApprovalId::new(),
        project_id: cx.project.project.id,
        user_id: cx.principal.user_id,
        key_id: cx.principal.key_id(),
        client: Arc::clone(&cx.client.name),
        server_id: server.id,
        server: Arc::from(server.alias.as_str()),
        kind,
        target: recorded(&names.own),
        arguments: wish
            .request
            .params
            .as_ref()
            .and_then(|params| object::member(params, "arguments"))
            .map(|raw| shown_to_approver(&raw)),
        rule_id: held.rule,
        asked_at: now,
        expires_at: now + held.terms.within,
        caller_may_confirm: confirm.is_some(),
        state: ApprovalState::Pending,
        decided_at: None,
        decided_by: None,
    };
    let seat = match relay.approvals.ask(approval) {
        Ok(seat) => seat,
        Err(no_seat) => {
            let (error, reason) = match no_seat {
                NoSeat::NotRecorded(error) => (CallError::NotRecorded(error), Reason::RecordUnavailable),
                NoSeat::Crowded { limit } => {
                    let reason = format!("{limit} calls wait for an approval, the limit");
                    (CallError::Busy { server: server.alias.to_string(), reason }, Reason::LimitApprovals)
                }
            };
            if let Some(ticket) = &mut ticket {
                ticket.refuse(Refusal { reason, rule: Some(held.rule) });
            }
            return Reply::failed(&error, revision, ticket, &*relay.clock);
        }
    };
    let (within, progress_token) = (held.terms.within, wish.hop.progress_token.clone());
    let proceed: Proceed = {
        let (relay, cx) = (Arc::clone(relay), cx.clone());
        // What was asked for may be denied by now, or need the consent of somebody else: consent stands in for an
        // approver and not for the rules.
        Box::new(move |consent, mut ticket| {
            let now = relay.as_of_now(&cx).ok_or_else(|| Refusal::from(Reason::Unknown));
            let cleared = now.and_then(|now| {
                let server = now.project.server(server.id).map(Arc::clone).ok_or(Reason::Unknown)?;
                let clearance = relay.clear(&now, &server, ItemClass::from(kind), &names.own)?;
                Ok((now, clearance))
            });
            match cleared {
                Ok((now, Clearance::Granted(pass))) => send(&relay, &now, pass, wish, ticket),
                Ok((now, Clearance::Held(held))) => {
                    release(&relay, &now, Released { held, names, consent }, wish, ticket)
                }
                Err(refusal) => {
                    let error = CallError::NotApproved(Unapproved::NotAnyMore);
                    if let Some(ticket) = &mut ticket {
                        ticket.refuse(refusal);
                        // Its caller is told that there is no such thing, of which it knows no other name.
                        if let Some(call) = ticket.call_mut() {
                            call.target = recorded(&names.shown);
                        }
                    }
                    Reply::failed(&error, revision, ticket, &*relay.clock)
                }
            }
        })
    };
    Reply::held(Waiting::new(NewWaiting {
        seat,
        within,
        confirm,
        progress_token,
        stop: Arc::clone(&cx.stop),
        revision,
        clock: Arc::clone(&relay.clock),
        rule: held.rule,
        ticket,
        proceed,
    }))
}

/// Arguments as an approver is to see them, cut when they are long.
fn shown_to_approver(arguments: &Raw) -> String {
    let text = arguments.as_str();
    let end = (0..=text.len().min(MAX_SHOWN)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    let mut shown = text.get(..end).unwrap_or_default().to_owned();
    if end < text.len() {
        shown.push('…');
    }
    shown
}

/// The schema of the tool, for a server that wants some arguments as headers.
fn input_schema(catalog: Option<&Catalog>, kind: CallKind, params: &Raw) -> Option<Raw> {
    let catalog = catalog.filter(|_| kind == CallKind::Tool)?;
    // Only servers of the modern era read such headers, and only some of their tools have any.
    if catalog.hello.revision.is_legacy() || catalog.mirroring().is_empty() {
        return None;
    }
    catalog.mirroring().get(&object::string(params, "name")?).cloned()
}

/// Takes out what the server has no word for: what the client says of tasks of 2025-11-25, which it was not offered, and
/// toward a legacy server also answers to questions, which are for us. True when a legacy server runs the tool only as a
/// task, which the params then ask for.
fn prepare_for_legacy(catalog: Option<&Catalog>, kind: CallKind, params: &mut Raw) -> bool {
    let catalog = catalog.filter(|catalog| catalog.hello.revision.is_legacy());
    static FOREIGN: [(&str, Word); 3] = [
        ("task", Word::new("task")),
        ("inputResponses", Word::new("inputResponses")),
        ("requestState", Word::new("requestState")),
    ];
    let foreign = if catalog.is_some() { &FOREIGN[..] } else { &FOREIGN[..1] };
    // Nearly no call has any of these.
    let is_there =
        |(name, word): &(&str, Word)| word.is_in(params.as_bytes()) && object::member(params, name).is_some();
    if foreign.iter().any(is_there)
        && let Ok(rest) = object::without(params, |member| foreign.iter().any(|(name, _)| *name == member))
    {
        *params = rest;
    }
    let Some(catalog) = catalog else { return false };
    if kind != CallKind::Tool || catalog.task_tools().is_empty() {
        return false;
    }
    let is_required = object::string(params, "name").is_some_and(|name| catalog.task_tools().contains(&name));
    if is_required {
        *params = TaskRun::begin(params);
    }
    is_required
}

/// Decides again over a call that has waited.
pub(crate) fn may_go_on(relay: &Relay, cx: &CallContext, request: &Request) -> Result<(), CallError> {
    let kind = match request.method.known() {
        Method::ToolsCall => CallKind::Tool,
        Method::PromptsGet => CallKind::Prompt,
        Method::ResourcesRead => CallKind::Resource,
        _ => return Ok(()),
    };
    let params = request.params.clone().unwrap_or_else(|| Raw::from_static("{}"));
    let shown = target_name(kind, &params)?;
    // Whether somebody has to approve it was settled when it came.
    place(relay, cx, kind, &shown).map(|_| ()).map_err(|absent| absent.error)
}

/// Records a call that is not going to be made.
pub(crate) fn note(
    relay: &Relay,
    cx: &CallContext,
    kind: CallKind,
    request: &Request,
    outcome: Outcome,
    refusal: Option<Refusal>,
) -> Result<(), CallLogError> {
    let params = request.params.clone().unwrap_or_else(|| Raw::from_static("{}"));
    let shown = target_name(kind, &params).unwrap_or_default().into_owned();
    let call = Call { refusal, ..record(relay, cx, kind, &shown, &params) };
    let ticket = call_log::open(&relay.calls, call)?;
    ticket.close(outcome, relay.clock.now(), ()).map(|_| ())
}

const fn shape(kind: CallKind) -> Shape {
    match kind {
        CallKind::Tool => Shape::ToolResult,
        CallKind::Prompt => Shape::PromptResult,
        CallKind::Resource => Shape::ReadResult,
    }
}

fn record(relay: &Relay, cx: &CallContext, kind: CallKind, shown: &str, params: &Raw) -> Call {
    let (server_id, server) = match &cx.endpoint {
        Endpoint::Server(server) => (Some(server.id), Arc::from(server.alias.as_str())),
        // Not known before the name is looked up.
        Endpoint::Unified => (None, Arc::default()),
    };
    Call {
        id: CallId::new(),
        at: relay.clock.now(),
        project_id: cx.project.project.id,
        user_id: cx.principal.user_id,
        key_id: cx.principal.key_id(),
        client: Arc::clone(&cx.client.name),
        server_id,
        server,
        kind,
        target: recorded(shown),
        duration: Duration::ZERO,
        waited: Duration::ZERO,
        outcome: Outcome::Abandoned,
        refusal: None,
        arguments: arguments::kept(relay, cx, params),
    }
}

/// A name as it goes on record.
fn recorded(name: &str) -> String {
    if name.len() <= MAX_RECORDED { name.to_owned() } else { name.chars().take(MAX_RECORDED).collect() }
}

/// The member of the params that says what is called.
fn target_name<'a>(kind: CallKind, params: &'a Raw) -> Result<Cow<'a, str>, CallError> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        name: Cow<'a, str>,
    }
    #[derive(Deserialize)]
    struct Located<'a> {
        #[serde(borrow)]
        uri: Cow<'a, str>,
    }
    let key = if kind == CallKind::Resource { "uri" } else { "name" };
    if let Some(name) = object::plain_string(params, key) {
        return Ok(Cow::Borrowed(name));
    }
    let name = match kind {
        CallKind::Tool | CallKind::Prompt => params.read::<Named<'a>>().map(|named| named.name),
        CallKind::Resource => params.read::<Located<'a>>().map(|located| located.uri),
    };
    name.map_err(|error| CallError::InvalidParams(format!("params: {error}")))
}

/// Finds the server, asks the one decision point, and translates the name.
fn resolve(
    relay: &Relay,
    cx: &CallContext,
    kind: CallKind,
    params: &Raw,
    shown: &str,
    ticket: &mut CallTicket,
) -> Result<Target, CallError> {
    let placed = place(relay, cx, kind, shown).map_err(|absent| absent.note(ticket));
    let Place { clearance, server, translated } = placed?;
    let name = translated.as_deref().unwrap_or(shown);
    let names = match &clearance {
        Clearance::Held(_) => Names { own: name.to_owned(), shown: shown.to_owned() },
        Clearance::Granted(_) => Names::default(),
    };
    if let Some(name) = &translated
        && let Some(call) = ticket.call_mut()
    {
        (call.server_id, call.server) = (Some(server.id), Arc::from(server.alias.as_str()));
        call.target = recorded(name);
    }
    let params = match translated {
        None => params.clone(),
        Some(name) => {
            let key = if kind == CallKind::Resource { "uri" } else { "name" };
            Raw::serialize(&name)
                .ok()
                .and_then(|name| object::with(params, key, &name).ok())
                .ok_or_else(|| CallError::InvalidParams("params must be an object".to_owned()))?
        }
    };
    Ok(Target { clearance, server, names, params })
}

/// Where a name leads.
struct Place {
    clearance: Clearance<Arc<Server>>,
    server: Arc<Server>,
    /// The item's own name, where the client knows it by another one.
    translated: Option<String>,
}

/// A name that leads nowhere, for this principal.
struct Absent {
    error: CallError,
    /// Why, which the error does not tell.
    refusal: Refusal,
    /// Which server it would be, where that is known.
    server: Option<Arc<Server>>,
}

impl Absent {
    /// Puts on record what the error does not say. The target stays as the client wrote it.
    fn note(self, ticket: &mut CallTicket) -> CallError {
        ticket.refuse(self.refusal);
        if let Some(server) = self.server
            && let Some(call) = ticket.call_mut()
        {
            (call.server_id, call.server) = (Some(server.id), Arc::from(server.alias.as_str()));
        }
        self.error
    }
}

/// Finds the server and asks the one decision point.
fn place(relay: &Relay, cx: &CallContext, kind: CallKind, shown: &str) -> Result<Place, Absent> {
    let unknown = || match kind {
        CallKind::Tool => CallError::Unknown { what: "tool", name: shown.to_owned() },
        CallKind::Prompt => CallError::Unknown { what: "prompt", name: shown.to_owned() },
        CallKind::Resource => CallError::UnknownResource { uri: shown.to_owned() },
    };
    let absent = |refusal, server: Option<&Arc<Server>>| Absent { error: unknown(), refusal, server: server.cloned() };
    let (server, translated) = match &cx.endpoint {
        Endpoint::Server(server) => (Arc::clone(server), None),
        Endpoint::Unified => {
            let origin = match kind {
                CallKind::Tool => relay.view(cx).resolve(&cx.project, ItemKind::Tool, shown),
                CallKind::Prompt => relay.view(cx).resolve(&cx.project, ItemKind::Prompt, shown),
                CallKind::Resource => view::resolve_uri(&cx.project, shown),
            };
            let Origin { server, name } = origin.ok_or_else(|| absent(Reason::Unknown.into(), None))?;
            (server, Some(name))
        }
    };
    // A denied object answers exactly like one that does not exist; the record alone tells them apart.
    let name = translated.as_deref().unwrap_or(shown);
    let cleared = if relay.offers(cx, &server, kind, name) {
        relay.clear(cx, &server, ItemClass::from(kind), name)
    } else {
        Err(Reason::Unknown.into())
    };
    let clearance = cleared.map_err(|refusal| absent(refusal, Some(&server)))?;
    Ok(Place { clearance, server, translated })
}
