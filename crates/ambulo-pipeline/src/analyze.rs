//! A trial in, an analysis out: the order of the stages.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ambulo::analysis::{Analysis, Indices, Input, Provenance, SCHEMA_VERSION};
use ambulo::assessment::{Assessment, Measured};
use ambulo::kinematics::AngleSeries;
use ambulo::motion::Motion3d;
use ambulo::parameters::Status;
use ambulo::quality::{Grade, Quality};
use ambulo::trial::Recording;
use ambulo::walk::{LengthUnit, View};
use ambulo::{assessment, normative};

use crate::assess;
use crate::config::Config;
use crate::estimates::{self, Known};
use crate::lifting::{self, LiftedPoses, Lifter, Numbers};
use crate::methods;
use crate::read::LoadedTrial;
use crate::stages::{self, Prepared, Walked};

/// The angles of one bout in its frames.
#[derive(Debug, Clone, PartialEq)]
pub struct BoutAngles {
    /// The frame of the trial that is the first of the series.
    pub start_frame: usize,
    /// The angles, as they were averaged over the cycles.
    pub series: AngleSeries,
}

/// An analysis with the recording as it was analysed (identities repaired, outliers removed).
#[derive(Debug, Clone, PartialEq)]
pub struct Analysed {
    /// The result.
    pub analysis: Analysis,
    /// What was analysed.
    pub recording: Recording,
    /// Angles of every bout, frame by frame, as the recording itself gives them.
    pub angles: Vec<BoutAngles>,
    /// What keypoints were lifted to: X along the walk, Y up, Z to the walker's right.
    pub lifted: Option<Motion3d>,
}

impl Analysed {
    /// Whether any parameter has a value that can be used.
    pub fn is_valid(&self) -> bool {
        self.analysis.quality.grade != Grade::Reject
            && self.analysis.parameters.values().any(|parameter| {
                [&parameter.left, &parameter.right, &parameter.both]
                    .into_iter()
                    .flatten()
                    .any(|summary| summary.status != Status::Withheld)
            })
    }

    /// Why there is no valid analysis, a sentence each.
    pub fn reasons(&self) -> Vec<String> {
        let rejects: Vec<String> = self
            .analysis
            .quality
            .findings
            .iter()
            .filter(|finding| finding.grade == Grade::Reject)
            .map(|finding| {
                let advice = finding.advice.as_deref().unwrap_or_default();
                let message = uncapitalised(&finding.message);
                format!("{message} {advice}").trim().to_owned()
            })
            .collect();
        if !rejects.is_empty() {
            return rejects;
        }
        vec!["no parameter could be measured; the report lists each with its reason".to_owned()]
    }
}

