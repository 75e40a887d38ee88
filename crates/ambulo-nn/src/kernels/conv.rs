//! Convolutions of maps, with all that follows them done before a sum is stored: bias, rectifier, terms.

mod direct;
#[cfg(test)]
mod tests;
mod winograd;

use super::buffer::Buffer;
use super::cpu::Cpu;
use super::gemm::{load_some, store_some};
use super::maps::{Place, Term};
use super::pool::{Chunks, Pool};
use super::simd::Simd;
use direct::Direct;
use winograd::Winograd;

/// Vectors side by side in a tile of sums.
const VECTORS: usize = 2;

/// Most terms that a convolution adds.
pub(crate) const MOST_TERMS: usize = 2;

/// What a convolution reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// The map it reads, and the first channel of it.
    pub(crate) from: Place,
    /// Channels it reads.
    pub(crate) inputs: usize,
    /// The map it writes, and the first channel of it.
    pub(crate) to: Place,
    /// Channels it writes.
    pub(crate) outputs: usize,
    /// Height and width of the kernel, 1 or 3 each; its middle lies on the cell.
    pub(crate) kernel: [usize; 2],
    /// Cells from one output to the next.
    pub(crate) stride: usize,
}

impl Geometry {
    /// Where the cells that the output at the top left reads begin.
    fn reads_from(&self) -> usize {
        let extents = self.from.extents;
        let [height, width] = self.kernel;
        (1 - height / 2) * extents.row() + (1 - width / 2) * extents.channels + self.from.channel
    }

    fn check(&self) {
        let (from, to) = (self.from.extents, self.to.extents);
        assert!(self.kernel.iter().all(|&side| side == 1 || side == 3));
        assert!(self.from.channel + self.inputs <= from.channels);
        assert!(self.to.channel + self.outputs <= to.channels);
        assert!(self.stride > 0);
        // The last output's middle is a cell of the input.
        for (outputs, inputs) in [(to.rows, from.rows), (to.columns, from.columns)] {
            assert!(outputs == inputs.div_ceil(self.stride));
        }
    }
}

/// Where negative numbers become 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rectify {
    /// Nowhere.
    Never,
    /// Before terms are added.
    First,
    /// At the end.
    Last,
}

/// What happens to a sum and its bias before they are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct After<'a> {
    /// Where the rectifier is.
    pub(crate) rectify: Rectify,
    /// Maps that are added; at most [`MOST_TERMS`].
    pub(crate) terms: &'a [Term<'a>],
}

/// Memory of no use between convolutions.
#[derive(Debug)]
pub(crate) struct Scratch<'a> {
    /// Each thread's; see [`Conv::scratch_len`].
    pub(crate) own: Chunks<'a>,
    /// What all share; see [`Conv::shared_len`].
    pub(crate) shared: &'a mut [f32],
}

/// How a convolution is computed. It follows from the geometry alone, so that results depend on neither
/// batch nor threads.
#[derive(Debug, Clone)]
enum Method {
    Direct(Direct),
    Winograd(Winograd),
}

/// A convolution with its weights in the order that the kernel reads them.
#[derive(Debug, Clone)]
pub(crate) struct Conv {
    geometry: Geometry,
    method: Method,
    /// Of each output, with zeros up to whole panels.
    bias: Buffer,
}

impl Conv {
    /// Takes weights `[outputs, inputs, height, width]` and biases `[outputs]`.
    ///
    /// # Panics
    ///
    /// If the slices do not fit the geometry, or the geometry itself: callers have checked the shapes.
    pub(crate) fn new(cpu: Cpu, geometry: Geometry, weights: &[f32], bias: &[f32]) -> Self {
        geometry.check();
        let [height, width] = geometry.kernel;
        let whole = geometry.outputs * geometry.inputs * height * width;
        assert_eq!(weights.len(), whole, "a whole tensor");
        assert_eq!(bias.len(), geometry.outputs, "a bias for each output");
        let panel = VECTORS * cpu.lanes();
        let mut padded = Buffer::zeros(bias.len().next_multiple_of(panel));
        padded[..bias.len()].copy_from_slice(bias);
        Self {
            geometry,
            method: if Winograd::suits(&geometry) {
                Method::Winograd(Winograd::new(cpu, &geometry, weights))
            } else {
                Method::Direct(Direct::new(cpu, &geometry, weights))
            },
            bias: padded,
        }
    }

