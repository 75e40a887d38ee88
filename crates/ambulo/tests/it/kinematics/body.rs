//! A body put together from known joint angles: the inverse of what the kinematics measures.

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::ops::Range;

use ambulo::kinematics::AngleId;
use ambulo::skeleton::{Joint, on};
use ambulo::time::TimeBase;
use ambulo::walk::{LengthUnit, Surface, View, Walk, WalkParts};
use ambulo::{PerSide, Side};
use nalgebra::{Point3, Rotation3, Vector3};

const RATE_HZ: f64 = 100.0;
const CYCLE_S: f64 = 1.1;
const FRAMES: usize = 230;
const SPEED_MPS: f64 = 1.2;

type Trajectories = BTreeMap<Joint, Vec<Option<Point3<f64>>>>;

/// The angles of one frame, degrees.
#[derive(Debug, Clone)]
pub(crate) struct Pose {
    time_s: f64,
    tilt: f64,
    left_up: f64,
    right_forward: f64,
    lean: f64,
    legs: PerSide<LegPose>,
}

/// The angles of one leg and arm, degrees.
#[derive(Debug, Clone, Copy)]
struct LegPose {
    hip: [f64; 3],
    knee: [f64; 3],
    dorsiflexion: f64,
    toe_in: f64,
    arm: f64,
}

/// Two strides with every angle moving.
pub(crate) fn walking() -> Vec<Pose> {
    (0..FRAMES)
        .map(|frame| pose(frame as f64 / RATE_HZ))
        .collect()
}

fn pose(time_s: f64) -> Pose {
    let phase = time_s / CYCLE_S;
    let tilt = 9.0 + 2.0 * (2.0 * TAU * phase).cos();
    Pose {
        time_s,
        tilt,
        left_up: 4.0 * (TAU * phase).sin(),
        right_forward: -6.0 * (TAU * phase).cos(),
        lean: 4.0 + (2.0 * TAU * phase).sin(),
        legs: PerSide {
            left: leg(phase, tilt),
            right: leg(phase + 0.5, tilt),
        },
    }
}

fn leg(phase: f64, tilt: f64) -> LegPose {
    let phase = phase.rem_euclid(1.0);
    let hump = |centre: f64, half_width: f64| {
        let distance = ((phase - centre + 0.5).rem_euclid(1.0) - 0.5) / half_width;
        if distance.abs() < 1.0 {
            0.5 + 0.5 * (0.5 * TAU * distance).cos()
        } else {
            0.0
        }
    };
    let hip = 10.0 + 20.0 * (TAU * phase).cos();
    let knee = 5.0 + 14.0 * hump(0.13, 0.13) + 55.0 * hump(0.73, 0.25);
    // The foot rests flat from 8 to 40 % of the cycle.
    let pitch = 20.0 * hump(0.95, 0.13) - 60.0 * hump(0.62, 0.22);
    LegPose {
        hip: [
            hip,
            5.0 * (TAU * phase).sin(),
            -4.0 + 5.0 * (TAU * phase).cos(),
        ],
        knee: [
            knee,
            2.0 + 2.0 * (TAU * phase).sin(),
            -8.0 + 4.0 * (TAU * phase).sin(),
        ],
        dorsiflexion: pitch - (hip - tilt) + knee,
        toe_in: -6.0,
        arm: 5.0 - 15.0 * (TAU * phase).cos(),
    }
}

impl Pose {
    /// The angle that this pose was built with.
    pub(crate) fn angle_deg(&self, side: Side, angle: AngleId) -> f64 {
        let leg = self.legs.get(side);
        let right = side.z_sign();
        match angle {
            AngleId::PelvicTilt => self.tilt,
            AngleId::PelvicObliquity => -right * self.left_up,
            AngleId::PelvicRotation => right * self.right_forward,
            AngleId::HipFlexion => leg.hip[0],
            AngleId::HipAdduction => leg.hip[1],
            AngleId::HipRotation => leg.hip[2],
            AngleId::KneeFlexion => leg.knee[0],
            AngleId::KneeAdduction => leg.knee[1],
            AngleId::KneeRotation => leg.knee[2],
            AngleId::AnkleDorsiflexion => leg.dorsiflexion,
            AngleId::FootPitch => leg.dorsiflexion + leg.hip[0] - self.tilt - leg.knee[0],
            AngleId::TrunkLean => self.lean,
            AngleId::ArmSwing => leg.arm,
            AngleId::FootProgression => panic!("a result of all the others"),
        }
    }

