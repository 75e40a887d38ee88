//! One step of Adam in one pass over memory.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Numbers that one task treats.
const CHUNK: usize = 1 << 14;

/// What a step does to every number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Adam {
    /// Memory of the mean and of the square of the gradient.
    pub(crate) betas: [f32; 2],
    /// One minus those, before they were rounded.
    pub(crate) shares: [f32; 2],
    pub(crate) eps: f32,
    /// The step size, corrected for the short memory of the mean at first.
    pub(crate) rate: f32,
    /// What the root of the mean square is multiplied by, for the same reason.
    pub(crate) root: f32,
    /// What stays of a value before the step.
    pub(crate) kept: f32,
    /// What gradients are multiplied by.
    pub(crate) scale: f32,
    /// Memory of the averaged values.
    pub(crate) memory: f32,
}

/// What is remembered of a parameter.
pub(crate) struct Slots<'a> {
    pub(crate) mean: &'a mut Tensor<1>,
    pub(crate) square: &'a mut Tensor<1>,
    pub(crate) largest: Option<&'a mut Tensor<1>>,
    pub(crate) average: Option<&'a mut Tensor<1>>,
}

impl Adam {
    /// The value after a step; what is remembered is brought up to date. `None`, and nothing done, if it
    /// does not all live on the processor.
    pub(super) fn step(
        self,
        value: &Tensor<1>,
        gradient: &Tensor<1>,
        slots: &mut Slots<'_>,
    ) -> Option<Tensor<1>> {
        let mut value = plain(value.clone())?;
        let gradient = plain(gradient.clone())?;
        // What is remembered was made by this function or from numbers, so it lives where the value does.
        let mut mean = taken(slots.mean)?;
        let mut square = taken(slots.square)?;
        let mut largest = slots.largest.as_mut().and_then(|slot| taken(slot));
        let mut average = slots.average.as_mut().and_then(|slot| taken(slot));
        self.update(
            value.storage_mut(),
            gradient.as_slice().unwrap_or_default(),
            [mean.storage_mut(), square.storage_mut()],
            [largest.as_mut(), average.as_mut()].map(|slot| slot.map(FlexTensor::storage_mut)),
        );
        *slots.mean = Tensor::from_primitive::<Flex>(mean);
        *slots.square = Tensor::from_primitive::<Flex>(square);
        for (slot, tensor) in [(&mut slots.largest, largest), (&mut slots.average, average)] {
            if let (Some(slot), Some(tensor)) = (slot, tensor) {
                **slot = Tensor::from_primitive::<Flex>(tensor);
            }
        }
        Some(Tensor::from_primitive::<Flex>(value))
    }

    fn update(
        self,
        value: &mut [f32],
        gradient: &[f32],
        [mean, square]: [&mut [f32]; 2],
        [largest, average]: [Option<&mut [f32]>; 2],
    ) {
        let count = value.len();
        let mut parts: Vec<Part<'_>> = Vec::with_capacity(count.div_ceil(CHUNK));
        let mut largest = largest.map(|slot| slot.chunks_mut(CHUNK));
        let mut average = average.map(|slot| slot.chunks_mut(CHUNK));
        let inputs = value.chunks_mut(CHUNK).zip(gradient.chunks(CHUNK));
        let moments = mean.chunks_mut(CHUNK).zip(square.chunks_mut(CHUNK));
        for ((value, gradient), (mean, square)) in inputs.zip(moments) {
            parts.push(Part {
                adam: self,
                value,
                gradient,
                mean,
                square,
                largest: largest.as_mut().and_then(Iterator::next),
                average: average.as_mut().and_then(Iterator::next),
            });
        }
        parts
            .into_par_iter()
            .for_each(|part| Arch::new().dispatch(part));
    }
}

/// The tensor as the processor holds it, outside any graph and from its first number on.
fn plain(tensor: Tensor<1>) -> Option<FlexTensor> {
    let plain = tensor.try_into_primitive::<Flex>().ok()?.to_contiguous();
    let is_whole = plain.as_slice::<f32>()?.len() == plain.storage::<f32>().len();
    is_whole.then_some(plain)
}

/// The same, leaving an empty tensor in its place so that nobody else holds its numbers.
fn taken(slot: &mut Tensor<1>) -> Option<FlexTensor> {
    let device = slot.device();
    plain(std::mem::replace(slot, Tensor::empty([0], &device)))
}

struct Part<'a> {
    adam: Adam,
    value: &'a mut [f32],
    gradient: &'a [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
    largest: Option<&'a mut [f32]>,
    average: Option<&'a mut [f32]>,
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let Adam {
            betas: [beta1, beta2],
            shares: [share1, share2],
            eps,
            rate,
            root,
            kept,
            scale,
            memory,
        } = self.adam;
        let moments = self.mean.iter_mut().zip(self.square.iter_mut());
        for ((m, s), &g) in moments.zip(self.gradient) {
            let g = g * scale;
            *m = *m * beta1 + g * share1;
            *s = *s * beta2 + g * g * share2;
        }
        let spread: &[f32] = match self.largest {
            Some(largest) => {
                for (l, &s) in largest.iter_mut().zip(self.square.iter()) {
                    *l = l.max(s);
                }
                largest
            }
            None => self.square,
        };
        for ((v, &m), &s) in self.value.iter_mut().zip(self.mean.iter()).zip(spread) {
            *v = *v * kept - m * rate / (s.sqrt() * root + eps);
        }
        if let Some(average) = self.average {
            for (a, &v) in average.iter_mut().zip(self.value.iter()) {
                *a = *a * memory + v * (1.0 - memory);
            }
        }
    }
}
