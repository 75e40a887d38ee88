//! Gait indices: how far angle curves lie from those of healthy walkers.
//!
//! GVS, MAP and GPS: Baker et al. (2009), Gait & Posture 30:265. GDI: Schwartz & Rozumalski (2008),
//! Gait & Posture 28:351. Every index is computed at 51 points: every second of the 101 of a curve.

pub mod gdi;

use std::collections::BTreeMap;

use crate::analysis::Indices;
use crate::assessment::{NormValue, SidedCurveNorm};
use crate::kinematics::{AngleCurve, AngleCurves, AngleId, AngleMethod};
use crate::{PerSide, Side};
use gdi::GdiReference;

/// Points of a curve that enter an index: 0, 2, …, 100 % of the cycle.
pub const POINTS: usize = 51;

/// The pelvic variables, counted once (on the left) in the overall GPS.
const PELVIC: [AngleId; 3] = [
    AngleId::PelvicTilt,
    AngleId::PelvicObliquity,
    AngleId::PelvicRotation,
];

/// The variables of the sagittal deviation index where all three axes are measured.
pub const SAGITTAL: [AngleId; 4] = [
    AngleId::PelvicTilt,
    AngleId::HipFlexion,
    AngleId::KneeFlexion,
    AngleId::AnkleDorsiflexion,
];

/// The variables of the sagittal deviation index of one camera, whose hip is measured against the
/// vertical.
pub const SAGITTAL_2D: [AngleId; 3] = [
    AngleId::HipFlexion,
    AngleId::KneeFlexion,
    AngleId::AnkleDorsiflexion,
];

/// Mean and standard deviation of the logarithm of a deviation among healthy walkers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LnNorm {
    /// Mean of the natural logarithms.
    pub mean: f64,
    /// Their sample standard deviation.
    pub sd: f64,
}

/// The healthy walkers that indices compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexReference {
    /// Angle bands of the laboratory's kind of angle.
    pub curves: BTreeMap<AngleId, SidedCurveNorm>,
    /// The thigh against the vertical, for hip flexion seen by one camera.
    pub thigh: SidedCurveNorm,
    /// Their own gait variable scores, where they are known.
    pub gvs_deg: BTreeMap<AngleId, NormValue>,
    /// Their own GPS, one side, where it is known.
    pub gps_deg: Option<NormValue>,
    /// Logarithm of a side's GPS.
    pub ln_gps: LnNorm,
    /// Logarithm of the RMS deviation of [`SAGITTAL`].
    pub ln_sagittal: LnNorm,
    /// Logarithm of the RMS deviation of [`SAGITTAL_2D`].
    pub ln_sagittal_2d: LnNorm,
    /// Who they are.
    pub source: String,
}

/// Settings of [`indices`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IndexConfig {
    /// Whether angles that rest on an approximation enter GPS and GDI.
    pub with_approximate: bool,
}

/// Root mean square; `None` for no values.
pub fn root_mean_square(values: &[f64]) -> Option<f64> {
    let total: f64 = values.iter().map(|v| v * v).sum();
    (!values.is_empty()).then(|| (total / values.len() as f64).sqrt())
}

/// Every second point of a curve, from the first: 51 of 101.
pub fn every_second(curve: &[f64]) -> Vec<f64> {
    curve.iter().step_by(2).copied().collect()
}

/// Gait variable score: the RMS difference between a curve and the norm's mean, in degrees.
///
/// `None` if the curves are empty or not equally long.
pub fn gait_variable_score(curve_deg: &[f64], norm_deg: &[f64]) -> Option<f64> {
    if curve_deg.len() != norm_deg.len() {
        return None;
    }
    let apart: Vec<f64> = curve_deg.iter().zip(norm_deg).map(|(c, n)| c - n).collect();
    root_mean_square(&apart)
}

