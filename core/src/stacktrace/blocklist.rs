//! Frames of framework plumbing: between the server's loop and the application's function there
//! are dozens, the same in every event.
//!
//! The rows are data, below. An application adds its own with the option `frame_blocklist`.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::Error;
use crate::protocol::Frame;

use super::in_app::{bare, under};
use super::language::language;

/// What a row's frames do, which decides whether they may leave the end of a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Carries a call to the application. As the last frame it is where the crash happened, and stays.
    Plumbing,
    /// Calls a closure, an application's or a reporter's: leaves the end together with reporters.
    Carrier,
    /// Raises or records the error that its caller made: leaves the end of a stack too.
    Reporter,
}

/// Whose plumbing a row is. Not a text: a thousand of those weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Platform {
    /// `python`
    Python,
    /// `rust`
    Rust,
    /// `java`
    Java,
    /// `cocoa`
    Cocoa,
    /// `node`
    Node,
}

impl Platform {
    /// As events name it.
    pub fn name(self) -> &'static str {
        match self {
            Platform::Python => "python",
            Platform::Rust => "rust",
            Platform::Java => "java",
            Platform::Cocoa => "cocoa",
            Platform::Node => "node",
        }
    }
}

/// One builtin row.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Where it counts.
    pub platform: Platform,
    /// A module and what lies below it, by whole segments; with `*` at the end, any name that
    /// starts so; with `*` at the beginning, any name that has this in it. For a frame without a
    /// module, its function.
    pub module: &'static str,
    /// Only this function, as one segment of the frame's function: `run` is `Thread.run`.
    pub function: Option<&'static str>,
    /// What the frames do.
    pub role: Role,
    /// Why nobody misses them: for readers of the table.
    #[cfg(test)]
    pub why: &'static str,
}

impl Row {
    fn pattern(&self) -> Pattern {
        let (module, inside) = self.module.strip_prefix('*').map_or((self.module, false), |mark| (mark, true));
        Pattern {
            platform: Some(self.platform.name().to_owned()),
            module: bare(module).to_owned(),
            open: module.ends_with('*'),
            inside,
            function: self.function.map(str::to_owned),
            role: self.role,
        }
    }

    /// Whether this row alone takes `frame`; for tests that every row has a case.
    pub fn blocks(&self, platform: &str, frame: &Frame) -> bool {
        let (platform, place, function) = position(platform, frame);
        self.pattern().matches(platform, place, function)
    }
}

/// Platform, module (or function, for a frame without a module) and function.
fn position<'f>(platform: &'f str, frame: &'f Frame) -> (&'f str, &'f str, &'f str) {
    let function = frame.function.as_deref().unwrap_or_default();
    (frame.platform.as_deref().unwrap_or(platform), frame.module.as_deref().unwrap_or(function), function)
}

const fn row(
    platform: Platform,
    module: &'static str,
    function: Option<&'static str>,
    role: Role,
    why: &'static str,
) -> Row {
    #[cfg(not(test))]
    let _ = why;
    Row {
        platform,
        module,
        function,
        role,
        #[cfg(test)]
        why,
    }
}

const fn py(module: &'static str, why: &'static str) -> Row {
    row(Platform::Python, module, None, Role::Plumbing, why)
}

const fn py_fn(module: &'static str, function: &'static str, why: &'static str) -> Row {
    row(Platform::Python, module, Some(function), Role::Plumbing, why)
}

const fn rs(module: &'static str, why: &'static str) -> Row {
    row(Platform::Rust, module, None, Role::Plumbing, why)
}

const fn rs_reports(module: &'static str, function: Option<&'static str>, why: &'static str) -> Row {
    row(Platform::Rust, module, function, Role::Reporter, why)
}

const fn java(module: &'static str, why: &'static str) -> Row {
    row(Platform::Java, module, None, Role::Plumbing, why)
}

const fn java_fn(module: &'static str, function: &'static str, why: &'static str) -> Row {
    row(Platform::Java, module, Some(function), Role::Plumbing, why)
}

const fn java_reports(module: &'static str, function: Option<&'static str>, why: &'static str) -> Row {
    row(Platform::Java, module, function, Role::Reporter, why)
}

const fn swift(module: &'static str, why: &'static str) -> Row {
    row(Platform::Cocoa, module, None, Role::Plumbing, why)
}

const fn swift_fn(module: &'static str, function: &'static str, why: &'static str) -> Row {
    row(Platform::Cocoa, module, Some(function), Role::Plumbing, why)
}

const fn swift_reports(module: &'static str, function: Option<&'static str>, why: &'static str) -> Row {
    row(Platform::Cocoa, module, function, Role::Reporter, why)
}

const fn js(module: &'static str, why: &'static str) -> Row {
    row(Platform::Node, module, None, Role::Plumbing, why)
}

