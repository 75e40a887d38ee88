//! The codec of gait parameters: the reference's columns, and what must hold for any walk.

use std::fs;

use ambulo::Side;
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::{BODY_25, COCO_17, COCO_23, Joint, JointMap};
use ambulo::synth::{Camera, FrameTimes, Walker, film, walk};
use ambulo::time::TimeBase;
use ambulo_nn::codec::params::{
    COLUMNS, FRAMES, Facing, Legs, ParamsError, ParamsTrack, ParamsWindow, Recipe, Usable,
};
use ambulo_nn::tensors::Tensors;
use ambulo_testkit::repository_root;
use nalgebra::Point2;

fn tensors(path: &std::path::Path) -> Tensors {
    Tensors::from_safetensors(&fs::read(path).unwrap())
        .unwrap()
        .0
}

/// The keypoints of a table of x, y, confidence; zeros and NaN are joints not seen.
fn keypoints_of(table: &[f32]) -> Keypoints2d {
    let points = table.chunks_exact(3).map(|triple| {
        let [x, y, confidence] = [0, 1, 2].map(|i| f64::from(triple[i]));
        (x != 0.0 && x.is_finite()).then(|| Keypoint {
            position_px: Point2::new(x, y),
            confidence,
        })
    });
    let time = TimeBase::uniform(table.len() / 75, 25.0).unwrap();
    Keypoints2d::new(BODY_25.joints.to_vec(), time, None, points.collect()).unwrap()
}

pub(crate) fn beside(rate_hz: f64, skeleton: &str, azimuth_deg: f64) -> Keypoints2d {
    let trial = walk(&Walker {
        strides: 7,
        frames: FrameTimes::Rate { hz: rate_hz },
        ..Walker::default()
    });
    let camera = Camera {
        skeleton: skeleton.to_owned(),
        azimuth_deg,
        ..Camera::beside(Side::Right, 20.0)
    };
    film(&trial.unwrap(), &camera)
}

fn columns(track: &ParamsTrack, facing: Facing) -> Vec<[Option<f64>; COLUMNS]> {
    (0..track.frames())
        .map(|frame| track.row(frame, facing))
        .collect()
}

fn changed(
    from: &Keypoints2d,
    change: impl Fn(usize, Joint, Keypoint) -> Option<Keypoint>,
) -> Keypoints2d {
    let joints = from.joints();
    let points = from.points().iter().enumerate().map(|(index, point)| {
        point.and_then(|point| change(index / joints.len(), joints[index % joints.len()], point))
    });
    Keypoints2d::new(joints.to_vec(), from.time().clone(), None, points.collect()).unwrap()
}

#[test]
fn columns_windows_and_inputs_are_those_of_the_reference() {
    let case = repository_root().join("testdata/parity/stt/preprocess");
    let input = tensors(&case.join("input.safetensors"));
    let expected = tensors(&case.join("expected.safetensors"));
    let track = ParamsTrack::new(
        &keypoints_of(input.get("input").unwrap().data()),
        Recipe::Paper,
    )
    .unwrap();
    for (name, facing) in [
        ("columns_swap_on", Facing::Left),
        ("columns_swap_off", Facing::AsFilmed),
    ] {
        let table = expected.get(name).unwrap();
        assert_eq!(table.shape(), [track.frames(), COLUMNS]);
        let found = columns(&track, facing);
        for (index, (&expected, found)) in
            table.data().iter().zip(found.iter().flatten()).enumerate()
        {
            let at = (name, index / COLUMNS, index % COLUMNS);
            match found {
                None => assert!(expected.is_nan(), "{at:?}: {expected} is missing"),
                Some(found) => {
                    let error = (found - f64::from(expected)).abs();
                    assert!(error <= 1e-5, "{at:?}: {found} for {expected}");
                }
            }
        }
    }
    let [left, right] = Side::BOTH.map(Legs::One);
    for (name, found) in [
        ("stt_n8_first_window", track.stt_input(0, Legs::Both)),
        ("stt_left_first_window", track.stt_input(0, left)),
        ("stt_right_first_window", track.stt_input(0, right)),
        ("cnn_both_23", track.cnn1d_input(0, Legs::Both)),
        ("cnn_left_12", track.cnn1d_input(0, left)),
        ("cnn_right_12", track.cnn1d_input(0, right)),
    ] {
        let (found, expected) = (found.unwrap(), expected.get(name).unwrap().data());
        assert_eq!(found.len(), expected.len(), "{name}");
        let errors = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
        assert!(errors.fold(0.0, f32::max) <= 1e-5, "{name}");
    }
}

