//! Tells the linker what makes the static binary smaller.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A static program that can be loaded anywhere has tens of thousands of relative relocations: 600 KB
    // as a table, 20 KB packed. musl unpacks them from 1.2.4 on, which Rust brings from 1.93 on.
    let is_musl = std::env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|env| env == "musl");
    if is_musl && minor().is_some_and(|minor| minor >= 93) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The second number of the compiler's version: `rustc 1.95.0 (...)`.
fn minor() -> Option<u32> {
    let said = Command::new(std::env::var_os("RUSTC")?).arg("--version").output().ok()?;
    String::from_utf8(said.stdout).ok()?.split('.').nth(1)?.parse().ok()
}
