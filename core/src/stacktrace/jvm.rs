//! The JVM: whose the packages are, and what a stack element says of its file.

use crate::protocol::Frame;

use super::Rules;
use super::in_app::under;
use crate::packed::packed;

/// Packages that are never the application's, each with what it is. A path says nothing here: an element of a stack
/// has the name of its file alone, wherever that was. Whoever develops one of these says so with `in_app_include`.
pub const LIBRARIES: &[(&str, &str)] = &[
    ("java", "class library"),
    ("javax", "class library, and the older names of Jakarta"),
    ("jdk", "class library, its own parts"),
    ("sun", "class library, its own parts"),
    ("com.sun", "class library, its own parts; JNA"),
    ("jakarta", "APIs of Jakarta EE"),
    ("kotlin", "standard library of Kotlin"),
    ("kotlinx", "libraries of Kotlin: coroutines, serialization"),
    ("org.jetbrains", "libraries of JetBrains: annotations, Exposed"),
    ("_COROUTINE", "marks in recovered stacks of coroutines"),
    ("scala", "standard library of Scala"),
    ("akka", "actors"),
    ("play.api", "Play"),
    ("play.core", "Play"),
    ("zio", "effects"),
    ("cats", "effects"),
    ("groovy", "standard library of Groovy"),
    ("org.codehaus.groovy", "standard library of Groovy"),
    ("clojure", "standard library of Clojure"),
    ("android", "platform"),
    ("androidx", "platform"),
    ("com.android", "platform"),
    ("com.google.android", "platform"),
    ("dalvik", "platform"),
    ("libcore", "platform"),
    ("io.faultwire", "this package"),
    ("io.sentry", "another error tracker"),
    ("io.opentelemetry", "tracing"),
    ("datadog", "tracing"),
    ("com.newrelic", "tracing"),
    ("co.elastic.apm", "tracing"),
    ("io.micrometer", "metrics"),
    ("ch.qos.logback", "logging"),
    ("org.slf4j", "logging"),
    ("org.springframework", "Spring"),
    ("org.apache", "Tomcat, Log4j, Kafka, HttpClient and all else of the foundation"),
    ("org.eclipse", "Jetty, EclipseLink"),
    ("io.netty", "network"),
    ("io.ktor", "Ktor"),
    ("io.undertow", "server"),
    ("org.xnio", "network of Undertow"),
    ("org.jboss", "RESTEasy, logging, threads"),
    ("io.quarkus", "Quarkus"),
    ("io.smallrye", "Quarkus"),
    ("io.vertx", "Vert.x"),
    ("io.micronaut", "Micronaut"),
    ("io.javalin", "Javalin"),
    ("org.glassfish", "Jersey, Grizzly"),
    ("io.grpc", "gRPC"),
    ("reactor", "reactive streams"),
    ("io.reactivex", "reactive streams"),
    ("rx", "reactive streams"),
    ("org.hibernate", "Hibernate"),
    ("com.zaxxer", "connection pool"),
    ("org.jooq", "database"),
    ("org.flywaydb", "migrations"),
    ("liquibase", "migrations"),
    ("org.postgresql", "database driver"),
    ("com.mysql", "database driver"),
    ("org.mariadb", "database driver"),
    ("oracle.jdbc", "database driver"),
    ("org.h2", "database"),
    ("org.sqlite", "database driver"),
    ("com.mongodb", "database driver"),
    ("io.lettuce", "Redis client"),
    ("redis.clients", "Redis client"),
    ("com.rabbitmq", "message queue"),
    ("com.fasterxml", "Jackson"),
    ("com.google.gson", "JSON"),
    ("com.google.common", "Guava"),
    ("com.google.inject", "Guice"),
    ("com.google.protobuf", "protocol buffers"),
    ("okhttp3", "HTTP client"),
    ("okio", "I/O of OkHttp"),
    ("retrofit2", "HTTP client"),
    ("com.squareup", "OkHttp and its kin, older names"),
    ("feign", "HTTP client"),
    ("com.netflix", "Hystrix, Eureka"),
    ("com.amazonaws", "AWS"),
    ("software.amazon", "AWS"),
    ("net.bytebuddy", "generates classes"),
    ("net.sf.cglib", "generates classes"),
    ("javassist", "generates classes"),
    ("org.aspectj", "weaves classes"),
    ("org.quartz", "scheduler"),
    ("org.junit", "tests"),
    ("junit", "tests"),
    ("org.testng", "tests"),
    ("org.mockito", "tests"),
    ("org.gradle", "build"),
    ("worker.org.gradle", "build"),
];

/// Whether the code is the application's: everything is that is in no library's package. Code without a class is the
/// JVM's own.
pub(super) fn in_app(module: Option<&str>, _path: Option<&str>) -> bool {
    let libraries = packed!(LIBRARIES: (&str, &str), row => row.0);
    module.is_some_and(|class| !is_proxy(class) && !libraries.lines().any(|package| under(class, package)))
}

/// The name that the JVM gives a proxy whose interfaces are public or without a package: `$Proxy12`.
fn is_proxy(class: &str) -> bool {
    class.strip_prefix("$Proxy").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// The name of a file is no path: nothing can be read there.
pub(super) fn complete(frame: &mut Frame, _rules: &Rules) {
    if frame.abs_path.as_deref().is_some_and(|path| !path.contains(['/', '\\'])) {
        let file = frame.abs_path.take().filter(|file| !file.is_empty());
        frame.filename = frame.filename.take().or(file);
    }
}

/// From below the folder of the package: `shop/Checkout.kt`. Of a path that does not show it, the file.
pub(super) fn filename(path: &str, module: Option<&str>, _rules: &Rules) -> String {
    let path = super::language::slashed(path);
    let file = super::language::basename(&path);
    let package = module.and_then(|class| class.rsplit_once('.')).map(|(package, _)| package.replace('.', "/"));
    let below = package.map(|package| format!("{package}/{file}"));
    below.filter(|below| path.ends_with(&format!("/{below}"))).unwrap_or_else(|| file.to_owned())
}
