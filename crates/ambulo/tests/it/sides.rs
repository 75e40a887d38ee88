//! Left and right decided over a clip, on synthetic walkers whose frames say them wrongly.

use ambulo::identity::sides::{DecidedSides, Place, SeenPair, SideConfig, Sighting, decide};
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::{COCO_23, Joint};
use ambulo::synth::{self, Camera, SeededRng, Walker};
use ambulo::time::TimeBase;
use nalgebra::{Point2, Vector2};

/// What a network says of each frame.
#[derive(Debug, Clone, Copy)]
struct Network {
    /// Share of the frames whose sides it has right.
    right: f64,
    /// How strongly it leans to the sides that it has chosen.
    lean: f64,
    /// Limbs closer than this share of the height are seen as one.
    merged: f64,
    /// Deviation of a place, as a share of the height.
    noise: f64,
    /// Share of the pairs that show a third place somewhere else.
    third: f64,
    seed: u64,
}

const FAIR: Network = Network {
    right: 0.6,
    lean: 0.5,
    merged: 0.04,
    noise: 0.008,
    third: 0.1,
    seed: 1,
};

struct Clip {
    truth: Keypoints2d,
    frames: Vec<Option<Sighting>>,
}

fn film(azimuth_deg: f64, rate_hz: f64) -> Keypoints2d {
    let walker = Walker {
        strides: 4,
        ..Walker::default().at_rate(rate_hz)
    };
    let trial = synth::walk(&walker).expect("a healthy adult");
    let distance_m = if azimuth_deg % 180.0 == 0.0 { 9.0 } else { 6.0 };
    let camera = Camera {
        azimuth_deg,
        distance_m,
        ..Camera::default()
    };
    synth::film(&trial, &camera)
}

/// The walker's height in pixels: from the higher ear to the lower heel, and a little.
fn size_px(points: &[Option<Keypoint>]) -> f64 {
    let ys = points.iter().flatten().map(|point| point.position_px.y);
    let (low, high) = ys.fold((f64::MAX, f64::MIN), |(low, high), y| {
        (low.min(y), high.max(y))
    });
    (high - low).max(1.0) / 0.93
}

fn seen(truth: &Keypoints2d, network: Network) -> Clip {
    let mut rng = SeededRng::new(network.seed);
    let pairs: Vec<[usize; 2]> = (0..COCO_23.joints.len())
        .filter_map(|left| {
            let right = COCO_23.index_of(COCO_23.joints[left].mirrored())?;
            (left < right).then_some([left, right])
        })
        .collect();
    let frames = (0..truth.frames())
        .map(|frame| {
            let truth = truth.frame(frame);
            if truth.iter().flatten().count() < 15 {
                return None;
            }
            let size_px = size_px(truth);
            let mut points: Vec<Option<Keypoint>> = truth.to_vec();
            for point in points.iter_mut().flatten() {
                let noise = Vector2::new(rng.normal(), rng.normal());
                point.position_px += noise * network.noise * size_px;
            }
            // Arms and legs are exchanged as a whole, each by itself.
            let [arms, legs] = [0, 1].map(|_| rng.unit() >= network.right);
            let seen = pairs
                .iter()
                .map(|&[left, right]| {
                    let exchanged = if left >= 11 { legs } else { arms };
                    let mut at = [left, right].map(|joint| points[joint].map(|p| p.position_px));
                    if let [Some(a), Some(b)] = &mut at
                        && nalgebra::distance(a, b) < network.merged * size_px
                    {
                        *a = *b;
                    }
                    if exchanged {
                        at.swap(0, 1);
                    }
                    let strong = f64::midpoint(1.0, network.lean);
                    let mut places: Vec<Place> = Vec::new();
                    let mut chosen = [None; 2];
                    for side in 0..2 {
                        let Some(position_px) = at[side] else {
                            continue;
                        };
                        let [left_share, right_share] = if side == 0 {
                            [strong, 1.0 - strong]
                        } else {
                            [1.0 - strong, strong]
                        };
                        if side == 1 && at[0] == at[1] {
                            places[0].left_share = 1.0;
                            places[0].right_share = 1.0;
                            chosen[1] = chosen[0];
                            continue;
                        }
                        chosen[side] = Some(places.len());
                        places.push(Place {
                            position_px,
                            left_share,
                            right_share,
                        });
                    }
                    if rng.unit() < network.third && !places.is_empty() {
                        let away = Vector2::new(rng.normal(), rng.normal()) * 0.15 * size_px;
                        places.push(Place {
                            position_px: places[0].position_px + away,
                            left_share: 0.3,
                            right_share: 0.3,
                        });
                        // Now and then it is the one that was chosen.
                        if rng.unit() < 0.3 && chosen[1].is_some() {
                            chosen[1] = Some(places.len() - 1);
                        }
                    }
                    for (joint, choice) in [left, right].into_iter().zip(chosen) {
                        points[joint] = choice.map(|choice| Keypoint {
                            position_px: places[choice].position_px,
                            confidence: 0.9,
                        });
                    }
                    SeenPair {
                        joints: [left, right],
                        places,
                        chosen,
                    }
                })
                .collect();
            Some(Sighting {
                points,
                pairs: seen,
                size_px,
            })
        })
        .collect();
    Clip {
        truth: truth.clone(),
        frames,
    }
}

