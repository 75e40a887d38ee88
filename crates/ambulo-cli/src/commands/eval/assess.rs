//! `ambulo eval assess`: gait scores of people that were never seen, and of real walks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use ambulo::analysis::Analysis;
use ambulo::assessment::rationale;
use ambulo::assessment::score::{SCORES, ScoreModel, Scorer, likeliest};
use ambulo::motion::Motion3d;
use ambulo::parameters::{GaitParameters, ParameterId, Status};
use ambulo::quality::Grade;
use ambulo::trial::{Recording, Trial};
use ambulo_io::files::Input;
use ambulo_io::formats::Format;
use ambulo_io::keypoints::KeypointFormat;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::read::{LoadedTrial, read_trial};
use ambulo_pipeline::{analyze, assess};
use ambulo_train::assess::{
    AssessRecipe, Example, Judged, MeasuredWalk, ScoreTable, SessionTable, examples,
    judged_by_folds, never_measured, sessions,
};
use ambulo_train::impairment::{Walkers, motion_of_take};
use ambulo_train::motion::{RATE_HZ, Role};
use anyhow::Context as _;

use super::deposit;
use crate::Outcome;
use crate::progress::Progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the recordings, with `cmu`, `c3d` and `pd` in it
    #[arg(long, value_name = "DIR", required_unless_present = "shida")]
    data: Option<PathBuf>,
    /// Folder of the deposit of Shida et al. (2023): its C3D files, and its metadata as `PDGinfo.csv`
    #[arg(long, value_name = "DIR")]
    shida: Option<PathBuf>,
    /// The recipe, a TOML file; `recipes/assess.toml` holds the defaults
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// A model file; the one that comes with the program if not given
    #[arg(long, value_name = "FILE.json")]
    weights: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let recipe = recipe(args.config.as_deref())?;
    let own = match &args.weights {
        Some(path) => {
            let file = ambulo_io::files::load_file(path)?;
            Some(assess::read_model(&file.bytes).with_context(|| format!("{}", path.display()))?)
        }
        None => None,
    };
    let model = own.as_ref().or_else(|| assess::shipped_model());
    let model = model.context("no model comes with this program; give --weights FILE.json")?;
    let mut out = String::new();
    if let Some(data) = &args.data {
        collections(&mut out, data, &recipe, model)?;
    }
    if let Some(folder) = &args.shida {
        on_deposit(&mut out, folder, &recipe, model)?;
    }
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Outcome::Done)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Simulated walks, recorded walks of healthy people, real sessions.
fn collections(
    out: &mut String,
    data: &Path,
    recipe: &AssessRecipe,
    model: &ScoreModel,
) -> anyhow::Result<()> {
    let mut progress = Progress::new(false);
    let mut facts = Facts::default();
    let examples = measured_examples(data, recipe, &mut progress, |analysis| {
        facts.add(analysis, model);
    })?;
    progress.stage("folds");
    let (whole, folds) = judged_by_folds(&examples, recipe, threads(), |it| &it.whole)?;
    let (legs, _) = judged_by_folds(&examples, recipe, threads(), |it| &it.legs)?;
    progress.finish();
    let least = recipe.least_certain;
    let _ = writeln!(
        out,
        "Simulated walks, people in {} parts, each judged by the others",
        recipe.folds
    );
    let table = ScoreTable::of(&whole, least);
    write_table(out, "baseline 0: all gait parameters", table);
    let table = ScoreTable::of(&legs, least);
    write_table(out, "baseline 0, joint angles of the legs alone", table);
    let test = examples.iter().filter(|it| it.role == Role::Test);
    let held: Vec<Judged> = test.map(|it| Judged::of(&model.whole, it)).collect();
    let _ = writeln!(
        out,
        "Simulated walks of the test people, by the model file (version {})",
        model.version
    );
    let table = ScoreTable::of(&held, model.whole.least_certain);
    write_table(out, "baseline 0: all gait parameters", table);
    let _ = writeln!(
        out,
        "Rationales of the simulated walks: claims that the measurements bear out\n  {}\n",
        facts.summary()
    );
    progress.stage("recorded walks");
    let recorded = recorded(data, model, &folds)?;
    progress.finish();
    let _ = writeln!(out, "Recorded walks of healthy people\n{recorded}");
    let table = SessionTable::of(&sessions(data)?, &model.legs);
    let _ = writeln!(
        out,
        "Real sessions, joint angles of the legs alone\n{}",
        table.to_text()
    );
    Ok(())
}

