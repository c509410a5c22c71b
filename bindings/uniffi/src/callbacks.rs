//! Code of the application that Faultwire calls.
//!
//! A foreign trait's call fails where the application's code throws; what that means is said at each.

use std::sync::Arc;

use faultwire::gate::Inside;
use faultwire::protocol::{Breadcrumb, Event};
use faultwire::sampling::SamplingContext;
use faultwire::settings::Hooks;

/// The application's code threw.
#[derive(Debug, uniffi::Error)]
pub enum HookError {
    /// What it threw is not looked at: it can hold anything.
    Threw,
}

impl std::fmt::Display for HookError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the hook threw")
    }
}

impl std::error::Error for HookError {}

impl From<uniffi::UnexpectedUniFFICallbackError> for HookError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        HookError::Threw
    }
}

/// Looks at a finished, sanitized event, on Faultwire's worker.
#[uniffi::export(with_foreign)]
pub trait BeforeSend: Send + Sync {
    /// The event to send, in JSON; nothing, or a throw, drops it.
    fn edit(&self, event: String) -> Result<Option<String>, HookError>;
}

/// Looks at a breadcrumb as it is added, on the thread that adds it.
#[uniffi::export(with_foreign)]
pub trait BeforeBreadcrumb: Send + Sync {
    /// The breadcrumb to keep, in JSON; nothing, or a throw, drops it.
    fn edit(&self, breadcrumb: String) -> Result<Option<String>, HookError>;
}

/// Says the rate for a capture, on the thread that captures.
#[uniffi::export(with_foreign)]
pub trait ErrorSampler: Send + Sync {
    /// From 0 to 1; anything else, or a throw, leaves it to the options.
    fn rate(
        &self,
        exception_type: Option<String>,
        level: String,
        logger: Option<String>,
        transaction: Option<String>,
    ) -> Result<Option<f64>, HookError>;
}

/// The application's hooks as core knows them.
pub(crate) fn hooks(
    before_send: Option<Arc<dyn BeforeSend>>,
    before_breadcrumb: Option<Arc<dyn BeforeBreadcrumb>>,
    error_sampler: Option<Arc<dyn ErrorSampler>>,
) -> Hooks {
    let mut hooks = Hooks::default();
    if let Some(hook) = before_send {
        hooks.before_send = Some(Arc::new(move |event| edited(&*hook, &event)));
    }
    if let Some(hook) = before_breadcrumb {
        hooks.before_breadcrumb = Some(Arc::new(move |crumb| kept(&*hook, &crumb)));
    }
    if let Some(sampler) = error_sampler {
        hooks.error_sampler = Some(Arc::new(move |context| rate(&*sampler, context)));
    }
    hooks
}

fn edited(hook: &dyn BeforeSend, event: &Event) -> Option<Event> {
    let _inside = Inside::enter();
    let edited = hook.edit(serde_json::to_string(event).ok()?).ok()??;
    Event::from_slice(edited.as_bytes()).ok()
}

fn kept(hook: &dyn BeforeBreadcrumb, crumb: &Breadcrumb) -> Option<Breadcrumb> {
    let _inside = Inside::enter();
    let kept = hook.edit(serde_json::to_string(crumb).ok()?).ok()??;
    serde_json::from_str(&kept).ok()
}

fn rate(sampler: &dyn ErrorSampler, context: &SamplingContext<'_>) -> Option<f64> {
    let text = |text: Option<&str>| text.map(str::to_owned);
    let (ty, level) = (text(context.exception_type), context.level.as_str().to_owned());
    let rate = sampler.rate(ty, level, text(context.logger), text(context.transaction)).ok()??;
    (0.0..=1.0).contains(&rate).then_some(rate)
}
