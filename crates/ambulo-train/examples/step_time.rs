//! Times training steps of the small lifter on random numbers: forward, backward and the share of each.
#![expect(clippy::print_stdout, reason = "an example that prints")]
use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::tensors::{Tensor as Array, Tensors};
use ambulo_train::modules::{from_tensors, rtpca::Rtpca, to_tensors};
use burn::tensor::{Device, Tensor, TensorData};
use std::time::Instant;
fn main() {
    let args: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let batch = args.first().copied().unwrap_or(32);
    let steps = args.get(1).copied().unwrap_or(6);
    let heads = args.get(2).copied().unwrap_or(8);
    let json = format!(
        r#"{{"model":"rtpca","frames":27,"joints":21,"in_channels":5,"dim":64,"depth":4,"heads":{heads},"tpca":true,"xlr":true}}"#
    );
    let config = NetworkConfig::from_json(json.as_bytes()).expect("valid");
    let NetworkConfig::Rtpca(config) = config else {
        return;
    };
    let device = Device::flex().autodiff();
    let network = Rtpca::new(&config, 0.1, &device);
    let mut rng = SeededRng::new(1);
    let tensors: Tensors = to_tensors(&network)
        .into_iter()
        .map(|(name, t)| {
            let n = t.shape().last().copied().unwrap_or(1) as f64;
            let shape = t.shape().to_vec();
            let is_one = name.contains("norm") && name.ends_with("weight");
            let data = (0..t.len())
                .map(|_| {
                    if is_one {
                        1.0
                    } else {
                        ((rng.unit() * 2.0 - 1.0) / n.sqrt()) as f32
                    }
                })
                .collect();
            (name, Array::new(shape, data).expect("fits"))
        })
        .collect();
    let network = from_tensors(network, &tensors).expect("fits");
    let shape = [batch, 27, 21, 5];
    let numbers: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.normal() as f32)
        .collect();
    let x = Tensor::<4>::from_data(TensorData::new(numbers, shape), &device);
    let mut best = (f64::MAX, f64::MAX);
    for step in 0..steps {
        let mut noise = SeededRng::new(step as u64);
        let start = Instant::now();
        let y = network.forward(x.clone(), &mut Some(&mut noise));
        let loss = y.square().mean();
        let value: f32 = loss.clone().into_scalar();
        let forward = start.elapsed().as_secs_f64();
        let grads = loss.backward();
        drop(grads);
        let total = start.elapsed().as_secs_f64();
        println!(
            "loss {value:.6} forward {forward:.3} s, both {total:.3} s, {:.1} clips/s",
            batch as f64 / total
        );
        best = (best.0.min(forward), best.1.min(total));
    }
    println!(
        "best: forward {:.3} both {:.3} {:.1} clips/s",
        best.0,
        best.1,
        batch as f64 / best.1
    );
}
