//! What every request passes but those to MCP endpoints, in one step: host and origin, authentication, and on the way back
//! the headers and the body of errors. Decides no permission.

mod gate;

use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::uri::Authority;
use actix_web::{Error, HttpMessage};
use futures_util::future::{Either, FutureExt, Map};
use orch_auth::authenticator::bearer_of;
use orch_auth::error::AuthFailure;
use orch_relay::limits::Limiter;

use crate::api_error::{ApiError, Code};
use crate::caller::{Caller, Via};
use crate::cookies::{self, Scheme};
use crate::identity::Identity;
use crate::key_uses::KeyUses;
use crate::request_id::{self, RequestId};
use crate::site::{Refusal, Site};

pub(crate) use gate::Gate;

/// Wraps the whole application.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) site: Arc<Site>,
    pub(crate) identity: Identity,
    pub(crate) limiter: Arc<Limiter>,
    pub(crate) uses: Arc<KeyUses>,
}

impl<S, B> Transform<S, ServiceRequest> for Edge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = EdgeService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(EdgeService { service, edge: Rc::new(self.clone()) }))
    }
}

pub(crate) struct EdgeService<S> {
    service: S,
    edge: Rc<Edge>,
}

type Outcome<B> = Result<ServiceResponse<EitherBody<B>>, Error>;
type Finish<B> = fn(Result<ServiceResponse<B>, Error>) -> Outcome<B>;

impl<S, B> Service<ServiceRequest> for EdgeService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Either<Map<S::Future, Finish<B>>, Ready<Outcome<B>>>;

    actix_web::dev::forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.edge.admit(&request) {
            Ok(()) => Either::Left(self.service.call(request).map(finish as Finish<B>)),
            Err(error) => {
                let (request, _) = request.into_parts();
                let response = error.respond(&request);
                let mut response = ServiceResponse::new(request, response.map_into_right_body());
                add_headers(&mut response);
                Either::Right(ready(Ok(response)))
            }
        }
    }
}

impl Edge {
    /// Lets a request in, with its caller, or says why not.
    fn admit(&self, request: &ServiceRequest) -> Result<(), ApiError> {
        let authority = request.uri().authority().map(Authority::as_str);
        let gate = Gate::of(request.method(), request.path());
        let checked = match gate {
            Gate::Pulse => self.site.check_origin(request.headers()),
            Gate::Open | Gate::Caller => self.site.check(request.headers(), authority),
        };
        checked.map_err(|refusal| match refusal {
            Refusal::Host => ApiError::new(
                Code::HostNotAllowed,
                "this host name is not one of ours; whoever runs the daemon names it in MCP_SERVER_BASE_URL or \
                 ORCH_ALLOWED_HOSTS",
            ),
            Refusal::Origin => ApiError::new(
                Code::OriginNotAllowed,
                "pages of this origin may not talk to this server; whoever runs the daemon names it in \
                 ORCH_ALLOWED_ORIGINS",
            ),
        })?;
        match gate {
            Gate::Pulse | Gate::Open => Ok(()),
            Gate::Caller => {
                let caller = match self.authenticate(request, authority) {
                    Err(_) if may_do_without(request) => return Ok(()),
                    authenticated => authenticated?,
                };
                self.uses.note(&caller.principal, request.peer_addr().map(|peer| peer.ip()), request.headers());
                self.limit(&caller)?;
                request.extensions_mut().insert(caller);
                Ok(())
            }
        }
    }

    /// Counts the request against what the caller may ask.
    fn limit(&self, caller: &Caller) -> Result<(), ApiError> {
        let key = caller.principal.key_id().and_then(|key| self.identity.authenticator.key(key));
        self.limiter.rest(caller.principal.user_id, key.as_deref()).map_err(|limited| {
            let seconds = limited.retry_after.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX);
            ApiError::new(Code::TooManyRequests, limited.to_string()).retry_after(seconds)
        })
    }

    /// Finds the credential and has it checked. A header goes before a cookie.
    fn authenticate(&self, request: &ServiceRequest, authority: Option<&str>) -> Result<Caller, ApiError> {
        let headers = request.headers();
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            // What is no text is no credential either.
            let token = bearer_of(Some(value.to_str().unwrap_or("Bearer \u{fffd}")))?;
            let principal = self.identity.authenticate(token)?;
            return Ok(Caller { principal, via: Via::Bearer });
        }
        let token = cookies::find(headers, cookies::ACCESS).ok_or(AuthFailure::Missing)?;
        let principal = self.identity.authenticate(token)?;
        if !request.method().is_safe() && !self.site.is_same_site(headers, authority) {
            return Err(cross_site());
        }
        Ok(Caller { principal, via: Via::Cookie })
    }
}

/// Whether the handler can do with a refresh token in the place of a caller: who has nothing else left may still log out.
fn may_do_without(request: &ServiceRequest) -> bool {
    request.path() == LOGOUT && cookies::find(request.headers(), cookies::REFRESH).is_some()
}

/// The answer to a cookie that another site's page made the browser send.
pub(crate) fn cross_site() -> ApiError {
    ApiError::new(
        Code::CrossSiteRequest,
        "a cookie is only taken from pages of this origin; scripts send the token as `Authorization: Bearer`",
    )
}

fn finish<B: MessageBody>(outcome: Result<ServiceResponse<B>, Error>) -> Outcome<B> {
    let response = outcome?;
    let problem = response.response().error().map(|error| match error.as_error::<ApiError>() {
        Some(error) => error.respond(response.request()),
        None => foreign(error).respond(response.request()),
    });
    let mut response = match problem {
        Some(problem) => response.into_response(problem.map_into_right_body()),
        None => response.map_into_left_body(),
    };
    add_headers(&mut response);
    Ok(response)
}

/// An error that the framework made before a handler of ours ran.
fn foreign(error: &Error) -> ApiError {
    let status = error.as_response_error().status_code();
    match status.as_u16() {
        404 => ApiError::new(Code::NoSuchRoute, "there is nothing at this path"),
        413 => ApiError::new(Code::TooLarge, "the body is larger than this server takes"),
        415 => ApiError::new(Code::UnsupportedMediaType, "send application/json"),
        400..500 => ApiError::new(Code::MalformedRequest, "the request could not be read"),
        _ => ApiError::internal(error.to_string()),
    }
}

const LOGOUT: &str = "/api/v1/auth/logout";

const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// Answers of the API are data: nothing in them is to be run or framed.
const DATA_ONLY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// What every answer has, those of the MCP endpoints no more: they are no pages, and they are called often.
pub(crate) fn add_least_headers(headers: &mut header::HeaderMap, id: Option<RequestId>) {
    if let Some(id) = id {
        headers.insert(request_id::HEADER, id.header());
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
}

fn add_headers<B>(response: &mut ServiceResponse<B>) {
    let is_api = response.request().path().starts_with("/api/");
    let id = RequestId::of(response.request());
    let headers = response.headers_mut();
    add_least_headers(headers, Some(id));
    headers.insert(header::X_FRAME_OPTIONS, DENY);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    if is_api {
        insert_unless_set(headers, header::CACHE_CONTROL, NO_STORE);
        insert_unless_set(headers, header::CONTENT_SECURITY_POLICY, DATA_ONLY);
    }
}

fn insert_unless_set(headers: &mut header::HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

impl std::fmt::Debug for Edge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edge").field("scheme", &matches!(self.site.scheme, Scheme::Https)).finish_non_exhaustive()
    }
}
