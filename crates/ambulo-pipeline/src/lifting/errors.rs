//! Measured errors of the lifters that come with the program.

use ambulo::lifting::ModelErrors;
use serde::Deserialize;

/// Measured against motion capture by `ambulo eval lift`; the page says how.
const TABLE: &str = include_str!("../../../../validation/lifting.toml");

/// Every table of measured errors that this program knows.
///
/// # Panics
///
/// Never: a test reads the table that is built in.
pub fn measured_errors() -> Vec<ModelErrors> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Table {
        #[serde(default)]
        model: Vec<ModelErrors>,
    }
    let table: Table = toml::from_str(TABLE).expect("the table is checked by a test");
    table.model
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_can_be_read_and_stands_once() {
        for model in measured_errors() {
            assert_eq!(model.weights_sha256.len(), 64);
            assert!(!model.source.is_empty());
            for (index, row) in model.angles.iter().enumerate() {
                let same = |other: &ambulo::lifting::ErrorRow<_>| {
                    other.quantity == row.quantity && other.view == row.view
                };
                assert!(!model.angles[..index].iter().any(same), "{row:?} repeats");
                assert!(row.lifted.n > 0 && row.lifted.sd >= 0.0);
            }
            for (index, row) in model.parameters.iter().enumerate() {
                let same = |other: &ambulo::lifting::ErrorRow<_>| {
                    other.quantity == row.quantity && other.view == row.view
                };
                assert!(
                    !model.parameters[..index].iter().any(same),
                    "{row:?} repeats"
                );
                assert!(row.lifted.n > 0 && row.lifted.sd >= 0.0);
            }
        }
    }
}
