//! Where heads are, and hiding them: no more than a few dozen rounded colours are left of one.

use ambulo::keypoints::Keypoints2d;
use ambulo::picture::Picture;
use ambulo::skeleton::Joint;

use super::canvas::byte;

/// Points of the face; any of them says where the head is.
const FACE: [Joint; 13] = [
    Joint::Nose,
    Joint::Head,
    Joint::LeftEye,
    Joint::RightEye,
    Joint::LeftEyeInner,
    Joint::RightEyeInner,
    Joint::LeftEyeOuter,
    Joint::RightEyeOuter,
    Joint::LeftEar,
    Joint::RightEar,
    Joint::LeftMouth,
    Joint::RightMouth,
    Joint::Jaw,
];

/// Radius around the points of the face, in lengths of the trunk (shoulders to hips): the vertex and
/// the chin lie some 0.24 of it above and below the eyes, the back of the head 0.35 behind the nose.
const RADIUS: f64 = 0.38;
/// From the shoulders to the middle of the head, in lengths of the trunk.
const ABOVE_SHOULDERS: f64 = 0.42;
/// Radius around a head inferred from the shoulders.
const RADIUS_INFERRED: f64 = 0.46;
/// How much larger the circle is in frames in which the head was not seen.
const GROWTH_UNSEEN: f64 = 1.25;
/// Longest time between two frames with the head over which it is taken to have moved evenly: after
/// longer, it may be another person's.
const LONGEST_GAP_S: f64 = 3.0;
/// How long a head that is no longer seen is assumed to move on as before.
const MOVES_ON_S: f64 = 1.5;
/// Over how long its velocity is taken.
const VELOCITY_S: f64 = 0.3;
/// Colours across a hidden head.
const CELLS: usize = 6;
/// Steps that these colours are rounded to.
const ROUNDED_TO: f32 = 8.0;

/// A circle around a head, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Head {
    pub(super) middle: [f64; 2],
    pub(super) radius: f64,
}

/// The head of one person in every frame in which it may be in the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Heads(Vec<Option<Head>>);

impl Heads {
    /// Finds the head by nose, eyes and ears, else by shoulders and hips; fills frames between.
    ///
    /// All keypoints count, also those the detector hardly believes: a circle too many harms less than
    /// one too few.
    pub(super) fn of(keypoints: &Keypoints2d) -> Self {
        let Some(trunk) = trunk_lengths(keypoints) else {
            return Self(vec![None; keypoints.frames()]);
        };
        let seen: Vec<Option<Head>> = (0..keypoints.frames())
            .map(|frame| seen_head(keypoints, frame, trunk[frame]))
            .collect();
        Self(filled(&seen, keypoints.time().times_s()))
    }

    pub(super) fn at(&self, frame: usize) -> Option<Head> {
        self.0.get(frame).copied().flatten()
    }
}

/// A joint's place in a frame.
fn place(keypoints: &Keypoints2d, frame: usize, joint: Joint) -> Option<[f64; 2]> {
    let index = keypoints.joints().iter().position(|&have| have == joint)?;
    let point = keypoints.frame(frame)[index]?;
    Some([point.position_px.x, point.position_px.y])
}

/// The mean of those joints that are there.
fn mean_place(keypoints: &Keypoints2d, frame: usize, joints: &[Joint]) -> Option<[f64; 2]> {
    let places: Vec<[f64; 2]> = joints
        .iter()
        .filter_map(|&joint| place(keypoints, frame, joint))
        .collect();
    let n = places.len() as f64;
    let sum = |axis: usize| places.iter().map(|place| place[axis]).sum::<f64>();
    (n > 0.0).then(|| [sum(0) / n, sum(1) / n])
}

fn shoulders(keypoints: &Keypoints2d, frame: usize) -> Option<[f64; 2]> {
    let sides = [Joint::LeftShoulder, Joint::RightShoulder];
    mean_place(keypoints, frame, &sides).or_else(|| place(keypoints, frame, Joint::Neck))
}

fn hips(keypoints: &Keypoints2d, frame: usize) -> Option<[f64; 2]> {
    let sides = [Joint::LeftHip, Joint::RightHip];
    mean_place(keypoints, frame, &sides).or_else(|| place(keypoints, frame, Joint::Pelvis))
}

