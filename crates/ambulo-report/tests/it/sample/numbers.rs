//! Its numbers: parameters, curves, norms and indices.

use ambulo::analysis::{Indices, Norms};
use ambulo::assessment::NormValue;
use ambulo::kinematics::{AngleCurve, AngleCurves, AngleId, AngleMethod};
use ambulo::normative;
use ambulo::parameters::{
    GaitParameters, Origin, ParameterId, ParameterSummary, Status, Summary, Symmetry,
};
use ambulo::{PerSide, Side};

use super::{ADULTS, input};

pub(super) fn valid(id: ParameterId, value: f64, sd: f64, n: usize) -> Summary {
    let half = 1.96 * sd / (n as f64).sqrt();
    Summary {
        value: Some(value),
        unit: id.unit().to_owned(),
        sd: Some(sd),
        cv_pct: Some(100.0 * sd / value.abs()),
        n,
        ci95: Some([value - half, value + half]),
        status: Status::Valid,
        reason: None,
        origin: Origin::Measured,
    }
}

pub(super) fn withheld(reason: &str) -> Summary {
    Summary {
        value: None,
        unit: "m/s".to_owned(),
        sd: None,
        cv_pct: None,
        n: 0,
        ci95: None,
        status: Status::Withheld,
        reason: Some(reason.to_owned()),
        origin: Origin::Measured,
    }
}

pub(super) fn parameters() -> GaitParameters {
    use ParameterId as P;
    let mut all = GaitParameters::new();
    for (id, left, right, sd) in [
        (P::StrideSpeed, 0.89, 0.89, 0.03),
        (P::Cadence, 98.0, 98.6, 1.9),
        (P::StepTime, 0.574, 0.648, 0.012),
        (P::StrideTime, 1.219, 1.222, 0.014),
        (P::StepLength, 0.508, 0.582, 0.018),
        (P::StrideLength, 1.088, 1.091, 0.021),
        (P::StepWidth, 0.129, 0.133, 0.011),
        (P::Stance, 66.0, 58.0, 0.8),
        (P::Swing, 34.0, 42.0, 0.8),
        (P::SingleSupport, 42.0, 34.0, 0.9),
        (P::DoubleSupport, 24.1, 24.3, 0.7),
        (P::FootProgressionAngle, -7.2, -14.6, 1.8),
        (P::KneeFlexionMaximumExtension, 4.2, -2.1, 1.2),
        (P::WalkRatio, 0.00518, 0.00590, 0.0002),
    ] {
        let difference = right - left;
        let mean = f64::midpoint(left, right);
        all.insert(
            id,
            ParameterSummary {
                left: Some(valid(id, left, sd, 6)),
                right: Some(valid(id, right, sd, 6)),
                both: Some(valid(id, mean, sd, 12)),
                symmetry: (mean > 0.0 && left > 0.0 && right > 0.0).then(|| Symmetry {
                    robinson_pct: 100.0 * difference / mean,
                    ratio: left.max(right) / left.min(right),
                    gait_asymmetry_pct: 100.0 * (left / right).ln().abs(),
                    symmetry_angle_pct: (45.0 - left.atan2(right).to_degrees()) / 0.9,
                }),
            },
        );
    }
    for (id, value, sd) in [
        (P::Speed, 0.89, 0.03),
        (P::StrideTimeCv, 2.6, 0.5),
        (P::TrunkLean, 6.1, 1.0),
    ] {
        all.insert(
            id,
            ParameterSummary {
                both: Some(valid(id, value, sd, 12)),
                ..ParameterSummary::default()
            },
        );
    }
    if let Some(cv) = all
        .get_mut(&P::StrideTimeCv)
        .and_then(|it| it.both.as_mut())
    {
        cv.status = Status::Caution;
        cv.reason = Some("12 strides; 30 or more are advised for variability".to_owned());
        cv.sd = None;
        cv.cv_pct = None;
    }
    all.insert(
        P::ArmSwingAsymmetry,
        ParameterSummary {
            both: Some(Summary {
                unit: "%".to_owned(),
                ..withheld("no wrist marker was recorded")
            }),
            ..ParameterSummary::default()
        },
    );
    all
}