fn decided(clip: &Clip) -> DecidedSides {
    decide(
        clip.truth.joints(),
        clip.truth.time(),
        clip.truth
            .image_size_px()
            .expect("a camera's picture has a size"),
        &clip.frames,
        &SideConfig::default(),
    )
}

/// Frames in which a pair of joints that lie apart is on its sides, and frames in which it lies apart.
fn right_sides(
    clip: &Clip,
    points: &[Vec<Option<Keypoint>>],
    [left, right]: [Joint; 2],
) -> (usize, usize) {
    let [left, right] =
        [left, right].map(|joint| COCO_23.index_of(joint).expect("one of its joints"));
    let (mut kept, mut counted) = (0, 0);
    for (frame, found) in points.iter().enumerate() {
        let truth = clip.truth.frame(frame);
        let at = |points: &[Option<Keypoint>], joint: usize| -> Option<Point2<f64>> {
            Some((*points.get(joint)?)?.position_px)
        };
        let (Some(l), Some(r)) = (at(truth, left), at(truth, right)) else {
            continue;
        };
        let (Some(found_l), Some(found_r)) = (at(found, left), at(found, right)) else {
            continue;
        };
        if nalgebra::distance(&l, &r) < 0.08 * size_px(truth) {
            continue;
        }
        counted += 1;
        let apart = |a: &Point2<f64>, b: &Point2<f64>| nalgebra::distance(a, b);
        kept += usize::from(
            apart(&l, &found_l) + apart(&r, &found_r) < apart(&l, &found_r) + apart(&r, &found_l),
        );
    }
    (kept, counted)
}

const LEGS: [[Joint; 2]; 3] = [
    [Joint::LeftKnee, Joint::RightKnee],
    [Joint::LeftAnkle, Joint::RightAnkle],
    [Joint::LeftBigToe, Joint::RightBigToe],
];

#[track_caller]
fn check_legs(clip: &Clip) {
    let found = decided(clip);
    for pair in LEGS {
        let (kept, counted) = right_sides(clip, &found.points, pair);
        assert!(counted > 30, "{pair:?} are apart in {counted} frames only");
        // Toes are told apart by their ankles, which now and then lie over each other.
        assert!(
            kept as f64 >= 0.94 * counted as f64,
            "{pair:?}: {kept} of {counted} frames ({:?})",
            found.legs
        );
    }
}

#[test]
fn from_the_side_no_exchange_is_left_whatever_single_frames_say() {
    for rate_hz in [30.0, 60.0, 120.0] {
        for azimuth_deg in [90.0, -90.0] {
            for seed in 0..3 {
                let network = Network { seed, ..FAIR };
                check_legs(&seen(&film(azimuth_deg, rate_hz), network));
            }
        }
    }
}

#[test]
fn from_the_side_the_near_foot_tells_what_no_map_says() {
    let blind = Network {
        right: 0.5,
        lean: 0.0,
        ..FAIR
    };
    for azimuth_deg in [90.0, -90.0] {
        check_legs(&seen(&film(azimuth_deg, 30.0), blind));
    }
}

