//! Figures of Le and Pham's Table 1, and what the paper says of the networks' sizes.

use ambulo_nn::codec::params::Target;
use ambulo_nn::config::NetworkConfig;
use serde::Serialize;

/// A cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PaperFigure {
    /// Pearson's correlation.
    pub r: f64,
    /// Mean absolute error, in [`Target::unit`].
    pub mae: f64,
}

/// Which network of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperNetwork {
    /// The spatio-temporal transformer.
    Stt,
    /// The 1D-CNN of Kidziński et al., trained again on the paper's split.
    Cnn1d,
}

/// What the paper gives for a network and a target, over clinical recordings that cannot be shipped.
///
/// # Source
///
/// Le & Pham (2024), Table 1. Intervals are not published.
pub fn published(network: PaperNetwork, target: Target) -> PaperFigure {
    use PaperNetwork::{Cnn1d, Stt};
    let (r, mae) = match (target, network) {
        (Target::Gdi, Stt) => (0.7466, 6.3137),
        (Target::Gdi, Cnn1d) => (0.7379, 6.5469),
        (Target::KneeFlexionMaximumExtension, Stt) => (0.8384, 5.8220),
        (Target::KneeFlexionMaximumExtension, Cnn1d) => (0.8298, 5.9129),
        (Target::Speed, Stt) => (0.7565, 0.1481),
        (Target::Speed, Cnn1d) => (0.7519, 0.1482),
        (Target::Cadence, Stt) => (0.7421, 0.1078),
        (Target::Cadence, Cnn1d) => (0.7601, 0.1035),
    };
    PaperFigure { r, mae }
}

/// By how much the paper says that its network is smaller than the 1D-CNN, in percent. No variant of the
/// released code is.
pub const CLAIMED_REDUCTION_PCT: f64 = 36.5;

/// Parameters of the two networks of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// Legs that the networks look at.
    pub legs: usize,
    /// Of STT.
    pub stt: u64,
    /// Of the 1D-CNN, moving statistics of its norms counted as Keras does.
    pub cnn1d: u64,
}

impl Sizes {
    /// For one leg and for both, as the settings of the released code give them.
    pub fn all() -> [Self; 2] {
        let count = |preset: &str| {
            NetworkConfig::preset(preset).map_or(0, |config| config.parameter_count())
        };
        [(1, "stt_4", "cnn1d_12"), (2, "stt_8", "cnn1d_23")].map(|(legs, stt, cnn1d)| Self {
            legs,
            stt: count(stt),
            cnn1d: count(cnn1d),
        })
    }

    /// How many more parameters STT has, in percent; negative if fewer.
    pub fn difference_pct(self) -> f64 {
        100.0 * (self.stt as f64 / self.cnn1d as f64 - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_is_smaller_than_claimed_and_one_is_larger() {
        let [one, both] = Sizes::all();
        assert_eq!((one.stt, one.cnn1d), (27_022, 48_224));
        assert_eq!((both.stt, both.cnn1d), (89_422, 51_040));
        assert!((one.difference_pct() + 44.0).abs() < 0.05);
        assert!((both.difference_pct() - 75.2).abs() < 0.05);
    }
}
