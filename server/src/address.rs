//! From where a request comes.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::http::request::Parts;

/// The client's address; a proxy's word for it counts if the proxy is trusted.
pub fn client(parts: &Parts, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<SocketAddr>()?.ip();
    let said = parts.headers.get_all("x-forwarded-for").iter();
    // What is no text is a hop as well, that nobody can read.
    let hops: Vec<&str> = said.flat_map(|value| value.to_str().unwrap_or_default().split(',')).collect();
    let is_trusted = |address: IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == address);
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
        let trusted = ["10.0.0.1", "10.0.0.2", "::1"].map(|proxy| proxy.parse().unwrap());
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
