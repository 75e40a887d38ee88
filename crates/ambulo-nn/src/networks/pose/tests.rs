//! Parts of the networks against `pose_formula.json`.

use super::build::Builder;
use super::encoder::Encoder;
use super::program::{Order, Program, Step};
use crate::config::{self, Axial, EncoderNorm, Position, TwinFeed, VBlocks, VEntry, VKernel};
use crate::kernels::Isa;
use crate::kernels::maps::Extents;
use crate::layers::{Checked, Trace};
use crate::tensors::{Tensor, Tensors};
use crate::threads::{Engine, Threads};

struct Case {
    weights: Tensors,
    /// `[batch, channels, rows, columns]`.
    input: Vec<f32>,
    batch: usize,
    extents: Extents,
    expected: Vec<f32>,
}

/// Reads a case; `cells`: whether its maps have their channels innermost.
#[expect(clippy::cast_possible_truncation, reason = "the formulas round to f32")]
fn case(name: &str, prefix: &str, cells: bool) -> Case {
    let path = ambulo_testkit::repository_root().join("testdata/parity/pose_formula.json");
    let all: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let case = &all["cases"][name];
    let usizes = |value: &serde_json::Value| -> Vec<usize> {
        serde_json::from_value(value.clone()).unwrap()
    };
    let tensors = case["tensors"].as_array().unwrap().iter();
    let weights = tensors.map(|tensor| {
        let number = |key: &str| tensor[key].as_f64().unwrap();
        let shape = usizes(&tensor["shape"]);
        let data = (1..=shape.iter().product()).map(|i: usize| {
            let angle = 0.7391 * i as f64 + 1.7 * number("n");
            (number("base") + number("amp") * angle.sin()) as f32
        });
        let own = tensor["name"].as_str().unwrap();
        let prefix = if own.starts_with("pe_") { "" } else { prefix };
        let data = data.collect();
        (format!("{prefix}{own}"), Tensor::new(shape, data).unwrap())
    });
    let shape = usizes(&case["input_shape"]);
    let seed = case["config"]["input_seed"].as_f64().unwrap();
    let input = (1..=shape.iter().product()).map(|i: usize| {
        let i = i as f64;
        (0.8 * (0.311 * i + seed).sin() + 0.2 * (1.93 * i).cos()) as f32
    });
    let expected = case["output"].as_array().unwrap().iter();
    let expected = expected.map(|x| x.as_f64().unwrap() as f32);
    let [batch, rows, columns, channels] = if cells {
        [0, 1, 2, 3].map(|axis| shape[axis])
    } else {
        [0, 2, 3, 1].map(|axis| shape[axis])
    };
    let extents = Extents {
        rows,
        columns,
        channels,
    };
    let planes = |data: Vec<f32>| {
        if cells {
            planes(&data, batch, extents)
        } else {
            data
        }
    };
    Case {
        weights: weights.collect(),
        input: planes(input.collect()),
        batch,
        extents,
        expected: planes(expected.collect()),
    }
}

/// Channels outermost.
fn planes(cells: &[f32], batch: usize, extents: Extents) -> Vec<f32> {
    let area = extents.rows * extents.columns;
    crate::layers::swapped(cells, [batch, area, extents.channels, 1])
}

fn check(case: &Case, program: impl Fn(Checked<'_>) -> Program) {
    for &isa in Isa::available() {
        let engine = Engine::with_isa(Threads::new(2), isa).unwrap();
        let mut program = program(Checked::part(&case.weights, engine.cpu));
        let mut found = vec![0.0; case.expected.len()];
        let trace = &mut Trace::off();
        program.run(&engine, &case.input, case.batch, &mut found, trace);
        for (place, (found, expected)) in found.iter().zip(&case.expected).enumerate() {
            let difference = (found - expected).abs();
            assert!(
                difference <= 1e-4,
                "{isa:?}, {place}: {found}, not {expected}"
            );
        }
    }
}

#[test]
fn a_v_block_gives_the_numbers_of_the_reference() {
    let case = case("v_block", "block.", false);
    let blocks = VBlocks {
        replace: vec![0],
        width: 4,
        entry: VEntry::PerPart,
        kernel: VKernel::Asymmetric,
    };
    check(&case, |weights| {
        let mut builder = Builder::new(weights, 1e-5);
        let input = builder.map(case.extents);
        let output = builder.v_block(&blocks, "block", input);
        builder.finish(input, (output, case.extents.channels))
    });
}

#[test]
fn a_twin_layer_gives_the_numbers_of_the_reference() {
    let case = case("twin_layer", "global_encoder.layers.0.", true);
    let twin = config::Encoder::Twin {
        axial: Axial::Sequential,
        norm: EncoderNorm::Post,
        feed: TwinFeed {
            leaky_slope: 0.01,
            ffn: None,
        },
    };
    check(&case, |weights| {
        let mut builder = Builder::new(weights, 1e-5);
        let map = builder.map(case.extents);
        let encoder = Encoder::new(
            (1, &twin, Position::Axial { sum: true }),
            (case.extents, 1, 1e-5),
            Order::Cells,
            weights,
        );
        builder.step(Step::Encode(Box::new(encoder), map));
        builder.finish(map, (map, case.extents.channels))
    });
}
