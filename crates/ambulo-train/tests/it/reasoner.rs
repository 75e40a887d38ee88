//! What the language model learns from, and that it learns.

use std::collections::BTreeSet;
use std::sync::Arc;

use ambulo::Side;
use ambulo::assessment::aspects::{Aspect, AspectReading, AspectReadings};
use ambulo::assessment::claims::FactCheck;
use ambulo::assessment::features::Features;
use ambulo::assessment::levels::{Level, level_words, levelled};
use ambulo::assessment::rationale;
use ambulo::assessment::{Evidence, score};
use ambulo::kinematics::AngleCurves;
use ambulo::parameters::GaitParameters;
use ambulo_nn::codec::text::{Special, Tokenizer};
use ambulo_nn::reasoner::Reads;
use ambulo_train::motion::Role;
use ambulo_train::reasoner::{
    GaitText, Lessons, MeasuredText, Objective, Other, Said, TextBatch, Trivial, claims_by_aspect,
    figures, vocabulary,
};

const CODES: usize = 16;

fn reading(aspect: Aspect, side: Option<Side>, z: f64) -> AspectReading {
    AspectReading {
        aspect,
        side,
        z,
        evidence: Evidence {
            parameter: aspect.name().to_owned(),
            side: side.map_or("both", Side::name).to_owned(),
            value: z,
            unit: "m".to_owned(),
            norm: None,
            frames: Vec::new(),
        },
    }
}

fn readings(z: f64) -> AspectReadings {
    let aspects = [Aspect::StepLength, Aspect::ArmSwing, Aspect::Speed];
    let readings = aspects.into_iter().map(|aspect| reading(aspect, None, z));
    readings.fold(AspectReadings::default(), AspectReadings::with)
}

/// Walks whose codes say their score and how long their steps are.
fn walks(count: usize) -> Vec<GaitText> {
    let walk = |index: usize| {
        let score = u8::try_from(index % score::SCORES).unwrap();
        let readings = readings(0.2 - 1.2 * f64::from(score));
        let codes =
            |shift: usize| (0..9).map(move |x| (x + shift + 4 * usize::from(score)) % CODES);
        GaitText {
            person: format!("P{}", index % 3),
            role: Role::Train,
            score,
            codes: (0..2).map(|shift| codes(shift).collect()).collect(),
            text: rationale::as_text(&rationale::write_departing(&readings, 1.5)),
            plain: rationale::as_text(&rationale::write_plainly(&readings, 1.5)),
            measured: MeasuredText {
                features: Features::of(&GaitParameters::new(), &AngleCurves::new()),
                readings,
            },
        }
    };
    (0..count).map(walk).collect()
}

fn lessons(objective: Objective) -> (Lessons, Arc<Tokenizer>) {
    let tokenizer = Arc::new(vocabulary(CODES).unwrap());
    let walks = Arc::new(walks(12));
    let lessons = Lessons::new(
        walks,
        Arc::clone(&tokenizer),
        (objective, Reads::Motion),
        1.5,
        6,
    );
    (lessons, tokenizer)
}

#[test]
fn answers_have_their_form_and_batches_repeat() {
    let objective = Objective::Reasoning {
        generative_share: 0.0,
    };
    let (lessons, tokenizer) = lessons(objective);
    let batch = lessons.batch(1, 7, 5);
    assert_eq!(batch, lessons.batch(1, 7, 5));
    assert_ne!(batch, lessons.batch(1, 8, 5));
    let format = tokenizer.answer_format(96).unwrap();
    for ((read, written), score) in batch.read.iter().zip(&batch.written).zip(&batch.scores) {
        assert_eq!(tokenizer.codes(read).len(), 6, "a stretch of six codes");
        assert_eq!(read.last(), Some(&tokenizer.end()));
        let [begin, end] = format.reasoning;
        assert_eq!(written[0], begin);
        let tail = &written[written.len() - 5..];
        let score = format.scores[score.unwrap()];
        let expected = [
            end,
            format.score[0],
            score,
            format.score[1],
            tokenizer.end(),
        ];
        assert_eq!(tail, expected);
    }
}

