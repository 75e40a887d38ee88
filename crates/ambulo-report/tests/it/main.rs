//! Reports of hand-made analyses.

mod golden;
mod html;
mod json;
mod sample;
mod schema;
mod tables;
mod validator;
