//! The quality gate: what stands in the way of trusting a trial, with numbers.
//!
//! [`check_recording`] looks at a recording before any walking is found in it: is the body upright
//! and of human size, are the sides right, is time whole, is this one person, from the side, walking
//! ahead? [`check_walk`] looks at what was found: enough cycles, and a rhythm that legs of this
//! length can have. Both return [`QualityFinding`]s; a trial without any passes.

mod body;
mod completeness;
mod config;
mod continuity;
mod orientation;
mod points;
mod view;
mod walking;

use serde::{Deserialize, Serialize};

use crate::trial::Trial;
use crate::walk::Surface;

pub use config::QualityConfig;
pub use walking::{WalkEvidence, check_walk};

use body::Body;

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
    /// The verdict on these findings, sorted worst first (otherwise in the order given). What is
    /// said twice under one code is kept once, at its worst.
    pub fn of(mut findings: Vec<QualityFinding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
        let mut codes: Vec<String> = Vec::with_capacity(findings.len());
        findings.retain(|finding| {
            let is_new = !codes.contains(&finding.code);
            codes.push(finding.code.clone());
            is_new
        });
        Self {
            grade: findings.first().map_or(Grade::Pass, |worst| worst.grade),
            findings,
        }
    }
}

impl QualityFinding {
    /// A finding without numbers, advice or place.
    pub fn new(code: &str, grade: Grade, message: String) -> Self {
        Self {
            code: code.to_owned(),
            grade,
            message,
            advice: None,
            value: None,
            limit: None,
            unit: None,
            frames: None,
        }
    }

    /// The same finding with what to do about it.
    #[must_use]
    pub fn advised(mut self, advice: &str) -> Self {
        self.advice = Some(advice.to_owned());
        self
    }

    /// The same finding with the number measured and the limit it was compared with.
    #[must_use]
    pub fn measured(mut self, value: f64, limit: f64, unit: &str) -> Self {
        self.value = Some(value);
        self.limit = Some(limit);
        self.unit = Some(unit.to_owned());
        self
    }

    /// The same finding with the frames concerned, half-open.
    #[must_use]
    pub fn at(mut self, frames: [usize; 2]) -> Self {
        self.frames = Some(frames);
        self
    }
}

/// What is wrong with a recording as it was read, in order of the checks.
///
/// `surface` is the ground as the user declares it. Keypoints should come after exchanged legs were
/// repaired: those that remain are reported here, those repaired by [`check_walk`].
///
/// Checks that rest on a basic one are left out where that one fails: a body lying on its side has
/// no left and right worth checking.
pub fn check_recording(
    trial: &Trial,
    surface: Surface,
    config: &QualityConfig,
) -> Vec<QualityFinding> {
    let mut findings = completeness::check_time(trial, config);
    let body = Body::of(&trial.recording, config.min_confidence);
    findings.extend(completeness::check_presence(
        &trial.recording,
        &body,
        config,
    ));
    let Some(leg) = body.leg_length() else {
        findings.push(
            QualityFinding::new(
                "no_legs",
                Grade::Reject,
                "Hip, knee and ankle are never seen together, so there are no legs to measure."
                    .to_owned(),
            )
            .advised("Use a recording, or a keypoint layout, that shows the whole legs."),
        );
        return findings;
    };
    let upright = orientation::check_upright(&body, config);
    let is_upright = upright.is_none();
    findings.extend(upright);
    findings.extend(orientation::check_size(trial, &body, leg, config));
    findings.extend(continuity::check(&body, leg, config));
    findings.extend(points::check(&body, leg, config));
    if is_upright {
        findings.extend(orientation::check_direction(&body, config));
        findings.extend(view::check(&body, leg, surface, config));
    }
    findings
}
