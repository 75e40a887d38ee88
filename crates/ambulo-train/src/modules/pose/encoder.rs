//! Attention among the cells of a map.

use ambulo_nn::config::{Axial, Encoder, EncoderNorm, Position, sine_table};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData, activation};

use super::super::layers::{LayerNorm, Linear};
use super::super::tensors::zeros;
use super::Pass;
use super::units::{Conv, Depthwise};
use crate::datasets::takes::narrow;
use crate::ops::{self, FrameMap};

/// Tables of places, as the settings have them.
#[derive(Module, Debug)]
pub(super) struct Places {
    pos_embedding: Option<Param<Tensor<3>>>,
    pe_row: Option<Param<Tensor<2>>>,
    pe_col: Option<Param<Tensor<2>>>,
    #[module(skip)]
    position: Position,
    #[module(skip)]
    grid: [usize; 2],
}

/// What is added to queries and keys of the attention within columns, and of that within rows,
/// `[1, height, width, channels]`.
pub(super) type Placed = [Option<Tensor<4>>; 2];

impl Places {
    pub(super) fn new(position: Position, grid: [usize; 2], width: usize, device: &Device) -> Self {
        let axial = matches!(position, Position::Axial { .. });
        let whole = matches!(position, Position::Sine | Position::Learnable);
        Self {
            pos_embedding: whole.then(|| zeros([grid[0] * grid[1], 1, width], device)),
            pe_row: axial.then(|| zeros([grid[0], width], device)),
            pe_col: axial.then(|| zeros([grid[1], width], device)),
            position,
            grid,
        }
    }

    /// For a map of this size. Learned tables are interpolated where it is not the settings', the table
    /// of sines is made for it.
    pub(super) fn on(&self, size: [usize; 2]) -> Placed {
        let [rows, columns] = size;
        if let (Some(down), Some(along)) = (&self.pe_row, &self.pe_col) {
            let down = resized(down.val(), rows).unsqueeze_dims::<4>(&[0, 2]);
            let along = resized(along.val(), columns).unsqueeze_dims::<4>(&[0, 1]);
            if self.position == (Position::Axial { sum: true }) {
                let sum = down + along;
                return [Some(sum.clone()), Some(sum)];
            }
            let width = down.dims()[3];
            let shape = [1, rows, columns, width];
            return [Some(down.expand(shape)), Some(along.expand(shape))];
        }
        let Some(table) = &self.pos_embedding else {
            return [None, None];
        };
        let table = table.val();
        let width = table.dims()[2];
        let table = match self.position {
            Position::Sine if size == self.grid => {
                table.detach().reshape([1, rows, columns, width])
            }
            Position::Sine => {
                let data = TensorData::new(sine_table(size, width), [1, rows, columns, width]);
                Tensor::from_data(data, &table.device())
            }
            _ => {
                let [from_rows, from_columns] = self.grid;
                let table = resized(table.reshape([from_rows, from_columns * width]), rows);
                let table = table
                    .reshape([rows, from_columns, width])
                    .swap_dims(0, 1)
                    .reshape([from_columns, rows * width]);
                resized(table, columns)
                    .reshape([columns, rows, width])
                    .swap_dims(0, 1)
                    .unsqueeze()
            }
        };
        [Some(table.clone()), Some(table)]
    }
}

/// A table along its first axis, interpolated with both ends aligned.
fn resized(table: Tensor<2>, to: usize) -> Tensor<2> {
    let from = table.dims()[0];
    if from == to {
        return table;
    }
    let map = FrameMap::interpolation(from, to);
    let data = TensorData::new(map.values, [to, from]);
    Tensor::<2>::from_data(data, &table.device()).matmul(table)
}

/// The layers, one after the other.
#[derive(Module, Debug)]
pub(super) struct Layers {
    layers: Vec<Layer>,
}

