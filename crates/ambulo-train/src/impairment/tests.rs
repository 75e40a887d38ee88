//! Every setting moves what it is named for, as the classical path measures it, and breaks nothing.

use std::sync::OnceLock;

use ambulo::parameters::ParameterId;
use ambulo_testkit::data_dir;

use super::places::{FootPoints, places};
use super::*;
use crate::motion::{RATE_HZ, at};
use crate::params::film::measured::measured;

/// An adult of the collections whose motion is not learned from.
const PERSON: &str = "cmu-05";
const NONE: Impairment = Impairment::NONE;

fn walkers() -> Option<&'static Walkers> {
    static WALKERS: OnceLock<Option<Walkers>> = OnceLock::new();
    let walkers = WALKERS.get_or_init(|| Some(Walkers::load(&data_dir()?).unwrap()));
    walkers.as_ref()
}

fn recorded() -> Option<Vec<Figure>> {
    let settings = WalkerSettings {
        duration_s: [14.0, 14.0],
        ..WalkerSettings::default()
    };
    Some(walkers()?.healthy(PERSON, 0, &settings).unwrap())
}

fn changed(figures: &[Figure], impairment: &Impairment) -> Vec<Figure> {
    let mut rng = SeededRng::new(11);
    impair(figures, RATE_HZ, impairment, &mut rng).unwrap()
}

fn value(figures: &[Figure], id: ParameterId, side: Option<Side>) -> f64 {
    let motion = motion_of_figures(figures, RATE_HZ).unwrap();
    let found = measured(&motion).unwrap();
    let sides = &found.parameters[&id];
    let summary = match side {
        Some(Side::Left) => &sides.left,
        Some(Side::Right) => &sides.right,
        None => &sides.both,
    };
    summary.as_ref().and_then(|it| it.value).unwrap()
}

fn both(value: f64) -> PerSide<f64> {
    PerSide {
        left: value,
        right: value,
    }
}

#[test]
fn no_impairment_is_the_walk_itself() {
    let Some(walk) = recorded() else { return };
    assert_eq!(changed(&walk, &NONE), walk);
}

/// Values of a parameter at growing doses, the first of them the walk itself.
#[track_caller]
fn doses(walk: &[Figure], id: ParameterId, impairments: &[Impairment]) -> Vec<f64> {
    let mut values = vec![value(walk, id, None)];
    values.extend(
        impairments
            .iter()
            .map(|it| value(&changed(walk, it), id, None)),
    );
    values
}

#[test]
fn steps_arms_and_cadence_are_as_many_times_as_long_as_declared() {
    let Some(walk) = recorded() else { return };
    let check = |id: ParameterId, ratios: [f64; 2], make: &dyn Fn(f64) -> Impairment| {
        let found = doses(&walk, id, &ratios.map(make));
        for (ratio, value) in ratios.iter().zip(&found[1..]) {
            let declared = ratio * found[0];
            let off = (value / declared - 1.0).abs();
            assert!(
                off < 0.10,
                "{} × {ratio}: {value}, not {declared}",
                id.name()
            );
        }
    };
    check(ParameterId::StepLength, [0.8, 0.5], &|ratio| Impairment {
        step_length: both(ratio),
        ..NONE
    });
    check(ParameterId::Speed, [0.8, 0.5], &|ratio| Impairment {
        step_length: both(ratio),
        ..NONE
    });
    check(ParameterId::Cadence, [0.85, 0.7], &|ratio| Impairment {
        cadence: ratio,
        ..NONE
    });
    check(ParameterId::ArmSwingRange, [0.7, 0.4], &|ratio| {
        Impairment {
            arm_swing: both(ratio),
            ..NONE
        }
    });
    check(ParameterId::FootStrikeAngle, [0.7, 0.4], &|ratio| {
        Impairment {
            foot_pitch: both(ratio),
            ..NONE
        }
    });
    check(ParameterId::MinimumToeClearance, [0.7, 0.4], &|ratio| {
        Impairment {
            clearance: both(ratio),
            ..NONE
        }
    });
}

