//! Time of one forward pass of a network on this machine, or of one token that a language model writes.

use std::time::Instant;

use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::kernels::{Cpu, peak};
use ambulo_nn::networks::t5::Precision;
use ambulo_nn::networks::{Network, NetworkError};
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_nn::threads::Engine;

use super::tokens::Tokens;

/// The networks that lift, those that find keypoints and those that estimate gait parameters, as published, and
/// the small one of those that find keypoints, by the names of their presets.
pub const NETWORKS: [&str; 11] = [
    "rtpca_243",
    "mixste_243",
    "convformer_27",
    "convformer_243",
    "transpose_h_s",
    "vttranspose",
    "vttranspose_small",
    "stt_4",
    "stt_8",
    "cnn1d_12",
    "cnn1d_23",
];

/// Attempts at the peak, of which the best counts: the others were disturbed.
const PEAK_ATTEMPTS: usize = 10;

/// Rounds of an attempt: about two milliseconds.
const PEAK_ROUNDS: usize = 1 << 20;

/// A network with an input and memory for its output, to be run again and again.
#[derive(Debug)]
pub struct NetworkBench {
    engine: Engine,
    /// Arithmetic operations of one run.
    operations: f64,
    work: Work,
}

/// What is run.
#[derive(Debug)]
enum Work {
    Windows(Box<Windows>),
    Tokens(Box<Tokens>),
}