/// The trunk's length in every frame: the largest of the half second around, and the nearest known where
/// none is. `None` if it is never seen.
fn trunk_lengths(keypoints: &Keypoints2d) -> Option<Vec<f64>> {
    let seen: Vec<Option<f64>> = (0..keypoints.frames())
        .map(|frame| {
            let (top, bottom) = (shoulders(keypoints, frame)?, hips(keypoints, frame)?);
            Some((top[0] - bottom[0]).hypot(top[1] - bottom[1])).filter(|&length| length > 1.0)
        })
        .collect();
    let mut known: Vec<f64> = seen.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let median = *known.get(known.len() / 2)?;
    let step_s = keypoints.time().median_step_s().unwrap_or(0.04).max(1e-3);
    let mut reach = 0;
    while (reach as f64) * step_s < 0.25 && reach < seen.len() {
        reach += 1;
    }
    let around = |frame: usize| {
        let frames = frame.saturating_sub(reach)..(frame + reach + 1).min(seen.len());
        seen[frames].iter().flatten().copied().reduce(f64::max)
    };
    let mut lengths: Vec<f64> = Vec::with_capacity(seen.len());
    for frame in 0..seen.len() {
        let before = lengths.last().copied().unwrap_or(median);
        lengths.push(around(frame).unwrap_or(before));
    }
    Some(lengths)
}

fn seen_head(keypoints: &Keypoints2d, frame: usize, trunk: f64) -> Option<Head> {
    if let Some(middle) = mean_place(keypoints, frame, &FACE) {
        let spread = FACE
            .iter()
            .filter_map(|&joint| place(keypoints, frame, joint))
            .map(|p| (p[0] - middle[0]).hypot(p[1] - middle[1]))
            .fold(0.0, f64::max);
        // Points of a face that lie further apart than a head is wide are not all of the face.
        let spread = spread.min(0.5 * trunk);
        let radius = (RADIUS * trunk).max(1.5 * spread);
        return Some(Head { middle, radius });
    }
    let top = shoulders(keypoints, frame)?;
    let up = match hips(keypoints, frame) {
        Some(bottom) => [top[0] - bottom[0], top[1] - bottom[1]],
        None => [0.0, -1.0],
    };
    let length = up[0].hypot(up[1]).max(1e-9);
    let off = ABOVE_SHOULDERS * trunk / length;
    Some(Head {
        middle: [top[0] + up[0] * off, top[1] + up[1] * off],
        radius: RADIUS_INFERRED * trunk,
    })
}

/// Heads between those seen, and before the first and after the last for a while.
fn filled(seen: &[Option<Head>], times_s: &[f64]) -> Vec<Option<Head>> {
    let known: Vec<(usize, Head)> = seen
        .iter()
        .enumerate()
        .filter_map(|(frame, head)| Some((frame, (*head)?)))
        .collect();
    let (Some(&first), Some(&last)) = (known.first(), known.last()) else {
        return seen.to_vec();
    };
    (0..seen.len())
        .map(|frame| {
            let after = known.partition_point(|&(have, _)| have < frame);
            match (after.checked_sub(1).map(|it| known[it]), known.get(after)) {
                (_, Some(&(have, head))) if have == frame => Some(head),
                (Some(before), Some(&after)) => {
                    if times_s[after.0] - times_s[before.0] <= LONGEST_GAP_S {
                        return Some(between(before, after, frame, times_s));
                    }
                    moved_on(&known, before, frame, times_s)
                        .or_else(|| moved_on(&known, after, frame, times_s))
                }
                (None, Some(_)) => moved_on(&known, first, frame, times_s),
                (Some(_), None) => moved_on(&known, last, frame, times_s),
                (None, None) => None,
            }
        })
        .collect()
}

fn between(from: (usize, Head), to: (usize, Head), frame: usize, times_s: &[f64]) -> Head {
    let span_s = times_s[to.0] - times_s[from.0];
    let share = (times_s[frame] - times_s[from.0]) / span_s.max(1e-9);
    let mixed = |a: f64, b: f64| a + (b - a) * share;
    Head {
        middle: [0, 1].map(|axis| mixed(from.1.middle[axis], to.1.middle[axis])),
        radius: from.1.radius.max(to.1.radius) * GROWTH_UNSEEN,
    }
}

