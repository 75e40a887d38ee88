//! Video: what is written is read, at its own times, upright; damage ends in fewer frames or an error.
//!
//! The films are written by our own writer; recorded ones and `ffmpeg` are used where they are at hand.

mod damage;
mod film;
mod foreign;
mod kinds;
mod recorded;
mod times;
