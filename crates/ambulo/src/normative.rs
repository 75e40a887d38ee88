//! Values of healthy walkers, each with its source.
//!
//! Angles come from 42 healthy adults (Fukuchi et al. 2018, CC BY 4.0), in a table made by
//! `cargo xtask norms`. Spatio-temporal parameters come from published tables, matched by age, sex
//! and pace where the subject's are known; a norm says whom it describes.

mod fukuchi2018;
mod spatiotemporal;

use std::collections::BTreeMap;

use crate::PerSide;
use crate::analysis::Norms;
use crate::assessment::{CurveNorm, NormValue, ParameterNorm, SidedCurveNorm};
use crate::indices::{IndexReference, LnNorm, hip_is_thigh};
use crate::kinematics::{AngleCurves, AngleId};
use crate::parameters::ParameterId;
use crate::subject::Subject;
use fukuchi2018 as adults;

/// Where the angle bands come from, and whom they describe.
pub const CURVES_SOURCE: &str =
    "42 healthy adults at comfortable speed, Fukuchi et al. 2018 (CC BY 4.0)";

/// Below this age the adults' angle bands are only a rough guide.
const ADULT_YEARS: f64 = 18.0;

/// Everything a result is compared with, for this subject, speed and kind of angles.
pub fn norms(subject: &Subject, speed_mps: Option<f64>, curves: &AngleCurves) -> Norms {
    let hips = curves.get(&AngleId::HipFlexion).into_iter();
    let thigh = hips
        .flat_map(|sides| [&sides.left, &sides.right])
        .flatten()
        .any(hip_is_thigh);
    let mut bands = curve_norms();
    let mut curves_source = CURVES_SOURCE.to_owned();
    if thigh {
        bands.insert(AngleId::HipFlexion, band(&adults::THIGH));
        curves_source +=
            "; hip flexion as the thigh against the vertical, as the pelvis was not measured";
    }
    if let Some(caution) = curve_caution(subject) {
        curves_source = format!("{curves_source}. {caution}");
    }
    Norms {
        parameters: parameter_norms(subject, speed_mps),
        curves: bands,
        curves_source,
    }
}

/// The norms of parameters for this subject, in report order.
///
/// Adults from 18 on have norms of speed (Bohannon & Andrews 2011) and of cadence, lengths and
/// phases; children from 5 to 13 have the latter. Slow walkers are compared with people asked to
/// walk slowly, where the source has them, because these parameters change with speed. Where age or
/// sex is not known, the groups that remain possible are pooled, and the source says so.
pub fn parameter_norms(subject: &Subject, speed_mps: Option<f64>) -> Vec<ParameterNorm> {
    let mut norms = spatiotemporal::norms(subject, speed_mps);
    if subject.age_years.is_none_or(|age| age >= ADULT_YEARS) {
        let measured = |parameter, [mean, sd]: [f64; 2], what: &str| ParameterNorm {
            parameter,
            norm: NormValue {
                mean,
                sd,
                source: format!("{CURVES_SOURCE}; {what}"),
            },
        };
        norms.push(measured(
            ParameterId::KneeFlexionMaximumExtension,
            adults::LEAST_KNEE_FLEXION_DEG,
            "least knee flexion from 0 to 60 % of the cycle, marker-based",
        ));
        norms.push(measured(
            ParameterId::FootProgressionAngle,
            adults::FOOT_PROGRESSION_DEG,
            "foot progression at 30 % of the cycle, marker-based",
        ));
        norms.push(ParameterNorm {
            parameter: ParameterId::ArmSwingAsymmetry,
            norm: NormValue {
                mean: 5.1,
                sd: 4.0,
                source: "healthy adults, Lewek et al. 2010".to_owned(),
            },
        });
    }
    norms.sort_by_key(|norm| norm.parameter);
    norms
}

/// Greatest knee flexion in swing of the healthy adults, in degrees.
pub fn peak_knee_flexion() -> NormValue {
    let [mean, sd] = adults::PEAK_KNEE_FLEXION_DEG;
    NormValue {
        mean,
        sd,
        source: CURVES_SOURCE.to_owned(),
    }
}

/// GPS of one side among the healthy adults themselves, in degrees.
pub fn gait_profile_score() -> NormValue {
    let [mean, sd] = adults::GPS_SIDE_DEG;
    NormValue {
        mean,
        sd,
        source: CURVES_SOURCE.to_owned(),
    }
}

/// Overall GPS among the healthy adults themselves, in degrees.
pub fn overall_gait_profile_score() -> NormValue {
    let [mean, sd] = adults::GPS_OVERALL_DEG;
    NormValue {
        mean,
        sd,
        source: CURVES_SOURCE.to_owned(),
    }
}

/// The angle bands of healthy adults: the nine variables of GPS.
pub fn curve_norms() -> BTreeMap<AngleId, SidedCurveNorm> {
    [
        (AngleId::PelvicTilt, &adults::PELVIC_TILT),
        (AngleId::PelvicObliquity, &adults::PELVIC_OBLIQUITY),
        (AngleId::PelvicRotation, &adults::PELVIC_ROTATION),
        (AngleId::HipFlexion, &adults::HIP_FLEXION),
        (AngleId::HipAdduction, &adults::HIP_ADDUCTION),
        (AngleId::HipRotation, &adults::HIP_ROTATION),
        (AngleId::KneeFlexion, &adults::KNEE_FLEXION),
        (AngleId::AnkleDorsiflexion, &adults::ANKLE_DORSIFLEXION),
        (AngleId::FootProgression, &adults::FOOT_PROGRESSION),
    ]
    .into_iter()
    .map(|(angle, sides)| (angle, band(sides)))
    .collect()
}

