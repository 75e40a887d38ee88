//! An analysis to HTML, JSON, CSV and SVG. It formats; it never computes.
//!
//! [`html()`] makes the report that a clinician reads and prints: one self-contained page without
//! script or outside resource; [`html_with_film`] adds the walk on film. [`result_json`] and [`from_json`] write and read the whole result;
//! [`schema()`] describes its layout. [`parameters_csv`], [`events_csv`] and [`angles_csv`] make the
//! tables for a spreadsheet.

mod csv;
mod html;
mod json;
mod number;
mod schema;
mod svg;

pub use csv::{angles_csv, events_csv, parameters_csv};
pub use html::{Film, Still, html, html_with_film};
pub use json::{ResultError, from_json, result_json};
pub use schema::schema;
