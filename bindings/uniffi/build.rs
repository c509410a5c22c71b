//! The JVM unloads a library with the class loader that loaded it: of a web application, say, that is taken out of its
//! container. Threads of the process would then end in destructors of ours that are gone, so it is linked to stay. Where
//! the linker has no such flag, on Apple's systems, a library with thread-local values is never unloaded.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
