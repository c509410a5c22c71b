//! The folder that is built into the binary is there, with the dashboard in it or, in a build without Node, without.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let folder = Path::new("dashboard/dist");
    std::fs::create_dir_all(folder)?;
    println!("cargo:rerun-if-changed={}", folder.display());
    Ok(())
}
