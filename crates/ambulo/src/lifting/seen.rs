//! Where the camera saw the pelvis: the lifted pose laid over the keypoints it came from.

use nalgebra::{Point2, Point3};

use crate::keypoints::Keypoints2d;
use crate::motion::Motion3d;

/// What laying the poses over the keypoints tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Pixels of one unit of the poses at the pelvis, in each frame, smoothed over time.
    pub pixels_per_unit: Vec<f64>,
    /// Place of the pelvis along the image's x in the unit of the poses, from the picture's middle
    /// (or from the picture's left border where its size is not known and the scale stays).
    pub x: Vec<Option<f64>>,
    /// Relative size of the remaining distances between pose and keypoints (root mean square over
    /// the pose's spread).
    pub misfit: f64,
}

/// Joints that a frame needs for its scale.
const LEAST_JOINTS: usize = 5;
/// Width of the window that smooths the scale: a body nears a camera over seconds, not within a step.
const SCALE_OVER_S: f64 = 0.4;
/// Change of scale that cannot be put right without knowing the middle of the picture.
const MOST_CHANGE_WITHOUT_MIDDLE: f64 = 0.03;

/// Lays each pose over its keypoints by scale and place (least squares), both without a turn.
///
/// A pinhole camera sees the pelvis at `x = (u − middle) · depth / focal`, and its scale is
/// `focal / depth`: the place across the picture needs neither. Poses have X to the image's right
/// and Y up. `None` if no frame has enough joints in both, or if the scale changes by more than 3 %
/// and the picture's size is not known.
pub fn seen_across(keypoints: &Keypoints2d, poses: &Motion3d, min_confidence: f64) -> Option<Seen> {
    let pairs: Vec<(usize, usize)> = poses
        .joints()
        .iter()
        .enumerate()
        .filter_map(|(at, joint)| {
            let seen = keypoints.joints().iter().position(|have| have == joint)?;
            Some((seen, at))
        })
        .collect();
    let frames = keypoints.frames().min(poses.frames());
    let fits: Vec<Option<Fit>> = (0..frames)
        .map(|frame| {
            let (seen, pose) = (keypoints.frame(frame), poses.frame(frame));
            let both: Vec<(Point2<f64>, Point3<f64>)> = pairs
                .iter()
                .filter_map(|&(a, b)| {
                    let point = seen[a].filter(|point| point.confidence >= min_confidence)?;
                    Some((point.position_px, pose[b]?))
                })
                .collect();
            Fit::of(&both)
        })
        .collect();
    let scales = smoothed(&keypoints.time().times_s()[..frames], &fits)?;
    let (low, high) = scales
        .iter()
        .fold((f64::INFINITY, 0.0_f64), |(low, high), &s| {
            (low.min(s), high.max(s))
        });
    let middle_px = match keypoints.image_size_px() {
        Some([width, _]) => f64::from(width) / 2.0,
        None if high / low - 1.0 <= MOST_CHANGE_WITHOUT_MIDDLE => 0.0,
        None => return None,
    };
    let known = fits.iter().flatten();
    let (squares, spreads) = known.fold((0.0, 0.0), |(squares, spreads), fit| {
        (squares + fit.squares, spreads + fit.spread)
    });
    Some(Seen {
        x: fits
            .iter()
            .zip(&scales)
            .map(|(fit, scale)| Some((fit.as_ref()?.root_px.x - middle_px) / scale))
            .collect(),
        pixels_per_unit: scales,
        misfit: (squares / spreads).sqrt(),
    })
}

struct Fit {
    pixels_per_unit: f64,
    root_px: Point2<f64>,
    squares: f64,
    spread: f64,
}

impl Fit {
    fn of(both: &[(Point2<f64>, Point3<f64>)]) -> Option<Self> {
        if both.len() < LEAST_JOINTS {
            return None;
        }
        let share = 1.0 / both.len() as f64;
        let flat = |p: &Point3<f64>| nalgebra::Vector2::new(p.x, -p.y);
        let seen = both
            .iter()
            .map(|(s, _)| s.coords)
            .sum::<nalgebra::Vector2<f64>>()
            * share;
        let pose = both
            .iter()
            .map(|(_, p)| flat(p))
            .sum::<nalgebra::Vector2<f64>>()
            * share;
        let (mut across, mut spread, mut seen_spread) = (0.0, 0.0, 0.0);
        for (s, p) in both {
            let (s, p) = (s.coords - seen, flat(p) - pose);
            across += s.dot(&p);
            spread += p.norm_squared();
            seen_spread += s.norm_squared();
        }
        let pixels_per_unit = across / spread;
        let usable = pixels_per_unit.is_finite() && pixels_per_unit > 0.0;
        usable.then(|| Self {
            pixels_per_unit,
            root_px: Point2::from(seen - pose * pixels_per_unit),
            squares: seen_spread - pixels_per_unit * across,
            spread: seen_spread,
        })
    }
}

/// The scale in each frame: a line through its logarithm around each time, near times counting more.
fn smoothed(times_s: &[f64], fits: &[Option<Fit>]) -> Option<Vec<f64>> {
    let known: Vec<(f64, f64)> = times_s
        .iter()
        .zip(fits)
        .filter_map(|(&time_s, fit)| Some((time_s, fit.as_ref()?.pixels_per_unit.ln())))
        .collect();
    if known.is_empty() {
        return None;
    }
    let reach_s = 3.0 * SCALE_OVER_S;
    let scales = times_s
        .iter()
        .map(|&time_s| {
            let from = known.partition_point(|(t, _)| *t < time_s - reach_s);
            let to = known.partition_point(|(t, _)| *t <= time_s + reach_s);
            let near = if from < to {
                &known[from..to]
            } else {
                let nearest = from.min(known.len() - 1);
                &known[nearest..=nearest]
            };
            line_at(near, time_s).exp()
        })
        .collect();
    Some(scales)
}

/// The value at `time_s` of the line fitted with Gaussian weights around it.
fn line_at(near: &[(f64, f64)], time_s: f64) -> f64 {
    let (mut w0, mut w1, mut w2, mut y0, mut y1) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &(t, y) in near {
        let x = t - time_s;
        let weight = (-0.5 * (x / SCALE_OVER_S).powi(2)).exp().max(1e-12);
        w0 += weight;
        w1 += weight * x;
        w2 += weight * x * x;
        y0 += weight * y;
        y1 += weight * x * y;
    }
    let determinant = w0 * w2 - w1 * w1;
    if determinant > 1e-9 * w0 * w0 * SCALE_OVER_S * SCALE_OVER_S {
        (w2 * y0 - w1 * y1) / determinant
    } else {
        y0 / w0
    }
}
