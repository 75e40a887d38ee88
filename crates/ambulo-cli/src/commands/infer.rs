//! `ambulo infer`: tensors in, tensors out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ambulo_io::files;
use ambulo_nn::networks::Network;
use ambulo_nn::tensors::{Storage, Tensor, Tensors};
use ambulo_nn::threads::Threads;
use anyhow::Context as _;

use super::weights;
use crate::Outcome;
use crate::progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Network to run, as in its settings: rtpca, mixste, convformer, vttranspose, stt, cnn1d and others
    network: String,
    /// Weights file, or the name of weights that come with the program
    #[arg(long, value_name = "F.safetensors")]
    weights: String,
    /// Safetensors file with the tensor `input`: (batch, frames, joints, channels)
    #[arg(long, value_name = "X.safetensors")]
    input: PathBuf,
    /// Safetensors file to write, with the tensor `output`
    #[arg(short, long, value_name = "Y.safetensors")]
    output: PathBuf,
    /// Write what is computed on the way too
    #[arg(long)]
    trace: bool,
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
    let input = Tensors::from_safetensors(&bytes)
        .map_err(anyhow::Error::from)
        .and_then(|(mut tensors, _)| {
            tensors.require("input")?;
            tensors.remove("input").context("no tensor input")
        })
        .with_context(|| format!("cannot use the input {}", args.input.display()))?;
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
    let threads = args
        .threads
        .map_or_else(Threads::auto, |threads| Threads::new(threads.get()));
    let mut network = Network::from_weights(config, weights.tensors(), threads)?;
    let outputs: Tensors = if args.trace {
        network.trace(input.data(), batch)?.into_iter().collect()
    } else {
        let [frames, joints, channels] = config.output_shape();
        let output = network.forward(input.data(), batch)?;
        let output = Tensor::new([batch, frames, joints, channels], output)?;
        [("output".to_owned(), output)].into_iter().collect()
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
