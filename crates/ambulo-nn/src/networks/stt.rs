//! STT: windows of keypoints to one number each. A thread takes a window as a whole.

use crate::config::SttConfig;
use crate::kernels::Cpu;
use crate::kernels::attention::{self, Attention, Blend, Heads, KeyValues, Layout, Tokens};
use crate::kernels::buffer::{Buffer, LINE};
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::norm::{Norm, add};
use crate::kernels::pool::Chunks;
use crate::layers::{Checked, Mlp, Trace};
use crate::threads::Engine;

/// The network and its memory.
#[derive(Debug)]
pub struct Stt {
    config: SttConfig,
    embed: Linear,
    places: [Vec<f32>; 2],
    spatial: Block,
    spatial_norm: Norm,
    temporal: Block,
    temporal_norm: Norm,
    /// Weight of each frame, and the one number that is added to every feature.
    mean: (Vec<f32>, f32),
    head_norm: Norm,
    head: [Linear; 2],
    scratch: Buffer,
}

/// Attention and two layers, each after a norm and added to what was there.
#[derive(Debug)]
struct Block {
    heads: usize,
    dim: usize,
    norm1: Norm,
    qkv: Linear,
    proj: Linear,
    norm2: Norm,
    mlp: Mlp,
}

impl Stt {
    pub(super) fn new(config: &SttConfig, weights: Checked<'_>) -> Self {
        let (dim, wide) = (config.dim, config.frame_dim());
        let places = ["spatial_positional_enc", "temporal_positional_enc"];
        let bias = weights.data("weighted_mean.bias").first().copied();
        let hidden = weights.data("regression_head.1.bias").len();
        Self {
            config: config.clone(),
            embed: weights.linear("joint_embedding", dim),
            places: places.map(|name| weights.data(name).to_vec()),
            spatial: Block::new(config, weights, "spatial_block", dim),
            spatial_norm: weights.norm("spatial_norm", config.block_eps),
            temporal: Block::new(config, weights, "temporal_block", wide),
            temporal_norm: weights.norm("temporal_norm", config.block_eps),
            mean: (
                weights.data("weighted_mean.weight").to_vec(),
                bias.unwrap_or(0.0),
            ),
            head_norm: weights.norm("regression_head.0", config.head_eps),
            head: [
                weights.linear("regression_head.1", hidden),
                weights.linear("regression_head.3", 1),
            ],
            scratch: Buffer::default(),
        }
    }

    /// Estimates one number for each of `batch` windows; slices have been checked.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        let window = input.len() / batch;
        let each = self.scratch_len(engine.cpu);
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.reserve(each * engine.pool.threads());
        if trace.is_on() {
            let windows = input.chunks_exact(window).zip(output.chunks_exact_mut(1));
            for (index, (input, output)) in windows.enumerate() {
                let mut observe = |name: &str, shape: &[usize], data: &[f32]| {
                    let mut whole = shape.to_vec();
                    whole[0] *= batch;
                    trace.append(name, &whole, index, data);
                };
                self.window(engine.cpu, input, output, &mut scratch, Some(&mut observe));
            }
        } else {
            engine.pool.split_with_scratch(
                batch,
                [Chunks::new(output, 1)],
                Chunks::new(&mut scratch, each),
                |index, [output], scratch| {
                    let input = &input[index * window..][..window];
                    self.window(engine.cpu, input, output, scratch, None);
                },
            );
        }
        self.scratch = scratch;
    }

    fn scratch_len(&self, cpu: Cpu) -> usize {
        let whole = self.config.frames * self.config.frame_dim();
        let [joints, frames] = [
            (self.spatial.dim, self.config.joints),
            (self.temporal.dim, self.config.frames),
        ]
        .map(|(dim, keys)| attention::scratch_len(cpu, dim / self.config.heads, keys));
        let hidden = whole * self.config.mlp_ratio;
        (5 * whole + hidden.max(joints).max(frames)).next_multiple_of(LINE)
    }

    /// The network for one window on this thread.
    fn window(
        &self,
        cpu: Cpu,
        input: &[f32],
        output: &mut [f32],
        scratch: &mut [f32],
        mut observe: Option<Observer<'_>>,
    ) {
        let SttConfig {
            frames,
            joints,
            dim,
            ..
        } = self.config;
        let wide = joints * dim;
        let (x, scratch) = scratch.split_at_mut(frames * wide);
        let tokens = frames * joints;
        let channels = self.embed.inputs();
        self.embed
            .apply(tokens, (input, channels), (x, dim), Finish::Set);
        for frame in x.chunks_exact_mut(wide) {
            add(cpu, frame, &self.places[0]);
        }
        let shape = [frames, joints, dim];
        let attended = self
            .spatial
            .apply(cpu, [frames, joints], x, scratch, observe.is_some());
        if let Some(observe) = &mut observe {
            let heads = self.spatial.heads;
            observe(
                "spatial_attention",
                &[1, frames, heads, joints, joints],
                &attended,
            );
            observe("spatial_block", &shape, x);
        }
        self.spatial_norm.apply_in_place(tokens, (x, dim));
        if let Some(observe) = &mut observe {
            observe("spatial_norm", &shape, x);
        }
        add(cpu, x, &self.places[1]);
        let attended = self
            .temporal
            .apply(cpu, [1, frames], x, scratch, observe.is_some());
        if let Some(observe) = &mut observe {
            let heads = self.temporal.heads;
            observe("temporal_attention", &[1, heads, frames, frames], &attended);
            observe("temporal_block", &[1, frames, wide], x);
        }
        self.temporal_norm.apply_in_place(frames, (x, wide));
        let (mean, hidden) = scratch.split_at_mut(wide);
        mean.fill(self.mean.1);
        for (frame, weight) in x.chunks_exact(wide).zip(&self.mean.0) {
            for (mean, value) in mean.iter_mut().zip(frame) {
                *mean += weight * value;
            }
        }
        if let Some(observe) = &mut observe {
            observe("temporal_norm", &[1, frames, wide], x);
            observe("time_mix", &[1, 1, wide], mean);
        }
        self.head_norm.apply_in_place(1, (mean, wide));
        let [first, last] = &self.head;
        let width = first.outputs();
        first.apply(1, (mean, wide), (hidden, width), Finish::Leaky(0.0));
        last.apply(1, (hidden, width), (output, 1), Finish::Set);
    }
}

