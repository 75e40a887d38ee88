//! Training examples: windows of recorded walks on synthetic film.

use ambulo::Side;
use ambulo::synth::SeededRng;
use ambulo_nn::codec::lift::{AnsweredFrames, CHANNELS, JOINTS, LiftCodec, LiftTrack};
use nalgebra::{Point2, Vector3};
use serde::{Deserialize, Serialize};

use super::body::{Body, Posture, reshape};
use super::camera::{CameraPlan, FilmCamera, Pitch, gravity_from_world};
use super::detector::{Detector, detect};
use super::draw::{between, chance, clip_rng, whole};
use crate::batch::{LiftBatch, LiftSamples, LiftShape};
use crate::motion::{Origin, PARTS, Pose, RATE_HZ, Take, at, joints_of, length_of, mid};

/// Pixels of one focal length on film.
pub(crate) const FOCAL_PX: f64 = 1000.0;
/// Leg and trunk as a share of height, to draw errors in shares of the height.
const LENGTH_OF_HEIGHT: f64 = ambulo_nn::codec::lift::LENGTH_OF_HEIGHT;
/// Clips in which fewer frames than this share show the hips are filmed anew.
const LEAST_SEEN: f64 = 0.7;
/// How often a clip is filmed anew before it is taken as it is.
const ATTEMPTS: usize = 4;
/// Samples before and after a window that the filter of the codec sees.
const MARGIN_S: f64 = 0.5;

/// How training film differs from the recordings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FilmSettings {
    /// 0 leaves bodies as recorded (size aside), 1 varies them fully.
    pub body_diversity: f64,
    /// 0 leaves postures as recorded, 1 varies them fully.
    pub posture_diversity: f64,
    /// Slowest and fastest speed against the recorded one.
    pub speed: [f64; 2],
    /// Share of clips that a perfect detector saw.
    pub clean_share: f64,
    /// Share of clips of which the image size is unknown.
    pub unknown_image_share: f64,
    /// Share of clips in which the camera moves with the walker.
    pub following_share: f64,
    /// Share of clips from Plug-in Gait recordings, where there are any.
    pub plug_in_gait_share: f64,
}

impl Default for FilmSettings {
    fn default() -> Self {
        Self {
            body_diversity: 1.0,
            posture_diversity: 1.0,
            speed: [0.75, 1.3],
            clean_share: 0.4,
            unknown_image_share: 0.2,
            following_share: 0.1,
            plug_in_gait_share: 0.35,
        }
    }
}

/// Training examples from recorded walks.
#[derive(Debug, Clone)]
pub struct FilmSamples {
    codec: LiftCodec,
    settings: FilmSettings,
    takes: Vec<Take>,
    /// Running sum of the takes' probabilities.
    cumulative: Vec<f64>,
}

impl FilmSamples {
    /// Examples of these takes; takes of fewer than two frames are left out.
    ///
    /// People count by the square root of what was recorded of them, so that one person with many
    /// recordings does not drown the others.
    pub fn new(codec: LiftCodec, settings: FilmSettings, takes: Vec<Take>) -> Self {
        let takes: Vec<Take> = takes.into_iter().filter(|t| t.poses.len() > 1).collect();
        let frames = |of: &dyn Fn(&&Take) -> bool| -> f64 {
            takes.iter().filter(of).map(|t| t.poses.len() as f64).sum()
        };
        let weights: Vec<f64> = takes
            .iter()
            .map(|take| {
                let of_person = frames(&|other| other.person == take.person);
                take.poses.len() as f64 / of_person.sqrt()
            })
            .collect();
        let is_laboratory = |take: &Take| take.origin == Origin::PlugInGait;
        let total = |laboratory: bool| -> f64 {
            let of = takes.iter().zip(&weights);
            of.filter(|(take, _)| is_laboratory(take) == laboratory)
                .map(|(_, weight)| weight)
                .sum()
        };
        let (laboratory, others) = (total(true), total(false));
        let share = if others > 0.0 {
            settings.plug_in_gait_share
        } else {
            1.0
        };
        let share = if laboratory > 0.0 { share } else { 0.0 };
        let mut sum = 0.0;
        let cumulative = takes
            .iter()
            .zip(&weights)
            .map(|(take, weight)| {
                sum += if is_laboratory(take) {
                    weight / laboratory * share
                } else {
                    weight / others * (1.0 - share)
                };
                sum
            })
            .collect();
        Self {
            codec,
            settings,
            takes,
            cumulative,
        }
    }

    /// The codec whose windows these are.
    pub fn codec(&self) -> &LiftCodec {
        &self.codec
    }

    /// The recordings.
    pub fn takes(&self) -> &[Take] {
        &self.takes
    }

