//! The whole path on synthetic and recorded walks.

mod cmu;
mod recorded;
