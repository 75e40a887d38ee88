//! Lifting in the whole path, with a lifter that makes no mistake or a known one.

use ambulo::Side;
use ambulo::analysis::Lifting;
use ambulo::keypoints::Keypoints2d;
use ambulo::kinematics::{AngleCurves, AngleId, AngleMethod};
use ambulo::lifting::{CameraView, ErrorRow, ModelErrors, Residual};
use ambulo::motion::Motion3d;
use ambulo::parameters::{Origin, ParameterId, Status};
use ambulo::skeleton::{COCO_17, Joint, JointMap};
use ambulo::synth::{self, Camera, SyntheticTrial, Walker};
use ambulo::trial::{Recording, Trial};
use ambulo::walk::LengthUnit;
use ambulo_io::formats::Format;
use ambulo_io::keypoints::KeypointFormat;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::lifting::{Frame, Identity, Lifter, LiftingError, lift};
use ambulo_pipeline::read::LoadedTrial;
use ambulo_pipeline::{Analysed, analyze, analyze_with, artifacts};
use nalgebra::Point3;

use super::whole::{sound, summary, value};

/// A lifter that knows the walker.
struct Oracle {
    identity: Identity,
    /// In units of leg and trunk.
    poses: Motion3d,
    errors: Option<ModelErrors>,
}

impl Oracle {
    fn of(trial: &SyntheticTrial, camera: &Camera) -> Self {
        let truth = synth::lifted(trial, camera);
        let unit_m = 0.73 * trial.walker.height_m;
        let positions = truth.positions_m().iter();
        let positions = positions.map(|p| p.map(|p| Point3::from(p.coords / unit_m)));
        let (joints, time) = (truth.joints().to_vec(), truth.time().clone());
        Self {
            identity: Identity {
                name: "oracle 1".to_owned(),
                network: "none".to_owned(),
                weights_sha256: Some("0".repeat(64)),
            },
            poses: Motion3d::new(joints, time, positions.collect()).unwrap(),
            errors: None,
        }
    }

    /// With errors that were measured: small ones of the lifted numbers, `picture` of the others.
    fn measured(mut self, picture_knee_deg: f64) -> Self {
        let residual = |sd| Residual {
            bias: 0.0,
            sd,
            n: 12,
        };
        let views = [CameraView::Side, CameraView::Oblique, CameraView::Frontal];
        let lengths = [
            (ParameterId::Speed, 0.03),
            (ParameterId::StepLength, 0.02),
            (ParameterId::StepWidth, 0.02),
        ];
        let rows = views.into_iter().flat_map(|view| {
            lengths.map(|(quantity, sd)| ErrorRow {
                quantity,
                view,
                lifted: residual(sd),
                picture: None,
            })
        });
        let knees = views.map(|view| ErrorRow {
            quantity: AngleId::KneeFlexion,
            view,
            lifted: residual(5.0),
            picture: Some(residual(picture_knee_deg)),
        });
        self.errors = Some(ModelErrors {
            weights_sha256: "0".repeat(64),
            source: "a test".to_owned(),
            parameters: rows.collect(),
            angles: knees.to_vec(),
        });
        self
    }
}

impl Lifter for Oracle {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn lift(&mut self, _: &Keypoints2d) -> Result<Motion3d, LiftingError> {
        Ok(self.poses.clone())
    }

    fn errors(&self) -> Option<ModelErrors> {
        self.errors.clone()
    }
}

fn walked() -> SyntheticTrial {
    let walker = Walker {
        strides: 6,
        step_length_asymmetry: 0.1,
        ..Walker::default().at_rate(60.0)
    };
    synth::walk(&walker).unwrap()
}

fn camera(azimuth_deg: f64) -> Camera {
    Camera {
        azimuth_deg,
        distance_m: 12.0,
        ..Camera::default()
    }
}

fn loaded(trial: Trial) -> LoadedTrial {
    LoadedTrial {
        trial,
        name: "filmed".to_owned(),
        format: Format::Keypoints(KeypointFormat::Ambulo),
        sha256: String::new(),
        pose2d: None,
    }
}

#[track_caller]
fn analysed(trial: Trial, oracle: &mut Oracle) -> Analysed {
    let loaded = loaded(trial);
    let analysed = analyze_with(&loaded, &Config::default(), Some(oracle), &mut |_| {});
    sound(&analysed);
    analysed
}