#[test]
fn what_was_measured_is_read_behind_the_motion_where_answers_rest_on_it() {
    let objective = Objective::Reasoning {
        generative_share: 0.5,
    };
    let (alone, tokenizer) = lessons(objective);
    let walks = Arc::new(walks(12));
    let reads = (objective, Reads::MotionAndMeasurements);
    let both = Lessons::new(walks, Arc::clone(&tokenizer), reads, 1.5, 6);
    let (alone, both) = (alone.batch(1, 0, 40), both.batch(1, 0, 40));
    assert_eq!(alone.written, both.written);
    for ((alone, both), score) in alone.read.iter().zip(&both.read).zip(&both.scores) {
        let [alone, both] = [alone, both].map(|it| tokenizer.decode(it, Special::Skip));
        let Some(score) = score else {
            assert_eq!(alone, both, "descriptions rest on the motion alone");
            continue;
        };
        let measured = level_words(&readings(0.2 - 1.2 * *score as f64));
        assert!(both.contains(&measured) && !alone.contains(&measured));
        assert_eq!(
            both.replace(&measured, "").split_whitespace().count(),
            alone.split_whitespace().count()
        );
    }
}

#[test]
fn plain_texts_claim_the_same_in_fewer_words() {
    let all = walks(24);
    let texts: BTreeSet<&str> = all.iter().map(|walk| walk.text.as_str()).collect();
    let plain: BTreeSet<&str> = all.iter().map(|walk| walk.plain.as_str()).collect();
    assert!(plain.len() <= texts.len());
    for walk in &all {
        let claims = |text: &str| {
            let check = FactCheck::of(text, &walk.measured.readings);
            let claims = check.claims.into_iter();
            let claims: Vec<_> = claims
                .map(|it| (it.claim.aspect, it.claim.direction, it.claim.side))
                .collect();
            claims
        };
        assert_eq!(claims(&walk.plain), claims(&walk.text));
    }
    let objective = Objective::Reasoning {
        generative_share: 0.0,
    };
    let (drawn, tokenizer) = lessons(objective);
    let plain = drawn.clone().with_plain(1.0);
    for (written, score) in plain
        .batch(3, 0, 8)
        .written
        .iter()
        .zip(drawn.batch(3, 0, 8).scores)
    {
        let text = tokenizer.decode(written, Special::Skip);
        let score = score.unwrap();
        let walk = all
            .iter()
            .find(|it| usize::from(it.score) == score)
            .unwrap();
        assert!(text.contains(&walk.plain), "{text}");
    }
}

#[test]
fn mixed_measurements_are_read_as_they_are_written_about() {
    // Of each score there are two walks: one as usual, one whose qualities all depart.
    let mut all = walks(8);
    for walk in all.iter_mut().skip(4) {
        walk.measured.readings = readings(2.2 + 0.3 * f64::from(walk.score));
    }
    // What a text may rest on: each of the three qualities of either walk.
    let mut known = BTreeSet::new();
    for score in 0..score::SCORES {
        let of_score = [&all[score], &all[score + 4]].map(|walk| &walk.measured.readings);
        for from in 0..8_usize {
            let aspects = [Aspect::StepLength, Aspect::ArmSwing, Aspect::Speed];
            let mixed = aspects.into_iter().enumerate().map(|(place, aspect)| {
                let walk = of_score[from >> place & 1];
                walk.get(aspect, None).unwrap().clone()
            });
            let mixed = mixed.fold(AspectReadings::default(), AspectReadings::with);
            let text = rationale::as_text(&rationale::write_plainly(&levelled(&mixed), 1.5));
            known.insert((level_words(&mixed), text, score));
        }
    }
    let objective = Objective::Reasoning {
        generative_share: 0.0,
    };
    let tokenizer = Arc::new(vocabulary(CODES).unwrap());
    let reads = (objective, Reads::MotionAndMeasurements);
    let lessons = Lessons::new(Arc::new(all), Arc::clone(&tokenizer), reads, 1.5, 6);
    let lessons = lessons.with_plain(1.0).with_mixed(1.0);
    let mut met = BTreeSet::new();
    let batch = lessons.batch(3, 0, 400);
    for ((read, written), score) in batch.read.iter().zip(&batch.written).zip(&batch.scores) {
        let [read, written] = [read, written].map(|it| tokenizer.decode(it, Special::Skip));
        let of_score = known.iter().filter(|it| Some(it.2) == *score);
        let own =
            of_score.filter(|(levels, text, _)| read.contains(levels) && written.contains(text));
        let own: Vec<_> = own.collect();
        assert_eq!(own.len(), 1, "{read}\n{written}");
        met.extend(own);
    }
    assert_eq!(met.len(), known.len(), "every mixture is drawn");
}

