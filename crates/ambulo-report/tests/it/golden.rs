//! Pieces of the page against files that were looked at and found good.
//!
//! After a wanted change, run the tests with `AMBULO_UPDATE_GOLDEN=1`, look at the difference and
//! commit it.

use std::path::Path;

use ambulo::analysis::Analysis;
use ambulo::assessment::{CurveNorm, NormValue, ParameterNorm};
use ambulo::kinematics::{AngleCurve, AngleId, AngleMethod};
use ambulo::parameters::ParameterId;
use ambulo::{PerSide, Side};
use ambulo_report::html;

use crate::sample;

/// The sample with one angle and norms of its own, so that no change elsewhere moves a line.
fn small() -> Analysis {
    let mut analysis = sample::full();
    let wave = |offset_deg: f64| -> Vec<f64> {
        (0..=100_u32)
            .map(|percent| {
                let phase = f64::from(percent) / 100.0 * std::f64::consts::TAU;
                offset_deg + 20.0 * phase.sin()
            })
            .collect()
    };
    analysis.angles.clear();
    analysis.angles.insert(
        AngleId::KneeFlexion,
        PerSide::from_fn(|side| {
            Some(AngleCurve {
                method: AngleMethod::Markers,
                approximate: false,
                n: 4,
                mean_deg: wave(if side == Side::Left { 20.0 } else { 10.0 }),
                sd_deg: Some(vec![2.0; 101]),
            })
        }),
    );
    let band = CurveNorm {
        mean_deg: wave(22.0),
        sd_deg: vec![5.0; 101],
    };
    analysis.norms.curves.clear();
    analysis.norms.curves.insert(
        AngleId::KneeFlexion,
        PerSide {
            left: band.clone(),
            right: band,
        },
    );
    analysis.norms.parameters = [
        (ParameterId::Speed, 1.3, 0.2),
        (ParameterId::StepLength, 0.56, 0.04),
        (ParameterId::Stance, 62.0, 1.0),
    ]
    .map(|(parameter, mean, sd)| ParameterNorm {
        parameter,
        norm: NormValue {
            mean,
            sd,
            source: "a test".to_owned(),
        },
    })
    .to_vec();
    "a test".clone_into(&mut analysis.norms.curves_source);
    analysis
}

/// The first piece of the page from `start` to the next `end`, one tag a line.
#[track_caller]
fn piece(page: &str, start: &str, end: &str) -> String {
    let from = page.find(start).expect("the page has the piece");
    let length = page[from..].find(end).expect("the piece ends") + end.len();
    page[from..from + length].replace("><", ">\n<") + "\n"
}

#[track_caller]
fn check(name: &str, start: &str, end: &str) {
    let actual = piece(&html(&small()), start, end);
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/golden")
        .join(name);
    if std::env::var_os("AMBULO_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &actual).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        actual == golden,
        "{name} changed: AMBULO_UPDATE_GOLDEN=1 writes it anew\n{actual}"
    );
}

#[test]
fn the_quality_verdict() {
    check("verdict.html", "<section class=\"verdict", "</section>");
}

#[test]
fn the_key_numbers() {
    check("key_numbers.html", "<table class=\"key\"", "</table>");
}

#[test]
fn a_curve_over_its_norm() {
    check("curve.html", "<figure class=\"plot\"", "</figure>");
}

#[test]
fn the_movement_analysis_profile() {
    check("profile.html", "<figure class=\"map\"", "</figure>");
}

#[test]
fn the_timeline() {
    check("timeline.html", "<svg class=\"timeline\"", "</svg>");
}

#[test]
fn a_finding_with_its_evidence() {
    check("finding.html", "<li id=\"finding-3\"", "Rule ");
}
