//! Which network addresses may be dialled. Decides about addresses only; names are resolved before, and the address
//! that was judged is the one that is dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::Deserialize;

use crate::listed;

/// What an operator allows beyond public addresses. Addresses at which clouds give out credentials are never allowed,
/// nor are those that are no single machine's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AddressPolicy {
    /// Private networks: 10/8, 172.16/12, 192.168/16, 100.64/10 and fc00::/7.
    pub allow_private: bool,
    /// This machine: 127/8 and ::1.
    pub allow_loopback: bool,
    /// Single networks, whatever they are, such as `10.1.0.0/16`.
    pub allow_networks: Vec<IpNet>,
    /// Host names that may lead to private addresses and to this machine.
    pub allow_hosts: Vec<String>,
}

/// Why an address may not be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockedAddress {
    #[error("it is this machine")]
    Loopback,
    #[error("it is in a private network")]
    Private,
    #[error("it is link-local")]
    LinkLocal,
    #[error("it gives out credentials of a cloud")]
    Metadata,
    #[error("it is a multicast address")]
    Multicast,
    #[error("it is the broadcast address")]
    Broadcast,
    #[error("it is unspecified")]
    Unspecified,
    #[error("it is reserved")]
    Reserved,
}

impl BlockedAddress {
    /// Whether no setting allows it.
    const fn is_for_good(&self) -> bool {
        matches!(self, Self::Metadata | Self::Multicast | Self::Broadcast | Self::Unspecified)
    }
}

/// Addresses at which clouds tell their guests secrets, outside of link-local.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

impl AddressPolicy {
    /// Whether the address may be dialled, under the name that led to it.
    pub fn judge(&self, name: Option<&str>, address: IpAddr) -> Result<(), BlockedAddress> {
        let Some(class) = classify(address) else { return Ok(()) };
        match class {
            BlockedAddress::Loopback if self.allow_loopback => Ok(()),
            BlockedAddress::Private if self.allow_private => Ok(()),
            BlockedAddress::Loopback | BlockedAddress::Private if self.is_listed(name) => Ok(()),
            class if class.is_for_good() => Err(class),
            _ if self.allow_networks.iter().any(|network| network.contains(&address.to_canonical())) => Ok(()),
            class => Err(class),
        }
    }
}

impl AddressPolicy {
    /// What is wrong with the lists, if something is.
    pub(crate) fn check(&self) -> Result<(), String> {
        const NETWORKS: &str = "upstream.addresses.allow_networks";
        for entry in &self.allow_hosts {
            listed::check_host("upstream.addresses.allow_hosts", NETWORKS, entry)?;
        }
        for network in &self.allow_networks {
            listed::check_network(NETWORKS, network)?;
            // No class of these has an address of another class between its first and its last.
            let ends = (classify(network.network()), classify(network.broadcast()));
            if let (Some(class), true) = (ends.0.filter(BlockedAddress::is_for_good), ends.0 == ends.1) {
                let hint = format!("it is never allowed, as {class}: leave it out");
                return Err(listed::refused(NETWORKS, &network.to_string(), &hint));
            }
        }
        Ok(())
    }

    fn is_listed(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.allow_hosts.iter().any(|listed| listed.eq_ignore_ascii_case(name)))
    }
}

/// None for a public address.
fn classify(address: IpAddr) -> Option<BlockedAddress> {
    match address {
        IpAddr::V4(address) => classify_v4(address),
        IpAddr::V6(address) => classify_v6(address),
    }
}

