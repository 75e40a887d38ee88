//! Analyses made by hand: a plausible walk with a stiff right knee, and what remains of it when
//! parts are missing.

use std::collections::BTreeMap;

use ambulo::analysis::{
    Analysis, Indices, Input, Lead, Learned, Lifting, Method, Norms, Provenance, SCHEMA_VERSION,
};
use ambulo::assessment::{Assessment, Evidence, Finding, NormValue, SecondOpinion, WithheldRule};
use ambulo::bouts::{Bout, BoutKind};
use ambulo::cycles::RejectedCycle;
use ambulo::events::{EventKind, EventSource, GaitEvent};
use ambulo::kinematics::{AngleCurve, AngleCurves, AngleId, AngleMethod};
use ambulo::lifting::CameraView;
use ambulo::normative;
use ambulo::parameters::{
    GaitParameters, Origin, ParameterId, ParameterSummary, Status, Stride, Summary, Symmetry,
};
use ambulo::quality::{Grade, Quality, QualityFinding};
use ambulo::subject::{Sex, Subject};
use ambulo::walk::{LengthUnit, Surface, View};
use ambulo::{PerSide, Side};
use nalgebra::Vector2;

const RATE_HZ: f64 = 100.0;
const STRIDE_S: f64 = 1.22;
const ADULTS: &str = "Fukuchi et al. 2018, 42 healthy adults, overground, comfortable speed";

/// Three dimensions, two straight bouts and a turn, every part present.
pub(crate) fn full() -> Analysis {
    let strides = strides();
    Analysis {
        schema_version: SCHEMA_VERSION.to_owned(),
        input: input(),
        quality: Quality::of(vec![
            QualityFinding {
                code: "gap".to_owned(),
                grade: Grade::Caution,
                message: "The right heel marker was hidden for 0.34 s in the second bout; 3 strides there rest on filled positions.".to_owned(),
                advice: Some("Check the marker and read the right foot's values with care.".to_owned()),
                value: Some(0.34),
                limit: Some(0.2),
                unit: Some("s".to_owned()),
                frames: Some([812, 846]),
            },
            QualityFinding {
                code: "few_strides".to_owned(),
                grade: Grade::Caution,
                message: "Variability rests on 12 strides; 30 or more are advised.".to_owned(),
                advice: Some("Record several passes.".to_owned()),
                value: Some(12.0),
                limit: Some(30.0),
                unit: Some("strides".to_owned()),
                frames: None,
            },
        ]),
        bouts: bouts(),
        events: events(),
        parameters: parameters(),
        rejected_cycles: vec![RejectedCycle {
            side: Side::Right,
            bout: 1,
            start_s: 6.1,
            end_s: 8.9,
            reason: "2.80 s long, more than twice the median of 1.22 s: a contact was missed.".to_owned(),
        }],
        strides,
        angles: angles(),
        indices: indices(),
        learned: BTreeMap::new(),
        not_estimated: BTreeMap::new(),
        lifting: None,
        assessment: assessment(),
        norms: norms(),
        methods: methods(),
        provenance: Provenance {
            version: "0.1.0".to_owned(),
            input_sha256: "3a7bd3e2360a3d29eea436fcfb7e44c735d117c42d1c1835420b6b9942dd4f1b".to_owned(),
            weights_sha256: BTreeMap::new(),
            config: "[signal]\ncutoff_hz = 6.0\norder = 4\n\n[events]\ndetector = \"consensus\"\n".to_owned(),
        },
    }
}

