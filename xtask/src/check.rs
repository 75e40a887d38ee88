//! `cargo xtask check`: everything continuous integration runs.

use std::process::Command;

use anyhow::{Context as _, bail};

/// Runs every check in order and stops at the first that fails.
pub(crate) fn run(with_tests: bool) -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"], &[])?;
    crate::boundaries::run()?;
    cargo(
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        &[],
    )?;
    cargo(
        &[
            "clippy",
            "-p",
            "ambulo-train",
            "-p",
            "ambulo-cli",
            "--features",
            "ambulo-train/burn,ambulo-cli/train",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
        &[],
    )?;
    if with_tests {
        cargo(&["test", "--workspace"], &[])?;
        cargo(&["test", "-p", "ambulo-train", "--features", "burn"], &[])?;
    }
    cargo(
        &[
            "doc",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )?;
    cargo(&["check", "--manifest-path", "fuzz/Cargo.toml"], &[])?;
    // Advisories need the internet; licences, bans and sources do not.
    cargo(&["deny", "check", "bans", "licenses", "sources"], &[])
        .context("install it with: cargo install cargo-deny --locked")
}

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> anyhow::Result<()> {
    eprintln!("> cargo {}", arguments.join(" "));
    let status = Command::new(env!("CARGO"))
        .args(arguments)
        .envs(environment.iter().copied())
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("cargo {} failed", arguments.join(" "));
    }
    Ok(())
}
