//! `ambulo eval`: how well networks do, beside the papers' figures and trivial methods.

pub(super) mod assess;
mod deposit;
mod numbers;
mod params;
mod pose2d;
mod published;
pub(super) mod reasoner;
mod tokenizer;
mod walking;

use std::path::PathBuf;

use ambulo_io::files;
use ambulo_nn::weights;

use crate::Outcome;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    stage: Stage,
}

#[derive(Debug, clap::Subcommand)]
enum Stage {
    /// Networks that lift keypoints into space
    Lift(LiftArgs),
    /// Networks that find keypoints in pictures
    Pose2d(pose2d::Args),
    /// Networks that estimate gait parameters from keypoints
    Params(params::Args),
    /// Motion tokenizers: how far walks are that come back from their tokens
    Tokenizer(tokenizer::Args),
    /// Gait scores: simulated walks of unseen people, healthy walks, real sessions
    Assess(assess::Args),
    /// Language models that write gait scores with their reasons: walks of unseen people, beside baseline 0
    Reasoner(reasoner::Args),
}

#[derive(Debug, clap::Args)]
pub(super) struct LiftArgs {
    /// The network's weights; with --walking, once for each of several networks, or never for those that
    /// come with the program
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Vec<PathBuf>,
    /// Measure this project's lifters on filmed walks of people they were not trained on
    #[arg(long, requires = "data", conflicts_with_all = ["dataset", "noise"])]
    walking: bool,
    /// Measure the report's numbers, from the picture and lifted, in place of poses; `toml` prints the rows
    /// of `validation/lifting.toml`
    #[arg(
        long,
        value_name = "text|toml",
        value_enum,
        num_args = 0..=1,
        default_missing_value = "text",
        requires = "walking",
        conflicts_with = "json"
    )]
    numbers: Option<NumbersAs>,
    /// Folder with the files of the data sets (see `docs/formats/pose_datasets.md`); with --walking,
    /// the folder with the recordings, `cmu` and `c3d/biomechzoo` in it
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Data set; all of them if not given
    #[arg(long, value_name = "NAME", value_parser = ["h36m", "humaneva", "3dhp"])]
    dataset: Option<String>,
    /// Standard deviations of Gaussian noise to add to projected keypoints, where the image is 2 wide
    #[arg(long, value_name = "SD,SD,…", value_delimiter = ',')]
    noise: Vec<f64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How the errors of the report's numbers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum NumbersAs {
    /// A table for people, of clean and of noisy keypoints.
    Text,
    /// The rows of `validation/lifting.toml`, of noisy keypoints.
    Toml,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.stage {
        Stage::Lift(args) if args.numbers.is_some() => numbers::run(args),
        Stage::Lift(args) if args.walking => walking::run(args),
        Stage::Lift(args) => published::run(args),
        Stage::Pose2d(args) => pose2d::run(args),
        Stage::Params(args) => params::run(args),
        Stage::Tokenizer(args) => tokenizer::run(args),
        Stage::Assess(args) => assess::run(args),
        Stage::Reasoner(args) => reasoner::run(args),
    }
}

/// Name and bytes of each lifter to be measured on walks: the files given, else those that come along.
fn lifters(args: &LiftArgs) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let of_path = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok((name.into_owned(), files::load_file(path)?.bytes))
    };
    if !args.weights.is_empty() {
        return args.weights.iter().map(of_path).collect();
    }
    let lifters = weights::shipped()
        .iter()
        .filter(|it| it.id.starts_with("lifter"));
    Ok(lifters
        .map(|it| (it.id.to_owned(), it.bytes.to_vec()))
        .collect())
}