#[test]
fn lean_and_width_grow_by_what_is_declared() {
    let Some(walk) = recorded() else { return };
    let lean = doses(
        &walk,
        ParameterId::TrunkLean,
        &[8.0_f64, 16.0].map(|deg| Impairment {
            lean_rad: deg.to_radians(),
            ..NONE
        }),
    );
    assert!((lean[1] - lean[0] - 8.0).abs() < 0.7, "{lean:?}");
    assert!((lean[2] - lean[0] - 16.0).abs() < 1.4, "{lean:?}");
    let width = doses(
        &walk,
        ParameterId::StepWidth,
        &[0.04, 0.08].map(|stance_width_m| Impairment {
            stance_width_m,
            ..NONE
        }),
    );
    assert!((width[1] - width[0] - 0.04).abs() < 0.006, "{width:?}");
    assert!((width[2] - width[0] - 0.08).abs() < 0.012, "{width:?}");
}

#[test]
fn what_is_not_declared_as_a_number_grows_with_its_setting() {
    let Some(walk) = recorded() else { return };
    let check = |id: ParameterId, least: f64, impairments: [Impairment; 2]| {
        let found = doses(&walk, id, &impairments);
        let grows = found.windows(2).all(|pair| pair[1] > pair[0] + least);
        assert!(grows, "{}: {found:?}", id.name());
    };
    check(
        ParameterId::StepLengthCv,
        1.5,
        [0.03, 0.08].map(|step_length_sd| Impairment {
            step_length_sd,
            ..NONE
        }),
    );
    check(
        ParameterId::StepTimeCv,
        1.0,
        [0.03, 0.07].map(|step_time_sd| Impairment {
            step_time_sd,
            ..NONE
        }),
    );
    check(
        ParameterId::KneeFlexionMaximumExtension,
        2.0,
        [6.0_f64, 14.0].map(|deg| Impairment {
            knee_flexion_rad: deg.to_radians(),
            ..NONE
        }),
    );
    check(
        ParameterId::DoubleSupport,
        1.0,
        [0.9, 0.8].map(|swing_time| Impairment { swing_time, ..NONE }),
    );
    check(
        ParameterId::ArmSwingAsymmetry,
        5.0,
        [0.7, 0.3].map(|right| Impairment {
            arm_swing: PerSide { left: 1.0, right },
            ..NONE
        }),
    );
}

#[test]
fn sides_are_changed_for_themselves() {
    let Some(walk) = recorded() else { return };
    let left = Impairment {
        step_length: PerSide {
            left: 0.7,
            right: 0.9,
        },
        ..NONE
    };
    let walked = changed(&walk, &left);
    for (side, ratio) in [(Side::Left, 0.7), (Side::Right, 0.9)] {
        let [before, after] =
            [&walk, &walked].map(|it| value(it, ParameterId::StepLength, Some(side)));
        assert!(
            (after / before - ratio).abs() < 0.04,
            "{side:?}: {before} to {after}"
        );
    }
}

#[test]
fn a_freeze_takes_its_time_and_goes_nowhere() {
    let Some(walk) = recorded() else { return };
    let frozen = changed(
        &walk,
        &Impairment {
            freezes: 1,
            freeze_s: 2.0,
            ..NONE
        },
    );
    assert!((frozen.len() as f64 - walk.len() as f64 - 2.0 * RATE_HZ).abs() <= 2.0);
    let root = |figure: &Figure| (figure[at::LEFT_HIP] + figure[at::RIGHT_HIP]) * 0.5;
    // The least way in a second and a half of it.
    let ways = frozen
        .windows(90)
        .map(|it| (root(&it[89]) - root(&it[0])).x);
    let least_m = ways.fold(f64::INFINITY, f64::min);
    assert!(least_m < 0.1, "{least_m}");
}

const BONES: [(usize, usize); 8] = [
    (at::LEFT_HIP, at::LEFT_KNEE),
    (at::RIGHT_KNEE, at::RIGHT_ANKLE),
    (at::LEFT_ANKLE, at::LEFT_HEEL),
    (at::RIGHT_ANKLE, at::RIGHT_BIG_TOE),
    (at::LEFT_SHOULDER, at::LEFT_ELBOW),
    (at::RIGHT_ELBOW, at::RIGHT_WRIST),
    (at::LEFT_HIP, at::RIGHT_HIP),
    (at::LEFT_SHOULDER, at::LEFT_HIP),
];