#[test]
fn windows_of_the_reference_are_found_and_kept_alike() {
    let case = repository_root().join("testdata/parity/stt/preprocess");
    let input = tensors(&case.join("input.safetensors"));
    let json = fs::read(case.join("expected.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let expected = json["windows"].as_array().unwrap();
    let track = ParamsTrack::new(
        &keypoints_of(input.get("input").unwrap().data()),
        Recipe::Fixed,
    )
    .unwrap();
    let windows = track.windows();
    assert_eq!(windows.len(), expected.len());
    for (window, expected) in windows.iter().zip(expected) {
        assert_eq!(Some(window.start as u64), expected["start"].as_u64());
        assert_eq!(Some(window.is_kept), expected["kept"].as_bool());
        let missing = expected["worst_missing"].as_f64().unwrap();
        assert!((window.worst_missing - missing).abs() < 1e-12);
        let share = window.quality.interpolated_share;
        assert!(share > 0.0 && share <= window.worst_missing);
    }
}

#[test]
fn a_mirrored_walker_is_the_same_with_left_and_right_exchanged() {
    let walker = beside(25.0, "body25", 90.0);
    let mirror = changed(&walker, |_, _, point| {
        let position_px = Point2::new(5000.0 - point.position_px.x, point.position_px.y);
        Some(Keypoint {
            position_px,
            ..point
        })
    });
    let renamed: Vec<Joint> = mirror
        .joints()
        .iter()
        .map(|joint| joint.mirrored())
        .collect();
    let mirror = Keypoints2d::new(
        renamed,
        mirror.time().clone(),
        None,
        mirror.points().to_vec(),
    );
    let mirror = ParamsTrack::new(&mirror.unwrap(), Recipe::Fixed).unwrap();
    let walker = ParamsTrack::new(&walker, Recipe::Fixed).unwrap();
    let swapped = |column: usize| match column {
        0..50 => {
            let joint = BODY_25.joints[column / 2].mirrored();
            2 * BODY_25.index_of(joint).unwrap() + column % 2
        }
        made => made ^ 1,
    };
    let own = columns(&walker, Facing::Left);
    for (row, other) in own.iter().zip(columns(&mirror, Facing::Left)) {
        for (column, value) in row.iter().enumerate() {
            match (value, other[swapped(column)]) {
                (None, None) => {}
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "column {column}: {a} and {b}"),
                pair => panic!("column {column}: {pair:?}"),
            }
        }
    }
    assert!(
        own[60][38].unwrap() < own[60][28].unwrap(),
        "toes point to the left"
    );
}

#[test]
fn the_frame_rate_of_the_camera_does_not_matter() {
    let slow = ParamsTrack::new(&beside(25.0, "body25", 90.0), Recipe::Fixed).unwrap();
    for rate_hz in [30_000.0 / 1001.0, 50.0, 120.0] {
        let fast = ParamsTrack::new(&beside(rate_hz, "body25", 90.0), Recipe::Fixed).unwrap();
        assert!(fast.frames().abs_diff(slow.frames()) <= 1);
        let (a, b) = (slow.stt_input(0, Legs::Both), fast.stt_input(0, Legs::Both));
        let (a, b) = (a.unwrap(), b.unwrap());
        let errors: Vec<f32> = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).collect();
        let most = errors.iter().copied().fold(0.0, f32::max);
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        assert!(
            most < 0.05 && mean < 0.004,
            "{rate_hz} Hz: {most}, {mean} on average"
        );
    }
}

#[test]
fn any_layout_with_the_joints_gives_the_same_inputs() {
    let tracks = ["body25", "coco23", "halpe26", "blazepose33"]
        .map(|name| ParamsTrack::new(&beside(25.0, name, 90.0), Recipe::Fixed).unwrap());
    let first = tracks[0].cnn1d_input(31, Legs::Both).unwrap();
    for track in &tracks[1..] {
        assert_eq!(track.cnn1d_input(31, Legs::Both).unwrap(), first);
    }
}

#[test]
fn what_cannot_be_estimated_is_refused_with_the_reason() {
    let walker = beside(25.0, "coco23", 90.0);
    let refusal = |keypoints: &Keypoints2d| ParamsTrack::new(keypoints, Recipe::Fixed).unwrap_err();
    let map = JointMap::between(COCO_23.joints, COCO_17.joints).unwrap();
    let no_toes = refusal(&walker.mapped(COCO_17.joints, &map));
    assert!(no_toes.to_string().contains("no left_big_toe"), "{no_toes}");
    let short = refusal(&walker.cut(0..FRAMES - 1));
    assert_eq!(short, ParamsError::TooShort { frames: 123 });
    assert!(
        short.to_string().contains("film at least 5 s of walking"),
        "{short}"
    );
    let one_leg = changed(&walker, |_, joint, point| {
        (joint.side() != Some(Side::Right)).then_some(point)
    });
    let one_leg = refusal(&one_leg).to_string();
    assert!(
        one_leg.contains("right_ankle was seen in 0 of"),
        "{one_leg}"
    );
}

