//! Detectors that err: jitter, outliers, joints that are lost, legs that are exchanged.

use ambulo::Side;
use ambulo::keypoints::Keypoint;
use ambulo::skeleton::COCO_23;
use ambulo::synth::SeededRng;
use ambulo_nn::codec::lift::SOURCES;
use nalgebra::{Point2, Vector2};

use super::draw::{between, chance, either, jitter};
use crate::motion::{PARTS, at};

/// How a detector errs on one clip. Lengths are shares of the person's height in the image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detector {
    /// Standard deviation of each coordinate.
    pub jitter: f64,
    /// Share of the jitter's variance that stays from frame to frame.
    pub slow_share: f64,
    /// Standard deviation of each keypoint's constant error.
    pub bias: f64,
    /// Share of keypoints thrown away from their place.
    pub outliers: f64,
    /// Furthest throw.
    pub throw: f64,
    /// Share of keypoints lost, in runs.
    pub dropout: f64,
    /// Probability that a keypoint is never found.
    pub never: f64,
    /// Whether heels and toes are found at all.
    pub feet: bool,
    /// Frames over which the two legs are exchanged, if they are.
    pub exchange: Option<[usize; 2]>,
    /// The side that faces away, and how much worse it is found.
    pub far: Option<(Side, f64)>,
    /// Confidence of a keypoint found without error.
    pub confidence: f64,
}

/// Mean length of a run of lost frames.
const LOST_FRAMES: usize = 5;
/// From frame to frame a slow error keeps this share.
const SLOW: f64 = 0.85;

impl Detector {
    /// One that makes no mistake.
    pub const PERFECT: Self = Self {
        jitter: 0.0,
        slow_share: 0.0,
        bias: 0.0,
        outliers: 0.0,
        throw: 0.0,
        dropout: 0.0,
        never: 0.0,
        feet: true,
        exchange: None,
        far: None,
        confidence: 1.0,
    };

    /// Any detector: a good share of clips is clean, a third shows no feet.
    pub fn draw(rng: &mut SeededRng, far: Side, frames: usize, clean_share: f64) -> Self {
        let confidence = if chance(rng, 0.5) {
            1.0
        } else {
            between(rng, 0.6, 1.0)
        };
        if chance(rng, clean_share) {
            return Self {
                feet: !chance(rng, 0.2),
                confidence,
                ..Self::PERFECT
            };
        }
        let exchange = chance(rng, 0.08).then(|| {
            let start = rng.below(frames);
            [start, start + 2 + rng.below(6)]
        });
        let jitter = 0.002 * 7.5_f64.powf(rng.unit());
        Self {
            jitter,
            slow_share: between(rng, 0.0, 0.6),
            bias: between(rng, 0.0, 0.5) * jitter,
            outliers: if chance(rng, 0.6) {
                between(rng, 0.0, 0.03)
            } else {
                0.0
            },
            throw: between(rng, 0.1, 0.4),
            dropout: if chance(rng, 0.4) {
                between(rng, 0.0, 0.12)
            } else {
                0.0
            },
            never: if chance(rng, 0.25) { 0.06 } else { 0.0 },
            feet: !chance(rng, 0.4),
            exchange,
            far: chance(rng, 0.6).then(|| (far, between(rng, 1.0, 2.5))),
            confidence,
        }
    }
}

/// Whether a point is of the foot, and of the legs.
fn is_foot(point: usize) -> bool {
    point >= at::LEFT_BIG_TOE
}

fn is_leg(point: usize) -> bool {
    point >= at::LEFT_HIP
}

/// How much worse than the mean each part of the body is found.
fn difficulty(point: usize) -> f64 {
    match point {
        at::NOSE..=at::RIGHT_EAR => 0.6,
        at::LEFT_WRIST | at::RIGHT_WRIST | at::LEFT_HIP | at::RIGHT_HIP => 1.2,
        _ if is_foot(point) => 1.2,
        _ => 1.0,
    }
}

/// What the detector makes of a film `[frames, 23]`, as trajectories in the order of the codec's sources.
/// `height` is the person's height in the image.
pub fn detect(
    film: &[[Option<Point2<f64>>; PARTS]],
    height: f64,
    detector: &Detector,
    rng: &mut SeededRng,
) -> Vec<Option<Vec<Option<Keypoint>>>> {
    let mut found: Vec<Option<Vec<Option<Keypoint>>>> = vec![None; SOURCES.len()];
    let perfect = *detector
        == Detector {
            feet: detector.feet,
            confidence: detector.confidence,
            ..Detector::PERFECT
        };
    for point in 0..PARTS {
        if is_foot(point) && !detector.feet {
            continue;
        }
        let source = exchanged(point);
        let seen = film.iter().enumerate().map(|(frame, points)| {
            let is_exchanged = detector
                .exchange
                .is_some_and(|[start, end]| (start..end).contains(&frame) && is_leg(point));
            points[if is_exchanged { source } else { point }]
        });
        let trajectory = if perfect {
            seen.map(|place| {
                place.map(|position_px| Keypoint {
                    position_px,
                    confidence: detector.confidence,
                })
            })
            .collect()
        } else {
            if chance(rng, detector.never) {
                continue;
            }
            blurred(point, seen, height, detector, rng)
        };
        found[point] = Some(trajectory);
    }
    found
}

/// The same point of the other side.
fn exchanged(point: usize) -> usize {
    let mirrored = COCO_23.joints[point].mirrored();
    COCO_23.index_of(mirrored).unwrap_or(point)
}

/// One keypoint's trajectory with its errors.
fn blurred(
    point: usize,
    seen: impl Iterator<Item = Option<Point2<f64>>>,
    height: f64,
    detector: &Detector,
    rng: &mut SeededRng,
) -> Vec<Option<Keypoint>> {
    let side = COCO_23.joints[point].side();
    let worse = match detector.far {
        Some((far, factor)) if side == Some(far) => factor,
        _ => 1.0,
    };
    let sigma = detector.jitter * difficulty(point) * worse * height;
    let fast = sigma * (1.0 - detector.slow_share).sqrt();
    let slow = sigma * detector.slow_share.sqrt();
    let kick = (1.0 - SLOW * SLOW).sqrt();
    let normal = |rng: &mut SeededRng| Vector2::new(jitter(rng), jitter(rng));
    let bias = normal(rng) * (detector.bias * difficulty(point) * height);
    let mut drift = normal(rng);
    let mut lost = 0_usize;
    let begins = (detector.dropout * worse).min(0.5) / LOST_FRAMES as f64;
    seen.map(|place| {
        drift = drift * SLOW + normal(rng) * kick;
        let noise = normal(rng) * fast + drift * slow;
        let draw = rng.unit();
        if lost > 0 {
            lost -= 1;
            return None;
        }
        if begins > 0.0 && chance(rng, begins) {
            lost = 1 + rng.below(2 * LOST_FRAMES - 1);
            return None;
        }
        let place = place?;
        let mut confidence = detector.confidence * (1.0 - 6.0 * noise.norm() / height)
            / worse.sqrt()
            + 0.03 * jitter(rng);
        let mut at = place + bias + noise;
        if draw < detector.outliers {
            let angle = either(rng, std::f64::consts::PI);
            let throw = between(rng, 0.05, detector.throw.max(0.06)) * height;
            at += Vector2::new(angle.cos(), angle.sin()) * throw;
            confidence *= between(rng, 0.3, 1.0);
        }
        Some(Keypoint {
            position_px: at,
            confidence: confidence.clamp(0.05, 1.0),
        })
    })
    .collect()
}
