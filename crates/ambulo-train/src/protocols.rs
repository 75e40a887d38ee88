//! The published protocols of lifting: how takes are judged, what papers report, and what a trivial
//! method reaches.
//!
//! `docs/algorithm/lifting_protocols.md` defines every number.

pub mod baselines;
pub mod comparison;
pub mod folder;
pub mod judge;
pub mod published;
pub mod scores;
mod text;