/// As much as the two sheets must bear: long messages everywhere, a caution on every key number,
/// three minutes of walking.
pub(crate) fn crowded() -> Analysis {
    let mut analysis = with_network();
    let estimate = analysis.learned["knee_flexion_maximum_extension_left"].clone();
    for name in [
        "speed",
        "cadence",
        "knee_flexion_maximum_extension_right",
        "gdi_star_left",
        "gdi_star_right",
    ] {
        analysis.learned.insert(name.to_owned(), estimate.clone());
    }
    let finding = analysis.quality.findings[0].clone();
    let findings = (0..6).map(|index| QualityFinding {
        code: format!("{}_{index}", finding.code),
        ..finding.clone()
    });
    analysis.quality = Quality::of(findings.collect());
    let long = &mut analysis.assessment.findings;
    long.extend(long.clone());
    for finding in long {
        finding.sentence += " It was measured in six strides of the two straight passes and differs from them by less than a tenth.";
    }
    for (index, (id, summaries)) in analysis.parameters.iter_mut().enumerate() {
        let sides = [
            &mut summaries.left,
            &mut summaries.right,
            &mut summaries.both,
        ];
        for summary in sides.into_iter().flatten() {
            summary.status = Status::Caution;
            summary.reason = Some(format!(
                "{} rests on fewer than {} strides of a side",
                id.title(),
                3 + index % 3
            ));
        }
    }
    let (events, strides, bouts) = (events(), strides(), bouts());
    for pass in 1..14_u32 {
        let later_s = 13.29 * f64::from(pass);
        analysis.events.extend(events.iter().map(|event| GaitEvent {
            time_s: event.time_s + later_s,
            ..*event
        }));
        analysis.strides.extend(strides.iter().map(|stride| Stride {
            start_s: stride.start_s + later_s,
            end_s: stride.end_s + later_s,
            ..stride.clone()
        }));
        analysis.bouts.extend(bouts.iter().map(|bout| Bout {
            start_s: bout.start_s + later_s,
            end_s: bout.end_s + later_s,
            ..bout.clone()
        }));
    }
    analysis.input.duration_s = 186.0;
    analysis
}

/// One camera from the side, without scale, norms or mediolateral lengths; three sagittal angles.
pub(crate) fn one_camera() -> Analysis {
    let mut analysis = full();
    "walk <side> & back.json".clone_into(&mut analysis.input.name);
    "openpose".clone_into(&mut analysis.input.format);
    analysis.input.view = View::Sagittal;
    analysis.input.length_unit = LengthUnit::LegLengths;
    analysis.input.subject = Subject::default();
    analysis.input.recorded_on = None;
    analysis.norms = Norms::default();
    analysis.indices = Indices {
        sagittal_deviation_index: PerSide {
            left: Some(4.1),
            right: Some(9.8),
        },
        notes: vec!["GPS needs nine angles; one camera shows three.".to_owned()],
        ..Indices::default()
    };
    analysis.angles.retain(|id, sides| {
        for curve in [&mut sides.left, &mut sides.right].into_iter().flatten() {
            curve.method = AngleMethod::Sagittal2d;
            curve.approximate = *id == AngleId::AnkleDorsiflexion;
        }
        [
            AngleId::HipFlexion,
            AngleId::KneeFlexion,
            AngleId::AnkleDorsiflexion,
        ]
        .contains(id)
    });
    analysis.assessment.findings.clear();
    for id in [ParameterId::StepLength, ParameterId::StrideLength] {
        let summaries = analysis.parameters.get_mut(&id).expect("the sample has it");
        let sides = [
            &mut summaries.left,
            &mut summaries.right,
            &mut summaries.both,
        ];
        for summary in sides.into_iter().flatten() {
            "leg lengths".clone_into(&mut summary.unit);
        }
    }
    analysis.parameters.insert(
        ParameterId::Speed,
        ParameterSummary {
            both: Some(withheld("no scale is known: give the subject's height")),
            ..ParameterSummary::default()
        },
    );
    analysis
}

/// A recording in which no walk could be trusted.
pub(crate) fn rejected() -> Analysis {
    let mut analysis = full();
    analysis.quality = Quality::of(vec![QualityFinding {
        code: "missing".to_owned(),
        grade: Grade::Reject,
        message:
            "Both feet are out of the picture in 71 % of the frames; at most 20 % may be missing."
                .to_owned(),
        advice: Some("Step back with the camera until the whole body stays in view.".to_owned()),
        value: Some(71.0),
        limit: Some(20.0),
        unit: Some("%".to_owned()),
        frames: Some([0, 1330]),
    }]);
    analysis
}

/// Nothing but the recording itself: no events, strides, angles, norms or findings.
pub(crate) fn empty() -> Analysis {
    Analysis {
        quality: Quality::of(Vec::new()),
        bouts: Vec::new(),
        events: Vec::new(),
        parameters: BTreeMap::new(),
        strides: Vec::new(),
        rejected_cycles: Vec::new(),
        angles: BTreeMap::new(),
        indices: Indices::default(),
        assessment: Assessment::default(),
        norms: Norms::default(),
        methods: Vec::new(),
        ..full()
    }
}

