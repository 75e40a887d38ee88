//! Blocks against cases whose weights follow from a formula.

use ambulo_nn::config::{Axial, Encoder, EncoderNorm, Position, TwinFeed, VBlocks};
use ambulo_nn::tensors::{Tensor as Array, Tensors};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

use super::super::from_tensors;
use super::blocks::VBlock;
use super::encoder::{Layers, Places};
use crate::datasets::takes::narrow;

struct Case {
    tensors: Vec<(String, Array)>,
    input: Array,
    output: Vec<f32>,
}

fn usizes(value: &serde_json::Value) -> Vec<usize> {
    serde_json::from_value(value.clone()).expect("extents")
}

fn case(name: &str) -> Option<Case> {
    let path = ambulo_testkit::parity_dir()?.join("pose_fixtures.json");
    let json = std::fs::read(path).expect("the case is there");
    let all: serde_json::Value = serde_json::from_slice(&json).expect("the case is readable");
    let case = &all["cases"][name];
    let tensors = case["tensors"].as_array().expect("tensors").iter();
    let tensors = tensors.map(|tensor| {
        let number = |key: &str| tensor[key].as_f64().expect("a number");
        let shape = usizes(&tensor["shape"]);
        let count: usize = shape.iter().product();
        let values = (1..=count)
            .map(|i| {
                let angle = 0.7391 * i as f64 + 1.7 * number("n");
                narrow(number("base") + number("amp") * angle.sin())
            })
            .collect();
        let name = tensor["name"].as_str().expect("a name");
        let name = name
            .replace(".mean", ".running_mean")
            .replace(".var", ".running_var");
        (name, Array::new(shape, values).expect("it fills its shape"))
    });
    let shape = usizes(&case["input_shape"]);
    let seed = case["config"]["input_seed"].as_f64().expect("a seed");
    let input = (1..=shape.iter().product())
        .map(|i: usize| {
            let i = i as f64;
            narrow(0.8 * (0.311 * i + seed).sin() + 0.2 * (1.93 * i).cos())
        })
        .collect();
    let output = case["output"].as_array().expect("an output").iter();
    Some(Case {
        tensors: tensors.collect(),
        input: Array::new(shape, input).expect("it fills its shape"),
        output: output
            .map(|x| narrow(x.as_f64().expect("a number")))
            .collect(),
    })
}

fn on_device(array: &Array) -> Tensor<4> {
    let data = TensorData::new(array.data().to_vec(), array.shape().to_vec());
    Tensor::from_data(data, &Device::flex().autodiff())
}

fn loaded<M: Module>(module: M, tensors: impl Iterator<Item = (String, Array)>) -> M {
    from_tensors(module, &tensors.collect::<Tensors>()).expect("the tensors fit")
}

#[track_caller]
fn close(found: Tensor<4>, expected: &[f32]) {
    let found: Vec<f32> = super::super::numbers(found);
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-4 * largest,
            "{found}, not {expected}"
        );
    }
}

#[test]
fn a_v_block_agrees_with_its_case() {
    let Some(case) = case("v_block") else { return };
    let blocks = VBlocks {
        replace: vec![0],
        width: 4,
        ..VBlocks::none()
    };
    let block = VBlock::new(&blocks, 16, 1e-5, &Device::flex().autodiff());
    let block = loaded(block, case.tensors.into_iter());
    let x = on_device(&case.input).permute([0, 2, 3, 1]);
    let y = block.forward(x, &mut None);
    close(y.permute([0, 3, 1, 2]), &case.output);
}

#[test]
fn a_twin_layer_agrees_with_its_case() {
    let Some(case) = case("twin_layer") else {
        return;
    };
    let encoder = Encoder::Twin {
        axial: Axial::Sequential,
        norm: EncoderNorm::Post,
        feed: TwinFeed {
            leaky_slope: 0.01,
            ffn: None,
        },
    };
    let device = Device::flex().autodiff();
    let (places, layers): (Vec<_>, Vec<_>) = case
        .tensors
        .into_iter()
        .partition(|(name, _)| name.starts_with("pe_"));
    let table = Places::new(Position::Axial { sum: true }, [6, 4], 8, &device);
    let table = loaded(table, places.into_iter());
    let named = layers
        .into_iter()
        .map(|(name, tensor)| (format!("layers.0.{name}"), tensor));
    let layers = loaded(Layers::new(1, &encoder, (8, 1), 1e-5, &device), named);
    let x = on_device(&case.input);
    let y = layers.forward(x, &table.on([6, 4]), &mut None);
    close(y, &case.output);
}

#[test]
fn learned_tables_are_interpolated_between_their_ends() {
    let device = Device::flex().autodiff();
    let table = Places::new(Position::Axial { sum: false }, [3, 2], 1, &device);
    let array = |shape: [usize; 2], values: &[f32]| {
        Array::new(shape, values.to_vec()).expect("it fills its shape")
    };
    let tensors = [
        ("pe_row".to_owned(), array([3, 1], &[0.0, 2.0, 6.0])),
        ("pe_col".to_owned(), array([2, 1], &[1.0, 3.0])),
    ];
    let table = loaded(table, tensors.into_iter());
    let [Some(down), Some(along)] = table.on([5, 3]) else {
        panic!("both tables are there");
    };
    close(
        down,
        &[[0.0; 3], [1.0; 3], [2.0; 3], [4.0; 3], [6.0; 3]].concat(),
    );
    close(along, &[1.0, 2.0, 3.0].repeat(5));
}