/// A head that moves on as it did at the end (or did before it was first seen).
fn moved_on(
    known: &[(usize, Head)],
    end: (usize, Head),
    frame: usize,
    times_s: &[f64],
) -> Option<Head> {
    let away_s = times_s[frame] - times_s[end.0];
    if away_s.abs() > MOVES_ON_S {
        return None;
    }
    let other = known
        .iter()
        .filter(|(have, _)| (times_s[*have] - times_s[end.0]).abs() <= VELOCITY_S)
        .max_by_key(|(have, _)| have.abs_diff(end.0));
    let velocity = other.map_or([0.0; 2], |&(have, head)| {
        let span_s = times_s[have] - times_s[end.0];
        [0, 1].map(|axis| {
            if span_s == 0.0 {
                0.0
            } else {
                (head.middle[axis] - end.1.middle[axis]) / span_s
            }
        })
    });
    Some(Head {
        middle: [0, 1].map(|axis| end.1.middle[axis] + velocity[axis] * away_s),
        radius: end.1.radius * GROWTH_UNSEEN,
    })
}

/// Hides a head: the circle becomes a smooth ground of a few mean colours, rounded; the rest of the
/// picture stays.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the picture before"
)]
pub(super) fn hide(picture: &mut Picture, head: Head) {
    let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
    let reach = head.radius.max(2.0);
    let edge = |value: f64, most: usize| value.clamp(0.0, most as f64) as usize;
    let columns = edge((head.middle[0] - reach).floor(), width)
        ..edge((head.middle[0] + reach).ceil() + 1.0, width);
    let rows = edge((head.middle[1] - reach).floor(), height)
        ..edge((head.middle[1] + reach).ceil() + 1.0, height);
    if columns.is_empty() || rows.is_empty() {
        return;
    }
    let cells = Cells::of(picture, &columns, &rows);
    for row in rows.clone() {
        for column in columns.clone() {
            let off = [column as f64 - head.middle[0], row as f64 - head.middle[1]];
            let inside = (reach + 0.5 - off[0].hypot(off[1])).clamp(0.0, 1.0) as f32;
            if inside <= 0.0 {
                continue;
            }
            let colour = cells.colour(column - columns.start, row - rows.start);
            let first = (row * width + column) * 3;
            let pixel = &mut picture.rgb_mut()[first..first + 3];
            for (below, above) in pixel.iter_mut().zip(colour) {
                *below = byte(f32::from(*below) * (1.0 - inside) + above * inside);
            }
        }
    }
}

/// Mean colours of the parts of a rectangle.
struct Cells {
    colours: [[[f32; 3]; CELLS]; CELLS],
    size_px: [f32; 2],
}

impl Cells {
    #[expect(clippy::cast_possible_truncation, reason = "a mean of bytes")]
    fn of(
        picture: &Picture,
        columns: &std::ops::Range<usize>,
        rows: &std::ops::Range<usize>,
    ) -> Self {
        let width = picture.width_px() as usize;
        let mut sums = [[[0.0_f64; 4]; CELLS]; CELLS];
        for row in rows.clone() {
            let down = (row - rows.start) * CELLS / rows.len();
            for column in columns.clone() {
                let across = (column - columns.start) * CELLS / columns.len();
                let first = (row * width + column) * 3;
                let cell = &mut sums[down][across];
                for (sum, &value) in cell.iter_mut().zip(&picture.rgb()[first..first + 3]) {
                    *sum += f64::from(value);
                }
                cell[3] += 1.0;
            }
        }
        let mean = |[r, g, b, n]: [f64; 4]| {
            [r, g, b].map(|sum| {
                let mean = f32::from(byte((sum / n.max(1.0)) as f32));
                (mean / ROUNDED_TO).round() * ROUNDED_TO
            })
        };
        Self {
            colours: sums.map(|row| row.map(mean)),
            size_px: [columns.len() as f32, rows.len() as f32],
        }
    }

