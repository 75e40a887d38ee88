//! Analyses made by hand: a plausible walk with a stiff right knee, and what remains of it when
//! parts are missing.

mod assessed;
mod numbers;
mod strides;

use std::collections::BTreeMap;

use ambulo::analysis::{
    Analysis, Indices, Input, Lead, Learned, Lifting, Method, Norms, Provenance, SCHEMA_VERSION,
};
use ambulo::assessment::{Assessment, Evidence, Finding, SecondOpinion};
use ambulo::bouts::Bout;
use ambulo::cycles::RejectedCycle;
use ambulo::events::GaitEvent;
use ambulo::kinematics::{AngleId, AngleMethod};
use ambulo::lifting::CameraView;
use ambulo::parameters::{Origin, ParameterId, ParameterSummary, Status, Stride, Summary};
use ambulo::quality::{Grade, Quality, QualityFinding};
use ambulo::subject::{Sex, Subject};
use ambulo::walk::{LengthUnit, Surface, View};
use ambulo::{PerSide, Side};

use assessed::{assessment, evidence, finding};
use numbers::{angles, indices, norms, parameters, valid, withheld};
use strides::{bouts, events, strides};

const RATE_HZ: f64 = 100.0;
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
        slow("Against the reference walkers, walking speed is clearly slow."),
    ];
    analysis.assessment.struck_sentences = 1;
    analysis.assessment.second_opinion = Some(SecondOpinion {
        scorer: "assess_reasoner".to_owned(),
        reads: "motion_and_measurements".to_owned(),
        score: Some(1),
        probabilities: vec![0.31, 0.52, 0.16, 0.01],
        rationale: vec![slow("The pace of walking is noticeably slow.")],
        struck_sentences: 2,
    });
    analysis
}

/// A sentence about the walking speed.
fn slow(sentence: &str) -> Finding {
    let speed = evidence(ParameterId::Speed, "both", 0.89, Some((1.24, 0.16)));
    finding("overall_speed", sentence, -2.2, vec![speed])
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
