//! Prints every setting with its default, as `docs/defaults.toml` holds them.
#![expect(clippy::print_stdout, reason = "an example that prints")]

use ambulo_pipeline::config::Config;

fn main() {
    print!("{}", Config::default().to_toml());
}
