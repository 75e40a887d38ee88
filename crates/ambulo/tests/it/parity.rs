//! Results of reference implementations, held to the tolerances of their README files.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod agreement;
mod cider;
mod gait_indices;
mod pose2d;
mod pose3d;

mod signal;

use std::path::Path;

use ambulo_testkit::repository_root;
use serde_json::Value;

/// The numbers of a case in `testdata/parity`.
fn case(name: &str) -> Value {
    read_json(
        &repository_root()
            .join("testdata/parity")
            .join(name)
            .join("case.json"),
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test reads its reference results"
)]
fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[track_caller]
fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(number).collect()
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    compare(found, expected, |_| tolerance);
}

#[track_caller]
fn relative(found: &[f64], expected: &[f64], tolerance: f64) {
    compare(found, expected, |expected| tolerance * expected.abs());
}

#[track_caller]
fn compare(found: &[f64], expected: &[f64], tolerance: impl Fn(f64) -> f64) {
    assert_eq!(found.len(), expected.len(), "lengths");
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let apart = (found - expected).abs();
        assert!(
            apart <= tolerance(expected),
            "number {index} is {found}, expected {expected}: {apart:e} apart"
        );
    }
}
