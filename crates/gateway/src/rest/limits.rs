//! How much may be asked: limits of a project and of the instance.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, get, put};
use orch_control::limits::LimitsSeen;
use orch_domain::quota::{Allowance, Limits};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api_error::ApiError;
use crate::body::Json;
use crate::caller::Caller;
use crate::etag::{self, IfMatch};
use crate::register::Register;
use crate::rest::Rest;

/// How much one may ask for. Null, or left out, where it says nothing.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Allowance)]
pub struct AllowanceView {
    /// Requests a minute.
    #[schema(minimum = 1, maximum = 1000000)]
    pub(crate) per_minute: Option<u32>,
    /// Calls that run at the same time.
    #[schema(minimum = 1, maximum = 100000)]
    pub(crate) concurrent: Option<u32>,
    /// Calls a day, from midnight to midnight in UTC.
    #[schema(minimum = 1, maximum = 1000000000)]
    pub(crate) per_day: Option<u32>,
}

/// Limits of a project or of the instance; what is left out or null is not set here.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Limits)]
pub struct LimitsBody {
    /// Of each API key.
    key: AllowanceView,
    /// Of each account, with all its keys and logins, in one project.
    user: AllowanceView,
    /// Of the project with everybody in it.
    project: AllowanceView,
    /// Calls that run at one server at the same time.
    #[schema(minimum = 1, maximum = 100000)]
    server_concurrent: Option<u32>,
}

/// What is set, and what holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsView {
    /// What is set here.
    limits: LimitsBody,
    /// What holds: where a project sets nothing, the number of the instance.
    effective: LimitsBody,
    /// What the `ETag` is made of; 0 while nothing was ever set.
    version: u32,
}

impl From<Allowance> for AllowanceView {
    fn from(allowance: Allowance) -> Self {
        let Allowance { per_minute, concurrent, per_day } = allowance;
        Self { per_minute, concurrent, per_day }
    }
}

impl From<AllowanceView> for Allowance {
    fn from(view: AllowanceView) -> Self {
        let AllowanceView { per_minute, concurrent, per_day } = view;
        Self { per_minute, concurrent, per_day }
    }
}

impl From<Limits> for LimitsBody {
    fn from(limits: Limits) -> Self {
        let Limits { key, user, project, server_concurrent } = limits;
        Self { key: key.into(), user: user.into(), project: project.into(), server_concurrent }
    }
}

impl From<LimitsBody> for Limits {
    fn from(body: LimitsBody) -> Self {
        let LimitsBody { key, user, project, server_concurrent } = body;
        Self { key: key.into(), user: user.into(), project: project.into(), server_concurrent }
    }
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(get_limits).service(put_limits).service(get_instance_limits).service(put_instance_limits);
}

/// Show the limits of a project
///
/// For everybody who sees the project.
///
/// What the project sets, and what holds: where it sets nothing, the number of the instance.
#[utoipa::path(
    operation_id = "get_limits",
    tag = "limits",
    params(("project" = String, Path, description = "id or slug")),
    responses((status = 200, body = LimitsView))
)]
#[get("/projects/{project}/limits")]
async fn get_limits(caller: Caller, rest: Data<Rest>, project: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(answer(rest.control.limits.get(&caller.principal, &project).await?))
}

/// Replace the limits of a project
///
/// For admins of the project; not for API keys.
///
/// Replaces all of them: what is left out is left to the instance. They hold for the very next request.
#[utoipa::path(
    operation_id = "put_limits",
    tag = "limits",
    params(("project" = String, Path, description = "id or slug")),
    request_body = LimitsBody,
    responses((status = 200, body = LimitsView))
)]
#[put("/projects/{project}/limits")]
async fn put_limits(
    caller: Caller,
    rest: Data<Rest>,
    project: Path<String>,
    IfMatch(expected): IfMatch,
    Json(body): Json<LimitsBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(rest.control.limits.put(&caller.principal, &project, body.into(), expected).await?))
}

/// Show the limits of the instance
///
/// For instance admins.
///
/// Numbers for projects that set none of their own.
#[utoipa::path(operation_id = "get_instance_limits", tag = "limits", responses((status = 200, body = LimitsView)))]
#[get("/limits")]
async fn get_instance_limits(caller: Caller, rest: Data<Rest>) -> Result<HttpResponse, ApiError> {
    Ok(answer(rest.control.limits.get_instance(&caller.principal).await?))
}

/// Replace the limits of the instance
///
/// For instance admins.
///
/// Replaces all of them: what is left out is without limit. They hold for the very next request in every project that
/// sets no number of its own.
#[utoipa::path(
    operation_id = "put_instance_limits",
    tag = "limits",
    request_body = LimitsBody,
    responses((status = 200, body = LimitsView))
)]
#[put("/limits")]
async fn put_instance_limits(
    caller: Caller,
    rest: Data<Rest>,
    IfMatch(expected): IfMatch,
    Json(body): Json<LimitsBody>,
) -> Result<HttpResponse, ApiError> {
    Ok(answer(rest.control.limits.put_instance(&caller.principal, body.into(), expected).await?))
}

fn answer(seen: LimitsSeen) -> HttpResponse {
    let LimitsSeen { stored, effective } = seen;
    let view = LimitsView { limits: stored.limits.into(), effective: effective.into(), version: stored.version };
    HttpResponse::Ok().insert_header(etag::of(view.version)).json(view)
}
