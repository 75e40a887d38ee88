//! Matrix products with weights of 16 bits: half the memory to read, which is what a step of a language
//! model waits for.
//!
//! The weights are bfloat16, the upper halves of `f32`; inputs, sums and outputs are `f32`. Panels and tiles
//! are those of [`super::gemm`], without its parts of deep sums: rows are few.

use std::ops::Range;

use super::cpu::{Cpu, Task};
use super::gemm::{Accumulated, Finish, Plain, SharedMut, Store, store_some, tiles, with_rows};
use super::pool::Pool;
use super::simd::Simd;

/// Vectors side by side in a tile.
const VECTORS: usize = 2;

/// The nearest bfloat16, ties to even.
pub(crate) fn half(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return 0x7FC0;
    }
    let odd = (bits >> 16) & 1;
    u16::try_from((bits.wrapping_add(0x7FFF + odd)) >> 16).unwrap_or(0)
}

/// The weights of a linear layer without bias.
#[derive(Debug, Clone)]
pub(crate) struct HalfLinear {
    cpu: Cpu,
    inputs: usize,
    outputs: usize,
    panel: usize,
    weights: Vec<u16>,
}

impl HalfLinear {
    /// Rounds and packs a matrix `[outputs, inputs]`.
    ///
    /// # Panics
    ///
    /// If the slice is no whole matrix: callers have checked the shapes.
    pub(crate) fn new(cpu: Cpu, weights: &[f32], outputs: usize) -> Self {
        let inputs = weights.len().checked_div(outputs).unwrap_or(0);
        assert_eq!(weights.len(), inputs * outputs, "a whole matrix");
        let panel = cpu.lanes() * VECTORS;
        let mut packed = vec![0; outputs.div_ceil(panel) * inputs * panel];
        for (output, row) in weights.chunks_exact(inputs.max(1)).enumerate() {
            let (p, column) = (output / panel, output % panel);
            for (input, &weight) in row.iter().enumerate() {
                packed[(p * inputs + input) * panel + column] = half(weight);
            }
        }
        Self {
            cpu,
            inputs,
            outputs,
            panel,
            weights: packed,
        }
    }

    /// Inputs of the layer.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Outputs of the layer.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Applies the layer to whole rows on all threads; `finish` is [`Finish::Set`] or [`Finish::Add`].
    ///
    /// # Panics
    ///
    /// If a slice is too short, or for another `finish`.
    pub(crate) fn apply_on(
        &self,
        pool: &Pool,
        rows: usize,
        input: &[f32],
        output: &mut [f32],
        finish: Finish,
    ) {
        assert!(rows * self.inputs <= input.len());
        assert!(rows * self.outputs <= output.len());
        assert!(matches!(finish, Finish::Set | Finish::Add));
        let panels = self.outputs.div_ceil(self.panel);
        let groups = (4 * pool.threads()).clamp(1, panels.max(1));
        let out = SharedMut(output.as_mut_ptr());
        pool.run(groups, |_, group| {
            let out = &out;
            self.cpu.run(Apply {
                layer: self,
                rows,
                panels: panels * group / groups..panels * (group + 1) / groups,
                input,
                output: out.0,
                finish,
            });
        });
    }
}

/// Made by `apply_on` alone, which has checked the extents; units write different columns.
struct Apply<'a> {
    layer: &'a HalfLinear,
    rows: usize,
    panels: Range<usize>,
    input: &'a [f32],
    output: *mut f32,
    finish: Finish,
}

impl Task for Apply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for panel in self.panels.clone() {
            for rows in tiles(0..self.rows, S::ROWS) {
                let m = rows.len();
                // SAFETY: the rows and the panel lie within the matrices, which `apply_on` has checked.
                unsafe {
                    if self.finish == Finish::Add {
                        with_rows!(
                            S,
                            m,
                            tile::<S, _, Accumulated>(s, &self, panel, rows.start, Accumulated)
                        );
                    } else {
                        with_rows!(
                            S,
                            m,
                            tile::<S, _, Plain>(s, &self, panel, rows.start, Plain)
                        );
                    }
                }
            }
        }
    }
}

/// # Safety
///
/// `M` rows from `row` on and the panel lie within the matrices.
#[inline(always)]
unsafe fn tile<S: Simd, const M: usize, E: Store>(
    s: S,
    task: &Apply<'_>,
    panel: usize,
    row: usize,
    store: E,
) {
    let layer = task.layer;
    let width = VECTORS * S::LANES;
    let mut sums = [[s.splat(0.0); VECTORS]; M];
    // SAFETY: every address lies in the packed weights or in the task's rows.
    unsafe {
        let a = task.input.as_ptr().add(row * layer.inputs);
        let b = layer.weights.as_ptr().add(panel * layer.inputs * width);
        for input in 0..layer.inputs {
            let columns = [
                s.load_half(b.add(input * width)),
                s.load_half(b.add(input * width + S::LANES)),
            ];
            for (r, sums) in sums.iter_mut().enumerate() {
                let x = s.splat(*a.add(r * layer.inputs + input));
                for (sum, &column) in sums.iter_mut().zip(&columns) {
                    *sum = s.fma(x, column, *sum);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let out = task.output.add((row + r) * layer.outputs);
            for (j, &sum) in sums.iter().enumerate() {
                let column = panel * width + j * S::LANES;
                let Some(count @ 1..) = layer.outputs.checked_sub(column) else {
                    continue;
                };
                let to = out.add(column);
                store_some(s, store.value(s, sum, to, count), to, count);
            }
        }
    }
}
