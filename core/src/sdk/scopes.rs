//! What can be said about coming events, and to which layer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use super::local::{self, Cell};
use crate::gate::Inside;
use crate::protocol::{Breadcrumb, Level, Timestamp, User, Value};
use crate::scope::{Layer, Scope, Trace};

/// Breadcrumbs kept while there is no client to say how many.
const BREADCRUMBS: usize = 100;

/// One layer. What is set holds for every later event of the layer, whoever captures it.
#[derive(Debug, Clone)]
pub struct ScopeHandle {
    cell: Arc<Cell>,
}

/// The layer of the whole process.
pub(crate) fn everywhere() -> &'static Arc<Cell> {
    static EVERYWHERE: OnceLock<Arc<Cell>> = OnceLock::new();
    EVERYWHERE.get_or_init(|| {
        let cell = Arc::<Cell>::default();
        cell.scope.set_layer(Layer::Global);
        cell
    })
}

/// The layer of the whole process: for what is true of every event, such as the name of the service.
pub fn global_scope() -> ScopeHandle {
    ScopeHandle::of(Arc::clone(everywhere()))
}

/// The layer of the request, job or thread that runs here.
fn isolation() -> ScopeHandle {
    ScopeHandle::of(local::isolation().unwrap_or_default())
}

impl ScopeHandle {
    pub(crate) fn of(cell: Arc<Cell>) -> ScopeHandle {
        ScopeHandle { cell }
    }

    /// Arguments are made before: no code of the application runs within.
    fn update(&self, change: impl FnOnce(&mut Scope)) {
        self.cell.scope.update(change);
    }

    /// Sets a searchable text: a key of at most 200 of `[a-zA-Z0-9_.:-]`, a value of at most 200 characters.
    pub fn set_tag(&self, key: impl Into<String>, value: impl Into<String>) {
        let (key, value) = (key.into(), value.into());
        self.update(|scope| scope.set_tag(key, value));
    }

    /// Sets several tags.
    pub fn set_tags<K: Into<String>, V: Into<String>>(&self, tags: impl IntoIterator<Item = (K, V)>) {
        for (key, value) in tags {
            self.set_tag(key, value);
        }
    }

    /// Forgets a tag of this layer; one of another layer stays.
    pub fn remove_tag(&self, key: &str) {
        self.update(|scope| scope.remove_tag(key));
    }

    /// Says who is hit; `None` forgets. All but the id is sent only with the option `send_default_pii`.
    pub fn set_user(&self, user: impl Into<Option<User>>) {
        let user = user.into();
        self.update(|scope| scope.set_user(user));
    }

    /// Names the session, to count how many are hit; `None` forgets.
    pub fn set_session(&self, id: Option<&str>) {
        self.update(|scope| scope.set_session(id));
    }

    /// Sets a named object, shown with the event: at most 8 kB; null forgets.
    pub fn set_context(&self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        self.update(|scope| scope.set_context(key, value));
    }

    /// Sets free detail, at most 16 KiB a value.
    pub fn set_extra(&self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        self.update(|scope| scope.set_extra(key, value));
    }

    /// Sets the level of coming events whose call says none: not that of a message. `None` forgets.
    pub fn set_level(&self, level: Option<Level>) {
        self.update(|scope| scope.set_level(level));
    }

    /// Names the route or job, at most 200 characters; `None` forgets.
    pub fn set_transaction(&self, name: Option<&str>) {
        self.update(|scope| scope.set_transaction(name));
    }

    /// Groups coming events by these texts; `{{ default }}` stands for the usual grouping; none forgets.
    /// Events with a fingerprint of their own are never folded.
    pub fn set_fingerprint<S: Into<String>>(&self, parts: impl IntoIterator<Item = S>) {
        let parts: Vec<String> = parts.into_iter().map(Into::into).collect();
        self.update(|scope| scope.set_fingerprint(Some(parts).filter(|parts| !parts.is_empty())));
    }

