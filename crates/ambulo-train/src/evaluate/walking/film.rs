//! Films of recorded walks, with what is true of them.

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::lifting::CameraView;
use ambulo::motion::Motion3d;
use ambulo::skeleton::{COCO_23, LIFT_21};
use ambulo::synth::{Noise, SeededRng, noise};
use ambulo::time::TimeBase;
use ambulo_nn::codec::lift::{JOINTS, LENGTH_OF_HEIGHT};
use nalgebra::{Point2, Point3, Rotation3, Vector2, Vector3};

use super::{Condition, Keypoints, View};
use crate::film::{CameraPlan, Pitch, clip_rng, gravity_from_world};
use crate::film::{heading, shoot};
use crate::motion::{Pose, RATE_HZ, Take, at, joints_of, mid};

/// Every second pose is filmed: 30 frames a second.
const KEEP_EVERY: usize = 2;
/// Height and width of the images.
const IMAGE_PX: [u32; 2] = [1920, 1080];
/// Share of the keypoints thrown, and how far, in heights.
const OUTLIERS: f64 = 0.02;
const THROW: f64 = 0.15;
/// Jitter of each coordinate, in heights.
const JITTER: f64 = 0.01;

/// One walk from one camera.
#[derive(Debug, Clone)]
pub struct Film {
    /// The walk's name.
    pub take: String,
    /// Who walks.
    pub person: String,
    /// What the detector found.
    pub keypoints: Keypoints2d,
    /// The joints from the mid-hips in the lifter's axes, in metres, one a frame.
    pub truth: Vec<[Point3<f64>; JOINTS]>,
    /// Leg and trunk of the person, in metres.
    pub length_m: f64,
    /// The level direction of the walk in the lifter's axes.
    pub heading: Vector3<f64>,
    /// The walk itself, as motion capture saw it: the lifter's joints at [`RATE_HZ`], Y up, in metres.
    pub motion: Motion3d,
}

impl Film {
    /// From which side the camera sees the walk.
    pub fn view(&self) -> CameraView {
        CameraView::of(Vector2::new(self.heading.x, self.heading.z))
    }

    /// The standing height, as a user would state it, in metres.
    pub fn height_m(&self) -> f64 {
        self.length_m / LENGTH_OF_HEIGHT
    }
}

/// Films each walk from several cameras. The same arguments always give the same films.
pub fn films(takes: &[&Take], condition: &Condition, cameras: usize, seed: u64) -> Vec<Film> {
    let mut films = Vec::new();
    for (index, take) in takes.iter().enumerate() {
        for camera in 0..cameras {
            let step = (index * 64 + camera) as u64;
            let mut rng = clip_rng(seed, step, condition.view as u64);
            films.extend(film(take, *condition, &mut rng));
        }
    }
    films
}

/// A camera of a condition.
fn plan(view: View, rng: &mut SeededRng) -> CameraPlan {
    let mut between = |low: f64, high: f64| low + (high - low) * rng.unit();
    let either_side = if between(0.0, 1.0) < 0.5 { 0.0 } else { 180.0 };
    let azimuth_deg = match view {
        View::Side => 90.0 + either_side + between(-10.0, 10.0),
        View::Any => between(-180.0, 180.0),
        View::Frontal => either_side + between(-15.0, 15.0),
    };
    let distance_m = match view {
        View::Side => between(3.5, 6.0),
        View::Any | View::Frontal => between(4.5, 7.0),
    };
    let level = between(0.0, 1.0) < 0.5;
    CameraPlan {
        azimuth_rad: f64::to_radians(azimuth_deg),
        distance_m,
        height_m: between(0.8, 1.8),
        off_centre: between(-0.1, 0.1),
        pitch: if level {
            Pitch::Fixed(0.0)
        } else {
            Pitch::Aimed(0.0)
        },
        roll_rad: between(-0.02, 0.02),
        focal: between(0.8, 1.1),
        aspect: f64::from(IMAGE_PX[0]) / f64::from(IMAGE_PX[1]),
    }
}

fn film(take: &Take, condition: Condition, rng: &mut SeededRng) -> Option<Film> {
    let poses: Vec<Pose> = take.poses.iter().step_by(KEEP_EVERY).copied().collect();
    let root = |pose: &Pose| mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let (mut low, mut high) = (
        Vector3::repeat(f64::INFINITY),
        Vector3::repeat(f64::NEG_INFINITY),
    );
    for pose in &poses {
        low = low.inf(&root(pose));
        high = high.sup(&root(pose));
    }
    let ground_m = poses
        .iter()
        .flat_map(|pose| pose.iter().map(|point| point.y))
        .fold(f64::INFINITY, f64::min);
    let ahead = heading(&poses);
    let plan = plan(condition.view, rng);
    let camera = plan.place(&((low + high) * 0.5), &ahead, ground_m);
    let axes = gravity_from_world(&camera);
    let length_m = take.length_m();
    let [width, height] = IMAGE_PX.map(f64::from);
    let focal_px = plan.focal * height;
    let per_film_px = focal_px / crate::film::FOCAL_PX;
    let points = shoot(&poses, &camera)
        .into_iter()
        .flatten()
        .map(|place| {
            place.map(|place| Keypoint {
                position_px: Point2::new(0.5 * width, 0.5 * height) + place.coords * per_film_px,
                confidence: 1.0,
            })
        })
        .collect();
    let time = TimeBase::uniform(poses.len(), RATE_HZ / KEEP_EVERY as f64).ok()?;
    let keypoints = Keypoints2d::new(COCO_23.joints.to_vec(), time, Some(IMAGE_PX), points).ok()?;
    let keypoints = match condition.keypoints {
        Keypoints::Clean => keypoints,
        Keypoints::Noisy => {
            let depth_m = (root(&poses[poses.len() / 2]) - camera.position).dot(&camera.forward);
            let height_px = focal_px * length_m / LENGTH_OF_HEIGHT / depth_m.max(0.5);
            let spoilt = Noise {
                seed: rng.next_u64(),
                jitter_px: JITTER * height_px,
                outlier_share: OUTLIERS,
                outlier_px: THROW * height_px,
                ..Noise::default()
            };
            noise(&keypoints, &spoilt)
        }
    };
    let all_times = TimeBase::uniform(take.poses.len(), RATE_HZ).ok()?;
    let places = take.poses.iter().flat_map(joints_of);
    let motion = Motion3d::new(
        LIFT_21.joints.to_vec(),
        all_times,
        places
            .map(|place| Some(Point3::from(axes * place)))
            .collect(),
    )
    .ok()?;
    Some(Film {
        motion,
        take: take.name.clone(),
        person: take.person.clone(),
        keypoints,
        truth: poses.iter().map(|pose| truth(pose, &axes)).collect(),
        length_m,
        heading: axes * ahead,
    })
}

fn truth(pose: &Pose, axes: &Rotation3<f64>) -> [Point3<f64>; JOINTS] {
    let joints = joints_of(pose);
    joints.map(|joint| Point3::from(axes * (joint - joints[0])))
}
