//! What a network that finds keypoints learns.

use std::path::PathBuf;
use std::sync::Arc;

use ambulo_nn::config::NetworkConfig;
use ambulo_nn::import::{Checkpoint, ImportError};
use ambulo_nn::tensors::Tensors;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::run::{Course, Lesson, Loss, run};
use super::{Event, Outcome, RunConfig, Setup, TrainError, setting, step_rng};
use crate::batch::{Lookahead, PoseBatch, PoseSamples, PoseValidation, Validation};
use crate::losses::HeatmapLoss;
use crate::modules::numbers;
use crate::modules::pose::{PoseNetwork, Training, Vttranspose, VttransposeSmall};
use crate::network::{Beginning, initial_pose_weights};

/// Settings of the run of a network that finds keypoints.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PoseTrainConfig {
    /// What every run has.
    #[serde(flatten)]
    pub run: RunConfig,
    /// Sizes of the pictures, each up to a share of the run; after the last, the network's own size.
    pub sizes: Vec<Size>,
    /// How the parameters begin.
    pub beginning: Beginning,
    /// A checkpoint or weights file whose tensors, where they fit, take the place of the random ones.
    pub begin_with: Option<PathBuf>,
    /// Share of numbers of the encoder left out in training.
    pub dropout: f64,
    /// Memory of the means and variances that batch norms use in evaluation. Left out, it is that of the
    /// averaged weights, and 0.9 without an average.
    pub batch_norm_memory: Option<f64>,
    /// The loss.
    pub loss: HeatmapLoss,
}

impl AsRef<RunConfig> for PoseTrainConfig {
    fn as_ref(&self) -> &RunConfig {
        &self.run
    }
}

/// A size of the pictures for a part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// The share of the run at which it ends.
    pub until: f64,
    /// Width and height in pixels.
    pub image_size: [usize; 2],
}

impl PoseTrainConfig {
    /// Height and width of the pictures at a step of a run of `steps` steps, for a network of its own size.
    fn size(&self, step: u64, steps: u64, own: [usize; 2]) -> [usize; 2] {
        let share = step as f64 / steps.max(1) as f64;
        let part = self.sizes.iter().find(|size| share < size.until);
        part.map_or(own, |size| [size.image_size[1], size.image_size[0]])
    }
}

/// Trains a network that finds keypoints. What it writes, and when, is as for a lifter ([`super::fit`]).
///
/// # Errors
///
/// [`TrainError`] if settings and data do not fit together, if a file cannot be written, or if the loss
/// stops being a number.
pub fn fit_pose(
    setup: &Setup<PoseTrainConfig>,
    samples: &Arc<dyn PoseSamples>,
    validation: Option<&mut dyn PoseValidation>,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let course = course(setup, samples.as_ref())?;
    let device = device.clone().autodiff();
    let of = (setup, &course, samples, &device);
    match &setup.network {
        NetworkConfig::TransposeH(config) => {
            let network = Vttranspose::new(&config.as_vttranspose(), &device);
            pose(network, of, validation, listener)
        }
        NetworkConfig::Vttranspose(config) => {
            let network = Vttranspose::new(config, &device);
            pose(network, of, validation, listener)
        }
        NetworkConfig::VttransposeSmall(config) => {
            let network = VttransposeSmall::new(config, &device);
            pose(network, of, validation, listener)
        }
        other => Err(setting(&format!(
            "{} finds no keypoints in pictures; it is trained by train lift",
            other.model()
        ))),
    }
}

fn course(setup: &Setup<PoseTrainConfig>, samples: &dyn PoseSamples) -> Result<Course, TrainError> {
    let train = &setup.train;
    let [joints, ..] = setup.network.output_shape();
    if setup.network.reads_pictures() && joints != samples.joints() {
        return Err(setting(&format!(
            "the network finds {joints} joints, but the data have {}",
            samples.joints()
        )));
    }
    let sides = train.sizes.iter().flat_map(|size| size.image_size);
    if sides.clone().any(|side| !(16..=4096).contains(&side)) {
        return Err(setting("sizes must have sides from 16 to 4096 pixels"));
    }
    Course::new(setup, samples.steps_per_epoch(train.run.batch))
}