    /// Nothing but flexion, the pelvis upright.
    pub(crate) fn planar(&self) -> Self {
        let flat = |leg: LegPose| LegPose {
            hip: [leg.hip[0], 0.0, 0.0],
            knee: [leg.knee[0], 0.0, 0.0],
            dorsiflexion: leg.dorsiflexion - self.tilt,
            toe_in: 0.0,
            ..leg
        };
        Self {
            tilt: 0.0,
            left_up: 0.0,
            right_forward: 0.0,
            legs: self.legs.map(flat),
            ..self.clone()
        }
    }

    /// The heels higher by so much.
    pub(crate) fn on_toes(&self, plantar: f64) -> Self {
        let lifted = |leg: LegPose| LegPose {
            dorsiflexion: leg.dorsiflexion - plantar,
            ..leg
        };
        Self {
            legs: self.legs.map(lifted),
            ..self.clone()
        }
    }

    /// A knee that is a hinge.
    pub(crate) fn without_knee_twist(&self) -> Self {
        let hinge = |leg: LegPose| LegPose {
            knee: [leg.knee[0], 0.0, 0.0],
            ..leg
        };
        Self {
            legs: self.legs.map(hinge),
            ..self.clone()
        }
    }

    /// Another lean, and toes turned out further.
    pub(crate) fn changed(&self, lean: f64, toe_out: f64) -> Self {
        let turned = |leg: LegPose| LegPose {
            toe_in: -toe_out,
            ..leg
        };
        Self {
            lean,
            legs: self.legs.map(turned),
            ..self.clone()
        }
    }
}

/// Lengths of the body, metres.
pub(crate) struct Body {
    pub(crate) sole_slope_deg: f64,
    pub(crate) knee_half_width_m: f64,
    pub(crate) ankle_half_width_m: f64,
    /// Forward and outward from the shank's axis.
    pub(crate) shank_wand_m: [f64; 2],
}

impl Default for Body {
    fn default() -> Self {
        Self {
            sole_slope_deg: 0.0,
            knee_half_width_m: 0.055,
            ankle_half_width_m: 0.04,
            shank_wand_m: [0.0, 0.08],
        }
    }
}

impl Body {
    /// A walk with skin markers only, medial ones included.
    pub(crate) fn markers(&self, poses: &[Pose]) -> Walk {
        let walk = self.walk(poses, View::Spatial);
        let kept: Vec<Joint> = walk
            .joints()
            .filter(|joint| !is_centre(*joint) && !is_wand(*joint))
            .collect();
        self.only(&walk, &kept)
    }

    /// A walk with the markers of Davis et al.: segment markers, none on the medial side.
    pub(crate) fn wand_markers(&self, poses: &[Pose]) -> Walk {
        let walk = self.walk(poses, View::Spatial);
        let medial = |joint: Joint| joint.name().contains("medial");
        let kept: Vec<Joint> = walk
            .joints()
            .filter(|joint| !is_centre(*joint) && !medial(*joint))
            .collect();
        self.only(&walk, &kept)
    }

    /// A walk with joint centres only; `feet` adds a toe.
    pub(crate) fn joint_centres(&self, poses: &[Pose], feet: bool) -> Walk {
        let walk = self.walk(poses, View::Spatial);
        let upper = |joint: Joint| {
            matches!(joint, Joint::Neck)
                || Side::BOTH
                    .iter()
                    .any(|&side| [on::shoulder(side), on::wrist(side)].contains(&joint))
        };
        let toe = |joint: Joint| matches!(joint, Joint::LeftToe | Joint::RightToe);
        let kept = |joint: &Joint| is_centre(*joint) || upper(*joint) || (feet && toe(*joint));
        let kept: Vec<Joint> = walk.joints().filter(kept).collect();
        self.only(&walk, &kept)
    }

