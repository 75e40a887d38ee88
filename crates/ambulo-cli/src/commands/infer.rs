//! `ambulo infer`: tensors in, tensors out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ambulo_io::files;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::Network;
use ambulo_nn::networks::t5::{Keep, Precision, T5};
use ambulo_nn::tensors::{Storage, Tensor, Tensors};
use ambulo_nn::threads::{Engine, Threads};
use anyhow::Context as _;

use super::weights;
use crate::Outcome;
use crate::progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Network to run, as in its settings: rtpca, mixste, convformer, vttranspose, stt, cnn1d, vqvae, t5 and others
    network: String,
    /// Weights file, or the name of weights that come with the program
    #[arg(long, value_name = "F.safetensors")]
    weights: String,
    /// Safetensors file with the tensor `input`: (batch, frames, joints, channels); for t5 tokens (batch,
    /// tokens), with `attention_mask` and `decoder_input_ids` if there are any
    #[arg(long, value_name = "X.safetensors")]
    input: PathBuf,
    /// Safetensors file to write, with the tensor `output`
    #[arg(short, long, value_name = "Y.safetensors")]
    output: PathBuf,
    /// Write what is computed on the way too
    #[arg(long)]
    trace: bool,
    /// For t5: keep the weights as bfloat16, half the memory
    #[arg(long)]
    bf16: bool,
    /// Threads to use; without it, one a processor core
    #[arg(long, value_name = "N")]
    threads: Option<std::num::NonZeroUsize>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let weights = weights::read(&args.weights)?;
    let config = weights.config();
    anyhow::ensure!(
        config.model() == args.network,
        "the weights are those of {}, not of {:?}",
        config.model(),
        args.network
    );
    let bytes = files::load_file(&args.input)?.bytes;
    let unusable = || format!("cannot use the input {}", args.input.display());
    let (inputs, _) = Tensors::from_safetensors(&bytes).with_context(unusable)?;
    inputs.require("input").with_context(unusable)?;
    let threads = args
        .threads
        .map_or_else(Threads::auto, |threads| Threads::new(threads.get()));
    let precision = precision(args.bf16, config)?;
    let outputs = if let NetworkConfig::T5(config) = config {
        let engine = Engine::new(threads);
        let t5 = T5::from_weights(config, weights.tensors(), &engine, precision)?;
        let keep = if args.trace { Keep::All } else { Keep::Output };
        t5.run_batch(&inputs, keep).with_context(unusable)?
    } else {
        windows(args, config, weights.tensors(), inputs, threads)?
    };
    let file = outputs.to_safetensors(&BTreeMap::new(), Storage::F32)?;
    files::write_atomically(&args.output, &file)?;
    progress::say(&format!(
        "{} tensors: {}",
        outputs.len(),
        args.output.display()
    ));
    Ok(Outcome::Done)
}

/// How the weights are kept in memory.
pub(super) fn precision(is_bf16: bool, config: &NetworkConfig) -> anyhow::Result<Precision> {
    match (is_bf16, config) {
        (false, _) => Ok(Precision::F32),
        (true, NetworkConfig::T5(_)) => Ok(Precision::Bf16),
        (true, _) => anyhow::bail!("--bf16 is for t5"),
    }
}

/// Runs a network of windows.
fn windows(
    args: &Args,
    config: &NetworkConfig,
    weights: &Tensors,
    mut inputs: Tensors,
    threads: Threads,
) -> anyhow::Result<Tensors> {
    let input = inputs.remove("input").context("no tensor input")?;
    let mut config = config.clone();
    if let (NetworkConfig::Vqvae(config), &[_, frames, ..]) = (&mut config, input.shape()) {
        // Any length can be encoded; that of the settings is the one of training.
        config.frames = frames;
        config.validate()?;
    }
    let expected = config.input_shape();
    // A last extent of 1 need not be written.
    let whole = expected.strip_suffix(&[1]).unwrap_or(&expected);
    let batch = match input.shape() {
        [batch, rest @ ..] if rest == expected || rest == whole => *batch,
        found => anyhow::bail!(
            "the input has the shape {found:?}, but the network takes [batch, {}, {}, {}]",
            expected[0],
            expected[1],
            expected[2]
        ),
    };
    anyhow::ensure!(
        input.data().iter().all(|value| value.is_finite()),
        "the input holds a number that is not finite; fill gaps before"
    );
    let mut network = Network::from_weights(&config, weights, threads)?;
    // The motion tokenizer answers in the shape it is asked in.
    let output_shape = config.output_shape();
    let shape = match config {
        NetworkConfig::Vqvae(_) => &output_shape[..2],
        _ => &output_shape[..],
    };
    let shape: Vec<usize> = std::iter::once(batch)
        .chain(shape.iter().copied())
        .collect();
    let mut outputs = Tensors::new();
    if args.trace {
        outputs = network.trace(input.data(), batch)?.into_iter().collect();
        let output = outputs.remove("output").context("no output in the trace")?;
        outputs.insert("output", output.reshaped(shape)?);
    } else {
        let output = network.forward(input.data(), batch)?;
        outputs.insert("output", Tensor::new(shape, output)?);
    }
    Ok(outputs)
}
