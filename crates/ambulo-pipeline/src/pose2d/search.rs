//! Finding people: boxes all over the picture, or where something moves, looked at by the pose network.
//!
//! A person is where looking again at the box that the joints themselves give leads to the same joints,
//! certain and upright, and where they stay when the box is moved and enlarged: what a network only imagines moves
//! along with the box.

use ambulo::picture::Picture;

use super::gaze::Gaze;
use super::look::{Look, look};
use super::{Pose2dConfig, Pose2dError, PoseNetwork};

/// Heights of people who are looked for all over the picture, as shares of its height. The last is tried
/// where the ones before find nobody.
const LEVELS: [f64; 5] = [0.92, 0.64, 0.44, 0.31, 0.22];
/// A box's width as a share of its height.
const WIDTH: f64 = 0.4;
/// Distance of boxes to the side and down, as shares of their height.
const STEP: [f64; 2] = [0.4, 0.3];
/// A first look must be so certain, as a share of what it takes to appear.
const PROMISING: f64 = 0.8;
/// First looks that are followed up.
const MOST_PROMISING: usize = 8;
/// How often a find is looked at again.
const AGAIN: usize = 2;
/// Two looks that are more similar are of one person.
const SAME: f64 = 0.4;
/// Two looks at a person whose joints must agree: how far the box is moved to the side, as a share of its height, and
/// by how much it is enlarged.
const BESIDE: [(f64, f64); 2] = [(0.1, 1.25), (-0.1, 0.9)];
/// The last two looks at a person are so similar, at least.
const STEADY: f64 = 0.5;

/// Who is searched for leaning, where nobody stands upright: how far, in degrees, and as how tall, by the place in
/// [`LEVELS`].
const LEANS_DEG: [f64; 2] = [-25.0, 25.0];
const LEANING: std::ops::Range<usize> = 1..3;

/// The boxes of some heights again, for people who lean or are filmed by a tilted camera.
pub(super) fn leaning(levels: &[Vec<Gaze>]) -> Vec<Gaze> {
    let upright = levels.get(LEANING).into_iter().flatten().flatten();
    upright
        .flat_map(|gaze| LEANS_DEG.map(|lean_deg| Gaze { lean_deg, ..*gaze }))
        .collect()
}

