//! `ambulo eval`: how well networks do, beside the papers' figures and trivial methods.

mod numbers;
mod published;
mod walking;

use std::path::PathBuf;

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
}

#[derive(Debug, clap::Args)]
pub(super) struct LiftArgs {
    /// The network's weights; with --walking, once for each of several networks
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Vec<PathBuf>,
    /// Measure this project's lifters on filmed walks of people they were not trained on
    #[arg(long, requires = "data", conflicts_with_all = ["dataset", "noise"])]
    walking: bool,
    /// Measure the report's numbers, from the picture and lifted, in place of poses
    #[arg(long, requires = "walking", conflicts_with = "json")]
    numbers: bool,
    /// Print the rows of `validation/lifting.toml`
    #[arg(long, requires = "numbers")]
    toml: bool,
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

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    match &args.stage {
        Stage::Lift(args) if args.numbers => numbers::run(args),
        Stage::Lift(args) if args.walking => walking::run(args),
        Stage::Lift(args) => published::run(args),
    }
}
