//! Integration tests of the domain.

mod events;
mod kinematics;
mod parity;
mod synth;