impl Layers {
    pub(super) fn new(
        count: usize,
        encoder: &Encoder,
        (width, heads): (usize, usize),
        ln_eps: f32,
        device: &Device,
    ) -> Self {
        let layer = |_| Layer::new(encoder, (width, heads), ln_eps, device);
        Self {
            layers: (0..count).map(layer).collect(),
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>, places: &Placed, pass: &mut Pass<'_>) -> Tensor<4> {
        let layers = self.layers.iter();
        layers.fold(x, |x, layer| layer.forward(x, places, pass))
    }
}

#[derive(Module, Debug)]
struct Layer {
    self_attn: Option<SelfAttention>,
    col: Option<Attention>,
    row: Option<Attention>,
    dsc_a: Option<Separable>,
    dsc_b: Option<Separable>,
    linear1: Option<Linear>,
    linear2: Option<Linear>,
    norm1: Option<LayerNorm>,
    norm2: Option<LayerNorm>,
    norm3: Option<LayerNorm>,
    norm4: Option<LayerNorm>,
    gate1: Option<Param<Tensor<1>>>,
    gate2: Option<Param<Tensor<1>>>,
    gate3: Option<Param<Tensor<1>>>,
    gate4: Option<Param<Tensor<1>>>,
    #[module(skip)]
    encoder: Encoder,
    #[module(skip)]
    heads: usize,
}

/// Queries, keys and values by one matrix, and the projection of what attention gives.
#[derive(Module, Debug)]
struct Attention {
    in_proj: Linear,
    out: Linear,
}

/// The same with the names of `PyTorch`.
#[derive(Module, Debug)]
struct SelfAttention {
    in_proj_weight: Param<Tensor<2>>,
    in_proj_bias: Param<Tensor<1>>,
    out_proj: Linear,
}

/// Two convolutions: 3×3 of each channel for itself, then 1×1.
#[derive(Module, Debug)]
struct Separable {
    dw: Depthwise,
    pw: Conv,
}

impl Separable {
    fn new(width: usize, device: &Device) -> Self {
        Self {
            dw: Depthwise::new(width, device),
            pw: Conv::new([width, width, 1, 1], device).biased(device),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.pw.forward(self.dw.forward(x))
    }
}

/// What attends to what.
#[derive(Debug, Clone, Copy)]
enum Within {
    All,
    Columns,
    Rows,
}

impl Layer {
    fn new(
        encoder: &Encoder,
        (width, heads): (usize, usize),
        ln_eps: f32,
        device: &Device,
    ) -> Self {
        let (twin, norm, ffn) = match encoder {
            Encoder::SelfAttention { ffn, norm } => (None, *norm, Some(*ffn)),
            Encoder::Twin { axial, norm, feed } => (Some(*axial), *norm, feed.ffn),
        };
        let mut branches = if twin.is_some() {
            vec![1, 2, 3]
        } else {
            vec![1, 2]
        };
        if twin == Some(Axial::Parallel) && norm != EncoderNorm::Rezero {
            branches.remove(1);
        }
        if twin.is_some() && ffn.is_some() {
            branches.push(4);
        }
        let has_norm = |branch| norm != EncoderNorm::Rezero && branches.contains(&branch);
        let has_gate = |branch| norm == EncoderNorm::Rezero && branches.contains(&branch);
        let layer_norm = |branch| has_norm(branch).then(|| LayerNorm::new(width, ln_eps, device));
        let gate = |branch| has_gate(branch).then(|| zeros([1], device));
        let attention = || Attention {
            in_proj: Linear::new(width, 3 * width, device),
            out: Linear::new(width, width, device),
        };
        let separable = || twin.map(|_| Separable::new(width, device));
        Self {
            self_attn: twin.is_none().then(|| SelfAttention {
                in_proj_weight: zeros([3 * width, width], device),
                in_proj_bias: zeros([3 * width], device),
                out_proj: Linear::new(width, width, device),
            }),
            col: twin.map(|_| attention()),
            row: twin.map(|_| attention()),
            dsc_a: separable(),
            dsc_b: separable(),
            linear1: ffn.map(|hidden| Linear::new(width, hidden, device)),
            linear2: ffn.map(|hidden| Linear::new(hidden, width, device)),
            norm1: layer_norm(1),
            norm2: layer_norm(2),
            norm3: layer_norm(3),
            norm4: layer_norm(4),
            gate1: gate(1),
            gate2: gate(2),
            gate3: gate(3),
            gate4: gate(4),
            encoder: encoder.clone(),
            heads,
        }
    }