#[test]
fn drawn_measurements_show_every_level_and_what_is_written_holds() {
    let objective = Objective::Reasoning {
        generative_share: 0.0,
    };
    let tokenizer = Arc::new(vocabulary(CODES).unwrap());
    let reads = (objective, Reads::MotionAndMeasurements);
    let all = Arc::new(walks(8));
    let lessons = Lessons::new(all, Arc::clone(&tokenizer), reads, 1.5, 6);
    let lessons = lessons.with_plain(1.0).with_mixed(1.0).with_drawn(1.0);
    let all: Vec<(String, Level)> = Level::all().map(|it| (it.word(), it)).collect();
    let mut met = BTreeSet::new();
    let mut lacking = 0;
    let batch = lessons.batch(4, 0, 400);
    for (read, written) in batch.read.iter().zip(&batch.written) {
        let [read, written] = [read, written].map(|it| tokenizer.decode(it, Special::Skip));
        let words: BTreeSet<&str> = read.split(' ').collect();
        let own = all.iter().filter(|(word, _)| words.contains(word.as_str()));
        let own: Vec<&(String, Level)> = own.collect();
        lacking += usize::from(own.len() < Aspect::all_sides().count());
        let readings = own
            .iter()
            .map(|(_, level)| reading(level.aspect, level.side, level.limit_z))
            .fold(AspectReadings::default(), AspectReadings::with);
        let text = rationale::as_text(&rationale::write_plainly(&readings, 1.5));
        assert!(written.contains(&text), "{written}\n{text}");
        met.extend(own.into_iter().map(|(word, _)| word));
    }
    assert_eq!(met.len(), all.len(), "every level of every quality is met");
    assert!(lacking > 350, "{lacking} of 400 lack a quality");
}

#[test]
fn the_generative_stage_goes_both_ways_and_half_of_ego_is_generative() {
    let motions = |batch: &TextBatch, tokenizer: &Tokenizer| {
        let written = batch.written.iter();
        written.filter(|it| !tokenizer.codes(it).is_empty()).count()
    };
    let (generative, tokenizer) = lessons(Objective::Generative);
    let batch = generative.batch(1, 0, 200);
    assert!(
        (70..130).contains(&motions(&batch, &tokenizer)),
        "a fair coin"
    );
    assert!(batch.scores.iter().all(Option::is_none));
    for (read, written) in batch.read.iter().zip(&batch.written) {
        let texts = [read, written].map(|it| tokenizer.decode(it, Special::Skip));
        assert!(
            texts
                .iter()
                .any(|it| it.contains("Foot:") && it.contains("Arm:"))
        );
        assert!(
            texts.iter().all(|it| !it.contains("Overall:")),
            "feet and arms"
        );
        let codes = [read, written].map(|it| usize::from(!tokenizer.codes(it).is_empty()));
        assert_eq!(codes[0] + codes[1], 1, "from motion or to it");
    }
    let (ego, _) = lessons(Objective::Reasoning {
        generative_share: 0.5,
    });
    let answers = ego.batch(1, 0, 200).scores.iter().flatten().count();
    assert!((70..130).contains(&answers));
}

#[test]
fn answers_that_are_not_preferred_are_wrong_about_the_walk() {
    for other in [Other::Irrelevant, Other::Counterfactual, Other::Either] {
        let (lessons, tokenizer) = lessons(Objective::Preference { other });
        let batch = lessons.batch(2, 3, 40);
        assert_eq!(batch.other.len(), 40);
        let format = tokenizer.answer_format(96).unwrap();
        for ((written, wrong), score) in batch.written.iter().zip(&batch.other).zip(&batch.scores) {
            assert_ne!(written, wrong);
            let token = wrong[wrong.len() - 3];
            assert!(
                format.scores.contains(&token),
                "it has the form of an answer"
            );
            assert_ne!(token, format.scores[score.unwrap()]);
            if other == Other::Counterfactual {
                let own = readings(0.2 - 1.2 * score.unwrap() as f64);
                let text = tokenizer.decode(wrong, Special::Skip);
                let check = FactCheck::of(&text, &own);
                assert!(check.contradicted > check.supported, "{text}");
            }
        }
    }
}

