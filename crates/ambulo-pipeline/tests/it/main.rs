//! The whole path on synthetic and recorded walks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cmu;
mod recorded;