/// The experiment of AGIR's paper with baseline 0: each person judged by a forest that learned from the others, and by
/// the model file, which has seen none of them.
fn on_deposit(
    out: &mut String,
    folder: &Path,
    recipe: &AssessRecipe,
    model: &ScoreModel,
) -> anyhow::Result<()> {
    let deposit = deposit::read(folder, |walk, score, trial| {
        Some(Example {
            person: walk.subject.clone(),
            role: Role::Test,
            score,
            walk: walked(trial)?,
        })
    })?;
    out.push_str(&deposit.heading());
    let examples = deposit.used;
    let judged: Vec<Judged> = examples
        .iter()
        .map(|it| Judged::of(&model.whole, it))
        .collect();
    let table = ScoreTable::of(&judged, model.whole.least_certain);
    write_table(out, "the model file, learned from simulated walks", table);
    let missing = never_measured(&examples.iter().collect::<Vec<_>>());
    if !missing.is_empty() {
        let _ = writeln!(
            out,
            " measured in none of these walks, so baseline 0 learns without: {}\n",
            missing.join(", ")
        );
    }
    let recipe = AssessRecipe {
        folds: deposit.people,
        ..*recipe
    };
    match judged_by_folds(&examples, &recipe, threads(), |it| &it.whole) {
        Ok((judged, _)) => {
            let table = ScoreTable::of(&judged, recipe.least_certain);
            write_table(out, "baseline 0, leave one person out", table);
        }
        Err(why) => {
            let _ = writeln!(out, " baseline 0, leave one person out: {why}");
        }
    }
    Ok(())
}

/// A trial as it is measured; `None` where it was rejected.
fn walked(trial: Trial) -> Option<MeasuredWalk> {
    let analysis = analysis_of(trial, &measuring())?;
    Some(MeasuredWalk {
        features: assess::features(&analysis),
        parameters: whole_values(&analysis.parameters),
    })
}

