//! Convolutions along frames, as products over the frames under the kernel.

use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::pool::Pool;
use crate::layers::{Checked, swapped};

/// A signal `[frames, width]`.
#[derive(Debug, Clone)]
pub(super) struct Signal {
    pub(super) data: Vec<f32>,
    pub(super) width: usize,
}

impl Signal {
    pub(super) fn frames(&self) -> usize {
        self.data.len() / self.width
    }

    /// Every frame twice.
    pub(super) fn doubled(&self) -> Self {
        let frames = self.data.chunks_exact(self.width);
        Self {
            data: frames
                .flat_map(|frame| [frame, frame])
                .flatten()
                .copied()
                .collect(),
            width: self.width,
        }
    }
}

/// Numbers below 0 become 0.
pub(super) fn rectify(signal: &mut Signal) {
    for x in &mut signal.data {
        *x = x.max(0.0);
    }
}

/// A convolution with zeros around the signal.
#[derive(Debug)]
pub(super) struct Convolution {
    /// One over all frames under the kernel, or one a tap where the kernel is dilated.
    taps: Vec<Linear>,
    dilation: usize,
    /// From an output to the next, in frames of the input.
    stride: usize,
    /// Zeros before the signal and behind it.
    padding: usize,
    kernel: usize,
}

impl Convolution {
    /// A kernel centred on its frame.
    pub(super) fn new(weights: Checked<'_>, name: &str) -> Self {
        Self::of(weights, name, 1, 1)
    }

    /// A kernel whose frames lie `dilation` apart.
    pub(super) fn dilated(weights: Checked<'_>, name: &str, dilation: usize) -> Self {
        Self::of(weights, name, dilation, 1)
    }

    /// A kernel of four frames that moves by two.
    pub(super) fn halving(weights: Checked<'_>, name: &str) -> Self {
        Self::of(weights, name, 1, 2)
    }

    fn of(weights: Checked<'_>, name: &str, dilation: usize, stride: usize) -> Self {
        let matrix = weights.data(&format!("{name}.weight"));
        let bias = weights.data(&format!("{name}.bias"));
        let shape = weights.shape(&format!("{name}.weight"));
        let [outputs, inputs, kernel] = [0, 1, 2].map(|axis| shape.get(axis).copied().unwrap_or(1));
        let taps = if dilation == 1 {
            let turned = swapped(matrix, [outputs, inputs, kernel, 1]);
            vec![Linear::new(weights.cpu, &turned, Some(bias), outputs)]
        } else {
            let turned = swapped(matrix, [1, outputs * inputs, kernel, 1]);
            let taps = turned.chunks_exact(outputs * inputs).enumerate();
            taps.map(|(tap, matrix)| {
                Linear::new(weights.cpu, matrix, (tap == 0).then_some(bias), outputs)
            })
            .collect()
        };
        Self {
            taps,
            dilation,
            stride,
            padding: dilation * (kernel - 1) / 2,
            kernel,
        }
    }

    /// The convolution of a signal.
    pub(super) fn apply(&self, pool: &Pool, signal: &Signal) -> Signal {
        let width = self.taps.first().map_or(0, Linear::outputs);
        let mut output = Signal {
            data: vec![0.0; self.frames(signal.frames()) * width],
            width,
        };
        self.run(pool, signal, &mut output, Finish::Set);
        output
    }

    /// Adds the convolution of a signal to another.
    pub(super) fn add(&self, pool: &Pool, signal: &Signal, to: &mut Signal) {
        self.run(pool, signal, to, Finish::Add);
    }

    fn frames(&self, frames: usize) -> usize {
        let reach = self.dilation * (self.kernel - 1);
        (frames + 2 * self.padding).saturating_sub(reach + 1) / self.stride + 1
    }

    fn run(&self, pool: &Pool, signal: &Signal, output: &mut Signal, finish: Finish) {
        let margin = self.padding * signal.width;
        let mut padded = vec![0.0; signal.data.len() + 2 * margin];
        padded[margin..margin + signal.data.len()].copy_from_slice(&signal.data);
        let rows = output.frames();
        for (tap, layer) in self.taps.iter().enumerate() {
            layer.apply_on(
                pool,
                rows,
                (
                    &padded[tap * self.dilation * signal.width..],
                    self.stride * signal.width,
                ),
                (&mut output.data, output.width),
                if tap == 0 { finish } else { Finish::Add },
            );
        }
    }
}