    /// One example, appended to a batch.
    fn example(&self, rng: &mut SeededRng, batch: &mut LiftBatch) {
        let mut clip = self.clip(rng);
        for _ in 1..ATTEMPTS {
            if clip.is_some() {
                break;
            }
            clip = self.clip(rng);
        }
        let shape = self.shape();
        let Some(clip) = clip else {
            // Nobody was seen: an example that counts nothing.
            let add = |list: &mut Vec<f32>, count: usize| list.resize(list.len() + count, 0.0);
            add(&mut batch.input, shape.input_len());
            add(&mut batch.target, shape.points_out() * 3);
            add(&mut batch.weight, shape.points_out());
            return;
        };
        batch.input.extend(clip.input);
        let frames = match self.codec.answers {
            AnsweredFrames::All => 0..self.codec.frames,
            AnsweredFrames::Centre => self.codec.frames / 2..self.codec.frames / 2 + 1,
        };
        for frame in frames {
            for joint in &clip.joints[frame] {
                batch.target.extend(joint.iter().map(|&c| single(c)));
            }
            let counts = if clip.recorded[frame] { 1.0 } else { 0.0 };
            batch.weight.extend([counts; JOINTS]);
        }
    }

    /// A clip that shows the person, or `None`.
    fn clip(&self, rng: &mut SeededRng) -> Option<Clip> {
        let take = self.pick(rng)?;
        let margin = whole((MARGIN_S * self.codec.rate_hz).ceil());
        let samples = self.codec.reach() + 1 + 2 * margin;
        let speed = between(rng, self.settings.speed[0], self.settings.speed[1]);
        let (mut poses, recorded) = excerpt(take, rng, self.codec.rate_hz / speed, samples, margin);
        if chance(rng, 0.5) {
            for pose in &mut poses {
                mirror(pose);
            }
        }
        let body = Body::draw(rng, self.settings.body_diversity);
        let posture = Posture::draw(rng, self.settings.posture_diversity);
        reshape(&mut poses, &body, &posture);
        if chance(rng, self.settings.following_share) {
            follow(&mut poses);
        }
        let plan = CameraPlan::draw(rng);
        let centre = &poses[samples / 2];
        let hips = mid(centre, at::LEFT_HIP, at::RIGHT_HIP);
        let ahead = heading(&poses);
        let ground_m = poses
            .iter()
            .flat_map(|pose| pose.iter().map(|point| point.y))
            .fold(f64::INFINITY, f64::min);
        // A camera that would cut the person off stands further away.
        let height_m = length_of(centre) / LENGTH_OF_HEIGHT;
        let fits_m = 1.05 * height_m * plan.focal;
        let plan = CameraPlan {
            distance_m: match plan.pitch {
                _ if chance(rng, 0.1) => plan.distance_m,
                Pitch::Aimed(_) | Pitch::Fixed(_) => plan.distance_m.max(fits_m),
            },
            ..plan
        };
        let camera = plan.place(&hips, &ahead, ground_m);
        let film = shoot(&poses, &camera);
        let depth = (hips - camera.position).dot(&camera.forward).max(0.5);
        let towards = (camera.position - hips).dot(&ahead.cross(&Vector3::y()));
        let far = if towards > 0.0 {
            Side::Left
        } else {
            Side::Right
        };
        let detector = Detector::draw(rng, far, samples, self.settings.clean_share);
        let found = detect(&film, FOCAL_PX * height_m / depth, &detector, rng);
        let centre = (!chance(rng, self.settings.unknown_image_share)).then(Point2::origin);
        let times_s: Vec<f64> = (0..samples)
            .map(|sample| sample as f64 / self.codec.rate_hz)
            .collect();
        let track = LiftTrack::of_sources(&self.codec, &times_s, &found, centre);
        let window = self.codec.window(&track, isize::try_from(margin).ok()?)?;
        let seen = window
            .input
            .chunks_exact(JOINTS * CHANNELS)
            .filter(|frame| frame[2] > 0.0)
            .count();
        if (seen as f64) < LEAST_SEEN * self.codec.frames as f64 {
            return None;
        }
        let axes = gravity_from_world(&camera);
        let in_window = (0..self.codec.frames).map(|frame| margin + frame * self.codec.dilation);
        let mut lengths: Vec<f64> = in_window.clone().map(|s| length_of(&poses[s])).collect();
        lengths.sort_by(f64::total_cmp);
        let length_m = lengths[lengths.len() / 2];
        let joints = in_window
            .clone()
            .map(|sample| {
                let joints = joints_of(&poses[sample]);
                joints.map(|joint| axes * (joint - joints[0]) / length_m)
            })
            .collect();
        Some(Clip {
            input: window.input,
            joints,
            recorded: in_window.map(|sample| recorded[sample]).collect(),
        })
    }

    fn pick(&self, rng: &mut SeededRng) -> Option<&Take> {
        let draw = rng.unit() * self.cumulative.last()?;
        let index = self.cumulative.partition_point(|&sum| sum <= draw);
        self.takes.get(index.min(self.takes.len() - 1))
    }
}

/// One window with its answer.
struct Clip {
    input: Vec<f32>,
    joints: Vec<[Vector3<f64>; JOINTS]>,
    recorded: Vec<bool>,
}

