//! Integration tests of the domain.

mod assessment;
mod balance;
mod events;
mod identity;
mod kinematics;
mod lifting;
mod parameters;
mod parity;
mod quality;
mod scale;
mod sides;
mod synth;