/// The recipe of a file, or the defaults.
pub(crate) fn recipe(path: Option<&Path>) -> anyhow::Result<AssessRecipe> {
    let Some(path) = path else {
        return Ok(AssessRecipe::default());
    };
    let file = ambulo_io::files::load_file(path)?;
    let text = String::from_utf8(file.bytes).context("the recipe is no text")?;
    AssessRecipe::from_toml(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// Simulated walks as the pipeline measures them; each analysis is shown to `look`.
pub(crate) fn measured_examples(
    data: &Path,
    recipe: &AssessRecipe,
    progress: &mut Progress,
    mut look: impl FnMut(&Analysis),
) -> anyhow::Result<Vec<Example>> {
    let mut measure = |motion: &Motion3d| {
        let analysis = motion_analysis(motion)?;
        look(&analysis);
        Some(MeasuredWalk {
            features: assess::features(&analysis),
            parameters: whole_values(&analysis.parameters),
        })
    };
    let mut tell = |done: usize, of: usize| {
        progress.stage(&format!("people: {done} of {of}"));
    };
    let examples = examples(data, recipe, &mut measure, &mut tell)?;
    progress.finish();
    anyhow::ensure!(!examples.is_empty(), "no walk could be measured");
    Ok(examples)
}

/// A motion's analysis; `None` where it was rejected.
pub(crate) fn motion_analysis(motion: &Motion3d) -> Option<Analysis> {
    analysis_of(Trial::new(Recording::Motion(motion.clone())), &measuring())
}

/// The defaults, without asking the language model: thousands of walks are only measured.
pub(super) fn measuring() -> Config {
    let mut config = Config::default();
    config.assessment.second_opinion = false;
    config
}

/// A trial's analysis; `None` where it was rejected.
pub(super) fn analysis_of(trial: Trial, config: &Config) -> Option<Analysis> {
    let loaded = LoadedTrial {
        trial,
        name: "walk".to_owned(),
        format: Format::Keypoints(KeypointFormat::Ambulo),
        sha256: String::new(),
        pose2d: None,
    };
    let analysis = analyze(&loaded, config, &mut |_| {}).analysis;
    (analysis.quality.grade != Grade::Reject).then_some(analysis)
}

fn whole_values(parameters: &GaitParameters) -> BTreeMap<ParameterId, f64> {
    let values = parameters.iter().filter_map(|(&id, sides)| {
        let whole = sides
            .both
            .as_ref()
            .filter(|it| it.status != Status::Withheld)?;
        Some((id, whole.value?))
    });
    values.collect()
}

fn write_table(out: &mut String, title: &str, table: Option<ScoreTable>) {
    let text = table.map_or_else(|| "  nothing to judge\n".to_owned(), |it| it.to_text());
    let _ = writeln!(out, " {title}\n{text}");
}

/// Claims of the writer's rationales, checked.
#[derive(Default)]
struct Facts {
    walks: usize,
    supported: usize,
    contradicted: usize,
    texts: std::collections::BTreeSet<String>,
}

impl Facts {
    fn add(&mut self, analysis: &Analysis, model: &ScoreModel) {
        let readings = assess::readings(analysis, model, &Config::default());
        let text = rationale::as_text(&rationale::write(&readings));
        let check = ambulo::assessment::claims::FactCheck::of(&text, &readings);
        self.walks += 1;
        self.supported += check.supported;
        self.contradicted += check.contradicted;
        self.texts.insert(text);
    }

    fn summary(&self) -> String {
        let all = (self.supported + self.contradicted).max(1);
        format!(
            "{} of {all} claims in {} walks ({:.1} %), {} distinct texts",
            self.supported,
            self.walks,
            100.0 * self.supported as f64 / all as f64,
            self.texts.len()
        )
    }
}

/// Every recorded walk, scored by a model that has not seen the person where there is one.
fn recorded(
    data: &Path,
    model: &ScoreModel,
    folds: &[(Vec<String>, ScoreModel)],
) -> anyhow::Result<String> {
    let of_person = |person: &str| {
        let own = folds
            .iter()
            .find(|(held, _)| held.iter().any(|name| name == person));
        own.map_or(model, |(_, model)| model)
    };
    let config = Config::default();
    let mut text = String::new();
    let walkers = Walkers::load(data)?;
    let mut cmu = Tally::default();
    for take in walkers
        .takes()
        .iter()
        .filter(|it| it.person.starts_with("cmu"))
    {
        let analysis = motion_of_take(take, RATE_HZ)
            .and_then(|motion| analysis_of(Trial::new(Recording::Motion(motion)), &config));
        cmu.add(
            &mut text,
            &take.person,
            &take.name,
            analysis.as_ref(),
            of_person(&take.person),
        );
    }
    let mut c3d = Tally::default();
    for path in c3d_files(&data.join("c3d"))? {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let folder = path.parent().and_then(Path::file_name).unwrap_or_default();
        let person = folder.to_string_lossy().into_owned();
        let Ok(loaded) = read_trial(&Input::load(&path)?, &config) else {
            let _ = writeln!(text, "  {person} {name}: not readable");
            continue;
        };
        let analysis = analyze(&loaded, &config, &mut |_| {}).analysis;
        let analysis = (analysis.quality.grade != Grade::Reject).then_some(analysis);
        c3d.add(
            &mut text,
            &person,
            &name,
            analysis.as_ref(),
            of_person(&person),
        );
    }
    let _ = writeln!(text, "  CMU: {}", cmu.summary());
    let _ = writeln!(text, "  C3D: {}", c3d.summary());
    Ok(text)
}

/// The C3D files of a folder and the folders in it.
fn c3d_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .map(|entry| entry.map(|it| it.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.ends_with("dialects") {
            files.extend(c3d_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|it| it.eq_ignore_ascii_case("c3d"))
        {
            files.push(path);
        }
    }
    Ok(files)
}

/// How walks of healthy people were scored, by baseline 0 and by the language model that comes with the program.
#[derive(Default)]
struct Tally {
    refused: usize,
    forest: Scores,
    opinion: Scores,
}

/// How often each score was given, and none.
#[derive(Default)]
struct Scores {
    none: usize,
    counts: [usize; SCORES],
}

impl Tally {
    fn add(
        &mut self,
        text: &mut String,
        person: &str,
        name: &str,
        analysis: Option<&Analysis>,
        model: &ScoreModel,
    ) {
        let Some(analysis) = analysis else {
            self.refused += 1;
            let _ = writeln!(text, "  {person} {name}: no analysis");
            return;
        };
        let features = assess::features(analysis);
        let said = match model.whole.probabilities(&features) {
            Err(why) => {
                self.forest.add(None);
                format!("no score ({why})")
            }
            Ok(probabilities) => {
                let (score, probability) = likeliest(&probabilities);
                let score = (probability >= model.whole.least_certain).then_some(score);
                self.forest.add(score);
                score_and_shares(score, &probabilities)
            }
        };
        let beside = analysis.assessment.second_opinion.as_ref().map(|other| {
            self.opinion.add(other.score);
            score_and_shares(other.score, &other.probabilities)
        });
        let beside = beside.map_or_else(String::new, |it| format!("; language model {it}"));
        let _ = writeln!(text, "  {person} {name}: {said}{beside}");
    }

    fn summary(&self) -> String {
        let beside = match self.opinion.walks() {
            0 => String::new(),
            _ => format!("\n    language model: {}", self.opinion.summary()),
        };
        format!(
            "{} walks analysed ({} not): {}{beside}",
            self.forest.walks(),
            self.refused,
            self.forest.summary()
        )
    }
}

/// A score, or none, with the probabilities behind it.
fn score_and_shares(score: Option<u8>, probabilities: &[f64]) -> String {
    let score = score.map_or_else(|| "none".to_owned(), |it| it.to_string());
    let shares: Vec<String> = probabilities.iter().map(|p| format!("{p:.2}")).collect();
    format!("{score} ({})", shares.join(" "))
}

impl Scores {
    fn add(&mut self, score: Option<u8>) {
        match score.and_then(|it| self.counts.get_mut(usize::from(it))) {
            Some(count) => *count += 1,
            None => self.none += 1,
        }
    }

    fn walks(&self) -> usize {
        self.none + self.counts.iter().sum::<usize>()
    }

    fn summary(&self) -> String {
        let fine = self.counts[0] + self.counts[1] + self.none;
        format!(
            "scores 0 to 3 {:?}, no score {}; 0, 1 or none {:.1} %",
            self.counts,
            self.none,
            100.0 * fine as f64 / self.walks().max(1) as f64
        )
    }
}
