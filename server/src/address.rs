//! From where a request comes, and networks of addresses.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::http::request::Parts;

/// Addresses that begin alike, or a single one: `10.0.0.0/8`, `fd00::/8`, `192.0.2.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// One of them.
    pub address: IpAddr,
    /// How many leading bits count.
    pub length: u8,
}

impl Network {
    /// Whether an address is one of them. One of version 4 that is written as one of version 6 is the same.
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((address, width), (own, other)) = (bits(address.to_canonical()), bits(self.address));
        let rest = width.saturating_sub(u32::from(self.length));
        width == other && address.checked_shr(rest).unwrap_or(0) == own.checked_shr(rest).unwrap_or(0)
    }
}

fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || format!("expected an address or a network such as 10.0.0.0/8, got {text:?}");
        let (address, length) = text.trim().split_once('/').map_or((text.trim(), None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.trim_matches(['[', ']']).parse().map_err(|_| wrong())?;
        let address = if length.is_none() { address.to_canonical() } else { address };
        let (_, width) = bits(address);
        let length = length.map_or(Ok(width as u8), str::parse).map_err(|_| wrong())?;
        if u32::from(length) > width {
            return Err(wrong());
        }
        Ok(Network { address, length })
    }
}

/// The client's address; a proxy's word for it counts if the proxy is trusted.
pub fn client(parts: &Parts, trusted: &[Network]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<SocketAddr>()?.ip();
    let said = parts.headers.get_all("x-forwarded-for").iter();
    // What is no text is a hop as well, that nobody can read.
    let hops: Vec<&str> = said.flat_map(|value| value.to_str().unwrap_or_default().split(',')).collect();
    let is_trusted = |address: IpAddr| trusted.iter().any(|proxies| proxies.contains(address));
    let mut address = peer.to_canonical();
    for hop in hops.into_iter().rev() {
        // Each proxy adds whom it saw at the end. Before what cannot be read stands what anyone may have written.
        let Some(before) = parse(hop).filter(|_| is_trusted(address)) else { break };
        address = before;
    }
    Some(address)
}

/// What limits count: who has an address of version 6 has its whole network.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

/// An address as proxies write it: some with the port.
fn parse(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let with_port = || hop.parse().ok().map(|address: SocketAddr| address.ip());
    hop.parse().ok().or_else(with_port).or_else(bare).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From whom a request comes if it comes from `peer` and says `hops`.
    fn from(peer: &str, hops: &[&str]) -> String {
        let mut request = axum::http::Request::builder();
        for hop in hops {
            request = request.header("x-forwarded-for", *hop);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(SocketAddr::new(peer.parse().unwrap(), 4711));
        let trusted = ["10.0.0.0/30", "::1", "::ffff:192.0.2.9"].map(|proxies| proxies.parse().unwrap());
        client(&parts, &trusted).unwrap().to_string()
    }

    /// Only the word of proxies that are trusted counts, up to the first address that is none of theirs.
    #[test]
    fn who_says_it_decides() {
        assert_eq!(from("192.0.2.1", &[]), "192.0.2.1");
        assert_eq!(from("192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(from("10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", &["203.0.113.9, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", &["203.0.113.9", "198.51.100.7, 10.0.0.2"]), "198.51.100.7");
        assert_eq!(from("::ffff:10.0.0.1", &["198.51.100.7"]), "198.51.100.7");
        assert_eq!(from("::1", &["2001:db8::5"]), "2001:db8::5");
        assert_eq!(from("10.0.0.4", &["198.51.100.7"]), "10.0.0.4");
        assert_eq!(from("192.0.2.9", &["198.51.100.7"]), "198.51.100.7");
    }

    #[test]
    fn networks_are_read_and_hold_what_begins_alike() {
        let holds =
            |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("0.0.0.0/0", "203.0.113.1") && !holds("0.0.0.0/0", "::1") && holds("::/0", "2001:db8::1"));
        assert!(holds("192.0.2.1", "192.0.2.1") && !holds("192.0.2.1", "192.0.2.2"));
        assert!(holds("10.1.0.0/16", "::ffff:10.1.2.3") && holds("[::1]", "::1"));
        for wrong in ["", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/", "host", "10.0.0/8"] {
            assert!(wrong.parse::<Network>().unwrap_err().contains("expected an address"), "{wrong}");
        }
    }

    /// With a port, too; what cannot be read hides the client, and never lets what stands before it count.
    #[test]
    fn what_cannot_be_read_ends_it() {
        assert_eq!(from("10.0.0.1", &["203.0.113.9, 198.51.100.7:5555"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", &["[2001:db8::5]:443"]), "2001:db8::5");
        assert_eq!(from("10.0.0.1", &["[2001:db8::5]"]), "2001:db8::5");
        for unknown in ["unknown", "", "_hidden", "198.51.100.7.8", "198.51.100.7, ,"] {
            assert_eq!(from("10.0.0.1", &["203.0.113.9", unknown]), "10.0.0.1", "{unknown}");
        }
    }
}
