//! How an operation written on plain slices becomes an operation of burn's processor backend, with its
//! gradient.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex};
use burn::tensor::{Shape, Tensor, TensorData};

/// An operation on contiguous arrays, and its gradient.
pub(super) trait FusedOp<const N: usize>: Clone + Debug + Send + 'static {
    /// The output, contiguous.
    fn forward(&self, inputs: [&[f32]; N]) -> Vec<f32>;

    /// The gradients of the inputs, given the inputs and the gradient of the output.
    fn backward(&self, inputs: [&[f32]; N], grad: &[f32]) -> [Gradient; N];

    /// The same, told which of them will be used; the others may be [`Gradient::Unused`].
    fn backward_of(&self, inputs: [&[f32]; N], grad: &[f32], wanted: [bool; N]) -> [Gradient; N] {
        let _ = wanted;
        self.backward(inputs, grad)
    }
}

/// The gradient of one input.
#[derive(Debug)]
pub(super) enum Gradient {
    /// That of the output, unchanged.
    Passed,
    /// These numbers, in the input's layout.
    Values(Vec<f32>),
    /// Left out: nothing depends on it.
    Unused,
}

/// A tensor as the processor backend holds it.
#[derive(Debug)]
pub(super) enum Primitive {
    /// In a graph that can be differentiated.
    Tracked(FloatTensor<Autodiff<Flex>>),
    /// Outside.
    Plain(FlexTensor),
}

/// The tensor's data, if it lives on the processor.
pub(super) fn primitive<const D: usize>(tensor: &Tensor<D>) -> Option<Primitive> {
    if tensor.is_autodiff() {
        let tracked = tensor.clone().try_into_primitive::<Autodiff<Flex>>();
        tracked.ok().map(Primitive::Tracked)
    } else {
        let plain = tensor.clone().try_into_primitive::<Flex>();
        plain.ok().map(Primitive::Plain)
    }
}

/// Applies an operation whose output has this shape; `None` if an input lives on another device, or if
/// only some inputs are in a graph.
pub(super) fn apply<Op: FusedOp<N>, const N: usize, const D: usize>(
    op: Op,
    inputs: [Option<Primitive>; N],
    shape: [usize; D],
) -> Option<Tensor<D>> {
    let mut tracked = Vec::with_capacity(N);
    let mut plain = Vec::with_capacity(N);
    for input in inputs {
        match input? {
            Primitive::Tracked(tensor) => tracked.push(tensor),
            Primitive::Plain(tensor) => plain.push(tensor.to_contiguous()),
        }
    }
    if let Ok(plain) = <[FlexTensor; N]>::try_from(plain) {
        let output = new_tensor(op.forward(slices(&plain)), &shape);
        return Some(Tensor::from_primitive::<Flex>(output));
    }
    let tracked = <[FloatTensor<Autodiff<Flex>>; N]>::try_from(tracked).ok()?;
    let nodes = tracked.each_ref().map(FloatTensor::<Autodiff<Flex>>::node);
    let inputs = tracked.map(|tensor| tensor.into_primitive().to_contiguous());
    let output = new_tensor(op.forward(slices(&inputs)), &shape);
    let step = Step::<Op, N>(std::marker::PhantomData);
    let output = match step
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => prepared.finish((op, inputs), output),
        OpsKind::UnTracked(prepared) => prepared.finish(output),
    };
    Some(Tensor::from_primitive::<Autodiff<Flex>>(output))
}

/// The numbers of a tensor on the processor, row-major, as a function sees them.
pub(super) fn with_numbers<T>(
    tensor: Option<Primitive>,
    see: impl FnOnce(&[f32]) -> T,
) -> Option<T> {
    let plain = match tensor? {
        Primitive::Tracked(tensor) => tensor.into_primitive(),
        Primitive::Plain(tensor) => tensor,
    };
    Some(see(slice(&plain.to_contiguous())))
}

#[derive(Debug)]
struct Step<Op, const N: usize>(std::marker::PhantomData<Op>);

impl<Op: FusedOp<N>, const N: usize> Backward<Flex, N> for Step<Op, N> {
    type State = (Op, [FlexTensor; N]);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<Flex>(&ops.node).to_contiguous();
        let (op, inputs) = ops.state;
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let computed = op.backward_of(slices(&inputs), slice(&grad), wanted);
        for ((gradient, parent), input) in computed.into_iter().zip(ops.parents).zip(&inputs) {
            if let Some(node) = parent {
                let value = match gradient {
                    Gradient::Passed => grad.clone(),
                    Gradient::Values(values) => new_tensor(values, input.layout().shape()),
                    Gradient::Unused => continue,
                };
                grads.register::<Flex>(node.id, value);
            }
        }
    }
}

fn slices<const N: usize>(tensors: &[FlexTensor; N]) -> [&[f32]; N] {
    tensors.each_ref().map(slice)
}

fn slice(tensor: &FlexTensor) -> &[f32] {
    tensor.as_slice().expect("the tensor was made contiguous")
}

fn new_tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, Shape::from(shape.to_vec())))
}
