//! A route: what it does, and what it needs. The router is made of these and of nothing else.

use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::middleware;
use axum::routing::{MethodRouter, delete, get, patch, post, put};

use super::{Api, guard};
use crate::people::Need;

/// One method of one path.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces. `{project}` is the project that the need is about.
    pub path: &'static str,
    /// What is needed of the one who asks.
    pub need: Need,
    handler: MethodRouter<Arc<Api>>,
}

macro_rules! methods {
    ($($name:ident $method:ident),*) => {
        impl Route {
            $(
                pub(super) fn $name<H, T>(path: &'static str, need: Need, handler: H) -> Route
                where
                    H: Handler<T, Arc<Api>>,
                    T: 'static,
                {
                    Route { method: Method::$method, path, need, handler: $name(handler) }
                }
            )*
        }
    };
}

methods!(get GET, post POST, put PUT, patch PATCH, delete DELETE);

/// The routes, each behind the guard of its need.
pub(super) fn router(api: &Arc<Api>, routes: Vec<Route>) -> Router<Arc<Api>> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let guarded = middleware::from_fn_with_state((api.clone(), route.need), guard::guard);
        router.route(route.path, route.handler.route_layer(guarded))
    })
}