/// What the indices are compared with: the healthy adults.
pub fn index_reference() -> IndexReference {
    let ln = |[mean, sd]: [f64; 2]| LnNorm { mean, sd };
    IndexReference {
        curves: curve_norms(),
        thigh: band(&adults::THIGH),
        gvs_deg: AngleId::GAIT_PROFILE
            .into_iter()
            .zip(adults::GVS_DEG)
            .map(|(angle, [mean, sd])| {
                let source = CURVES_SOURCE.to_owned();
                (angle, NormValue { mean, sd, source })
            })
            .collect(),
        gps_deg: Some(gait_profile_score()),
        ln_gps: ln(adults::LN_GPS),
        ln_sagittal: ln(adults::LN_SAGITTAL),
        ln_sagittal_2d: ln(adults::LN_SAGITTAL_2D),
        source: CURVES_SOURCE.to_owned(),
    }
}

/// What to keep in mind before comparing this subject with the adults' angle bands.
pub fn curve_caution(subject: &Subject) -> Option<String> {
    let age = subject.age_years?;
    (age < ADULT_YEARS).then(|| {
        format!(
            "The subject is {age:.0} years old and the bands describe adults: differences may be \
             those of age"
        )
    })
}

fn band(sides: &[adults::Band; 2]) -> SidedCurveNorm {
    let [left, right] = sides.each_ref().map(|[mean, sd]| CurveNorm {
        mean_deg: mean.to_vec(),
        sd_deg: sd.to_vec(),
    });
    PerSide { left, right }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinematics::{AngleCurve, AngleMethod};

    #[test]
    fn the_bands_have_the_shape_of_healthy_walking() {
        let norms = curve_norms();
        assert_eq!(norms.len(), 9);
        for sides in norms.values() {
            for (_, band) in sides.iter() {
                assert_eq!((band.mean_deg.len(), band.sd_deg.len()), (101, 101));
                assert!(band.sd_deg.iter().all(|&sd| sd > 0.5 && sd < 12.0));
            }
        }
        let at = |angle: AngleId, point: usize| norms[&angle].left.mean_deg[point];
        assert!(at(AngleId::KneeFlexion, 72) > 55.0, "knee bends in swing");
        assert!(at(AngleId::HipFlexion, 0) > 25.0 && at(AngleId::HipFlexion, 52) < 0.0);
        assert!(
            at(AngleId::AnkleDorsiflexion, 44) > 8.0,
            "ankle bends up in stance"
        );
        assert!(at(AngleId::HipAdduction, 16) > 4.0, "stance hip adducts");
        assert!(at(AngleId::PelvicObliquity, 14) > 3.0, "stance side is up");
        assert!(
            at(AngleId::PelvicRotation, 0) > 3.0,
            "landing side is forward"
        );
        assert!(at(AngleId::FootProgression, 30) < -4.0, "toes point out");
    }

    #[test]
    fn a_hip_without_a_pelvis_is_compared_with_the_thigh() {
        let curves: AngleCurves = [(
            AngleId::HipFlexion,
            PerSide::from_fn(|_| {
                Some(AngleCurve {
                    method: AngleMethod::Sagittal2d,
                    approximate: false,
                    n: 2,
                    mean_deg: vec![0.0; 101],
                    sd_deg: None,
                })
            }),
        )]
        .into();
        let (plain, planar) = (curve_norms(), norms(&Subject::default(), None, &curves));
        assert!(planar.curves_source.contains("thigh"));
        for point in 0..101 {
            let mean = |angle: AngleId| plain[&angle].right.mean_deg[point];
            let thigh = planar.curves[&AngleId::HipFlexion].right.mean_deg[point];
            let expected = mean(AngleId::HipFlexion) - mean(AngleId::PelvicTilt);
            assert!((thigh - expected).abs() < 0.02);
        }
    }

    #[test]
    fn children_are_compared_with_adults_only_under_a_caution() {
        let child = Subject {
            age_years: Some(9.0),
            ..Subject::default()
        };
        assert!(
            norms(&child, None, &AngleCurves::new())
                .curves_source
                .contains("9 years")
        );
        assert_eq!(curve_caution(&Subject::default()), None);
        let parameters = parameter_norms(&child, None);
        assert!(!parameters.iter().any(|n| n.parameter == ParameterId::Speed));
        assert!(
            parameters
                .iter()
                .any(|n| n.parameter == ParameterId::Cadence)
        );
    }

    #[test]
    fn the_adults_own_scores_fit_their_own_profile_score() {
        let reference = index_reference();
        assert_eq!(reference.gvs_deg.len(), 9);
        // The RMS of the nine mean scores lies a little below the mean of the RMS.
        let scores: Vec<f64> = reference.gvs_deg.values().map(|gvs| gvs.mean).collect();
        let rms = crate::indices::root_mean_square(&scores).unwrap();
        let own = reference.gps_deg.unwrap().mean;
        assert!(rms < own && rms > 0.85 * own, "{rms}");
    }

    #[test]
    fn the_adults_deviate_from_their_own_mean_as_published() {
        let own = gait_profile_score();
        assert!((own.mean - 4.83).abs() < 0.01 && (own.sd - 1.40).abs() < 0.01);
        let overall = overall_gait_profile_score();
        assert!((overall.mean - 5.09).abs() < 0.01 && (overall.sd - 1.29).abs() < 0.01);
    }
}
