//! `ambulo eval pose2d`: networks that find keypoints in pictures, beside the paper's figures.

mod film;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use ambulo_io::files;
use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::warp::Layout;
use ambulo_nn::networks::Network;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::Weights;
use ambulo_train::datasets::lspet::{Lspet, Part};
use ambulo_train::evaluate::pose2d::{KeypointNetwork, MeanPose, PckTable, coco_table, pck_table};
use ambulo_train::motion::Role;
use ambulo_train::people::{PeopleSettings, SyntheticPeople};
use ambulo_train::pictures::{Pictures as _, picture_rng};
use anyhow::Context as _;

use crate::Outcome;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the data set (see `docs/formats/pose_datasets.md`), or one that holds it under its name
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Data set; all of them if not given
    #[arg(long, value_name = "NAME", value_parser = ["coco", "lspet", "synthetic"])]
    dataset: Option<String>,
    /// The network's weights
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    film: film::FilmArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if let Some(path) = args.data.as_ref().filter(|path| !path.is_dir()) {
        anyhow::bail!("--data wants a folder: {}", path.display());
    }
    if let Some(table) = args.film.table(args.weights.as_deref())? {
        let out = if args.json {
            format!("{}\n", serde_json::to_string_pretty(&table)?)
        } else {
            table.to_text()
        };
        std::io::stdout().write_all(out.as_bytes())?;
        return Ok(Outcome::Done);
    }
    let mut loaded = args.weights.as_deref().map(load).transpose()?;
    let preset = loaded.as_ref().map_or("", |(_, preset)| *preset);
    let mut network = loaded.as_mut().map(|(network, _)| network);
    let wanted = |name: &str| args.dataset.as_deref().is_none_or(|wanted| wanted == name);
    let (mut texts, mut tables) = (Vec::new(), serde_json::Map::new());
    if wanted("coco") {
        let folder = folder(args.data.as_deref(), "coco", "annotations");
        let table = coco_table(folder.as_deref(), preset, network.as_deref_mut())
            .context("cannot evaluate on COCO")?;
        texts.push(table.to_text());
        tables.insert("coco".to_owned(), serde_json::to_value(&table)?);
    }
    if wanted("synthetic") {
        match folder(args.data.as_deref(), "synthetic", "makehuman") {
            Some(folder) => {
                let table = synthetic(&folder, network.as_deref_mut())?;
                texts.push(table.to_text());
                tables.insert("synthetic".to_owned(), serde_json::to_value(&table)?);
            }
            None => texts.push("Synthetic people: needs makehuman and cmu\n".to_owned()),
        }
    }
    if wanted("lspet") {
        match folder(args.data.as_deref(), "lspet", "labels.csv") {
            Some(folder) => {
                let data = Lspet::load(&folder).context("cannot read Leeds Sports Poses")?;
                let train = data.part(Part::Train).filter(|entry| entry.upright);
                let mean = MeanPose::of(train.map(|entry| (&entry.joints, entry.person_box)));
                let people = data
                    .part(Part::Test)
                    .filter_map(|entry| entry.picture().ok());
                let title = "Leeds Sports Poses, extended, held-out tenth";
                let table = pck_table(title, people, &mean, network);
                texts.push(table.to_text());
                tables.insert("lspet".to_owned(), serde_json::to_value(&table)?);
            }
            None => texts.push("Leeds Sports Poses, extended: needs labels.csv\n".to_owned()),
        }
    }
    let out = if args.json {
        format!("{}\n", serde_json::to_string_pretty(&tables)?)
    } else {
        texts.join("\n")
    };
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Outcome::Done)
}

/// Rendered people who move as nobody moves that was learned from.
fn synthetic(folder: &Path, network: Option<&mut KeypointNetwork<'_>>) -> anyhow::Result<PckTable> {
    /// Never changed, so that figures stay comparable.
    const SEED: u64 = 7_608;
    const PEOPLE: u64 = 400;
    let people = |role| {
        SyntheticPeople::load(folder, role, &PeopleSettings::default())
            .context("cannot make synthetic people")
    };
    let draw = |source: &SyntheticPeople, index| source.draw(&mut picture_rng(SEED, index));
    let train = people(Role::Train)?;
    let learned: Vec<_> = (0..PEOPLE).map(|index| draw(&train, index)).collect();
    let boxes = learned.iter().map(|one| (&one.joints, one.person_box));
    let mean = MeanPose::of(boxes);
    let test = people(Role::Test)?;
    let judged = (0..PEOPLE).map(|index| draw(&test, index));
    let title = "Synthetic people, movements never learned from";
    Ok(pck_table(title, judged, &mean, network))
}

/// The folder that holds this file or folder: the one given, or the one of this name in it.
fn folder(data: Option<&Path>, name: &str, holds: &str) -> Option<PathBuf> {
    let data = data?;
    let candidates = [data.to_owned(), data.join(name)];
    candidates
        .into_iter()
        .find(|folder| folder.join(holds).exists())
}

/// The network of a weights file, and the name of its kind.
fn load(path: &Path) -> anyhow::Result<(KeypointNetwork<'static>, &'static str)> {
    let unusable = || format!("cannot use the weights in {}", path.display());
    let file = files::load_file(path)?;
    let weights = Weights::from_bytes(&file.bytes).with_context(unusable)?;
    let codec = Pose2dCodec::of_weights_or_published(&weights).with_context(unusable)?;
    let mut network = Network::from_weights(weights.config(), weights.tensors(), Threads::auto())
        .with_context(unusable)?;
    let preset = weights.config().model();
    let network = KeypointNetwork {
        codec,
        layout: Layout::ChannelsFirst,
        maps: Box::new(move |crops: &[f32], count: usize| {
            // Crops are of the codec's size; a network of another refuses them and finds nobody.
            network.forward(crops, count).unwrap_or_default()
        }),
    };
    Ok((network, preset))
}