#[track_caller]
fn lifting(analysed: &Analysed) -> &Lifting {
    let analysis = &analysed.analysis;
    let Some(lifting) = &analysis.lifting else {
        panic!(
            "{:?} {:?}",
            analysis.quality.findings,
            analysis.methods.last()
        );
    };
    lifting
}

#[track_caller]
fn check_lengths(analysed: &Analysed, trial: &SyntheticTrial, share: f64, what: &str) {
    let parameters = &lifting(analysed).parameters;
    let truth = &trial.truth;
    let speed = parameters[&ParameterId::Speed].both.as_ref().unwrap();
    let Some(value) = speed.value else {
        panic!("{what}: {:?}", speed.reason);
    };
    let off = value / truth.speed_mps - 1.0;
    assert!(off.abs() < share, "{what}: speed off by {off:.3}");
    let steps = &parameters[&ParameterId::StepLength];
    for (side, step) in [(Side::Left, &steps.left), (Side::Right, &steps.right)] {
        let step = step.as_ref().unwrap();
        let Some(step) = step.value else {
            panic!("{what}: {:?}", step.reason);
        };
        let off = step / truth.step_length_m.get(side) - 1.0;
        assert!(off.abs() < share, "{what}: step off by {off:.3}");
    }
    let width = parameters[&ParameterId::StepWidth].both.as_ref().unwrap();
    let Some(width) = width.value else {
        panic!("{what}: {:?}", width.reason);
    };
    let off = width - truth.step_width_m.left;
    assert!(off.abs() < 0.015, "{what}: width off by {off:.3}");
}

/// Root mean square of the difference of two mean curves of the knee, the worse side.
fn knee_apart_deg(a: &AngleCurves, b: &AngleCurves) -> f64 {
    let curve = |curves: &AngleCurves, side: Side| {
        let sides = &curves[&AngleId::KneeFlexion];
        sides.get(side).as_ref().unwrap().mean_deg.clone()
    };
    let apart = |side: Side| {
        let (a, b) = (curve(a, side), curve(b, side));
        let squares: f64 = a.iter().zip(&b).map(|(a, b)| (a - b).powi(2)).sum();
        (squares / a.len() as f64).sqrt()
    };
    apart(Side::Left).max(apart(Side::Right))
}

#[test]
fn lengths_and_knees_are_lifted_from_every_side() {
    let trial = walked();
    let space = analyze(&loaded(trial.recorded()), &Config::default(), &mut |_| {});
    for (azimuth_deg, view) in [
        (90.0, CameraView::Side),
        (-90.0, CameraView::Side),
        (45.0, CameraView::Oblique),
        (0.0, CameraView::Frontal),
        (180.0, CameraView::Frontal),
    ] {
        let camera = camera(azimuth_deg);
        let analysed = analysed(trial.filmed(&camera), &mut Oracle::of(&trial, &camera));
        let what = format!("from {azimuth_deg}°");
        assert_eq!(lifting(&analysed).view, view, "{what}");
        // From the front the events of the picture are coarser, and places are read at them.
        let (share, most_deg) = if view == CameraView::Frontal {
            (0.06, 8.0)
        } else {
            (0.03, 3.0)
        };
        check_lengths(&analysed, &trial, share, &what);
        let apart_deg = knee_apart_deg(&lifting(&analysed).angles, &space.analysis.angles);
        assert!(apart_deg < most_deg, "{what}: knees {apart_deg:.1}° apart");
    }
}

#[test]
fn from_the_front_lifted_lengths_lead_with_caution_and_hold_the_truth() {
    let trial = walked();
    let camera = camera(0.0);
    let flat = analyze(
        &loaded(trial.filmed(&camera)),
        &Config::default(),
        &mut |_| {},
    );
    assert_eq!(value(&flat, ParameterId::StepLength, Side::Left), None);
    let mut oracle = Oracle::of(&trial, &camera).measured(9.0);
    let lifted = analysed(trial.filmed(&camera), &mut oracle);
    for side in Side::BOTH {
        let step = summary(&lifted, ParameterId::StepLength, side);
        assert_eq!(
            (step.origin, step.status),
            (Origin::Lifted, Status::Caution)
        );
        assert!(step.reason.as_ref().unwrap().contains("three dimensions"));
        let [low, high] = step.ci95.unwrap();
        let truth = *trial.truth.step_length_m.get(side);
        assert!((low..=high).contains(&truth), "{truth} in {low}..{high}");
        assert!(high - low > 2.0 * 1.9 * 0.02, "{low}..{high}");
    }
    let times = summary(&lifted, ParameterId::StrideTime, Side::Left);
    assert_eq!(times.origin, Origin::Measured);
    let knee = &lifted.analysis.angles[&AngleId::KneeFlexion];
    assert_eq!(knee.left.as_ref().unwrap().method, AngleMethod::Lifted);
    assert!(lifted.analysis.indices.gps_overall_deg.is_none());
    assert_eq!(
        lifted.analysis.provenance.weights_sha256["lifter"].len(),
        64
    );
}