fn classify_v4(address: Ipv4Addr) -> Option<BlockedAddress> {
    if METADATA_V4.contains(&address) {
        return Some(BlockedAddress::Metadata);
    }
    match address.octets() {
        [0, 0, 0, 0] => Some(BlockedAddress::Unspecified),
        [127, ..] => Some(BlockedAddress::Loopback),
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Some(BlockedAddress::Private),
        [169, 254, 169, 254] => Some(BlockedAddress::Metadata),
        [169, 254, ..] => Some(BlockedAddress::LinkLocal),
        [224..=239, ..] => Some(BlockedAddress::Multicast),
        [255, 255, 255, 255] => Some(BlockedAddress::Broadcast),
        [0, ..]
        | [192, 0, 0, _]
        | [192, 0, 2, _]
        | [192, 88, 99, _]
        | [198, 18..=19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [240..=255, ..] => Some(BlockedAddress::Reserved),
        _ => None,
    }
}

fn classify_v6(address: Ipv6Addr) -> Option<BlockedAddress> {
    if METADATA_V6.contains(&address) {
        return Some(BlockedAddress::Metadata);
    }
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        classify_v4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(BlockedAddress::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(BlockedAddress::Loopback),
        // IPv4 in other clothes: mapped, compatible, translated (RFC 6052), and 6to4 with the address in front.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        [0x64, 0xff9b, ..] | [0x100, 0, 0, 0, ..] | [0x2001, 0x0..=0x1ff, ..] | [0x2001, 0xdb8, ..] => {
            Some(BlockedAddress::Reserved)
        }
        [0x3fff, 0x0..=0xfff, ..] | [0x5f00, ..] => Some(BlockedAddress::Reserved),
        [0xfc00..=0xfdff, ..] => Some(BlockedAddress::Private),
        [0xfe80..=0xfebf, ..] => Some(BlockedAddress::LinkLocal),
        [0xfec0..=0xfeff, ..] => Some(BlockedAddress::Private),
        [0xff00..=0xffff, ..] => Some(BlockedAddress::Multicast),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::BlockedAddress::{Broadcast, LinkLocal, Loopback, Metadata, Multicast, Private, Reserved, Unspecified};
    use super::{AddressPolicy, BlockedAddress};

    #[track_caller]
    fn check(addresses: &[&str], expected: Option<BlockedAddress>) {
        for address in addresses {
            let parsed: IpAddr = address.parse().expect(address);
            let judged = AddressPolicy::default().judge(None, parsed).err();
            assert_eq!(judged, expected, "{address}");
            let open = AddressPolicy { allow_private: true, allow_loopback: true, ..AddressPolicy::default() };
            let expected = expected.filter(|class| !matches!(class, Loopback | Private));
            assert_eq!(open.judge(None, parsed).err(), expected, "{address} with everything allowed");
        }
    }

    #[test]
    fn lets_listed_networks_and_names_pass() {
        let policy = AddressPolicy {
            allow_networks: vec!["10.1.0.0/16".parse().unwrap(), "169.254.0.0/16".parse().unwrap()],
            allow_hosts: vec!["Internal.example".to_owned()],
            ..AddressPolicy::default()
        };
        let judge = |name: Option<&str>, address: &str| policy.judge(name, address.parse().unwrap());
        assert_eq!(judge(None, "10.1.2.3"), Ok(()));
        assert_eq!(judge(None, "::ffff:10.1.2.3"), Ok(()));
        assert_eq!(judge(None, "10.2.2.3"), Err(Private));
        assert_eq!(judge(Some("internal.example"), "10.2.2.3"), Ok(()));
        assert_eq!(judge(Some("internal.example"), "127.0.0.1"), Ok(()));
        assert_eq!(judge(Some("other.example"), "127.0.0.1"), Err(Loopback));
        assert_eq!(judge(None, "169.254.1.1"), Ok(()));
        assert_eq!(judge(Some("internal.example"), "169.254.169.254"), Err(Metadata));
    }

    #[test]
    fn lists_hold_what_can_be_allowed() {
        let check = |network: &str| {
            let allow_networks = vec![network.parse().unwrap()];
            AddressPolicy { allow_networks, ..AddressPolicy::default() }.check()
        };
        for network in [
            "10.1.0.0/16",
            "169.254.0.0/16",
            "169.254.169.254/31",
            "224.0.0.0/3",
            "240.0.0.0/4",
            "0.0.0.0/0",
            "::/0",
            "1.1.1.1/32",
        ] {
            assert_eq!(check(network), Ok(()), "{network}");
        }
        for network in
            ["169.254.169.254/32", "224.0.0.0/4", "255.255.255.255/32", "ff02::/16", "0.0.0.0/32", "fd00:ec2::254/128"]
        {
            let refused = check(network).expect_err(network);
            assert!(refused.contains(network) && refused.contains("never allowed, as it"), "{refused}");
        }
        let policy = AddressPolicy { allow_hosts: vec!["http://a".to_owned()], ..AddressPolicy::default() };
        assert!(policy.check().expect_err("a URL").starts_with("upstream.addresses.allow_hosts: \"http://a\""));
    }

    #[test]
    fn lets_public_addresses_pass() {
        check(&["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2606:4700::1"], None);
        check(&["::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"], None);
    }

    #[test]
    fn blocks_what_is_not_public_in_every_spelling() {
        check(
            &["127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1"],
            Some(Loopback),
        );
        check(
            &["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "100.127.255.1"],
            Some(Private),
        );
        check(&["fc00::1", "fd12:3456::1", "fec0::1", "::ffff:10.0.0.1", "2002:a00:1::"], Some(Private));
        check(&["169.254.0.1", "fe80::1", "febf::1", "::ffff:169.254.1.1"], Some(LinkLocal));
        check(&["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192"], Some(Metadata));
        check(&["fd00:ec2::254", "::ffff:a9fe:a9fe", "64:ff9b::a9fe:a9fe"], Some(Metadata));
        check(&["224.0.0.1", "239.1.1.1", "ff02::1"], Some(Multicast));
        check(&["255.255.255.255", "::ffff:255.255.255.255"], Some(Broadcast));
        check(&["0.0.0.0", "::", "::ffff:0.0.0.0"], Some(Unspecified));
        check(&["0.1.2.3", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"], Some(Reserved));
        check(&["240.0.0.1", "2001:db8::1", "2001::1", "100::1", "64:ff9b:1::1"], Some(Reserved));
    }
}