/// A deviation on the scale of GDI: 100 for the mean of healthy walkers, 10 points less for each of
/// their standard deviations.
///
/// `None` for a deviation of zero (the norm's mean itself), whose logarithm has no value.
pub fn scaled(deviation: f64, norm: LnNorm) -> Option<f64> {
    (deviation > 0.0 && norm.sd > 0.0)
        .then(|| 100.0 - 10.0 * (deviation.ln() - norm.mean) / norm.sd)
}

/// Every index that the curves allow, with a note on each that they do not.
///
/// GPS and GDI need all nine variables of a side; an angle that rests on an approximation does not
/// count unless `config` says so. GDI itself is computed only from the user's own reference.
pub fn indices(
    curves: &AngleCurves,
    reference: &IndexReference,
    gdi: Option<&GdiReference>,
    config: IndexConfig,
) -> Indices {
    let mut result = Indices::default();
    for angle in AngleId::GAIT_PROFILE {
        let scores = PerSide::from_fn(|side| {
            let curve = usable(curves, angle, side, config).ok()?;
            score(curve, reference.curves.get(&angle)?, side)
        });
        if scores.left.is_some() || scores.right.is_some() {
            result.gvs_deg.insert(angle, scores);
            if let Some(own) = reference.gvs_deg.get(&angle) {
                result.gvs_reference_deg.insert(angle, own.clone());
            }
        }
    }
    let all_of = |side: Side, angles: &[AngleId]| -> Option<Vec<f64>> {
        angles
            .iter()
            .map(|angle| *result.gvs_deg.get(angle)?.get(side))
            .collect()
    };
    let profile = PerSide::from_fn(|side| all_of(side, &AngleId::GAIT_PROFILE));
    result.gps_deg = profile
        .as_ref()
        .map(|scores| root_mean_square(scores.as_deref()?));
    if result.gps_deg.left.is_some() || result.gps_deg.right.is_some() {
        result.gps_reference_deg.clone_from(&reference.gps_deg);
    }
    result.gps_overall_deg = match (&profile.left, &profile.right) {
        (Some(left), Some(right)) => {
            root_mean_square(&[left.as_slice(), &right[PELVIC.len()..]].concat())
        }
        _ => None,
    };
    result.gdi_star = result.gps_deg.map(|gps| scaled(gps?, reference.ln_gps));
    result.sagittal_deviation_index =
        PerSide::from_fn(|side| sagittal_deviation_index(curves, reference, side, config).ok());
    result.gdi = PerSide::from_fn(|side| {
        let gait: Option<Vec<f64>> = AngleId::GAIT_PROFILE
            .iter()
            .map(|&angle| {
                Some(every_second(
                    &usable(curves, angle, side, config).ok()?.mean_deg,
                ))
            })
            .collect::<Option<Vec<_>>>()
            .map(|variables| variables.concat());
        gdi?.index(&gait?)
    });
    result.notes = notes(curves, reference, gdi.is_some(), &result, config);
    result
}

/// Whether a hip was measured as the thigh against the vertical, for want of the pelvis.
pub fn hip_is_thigh(hip: &AngleCurve) -> bool {
    hip.approximate || hip.method == AngleMethod::Sagittal2d
}

