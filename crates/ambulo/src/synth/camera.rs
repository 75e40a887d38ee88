//! A camera that films a synthetic walker, with a detector that makes no mistake.

use nalgebra::{Point2, Point3, Rotation3, Unit, Vector3};
use serde::{Deserialize, Serialize};

use super::SyntheticTrial;
use super::course::ahead;
use super::truth::right_of;
use crate::Side;
use crate::keypoints::{Keypoint, Keypoints2d};
use crate::motion::Motion3d;
use crate::skeleton::{COCO_23, Joint, JointMap, Skeleton};

/// A camera at rest. It looks at the middle of the walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Camera {
    /// Where it stands around the walker: 90 on the right side, −90 on the left, 0 in front, 180
    /// behind.
    pub azimuth_deg: f64,
    /// From the middle of the walk, on the floor.
    pub distance_m: f64,
    /// Above the floor.
    pub height_m: f64,
    /// Turned about its own axis, clockwise as the camera sees it.
    pub roll_deg: f64,
    /// How the image is formed.
    pub projection: Projection,
    /// Width and height of the image.
    pub image_size_px: [u32; 2],
    /// Name of the layout of the keypoints, such as `coco23`, `body25` or `halpe26`.
    pub skeleton: String,
}

/// How the image is formed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Projection {
    /// Through a point.
    Pinhole {
        /// Focal length in pixels.
        focal_px: f64,
    },
    /// From infinitely far: all depths have one scale.
    Orthographic {
        /// Pixels of one metre.
        pixels_per_metre: f64,
    },
}

impl Default for Camera {
    fn default() -> Self {
        Self {
            azimuth_deg: 90.0,
            distance_m: 6.0,
            height_m: 1.0,
            roll_deg: 0.0,
            projection: Projection::Pinhole { focal_px: 1500.0 },
            image_size_px: [1920, 1080],
            skeleton: COCO_23.name.to_owned(),
        }
    }
}

impl Camera {
    /// From one side, far enough for the whole of a straight walk of `length_m` to fit the picture.
    pub fn beside(side: Side, length_m: f64) -> Self {
        let focal_px = 1500.0;
        let width_px = 1920.0;
        Self {
            azimuth_deg: 90.0 * side.z_sign(),
            distance_m: (focal_px * (length_m + 1.2) / width_px).max(4.0),
            projection: Projection::Pinhole { focal_px },
            ..Self::default()
        }
    }

    /// From one side, without perspective, with a picture that the whole walk fits.
    pub fn orthographic(side: Side, length_m: f64) -> Self {
        Self {
            azimuth_deg: 90.0 * side.z_sign(),
            projection: Projection::Orthographic {
                pixels_per_metre: (1920.0 / (length_m + 1.2)).min(400.0),
            },
            ..Self::default()
        }
    }

    /// From the front, far enough for the walker to stay in the picture.
    pub fn in_front(length_m: f64) -> Self {
        Self {
            azimuth_deg: 0.0,
            distance_m: 0.5 * length_m + 4.0,
            ..Self::default()
        }
    }
}

/// Certainty of keypoints on the side that faces the camera, and on the other.
const NEAR_CONFIDENCE: f64 = 0.93;
const FAR_CONFIDENCE: f64 = 0.84;

struct Pose {
    at: Point3<f64>,
    right: Vector3<f64>,
    down: Vector3<f64>,
    forward: Vector3<f64>,
}

/// The keypoints that the camera sees. Points behind it or outside the picture are absent, and so
/// are joints of the layout that the walker cannot give. An unknown layout gives `coco23`.
#[expect(
    clippy::missing_panics_doc,
    reason = "only points inside the picture are kept, and those are finite"
)]
pub fn film(trial: &SyntheticTrial, camera: &Camera) -> Keypoints2d {
    let skeleton = Skeleton::by_name(&camera.skeleton).unwrap_or(&COCO_23);
    let motion = &trial.motion;
    let pose = place(trial, camera);
    let maps: Vec<Option<JointMap>> = skeleton
        .joints
        .iter()
        .map(|&joint| JointMap::between(motion.joints(), &[joint]).ok())
        .collect();
    let near = if camera.azimuth_deg.to_radians().sin() >= 0.0 {
        Side::Right
    } else {
        Side::Left
    };
    let mut points = Vec::with_capacity(motion.frames() * skeleton.joints.len());
    for frame in 0..motion.frames() {
        let from = motion.frame(frame);
        for (&joint, map) in skeleton.joints.iter().zip(&maps) {
            let position = map.as_ref().and_then(|map| {
                map.rows()[0]
                    .iter()
                    .try_fold(Point3::origin(), |sum, &(index, weight)| {
                        from[index].map(|p| sum + p.coords * weight)
                    })
            });
            points.push(position.and_then(|position| {
                project(&pose, camera, &position).map(|position_px| Keypoint {
                    position_px,
                    confidence: confidence(joint, near),
                })
            }));
        }
    }
    Keypoints2d::new(
        skeleton.joints.to_vec(),
        motion.time().clone(),
        Some(camera.image_size_px),
        points,
    )
    .expect("a motion's frames give as many finite keypoints")
}

