//! Scopes for asynchronous tasks, which a runtime moves between threads. No runtime is needed.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::local::{Entered, Scopes};

/// Gives a future scopes that hold wherever and whenever it is polled.
pub trait FutureExt: Future + Sized {
    /// An isolation scope of its own, which starts from what is said where this is called: one request.
    ///
    /// ```
    /// use faultwire::FutureExt;
    /// # fn spawn<F: Future + Send + 'static>(_: F) {}
    /// spawn(
    ///     async {
    ///         faultwire::set_tag("route", "/orders");
    ///     }
    ///     .isolated(),
    /// );
    /// ```
    fn isolated(self) -> Scoped<Self> {
        Scoped { scopes: Scopes::here().isolated(), future: self }
    }

    /// The scopes that hold where this is called: for tasks that are parts of the same request.
    fn bind_scope(self) -> Scoped<Self> {
        self.in_scopes(Scopes::here())
    }

    /// Given scopes.
    fn in_scopes(self, scopes: Scopes) -> Scoped<Self> {
        Scoped { scopes, future: self }
    }
}

impl<F: Future> FutureExt for F {}

/// A future with its scopes; made by [`FutureExt`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Scoped<F> {
    scopes: Scopes,
    future: F,
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: `future` is pinned as the whole is, and never moved out of it; `scopes` is not pinned,
        // and no `Pin` to it is ever made.
        let (scopes, future) = unsafe {
            let this = self.get_unchecked_mut();
            (&mut this.scopes, Pin::new_unchecked(&mut this.future))
        };
        let _entered = Entered::enter(scopes);
        future.poll(context)
    }
}