#[test]
fn what_stands_out_is_told_with_the_numbers_of_the_table() {
    let walker = Walker {
        strides: 6,
        step_length_asymmetry: 0.3,
        ..Walker::default().at_rate(60.0)
    };
    let trial = synth::walk(&walker).unwrap();
    let mut lifted = 0;
    for azimuth_deg in [0.0, 180.0] {
        let camera = camera(azimuth_deg);
        let mut oracle = Oracle::of(&trial, &camera).measured(9.0);
        let analysed = analysed(trial.filmed(&camera), &mut oracle);
        for finding in &analysed.analysis.assessment.findings {
            for evidence in &finding.evidence {
                let named = |id: &&ParameterId| id.name() == evidence.parameter;
                let Some(&id) = ParameterId::ALL.iter().find(named) else {
                    continue;
                };
                let side = Side::BOTH.into_iter().find(|it| it.name() == evidence.side);
                let shown = summary(&analysed, id, side);
                assert_eq!(shown.value, Some(evidence.value), "{}", finding.sentence);
                if shown.origin == Origin::Lifted {
                    lifted += 1;
                    let says_so = finding.sentence.contains("in three dimensions");
                    assert!(says_so, "{}", finding.sentence);
                }
            }
        }
    }
    assert!(lifted > 0, "no finding rests on a lifted number");
}

#[test]
fn without_measured_errors_nothing_lifted_leads() {
    let trial = walked();
    for azimuth_deg in [90.0, 0.0] {
        let camera = camera(azimuth_deg);
        let loaded = loaded(trial.filmed(&camera));
        let flat = analyze(&loaded, &Config::default(), &mut |_| {});
        let lifted = analysed(loaded.trial, &mut Oracle::of(&trial, &camera));
        assert_eq!(lifted.analysis.parameters, flat.analysis.parameters);
        assert_eq!(lifted.analysis.angles, flat.analysis.angles);
        assert_eq!(lifted.analysis.assessment, flat.analysis.assessment);
        let leads = &lifting(&lifted).parameter_leads;
        assert!(!leads.is_empty());
        assert!(leads.values().all(|lead| lead.by == Origin::Measured));
    }
}

#[test]
fn the_smaller_error_leads_for_the_knee() {
    let trial = walked();
    let camera = camera(90.0);
    for (picture_deg, method) in [(3.0, AngleMethod::Sagittal2d), (9.0, AngleMethod::Lifted)] {
        let mut oracle = Oracle::of(&trial, &camera).measured(picture_deg);
        let lifted = analysed(trial.filmed(&camera), &mut oracle);
        let knee = &lifted.analysis.angles[&AngleId::KneeFlexion];
        assert_eq!(knee.right.as_ref().unwrap().method, method);
        let outdone = &lifting(&lifted).outdone_angles;
        let is_outdone = outdone.contains_key(&AngleId::KneeFlexion);
        assert_eq!(is_outdone, method == AngleMethod::Lifted);
        assert!(ambulo_report::html(&lifted.analysis).contains("lifted-details"));
    }
}

#[test]
fn without_a_height_lifted_lengths_are_in_leg_lengths() {
    let trial = walked();
    let camera = camera(90.0);
    let mut filmed = trial.filmed(&camera);
    filmed.subject.height_m = None;
    let lifted = analysed(filmed, &mut Oracle::of(&trial, &camera));
    assert_eq!(lifting(&lifted).length_unit, LengthUnit::LegLengths);
    let steps = &lifting(&lifted).parameters[&ParameterId::StepLength];
    let step = steps.left.as_ref().unwrap();
    assert_eq!(step.unit, "leg lengths");
    let truth = trial.truth.step_length_m.left / trial.truth.leg_length_m;
    assert!((step.value.unwrap() / truth - 1.0).abs() < 0.03);
}

