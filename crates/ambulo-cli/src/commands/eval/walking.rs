//! `ambulo eval lift --walking`: the lifters of this project on filmed walks of people never seen.

use std::io::Write as _;

use ambulo_nn::codec::lift::LiftCodec;
use ambulo_nn::networks::Network;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::Weights;
use ambulo_train::evaluate::walking::{Contender, table};
use anyhow::Context as _;

use super::{LiftArgs, lifters};
use crate::Outcome;

pub(super) fn run(args: &LiftArgs) -> anyhow::Result<Outcome> {
    let data = args.data.as_deref().context(
        "--walking needs --data DIR, the folder of recordings with cmu and c3d/biomechzoo in it",
    )?;
    let mut lifters = lifters(args)?
        .into_iter()
        .map(|(name, bytes)| load(name, &bytes))
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

fn load(name: String, bytes: &[u8]) -> anyhow::Result<Lifter> {
    let unusable = || format!("cannot use the weights {name:?}");
    let weights = Weights::from_bytes(bytes).with_context(unusable)?;
    let codec = LiftCodec::of_weights(&weights).with_context(unusable)?;
    let network = Network::from_weights(weights.config(), weights.tensors(), Threads::auto())?;
    Ok(Lifter {
        name,
        codec,
        network,
    })
}