/// The full sample with what a network adds.
/// One camera and a network that lifted the walk: the picture leads for the knee, the lifted motion for
/// what the picture cannot give.
pub(crate) fn lifted() -> Analysis {
    let mut analysis = one_camera();
    let summary = |value: f64, origin| Summary {
        status: Status::Caution,
        reason: Some("estimated in three dimensions from one camera from the side".to_owned()),
        origin,
        ..valid(ParameterId::StepWidth, value, 0.01, 6)
    };
    let width = |origin| ParameterSummary {
        left: Some(summary(0.11, origin)),
        right: Some(summary(0.12, origin)),
        both: Some(summary(0.115, origin)),
        symmetry: None,
    };
    let lead = |by, lifted_error, picture_error| Lead {
        by,
        lifted_error: Some(lifted_error),
        picture_error,
        why: "seen from the side, a test".to_owned(),
    };
    let mut knee = analysis.angles[&AngleId::KneeFlexion].clone();
    for curve in [&mut knee.left, &mut knee.right].into_iter().flatten() {
        curve.method = AngleMethod::Lifted;
        curve.approximate = true;
    }
    let mut adduction = knee.clone();
    for curve in [&mut adduction.left, &mut adduction.right]
        .into_iter()
        .flatten()
    {
        curve.mean_deg = curve.mean_deg.iter().map(|angle| 0.1 * angle).collect();
    }
    let width_id = ParameterId::StepWidth;
    analysis.parameters.insert(width_id, width(Origin::Lifted));
    analysis
        .angles
        .insert(AngleId::HipAdduction, adduction.clone());
    analysis.lifting = Some(Lifting {
        model: "walking lifter 1".to_owned(),
        view: CameraView::Side,
        out_of_picture_deg: 8.0,
        length_unit: analysis.input.length_unit,
        slip: 0.12,
        misfit: Some(0.02),
        parameters: [(width_id, width(Origin::Lifted))].into(),
        angles: [
            (AngleId::KneeFlexion, knee),
            (AngleId::HipAdduction, adduction),
        ]
        .into(),
        parameter_leads: [(width_id, lead(Origin::Lifted, 0.02, None))].into(),
        angle_leads: [
            (AngleId::KneeFlexion, lead(Origin::Measured, 5.2, Some(3.1))),
            (AngleId::HipAdduction, lead(Origin::Lifted, 3.0, None)),
        ]
        .into(),
        outdone_parameters: BTreeMap::new(),
        outdone_angles: BTreeMap::new(),
    });
    analysis
}

pub(crate) fn with_network() -> Analysis {
    let mut analysis = full();
    analysis.learned.insert(
        "knee_flexion_maximum_extension_left".to_owned(),
        Learned {
            value: 11.2,
            unit: "°".to_owned(),
            ci95: [3.1, 19.3],
            model: "stt-kidzinski 1".to_owned(),
            status: Status::Caution,
            reason: Some("12 % of the legs' coordinates were not seen but bridged".to_owned()),
            leads: false,
        },
    );
    analysis.not_estimated.insert(
        "gdi_star_left".to_owned(),
        "too short: 100 frames at 25 Hz, but 124 are needed: film at least 5 s of walking"
            .to_owned(),
    );
    analysis.assessment.score = Some(1);
    analysis.assessment.probabilities = vec![0.22, 0.61, 0.15, 0.02];
    analysis.assessment.scorer = Some("assess_forest 1".to_owned());
    analysis.assessment.rationale = vec![
        finding(
            "foot_step_length_left",
            "Left step length is clearly short.",
            -2.6,
            vec![evidence(
                ParameterId::StepLength,
                "left",
                0.508,
                Some((0.665, 0.06)),
            )],
        ),
        finding(
            "arm_arm_swing",
            "In this recording arm swing is as usual.",
            -0.4,
            // Of a parameter that the sample's tables do not hold.
            vec![Evidence {
                parameter: "arm_movement".to_owned(),
                ..evidence(ParameterId::ArmSwingRange, "both", 38.0, Some((42.0, 10.0)))
            }],
        ),
        finding(
            "overall_speed",
            "Against the reference walkers, walking speed is clearly slow.",
            -2.2,
            vec![evidence(
                ParameterId::Speed,
                "both",
                0.89,
                Some((1.24, 0.16)),
            )],
        ),
    ];
    analysis.assessment.struck_sentences = 1;
    analysis.assessment.second_opinion = Some(SecondOpinion {
        scorer: "assess_reasoner".to_owned(),
        reads: "motion_and_measurements".to_owned(),
        score: Some(1),
        probabilities: vec![0.31, 0.52, 0.16, 0.01],
        rationale: vec![finding(
            "overall_speed",
            "The pace of walking is noticeably slow.",
            -2.2,
            vec![evidence(
                ParameterId::Speed,
                "both",
                0.89,
                Some((1.24, 0.16)),
            )],
        )],
        struck_sentences: 2,
    });
    analysis
}

