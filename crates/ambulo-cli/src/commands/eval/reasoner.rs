//! `ambulo eval reasoner`: what language models write about walks of people that they never saw.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ambulo::analysis::Analysis;
use ambulo::assessment::score::{ScoreModel, Scorer as _};
use ambulo::motion::Motion3d;
use ambulo::trial::{Recording, Trial};
use ambulo_io::files;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::vqvae::Vqvae;
use ambulo_nn::reasoner::{INSTRUCTION, Reads, Reasoner};
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::{Weights, shipped};
use ambulo_pipeline::assess;
use ambulo_pipeline::config::Config;
use ambulo_train::assess::{Judged, ScoreTable};
use ambulo_train::motion::Role;
use ambulo_train::reasoner::{
    GaitText, MeasuredText, Said, SaidTable, Templates, TextSettings, Trivial, answered,
    claims_by_aspect, described_walks, gait_texts, probed, published_tables,
};
use anyhow::Context as _;

use super::assess::{analysis_of, measuring, motion_analysis};
use super::deposit;
use crate::Outcome;
use crate::progress::Progress;

/// Probability from which a score is given.
const LEAST_CERTAIN: f64 = 0.4;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of the recordings, with `cmu` and `c3d/biomechzoo` in it
    #[arg(long, value_name = "DIR", required_unless_present = "shida")]
    data: Option<PathBuf>,
    /// Folder of the deposit of Shida et al. (2023): its C3D files, and its metadata as `PDGinfo.csv`
    #[arg(long, value_name = "DIR")]
    shida: Option<PathBuf>,
    /// Weights of a language model; several may be given, by default the one that comes with the program. Runs of
    /// `recipes/reasoner.toml` also fill the rows of the paper's tables
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Vec<PathBuf>,
    /// Weights of the motion tokenizer; the one that comes with the program if not given
    #[arg(long, value_name = "FILE.safetensors")]
    tokenizer: Option<PathBuf>,
    /// Simulated walks of each person for each score
    #[arg(long, value_name = "N", default_value_t = 12)]
    walks: u64,
    /// Shortest and longest simulated walk in seconds, before the impairment changes its time; 5 and 14 if not given
    #[arg(long, num_args = 2, value_names = ["SHORTEST", "LONGEST"])]
    seconds: Option<Vec<f64>>,
    /// Print what was written about so many walks of each score
    #[arg(long, value_name = "N", default_value_t = 0)]
    show: usize,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let codes = motion_tokenizer(args.tokenizer.as_deref())?;
    let models = reasoners(&args.weights, &codes.sha256)?;
    anyhow::ensure!(
        !models.is_empty(),
        "no language model to judge; give --weights"
    );
    let mut out = String::new();
    if let Some(data) = &args.data {
        let mut progress = Progress::new(false);
        let mut settings = TextSettings {
            walks: args.walks,
            held_walks: args.walks,
            ..TextSettings::default()
        };
        if let Some(&[shortest, longest]) = args.seconds.as_deref() {
            anyhow::ensure!(
                shortest > 0.0 && shortest <= longest && longest <= 600.0,
                "--seconds wants the shorter time first, both within 0 to 600 s"
            );
            settings.walkers.duration_s = [shortest, longest];
        }
        let roles = [Role::Train, Role::Tune, Role::Test];
        let walks = walks(data, &settings, &roles, &codes.network, &mut progress)?;
        let of = |roles: &[Role]| -> Vec<&GaitText> {
            walks.iter().filter(|it| roles.contains(&it.role)).collect()
        };
        let (learned, held) = (of(&[Role::Train]), of(&[Role::Test]));
        out.push_str(
            "Simulated walks of the test people: none of them was learned from or chosen by\n\n",
        );
        let question = Question {
            trivial: &|trivial| trivial.said(&held, &learned),
            held: &held,
            unseen: &of(&[Role::Tune, Role::Test]),
            ours_are_of: "simulated walks and four: the gap says nothing of the method",
        };
        question.answer(&mut out, &models, args.show)?;
    }
    if let Some(folder) = &args.shida {
        let model = score_model()?;
        let deposit = deposit::read(folder, |walk, score, trial| {
            of_deposit((&walk.subject, score), trial, model, &codes.network)
        })?;
        out.push_str(&deposit.heading());
        out.push_str(
            "Networks learned from simulated walks of other people; trivial texts are other people's of the deposit\n\n",
        );
        let held: Vec<&GaitText> = deposit.used.iter().collect();
        let question = Question {
            trivial: &|trivial| said_of_others(trivial, &held),
            held: &held,
            unseen: &held,
            ours_are_of: "networks that saw no patient, and of all scores of the deposit",
        };
        question.answer(&mut out, &models, args.show)?;
    }
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Outcome::Done)
}

