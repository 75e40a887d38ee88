//! A gait parameter from keypoints by a network with its weights: windows, network, correction, interval.

use crate::codec::params::{
    Correction, CorrectionError, Legs, ParamsTrack, Recipe, Residuals, Target, Usable,
};
use crate::config::NetworkConfig;
use crate::networks::{Network, NetworkError};
use crate::threads::Threads;
use crate::weights::{Weights, WeightsInfo};

/// A network that estimates a gait parameter.
#[derive(Debug)]
pub struct Estimator {
    network: Network,
    target: Target,
    recipe: Recipe,
    correction: Correction,
    residuals: Option<Residuals>,
    info: WeightsInfo,
    sha256: Option<String>,
}

/// What a network estimates for a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The mean over its windows, corrected, in [`Target::unit`].
    pub value: f64,
    /// 95 % interval from validation residuals, widened as [`Usable::widening`] says, and never narrower than
    /// 1.96 standard deviations of the windows; `None` if the weights hold no residuals.
    pub ci95: Option<[f64; 2]>,
    /// Windows.
    pub windows: usize,
}

/// Why weights estimate nothing.
#[derive(Debug, thiserror::Error)]
pub enum EstimatorError {
    /// The network is of another kind.
    #[error("a network of kind {model} estimates no gait parameter")]
    OtherNetwork {
        /// Its kind.
        model: &'static str,
    },
    /// The network looks at other legs than its target is about.
    #[error("the network looks at {legs}, but {} is not about that", target.name())]
    OtherLegs {
        /// What it looks at.
        legs: &'static str,
        /// What it is said to estimate.
        target: Target,
    },
    /// What makes numbers of its answers is missing or wrong.
    #[error(transparent)]
    Correction(#[from] CorrectionError),
    /// The network cannot be made or run.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl Estimator {
    /// An estimator of weights that say what they estimate and how answers are corrected.
    ///
    /// # Errors
    ///
    /// [`EstimatorError`] if they do not, or are of another kind of network.
    pub fn new(weights: &Weights, threads: Threads) -> Result<Self, EstimatorError> {
        let config = weights.config();
        let inputs = match config {
            NetworkConfig::Stt(config) => config.joints,
            NetworkConfig::Cnn1d(config) => config.features,
            _ => {
                let model = config.model();
                return Err(EstimatorError::OtherNetwork { model });
            }
        };
        let target = Target::of_weights(weights)?;
        let fits = |legs: Legs| inputs == legs.joints() || inputs == legs.columns();
        if !target.legs().iter().copied().all(fits) {
            let legs = if fits(Legs::Both) {
                "both legs"
            } else {
                "one leg"
            };
            return Err(EstimatorError::OtherLegs { legs, target });
        }
        Ok(Self {
            network: Network::from_weights(config, weights.tensors(), threads)?,
            target,
            recipe: Recipe::of_weights(weights),
            correction: Correction::of_weights(weights)?,
            residuals: match Residuals::of_weights(weights) {
                Err(CorrectionError::Missing { .. }) => None,
                residuals => Some(residuals?),
            },
            info: weights.info().clone(),
            sha256: weights.sha256().map(str::to_owned),
        })
    }

    /// What it estimates.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Whose preparation of keypoints it learned from.
    pub fn recipe(&self) -> Recipe {
        self.recipe
    }

    /// How far it errs on people for tuning, where that is known.
    pub fn residuals(&self) -> Option<&Residuals> {
        self.residuals.as_ref()
    }

    /// Where its weights come from.
    pub fn info(&self) -> &WeightsInfo {
        &self.info
    }

    /// SHA-256 of its weights file.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }

    /// Settings of its network.
    pub fn config(&self) -> &NetworkConfig {
        self.network.config()
    }

    /// The inputs of the windows that begin at these frames, one after the other; windows that lack a number
    /// are left out.
    fn inputs(&self, track: &ParamsTrack, starts: &[usize], legs: Legs) -> (Vec<f32>, usize) {
        let input = |&start: &usize| match self.network.config() {
            NetworkConfig::Stt(_) => track.stt_input(start, legs),
            _ => track.cnn1d_input(start, legs),
        };
        let windows: Vec<Vec<f32>> = starts.iter().filter_map(input).collect();
        let count = windows.len();
        (windows.into_iter().flatten().collect(), count)
    }

    /// Estimates the parameter of a recording, prepared by [`Self::recipe`]; `None` if no window has all its
    /// numbers.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] if `legs` are not those of the target.
    pub fn estimate(
        &mut self,
        track: &ParamsTrack,
        usable: &Usable,
        legs: Legs,
    ) -> Result<Option<Estimate>, NetworkError> {
        let (inputs, windows) = self.inputs(track, &usable.starts, legs);
        let answers = self.network.forward(&inputs, windows)?;
        // The 1D-CNN gives two numbers a window, of which the second is nothing.
        let each = answers.len().checked_div(windows).unwrap_or(1).max(1);
        let answers: Vec<f32> = answers.into_iter().step_by(each).collect();
        let Some(value) = self.correction.parameter(&answers) else {
            return Ok(None);
        };
        let own: Vec<f64> = answers
            .iter()
            .filter_map(|&answer| self.correction.parameter(&[answer]))
            .collect();
        let square: f64 = own.iter().map(|window| (window - value).powi(2)).sum();
        let half = 1.96 * (square / own.len() as f64).sqrt();
        let ci95 = self.residuals.map(|residuals| {
            let [low, high] = residuals.interval(value, usable.widening);
            [low.min(value - half), high.max(value + half)]
        });
        Ok(Some(Estimate {
            value,
            ci95,
            windows,
        }))
    }
}