/// The sagittal deviation index of one side: [`scaled`] RMS deviation of its sagittal variables.
///
/// Uses [`SAGITTAL_2D`] where the hip is the thigh against the vertical, else [`SAGITTAL`].
///
/// # Errors
///
/// Why there is none: the angles that were not measured, or are approximations.
pub fn sagittal_deviation_index(
    curves: &AngleCurves,
    reference: &IndexReference,
    side: Side,
    config: IndexConfig,
) -> Result<f64, String> {
    let curve = |angle: AngleId| {
        let found = curves
            .get(&angle)
            .and_then(|sides| sides.get(side).as_ref());
        found.ok_or_else(|| format!("{} was not measured", angle.title().to_lowercase()))
    };
    let thigh = hip_is_thigh(curve(AngleId::HipFlexion)?);
    let (angles, norm): (&[AngleId], LnNorm) = if thigh {
        (&SAGITTAL_2D, reference.ln_sagittal_2d)
    } else {
        (&SAGITTAL, reference.ln_sagittal)
    };
    let mut scores = Vec::new();
    for &angle in angles {
        let (curve, is_hip) = (curve(angle)?, angle == AngleId::HipFlexion);
        if curve.approximate && !is_hip && !config.with_approximate {
            return Err(format!(
                "{} is an approximation",
                angle.title().to_lowercase()
            ));
        }
        let against = if thigh && is_hip {
            Some(&reference.thigh)
        } else {
            reference.curves.get(&angle)
        };
        scores.extend(against.and_then(|norm| score(curve, norm, side)));
    }
    root_mean_square(&scores)
        .filter(|_| scores.len() == angles.len())
        .and_then(|deviation| scaled(deviation, norm))
        .ok_or_else(|| "the curves do not fit the norm's".to_owned())
}

fn score(curve: &AngleCurve, norm: &SidedCurveNorm, side: Side) -> Option<f64> {
    gait_variable_score(
        &every_second(&curve.mean_deg),
        &every_second(&norm.get(side).mean_deg),
    )
}

/// The curve, if it may enter GPS and GDI; otherwise why not.
fn usable(
    curves: &AngleCurves,
    angle: AngleId,
    side: Side,
    config: IndexConfig,
) -> Result<&AngleCurve, String> {
    let title = angle.title().to_lowercase();
    let curve = curves
        .get(&angle)
        .and_then(|sides| sides.get(side).as_ref())
        .ok_or_else(|| format!("{title} was not measured"))?;
    if curve.method == AngleMethod::Sagittal2d {
        return Err(format!("{title} was seen by one camera only"));
    }
    if curve.approximate && !config.with_approximate {
        return Err(format!("{title} is an approximation"));
    }
    if curve.mean_deg.len() != 2 * POINTS - 1 {
        return Err(format!("{title} does not have 101 points"));
    }
    Ok(curve)
}