fn input() -> Input {
    Input {
        name: "walk-03.c3d".to_owned(),
        format: "c3d".to_owned(),
        recorded_on: Some("2024-05-17".to_owned()),
        view: View::Spatial,
        frames: 1330,
        rate_hz: RATE_HZ,
        duration_s: 13.29,
        file_time_of_first_frame_s: 2.0,
        file_number_of_first_frame: 201,
        length_unit: LengthUnit::Metres {
            relative_error: 0.0,
        },
        pixels_per_metre: None,
        surface: Surface::Overground,
        subject: Subject {
            height_m: Some(1.72),
            mass_kg: Some(74.5),
            leg_length_m: PerSide {
                left: Some(0.89),
                right: Some(0.885),
            },
            age_years: Some(63.0),
            sex: Some(Sex::Male),
        },
        notes: vec!["Marker labels carry the subject's prefix; it was removed.".to_owned()],
    }
}

fn bouts() -> Vec<Bout> {
    let bout = |kind, start_frame: usize, end_frame: usize, x, turned_deg| Bout {
        kind,
        start_frame,
        end_frame,
        start_s: start_frame as f64 / RATE_HZ,
        end_s: (end_frame - 1) as f64 / RATE_HZ,
        direction: Vector2::new(x, 0.0),
        turned_deg,
    };
    vec![
        bout(BoutKind::Straight, 0, 560, 1.0, 2.0),
        bout(BoutKind::Turning, 560, 740, 1.0, 178.0),
        bout(BoutKind::Straight, 740, 1330, -1.0, -3.0),
    ]
}

/// Contacts of each foot every stride, the right a bit late: it spends less time on the ground.
fn contacts(side: Side) -> impl Iterator<Item = f64> {
    let first_s = if side == Side::Left { 0.31 } else { 0.96 };
    (0..11_u32)
        .map(move |index| first_s + STRIDE_S * f64::from(index))
        .filter(|time_s| *time_s < 13.2)
}

fn stance_share(side: Side) -> f64 {
    if side == Side::Left { 0.66 } else { 0.58 }
}

fn frame(time_s: f64) -> usize {
    (0..1330)
        .min_by(|&a, &b| {
            let distance = |frame: usize| (frame as f64 / RATE_HZ - time_s).abs();
            distance(a).total_cmp(&distance(b))
        })
        .expect("there are frames")
}

fn events() -> Vec<GaitEvent> {
    let mut events: Vec<GaitEvent> = Side::BOTH
        .into_iter()
        .flat_map(|side| {
            contacts(side).flat_map(move |contact_s| {
                let off_s = contact_s + stance_share(side) * STRIDE_S;
                [
                    (EventKind::InitialContact, contact_s),
                    (EventKind::FootOff, off_s),
                ]
                .map(|(kind, time_s)| GaitEvent {
                    side,
                    kind,
                    time_s,
                    frame: frame(time_s),
                    confidence: 0.9,
                    source: EventSource::Consensus,
                })
            })
        })
        .filter(|event| event.time_s < 13.29)
        .collect();
    events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    events
}

fn strides() -> Vec<Stride> {
    let mut strides: Vec<Stride> = Side::BOTH
        .into_iter()
        .flat_map(|side| {
            let times: Vec<f64> = contacts(side).collect();
            times
                .windows(2)
                .map(|pair| stride(side, pair[0], pair[1]))
                .collect::<Vec<_>>()
        })
        .collect();
    strides.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    strides
}

fn stride(side: Side, start_s: f64, end_s: f64) -> Stride {
    let turning = end_s > 5.6 && start_s < 7.4;
    let wobble = (start_s * 7.3).sin();
    let long = side == Side::Right;
    Stride {
        side,
        bout: if start_s < 5.6 {
            0
        } else if turning {
            1
        } else {
            2
        },
        start_frame: frame(start_s),
        end_frame: frame(end_s),
        start_s,
        end_s,
        used: !turning,
        reason: turning.then(|| "in a turn".to_owned()),
        values: BTreeMap::from([
            (ParameterId::StrideTime, end_s - start_s + 0.01 * wobble),
            (
                ParameterId::StepTime,
                if long { 0.65 } else { 0.57 } + 0.01 * wobble,
            ),
            (ParameterId::StrideLength, 1.09 + 0.02 * wobble),
            (
                ParameterId::StepLength,
                if long { 0.582 } else { 0.508 } + 0.01 * wobble,
            ),
            (ParameterId::StepWidth, 0.131 + 0.008 * wobble),
            (ParameterId::StrideSpeed, 0.89 + 0.02 * wobble),
            (
                ParameterId::Stance,
                100.0 * stance_share(side) + 0.6 * wobble,
            ),
            (ParameterId::DoubleSupport, 24.2 + 0.5 * wobble),
        ]),
    }
}

