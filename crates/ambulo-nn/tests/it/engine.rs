//! What holds for every network: threads, memory, batches, videos and wrong inputs.

use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::{Network, NetworkError};
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_nn::threads::Threads;
use ambulo_testkit::SeededRng;

use crate::parity;

/// Weights of the size of trained ones.
#[expect(clippy::cast_possible_truncation, reason = "random weights")]
pub(crate) fn random_weights(config: &NetworkConfig, seed: u64) -> Tensors {
    let mut rng = SeededRng::new(seed);
    let shapes = config.tensor_shapes().into_iter();
    shapes
        .map(|tensor| {
            let fan_in: usize = tensor.shape.iter().skip(1).product::<usize>().max(1);
            let is_factor = tensor.shape.len() == 1 && tensor.name.ends_with("weight");
            let base = if is_factor { 1.0 } else { 0.0 };
            let size = (fan_in as f64).sqrt().recip().min(0.3);
            let is_variance = tensor.name.ends_with("running_var");
            let numbers = (0..tensor.len()).map(|_| {
                let number = base + size * rng.normal();
                if is_variance {
                    1.0 + number.abs()
                } else {
                    number
                }
            });
            let data = numbers.map(|x| x as f32).collect();
            let data = Tensor::new(tensor.shape, data).unwrap();
            (tensor.name, data)
        })
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "random keypoints")]
pub(crate) fn random_input(config: &NetworkConfig, frames: usize, seed: u64) -> Vec<f32> {
    let [_, joints, channels] = config.input_shape();
    let mut rng = SeededRng::new(seed);
    (0..frames * joints * channels)
        .map(|_| (0.4 * rng.normal()) as f32)
        .collect()
}

const CASES: [&str; 6] = [
    "rtpca/full_odd_lengths",
    "rtpca/mixste_t27",
    "convformer/t27_k357",
    "convformer/t9_in17_out15",
    "vttranspose/transpose_h",
    "vttranspose/vtt_default",
];

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for name in CASES {
        let case = parity::case(name);
        let mut outputs = [1, 2, 3, 8].into_iter().map(|threads| {
            let threads = Threads::new(threads);
            let mut network = Network::from_weights(&case.config, &case.weights, threads).unwrap();
            let batch = case.input.shape()[0];
            network.forward(case.input.data(), batch).unwrap()
        });
        let one = outputs.next().unwrap();
        assert!(outputs.all(|other| other == one), "{name}");
    }
}

#[test]
fn a_clip_does_not_depend_on_its_batch() {
    for name in CASES {
        let case = parity::case(name);
        let threads = Threads::new(2);
        let mut network = Network::from_weights(&case.config, &case.weights, threads).unwrap();
        let frames = case.config.input_shape()[0];
        let clips: Vec<Vec<f32>> = (0..3)
            .map(|seed| random_input(&case.config, frames, seed))
            .collect();
        let alone: Vec<f32> = clips
            .iter()
            .flat_map(|clip| network.forward(clip, 1).unwrap())
            .collect();
        let together = network.forward(&clips.concat(), 3).unwrap();
        assert_eq!(alone, together, "{name}");
    }
}

#[test]
fn a_second_pass_allocates_nothing() {
    for name in CASES {
        let case = parity::case(name);
        for threads in [1, 2] {
            let threads = Threads::new(threads);
            let mut network = Network::from_weights(&case.config, &case.weights, threads).unwrap();
            let batch = case.input.shape()[0];
            let outputs: usize = case.config.output_shape().iter().product();
            let mut output = vec![0.0; batch * outputs];
            let mut pass = || {
                network
                    .forward_into(case.input.data(), batch, &mut output)
                    .unwrap();
            };
            pass();
            let info = allocation_counter::measure(pass);
            assert_eq!(info.count_total, 0, "{name}");
        }
    }
}

#[test]
fn a_video_gives_what_its_windows_give() {
    for name in ["convformer/t27_k357", "convformer/t9_in17_out15"] {
        let case = parity::case(name);
        let threads = Threads::new(2);
        let mut network = Network::from_weights(&case.config, &case.weights, threads).unwrap();
        let [frames, joints, channels] = case.config.input_shape();
        let video = random_input(&case.config, frames + 10, 5);
        let windows: Vec<f32> = (0..=10)
            .flat_map(|first| {
                let frame = joints * channels;
                let window = &video[first * frame..][..frames * frame];
                network.forward(window, 1).unwrap()
            })
            .collect();
        assert_eq!(network.forward_video(&video).unwrap(), windows, "{name}");
    }
}

#[test]
fn wrong_inputs_and_weights_are_named() {
    let case = parity::case("convformer/t9_in17_out15");
    let threads = Threads::new(1);
    let mut network = Network::from_weights(&case.config, &case.weights, threads).unwrap();
    let short = vec![0.0; 5];
    assert!(matches!(
        network.forward(&short, 1),
        Err(NetworkError::Input { found: 5, .. })
    ));
    assert!(matches!(
        network.forward_video(&short),
        Err(NetworkError::Input { .. })
    ));
    assert!(matches!(
        network.forward_into(case.input.data(), 1, &mut [0.0]),
        Err(NetworkError::Output { .. })
    ));
    assert_eq!(network.forward(&[], 0).unwrap(), Vec::<f32>::new());
    let mut more = case.weights.clone();
    more.insert("stray", Tensor::zeros([2]));
    let refused = Network::from_weights(&case.config, &more, threads);
    assert!(matches!(refused, Err(NetworkError::Unused { name, count: 1 }) if name == "stray"));
    let mut fewer = case.weights.clone();
    fewer.remove("embed.bias");
    assert!(matches!(
        Network::from_weights(&case.config, &fewer, threads),
        Err(NetworkError::Tensor(_))
    ));
    fewer.insert("embed.bias", Tensor::zeros([7]));
    assert!(matches!(
        Network::from_weights(&case.config, &fewer, threads),
        Err(NetworkError::Shape { .. })
    ));
}