/// A walk of the deposit; `None` where it was rejected or has no tokens.
fn of_deposit(
    (subject, score): (&str, u8),
    trial: Trial,
    model: &ScoreModel,
    tokenizer: &Vqvae,
) -> Option<GaitText> {
    let Recording::Motion(motion) = trial.recording.clone() else {
        return None;
    };
    let analysis = analysis_of(trial, &measuring())?;
    let measured = measured_text(&analysis, model);
    let origin = (subject, Role::Test, score);
    let departs_z = TextSettings::default().departs_z;
    GaitText::of(origin, &motion, measured, tokenizer, departs_z).ok()
}

/// Trivial answers about each person's walks by those of all the others.
fn said_of_others<'a>(trivial: Trivial, walks: &[&'a GaitText]) -> Vec<Said<'a>> {
    let people: BTreeSet<&str> = walks.iter().map(|it| it.person.as_str()).collect();
    let of_person = people.into_iter().flat_map(|person| {
        let (own, others): (Vec<&'a GaitText>, Vec<&'a GaitText>) =
            walks.iter().partition(|it| it.person == person);
        trivial.said(&own, &others)
    });
    of_person.collect()
}

/// Walks to be judged, and what stands beside.
struct Question<'w, 'q> {
    /// The walks that are asked about.
    held: &'q [&'w GaitText],
    /// Walks of people that no network learned from, for the probes.
    unseen: &'q [&'w GaitText],
    /// Trivial answers about the walks.
    trivial: &'q dyn Fn(Trivial) -> Vec<Said<'w>>,
    /// What the figures are of, for the paper's tables.
    ours_are_of: &'q str,
}

impl Question<'_, '_> {
    /// Baseline 0, trivial answers, the language models and the paper's tables.
    fn answer(
        &self,
        out: &mut String,
        models: &[(String, Reasoner)],
        show_walks: usize,
    ) -> anyhow::Result<()> {
        let (_, ruler) = models.first().context("no language model to judge")?;
        let baseline = score_model()?;
        let forest: Vec<Judged> = self
            .held
            .iter()
            .map(|it| baseline_0(it, baseline))
            .collect();
        let _ = writeln!(out, " baseline 0: gait parameters and a forest");
        let table = ScoreTable::of(&forest, LEAST_CERTAIN);
        let _ = writeln!(out, "{}", table.map_or_else(String::new, |it| it.to_text()));
        for trivial in Trivial::ALL {
            let table = SaidTable::of(&(self.trivial)(trivial), ruler, LEAST_CERTAIN)?;
            let _ = writeln!(out, " trivial: {}\n{}", trivial.title(), table.to_text());
        }
        let unknown = Templates::new();
        let unknown = unknown.held_out.first().map_or(INSTRUCTION, String::as_str);
        let mut progress = Progress::new(false);
        let mut tables = Vec::new();
        for (name, reasoner) in models {
            progress.stage(name);
            let is_generative = name.ends_with("generative");
            let start = Instant::now();
            let said = if is_generative {
                described_walks(reasoner, self.held)?
            } else {
                answered(reasoner, INSTRUCTION, self.held)?
            };
            let answer_s = start.elapsed().as_secs_f64() / self.held.len().max(1) as f64;
            let table = SaidTable::of(&said, ruler, LEAST_CERTAIN)?;
            let probes = probed(reasoner.network(), reasoner.tokenizer(), self.unseen)?;
            let probe = ScoreTable::of(&probes, 0.0);
            progress.finish();
            let reads = match reasoner.reads() {
                Reads::Motion => "the motion alone",
                Reads::MotionAndMeasurements => "the motion and what was measured",
            };
            let _ = writeln!(
                out,
                " {name}, which reads {reads}, {answer_s:.3} s a walk\n{}",
                table.to_text()
            );
            qualities(out, &said);
            if !is_generative {
                let said = answered(reasoner, unknown, self.held)?;
                let table = SaidTable::of(&said, ruler, LEAST_CERTAIN)?;
                let accuracy = table.figure("accuracy").and_then(|it| it.value);
                let _ = writeln!(
                    out,
                    "  an instruction that training never saw: accuracy {:.3}\n",
                    accuracy.unwrap_or(0.0)
                );
                show(out, &said, show_walks);
            }
            tables.push((name.clone(), table, probe));
        }
        let _ = writeln!(out, "{}", published_tables(self.ours_are_of, &tables));
        Ok(())
    }
}

/// Baseline 0, whose norms the writer uses too.
fn score_model() -> anyhow::Result<&'static ScoreModel> {
    assess::shipped_model().context("no model of gait scores comes with this program")
}

fn measured_text(analysis: &Analysis, model: &ScoreModel) -> MeasuredText {
    MeasuredText {
        features: assess::features(analysis),
        readings: assess::readings(analysis, model, &Config::default()),
    }
}

