//! The cross-entropy of heat-maps and Gaussians, with its gradient.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::activation::exp;
use super::fused::{FusedOp, Gradient};
use crate::datasets::takes::narrow;

/// The weighted mean over people and joints of the cross-entropy of the softmax over a map,
/// `[batch, height, width, joints]`, and a Gaussian around a point.
#[derive(Debug, Clone)]
pub(super) struct MapCrossEntropy {
    pub(super) size: [usize; 2],
    pub(super) joints: usize,
    /// Standard deviation in cells.
    pub(super) sigma: f32,
    /// `[batch, joints]`: column, row and weight; a weight of 0 leaves the joint out.
    pub(super) points: Arc<Vec<[f32; 3]>>,
}

/// Values of the loss and of its gradient for one person.
struct Person {
    loss: f64,
    gradient: Vec<f32>,
}

impl MapCrossEntropy {
    fn image(&self) -> usize {
        self.size[0] * self.size[1] * self.joints
    }

    fn total_weight(&self) -> f32 {
        self.points
            .iter()
            .map(|point| point[2])
            .sum::<f32>()
            .max(1e-6)
    }

    fn people(&self, logits: &[f32]) -> Vec<Person> {
        logits
            .par_chunks(self.image())
            .zip(self.points.par_chunks(self.joints))
            .map(|(logits, points)| {
                Arch::new().dispatch(OnePerson {
                    op: self,
                    logits,
                    points,
                })
            })
            .collect()
    }
}

impl FusedOp<1> for MapCrossEntropy {
    fn forward(&self, [logits]: [&[f32]; 1]) -> Vec<f32> {
        let people = self.people(logits);
        let sum: f64 = people.iter().map(|person| person.loss).sum();
        vec![narrow(sum / f64::from(self.total_weight()))]
    }

    fn backward(&self, [logits]: [&[f32]; 1], grad: &[f32]) -> [Gradient; 1] {
        let factor = grad.first().copied().unwrap_or(0.0) / self.total_weight();
        let people = self.people(logits);
        let mut gradient = Vec::with_capacity(logits.len());
        for person in people {
            gradient.extend(person.gradient.iter().map(|value| value * factor));
        }
        [Gradient::Values(gradient)]
    }
}

/// One over the sum of a Gaussian's values along an axis, and the values.
fn gaussian(centre: f32, sigma: f32, extent: usize) -> Vec<f32> {
    let centre = centre.clamp(-1e3, 1e4);
    // The nearest cell's exponent is taken off, so that a point outside the map keeps its nearest edge.
    let nearest = centre.round().clamp(0.0, (extent.max(1) - 1) as f32) - centre;
    let values: Vec<f32> = (0..extent)
        .map(|cell| {
            let from = cell as f32 - centre;
            exp((nearest * nearest - from * from) / (2.0 * sigma * sigma))
        })
        .collect();
    let sum: f32 = values.iter().sum();
    values.into_iter().map(|value| value / sum).collect()
}

struct OnePerson<'a> {
    op: &'a MapCrossEntropy,
    logits: &'a [f32],
    points: &'a [[f32; 3]],
}

impl WithSimd for OnePerson<'_> {
    type Output = Person;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> Person {
        let op = self.op;
        let joints = op.joints;
        let [height, width] = op.size;
        let mut largest = vec![f32::MIN; joints];
        for cell in self.logits.chunks_exact(joints) {
            for (largest, &x) in largest.iter_mut().zip(cell) {
                *largest = largest.max(x);
            }
        }
        let mut gradient = vec![0.0; self.logits.len()];
        let mut sums = vec![0.0_f32; joints];
        let cells = gradient.chunks_exact_mut(joints);
        for (shares, cell) in cells.zip(self.logits.chunks_exact(joints)) {
            let columns = sums.iter_mut().zip(&largest);
            for ((share, &x), (sum, &largest)) in shares.iter_mut().zip(cell).zip(columns) {
                *share = exp(x - largest);
                *sum += *share;
            }
        }
        // The Gaussian is a product of one along the rows and one along the columns.
        let along = |axis: usize, extent: usize| -> Vec<f32> {
            let values: Vec<Vec<f32>> = self
                .points
                .iter()
                .map(|point| gaussian(point[axis], op.sigma, extent))
                .collect();
            (0..extent)
                .flat_map(|cell| values.iter().map(move |values| values[cell]))
                .collect()
        };
        let (columns, rows) = (along(0, width), along(1, height));
        let weights: Vec<f32> = self.points.iter().map(|point| point[2]).collect();
        let scales: Vec<f32> = weights.iter().zip(&sums).map(|(w, sum)| w / sum).collect();
        let mut products = vec![0.0_f32; joints];
        let cells = gradient.chunks_exact_mut(joints);
        for (place, (shares, cell)) in cells.zip(self.logits.chunks_exact(joints)).enumerate() {
            let row = &rows[place / width * joints..][..joints];
            let column = &columns[place % width * joints..][..joints];
            let targets = row.iter().zip(column);
            let factors = weights.iter().zip(&scales).zip(&mut products);
            let inputs = shares.iter_mut().zip(cell).zip(targets);
            for (((share, &x), (r, c)), ((w, scale), product)) in inputs.zip(factors) {
                let target = r * c;
                *product = target.mul_add(x, *product);
                *share = *share * scale - w * target;
            }
        }
        let logs = sums.iter().zip(&largest).map(|(sum, max)| sum.ln() + max);
        let losses = logs.zip(&products).zip(&weights);
        let loss = losses.map(|((log, product), w)| f64::from(w * (log - product)));
        Person {
            loss: loss.sum(),
            gradient,
        }
    }
}
