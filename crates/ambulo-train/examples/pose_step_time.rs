//! Times training steps of a network that finds keypoints, on random pictures:
//! `pose_step_time BATCH STEPS WIDTH HEIGHT [CONFIG.json]`.
//!
//! `RAYON_NUM_THREADS` sets the threads. Freed memory should be kept, as `ambulo train` does:
//! `MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=8589934592`.
#![expect(clippy::print_stdout, reason = "an example that prints")]

use std::time::Instant;

use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_train::losses::HeatmapLoss;
use ambulo_train::modules::from_tensors;
use ambulo_train::modules::pose::{PoseNetwork, Training, Vttranspose, VttransposeSmall};
use ambulo_train::network::{Beginning, initial_pose_weights};
use ambulo_train::optimizer::{Optimizer, OptimizerConfig};
use burn::tensor::{Device, Distribution, Tensor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: usize| {
        let given = arguments.get(place).map(|text| text.parse());
        given.unwrap_or(Ok(default))
    };
    let [batch, steps, width, height] = [
        number(0, 32)?,
        number(1, 8)?,
        number(2, 96)?,
        number(3, 128)?,
    ];
    let json = match arguments.get(4) {
        Some(path) => std::fs::read(path)?,
        None => br#"{"model":"vttranspose_small"}"#.to_vec(),
    };
    let config = NetworkConfig::from_json(&json)?;
    let device = Device::flex().autodiff();
    let size = [batch, height, width];
    match &config {
        NetworkConfig::Vttranspose(c) => {
            time(Vttranspose::new(c, &device), &config, size, steps, &device)
        }
        NetworkConfig::VttransposeSmall(c) => {
            let network = VttransposeSmall::new(c, &device);
            time(network, &config, size, steps, &device)
        }
        other => Err(format!("{} is not timed here", other.model()).into()),
    }
}

fn time<N: PoseNetwork>(
    network: N,
    config: &NetworkConfig,
    [batch, height, width]: [usize; 3],
    steps: usize,
    device: &Device,
) -> Result<(), Box<dyn std::error::Error>> {
    let weights = initial_pose_weights(config, Beginning::Uniform, 1);
    let mut network = from_tensors(network, &weights)?;
    let [joints, ..] = config.output_shape();
    let shape = [batch, height, width, 3];
    let pictures = Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), device);
    let points = vec![[5.3, 7.8, 1.0]; batch * joints];
    let mut optimizer = Optimizer::new(OptimizerConfig {
        average: 0.998,
        ..OptimizerConfig::default()
    });
    let mut best = [f64::INFINITY; 3];
    for step in 0..steps {
        let start = Instant::now();
        let mut pass = Training::new(SeededRng::new(step as u64), 0.0);
        let maps = network.heatmaps(pictures.clone(), &mut Some(&mut pass));
        let loss = HeatmapLoss::default().of(maps, points.clone());
        let value: f32 = loss.clone().into_scalar();
        let forward_s = start.elapsed().as_secs_f64();
        let gradients = loss.backward();
        let both_s = start.elapsed().as_secs_f64();
        network = pass.remembered(optimizer.step(network, gradients, 1.0), 0.9);
        let all_s = start.elapsed().as_secs_f64();
        println!(
            "loss {value:.6}, forward {forward_s:.3} s, gradients {both_s:.3} s, step {all_s:.3} s"
        );
        for (best, found) in best.iter_mut().zip([forward_s, both_s, all_s]) {
            *best = best.min(found);
        }
    }
    println!(
        "best: forward {:.3} s, with gradients {:.3} s, with step {:.3} s, {:.1} people/s",
        best[0],
        best[1],
        best[2],
        batch as f64 / best[2]
    );
    Ok(())
}
