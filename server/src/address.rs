//! From where a request comes.

use std::net::{IpAddr, SocketAddr};

use axum::http::request::Parts;

/// The client's address; a proxy's word for it counts if the proxy is trusted.
pub fn client(parts: &Parts, trusted: &[IpAddr]) -> Option<IpAddr> {
    let peer = parts.extensions.get::<SocketAddr>()?.ip();
    let mut address = peer;
    let hops = parts.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> = hops.flat_map(|v| v.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    for hop in hops.into_iter().rev() {
        if !trusted.contains(&address) {
            break;
        }
        address = hop;
    }
    Some(address)
}