/// How far a bone's length strays from its own mean, and from that of another walk.
fn strays_m(walk: &[Figure], other: &[Figure], (a, b): (usize, usize)) -> [f64; 2] {
    let length = |figure: &Figure| (figure[a] - figure[b]).norm();
    let mean = |walk: &[Figure]| walk.iter().map(length).sum::<f64>() / walk.len() as f64;
    let own = mean(walk);
    let strays = walk.iter().map(|figure| (length(figure) - own).abs());
    [strays.fold(0.0, f64::max), (own - mean(other)).abs()]
}

/// Mean speed of the lower of heel and toes while a foot stands.
fn slide_mps(walk: &[Figure]) -> f64 {
    let places = places(walk, RATE_HZ).unwrap();
    let (mut way_m, mut frames) = (0.0, 0.0);
    for side in Side::BOTH {
        let foot = FootPoints::of(side);
        for run in places.get(side) {
            for frame in run.start + 3..run.end.saturating_sub(4) {
                let (now, next) = (&walk[frame], &walk[frame + 1]);
                let moved = if now[foot.heel].y - 0.02 < foot.toes(now).y {
                    next[foot.heel] - now[foot.heel]
                } else {
                    foot.toes(next) - foot.toes(now)
                };
                way_m += moved.x.hypot(moved.z);
                frames += 1.0;
            }
        }
    }
    way_m / frames * RATE_HZ
}

fn lowest_m(walk: &[Figure]) -> f64 {
    let feet = at::LEFT_BIG_TOE..=at::RIGHT_HEEL;
    let points = walk
        .iter()
        .flat_map(|figure| feet.clone().map(|point| figure[point].y));
    points.fold(f64::INFINITY, f64::min)
}

#[test]
fn bones_keep_their_lengths_and_feet_neither_slide_nor_sink() {
    let Some(walk) = recorded() else { return };
    let (slid, low) = (slide_mps(&walk), lowest_m(&walk));
    for score in 0..4 {
        for seed in 0..3 {
            let mut rng = SeededRng::new(seed);
            let impairment = Impairment::draw(&mut rng, Severity::of_score(score));
            let walked = changed(&walk, &impairment);
            for bone in BONES {
                let [before, _] = strays_m(&walk, &walk, bone);
                let [own, other] = strays_m(&walked, &walk, bone);
                // Hip to shoulder bends at the waist, and a lean is not turned about the hip itself.
                let allowed = if bone.0 == at::LEFT_SHOULDER && bone.1 == at::LEFT_HIP {
                    0.03
                } else {
                    0.004
                };
                assert!(
                    own < before + allowed,
                    "{bone:?}, score {score}: {own}, {before}"
                );
                assert!(other < allowed, "{bone:?}, score {score}: {other}");
            }
            let slides = slide_mps(&walked);
            assert!(
                slides < slid + 0.03,
                "score {score}: {slides} m/s, {slid} m/s"
            );
            let lowest = lowest_m(&walked);
            assert!(lowest > low - 0.004, "score {score}: {lowest}, {low}");
        }
    }
}

#[test]
fn walks_repeat_and_are_worse_the_higher_their_score() {
    let Some(walkers) = walkers() else { return };
    let settings = WalkerSettings::default();
    let walk = |score, index| walkers.walk(PERSON, score, index, &settings).unwrap();
    assert_eq!(walk(2, 1), walk(2, 1));
    assert_ne!(walk(2, 1).motion, walk(2, 2).motion);
    let mean = |score: u8| {
        let speeds = (0..5).map(|index| {
            let found = measured(&walk(score, index).motion).unwrap();
            let speed = &found.parameters[&ParameterId::NormalisedSpeed];
            speed.both.as_ref().and_then(|it| it.value).unwrap()
        });
        speeds.sum::<f64>() / 5.0
    };
    let speeds = [0, 1, 2, 3].map(mean);
    assert!(
        speeds.windows(2).all(|pair| pair[1] < pair[0]),
        "{speeds:?}"
    );
}

#[test]
fn who_does_not_walk_is_refused() {
    let standing = vec![[Vector3::zeros(); PARTS + 4]; 30];
    let slow = Impairment {
        step_length: both(0.5),
        ..NONE
    };
    let mut rng = SeededRng::new(1);
    let refused = impair(&standing, RATE_HZ, &slow, &mut rng).unwrap_err();
    assert!(matches!(refused, ImpairmentError::TooFewSteps { .. }));
}