#[test]
fn quality_tells_a_walk_from_the_side_from_one_towards_the_camera() {
    let windows = |azimuth_deg| {
        let keypoints = beside(25.0, "body25", azimuth_deg);
        ParamsTrack::new(&keypoints, Recipe::Fixed)
            .unwrap()
            .windows()
    };
    let beside = windows(90.0);
    for window in &beside {
        assert_eq!(window.quality.orientation_flips, 0);
        assert_eq!(window.quality.interpolated_share.to_bits(), 0);
        assert!(window.is_kept);
    }
    let variation = |window: &ParamsWindow| window.quality.scale_variation.unwrap();
    let frontal = windows(0.0);
    assert!(frontal[0].quality.orientation_flips > 4, "{:?}", frontal[0]);
    assert!(
        variation(&frontal[0]) > 2.0 * variation(&beside[0]),
        "{:?}",
        beside[0]
    );
}

fn usable_from(azimuth_deg: f64) -> Result<Usable, ParamsError> {
    let keypoints = beside(25.0, "body25", azimuth_deg);
    let track = ParamsTrack::new(&keypoints, Recipe::Fixed).unwrap();
    track.usable(None)
}

#[test]
fn a_walk_from_the_front_is_refused_and_one_from_aslant_widens_intervals() {
    let side = usable_from(90.0).unwrap();
    assert_eq!(
        (side.widening.to_bits(), side.cautions.len()),
        (1.0_f64.to_bits(), 0)
    );
    let aslant = usable_from(35.0).unwrap();
    assert!(
        aslant.widening > 1.05 && aslant.widening < 2.0,
        "{aslant:?}"
    );
    assert!(aslant.cautions[0].contains("slantwise"));
    for azimuth_deg in [0.0, 8.0, 180.0] {
        let refused = usable_from(azimuth_deg).unwrap_err();
        assert!(
            matches!(refused, ParamsError::Frontal { .. }),
            "{azimuth_deg}: {refused}"
        );
        assert!(refused.to_string().contains("from the side"));
    }
}

/// The walk with one leg missing in so many frames of every ten.
fn leg_missing_in(tenths: usize) -> Result<Usable, ParamsError> {
    let walker = beside(25.0, "body25", 90.0);
    let gaps = changed(&walker, |frame, joint, point| {
        (joint.side() != Some(Side::Left) || frame % 10 >= tenths).then_some(point)
    });
    ParamsTrack::new(&gaps, Recipe::Fixed).unwrap().usable(None)
}

#[test]
fn gaps_widen_intervals_until_they_are_refused() {
    let some = leg_missing_in(2).unwrap();
    // Half the coordinates lack a fifth, four tenths of what is allowed.
    assert!((some.widening - 1.4).abs() < 0.01, "{some:?}");
    assert!(some.cautions[0].contains("10 % of the legs'"), "{some:?}");
    let refused = leg_missing_in(5).unwrap_err();
    assert!(
        matches!(refused, ParamsError::Gaps { joint, .. } if joint.side() == Some(Side::Left)),
        "{refused}"
    );
    assert!(refused.to_string().contains("three quarters are needed"));
}

#[test]
fn only_windows_within_a_walk_are_used() {
    let track = ParamsTrack::new(&beside(25.0, "body25", 90.0), Recipe::Fixed).unwrap();
    let all = track.usable(None).unwrap();
    assert!(all.starts.len() > 2, "{all:?}");
    let first = track.usable(Some(&[[0.0, 4.1]])).unwrap();
    assert_eq!(first.starts, [0]);
    let refused = track.usable(Some(&[[0.0, 3.0], [4.0, 5.0]])).unwrap_err();
    assert_eq!(refused, ParamsError::NotWalking { longest_s: 3.0 });
}

#[test]
fn the_direction_flickers_in_the_paper_s_recipe_only() {
    let walker = beside(25.0, "body25", 90.0);
    // For two frames the detector puts the toes behind the heels.
    let faulty = changed(&walker, |frame, joint, point| {
        let is_toe = matches!(joint, Joint::LeftBigToe | Joint::RightBigToe);
        let x = point.position_px.x
            + if is_toe && (60..64).contains(&frame) {
                -600.0
            } else {
                0.0
            };
        let position_px = Point2::new(x, point.position_px.y);
        Some(Keypoint {
            position_px,
            ..point
        })
    });
    let knee_x = |recipe, frame| {
        let track = ParamsTrack::new(&faulty, recipe).unwrap();
        assert!(track.windows()[0].quality.orientation_flips >= 2);
        track.row(frame, Facing::Left)[26].unwrap()
    };
    let [paper, fixed] = [Recipe::Paper, Recipe::Fixed].map(|recipe| knee_x(recipe, 62));
    assert!((paper + fixed).abs() < 1e-12, "{paper} and {fixed}");
    assert!((knee_x(Recipe::Paper, 30) - knee_x(Recipe::Fixed, 30)).abs() < 1e-12);
}
