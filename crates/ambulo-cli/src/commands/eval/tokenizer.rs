//! `ambulo eval tokenizer`: walks to tokens and back, of people that were never learned from.

use std::io::Write as _;
use std::path::PathBuf;

use ambulo_io::files;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::vqvae::Vqvae;
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::{Weights, shipped};
use ambulo_train::corpus::{Corpus, CorpusConfig, deposit};
use ambulo_train::datasets::shida::Shida;
use ambulo_train::evaluate::tokens::{Remade, TokenTable};
use ambulo_train::motion::Role;
use anyhow::Context as _;

use crate::Outcome;
use crate::progress::{Progress, say};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder of the recordings, with `cmu` and `c3d/biomechzoo` in it
    #[arg(long, value_name = "DIR", required_unless_present = "shida")]
    data: Option<PathBuf>,
    /// Folder of the deposit of Shida et al. (2023): its C3D files, and its metadata as `PDGinfo.csv`
    #[arg(long, value_name = "DIR")]
    shida: Option<PathBuf>,
    /// The tokenizer's weights; those that come with the program if not given
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
    /// Simulated walks of each person for each score
    #[arg(long, value_name = "N", default_value_t = 12)]
    walks: u64,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let weights = match &args.weights {
        Some(path) => Weights::from_bytes(&files::load_file(path)?.bytes)
            .with_context(|| format!("{}", path.display()))?,
        None => shipped()
            .iter()
            .find(|it| it.id == "motion_vqvae")
            .context("no tokenizer comes with this program; give --weights FILE.safetensors")?
            .load()?,
    };
    let NetworkConfig::Vqvae(config) = weights.config() else {
        anyhow::bail!("{} is no motion tokenizer", weights.config().model());
    };
    let engine = Engine::new(Threads::default());
    let tokenizer = Vqvae::from_weights(config, weights.tensors(), &engine)?;
    let mut progress = Progress::new(false);
    let corpus_config = CorpusConfig {
        walks: args.walks,
        ..CorpusConfig::default()
    };
    let (mut remade, mut left_out) = (Vec::new(), 0);
    let mut judge = |clip| {
        let judged = match clip {
            Ok(clip) => Remade::of(&tokenizer, &clip).ok(),
            Err(_) => None,
        };
        left_out += usize::from(judged.is_none());
        remade.extend(judged);
        progress.stage(&format!("walks: {}", remade.len()));
    };
    if let Some(data) = &args.data {
        let corpus = Corpus::open(data)?;
        let roles = [Role::Test];
        corpus
            .recorded(corpus_config.facing, &roles)
            .for_each(&mut judge);
        corpus
            .simulated(&corpus_config, &roles)
            .for_each(&mut judge);
    }
    if let Some(folder) = &args.shida {
        let shida = Shida::open(folder)?;
        deposit(&shida, corpus_config.facing).for_each(&mut judge);
    }
    progress.finish();
    if left_out > 0 {
        say(&format!("{left_out} walks have no features or no token"));
    }
    let text = TokenTable::new(remade, config.codes).to_text();
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Outcome::Done)
}
