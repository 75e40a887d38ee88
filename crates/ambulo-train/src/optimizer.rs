//! Adam in its two forms, on the parameters of a module, with an average of the weights.

use std::collections::BTreeMap;

use ambulo_nn::tensors::{Tensor as Array, Tensors};
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::datasets::takes::narrow as single;
use crate::modules::{file_name, numbers};
use crate::ops::{self, Adam, Slots};

/// Settings of the optimiser.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Step size before the schedule.
    pub learning_rate: f64,
    /// Memory of the mean and of the square of the gradient.
    pub betas: [f64; 2],
    /// Keeps the division finite.
    pub eps: f64,
    /// Share of every weight taken away at each step, times the step size. 0 makes it plain Adam.
    pub weight_decay: f64,
    /// Whether the mean square never falls (`amsgrad`).
    pub amsgrad: bool,
    /// Largest norm of the gradient of all parameters together; longer ones are shortened to it.
    pub clip_norm: Option<f64>,
    /// Memory of the average of the weights, which is what a run delivers; 0 delivers the last weights.
    /// Over the first steps the memory is shorter.
    pub average: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            betas: [0.9, 0.999],
            eps: 1e-8,
            weight_decay: 0.01,
            amsgrad: false,
            clip_norm: None,
            average: 0.0,
        }
    }
}

/// The optimiser of one run.
///
/// # Source
///
/// Loshchilov & Hutter (2019), "Decoupled weight decay regularization", arXiv:1711.05101; Reddi et al.
/// (2018), "On the convergence of Adam and beyond", arXiv:1904.09237.
#[derive(Debug)]
pub struct Optimizer {
    config: OptimizerConfig,
    steps: u64,
    slots: BTreeMap<String, Slot>,
}

/// What is remembered of one parameter, flat.
#[derive(Debug)]
struct Slot {
    shape: Vec<usize>,
    mean: Tensor<1>,
    square: Tensor<1>,
    largest: Option<Tensor<1>>,
    average: Option<Tensor<1>>,
}

impl Optimizer {
    /// An optimiser that has made no step.
    pub fn new(config: OptimizerConfig) -> Self {
        Self {
            config,
            steps: 0,
            slots: BTreeMap::new(),
        }
    }

    /// Makes one step with these gradients; parameters without a gradient stay.
    pub fn step<M: Module>(&mut self, module: M, mut gradients: Gradients, rate_factor: f64) -> M {
        self.steps += 1;
        let scale = self.config.clip_norm.map_or(1.0, |limit| {
            let norm = gradient_norm(&module, &gradients);
            if norm > limit { limit / norm } else { 1.0 }
        });
        module.map(&mut Update {
            path: Vec::new(),
            rate: self.config.learning_rate * rate_factor,
            scale,
            optimizer: self,
            gradients: &mut gradients,
        })
    }

    /// The module with the averaged weights.
    pub fn averaged<M: Module>(&self, module: M) -> M {
        module.map(&mut Averaged {
            path: Vec::new(),
            optimizer: self,
        })
    }

    /// Everything needed to go on later: `mean/NAME`, `square/NAME` and so on.
    pub fn state(&self) -> Tensors {
        let mut state = Tensors::new();
        for (name, slot) in &self.slots {
            for (kind, tensor) in slot.parts() {
                let numbers = tensor.map(|tensor| numbers(tensor.clone()));
                let array = numbers.and_then(|n| Array::new(slot.shape.clone(), n).ok());
                if let Some(array) = array {
                    state.insert(format!("{kind}/{name}"), array);
                }
            }
        }
        state
    }

    /// An optimiser as it was after `steps` steps, from what [`Optimizer::state`] gave.
    pub fn restore(config: OptimizerConfig, steps: u64, state: &Tensors, device: &Device) -> Self {
        let device = device.clone().without_autodiff();
        let part = |kind: &str, name: &str| {
            let array = state.get(&format!("{kind}/{name}"))?;
            let data = TensorData::new(array.data().to_vec(), [array.len()]);
            Some(Tensor::from_data(data, &device))
        };
        let slots = state.iter().filter_map(|(key, array)| {
            let name = key.strip_prefix("mean/")?;
            let slot = Slot {
                shape: array.shape().to_vec(),
                mean: part("mean", name)?,
                square: part("square", name)?,
                largest: part("largest", name),
                average: part("average", name),
            };
            Some((name.to_owned(), slot))
        });
        Self {
            config,
            steps,
            slots: slots.collect(),
        }
    }

    /// The memory of the average at this step: short at first, so that the start is soon forgotten.
    pub(crate) fn average_memory(&self) -> f64 {
        let steps = self.steps as f64;
        self.config.average.min((1.0 + steps) / (10.0 + steps))
    }
}

impl Slot {
    fn new(value: &Tensor<1>, shape: Vec<usize>, config: &OptimizerConfig) -> Self {
        let zeros = value.zeros_like();
        Self {
            shape,
            mean: zeros.clone(),
            square: zeros.clone(),
            largest: config.amsgrad.then_some(zeros),
            average: (config.average > 0.0).then(|| value.clone()),
        }
    }

    fn parts(&self) -> [(&'static str, Option<&Tensor<1>>); 4] {
        [
            ("mean", Some(&self.mean)),
            ("square", Some(&self.square)),
            ("largest", self.largest.as_ref()),
            ("average", self.average.as_ref()),
        ]
    }
}

struct Update<'a> {
    path: Vec<String>,
    rate: f64,
    scale: f64,
    optimizer: &'a mut Optimizer,
    gradients: &'a mut Gradients,
}