/// Analyses a trial as it is, lifting nothing: [`analyze_with`].
pub fn analyze(
    loaded: &LoadedTrial,
    config: &Config,
    progress: &mut dyn FnMut(&'static str),
) -> Analysed {
    analyze_with(loaded, config, None, progress)
}

/// Analyses a trial. `progress` is told the name of each stage as it begins.
///
/// Poor data is not an error: what could not be measured is withheld with its reason, and what
/// stands in the way of trusting the rest is a finding of the quality gate. Keypoints are lifted too
/// where a lifter is given; that it could not lift them stands among the methods.
pub fn analyze_with(
    loaded: &LoadedTrial,
    config: &Config,
    lifter: Option<&mut dyn Lifter>,
    progress: &mut dyn FnMut(&'static str),
) -> Analysed {
    progress("preparing");
    let prepared = stages::prepare(loaded, config);
    let poses = lifted_poses(&prepared, lifter, progress);
    progress("bouts");
    let search = stages::bouts(&prepared, config);
    progress("events");
    let walked = stages::events(&loaded.trial, &prepared, &search, config);
    progress("angles");
    let cutoff_hz = stages::angle_cutoff_hz(&prepared, config);
    let angles = stages::angles(
        &loaded.trial,
        &prepared,
        &search,
        &walked,
        cutoff_hz,
        config,
    );
    progress("parameters");
    let (strides, parameters) = stages::parameters(&search, &prepared, &walked, &angles, config);
    progress("assessment");
    let curves = stages::curves(&search, &walked, &angles);
    let numbers = poses.map(|poses| {
        let poses = poses?;
        let numbers = stages::lifted(
            &poses,
            &prepared,
            &search,
            &walked,
            (&parameters, &curves),
            config,
        );
        numbers.map(|numbers| (poses, numbers))
    });
    // What is told rests on the numbers that are shown, lifted where those lead; indices and the
    // quality gate rest on what the recording itself gives.
    let (leading, leading_curves) = match &numbers {
        Some(Ok((_, numbers))) => (&numbers.parameters, &numbers.angles),
        _ => (&parameters, &curves),
    };
    let speed_mps = stages::speed_mps(leading);
    let norms = normative::norms(&prepared.subject, speed_mps, leading_curves);
    let indices = stages::indices(&curves, config);
    let measured = Measured {
        subject: &prepared.subject,
        parameters: leading,
        strides: &strides,
        angles: leading_curves,
        indices: &indices,
        norms: &norms,
    };
    let assessment = assessment::assess(&measured, &config.assessment);
    let quality = Quality::of(stages::quality(
        &loaded.trial,
        &prepared,
        &search,
        &walked,
        &parameters,
        config,
    ));
    let analysis = Analysis {
        schema_version: SCHEMA_VERSION.to_owned(),
        input: input(loaded, &prepared, &walked, config),
        bouts: search.bouts.clone(),
        events: walked.events.clone(),
        rejected_cycles: walked.rejected.clone(),
        learned: BTreeMap::new(),
        not_estimated: BTreeMap::new(),
        lifting: None,
        methods: methods::of(loaded, &prepared, &walked, cutoff_hz, config),
        provenance: provenance(loaded, config),
        quality,
        parameters,
        strides,
        angles: curves,
        indices,
        assessment,
        norms,
    };
    let (analysis, lifted) = with_lifted(analysis, numbers, config);
    let analysis = with_estimates(analysis, &prepared.recording, progress);
    let analysis = withheld_if_rejected(analysis);
    Analysed {
        analysis: assess::scored(analysis, &prepared.recording, config),
        recording: prepared.recording,
        angles: walked
            .walks
            .iter()
            .zip(angles)
            .map(|(walk, series)| BoutAngles {
                start_frame: walk.start_frame(),
                series,
            })
            .collect(),
        lifted,
    }
}

/// Lifts the keypoints of a recording, where it has some and a lifter is given.
fn lifted_poses(
    prepared: &Prepared,
    lifter: Option<&mut dyn Lifter>,
    progress: &mut dyn FnMut(&'static str),
) -> Option<Result<LiftedPoses, String>> {
    let (Recording::Keypoints(keypoints), Some(lifter)) = (&prepared.recording, lifter) else {
        return None;
    };
    progress("lifting");
    let poses = lifting::poses(keypoints, prepared.scale.as_ref(), lifter);
    Some(poses.map_err(|error| error.to_string()))
}

/// The analysis with the lifted numbers that lead, and the lifted motion; `numbers` is what was lifted,
/// or why nothing was.
fn with_lifted(
    mut analysis: Analysis,
    numbers: Option<Result<(LiftedPoses, Numbers), String>>,
    config: &Config,
) -> (Analysis, Option<Motion3d>) {
    let Some(numbers) = numbers else {
        return (analysis, None);
    };
    let poses = numbers.as_ref().map(|(poses, _)| poses);
    let method = lifting::settings(poses.map_err(String::as_str), config);
    analysis.methods.push(method);
    let Ok((poses, numbers)) = numbers else {
        return (analysis, None);
    };
    if let Some(sha256) = poses.identity.weights_sha256 {
        let hashes = &mut analysis.provenance.weights_sha256;
        hashes.insert("lifter".to_owned(), sha256);
    }
    analysis.parameters = numbers.parameters;
    analysis.angles = numbers.angles;
    analysis.lifting = Some(numbers.lifting);
    (analysis, Some(numbers.motion))
}

/// The analysis with what networks estimate from keypoints alone, where weights for that come along.
fn with_estimates(
    mut analysis: Analysis,
    recording: &Recording,
    progress: &mut dyn FnMut(&'static str),
) -> Analysis {
    let Recording::Keypoints(keypoints) = recording else {
        return analysis;
    };
    let mut estimators = estimates::shipped().unwrap_or_default();
    if estimators.is_empty() {
        return analysis;
    }
    progress("estimates");
    let known = Known {
        bouts: &analysis.bouts,
        parameters: &analysis.parameters,
        indices: &analysis.indices,
    };
    let found = estimates::estimates(keypoints, &known, &mut estimators);
    analysis.learned = found.learned;
    analysis.not_estimated = found.not_estimated;
    analysis.methods.extend(found.method);
    let hashes = &mut analysis.provenance.weights_sha256;
    hashes.extend(found.weights_sha256);
    analysis
}

/// A rejected trial gives no numbers at all: they would be read without the verdict.
fn withheld_if_rejected(mut analysis: Analysis) -> Analysis {
    if analysis.quality.grade != Grade::Reject {
        return analysis;
    }
    let why = analysis
        .quality
        .findings
        .first()
        .map(|finding| {
            let message = uncapitalised(&finding.message);
            format!(
                "the recording was rejected: {}",
                message.trim_end_matches('.')
            )
        })
        .unwrap_or_default();
    for parameter in analysis.parameters.values_mut() {
        let sides = [
            &mut parameter.left,
            &mut parameter.right,
            &mut parameter.both,
        ];
        for summary in sides.into_iter().flatten() {
            summary.value = None;
            summary.sd = None;
            summary.cv_pct = None;
            summary.ci95 = None;
            summary.status = Status::Withheld;
            summary.reason = Some(why.clone());
        }
        parameter.symmetry = None;
    }
    analysis.angles.clear();
    analysis.lifting = None;
    let estimated = std::mem::take(&mut analysis.learned).into_keys();
    let refused = estimated.map(|name| (name, why.clone()));
    analysis.not_estimated.extend(refused);
    analysis.indices = Indices {
        notes: vec![why],
        ..Indices::default()
    };
    analysis.assessment = Assessment::default();
    analysis
}

/// A sentence as the continuation of another.
fn uncapitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(char::to_lowercase);
    first.into_iter().flatten().chain(letters).collect()
}

fn input(loaded: &LoadedTrial, prepared: &Prepared, walked: &Walked, config: &Config) -> Input {
    let time = loaded.trial.time();
    let first = walked.walks.first();
    let default_view = match prepared.recording {
        Recording::Motion(_) => View::Spatial,
        Recording::Keypoints(_) => View::Sagittal,
    };
    Input {
        name: loaded.name.clone(),
        format: match loaded.pose2d {
            Some(_) => "video".to_owned(),
            None => loaded.format.name().to_owned(),
        },
        recorded_on: None,
        view: first.map_or(default_view, ambulo::walk::Walk::view),
        frames: time.frames(),
        rate_hz: time.rate_hz().unwrap_or(0.0),
        duration_s: time.duration_s(),
        file_time_of_first_frame_s: loaded.trial.file_time_of_first_frame_s,
        file_number_of_first_frame: loaded.trial.file_number_of_first_frame,
        length_unit: prepared.length_unit(),
        pixels_per_metre: prepared.pixels_per_metre(),
        surface: config.surface,
        subject: prepared.subject.clone(),
        notes: prepared.notes.clone(),
    }
}

fn provenance(loaded: &LoadedTrial, config: &Config) -> Provenance {
    let mut text = config.to_toml();
    if let Some(file) = &config.gdi {
        let _ = writeln!(text, "# GDI reference: SHA-256 {}", file.sha256);
    }
    Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        input_sha256: loaded.sha256.clone(),
        weights_sha256: loaded
            .pose2d
            .iter()
            .filter_map(|record| Some(("pose2d".to_owned(), record.weights_sha256.clone()?)))
            .collect(),
        config: text,
    }
}

/// The unit of lengths before any walk was found.
pub(crate) const METRES: LengthUnit = LengthUnit::Metres {
    relative_error: 0.0,
};
