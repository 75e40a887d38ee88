//! `ambulo weights`: what weights there are, what a file holds, and how published ones become ours.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use ambulo_io::{files, npy};
use ambulo_nn::codec::params::{Correction, Target};
use ambulo_nn::codec::text::{TextError, Tokenizer};
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::import::Checkpoint;
use ambulo_nn::tensors::{Storage, Tensor};
use ambulo_nn::weights::{Weights, WeightsInfo, shipped};
use anyhow::Context as _;

use crate::Outcome;
use crate::progress;

/// Characters of a note that are printed: a language model's tokenizer is one.
const NOTE_SHOWN: usize = 300;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the weights that come with the program
    List,
    /// Print what a weights file holds: settings, counts, tensors, SHA-256
    Inspect {
        /// Weights file, or the name of weights that come with the program
        weights: String,
    },
    /// Check a weights file: settings, tensors, numbers, and its SHA-256 if given
    Verify {
        /// Weights file, or the name of weights that come with the program
        weights: String,
        /// SHA-256 that the file must have
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
    },
    /// Make a weights file of a checkpoint of PyTorch or Keras, or of bare safetensors; executes nothing
    Import(ImportArgs),
}

#[derive(Debug, clap::Args)]
struct ImportArgs {
    /// Network the weights are for: rtpca, mixste, convformer, vttranspose, stt, cnn1d, vqvae, t5 and others
    network: String,
    /// Checkpoint (.pth, .pt, .bin, .tar of PyTorch 1.6 or later, .h5 of Keras) or safetensors file
    checkpoint: PathBuf,
    /// Settings of the network; without it, those in the metadata of a safetensors file
    #[arg(long, value_name = "FILE.json", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// Settings of a published network, by its name; a wrong one prints all of them
    #[arg(long, value_name = "NAME")]
    preset: Option<String>,
    /// Weights file to write
    #[arg(short, long, value_name = "OUT.safetensors")]
    output: PathBuf,
    /// Side file of a network that estimates a gait parameter: range of its targets, line of its correction
    #[arg(long, value_name = "FILE.json")]
    correction: Option<PathBuf>,
    /// The gait parameter that such a network estimates: speed, cadence (in strides/s), ...
    #[arg(long, value_name = "NAME", value_parser = Target::ALL.map(Target::name))]
    target: Option<String>,
    /// Store 16-bit numbers: half the size, three decimal digits
    #[arg(long)]
    f16: bool,
    /// Store bfloat16: half the size, two decimal digits, the range of 32 bits
    #[arg(long, conflicts_with = "f16")]
    bf16: bool,
    /// For vqvae: means of the motion features, which its checkpoints lack
    #[arg(long, value_name = "FILE.npy", requires = "std")]
    mean: Option<PathBuf>,
    /// For vqvae: standard deviations of the motion features
    #[arg(long, value_name = "FILE.npy", requires = "mean")]
    std: Option<PathBuf>,
    /// For t5: the file of the pieces that it cuts words into
    #[arg(long, value_name = "spiece.model")]
    tokenizer: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.action {
        Action::List => list(),
        Action::Inspect { weights } => inspect(weights),
        Action::Verify { weights, sha256 } => verify(weights, sha256.as_deref()),
        Action::Import(args) => import(args),
    }
}

/// The bytes of weights, from a file or from the program.
pub(super) fn bytes(name: &str) -> anyhow::Result<Vec<u8>> {
    let path = PathBuf::from(name);
    let row = shipped().iter().find(|row| row.id == name);
    if let (Some(row), false) = (row, path.exists()) {
        return Ok(row.bytes.to_vec());
    }
    Ok(files::load_file(&path)?.bytes)
}

fn list() -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    for row in shipped() {
        writeln!(out, "{}\t{}\t{}", row.id, row.sha256, row.about)?;
    }
    if shipped().is_empty() {
        progress::say("no weights come with this program; see ambulo weights import --help");
    }
    Ok(Outcome::Done)
}

