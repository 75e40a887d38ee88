//! `ambulo train reasoner`: walks and a recipe in, language models out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ambulo_nn::weights::Weights;
use ambulo_train::fit::{Event, Outcome as Trained, ReasonerLesson, Setup, fit_reasoner};
use ambulo_train::motion::Role;
use ambulo_train::reasoner::vocabulary;
use ambulo_train::recipe::{ReasonerRecipe, ReasonerRun};
use anyhow::Context as _;

use super::RunArgs;
use crate::commands::eval::reasoner::{motion_tokenizer, walks};
use crate::progress::{Progress, say};

/// Trains the language models of a recipe, each in a folder of its own name. Runs that have ended stay as they are when
/// the command is given again with `--resume`.
pub(super) fn train(
    args: &RunArgs,
    device: &ambulo_train::device::Device,
    listener: &mut dyn FnMut(&Event),
) -> anyhow::Result<Vec<Trained>> {
    let mut recipe = ReasonerRecipe::read(&args.config)?;
    if let Some(folder) = &args.data {
        folder.clone_into(&mut recipe.data.folder);
    }
    let codes = motion_tokenizer(recipe.data.tokenizer.as_deref())?;
    let roles = [Role::Train, Role::Tune];
    let mut progress = Progress::new(false);
    let (data, settings) = (&recipe.data.folder, &recipe.data.texts);
    let walks = walks(data, settings, &roles, &codes.network, &mut progress)?;
    let (train, tune): (Vec<_>, Vec<_>) =
        walks.into_iter().partition(|walk| walk.role == Role::Train);
    say(&format!(
        "{} walks to learn from, {} to choose by",
        train.len(),
        tune.len()
    ));
    let tokenizer = vocabulary(codes.network.config().codes)?;
    let mut lesson = ReasonerLesson {
        train: Arc::new(train),
        tune,
        tokenizer: Arc::new(tokenizer),
        departs_z: settings.departs_z,
        codes: codes.codes.clone(),
        beginning: None,
    };
    let mut outcomes = Vec::new();
    for run in &recipe.runs {
        say(&run.name);
        lesson.beginning = beginning(&args.output, run)?;
        let train = recipe.train_of(run);
        let setup = Setup {
            network: recipe.network(lesson.tokenizer.len()),
            name: run.name.clone(),
            notes: notes(&recipe, &codes.sha256),
            folder: args.output.join(&run.name),
            resume: args.resume,
            train,
        };
        outcomes.push(fit_reasoner(&setup, &lesson, device, listener)?);
    }
    Ok(outcomes)
}

/// The weights that a run begins with.
fn beginning(
    output: &Path,
    run: &ReasonerRun,
) -> anyhow::Result<Option<(std::path::PathBuf, ambulo_nn::tensors::Tensors)>> {
    let Some(name) = &run.begin_with else {
        return Ok(None);
    };
    let path = output.join(name).join("weights.safetensors");
    let bytes = std::fs::read(&path)
        .with_context(|| format!("{} begins with {name}: no {}", run.name, path.display()))?;
    let weights = Weights::from_bytes(&bytes)?;
    Ok(Some((path, weights.into_tensors())))
}

fn notes(recipe: &ReasonerRecipe, codes: &str) -> BTreeMap<String, String> {
    let data = "CMU motion capture and biomechZoo (Apache-2.0), impairments simulated";
    BTreeMap::from([
        ("data".to_owned(), data.to_owned()),
        ("command".to_owned(), "ambulo train reasoner".to_owned()),
        (
            "texts".to_owned(),
            serde_json::to_string(&recipe.data.texts).unwrap_or_default(),
        ),
        (ambulo_nn::reasoner::CODES_NOTE.to_owned(), codes.to_owned()),
    ])
}
