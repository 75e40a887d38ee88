//! Poses without a place, put on the ground: lengths, speed and angles of synthetic walkers filmed
//! from all sides, with a lifter that makes no mistake.

use ambulo::Side;
use ambulo::bouts::{BoutConfig, find_bouts};
use ambulo::cycles::{CycleConfig, find_cycles};
use ambulo::kinematics::{AngleConfig, AngleId, angles};
use ambulo::lifting::{
    Evidence, Grounded, GroundingError, along_the_walk, direction_of, events_of, grounded,
    seen_across,
};
use ambulo::motion::Motion3d;
use ambulo::parameters::{
    GaitParameters, ParameterConfig, ParameterId, SummaryContext, measure, summarise,
};
use ambulo::signal::smooth::Smoothing;
use ambulo::skeleton::{Joint, JointMap};
use ambulo::synth::{self, Camera, SyntheticTrial, Walker};
use ambulo::walk::{Surface, WalkConfig, from_motion};
use nalgebra::Point3;

const EVERY_SIDE: [f64; 9] = [90.0, -90.0, 60.0, 45.0, -30.0, 0.0, 15.0, 180.0, 130.0];

fn camera(azimuth_deg: f64) -> Camera {
    Camera {
        azimuth_deg,
        distance_m: 12.0,
        ..Camera::default()
    }
}

fn walker() -> Walker {
    Walker {
        strides: 6,
        ..Walker::default().at_rate(50.0)
    }
}

fn walked(walker: &Walker) -> SyntheticTrial {
    synth::walk(walker).expect("a possible walk")
}

/// Poses on firm ground, by their own events.
fn placed(poses: &Motion3d, seen_x: Option<&[Option<f64>]>) -> Grounded {
    let evidence = Evidence {
        surface: Surface::Overground,
        events: &events_of(poses),
        seen_x,
    };
    grounded(poses, &evidence).expect("feet and legs")
}

/// The lifted motion in the world of ISB, without its camera's help.
fn on_the_ground(poses: &Motion3d) -> Motion3d {
    let motion = placed(poses, None).motion;
    let direction = direction_of(&motion, 0..motion.frames(), Surface::Overground);
    along_the_walk(&motion, direction.expect("it goes somewhere"))
}

fn measured(motion: &Motion3d, trial: &SyntheticTrial) -> GaitParameters {
    let search = find_bouts(motion, &BoutConfig::default());
    let cycles = find_cycles(&trial.truth.events, &search.bouts, &CycleConfig::default()).cycles;
    let config = ParameterConfig::default();
    let mut strides = Vec::new();
    let mut context = None;
    for (index, bout) in search.bouts.iter().enumerate() {
        let (walk_config, surface) = (WalkConfig::default(), Surface::Overground);
        let walk = from_motion(motion, bout, &walk_config, surface, &trial.subject());
        let mine: Vec<_> = cycles.iter().filter(|c| c.bout == index).copied().collect();
        let angles = angles(&walk, &AngleConfig::default());
        strides.extend(measure(&walk, &mine, &angles, &config));
        context.get_or_insert(SummaryContext::of(&walk, 0.01, &config));
    }
    summarise(&strides, &context.expect("a bout"), &config)
}

fn value(parameters: &GaitParameters, id: ParameterId, side: Option<Side>) -> f64 {
    let parameter = &parameters[&id];
    let summary = match side {
        Some(Side::Left) => &parameter.left,
        Some(Side::Right) => &parameter.right,
        None => &parameter.both,
    };
    let summary = summary.as_ref().expect("a summary");
    summary
        .value
        .unwrap_or_else(|| panic!("{}: {:?}", id.name(), summary.reason))
}

#[track_caller]
fn check(
    parameters: &GaitParameters,
    trial: &SyntheticTrial,
    share: f64,
    width_m: f64,
    what: &str,
) {
    let truth = &trial.truth;
    let speed = value(parameters, ParameterId::Speed, None);
    let off = speed / truth.speed_mps - 1.0;
    assert!(off.abs() < share, "{what}: speed {speed}, off by {off:.4}");
    for side in Side::BOTH {
        let length = value(parameters, ParameterId::StepLength, Some(side));
        let off = length / truth.step_length_m.get(side) - 1.0;
        assert!(off.abs() < share, "{what}: step {length}, off by {off:.4}");
        let width = value(parameters, ParameterId::StepWidth, Some(side));
        let off = width - truth.step_width_m.get(side);
        assert!(
            off.abs() < width_m,
            "{what}: width {width}, off by {off:.4}"
        );
    }
}

#[test]
fn speed_and_steps_come_out_within_one_percent_from_every_side() {
    let trial = walked(&Walker {
        step_length_asymmetry: 0.1,
        ..walker()
    });
    for azimuth_deg in EVERY_SIDE {
        let motion = on_the_ground(&synth::lifted(&trial, &camera(azimuth_deg)));
        let what = format!("from {azimuth_deg}°");
        check(&measured(&motion, &trial), &trial, 0.01, 0.003, &what);
    }
}

