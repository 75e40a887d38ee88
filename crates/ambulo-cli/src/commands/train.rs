//! `ambulo train`: recipe in, weights out.

mod assess;
#[cfg(feature = "train")]
mod reasoner;

use std::path::PathBuf;

/// Train a network from a recipe.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    network: Network,
}

#[derive(Debug, clap::Subcommand)]
enum Network {
    /// Train a lifter: 2D keypoints to 3D joints
    Lift(RunArgs),
    /// Train a network that finds keypoints in pictures of people
    Pose2d(RunArgs),
    /// Train networks that estimate gait parameters from keypoints, one after the other
    Params(RunArgs),
    /// Train a motion tokenizer: a walk to codes that a language model reads, and back
    Tokenizer(RunArgs),
    /// Train language models that read a walk and write a gait score with its reasons, one after the other
    Reasoner(RunArgs),
    /// Learn the gait score from gait parameters, a forest; needs no --features train
    Assess(assess::Args),
}

#[cfg(not(feature = "train"))]
impl Network {
    fn named(&self) -> Option<(&'static str, &RunArgs)> {
        match self {
            Self::Lift(args) => Some(("lift", args)),
            Self::Pose2d(args) => Some(("pose2d", args)),
            Self::Params(args) => Some(("params", args)),
            Self::Tokenizer(args) => Some(("tokenizer", args)),
            Self::Reasoner(args) => Some(("reasoner", args)),
            Self::Assess(_) => None,
        }
    }
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// The recipe, a TOML file with [model], [data] and [train]
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Folder for weights, log, plot and checkpoints
    #[arg(short, long, value_name = "DIR", default_value = "training")]
    output: PathBuf,
    /// Go on from the newest whole checkpoint of the folder
    #[arg(long)]
    resume: bool,
    /// Folder of the data, in place of the recipe's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    device: Device,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Device {
    Cpu,
    Gpu,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<crate::Outcome> {
    match &args.network {
        Network::Assess(args) => assess::run(args),
        network => network_run(network),
    }
}

#[cfg(not(feature = "train"))]
fn network_run(network: &Network) -> anyhow::Result<crate::Outcome> {
    let Some((name, args)) = network.named() else {
        return Ok(crate::Outcome::Done);
    };
    anyhow::bail!(
        "this ambulo was built without training; build it with `cargo build --release -p ambulo-cli \
         --features train` and run `train {name} --config {}` again",
        args.config.display()
    )
}

#[cfg(feature = "train")]
use enabled::network_run;

#[cfg(feature = "train")]
mod enabled {
    use std::collections::BTreeMap;
    use std::path::Path;

    use ambulo_nn::config::NetworkConfig;
    use ambulo_train::device;
    use ambulo_train::fit::{
        Event, Outcome as Trained, Setup, fit, fit_params, fit_pose, fit_tokenizer,
    };
    use ambulo_train::recipe::{ParamsRecipe, PoseRecipe, Recipe, TokenizerRecipe};
    use anyhow::Context as _;

    use super::{Device, Network, RunArgs};
    use crate::Outcome;
    use crate::progress::{Progress, say};

    pub(super) fn network_run(network: &Network) -> anyhow::Result<Outcome> {
        keep_freed_memory();
        let mut progress = Progress::new(false);
        let mut listener = |event: &Event| show(event, &mut progress);
        let outcomes = match network {
            Network::Lift(args) => vec![lift(args, &mut listener)?],
            Network::Pose2d(args) => vec![pose2d(args, &mut listener)?],
            Network::Params(args) => params(args, &mut listener)?,
            Network::Tokenizer(args) => vec![tokenizer(args, &mut listener)?],
            Network::Reasoner(args) => {
                super::reasoner::train(args, &chosen(args.device)?, &mut listener)?
            }
            Network::Assess(_) => Vec::new(),
        };
        progress.finish();
        for outcome in outcomes {
            let best = outcome.best.map_or_else(String::new, |(score, step)| {
                format!(", best score {score:.4} at step {step}")
            });
            say(&format!(
                "{} steps{best}: {}",
                outcome.steps,
                outcome.weights.display()
            ));
        }
        Ok(Outcome::Done)
    }

    /// Trains the networks of a recipe, each in a folder of its own name.
    fn params(args: &RunArgs, listener: &mut dyn FnMut(&Event)) -> anyhow::Result<Vec<Trained>> {
        let mut recipe = ParamsRecipe::read(&args.config)?;
        if let Some(folder) = &args.data {
            recipe.data.set_folder(folder);
        }
        let device = chosen(args.device)?;
        let source = recipe.data.source()?;
        let mut outcomes = Vec::new();
        for run in &recipe.runs {
            say(&run.name);
            let train = recipe.train_of(run);
            let lesson = source.lesson(run, &train)?;
            let setup = Setup {
                name: run.name.clone(),
                folder: args.output.join(&run.name),
                notes: source.notes(run, &train),
                ..setup(args, &run.model, train, BTreeMap::new())
            };
            outcomes.push(fit_params(&setup, &lesson, &device, listener)?);
        }
        Ok(outcomes)
    }

