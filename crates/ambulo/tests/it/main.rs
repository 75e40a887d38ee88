//! Integration tests of the domain.

mod assessment;
mod balance;
mod events;
mod identity;
mod kinematics;
mod parameters;
mod parity;
mod quality;
mod scale;
mod synth;
