//! A client: its settings, and the engine of this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::time::{Duration, Instant};

use crate::capture::{Body, Capture, CodeLocation, RawException};
use crate::crash::Station;
use crate::earlier::Earlier;
use crate::engine::Engine;
use crate::gate::{Candidate, Inside, Verdict};
use crate::loss::Reason;
use crate::options::Options;
use crate::protocol::{Breadcrumb, Event, EventId, Value};
use crate::settings::{Hooks, Sdk, Settings};
use crate::stats::Stats;
use crate::storm::FoldKey;
use crate::symbols::Symbols;
use crate::transport::MakeTransport;
use crate::{Error, fork, log};

/// An engine and the process generation that it belongs to. Older ones stay where they are: their
/// threads and locks belong to another process.
struct Node {
    generation: u64,
    engine: Arc<Engine>,
}

/// Captures, and what becomes of captures.
///
/// Cheap to share by `Arc`. After a fork, the first use in the child starts an engine of its own:
/// fresh queue, threads, sockets and counters.
pub struct Client {
    settings: Arc<Settings>,
    node: AtomicPtr<Node>,
    closed: AtomicBool,
    captures_panics: AtomicBool,
    earlier: Earlier,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of `options` for `sdk`. Without a DSN or a transport it is disabled.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`], naming the option.
    pub fn new(options: Options, hooks: Hooks, sdk: Sdk, transport: Option<MakeTransport>) -> Result<Client, Error> {
        log::enable(options.debug);
        fork::install();
        let settings = Arc::new(Settings::new(options, hooks, sdk, transport)?);
        let node = Client::node(&settings);
        if settings.make_transport.is_some() {
            node.engine.crash.begin(&settings);
            let has_orphans = node.engine.outbox.has_orphans() || node.engine.crash.has_orphans(&settings);
            if has_orphans || settings.options.capture_crashes {
                // What an earlier process left is sent though this one may never capture.
                node.engine.need_threads();
            }
        }
        let node = Box::into_raw(node);
        Ok(Client {
            settings,
            node: AtomicPtr::new(node),
            closed: AtomicBool::new(false),
            captures_panics: AtomicBool::new(false),
            earlier: Earlier::default(),
        })
    }

    fn node(settings: &Arc<Settings>) -> Box<Node> {
        let engine = Engine::new(Arc::clone(settings));
        #[cfg(unix)]
        if settings.options.flush_on_sigterm && settings.make_transport.is_some() {
            crate::sigterm::watch(&engine);
        }
        Box::new(Node { generation: fork::generation(), engine })
    }

    /// The engine of this process.
    fn engine(&self) -> &Arc<Engine> {
        self.engine_here().unwrap_or_else(|old| self.renew(old))
    }

    /// The same, if there is one yet; otherwise the node of another process.
    fn engine_here(&self) -> Result<&Arc<Engine>, *mut Node> {
        let current = self.node.load(Ordering::Acquire);
        // SAFETY: nodes are never freed while the client lives (`Drop` frees only the last one).
        let node = unsafe { &*current };
        if node.generation == fork::generation() { Ok(&node.engine) } else { Err(current) }
    }

    #[cold]
    fn renew(&self, old: *mut Node) -> &Arc<Engine> {
        let fresh = Box::into_raw(Client::node(&self.settings));
        match self.node.compare_exchange(old, fresh, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => {
                // SAFETY: `fresh` is now the client's node and stays alive as long as it.
                let engine = unsafe { &(*fresh).engine };
                if self.is_enabled() && self.settings.options.capture_crashes {
                    // The worker begins to record this process's crashes.
                    engine.need_threads();
                }
                engine
            }
            Err(winner) => {
                // SAFETY: `fresh` lost the race and nobody has seen it; `winner` lives as long as the client.
                unsafe {
                    drop(Box::from_raw(fresh));
                    &(*winner).engine
                }
            }
        }
    }

    /// For a host whose code is interpreted: lets captured crashes show the stack that its own signal handler writes.
    ///
    /// `register` is given a signal and a descriptor: it is to install for that signal a handler that writes the stack of
    /// the thread it runs on to that descriptor, fit to be run in a broken process, and to say whether it did. The
    /// handler is called as a function; the signal's disposition is put back. `unregister` takes a registration back.
    /// False where crashes are not captured, the signal is in use, or the handler is of another kind. To be followed
    /// by [`forget_host_stack`](Client::forget_host_stack) before the host ends.
    pub fn learn_host_stack(
        &self,
        register: &mut dyn FnMut(i32, i32) -> bool,
        unregister: &mut dyn FnMut(i32),
    ) -> bool {
        self.is_enabled() && self.engine().crash.learn_host_stack(register, unregister)
    }

    /// Takes back [`learn_host_stack`](Client::learn_host_stack) of any client; `unregister` is not called where nothing
    /// was learned.
    pub fn forget_host_stack(unregister: &mut dyn FnMut(i32)) {
        Station::forget_host_stack(unregister);
    }

    /// The options it was made with.
    pub fn options(&self) -> &Options {
        &self.settings.options
    }

    /// False without a DSN, and after `close`: then every call is a no-op that counts nothing.
    pub fn is_enabled(&self) -> bool {
        self.settings.make_transport.is_some() && !self.closed.load(Ordering::Relaxed)
    }

    /// The first half of the gate, for which nothing but the type is looked at: enabled, not within
    /// Faultwire's own code, not ignored, sampled in, no quota in force. The rate at which it was kept;
    /// a `None` is counted.
    pub fn sample(&self, candidate: &Candidate<'_>) -> Option<f64> {
        if self.is_enabled() { self.engine().sample(candidate) } else { None }
    }

    /// [`sample`](Client::sample) without asking the application's sampler: within a panic hook, where a
    /// panic of the sampler would abort the process.
    pub(crate) fn sample_unasked(&self, candidate: &Candidate<'_>) -> Option<f64> {
        if self.is_enabled() { self.engine().sample_by(None, candidate) } else { None }
    }

    /// True when the application has a sampler: only it looks at more than the type.
    pub fn has_sampler(&self) -> bool {
        self.settings.hooks.error_sampler.is_some()
    }

    /// Whether the panic hook captures for this client.
    pub(crate) fn capture_panics(&self, yes: bool) {
        self.captures_panics.store(yes, Ordering::Relaxed);
    }

    /// See [`capture_panics`](Client::capture_panics).
    pub(crate) fn captures_panics(&self) -> bool {
        self.captures_panics.load(Ordering::Relaxed)
    }

    /// The second half: one more of a storming place is folded, a full queue refuses. `fold` is a hash of
    /// the place it comes from; `None` never folds. On [`Verdict::Yes`] the admission must come back in
    /// [`submit`](Client::submit) or [`reject`](Client::reject).
    pub fn admit(&self, fold: Option<FoldKey>, rate: f64) -> Verdict {
        self.engine().admit(fold, rate)
    }

    /// Counts a capture that the language layer refuses before [`decide`](Client::decide).
    pub fn refuse(&self, reason: Reason) {
        if self.is_enabled() {
            self.engine().refuse(reason);
        }
    }

    /// Hands an admitted capture to the worker. Never blocks; `None` when there was no room.
    pub fn submit(&self, capture: Capture) -> Option<EventId> {
        let id = capture.admission.event_id;
        crate::testing::panic_if_armed("submit");
        self.engine().submit(Box::new(capture)).then_some(id)
    }

    /// Counts an admitted capture as lost.
    pub fn reject(&self, capture: &Capture, reason: Reason) {
        if let Some(engine) = capture.admission.hand_over() {
            engine.settle_dropped(capture.admission.epoch, capture.admission.fold, reason);
        }
    }

    /// The finished, sanitized event of a capture, for a hook that must run on the app thread. Hand the
    /// hook's result back with [`Capture::body`] set to [`Body::Event`]. Reads no files.
    pub fn prepare(&self, capture: &mut Capture) -> Event {
        // Tables are made at first use: no child is to find one half made.
        let _unforked = fork::busy();
        let mut event = crate::pipeline::prepare(capture, &self.settings, &mut Symbols::default());
        self.settings.sanitizer.event(&mut event);
        event
    }

    /// Puts a hook's result into the capture that it came from; its scopes are already applied.
    pub fn replace(&self, capture: &mut Capture, event: Event) {
        capture.layers = crate::scope::Layers::default();
        capture.bytes += std::mem::size_of::<Event>();
        capture.body = Body::Event(Box::new(event));
    }

    /// Gives `before_breadcrumb` its say. Call it before a scope is touched: the hook may use scopes itself.
    pub fn filter_breadcrumb(&self, crumb: Breadcrumb) -> Option<Breadcrumb> {
        match &self.settings.hooks.before_breadcrumb {
            Some(hook) => hook(crumb),
            None => Some(crumb),
        }
    }

    /// Names an integration that was switched on, for `sdk.integrations`.
    pub fn add_integration(&self, name: &str) {
        self.settings.add_integration(name);
    }

    /// Whether code is the application's own, under the options of this client.
    pub fn is_in_app(&self, code: &CodeLocation) -> bool {
        let rules = &self.settings.rules;
        crate::stacktrace::in_app(self.settings.sdk.platform, code.module.as_deref(), Some(&code.path), rules)
    }

    /// The fingerprint of an event and the record of what was hashed. Nothing is sent.
    pub fn explain(&self, mut event: Event) -> Value {
        let _unforked = fork::busy();
        crate::pipeline::explain(&mut event, &self.settings)
    }

    /// The same for a chain of exceptions in wire order.
    pub fn explain_exceptions(&self, chain: Vec<RawException>) -> Value {
        let mut symbols = Symbols::default();
        let platform = self.settings.sdk.platform;
        let exception = |raw| crate::assemble::exception(raw, platform, &mut symbols);
        let values: Vec<_> = chain.into_iter().map(exception).collect();
        self.explain(Event { platform: platform.to_owned(), exception: values.into(), ..Event::default() })
    }

    /// Says something on stderr when `debug` is on. Never give it the content of an event.
    pub fn debug(&self, line: &str) {
        log::debug!("{line}");
    }

    /// Waits until all that this process captured before is acknowledged or counted as lost; true if
    /// that came about within `timeout`. Within a hook it does not wait: that has an event of its own in hand.
    pub fn flush(&self, timeout: Duration) -> bool {
        let deadline = deadline(patience(timeout));
        let is_flushed = self.engine().flush(deadline);
        self.earlier.wait(deadline) && is_flushed
    }

    /// The same for a process that is about to die: it is enough that what is left is on disk, once the server was
    /// tried in vain.
    pub(crate) fn flush_or_spool(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout);
        let is_settled = self.engine().settle(deadline, true);
        self.earlier.wait(deadline) && is_settled
    }

    /// Flushes, then ends the threads; later captures are no-ops. The default is `shutdown_timeout`.
    pub fn close(&self, timeout: Option<Duration>) -> bool {
        if self.closed.swap(true, Ordering::AcqRel) {
            return true;
        }
        let deadline = deadline(patience(timeout.unwrap_or(self.settings.options.shutdown_timeout)));
        let is_flushed = self.engine().close(deadline);
        self.earlier.wait(deadline) && is_flushed
    }

    /// Takes the place of `earlier`, which is closed without waiting: what that has not sent yet is waited for when this
    /// one is.
    pub fn take_over_from(&self, earlier: &Client) {
        earlier.close(Some(Duration::ZERO));
        self.earlier.take(&earlier.earlier, earlier.engine_here().ok());
    }

    /// Ends the background threads until [`resume_threads`](Client::resume_threads), for a fork that
    /// is to find none. Waits for them, normally far less than a millisecond and never more than 250 ms;
    /// not for a request on its way: the thread that is in one stays.
    ///
    /// Captures go on and wait in the queue; `flush` and `close` have the threads run meanwhile. Pauses
    /// of several threads may overlap. A forked child is not paused and need not resume.
    pub fn pause_threads(&self) {
        self.engine().pause_threads();
    }

    /// Ends a pause, once for each [`pause_threads`](Client::pause_threads): after the last one the next
    /// capture starts the threads. To be followed by [`catch_up`](Client::catch_up).
    pub fn resume_threads(&self) {
        self.engine().resume_threads();
    }

    /// Starts the threads after a pause if anything is left for them to do. Apart from
    /// [`resume_threads`](Client::resume_threads), for a language that counts threads a while after the fork.
    pub fn catch_up(&self) {
        self.engine().catch_up();
    }

    /// What became of everything that this process captured.
    pub fn stats(&self) -> Stats {
        self.engine().stats()
    }
}

/// How long somebody can wait: a hook, and Faultwire's own threads, would wait for themselves.
fn patience(timeout: Duration) -> Duration {
    if Inside::is() { Duration::ZERO } else { timeout }
}

/// A far deadline instead of an overflow.
fn deadline(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or(now + Duration::from_secs(86_400 * 365))
}

impl Drop for Client {
    fn drop(&mut self) {
        let node = *self.node.get_mut();
        // SAFETY: the pointer came from `Box::into_raw`, and nobody else can hold it any more.
        let node = unsafe { Box::from_raw(node) };
        if node.generation == fork::generation() {
            node.engine.close(Instant::now());
        } else {
            // Another process's engine: its locks may be held for ever.
            std::mem::forget(node);
        }
    }
}
