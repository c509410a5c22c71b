//! Addresses of the server, looked up for a connection rather than for each request.
//!
//! ureq asks before every request, also when it then uses the connection that is open, and because
//! the lookup has a time limit it starts a thread for each. That thread costs more than all else that
//! is done for an event.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long an answer is good for: load balancers move within a minute or so. A failure ends it at once.
const LIFETIME: Duration = Duration::from_secs(30);

/// The last answer. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names {
    inner: Arc<DefaultResolver>,
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
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if let Some(addresses) = self.known(uri, Instant::now()) {
            return Ok(addresses);
        }
        let addresses = self.inner.resolve(uri, config, timeout)?;
        let until = Instant::now() + LIFETIME;
        let known = Known { of: uri.clone(), addresses: addresses.clone(), until };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(known);
        Ok(addresses)
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
}
