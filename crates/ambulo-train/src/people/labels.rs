//! Where joints appear, and whether they are seen.

use nalgebra::Vector3;

use super::assets::rig::bone;
use super::raster::{Lens, NOTHING, SPLIT, Samples};
use super::scene::{SUBJECT, Scene};
use crate::motion::{PARTS, at};
use crate::pictures::Label;

/// What is this near to a joint does not hide it, in metres on a body of 1.7 m.
const NEAR_M: f32 = 0.03;

/// The labels of joints at these places.
pub(super) fn labels(
    scene: &Scene,
    samples: &Samples,
    lens: &Lens,
    points: &[Vector3<f32>; PARTS],
    scale: f32,
) -> [Label; PARTS] {
    std::array::from_fn(|joint| {
        let seen = lens.seen(&points[joint]);
        let [x, y] = lens.project(&seen);
        let (width, height) = (samples.columns / SPLIT, samples.rows / SPLIT);
        let inside = |value: f32, size: usize| value >= -0.5 && value < size as f32 - 0.5;
        if seen.z <= 0.0 || !inside(x, width) || !inside(y, height) {
            return Label::Unlabelled;
        }
        let place = [f64::from(x), f64::from(y)];
        let (column, row) = (
            crate::film::whole(f64::from(x) + 0.5).min(width - 1),
            crate::film::whole(f64::from(y) + 0.5).min(height - 1),
        );
        let hiding = (0..SPLIT * SPLIT)
            .filter(|part| {
                let sample =
                    (row * SPLIT + part / SPLIT) * samples.columns + column * SPLIT + part % SPLIT;
                hides(scene, samples, sample, joint, seen.z, scale)
            })
            .count();
        if hiding * 2 > SPLIT * SPLIT {
            Label::Hidden(place)
        } else {
            Label::Visible(place)
        }
    })
}

/// Whether what a sample sees lies in front of a joint.
fn hides(
    scene: &Scene,
    samples: &Samples,
    sample: usize,
    joint: usize,
    depth: f32,
    scale: f32,
) -> bool {
    let face = samples.face[sample];
    if face == NOTHING {
        return false;
    }
    let face = &scene.faces[face as usize];
    let (parts, within) = own_parts(joint);
    let own = face.owner == SUBJECT && parts.contains(&usize::from(face.part));
    let room = if own { within } else { NEAR_M };
    1.0 / samples.nearness[sample] < depth - room * scale
}

/// The bones whose flesh lies around a joint, and how deep the joint lies in it at most, in metres.
fn own_parts(joint: usize) -> (&'static [usize], f32) {
    const HEAD: &[usize] = &[bone::HEAD, bone::NECK_TOP];
    match joint {
        at::NOSE | at::LEFT_EYE | at::RIGHT_EYE => (HEAD, 0.03),
        at::LEFT_EAR | at::RIGHT_EAR => (HEAD, 0.05),
        at::LEFT_SHOULDER => (&[17, 18, 13, 14], 0.11),
        at::RIGHT_SHOULDER => (&[24, 25, 13, 14], 0.11),
        at::LEFT_ELBOW => (&[18, 19], 0.08),
        at::RIGHT_ELBOW => (&[25, 26], 0.08),
        at::LEFT_WRIST => (&[19, 20, 21, 22, 23], 0.06),
        at::RIGHT_WRIST => (&[26, 27, 28, 29, 30], 0.06),
        at::LEFT_HIP => (&[0, 1, 2, 11], 0.18),
        at::RIGHT_HIP => (&[0, 6, 7, 11], 0.18),
        at::LEFT_KNEE => (&[2, 3], 0.11),
        at::RIGHT_KNEE => (&[7, 8], 0.11),
        at::LEFT_ANKLE => (&[3, 4, 5], 0.08),
        at::RIGHT_ANKLE => (&[8, 9, 10], 0.08),
        at::LEFT_BIG_TOE | at::LEFT_SMALL_TOE | at::LEFT_HEEL => (&[3, 4, 5], 0.06),
        _ => (&[8, 9, 10], 0.06),
    }
}

/// Around what of the person lies within the picture: left, top, width, height.
pub(super) fn person_box(
    lens: &Lens,
    seen: impl Iterator<Item = Vector3<f32>>,
    [width, height]: [usize; 2],
) -> [f64; 4] {
    let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
    for place in seen {
        let at = lens.project(&place);
        for axis in 0..2 {
            low[axis] = low[axis].min(at[axis]);
            high[axis] = high[axis].max(at[axis]);
        }
    }
    let most = [width, height].map(|size| size as f32 - 1.0);
    let clipped = |bound: [f32; 2]| {
        std::array::from_fn::<f64, 2, _>(|axis| f64::from(bound[axis].clamp(0.0, most[axis])))
    };
    let (low, high) = (clipped(low), clipped(high));
    [low[0], low[1], high[0] - low[0], high[1] - low[1]]
}
