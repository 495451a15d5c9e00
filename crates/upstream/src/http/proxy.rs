//! The way through a proxy of the operator's: whether a server is reached by one, and how a tunnel is opened. Who
//! dials the proxy is the [dialer](super::dial).

use std::fmt;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::config::ProxySettings;
use crate::listed;

/// A head of an answer that is longer is none.
const LONGEST_HEAD: usize = 16 * 1024;

#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The value of `Proxy-Authorization`.
    pub(crate) authorization: Option<SecretString>,
}

/// What is wrong with the settings of proxies, if something is.
pub(crate) fn check(settings: &ProxySettings) -> Result<(), String> {
    for (scheme, url) in [("http", &settings.http), ("https", &settings.https)] {
        if let Some(url) = url {
            Proxy::parse(url).map_err(|why| format!("upstream.proxy.{scheme}: {why}"))?;
        }
    }
    settings.direct.iter().try_for_each(|entry| listed::check_any("upstream.proxy.direct", entry))
}

impl Proxy {
    /// The proxy for a server, if there is one for it.
    pub(crate) fn of(settings: &ProxySettings, secure: bool, host: &Host<String>) -> Result<Option<Self>, String> {
        let url = if secure { &settings.https } else { &settings.http };
        match url {
            Some(url) if !settings.is_direct(host) => Self::parse(url).map(Some),
            _ => Ok(None),
        }
    }

    fn parse(text: &SecretString) -> Result<Self, String> {
        // The text may hold a password and is not repeated.
        let url = Url::parse(text.expose_secret()).map_err(|error| format!("the URL of the proxy: {error}"))?;
        if url.scheme() != "http" {
            return Err("the URL of the proxy: only http is spoken to proxies".to_owned());
        }
        let host = url.host_str().ok_or("the URL of the proxy has no host")?.to_owned();
        let authorization = (!url.username().is_empty()).then(|| {
            let decoded = |text: &str| percent_decoded(text);
            let credentials = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
            SecretString::from(format!("Basic {}", BASE64_STANDARD.encode(credentials)))
        });
        Ok(Self { host, port: url.port_or_known_default().unwrap_or(80), authorization })
    }

    /// Opens a tunnel to a server, over a connection to the proxy.
    pub(crate) async fn tunnel(&self, stream: &mut TcpStream, host: &Host<String>, port: u16) -> Result<(), String> {
        let mut request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n");
        if let Some(authorization) = &self.authorization {
            request.push_str("Proxy-Authorization: ");
            request.push_str(authorization.expose_secret());
            request.push_str("\r\n");
        }
        request.push_str("\r\n");
        let lost = |_| "the proxy closed the connection".to_owned();
        stream.write_all(request.as_bytes()).await.map_err(lost)?;
        let mut head = Vec::new();
        // Byte by byte: what comes after the head belongs to the server.
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= LONGEST_HEAD {
                return Err("the proxy does not answer in HTTP".to_owned());
            }
            head.push(stream.read_u8().await.map_err(lost)?);
        }
        let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let status = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        match status {
            [b'2', _, _] => Ok(()),
            b"407" => Err("the proxy wants other credentials (HTTP 407)".to_owned()),
            other => Err(format!("the proxy refused the tunnel (HTTP {})", String::from_utf8_lossy(other))),
        }
    }
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = text.as_bytes().iter();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(&byte) = bytes.next() {
        let pair = (byte == b'%').then(|| bytes.as_slice().get(..2)).flatten();
        match pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                bytes.nth(1);
            }
            None => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use url::Host;

    use super::Proxy;
    use crate::config::ProxySettings;

    #[test]
    fn only_who_is_not_excepted_goes_through_the_proxy() {
        let settings = ProxySettings {
            http: Some("http://proxy:3128".into()),
            https: Some("http://us%65r:p%40ss@proxy".into()),
            direct: vec!["localhost".into(), ".example.org".into(), "10.0.0.0/8".into()],
        };
        let through = |host: &str| {
            let host = Host::parse(host).unwrap();
            Proxy::of(&settings, false, &host).unwrap().is_some()
        };
        assert!(through("example.com") && through("notexample.org") && through("11.0.0.1"));
        assert!(!through("localhost") && !through("a.example.org") && !through("10.1.2.3"));
        let host = Host::parse("example.com").unwrap();
        let secure = Proxy::of(&settings, true, &host).unwrap().unwrap();
        assert_eq!((secure.host.as_str(), secure.port), ("proxy", 80));
        assert_eq!(secure.authorization.as_ref().unwrap().expose_secret(), "Basic dXNlcjpwQHNz");
        assert!(!format!("{secure:?}").contains("Basic"));
        assert!(Proxy::of(&ProxySettings::default(), true, &host).unwrap().is_none());
        let wrong = ProxySettings { http: Some("socks5://u:sesame@p".into()), ..ProxySettings::default() };
        assert!(!Proxy::of(&wrong, false, &host).unwrap_err().contains("sesame"));
    }
}
