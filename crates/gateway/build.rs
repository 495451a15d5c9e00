//! Has the files of the dashboard embedded anew when there are others. The folder is made where there is none yet, so
//! that the way to it is known and a dashboard that is built later is noticed.

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend/out");
    if Path::new(env!("CARGO_MANIFEST_DIR")).join("../../frontend").is_dir() {
        std::fs::create_dir_all(&out)?;
    }
    println!("cargo::rerun-if-changed={}", out.display());
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
