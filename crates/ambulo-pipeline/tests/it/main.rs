//! The whole path on synthetic and recorded walks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "measured figures are for reading")]

mod cmu;
mod difficult;
mod estimates;
mod faults;
mod filmed;
mod lifting;
mod overlay;
mod pose2d;
mod recorded;
mod synthetic;
mod whole;