    /// The colour at a place of the rectangle, passing smoothly from cell to cell.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the cells before"
    )]
    fn colour(&self, column: usize, row: usize) -> [f32; 3] {
        let last = (CELLS - 1) as f32;
        let at = |place: usize, size: f32| {
            let cell = (place as f32 + 0.5) * CELLS as f32 / size - 0.5;
            let cell = cell.clamp(0.0, last);
            let low = cell.floor();
            (low as usize, (low + 1.0).min(last) as usize, cell - low)
        };
        let (left, right, across) = at(column, self.size_px[0]);
        let (top, bottom, down) = at(row, self.size_px[1]);
        [0, 1, 2].map(|channel| {
            let mixed = |row: usize| {
                let line = &self.colours[row];
                line[left][channel] * (1.0 - across) + line[right][channel] * across
            };
            mixed(top) * (1.0 - down) + mixed(bottom) * down
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambulo::keypoints::Keypoint;
    use ambulo::time::TimeBase;
    use nalgebra::Point2;

    /// A person of 100 px from shoulders to hips who moves 10 px a frame, with these joints unseen.
    fn person(frames: usize, unseen: impl Fn(usize, Joint) -> bool) -> Keypoints2d {
        let joints = [
            Joint::Nose,
            Joint::LeftEar,
            Joint::LeftShoulder,
            Joint::LeftHip,
        ];
        let offs = [[25.0, 58.0], [5.0, 55.0], [0.0, 100.0], [0.0, 200.0]];
        let points = (0..frames)
            .flat_map(|frame| {
                let unseen = &unseen;
                joints.iter().zip(offs).map(move |(&joint, [x, y])| {
                    (!unseen(frame, joint)).then(|| Keypoint {
                        position_px: Point2::new(100.0 + 10.0 * frame as f64 + x, y),
                        confidence: 0.9,
                    })
                })
            })
            .collect();
        let time = TimeBase::uniform(frames, 25.0).unwrap();
        Keypoints2d::new(joints.to_vec(), time, None, points).unwrap()
    }

    fn is_face(joint: Joint) -> bool {
        FACE.contains(&joint)
    }

    #[test]
    fn without_a_face_the_shoulders_say_where_the_head_is() {
        let seen = Heads::of(&person(3, |_, _| false)).at(1).unwrap();
        let inferred = Heads::of(&person(3, |_, joint| is_face(joint)))
            .at(1)
            .unwrap();
        let apart =
            (seen.middle[0] - inferred.middle[0]).hypot(seen.middle[1] - inferred.middle[1]);
        assert!(apart < 20.0, "{seen:?} {inferred:?}");
        assert!(inferred.radius > seen.radius);
    }

    #[test]
    fn unseen_heads_are_filled_in_between_and_move_on_for_a_while() {
        let gone = |frame: usize, _| (5..8).contains(&frame) || frame >= 20;
        let heads = Heads::of(&person(100, gone));
        let truth = |frame: usize| 100.0 + 10.0 * frame as f64 + 15.0;
        for frame in [6, 24] {
            let head = heads.at(frame).unwrap();
            assert!((head.middle[0] - truth(frame)).abs() < 1.0, "{head:?}");
        }
        assert_eq!(heads.at(99), None);
        let nobody = Heads::of(&person(4, |_, _| true));
        assert_eq!(nobody.at(0), None);
    }

    #[test]
    fn nothing_finer_than_a_cell_is_left_of_a_hidden_head() {
        let check = |offset: u8| {
            let rgb = (0..100 * 100_usize)
                .flat_map(|index| {
                    let fine = (index % 100 + index / 100) % 2 == usize::from(offset);
                    [if fine { 0 } else { 240 }; 3]
                })
                .collect();
            let mut picture = Picture::new(100, 100, rgb).unwrap();
            hide(
                &mut picture,
                Head {
                    middle: [50.0, 50.0],
                    radius: 36.0,
                },
            );
            picture
        };
        // Two pictures that differ in every pixel are the same where the head was, and only there.
        let (one, other) = (check(0), check(1));
        assert_eq!(one.pixel(50, 50), other.pixel(50, 50));
        assert_eq!(one.pixel(30, 60), other.pixel(30, 60));
        assert_ne!(one.pixel(5, 5), other.pixel(5, 5));
    }
}