    fn lift(args: &RunArgs, listener: &mut dyn FnMut(&Event)) -> anyhow::Result<Trained> {
        let mut recipe = Recipe::read(&args.config)?;
        if let Some(folder) = &args.data {
            recipe.data.set_folder(folder);
        }
        let device = chosen(args.device)?;
        let source = recipe.source()?;
        let setup = setup(args, &recipe.model, recipe.train.clone(), source.notes);
        let mut validation = source.validation;
        let validation = validation.as_deref_mut().map(|validation| validation as _);
        Ok(fit(&setup, &source.samples, validation, &device, listener)?)
    }

    fn pose2d(args: &RunArgs, listener: &mut dyn FnMut(&Event)) -> anyhow::Result<Trained> {
        let mut recipe = PoseRecipe::read(&args.config)?;
        if let Some(folder) = &args.data {
            recipe.data.set_folder(folder);
        }
        let device = chosen(args.device)?;
        let source = recipe.source()?;
        let setup = setup(args, &recipe.model, recipe.train.clone(), source.notes);
        let mut validation = source.validation;
        let validation = validation.as_deref_mut().map(|validation| validation as _);
        let outcome = fit_pose(&setup, &source.samples, validation, &device, listener);
        Ok(outcome?)
    }

    fn tokenizer(args: &RunArgs, listener: &mut dyn FnMut(&Event)) -> anyhow::Result<Trained> {
        let mut recipe = TokenizerRecipe::read(&args.config)?;
        if let Some(folder) = &args.data {
            folder.clone_into(&mut recipe.data.folder);
        }
        let device = chosen(args.device)?;
        let lesson = recipe.lesson()?;
        say(&format!(
            "{} walks, {} windows; {} walks choose",
            lesson.train.motions(),
            lesson.train.count(),
            lesson.tune.len()
        ));
        let setup = setup(args, &recipe.model, recipe.train.clone(), recipe.notes());
        Ok(fit_tokenizer(&setup, &lesson, &device, listener)?)
    }

    fn setup<T>(
        args: &RunArgs,
        network: &NetworkConfig,
        train: T,
        notes: BTreeMap<String, String>,
    ) -> Setup<T> {
        Setup {
            network: network.clone(),
            name: name(&args.config),
            train,
            notes,
            folder: args.output.clone(),
            resume: args.resume,
        }
    }

    fn chosen(device: Device) -> anyhow::Result<device::Device> {
        match device {
            Device::Cpu => Ok(device::cpu()),
            Device::Gpu => device::gpu()
                .context("this ambulo was built without a GPU; build it with --features train-gpu"),
        }
    }

    /// The name of a recipe's weights.
    fn name(config: &Path) -> String {
        config
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
    }

    /// Starts the program again with an allocator that keeps freed memory, unless it has been told already
    /// what to keep.
    ///
    /// Every step frees and takes the same hundreds of megabytes; if they go back to the system in between,
    /// a third of the time is spent on fresh pages. glibc reads these settings at the start only.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn keep_freed_memory() {
        use std::os::unix::process::CommandExt as _;
        const SETTINGS: [(&str, &str); 2] = [
            ("MALLOC_MMAP_THRESHOLD_", "1073741824"),
            ("MALLOC_TRIM_THRESHOLD_", "8589934592"),
        ];
        if SETTINGS
            .iter()
            .any(|(name, _)| std::env::var_os(name).is_some())
        {
            return;
        }
        if let Ok(program) = std::env::current_exe() {
            let mut command = std::process::Command::new(program);
            command.args(std::env::args_os().skip(1)).envs(SETTINGS);
            // It returns only if it failed; then training is slower, but right.
            let _ = command.exec();
        }
    }

    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    fn keep_freed_memory() {}

    fn show(event: &Event, progress: &mut Progress) {
        match event {
            Event::DamagedCheckpoint(path) => {
                say(&format!(
                    "passed over a damaged checkpoint: {}",
                    path.display()
                ));
            }
            Event::Started {
                step,
                steps,
                parameters,
            } => say(&format!(
                "training {parameters} numbers, step {step} of {steps}"
            )),
            Event::Logged {
                step,
                steps,
                loss,
                examples_per_s,
                left_s,
            } => progress.stage(&format!(
                "step {step} of {steps}, loss {loss:.5}, {examples_per_s:.1} examples/s, {} left",
                duration(*left_s)
            )),
            Event::Validated {
                step,
                validation,
                best,
            } => {
                progress.finish();
                let figures: Vec<String> = validation
                    .figures
                    .iter()
                    .map(|(name, value)| format!("{name} {value:.4}"))
                    .collect();
                let mark = if *best { " (best)" } else { "" };
                say(&format!(
                    "step {step}: score {:.4}{mark} {}",
                    validation.score,
                    figures.join(", ")
                ));
            }
        }
    }

    /// Hours and minutes, or minutes and seconds.
    fn duration(seconds: f64) -> String {
        let minutes = (seconds / 60.0).floor();
        if minutes >= 60.0 {
            format!(
                "{:.0} h {:.0} min",
                (minutes / 60.0).floor(),
                minutes % 60.0
            )
        } else {
            format!("{minutes:.0} min {:.0} s", seconds % 60.0)
        }
    }
}
