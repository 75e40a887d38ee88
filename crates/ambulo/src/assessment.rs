//! The assessment: findings against norms, each sentence generated from its numbers.

use serde::{Deserialize, Serialize};

use crate::PerSide;
use crate::parameters::ParameterId;

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

/// The assessment of one trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Assessment {
    /// MDS-UPDRS gait score by a learned model, where one ran.
    pub score: Option<u8>,
    /// Probability of each score; empty where no model ran.
    pub probabilities: Vec<f64>,
    /// Whether a score was asked for and refused.
    pub abstained: bool,
    /// Findings against norms, largest deviation first.
    pub findings: Vec<Finding>,
    /// Sentences of a learned model, each with its evidence; empty where none ran.
    pub rationale: Vec<Finding>,
    /// Rules that could not judge.
    pub withheld: Vec<WithheldRule>,
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
