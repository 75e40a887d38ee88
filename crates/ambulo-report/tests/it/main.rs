//! Reports of hand-made analyses.

mod html;
mod json;
mod sample;
mod schema;
mod tables;
mod validator;
