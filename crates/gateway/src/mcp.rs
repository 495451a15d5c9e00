//! The MCP endpoints over Streamable HTTP. Translates between HTTP and the relay's requests and replies; decides
//! nothing about tools and servers.

mod accept;
mod address;
mod body;
mod cursor;
mod draining;
mod endpoint;
mod exchange;
mod incoming;
mod legacy;
mod modern;
mod pages;
pub mod playground;
mod post;
mod reach;
mod refusal;
pub(crate) mod respond;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::http::header::ALLOW;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use orch_auth::authenticator::Authenticator;
use orch_auth::state_seal::StateSeal;
use orch_control::instance_uses::InstanceUses;
use orch_domain::directory::live::LiveDirectory;
use orch_domain::port::clock::Clock;
use orch_http1::request::Head;
use orch_relay::relay::Relay;
use serde::Deserialize;

use self::address::Door;
use crate::api_error::{ApiError, Code};
use crate::dashboard::Dashboard;
use crate::key_uses::KeyUses;
use crate::middleware;
use crate::request_id::RequestId;
use crate::serving::alarm::Alarm;
use crate::serving::feed::Sent;

pub(crate) use self::address::Address;
pub use self::draining::Draining;
pub use self::legacy::sessions::{SessionLimits, Sessions};
pub use self::modern::running::Running;

/// What the MCP endpoints work with.
pub struct McpEndpoints {
    pub relay: Arc<Relay>,
    pub directory: Arc<LiveDirectory>,
    pub authenticator: Arc<Authenticator>,
    pub sessions: Arc<Sessions>,
    /// Clients of the modern era: what runs for them at this moment.
    pub running: Arc<Running>,
    /// Calls that are made over REST.
    pub playground: Arc<playground::Playground>,
    /// Seals what they are given to bring back.
    pub seal: Arc<StateSeal>,
    /// For how long that is good.
    pub clock: Arc<dyn Clock>,
    /// Told who uses which API key.
    pub uses: Arc<KeyUses>,
    /// Told who is let in by the right of an instance admin alone.
    pub instance_uses: Arc<InstanceUses>,
    pub config: McpConfig,
}

/// Limits of the MCP endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct McpConfig {
    /// Largest request body in bytes.
    pub max_body_bytes: usize,
    /// An answer that takes longer than this many milliseconds becomes an event stream, so that it can be kept alive.
    pub commit_after_ms: u64,
    /// A comment is sent on an idle event stream after this many seconds.
    pub keep_alive_secs: u64,
    /// A session without any traffic for this many seconds ends.
    pub session_idle_secs: u64,
    /// One user, with all keys, has at most this many sessions; a further one ends the least recently used.
    pub max_sessions_per_user: usize,
    /// The instance has at most this many sessions; a further one is refused.
    pub max_sessions: usize,
    /// One user, with all keys, has at most this many requests without a session in flight.
    pub max_requests_per_user: usize,
    /// One user, with all keys, listens on at most this many streams without a session.
    pub max_listens_per_user: usize,
    /// One user, with all keys, has at most this many calls that wait for an answer of the client's.
    pub max_parked_per_user: usize,
    /// How long such a call waits, in seconds.
    pub park_secs: u64,
    /// One user has at most this many calls over REST in flight, those that wait for an answer included.
    pub max_rest_calls_per_user: usize,
    /// One session has at most this many requests in flight.
    pub max_requests_per_session: usize,
    /// Where requests and answers follow each other closely, a worker looks for the next for at most this many
    /// microseconds before it sleeps. At most 65,535; 0 for never.
    pub idle_poll_us: u16,
}

impl Default for McpConfig {
    fn default() -> Self {
        Self {
            max_body_bytes: 4 * 1024 * 1024,
            commit_after_ms: 2000,
            keep_alive_secs: 15,
            session_idle_secs: 1800,
            max_sessions_per_user: 1000,
            max_sessions: 50_000,
            max_requests_per_user: 1024,
            max_listens_per_user: 100,
            max_parked_per_user: 64,
            park_secs: 600,
            max_rest_calls_per_user: 32,
            max_requests_per_session: 256,
            idle_poll_us: 200,
        }
    }
}

/// A request as it came.
#[derive(Clone, Copy)]
pub(crate) struct Http<'a> {
    pub(crate) head: &'a Head,
    /// The other end of the connection.
    pub(crate) peer: SocketAddr,
}

/// Adds the dashboard's pages of projects and servers to an application, whose addresses begin as those of endpoints do.
pub fn configure(config: &mut ServiceConfig, endpoints: &web::Data<McpEndpoints>) {
    config.app_data(endpoints.clone());
    config.service(web::scope("/projects").default_service(web::to(page)));
}

async fn page(request: HttpRequest, dashboard: web::Data<Dashboard>) -> Result<HttpResponse, ApiError> {
    let page = dashboard.answer(&request);
    page.ok_or_else(|| ApiError::new(Code::NoSuchRoute, "there is nothing at this path"))
}

/// What is answered to a request to an endpoint.
pub(crate) enum Answered {
    /// One message as JSON with the status 200, as nearly always: it goes out without a map of headers.
    Message {
        body: Bytes,
        /// As the client has sent it.
        id: Option<RequestId>,
    },
    Response(HttpResponse),
}

impl From<HttpResponse> for Answered {
    fn from(response: HttpResponse) -> Self {
        Self::Response(response)
    }
}

/// Answers a request to an endpoint. Apart from the application: it is asked for most, and does without what the
/// application does for everybody else. With `patience` it is waited for an answer that can be sent as a whole.
pub(crate) async fn answer(
    address: Address<'_>,
    http: Http<'_>,
    body: Sent,
    endpoints: &web::Data<McpEndpoints>,
    patience: &mut Alarm,
) -> Answered {
    let methods = match address.door {
        Door::StreamableHttp => METHODS,
        Door::Sse => "GET",
        Door::Messages => "POST",
    };
    let page = pages::origin(http.head);
    let mut response = match (address.door, http.head.method()) {
        (Door::StreamableHttp, b"POST") => match post::handle(address, http, body, endpoints, patience).await {
            Answered::Message { body, .. } if page.is_none() => {
                return Answered::Message { body, id: RequestId::sent(http.head) };
            }
            Answered::Message { body, .. } => HttpResponse::Ok().content_type("application/json").body(body),
            Answered::Response(response) => response,
        },
        (Door::StreamableHttp, b"GET") => legacy::stream::handle(address, http, endpoints),
        (Door::StreamableHttp, b"DELETE") => legacy::end::handle(address, http, endpoints),
        (Door::Sse, b"GET") => legacy::channel::open(address, http, endpoints),
        (Door::Sse, b"POST") => legacy::channel::not_here(),
        (Door::Messages, b"POST") => Box::pin(legacy::channel::post(address, http, body, endpoints)).await,
        (_, b"OPTIONS") => {
            let mut response = HttpResponse::NoContent().insert_header((ALLOW, methods)).finish();
            if page.is_some() {
                pages::let_send(response.headers_mut(), methods);
            }
            response
        }
        _ => refusal::method_not_allowed(methods),
    };
    middleware::add_least_headers(response.headers_mut(), RequestId::sent(http.head));
    if let Some(page) = page {
        pages::let_read(response.headers_mut(), page);
    }
    response.into()
}

const METHODS: &str = "POST, GET, DELETE";
