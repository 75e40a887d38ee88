//! Integration tests of the domain.

mod events;
mod parity;
