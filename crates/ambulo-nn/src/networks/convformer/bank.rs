//! The banks of convolutions, and how they fold.

use crate::config::{Bank, ConvFormerConfig, Eta};
use crate::layers::{Checked, Trace};

/// One convolution for each head that needs its own, or one for all.
#[derive(Debug)]
pub(super) struct Folded {
    /// Channels in and out.
    pub(super) channels: usize,
    /// The largest kernel.
    pub(super) taps: usize,
    /// For each blend: weights `[channels, channels, taps]` and biases `[channels]`.
    pub(super) blends: Vec<(Vec<f32>, Vec<f32>)>,
}

/// The blending weights of the block `name` for `projection` (`q`, `k` or `v`), one set for each head
/// or one for all.
fn alphas(weights: Checked<'_>, bank: &Bank, name: &str, projection: &str) -> Vec<Vec<f32>> {
    let eta = match bank.eta {
        Eta::Shared => "eta".to_owned(),
        Eta::PerProjection | Eta::PerHead => format!("eta_{projection}"),
    };
    let all = weights.data(&format!("{name}.attn.{eta}"));
    all.chunks_exact(bank.kernels.len())
        .map(|etas| {
            if !bank.softmax {
                return etas.to_vec();
            }
            let most = etas.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let exps: Vec<f32> = etas.iter().map(|eta| (eta - most).exp()).collect();
            let sum: f32 = exps.iter().sum();
            exps.into_iter().map(|e| e / sum).collect()
        })
        .collect()
}

/// Folds the bank of one projection.
pub(super) fn fold(
    weights: Checked<'_>,
    bank: &Bank,
    name: &str,
    projection: &str,
    channels: usize,
) -> Folded {
    let taps = bank.kernels.iter().copied().max().unwrap_or(1);
    let blends = alphas(weights, bank, name, projection)
        .into_iter()
        .map(|alphas| {
            let mut folded = vec![0.0; channels * channels * taps];
            let mut biases = vec![0.0; channels];
            for (place, (&kernel, alpha)) in bank.kernels.iter().zip(alphas).enumerate() {
                let part = format!("{name}.attn.{projection}.{place}");
                let filters = weights.data(&format!("{part}.weight"));
                let first = (taps - kernel) / 2;
                for (to, from) in folded
                    .chunks_exact_mut(taps)
                    .zip(filters.chunks_exact(kernel))
                {
                    for (to, from) in to[first..first + kernel].iter_mut().zip(from) {
                        *to += alpha * from;
                    }
                }
                let offsets = weights.data(&format!("{part}.bias"));
                for (to, from) in biases.iter_mut().zip(offsets) {
                    *to += alpha * from;
                }
            }
            (folded, biases)
        })
        .collect();
    Folded {
        channels,
        taps,
        blends,
    }
}

/// The blending weights of every block, by the names they have in reference results.
#[derive(Debug, Default)]
pub(super) struct Alphas(Vec<(String, Vec<usize>, Vec<f32>)>);

impl Alphas {
    /// Those of the block `name`.
    pub(super) fn add(&mut self, config: &ConvFormerConfig, weights: Checked<'_>, name: &str) {
        let Some(bank) = &config.bank else { return };
        let kernels = bank.kernels.len();
        let mut keep = |eta: &str, projection: &str| {
            let sets = alphas(weights, bank, name, projection);
            let shape = match bank.eta {
                Eta::PerHead => vec![sets.len(), kernels],
                Eta::PerProjection | Eta::Shared => vec![kernels],
            };
            let name = format!("alpha.{name}.attn.{eta}");
            self.0.push((name, shape, sets.concat()));
        };
        if bank.eta == Eta::Shared {
            keep("eta", "q");
        } else {
            for projection in ["q", "k", "v"] {
                keep(&format!("eta_{projection}"), projection);
            }
        }
    }

    pub(super) fn keep(&self, trace: &mut Trace) {
        for (name, shape, data) in &self.0 {
            trace.keep(format_args!("{name}"), shape, || data.clone());
        }
    }
}
