//! Left and right repaired, jumps removed: on synthetic walkers whose labels are known.

use ambulo::Side;
use ambulo::identity::{ExchangeConfig, JumpConfig, remove_jumps, repair_keypoints, repair_motion};
use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::{Joint, on};
use ambulo::synth::{Camera, Noise, SeededRng, SyntheticTrial, Walker, film, noise, walk};

const LEG: [fn(Side) -> Joint; 6] = [
    on::hip,
    on::knee,
    on::ankle,
    on::heel,
    on::big_toe,
    on::small_toe,
];

fn walkers(rate_hz: f64) -> Vec<(&'static str, SyntheticTrial)> {
    [
        ("usual", Walker::default()),
        ("fast", Walker::fast()),
        ("shuffling", Walker::shuffling()),
        ("child", Walker::child()),
    ]
    .into_iter()
    .map(|(name, walker)| (name, walk(&walker.at_rate(rate_hz)).expect("a walker")))
    .collect()
}

fn cameras() -> [(&'static str, Camera); 3] {
    [
        ("side", Camera::beside(Side::Right, 8.0)),
        ("flat side", Camera::orthographic(Side::Left, 8.0)),
        ("front", Camera::in_front(8.0)),
    ]
}

fn jitter(jitter_px: f64, seed: u64) -> Noise {
    Noise {
        seed,
        jitter_px,
        dropout_share: if jitter_px > 0.0 { 0.02 } else { 0.0 },
        ..Noise::default()
    }
}

/// Exchanges the legs in runs of frames.
fn exchanged(keypoints: &Keypoints2d, runs: &[[usize; 2]]) -> Keypoints2d {
    let joints = keypoints.joints();
    let mut points = keypoints.points().to_vec();
    for &[start, end] in runs {
        for frame in start..end.min(keypoints.frames()) {
            for name in LEG {
                let index = |side| joints.iter().position(|&have| have == name(side));
                if let (Some(left), Some(right)) = (index(Side::Left), index(Side::Right)) {
                    points.swap(frame * joints.len() + left, frame * joints.len() + right);
                }
            }
        }
    }
    Keypoints2d::new(
        joints.to_vec(),
        keypoints.time().clone(),
        keypoints.image_size_px(),
        points,
    )
    .expect("the same points")
}

/// Frames whose legs are labelled wrongly by more than `slack_px`, of two recordings.
fn wrong_frames(repaired: &Keypoints2d, clean: &Keypoints2d, slack_px: f64) -> Vec<usize> {
    (0..clean.frames())
        .filter(|&frame| {
            clean.joints().iter().enumerate().any(|(index, joint)| {
                LEG.iter().any(|name| name(Side::Left) == *joint)
                    && match (repaired.frame(frame)[index], clean.frame(frame)[index]) {
                        (Some(a), Some(b)) => {
                            nalgebra::distance(&a.position_px, &b.position_px) > slack_px
                        }
                        _ => false,
                    }
            })
        })
        .collect()
}

#[test]
fn a_clean_walk_is_left_as_it_is() {
    for rate_hz in [25.0, 60.0, 240.0] {
        for (name, trial) in walkers(rate_hz) {
            for (view, camera) in cameras() {
                for jitter_px in [0.0, 1.0, 3.0] {
                    let filmed = noise(&film(&trial, &camera), &jitter(jitter_px, 5));
                    let repair = repair_keypoints(&filmed, &ExchangeConfig::default());
                    assert!(
                        repair.legs.is_empty() && repair.arms.is_empty(),
                        "{name} {view} {rate_hz} Hz {jitter_px} px: {:?} {:?} of {}",
                        repair.legs,
                        repair.arms,
                        filmed.frames()
                    );
                    assert_eq!(repair.recording, filmed);
                }
            }
        }
    }
}

/// The recording as detectors see legs that pass: both legs' joints where the swinging leg is, while they are near each
/// other.
fn drawn_together(clean: &Keypoints2d) -> Keypoints2d {
    let joints = clean.joints();
    let index = |joint| joints.iter().position(|&have| have == joint);
    let [left, right] = Side::BOTH.map(|side| index(on::ankle(side)).expect("ankles"));
    let at = |frame: usize, joint: usize| clean.frame(frame)[joint].map(|p| p.position_px);
    let apart = |frame| Some((at(frame, left)? - at(frame, right)?).norm());
    let widest = (0..clean.frames()).filter_map(apart).fold(0.0, f64::max);
    let moved = |frame: usize, joint: usize| {
        let step = at(frame + 1, joint)? - at(frame - 1, joint)?;
        Some(step.norm())
    };
    let mut points = clean.points().to_vec();
    for frame in 1..clean.frames() - 1 {
        if apart(frame).is_none_or(|apart| apart > 0.3 * widest) {
            continue;
        }
        let (Some(l), Some(r)) = (moved(frame, left), moved(frame, right)) else {
            continue;
        };
        let (from, to) = if l > r {
            (Side::Left, Side::Right)
        } else {
            (Side::Right, Side::Left)
        };
        for name in &LEG[1..] {
            let (Some(from), Some(to)) = (index(name(from)), index(name(to))) else {
                continue;
            };
            points[frame * joints.len() + to] = clean.frame(frame)[from];
        }
    }
    let (joints, time) = (joints.to_vec(), clean.time().clone());
    Keypoints2d::new(joints, time, clean.image_size_px(), points).expect("the same points")
}

#[test]
fn legs_that_pass_where_both_are_drawn_at_one_place_do_not_turn_back() {
    for rate_hz in [25.0, 30.0, 60.0] {
        for (name, trial) in walkers(rate_hz) {
            for seed in 0..4 {
                let filmed = film(&trial, &Camera::beside(Side::Right, 8.0));
                let seen = noise(&drawn_together(&filmed), &jitter(3.0, seed));
                let repair = repair_keypoints(&seen, &ExchangeConfig::default());
                // A single frame may go either way where legs lie over each other.
                assert!(
                    repair.leg_frames() <= 1,
                    "{name} {rate_hz} Hz {seed}: {:?}",
                    repair.legs
                );
            }
        }
    }
}

#[test]
fn nineteen_of_twenty_exchanged_frames_are_repaired() {
    let (mut all, mut left) = (0, 0);
    let mut report = Vec::new();
    for rate_hz in [30.0, 120.0] {
        for (name, trial) in walkers(rate_hz) {
            for (view, camera) in cameras() {
                for (jitter_px, seed) in [(0.0, 1), (1.5, 2), (3.0, 3)] {
                    let clean = noise(&film(&trial, &camera), &jitter(jitter_px, seed));
                    let mut rng = SeededRng::new(seed + 100);
                    let mut runs = Vec::new();
                    let mut at = 2 + rng.below(15);
                    while at < clean.frames() {
                        let length = 1 + rng.below(20);
                        runs.push([at, (at + length).min(clean.frames())]);
                        at += length + 20 + rng.below(40);
                    }
                    let spoiled = exchanged(&clean, &runs);
                    let repair = repair_keypoints(&spoiled, &ExchangeConfig::default());
                    let slack_px = 8.0_f64.max(4.0 * jitter_px);
                    let before = wrong_frames(&spoiled, &clean, slack_px).len();
                    let after = wrong_frames(&repair.recording, &clean, slack_px).len();
                    all += before;
                    left += after;
                    if after * 20 > before {
                        report.push(format!(
                            "{name} {view} {rate_hz} Hz {jitter_px} px: {after} of {before} left"
                        ));
                    }
                }
            }
        }
    }
    let report = report.join("\n");
    println!("{left} of {all} exchanged frames left\n{report}");
    assert!(all > 1000 && left * 20 <= all, "{left} of {all}\n{report}");
}

#[test]
fn markers_that_change_sides_are_put_back() {
    let trial = walk(&Walker::default()).expect("a walker");
    let motion = &trial.motion;
    let clean = repair_motion(motion, &ExchangeConfig::default());
    assert!(clean.legs.is_empty() && clean.arms.is_empty());
    let mirrored: Vec<usize> = motion
        .joints()
        .iter()
        .map(|joint| {
            let partner = if LEG.iter().any(|name| Side::BOTH.map(name).contains(joint)) {
                joint.mirrored()
            } else {
                *joint
            };
            motion
                .joints()
                .iter()
                .position(|&have| have == partner)
                .expect("both sides")
        })
        .collect();
    let mut positions_m = Vec::new();
    for frame in 0..motion.frames() {
        for (index, &partner) in mirrored.iter().enumerate() {
            let from = if (40..70).contains(&frame) {
                partner
            } else {
                index
            };
            positions_m.push(motion.frame(frame)[from]);
        }
    }
    let spoiled =
        ambulo::motion::Motion3d::new(motion.joints().to_vec(), motion.time().clone(), positions_m)
            .expect("the same positions");
    let repair = repair_motion(&spoiled, &ExchangeConfig::default());
    assert_eq!(repair.legs, [[40, 70]]);
}

#[test]
fn jumps_are_removed_and_steps_are_not() {
    for rate_hz in [25.0, 30.0, 60.0, 120.0] {
        for (name, trial) in walkers(rate_hz) {
            let filmed = film(&trial, &Camera::beside(Side::Right, 8.0));
            let noisy = noise(&filmed, &jitter(1.5, 9));
            let clean = remove_jumps(&noisy, &JumpConfig::default());
            assert_eq!(clean.count(), 0, "{name} {rate_hz} Hz: {:?}", clean.removed);
            let thrown = Noise {
                outlier_share: 0.02,
                outlier_px: 200.0,
                ..jitter(1.5, 9)
            };
            let spoiled = noise(&filmed, &thrown);
            let cleaned = remove_jumps(&spoiled, &JumpConfig::default());
            let (mut far, mut kept) = (0, 0);
            for ((truth, spoiled), cleaned) in filmed
                .points()
                .iter()
                .zip(spoiled.points())
                .zip(cleaned.recording.points())
            {
                if let (Some(truth), Some(spoiled)) = (truth, spoiled)
                    && nalgebra::distance(&truth.position_px, &spoiled.position_px) > 120.0
                {
                    far += 1;
                    kept += usize::from(cleaned.is_some());
                }
            }
            assert!(
                far > 20 && kept * 20 <= far,
                "{name} {rate_hz} Hz: {kept} of {far} kept"
            );
        }
    }
}