fn inspect(name: &str) -> anyhow::Result<Outcome> {
    let weights = read(name)?;
    let config = weights.config();
    let info = weights.info();
    let mut out = std::io::stdout().lock();
    if !info.id.is_empty() {
        writeln!(out, "id          {} {}", info.id, info.version)?;
    }
    writeln!(out, "network     {}", config.model())?;
    writeln!(out, "sha256      {}", weights.sha256().unwrap_or("none"))?;
    writeln!(out, "config      {}", config.to_json())?;
    for (note, text) in &info.notes {
        let shown: String = text.chars().take(NOTE_SHOWN).collect();
        let rest = text.chars().count() - shown.chars().count();
        let rest = if rest > 0 {
            format!(" … (and {rest} characters more)")
        } else {
            String::new()
        };
        writeln!(out, "note        {note}: {shown}{rest}")?;
    }
    writeln!(out, "input       {:?}", config.input_shape())?;
    writeln!(out, "output      {:?}", config.output_shape())?;
    writeln!(out, "parameters  {}", config.parameter_count())?;
    let macs = config.macs();
    writeln!(out, "macs        {} a forward pass", macs.total())?;
    for (stage, count) in &macs.stages {
        if *count > 0 {
            writeln!(out, "  {stage:<22} {count}")?;
        }
    }
    writeln!(out, "tensors     {}", weights.tensors().len())?;
    for tensor in config.tensor_shapes() {
        writeln!(out, "  {} {:?}", tensor.name, tensor.shape)?;
    }
    Ok(Outcome::Done)
}

fn verify(name: &str, sha256: Option<&str>) -> anyhow::Result<Outcome> {
    let bytes = bytes(name)?;
    let shipped = shipped().iter().find(|row| row.id == name);
    let weights = match sha256.or(shipped.map(|row| row.sha256)) {
        Some(expected) => Weights::from_bytes_checked(&bytes, expected),
        None => Weights::from_bytes(&bytes),
    };
    let weights = weights.with_context(|| format!("cannot use the weights {name:?}"))?;
    progress::say(&format!(
        "good: {}, {} tensors, {} parameters, sha256 {}",
        weights.config().model(),
        weights.tensors().len(),
        weights.config().parameter_count(),
        weights.sha256().unwrap_or("none"),
    ));
    Ok(Outcome::Done)
}

fn import(args: &ImportArgs) -> anyhow::Result<Outcome> {
    let bytes = files::load_file(&args.checkpoint)?.bytes;
    let mut config = import_config(args, &bytes)?;
    anyhow::ensure!(
        config.model() == args.network,
        "the settings are those of {}, not of {:?}",
        config.model(),
        args.network
    );
    let stem = |path: &PathBuf| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    // A weights file keeps what it says of itself, such as how its inputs are made.
    let mut notes = Weights::from_bytes(&bytes)
        .map(|weights| weights.info().notes.clone())
        .unwrap_or_default();
    notes.insert(
        "imported_from_sha256".to_owned(),
        ambulo_nn::weights::sha256(&bytes),
    );
    if let Some(path) = &args.correction {
        let json = files::load_file(path)?.bytes;
        let correction = Correction::from_json(&json)
            .with_context(|| format!("cannot use {}", path.display()))?;
        let note = serde_json::to_string(&correction)?;
        notes.insert(Correction::NOTE.to_owned(), note);
    }
    if let Some(target) = &args.target {
        notes.insert(Target::NOTE.to_owned(), target.clone());
    }
    if let Some(path) = &args.tokenizer {
        let tokenizer = tokenizer(path, &config)?;
        notes.insert(Tokenizer::NOTE.to_owned(), tokenizer.to_json());
    }
    let statistics = statistics(args, &mut config)?;
    let info = WeightsInfo {
        id: stem(&args.output),
        version: String::new(),
        notes,
    };
    let imported = Checkpoint::from_bytes(&bytes)
        .and_then(|checkpoint| {
            statistics
                .into_iter()
                .try_fold(checkpoint, |checkpoint, (name, tensor)| {
                    checkpoint.with(name, tensor)
                })
        })
        .and_then(|checkpoint| checkpoint.import(&config, info))
        .with_context(|| format!("cannot import {}", args.checkpoint.display()))?;
    let storage = match (args.f16, args.bf16) {
        (true, _) => Storage::F16,
        (_, true) => Storage::Bf16,
        _ => Storage::F32,
    };
    let file = imported.weights.to_bytes(storage)?;
    files::write_atomically(&args.output, &file)?;
    if !imported.dropped.is_empty() {
        progress::say(&format!(
            "left out {} tensors that the network never uses, the first is {}",
            imported.dropped.len(),
            imported.dropped[0]
        ));
    }
    progress::say(&format!(
        "{} tensors, {} parameters: {}",
        imported.weights.tensors().len(),
        config.parameter_count(),
        args.output.display()
    ));
    Ok(Outcome::Done)
}