    /// What one camera from the side sees, without depth.
    pub(crate) fn side_view(&self, poses: &[Pose]) -> Walk {
        let walk = self.walk(poses, View::Sagittal);
        let kept: Vec<Joint> = walk
            .joints()
            .filter(|joint| {
                let name = joint.name();
                is_centre(*joint)
                    || ["heel", "toe", "neck", "shoulder", "wrist"]
                        .iter()
                        .any(|part| name.contains(part))
            })
            .collect();
        let walk = self.only(&walk, &kept);
        rebuilt(&walk, |point| Point3::new(point.x, point.y, 0.0))
    }

    /// The walk with these joints only.
    #[expect(
        clippy::unused_self,
        reason = "reads as the other ways of seeing the body"
    )]
    pub(crate) fn only(&self, walk: &Walk, joints: &[Joint]) -> Walk {
        let mut trajectories = trajectories(walk);
        trajectories.retain(|joint, _| joints.contains(joint));
        with(walk, trajectories)
    }

    fn walk(&self, poses: &[Pose], view: View) -> Walk {
        let mut trajectories = Trajectories::new();
        for pose in poses {
            for (joint, point) in self.points(pose) {
                trajectories.entry(joint).or_default().push(Some(point));
            }
        }
        Walk::new(WalkParts {
            time: TimeBase::uniform(poses.len(), RATE_HZ).expect("the poses have a rate"),
            start_time_s: 0.0,
            start_frame: 0,
            view,
            unit: LengthUnit::Metres {
                relative_error: 0.0,
            },
            surface: Surface::Overground,
            leg_length: Some(0.82),
            trajectories,
        })
    }

    fn points(&self, pose: &Pose) -> Vec<(Joint, Point3<f64>)> {
        let front = Point3::new(SPEED_MPS * pose.time_s, 0.95, 0.1);
        let pelvis = turned(-pose.tilt, pose.left_up, pose.right_forward);
        let (width, depth) = (0.24, 0.13);
        let mut points = vec![(
            Joint::Sacrum,
            front + pelvis * Vector3::new(-depth, 0.0, 0.0),
        )];
        // Where the regression of Harrington et al. puts the hips for this width and depth.
        let hip_from_front = |side: Side| {
            let outward = side.z_sign() * (0.33 * width + 0.0073);
            pelvis * Vector3::new(-0.24 * depth - 0.0099, -0.30 * width - 0.0109, outward)
        };
        let middle = nalgebra::center(
            &(front + hip_from_front(Side::Left)),
            &(front + hip_from_front(Side::Right)),
        );
        let lean = pose.lean.to_radians();
        let neck = middle + 0.5 * Vector3::new(lean.sin(), lean.cos(), 0.0);
        points.push((Joint::Pelvis, middle));
        points.push((Joint::Neck, neck));
        for side in Side::BOTH {
            let outward = side.z_sign();
            let leg = pose.legs.get(side);
            let asis = front + pelvis * Vector3::new(0.0, 0.0, outward * width / 2.0);
            let hip = front + hip_from_front(side);
            let [flexion, adduction, rotation] = leg.hip;
            let thigh = pelvis * turned(flexion, outward * adduction, outward * rotation);
            let knee = hip + thigh * Vector3::new(0.0, -0.42, 0.0);
            let [flexion, adduction, rotation] = leg.knee;
            let shank = thigh * turned(-flexion, outward * adduction, outward * rotation);
            let ankle = knee + shank * Vector3::new(0.0, -0.40, 0.0);
            let lateral = |half_width: f64| Vector3::new(0.0, 0.0, outward * half_width);
            let foot = shank * turned(leg.dorsiflexion, 0.0, outward * leg.toe_in);
            let heel = ankle + foot * Vector3::new(-0.05, -0.07, 0.0);
            let slope = self.sole_slope_deg.to_radians();
            let toe = heel + foot * (0.2 * Vector3::new(slope.cos(), slope.sin(), 0.0));
            let arm = (leg.arm - pose.lean).to_radians();
            let shoulder = neck + Vector3::new(0.0, 0.0, 0.18 * outward);
            let wrist = shoulder + 0.55 * Vector3::new(arm.sin(), -arm.cos(), 0.0);
            points.extend([
                (on::asis(side), asis),
                (on::hip(side), hip),
                (on::knee(side), knee),
                (on::ankle(side), ankle),
                (
                    on::lateral_knee(side),
                    knee + thigh * lateral(self.knee_half_width_m),
                ),
                (
                    on::medial_knee(side),
                    knee - thigh * lateral(self.knee_half_width_m),
                ),
                (
                    on::lateral_malleolus(side),
                    ankle + shank * lateral(self.ankle_half_width_m),
                ),
                (
                    on::medial_malleolus(side),
                    ankle - shank * lateral(self.ankle_half_width_m),
                ),
                (
                    on::thigh_wand(side),
                    hip + thigh * Vector3::new(0.0, -0.25, 0.09 * outward),
                ),
                (
                    on::shank_wand(side),
                    knee + shank
                        * Vector3::new(self.shank_wand_m[0], -0.2, self.shank_wand_m[1] * outward),
                ),
                (on::heel(side), heel),
                (on::toe(side), toe),
                (on::shoulder(side), shoulder),
                (on::wrist(side), wrist),
            ]);
        }
        points
    }
}

