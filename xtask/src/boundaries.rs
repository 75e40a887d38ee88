//! Which crate of this workspace may use which. The graph of ARCHITECTURE.md, held by a tool.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context as _, bail};

/// Crate, and the crates of this workspace that it may depend on (for its tests, also the test kit).
const ALLOWED: &[(&str, &[&str])] = &[
    ("ambulo", &[]),
    ("ambulo-testkit", &[]),
    ("ambulo-pickle", &[]),
    ("ambulo-io", &["ambulo", "ambulo-pickle"]),
    ("ambulo-nn", &["ambulo", "ambulo-pickle"]),
    (
        "ambulo-train",
        &["ambulo", "ambulo-io", "ambulo-nn", "ambulo-pickle"],
    ),
    ("ambulo-report", &["ambulo"]),
    (
        "ambulo-pipeline",
        &["ambulo", "ambulo-io", "ambulo-nn", "ambulo-report"],
    ),
    (
        "ambulo-cli",
        &[
            "ambulo",
            "ambulo-io",
            "ambulo-nn",
            "ambulo-report",
            "ambulo-pipeline",
            "ambulo-train",
        ],
    ),
    ("xtask", &["ambulo"]),
];

/// The outside crates that the domain may use: none of them touches files, clocks or threads.
const DOMAIN_MAY_USE: &[&str] = &["nalgebra", "serde", "thiserror"];

/// Compares the dependencies that cargo knows with what is allowed.
pub(crate) fn run() -> anyhow::Result<()> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("cargo metadata failed");
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata lists no packages")?;
    let mut problems = BTreeSet::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == name) else {
            problems.insert(format!("{name} is not in the table of boundaries"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let used = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"].as_str() == Some("dev");
            let ours = ALLOWED.iter().any(|(known, _)| *known == used);
            let fine = if ours {
                allowed.contains(&used) || (for_tests && used == "ambulo-testkit")
            } else {
                name != "ambulo" || for_tests || DOMAIN_MAY_USE.contains(&used)
            };
            if !fine {
                problems.insert(format!("{name} must not use {used}"));
            }
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    let problems: Vec<String> = problems.into_iter().collect();
    bail!("{}", problems.join("; "));
}
