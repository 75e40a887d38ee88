//! Human3.6M, from the files of the published recipes.
//!
//! Source: Ionescu et al. (2014), doi:10.1109/TPAMI.2013.248; the files are those of Pavllo et al.
//! (2019), arXiv:1811.11742.

use std::sync::Arc;

use nalgebra::Point3;

use super::cameras::Cameras;
use super::layout::{COCO_17, H36M_17, H36M_17_OF_32};
use super::objects::{DataSetError, Members, Node};
use super::placed::{PlacedTake, placed_takes};
use super::takes::{Take, Takes, narrow, normalised_keypoints};

/// Subjects to train on.
pub const TRAIN: [&str; 5] = ["S1", "S5", "S6", "S7", "S8"];
/// Subjects to test on.
pub const TEST: [&str; 2] = ["S9", "S11"];

/// The sizes of the four cameras' images, in the order of their names.
const IMAGES_PX: [[u32; 2]; 4] = [[1000, 1002], [1000, 1000], [1000, 1000], [1000, 1002]];
/// Joints of the position file.
const FILE_JOINTS: usize = 32;
const RATE_HZ: f64 = 50.0;

const POSITIONS: &str = "data_3d_h36m.npz";
const KEYPOINTS: &str = "data_2d_h36m_*.npz";

/// Reads the takes of some subjects, in the order given.
///
/// `positions` is `data_3d_h36m.npz` and `keypoints` one of `data_2d_h36m_*.npz`. Without keypoints
/// the positions are projected, which needs the lenses in the camera file.
///
/// S11's "Directions" is left out, as its recording is damaged.
///
/// # Errors
///
/// [`DataSetError`] says which file, subject and take are wrong.
pub fn read(
    positions: &[u8],
    keypoints: Option<&[u8]>,
    cameras: &Cameras,
    subjects: &[&str],
) -> Result<Takes, DataSetError> {
    let positions = Members::read(POSITIONS, positions, &["positions_3d"])?;
    let positions = positions.get("positions_3d")?;
    let keypoints = keypoints
        .map(|bytes| Members::read(KEYPOINTS, bytes, &["positions_2d", "metadata"]))
        .transpose()?;
    let mut takes = Takes {
        input: match &keypoints {
            Some(file) if file.has("metadata") => {
                file.get("metadata")?.layout(&[H36M_17, COCO_17])?
            }
            _ => H36M_17,
        },
        output: H36M_17,
        rate_hz: Some(RATE_HZ),
        takes: Vec::new(),
    };
    for &subject in subjects {
        let recorded = recordings(&positions.get(subject)?, subject)?;
        let seen = match &keypoints {
            Some(file) => recordings(&file.get("positions_2d")?.get(subject)?, subject)?,
            None => recorded.clone(),
        };
        for (name, node) in seen {
            let (_, place) = recorded
                .iter()
                .find(|(have, _)| *have == name)
                .ok_or_else(|| DataSetError::Absent {
                    place: format!("{}[{name:?}]", positions.place()),
                })?;
            let take = PlacedTake {
                subject,
                name: &name,
                camera_subject: subject,
                positions_m: kept_joints(&place.points(FILE_JOINTS, 3)?),
                images_px: &IMAGES_PX,
            };
            if keypoints.is_some() {
                placed_takes(&mut takes, &take, &node, cameras)?;
            } else {
                projected_takes(&mut takes, &take, cameras)?;
            }
        }
    }
    Ok(takes)
}

/// A subject's recordings with the names that tables use.
fn recordings<'a>(
    subject_node: &Node<'a>,
    subject: &str,
) -> Result<Vec<(String, Node<'a>)>, DataSetError> {
    let renamed = subject_node.entries()?.into_iter().map(|(name, node)| {
        let name = name
            .replace("TakingPhoto", "Photo")
            .replace("WalkingDog", "WalkDog");
        (name, node)
    });
    Ok(renamed
        .filter(|(name, _)| (subject, name.as_str()) != ("S11", "Directions"))
        .collect())
}

/// `[frames, 32, 3]` → `[frames, 17, 3]`.
fn kept_joints(positions_m: &[f32]) -> Arc<[f32]> {
    positions_m
        .chunks_exact(FILE_JOINTS * 3)
        .flat_map(|frame| H36M_17_OF_32.map(|joint| [0, 1, 2].map(|axis| frame[joint * 3 + axis])))
        .flatten()
        .collect()
}

/// The takes of one recording, with keypoints where the cameras project the joints.
fn projected_takes(
    takes: &mut Takes,
    take: &PlacedTake<'_>,
    cameras: &Cameras,
) -> Result<(), DataSetError> {
    let places = cameras.of_subject(take.camera_subject)?;
    for ((camera, camera_from_world), size_px) in places.zip(IMAGES_PX) {
        let lens = cameras
            .lens(camera)
            .ok_or_else(|| DataSetError::Lens(camera.to_owned()))?;
        let pixels: Vec<f32> = take
            .positions_m
            .chunks_exact(3)
            .flat_map(|p| {
                let world = Point3::new(f64::from(p[0]), f64::from(p[1]), f64::from(p[2]));
                let pixel = lens.project_px(&(camera_from_world * world));
                [narrow(pixel.x), narrow(pixel.y)]
            })
            .collect();
        takes.takes.push(Take {
            subject: take.subject.to_owned(),
            name: take.name.to_owned(),
            camera: camera.to_owned(),
            keypoints: normalised_keypoints(&pixels, size_px),
            positions_m: Arc::clone(&take.positions_m),
            camera_from_world: Some(camera_from_world),
            valid: None,
        });
    }
    Ok(())
}
