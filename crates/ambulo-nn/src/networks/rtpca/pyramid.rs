//! The pyramid over time (TPCA): the input of keys and values, seen at three coarser rates.

use crate::config::{Amplify, Compress, RtpcaConfig, TpcaConfig};
use crate::kernels::Cpu;
use crate::kernels::norm::{Norm, add};
use crate::kernels::time::{Filter, TimeConv, TimeNorm, filter};
use crate::layers::Checked;

/// Channels filtered together.
const WIDTH: usize = 64;

#[derive(Debug)]
pub(super) struct Pyramid {
    compress: Compress,
    amplify: Amplify,
    frames: usize,
    lengths: [usize; 3],
    width: usize,
    convs: Vec<TimeConv>,
    norms: Vec<TimeNorm>,
    ups: Vec<TimeConv>,
    up_norms: Vec<TimeNorm>,
    /// Of each filtered token.
    pub(super) norm: Norm,
}

/// Some neighbouring channels of a clip.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channels<'a> {
    /// The first channel's first frame comes first.
    pub(super) input: &'a [f32],
    /// From frame to frame.
    pub(super) stride: usize,
    /// The first channel's index in a token.
    pub(super) first: usize,
}

/// Channels that are filtered together: they divide the width of a token.
fn width(config: &RtpcaConfig) -> usize {
    if config.dim.is_multiple_of(WIDTH) {
        WIDTH
    } else {
        config.dim
    }
}

/// Scratch memory of a thread: the input, three levels down, three up.
pub(super) fn scratch_len(config: &RtpcaConfig) -> usize {
    let levels: usize = crate::config::pyramid_lengths(config.frames).iter().sum();
    width(config) * (2 * config.frames + 2 * levels)
}

impl Pyramid {
    pub(super) fn new(
        config: &RtpcaConfig,
        tpca: TpcaConfig,
        block: usize,
        weights: Checked<'_>,
        name: &str,
    ) -> Self {
        let parts = |stem: &str| [1, 2, 3].map(|level| format!("{name}.{stem}{level}"));
        let convs = |stem: &str| -> Vec<TimeConv> {
            parts(stem)
                .into_iter()
                .filter_map(|name| {
                    let weight = weights.optional(&format!("{name}.weight"))?;
                    Some(TimeConv::new(weight, weights.data(&format!("{name}.bias"))))
                })
                .collect()
        };
        let norms = |stem: &str| -> Vec<TimeNorm> {
            parts(stem)
                .into_iter()
                .filter_map(|name| {
                    Some(TimeNorm {
                        weight: weights.optional(&format!("{name}.weight"))?.to_vec(),
                        bias: weights.data(&format!("{name}.bias")).to_vec(),
                        eps: config.tpca_eps,
                    })
                })
                .collect()
        };
        Self {
            compress: tpca.compress,
            amplify: tpca.amplify,
            frames: config.block_frames(block).0,
            lengths: config.pyramid_lengths(block),
            width: width(config),
            convs: convs("conv"),
            norms: norms("norm"),
            ups: convs("up"),
            up_norms: norms("upnorm"),
            norm: weights.norm(&format!("{name}.norm4"), config.tpca_eps),
        }
    }

    /// Channels filtered together.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Filters channels; the result, `[tokens, width]`, lies in the scratch memory. Each level is shown
    /// to `observe` before anything is added to it.
    pub(super) fn run<'a>(
        &self,
        cpu: Cpu,
        channels: Channels<'_>,
        scratch: &'a mut [f32],
        observe: &mut dyn FnMut(&'static str, &[f32]),
    ) -> &'a [f32] {
        let width = self.width;
        let [half, quarter, eighth] = self.lengths;
        let (input, rest) = scratch.split_at_mut(self.frames * width);
        let (p1, rest) = rest.split_at_mut(half * width);
        let (p2, rest) = rest.split_at_mut(quarter * width);
        let (p3, rest) = rest.split_at_mut(eighth * width);
        for (frame, row) in input.chunks_exact_mut(width).enumerate() {
            row.copy_from_slice(&channels.input[frame * channels.stride..][..width]);
        }
        self.down(cpu, 0, channels.first, (input, input), p1, rest);
        observe("p1", p1);
        self.down(cpu, 1, channels.first, (p1, input), p2, rest);
        observe("p2", p2);
        self.down(cpu, 2, channels.first, (p2, input), p3, rest);
        observe("p3", p3);
        if self.amplify == Amplify::None {
            return p3;
        }
        let (c1, rest) = rest.split_at_mut(quarter * width);
        let (c2, rest) = rest.split_at_mut(half * width);
        let c3 = &mut rest[..self.frames * width];
        self.up(cpu, 0, channels.first, p3, c1);
        observe("c1", c1);
        add(cpu, c1, p2);
        self.up(cpu, 1, channels.first, c1, c2);
        observe("c2", c2);
        add(cpu, c2, p1);
        self.up(cpu, 2, channels.first, c2, c3);
        observe("c3", c3);
        add(cpu, c3, input);
        c3
    }

    /// One level down, from the level above, or also from the input.
    fn down(
        &self,
        cpu: Cpu,
        level: usize,
        first: usize,
        (above, input): (&[f32], &[f32]),
        out: &mut [f32],
        spare: &mut [f32],
    ) {
        let width = self.width;
        match self.compress {
            Compress::Pool => filter(cpu, Filter::Pool, width, above, out),
            Compress::Conv => {
                filter(
                    cpu,
                    Filter::Down(&self.convs[level], first),
                    width,
                    above,
                    out,
                );
            }
            Compress::PoolConv => {
                let conv = Filter::Down(&self.convs[level], first);
                filter(cpu, conv, width, above, out);
                let pooled = &mut spare[..out.len()];
                filter(cpu, Filter::Pool, width, input, pooled);
                add(cpu, out, pooled);
            }
        }
        if let Some(norm) = self.norms.get(level) {
            norm.apply(cpu, width, out);
        }
    }

    /// One level up.
    fn up(&self, cpu: Cpu, level: usize, first: usize, below: &[f32], out: &mut [f32]) {
        let way = match self.amplify {
            Amplify::Transconv => Filter::Up(&self.ups[level], first),
            Amplify::Linear | Amplify::None => Filter::Interpolate,
        };
        filter(cpu, way, self.width, below, out);
        if let Some(norm) = self.up_norms.get(level) {
            norm.apply(cpu, self.width, out);
        }
    }
}