#[test]
fn the_lifted_motion_is_written_along_the_walk() {
    let trial = walked();
    let camera = camera(60.0);
    let lifted = analysed(trial.filmed(&camera), &mut Oracle::of(&trial, &camera));
    let motion = lifted.lifted.as_ref().unwrap();
    let pelvis = motion.trajectory(Joint::Pelvis).unwrap();
    let way = pelvis[pelvis.len() - 20].unwrap() - pelvis[20].unwrap();
    assert!(way.x > 3.0 && way.z.abs() < 0.25, "{way}");
    let right = motion.trajectory(Joint::RightHip).unwrap();
    let left = motion.trajectory(Joint::LeftHip).unwrap();
    assert!(right[50].unwrap().z > left[50].unwrap().z);
    let files = artifacts::of(&lifted).unwrap();
    for name in ["motion.trc", "keypoints.json"] {
        assert!(files.iter().any(|file| file.name == name), "{name}");
    }
}

#[test]
fn lifting_the_motion_alone_gives_either_space() {
    let trial = walked();
    let camera = camera(30.0);
    let loaded = loaded(trial.filmed(&camera));
    let mut oracle = Oracle::of(&trial, &camera);
    let config = Config::default();
    let around = lift(&loaded, &mut oracle, Frame::Gravity, &config).unwrap();
    let pelvis = around.motion.trajectory(Joint::Pelvis).unwrap();
    assert!(pelvis.iter().flatten().all(|p| p.coords.norm() < 1e-9));
    let world = lift(&loaded, &mut oracle, Frame::World, &config).unwrap();
    assert!(world.notes.is_empty(), "{:?}", world.notes);
    let pelvis = world.motion.trajectory(Joint::Pelvis).unwrap();
    assert!((pelvis[pelvis.len() - 1].unwrap() - pelvis[0].unwrap()).x > 3.0);
}

#[test]
fn what_cannot_be_lifted_says_why_and_the_picture_is_analysed() {
    let trial = walked();
    let camera = camera(90.0);
    let filmed = trial.filmed(&camera);
    let Recording::Keypoints(keypoints) = &filmed.recording else {
        panic!("a film");
    };
    let bodiless: Vec<Joint> = COCO_17
        .joints
        .iter()
        .copied()
        .filter(|joint| !joint.name().contains("shoulder"))
        .collect();
    let map = JointMap::between(keypoints.joints(), &bodiless).unwrap();
    let mut poor = filmed.clone();
    poor.recording = Recording::Keypoints(keypoints.mapped(&bodiless, &map));
    let mut oracle = Oracle::of(&trial, &camera);
    let error = lift(
        &loaded(poor.clone()),
        &mut oracle,
        Frame::World,
        &Config::default(),
    );
    let message = error.unwrap_err().to_string();
    assert!(
        message.contains("left_shoulder, right_shoulder"),
        "{message}"
    );
    let analysed = analysed(poor, &mut oracle);
    assert!(analysed.analysis.lifting.is_none());
    let methods = &analysed.analysis.methods;
    let method = methods
        .iter()
        .find(|method| method.stage == "lifting")
        .unwrap();
    assert!(
        method.description.contains("left_shoulder"),
        "{}",
        method.description
    );

    let mut short = filmed.clone();
    short.recording = Recording::Keypoints(keypoints.cut(0..30));
    let error = lift(
        &loaded(short),
        &mut oracle,
        Frame::World,
        &Config::default(),
    )
    .unwrap_err();
    assert!(matches!(error, LiftingError::TooShort { .. }), "{error}");
    let error = lift(
        &loaded(trial.recorded()),
        &mut oracle,
        Frame::World,
        &Config::default(),
    );
    assert!(matches!(error.unwrap_err(), LiftingError::AlreadyInSpace));
}

#[test]
fn a_camera_on_the_other_side_gives_the_same_steps() {
    let trial = walked();
    let of = |azimuth_deg: f64| {
        let camera = camera(azimuth_deg);
        let mut oracle = Oracle::of(&trial, &camera).measured(9.0);
        analysed(trial.filmed(&camera), &mut oracle)
    };
    let (one, other) = (of(40.0), of(-40.0));
    // The same walker from the two sides: the same steps, whatever side the camera stands on.
    let step = |analysed: &Analysed, side: Side| {
        let steps = &lifting(analysed).parameters[&ParameterId::StepLength];
        let step = match side {
            Side::Left => &steps.left,
            Side::Right => &steps.right,
        };
        step.as_ref().unwrap().value.unwrap()
    };
    for side in Side::BOTH {
        let (a, b) = (step(&one, side), step(&other, side));
        assert!((a / b - 1.0).abs() < 0.03, "{a} and {b}");
    }
}
