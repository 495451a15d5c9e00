//! Who sent this request: put there by the middleware, taken by handlers. The one thing that travels in the
//! extensions of a request, beside its id.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use orch_domain::principal::Principal;

use crate::api_error::{ApiError, Code};

#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    pub via: Via,
}

/// Where the credential stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Bearer,
    /// Sent by a browser without being asked; needs a defence against other sites.
    Cookie,
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| ApiError::new(Code::Unauthenticated, "this needs a credential")))
    }
}
