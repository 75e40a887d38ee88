//! ConvFormer: queries, keys and values from banks of convolutions; one frame out.
//!
//! Source: Diaz-Arias & Shin (2023), arXiv:2304.02147. No code was released: the architecture follows
//! from the paper's own counts of parameters and operations.
//!
//! Each bank is folded into one convolution when the network is made: the weights of its blend do not
//! depend on the input.

mod bank;
mod spatial;
mod temporal;

use spatial::Spatial;
use temporal::Temporal;

use crate::config::ConvFormerConfig;
use crate::kernels::buffer::Buffer;
use crate::layers::{Checked, Trace};
use crate::threads::Engine;

/// Windows of a video that are lifted together.
const VIDEO_BATCH: usize = 4;

/// The network and its memory.
#[derive(Debug)]
pub struct ConvFormer {
    config: ConvFormerConfig,
    spatial: Spatial,
    temporal: Temporal,
    /// Each frame's token, `[frames, joints · dim]`.
    frames: Buffer,
}

impl ConvFormer {
    pub(super) fn new(config: &ConvFormerConfig, weights: Checked<'_>) -> Self {
        Self {
            config: config.clone(),
            spatial: Spatial::new(config, weights),
            temporal: Temporal::new(config, weights),
            frames: Buffer::default(),
        }
    }

    /// Lifts the centre frames of `batch` windows; slices have been checked.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        let frames = batch * self.config.frames;
        let width = self.config.frame_dim();
        self.frames.reserve(frames * width);
        self.spatial
            .run(engine, input, &mut self.frames[..frames * width], trace);
        let shape = [batch, self.config.frames, width];
        trace.keep(format_args!("spatial_out"), &shape, || {
            self.frames[..frames * width].to_vec()
        });
        let hop = self.config.frames;
        self.temporal
            .run(engine, &self.frames, (batch, hop), output, trace);
    }

    /// Lifts every frame of a padded video that is the centre of a window; its length has been checked.
    pub(super) fn forward_video(&mut self, engine: &Engine, video: &[f32]) -> Vec<f32> {
        let config = &self.config;
        let frames = video.len() / (config.joints_in * config.in_channels);
        let (width, out) = (config.frame_dim(), 3 * config.joints_out);
        let mut trace = Trace::off();
        let mut tokens = Buffer::zeros(frames * width);
        self.spatial.run(engine, video, &mut tokens, &mut trace);
        let windows = frames + 1 - config.frames;
        let mut output = vec![0.0; windows * out];
        for (first, output) in (0..windows)
            .step_by(VIDEO_BATCH)
            .zip(output.chunks_mut(VIDEO_BATCH * out))
        {
            let batch = output.len() / out;
            self.temporal.run(
                engine,
                &tokens[first * width..],
                (batch, 1),
                output,
                &mut trace,
            );
        }
        output
    }
}
