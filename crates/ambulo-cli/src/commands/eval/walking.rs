//! `ambulo eval lift --walking`: the lifters of this project on filmed walks of people never seen.

use std::io::Write as _;
use std::path::Path;

use ambulo_io::files;
use ambulo_nn::codec::lift::LiftCodec;
use ambulo_nn::networks::Network;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::Weights;
use ambulo_train::evaluate::walking::{Contender, table};
use anyhow::Context as _;

use super::LiftArgs;
use crate::Outcome;

pub(super) fn run(args: &LiftArgs) -> anyhow::Result<Outcome> {
    let data = args.data.as_deref().context(
        "--walking needs --data DIR, the folder of recordings with cmu and c3d/biomechzoo in it",
    )?;
    let mut lifters = args
        .weights
        .iter()
        .map(|path| load(path))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut contenders: Vec<Contender<'_>> = lifters
        .iter_mut()
        .map(|lifter| Contender {
            name: lifter.name.clone(),
            codec: lifter.codec,
            lift: Box::new(|input: &[f32], windows: usize| {
                // The codec fits the network, the one thing that its forward pass may refuse.
                lifter.network.forward(input, windows).unwrap_or_default()
            }),
        })
        .collect();
    let table = table(data, &mut contenders).context("cannot film the recordings")?;
    let out = if args.json {
        format!("{}\n", serde_json::to_string_pretty(&table)?)
    } else {
        table.to_text()
    };
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Outcome::Done)
}

struct Lifter {
    name: String,
    codec: LiftCodec,
    network: Network,
}

fn load(path: &Path) -> anyhow::Result<Lifter> {
    let unusable = || format!("cannot use the weights in {}", path.display());
    let file = files::load_file(path)?;
    let weights = Weights::from_bytes(&file.bytes).with_context(unusable)?;
    let codec = LiftCodec::of_weights(&weights).with_context(unusable)?;
    let network = Network::from_weights(weights.config(), weights.tensors(), Threads::auto())?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Lifter {
        name: name.into_owned(),
        codec,
        network,
    })
}