/// What a checkpoint has in common with the network.
fn given_weights(setup: &Setup<PoseTrainConfig>) -> Result<Tensors, TrainError> {
    let Some(path) = &setup.train.begin_with else {
        return Ok(Tensors::new());
    };
    let bytes = std::fs::read(path).map_err(|source| TrainError::BeginWith {
        path: path.clone(),
        source: Box::new(source),
    })?;
    let refused = |source: ImportError| TrainError::BeginWith {
        path: path.clone(),
        source: Box::new(source),
    };
    let checkpoint = Checkpoint::from_bytes(&bytes).map_err(refused)?;
    let shared = checkpoint.shared_with(&setup.network).map_err(refused)?;
    if shared.is_empty() {
        let what = "the file to begin with has no tensor that fits the network";
        return Err(setting(what));
    }
    Ok(shared)
}

/// Finding keypoints with one kind of network.
struct Finding<'a, N> {
    setup: &'a Setup<PoseTrainConfig>,
    device: &'a Device,
    validation: Option<&'a mut (dyn PoseValidation + 'a)>,
    /// Parameters that begin with these numbers.
    given: Tensors,
    /// The pass of the step under way.
    pass: Option<Training>,
    network: std::marker::PhantomData<N>,
}

fn pose<N: PoseNetwork>(
    network: N,
    (setup, course, samples, device): (
        &Setup<PoseTrainConfig>,
        &Course,
        &Arc<dyn PoseSamples>,
        &Device,
    ),
    validation: Option<&mut dyn PoseValidation>,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let mut lesson = Finding::<N> {
        setup,
        device,
        validation: validation.map(|validation| validation as _),
        given: given_weights(setup)?,
        pass: None,
        network: std::marker::PhantomData,
    };
    let [_, height, width] = setup.network.input_shape();
    let (samples, train, steps) = (Arc::clone(samples), setup.train.clone(), course.steps);
    let workers = train.run.workers;
    let batches = |first| {
        let make = move |step| {
            let size = train.size(step, steps, [height, width]);
            samples.batch(train.run.seed, step, train.run.batch, size)
        };
        Lookahead::start(make, first, workers)
    };
    run(network, course, &mut lesson, batches, device, listener)
}

impl<N: PoseNetwork> Lesson for Finding<'_, N> {
    type Network = N;
    type Batch = PoseBatch;

    fn initial_weights(&self) -> Tensors {
        let train = &self.setup.train;
        let mut weights =
            initial_pose_weights(&self.setup.network, train.beginning, train.run.seed);
        for (name, tensor) in self.given.clone() {
            weights.insert(name, tensor);
        }
        weights
    }

    fn loss(&mut self, network: &N, batch: PoseBatch, step: u64) -> Loss {
        let train = &self.setup.train;
        let pictures = tensor(batch.input, batch.size, self.device);
        let mut pass = Training::new(step_rng(train.run.seed, step), train.dropout);
        let heatmaps = network.heatmaps(pictures, &mut Some(&mut pass));
        self.pass = Some(pass);
        let loss = train.loss.of(heatmaps, batch.points);
        Loss {
            shown: loss.clone(),
            minimised: loss,
        }
    }

    fn remembered(&mut self, network: N, averaged: f64) -> N {
        let Some(pass) = self.pass.take() else {
            return network;
        };
        let train = &self.setup.train;
        let memory = if train.run.optimizer.average > 0.0 {
            averaged
        } else {
            0.9
        };
        pass.remembered(network, train.batch_norm_memory.unwrap_or(memory))
    }

    fn validate(&mut self, network: N) -> Option<Validation> {
        let device = self.device.clone().without_autodiff();
        let validation = self.validation.as_mut()?;
        Some(validation.validate(&mut |pictures, size| {
            let pictures = tensor(pictures.to_vec(), size, &device);
            numbers(network.heatmaps(pictures, &mut None).permute([0, 3, 1, 2]))
        }))
    }

    fn is_validated(&self) -> bool {
        self.validation.is_some()
    }
}

fn tensor(numbers: Vec<f32>, [height, width]: [usize; 2], device: &Device) -> Tensor<4> {
    let people = numbers.len() / (height * width * 3).max(1);
    let data = TensorData::new(numbers, [people, height, width, 3]);
    Tensor::from_data(data, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_grow_over_the_run() {
        let size = |until, image_size| Size { until, image_size };
        let train = PoseTrainConfig {
            sizes: vec![size(0.25, [72, 96]), size(0.5, [96, 128])],
            ..PoseTrainConfig::default()
        };
        let at = |step| train.size(step, 100, [192, 144]);
        assert_eq!(at(0), [96, 72]);
        assert_eq!(at(24), [96, 72]);
        assert_eq!(at(25), [128, 96]);
        assert_eq!(at(50), [192, 144]);
    }
}
