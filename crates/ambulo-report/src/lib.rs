//! An analysis to HTML, JSON, CSV and SVG. It formats; it never computes.