/// What a stiff right leg adds to the healthy mean at 0, 10, …, 100 % of the cycle, in degrees.
const STIFFNESS_DEG: [(AngleId, [f64; 11]); 9] = [
    (AngleId::PelvicTilt, [4.0; 11]),
    (
        AngleId::PelvicObliquity,
        [1.0, 0.0, 0.0, 0.0, 0.0, 2.0, 6.0, 8.0, 6.0, 3.0, 1.0],
    ),
    (
        AngleId::PelvicRotation,
        [
            -5.0, -5.0, -5.0, -5.0, -4.0, -4.0, -5.0, -6.0, -6.0, -5.0, -5.0,
        ],
    ),
    (
        AngleId::HipFlexion,
        [-4.0, -4.0, -2.0, 0.0, 3.0, 6.0, 2.0, -4.0, -8.0, -8.0, -4.0],
    ),
    (
        AngleId::HipAdduction,
        [
            -2.0, -2.0, -2.0, -2.0, -2.0, -4.0, -6.0, -7.0, -6.0, -4.0, -2.0,
        ],
    ),
    (
        AngleId::HipRotation,
        [
            -6.0, -6.0, -5.0, -5.0, -5.0, -5.0, -6.0, -8.0, -9.0, -8.0, -6.0,
        ],
    ),
    (
        AngleId::KneeFlexion,
        [
            -3.0, -11.0, -14.0, -10.0, -8.0, -6.0, -14.0, -28.0, -24.0, -8.0, -3.0,
        ],
    ),
    (
        AngleId::AnkleDorsiflexion,
        [
            -9.0, -6.0, -5.0, -5.0, -5.0, -8.0, -2.0, 0.0, -10.0, -12.0, -9.0,
        ],
    ),
    (
        AngleId::FootProgression,
        [
            -8.0, -8.0, -8.0, -8.0, -8.0, -8.0, -8.0, -9.0, -9.0, -8.0, -8.0,
        ],
    ),
];

/// A smooth periodic curve of 101 points through 11 knots (Catmull–Rom).
pub(super) fn smooth(knots: &[f64; 11]) -> Vec<f64> {
    (0..=100_usize)
        .map(|percent| {
            let at = |step: usize| knots[(percent / 10 + step + 9) % 10];
            let [a, b, c, d] = [at(0), at(1), at(2), at(3)];
            let t = (percent % 10) as f64 / 10.0;
            b + 0.5
                * t
                * (c - a + t * (2.0 * a - 5.0 * b + 4.0 * c - d + t * (3.0 * (b - c) + d - a)))
        })
        .collect()
}

pub(super) fn angles() -> AngleCurves {
    let healthy = normative::curve_norms();
    STIFFNESS_DEG
        .into_iter()
        .map(|(id, stiffness)| {
            let sides = PerSide::from_fn(|side| {
                let share = if side == Side::Left { 0.12 } else { 1.0 };
                let norm = healthy[&id].get(side);
                let mean_deg = norm.mean_deg.iter().zip(smooth(&stiffness));
                Some(AngleCurve {
                    method: AngleMethod::Markers,
                    approximate: false,
                    n: 6,
                    mean_deg: mean_deg.map(|(mean, added)| mean + share * added).collect(),
                    sd_deg: Some(norm.sd_deg.iter().map(|sd| 0.28 * sd).collect()),
                })
            });
            (id, sides)
        })
        .collect()
}

/// The shipped norms, as the pipeline would choose them for this subject.
pub(super) fn norms() -> Norms {
    normative::norms(&input().subject, Some(0.89), &angles())
}

pub(super) fn indices() -> Indices {
    let pair = |left, right| PerSide {
        left: Some(left),
        right: Some(right),
    };
    let reference = |mean, sd| NormValue {
        mean,
        sd,
        source: ADULTS.to_owned(),
    };
    let scores = [
        (4.2, 5.7, 3.9),
        (1.6, 4.4, 1.6),
        (2.5, 5.9, 2.9),
        (4.9, 7.1, 4.8),
        (2.2, 4.9, 2.6),
        (6.0, 8.9, 6.2),
        (4.7, 15.6, 5.0),
        (3.8, 8.6, 4.1),
        (4.9, 9.7, 5.1),
    ];
    let names = AngleId::GAIT_PROFILE;
    Indices {
        gvs_deg: names
            .into_iter()
            .zip(scores)
            .map(|(id, (left, right, _))| (id, pair(left, right)))
            .collect(),
        gvs_reference_deg: names
            .into_iter()
            .zip(scores)
            .map(|(id, (_, _, mean))| (id, reference(mean, 0.35 * mean)))
            .collect(),
        gps_reference_deg: Some(reference(5.4, 1.3)),
        gps_deg: pair(4.1, 8.6),
        gps_overall_deg: Some(6.8),
        gdi_star: pair(104.0, 72.0),
        sagittal_deviation_index: PerSide::default(),
        gdi: PerSide::default(),
        notes: vec![
            format!("GPS and GDI* against: {ADULTS}."),
            "A change of the GPS of 1.6° or more matters (Baker 2012).".to_owned(),
        ],
    }
}
