//! Synthetic walkers: every parameter against the truth that the walker was made from.

use ambulo::bouts::{Bout, BoutConfig, find_bouts, find_bouts_2d};
use ambulo::cycles::{CycleConfig, GaitCycle, find_cycles};
use ambulo::kinematics::{AngleConfig, angles};
use ambulo::motion::Motion3d;
use ambulo::parameters::{
    GaitParameters, ParameterConfig, ParameterId, SummaryContext, measure, summarise,
};
use ambulo::skeleton::Joint;
use ambulo::synth::{self, Camera, SyntheticTrial, Walker};
use ambulo::walk::{
    LengthUnit, PixelLengths, Surface, Walk, WalkConfig, from_keypoints, from_motion,
};
use ambulo::{PerSide, Side};
use nalgebra::Vector3;

use super::summary;

/// Cycles of the true events.
fn cycles_of(trial: &SyntheticTrial, bouts: &[Bout]) -> Vec<GaitCycle> {
    find_cycles(&trial.truth.events, bouts, &CycleConfig::default()).cycles
}

fn in_bout(cycles: &[GaitCycle], index: usize) -> Vec<GaitCycle> {
    let mine = cycles.iter().filter(|cycle| cycle.bout == index);
    mine.copied().collect()
}

fn analysed(walks: &[(Walk, Vec<GaitCycle>)]) -> GaitParameters {
    let config = ParameterConfig::default();
    let strides: Vec<_> = walks
        .iter()
        .flat_map(|(walk, cycles)| {
            let angles = angles(walk, &AngleConfig::default());
            measure(walk, cycles, &angles, &config)
        })
        .collect();
    let context = SummaryContext::of(&walks[0].0, 0.01, &config);
    summarise(&strides, &context, &config)
}

fn recorded(trial: &SyntheticTrial, surface: Surface) -> GaitParameters {
    let bouts = find_bouts(&trial.motion, &BoutConfig::default()).bouts;
    let cycles = cycles_of(trial, &bouts);
    let walks: Vec<_> = bouts
        .iter()
        .enumerate()
        .map(|(index, bout)| {
            let walk = from_motion(
                &trial.motion,
                bout,
                &WalkConfig::default(),
                surface,
                &trial.subject(),
            );
            (walk, in_bout(&cycles, index))
        })
        .collect();
    analysed(&walks)
}

fn filmed(trial: &SyntheticTrial, camera: &Camera) -> GaitParameters {
    let keypoints = synth::film(trial, camera);
    let search = find_bouts_2d(&keypoints, &BoutConfig::default());
    let cycles = cycles_of(trial, &search.bouts);
    let mut scale = PixelLengths::in_leg_lengths(&keypoints, 0.2).expect("legs are seen");
    for per_px in &mut scale.per_px {
        *per_px *= trial.truth.leg_length_m;
    }
    scale.unit = LengthUnit::Metres {
        relative_error: 0.02,
    };
    let walks: Vec<_> = search
        .bouts
        .iter()
        .enumerate()
        .map(|(index, bout)| {
            let walk = from_keypoints(
                &keypoints,
                bout,
                &scale,
                &WalkConfig::default(),
                search.facts[index].view,
                Surface::Overground,
                &trial.subject(),
            );
            (walk, in_bout(&cycles, index))
        })
        .collect();
    analysed(&walks)
}

#[track_caller]
fn close(
    parameters: &GaitParameters,
    id: ParameterId,
    truth: PerSide<f64>,
    tolerance: f64,
    what: &str,
) {
    for (side, &truth) in truth.iter() {
        let summary = summary(parameters, id, Some(side));
        let value = summary
            .value
            .unwrap_or_else(|| panic!("{what}, {}: {:?}", id.name(), summary.reason));
        assert!(
            (value - truth).abs() <= tolerance,
            "{what}, {} of the {}: {value}, truly {truth}",
            id.name(),
            side.name()
        );
    }
}

#[track_caller]
fn speed_is(parameters: &GaitParameters, truth_mps: f64, tolerance_mps: f64, what: &str) {
    let speed = summary(parameters, ParameterId::Speed, None);
    let value = speed
        .value
        .unwrap_or_else(|| panic!("{what}: {:?}", speed.reason));
    assert!(
        (value - truth_mps).abs() <= tolerance_mps,
        "{what}: {value} m/s, truly {truth_mps}"
    );
}

fn walkers() -> Vec<(&'static str, Walker)> {
    let uneven = Walker {
        step_length_asymmetry: 0.15,
        step_time_asymmetry: 0.1,
        heading_deg: 37.0,
        ..Walker::default()
    };
    let belt = Walker {
        treadmill: true,
        ..Walker::default()
    };
    vec![
        ("adult", Walker::default()),
        ("adult at 25 Hz", Walker::default().at_rate(25.0)),
        ("child", Walker::child()),
        ("shuffling", Walker::shuffling()),
        ("fast", Walker::fast()),
        ("uneven", uneven),
        ("on a belt", belt),
    ]
}

