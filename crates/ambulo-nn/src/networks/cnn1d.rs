//! The 1D-CNN: windows of features to two numbers each. A thread takes a window as a whole.
//!
//! A batch norm comes after the rectifier, so it is no part of the convolution before it; nor of the one
//! behind it, whose zeros around a window are zeros **after** the norm. It is a factor and an offset of
//! each channel.

use crate::config::Cnn1dConfig;
use crate::kernels::buffer::{Buffer, LINE};
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::pool::Chunks;
use crate::layers::{Checked, Trace, swapped};
use crate::threads::Engine;

/// The network and its memory.
#[derive(Debug)]
pub struct Cnn1d {
    config: Cnn1dConfig,
    stages: Vec<Stage>,
    dense: [Linear; 2],
    scratch: Buffer,
}

/// A convolution, and what follows it.
#[derive(Debug)]
struct Stage {
    /// Over the frames under the kernel, one after the other.
    convolution: Linear,
    /// Channels that it reads.
    inputs: usize,
    frames: usize,
    factor: Vec<f32>,
    offset: Vec<f32>,
    /// Frames that become one.
    pool: usize,
}

/// Is shown intermediate results of a window, with their extents.
type Observer<'a> = &'a mut dyn FnMut(&str, &[usize], &[f32]);

impl Cnn1d {
    pub(super) fn new(config: &Cnn1dConfig, weights: Checked<'_>) -> Self {
        let each = config.convolutions() / config.pools.len().max(1);
        let stages = config.lengths().into_iter().zip(&config.pools);
        let stages = stages.flat_map(|(frames, &pool)| {
            (1..=each).map(move |i| (frames, if i == each { pool } else { 1 }))
        });
        let stages = stages.enumerate().map(|(index, (frames, pool))| {
            let inputs = if index == 0 {
                config.features
            } else {
                config.filters
            };
            Stage::new(config, weights, index + 1, (inputs, frames, pool))
        });
        Self {
            config: config.clone(),
            stages: stages.collect(),
            dense: [
                weights.linear("dense1", config.dense),
                weights.linear("dense2", weights.data("dense2.bias").len()),
            ],
            scratch: Buffer::default(),
        }
    }

    /// Estimates two numbers for each of `batch` windows; slices have been checked.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        let (window, answer) = (input.len() / batch, output.len() / batch);
        let widest = self.config.features.max(self.config.filters);
        let padded = (self.config.frames + self.config.kernel) * widest;
        let convolved = self.config.frames * self.config.filters;
        let each = (padded + convolved + self.config.dense).next_multiple_of(LINE);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.reserve(each * engine.pool.threads());
        if trace.is_on() {
            let windows = input
                .chunks_exact(window)
                .zip(output.chunks_exact_mut(answer));
            for (index, (input, output)) in windows.enumerate() {
                let mut observe = |name: &str, shape: &[usize], data: &[f32]| {
                    let whole: Vec<usize> =
                        [batch].into_iter().chain(shape.iter().copied()).collect();
                    trace.append(name, &whole, index, data);
                };
                self.window(input, output, (&mut scratch, padded), Some(&mut observe));
            }
        } else {
            engine.pool.split_with_scratch(
                batch,
                [Chunks::new(output, answer)],
                Chunks::new(&mut scratch, each),
                |index, [output], scratch| {
                    let input = &input[index * window..][..window];
                    self.window(input, output, (scratch, padded), None);
                },
            );
        }
        self.scratch = scratch;
    }

    /// The network for one window on this thread.
    fn window(
        &self,
        input: &[f32],
        output: &mut [f32],
        (scratch, padded): (&mut [f32], usize),
        mut observe: Option<Observer<'_>>,
    ) {
        let channels = self.config.filters;
        let before = (self.config.kernel - 1) / 2;
        let (padded, rest) = scratch.split_at_mut(padded);
        let (convolved, hidden) = rest.split_at_mut(self.config.frames * channels);
        padded[before * self.config.features..][..input.len()].copy_from_slice(input);
        for (index, stage) in self.stages.iter().enumerate() {
            let (frames, inputs) = (stage.frames, stage.inputs);
            padded[..before * inputs].fill(0.0);
            let end = (before + frames) * inputs;
            padded[end..end + (self.config.kernel - 1 - before) * inputs].fill(0.0);
            let convolved = &mut convolved[..frames * channels];
            stage.convolution.apply(
                frames,
                (padded, inputs),
                (convolved, channels),
                Finish::Leaky(0.0),
            );
            for frame in convolved.chunks_exact_mut(channels) {
                for ((x, factor), offset) in frame.iter_mut().zip(&stage.factor).zip(&stage.offset)
                {
                    *x = *x * factor + offset;
                }
            }
            if let Some(observe) = &mut observe {
                observe(&format!("bn_{}", index + 1), &[frames, channels], convolved);
            }
            let is_last = index + 1 == self.stages.len();
            let start = if is_last { 0 } else { before * channels };
            let pooled = convolved.chunks_exact(stage.pool * channels);
            let targets = padded[start..].chunks_exact_mut(channels);
            for (group, target) in pooled.zip(targets) {
                target.copy_from_slice(&group[..channels]);
                for frame in group.chunks_exact(channels).skip(1) {
                    for (most, x) in target.iter_mut().zip(frame) {
                        *most = most.max(*x);
                    }
                }
            }
        }
        let [first, last] = &self.dense;
        let (flat, width) = (first.inputs(), first.outputs());
        first.apply(1, (padded, flat), (hidden, width), Finish::Leaky(0.0));
        last.apply(1, (hidden, width), (output, last.outputs()), Finish::Set);
        if let Some(observe) = &mut observe {
            observe("flat", &[flat], &padded[..flat]);
            observe("dense_1", &[width], &hidden[..width]);
        }
    }
}

impl Stage {
    fn new(
        config: &Cnn1dConfig,
        weights: Checked<'_>,
        number: usize,
        (inputs, frames, pool): (usize, usize, usize),
    ) -> Self {
        let named = |layer: &str, part: &str| weights.data(&format!("{layer}{number}.{part}"));
        let channels = config.filters;
        let filters = swapped(
            named("conv", "weight"),
            [channels, inputs, config.kernel, 1],
        );
        let bias = named("conv", "bias");
        let spread = named("norm", "running_var").iter();
        let scales = spread.map(|variance| 1.0 / (variance + config.bn_eps).sqrt());
        let factor: Vec<f32> = scales
            .zip(named("norm", "weight"))
            .map(|(s, w)| s * w)
            .collect();
        let means = named("norm", "running_mean").iter().zip(&factor);
        let offset = named("norm", "bias")
            .iter()
            .zip(means)
            .map(|(b, (mean, f))| b - mean * f);
        Self {
            convolution: Linear::new(weights.cpu, &filters, Some(bias), channels),
            inputs,
            frames,
            offset: offset.collect(),
            factor,
            pool,
        }
    }
}