/// The builtin rows. Each has a case in `tests/vectors/stack`.
pub const BUILTIN: &[Row] = &[
    // Faultwire itself, and other instrumentation.
    row(Platform::Python, "faultwire", None, Role::Reporter, "our own hooks"),
    py("sentry_sdk", "wrappers of another error tracker"),
    py("ddtrace", "tracing wrappers"),
    py("newrelic", "tracing wrappers"),
    py("elasticapm", "tracing wrappers"),
    py("opentelemetry.instrumentation", "tracing wrappers"),
    py("wrapt", "calls the wrapped function"),
    // Python: threads, processes, loops, imports.
    py_fn("threading", "_bootstrap", "start of every thread"),
    py_fn("threading", "_bootstrap_inner", "start of every thread"),
    py_fn("threading", "run", "calls the thread's target"),
    py("concurrent.futures", "pool workers, and the future that raises their error again"),
    py("multiprocessing.process", "start of every process"),
    py("multiprocessing.pool", "pool workers"),
    py("multiprocessing.spawn", "start of every process"),
    py("multiprocessing.popen_fork", "start of every process"),
    py("multiprocessing.context", "start of every process"),
    py("asyncio.runners", "asyncio.run"),
    py("asyncio.base_events", "the event loop"),
    py("asyncio.events", "the event loop: Handle._run"),
    py("asyncio.unix_events", "the event loop"),
    py("asyncio.windows_events", "the event loop"),
    py("asyncio.tasks", "wait_for, gather"),
    py("asyncio.threads", "to_thread"),
    py("uvloop", "the event loop"),
    py("contextlib", "__exit__ of context managers, ExitStack"),
    py("functools", "singledispatch, cached_property, partialmethod"),
    py("importlib", "the import system"),
    py("runpy", "python -m"),
    py("asgiref", "sync_to_async and back"),
    py("anyio._backends", "the event loop, worker threads"),
    py("anyio._core._tasks", "task groups"),
    py("anyio.to_thread", "worker threads"),
    py("anyio.from_thread", "worker threads"),
    // Python: servers.
    py("gunicorn.workers", "accepts and calls the application"),
    py("gunicorn.arbiter", "starts workers"),
    py("gunicorn.app", "starts the server"),
    py("uvicorn.protocols", "parses requests, calls the application"),
    py("uvicorn.middleware", "passes requests on"),
    py("uvicorn.server", "starts the server"),
    py("uvicorn.main", "starts the server"),
    py("uvicorn._subprocess", "starts workers"),
    py("uvicorn._compat", "asyncio.run"),
    py("hypercorn", "server"),
    py("daphne", "server"),
    py("waitress", "server"),
    py("socketserver", "server of the standard library"),
    py("http.server", "server of the standard library"),
    py("wsgiref", "server of the standard library"),
    py("awslambdaric", "calls the handler"),
    // Python: web frameworks.
    py("starlette.middleware", "passes requests on"),
    py("starlette.routing", "finds and calls the endpoint"),
    py("starlette.concurrency", "run_in_threadpool"),
    py("starlette.applications", "builds and calls the middleware stack"),
    py("starlette._exception_handler", "passes requests on"),
    py("starlette._utils", "collapses exception groups"),
    py("starlette.responses", "streams what the endpoint yields, then calls background tasks"),
    py("starlette.background", "calls background tasks"),
    py("fastapi.routing", "finds and calls the endpoint"),
    py("fastapi.middleware", "passes requests on"),
    py("fastapi.applications", "calls the middleware stack"),
    py("fastapi.concurrency", "context managers in threads"),
    py("fastapi.dependencies", "calls dependencies"),
    py("fastapi.telemetry", "spans around the application, its dependencies and its endpoints"),
    py("fastapi._body_limit", "passes requests on"),
    py_fn("flask.app", "__call__", "calls wsgi_app"),
    py_fn("flask.app", "wsgi_app", "dispatches the request"),
    py_fn("flask.app", "full_dispatch_request", "dispatches the request"),
    py_fn("flask.app", "dispatch_request", "dispatches the request"),
    py_fn("flask.app", "preprocess_request", "calls before_request functions"),
    py_fn("flask.app", "handle_exception", "raises the error again"),
    py_fn("flask.app", "handle_user_exception", "raises the error again"),
    py_fn("flask.app", "ensure_sync", "calls async views"),
    py("flask.views", "class-based views"),
    py("werkzeug.serving", "development server"),
    py("werkzeug.middleware", "passes requests on"),
    py("werkzeug.debug", "passes requests on"),
    py("django.core.handlers", "middleware chain, view dispatch"),
    py("django.core.servers", "development server"),
    py("django.core.management", "manage.py"),
    py("django.contrib.staticfiles.handlers", "passes requests on"),
    py("django.utils.deprecation", "MiddlewareMixin.__call__"),
    py("django.utils.decorators", "calls the decorated view"),
    py("django.views.decorators", "calls the decorated view"),
    py_fn("django.views.generic.base", "view", "class-based views"),
    py_fn("django.views.generic.base", "dispatch", "class-based views"),
    py_fn("rest_framework.views", "dispatch", "class-based views"),
    py_fn("rest_framework.views", "handle_exception", "raises the error again"),
    py_fn("rest_framework.views", "raise_uncaught_exception", "raises the error again"),
    py("aiohttp.web_protocol", "parses requests, calls the application"),
    py("aiohttp.web_app", "passes requests on"),
    py("aiohttp.web_middlewares", "passes requests on"),
    py("tornado.ioloop", "the event loop"),
    py("tornado.gen", "drives coroutines"),
    py_fn("tornado.web", "_execute", "dispatches the request"),
    // Python: task queues, command lines.
    py("celery.app.trace", "calls the task"),
    py("celery.app.autoretry", "calls the task"),
    py("celery.worker", "takes tasks"),
    py("celery.concurrency", "pool workers"),
    py("billiard", "pool workers"),
    py("rq.worker", "takes jobs"),
    py("rq.job", "calls the job"),
    py("dramatiq.worker", "takes messages"),
    py("dramatiq.actor", "calls the actor"),
    py("click.core", "calls the command"),
    py("click.decorators", "calls the command"),
    py("typer.core", "calls the command"),
    py("typer.main", "calls the command"),
    // Rust: what raises and records panics and errors.
    rs_reports("faultwire", None, "our own hook"),
    rs_reports("rust_begin_unwind", None, "entry of the panic runtime"),
    rs_reports("rust_panic", None, "entry of the panic runtime"),
    rs_reports("__rustc", None, "entry of the panic runtime"),
    rs_reports("__rust_end_short_backtrace", None, "marks where the panic runtime begins"),
    rs_reports("core::panicking", None, "panic, panic_fmt, panic_bounds_check, assert_failed"),
    rs_reports("core::option", Some("unwrap_failed"), "the panic of Option::unwrap"),
    rs_reports("core::option", Some("expect_failed"), "the panic of Option::expect"),
    rs_reports("core::result", Some("unwrap_failed"), "the panic of Result::unwrap"),
    rs_reports("std::panicking*", None, "calls the hook; and catch_unwind around every thread"),
    rs_reports("std::sys::backtrace", None, "marks where the panic runtime begins"),
    rs_reports("std::sys_common::backtrace", None, "marks where the panic runtime begins, before 1.81"),
    rs_reports("std::backtrace", None, "captures the stack"),
    rs_reports("std::backtrace_rs", None, "captures the stack"),
    rs_reports("backtrace", None, "captures the stack"),
    rs_reports("anyhow", None, "makes errors and captures their stack"),
    rs_reports("eyre", None, "makes errors and captures their stack"),
    rs_reports("color_eyre", None, "makes errors and captures their stack"),
    // Rust: what calls closures.
    row(Platform::Rust, "core::ops::function", None, Role::Carrier, "FnOnce::call_once and its kin"),
    row(Platform::Rust, "alloc::boxed", Some("call_once"), Role::Carrier, "calls a boxed closure"),
    row(Platform::Rust, "alloc::boxed", Some("call_mut"), Role::Carrier, "calls a boxed closure"),
    row(Platform::Rust, "alloc::boxed", Some("call"), Role::Carrier, "calls a boxed closure"),
    // Rust: start of programs, threads and tasks.
    rs("core::panicking*", "the panic runtime's helpers"),
    rs("std::panic", "catch_unwind"),
    rs("core::panic", "AssertUnwindSafe"),
    rs("std::rt", "before and after main"),
    rs("std::sys", "start of every thread, marks around the application's code"),
    rs("std::thread", "start of every thread"),
    rs("__rust_*", "catches unwinding, marks backtraces"),
    rs("_start", "C runtime"),
    rs("__libc_start*", "C runtime"),
    rs("_start_c", "C runtime"),
    rs("main", "C main, which calls the Rust one"),
    rs("start_thread", "C runtime, start of every thread"),
    rs("_pthread_start", "C runtime, start of every thread"),
    rs("thread_start", "C runtime, start of every thread"),
    rs("clone", "C runtime, start of every thread"),
    rs("clone3", "C runtime, start of every thread"),
    rs("__clone*", "C runtime, start of every thread"),
    rs("core::pin", "polls the future inside"),
    rs("tokio::runtime", "scheduler, workers, block_on"),
    rs("tokio::task", "LocalSet, coop"),
    rs("tracing::instrument", "polls the future inside"),
    rs("rayon_core", "pool workers"),
    rs("actix_rt", "runtime"),
    rs("hyper::proto", "parses requests, calls the service"),
    rs("hyper::server", "parses requests, calls the service"),
    rs("hyper_util", "parses requests, calls the service"),
    rs("tower", "passes requests on"),
    rs("tower_http", "passes requests on"),
    rs("axum::routing", "finds and calls the handler"),
    rs("axum::handler", "calls the handler"),
    rs("axum::middleware", "passes requests on"),
    rs("axum::serve", "server"),
    // JVM: Faultwire itself, and other instrumentation.
    java_reports("io.faultwire", None, "our own hooks"),
    java("io.sentry", "wrappers of another error tracker"),
    java("io.opentelemetry", "tracing wrappers"),
    java("datadog.trace", "tracing wrappers"),
    java("com.newrelic", "tracing wrappers"),
    java("co.elastic.apm", "tracing wrappers"),
    java("io.micrometer", "timers and observations around the application's code"),
    // JVM: what raises or records the error for its caller.
    java_reports("java.lang.Thread", Some("getStackTrace"), "captures the stack"),
    java_reports("java.lang.Thread", Some("dumpStack"), "captures the stack"),
    java_reports("java.util.Objects", None, "requireNonNull, checkIndex"),
    java_reports("jdk.internal.util.Preconditions*", None, "checkIndex, outOfBounds"),
    java_reports("kotlin.jvm.internal.Intrinsics", None, "checks of arguments and of null"),
    java_reports("com.google.common.base.Preconditions", None, "checkArgument, checkNotNull, checkState"),
    java_reports("org.springframework.util.Assert", None, "notNull, isTrue, state"),
    java_reports("org.apache.commons.lang3.Validate", None, "notNull, isTrue"),
    java_reports("ch.qos.logback", None, "a logger that records"),
    java_reports("org.slf4j", None, "a logger that records"),
    java_reports("org.apache.logging", None, "a logger that records"),
    java_reports("org.apache.log4j", None, "a logger that records"),
    java_reports("org.apache.commons.logging", None, "a logger that records"),
    java_reports("java.util.logging", None, "a logger that records"),
    // JVM: reflection, lambdas, classes made at run time.
    java("java.lang.reflect", "calls the method"),
    java("jdk.internal.reflect", "calls the method"),
    java("sun.reflect", "calls the method"),
    java("kotlin.reflect", "calls the method"),
    java("java.lang.invoke", "method handles, lambda forms"),
    java("com.sun.proxy", "proxies"),
    java("jdk.proxy*", "proxies"),
    java("$Proxy*", "proxies"),
    java("*$$Lambda", "classes of lambdas"),
    java("*$$EnhancerBy", "proxies of CGLIB"),
    java("*$$FastClassBy", "calls of CGLIB"),
    java("*$$SpringCGLIB$$", "proxies and calls of CGLIB"),
    java("*$HibernateProxy$", "proxies of Hibernate"),
    java("*$ByteBuddy$", "subclasses of ByteBuddy"),
    java("*$MockitoMock$", "subclasses of Mockito"),
    java("*$auxiliary$", "calls of ByteBuddy"),
    java("*_$$_jvst", "proxies of Javassist"),
    java("net.bytebuddy", "calls of ByteBuddy"),
    java("net.sf.cglib", "calls of CGLIB"),
    java("javassist.util.proxy", "proxies"),
    java("org.aspectj.runtime", "calls advice"),
    java("java.security.AccessController", "calls the action"),
    java("javax.security.auth.Subject", "calls the action"),
    // JVM: start of programs, threads, pools, timers; streams.
    java_fn("java.lang.Thread", "run", "start of every thread"),
    java_fn("java.lang.Thread", "runWith", "start of every thread"),
    java("java.lang.VirtualThread*", "start of virtual threads"),
    java("jdk.internal.vm", "switches between virtual threads"),
    java("java.util.concurrent.ThreadPoolExecutor*", "pool workers"),
    java("java.util.concurrent.ScheduledThreadPoolExecutor*", "pool workers"),
    java("java.util.concurrent.ThreadPerTaskExecutor*", "starts threads"),
    java("java.util.concurrent.Executors*", "calls the task"),
    java("java.util.concurrent.AbstractExecutorService", "calls the task"),
    java("java.util.concurrent.FutureTask*", "calls the task, and raises its error again"),
    java("java.util.concurrent.CompletableFuture*", "calls the next stage, and raises an earlier one's error again"),
    java("java.util.concurrent.ForkJoin*", "pool workers"),
    java("java.util.concurrent.CountedCompleter", "pool workers"),
    java("java.util.TimerThread", "calls the task"),
    java("kotlin.concurrent", "start of threads, timers"),
    java("java.util.stream", "calls lambdas over elements"),
    java("java.util.Spliterator*", "calls lambdas over elements"),
    java("java.util.ArrayList*", "calls lambdas over elements"),
    java("java.util.Iterator", "calls lambdas over elements"),
    java("java.lang.Iterable", "calls lambdas over elements"),
    java("java.util.Optional", "calls lambdas"),
    java("org.springframework.boot.loader", "starts the program in its jar"),
    java("org.springframework.boot.SpringApplication", "starts the application"),
    java("org.springframework.beans.factory", "makes beans"),
    java("org.springframework.context", "makes beans, passes events on"),
    // JVM: coroutines, reactive streams, actors.
    java("kotlin.coroutines", "BaseContinuationImpl: resumes coroutines"),
    java("kotlinx.coroutines", "builders, dispatchers, event loops, flows"),
    java("_COROUTINE", "marks where a recovered stack was joined"),
    java("reactor.core", "passes signals on"),
    java("reactor.netty", "network"),
    java("io.reactivex", "passes signals on"),
    java("rx.internal", "passes signals on"),
    java("scala.concurrent", "futures"),
    java("scala.runtime", "calls functions"),
    java("akka.actor", "takes messages"),
    java("akka.dispatch", "takes messages"),
    java("org.apache.pekko", "takes messages"),
    java("cats.effect", "runs fibers"),
    java("zio.internal", "runs fibers"),
    // JVM: servers.
    java("javax.servlet", "filters and servlets"),
    java("jakarta.servlet", "filters and servlets"),
    java("org.apache.catalina", "passes requests on"),
    java("org.apache.coyote", "parses requests"),
    java("org.apache.tomcat", "network, threads"),
    java("org.apache.jasper", "calls pages"),
    java("org.eclipse.jetty", "parses requests, passes them on"),
    java("io.undertow", "parses requests, passes them on"),
    java("org.xnio", "network"),
    java("org.jboss.threads", "pool workers"),
    java("org.jboss.resteasy", "finds and calls the endpoint"),
    java("org.glassfish", "Jersey, Grizzly: finds and calls the endpoint"),
    java("io.netty", "network, event loops"),
    java("sun.net.httpserver", "server of the class library"),
    java("com.sun.net.httpserver", "server of the class library"),
    java("jdk.httpserver", "server of the class library"),
    java("io.grpc", "parses calls, passes them on"),
    java("com.amazonaws.services.lambda.runtime", "calls the handler"),
    java("lambdainternal", "calls the handler"),
    // JVM: web frameworks.
    java("org.springframework.web", "filters, finds and calls the handler"),
    java("org.springframework.boot.web", "filters"),
    java("org.springframework.security", "filters"),
    java("org.springframework.http", "passes requests on"),
    java("org.springframework.aop", "calls advice"),
    java("org.springframework.cglib", "proxies"),
    java("org.springframework.transaction", "transactions around methods"),
    java("org.springframework.dao.support", "translates errors of repositories"),
    java("org.springframework.cache", "caches around methods"),
    java("org.springframework.retry", "calls again"),
    java("org.springframework.validation", "checks around methods"),
    java("org.springframework.scheduling", "calls the task"),
    java("org.springframework.core.task", "calls the task"),
    java("org.springframework.messaging", "takes messages"),
    java("org.springframework.kafka", "takes messages"),
    java("org.springframework.amqp", "takes messages"),
    java("org.springframework.jms", "takes messages"),
    java("io.ktor", "pipelines, routing, engines"),
    java("io.vertx", "event loops, routing"),
    java("io.quarkus", "interceptors, routing"),
    java("io.smallrye", "interceptors, reactive streams"),
    java("io.micronaut", "interceptors, routing"),
    java("io.javalin", "routing"),
    java("play.api", "finds and calls the action"),
    java("play.core", "parses requests, passes them on"),
    // JVM: schedulers, tests, builds.
    java("org.quartz", "calls the job"),
    java("org.junit", "runs tests"),
    java("junit", "runs tests"),
    java("org.testng", "runs tests"),
    java("org.mockito", "passes calls on"),
    java("org.gradle", "starts the program"),
    java("worker.org.gradle", "starts the program"),
    java("org.apache.maven", "starts the program"),
    java("org.codehaus.mojo", "starts the program"),
    // JVM: other languages, Android.
    java("org.codehaus.groovy", "dispatches methods"),
    java("org.apache.groovy", "dispatches methods"),
    java("groovy.lang", "dispatches methods, closures"),
    java("clojure.lang", "calls functions, multimethods, the compiler"),
    java("clojure.core$*", "calls functions over elements"),
    java("clojure.main", "starts the program"),
    java("android.os", "the event loop: Handler, Looper"),
    java("android.app", "the life of an application"),
    java("com.android.internal", "start of every process"),
    java("dalvik.system", "start of every process"),
    // Swift: Faultwire itself, and what reports an error for its caller.
    swift_reports("Faultwire", None, "our own package"),
    swift_reports("FaultwireBridge", None, "our own bridge"),
    swift_reports("FaultwireFFI", None, "our own bridge"),
    swift_reports("faultwire", None, "our own engine"),
    swift_reports("faultwire_uniffi", None, "our own bridge"),
    swift_reports("uniffi_core", None, "our own bridge"),
    swift_reports("uniffi_*", None, "our own bridge"),
    swift_reports("ffi_faultwire*", None, "our own bridge"),
    swift("Sentry", "wrappers of another error tracker"),
    swift_reports("Swift", Some("_assertionFailure"), "precondition, fatalError, forced unwrapping of nil"),
    swift_reports("Swift", Some("_fatalErrorMessage"), "try! that failed, overflow"),
    swift_reports("Swift", Some("fatalError"), "ends the program for its caller"),
    swift_reports("Swift", Some("preconditionFailure"), "ends the program for its caller"),
    swift_reports("Swift", Some("assertionFailure"), "ends the program for its caller"),
    swift_reports("swift_unexpectedError", None, "try! that failed"),
    swift_reports("swift_errorInMain", None, "an error that left main"),
    swift_reports("swift_willThrow*", None, "raises the error"),
    swift_reports("Logging", None, "a logger that records"),
    // Swift: what the compiler makes to call something.
    swift("partial apply*", "calls a closure with what it captured"),
    swift("reabstraction thunk*", "calls a closure of another convention"),
    swift("thunk for*", "calls a closure of another convention"),
    swift("protocol witness for*", "calls the method of the type"),
    swift("dispatch thunk*", "calls the method of the class"),
    swift("vtable thunk*", "calls the method of the class"),
    swift("curry thunk*", "calls the method with its receiver"),
    swift("distributed thunk*", "calls the method of a distributed actor"),
    swift("@objc *", "called from Objective-C"),
    swift("one-time initialization*", "the first use of a global"),
    // Swift: start of programs, threads and tasks; queues; the event loop.
    swift("Swift", "the standard library: closures over elements, tasks, task locals"),
    swift("_Concurrency", "tasks"),
    swift("swift_task_*", "runs tasks"),
    swift("swift_job_*", "runs tasks"),
    swift("swift_once", "the first use of a global"),
    swift("swift_async*", "runs tasks"),
    swift("_ZN5swift*", "the runtime"),
    swift("_ZL*", "functions of the runtime that are known to one file"),
    swift("Dispatch", "queues"),
    swift("_dispatch_*", "queues"),
    swift("dispatch_*", "queues"),
    swift("_start", "C runtime"),
    swift("start", "C runtime"),
    swift("_start_c", "C runtime"),
    swift("__libc_start*", "C runtime"),
    swift("start_thread", "C runtime, start of every thread"),
    swift("_pthread_*", "C runtime, start of every thread"),
    swift("thread_start", "C runtime, start of every thread"),
    swift("start_wqthread", "C runtime, workers of queues"),
    swift("clone", "C runtime, start of every thread"),
    swift("clone3", "C runtime, start of every thread"),
    swift("__clone*", "C runtime, start of every thread"),
    swift_fn("Foundation", "Thread", "start of threads"),
    swift_fn("Foundation", "RunLoop", "the event loop"),
    swift_fn("Foundation", "Timer", "calls the task"),
    swift_fn("Foundation", "OperationQueue", "calls the operation"),
    swift_fn("Foundation", "Operation", "calls the operation"),
    swift_fn("Foundation", "BlockOperation", "calls the operation"),
    swift_fn("Foundation", "NotificationCenter", "calls observers"),
    swift("CoreFoundation", "the event loop"),
    swift("Combine", "passes values on"),
    swift("SwiftUI", "the life of an application"),
    swift("UIKit", "the life of an application"),
    swift("AppKit", "the life of an application"),
    // Swift: servers, command lines, tests.
    swift("NIO*", "network, event loops"),
    swift("Vapor", "middleware, finds and calls the handler"),
    swift("Hummingbird*", "middleware, finds and calls the handler"),
    swift("GRPC*", "parses calls, passes them on"),
    swift("ServiceLifecycle", "starts services"),
    swift("ArgumentParser", "calls the command"),
    swift("AWSLambdaRuntime*", "calls the handler"),
    swift("XCTest", "runs tests"),
    swift("XCTMain*", "runs tests"),
    swift("Testing", "runs tests"),
    // Node: Faultwire itself, and other instrumentation.
    row(Platform::Node, "faultwire", None, Role::Reporter, "our own hooks"),
    row(Platform::Node, "@faultwire", None, Role::Reporter, "our own binary"),
    js("@sentry", "wrappers of another error tracker"),
    js("@sentry-internal", "wrappers of another error tracker"),
    js("@opentelemetry", "tracing wrappers"),
    js("dd-trace", "tracing wrappers"),
    js("newrelic", "tracing wrappers"),
    js("elastic-apm-node", "tracing wrappers"),
    js("shimmer", "calls the wrapped function"),
    js("require-in-the-middle", "loads modules"),
    js("import-in-the-middle", "loads modules"),
    // Node: the platform.
    row(Platform::Node, "node:internal/errors", None, Role::Reporter, "makes the error for its caller"),
    row(Platform::Node, "node:internal/validators", None, Role::Reporter, "raises the error for its caller"),
    js("node:internal", "start of programs, modules, timers, ticks, streams"),
    js("node:events", "calls listeners"),
    js("node:async_hooks", "AsyncLocalStorage.run, AsyncResource"),
    js("node:diagnostics_channel", "calls subscribers"),
    js("node:domain", "calls listeners"),
    js("node:timers", "calls timers"),
    js("node:vm", "runs scripts"),
    js("node:_http*", "parses requests, calls the application"),
    js("node:net", "sockets"),
    js("node:_tls_wrap", "sockets"),
    js("ext:core", "the event loop of Deno"),
    js("aws-lambda", "calls the handler"),
    js("source-map-support", "loads modules"),
    js("pirates", "loads modules"),
    js("ts-node", "loads modules"),
    js("tsx", "loads modules"),
    js("@swc-node", "loads modules"),
    js("@babel/register", "loads modules"),
    js("tslib", "drives coroutines of older targets"),
    js("bluebird", "promises"),
    js("webpack", "loads modules of a bundle"),
    // Node: web frameworks.
    js("express", "passes requests on"),
    js("router", "passes requests on, Express 5"),
    js("connect", "passes requests on"),
    js("body-parser", "reads bodies, then passes requests on"),
    js("raw-body", "reads bodies"),
    js("express-session", "passes requests on"),
    js("express-async-errors", "passes requests on"),
    js("express-async-handler", "passes requests on"),
    js("fastify", "hooks, finds and calls the handler"),
    js("avvio", "loads plugins"),
    js("find-my-way", "finds the handler"),
    js("light-my-request", "injects requests"),
    js("koa", "passes requests on"),
    js("koa-compose", "passes requests on"),
    js("koa-router", "finds and calls the handler"),
    js("@koa/router", "finds and calls the handler"),
    js("koa-bodyparser", "reads bodies, then passes requests on"),
    js("@hapi/hapi", "the life of a request"),
    js("@hapi/podium", "calls listeners"),
    js("@nestjs/core", "guards, pipes, interceptors, finds and calls the handler"),
    js("@nestjs/platform-express", "passes requests on"),
    js("@nestjs/platform-fastify", "passes requests on"),
    js("@nestjs/microservices", "takes messages"),
    js("rxjs", "observables"),
    js("next/dist", "the server and its compiled libraries"),
    js("react-dom", "renders components"),
    js("hono", "passes requests on"),
    js("@hono/node-server", "server"),
    js("@apollo/server", "passes requests on"),
    js("graphql/execution", "calls resolvers"),
    // Node: task queues, command lines.
    js("bull", "takes jobs"),
    js("bullmq", "takes jobs"),
    js("commander", "calls the command"),
    js("yargs", "calls the command"),
];

