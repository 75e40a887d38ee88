//! Damaged input: no panic, no hang, and no memory beyond the input's own size.
//!
//! Every parser's tests use [`check_mutants`] on files that our own writers made, and on recorded
//! ones.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use ambulo_testkit::{SeededRng, mutate};

/// The longest that one damaged file may take, in a build without optimisation too.
const LONGEST: Duration = Duration::from_secs(2);

/// Bytes of memory that any parser may use, whatever the input.
const BASE: u64 = 1 << 20;

/// Bytes of memory for each byte of input: a parameter of eight bytes becomes a value with a name,
/// a description and sizes of their own.
const PER_BYTE: u64 = 64;

/// Damaged copies of a small C3D file of ours, in each of six dialects.
pub(crate) const C3D_MUTANTS: u64 = 700;

/// Damaged copies of keypoint files of ours, in each of ten formats.
pub(crate) const KEYPOINT_MUTANTS: u64 = 400;

/// Damaged copies of a file of ours, in each of nine formats of text and arrays.
pub(crate) const TEXT_MUTANTS: u64 = 1_400;

/// All parsers together meet 20,000 damaged files in every run of the tests, and some hundred
/// damaged recordings more where the data is at hand.
const _: () = assert!(6 * C3D_MUTANTS + 10 * KEYPOINT_MUTANTS + 9 * TEXT_MUTANTS >= 20_000);

/// Damages a file in `mutants` ways, always the same, and parses each.
#[track_caller]
pub(crate) fn check_mutants(name: &str, original: &[u8], mutants: u64, parse: impl Fn(&[u8])) {
    for seed in 0..mutants {
        let damaged = mutate(original, &mut SeededRng::new(seed));
        check_bytes(&format!("{name}, seed {seed}"), &damaged, &parse);
    }
}

/// Parses bytes that may be anything; `parse` itself decides what to do with the result.
#[track_caller]
pub(crate) fn check_bytes(name: &str, bytes: &[u8], parse: impl Fn(&[u8])) {
    let start = Instant::now();
    let mut outcome = Ok(());
    let memory = allocation_counter::measure(|| {
        outcome = catch_unwind(AssertUnwindSafe(|| parse(bytes)));
    });
    assert!(outcome.is_ok(), "{name}: panicked");
    assert!(start.elapsed() < LONGEST, "{name}: {:?}", start.elapsed());
    let bound = BASE + PER_BYTE * bytes.len() as u64;
    assert!(
        memory.bytes_max <= bound,
        "{name}: {} bytes of memory for {} of input",
        memory.bytes_max,
        bytes.len()
    );
}
