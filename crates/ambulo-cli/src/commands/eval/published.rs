//! `ambulo eval lift` on the data sets of the papers.

use std::io::Write as _;
use std::path::Path;

use ambulo_io::files;
use ambulo_nn::networks::Network;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::Weights;
use ambulo_train::protocols::comparison::{Comparison, Judged};
use ambulo_train::protocols::folder::Folder;
use ambulo_train::protocols::published::DataSet;
use anyhow::Context as _;

use super::LiftArgs;
use crate::Outcome;
use crate::progress::Progress;

pub(super) fn run(args: &LiftArgs) -> anyhow::Result<Outcome> {
    if let Some(sd) = args.noise.iter().find(|sd| !(0.0..1.0).contains(*sd)) {
        anyhow::bail!("--noise {sd} is not a standard deviation from 0 to 1");
    }
    if let Some(path) = args.data.as_ref().filter(|path| !path.is_dir()) {
        anyhow::bail!("--data wants a folder: {}", path.display());
    }
    let folder = Folder::new(args.data.as_deref());
    let data_sets = match &args.dataset {
        Some(name) => vec![DataSet::by_name(name).context("unknown data set")?],
        None => DataSet::ALL.to_vec(),
    };
    if args.weights.len() > 1 {
        anyhow::bail!("one --weights at a time, unless with --walking");
    }
    let mut network = args.weights.first().map(|path| load(path)).transpose()?;
    let mut progress = Progress::new(args.json);
    let mut comparisons = Vec::new();
    for data in data_sets {
        let config = network.as_ref().map(|network| network.config().clone());
        // A batch is of the network's own shape, the one thing that its forward pass may refuse.
        let mut lift = |input: &[f32], batch: usize| {
            let answer = network
                .as_mut()
                .map(|network| network.forward(input, batch));
            answer.and_then(Result::ok).unwrap_or_default()
        };
        let judged = config.as_ref().map(|config| Judged {
            config,
            lift: &mut lift,
        });
        let comparison = Comparison::of(data, &folder, judged, &args.noise, &mut |stage| {
            progress.stage(stage);
        });
        progress.finish();
        comparisons
            .push(comparison.with_context(|| format!("cannot evaluate on {}", data.title()))?);
    }
    let mut out = if args.json {
        serde_json::to_string_pretty(&comparisons)?
    } else {
        let texts: Vec<String> = comparisons.iter().map(Comparison::to_text).collect();
        texts.join("\n")
    };
    if args.json {
        out.push('\n');
    }
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Outcome::Done)
}

fn load(path: &Path) -> anyhow::Result<Network> {
    let file = files::load_file(path)?;
    let weights = Weights::from_bytes(&file.bytes)
        .with_context(|| format!("cannot use the weights in {}", path.display()))?;
    let network = Network::from_weights(weights.config(), weights.tensors(), Threads::auto());
    Ok(network?)
}