#[test]
fn motion_in_space_gives_the_truth() {
    for (what, walker) in walkers() {
        let trial = synth::walk(&walker).expect("a possible walker");
        let truth = &trial.truth;
        let surface = if walker.treadmill {
            Surface::Treadmill {
                belt_speed_mps: None,
            }
        } else {
            Surface::Overground
        };
        let found = recorded(&trial, surface);
        speed_is(&found, truth.speed_mps, 0.005, what);
        let check = |id, truth, tolerance| close(&found, id, truth, tolerance, what);
        check(ParameterId::StepLength, truth.step_length_m, 0.003);
        check(ParameterId::StrideLength, truth.stride_length_m, 0.003);
        check(ParameterId::StepWidth, truth.step_width_m, 0.002);
        check(ParameterId::StepTime, truth.step_time_s, 1e-6);
        check(ParameterId::StrideTime, truth.stride_time_s, 1e-6);
        check(ParameterId::Stance, truth.stance_pct, 1e-6);
        check(ParameterId::DoubleSupport, truth.double_support_pct, 1e-6);
        let out = truth.foot_progression_deg;
        check(ParameterId::FootProgressionAngle, out, 0.1);
        check(ParameterId::FootStrikeAngle, truth.foot_strike_deg, 2.5);
        let clearance = truth.minimum_toe_clearance_m;
        check(ParameterId::MinimumToeClearance, clearance, 0.005);
        check(ParameterId::ArmSwingRange, truth.arm_swing_deg, 0.2);
        let lean = summary(&found, ParameterId::TrunkLean, None).value;
        let lean = lean.expect("the trunk is seen");
        assert!((lean - truth.trunk_lean_deg).abs() < 0.05, "{what}: {lean}");
    }
}

/// The motion with two markers beside each wrist in place of its centre.
fn with_wrist_markers(trial: &SyntheticTrial) -> SyntheticTrial {
    let motion = &trial.motion;
    let beside = |joint| match joint {
        Joint::LeftWrist => Some([Joint::LeftThumbWrist, Joint::LeftLittleWrist]),
        Joint::RightWrist => Some([Joint::RightThumbWrist, Joint::RightLittleWrist]),
        _ => None,
    };
    let markers = motion
        .joints()
        .iter()
        .flat_map(|&joint| beside(joint).map_or(vec![joint], Vec::from));
    let half_m = Vector3::new(0.03, 0.0, 0.01);
    let positions_m = (0..motion.frames()).flat_map(|frame| {
        let joints = motion.joints().iter().zip(motion.frame(frame));
        joints.flat_map(|(&joint, at)| match beside(joint) {
            Some(_) => vec![at.map(|at| at + half_m), at.map(|at| at - half_m)],
            None => vec![*at],
        })
    });
    let motion = Motion3d::new(
        markers.collect(),
        motion.time().clone(),
        positions_m.collect(),
    );
    SyntheticTrial {
        motion: motion.expect("as many markers a frame"),
        ..trial.clone()
    }
}

#[test]
fn two_markers_on_a_wrist_stand_for_its_centre() {
    let trial = synth::walk(&Walker::default()).expect("a possible walker");
    let with_markers = with_wrist_markers(&trial);
    assert!(!with_markers.motion.has(Joint::LeftWrist));
    let found = recorded(&with_markers, Surface::Overground);
    let truth_deg = trial.truth.arm_swing_deg;
    close(
        &found,
        ParameterId::ArmSwingRange,
        truth_deg,
        0.2,
        "markers",
    );
    let centres = recorded(&trial, Surface::Overground);
    for side in Side::BOTH {
        let of = |found| summary(found, ParameterId::WristExcursion, Some(side)).value;
        let [markers, centres] = [of(&found), of(&centres)].map(|it| it.expect("it is seen"));
        assert!(
            (markers - centres).abs() < 1e-9,
            "{markers} m and {centres} m"
        );
    }
}

#[test]
fn one_camera_from_the_side_comes_close() {
    for (what, walker) in walkers().into_iter().take(5) {
        let trial = synth::walk(&walker).expect("a possible walker");
        let truth = &trial.truth;
        let length_m = walker.step_length_m() * 2.0 * (walker.strides as f64 + 1.0);
        let flat = filmed(&trial, &Camera::orthographic(Side::Right, length_m));
        speed_is(&flat, truth.speed_mps, 0.01, what);
        close(
            &flat,
            ParameterId::StepLength,
            truth.step_length_m,
            0.005,
            what,
        );
        // In perspective the far leg looks shorter: the sides are off, their mean is not.
        let deep = filmed(&trial, &Camera::beside(Side::Right, length_m));
        speed_is(&deep, truth.speed_mps, 0.01, what);
        let mean_m = f64::midpoint(truth.step_length_m.left, truth.step_length_m.right);
        let step = summary(&deep, ParameterId::StepLength, None).value;
        let step = step.expect("the feet are seen");
        assert!((step - mean_m).abs() < 0.02 * mean_m, "{what}: {step}");
        close(
            &deep,
            ParameterId::ArmSwingRange,
            truth.arm_swing_deg,
            0.5,
            what,
        );
    }
}
