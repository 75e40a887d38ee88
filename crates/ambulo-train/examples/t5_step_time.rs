//! Times training steps of a small T5 on random tokens: `t5_step_time TEXTS STEPS [DIM HIDDEN BLOCKS]`.
//!
//! `RAYON_NUM_THREADS` sets the threads.
#![expect(clippy::print_stdout, reason = "an example that prints")]

use std::time::Instant;

use ambulo::synth::SeededRng;
use ambulo_nn::config::T5Config;
use ambulo_train::losses::text_log_probabilities;
use ambulo_train::modules::from_tensors;
use ambulo_train::modules::t5::{T5, Tokens};
use ambulo_train::network::initial_reasoner_weights;
use ambulo_train::optimizer::{Optimizer, OptimizerConfig};
use burn::tensor::Device;

/// Tokens that are read and written.
const LENGTHS: [usize; 2] = [80, 80];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Result<Vec<usize>, _> =
        std::env::args().skip(1).map(|text| text.parse()).collect();
    let arguments = arguments?;
    let number = |place: usize, default: usize| arguments.get(place).copied().unwrap_or(default);
    let (texts, steps) = (number(0, 16), number(1, 8));
    let config = T5Config {
        dim: number(2, 128),
        head_dim: 32,
        heads: number(2, 128) / 32,
        hidden: number(3, 384),
        encoder_blocks: number(4, 3),
        decoder_blocks: number(4, 3),
        ..T5Config::base(1024)
    };
    let device = Device::flex().autodiff();
    let network = T5::new(&config, 0.1, &device);
    let mut network = from_tensors(network, &initial_reasoner_weights(&config, 1))?;
    let mut rng = SeededRng::new(1);
    let mut draw = |length: usize| -> Vec<Vec<u32>> {
        let mut token = |_| u32::try_from(2 + rng.below(1000)).unwrap_or(2);
        let text = |_| (0..length).map(&mut token).collect();
        (0..texts).map(text).collect()
    };
    let (read, written) = (draw(LENGTHS[0]), draw(LENGTHS[1]));
    let mut optimizer = Optimizer::new(OptimizerConfig::default());
    let mut best = f64::INFINITY;
    for step in 0..steps {
        let mut noise = SeededRng::new(step as u64);
        let start = Instant::now();
        let tokens = |texts: &[Vec<u32>]| Tokens::new(texts, config.pad);
        let logits = network.forward(&tokens(&read), &tokens(&written), &mut Some(&mut noise));
        let loss = -text_log_probabilities(&logits, &written).mean() / LENGTHS[1] as f64;
        let value: f32 = loss.clone().into_scalar();
        let forward_s = start.elapsed().as_secs_f64();
        let gradients = loss.backward();
        let backward_s = start.elapsed().as_secs_f64();
        network = optimizer.step(network, gradients, 1.0);
        let all_s = start.elapsed().as_secs_f64();
        println!(
            "loss {value:.4}, forward {forward_s:.3} s, gradients {backward_s:.3} s, all {all_s:.3} s"
        );
        best = best.min(all_s);
    }
    println!(
        "best: {best:.3} s, {:.1} pairs of texts a second",
        texts as f64 / best
    );
    Ok(())
}
