//! The assessment: findings against norms, each sentence generated from its numbers.
//!
//! A finding describes a measurement and what it was compared with. It is not a diagnosis, and the
//! absence of findings does not exclude a disease.

mod arm_swing;
pub mod aspects;
mod asymmetry;
pub mod claims;
mod config;
mod double_support;
pub mod features;
mod foot_strike;
pub mod forest;
mod indices;
mod knee;
pub mod levels;
mod measured;
pub mod rationale;
pub mod score;
mod spatial;
mod speed;
mod stance;
mod step_width;
mod toe_clearance;
mod trunk;
mod variability;

use serde::{Deserialize, Serialize};

use crate::parameters::ParameterId;
use crate::{PerSide, Side};
pub use config::AssessmentConfig;
pub use measured::Measured;

/// Reference value that a measured one is compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NormValue {
    /// Mean of healthy walkers.
    pub mean: f64,
    /// Their standard deviation.
    pub sd: f64,
    /// Where it comes from, and whom it describes.
    pub source: String,
}

/// The measurement a sentence rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Name of the parameter, angle or index.
    pub parameter: String,
    /// The side, `left`, `right` or `both`.
    pub side: String,
    /// The measured value.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// What it was compared with.
    pub norm: Option<NormValue>,
    /// Frames it was measured in: half-open ranges, one a stride.
    pub frames: Vec<[usize; 2]>,
}

/// One statement with its numbers and source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// A stable name of the rule, in snake case.
    pub rule: String,
    /// The statement, built from the evidence.
    pub sentence: String,
    /// How far from the norm, in its standard deviations, signed.
    pub z: Option<f64>,
    /// What it rests on; never empty.
    pub evidence: Vec<Evidence>,
}

/// Whether there is nothing to write.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// What a rule says: nothing to report, a finding, or that it could not judge.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The values are inside the norm.
    Clear,
    /// They are not.
    Finding(Finding),
    /// The rule could not judge, and why.
    Withheld(String),
}

/// A parameter that a rule could not judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithheldRule {
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
}

/// What another model says of the same walk, beside the one that leads.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SecondOpinion {
    /// What gave it.
    pub scorer: String,
    /// What it read of the walk: `motion`, or `motion_and_measurements`.
    pub reads: String,
    /// The likeliest score; `None` where none is likely enough, or none of its sentences is borne out.
    pub score: Option<u8>,
    /// Probability of each score.
    pub probabilities: Vec<f64>,
    /// Its sentences that the measurements bear out, each with its evidence.
    pub rationale: Vec<Finding>,
    /// Its sentences that they contradict: not shown.
    pub struck_sentences: usize,
}

impl SecondOpinion {
    /// Why it gives no score, if it gives none.
    pub fn unscored_because(&self) -> Option<&'static str> {
        match self.score {
            Some(_) => None,
            None if self.rationale.is_empty() => {
                Some("no score, because nothing that was measured bears one out")
            }
            None => Some("no score is likely enough"),
        }
    }
}

/// The assessment of one trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Assessment {
    /// MDS-UPDRS gait score by a learned model, where one ran.
    pub score: Option<u8>,
    /// Probability of each score; empty where no model ran.
    pub probabilities: Vec<f64>,
    /// Whether a score was asked for and refused.
    pub abstained: bool,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abstained_because: Option<String>,
    /// What gave the probabilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorer: Option<String>,
    /// Why it, and not the model that usually leads; absent where that one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scorer_because: Option<String>,
    /// Findings against norms, largest deviation first.
    pub findings: Vec<Finding>,
    /// Sentences on what a score may rest on, each with its evidence; empty where there is no score.
    pub rationale: Vec<Finding>,
    /// Sentences of a rationale that the measurements contradict: they are not shown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub struck_sentences: usize,
    /// What another model says, where one is at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_opinion: Option<SecondOpinion>,
    /// Rules that could not judge.
    pub withheld: Vec<WithheldRule>,
}

/// A rule about the whole walk.
type WholeRule = fn(&Measured<'_>, &AssessmentConfig) -> Verdict;
/// A rule about one side.
type SidedRule = fn(&Measured<'_>, &AssessmentConfig, Side) -> Verdict;

const WHOLE_RULES: &[(&str, WholeRule)] = &[
    ("slow_speed", speed::slow_speed),
    ("cadence", speed::cadence),
    ("double_support", double_support::double_support),
    ("step_width", step_width::step_width),
    ("step_length_asymmetry", asymmetry::step_length),
    ("step_time_asymmetry", asymmetry::step_time),
    ("swing_asymmetry", asymmetry::swing),
    ("stride_time_variability", variability::stride_time),
    ("stride_length_variability", variability::stride_length),
    ("arm_swing_asymmetry", arm_swing::arm_swing_asymmetry),
    ("trunk_lean", trunk::trunk_lean),
    ("gait_profile_score", indices::gait_profile_score),
];

const SIDED_RULES: &[(&str, SidedRule)] = &[
    ("short_step", spatial::short_step),
    ("stance", stance::stance),
    ("knee_extension", knee::knee_extension),
    ("stiff_knee", knee::stiff_knee),
    ("foot_strike", foot_strike::foot_strike),
    ("toe_clearance", toe_clearance::toe_clearance),
    ("foot_progression", spatial::foot_progression),
    ("gdi_star", indices::gdi_star),
];

/// Every rule's verdict on a trial: findings with the largest deviation first (those against a fixed
/// limit last), and the rules that could not judge with their reasons.
pub fn assess(measured: &Measured<'_>, config: &AssessmentConfig) -> Assessment {
    let whole = WHOLE_RULES
        .iter()
        .map(|(rule, judge)| ((*rule).to_owned(), judge(measured, config)));
    let sided = SIDED_RULES.iter().flat_map(|(rule, judge)| {
        Side::BOTH.map(|side| {
            let name = format!("{rule}_{}", side.name());
            (name, judge(measured, config, side))
        })
    });
    let mut assessment = Assessment::default();
    for (rule, verdict) in whole.chain(sided) {
        match verdict {
            Verdict::Clear => {}
            Verdict::Finding(finding) => assessment.findings.push(Finding { rule, ..finding }),
            Verdict::Withheld(reason) => assessment.withheld.push(WithheldRule { rule, reason }),
        }
    }
    let size = |finding: &Finding| finding.z.map_or(-1.0, f64::abs);
    assessment
        .findings
        .sort_by(|a, b| size(b).total_cmp(&size(a)));
    assessment
}

/// A parameter's norm for the report: the value of each side is compared with the same mean and SD.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterNorm {
    /// The parameter.
    pub parameter: ParameterId,
    /// The reference.
    pub norm: NormValue,
}

/// A norm band of one angle over the cycle, each side alike unless measured apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurveNorm {
    /// Mean in degrees at 0, 1, …, 100 % of the cycle.
    pub mean_deg: Vec<f64>,
    /// Standard deviation over people at the same points.
    pub sd_deg: Vec<f64>,
}

/// Norm bands a side.
pub type SidedCurveNorm = PerSide<CurveNorm>;