/// A row as it is matched.
#[derive(Debug, Clone)]
struct Pattern {
    platform: Option<String>,
    module: String,
    /// The module's last segment is only a beginning.
    open: bool,
    /// The module is only a part, which may stand anywhere.
    inside: bool,
    function: Option<String>,
    role: Role,
}

impl Pattern {
    /// `platform` is the frame's, or anything when the pattern names none.
    fn matches(&self, platform: &str, place: &str, function: &str) -> bool {
        self.platform.as_deref().is_none_or(|p| p == platform)
            && match self {
                Pattern { inside: true, .. } => place.contains(&self.module),
                Pattern { open: true, .. } => place.starts_with(&self.module),
                _ => under(place, &self.module),
            }
            && self.function.as_deref().is_none_or(|name| names(function, name))
    }
}

/// Whether a segment of `function` is `name`, alone, with generic arguments or with labels.
fn names(function: &str, name: &str) -> bool {
    let bare =
        |segment: &str| segment.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['<', '(']));
    function.split(['.', ':']).any(bare)
}

/// Patterns by the first segment of their module, so that a frame is compared with few of them.
#[derive(Debug, Clone, Default)]
struct Index {
    by_first: HashMap<String, Vec<Pattern>>,
    /// Those whose first segment is only a beginning, or unknown.
    open_first: Vec<Pattern>,
}

