//! GPS and GDI* against healthy adults.

use crate::Side;
use crate::normative::{CURVES_SOURCE, overall_gait_profile_score};

use super::measured::{capitalised, quantity, quantity_with_sd, signed, whom};
use super::{AssessmentConfig, Evidence, Finding, Measured, NormValue, Verdict};

/// Difference of GPS that matters to people (Baker et al. 2012, Gait & Posture 35:612).
const IMPORTANT_DEG: f64 = 1.6;

/// The angles of both sides lie far from those of healthy adults.
pub(super) fn gait_profile_score(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    let Some(gps_deg) = measured.indices.gps_overall_deg else {
        return withheld(measured, "GPS");
    };
    if let Some(reason) = measured.too_young_for_adult_angles() {
        return Verdict::Withheld(format!("GPS: {reason}"));
    }
    let norm = overall_gait_profile_score();
    let z = (gps_deg - norm.mean) / norm.sd;
    if z < config.z {
        return Verdict::Clear;
    }
    let sentence = format!(
        "The overall gait profile score is {}, higher than in {} ({}, z {}); a difference of \
         {IMPORTANT_DEG}° matters (Baker et al. 2012).",
        quantity(gps_deg, "°", 1),
        whom(&norm),
        quantity_with_sd(&norm, "°", 1),
        signed(z),
    );
    Verdict::Finding(Finding {
        rule: String::new(),
        sentence,
        z: Some(z),
        evidence: vec![Evidence {
            parameter: "gps_overall".to_owned(),
            side: "both".to_owned(),
            value: gps_deg,
            unit: "°".to_owned(),
            norm: Some(norm),
            frames: measured.frames(None, None),
        }],
    })
}

/// The angles of one side, on the scale of GDI*, where healthy adults have 100 ± 10.
pub(super) fn gdi_star(measured: &Measured<'_>, config: &AssessmentConfig, side: Side) -> Verdict {
    let Some(index) = *measured.indices.gdi_star.get(side) else {
        return withheld(measured, "GDI*");
    };
    if let Some(reason) = measured.too_young_for_adult_angles() {
        return Verdict::Withheld(format!("GDI*: {reason}"));
    }
    let norm = NormValue {
        mean: 100.0,
        sd: 10.0,
        source: CURVES_SOURCE.to_owned(),
    };
    let z = (index - norm.mean) / norm.sd;
    if -z < config.z {
        return Verdict::Clear;
    }
    let sentence = format!(
        "{} GDI* is {index:.0}, lower than in {} ({}, z {}).",
        capitalised(side.name()),
        whom(&norm),
        quantity_with_sd(&norm, "", 0),
        signed(z),
    );
    Verdict::Finding(Finding {
        rule: String::new(),
        sentence,
        z: Some(z),
        evidence: vec![Evidence {
            parameter: "gdi_star".to_owned(),
            side: side.name().to_owned(),
            value: index,
            unit: "1".to_owned(),
            norm: Some(norm),
            frames: measured.frames(None, Some(side)),
        }],
    })
}

/// The index's own note on why it is missing.
fn withheld(measured: &Measured<'_>, index: &str) -> Verdict {
    let notes = measured.indices.notes.iter();
    let why: Vec<&str> = notes
        .filter(|note| note.starts_with("No ") && note.contains("GPS"))
        .map(String::as_str)
        .collect();
    Verdict::Withheld(if why.is_empty() {
        format!("{index} was not computed")
    } else {
        why.join(" ")
    })
}
