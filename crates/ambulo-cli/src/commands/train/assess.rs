//! `ambulo train assess`: recordings and a recipe in, the model of gait scores out. No network, so no feature is needed.

use std::path::PathBuf;

use ambulo_io::files;
use ambulo_train::assess::{Example, learn, never_measured};
use ambulo_train::motion::Role;
use anyhow::Context as _;

use crate::Outcome;
use crate::commands::eval::assess::{measured_examples, recipe};
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The recipe, a TOML file; `recipes/assess.toml` holds the defaults
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Folder of the recordings, with `cmu` and `c3d/biomechzoo` in it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Where to write the model
    #[arg(
        short,
        long,
        value_name = "FILE.json",
        default_value = "assess_forest.json"
    )]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let recipe = recipe(args.config.as_deref())?;
    let mut progress = Progress::new(false);
    let examples = measured_examples(&args.data, &recipe, &mut progress, |_| {})?;
    let seen: Vec<&Example> = examples.iter().filter(|it| it.role != Role::Test).collect();
    let missing = never_measured(&seen);
    anyhow::ensure!(
        missing.is_empty(),
        "measured in none of the walks: {}; a model that everybody uses must know them",
        missing.join(", ")
    );
    progress.stage("learning");
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut model = learn(&seen, &recipe, threads).context("nothing could be learned")?;
    progress.finish();
    let mut people: Vec<&str> = seen.iter().map(|it| it.person.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    for (key, value) in [
        ("command", "ambulo train assess".to_owned()),
        ("recipe", recipe.to_toml()),
        ("walks", seen.len().to_string()),
        ("people", people.join(" ")),
        (
            "data",
            "CMU motion capture and biomechZoo (Apache-2.0), impairments simulated".to_owned(),
        ),
    ] {
        model.notes.insert(key.to_owned(), value);
    }
    let mut json = serde_json::to_string(&model)?;
    json.push('\n');
    files::write_atomically(&args.output, json.as_bytes())?;
    progress::say(&format!(
        "{} walks of {} people: {}",
        seen.len(),
        people.len(),
        args.output.display()
    ));
    Ok(Outcome::Done)
}
