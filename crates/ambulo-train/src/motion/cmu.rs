//! The CMU collection: walks of real people as rotations of one skeleton.

use std::path::Path;

use ambulo_io::npy;
use nalgebra::{Matrix3, Rotation3, RowVector3, Unit, Vector3};

use super::body::{PelvisMarkers, Pose, at, gaze_correction, mid, put_face, put_toes};
use super::{MotionError, Origin, PARTS, People, Take, read};

/// Metres of one unit of the collection's skeletons.
const UNIT_M: f64 = 0.056_44;
/// Of 120 frames a second, every second is kept.
const KEEP_EVERY: usize = 2;
/// Heel behind and below the ankle, in metres: where Plug-in Gait's heel marker lies on standing people
/// (5.0 and 3.4 % of leg and trunk), at the size of this skeleton.
const HEEL_BEHIND_M: f64 = 0.067;
const HEEL_BELOW_M: f64 = 0.046;
/// This skeleton's head against the one that `put_face` makes.
const HEAD_SIZE: f64 = 1.03;

/// The spines of the pelvis ahead of, above and beside the mid-hips, in metres: an adult's, as Plug-in Gait
/// marks them.
const FRONT_SPINE_M: [f64; 3] = [0.07, 0.07, 0.12];
const BACK_SPINE_M: [f64; 3] = [-0.10, 0.07, 0.05];
/// How far the front of the pelvis lies below its back while the skeleton's root is upright, which the recordings
/// do not say: the mean tilt of healthy adults as they walk (Fukuchi et al. 2018).
const REST_TILT_RAD: f64 = 0.17;

/// Joints of the collection's skeleton.
mod bone {
    pub(super) const ROOT: usize = 0;
    pub(super) const LEFT_ANKLE: usize = 4;
    pub(super) const RIGHT_ANKLE: usize = 10;
    pub(super) const UPPER_NECK: usize = 18;
    pub(super) const HEAD: usize = 19;
}

/// Bones that are points of a [`Pose`] as they are.
const COPIED: [(usize, usize); 12] = [
    (at::LEFT_HIP, 2),
    (at::LEFT_KNEE, 3),
    (at::LEFT_ANKLE, bone::LEFT_ANKLE),
    (at::RIGHT_HIP, 8),
    (at::RIGHT_KNEE, 9),
    (at::RIGHT_ANKLE, bone::RIGHT_ANKLE),
    (at::LEFT_SHOULDER, 21),
    (at::LEFT_ELBOW, 22),
    (at::LEFT_WRIST, 24),
    (at::RIGHT_SHOULDER, 30),
    (at::RIGHT_ELBOW, 31),
    (at::RIGHT_WRIST, 33),
];

/// The collection's skeleton: parents, offsets and columns, as its description file holds them.
#[derive(Debug, Clone, PartialEq)]
pub struct CmuSkeleton {
    parents: Vec<Option<usize>>,
    offsets: Vec<RowVector3<f64>>,
    columns: Vec<[usize; 3]>,
    /// Directions in the rest pose's axes: along each foot, and up from its sole.
    feet: [[Vector3<f64>; 2]; 2],
}

/// Every bone of one frame: where it ends in metres, and its turned axes (row vectors).
struct Frame {
    places: Vec<Vector3<f64>>,
    turned: Vec<Matrix3<f64>>,
}

