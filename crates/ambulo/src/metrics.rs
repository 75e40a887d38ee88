//! Measures of agreement and error.
