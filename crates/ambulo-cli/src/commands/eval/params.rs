//! `ambulo eval params`: networks that estimate gait parameters, beside the paper's figures and simpler ways.

use std::collections::BTreeMap;
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

/// Films of each person: enough to judge by, few enough for minutes on one core.
const CLIPS: usize = 40;

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
    /// How far cameras may stand from square beside the walk, 0 to 75
    #[arg(long, value_name = "DEGREES", default_value_t = ParamsFilm::default().view_deg)]
    view: f64,
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
    if !(0.0..=75.0).contains(&args.view) {
        anyhow::bail!("--view wants degrees from 0 to 75, not {}", args.view);
    }
    if let Some(folder) = &args.figures {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let weights = loaded(&args.weights)?;
    let mut estimators = Vec::new();
    for weights in &weights {
        let estimator = Estimator::new(weights, Threads::auto());
        estimators.push(estimator.with_context(|| format!("cannot use {:?}", weights.info().id))?);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let clips = match &args.data {
        Some(data) => clips(data, args.view, threads)?,
        None => Vec::new(),
    };
    let mut by_events = ByEvents::default();
    let mut measure =
        |clip: &ParamsClip, target: Target, legs: Legs| by_events.measure(clip, target, legs);
    let (mut texts, mut tables) = (Vec::new(), Vec::new());
    for target in Target::ALL {
        if args
            .target
            .as_deref()
            .is_none_or(|name| name == target.name())
        {
            let table = params_table(&clips, target, &mut estimators, &mut measure, threads);
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

fn clips(data: &Path, view_deg: f64, threads: usize) -> anyhow::Result<Vec<ParamsClip>> {
    let mut progress = Progress::new(false);
    progress.stage("filming people for training, tuning and testing");
    let roles = [Role::Train, Role::Tune, Role::Test];
    let settings = ParamsFilm {
        train_clips: CLIPS,
        tune_clips: CLIPS,
        test_clips: CLIPS,
        view_deg,
        ..ParamsFilm::default()
    };
    let clips = film(data, &settings, &roles, threads).context("cannot film the recordings")?;
    progress.finish();
    Ok(clips)
}

/// What keypoints give by events, without any network, of recordings analysed so far.
#[derive(Debug, Default)]
struct ByEvents {
    analysed: BTreeMap<String, Analysis>,
}

impl ByEvents {
    /// A speed comes in leg lengths a second, for nothing tells the scale.
    fn measure(&mut self, clip: &ParamsClip, target: Target, legs: Legs) -> Option<f64> {
        let analysed = self.analysed.entry(clip.name.clone());
        let analysis = analysed.or_insert_with(|| analysed_by_events(clip));
        match (target, legs) {
            (Target::Speed, _) => value(analysis, ParameterId::Speed, Legs::Both),
            (Target::Cadence, _) => {
                value(analysis, ParameterId::Cadence, Legs::Both).map(|spm| spm / 120.0)
            }
            (Target::KneeFlexionMaximumExtension, legs) => {
                value(analysis, ParameterId::KneeFlexionMaximumExtension, legs)
            }
            (Target::Gdi, Legs::One(side)) => *analysis.indices.gdi_star.get(side),
            (Target::Gdi, Legs::Both) => None,
        }
    }
}

fn analysed_by_events(clip: &ParamsClip) -> Analysis {
    let loaded = LoadedTrial {
        trial: Trial::new(Recording::Keypoints(clip.keypoints.clone())),
        name: clip.name.clone(),
        format: Format::Keypoints(KeypointFormat::Ambulo),
        sha256: String::new(),
        pose2d: None,
    };
    analyze(&loaded, &Config::default(), &mut |_| {}).analysis
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
