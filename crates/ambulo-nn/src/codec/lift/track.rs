//! A recording at the lifter's own rate: cleaned, low-passed, and brought to its 21 joints.

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::signal::gaps::{GapLimits, fill_gaps};
use ambulo::signal::smooth::{Smoothing, smooth};
use ambulo::signal::spline::CubicSpline;
use ambulo::skeleton::Joint;
use nalgebra::{Point2, Vector2};

use super::{JOINTS, LiftCodec};

/// The keypoints that the lifter looks at, in the order of [`sources`]: COCO's 23 and what other layouts
/// have in their place.
pub const SOURCES: [Joint; 27] = [
    Joint::Nose,
    Joint::LeftEye,
    Joint::RightEye,
    Joint::LeftEar,
    Joint::RightEar,
    Joint::LeftShoulder,
    Joint::RightShoulder,
    Joint::LeftElbow,
    Joint::RightElbow,
    Joint::LeftWrist,
    Joint::RightWrist,
    Joint::LeftHip,
    Joint::RightHip,
    Joint::LeftKnee,
    Joint::RightKnee,
    Joint::LeftAnkle,
    Joint::RightAnkle,
    Joint::LeftBigToe,
    Joint::LeftSmallToe,
    Joint::LeftHeel,
    Joint::RightBigToe,
    Joint::RightSmallToe,
    Joint::RightHeel,
    Joint::Pelvis,
    Joint::Neck,
    Joint::LeftToe,
    Joint::RightToe,
];

/// A sample further than this share of the body from its neighbours' median is a spike.
const SPIKE: f64 = 0.05;
/// Neighbours of a sample lie this close to it in time, on either side.
const NEIGHBOURS_S: f64 = 0.101;
/// The longest gaps that are bridged.
const GAPS: GapLimits = GapLimits {
    linear_s: 0.12,
    cubic_s: 0.27,
};
/// What a bridged sample's confidence is worth, against that of its neighbours.
const BRIDGED: f64 = 0.5;
/// A joint of which only one of two parts is seen is worth this share of its confidence.
const HALF_SEEN: f64 = 0.5;
/// Times closer than this are the same.
const SAME_TIME_S: f64 = 1e-6;

/// Where a joint was seen: image coordinates with Y down, and confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Place in the image.
    pub place: Point2<f64>,
    /// Certainty, above 0 and at most 1.
    pub confidence: f64,
}

/// One person's recording, evenly sampled, at the lifter's joints.
#[derive(Debug, Clone, PartialEq)]
pub struct LiftTrack {
    /// `[samples, 21]`.
    seen: Vec<Option<Seen>>,
    /// Centre of the image, where its size is known.
    pub(super) centre: Option<Point2<f64>>,
    /// Length of leg and trunk in the image, one a sample.
    lengths: Vec<Option<f64>>,
}

/// For each source keypoint, its trajectory in the recording; `None` if its layout lacks it.
pub fn sources(keypoints: &Keypoints2d) -> Vec<Option<Vec<Option<Keypoint>>>> {
    SOURCES
        .iter()
        .map(|&joint| {
            keypoints
                .trajectory(joint)
                .or_else(|| match joint {
                    Joint::Neck => keypoints.trajectory(Joint::Thorax),
                    _ => None,
                })
                .map(|points| {
                    points
                        .into_iter()
                        .map(|point| point.filter(|point| point.confidence > 0.0))
                        .collect()
                })
        })
        .collect()
}

impl LiftTrack {
    /// Cleans a recording and samples it at the codec's rate, from its first frame on.
    pub fn of(codec: &LiftCodec, keypoints: &Keypoints2d) -> Self {
        let centre = keypoints
            .image_size_px()
            .map(|[width, height]| Point2::new(f64::from(width), f64::from(height)) * 0.5);
        Self::of_sources(
            codec,
            keypoints.time().times_s(),
            &sources(keypoints),
            centre,
        )
    }