/// The tokenizer of a language model with the tokens that its rows are for.
fn tokenizer(path: &Path, config: &NetworkConfig) -> anyhow::Result<Tokenizer> {
    /// Sentinels behind the pieces of T5.
    const SENTINELS: usize = 100;
    let NetworkConfig::T5(config) = config else {
        anyhow::bail!("--tokenizer is for t5");
    };
    let bytes = files::load_file(path)?.bytes;
    let made = || {
        let mut tokenizer = Tokenizer::from_sentencepiece(&bytes, SENTINELS)?;
        tokenizer.add_published(config.vocabulary)?;
        Ok::<_, TextError>(tokenizer)
    };
    made().with_context(|| format!("cannot use {}", path.display()))
}

/// Mean and standard deviation of the features, and the settings told that they are there.
fn statistics(
    args: &ImportArgs,
    config: &mut NetworkConfig,
) -> anyhow::Result<Vec<(&'static str, Tensor)>> {
    let (Some(mean), Some(std)) = (&args.mean, &args.std) else {
        return Ok(Vec::new());
    };
    let NetworkConfig::Vqvae(config) = config else {
        anyhow::bail!("--mean and --std are for vqvae");
    };
    config.statistics = true;
    let read = |path: &PathBuf| -> anyhow::Result<Tensor> {
        let bytes = files::load_file(path)?.bytes;
        let array = npy::parse(&bytes).with_context(|| format!("cannot use {}", path.display()))?;
        let numbers = array.numbers();
        let numbers = numbers.with_context(|| format!("{} holds no numbers", path.display()))?;
        #[expect(clippy::cast_possible_truncation, reason = "networks compute in f32")]
        let data = numbers.iter().map(|&x| x as f32).collect();
        Ok(Tensor::new(array.shape.as_slice(), data)?)
    };
    Ok(vec![("mean", read(mean)?), ("std", read(std)?)])
}

fn import_config(args: &ImportArgs, checkpoint: &[u8]) -> anyhow::Result<NetworkConfig> {
    if let Some(path) = &args.config {
        let json = files::load_file(path)?.bytes;
        return NetworkConfig::from_json(&json)
            .with_context(|| format!("cannot use {}", path.display()));
    }
    if let Some(name) = &args.preset {
        return Ok(NetworkConfig::preset(name)?);
    }
    Weights::from_bytes(checkpoint)
        .map(|weights| weights.config().clone())
        .ok()
        .with_context(|| {
            format!(
                "the checkpoint does not say the settings of its network; add --config FILE.json or \
                 --preset NAME, one of {}",
                NetworkConfig::preset_names().join(", ")
            )
        })
}

/// Reads weights, from a file or from the program.
pub(super) fn read(name: &str) -> anyhow::Result<Weights> {
    Weights::from_bytes(&bytes(name)?).with_context(|| format!("cannot use the weights {name:?}"))
}