impl Index {
    fn add(&mut self, pattern: Pattern) {
        let first = first_segment(&pattern.module);
        if pattern.inside || (first.len() == pattern.module.len() && pattern.open) {
            self.open_first.push(pattern);
        } else {
            self.by_first.entry(first.replace('-', "_")).or_default().push(pattern);
        }
    }

    fn role(&self, platform: &str, place: &str, function: &str) -> Option<Role> {
        let first = first_segment(place);
        let near = match first.contains('-') {
            true => self.by_first.get(&first.replace('-', "_")),
            false => self.by_first.get(first),
        };
        let near = near.into_iter().flatten();
        let hits = near.chain(&self.open_first).filter(|p| p.matches(platform, place, function));
        // A narrow row for a reporter stands beside a wide one for plumbing.
        hits.map(|p| p.role).max_by_key(|role| match role {
            Role::Plumbing => 0,
            Role::Carrier => 1,
            Role::Reporter => 2,
        })
    }
}

fn first_segment(module: &str) -> &str {
    module.split(['.', ':', '/']).next().unwrap_or(module)
}

/// Which frames leave a stack: the builtin rows and the application's own.
#[derive(Debug, Clone, Default)]
pub struct Blocklist {
    extra: Index,
}

impl Blocklist {
    /// The builtin rows only.
    pub fn builtin() -> Self {
        Blocklist::default()
    }