#[test]
fn children_shufflers_and_fast_walkers_keep_their_feet_too() {
    for (what, walker) in [
        ("child", Walker::child()),
        ("shuffling", Walker::shuffling()),
        ("fast", Walker::fast()),
    ] {
        for rate_hz in [30.0, 100.0] {
            let trial = walked(&Walker {
                strides: 8,
                ..walker.clone().at_rate(rate_hz)
            });
            let motion = on_the_ground(&synth::lifted(&trial, &camera(40.0)));
            let what = format!("{what} at {rate_hz} Hz");
            check(&measured(&motion, &trial), &trial, 0.02, 0.005, &what);
        }
    }
}

#[test]
fn knee_flexion_stays_within_one_degree_from_every_side() {
    let trial = walked(&walker().at_rate(100.0));
    for azimuth_deg in EVERY_SIDE {
        let motion = on_the_ground(&synth::lifted(&trial, &camera(azimuth_deg)));
        let search = find_bouts(&motion, &BoutConfig::default());
        let bout = &search.bouts[0];
        let light = Smoothing::with_cutoff(40.0);
        let config = WalkConfig {
            markers: light,
            pelvis: light,
            ..WalkConfig::default()
        };
        let walk = from_motion(
            &motion,
            bout,
            &config,
            Surface::Overground,
            &trial.subject(),
        );
        let series = angles(&walk, &AngleConfig::default());
        for side in Side::BOTH {
            let track = series.track(side, AngleId::KneeFlexion).expect("knees");
            let truth = trial
                .truth
                .angles
                .track(side, AngleId::KneeFlexion)
                .expect("knees");
            let squares: Vec<f64> = (0..walk.frames())
                .filter_map(|frame| {
                    let is = track.degrees[frame]?;
                    let was = truth.degrees[walk.start_frame() + frame]?;
                    Some((is - was).powi(2))
                })
                .collect();
            let rms_deg = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
            assert!(
                rms_deg < 1.0,
                "{azimuth_deg}°: {rms_deg:.2}° of the {}",
                side.name()
            );
        }
    }
}

/// Every joint of every frame moved by a normal draw.
fn shaken(poses: &Motion3d, sd_m: f64, seed: u64) -> Motion3d {
    let mut rng = synth::SeededRng::new(seed);
    let positions = poses
        .positions_m()
        .iter()
        .map(|p| p.map(|p| Point3::from(p.coords.map(|c| c + sd_m * rng.normal()))))
        .collect();
    Motion3d::new(poses.joints().to_vec(), poses.time().clone(), positions).expect("a motion")
}

#[test]
fn jitter_of_three_centimetres_costs_a_few_percent_of_speed() {
    let trial = walked(&Walker {
        strides: 10,
        ..walker()
    });
    for (azimuth_deg, seed) in [(90.0, 1), (45.0, 2), (0.0, 3)] {
        let poses = shaken(&synth::lifted(&trial, &camera(azimuth_deg)), 0.03, seed);
        let parameters = measured(&on_the_ground(&poses), &trial);
        let speed = value(&parameters, ParameterId::Speed, None);
        let off = speed / trial.truth.speed_mps - 1.0;
        assert!(off.abs() < 0.03, "from {azimuth_deg}°: off by {off:.3}");
    }
}

#[test]
fn ankles_alone_give_speed_within_five_percent() {
    let trial = walked(&walker());
    let joints = [
        Joint::LeftHip,
        Joint::RightHip,
        Joint::LeftKnee,
        Joint::RightKnee,
        Joint::LeftAnkle,
        Joint::RightAnkle,
        Joint::LeftShoulder,
        Joint::RightShoulder,
    ];
    for azimuth_deg in [90.0, 45.0, 0.0] {
        let poses = synth::lifted(&trial, &camera(azimuth_deg));
        let map = JointMap::between(poses.joints(), &joints).expect("a subset");
        let motion = on_the_ground(&poses.mapped(&joints, &map));
        let parameters = measured(&motion, &trial);
        let speed = value(&parameters, ParameterId::Speed, None);
        let off = speed / trial.truth.speed_mps - 1.0;
        assert!(
            off.abs() < 0.05,
            "from {azimuth_deg}°: {speed}, off by {off:.3}"
        );
    }
}

#[test]
fn the_mirror_image_walks_the_mirrored_path() {
    let trial = walked(&Walker {
        step_length_asymmetry: 0.2,
        ..walker()
    });
    let poses = synth::lifted(&trial, &camera(50.0));
    let straight = placed(&poses, None);
    let mirrored = placed(&poses.mirrored(), None);
    let back = mirrored.motion.mirrored();
    assert_eq!(back.joints(), straight.motion.joints());
    for (a, b) in back.positions_m().iter().zip(straight.motion.positions_m()) {
        assert!((a.expect("seen") - b.expect("seen")).norm() < 1e-9);
    }
    assert!((mirrored.slip - straight.slip).abs() < 1e-9);
}