/// What a perfect lifter would make of the film: the walker's joints relative to the pelvis, with X
/// to the image's right (a roll of the camera undone), Y up and Z to the camera, in metres.
#[expect(
    clippy::missing_panics_doc,
    reason = "a motion turned and moved is a motion"
)]
pub fn lifted(trial: &SyntheticTrial, camera: &Camera) -> Motion3d {
    let motion = &trial.motion;
    let outward = -place(trial, camera).forward;
    let right = Vector3::y().cross(&outward);
    let pelvis = motion.trajectory(Joint::Pelvis).unwrap_or_default();
    let joints = motion.joints().len();
    let positions_m = motion
        .positions_m()
        .iter()
        .enumerate()
        .map(|(index, position)| {
            let from_pelvis = (*position)? - pelvis.get(index / joints).copied().flatten()?;
            Some(Point3::new(
                from_pelvis.dot(&right),
                from_pelvis.y,
                from_pelvis.dot(&outward),
            ))
        })
        .collect();
    Motion3d::new(motion.joints().to_vec(), motion.time().clone(), positions_m)
        .expect("a motion turned and moved is a motion")
}

fn confidence(joint: Joint, near: Side) -> f64 {
    match joint.side() {
        Some(side) if side != near => FAR_CONFIDENCE,
        _ => NEAR_CONFIDENCE,
    }
}

fn place(trial: &SyntheticTrial, camera: &Camera) -> Pose {
    let walker = &trial.walker;
    let heading = walker.heading_deg.to_radians();
    let middle = middle(trial);
    // Around the walker: ahead at 0, to the right at 90.
    let (sin, cos) = camera.azimuth_deg.to_radians().sin_cos();
    let [x, z] = ahead(heading);
    let outward = Vector3::new(x, 0.0, z) * cos + right_of(heading) * sin;
    let at = Point3::new(middle.x, walker.floor_m + camera.height_m, middle.z)
        + outward * camera.distance_m;
    let forward = -outward;
    let right = forward.cross(&Vector3::y());
    let roll =
        Rotation3::from_axis_angle(&Unit::new_normalize(forward), camera.roll_deg.to_radians());
    Pose {
        at,
        right: roll * right,
        down: roll * -Vector3::y(),
        forward,
    }
}

/// The middle of the pelvis path's bounding box.
fn middle(trial: &SyntheticTrial) -> Point3<f64> {
    let mut low = Vector3::repeat(f64::INFINITY);
    let mut high = Vector3::repeat(f64::NEG_INFINITY);
    for position in trial
        .motion
        .trajectory(Joint::Pelvis)
        .unwrap_or_default()
        .into_iter()
        .flatten()
    {
        low = low.inf(&position.coords);
        high = high.sup(&position.coords);
    }
    Point3::from((low + high) * 0.5)
}

fn project(pose: &Pose, camera: &Camera, position: &Point3<f64>) -> Option<Point2<f64>> {
    let ray = position - pose.at;
    let (x, y, depth) = (
        ray.dot(&pose.right),
        ray.dot(&pose.down),
        ray.dot(&pose.forward),
    );
    let scale = match camera.projection {
        Projection::Pinhole { focal_px } => {
            if depth < 0.1 {
                return None;
            }
            focal_px / depth
        }
        Projection::Orthographic { pixels_per_metre } => pixels_per_metre,
    };
    let [width, height] = camera.image_size_px.map(f64::from);
    let seen = Point2::new(0.5 * width + scale * x, 0.5 * height + scale * y);
    let inside = (0.0..width).contains(&seen.x) && (0.0..height).contains(&seen.y);
    inside.then_some(seen)
}