    /// Takes a `traceparent` or `sentry-trace` header into `contexts.trace`; false where it is neither.
    pub fn continue_trace(&self, header: &str) -> bool {
        let trace = Trace::from_header(header);
        let fits = trace.is_some();
        if fits {
            self.update(|scope| scope.set_trace(trace));
        }
        fits
    }

    /// Remembers that something happened, for events to come; the oldest goes beyond `max_breadcrumbs`.
    /// `before_breadcrumb` is asked first; if it panics, the breadcrumb is dropped.
    pub fn add_breadcrumb(&self, crumb: impl Into<Breadcrumb>) {
        if Inside::is() {
            return;
        }
        let mut crumb: Breadcrumb = crumb.into();
        crumb.timestamp.get_or_insert_with(Timestamp::now);
        let client = super::current();
        let max = client.as_ref().map_or(BREADCRUMBS, |client| client.options().max_breadcrumbs);
        if max == 0 {
            return;
        }
        let crumb = match &client {
            Some(client) => {
                let _inside = Inside::enter();
                catch_unwind(AssertUnwindSafe(|| client.filter_breadcrumb(crumb))).ok().flatten()
            }
            None => Some(crumb),
        };
        if let Some(crumb) = crumb {
            self.update(|scope| scope.add_breadcrumb(crumb, max));
        }
    }

    /// Forgets the breadcrumbs of this layer.
    pub fn clear_breadcrumbs(&self) {
        self.update(Scope::clear_breadcrumbs);
    }

    /// Forgets everything that this layer says.
    pub fn clear(&self) {
        self.update(Scope::clear);
    }
}

/// [`ScopeHandle::set_tag`] on the isolation scope.
pub fn set_tag(key: impl Into<String>, value: impl Into<String>) {
    isolation().set_tag(key, value);
}

/// [`ScopeHandle::set_tags`] on the isolation scope.
pub fn set_tags<K: Into<String>, V: Into<String>>(tags: impl IntoIterator<Item = (K, V)>) {
    isolation().set_tags(tags);
}

/// [`ScopeHandle::remove_tag`] on the isolation scope.
pub fn remove_tag(key: &str) {
    isolation().remove_tag(key);
}

/// [`ScopeHandle::set_user`] on the isolation scope.
pub fn set_user(user: impl Into<Option<User>>) {
    isolation().set_user(user);
}

/// [`ScopeHandle::set_session`] on the isolation scope.
pub fn set_session(id: Option<&str>) {
    isolation().set_session(id);
}

/// [`ScopeHandle::set_context`] on the isolation scope.
pub fn set_context(key: impl Into<String>, value: impl Into<Value>) {
    isolation().set_context(key, value);
}

/// [`ScopeHandle::set_extra`] on the isolation scope.
pub fn set_extra(key: impl Into<String>, value: impl Into<Value>) {
    isolation().set_extra(key, value);
}

/// [`ScopeHandle::set_level`] on the isolation scope.
pub fn set_level(level: Option<Level>) {
    isolation().set_level(level);
}

/// [`ScopeHandle::set_transaction`] on the isolation scope.
pub fn set_transaction(name: Option<&str>) {
    isolation().set_transaction(name);
}

/// [`ScopeHandle::set_fingerprint`] on the isolation scope.
pub fn set_fingerprint<S: Into<String>>(parts: impl IntoIterator<Item = S>) {
    isolation().set_fingerprint(parts);
}

/// [`ScopeHandle::add_breadcrumb`] on the isolation scope.
pub fn add_breadcrumb(crumb: impl Into<Breadcrumb>) {
    isolation().add_breadcrumb(crumb);
}

/// [`ScopeHandle::clear_breadcrumbs`] on the isolation scope.
pub fn clear_breadcrumbs() {
    isolation().clear_breadcrumbs();
}

/// [`ScopeHandle::continue_trace`] on the isolation scope.
pub fn continue_trace(header: &str) -> bool {
    isolation().continue_trace(header)
}

impl From<&str> for Breadcrumb {
    fn from(message: &str) -> Self {
        message.to_owned().into()
    }
}

impl From<String> for Breadcrumb {
    fn from(message: String) -> Self {
        Breadcrumb { message: Some(message), ..Breadcrumb::default() }
    }
}
