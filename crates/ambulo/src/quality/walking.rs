//! Is what was found in the recording enough, and is it how people walk?

use super::body::{mean, median};
use super::{Grade, QualityConfig, QualityFinding};
use crate::cycles::{GaitCycle, RejectedCycle};
use crate::parameters::{GaitParameters, ParameterId};
use crate::subject::Subject;
use crate::walk::{LengthUnit, View, Walk};
use crate::{PerSide, Side};

/// What the analysis found, as far as it can be judged.
#[derive(Debug, Clone, Copy)]
pub struct WalkEvidence<'a> {
    /// What is known of the subject.
    pub subject: &'a Subject,
    /// The walks.
    pub walks: &'a [Walk],
    /// The cycles that count.
    pub cycles: &'a [GaitCycle],
    /// The cycles that do not.
    pub rejected: &'a [RejectedCycle],
    /// The summaries, where they were computed.
    pub parameters: Option<&'a GaitParameters>,
    /// Frames of the recording.
    pub frames: usize,
    /// Frames in which exchanged legs were repaired.
    pub repaired_frames: usize,
    /// Share of the points in the walks that were filled in, 0 to 1.
    pub filled_share: f64,
}

/// Leg length where nothing is known of it: between child and adult.
const ASSUMED_LEG_M: f64 = 0.8;
/// Standard gravity.
const GRAVITY_MPS2: f64 = 9.806_65;
/// Hip to ankle over height, of Drillis & Contini (1966).
const LEG_OF_HEIGHT: f64 = 0.491;

/// What is wrong with the walking that was found.
pub fn check_walk(evidence: &WalkEvidence, config: &QualityConfig) -> Vec<QualityFinding> {
    if evidence.walks.is_empty() {
        return vec![
            QualityFinding::new(
                "no_walking",
                Grade::Reject,
                "No stretch of walking was found in the recording.".to_owned(),
            )
            .advised("The subject must walk at least two strides without a break."),
        ];
    }
    let mut findings = Vec::new();
    findings.extend(enough(evidence, config));
    findings.extend(repairs(evidence, config));
    let Some(rhythm) = Rhythm::of(evidence) else {
        findings.extend(rejected_rhythm(evidence, config));
        return findings;
    };
    findings.extend(rhythm.check(config));
    findings.extend(lengths(evidence, &rhythm, config));
    findings
}

fn enough(evidence: &WalkEvidence, config: &QualityConfig) -> Vec<QualityFinding> {
    let mut findings = Vec::new();
    let count = |side: Side| evidence.cycles.iter().filter(|c| c.side == side).count();
    let counts = PerSide::from_fn(count);
    let fewest = counts.left.min(counts.right);
    if fewest < config.min_cycles {
        let grade = if counts.left.max(counts.right) == 0 {
            Grade::Reject
        } else {
            Grade::Caution
        };
        findings.push(
            QualityFinding::new(
                "too_few_cycles",
                grade,
                format!(
                    "Complete gait cycles: {} of the left leg, {} of the right; at least {} of \
                     each are needed.",
                    counts.left, counts.right, config.min_cycles
                ),
            )
            .measured(fewest as f64, config.min_cycles as f64, "cycles")
            .advised("Record a longer straight walk: five strides or more."),
        );
    }
    let all = evidence.cycles.len() + evidence.rejected.len();
    let share = evidence.rejected.len() as f64 / all.max(1) as f64;
    if share > config.max_rejected_share {
        let reason = evidence.rejected.first().map_or_else(String::new, |cycle| {
            format!(" The first: {}.", cycle.reason.trim_end_matches('.'))
        });
        findings.push(
            QualityFinding::new(
                "rejected_cycles",
                Grade::Caution,
                format!(
                    "{} of {all} gait cycles could not be used.{reason}",
                    evidence.rejected.len()
                ),
            )
            .measured(100.0 * share, 100.0 * config.max_rejected_share, "%")
            .advised("Look at the events in the overlay; a longer or clearer recording helps."),
        );
    }
    findings
}