impl Update<'_> {
    fn stepped(&mut self, value: Tensor<1>, gradient: Tensor<1>, shape: Vec<usize>) -> Tensor<1> {
        let config = self.optimizer.config;
        let memory = self.optimizer.average_memory();
        let steps = self.optimizer.steps as f64;
        let slot = self
            .optimizer
            .slots
            .entry(file_name(&self.path))
            .or_insert_with(|| Slot::new(&value, shape, &config));
        let [beta1, beta2] = config.betas;
        let adam = Adam {
            betas: config.betas.map(single),
            shares: config.betas.map(|beta| single(1.0 - beta)),
            eps: single(config.eps),
            rate: single(self.rate / (1.0 - beta1.powf(steps))),
            root: single(1.0 / (1.0 - beta2.powf(steps)).sqrt()),
            kept: single(1.0 - self.rate * config.weight_decay),
            scale: single(self.scale),
            memory: single(memory),
        };
        let slots = Slots {
            mean: &mut slot.mean,
            square: &mut slot.square,
            largest: slot.largest.as_mut(),
            average: slot.average.as_mut(),
        };
        ops::adam(adam, value, gradient, slots)
    }
}

impl ModuleMapper for Update<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|value| {
            let Some(gradient) = value.grad_remove(self.gradients) else {
                return value;
            };
            let shape = value.dims();
            let count: usize = shape.iter().product();
            let flat = value.inner().reshape([count]);
            let next = self.stepped(flat, gradient.reshape([count]), shape.to_vec());
            next.reshape(shape).autodiff().require_grad()
        })
    }
}

struct Averaged<'a> {
    path: Vec<String>,
    optimizer: &'a Optimizer,
}

impl ModuleMapper for Averaged<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let slot = self.optimizer.slots.get(&file_name(&self.path));
        let Some(average) = slot.and_then(|slot| slot.average.clone()) else {
            return param;
        };
        param.map(|value| average.reshape(value.dims()).autodiff().require_grad())
    }
}

/// The length of the gradient of all parameters together.
fn gradient_norm<M: Module>(module: &M, gradients: &Gradients) -> f64 {
    let mut norm = Norm {
        gradients,
        sum: 0.0,
    };
    module.visit(&mut norm);
    norm.sum.sqrt()
}

struct Norm<'a> {
    gradients: &'a Gradients,
    sum: f64,
}

impl ModuleVisitor for Norm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            self.sum += f64::from(gradient.square().sum().into_scalar::<f32>());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::ParamId;

    #[derive(Module, Debug)]
    struct Three {
        numbers: Param<Tensor<1>>,
    }

    /// Four steps with given gradients, stopped and restored in the middle.
    fn stepped(config: OptimizerConfig) -> Vec<f32> {
        let device = Device::flex().autodiff();
        let start = Tensor::<1>::from_floats([1.0, -2.0, 0.5], &device).require_grad();
        let mut module = Three {
            numbers: Param::initialized(ParamId::new(), start),
        };
        let mut optimizer = Optimizer::new(config);
        let gradients = [
            [0.5, -1.0, 0.25],
            [-0.2, 0.8, 0.1],
            [0.9, -0.1, -0.4],
            [0.05, 0.3, -0.6],
        ];
        for (step, gradient) in (1..).zip(gradients) {
            let gradient = Tensor::<1>::from_floats(gradient, &device);
            let gradients = (module.numbers.val() * gradient).sum().backward();
            module = optimizer.step(module, gradients, 1.0);
            if step == 2 {
                optimizer = Optimizer::restore(config, 2, &optimizer.state(), &device);
            }
        }
        numbers(module.numbers.val())
    }

    #[track_caller]
    fn check(found: &[f32], expected: [f32; 3]) {
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} and {expected}");
        }
    }

    #[test]
    fn steps_are_those_of_pytorch() {
        let config = OptimizerConfig {
            learning_rate: 0.1,
            weight_decay: 0.1,
            ..OptimizerConfig::default()
        };
        check(&stepped(config), [0.702_991_4, -1.814_793_5, 0.361_921_1]);
        let config = OptimizerConfig {
            betas: [0.9, 0.99],
            weight_decay: 0.0,
            amsgrad: true,
            ..config
        };
        check(&stepped(config), [0.738_383_1, -1.890_435_7, 0.376_624]);
    }

    #[test]
    fn long_gradients_are_shortened() {
        let config = OptimizerConfig {
            learning_rate: 0.1,
            weight_decay: 0.0,
            betas: [0.0, 0.0],
            eps: 1.0,
            clip_norm: Some(0.5),
            ..OptimizerConfig::default()
        };
        // With these settings a step is g / (|g| + 1): the first gradient has length 1.146.
        let device = Device::flex().autodiff();
        let start = Tensor::<1>::from_floats([0.0; 3], &device).require_grad();
        let module = Three {
            numbers: Param::initialized(ParamId::new(), start),
        };
        let gradient = Tensor::<1>::from_floats([0.5, -1.0, 0.25], &device);
        let gradients = (module.numbers.val() * gradient).sum().backward();
        let module = Optimizer::new(config).step(module, gradients, 1.0);
        let expected = [0.5, -1.0, 0.25].map(|g: f32| {
            let g = g * 0.5 / 1.145_644;
            -0.1 * g / (g.abs() + 1.0)
        });
        check(&numbers(module.numbers.val()), expected);
    }
}