impl CmuSkeleton {
    /// Reads the description file.
    ///
    /// # Errors
    ///
    /// [`MotionError`] if it is not JSON or a table is missing or inconsistent.
    pub fn parse(text: &[u8]) -> Result<Self, MotionError> {
        let json: serde_json::Value = serde_json::from_slice(text)?;
        let list = |field: &'static str| {
            json[field]
                .as_array()
                .ok_or(MotionError::Skeleton { field })
        };
        let parents: Vec<Option<usize>> = list("parent")?
            .iter()
            .map(|parent| parent.as_u64().and_then(|p| usize::try_from(p).ok()))
            .collect();
        let offsets = list("offset")?
            .iter()
            .map(|offset| {
                let axis = |axis: usize| offset[axis].as_f64();
                Some(RowVector3::new(axis(0)?, axis(1)?, axis(2)?))
            })
            .collect::<Option<Vec<_>>>()
            .ok_or(MotionError::Skeleton { field: "offset" })?;
        let columns = list("exp_index")?
            .iter()
            .map(|columns| {
                let column = |axis: usize| usize::try_from(columns[axis].as_u64()?).ok();
                Some([column(0)?, column(1)?, column(2)?])
            })
            .collect::<Option<Vec<_>>>()
            .ok_or(MotionError::Skeleton { field: "exp_index" })?;
        let in_order = parents
            .iter()
            .enumerate()
            .all(|(bone, parent)| parent.is_none_or(|parent| parent < bone));
        if !in_order || parents.len() != offsets.len() || parents.len() <= 33 {
            return Err(MotionError::Skeleton { field: "parent" });
        }
        if columns.len() != parents.len() {
            return Err(MotionError::Skeleton { field: "exp_index" });
        }
        let feet = [bone::LEFT_ANKLE, bone::RIGHT_ANKLE].map(|ankle| foot(&offsets, ankle));
        Ok(Self {
            parents,
            offsets,
            columns,
            feet,
        })
    }

    /// Columns that a row of a sequence must have.
    fn width(&self) -> usize {
        self.columns
            .iter()
            .flatten()
            .max()
            .map_or(0, |most| most + 1)
    }

    /// Forward kinematics by the collection's own recipe.
    fn frame(&self, row: &[f64]) -> Frame {
        let mut turned: Vec<Matrix3<f64>> = Vec::with_capacity(self.parents.len());
        let mut places: Vec<RowVector3<f64>> = Vec::with_capacity(self.parents.len());
        for bone in 0..self.parents.len() {
            let [a, b, c] = self.columns[bone];
            let local = *Rotation3::new(Vector3::new(row[a], row[b], row[c])).matrix();
            if let Some(parent) = self.parents[bone] {
                places.push(self.offsets[bone] * turned[parent] + places[parent]);
                turned.push(local * turned[parent]);
            } else {
                places.push(RowVector3::new(row[0], row[1], row[2]));
                turned.push(local);
            }
        }
        Frame {
            places: places.iter().map(|p| p.transpose() * UNIT_M).collect(),
            turned,
        }
    }

    /// The poses of a sequence of frames; the first row of its file, which is a rest pose, must be gone.
    fn poses(&self, frames: &[Frame]) -> Vec<Pose> {
        let ahead = |frame: &Frame| turn(frame, bone::UPPER_NECK, &Vector3::z());
        let gaze = gaze_correction(
            frames
                .iter()
                .map(|frame| ahead(frame).y.clamp(-1.0, 1.0).asin()),
        );
        frames
            .iter()
            .map(|frame| {
                let mut pose = [Vector3::zeros(); PARTS];
                for (point, bone) in COPIED {
                    pose[point] = frame.places[bone];
                }
                let up = turn(frame, bone::UPPER_NECK, &Vector3::y());
                let forward = ahead(frame);
                let right = Unit::new_normalize(forward.cross(&up));
                let lift = Rotation3::from_axis_angle(&right, gaze);
                put_face(
                    &mut pose,
                    &frame.places[bone::HEAD],
                    &(lift * forward),
                    &(lift * up),
                    HEAD_SIZE,
                );
                let ankles = [
                    (bone::LEFT_ANKLE, at::LEFT_HEEL),
                    (bone::RIGHT_ANKLE, at::RIGHT_HEEL),
                ];
                for ((ankle, heel), [along, sole_up]) in ankles.into_iter().zip(&self.feet) {
                    let along = turn(frame, ankle, along);
                    let sole_up = turn(frame, ankle, sole_up);
                    pose[heel] =
                        frame.places[ankle] - along * HEEL_BEHIND_M - sole_up * HEEL_BELOW_M;
                    let is_left = ankle == bone::LEFT_ANKLE;
                    put_toes(&mut pose, is_left, &frame.places[ankle + 1], &along, 1.1);
                }
                pose
            })
            .collect()
    }
}