#[test]
fn from_behind_the_heading_outweighs_maps_that_mirror_the_walker() {
    let mirrored = Network {
        right: 0.15,
        lean: 0.3,
        merged: 0.0,
        ..FAIR
    };
    for azimuth_deg in [180.0, 0.0] {
        let clip = seen(&film(azimuth_deg, 30.0), mirrored);
        let found = decided(&clip);
        for pair in [
            [Joint::LeftHip, Joint::RightHip],
            [Joint::LeftShoulder, Joint::RightShoulder],
        ] {
            let (kept, counted) = right_sides(&clip, &found.points, pair);
            assert!(kept as f64 >= 0.95 * counted as f64, "{kept} of {counted}");
        }
    }
}

/// Somebody who stands still as they are in the middle of a walk or some frames later, filmed by a camera that may be
/// tilted.
fn standing(azimuth_deg: f64, roll_deg: f64, frames_later: usize) -> Keypoints2d {
    let trial = synth::walk(&Walker::default()).expect("a healthy adult");
    let camera = Camera {
        azimuth_deg,
        distance_m: 5.0,
        height_m: 1.5,
        roll_deg,
        ..Camera::default()
    };
    let walk = synth::film(&trial, &camera);
    let one = walk.frame(walk.frames() / 2 + frames_later).to_vec();
    let time = TimeBase::uniform(60, 30.0).expect("two seconds");
    let points = one.iter().copied().cycle().take(60 * one.len()).collect();
    Keypoints2d::new(walk.joints().to_vec(), time, walk.image_size_px(), points)
        .expect("sixty times the same")
}

#[test]
fn of_who_stands_sideways_the_maps_alone_tell() {
    let fair = Network {
        right: 0.9,
        lean: 0.5,
        merged: 0.0,
        third: 0.0,
        ..FAIR
    };
    let ankles = [Joint::LeftAnkle, Joint::RightAnkle];
    let mut judged = 0;
    for azimuth_deg in [90.0, -90.0] {
        for frames_later in [0, 10, 20, 30, 40] {
            let clip = seen(&standing(azimuth_deg, 0.0, frames_later), fair);
            let (kept, counted) = right_sides(&clip, &decided(&clip).points, ankles);
            assert!(
                kept as f64 >= 0.95 * counted as f64,
                "{kept} of {counted} from {azimuth_deg}°, {frames_later} frames later"
            );
            judged += counted;
        }
    }
    assert!(judged > 200, "{judged} frames with ankles apart");
}

#[test]
fn maps_that_are_sure_are_believed_from_any_side() {
    let sure = Network {
        right: 0.9,
        lean: 0.9,
        ..FAIR
    };
    for azimuth_deg in [30.0, 60.0, 120.0, 150.0, 210.0, 300.0] {
        check_legs(&seen(&film(azimuth_deg, 30.0), sure));
    }
}

#[test]
fn arms_swing_against_the_legs() {
    let blind = Network {
        right: 0.5,
        lean: 0.0,
        third: 0.0,
        ..FAIR
    };
    for azimuth_deg in [90.0, -90.0] {
        let clip = seen(&film(azimuth_deg, 30.0), blind);
        let found = decided(&clip);
        let wrists = [Joint::LeftWrist, Joint::RightWrist];
        let (kept, counted) = right_sides(&clip, &found.points, wrists);
        assert!(kept as f64 >= 0.95 * counted as f64, "{kept} of {counted}");
    }
}

#[test]
fn nobody_and_one_frame_are_left_as_they_are() {
    let clip = seen(&film(90.0, 30.0), FAIR);
    let nobody = Clip {
        truth: clip.truth.cut(0..3),
        frames: vec![None, None, None],
    };
    assert!(decided(&nobody).points.iter().all(Vec::is_empty));
    let at = clip
        .frames
        .iter()
        .position(Option::is_some)
        .expect("someone");
    let one = Clip {
        truth: clip.truth.cut(at..at + 1),
        frames: vec![clip.frames[at].clone()],
    };
    assert_eq!(decided(&one).points[0].len(), COCO_23.joints.len());
}
