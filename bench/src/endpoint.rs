//! Owns the address of what is called: a plain `http` URL on the loopback interface.
//! Never names another host; load must not leave this machine.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use anyhow::{Context, bail, ensure};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    path: String,
}

impl Endpoint {
    pub(crate) fn local(port: u16, path: &str) -> Self {
        Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), path: path.to_owned() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Endpoint {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let rest = url.strip_prefix("http://").context("only http:// URLs")?;
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        ensure!(
            path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'),
            "a character that a path cannot carry"
        );
        let authority = match authority.strip_prefix("localhost") {
            Some(port) => format!("127.0.0.1{port}"),
            None => authority.to_owned(),
        };
        let address = match authority.parse::<SocketAddr>() {
            Ok(address) => address,
            Err(_) => match authority.parse::<IpAddr>() {
                Ok(ip) => SocketAddr::from((ip, 80)),
                Err(_) => bail!("only loopback addresses, such as 127.0.0.1:8080"),
            },
        };
        ensure!(address.ip().is_loopback(), "only loopback addresses, {} is not one", address.ip());
        Ok(Self { address, path: path.to_owned() })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "http://{}{}", self.address, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::Endpoint;

    fn check(url: &str) -> Option<String> {
        url.parse::<Endpoint>().ok().map(|endpoint| endpoint.to_string())
    }

    #[test]
    fn takes_loopback_urls() {
        assert_eq!(check("http://127.0.0.1:80/mcp").as_deref(), Some("http://127.0.0.1:80/mcp"));
        assert_eq!(check("http://localhost:81").as_deref(), Some("http://127.0.0.1:81/"));
        assert_eq!(check("http://[::1]:82/a?b=c").as_deref(), Some("http://[::1]:82/a?b=c"));
    }

    #[test]
    fn refuses_every_other_host() {
        for url in [
            "http://10.0.0.1:80/mcp",
            "http://example.com/mcp",
            "http://localhost.example.com:80/",
            "http://user@127.0.0.1:80/",
            "https://127.0.0.1:80/",
            "http://127.0.0.1:80/a b",
        ] {
            assert_eq!(check(url), None, "{url}");
        }
    }
}
