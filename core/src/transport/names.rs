//! Addresses of the server, looked up for a connection rather than for each request.
//!
//! ureq asks before every request, also when it then uses the connection that is open. Only what is no address is looked
//! up, by a thread, for the system knows no limit of time.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::{fork, system};

/// How long an answer is good for: load balancers move within a minute or so. A failure ends it at once.
const LIFETIME: Duration = Duration::from_secs(30);
/// What ureq has room for.
const MOST: usize = 16;

/// The last answer. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    last: Arc<Mutex<Option<Known>>>,
}

#[derive(Debug)]
struct Known {
    /// Scheme and authority: a proxy has another.
    of: Uri,
    addresses: ResolvedSocketAddrs,
    until: Instant,
}

impl Names {
    /// Looks up anew the next time.
    pub fn forget(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn known(&self, uri: &Uri, now: Instant) -> Option<ResolvedSocketAddrs> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |known: &&Known| known.of.scheme() == uri.scheme() && known.of.authority() == uri.authority();
        last.as_ref().filter(same).filter(|known| now < known.until).map(|known| known.addresses.clone())
    }
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, _: &ureq::config::Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        if let Some(addresses) = self.known(uri, Instant::now()) {
            return Ok(addresses);
        }
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return Err(Error::HostNotFound) };
        let name = DefaultResolver::host_and_port(scheme, authority).ok_or(Error::HostNotFound)?;
        let mut addresses = self.empty();
        match name.parse() {
            Ok(address) => addresses.push(address),
            Err(_) => look_up(name, timeout)?.into_iter().take(MOST).for_each(|address| addresses.push(address)),
        }
        if addresses.is_empty() {
            return Err(Error::HostNotFound);
        }
        let until = Instant::now() + LIFETIME;
        let known = Known { of: uri.clone(), addresses: addresses.clone(), until };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(addresses)
    }
}

/// Asks the system for the addresses of `HOST:PORT`.
fn look_up(name: String, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let (starting, asking) = (fork::Starting::new(), fork::Asking::new());
    let ask = move || {
        drop(starting);
        let found = name.to_socket_addrs().map(Vec::from_iter);
        drop(asking);
        fork::busy_to_the_end();
        let _ = sender.send(found);
    };
    system::without_signals(|| std::thread::Builder::new().name("faultwire-name".to_owned()).spawn(ask))?;
    match fork::idle(|| receiver.recv_timeout(*timeout.after)) {
        Ok(found) => Ok(found?),
        Err(RecvTimeoutError::Timeout) => Err(Error::Timeout(timeout.reason)),
        Err(RecvTimeoutError::Disconnected) => Err(Error::HostNotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_lasts_for_its_server_and_a_while_or_until_a_failure() {
        let names = Names::default();
        let uri = |text: &str| text.parse::<Uri>().unwrap();
        let timeout = NextTimeout { after: LIFETIME.into(), reason: ureq::Timeout::Resolve, ..NextTimeout::default() };
        let config = ureq::config::Config::default();
        let found = names.resolve(&uri("http://127.0.0.1:9/one"), &config, timeout).unwrap();
        let now = Instant::now();
        let again = names.known(&uri("http://127.0.0.1:9/two"), now).unwrap();
        assert_eq!(again.iter().collect::<Vec<_>>(), found.iter().collect::<Vec<_>>());
        assert!(names.known(&uri("http://127.0.0.1:10/one"), now).is_none());
        assert!(names.known(&uri("https://127.0.0.1:9/one"), now).is_none());
        assert!(names.known(&uri("http://127.0.0.1:9/one"), now + LIFETIME).is_none());
        names.clone().forget();
        assert!(names.known(&uri("http://127.0.0.1:9/one"), now).is_none());
    }

    #[test]
    fn an_address_is_not_looked_up_and_a_name_is() {
        let config = ureq::config::Config::default();
        let timeout = NextTimeout { after: LIFETIME.into(), reason: ureq::Timeout::Resolve, ..NextTimeout::default() };
        let find = |uri: &str| Names::default().resolve(&uri.parse().unwrap(), &config, timeout);
        for (uri, address) in [("http://127.0.0.1/", "127.0.0.1:80"), ("https://[::1]/", "[::1]:443")] {
            assert_eq!(find(uri).unwrap()[..], [address.parse().unwrap()]);
        }
        let found = find("http://localhost:9/").unwrap();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback() && address.port() == 9));
    }
}
