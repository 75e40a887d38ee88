//! Sums over pixels, channel by channel.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Numbers that one task treats, about. Fixed, so that sums do not depend on the number of threads.
const TASK: usize = 1 << 15;

/// Numbers of a row of parameters that is repeated until loops over it are long.
const ROW: usize = 512;

/// How often parameters of this many channels are repeated.
pub(super) fn repeats(channels: usize) -> usize {
    ROW.div_ceil(channels.max(1))
}

/// Parameters of channels, repeated.
pub(super) fn repeated(parameters: &[f32]) -> Vec<f32> {
    parameters.repeat(repeats(parameters.len()))
}

/// Numbers of a task: a whole number of repeated rows.
pub(super) fn task(channels: usize) -> usize {
    let row = repeats(channels) * channels;
    row * (TASK / row).max(1)
}

/// Sums of rows as long as repeated parameters, over the rows of all tasks.
///
/// `of` adds what one task holds to sums of `count` kinds.
pub(super) fn gather<const COUNT: usize>(
    len: usize,
    channels: usize,
    of: impl Fn(std::ops::Range<usize>, &mut [Vec<f32>; COUNT]) + Sync,
) -> [Vec<f64>; COUNT] {
    let task = task(channels);
    let row = repeats(channels) * channels;
    let parts: Vec<[Vec<f32>; COUNT]> = (0..len.div_ceil(task.max(1)))
        .into_par_iter()
        .map(|part| {
            let mut sums = std::array::from_fn(|_| vec![0.0; row]);
            of(part * task..((part + 1) * task).min(len), &mut sums);
            sums
        })
        .collect();
    let mut totals = std::array::from_fn(|_| vec![0.0; channels]);
    for part in parts {
        for (total, sums) in totals.iter_mut().zip(part) {
            for row in sums.chunks_exact(channels.max(1)) {
                for (total, &sum) in total.iter_mut().zip(row) {
                    *total += f64::from(sum);
                }
            }
        }
    }
    totals
}

/// The sum of each channel of `[…, channels]`.
pub(super) fn sums(x: &[f32], channels: usize) -> Vec<f32> {
    let [totals] = gather(x.len(), channels, |part, sums: &mut [Vec<f32>; 1]| {
        let [sums] = sums;
        Arch::new().dispatch(AddRows { x: &x[part], sums });
    });
    totals
        .into_iter()
        .map(crate::datasets::takes::narrow)
        .collect()
}

struct AddRows<'a> {
    x: &'a [f32],
    sums: &'a mut [f32],
}

impl WithSimd for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for row in self.x.chunks(self.sums.len()) {
            for (sum, x) in self.sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}
