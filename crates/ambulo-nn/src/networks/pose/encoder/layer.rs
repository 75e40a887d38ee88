//! One layer of an encoder, row of cells by row.

use super::places::{Places, Shift, Within};
use super::widths::{Parts, Widths};
use crate::config::{Axial, Encoder, EncoderNorm};
use crate::kernels::depthwise::Depthwise;
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::norm::Norm;
use crate::layers::Checked;

/// A layer. Its branches are counted from 0: those of attention, of the separable convolutions, of the
/// linear layers.
#[derive(Debug)]
pub(super) struct Layer {
    channels: usize,
    pub(super) mixing: Mixing,
    pub(super) separable: Option<Separable>,
    linear: Option<[Linear; 2]>,
    norms: [Option<Norm>; 4],
    /// Whether norms come before their branches, not after the sums.
    pub(super) is_pre_norm: bool,
}

/// What attends to what.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an encoder has a few layers, all of one kind"
)]
pub(super) enum Mixing {
    All(Attend),
    Twin {
        columns: Attend,
        rows: Attend,
        axial: Axial,
    },
}

/// The layers before and after an attention.
#[derive(Debug)]
pub(super) struct Attend {
    projection: Linear,
    shift: Shift,
    out: Linear,
}

/// Two convolutions: of each channel for itself, then among channels.
#[derive(Debug)]
pub(super) struct Separable {
    pub(super) depthwise: [Depthwise; 2],
    pointwise: [Linear; 2],
    slope: f32,
}

/// Reads a layer's tensors.
#[derive(Clone, Copy)]
struct Named<'a> {
    weights: Checked<'a>,
    name: &'a str,
    channels: usize,
}

impl<'a> Named<'a> {
    fn data(self, part: &str) -> &'a [f32] {
        self.weights.data(&format!("{}.{part}", self.name))
    }

    /// A layer whose result is multiplied by the gate of a branch, if there is one.
    fn gated(self, part: &str, outputs: usize, gate: usize) -> Linear {
        let gate = self.weights.optional(&format!("{}.gate{gate}", self.name));
        let factor = gate.and_then(|gate| gate.first()).copied();
        let [weights, bias] = ["weight", "bias"].map(|of| self.data(&format!("{part}.{of}")));
        let scaled = |numbers: &[f32]| -> Vec<f32> {
            let factor = factor.unwrap_or(1.0);
            numbers.iter().map(|x| x * factor).collect()
        };
        let (weights, bias) = (scaled(weights), scaled(bias));
        Linear::new(self.weights.cpu, &weights, Some(&bias), outputs)
    }

    fn attend(
        self,
        [weight, bias, out]: [&str; 3],
        gate: usize,
        (places, within, widths): (&Places, Within, Widths),
    ) -> Attend {
        let (cpu, channels) = (self.weights.cpu, self.channels);
        let parts = (self.data(weight), self.data(bias));
        Attend {
            projection: Linear::new(cpu, parts.0, None, 3 * channels),
            shift: Shift::new(cpu, parts, places, within, widths.extents),
            out: self.gated(out, channels, gate),
        }
    }
}

impl Layer {
    pub(super) fn new(
        encoder: &Encoder,
        widths: Widths,
        eps: f32,
        places: &Places,
        weights: Checked<'_>,
        name: &str,
    ) -> Self {
        let channels = widths.extents.channels;
        let named = Named {
            weights,
            name,
            channels,
        };
        let linear = |hidden: usize, gate: usize| {
            let first = weights.linear(&format!("{name}.linear1"), hidden);
            [first, named.gated("linear2", channels, gate)]
        };
        let (mixing, separable, linear, norm) = match encoder {
            Encoder::SelfAttention { ffn, norm } => {
                let parts = [
                    "self_attn.in_proj_weight",
                    "self_attn.in_proj_bias",
                    "self_attn.out_proj",
                ];
                let attend = named.attend(parts, 1, (places, Within::Columns, widths));
                (Mixing::All(attend), None, Some(linear(*ffn, 2)), *norm)
            }
            Encoder::Twin { axial, norm, feed } => {
                let columns = ["col.in_proj.weight", "col.in_proj.bias", "col.out"];
                let rows = ["row.in_proj.weight", "row.in_proj.bias", "row.out"];
                let mixing = Mixing::Twin {
                    columns: named.attend(columns, 1, (places, Within::Columns, widths)),
                    rows: named.attend(rows, 2, (places, Within::Rows, widths)),
                    axial: *axial,
                };
                let separable = Separable::new(named, feed.leaky_slope);
                (
                    mixing,
                    Some(separable),
                    feed.ffn.map(|ffn| linear(ffn, 4)),
                    *norm,
                )
            }
        };
        let norm_of = |branch: usize| {
            let name = format!("{name}.norm{}", branch + 1);
            let exists = weights.optional(&format!("{name}.weight")).is_some();
            exists.then(|| weights.norm(&name, eps))
        };
        Self {
            channels,
            mixing,
            separable,
            linear,
            norms: std::array::from_fn(norm_of),
            is_pre_norm: norm == EncoderNorm::Pre,
        }
    }