#[test]
fn trivial_answers_are_what_they_are_called() {
    let walks = walks(24);
    let all: Vec<&GaitText> = walks.iter().collect();
    for trivial in Trivial::ALL {
        let said = trivial.said(&all, &all);
        assert_eq!(said.len(), 24);
        let found = figures(&said).unwrap();
        match trivial {
            Trivial::Majority => assert!((found.accuracy - 0.25).abs() < 1e-9),
            Trivial::Random => assert!(found.accuracy < 0.6),
            _ => {
                assert!(said.iter().all(|it| it.probabilities.is_empty()));
                assert!((found.supported - 1.0).abs() < 1e-9, "{trivial:?}");
            }
        }
    }
    let own = Said::of(
        &walks[3],
        &walks[3].text,
        walks[3].text.clone(),
        vec![0.1, 0.2, 0.3, 0.4],
    );
    let found = figures(&[own]).unwrap();
    assert!((found.accuracy - 1.0).abs() < 1e-9 && (found.supported - 1.0).abs() < 1e-9);
    assert!(figures(&[]).is_none());
    let wrong = "Foot: Steps are very long. Arm: Arm swing is strongly reduced.".to_owned();
    let told = [Said::of(&walks[3], &walks[3].text, wrong, Vec::new())];
    let counts = claims_by_aspect(&told);
    assert_eq!(counts[&Aspect::ArmSwing], [1, 1]);
    assert_eq!(counts[&Aspect::StepLength], [0, 1]);
}

#[cfg(feature = "burn")]
mod training {
    use std::path::PathBuf;

