//! The loss of the lifters against the reference values.
#![expect(
    clippy::cast_possible_truncation,
    reason = "networks compute in single precision"
)]

use ambulo_train::losses::{HeatmapLoss, JointWeights, LiftLoss, LossConfig};
use burn::tensor::{Device, Tensor, TensorData};

fn flat(value: &serde_json::Value, numbers: &mut Vec<f32>) {
    match value {
        serde_json::Value::Array(items) => items.iter().for_each(|item| flat(item, numbers)),
        other => numbers.push(other.as_f64().expect("a number") as f32),
    }
}

fn of(tensor: &Tensor<1>) -> f64 {
    f64::from(tensor.clone().into_scalar::<f32>())
}

#[test]
fn the_terms_are_those_of_the_released_training() {
    let Some(dir) = ambulo_testkit::parity_dir() else {
        return;
    };
    let dir = dir.join("metrics").join("pose3d");
    let read = |name: &str| -> serde_json::Value {
        let text = std::fs::read_to_string(dir.join(name)).expect("the case is there");
        serde_json::from_str(&text).expect("the case is JSON")
    };
    let (input, expected) = (read("input.json"), read("expected.json"));
    let frames = input["pred"].as_array().expect("a list").len();
    let device = Device::flex();
    let motion = |name: &str| {
        let mut numbers = Vec::new();
        flat(&input[name], &mut numbers);
        Tensor::<4>::from_data(TensorData::new(numbers, [1, frames, 17, 3]), &device)
    };
    let mut weights = Vec::new();
    flat(&input["weights"], &mut weights);
    let counted = Tensor::ones([1, frames, 17], &device);
    let config = LossConfig::default();
    let loss = LiftLoss::of(&config, &weights, motion("pred"), motion("gt"), counted);
    let terms = [
        ("L_w", Some(&loss.places)),
        ("L_t", loss.smoothness.as_ref()),
        ("L_m", loss.velocity.as_ref()),
        ("total", Some(&loss.total())),
    ]
    .map(|(name, found)| (name, of(found.expect("there are frames"))));
    for (name, found) in terms {
        let expected = expected["losses"][name].as_f64().expect("a number");
        assert!(
            (found - expected).abs() < 1e-5 * expected,
            "{name}: {found}"
        );
    }
}

/// Two frames of two joints, all errors known.
fn small(counted: [f32; 4]) -> LiftLoss {
    let device = Device::flex();
    let predicted = [0.3, 0.4, 0.0, 0.0, 0.0, 1.0, 0.3, 0.4, 0.0, 0.0, 0.0, 0.0];
    let predicted = Tensor::from_data(TensorData::new(predicted.to_vec(), [1, 2, 2, 3]), &device);
    let target = Tensor::zeros([1, 2, 2, 3], &device);
    let counted = Tensor::from_data(TensorData::new(counted.to_vec(), [1, 2, 2]), &device);
    LiftLoss::of(
        &LossConfig::default(),
        &[1.0, 2.0],
        predicted,
        target,
        counted,
    )
}

#[test]
fn missing_targets_do_not_count() {
    let all = small([1.0; 4]);
    assert!((of(&all.places) - (0.5 + 2.0 + 0.5 + 0.0) / 4.0).abs() < 1e-5);
    assert!((of(&all.velocity.expect("two frames")) - 2.0 * (0.0 + 1.0) / 2.0).abs() < 1e-5);
    let some = small([1.0, 0.0, 1.0, 1.0]);
    assert!((of(&some.places) - 1.0 / 3.0).abs() < 1e-5);
    assert!(of(&some.velocity.expect("two frames")).abs() < 1e-5);
    assert!(of(&small([0.0; 4]).places).abs() < 1e-9);
}

#[test]
fn weights_for_another_number_of_joints_are_refused() {
    assert!(JointWeights::Mixste.for_joints(16).is_err());
    assert!(JointWeights::Listed(vec![1.0; 3]).for_joints(4).is_err());
    let paper = JointWeights::Paper
        .for_joints(21)
        .expect("17 joints and the feet");
    assert_eq!((paper.len(), paper[20].to_bits()), (21, 4.0_f32.to_bits()));
}

/// Maps of 8 × 8 cells for two joints, and where those are: the first in the middle, the second unknown.
fn maps(value: f32) -> (Tensor<4>, Vec<[f32; 3]>) {
    let maps = Tensor::full([1, 8, 8, 2], value, &Device::flex());
    (maps, vec![[3.0, 4.25, 1.0], [0.0, 0.0, 0.0]])
}

#[test]
fn an_even_map_has_the_entropy_of_its_cells() {
    let (heatmaps, points) = maps(0.7);
    let loss = HeatmapLoss::CrossEntropy { sigma: 1.6 }.of(heatmaps, points);
    let loss: f32 = loss.into_scalar();
    assert!((loss - 64.0_f32.ln()).abs() < 1e-5, "{loss}");
}

#[test]
fn the_squared_error_of_maps_is_half_the_mean_over_all_joints() {
    let (heatmaps, points) = maps(0.0);
    let loss = HeatmapLoss::SquaredError { sigma: 2.0 }.of(heatmaps, points);
    let loss: f32 = loss.into_scalar();
    let mut sum = 0.0_f32;
    for cell in 0_u8..64 {
        let (x, y) = (f32::from(cell % 8) - 3.0, f32::from(cell / 8) - 4.25);
        sum += (-(x * x + y * y) / 8.0).exp().powi(2);
    }
    let expected = 0.5 * sum / 128.0;
    assert!((loss - expected).abs() < 1e-6, "{loss}, not {expected}");
}
