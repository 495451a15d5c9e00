//! Entries of the operator's lists of hosts and networks: which can match something. One that cannot is a mistake, and
//! one of which somebody believes that it holds. Matches nothing itself.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
use url::Host;

/// What is wrong with an entry of host names alone.
pub(crate) fn check_host(setting: &str, networks: &str, entry: &str) -> Result<(), String> {
    if is_name(entry) {
        return Ok(());
    }
    let hint = match (network(entry), meant(entry)) {
        (Some(network), _) => format!("an address goes into {networks}, as {network}"),
        (None, Some(name)) => write(&name),
        (None, None) => "write a host name such as tools.example.com".to_owned(),
    };
    Err(refused(setting, entry, &hint))
}

/// What is wrong with an entry of host names, domains with a dot in front, addresses and networks.
pub(crate) fn check_any(setting: &str, entry: &str) -> Result<(), String> {
    let is_domain = entry.strip_prefix('.').is_some_and(is_name);
    if is_name(entry) || is_domain || entry.parse::<IpAddr>().is_ok() || entry.parse::<IpNet>().is_ok() {
        return Ok(());
    }
    let below = entry.trim().starts_with("*.") || entry.trim().starts_with('.');
    let hint = match (network(entry), meant(entry)) {
        (Some(network), _) if network.prefix_len() == network.max_prefix_len() => write(&network.addr().to_string()),
        (Some(network), _) => write(&network.to_string()),
        (None, Some(name)) if below => write(&format!(".{name}")),
        (None, Some(name)) => write(&name),
        (None, None) => {
            "write a host name, a domain such as .example.com, an address, or a network such as 10.0.0.0/8".to_owned()
        }
    };
    Err(refused(setting, entry, &hint))
}

/// What is wrong with a network, which is compared with addresses of IPv4 as such.
pub(crate) fn check_network(setting: &str, network: &IpNet) -> Result<(), String> {
    match as_v4(network) {
        Some(meant) => Err(refused(setting, &network.to_string(), &write(&meant.to_string()))),
        None => Ok(()),
    }
}

pub(crate) fn refused(setting: &str, entry: &str, hint: &str) -> String {
    format!("{setting}: {entry:?} can match nothing; {hint}")
}

fn write(what: &str) -> String {
    format!("write {what}")
}

/// Whether a URL can have this host, whatever the case of its letters.
fn is_name(entry: &str) -> bool {
    let is_its_own = matches!(Host::parse(entry), Ok(Host::Domain(name)) if name.eq_ignore_ascii_case(entry));
    // One dot at the end is a name that is complete.
    let labels = entry.strip_suffix('.').unwrap_or(entry);
    is_its_own && !entry.contains('*') && labels.split('.').all(|label| !label.is_empty())
}

/// The name that is meant by more than a name: a URL, a host with its port, with `*` or in letters of a language.
fn meant(entry: &str) -> Option<String> {
    let host = bare(entry);
    let host = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')).unwrap_or(host);
    match Host::parse(host) {
        Ok(Host::Domain(name)) if is_name(&name) => Some(name),
        _ => None,
    }
}

/// The addresses that are meant, where they are meant.
fn network(entry: &str) -> Option<IpNet> {
    if let Ok(network) = entry.trim().parse::<IpNet>() {
        return Some(network);
    }
    // A network that is none has an address in front, and is not meant as that.
    if entry.contains('/') && !entry.contains("://") {
        return None;
    }
    let host = bare(entry);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse().ok().or_else(|| match Host::parse(host) {
        Ok(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        _ => None,
    });
    address.map(IpNet::from)
}

/// Without scheme, user, path and port.
fn bare(entry: &str) -> &str {
    let entry = entry.trim();
    let rest = entry.split_once("://").map_or(entry, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        // The last part of an address of IPv6 is no port, unless the address is in brackets.
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

/// A network of IPv4 that is written as one of IPv6.
fn as_v4(network: &IpNet) -> Option<Ipv4Net> {
    let IpNet::V6(network) = network else { return None };
    let length = network.prefix_len().checked_sub(96)?;
    Ipv4Net::new(network.addr().to_ipv4_mapped()?, length).ok()
}

#[cfg(test)]
mod tests {
    use super::{check_any, check_host, check_network};

    #[test]
    fn takes_what_a_url_can_name() {
        for name in
            ["localhost", "tools.example.com", "Tools.Example.COM", "a_b.internal", "xn--bcher-kva.example", "a."]
        {
            assert_eq!(check_host("s", "n", name), Ok(()), "{name}");
            assert_eq!(check_any("s", name), Ok(()), "{name}");
        }
        for entry in [".example.com", ".Example.com", "10.0.0.0/8", "10.0.0.1", "::1", "fd00::/8", "10.1.2.3/8"] {
            assert_eq!(check_any("s", entry), Ok(()), "{entry}");
        }
    }

    #[test]
    fn says_what_to_write_for_a_host() {
        let check = |entry: &str, hint: &str| {
            let expected = format!("s: {entry:?} can match nothing; {hint}");
            assert_eq!(check_host("s", "n", entry), Err(expected));
        };
        check("https://Tools.example.com/mcp", "write tools.example.com");
        check("tools.example.com:8443", "write tools.example.com");
        check("ada:sesame@tools.example.com", "write tools.example.com");
        check(" tools.example.com", "write tools.example.com");
        check("*.example.com", "write example.com");
        check(".example.com", "write example.com");
        check("bücher.example", "write xn--bcher-kva.example");
        check("10.1.2.3", "an address goes into n, as 10.1.2.3/32");
        check("10.1.0.0/16", "an address goes into n, as 10.1.0.0/16");
        check("[::1]:8000", "an address goes into n, as ::1/128");
        for nothing in ["", " ", "*", "*.*.com", "a b", "a..b", "."] {
            check(nothing, "write a host name such as tools.example.com");
        }
    }

    #[test]
    fn says_what_to_write_for_what_is_reached_directly() {
        let check = |entry: &str, hint: &str| {
            let expected = format!("s: {entry:?} can match nothing; {hint}");
            assert_eq!(check_any("s", entry), Err(expected));
        };
        check("http://proxy.example.com", "write proxy.example.com");
        check("*.example.com", "write .example.com");
        check(".bücher.example", "write .xn--bcher-kva.example");
        check("localhost:8000", "write localhost");
        check("[::1]", "write ::1");
        check(" 10.0.0.0/8", "write 10.0.0.0/8");
        check("10.1", "write 10.0.0.1");
        for nothing in ["", "*", "*.*.com", "10.0.0.0/99", "a b"] {
            let rest = "write a host name, a domain such as .example.com, an address, or a network such as 10.0.0.0/8";
            check(nothing, rest);
        }
    }

    #[test]
    fn networks_of_one_kind_are_not_written_as_the_other() {
        let check = |network: &str| check_network("s", &network.parse().expect(network));
        assert_eq!(check("10.0.0.0/8"), Ok(()));
        assert_eq!(check("fd00::/8"), Ok(()));
        let refused = "s: \"::ffff:10.0.0.0/104\" can match nothing; write 10.0.0.0/8".to_owned();
        assert_eq!(check("::ffff:10.0.0.0/104"), Err(refused));
    }
}
