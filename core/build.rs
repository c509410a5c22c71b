//! Tells the Rust SDK which compiler built it, for `contexts.runtime`, and whether the platform is one whose native
//! crashes can be captured.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .ok()
        .and_then(|output| String::from_utf8(output.stdout).ok())
        // `rustc 1.89.0 (29483883e 2025-08-04)`
        .and_then(|line| line.split_whitespace().nth(1).map(str::to_owned));
    println!("cargo:rustc-env=FAULTWIRE_RUSTC={}", version.unwrap_or_default());
    println!("cargo::rustc-check-cfg=cfg(native_crashes)");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| matches!(os.as_str(), "linux" | "macos")) {
        println!("cargo::rustc-cfg=native_crashes");
    }
}
