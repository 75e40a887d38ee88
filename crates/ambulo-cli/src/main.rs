//! The `ambulo` command.

fn main() {}
