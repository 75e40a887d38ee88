//! Integration tests of the domain.

mod parity;