    fn forward(&self, x: Tensor<4>, places: &Placed, pass: &mut Pass<'_>) -> Tensor<4> {
        let [down, along] = places;
        match &self.encoder {
            Encoder::SelfAttention { .. } => {
                let x = self.branch(1, x, pass, |x, pass| {
                    self.attend(Within::All, x, down.as_ref(), pass)
                });
                self.branch(2, x, pass, |x, pass| self.feed(x, pass))
            }
            Encoder::Twin { axial, feed, .. } => {
                let columns = |x: Tensor<4>, pass: &mut Pass<'_>| {
                    self.attend(Within::Columns, x, down.as_ref(), pass)
                };
                let rows = |x: Tensor<4>, pass: &mut Pass<'_>| {
                    self.attend(Within::Rows, x, along.as_ref(), pass)
                };
                let x = match axial {
                    Axial::Sequential => {
                        let x = self.branch(1, x, pass, columns);
                        self.branch(2, x, pass, rows)
                    }
                    Axial::Parallel => self.side_by_side(x, pass, columns, rows),
                };
                let slope = f64::from(feed.leaky_slope);
                let x = self.branch(3, x, pass, |x, _| self.separable(x, slope));
                if feed.ffn.is_some() {
                    self.branch(4, x, pass, |x, pass| self.feed(x, pass))
                } else {
                    x
                }
            }
        }
    }

    /// The norm and the gate of a branch.
    fn parts(&self, branch: usize) -> (Option<&LayerNorm>, Option<Tensor<4>>) {
        let norms = [&self.norm1, &self.norm2, &self.norm3, &self.norm4];
        let gates = [&self.gate1, &self.gate2, &self.gate3, &self.gate4];
        let gate = gates[branch - 1].as_ref();
        let gate = gate.map(|gate| gate.val().reshape([1, 1, 1, 1]));
        (norms[branch - 1].as_ref(), gate)
    }

    fn is_pre_norm(&self) -> bool {
        let (Encoder::SelfAttention { norm, .. } | Encoder::Twin { norm, .. }) = &self.encoder;
        *norm == EncoderNorm::Pre
    }

