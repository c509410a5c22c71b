//! A route: what it does, and what it needs. The router and the document are made of these and of nothing else.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::middleware;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use super::document::{Described, Sketch};
use super::{Api, Problem, guard};
use crate::people::Need;

/// One method of one path.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces. `{project}` is the project that the need is about.
    pub path: &'static str,
    /// What is needed of the one who asks.
    pub need: Need,
    /// What it does, in a line.
    pub summary: &'static str,
    /// The handler's name, with its modules.
    pub(super) handler_name: &'static str,
    /// Says what the handler takes and answers, by its types.
    pub(super) describe: fn(&mut Sketch),
    /// Problems that its types do not tell: status, and when.
    pub(super) problems: Vec<(u16, &'static str)>,
    handler: MethodRouter<Arc<Api>>,
}

macro_rules! methods {
    ($($name:ident $method:ident),*) => {
        impl Route {
            $(
                pub(super) fn $name<H, T>(path: &'static str, need: Need, summary: &'static str, handler: H) -> Route
                where
                    H: Described<T>,
                    T: 'static,
                {
                    Route {
                        method: Method::$method,
                        path,
                        need,
                        summary,
                        handler_name: std::any::type_name::<H>(),
                        describe: H::describe,
                        problems: Vec::new(),
                        handler: $name(handler),
                    }
                }
            )*
        }
    };
}

methods!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

impl Route {
    /// Whether it is for people who look, not for programs.
    pub fn is_page(&self) -> bool {
        self.handler_name.contains("::pages::")
    }

    /// Declares a problem that neither need nor types tell of.
    pub(super) fn may(mut self, status: u16, when: &'static str) -> Route {
        self.problems.push((status, when));
        self
    }
}

/// The routes, each behind the guard of its need.
pub(super) fn router(api: &Arc<Api>, routes: Vec<Route>) -> Router<Arc<Api>> {
    let router = routes.into_iter().fold(Router::new(), |router, route| {
        let guarded = middleware::from_fn_with_state((api.clone(), route.need), guard::guard);
        router.route(route.path, route.handler.route_layer(guarded))
    });
    router.method_not_allowed_fallback(async || Problem::NotAllowed)
}
