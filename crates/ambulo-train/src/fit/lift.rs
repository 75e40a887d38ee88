//! What a lifter learns.

use std::sync::Arc;

use ambulo::synth::SeededRng;
use ambulo_nn::tensors::Tensors;
use burn::tensor::{Device, Tensor, TensorData};

use super::run::{Course, Lesson, Loss, run};
use super::{Event, Outcome, Setup, TrainError, step_rng};
use crate::batch::{LiftBatch, LiftSamples, LiftShape, LiftValidation, Lookahead, Validation};
use crate::losses::LiftLoss;
use crate::modules::numbers;
use crate::network::{LiftNetwork, initial_weights};

/// Lifting with one kind of network.
struct Lifting<'a, N> {
    setup: &'a Setup,
    shape: LiftShape,
    device: &'a Device,
    joint_weights: Vec<f32>,
    validation: Option<&'a mut (dyn LiftValidation + 'a)>,
    network: std::marker::PhantomData<N>,
}

/// Trains a lifter of any kind.
pub(super) fn lift<N: LiftNetwork>(
    network: N,
    setup: &Setup,
    samples: &Arc<dyn LiftSamples>,
    validation: Option<&mut dyn LiftValidation>,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let train = &setup.train;
    let shape = samples.shape();
    let course = Course::new(setup, samples.steps_per_epoch(train.run.batch))?;
    let mut lesson = Lifting::<N> {
        setup,
        shape,
        device,
        joint_weights: train.loss.joint_weights.for_joints(shape.joints_out)?,
        validation: validation.map(|validation| validation as _),
        network: std::marker::PhantomData,
    };
    let (samples, seed, size) = (Arc::clone(samples), train.run.seed, train.run.batch);
    let batches = |first| {
        let make = move |step| samples.batch(seed, step, size);
        Lookahead::start(make, first, train.run.workers)
    };
    run(network, &course, &mut lesson, batches, device, listener)
}

impl<N: LiftNetwork> Lesson for Lifting<'_, N> {
    type Network = N;
    type Batch = LiftBatch;

    fn initial_weights(&self) -> Tensors {
        initial_weights(&self.setup.network, self.setup.train.run.seed)
    }

    fn loss(&mut self, network: &N, batch: LiftBatch, step: u64) -> Loss {
        let (train, shape, device) = (&self.setup.train, self.shape, self.device);
        // The last batch of an epoch may be smaller than the others.
        let size = batch.weight.len() / shape.points_out().max(1);
        let input = tensor(&batch.input, shape.input(), size, device);
        let target = tensor(&batch.target, shape.target(), size, device);
        let counted = TensorData::new(batch.weight, [size, shape.frames_out, shape.joints_out]);
        let counted = Tensor::from_data(counted, device);
        let mut noise: SeededRng = step_rng(train.run.seed, step);
        let predicted = network.lift(input, &mut Some(&mut noise));
        let weights = &self.joint_weights;
        let loss = LiftLoss::of(&train.loss, weights, predicted, target, counted).total();
        let minimised = if train.loss.square {
            loss.clone().square() * 0.5
        } else {
            loss.clone()
        };
        Loss {
            shown: loss,
            minimised,
        }
    }

    fn validate(&mut self, network: N) -> Option<Validation> {
        let (shape, device) = (self.shape, self.device.clone().without_autodiff());
        let validation = self.validation.as_mut()?;
        Some(validation.validate(&mut |input, size| {
            let input = tensor(input, shape.input(), size, &device);
            numbers(network.lift(input, &mut None))
        }))
    }

    fn is_validated(&self) -> bool {
        self.validation.is_some()
    }
}

impl LiftShape {
    fn input(&self) -> [usize; 3] {
        [self.frames, self.joints, self.channels]
    }

    fn target(&self) -> [usize; 3] {
        [self.frames_out, self.joints_out, 3]
    }
}

fn tensor(numbers: &[f32], [a, b, c]: [usize; 3], size: usize, device: &Device) -> Tensor<4> {
    let data = TensorData::new(numbers.to_vec(), [size, a, b, c]);
    Tensor::from_data(data, device)
}