/// The skin over the pelvis, which goes with the skeleton's root.
fn pelvis(frame: &Frame, pose: &Pose) -> PelvisMarkers {
    let axis = |axis| turn(frame, bone::ROOT, &axis);
    let (ahead, up) = (axis(Vector3::z()), axis(Vector3::y()));
    let right = Unit::new_normalize(ahead.cross(&up));
    let tilt = Rotation3::from_axis_angle(&right, -REST_TILT_RAD);
    let (ahead, up) = (tilt * ahead, tilt * up);
    let hips = mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let place = |[forward, upward, outward]: [f64; 3], to_right: f64| {
        hips + ahead * forward + up * upward + *right * (to_right * outward)
    };
    [
        place(FRONT_SPINE_M, -1.0),
        place(FRONT_SPINE_M, 1.0),
        place(BACK_SPINE_M, -1.0),
        place(BACK_SPINE_M, 1.0),
    ]
}

/// A direction of the rest pose, turned with a bone.
fn turn(frame: &Frame, bone: usize, direction: &Vector3<f64>) -> Vector3<f64> {
    (direction.transpose() * frame.turned[bone]).transpose()
}

/// Along the foot and up from its sole, in the axes of the rest pose.
///
/// The legs of the rest pose stand apart. While a foot is flat on the ground, the vertical in the
/// foot's axes is (∓0.40, 0.91, −0.05), the mean of the stance phases of eight sequences.
fn foot(offsets: &[RowVector3<f64>], ankle: usize) -> [Vector3<f64>; 2] {
    let outward = offsets[ankle].x.signum();
    let up = Vector3::new(-0.40 * outward, 0.912, -0.05).normalize();
    let toward_toes = offsets[ankle + 1].transpose();
    let along = (toward_toes - up * toward_toes.dot(&up)).normalize();
    [along, up]
}

/// The walks of the people of CMU that `people` names, from the collection's folder.
///
/// # Errors
///
/// [`MotionError`] if a file is missing or damaged, or a sequence is not in it.
pub fn walks(folder: &Path, people: &People) -> Result<Vec<Take>, MotionError> {
    let skeleton = CmuSkeleton::parse(&read(&folder.join("cmu_skeleton.json"))?)?;
    let path = folder.join("cmu_expmap_all.npz");
    let sequences =
        npy::parse_npz(&read(&path)?).map_err(|source| MotionError::Archive { path, source })?;
    let mut takes = Vec::new();
    for (person, names) in &people.cmu {
        for name in names {
            let array = sequences
                .iter()
                .find_map(|(have, array)| (have == name).then_some(array))
                .ok_or_else(|| MotionError::NoSequence { name: name.clone() })?;
            let columns = array.shape.get(1).copied().unwrap_or(0);
            if columns < skeleton.width() {
                return Err(MotionError::Columns {
                    name: name.clone(),
                    columns,
                    needed: skeleton.width(),
                });
            }
            // Row 0 is a rest pose, not a part of the motion.
            let rows = array.numbers().unwrap_or_default();
            let rows = rows.chunks_exact(columns).skip(1).step_by(KEEP_EVERY);
            let frames: Vec<Frame> = rows.map(|row| skeleton.frame(row)).collect();
            let poses = skeleton.poses(&frames);
            takes.push(Take {
                name: name.clone(),
                person: person.clone(),
                origin: Origin::Cmu,
                pelvis: frames
                    .iter()
                    .zip(&poses)
                    .map(|(frame, pose)| pelvis(frame, pose))
                    .collect(),
                poses,
            });
        }
    }
    Ok(takes)
}
