//! Checks and generated files of this workspace.

fn main() {}
