//! GPS, GDI* and the formula of GDI against `gait_indices` of the reference results.

use std::collections::BTreeMap;

use ambulo::assessment::CurveNorm;
use ambulo::indices::gdi::GdiReference;
use ambulo::indices::{IndexConfig, IndexReference, LnNorm, indices};
use ambulo::kinematics::{AngleCurve, AngleCurves, AngleId, AngleMethod};
use ambulo::{PerSide, Side};
use serde_json::Value;

use super::{number, numbers, read_json, relative};

const TOLERANCE: f64 = 1e-6;

/// 101 points of which every second is given; the others do not matter.
fn spread(points: &Value) -> Vec<f64> {
    let mut curve: Vec<f64> = numbers(points)
        .into_iter()
        .flat_map(|p| [p, f64::NAN])
        .collect();
    curve.pop();
    curve
}

fn sided(value: &Value, name: &str, side: Side, index: usize) -> Vec<f64> {
    spread(&value[format!("{name}_{}", side.name())][index])
}

fn reference(input: &Value) -> IndexReference {
    let norm = &input["norm"];
    let ln = |name: &str| LnNorm {
        mean: number(&norm[format!("ln_{name}_mean")]),
        sd: number(&norm[format!("ln_{name}_sd")]),
    };
    let curves: BTreeMap<_, _> = AngleId::GAIT_PROFILE
        .into_iter()
        .enumerate()
        .map(|(index, angle)| {
            let band = PerSide::from_fn(|side| CurveNorm {
                mean_deg: sided(norm, "mean", side, index),
                sd_deg: sided(norm, "sd", side, index),
            });
            (angle, band)
        })
        .collect();
    IndexReference {
        thigh: curves[&AngleId::HipFlexion].clone(),
        curves,
        gvs_deg: BTreeMap::new(),
        gps_deg: None,
        ln_gps: ln("gps"),
        ln_sagittal: ln("sagittal"),
        ln_sagittal_2d: ln("sagittal"),
        source: "the parity case".to_owned(),
    }
}

fn gdi_reference(input: &Value) -> GdiReference {
    let gdi = &input["gdi_reference"];
    let line = |word: &str, numbers: &[f64]| {
        let cells: Vec<String> = numbers.iter().map(f64::to_string).collect();
        format!("{word},{}", cells.join(","))
    };
    let features = gdi["features"].as_array().unwrap().iter();
    let mut lines: Vec<String> = features.map(|row| line("feature", &numbers(row))).collect();
    lines.push(line("control_mean", &numbers(&gdi["control_mean_scores"])));
    for word in ["control_ln_mean", "control_ln_sd"] {
        lines.push(line(word, &[number(&gdi[word])]));
    }
    GdiReference::parse(&lines.join("\n")).unwrap()
}

fn subject_curves(subject: &Value) -> AngleCurves {
    AngleId::GAIT_PROFILE
        .into_iter()
        .enumerate()
        .map(|(index, angle)| {
            let sides = PerSide::from_fn(|side| {
                Some(AngleCurve {
                    method: AngleMethod::File,
                    approximate: false,
                    n: 1,
                    mean_deg: sided(subject, "curves", side, index),
                    sd_deg: None,
                })
            });
            (angle, sides)
        })
        .collect()
}

#[test]
fn indices_of_recorded_people_equal_the_reference() {
    let Some(folder) = ambulo_testkit::parity_dir() else {
        return;
    };
    let input = read_json(&folder.join("gait_indices/input.json"));
    let expected = read_json(&folder.join("gait_indices/expected.json"));
    let (reference, gdi) = (reference(&input), gdi_reference(&input));
    let subjects = input["subjects"].as_array().unwrap();
    assert!(!subjects.is_empty());
    for (subject, expected) in subjects
        .iter()
        .zip(expected["subjects"].as_array().unwrap())
    {
        let found = indices(
            &subject_curves(subject),
            &reference,
            Some(&gdi),
            IndexConfig::default(),
        );
        for side in Side::BOTH {
            let of = |name: &str| &expected[format!("{name}_{}", side.name())];
            let scores: Vec<f64> = AngleId::GAIT_PROFILE
                .iter()
                .map(|angle| found.gvs_deg[angle].get(side).unwrap())
                .collect();
            relative(&scores, &numbers(of("gvs")), TOLERANCE);
            let one = |found: &PerSide<Option<f64>>, name: &str| {
                relative(&[found.get(side).unwrap()], &[number(of(name))], TOLERANCE);
            };
            one(&found.gps_deg, "gps");
            one(&found.gdi_star, "gdi_star");
            one(&found.sagittal_deviation_index, "sdi");
            let gdi = number(&of("gdi_from_synthetic_reference")["gdi"]);
            relative(&[found.gdi.get(side).unwrap()], &[gdi], TOLERANCE);
        }
        let overall = number(&expected["gps_overall"]);
        relative(&[found.gps_overall_deg.unwrap()], &[overall], TOLERANCE);
    }
}