    /// The builtin rows and `extra`: `module`, `module:function` or `platform|module:function`,
    /// where a module covers what lies below it, and `*` at its end any name that starts so.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidOption`] for `frame_blocklist` with the row that does not parse.
    pub fn with(extra: &[String]) -> Result<Self, Error> {
        let mut index = Index::default();
        for text in extra {
            index.add(parse(text).ok_or_else(|| {
                let shown: String = text.chars().take(80).collect();
                let forms = "expected `module`, `module:function` or `platform|module:function`";
                Error::option("frame_blocklist", format!("{forms}, found `{shown}`"))
            })?);
        }
        Ok(Blocklist { extra: index })
    }

    /// Whether `frame` is plumbing. The frame's own platform wins over `platform`.
    pub fn blocks(&self, platform: &str, frame: &Frame) -> bool {
        self.role(platform, frame).is_some()
    }

    fn role(&self, platform: &str, frame: &Frame) -> Option<Role> {
        let (platform, place, function) = position(platform, frame);
        let own = || frame.in_app == Some(true) && language(platform).is_some_and(|l| l.shares_names);
        self.extra
            .role(platform, place, function)
            .or_else(|| if own() { None } else { builtin().role(platform, place, function) })
    }

    /// Takes the plumbing out of `frames` (caller to callee); returns how many frames left.
    ///
    /// The last frame stays, since it is where the crash happened, unless it belongs to what
    /// reported the crash ([`Role::Reporter`]): then the frame before that counts as the last. A
    /// stack of nothing but plumbing stays whole.
    pub(super) fn remove(&self, platform: &str, frames: &mut Vec<Frame>) -> u32 {
        let roles: Vec<Option<Role>> = frames.iter().map(|f| self.role(platform, f)).collect();
        if roles.iter().all(Option::is_some) {
            return 0;
        }
        let mut end = roles.len();
        for (at, role) in roles.iter().enumerate().rev() {
            match role {
                Some(Role::Reporter) => end = at,
                Some(Role::Carrier) => {}
                Some(Role::Plumbing) | None => break,
            }
        }
        let before = frames.len();
        let mut at = 0;
        frames.retain(|_| {
            let stays = at < end && (at + 1 == end || roles[at].is_none());
            at += 1;
            stays
        });
        u32::try_from(before - frames.len()).unwrap_or(u32::MAX)
    }
}