    use ambulo_nn::config::{NetworkConfig, T5Config};
    use ambulo_nn::reasoner::{INSTRUCTION, READS_NOTE, Reasoner, TEMPERATURE_NOTE};
    use ambulo_nn::threads::{Engine, Threads};
    use ambulo_nn::weights::Weights;
    use ambulo_train::device;
    use ambulo_train::fit::{
        Event, Outcome, ReasonerLesson, ReasonerTrainConfig, RunConfig, Setup, fit_reasoner,
    };
    use ambulo_train::optimizer::OptimizerConfig;
    use ambulo_train::recipe::ReasonerRecipe;

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder =
            std::env::temp_dir().join(format!("ambulo-reasoner-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    fn setup(folder: PathBuf, steps: u64, objective: Objective) -> Setup<ReasonerTrainConfig> {
        let tokens = vocabulary(CODES).unwrap().len();
        Setup {
            network: NetworkConfig::T5(T5Config {
                dim: 32,
                head_dim: 16,
                heads: 2,
                hidden: 48,
                encoder_blocks: 1,
                decoder_blocks: 1,
                ..T5Config::base(tokens)
            }),
            name: "test".to_owned(),
            train: ReasonerTrainConfig {
                run: RunConfig {
                    steps: Some(steps),
                    batch: 4,
                    log_every: 10,
                    validate_every: steps,
                    checkpoint_every: 10,
                    workers: 0,
                    optimizer: OptimizerConfig {
                        learning_rate: 3e-3,
                        weight_decay: 0.0,
                        clip_norm: Some(1.0),
                        ..OptimizerConfig::default()
                    },
                    ..RunConfig::default()
                },
                objective,
                ..ReasonerTrainConfig::default()
            },
            notes: std::collections::BTreeMap::new(),
            folder,
            resume: false,
        }
    }

    fn lesson() -> ReasonerLesson {
        ReasonerLesson {
            train: Arc::new(walks(12)),
            tune: walks(4),
            tokenizer: Arc::new(vocabulary(CODES).unwrap()),
            departs_z: 1.5,
            codes: Vec::new(),
            beginning: None,
        }
    }

    fn trained(setup: &Setup<ReasonerTrainConfig>, lesson: &ReasonerLesson) -> (Outcome, Vec<f64>) {
        let mut losses = Vec::new();
        let mut listener = |event: &Event| {
            if let Event::Logged { loss, .. } = event {
                losses.push(*loss);
            }
        };
        let outcome = fit_reasoner(setup, lesson, &device::cpu(), &mut listener).unwrap();
        (outcome, losses)
    }

    #[test]
    fn the_recipe_has_the_runs_of_the_papers_tables_in_an_order_that_can_be_followed() {
        let path = ambulo_testkit::repository_root().join("recipes/reasoner.toml");
        let recipe = ReasonerRecipe::read(&path).unwrap();
        let names: Vec<&str> = recipe.runs.iter().map(|run| run.name.as_str()).collect();
        for name in [
            "generative",
            "two_stage",
            "reasoning",
            "ego",
            "dpo",
            "ego_dpo",
            "reasoner",
        ] {
            assert!(names.contains(&format!("assess_{name}").as_str()), "{name}");
        }
        for (place, run) in recipe.runs.iter().enumerate() {
            let before = &names[..place];
            let begins = run.begin_with.as_deref();
            assert!(
                begins.is_none_or(|name| before.contains(&name)),
                "{}",
                run.name
            );
            let train = recipe.train_of(run);
            assert_eq!(train.objective, run.objective);
            assert!(train.run.steps.is_some());
        }
        let network = recipe.network(vocabulary(CODES).unwrap().len());
        network.validate().unwrap();
        assert!(network.parameter_count() < 6_000_000);
    }

    #[test]
    fn a_small_model_learns_to_say_what_the_codes_say_and_prefers_it() {
        let objective = Objective::Reasoning {
            generative_share: 0.0,
        };
        let mut first = setup(folder("first"), 60, objective);
        first.train.reads = Reads::MotionAndMeasurements;
        let (outcome, losses) = trained(&first, &lesson());
        assert!(losses[5] < 0.5 * losses[0], "{losses:?}");
        let weights = Weights::from_bytes(&std::fs::read(&outcome.weights).unwrap()).unwrap();
        assert_eq!(weights.info().notes[READS_NOTE], "motion_and_measurements");
        let temperature: f64 = weights.info().notes[TEMPERATURE_NOTE].parse().unwrap();
        assert!((0.12..=16.0).contains(&temperature), "{temperature}");
        let reasoner = Reasoner::from_weights(&weights, &Engine::new(Threads::new(1))).unwrap();
        let answer = reasoner
            .answer(INSTRUCTION, &[0, 1, 2, 3], &readings(0.0))
            .unwrap();
        let sum: f64 = answer.probabilities.iter().sum();
        assert_eq!(answer.probabilities.len(), score::SCORES);
        assert!((sum - 1.0).abs() < 1e-5);

        let other = Objective::Preference {
            other: Other::Either,
        };
        let mut second = setup(folder("second"), 10, other);
        // As in the recipe: the network that it began as leaves nothing out either, so both begin alike.
        second.train.dropout = 0.0;
        let alone = fit_reasoner(&second, &lesson(), &device::cpu(), &mut |_| {});
        assert!(alone.is_err(), "preferences need a network that can write");
        let lesson = ReasonerLesson {
            beginning: Some((outcome.weights.clone(), weights.into_tensors())),
            ..lesson()
        };
        let (_, losses) = trained(&second, &lesson);
        assert!(losses[0] < std::f64::consts::LN_2, "{losses:?}");
        for folder in [first.folder, second.folder] {
            let _ = std::fs::remove_dir_all(folder);
        }
    }

    #[test]
    fn a_run_that_was_killed_ends_where_an_unbroken_one_does() {
        let objective = Objective::Reasoning {
            generative_share: 0.5,
        };
        let whole = setup(folder("whole"), 20, objective);
        let (outcome, _) = trained(&whole, &lesson());
        let expected = std::fs::read(&outcome.weights).unwrap();
        // The checkpoint of the tenth step alone is left.
        let checkpoints = whole.folder.join("checkpoints");
        std::fs::remove_file(checkpoints.join("step-0000000020.checkpoint")).unwrap();
        let again = Setup {
            resume: true,
            ..whole.clone()
        };
        let (outcome, _) = trained(&again, &lesson());
        assert_eq!(std::fs::read(&outcome.weights).unwrap(), expected);
        // One that had not begun when it was resumed, as the later runs of a recipe.
        let unbegun = Setup {
            folder: folder("unbegun"),
            ..again
        };
        let (outcome, _) = trained(&unbegun, &lesson());
        assert_eq!(std::fs::read(&outcome.weights).unwrap(), expected);
        let _ = std::fs::remove_dir_all(unbegun.folder);
        let _ = std::fs::remove_dir_all(whole.folder);
    }
}
