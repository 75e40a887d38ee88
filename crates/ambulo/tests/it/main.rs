//! Integration tests of the domain.

mod events;
mod kinematics;
mod parameters;
mod parity;
mod synth;