/// A network of windows.
#[derive(Debug)]
struct Windows {
    network: Network,
    batch: usize,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl NetworkBench {
    /// Takes weights, makes `batch` inputs and runs the network once, so that all memory is in place.
    ///
    /// A run of a language model is one token of the text that it writes about one input, whatever `batch` says;
    /// its weights are kept in `precision`, those of others as they are.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] if the weights do not fit the settings.
    pub fn new(
        config: &NetworkConfig,
        weights: &Tensors,
        batch: usize,
        engine: &Engine,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        if let NetworkConfig::T5(config) = config {
            return Ok(Self {
                engine: engine.clone(),
                operations: Tokens::operations(config),
                work: Work::Tokens(Box::new(Tokens::new(config, weights, engine, precision)?)),
            });
        }
        let network = Network::on_engine(config, weights, engine)?;
        let length = |shape: [usize; 3]| batch * shape.iter().product::<usize>();
        let mut windows = Windows {
            network,
            batch,
            input: uniform(&mut SeededRng::new(2), 0.5, length(config.input_shape())),
            output: vec![0.0; length(config.output_shape())],
        };
        windows.run()?;
        Ok(Self {
            engine: engine.clone(),
            operations: batch as f64 * operations(config),
            work: Work::Windows(Box::new(windows)),
        })
    }

    /// The same with one input and random weights.
    ///
    /// # Errors
    ///
    /// As [`NetworkBench::new`].
    pub fn with_random_weights(
        config: &NetworkConfig,
        engine: &Engine,
    ) -> Result<Self, NetworkError> {
        Self::new(config, &random_weights(config), 1, engine, Precision::F32)
    }

    /// Seconds of each run: at least one, and more until `least_s` have passed. Of a language model they are
    /// seconds a token, one number a text.
    ///
    /// # Errors
    ///
    /// Those of the forward pass.
    pub fn seconds(&mut self, least_s: f64) -> Result<Vec<f64>, NetworkError> {
        let mut seconds = Vec::new();
        let mut total_s = 0.0;
        while seconds.is_empty() || total_s < least_s {
            let start = Instant::now();
            let runs = match &mut self.work {
                Work::Windows(windows) => windows.run().map(|()| 1)?,
                Work::Tokens(tokens) => tokens.write(),
            };
            let took_s = start.elapsed().as_secs_f64();
            total_s += took_s;
            seconds.push(took_s / runs as f64);
        }
        Ok(seconds)
    }

    /// Seconds that a language model takes to read its input; `None` for other networks.
    pub fn reading_s(&self) -> Option<f64> {
        match &self.work {
            Work::Windows(_) => None,
            Work::Tokens(tokens) => Some(tokens.reading_s()),
        }
    }

    /// Arithmetic operations of one run, a multiply-add counted as two.
    pub fn operations(&self) -> f64 {
        self.operations
    }

    /// Operations a second that the network's threads can reach on numbers in registers: the best of short
    /// attempts on one thread, times the threads.
    pub fn peak_operations_per_second(&self) -> f64 {
        let cpu = Cpu::with(self.engine.isa()).unwrap_or_else(Cpu::best);
        let one_thread = (0..PEAK_ATTEMPTS)
            .map(|_| {
                let start = Instant::now();
                let multiply_adds = peak::multiply_adds(cpu, PEAK_ROUNDS);
                2.0 * multiply_adds as f64 / start.elapsed().as_secs_f64()
            })
            .fold(0.0, f64::max);
        one_thread * self.engine.threads() as f64
    }
}

impl Windows {
    fn run(&mut self) -> Result<(), NetworkError> {
        self.network
            .forward_into(&self.input, self.batch, &mut self.output)
    }
}

/// Operations of a forward pass; banks of convolutions count as the one convolution they equal.
fn operations(config: &NetworkConfig) -> f64 {
    let mut config = config.clone();
    if let NetworkConfig::ConvFormer(config) = &mut config
        && let Some(bank) = &mut config.bank
    {
        bank.kernels = bank.kernels.iter().copied().max().into_iter().collect();
    }
    2.0 * config.macs().total() as f64
}

/// Seeded weights of a size that lets numbers neither die nor grow on their way through the network.
pub(super) fn random_weights(config: &NetworkConfig) -> Tensors {
    let mut rng = SeededRng::new(1);
    let mut weights = Tensors::new();
    for shape in config.tensor_shapes() {
        let fan_in: usize = shape.shape.iter().skip(1).product();
        let limit = (3.0 / fan_in.max(1) as f64).sqrt().min(0.2);
        let mut numbers = uniform(&mut rng, limit, shape.len());
        if shape.name.ends_with("running_var") {
            for variance in &mut numbers {
                *variance += 1.0;
            }
        }
        let mut tensor = Tensor::zeros(shape.shape);
        tensor.data_mut().copy_from_slice(&numbers);
        weights.insert(shape.name, tensor);
    }
    weights
}

/// Numbers from `-limit` to `limit`.
fn uniform(rng: &mut SeededRng, limit: f64, length: usize) -> Vec<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "the networks run in f32")]
    let numbers = (0..length).map(|_| (limit * (2.0 * rng.unit() - 1.0)) as f32);
    numbers.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambulo_nn::config::T5Config;
    use ambulo_nn::threads::Threads;

    #[test]
    fn a_bank_counts_as_one_convolution() {
        let config = NetworkConfig::preset("convformer_243").expect("a preset");
        let gflop = operations(&config) / 1e9;
        // Two thirds of the convolutions' 9.16 GFLOP fall away from 10.8.
        assert!((gflop - 4.71).abs() < 0.03, "{gflop}");
    }

    #[test]
    fn every_network_of_the_bench_is_a_preset() {
        for name in NETWORKS {
            assert!(NetworkConfig::preset(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_small_network_runs_at_least_once_and_until_time_is_up() {
        for name in ["convformer_9", "vttranspose_small"] {
            let config = NetworkConfig::preset(name).expect("a preset");
            let engine = Engine::new(Threads::new(1));
            let mut bench = NetworkBench::with_random_weights(&config, &engine).expect("it runs");
            assert_eq!(bench.seconds(0.0).expect("it runs").len(), 1);
            let seconds = bench.seconds(0.02).expect("it runs");
            assert!(seconds.iter().sum::<f64>() >= 0.02);
            let Work::Windows(windows) = &bench.work else {
                panic!("{name} is a network of windows");
            };
            assert!(windows.output.iter().all(|x| x.is_finite()), "{name}");
            assert_eq!(bench.reading_s(), None);
        }
    }

    #[test]
    fn a_run_of_a_language_model_is_one_token() {
        let t5 = T5Config {
            vocabulary: 40,
            dim: 32,
            hidden: 48,
            heads: 2,
            head_dim: 16,
            encoder_blocks: 1,
            decoder_blocks: 2,
            ..T5Config::small(40)
        };
        let config = NetworkConfig::T5(t5);
        let engine = Engine::new(Threads::new(1));
        let weights = random_weights(&config);
        for precision in [Precision::F32, Precision::Bf16] {
            let mut bench =
                NetworkBench::new(&config, &weights, 1, &engine, precision).expect("it runs");
            let start = Instant::now();
            let seconds = bench.seconds(0.0).expect("it runs");
            let all_s = start.elapsed().as_secs_f64();
            assert_eq!(seconds.len(), 1);
            assert!(
                seconds[0] > 0.0 && seconds[0] < all_s / 8.0,
                "{seconds:?} of {all_s}"
            );
            assert!(bench.reading_s().is_some_and(|reading_s| reading_s > 0.0));
        }
    }
}
