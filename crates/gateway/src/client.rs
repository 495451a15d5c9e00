//! Where a request comes from: the other end of the connection, or whom a trusted proxy names.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderName};
use ipnet::IpNet;
use orch_domain::login::LoginFrom;

use crate::error::GatewayError;

/// Knows which proxies are trusted.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    proxies: Vec<IpNet>,
}

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

impl Clients {
    /// `proxies` are addresses and networks, such as `10.0.0.0/8`.
    pub fn new(proxies: &[String]) -> Result<Self, GatewayError> {
        let parse = |text: &String| {
            let text = text.trim();
            let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
            net.ok_or_else(|| GatewayError::TrustedProxy { text: text.to_owned() })
        };
        Ok(Self { proxies: proxies.iter().map(parse).collect::<Result<_, _>>()? })
    }

    pub(crate) fn from(&self, request: &HttpRequest) -> LoginFrom {
        let client = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        LoginFrom::new(client, self.address(request))
    }

    /// None when it is not certain. A header that names somebody else can be forged by everybody but a trusted proxy,
    /// which adds whom it has seen at the end.
    pub(crate) fn address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        if self.is_trusted(peer) {
            return self.named(request);
        }
        // Behind a proxy on this machine that nobody has told us about, everybody has one address: throttling it would
        // let one client lock all others out.
        let behind_a_proxy = || {
            [&FORWARDED_FOR, &header::FORWARDED, &REAL_IP].into_iter().any(|name| request.headers().contains_key(name))
        };
        (!(peer.is_loopback() && behind_a_proxy())).then_some(peer)
    }

    /// The last address in the chain that is no trusted proxy itself.
    fn named(&self, request: &HttpRequest) -> Option<IpAddr> {
        let mut chain = Vec::new();
        for value in request.headers().get_all(&FORWARDED_FOR) {
            chain.extend(value.to_str().ok()?.split(','));
        }
        for text in chain.into_iter().rev() {
            let address = parse(text)?;
            if !self.is_trusted(address) {
                return Some(address);
            }
        }
        None
    }

    fn is_trusted(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|net| net.contains(&address))
    }
}

/// An address, with or without a port.
fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::Clients;

    /// What is seen of a request from `peer` with these forwarding headers, behind the trusted proxies.
    fn check(proxies: &[&str], peer: &str, forwarded: &[&str], expected: Option<&str>) {
        let proxies: Vec<_> = proxies.iter().map(|proxy| (*proxy).to_owned()).collect();
        let clients = Clients::new(&proxies).expect("proxies");
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().expect("an address"));
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        let seen = clients.address(&request.to_http_request()).map(|address| address.to_string());
        assert_eq!(seen.as_deref(), expected, "{proxies:?} {peer} {forwarded:?}");
    }

    #[test]
    fn takes_the_peer_unless_it_is_a_trusted_proxy() {
        check(&[], "192.0.2.1", &[], Some("192.0.2.1"));
        check(&[], "192.0.2.1", &["203.0.113.9"], Some("192.0.2.1"));
        check(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"], Some("192.0.2.1"));
        check(&["10.0.0.0/8"], "10.1.2.3", &["203.0.113.9"], Some("203.0.113.9"));
        check(&["10.1.2.3"], "10.1.2.3", &["203.0.113.9"], Some("203.0.113.9"));
        check(&["10.1.2.3"], "10.1.2.3", &[], None);
    }

    #[test]
    fn believes_no_further_than_it_trusts() {
        let proxies = &["10.0.0.0/8", "::1"];
        // The client has written the first one itself.
        check(proxies, "10.0.0.1", &["127.0.0.1, 203.0.113.9, 10.0.0.2"], Some("203.0.113.9"));
        check(proxies, "10.0.0.1", &["198.51.100.1", "203.0.113.9"], Some("203.0.113.9"));
        check(proxies, "[::1]", &["[2001:db8::7]:443"], Some("2001:db8::7"));
        check(proxies, "10.0.0.1", &["203.0.113.9:1234"], Some("203.0.113.9"));
        check(proxies, "10.0.0.1", &["203.0.113.9, unknown"], None);
        check(proxies, "10.0.0.1", &["10.0.0.3"], None);
    }

    #[test]
    fn throttles_this_machine_unless_a_proxy_stands_on_it() {
        check(&[], "127.0.0.1", &[], Some("127.0.0.1"));
        check(&[], "127.0.0.1", &["203.0.113.9"], None);
        check(&["127.0.0.0/8"], "127.0.0.1", &["203.0.113.9"], Some("203.0.113.9"));
    }

    #[test]
    fn refuses_what_is_no_address() {
        let error = Clients::new(&["proxy.internal".to_owned()]).expect_err("a name is no address");
        assert!(error.to_string().contains("proxy.internal"), "{error}");
    }
}
