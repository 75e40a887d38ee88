//! What tests of several crates share: where recorded data lies, and seeded mutation of bytes.
//!
//! Recorded data never enters the repository. Tests look for it in `$AMBULO_DATA` or in
//! `../shared/data` beside the repository; where it is absent they say so and pass, unless
//! `$AMBULO_REQUIRE_DATA` is set, as continuous integration does.

use std::path::{Path, PathBuf};

/// The folder of recorded data, or `None` with a message on standard error.
///
/// # Panics
///
/// If the data is missing although `$AMBULO_REQUIRE_DATA` is set.
pub fn data_dir() -> Option<PathBuf> {
    let folder = std::env::var_os("AMBULO_DATA")
        .map_or_else(|| repository_root().join("../shared/data"), PathBuf::from);
    existing(folder, "recorded data")
}

/// The folder of reference results (`parity`) beside the recorded data, under the same rule.
///
/// # Panics
///
/// If it is missing although `$AMBULO_REQUIRE_DATA` is set.
pub fn parity_dir() -> Option<PathBuf> {
    let folder = std::env::var_os("AMBULO_DATA").map_or_else(
        || repository_root().join("../shared/parity"),
        |data| PathBuf::from(data).join("../parity"),
    );
    existing(folder, "reference results")
}

/// Whether `ffmpeg` and `ffprobe` are installed; `false` with a message on standard error.
///
/// # Panics
///
/// If one is missing although `$AMBULO_REQUIRE_FFMPEG` is set.
#[expect(clippy::print_stderr, reason = "a test that skips says so")]
pub fn has_ffmpeg() -> bool {
    let runs = |program| {
        let output = std::process::Command::new(program).arg("-version").output();
        output.is_ok_and(|output| output.status.success())
    };
    let found = runs("ffmpeg") && runs("ffprobe");
    assert!(
        found || std::env::var_os("AMBULO_REQUIRE_FFMPEG").is_none(),
        "ffmpeg required but not found"
    );
    if !found {
        eprintln!("skipped: no ffmpeg here; install it to run this test");
    }
    found
}

/// The root of this repository.
pub fn repository_root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[expect(clippy::print_stderr, reason = "a test that skips says so")]
fn existing(folder: PathBuf, what: &str) -> Option<PathBuf> {
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(
        std::env::var_os("AMBULO_REQUIRE_DATA").is_none(),
        "{what} required but not found: set AMBULO_DATA to the folder"
    );
    eprintln!("skipped: no {what} here; set AMBULO_DATA to the folder to run this test");
    None
}

/// A small deterministic random number generator (`SplitMix64`) for tests.
#[derive(Debug, Clone)]
pub struct SeededRng(u64);

impl SeededRng {
    /// A generator that always gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `0..bound`; 0 if the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next_u64() % bound).unwrap_or(0)
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A sample of the standard normal distribution (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// A damaged copy of a file: one to eight edits of bytes, numbers, blocks or length.
pub fn mutate(original: &[u8], rng: &mut SeededRng) -> Vec<u8> {
    const EDGES: [&[u8]; 12] = [
        &[0x00],
        &[0xFF],
        &[0x7F, 0xFF],
        &[0xFF, 0xFF, 0xFF, 0xFF],
        &[0xFF, 0xFF, 0xFF, 0x7F],
        &[0x00, 0x00, 0x80, 0x7F],
        &[0x00, 0x00, 0xC0, 0x7F],
        b"-1",
        b"99999999999999999999",
        b"nan",
        b"\n\n",
        b"\t",
    ];
    let mut bytes = original.to_vec();
    for _ in 0..=rng.below(8) {
        if bytes.is_empty() {
            bytes.push(0);
        }
        // Headers decide most of a parser's path: half of the edits fall into the first 2 KiB.
        let reach = if rng.below(2) == 0 {
            bytes.len().min(2048)
        } else {
            bytes.len()
        };
        let at = rng.below(reach);
        match rng.below(7) {
            0 => bytes[at] ^= 1 << rng.below(8),
            1 => bytes[at] = rng.next_u64().to_le_bytes()[0],
            2 => {
                for (offset, &byte) in EDGES[rng.below(EDGES.len())].iter().enumerate() {
                    if let Some(place) = bytes.get_mut(at + offset) {
                        *place = byte;
                    }
                }
            }
            3 => bytes.truncate(at),
            4 => {
                let end = (at + 1 + rng.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let end = (at + 1 + rng.below(64)).min(bytes.len());
                let block = bytes[at..end].to_vec();
                bytes.splice(at..at, block);
            }
            _ => {
                let edge = EDGES[rng.below(EDGES.len())].to_vec();
                bytes.splice(at..at, edge);
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_damage() {
        let original = b"#!some file with bytes in it".repeat(10);
        let damage = |seed| mutate(&original, &mut SeededRng::new(seed));
        assert_eq!(damage(7), damage(7));
        assert_ne!(damage(7), damage(8));
    }
}
