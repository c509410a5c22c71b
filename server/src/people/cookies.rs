//! The browser's side of a session: one cookie, and which pages may use it.

use axum::http::{HeaderMap, Uri, header};

use super::SESSION;

/// Where browsers find the server: what cookies, links and the check of origins are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    url: String,
    origin: String,
    base: String,
    is_secure: bool,
    is_guessed: bool,
}

/// Scheme, host and port as browsers write them: the port only if it is not the scheme's own.
fn origin(scheme: &str, authority: &str) -> String {
    let authority = authority.to_ascii_lowercase();
    let default = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", authority.strip_suffix(default).unwrap_or(&authority))
}

impl Site {
    /// Of the server's public address, without a slash at its end. If nobody has set it, it `is_guessed`: then pages
    /// under whatever name the browser used count as the server's own.
    pub fn new(public_url: &str, is_guessed: bool) -> Site {
        let (scheme, rest) = public_url.split_once("://").unwrap_or(("http", public_url));
        let (authority, base) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Site {
            url: public_url.to_owned(),
            origin: origin(scheme, authority),
            base: base.to_owned(),
            is_secure: scheme == "https",
            is_guessed,
        }
    }

    /// The public address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The path that all addresses begin with: empty, or `/faultwire`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The address of a page that takes a secret. Behind `#`, it gets into no log and no `Referer`.
    pub fn link(&self, page: &str, secret: &str) -> String {
        format!("{}/{page}#{secret}", self.url)
    }

    /// The cookie's name. Browsers let only this very host set a name with a prefix, and only over https.
    fn name(&self) -> &'static str {
        match (self.is_secure, self.base.is_empty()) {
            (true, true) => "__Host-faultwire",
            (true, false) => "__Secure-faultwire",
            (false, _) => "faultwire",
        }
    }

    fn set(&self, value: &str, seconds: i64) -> String {
        let path = if self.base.is_empty() { "/" } else { &self.base };
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!("{}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", self.name())
    }

    /// `Set-Cookie` for a new session.
    pub fn open(&self, session: &str) -> String {
        self.set(session, SESSION / 1000)
    }

    /// `Set-Cookie` for one that ended.
    pub fn close(&self) -> String {
        self.set("", 0)
    }

    /// The session in a request's cookies.
    pub fn session<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(name, _)| *name == self.name()).map(|(_, value)| value).next()
    }

    /// Whether the page that sends a request, if the browser names one, is the server's own.
    pub fn is_own(&self, headers: &HeaderMap) -> bool {
        let Some(page) = headers.get(header::ORIGIN) else { return true };
        let Ok(page) = page.to_str() else { return false };
        if page.eq_ignore_ascii_case(&self.origin) {
            return true;
        }
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let authority = page.parse::<Uri>().ok().and_then(|uri| uri.authority().map(|a| a.as_str().to_owned()));
        self.is_guessed && host.is_some() && authority.as_deref() == host
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn cookies_are_as_narrow_as_the_address_allows() {
        let of = |url| Site::new(url, false).open("x");
        assert_eq!(
            of("https://faults.example"),
            "__Host-faultwire=x; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(of("https://x.example/faultwire").starts_with("__Secure-faultwire=x; Path=/faultwire;"));
        assert_eq!(of("http://127.0.0.1:8790"), "faultwire=x; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax");
        let site = Site::new("https://faults.example", false);
        let sent = headers(&[(header::COOKIE, "a=b; __Host-faultwire=abc; faultwire=forged")]);
        assert_eq!(site.session(&sent), Some("abc"));
    }

    #[test]
    fn pages_of_others_are_not_our_own() {
        let site = Site::new("https://X.example:443/faultwire", false);
        let own = |page| site.is_own(&headers(&[(header::ORIGIN, page), (header::HOST, "evil.example")]));
        assert!(own("https://x.example") && site.is_own(&HeaderMap::new()));
        for page in ["http://x.example", "https://evil.example", "https://x.example.evil.example", "null"] {
            assert!(!own(page), "{page}");
        }
        let guessed = Site::new("http://127.0.0.1:8790", true);
        let local = [(header::ORIGIN, "http://localhost:8790"), (header::HOST, "localhost:8790")];
        assert!(guessed.is_own(&headers(&local)));
        assert!(!guessed.is_own(&headers(&[(header::ORIGIN, "http://localhost:3000"), local[1].clone()])));
    }
}
