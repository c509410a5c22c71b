//! The dashboard: a single page that shows each of its views by itself, as `server/dashboard` builds it. It holds
//! nothing of anyone's and asks the API for it, so it needs nothing of who asks.
//!
//! What the build compresses is in the binary as `<name>.gz` only, and is unpacked for the few who do not take that.

use std::borrow::Cow;
use std::io::Read;
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::bufread::GzDecoder;
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::document::{Answer, Sketch};
use super::inputs::Path;
use super::table::Route;
use super::{Api, Problem, Shared};
use crate::people::Need;

/// Nothing but the dashboard's own files and this server, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; manifest-src 'self'; form-action 'none'; frame-ancestors 'none'; \
                      base-uri 'self'";
/// Where the views are; which of them it is the page finds out by itself.
const VIEWS: [&str; 11] = [
    "/",
    "/login",
    "/setup",
    "/join",
    "/issues",
    "/feed",
    "/projects",
    "/projects/{*rest}",
    "/people",
    "/account",
    "/server",
];
/// What has a name that stays: it is needed before the rest, or by the browser itself.
const FILES: [&str; 2] = ["/icon.svg", "/theme.js"];
/// The page, if the binary was built without it.
const WITHOUT: &str = include_str!("without_dashboard.html");
/// In the page: what all its relative addresses begin with.
const BASE: &str = "<base href=\"/\">";
/// In the page: where its build is named.
const BUILD: &str = "__BUILD__";

/// The header that names the build of the pages that this server has: a tab that shows another one is stale.
pub(super) const BUILD_HEADER: &str = "x-faultwire-build";

#[derive(RustEmbed)]
#[folder = "dashboard/dist"]
struct Dist;

/// The files of the dashboard.
#[derive(Debug, Clone)]
pub enum Pages {
    /// What was there when the binary was built.
    Embedded,
    /// What is in a folder, at each request anew: for those who work on them, and for tests.
    Folder(PathBuf),
}

/// A file as it is kept.
struct Kept {
    bytes: Cow<'static, [u8]>,
    is_packed: bool,
}

impl Pages {
    /// The binary's own; in debug builds those of the folder `FAULTWIRE_DASHBOARD_DIST`, if that is set.
    pub fn own() -> Pages {
        #[cfg(debug_assertions)]
        if let Some(folder) = std::env::var_os("FAULTWIRE_DASHBOARD_DIST") {
            return Pages::Folder(folder.into());
        }
        Pages::Embedded
    }

    /// What is kept under exactly this name.
    fn read(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Pages::Embedded => Dist::get(name).map(|file| file.data),
            Pages::Folder(folder) => std::fs::read(folder.join(name)).ok().map(Cow::Owned),
        }
    }

    /// A file that pages ask for, packed or not. Its name may have been made up by anyone.
    fn find(&self, folder: &str, name: &str) -> Option<Kept> {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !is_plain || name.starts_with('.') || name.ends_with(".gz") {
            return None;
        }
        let kept = |name: &str, is_packed| self.read(name).map(|bytes| Kept { bytes, is_packed });
        kept(&format!("{folder}{name}.gz"), true).or_else(|| kept(&format!("{folder}{name}"), false))
    }

    /// The page as it was built.
    fn template(&self) -> Cow<'static, [u8]> {
        self.read("index.html").unwrap_or(Cow::Borrowed(WITHOUT.as_bytes()))
    }

    /// Names the page, and with it all that belongs to it: its assets have hashes in their names.
    pub fn build(&self) -> String {
        hash(&self.template(), 6)
    }

    /// The page, for a server whose addresses begin with `base`.
    fn index(&self, base: &str) -> String {
        let text = String::from_utf8_lossy(&self.template()).replace(BUILD, &self.build());
        text.replace(BASE, &format!("<base href=\"{base}/\">"))
    }
}

