//! The HTTP server: one application for REST, MCP endpoints and documentation, behind one middleware.

use std::fmt;
use std::future::Future;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, Error};
use orch_control::Control;
use orch_domain::port::clock::Clock;
use orch_relay::limits::Limiter;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::Clients;
use crate::config::GatewayConfig;
use crate::dashboard::Dashboard;
use crate::error::GatewayError;
use crate::fallback;
use crate::health::{self, Readiness};
use crate::identity::Identity;
use crate::key_uses::KeyUses;
use crate::mcp::{self, McpEndpoints};
use crate::middleware::Edge;
use crate::openapi::{self, Documentation};
use crate::rest::events::Seats;
use crate::rest::{self, Rest};
use crate::runtimes::Runtimes;
use crate::serving::Serving;
use crate::site::Site;
use crate::stopping::Stopping;

pub use crate::serving::Connections;

/// Everything that the workers share. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    config: GatewayConfig,
    clock: Arc<dyn Clock>,
    edge: Edge,
    rest: Data<Rest>,
    mcp: Option<Data<McpEndpoints>>,
    readiness: Data<Arc<dyn Readiness>>,
    documentation: Data<Documentation>,
    dashboard: Data<Dashboard>,
    stopping: Stopping,
    runtimes: Runtimes,
    on_worker: fn(),
}

/// What a gateway is made of.
pub struct GatewayParts {
    pub config: GatewayConfig,
    pub control: Control,
    pub identity: Identity,
    pub clock: Arc<dyn Clock>,
    pub readiness: Arc<dyn Readiness>,
    pub limiter: Arc<Limiter>,
    /// Told who uses which API key.
    pub uses: Arc<KeyUses>,
    /// Without them the gateway serves REST alone.
    pub mcp: Option<McpEndpoints>,
    /// Called on the thread of each worker, before it serves.
    pub on_worker: fn(),
}

impl Gateway {
    pub fn new(parts: GatewayParts) -> Result<Self, GatewayError> {
        let GatewayParts { config, control, identity, clock, readiness, limiter, uses, mcp, on_worker } = parts;
        let site = Arc::new(Site::new(&config)?);
        let stopping = Stopping::default();
        Ok(Self {
            edge: Edge { site: Arc::clone(&site), identity: identity.clone(), limiter, uses },
            clock: Arc::clone(&clock),
            rest: Data::new(Rest {
                control,
                identity,
                clock,
                clients: Clients::new(&config.trusted_proxies)?,
                site,
                event_seats: Seats::default(),
                stopping: stopping.clone(),
            }),
            mcp: mcp.map(Data::new),
            readiness: Data::new(readiness),
            documentation: Data::new(Documentation::default()),
            dashboard: Data::new(Dashboard::embedded()),
            config,
            stopping,
            runtimes: Runtimes::default(),
            on_worker,
        })
    }

    /// Those of the workers, once they serve.
    #[must_use]
    pub const fn runtimes(&self) -> &Runtimes {
        &self.runtimes
    }

    /// Adds all routes to an application. It must be wrapped by the middleware, as [`Gateway::app`] does: without it
    /// no request has a caller, and every guarded route refuses.
    pub fn configure(&self) -> impl Fn(&mut ServiceConfig) + use<> {
        let gateway = self.clone();
        move |config| {
            config
                .app_data(gateway.rest.clone())
                .app_data(gateway.readiness.clone())
                .app_data(gateway.documentation.clone())
                .app_data(gateway.dashboard.clone())
                .app_data(web::PayloadConfig::new(gateway.config.max_body_bytes));
            // First, as routes are tried in order and these are asked for most.
            if let Some(endpoints) = &gateway.mcp {
                mcp::configure(config, endpoints);
            }
            rest::configure(config);
            health::configure(config);
            openapi::configure(config);
            config.default_service(web::to(fallback::answer));
        }
    }

    /// The whole application; one for each worker.
    pub fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = Error,
            InitError = (),
        > + use<>,
    > {
        App::new().wrap(self.edge.clone()).configure(self.configure())
    }

    fn serving(&self) -> Serving {
        Serving {
            config: self.config.clone(),
            clock: Arc::clone(&self.clock),
            stopping: self.stopping.clone(),
            site: Arc::clone(&self.edge.site),
            endpoints: self.mcp.clone(),
        }
    }

    /// Serves connections of any kind on this thread, each for as long as its future is polled. None when the application
    /// cannot be made.
    pub async fn connections<W: AsyncRead + AsyncWrite + Unpin + 'static>(&self) -> Option<Connections<W>> {
        self.serving().connections(self.app()).await.ok()
    }

    /// The daemon is about to stop, and still serves: each connection for one more request, so that clients go elsewhere,
    /// and no stream that has no end of its own.
    pub fn drain(&self) {
        self.stopping.drain();
    }

    /// Serves until `shutdown` is done and the running requests are over, or their time is.
    pub async fn serve(
        self,
        listener: TcpListener,
        workers: usize,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), GatewayError> {
        let stopping = self.stopping.clone();
        let server = self.serving().start(listener, workers, move || {
            self.runtimes.join();
            (self.on_worker)();
            self.app()
        })?;
        let handle = server.handle();
        let stop = async move {
            shutdown.await;
            stopping.end();
            handle.stop(true).await;
        };
        // Polled together: the server ends by itself when it fails, and then nobody waits for the shutdown.
        tokio::select! {
            ended = server => ended.map_err(GatewayError::Serve),
            () = stop => Ok(()),
        }
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("config", &self.config).finish_non_exhaustive()
    }
}

impl fmt::Debug for GatewayParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayParts").field("config", &self.config).finish_non_exhaustive()
    }
}