fn valid(id: ParameterId, value: f64, sd: f64, n: usize) -> Summary {
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

fn withheld(reason: &str) -> Summary {
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

fn parameters() -> GaitParameters {
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
fn smooth(knots: &[f64; 11]) -> Vec<f64> {
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

fn angles() -> AngleCurves {
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
fn norms() -> Norms {
    normative::norms(&input().subject, Some(0.89), &angles())
}

fn indices() -> Indices {
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

fn finding(rule: &str, sentence: &str, z: f64, evidence: Vec<Evidence>) -> Finding {
    Finding {
        rule: rule.to_owned(),
        sentence: sentence.to_owned(),
        z: Some(z),
        evidence,
    }
}

fn evidence(id: ParameterId, side: &str, value: f64, norm: Option<(f64, f64)>) -> Evidence {
    Evidence {
        parameter: id.name().to_owned(),
        side: side.to_owned(),
        value,
        unit: id.unit().to_owned(),
        norm: norm.map(|(mean, sd)| NormValue {
            mean,
            sd,
            source: ADULTS.to_owned(),
        }),
        frames: vec![[31, 153], [153, 275], [275, 397]],
    }
}

fn assessment() -> Assessment {
    use ParameterId as P;
    let knee = Evidence {
        parameter: "knee_flexion".to_owned(),
        side: "right".to_owned(),
        value: 31.4,
        unit: "°".to_owned(),
        norm: Some(NormValue {
            mean: 59.2,
            sd: 5.0,
            source: ADULTS.to_owned(),
        }),
        frames: vec![[96, 218], [218, 340]],
    };
    Assessment {
        findings: vec![
            finding(
                "peak_knee_flexion",
                "The right knee flexes 31° at most in swing, 5.6 SD below the norm of 59 ± 5°.",
                -5.6,
                vec![knee],
            ),
            finding(
                "step_length",
                "Steps of the left foot are short: 0.51 m, 2.6 SD below the norm of 0.67 ± 0.06 m.",
                -2.6,
                vec![evidence(P::StepLength, "left", 0.508, Some((0.665, 0.06)))],
            ),
            finding(
                "stance",
                "Stance on the right lasts 58.0 % of the cycle, 2.6 SD below the norm; on the left 66.0 %, 2.4 SD above it.",
                -2.6,
                vec![
                    evidence(P::Stance, "right", 58.0, Some((62.1, 1.6))),
                    evidence(P::Stance, "left", 66.0, Some((62.1, 1.6))),
                ],
            ),
            finding(
                "speed",
                "Walking speed is 0.89 m/s, 2.2 SD below the norm of 1.24 ± 0.16 m/s.",
                -2.2,
                vec![evidence(P::Speed, "both", 0.89, Some((1.24, 0.16)))],
            ),
            finding(
                "step_asymmetry",
                "Steps are uneven: the right step is 14 % longer than the left.",
                2.1,
                vec![
                    evidence(P::StepLength, "left", 0.508, None),
                    evidence(P::StepLength, "right", 0.582, None),
                ],
            ),
        ],
        withheld: vec![WithheldRule {
            rule: "arm_swing_asymmetry".to_owned(),
            reason: "no wrist marker was recorded".to_owned(),
        }],
        ..Assessment::default()
    }
}

fn methods() -> Vec<Method> {
    let method = |stage: &str, description: &str, settings: &[(&str, &str)]| Method {
        stage: stage.to_owned(),
        description: description.to_owned(),
        settings: settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    vec![
        method(
            "signal",
            "Gaps filled, then a zero-lag Butterworth low-pass.",
            &[
                ("cutoff_hz", "6 Hz"),
                ("effective_order", "4"),
                ("largest_gap_s", "0.20 s"),
            ],
        ),
        method(
            "events",
            "Median of the detectors that agree within the tolerance.",
            &[
                ("detectors", "zeni, oconnor_fva, hreljac"),
                ("tolerance_s", "0.05 s"),
            ],
        ),
        method(
            "parameters",
            "Means over the clean straight strides of each side.",
            &[
                ("minimum_strides_a_side", "2"),
                ("minimum_stride_time_s", "0.4 s"),
            ],
        ),
    ]
}
