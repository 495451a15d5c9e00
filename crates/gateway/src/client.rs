//! Where a request comes from: the other end of the connection, or whom a trusted proxy names.

use std::net::IpAddr;

use actix_web::HttpRequest;
use ipnet::IpNet;
use orch_domain::login::LoginFrom;

use crate::error::GatewayError;
use crate::fields::{Fields, plain};

/// Knows which proxies are trusted.
#[derive(Debug, Clone, Default)]
pub struct Clients {
    proxies: Vec<IpNet>,
}

const FORWARDED_FOR: &str = "x-forwarded-for";

impl Clients {
    /// `proxies` are addresses and networks, such as `10.0.0.0/8`.
    pub fn new(proxies: &[String]) -> Result<Self, GatewayError> {
        Ok(Self { proxies: proxies.iter().map(|text| proxy(text.trim())).collect::<Result<_, _>>()? })
    }

    pub(crate) fn from(&self, request: &HttpRequest) -> LoginFrom {
        let headers = request.headers();
        let peer = request.peer_addr().map(|peer| peer.ip());
        LoginFrom::new(headers.first("user-agent").and_then(plain), self.address(peer, headers))
    }

    /// None when it is not certain. A header that names somebody else can be forged by everybody but a trusted proxy,
    /// which adds whom it has seen at the end.
    pub(crate) fn address(&self, peer: Option<IpAddr>, headers: &impl Fields) -> Option<IpAddr> {
        let peer = peer?.to_canonical();
        if self.is_trusted(peer) {
            return self.named(headers);
        }
        // Behind a proxy on this machine that nobody has told us about, everybody has one address: throttling it would
        // let one client lock all others out.
        let behind_a_proxy = || [FORWARDED_FOR, "forwarded", "x-real-ip"].into_iter().any(|name| headers.has(name));
        (!(peer.is_loopback() && behind_a_proxy())).then_some(peer)
    }

    /// The last address in the chain that is no trusted proxy itself.
    fn named(&self, headers: &impl Fields) -> Option<IpAddr> {
        let mut chain = Vec::new();
        for value in headers.all(FORWARDED_FOR) {
            chain.extend(plain(value)?.split(','));
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

fn proxy(text: &str) -> Result<IpNet, GatewayError> {
    let refused = |hint: String| GatewayError::TrustedProxy { text: text.to_owned(), hint };
    let net = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
    let net = net.ok_or_else(|| refused("write an address or a network, such as 10.0.0.0/8".to_owned()))?;
    if net.prefix_len() == 0 {
        return Err(refused(
            "everybody could say where a request comes from; write the addresses of the proxies alone".to_owned(),
        ));
    }
    // Whoever connects by IPv4 is compared as such.
    if let IpNet::V6(v6) = net
        && let (Some(address), Some(length)) = (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96))
    {
        return Err(refused(format!("it can match nothing; write {address}/{length}")));
    }
    Ok(net)
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
        let request = request.to_http_request();
        let address = request.peer_addr().map(|peer| peer.ip());
        let seen = clients.address(address, request.headers()).map(|address| address.to_string());
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

    #[test]
    fn trusts_neither_everybody_nor_nobody() {
        let refused = |text: &str| Clients::new(&[text.to_owned()]).expect_err(text).to_string();
        for everybody in ["0.0.0.0/0", "::/0", "10.0.0.1/0"] {
            assert!(refused(everybody).contains("everybody could say"), "{everybody}");
        }
        assert!(refused("::ffff:10.0.0.0/104").ends_with("write 10.0.0.0/8"));
        assert!(refused("::ffff:10.0.0.1").ends_with("write 10.0.0.1/32"));
    }
}
