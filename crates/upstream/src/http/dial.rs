//! Makes a connection: name to addresses, judgement of each address, TCP, TLS. The address that was judged is the
//! one that is dialled, so a name that changes its mind between gains nothing. Keeps no connection.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use url::Host;

use crate::address::AddressPolicy;
use crate::error::DialError;
use crate::http::breaker::{Breaker, Open};
use crate::http::link::Link;
use crate::http::proxy::Proxy;
use crate::http::wire::Wire;

pub(crate) struct Dialer {
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) policy: AddressPolicy,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) breaker: Breaker,
    pub(crate) timeout: Duration,
    /// Of the connections it makes.
    pub(crate) idle: Duration,
}

impl Dialer {
    pub(crate) async fn dial(&self) -> Result<Box<Link>, DialError> {
        let attempt = self.breaker.admit().map_err(|open| self.resting(open))?;
        let after = self.timeout;
        let dialled = tokio::time::timeout(after, self.attempt())
            .await
            .unwrap_or_else(|_| Err(DialError::Timeout { host: self.host.to_string(), port: self.port, after }));
        match &dialled {
            // What is not allowed says nothing about the server.
            Ok(_) | Err(DialError::Blocked { .. }) => attempt.succeeded(),
            Err(error) => attempt.failed(&error.to_string()),
        }
        dialled
    }

    pub(crate) fn resting(&self, open: Open) -> DialError {
        let Open { failures, again_in, last } = open;
        DialError::Resting { host: self.host.to_string(), port: self.port, failures, again_in, last }
    }

    async fn attempt(&self) -> Result<Box<Link>, DialError> {
        let stream = match &self.proxy {
            None => self.tcp().await?,
            Some(proxy) => self.through(proxy).await?,
        };
        // Messages are written whole; waiting for more of them gains nothing.
        stream.set_nodelay(true).map_err(|error| self.connect_error(&error))?;
        let wire = match &self.tls {
            None => Wire::Plain(stream),
            Some(config) => {
                let failed = |why: String| DialError::Tls { host: self.host.to_string(), port: self.port, why };
                let name = self.server_name().ok_or_else(|| failed("the host has no name for it".to_owned()))?;
                let stream = TlsConnector::from(Arc::clone(config))
                    .connect(name, stream)
                    .await
                    .map_err(|error| failed(error.to_string()))?;
                Wire::Tls(Box::new(stream))
            }
        };
        tracing::debug!(server.address = %self, "connected");
        Ok(Link::new(wire, self.idle))
    }

    /// A connection to the proxy, with a tunnel to a server at `https`. A server at `http` is named in each request.
    async fn through(&self, proxy: &Proxy) -> Result<TcpStream, DialError> {
        let failed = |why: String| DialError::Proxy { host: self.host.to_string(), port: self.port, why };
        // Names that lead nowhere from here are left to the proxy, which is where they lead somewhere.
        for address in self.addresses().await.unwrap_or_default() {
            self.judge(address)?;
        }
        // Where the proxy is, the operator has said.
        let dialled = TcpStream::connect((proxy.host.as_str(), proxy.port)).await;
        let mut stream = dialled.map_err(|error| failed(format!("it cannot be reached: {}", why(&error))))?;
        if self.tls.is_some() {
            proxy.tunnel(&mut stream, &self.host, self.port).await.map_err(failed)?;
        }
        Ok(stream)
    }

    fn judge(&self, address: SocketAddr) -> Result<(), DialError> {
        let name = match &self.host {
            Host::Domain(name) => Some(name.as_str()),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        };
        self.policy.judge(name, address.ip()).map_err(|why| {
            let (host, port, address) = (self.host.to_string(), self.port, address.ip());
            DialError::Blocked { host, port, address, why }
        })
    }

    async fn tcp(&self) -> Result<TcpStream, DialError> {
        let mut failure = None;
        for address in self.addresses().await? {
            if let Err(blocked) = self.judge(address) {
                // A refusal says more than a failure to connect to another address.
                failure = Some(blocked);
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => {
                    failure.get_or_insert_with(|| self.connect_error(&error));
                }
            }
        }
        Err(failure.unwrap_or_else(|| self.unresolved("it has no address".to_owned())))
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, DialError> {
        match &self.host {
            Host::Ipv4(address) => Ok(vec![(*address, self.port).into()]),
            Host::Ipv6(address) => Ok(vec![(*address, self.port).into()]),
            Host::Domain(name) => tokio::net::lookup_host((name.as_str(), self.port))
                .await
                .map(Iterator::collect)
                .map_err(|error| self.unresolved(why(&error))),
        }
    }

    fn server_name(&self) -> Option<ServerName<'static>> {
        match &self.host {
            Host::Domain(name) => ServerName::try_from(name.clone()).ok(),
            Host::Ipv4(address) => Some(ServerName::IpAddress(std::net::IpAddr::V4(*address).into())),
            Host::Ipv6(address) => Some(ServerName::IpAddress(std::net::IpAddr::V6(*address).into())),
        }
    }

    fn unresolved(&self, why: String) -> DialError {
        DialError::Resolve { host: self.host.to_string(), why }
    }

    fn connect_error(&self, error: &io::Error) -> DialError {
        DialError::Connect { host: self.host.to_string(), port: self.port, why: why(error) }
    }
}

/// The kind where there is one, without numbers of the system's.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::Other => error.to_string(),
        // What the resolver reports has no kind that the library names.
        kind if error.raw_os_error().is_none() => {
            let text = error.to_string();
            if text.is_empty() { kind.to_string() } else { text }
        }
        kind => kind.to_string(),
    }
}

impl fmt::Display for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests;
