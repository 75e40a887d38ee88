//! The order of the stages, and the configuration of a run.