    /// [`LiftTrack::of`] for trajectories in the order of [`SOURCES`] and increasing times from 0 on.
    pub fn of_sources(
        codec: &LiftCodec,
        times_s: &[f64],
        sources: &[Option<Vec<Option<Keypoint>>>],
        centre: Option<Point2<f64>>,
    ) -> Self {
        let grid_s = grid(times_s, codec.rate_hz);
        let spike = SPIKE * typical_length(sources, times_s.len()).unwrap_or(f64::INFINITY);
        let refined: Vec<Option<Vec<Option<Seen>>>> = sources
            .iter()
            .map(|trajectory| {
                let trajectory = trajectory.as_deref()?;
                Some(refine(codec, times_s, trajectory, &grid_s, spike))
            })
            .collect();
        let mut seen = Vec::with_capacity(grid_s.len() * JOINTS);
        for sample in 0..grid_s.len() {
            let at = |source: usize| refined[source].as_ref().and_then(|t| t[sample]);
            seen.extend(joints_of(at));
        }
        let lengths = seen.chunks_exact(JOINTS).map(length).collect();
        Self {
            seen,
            centre,
            lengths,
        }
    }

    /// How many samples there are.
    pub fn samples(&self) -> usize {
        self.lengths.len()
    }

    /// The 21 joints of one sample.
    pub fn sample(&self, sample: usize) -> &[Option<Seen>] {
        &self.seen[sample * JOINTS..][..JOINTS]
    }

    /// Length of leg and trunk in the image at a sample.
    pub fn length(&self, sample: usize) -> Option<f64> {
        self.lengths[sample]
    }

    /// The median of that length over some samples, or over the recording if none of them shows it.
    pub(super) fn scale(&self, samples: impl Iterator<Item = usize>) -> Option<f64> {
        let mut lengths: Vec<f64> = samples.filter_map(|sample| self.lengths[sample]).collect();
        median(&mut lengths)
            .or_else(|| median(&mut self.lengths.iter().flatten().copied().collect::<Vec<_>>()))
            .filter(|&length| length > 0.0)
    }
}

/// Even times from the first frame to the last.
fn grid(times_s: &[f64], rate_hz: f64) -> Vec<f64> {
    let end_s = times_s.last().copied().unwrap_or(0.0) + SAME_TIME_S;
    (0..u32::MAX)
        .map(|index| f64::from(index) / rate_hz)
        .take_while(|&time_s| time_s <= end_s)
        .collect()
}

/// One keypoint's trajectory without spikes and short gaps, low-passed, on the grid.
fn refine(
    codec: &LiftCodec,
    times_s: &[f64],
    trajectory: &[Option<Keypoint>],
    grid_s: &[f64],
    spike: f64,
) -> Vec<Option<Seen>> {
    let kept = without_spikes(times_s, trajectory, spike);
    let smoothing = Smoothing::with_cutoff(codec.cutoff_hz);
    let [x, y] = [0, 1].map(|axis| {
        let values: Vec<Option<f64>> = kept
            .iter()
            .map(|point| point.map(|point| point.position_px[axis]))
            .collect();
        let filled = if values.iter().all(Option::is_some) {
            values
        } else {
            fill_gaps(times_s, &values, &GAPS).values
        };
        smooth(times_s, &filled, &smoothing)
    });
    let confidence = bridged_confidence(&kept, &x);
    let on_grid = times_s.len() == grid_s.len()
        && times_s
            .iter()
            .zip(grid_s)
            .all(|(a, b)| (a - b).abs() < SAME_TIME_S);
    if on_grid {
        return (0..grid_s.len())
            .map(|sample| {
                Some(Seen {
                    place: Point2::new(x[sample]?, y[sample]?),
                    confidence: confidence[sample]?,
                })
            })
            .collect();
    }
    resampled(times_s, grid_s, &x, &y, &confidence)
}