fn repairs(evidence: &WalkEvidence, config: &QualityConfig) -> Vec<QualityFinding> {
    let mut findings = Vec::new();
    let share = evidence.repaired_frames as f64 / evidence.frames.max(1) as f64;
    if share > config.max_repaired_share {
        findings.push(
            QualityFinding::new(
                "legs_repaired",
                Grade::Caution,
                format!(
                    "The detector exchanged left and right leg in {} of {} frames; they were put \
                     back.",
                    evidence.repaired_frames, evidence.frames
                ),
            )
            .measured(100.0 * share, 100.0 * config.max_repaired_share, "%")
            .advised("Check the overlay before trusting differences between left and right."),
        );
    }
    if evidence.filled_share > config.max_filled_share {
        findings.push(
            QualityFinding::new(
                "gaps_filled",
                Grade::Caution,
                format!(
                    "{:.0} % of the points were not seen and were filled in from their neighbours \
                     in time.",
                    100.0 * evidence.filled_share
                ),
            )
            .measured(
                100.0 * evidence.filled_share,
                100.0 * config.max_filled_share,
                "%",
            )
            .advised("Better light and nothing between camera and subject help."),
        );
    }
    let scale_error = evidence
        .walks
        .iter()
        .filter_map(|walk| match walk.unit() {
            LengthUnit::Metres { relative_error } => Some(relative_error),
            LengthUnit::LegLengths => None,
        })
        .fold(0.0, f64::max);
    if scale_error > config.max_scale_error {
        findings.push(
            QualityFinding::new(
                "scale_error",
                Grade::Caution,
                format!(
                    "The scale is known to ±{:.0} % only: so are all lengths and the speed.",
                    100.0 * scale_error
                ),
            )
            .measured(100.0 * scale_error, 100.0 * config.max_scale_error, "%")
            .advised("Give the subject's height, or a known distance on the floor."),
        );
    }
    findings
}

/// The temporal mean of all cycles.
struct Rhythm {
    stride_s: f64,
    swing_s: f64,
    stance_pct: f64,
    double_support_pct: f64,
    leg_m: f64,
    leg_assumed: bool,
}

impl Rhythm {
    fn of(evidence: &WalkEvidence) -> Option<Self> {
        let over =
            |value: fn(&GaitCycle) -> f64| median(evidence.cycles.iter().map(value).collect());
        let known = evidence
            .walks
            .iter()
            .find_map(|walk| match walk.unit() {
                LengthUnit::Metres { .. } => walk.leg_length(),
                LengthUnit::LegLengths => None,
            })
            .or_else(|| {
                evidence
                    .subject
                    .height_m
                    .map(|height| LEG_OF_HEIGHT * height)
            })
            .filter(|leg| leg.is_finite() && *leg > 0.1);
        Some(Self {
            stride_s: over(GaitCycle::duration_s)?,
            swing_s: over(|c| c.end_s - c.foot_off_s)?,
            stance_pct: over(|c| 100.0 * (c.foot_off_s - c.start_s) / c.duration_s())?,
            double_support_pct: over(|c| {
                let double_s =
                    (c.opposite_foot_off_s - c.start_s) + (c.foot_off_s - c.opposite_contact_s);
                100.0 * double_s / c.duration_s()
            })?,
            leg_m: known.unwrap_or(ASSUMED_LEG_M),
            leg_assumed: known.is_none(),
        })
    }

    fn cadence_spm(&self) -> f64 {
        120.0 / self.stride_s
    }

    fn check(&self, config: &QualityConfig) -> Vec<QualityFinding> {
        let mut findings = Vec::new();
        findings.extend(self.pendulum(config));
        let ranges = [
            (
                "cadence",
                "Cadence",
                self.cadence_spm(),
                config.cadence_spm,
                "steps/min",
            ),
            (
                "stance",
                "Stance",
                self.stance_pct,
                config.stance_pct,
                "% cycle",
            ),
            (
                "double_support",
                "Double support",
                self.double_support_pct,
                config.double_support_pct,
                "% cycle",
            ),
        ];
        for (code, title, value, range, unit) in ranges {
            findings.extend(outside(code, title, value, range, unit));
        }
        findings
    }

    /// A leg in swing is a driven pendulum: its time is set by its length, not by the file.
    fn pendulum(&self, config: &QualityConfig) -> Option<QualityFinding> {
        let free_s = std::f64::consts::PI * (2.0 * self.leg_m / (3.0 * GRAVITY_MPS2)).sqrt();
        let share = self.swing_s / free_s;
        let [least, most] = config.swing_of_pendulum;
        if (least..=most).contains(&share) {
            return None;
        }
        let (word, limit, advice) = if share < least {
            (
                "short",
                least,
                "The declared frame rate is probably too high: check it against the camera.",
            )
        } else {
            (
                "long",
                most,
                "The declared frame rate is probably too low, or the video is in slow motion.",
            )
        };
        let leg = if self.leg_assumed {
            format!("{:.2} m, assumed", self.leg_m)
        } else {
            format!("{:.2} m", self.leg_m)
        };
        Some(
            QualityFinding::new(
                "frame_rate",
                Grade::Caution,
                format!(
                    "A leg swings for {:.2} s, too {word} for its length ({leg}): walking legs \
                     take {:.2} to {:.2} s.",
                    self.swing_s,
                    least * free_s,
                    most * free_s
                ),
            )
            .measured(self.swing_s, limit * free_s, "s")
            .advised(advice),
        )
    }
}

