//! The whole path from a trial to an analysis, and what every analysis must keep.

use ambulo::Side;
use ambulo::events::GaitEvent;
use ambulo::parameters::{ParameterId, Status, Summary};
use ambulo::synth::{self, Camera, Noise, SyntheticTrial, Walker};
use ambulo::trial::{Recording, Trial};
use ambulo::walk::Surface;
use ambulo_io::formats::Format;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::read::LoadedTrial;
use ambulo_pipeline::{Analysed, analyze};

pub(crate) const BELT: Surface = Surface::Treadmill {
    belt_speed_mps: None,
};

/// Analyses a trial with the default settings.
#[track_caller]
pub(crate) fn analysed(trial: Trial) -> Analysed {
    analysed_on(trial, Surface::Overground)
}

/// Analyses a trial on a declared ground.
#[track_caller]
pub(crate) fn analysed_on(trial: Trial, surface: Surface) -> Analysed {
    let loaded = LoadedTrial {
        trial,
        name: "synthetic".to_owned(),
        format: Format::Trc,
        sha256: String::new(),
        pose2d: None,
    };
    let config = Config {
        surface,
        ..Config::default()
    };
    let analysed = analyze(&loaded, &config, &mut |_| {});
    sound(&analysed);
    analysed
}

/// A result without NaN, and with a reason for everything withheld.
#[track_caller]
pub(crate) fn sound(analysed: &Analysed) {
    let analysis = &analysed.analysis;
    let text = format!("{analysis:?}");
    for number in ["NaN", "inf"] {
        let found = text.match_indices(number).find(|(at, _)| {
            let before = text[..*at].chars().next_back();
            let after = text[at + number.len()..].chars().next();
            let is_letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !is_letter(before) && !is_letter(after)
        });
        if let Some((at, _)) = found {
            panic!("{number} in: {}", &text[at.saturating_sub(200)..at + 3]);
        }
    }
    for (id, parameter) in &analysis.parameters {
        let sides = [&parameter.left, &parameter.right, &parameter.both];
        for summary in sides.into_iter().flatten() {
            let said = summary.reason.as_ref().is_some_and(|why| !why.is_empty());
            assert_eq!(
                summary.value.is_none(),
                summary.status == Status::Withheld,
                "{}",
                id.name()
            );
            assert!(summary.status == Status::Valid || said, "{}", id.name());
        }
    }
    let json = ambulo_report::result_json(analysis);
    assert!(!json.contains("NaN"));
    ambulo_report::from_json(&json).expect("our own result can be read");
    if !analysed.is_valid() {
        assert!(analysed.reasons().iter().all(|reason| reason.len() > 10));
    }
}

pub(crate) fn summary(
    analysed: &Analysed,
    id: ParameterId,
    side: impl Into<Option<Side>>,
) -> &Summary {
    let parameter = &analysed.analysis.parameters[&id];
    let summary = match side.into() {
        Some(Side::Left) => &parameter.left,
        Some(Side::Right) => &parameter.right,
        None => &parameter.both,
    };
    summary.as_ref().expect("every parameter has its summaries")
}

pub(crate) fn value(
    analysed: &Analysed,
    id: ParameterId,
    side: impl Into<Option<Side>>,
) -> Option<f64> {
    summary(analysed, id, side).value
}

/// The codes of the gate's findings.
pub(crate) fn codes(analysed: &Analysed) -> Vec<&str> {
    let findings = &analysed.analysis.quality.findings;
    findings.iter().map(|f| f.code.as_str()).collect()
}

/// Findings with what they say.
pub(crate) fn findings(analysed: &Analysed) -> Vec<String> {
    let findings = &analysed.analysis.quality.findings;
    findings
        .iter()
        .map(|f| format!("{} ({:?}): {}", f.code, f.grade, f.message))
        .collect()
}

/// A walker that can walk, walking.
pub(crate) fn walk(walker: &Walker) -> SyntheticTrial {
    synth::walk(walker).expect("the walker can walk")
}

/// Filmed whole from one side.
pub(crate) fn filmed(trial: &SyntheticTrial, side: Side) -> Trial {
    let length_m = trial.truth.speed_mps * trial.motion.time().duration_s();
    trial.filmed(&Camera::beside(side, length_m))
}

/// Keypoints spoiled by a detector.
pub(crate) fn shaken(trial: Trial, noise: &Noise) -> Trial {
    let recording = match &trial.recording {
        Recording::Keypoints(keypoints) => Recording::Keypoints(synth::noise(keypoints, noise)),
        Recording::Motion(_) => trial.recording.clone(),
    };
    Trial { recording, ..trial }
}

/// Events compared with their truth.
#[derive(Debug, Default)]
pub(crate) struct EventErrors {
    /// Found less true, in seconds, of the events of the steady walk.
    pub(crate) errors_s: Vec<(GaitEvent, f64)>,
    /// True events of the steady walk that were not found.
    pub(crate) missed: Vec<GaitEvent>,
    /// Found events that are not true anywhere.
    pub(crate) invented: Vec<GaitEvent>,
}

impl EventErrors {
    pub(crate) fn largest_s(&self) -> f64 {
        self.errors_s
            .iter()
            .fold(0.0, |most: f64, (_, error)| most.max(error.abs()))
    }
}

/// Events further apart than this are not the same.
const SAME_EVENT_S: f64 = 0.15;

pub(crate) fn event_errors(analysed: &Analysed, trial: &SyntheticTrial) -> EventErrors {
    let found = &analysed.analysis.events;
    let truth = &trial.truth;
    let steady: Vec<f64> = truth
        .footsteps
        .iter()
        .filter(|step| step.steady)
        .map(|step| step.contact_s)
        .collect();
    let (from_s, to_s) = (steady[0], steady[steady.len() - 1]);
    let nearest = |to: &GaitEvent, among: &[GaitEvent]| {
        among
            .iter()
            .filter(|event| event.side == to.side && event.kind == to.kind)
            .map(|event| event.time_s - to.time_s)
            .filter(|apart_s| apart_s.abs() < SAME_EVENT_S)
            .min_by(|a, b| a.abs().total_cmp(&b.abs()))
    };
    let mut errors = EventErrors::default();
    for event in &truth.events {
        if !(from_s..=to_s).contains(&event.time_s) {
            continue;
        }
        match nearest(event, found) {
            Some(error_s) => errors.errors_s.push((*event, error_s)),
            None => errors.missed.push(*event),
        }
    }
    errors.invented = found
        .iter()
        .filter(|event| nearest(event, &truth.events).is_none())
        .copied()
        .collect();
    errors
}