/// Boxes all over a picture, one list for each height of people.
pub(super) fn all_over([width, height]: [u32; 2]) -> Vec<Vec<Gaze>> {
    let [width, height] = [width, height].map(f64::from);
    LEVELS
        .iter()
        .map(|share| {
            let tall = share * height;
            let wide = WIDTH * tall;
            let spread = |extent: f64, length: f64, step: f64| -> Vec<f64> {
                let room = (extent - length).max(0.0);
                let steps = (room / step).ceil();
                (0..=count(steps))
                    .map(|index| {
                        if steps > 0.0 {
                            room * index as f64 / steps
                        } else {
                            (extent - length) / 2.0
                        }
                    })
                    .collect()
            };
            let lefts = spread(width, wide, STEP[0] * tall);
            let tops = spread(height, tall, STEP[1] * tall);
            tops.iter()
                .flat_map(|&top| {
                    let at = move |&left: &f64| Gaze::upright([left, top, wide, tall]);
                    lefts.iter().map(at)
                })
                .collect()
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few dozen steps"
)]
fn count(steps: f64) -> usize {
    steps.clamp(0.0, 1000.0) as usize
}

/// Boxes of people who may be what moves there: as tall as it, and taller, since a standing leg and a still
/// head do not move.
pub(super) fn around(moving: &[[f64; 4]]) -> Vec<[f64; 4]> {
    let mut boxes = Vec::new();
    for &[left, top, width, height] in moving {
        let middle = left + width / 2.0;
        for (grow, up) in [(1.05, 0.03), (1.4, 0.2)] {
            let tall = grow * height;
            boxes.push([
                middle - WIDTH * tall / 2.0,
                top - up * height,
                WIDTH * tall,
                tall,
            ]);
        }
        // Wider than a person: someone at either end.
        if width > 0.9 * height {
            for at in [left + 0.25 * width, left + 0.75 * width] {
                boxes.push([at - WIDTH * height / 2.0, top, WIDTH * height, height]);
            }
        }
    }
    boxes
}

/// People where one looks, the most certain first; each once.
///
/// # Errors
///
/// [`Pose2dError::Network`] if the network fails.
pub(super) fn people(
    network: &mut dyn PoseNetwork,
    picture: &Picture,
    gazes: &[Gaze],
    config: &Pose2dConfig,
) -> Result<Vec<Look>, Pose2dError> {
    let mut finds = look(network, picture, gazes, false)?;
    finds.retain(|find| find.certainty >= PROMISING * config.appears_at);
    let mut finds = distinct(finds);
    finds.truncate(MOST_PROMISING);
    for _ in 0..AGAIN {
        let gazes: Vec<Gaze> = finds.iter().map(Look::gaze).collect();
        let again = look(network, picture, &gazes, false)?;
        if again.len() != finds.len() {
            // A box without extent: joints at one place are nobody's.
            finds = again;
            continue;
        }
        finds = finds
            .into_iter()
            .zip(again)
            .filter(|(before, now)| now.similarity(before) >= STEADY / 2.0)
            .map(|(_, now)| now)
            .collect();
    }
    finds.retain(|find| find.certainty >= config.appears_at && find.is_upright_person());
    let finds = distinct(finds);
    let finds = looked_at_well(network, picture, finds, config)?;
    let unsteady = unsteadiness(network, picture, &finds)?;
    Ok(finds
        .into_iter()
        .zip(unsteady)
        .filter(|(_, unsteady)| *unsteady <= config.steady_within)
        .map(|(find, _)| find)
        .collect())
}

/// The people, looked at once more as those who are followed are.
///
/// # Errors
///
/// [`Pose2dError::Network`] if the network fails.
fn looked_at_well(
    network: &mut dyn PoseNetwork,
    picture: &Picture,
    finds: Vec<Look>,
    config: &Pose2dConfig,
) -> Result<Vec<Look>, Pose2dError> {
    let gazes: Vec<Gaze> = finds.iter().map(Look::gaze).collect();
    let well = look(network, picture, &gazes, config.flip)?;
    if well.len() != finds.len() {
        return Ok(finds);
    }
    let is_better = |(first, well): (Look, Look)| {
        if well.certainty >= config.appears_at && well.is_upright_person() {
            well
        } else {
            first
        }
    };
    Ok(finds.into_iter().zip(well).map(is_better).collect())
}

/// How far the joints of each person move, as a share of the height, when the box is moved.
///
/// # Errors
///
/// [`Pose2dError::Network`] if the network fails.
pub(super) fn unsteadiness(
    network: &mut dyn PoseNetwork,
    picture: &Picture,
    people: &[Look],
) -> Result<Vec<f64>, Pose2dError> {
    let beside = |person: &Look| {
        let gaze = person.gaze();
        BESIDE.map(|(right, grown)| gaze.moved([right, 0.0], grown))
    };
    let gazes: Vec<Gaze> = people.iter().flat_map(beside).collect();
    let looks = look(network, picture, &gazes, false)?;
    if looks.len() != gazes.len() {
        return Ok(vec![f64::INFINITY; people.len()]);
    }
    let pairs = looks.as_chunks::<2>().0.iter();
    Ok(pairs.map(|[one, other]| one.unlike(other)).collect())
}

/// The most certain of each person.
pub(super) fn distinct(mut looks: Vec<Look>) -> Vec<Look> {
    looks.sort_by(|a, b| b.certainty.total_cmp(&a.certainty));
    let mut kept: Vec<Look> = Vec::new();
    for look in looks {
        if !kept.iter().any(|better| is_same(better, &look)) {
            kept.push(look);
        }
    }
    kept
}

/// Whether two looks are of one person.
pub(super) fn is_same(a: &Look, b: &Look) -> bool {
    let size = a.size_px.max(b.size_px);
    let near = nalgebra::distance(&a.centre, &b.centre) < 0.12 * size;
    let alike = (0.6..1.6).contains(&(a.size_px / b.size_px.max(1.0)));
    (near && alike) || a.similarity(b) > SAME
}
