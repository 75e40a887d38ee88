//! `ambulo eval params`: networks that estimate gait parameters, beside the paper's figures and simpler ways.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use ambulo::Side;
use ambulo::analysis::Analysis;
use ambulo::parameters::{ParameterId, Status, Summary};
use ambulo::trial::{Recording, Trial};
use ambulo_io::files;
use ambulo_io::formats::Format;
use ambulo_io::keypoints::KeypointFormat;
use ambulo_nn::codec::params::{Legs, ParamsTrack, Recipe, Target};
use ambulo_nn::estimator::Estimator;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::{self, Weights};
use ambulo_pipeline::analyze;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::read::LoadedTrial;
use ambulo_train::evaluate::params::{
    AttentionMap, attention_csv, attention_maps, attention_svg, params_table, sizes_svg,
};
use ambulo_train::motion::Role;
use ambulo_train::params::{ParamsClip, ParamsFilm, film};
use anyhow::Context as _;

use crate::Outcome;
use crate::progress::Progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the recordings that are filmed, with `cmu` and `c3d/biomechzoo` in it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Weights of a network; may be given several times; those that come with the program if not given
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Vec<PathBuf>,
    /// One parameter; all of them if not given
    #[arg(long, value_name = "NAME", value_parser = Target::ALL.map(Target::name))]
    target: Option<String>,
    /// Folder for figures: the sizes of the networks, and with --data what each STT looks at
    #[arg(long, value_name = "DIR")]
    figures: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if let Some(path) = args.data.as_ref().filter(|path| !path.is_dir()) {
        anyhow::bail!("--data wants a folder: {}", path.display());
    }
    let weights = loaded(&args.weights)?;
    let mut estimators = Vec::new();
    for weights in &weights {
        let estimator = Estimator::new(weights, Threads::auto());
        estimators.push(estimator.with_context(|| format!("cannot use {:?}", weights.info().id))?);
    }
    let clips = match &args.data {
        Some(data) => clips(data)?,
        None => Vec::new(),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (mut texts, mut tables) = (Vec::new(), Vec::new());
    for target in Target::ALL {
        if args
            .target
            .as_deref()
            .is_none_or(|name| name == target.name())
        {
            let table = params_table(&clips, target, &mut estimators, &mut measured, threads);
            texts.push(table.to_text());
            tables.push(table);
        }
    }
    if args.data.is_none() {
        texts.push("ours: needs --data DIR, the folder of recordings\n".to_owned());
    }
    if let Some(folder) = &args.figures {
        figures(folder, &weights, &clips)?;
    }
    let out = if args.json {
        format!("{}\n", serde_json::to_string_pretty(&tables)?)
    } else {
        texts.join("\n")
    };
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Outcome::Done)
}

/// The weights of these files, or those that come with the program and estimate a gait parameter.
fn loaded(paths: &[PathBuf]) -> anyhow::Result<Vec<Weights>> {
    let mut all = Vec::new();
    for path in paths {
        let bytes = files::load_file(path)?.bytes;
        let weights = Weights::from_bytes(&bytes);
        all.push(weights.with_context(|| format!("cannot use {}", path.display()))?);
    }
    if paths.is_empty() {
        for shipped in weights::shipped() {
            let weights = shipped.load()?;
            if weights.info().notes.contains_key(Target::NOTE) {
                all.push(weights);
            }
        }
    }
    Ok(all)
}

fn clips(data: &Path) -> anyhow::Result<Vec<ParamsClip>> {
    let mut progress = Progress::new(false);
    let mut clips = Vec::new();
    for (role, about) in [
        (Role::Train, "filming people for training"),
        (Role::Tune, "filming people for tuning"),
        (Role::Test, "filming people for testing"),
    ] {
        progress.stage(about);
        let made = film(data, &ParamsFilm::default(), role);
        clips.extend(made.context("cannot film the recordings")?);
    }
    progress.finish();
    Ok(clips)
}

/// What the keypoints give by events, without any network; a speed in leg lengths a second, for nothing tells
/// the scale.
fn measured(clip: &ParamsClip, target: Target, legs: Legs) -> Option<f64> {
    let loaded = LoadedTrial {
        trial: Trial::new(Recording::Keypoints(clip.keypoints.clone())),
        name: clip.name.clone(),
        format: Format::Keypoints(KeypointFormat::Ambulo),
        sha256: String::new(),
        pose2d: None,
    };
    let analysis = analyze(&loaded, &Config::default(), &mut |_| {}).analysis;
    match (target, legs) {
        (Target::Speed, _) => value(&analysis, ParameterId::Speed, Legs::Both),
        (Target::Cadence, _) => {
            value(&analysis, ParameterId::Cadence, Legs::Both).map(|spm| spm / 120.0)
        }
        (Target::KneeFlexionMaximumExtension, legs) => {
            value(&analysis, ParameterId::KneeFlexionMaximumExtension, legs)
        }
        (Target::Gdi, Legs::One(side)) => *analysis.indices.gdi_star.get(side),
        (Target::Gdi, Legs::Both) => None,
    }
}

fn value(analysis: &Analysis, id: ParameterId, legs: Legs) -> Option<f64> {
    let summary = analysis.parameters.get(&id)?;
    let given = |summary: &Option<Summary>| {
        let summary = summary
            .as_ref()
            .filter(|it| it.status != Status::Withheld)?;
        summary.value
    };
    match legs {
        Legs::Both => given(&summary.both),
        Legs::One(Side::Left) => given(&summary.left),
        Legs::One(Side::Right) => given(&summary.right),
    }
}

fn figures(folder: &Path, weights: &[Weights], clips: &[ParamsClip]) -> anyhow::Result<()> {
    let write = |name: String, text: String| {
        files::write_atomically(&folder.join(name), text.as_bytes()).context("cannot save a figure")
    };
    write("parameters.svg".to_owned(), sizes_svg())?;
    for weights in weights {
        let id = &weights.info().id;
        if let Some(maps) = attention(weights, clips)? {
            write(format!("attention_{id}.csv"), attention_csv(&maps))?;
            let title = format!("Attention of {id}");
            write(format!("attention_{id}.svg"), attention_svg(&maps, &title))?;
        }
    }
    Ok(())
}

/// What a network looks at in the first window of the first person for testing.
fn attention(weights: &Weights, clips: &[ParamsClip]) -> anyhow::Result<Option<Vec<AttentionMap>>> {
    let legs = Target::of_weights(weights)?.legs()[0];
    let input = clips
        .iter()
        .filter(|clip| clip.role == Role::Test)
        .find_map(|clip| {
            let track = ParamsTrack::new(&clip.keypoints, Recipe::of_weights(weights));
            track.ok()?.stt_input(0, legs)
        });
    match input {
        Some(input) => Ok(attention_maps(weights, &input)?),
        None => Ok(None),
    }
}
