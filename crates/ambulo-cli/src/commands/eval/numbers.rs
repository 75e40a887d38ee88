//! `ambulo eval lift --walking --numbers`: the report's numbers of filmed walks against motion capture.

use std::fmt::Write as _;
use std::io::Write as _;

use ambulo::analysis::Analysis;
use ambulo::trial::{Recording, Trial};
use ambulo_io::files;
use ambulo_io::formats::Format;
use ambulo_io::keypoints::KeypointFormat;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::lifting::{self, LifterChoice, NetworkLifter, WindowChoice};
use ambulo_pipeline::read::LoadedTrial;
use ambulo_pipeline::{analyze, analyze_with};
use ambulo_train::evaluate::walking::{
    Condition, ErrorFile, Errors, Film, Keypoints, Numbers, NumbersOf, condition_films, test_people,
};
use anyhow::Context as _;

use super::{LiftArgs, NumbersAs, lifters};
use crate::Outcome;
use crate::progress::Progress;

pub(super) fn run(args: &LiftArgs) -> anyhow::Result<Outcome> {
    let data = args.data.as_deref().context(
        "--numbers needs --data DIR, the folder of recordings with cmu and c3d/biomechzoo in it",
    )?;
    let takes = test_people(data).context("cannot film the recordings")?;
    let mut progress = Progress::new(false);
    let is_toml = args.numbers == Some(NumbersAs::Toml);
    let mut out = String::new();
    let mut file = ErrorFile { model: Vec::new() };
    for (name, bytes) in lifters(args)? {
        let mut lifter = lifting::load(&bytes, LifterChoice::Auto, WindowChoice::Centre)
            .with_context(|| format!("cannot use the weights {name:?}"))?;
        for keypoints in [Keypoints::Clean, Keypoints::Noisy] {
            if is_toml && keypoints == Keypoints::Clean {
                continue;
            }
            let mut errors = Errors::default();
            for condition in Condition::all() {
                if condition.keypoints != keypoints {
                    continue;
                }
                progress.stage(&condition.title());
                for film in condition_films(&takes.takes, &condition) {
                    add(&mut errors, &film, &mut lifter);
                }
            }
            progress.finish();
            let about = match keypoints {
                Keypoints::Clean => "every keypoint where it is",
                Keypoints::Noisy => {
                    "keypoints with jitter of 1 % of the height and 2 % thrown by 15 %"
                }
            };
            let source = format!(
                "synthetic film of recorded walks of people never seen ({}), {about}, height known; \
                 ambulo eval lift --walking --numbers toml",
                takes.people.join(", ")
            );
            let _ = writeln!(out, "{name}, {about}\n{}", errors.to_text());
            file.model
                .push(errors.of_model(&files::sha256(&bytes), &source));
        }
    }
    if is_toml {
        out = file.to_toml();
    }
    std::io::stdout().write_all(out.as_bytes())?;
    Ok(Outcome::Done)
}

fn add(errors: &mut Errors, film: &Film, lifter: &mut NetworkLifter) {
    let config = Config::default();
    let mut told = Config::default();
    told.subject.height_m = Some(film.height_m());
    let reference = trial(film, Recording::Motion(film.motion.clone()), &told);
    let reference = analyze(&reference, &config, &mut |_| {}).analysis;
    let seen = trial(film, Recording::Keypoints(film.keypoints.clone()), &told);
    let picture = analyze(&seen, &told, &mut |_| {}).analysis;
    let lifted = analyze_with(&seen, &told, Some(lifter), &mut |_| {}).analysis;
    let Some(lifted) = &lifted.lifting else {
        return;
    };
    errors.add(&NumbersOf {
        person: &film.person,
        view: film.view(),
        reference: numbers(&reference),
        picture: numbers(&picture),
        lifted: Numbers {
            parameters: &lifted.parameters,
            angles: &lifted.angles,
        },
    });
}

fn numbers(analysis: &Analysis) -> Numbers<'_> {
    Numbers {
        parameters: &analysis.parameters,
        angles: &analysis.angles,
    }
}

fn trial(film: &Film, recording: Recording, config: &Config) -> LoadedTrial {
    let mut trial = Trial::new(recording);
    trial.subject = config.subject.clone();
    LoadedTrial {
        trial,
        name: film.take.clone(),
        format: Format::Keypoints(KeypointFormat::Ambulo),
        sha256: String::new(),
        pose2d: None,
    }
}
