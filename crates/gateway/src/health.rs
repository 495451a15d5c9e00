//! Whether the daemon lives and whether it is ready. Says nothing of what is inside.

use std::sync::Arc;

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::register::Register;

/// Given by the application: it knows what must work before requests are taken.
pub trait Readiness: Send + Sync {
    /// Answers at once, from what was last seen.
    fn is_ready(&self) -> bool;
}

/// A state in one word.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok`, or `unavailable` with the status 503.
    status: Health,
}

/// A state in one word.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Health {
    Ok,
    Unavailable,
}

pub(crate) fn configure(config: &mut impl Register) {
    config.service(get_liveness).service(get_readiness).service(get_health);
}

/// Whether the process lives
///
/// Needs no credential.
///
/// 200 for as long as the process answers at all, also while the database is away or the daemon is stopping: for a
/// supervisor that restarts what hangs.
#[utoipa::path(operation_id = "get_liveness", tag = "health", responses((status = 200, body = HealthView)))]
#[get("/health/live")]
async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().json(HealthView { status: Health::Ok })
}

/// Whether requests can be served
///
/// Needs no credential.
///
/// 503 while the daemon stops, or while no call can be put on record: for a load balancer that takes it out of rotation.
/// The database may be away meanwhile; calls wait for it in the journal until that is full. Answers at once, from what
/// was last seen.
#[utoipa::path(
    operation_id = "get_readiness",
    tag = "health",
    responses((status = 200, body = HealthView), (status = 503, body = HealthView))
)]
#[get("/health/ready")]
async fn get_readiness(readiness: web::Data<Arc<dyn Readiness>>) -> HttpResponse {
    answer(readiness.is_ready())
}

/// Whether all is well
///
/// Needs no credential.
///
/// The same as `/health/ready`, under the name that many monitors ask for. Says nothing of what is inside; instance
/// admins have `get_system` for that.
#[utoipa::path(
    operation_id = "get_health",
    tag = "health",
    responses((status = 200, body = HealthView), (status = 503, body = HealthView))
)]
#[get("/health")]
async fn get_health(readiness: web::Data<Arc<dyn Readiness>>) -> HttpResponse {
    answer(readiness.is_ready())
}

fn answer(ready: bool) -> HttpResponse {
    if ready {
        HttpResponse::Ok().json(HealthView { status: Health::Ok })
    } else {
        HttpResponse::ServiceUnavailable().json(HealthView { status: Health::Unavailable })
    }
}