fn notes(
    curves: &AngleCurves,
    reference: &IndexReference,
    has_gdi_reference: bool,
    found: &Indices,
    config: IndexConfig,
) -> Vec<String> {
    let mut notes = vec![
        format!("Reference of GVS, GPS and GDI*: {}.", reference.source),
        "Indices are computed at 51 points of the cycle, every second of 101.".to_owned(),
    ];
    let lacking = PerSide::from_fn(|side| -> Vec<String> {
        AngleId::GAIT_PROFILE
            .iter()
            .filter_map(|&angle| usable(curves, angle, side, config).err())
            .collect()
    });
    let incomplete = !lacking.left.is_empty() || !lacking.right.is_empty();
    if incomplete && lacking.left == lacking.right {
        notes.push(format!("No GPS, GDI* or GDI: {}.", lacking.left.join(", ")));
    } else {
        for (side, lacking) in lacking.iter().filter(|(_, lacking)| !lacking.is_empty()) {
            notes.push(format!(
                "No GPS, GDI* or GDI for the {} side: {}.",
                side.name(),
                lacking.join(", ")
            ));
        }
    }
    for (side, lacking) in lacking.iter() {
        if lacking.is_empty() && found.gdi_star.get(side).is_none() {
            notes.push(format!(
                "No GDI* for the {} side: its curves are those of the norm.",
                side.name()
            ));
        }
    }
    if !has_gdi_reference && !incomplete {
        notes.push(
            "No GDI: its reference data may not be shipped; give your own gdi_reference.csv."
                .to_owned(),
        );
    }
    for side in Side::BOTH {
        if let Err(why) = sagittal_deviation_index(curves, reference, side, config) {
            notes.push(format!(
                "No sagittal deviation index for the {} side: {why}.",
                side.name()
            ));
        }
    }
    if found.sagittal_deviation_index != PerSide::default() {
        notes.push(
            "The sagittal deviation index compares pelvic tilt, hip, knee and ankle in the sagittal \
             plane; where the pelvis was not measured, the thigh against the vertical, knee and ankle."
                .to_owned(),
        );
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::CurveNorm;

    fn flat(mean_deg: f64) -> SidedCurveNorm {
        PerSide::from_fn(|_| CurveNorm {
            mean_deg: vec![mean_deg; 101],
            sd_deg: vec![1.0; 101],
        })
    }

    fn reference() -> IndexReference {
        let norm = LnNorm { mean: 1.0, sd: 0.5 };
        IndexReference {
            curves: AngleId::GAIT_PROFILE
                .into_iter()
                .map(|angle| (angle, flat(0.0)))
                .collect(),
            thigh: flat(10.0),
            gvs_deg: BTreeMap::new(),
            gps_deg: None,
            ln_gps: norm,
            ln_sagittal: norm,
            ln_sagittal_2d: norm,
            source: "a test".to_owned(),
        }
    }

    fn curves(method: AngleMethod, approximate: bool, value_deg: f64) -> AngleCurves {
        let curve = AngleCurve {
            method,
            approximate,
            n: 3,
            mean_deg: vec![value_deg; 101],
            sd_deg: None,
        };
        AngleId::GAIT_PROFILE
            .into_iter()
            .map(|angle| (angle, PerSide::from_fn(|_| Some(curve.clone()))))
            .collect()
    }

    #[test]
    fn every_variable_three_degrees_off_gives_a_gps_of_three() {
        let curves = curves(AngleMethod::Markers, false, -3.0);
        let found = indices(&curves, &reference(), None, IndexConfig::default());
        assert_eq!(found.gvs_deg.len(), 9);
        for gps in [
            found.gps_deg.left,
            found.gps_deg.right,
            found.gps_overall_deg,
        ] {
            assert!((gps.unwrap() - 3.0).abs() < 1e-12);
        }
        let expected = 100.0 - 10.0 * (3.0_f64.ln() - 1.0) / 0.5;
        assert!((found.gdi_star.left.unwrap() - expected).abs() < 1e-9);
        assert!(found.gdi.left.is_none());
        assert!(
            found
                .notes
                .iter()
                .any(|note| note.contains("gdi_reference.csv"))
        );
    }

    #[test]
    fn approximate_angles_stay_out_unless_asked_for() {
        let curves = curves(AngleMethod::JointCentres, true, 2.0);
        let found = indices(&curves, &reference(), None, IndexConfig::default());
        assert_eq!(found.gps_deg, PerSide::default());
        assert!(
            found
                .notes
                .iter()
                .any(|note| note.contains("approximation"))
        );
        let config = IndexConfig {
            with_approximate: true,
        };
        assert!(
            indices(&curves, &reference(), None, config)
                .gps_deg
                .left
                .is_some()
        );
    }

    #[test]
    fn one_camera_gives_the_sagittal_index_only_and_its_hip_is_the_thigh() {
        let mut curves = curves(AngleMethod::Sagittal2d, false, 2.0);
        curves.remove(&AngleId::PelvicTilt);
        let found = indices(&curves, &reference(), None, IndexConfig::default());
        assert_eq!(found.gps_overall_deg, None);
        let deviation = root_mean_square(&[8.0, 2.0, 2.0]).unwrap();
        let expected = scaled(deviation, reference().ln_sagittal_2d).unwrap();
        assert!((found.sagittal_deviation_index.right.unwrap() - expected).abs() < 1e-9);
    }

    #[test]
    fn the_norm_itself_has_no_logarithm() {
        let curves = curves(AngleMethod::Markers, false, 0.0);
        let found = indices(&curves, &reference(), None, IndexConfig::default());
        assert_eq!(found.gps_deg.left, Some(0.0));
        assert_eq!(found.gdi_star.left, None);
        assert!(
            found
                .notes
                .iter()
                .any(|note| note.contains("those of the norm"))
        );
    }
}