#[test]
fn twice_the_frame_rate_changes_no_path() {
    let lengths = [50.0, 100.0, 200.0].map(|hz| {
        let trial = walked(&walker().at_rate(hz));
        let motion = on_the_ground(&synth::lifted(&trial, &camera(60.0)));
        let pelvis = motion.trajectory(Joint::Pelvis).expect("a pelvis");
        let ends = [
            pelvis[0].expect("seen"),
            pelvis[pelvis.len() - 1].expect("seen"),
        ];
        ends[1].x - ends[0].x
    });
    for length in lengths {
        assert!((length / lengths[2] - 1.0).abs() < 0.01, "{lengths:?}");
    }
}

#[test]
fn the_camera_takes_the_drift_out_across_the_picture() {
    // Poses a tenth too short along the picture: the feet alone would give a tenth less.
    let trial = walked(&walker());
    let camera = Camera::beside(Side::Right, 9.0);
    let poses = synth::lifted(&trial, &camera);
    let positions = poses
        .positions_m()
        .iter()
        .map(|p| p.map(|p| Point3::new(0.9 * p.x, p.y, p.z)))
        .collect();
    let short = Motion3d::new(poses.joints().to_vec(), poses.time().clone(), positions);
    let short = short.expect("a motion");
    let keypoints = synth::film(&trial, &camera);
    let seen = seen_across(&keypoints, &short, 0.2).expect("seen");
    assert!(seen.misfit < 0.1, "{}", seen.misfit);
    let speed = |seen_x| {
        let motion = placed(&short, seen_x).motion;
        value(&measured(&motion, &trial), ParameterId::Speed, None)
    };
    let truth = trial.truth.speed_mps;
    let (alone, helped) = (
        speed(None) / truth - 1.0,
        speed(Some(&seen.x)) / truth - 1.0,
    );
    assert!((alone + 0.1).abs() < 0.03, "{alone}");
    assert!(helped.abs() < 0.03, "{helped}");
}

#[test]
fn the_camera_sees_the_place_across_the_picture_whatever_the_distance() {
    let trial = walked(&walker());
    for azimuth_deg in [90.0, 60.0, 45.0, 20.0] {
        let camera = Camera {
            distance_m: 9.0,
            ..camera(azimuth_deg)
        };
        let poses = synth::lifted(&trial, &camera);
        let seen = seen_across(&synth::film(&trial, &camera), &poses, 0.2).expect("seen");
        let motion = placed(&poses, None).motion;
        let pelvis = motion.trajectory(Joint::Pelvis).expect("a pelvis");
        let offsets: Vec<f64> = seen
            .x
            .iter()
            .zip(&pelvis)
            .filter_map(|(x, p)| Some((*x)? - (*p)?.x))
            .collect();
        let (low, high) = offsets
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &o| {
                (l.min(o), h.max(o))
            });
        assert!(high - low < 0.12, "{azimuth_deg}°: {:.3} m", high - low);
    }
}

#[test]
fn on_a_belt_the_body_stays_and_the_feet_are_carried() {
    let trial = walked(&Walker {
        treadmill: true,
        ..walker()
    });
    let poses = synth::lifted(&trial, &camera(90.0));
    let evidence = Evidence {
        surface: Surface::Treadmill {
            belt_speed_mps: None,
        },
        events: &events_of(&poses),
        seen_x: None,
    };
    let grounded = grounded(&poses, &evidence).expect("a walk");
    let pelvis = grounded.motion.trajectory(Joint::Pelvis).expect("a pelvis");
    assert!(
        pelvis
            .iter()
            .flatten()
            .all(|p| p.x.abs() < 1e-9 && p.z.abs() < 1e-9)
    );
    let direction = direction_of(&grounded.motion, 0..pelvis.len(), evidence.surface);
    assert!((direction.expect("it faces somewhere").x - 1.0).abs() < 0.01);
    assert!(grounded.slip < 0.1, "{}", grounded.slip);
}

#[test]
fn the_floor_is_at_zero_under_the_standing_feet() {
    let trial = walked(&walker());
    let motion = on_the_ground(&synth::lifted(&trial, &camera(30.0)));
    let heel = motion.trajectory(Joint::LeftHeel).expect("a heel");
    let mut heights: Vec<f64> = heel.iter().flatten().map(|p| p.y).collect();
    heights.sort_by(f64::total_cmp);
    assert!(
        heights[heights.len() / 4].abs() < 0.01,
        "{}",
        heights[heights.len() / 4]
    );
}

#[test]
fn what_cannot_be_put_on_the_ground_says_why() {
    let trial = walked(&walker());
    let poses = synth::lifted(&trial, &camera(90.0));
    let evidence = Evidence {
        surface: Surface::Overground,
        events: &[],
        seen_x: None,
    };
    let only = |joints: &[Joint]| {
        let map = JointMap::between(poses.joints(), joints).expect("a subset");
        grounded(&poses.mapped(joints, &map), &evidence).unwrap_err()
    };
    let hips = [Joint::LeftHip, Joint::RightHip];
    assert_eq!(only(&hips), GroundingError::NoLeg);
    let legs = [
        Joint::LeftHip,
        Joint::LeftKnee,
        Joint::LeftAnkle,
        Joint::RightHip,
    ];
    let map = JointMap::between(poses.joints(), &legs).expect("a subset");
    assert!(grounded(&poses.mapped(&legs, &map), &evidence).is_ok());
}