/// The walk with a hole in one trajectory.
pub(crate) fn without(walk: &Walk, joint: Joint, frames: Range<usize>) -> Walk {
    let mut trajectories = trajectories(walk);
    if let Some(trajectory) = trajectories.get_mut(&joint) {
        trajectory[frames].fill(None);
    }
    with(walk, trajectories)
}

/// The walk elsewhere on the floor.
pub(crate) fn moved(walk: &Walk, x: f64, z: f64) -> Walk {
    rebuilt(walk, |point| point + Vector3::new(x, 0.0, z))
}

fn rebuilt(walk: &Walk, change: impl Fn(Point3<f64>) -> Point3<f64>) -> Walk {
    let mut trajectories = trajectories(walk);
    for point in trajectories.values_mut().flatten().flatten() {
        *point = change(*point);
    }
    with(walk, trajectories)
}

fn trajectories(walk: &Walk) -> Trajectories {
    walk.joints()
        .filter_map(|joint| Some((joint, walk.trajectory(joint)?.to_vec())))
        .collect()
}

fn with(walk: &Walk, trajectories: Trajectories) -> Walk {
    Walk::new(WalkParts {
        time: walk.time().clone(),
        start_time_s: walk.start_time_s(),
        start_frame: walk.start_frame(),
        view: walk.view(),
        unit: walk.unit(),
        surface: walk.surface(),
        leg_length: walk.leg_length(),
        trajectories,
    })
}

fn is_centre(joint: Joint) -> bool {
    joint == Joint::Pelvis
        || Side::BOTH
            .iter()
            .any(|&side| [on::hip(side), on::knee(side), on::ankle(side)].contains(&joint))
}

fn is_wand(joint: Joint) -> bool {
    joint.name().contains("wand")
}

/// About Z, then the turned X, then the turned Y.
fn turned(about_z: f64, about_x: f64, about_y: f64) -> Rotation3<f64> {
    Rotation3::from_axis_angle(&Vector3::z_axis(), about_z.to_radians())
        * Rotation3::from_axis_angle(&Vector3::x_axis(), about_x.to_radians())
        * Rotation3::from_axis_angle(&Vector3::y_axis(), about_y.to_radians())
}