/// Is shown intermediate results of a window, with their extents.
type Observer<'a> = &'a mut dyn FnMut(&str, &[usize], &[f32]);

impl Block {
    fn new(config: &SttConfig, weights: Checked<'_>, name: &str, dim: usize) -> Self {
        Self {
            heads: config.heads,
            dim,
            norm1: weights.norm(&format!("{name}.norm1"), config.block_eps),
            qkv: weights.linear(&format!("{name}.attn.qkv"), 3 * dim),
            proj: weights.linear(&format!("{name}.attn.proj"), dim),
            norm2: weights.norm(&format!("{name}.norm2"), config.block_eps),
            mlp: Mlp::new(weights, &format!("{name}.mlp"), config.mlp_ratio * dim, dim),
        }
    }

    /// Applies the block to sequences of tokens; returns the softmax of the attention if it is asked for.
    fn apply(
        &self,
        cpu: Cpu,
        [sequences, tokens]: [usize; 2],
        x: &mut [f32],
        scratch: &mut [f32],
        is_traced: bool,
    ) -> Vec<f32> {
        let dim = self.dim;
        let rows = sequences * tokens;
        let (normed, rest) = scratch.split_at_mut(rows * dim);
        let (qkv, rest) = rest.split_at_mut(3 * rows * dim);
        self.norm1.apply(rows, (x, dim), (normed, dim));
        self.qkv
            .apply(rows, (normed, dim), (qkv, 3 * dim), Finish::Set);
        let layout = |width: usize| Layout {
            offset: 0,
            group: sequences,
            outer: 0,
            inner: tokens * width,
            step: width,
        };
        let queries = Tokens {
            data: qkv,
            layout: layout(3 * dim),
            count: tokens,
        };
        let keys = Tokens {
            layout: queries.layout.shifted(dim),
            ..queries
        };
        let width = dim / self.heads;
        let segments = [KeyValues {
            keys,
            value_offset: dim,
        }];
        let attention = Attention {
            heads: Heads {
                sequences,
                count: self.heads,
                width,
                scale: 1.0 / (width as f32).sqrt(),
            },
            queries,
            segments: &segments,
            blend: Blend::Set,
        };
        let asked = if is_traced {
            rows * self.heads * tokens
        } else {
            0
        };
        let mut softmax = vec![0.0; asked];
        let kept = is_traced.then_some(&mut softmax[..]);
        attention.run(cpu, (normed, layout(dim)), rest, kept);
        self.proj.apply(rows, (normed, dim), (x, dim), Finish::Add);
        self.norm2.apply(rows, (x, dim), (normed, dim));
        self.mlp.add_to(rows, normed, rest, x);
        softmax
    }
}
