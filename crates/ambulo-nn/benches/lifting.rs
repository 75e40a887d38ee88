//! Time of forward passes of the lifting networks, with a share of what the processor could do.
//!
//! `cargo bench -p ambulo-nn -- lifting [PRESET …] [--threads N] [--batch N] [--json]`

#![expect(clippy::print_stdout, reason = "a bench reports its figures")]

use std::time::Instant;

use ambulo_nn::config::NetworkConfig;
use ambulo_nn::kernels::{Cpu, peak};
use ambulo_nn::networks::Network;
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_nn::threads::Threads;

const PRESETS: [&str; 4] = ["rtpca_243", "mixste_243", "convformer_27", "convformer_243"];

struct Options {
    presets: Vec<String>,
    threads: Threads,
    batch: usize,
    json: bool,
}

fn options() -> Options {
    let mut options = Options {
        presets: Vec::new(),
        threads: Threads::auto(),
        batch: 1,
        json: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(1);
        match word.as_str() {
            "--threads" => options.threads = Threads::new(number()),
            "--batch" => options.batch = number(),
            "--json" => options.json = true,
            "--bench" | "lifting" => {}
            preset => options.presets.push(preset.to_owned()),
        }
    }
    if options.presets.is_empty() {
        options.presets = PRESETS.map(str::to_owned).to_vec();
    }
    options
}

fn main() {
    let options = options();
    let peak = peak_gflops() * options.threads.count() as f64;
    if !options.json {
        let isa = Cpu::best().isa();
        let threads = options.threads.count();
        println!("{isa:?}, {threads} threads, at most {peak:.0} GFLOP/s");
    }
    for preset in &options.presets {
        match NetworkConfig::preset(preset) {
            Ok(config) => measure(preset, &config, &options, peak),
            Err(error) => println!("{error}"),
        }
    }
}

/// Fastest of some short runs of multiply-adds on one thread.
fn peak_gflops() -> f64 {
    let run = || {
        let start = Instant::now();
        let count = peak::multiply_adds(Cpu::best(), 2_000_000);
        2.0 * count as f64 / start.elapsed().as_secs_f64() / 1e9
    };
    (0..20).map(|_| run()).fold(0.0, f64::max)
}

fn measure(preset: &str, config: &NetworkConfig, options: &Options, peak: f64) {
    let batch = options.batch;
    let mut network =
        Network::from_weights(config, &weights(config), options.threads).expect("matching weights");
    let input_len = batch * config.input_shape().iter().product::<usize>();
    let input: Vec<f32> = (0..input_len).map(|i| (i as f32 * 0.311).sin()).collect();
    let mut output = vec![0.0; batch * config.output_shape().iter().product::<usize>()];
    let mut pass = || {
        let (start, worked) = (Instant::now(), cpu_seconds());
        network
            .forward_into(&input, batch, &mut output)
            .expect("matching input");
        (start.elapsed().as_secs_f64(), cpu_seconds() - worked)
    };
    let (first, _) = pass();
    // About three seconds of passes.
    let passes = [200, 60, 20, 7]
        .into_iter()
        .find(|&passes: &usize| first * (passes as f64) < 3.0)
        .unwrap_or(3);
    let (mut wall, mut cpu): (Vec<f64>, Vec<f64>) = (0..passes).map(|_| pass()).unzip();
    wall.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    let (median, best) = (wall[passes / 2], wall[0]);
    let gflops = 2.0 * batch as f64 * config.macs().total() as f64 / 1e9;
    if options.json {
        println!(
            "{{\"preset\":\"{preset}\",\"median_s\":{median},\"best_s\":{best},\"cpu_s\":{},\"gflop\":{gflops}}}",
            cpu[passes / 2]
        );
        return;
    }
    println!(
        "{preset}: median {:.2} ms, best {:.2} ms, this thread's work {:.2} ms; {:.0} GFLOP/s, {:.0} % of the most",
        median * 1e3,
        best * 1e3,
        cpu[passes / 2] * 1e3,
        gflops / median,
        100.0 * gflops / median / peak,
    );
}

/// Seconds that this thread has been at work, where the system tells: steadier than the clock on a busy
/// machine.
fn cpu_seconds() -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse::<f64>().ok())
        .map_or(f64::NAN, |nanoseconds| nanoseconds / 1e9)
}

/// Weights of the size of trained ones.
fn weights(config: &NetworkConfig) -> Tensors {
    let shapes = config.tensor_shapes().into_iter();
    shapes
        .enumerate()
        .map(|(n, tensor)| {
            let fan_in = tensor.shape.iter().skip(1).product::<usize>().max(1);
            let (base, size) = match (tensor.shape.len(), tensor.name.ends_with("weight")) {
                (1, true) => (1.0, 0.1),
                (1, false) => (0.0, 0.1),
                _ => (0.0, 1.0 / (fan_in as f32).sqrt()),
            };
            let data = (0..tensor.len())
                .map(|i| base + size * (0.739_1 * i as f32 + 1.7 * n as f32).sin())
                .collect();
            let data = Tensor::new(tensor.shape, data).expect("numbers for the shape");
            (tensor.name, data)
        })
        .collect()
}
