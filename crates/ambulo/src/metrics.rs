//! Measures of agreement and error.
//!
//! Arguments come in one order: what was predicted or tested, then the reference.

pub mod agreement;
pub mod bootstrap;
pub mod classification;
pub mod correlation;
mod distribution;
pub mod events;
pub mod pose2d;
pub mod pose3d;
pub mod text;

/// Why a measure has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// The two sides are not equally long.
    #[error("{predicted} predicted values but {reference} reference values")]
    LengthMismatch {
        /// Predicted values.
        predicted: usize,
        /// Reference values.
        reference: usize,
    },
    /// There are too few pairs; with fewer the number would mean nothing.
    #[error("{pairs} pairs are too few, at least {needed} are needed")]
    TooFew {
        /// Pairs given.
        pairs: usize,
        /// Pairs needed.
        needed: usize,
    },
    /// All values of one side are equal, so nothing can vary together.
    #[error("all values of one side are equal")]
    Constant,
    /// The values do not form whole frames.
    #[error("{values} positions are not whole frames of {joints} joints")]
    BrokenFrame {
        /// Positions given.
        values: usize,
        /// Joints a frame.
        joints: usize,
    },
    /// A coordinate is not finite.
    #[error("a coordinate of joint {joint} in frame {frame} is not a number")]
    NotFinite {
        /// Joint, in storage order.
        joint: usize,
        /// Frame.
        frame: usize,
    },
    /// A text has nothing to be compared with.
    #[error("text {item} has no reference")]
    NoReference {
        /// Which text.
        item: usize,
    },
    /// A class is not below the number of classes.
    #[error("class {class} does not exist among {classes}")]
    UnknownClass {
        /// The class.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
}

/// Checks that there are enough pairs.
fn check_pairs(predicted: usize, reference: usize, needed: usize) -> Result<(), MetricError> {
    if predicted != reference {
        return Err(MetricError::LengthMismatch {
            predicted,
            reference,
        });
    }
    if predicted < needed {
        return Err(MetricError::TooFew {
            pairs: predicted,
            needed,
        });
    }
    Ok(())
}

/// The mean; 0 for no values, which callers have excluded.
fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = values.len().max(1) as f64;
    values.sum::<f64>() / n
}