/// Each unbroken stretch on the grid: places by a cubic spline, confidence by straight lines.
fn resampled(
    times_s: &[f64],
    grid_s: &[f64],
    x: &[Option<f64>],
    y: &[Option<f64>],
    confidence: &[Option<f64>],
) -> Vec<Option<Seen>> {
    let mut on_grid = vec![None; grid_s.len()];
    let mut start = 0;
    while start < x.len() {
        if x[start].is_none() {
            start += 1;
            continue;
        }
        let length = x[start..].iter().take_while(|v| v.is_some()).count();
        let stretch = start..start + length;
        start += length;
        let times_s = &times_s[stretch.clone()];
        let [x, y, confidence] = [x, y, confidence].map(|values| -> Vec<f64> {
            values[stretch.clone()].iter().flatten().copied().collect()
        });
        let curves = CubicSpline::not_a_knot(times_s, &x)
            .and_then(|x| Ok((x, CubicSpline::not_a_knot(times_s, &y)?)));
        let (first_s, last_s) = (times_s[0] - SAME_TIME_S, times_s[length - 1] + SAME_TIME_S);
        let from = grid_s.partition_point(|&t| t < first_s);
        for (place, &time_s) in on_grid[from..].iter_mut().zip(&grid_s[from..]) {
            if time_s > last_s {
                break;
            }
            let Ok((x, y)) = &curves else {
                // A stretch of one sample that the grid happens to meet.
                *place = Some(Seen {
                    place: Point2::new(x[0], y[0]),
                    confidence: confidence[0],
                });
                continue;
            };
            let after = times_s
                .partition_point(|&t| t < time_s)
                .clamp(1, length - 1);
            let share = ((time_s - times_s[after - 1]) / (times_s[after] - times_s[after - 1]))
                .clamp(0.0, 1.0);
            *place = Some(Seen {
                place: Point2::new(x.value(time_s), y.value(time_s)),
                confidence: confidence[after - 1] * (1.0 - share) + confidence[after] * share,
            });
        }
    }
    on_grid
}

/// The trajectory without samples far from the median of their neighbours.
fn without_spikes(
    times_s: &[f64],
    trajectory: &[Option<Keypoint>],
    spike: f64,
) -> Vec<Option<Keypoint>> {
    let mut kept = trajectory.to_vec();
    let mut near: Vec<Point2<f64>> = Vec::new();
    for (frame, point) in trajectory.iter().enumerate() {
        let Some(point) = point else { continue };
        let neighbour = |frame: Option<usize>| {
            frame
                .and_then(|frame| trajectory.get(frame).copied().flatten())
                .map(|point| point.position_px)
        };
        let (before, after) = (neighbour(frame.checked_sub(1)), neighbour(Some(frame + 1)));
        if let (Some(before), Some(after)) = (before, after)
            && (point.position_px - nalgebra::center(&before, &after)).norm() < 0.5 * spike
        {
            continue;
        }
        near.clear();
        let close = |&other: &usize| (times_s[other] - times_s[frame]).abs() <= NEIGHBOURS_S;
        let seen = |other: usize| trajectory[other].map(|p| p.position_px);
        let earlier = (0..frame).rev().take_while(close).filter_map(seen);
        let later = (frame + 1..times_s.len())
            .take_while(close)
            .filter_map(seen);
        // As many before as after: so whatever moves steadily is its own median.
        near.extend(earlier.zip(later).flat_map(|(one, other)| [one, other]));
        if near.is_empty() {
            continue;
        }
        near.push(point.position_px);
        let middle = [0, 1].map(|axis| {
            near.sort_unstable_by(|a, b| a[axis].total_cmp(&b[axis]));
            near[near.len() / 2][axis]
        });
        if (point.position_px - Point2::from(middle)).norm() > spike {
            kept[frame] = None;
        }
    }
    kept
}

