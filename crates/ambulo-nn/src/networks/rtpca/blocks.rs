//! A block of attention and hidden layer, over joints or over frames.

use super::pyramid::Pyramid;
use crate::config::RtpcaConfig;
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::mix::Mix;
use crate::kernels::norm::Norm;
use crate::layers::{Checked, Mlp};

#[derive(Debug)]
pub(super) struct Block {
    pub(super) norm1: Norm,
    projections: Projections,
    pub(super) proj: Linear,
    pub(super) norm2: Norm,
    pub(super) hidden: Hidden,
    /// Before keys and values, in temporal blocks.
    pub(super) pyramid: Option<Pyramid>,
    /// Weight of the attention to the memory, for each frame.
    pub(super) gate: Option<Vec<f32>>,
}

/// Queries, keys and values: of one input together, or queries apart.
#[derive(Debug)]
enum Projections {
    Split { queries: Linear, others: Linear },
    Fused(Linear),
}

#[derive(Debug)]
pub(super) enum Hidden {
    /// Across the channels of a token.
    Channels(Mlp),
    /// Across the frames of a channel.
    Frames { first: Mix, second: Mix },
}

impl Block {
    /// A block whose `attn.q` and `attn.kv` are apart.
    pub(super) fn new(
        config: &RtpcaConfig,
        weights: Checked<'_>,
        name: &str,
        hidden: Hidden,
    ) -> Self {
        let dim = config.dim;
        let projections = Projections::Split {
            queries: weights.linear(&format!("{name}.attn.q"), dim),
            others: weights.linear(&format!("{name}.attn.kv"), 2 * dim),
        };
        Self::of(config, weights, name, projections, hidden)
    }

    /// A block with one `attn.qkv`.
    pub(super) fn of_mixste(config: &RtpcaConfig, weights: Checked<'_>, name: &str) -> Self {
        let fused = weights.linear(&format!("{name}.attn.qkv"), 3 * config.dim);
        let hidden = Hidden::channels(config, weights, name);
        Self::of(config, weights, name, Projections::Fused(fused), hidden)
    }

    fn of(
        config: &RtpcaConfig,
        weights: Checked<'_>,
        name: &str,
        projections: Projections,
        hidden: Hidden,
    ) -> Self {
        let dim = config.dim;
        Self {
            norm1: weights.norm(&format!("{name}.norm1"), config.block_eps),
            projections,
            proj: weights.linear(&format!("{name}.attn.proj"), dim),
            norm2: weights.norm(&format!("{name}.norm2"), config.block_eps),
            hidden,
            pyramid: None,
            gate: None,
        }
    }

    /// Writes the queries of `rows` tokens into the first third of the rows of `qkv`; all three thirds
    /// where they come from one layer.
    pub(super) fn queries(&self, rows: usize, input: &[f32], qkv: &mut [f32]) {
        let dim = self.proj.inputs();
        let layer = match &self.projections {
            Projections::Split { queries, .. } => queries,
            Projections::Fused(all) => all,
        };
        layer.apply(rows, (input, dim), (qkv, 3 * dim), Finish::Set);
    }

    /// Writes keys and values into the other two thirds, unless they are there already.
    pub(super) fn keys_and_values(&self, rows: usize, input: &[f32], qkv: &mut [f32]) {
        let dim = self.proj.inputs();
        if let Projections::Split { others, .. } = &self.projections {
            let rest = qkv.get_mut(dim..).unwrap_or_default();
            others.apply(rows, (input, dim), (rest, 3 * dim), Finish::Set);
        }
    }
}

impl Hidden {
    /// The hidden layer of a block that mixes channels.
    pub(super) fn channels(config: &RtpcaConfig, weights: Checked<'_>, block: &str) -> Self {
        let dim = config.dim;
        let name = format!("{block}.mlp");
        Self::Channels(Mlp::new(weights, &name, dim * config.mlp_ratio, dim))
    }

    /// A hidden layer that takes `before` frames and gives `after`.
    pub(super) fn frames(weights: Checked<'_>, name: &str, before: usize, after: usize) -> Self {
        let mix = |layer: &str, outputs: usize| {
            Mix::new(
                weights.cpu,
                weights.data(&format!("{name}.{layer}.weight")),
                weights.optional(&format!("{name}.{layer}.bias")),
                (outputs, before, 1),
            )
        };
        Self::Frames {
            first: mix("fc1", before),
            second: mix("fc2", after),
        }
    }
}