pub(super) fn routes() -> Vec<Route> {
    let view = |path| Route::get(path, Need::Open, "A view of the dashboard.", view);
    let file = |path: &'static str| {
        let file = async move |State(api): Shared, headers: HeaderMap| whole(&api, path, &headers);
        Route::get(path, Need::Open, "A file of the dashboard.", file)
    };
    let mut routes: Vec<Route> = VIEWS.into_iter().map(view).collect();
    routes.push(Route::get("/assets/{file}", Need::Open, "A file of one build of the dashboard.", asset));
    routes.extend(FILES.map(file));
    routes
}

/// A view, whichever it is.
async fn view(State(api): Shared, headers: HeaderMap) -> Result<File, Problem> {
    let bytes = api.pages.index(api.site.base()).into_bytes();
    File::new("index.html", Kept { bytes: bytes.into(), is_packed: false }, Caching::Ask, &headers)
}

/// What builds leave under a name that tells one content from all others.
async fn asset(State(api): Shared, Path(name): Path<String>, headers: HeaderMap) -> Result<File, Problem> {
    let kept = api.pages.find("assets/", &name).ok_or(Problem::NotFound)?;
    File::new(&name, kept, Caching::Forever, &headers)
}

/// One of the [`FILES`].
fn whole(api: &Api, path: &str, headers: &HeaderMap) -> Result<File, Problem> {
    let name = path.trim_start_matches('/');
    let kept = api.pages.find("", name).ok_or(Problem::NotFound)?;
    File::new(name, kept, Caching::Ask, headers)
}

/// How browsers may keep a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caching {
    /// Without asking: under its name there is never anything else.
    Forever,
    /// And ask each time whether it is still so.
    Ask,
}

/// A file as it is answered.
struct File(Response);

impl File {
    fn new(name: &str, kept: Kept, caching: Caching, asked: &HeaderMap) -> Result<File, Problem> {
        let is_coded = kept.is_packed && takes_gzip(asked);
        let bytes = if kept.is_packed && !is_coded { unpacked(&kept.bytes)?.into() } else { kept.bytes };
        // Of what is sent, hence another for each coding.
        let tag = (caching == Caching::Ask).then(|| format!("\"{}\"", hash(&bytes, 12)));
        let is_known = tag.as_deref().is_some_and(|tag| knows(asked, tag));
        let mut response = match is_known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => Body::from(bytes).into_response(),
        };
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_TYPE, kind(name));
        set(header::CONTENT_SECURITY_POLICY, POLICY);
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "no-referrer");
        set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        match caching {
            Caching::Forever => set(header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            Caching::Ask => set(header::CACHE_CONTROL, "no-cache"),
        };
        if kept.is_packed {
            set(header::VARY, "accept-encoding");
        }
        if is_coded && !is_known {
            set(header::CONTENT_ENCODING, "gzip");
        }
        if let Some(tag) = tag.and_then(|tag| HeaderValue::try_from(tag).ok()) {
            headers.insert(header::ETAG, tag);
        }
        Ok(File(response))
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        self.0
    }
}

/// Programs are not told of pages.
impl Answer for File {
    fn describe(_: &mut Sketch) {}
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// The first `bytes` of the hash of a content, in hexadecimal digits.
fn hash(content: &[u8], bytes: usize) -> String {
    Sha256::digest(content).iter().take(bytes).map(|byte| format!("{byte:02x}")).collect()
}

fn unpacked(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain)?;
    Ok(plain)
}

/// The parts of a header that is a list, over all of its lines.
fn list(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Whether a client takes gzip: by its name or else as any other, unless it is said to weigh nothing.
fn takes_gzip(asked: &HeaderMap) -> bool {
    let weight = |wanted: &str| {
        list(asked, header::ACCEPT_ENCODING).find_map(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
            let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
            name.trim().eq_ignore_ascii_case(wanted).then_some(weight.unwrap_or_default())
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

/// Whether a client has what is tagged so. Proxies that compress by themselves make tags weak.
fn knows(asked: &HeaderMap, tag: &str) -> bool {
    list(asked, header::IF_NONE_MATCH).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}