    /// A branch, its residual sum, its norm or gate.
    fn branch(
        &self,
        branch: usize,
        x: Tensor<4>,
        pass: &mut Pass<'_>,
        of: impl Fn(Tensor<4>, &mut Pass<'_>) -> Tensor<4>,
    ) -> Tensor<4> {
        let (norm, gate) = self.parts(branch);
        let inner = match norm {
            Some(norm) if self.is_pre_norm() => norm.forward(x.clone()),
            _ => x.clone(),
        };
        let y = dropout(of(inner, pass), pass);
        let y = match gate {
            Some(gate) => y * gate,
            None => y,
        };
        match norm {
            Some(norm) if !self.is_pre_norm() => norm.forward(x + y),
            _ => x + y,
        }
    }

    /// Both attentions of the same tokens. With gates each has its own; the norm is shared.
    fn side_by_side(
        &self,
        x: Tensor<4>,
        pass: &mut Pass<'_>,
        columns: impl Fn(Tensor<4>, &mut Pass<'_>) -> Tensor<4>,
        rows: impl Fn(Tensor<4>, &mut Pass<'_>) -> Tensor<4>,
    ) -> Tensor<4> {
        let (norm, gate1) = self.parts(1);
        let (_, gate2) = self.parts(2);
        let inner = match norm {
            Some(norm) if self.is_pre_norm() => norm.forward(x.clone()),
            _ => x.clone(),
        };
        let gated = |y: Tensor<4>, gate: Option<Tensor<4>>| match gate {
            Some(gate) => y * gate,
            None => y,
        };
        let y = gated(dropout(columns(inner.clone(), pass), pass), gate1);
        let z = gated(dropout(rows(inner, pass), pass), gate2);
        match norm {
            Some(norm) if !self.is_pre_norm() => norm.forward(x + y + z),
            _ => x + y + z,
        }
    }

    fn attend(
        &self,
        within: Within,
        x: Tensor<4>,
        place: Option<&Tensor<4>>,
        pass: &mut Pass<'_>,
    ) -> Tensor<4> {
        let (projection, out) = match (within, &self.self_attn, &self.col, &self.row) {
            (Within::All, Some(attention), ..) => {
                let (weight, bias) = (&attention.in_proj_weight, &attention.in_proj_bias);
                ((weight.val(), bias.val()), &attention.out_proj)
            }
            (Within::Columns, _, Some(attention), _) | (Within::Rows, _, _, Some(attention)) => {
                (attention.in_proj.parts(), &attention.out)
            }
            _ => return x,
        };
        let shape @ [batch, height, width, channels] = x.dims();
        let qkv = projected(x, place, projection); // [batch, height, width, 3 · channels]
        let queries = qkv.clone().narrow(3, 0, channels);
        let memory = qkv.narrow(3, channels, 2 * channels);
        let sequences = match within {
            Within::All => [batch, height * width, 1],
            Within::Columns => [batch, height, width],
            Within::Rows => [batch * height, width, 1],
        };
        let of = |x: Tensor<4>, channels: usize| {
            let [outer, tokens, inner] = sequences;
            x.reshape([outer, tokens, inner, channels])
        };
        let (queries, memory) = (of(queries, channels), of(memory, 2 * channels));
        let y = match pass {
            Some(training) if training.dropout > 0.0 => {
                ops::attention_leaving_out(queries, memory, self.heads, |x| {
                    left_out(x, training.dropout, &mut training.rng)
                })
            }
            _ => ops::attention(queries, memory, self.heads),
        };
        out.forward(y.reshape(shape))
    }

    fn separable(&self, x: Tensor<4>, slope: f64) -> Tensor<4> {
        match (&self.dsc_a, &self.dsc_b) {
            (Some(a), Some(b)) => b.forward(activation::leaky_relu(a.forward(x), slope)),
            _ => x,
        }
    }

    fn feed(&self, x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        match (&self.linear1, &self.linear2) {
            (Some(first), Some(second)) => {
                let hidden = activation::relu(first.forward(x));
                second.forward(dropout(hidden, pass))
            }
            _ => x,
        }
    }
}

/// Queries and keys of `x + place`, values of `x`, side by side.
///
/// The place's share of them is the same for the whole batch and is computed once.
fn projected(
    x: Tensor<4>,
    place: Option<&Tensor<4>>,
    (weight, bias): (Tensor<2>, Tensor<1>),
) -> Tensor<4> {
    let channels = x.dims()[3];
    let shift = place.map(|place| {
        let [_, height, width, _] = place.dims();
        let of_place = weight.clone().narrow(0, 0, 2 * channels).swap_dims(0, 1);
        let place = place.clone().reshape([height * width, channels]);
        let shift = place.matmul(of_place);
        let none = Tensor::zeros([height * width, channels], &shift.device());
        let shift = Tensor::cat(vec![shift, none], 1);
        shift.reshape([1, height, width, 3 * channels])
    });
    let qkv = Linear::apply(x, weight, Some(bias));
    match shift {
        Some(shift) => qkv + shift,
        None => qkv,
    }
}

fn dropout(x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
    match pass {
        Some(training) if training.dropout > 0.0 => {
            left_out(x, training.dropout, &mut training.rng)
        }
        _ => x,
    }
}

/// Leaves out a share of the numbers and scales the others up so that the mean is kept.
fn left_out(x: Tensor<4>, share: f64, rng: &mut ambulo::synth::SeededRng) -> Tensor<4> {
    let kept = narrow(1.0 / (1.0 - share));
    let count: usize = x.dims().iter().product();
    let factors: Vec<f32> = (0..count)
        .map(|_| if rng.unit() < share { 0.0 } else { kept })
        .collect();
    let factors = TensorData::new(factors, x.dims());
    let device = x.device();
    x * Tensor::from_data(factors, &device)
}