    /// Numbers of scratch memory that each thread needs.
    pub(crate) fn scratch_len(&self) -> usize {
        match &self.method {
            Method::Direct(_) => 0,
            Method::Winograd(winograd) => winograd.scratch_len(),
        }
    }

    /// Numbers of memory that all threads share, for so many maps.
    pub(crate) fn shared_len(&self, batch: usize) -> usize {
        match &self.method {
            Method::Direct(_) => 0,
            Method::Winograd(winograd) => winograd.shared_len(batch),
        }
    }

    /// Convolves `batch` maps on all threads.
    ///
    /// # Panics
    ///
    /// If a slice is too short, or the scratch memory.
    pub(crate) fn apply_on(
        &self,
        pool: &Pool,
        batch: usize,
        input: &[f32],
        output: &mut [f32],
        after: &After<'_>,
        scratch: Scratch<'_>,
    ) {
        let (from, to) = (self.geometry.from.extents, self.geometry.to.extents);
        assert!(batch * from.image() <= input.len());
        assert!(batch * to.image() <= output.len());
        assert!(after.terms.len() <= MOST_TERMS);
        for term in after.terms {
            let extents = term.place.extents;
            assert!(term.place.channel + self.geometry.outputs <= extents.channels);
            assert!(batch * extents.image() <= term.data.len());
            assert!(to.rows.div_ceil(1 << term.doublings) <= extents.rows);
            assert!(to.columns.div_ceil(1 << term.doublings) <= extents.columns);
        }
        let finish = Finish {
            rectify: after.rectify,
            terms: after.terms,
            bias: self.bias.as_ptr(),
            outputs: self.geometry.outputs,
        };
        // SAFETY: all extents were just checked.
        unsafe {
            match &self.method {
                Method::Direct(direct) => direct.run(pool, batch, (input, output), &finish),
                Method::Winograd(winograd) => {
                    winograd.run(pool, batch, (input, output), &finish, scratch);
                }
            }
        }
    }
}

/// [`After`] with what it needs of the convolution.
#[derive(Clone, Copy)]
struct Finish<'a> {
    rectify: Rectify,
    terms: &'a [Term<'a>],
    /// A whole number of panels.
    bias: *const f32,
    outputs: usize,
}

// SAFETY: the bias is only read.
unsafe impl Sync for Finish<'_> {}

/// A cell of the output.
#[derive(Debug, Clone, Copy)]
struct Cell {
    image: usize,
    row: usize,
    column: usize,
}

/// [`Finish`] for cells of one row of the output.
#[derive(Clone, Copy)]
struct Line<'a> {
    finish: &'a Finish<'a>,
    /// Where the rows begin that the terms add to it.
    starts: [*const f32; MOST_TERMS],
}

impl Finish<'_> {
    /// For cells of the row that `cell` lies in, which is one of the outputs'.
    #[inline(always)]
    fn line(&self, cell: Cell) -> Line<'_> {
        let mut starts = [std::ptr::null(); MOST_TERMS];
        for (start, term) in starts.iter_mut().zip(self.terms) {
            let extents = term.place.extents;
            let place = cell.image * extents.image()
                + extents.origin()
                + (cell.row >> term.doublings) * extents.row()
                + term.place.channel;
            *start = term.data.as_ptr().wrapping_add(place);
        }
        Line {
            finish: self,
            starts,
        }
    }
}

impl Line<'_> {
    /// Stores a vector of sums, bias included, whose first output is `output`, at `to`.
    ///
    /// # Safety
    ///
    /// The column is one of the outputs', and its output `output` lies at `to`.
    #[inline(always)]
    unsafe fn store<S: Simd>(&self, s: S, sum: S::V, column: usize, output: usize, to: *mut f32) {
        let Some(count @ 1..) = self.finish.outputs.checked_sub(output) else {
            return;
        };
        let mut value = sum;
        if self.finish.rectify == Rectify::First {
            value = s.max(value, s.splat(0.0));
        }
        for (start, term) in self.starts.iter().zip(self.finish.terms) {
            let channels = term.place.extents.channels;
            let from = start.wrapping_add((column >> term.doublings) * channels + output);
            // SAFETY: `Conv::apply_on` has compared the term's extents with those of the output.
            value = s.add(value, unsafe { load_some(s, from, count) });
        }
        if self.finish.rectify == Rectify::Last {
            value = s.max(value, s.splat(0.0));
        }
        // SAFETY: the caller's word.
        unsafe { store_some(s, value, to, count) };
    }
}
