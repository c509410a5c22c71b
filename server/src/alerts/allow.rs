//! Where messages may go: nowhere inside, unless the admin says so.
//!
//! Members of a project choose the addresses of its channels. The server stands where they do not: behind a firewall,
//! beside databases and metadata services. So what a name resolves to is checked, and exactly that connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use crate::address::Network;

/// What the admin allows: a host by its name, or addresses by their network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allow {
    /// This host, whatever its address.
    Host(String),
    /// Addresses of a network.
    Network(Network),
}

impl FromStr for Allow {
    type Err = String;

    fn from_str(text: &str) -> Result<Allow, String> {
        let text = text.trim();
        if let Ok(network) = text.parse() {
            return Ok(Allow::Network(network));
        }
        let is_host = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.' || c == '_';
        if text.is_empty() || !text.chars().all(is_host) {
            return Err(wrong(text));
        }
        Ok(Allow::Host(text.to_ascii_lowercase()))
    }
}

fn wrong(text: &str) -> String {
    format!("expected a host, an address or a network such as 10.0.0.0/8, got {text:?}")
}

/// Networks that are not the public Internet: IANA's special-purpose registries.
const INSIDE: &[(&str, u8)] = &[
    ("0.0.0.0", 8),
    ("10.0.0.0", 8),
    ("100.64.0.0", 10),
    ("127.0.0.0", 8),
    ("169.254.0.0", 16),
    ("172.16.0.0", 12),
    ("192.0.0.0", 24),
    ("192.0.2.0", 24),
    ("192.88.99.0", 24),
    ("192.168.0.0", 16),
    ("198.18.0.0", 15),
    ("198.51.100.0", 24),
    ("203.0.113.0", 24),
    // Multicast, reserved, broadcast.
    ("224.0.0.0", 3),
    // Unspecified, loopback, and IPv4 in its oldest disguise.
    ("::", 96),
    ("64:ff9b:1::", 48),
    ("100::", 64),
    ("2001::", 23),
    ("2001:db8::", 32),
    ("3fff::", 20),
    ("5f00::", 16),
    ("fc00::", 7),
    ("fe80::", 10),
    ("fec0::", 10),
    ("ff00::", 8),
];

/// The IPv4 address that packets to an IPv6 address may end at: mapped, NAT64, 6to4.
fn inner(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bits = address.to_bits();
    match (bits >> 32, bits >> 112) {
        (0xffff | 0x0064_ff9b_0000_0000_0000_0000, _) => Some(Ipv4Addr::from_bits(bits as u32)),
        (_, 0x2002) => Some(Ipv4Addr::from_bits((bits >> 80) as u32)),
        _ => None,
    }
}

/// Whether an address is on the public Internet.
pub fn is_public(address: IpAddr) -> bool {
    let inner = match address {
        IpAddr::V6(six) => inner(six).map(IpAddr::V4),
        IpAddr::V4(_) => None,
    };
    if let Some(inner) = inner {
        return is_public(inner);
    }
    let holds = |(network, length): &(&str, u8)| {
        network.parse().is_ok_and(|first| Network { address: first, length: *length }.contains(address))
    };
    !INSIDE.iter().any(holds)
}

/// Whether messages to `host`, found at `address`, may be sent.
pub fn is_allowed(allowed: &[Allow], host: &str, address: IpAddr) -> bool {
    let names = |allow: &Allow| match allow {
        Allow::Host(name) => host.trim_end_matches('.').eq_ignore_ascii_case(name),
        Allow::Network(network) => network.contains(address),
    };
    is_public(address) || allowed.iter().any(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fd00::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for address in inside {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        let outside = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.167.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "64:ff9b::101:101",
            "2002:101:101::",
            "::ffff:1.1.1.1",
            "2a00::1",
        ];
        for address in outside {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_the_admin_opens() {
        let allow: Vec<Allow> =
            ["Hooks.Internal", "10.1.0.0/16", "fd00::/8", "127.0.0.1"].map(|text| text.parse().unwrap()).into();
        let is = |host: &str, address: &str| is_allowed(&allow, host, address.parse().unwrap());
        assert!(is("hooks.internal", "192.168.0.1") && is("hooks.internal.", "192.168.0.1"));
        assert!(!is("other.internal", "192.168.0.1") && !is("x.hooks.internal", "192.168.0.1"));
        assert!(is("a", "10.1.255.1") && !is("a", "10.2.0.1") && is("a", "::ffff:10.1.0.1"));
        assert!(is("a", "fd12::1") && !is("a", "fc00::1") && is("a", "127.0.0.1") && !is("a", "127.0.0.2"));
        assert!(is_allowed(&["0.0.0.0/0".parse().unwrap()], "a", "10.0.0.1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "::/129", "a/8", "https://host", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Allow>().unwrap_err().contains("expected"), "{wrong}");
        }
    }
}
