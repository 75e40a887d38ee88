//! Steps from named tensors: convolutions with the batch norms behind them folded in.

use super::program::{Addend, Map, Order, Program, Step};
use crate::kernels::conv::{Conv, Geometry, Rectify};
use crate::kernels::maps::{Extents, Place};
use crate::layers::Checked;

/// Gathers the steps of a network.
pub(super) struct Builder<'a> {
    pub(super) weights: Checked<'a>,
    eps: f32,
    maps: Vec<Extents>,
    steps: Vec<Step>,
}

/// Some channels of a map.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub(super) map: Map,
    pub(super) channel: usize,
}

impl From<Map> for Part {
    fn from(map: Map) -> Self {
        Self { map, channel: 0 }
    }
}

/// What follows a convolution.
#[derive(Debug, Clone)]
pub(super) struct Follow {
    rectify: Rectify,
    /// Maps, and how often each is doubled.
    terms: Vec<(Map, u32)>,
}

impl Follow {
    /// Nothing.
    pub(super) fn nothing() -> Self {
        Self {
            rectify: Rectify::Never,
            terms: Vec::new(),
        }
    }

    /// The rectifier.
    pub(super) fn relu() -> Self {
        Self {
            rectify: Rectify::Last,
            ..Self::nothing()
        }
    }

    /// The sum with a map.
    pub(super) fn plus(mut self, map: Map) -> Self {
        self.terms.push((map, 0));
        self
    }

    /// The sum with a map that is doubled in size first.
    pub(super) fn plus_doubled(mut self, map: Map) -> Self {
        self.terms.push((map, 1));
        self
    }

    /// The rectifier, then the sum with a map.
    pub(super) fn relu_plus(map: Map) -> Self {
        Self {
            rectify: Rectify::First,
            terms: vec![(map, 0)],
        }
    }
}

/// A convolution's numbers.
#[derive(Debug, Clone)]
pub(super) struct Kernel {
    shape: [usize; 4],
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Kernel {
    /// Channels that it gives.
    pub(super) fn outputs(&self) -> usize {
        self.shape[0]
    }

    /// The part that gives these outputs.
    pub(super) fn giving(&self, outputs: std::ops::Range<usize>) -> Self {
        let each: usize = self.shape[1..].iter().product();
        let [_, inputs, height, width] = self.shape;
        Self {
            shape: [outputs.len(), inputs, height, width],
            weights: self.weights[outputs.start * each..outputs.end * each].to_vec(),
            bias: self.bias[outputs].to_vec(),
        }
    }
}

impl<'a> Builder<'a> {
    /// With the epsilon of all batch norms.
    pub(super) fn new(weights: Checked<'a>, eps: f32) -> Self {
        Self {
            weights,
            eps,
            maps: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// A map that a step will write.
    pub(super) fn map(&mut self, extents: Extents) -> Map {
        self.maps.push(extents);
        self.maps.len() - 1
    }

    pub(super) fn extents(&self, map: Map) -> Extents {
        self.maps[map]
    }

    /// A convolution and its bias, if it has one.
    pub(super) fn plain(&self, name: &str) -> Kernel {
        let weight = format!("{name}.weight");
        let shape = match *self.weights.shape(&weight) {
            [outputs, inputs, height, width] => [outputs, inputs, height, width],
            _ => [0; 4],
        };
        let bias = self.weights.optional(&format!("{name}.bias"));
        Kernel {
            shape,
            weights: self.weights.data(&weight).to_vec(),
            bias: bias.map_or_else(|| vec![0.0; shape[0]], <[f32]>::to_vec),
        }
    }

    /// A convolution with the batch norm behind it.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "weights are stored in single precision"
    )]
    pub(super) fn folded(&self, [conv, norm]: [&str; 2]) -> Kernel {
        let mut kernel = self.plain(conv);
        let part = |part: &str| self.weights.data(&format!("{norm}.{part}"));
        let (factors, offsets) = (part("weight"), part("bias"));
        let (means, variances) = (part("running_mean"), part("running_var"));
        let each = kernel.weights.len() / kernel.outputs().max(1);
        let eps = f64::from(self.eps);
        for (output, weights) in kernel.weights.chunks_exact_mut(each.max(1)).enumerate() {
            let scale = f64::from(factors[output]) / (f64::from(variances[output]) + eps).sqrt();
            for weight in weights {
                *weight = (f64::from(*weight) * scale) as f32;
            }
            let shift = f64::from(kernel.bias[output]) - f64::from(means[output]);
            kernel.bias[output] = (f64::from(offsets[output]) + scale * shift) as f32;
        }
        kernel
    }

    /// The parts 0 and 1 of a name: a convolution and its norm.
    pub(super) fn pair(&self, name: &str) -> Kernel {
        self.folded([&format!("{name}.0"), &format!("{name}.1")])
    }

    /// A convolution from channels of one map to channels of another.
    pub(super) fn convolve(
        &mut self,
        kernel: &Kernel,
        from: impl Into<Part>,
        to: impl Into<Part>,
        stride: usize,
        follow: &Follow,
    ) {
        let (from, to) = (from.into(), to.into());
        let [outputs, inputs, height, width] = kernel.shape;
        let place = |part: Part| Place {
            extents: self.maps[part.map],
            channel: part.channel,
        };
        let geometry = Geometry {
            from: place(from),
            inputs,
            to: place(to),
            outputs,
            kernel: [height, width],
            stride,
        };
        let addends = follow.terms.iter().map(|&(map, doublings)| Addend {
            map,
            place: self.maps[map].into(),
            doublings,
        });
        let cpu = self.weights.cpu;
        let conv = Conv::new(cpu, geometry, &kernel.weights, &kernel.bias);
        let step = Step::Conv {
            conv: Box::new(conv),
            from: from.map,
            to: to.map,
            terms: addends.collect(),
            rectify: follow.rectify,
        };
        self.steps.push(step);
    }

    /// The same to a map of its own.
    pub(super) fn conv(
        &mut self,
        kernel: &Kernel,
        from: Map,
        stride: usize,
        follow: &Follow,
    ) -> Map {
        let Extents { rows, columns, .. } = self.maps[from];
        let to = self.map(Extents {
            rows: rows.div_ceil(stride),
            columns: columns.div_ceil(stride),
            channels: kernel.outputs(),
        });
        self.convolve(kernel, from, to, stride, follow);
        to
    }

    /// The sum of parts of maps, each doubled as often as said.
    pub(super) fn sum(&mut self, terms: &[(Part, u32)], extents: Extents, rectified: bool) -> Map {
        let to = self.map(extents);
        let addends = terms.iter().map(|&(part, doublings)| Addend {
            map: part.map,
            place: Place {
                extents: self.maps[part.map],
                channel: part.channel,
            },
            doublings,
        });
        let terms = addends.collect();
        self.steps.push(Step::Sum {
            terms,
            to,
            rectified,
        });
        to
    }

    pub(super) fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Keeps a map under a name, if intermediate results are asked for.
    pub(super) fn keep(&mut self, name: &str, map: Map, order: Order) {
        self.steps.push(Step::Keep {
            name: name.to_owned(),
            map,
            order,
        });
    }

    pub(super) fn finish(self, input: Map, output: (Map, usize)) -> Program {
        Program::new(self.steps, &self.maps, input, output)
    }
}