fn builtin() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index::default();
        BUILTIN.iter().for_each(|row| index.add(row.pattern()));
        index
    })
}

/// A row as an application writes it.
fn parse(text: &str) -> Option<Pattern> {
    let (platform, rest) = match text.trim().split_once('|') {
        Some((platform, rest)) => (Some(platform), rest),
        None => (None, text.trim()),
    };
    // The function stands after a single colon; `::` belongs to the module, and so does the one of `node:`.
    let scheme = if rest.starts_with("node:") { "node:".len() } else { 0 };
    let bytes = rest.as_bytes();
    let colon = |at: usize| at < bytes.len() && bytes[at] == b':';
    let single = (scheme..bytes.len()).rev().find(|at| colon(*at) && !colon(at + 1) && (*at == 0 || !colon(at - 1)));
    let (module, function) = match single {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (stem, open) = match module.strip_suffix('*') {
        // `myapp.*` says by segments what `myapp` says.
        Some(stem) if stem.ends_with(['.', ':', '/']) => (stem.trim_end_matches(['.', ':', '/']), false),
        Some(stem) => (stem, true),
        None => (module, false),
    };
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let name = |s: &str| !s.is_empty() && s.chars().all(word);
    let callable = |s: &str| !s.is_empty() && s.chars().all(|c| word(c) || "<>{}#".contains(c));
    let valid = platform.is_none_or(name)
        && stem.get(scheme..)?.split("::").flat_map(|s| s.split(['.', '/'])).all(|s| name(s.trim_start_matches('@')))
        && function.is_none_or(callable);
    valid.then(|| Pattern {
        platform: platform.map(str::to_owned),
        module: stem.to_owned(),
        open,
        inside: false,
        function: function.map(str::to_owned),
        role: Role::Plumbing,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_application_parse_or_are_named() {
        let good = "myapp myapp.db.* my* myapp.db:run python|myapp:run rust|app::db:run app::db::* a:<lambda> \
                    src/db/* @acme/db @acme/db:run node:zlib node|node:zlib:run";
        for row in good.split(' ') {
            assert!(parse(row).is_some(), "{row}");
        }
        let bad = [
            "", " ", "|", "*", "python|", "|myapp", "myapp:", ":run", "my*app", "a b", "a:b:c", "a..b", "a|b|c",
            "a:b c", "a//b", "node:", "@",
        ];
        for row in bad {
            let error = Blocklist::with(&["fine".to_owned(), row.to_owned()]).unwrap_err();
            assert_eq!(error.field, "frame_blocklist", "{row:?}");
            assert!(error.message.ends_with(&format!("`{row}`")), "{error}");
        }
    }

    #[test]
    fn no_row_stands_twice() {
        let mut seen = std::collections::HashSet::new();
        for row in BUILTIN {
            assert!(seen.insert((row.platform, row.module, row.function)), "{row:?}");
            assert!(!row.why.is_empty());
        }
    }

    const PINNED: &str = "a37170f0cf10caec47836fd6f267b5cb2635fba12f894e4d3b503abb228ca44a";

    /// The rows decide which frames fingerprint v1 sees. When this fails you changed one: before v1
    /// is released, pin the hash that the failure prints; afterwards the fingerprints of stored
    /// issues depend on it, and the change belongs to v2.
    #[test]
    fn the_rows_are_those_of_fingerprint_v1() {
        use sha2::{Digest as _, Sha256};
        let mut hasher = Sha256::new();
        for row in BUILTIN {
            let role = format!("{:?}", row.role);
            for text in [row.platform.name(), row.module, row.function.unwrap_or("*"), &role] {
                hasher.update((text.len() as u64).to_le_bytes());
                hasher.update(text);
            }
        }
        let hash: String = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hash, PINNED, "the blocklist changed: read the comment of this test");
    }
}
