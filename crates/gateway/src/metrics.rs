//! `/metrics` on a port of its own, so that what is meant for the operator's monitoring is not open to clients.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse, HttpServer};
use async_trait::async_trait;

use crate::error::GatewayError;

pub use actix_web::dev::ServerHandle as MetricsHandle;

/// Given by the application: it knows what there is to be measured.
#[async_trait]
pub trait MetricsSource: Send + Sync {
    /// In the text format of OpenMetrics.
    async fn render(&self) -> String;
}

/// A server of `/metrics`, to be polled, and its handle.
pub fn server(
    listener: TcpListener,
    source: Arc<dyn MetricsSource>,
) -> Result<(impl Future<Output = std::io::Result<()>> + Send, MetricsHandle), GatewayError> {
    let source = Data::new(source);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(source.clone())
            .route("/metrics", web::get().to(metrics))
            .default_service(web::to(HttpResponse::NotFound))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)
    .map_err(GatewayError::Listen)?
    .run();
    let handle = server.handle();
    Ok((server, handle))
}

async fn metrics(source: Data<Arc<dyn MetricsSource>>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .body(source.render().await)
}