    /// Queries, keys and values of a row of cells for the attention that comes first.
    pub(super) fn project(&self, row: usize, x: &[f32], qkv: &mut [f32], parts: &mut Parts<'_>) {
        let (Mixing::All(attend)
        | Mixing::Twin {
            columns: attend, ..
        }) = &self.mixing;
        attend.project(row, self.norm_before(0, x, parts.normed), qkv);
    }

    /// What a branch reads: the cells, or their norm in `normed`.
    pub(super) fn norm_before<'a>(
        &self,
        branch: usize,
        x: &'a [f32],
        normed: &'a mut [f32],
    ) -> &'a [f32] {
        match &self.norms[branch] {
            Some(norm) if self.is_pre_norm => {
                let rows = x.len() / self.channels;
                norm.apply(rows, (x, self.channels), (normed, self.channels));
                normed
            }
            _ => x,
        }
    }

    /// The norm of the sum of the cells and a branch.
    pub(super) fn norm_after(&self, branch: usize, x: &mut [f32]) {
        if let Some(norm) = &self.norms[branch]
            && !self.is_pre_norm
        {
            norm.apply_in_place(x.len() / self.channels, (x, self.channels));
        }
    }

    /// The linear layers, if there are any.
    pub(super) fn feed(&self, branch: usize, x: &mut [f32], parts: &mut Parts<'_>) {
        if let Some([first, second]) = &self.linear {
            let (rows, channels) = (x.len() / self.channels, self.channels);
            let hidden = first.outputs();
            let entered = self.norm_before(branch, x, parts.normed);
            let rectify = Finish::Leaky(0.0);
            first.apply(rows, (entered, channels), (parts.wide, hidden), rectify);
            second.apply(rows, (parts.wide, hidden), (x, channels), Finish::Add);
            self.norm_after(branch, x);
        }
    }
}

impl Attend {
    /// Queries, keys and values of a row of cells.
    pub(super) fn project(&self, row: usize, cells: &[f32], qkv: &mut [f32]) {
        let channels = self.projection.inputs();
        self.shift.write(row, qkv);
        let (from, to) = ((cells, channels), (qkv, 3 * channels));
        self.projection
            .apply(cells.len() / channels, from, to, Finish::Add);
    }

    /// Adds what attention gave to a row of cells.
    pub(super) fn leave(&self, attended: &[f32], x: &mut [f32]) {
        let channels = self.out.outputs();
        let rows = x.len() / channels;
        self.out
            .apply(rows, (attended, channels), (x, channels), Finish::Add);
    }
}

impl Separable {
    fn new(named: Named<'_>, slope: f32) -> Self {
        let depthwise = |name: &str| {
            let [weights, bias] = ["weight", "bias"].map(|of| named.data(&format!("{name}.{of}")));
            Depthwise::new(named.weights.cpu, weights, bias)
        };
        Self {
            depthwise: [depthwise("dsc_a.dw"), depthwise("dsc_b.dw")],
            pointwise: [
                named
                    .weights
                    .linear(&format!("{}.dsc_a.pw", named.name), named.channels),
                named.gated("dsc_b.pw", named.channels, 3),
            ],
            slope,
        }
    }

    /// The end of the first convolution, and the rectifier.
    pub(super) fn first(&self, filtered: &[f32], hidden: &mut [f32]) {
        let layer = &self.pointwise[0];
        let channels = layer.inputs();
        let (from, to) = ((filtered, channels), (hidden, channels));
        let rows = filtered.len() / channels;
        layer.apply(rows, from, to, Finish::Leaky(self.slope));
    }

    /// The end of the second convolution, added to the cells.
    pub(super) fn second(&self, filtered: &[f32], x: &mut [f32]) {
        let layer = &self.pointwise[1];
        let channels = layer.inputs();
        let rows = filtered.len() / channels;
        layer.apply(rows, (filtered, channels), (x, channels), Finish::Add);
    }
}
