//! Synthetic walkers with known truth.