/// Where every cycle was rejected, their durations still tell of a wrong frame rate.
fn rejected_rhythm(evidence: &WalkEvidence, config: &QualityConfig) -> Option<QualityFinding> {
    let durations = evidence
        .rejected
        .iter()
        .map(|c| c.end_s - c.start_s)
        .collect();
    let cadence_spm = 120.0 / median(durations)?;
    let [least, most] = config.cadence_spm;
    if (least..=most).contains(&cadence_spm) {
        return None;
    }
    let (word, limit) = if cadence_spm < least {
        ("low", least)
    } else {
        ("high", most)
    };
    Some(
        QualityFinding::new(
            "frame_rate",
            Grade::Reject,
            format!(
                "The legs take {cadence_spm:.0} steps/min; people who walk take {least:.0} to \
                 {most:.0}. The declared frame rate is probably too {word}."
            ),
        )
        .measured(cadence_spm, limit, "steps/min")
        .advised("Check the frame rate against the camera, and declare the true one."),
    )
}

fn outside(
    code: &str,
    title: &str,
    value: f64,
    [least, most]: [f64; 2],
    unit: &str,
) -> Option<QualityFinding> {
    if (least..=most).contains(&value) {
        return None;
    }
    let limit = if value < least { least } else { most };
    Some(
        QualityFinding::new(
            code,
            Grade::Caution,
            format!(
                "{title} of {value:.2} {unit} is outside the range of human walking, {least} to \
                 {most}."
            ),
        )
        .measured(value, limit, unit)
        .advised("Check the frame rate, the scale and the events in the overlay."),
    )
}

fn lengths(
    evidence: &WalkEvidence,
    rhythm: &Rhythm,
    config: &QualityConfig,
) -> Vec<QualityFinding> {
    let mut findings = Vec::new();
    if let Some(step_legs) = step_legs(evidence) {
        findings.extend(outside(
            "step_length",
            "Step length",
            step_legs,
            [0.0, config.max_step_legs],
            "leg lengths",
        ));
        let ratio = step_legs / rhythm.cadence_spm();
        if ratio > config.max_walk_ratio_legs {
            findings.push(
                QualityFinding::new(
                    "walk_ratio",
                    Grade::Caution,
                    format!(
                        "Steps of {step_legs:.2} leg lengths at {:.0} steps/min do not belong \
                         together: so long steps are taken faster.",
                        rhythm.cadence_spm()
                    ),
                )
                .measured(
                    1000.0 * ratio,
                    1000.0 * config.max_walk_ratio_legs,
                    "thousandths of leg length per step/min",
                )
                .advised("Check the frame rate; a video in slow motion looks like this."),
            );
        }
    }
    let value = |id| evidence.parameters?.get(&id)?.both.as_ref()?.value;
    let metres = evidence
        .walks
        .iter()
        .all(|walk| matches!(walk.unit(), LengthUnit::Metres { .. }));
    let Some(speed) = value(ParameterId::Speed) else {
        return findings;
    };
    if metres {
        findings.extend(outside("speed", "Speed", speed, config.speed_mps, "m/s"));
    }
    if let (Some(step), Some(cadence_spm)) =
        (value(ParameterId::StepLength), value(ParameterId::Cadence))
    {
        let expected = step * cadence_spm / 60.0;
        let difference = (speed / expected - 1.0).abs();
        if expected > 0.0 && difference > config.max_identity_difference {
            findings.push(
                QualityFinding::new(
                    "speed_identity",
                    Grade::Caution,
                    format!(
                        "Speed ({speed:.2}) and step length times cadence ({expected:.2}) differ by \
                         {:.0} %.",
                        100.0 * difference
                    ),
                )
                .measured(
                    100.0 * difference,
                    100.0 * config.max_identity_difference,
                    "%",
                )
                .advised("Contacts are missed or misplaced: look at the events in the overlay."),
            );
        }
    }
    findings
}

/// Mean distance between the feet along the walk at contact, in leg lengths.
fn step_legs(evidence: &WalkEvidence) -> Option<f64> {
    let mut steps = Vec::new();
    for cycle in evidence.cycles.iter().filter(|cycle| cycle.straight) {
        let walk = evidence.walks.iter().find(|walk| {
            let from_s = walk.start_time_s();
            (from_s..=from_s + walk.time().duration_s()).contains(&cycle.start_s)
        });
        let Some(walk) = walk.filter(|walk| walk.view() != View::Frontal) else {
            continue;
        };
        let Some(leg) = walk.leg_length().filter(|&leg| leg > 0.0) else {
            continue;
        };
        let at =
            |side: Side| walk.position_at(walk.foot(side)?, cycle.start_s - walk.start_time_s());
        if let (Some(mine), Some(other)) = (at(cycle.side), at(cycle.side.opposite())) {
            steps.push((mine.x - other.x) / leg);
        }
    }
    mean(&steps)
}
