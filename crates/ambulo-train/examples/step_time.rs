//! Times training steps of a small lifter on random numbers: `step_time BATCH STEPS [CONFIG.json]`.
//!
//! `RAYON_NUM_THREADS` sets the threads.
#![expect(clippy::print_stdout, reason = "an example that prints")]

use std::time::Instant;

use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_train::modules::{from_tensors, rtpca::Rtpca};
use ambulo_train::network::initial_weights;
use burn::tensor::{Device, Distribution, Tensor};

const NETWORK: &str = r#"{"model":"rtpca","frames":27,"joints":21,"in_channels":7,"dim":64,"depth":4,"heads":8,"tpca":true,"xlr":true,"xlr_residual":"none"}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: usize| {
        let given = arguments.get(place).map(|text| text.parse());
        given.unwrap_or(Ok(default))
    };
    let (batch, steps) = (number(0, 32)?, number(1, 8)?);
    let json = match arguments.get(2) {
        Some(path) => std::fs::read(path)?,
        None => NETWORK.as_bytes().to_vec(),
    };
    let config = NetworkConfig::from_json(&json)?;
    let NetworkConfig::Rtpca(rtpca) = &config else {
        return Ok(());
    };
    let device = Device::flex().autodiff();
    let network = Rtpca::new(rtpca, 0.0, &device);
    let network = from_tensors(network, &initial_weights(&config, 1))?;
    let [frames, joints, channels] = config.input_shape();
    let shape = [batch, frames, joints, channels];
    let input = Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
    let mut best = [f64::INFINITY; 2];
    for step in 0..steps {
        let mut noise = SeededRng::new(step as u64);
        let start = Instant::now();
        let loss = network
            .forward(input.clone(), &mut Some(&mut noise))
            .square()
            .mean();
        let value: f32 = loss.clone().into_scalar();
        let forward_s = start.elapsed().as_secs_f64();
        drop(loss.backward());
        let both_s = start.elapsed().as_secs_f64();
        println!("loss {value:.6}, forward {forward_s:.3} s, with gradients {both_s:.3} s");
        best = [best[0].min(forward_s), best[1].min(both_s)];
    }
    println!(
        "best: forward {:.3} s, with gradients {:.3} s, {:.1} clips/s",
        best[0],
        best[1],
        batch as f64 / best[1]
    );
    Ok(())
}
