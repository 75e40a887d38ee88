//! The quality gate: what stands in the way of trusting a trial, with numbers.

use serde::{Deserialize, Serialize};

/// The verdict on a trial or one finding's weight in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Nothing stands in the way.
    Pass,
    /// The numbers can be used with the findings in mind.
    Caution,
    /// The numbers would mislead; none are given where the finding applies.
    Reject,
}

/// One thing found about the recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QualityFinding {
    /// A stable name of the check, in snake case, such as `left_right_swap`.
    pub code: String,
    /// Its weight.
    pub grade: Grade,
    /// What was found, with its numbers; one or two sentences for people.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// The number measured, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The limit it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// The unit of both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The frames concerned, half-open, where it has a place in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frames: Option<[usize; 2]>,
}

/// The verdict with everything found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// The worst grade among the findings; `pass` if there are none.
    pub grade: Grade,
    /// Everything found, worst first.
    pub findings: Vec<QualityFinding>,
}

impl Quality {
    /// The verdict on these findings, sorted worst first (otherwise in the order given).
    pub fn of(mut findings: Vec<QualityFinding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
        Self {
            grade: findings.first().map_or(Grade::Pass, |worst| worst.grade),
            findings,
        }
    }
}