impl LiftSamples for FilmSamples {
    fn shape(&self) -> LiftShape {
        LiftShape {
            frames: self.codec.frames,
            joints: JOINTS,
            channels: CHANNELS,
            frames_out: self.codec.frames_out(),
            joints_out: JOINTS,
        }
    }

    fn batch(&self, seed: u64, step: u64, size: usize) -> LiftBatch {
        let shape = self.shape();
        let mut batch = LiftBatch {
            input: Vec::with_capacity(size * shape.input_len()),
            target: Vec::with_capacity(size * shape.points_out() * 3),
            weight: Vec::with_capacity(size * shape.points_out()),
        };
        for index in 0..size {
            let mut rng = clip_rng(seed, step, index as u64);
            self.example(&mut rng, &mut batch);
        }
        batch
    }
}

/// Poses at `rate_hz` of the recording's time, and whether each lies within the recording. Beyond its ends
/// the body stands still; a window lies within the recording where the recording is long enough.
fn excerpt(
    take: &Take,
    rng: &mut SeededRng,
    rate_hz: f64,
    samples: usize,
    margin: usize,
) -> (Vec<Pose>, Vec<bool>) {
    let step = RATE_HZ / rate_hz;
    let last = (take.poses.len() - 1) as f64;
    let reach = (samples - 1 - 2 * margin) as f64 * step;
    let start = if reach < last {
        between(rng, 0.0, last - reach)
    } else {
        0.5 * (last - reach)
    };
    (0..samples)
        .map(|sample| {
            let place = start + (sample as f64 - margin as f64) * step;
            let inside = (-1e-9..=last + 1e-9).contains(&place);
            (pose_at(&take.poses, place.clamp(0.0, last)), inside)
        })
        .unzip()
}

/// The pose between frames, by cubic convolution (Catmull–Rom).
pub(crate) fn pose_at<const N: usize>(
    poses: &[[Vector3<f64>; N]],
    place: f64,
) -> [Vector3<f64>; N] {
    let last = poses.len() - 1;
    let before = whole(place).min(last);
    let t = place - before as f64;
    let of = |offset: isize| &poses[before.saturating_add_signed(offset).min(last)];
    let (a, b, c, d) = (of(-1), of(0), of(1), of(2));
    let (t2, t3) = (t * t, t * t * t);
    let weights = [
        -0.5 * t + t2 - 0.5 * t3,
        1.0 - 2.5 * t2 + 1.5 * t3,
        0.5 * t + 2.0 * t2 - 1.5 * t3,
        -0.5 * t2 + 0.5 * t3,
    ];
    std::array::from_fn(|point| {
        a[point] * weights[0]
            + b[point] * weights[1]
            + c[point] * weights[2]
            + d[point] * weights[3]
    })
}

/// The mirror image: Z is negated, left and right change places.
pub(crate) fn mirror(pose: &mut Pose) {
    for point in pose.iter_mut() {
        point.z = -point.z;
    }
    // Pairs stand side by side, except in the feet.
    for left in (at::LEFT_EYE..=at::LEFT_ANKLE).step_by(2) {
        pose.swap(left, left + 1);
    }
    for left in at::LEFT_BIG_TOE..=at::LEFT_HEEL {
        pose.swap(left, left + 3);
    }
}

/// Takes the way of the hips out: a treadmill, or a camera that goes along.
fn follow(poses: &mut [Pose]) {
    let root = |pose: &Pose| mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let count = (poses.len() - 1).max(1) as f64;
    let (first, last) = (root(&poses[0]), root(&poses[poses.len() - 1]));
    let mut way = (last - first) / count;
    way.y = 0.0;
    for (frame, pose) in poses.iter_mut().enumerate() {
        for point in pose.iter_mut() {
            *point -= way * frame as f64;
        }
    }
}

/// The level direction of the walk: the way of the hips, or where they face if they go nowhere.
pub(crate) fn heading(poses: &[Pose]) -> Vector3<f64> {
    let root = |pose: &Pose| mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let mut way = root(&poses[poses.len() - 1]) - root(&poses[0]);
    way.y = 0.0;
    if way.norm() < 0.3 {
        let facing = |pose: &Pose| Vector3::y().cross(&(pose[at::RIGHT_HIP] - pose[at::LEFT_HIP]));
        way = poses.iter().map(facing).sum();
        way.y = 0.0;
    }
    way.try_normalize(1e-9).unwrap_or_else(Vector3::x)
}

/// Every point of every pose on film, in pixels from the image's centre.
pub(crate) fn shoot(poses: &[Pose], camera: &FilmCamera) -> Vec<[Option<Point2<f64>>; PARTS]> {
    poses
        .iter()
        .map(|pose| pose.map(|point| camera.project(&point).map(|place| place * FOCAL_PX)))
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "networks compute in single precision"
)]
fn single(value: f64) -> f32 {
    value as f32
}
