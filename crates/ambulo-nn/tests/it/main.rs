//! The networks from outside: settings, weights, import and forward passes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod codec;
mod config;
mod config_pose;
mod engine;
mod estimators;
mod hdf5;
mod import;
mod motion;
mod params;
mod parity;
mod plain;
mod pose2d;
mod stream;
mod t5;
mod text;
mod vqvae;
