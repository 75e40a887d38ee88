//! The commands: each reads, makes one library call and writes.

mod analyze;
mod assess;
mod bench;
mod completions;
mod convert;
mod demo;
mod doctor;
mod eval;
mod events;
mod infer;
mod input;
mod lift;
mod overlay;
mod parameters;
mod pose2d;
mod report;
mod synth;
mod train;
mod weights;

use crate::Outcome;

/// Measures how a person walks, on this computer, and explains what it found.
///
/// Research use, not a diagnosis. Nothing is uploaded.
#[derive(Debug, clap::Parser)]
#[command(name = "ambulo", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Analyse a walking trial: report, numbers, events and curves into a folder
    Analyze(analyze::Args),
    /// Find a walker's keypoints in a video
    Pose2d(pose2d::Args),
    /// Lift keypoints of one camera to motion in space
    Lift(lift::Args),
    /// Find initial contacts and foot offs
    Events(events::Args),
    /// Measure the gait parameters
    Parameters(parameters::Args),
    /// Score the gait from 0 to 3, with the reasons and what they rest on
    Assess(assess::Args),
    /// Make the report of a result again
    Report(report::Args),
    /// Convert a recording to another file format
    Convert(convert::Args),
    /// Make a synthetic walker with known truth, analyse it, print truth beside estimate
    Demo(demo::Args),
    /// Run a network on tensors
    Infer(infer::Args),
    /// List, inspect, verify and import weights of networks
    Weights(weights::Args),
    /// Make training data: rendered people with exact joints
    Synth(synth::Args),
    /// Train a network from a recipe
    Train(train::Args),
    /// Evaluate networks: the papers' figures, ours, the gap, and trivial methods
    Eval(eval::Args),
    /// Say what works on this machine
    Doctor(doctor::Args),
    /// Time every stage on this machine
    Bench(bench::Args),
    /// Print shell completions
    Completions(completions::Args),
}

pub(crate) fn run(command: &Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Analyze(args) => analyze::run(args),
        Command::Pose2d(args) => pose2d::run(args),
        Command::Lift(args) => lift::run(args),
        Command::Events(args) => events::run(args),
        Command::Parameters(args) => parameters::run(args),
        Command::Assess(args) => assess::run(args),
        Command::Report(args) => report::run(args),
        Command::Convert(args) => convert::run(args),
        Command::Demo(args) => demo::run(args),
        Command::Infer(args) => infer::run(args),
        Command::Weights(args) => weights::run(args),
        Command::Synth(args) => synth::run(args),
        Command::Train(args) => train::run(args),
        Command::Eval(args) => eval::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => completions::run(args),
    }
}
