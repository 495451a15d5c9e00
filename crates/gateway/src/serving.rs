//! The server: workers that take connections, and the application served on them over HTTP/1.1.

pub(crate) mod alarm;
mod connection;
mod date;
pub(crate) mod feed;
mod idle_poll;
mod open;
mod request;
mod response;
mod slice;

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_service::{IntoServiceFactory, ServiceFactory, fn_factory, fn_service};
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServiceRequest, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use actix_web::{App, Error, rt};
use orch_domain::port::clock::Clock;
use orch_http1::request::Head;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use self::connection::Connection;
use self::date::Date;
use self::idle_poll::IdlePoll;
use self::open::Open;
use crate::config::GatewayConfig;
use crate::error::GatewayError;
use crate::mcp::{Address, McpEndpoints};
use crate::site::Site;
use crate::stopping::Stopping;

/// How the connections are served.
#[derive(Clone)]
pub(crate) struct Serving {
    pub(crate) config: GatewayConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stopping: Stopping,
    pub(crate) site: Arc<Site>,
    pub(crate) endpoints: Option<Data<McpEndpoints>>,
}

/// What the connections of one worker share.
struct Worker<S> {
    app: S,
    site: Arc<Site>,
    endpoints: Option<Data<McpEndpoints>>,
    date: Rc<Date>,
    open: Rc<Open>,
    idle_poll: Rc<IdlePoll>,
    /// How long a client may take to send the head of a request.
    head_time: Duration,
    /// How long a connection is kept for the next request.
    idle_time: Duration,
}

/// Serves a connection of the client at an address until it ends.
pub type Connections<W> = Box<dyn Fn(W, SocketAddr) -> Pin<Box<dyn Future<Output = ()>>>>;

impl Serving {
    /// A server that runs once it is polled. `app` makes the application of one worker.
    pub(crate) fn start<T, B>(
        self,
        listener: TcpListener,
        workers: usize,
        app: impl Fn() -> App<T> + Clone + Send + 'static,
    ) -> Result<Server, GatewayError>
    where
        T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
            + 'static,
        B: MessageBody + 'static,
    {
        let shutdown_seconds = self.config.shutdown_seconds;
        let polling = Arc::new(Semaphore::new(idle_poll::places(workers)));
        let factory = move || {
            let serving = self.clone();
            let app = app.clone();
            let polling = Arc::clone(&polling);
            fn_factory(move || {
                let serving = serving.clone();
                let polling = Arc::clone(&polling);
                let app = app().into_factory().new_service(AppConfig::default());
                async move {
                    slice::shorten();
                    let worker = Rc::new(serving.worker(app.await?, polling));
                    Ok::<_, ()>(fn_service(move |wire: TcpStream| {
                        let worker = Rc::clone(&worker);
                        async move {
                            // Answers are written as a whole, and what comes in pieces is wanted at once.
                            if let (Ok(peer), Ok(())) = (wire.peer_addr(), wire.set_nodelay(true)) {
                                Connection::new(wire, peer, worker).serve().await;
                            }
                            Ok::<_, ()>(())
                        }
                    }))
                }
            })
        };
        let server = Server::build().workers(workers.max(1)).disable_signals().shutdown_timeout(shutdown_seconds);
        Ok(server.listen("orch", listener, factory).map_err(GatewayError::Listen)?.run())
    }

    /// Serves connections on the thread that it is called on, with an application of its own.
    pub(crate) async fn connections<W, T, B>(self, app: App<T>) -> Result<Connections<W>, ()>
    where
        W: AsyncRead + AsyncWrite + Unpin + 'static,
        T: ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse<B>, Error = Error, InitError = ()>
            + 'static,
        B: MessageBody + 'static,
    {
        let app = app.into_factory().new_service(AppConfig::default()).await?;
        let worker = Rc::new(self.worker(app, Arc::new(Semaphore::new(idle_poll::places(1)))));
        Ok(Box::new(move |wire, peer| Box::pin(Connection::new(wire, peer, Rc::clone(&worker)).serve())))
    }

    fn worker<S>(&self, app: S, polling: Arc<Semaphore>) -> Worker<S> {
        let open = Rc::new(Open::default());
        let stopping = self.stopping.clone();
        let of_worker = Rc::clone(&open);
        rt::spawn(async move {
            stopping.draining().await;
            of_worker.drain();
            stopping.ending().await;
            of_worker.end();
        });
        let idle_poll_us = self.endpoints.as_ref().map_or(0, |endpoints| endpoints.config.idle_poll_us);
        Worker {
            app,
            site: Arc::clone(&self.site),
            endpoints: self.endpoints.clone(),
            date: Date::kept(Arc::clone(&self.clock)),
            open,
            idle_poll: IdlePoll::start(Duration::from_micros(idle_poll_us.into()), polling),
            head_time: Duration::from_secs(self.config.header_timeout_seconds),
            idle_time: Duration::from_secs(self.config.keep_alive_seconds),
        }
    }
}

impl<S> Worker<S> {
    /// The MCP endpoint that is asked. None for everything else, and for hosts and pages that may not ask: the application
    /// tells them so.
    fn endpoint<'a>(&self, head: &'a Head) -> Option<(Address<'a>, &Data<McpEndpoints>)> {
        let endpoints = self.endpoints.as_ref()?;
        let address = Address::of(head.path())?;
        self.site.check(head, head.authority()).ok()?;
        Some((address, endpoints))
    }
}

impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("config", &self.config).finish_non_exhaustive()
    }
}