/// The confidence where there is a place: measured, or what a bridge over a gap is worth.
fn bridged_confidence(kept: &[Option<Keypoint>], places: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut confidence: Vec<Option<f64>> = kept
        .iter()
        .zip(places)
        .map(|(point, place)| point.filter(|_| place.is_some()).map(|p| p.confidence))
        .collect();
    let mut before: Option<f64> = None;
    for frame in 0..kept.len() {
        if let Some(point) = kept[frame] {
            before = Some(point.confidence);
        } else if places[frame].is_some() {
            let after = kept[frame..].iter().flatten().next().map(|p| p.confidence);
            let lowest = before.unwrap_or(1.0).min(after.unwrap_or(1.0));
            confidence[frame] = Some(BRIDGED * lowest);
        }
    }
    confidence
}

/// The lifter's joints from the keypoints, in the order of [`ambulo::skeleton::LIFT_21`].
fn joints_of(at: impl Fn(usize) -> Option<Seen>) -> [Option<Seen>; JOINTS] {
    let (pelvis, neck) = (at(23), at(24));
    let hips = middle(at(11), at(12)).filter(|_| at(11).is_some() && at(12).is_some());
    let root = hips.or(pelvis).or_else(|| middle(at(11), at(12)));
    let shoulders = middle(at(5), at(6)).filter(|_| at(5).is_some() && at(6).is_some());
    let thorax = shoulders.or(neck).or_else(|| middle(at(5), at(6)));
    let spine = match (root, thorax) {
        (Some(root), Some(thorax)) => middle(Some(root), Some(thorax)),
        _ => None,
    };
    let ears = middle(at(3), at(4));
    let head = ears.or_else(|| middle(at(1), at(2)));
    let left_toe = at(25).or_else(|| middle(at(17), at(18)));
    let right_toe = at(26).or_else(|| middle(at(20), at(21)));
    [
        root,
        at(12),
        at(14),
        at(16),
        at(11),
        at(13),
        at(15),
        spine,
        thorax,
        at(0),
        head,
        at(5),
        at(7),
        at(9),
        at(6),
        at(8),
        at(10),
        at(19),
        left_toe,
        at(22),
        right_toe,
    ]
}

/// The midpoint of two, or the one that is seen, at less confidence.
fn middle(one: Option<Seen>, other: Option<Seen>) -> Option<Seen> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Seen {
            place: nalgebra::center(&one.place, &other.place),
            confidence: one.confidence.min(other.confidence),
        }),
        (one, other) => one.or(other).map(|seen| Seen {
            confidence: HALF_SEEN * seen.confidence,
            ..seen
        }),
    }
}

/// Leg and trunk in the image: the mean of the legs that are seen whole, and mid-hips to mid-shoulders.
/// Where only one of the two is seen, the other is taken from what they usually are to each other.
fn length(joints: &[Option<Seen>]) -> Option<f64> {
    const LEG: f64 = 0.63;
    let place = |joint: usize| joints[joint].map(|seen| seen.place.coords);
    let bone = |a: usize, b: usize| -> Option<f64> {
        let between: Vector2<f64> = place(a)? - place(b)?;
        Some(between.norm())
    };
    let leg = |hip: usize| Some(bone(hip, hip + 1)? + bone(hip + 1, hip + 2)?);
    let legs = match (leg(1), leg(4)) {
        (Some(right), Some(left)) => Some(f64::midpoint(right, left)),
        (one, other) => one.or(other),
    };
    match (legs, bone(0, 8)) {
        (Some(legs), Some(trunk)) => Some(legs + trunk),
        (Some(legs), None) => Some(legs / LEG),
        (None, trunk) => trunk.map(|trunk| trunk / (1.0 - LEG)),
    }
}

/// The median length of leg and trunk before anything is cleaned.
fn typical_length(sources: &[Option<Vec<Option<Keypoint>>>], frames: usize) -> Option<f64> {
    let mut lengths: Vec<f64> = (0..frames)
        .filter_map(|frame| {
            let at = |source: usize| {
                let point = sources[source].as_ref()?[frame]?;
                Some(Seen {
                    place: point.position_px,
                    confidence: point.confidence,
                })
            };
            length(&joints_of(at))
        })
        .collect();
    median(&mut lengths).filter(|&length| length > 0.0)
}

fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}