fn baseline_0(walk: &GaitText, model: &ScoreModel) -> Judged {
    let found = model.whole.probabilities(&walk.measured.features);
    Judged {
        person: walk.person.clone(),
        truth: walk.score,
        probabilities: found.unwrap_or_default(),
    }
}

/// Of which qualities it spoke, and how truly.
fn qualities(out: &mut String, said: &[Said<'_>]) {
    let _ = writeln!(out, "  claims borne out, of those about each quality");
    for (aspect, [held, all]) in claims_by_aspect(said) {
        let name = aspect.name().replace('_', " ");
        let share = 100.0 * held as f64 / all.max(1) as f64;
        let _ = writeln!(out, "    {name:<24} {held:>5} of {all:>5}  {share:>5.1} %");
    }
    out.push('\n');
}

/// Examples of what was written, the first walks of each score.
fn show(out: &mut String, said: &[Said<'_>], count: usize) {
    for score in 0_u8..4 {
        for it in said.iter().filter(|it| it.walk.score == score).take(count) {
            let shares: Vec<String> = it.probabilities.iter().map(|p| format!("{p:.2}")).collect();
            let _ = writeln!(
                out,
                "  {} score {score} ({})\n    writer: {}\n    model:  {}",
                it.walk.person,
                shares.join(" "),
                it.reference,
                it.text
            );
        }
    }
}

/// The language models of files, or the one that comes with the program, by name.
fn reasoners(paths: &[PathBuf], codes: &str) -> anyhow::Result<Vec<(String, Reasoner)>> {
    let engine = Engine::new(Threads::auto());
    let mut models = Vec::new();
    for path in paths {
        let file = files::load_file(path)?;
        let refused = || format!("cannot use {}", path.display());
        let weights = Weights::from_bytes(&file.bytes).with_context(refused)?;
        anyhow::ensure!(
            weights
                .info()
                .notes
                .get(ambulo_nn::reasoner::CODES_NOTE)
                .is_none_or(|own| own == codes),
            "{} learned with another motion tokenizer",
            path.display()
        );
        let reasoner = Reasoner::from_weights(&weights, &engine).with_context(refused)?;
        models.push((weights.info().id.clone(), reasoner));
    }
    if paths.is_empty()
        && let Some(own) = shipped().iter().find(|it| it.id == "assess_reasoner")
    {
        let reasoner = Reasoner::from_weights(&own.load()?, &engine)?;
        models.push((own.id.to_owned(), reasoner));
    }
    Ok(models)
}

/// The motion tokenizer, ready to run.
pub(crate) struct MotionTokenizer {
    /// The network.
    pub(crate) network: Vqvae,
    /// Its codes, `[codes, width]`.
    #[cfg_attr(
        not(feature = "train"),
        expect(dead_code, reason = "what training begins with")
    )]
    pub(crate) codes: Vec<f32>,
    /// SHA-256 of its file.
    pub(crate) sha256: String,
}

/// The motion tokenizer of a file, or the one that comes with the program.
pub(crate) fn motion_tokenizer(path: Option<&Path>) -> anyhow::Result<MotionTokenizer> {
    /// The weights that come with the program.
    const ID: &str = "motion_vqvae";
    let (weights, sha256) = if let Some(path) = path {
        let file = files::load_file(path)?;
        let weights = Weights::from_bytes(&file.bytes);
        let weights = weights.with_context(|| format!("cannot use {}", path.display()))?;
        (weights, files::sha256(&file.bytes))
    } else {
        let own = shipped().iter().find(|it| it.id == ID);
        let own = own.context("no motion tokenizer comes with this program; give its weights")?;
        (own.load()?, own.sha256.to_owned())
    };
    let NetworkConfig::Vqvae(config) = weights.config() else {
        anyhow::bail!("{} is no motion tokenizer", weights.config().model());
    };
    let engine = Engine::new(Threads::auto());
    let network = Vqvae::from_weights(config, weights.tensors(), &engine)?;
    let codes = weights.tensors().require("quantizer.codebook")?;
    Ok(MotionTokenizer {
        network,
        codes: codes.data().to_vec(),
        sha256,
    })
}

/// Simulated walks as the pipeline measures them, with their tokens and rationales.
pub(crate) fn walks(
    data: &Path,
    settings: &TextSettings,
    roles: &[Role],
    tokenizer: &Vqvae,
    progress: &mut Progress,
) -> anyhow::Result<Vec<GaitText>> {
    let model = score_model()?;
    let mut measure = |motion: &Motion3d| Some(measured_text(&motion_analysis(motion)?, model));
    let mut tell = |done: usize, of: usize| progress.stage(&format!("people: {done} of {of}"));
    let walks = gait_texts(data, settings, roles, tokenizer, &mut measure, &mut tell)?;
    progress.finish();
    Ok(walks)
}
