//! Layers from named tensors, and the division of their rows among threads.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::NetworkConfig;
use crate::kernels::Cpu;
use crate::kernels::gemm::{BLOCK_ROWS, Finish, Linear};
use crate::kernels::norm::Norm;
use crate::kernels::pool::Pool;
use crate::networks::NetworkError;
use crate::tensors::{Tensor, Tensors};

/// Tensors that have been compared with the settings of their network: all are there, of the right
/// shapes, and none is left over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checked<'a> {
    tensors: &'a Tensors,
    pub(crate) cpu: Cpu,
}

impl<'a> Checked<'a> {
    pub(crate) fn new(
        config: &NetworkConfig,
        tensors: &'a Tensors,
        cpu: Cpu,
    ) -> Result<Self, NetworkError> {
        config.validate()?;
        let expected = config.tensor_shapes();
        for tensor in &expected {
            let found = tensors.require(&tensor.name)?.shape();
            if found != tensor.shape {
                return Err(NetworkError::Shape {
                    name: tensor.name.clone(),
                    found: found.to_vec(),
                    expected: tensor.shape.clone(),
                });
            }
        }
        if tensors.len() > expected.len() {
            let known: Vec<&str> = expected.iter().map(|tensor| tensor.name.as_str()).collect();
            let unused = tensors.iter().find(|(name, _)| !known.contains(name));
            return Err(NetworkError::Unused {
                name: unused.map_or_else(String::new, |(name, _)| name.to_owned()),
                count: tensors.len() - expected.len(),
            });
        }
        Ok(Self { tensors, cpu })
    }

    /// Tensors of a part of a network.
    #[cfg(test)]
    pub(crate) fn part(tensors: &'a Tensors, cpu: Cpu) -> Self {
        Self { tensors, cpu }
    }

    /// The numbers of a tensor. Empty for a name that the settings do not list, which would be a bug.
    pub(crate) fn data(&self, name: &str) -> &'a [f32] {
        let tensor = self.tensors.get(name);
        debug_assert!(
            tensor.is_some(),
            "{name} is not among the settings' tensors"
        );
        tensor.map_or(&[], Tensor::data)
    }

    /// The extents of a tensor; empty for a name that the settings do not list.
    pub(crate) fn shape(&self, name: &str) -> &'a [usize] {
        self.tensors.get(name).map_or(&[], Tensor::shape)
    }

    /// The numbers of a tensor that some settings do without.
    pub(crate) fn optional(&self, name: &str) -> Option<&'a [f32]> {
        self.tensors.get(name).map(Tensor::data)
    }

    /// A linear layer with as many outputs as given; its bias may be missing.
    pub(crate) fn linear(&self, name: &str, outputs: usize) -> Linear {
        let weights = self.data(&format!("{name}.weight"));
        let bias = self.optional(&format!("{name}.bias"));
        Linear::new(self.cpu, weights, bias, outputs)
    }

    pub(crate) fn norm(&self, name: &str, eps: f32) -> Norm {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        Norm::new(self.cpu, self.data(&weight), self.data(&bias), eps)
    }
}

/// Two layers with GELU between them.
#[derive(Debug, Clone)]
pub(crate) struct Mlp {
    pub(crate) first: Linear,
    pub(crate) second: Linear,
}

impl Mlp {
    pub(crate) fn new(weights: Checked<'_>, name: &str, hidden: usize, outputs: usize) -> Self {
        Self {
            first: weights.linear(&format!("{name}.fc1"), hidden),
            second: weights.linear(&format!("{name}.fc2"), outputs),
        }
    }

    /// Adds the layers' result for the rows `input` to the rows `output`, with `hidden` as scratch.
    pub(crate) fn add_to(
        &self,
        rows: usize,
        input: &[f32],
        hidden: &mut [f32],
        output: &mut [f32],
    ) {
        let (width, inner) = (self.first.inputs(), self.first.outputs());
        self.first
            .apply(rows, (input, width), (hidden, inner), Finish::Gelu);
        self.second.apply(
            rows,
            (hidden, inner),
            (output, self.second.outputs()),
            Finish::Add,
        );
    }
}

/// Rows that one thread handles together: few enough for the caches, and units enough for all threads.
pub(crate) fn block_rows(pool: &Pool, rows: usize) -> usize {
    let threads = pool.threads();
    let blocks = rows.div_ceil(BLOCK_ROWS).next_multiple_of(threads);
    rows.div_ceil(blocks).max(FEWEST_ROWS.min(rows)).max(1)
}

const FEWEST_ROWS: usize = 14;

/// Intermediate results by name, collected only when asked for.
#[derive(Debug, Default)]
pub(crate) struct Trace(Option<BTreeMap<String, Tensor>>);

impl Trace {
    pub(crate) fn off() -> Self {
        Self(None)
    }

    pub(crate) fn on() -> Self {
        Self(Some(BTreeMap::new()))
    }

    pub(crate) fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Keeps a tensor, which is made only if the trace is on.
    pub(crate) fn keep(
        &mut self,
        name: fmt::Arguments<'_>,
        shape: &[usize],
        data: impl FnOnce() -> Vec<f32>,
    ) {
        if let Some(kept) = &mut self.0 {
            let tensor = Tensor::new(shape, data());
            debug_assert!(tensor.is_ok(), "{name} has another shape");
            if let Ok(tensor) = tensor {
                kept.insert(name.to_string(), tensor);
            }
        }
    }

    /// Puts the data of item `index` into a tensor whose first extent counts items.
    pub(crate) fn append(&mut self, name: &str, shape: &[usize], index: usize, data: &[f32]) {
        if let Some(kept) = &mut self.0 {
            let tensor = kept
                .entry(name.to_owned())
                .or_insert_with(|| Tensor::zeros(shape));
            tensor.data_mut()[index * data.len()..][..data.len()].copy_from_slice(data);
        }
    }

    pub(crate) fn into_tensors(self) -> BTreeMap<String, Tensor> {
        self.0.unwrap_or_default()
    }
}

/// Turns `[outer, a, b, inner]` into `[outer, b, a, inner]`.
pub(crate) fn swapped(data: &[f32], [outer, a, b, inner]: [usize; 4]) -> Vec<f32> {
    let mut turned = Vec::with_capacity(data.len());
    for o in 0..outer {
        for j in 0..b {
            for i in 0..a {
                let start = ((o * a + i) * b + j) * inner;
                turned.extend_from_slice(&data[start..start + inner]);
            }
        }
    }
    turned
}
