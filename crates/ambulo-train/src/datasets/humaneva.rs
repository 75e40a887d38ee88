//! HumanEva-I, from the files of the published recipes.
//!
//! Source: Sigal et al. (2010), doi:10.1007/s11263-009-0273-6; the files are those of Pavllo et al.
//! (2019), arXiv:1811.11742. Damaged spans are cut out of the recordings, whose parts are named
//! "Walking 1 chunk0" and so on.

use super::cameras::Cameras;
use super::layout::{COCO_17, HUMANEVA_15};
use super::objects::{DataSetError, Members};
use super::placed::{PlacedTake, placed_takes};
use super::takes::Takes;

/// Subjects to train on.
pub const TRAIN: [&str; 3] = ["Train/S1", "Train/S2", "Train/S3"];
/// Subjects to test on.
pub const TEST: [&str; 3] = ["Validate/S1", "Validate/S2", "Validate/S3"];
/// Recordings that count begin with one of these.
pub const ACTIONS: [&str; 3] = ["Walk", "Jog", "Box"];

const IMAGES_PX: [[u32; 2]; 3] = [[640, 480]; 3];
const RATE_HZ: f64 = 60.0;

const POSITIONS: &str = "data_3d_humaneva15.npz";
const KEYPOINTS: &str = "data_2d_humaneva15_*.npz";

/// Reads the takes of some subjects, in the order given.
///
/// `positions` is `data_3d_humaneva15.npz` and `keypoints` one of `data_2d_humaneva15_*.npz`. The
/// camera file names subjects without their part: "S1" for "Train/S1".
///
/// # Errors
///
/// [`DataSetError`] says which file, subject and take are wrong.
pub fn read(
    positions: &[u8],
    keypoints: &[u8],
    cameras: &Cameras,
    subjects: &[&str],
) -> Result<Takes, DataSetError> {
    let positions = Members::read(POSITIONS, positions, &["positions_3d"])?;
    let positions = positions.get("positions_3d")?;
    let keypoints = Members::read(KEYPOINTS, keypoints, &["positions_2d", "metadata"])?;
    let mut takes = Takes {
        input: if keypoints.has("metadata") {
            keypoints.get("metadata")?.layout(&[HUMANEVA_15, COCO_17])?
        } else {
            HUMANEVA_15
        },
        output: HUMANEVA_15,
        rate_hz: Some(RATE_HZ),
        takes: Vec::new(),
    };
    for &subject in subjects {
        let recorded = positions.get(subject)?.entries()?;
        let seen = keypoints.get("positions_2d")?.get(subject)?.entries()?;
        for (name, node) in seen {
            if !ACTIONS.iter().any(|action| name.starts_with(action)) {
                continue;
            }
            // Motion capture failed in some parts; what has keypoints only cannot be judged.
            let Some((_, place)) = recorded.iter().find(|(have, _)| *have == name) else {
                continue;
            };
            let take = PlacedTake {
                subject,
                name,
                camera_subject: subject.rsplit('/').next().unwrap_or(subject),
                positions_m: place.points(HUMANEVA_15.joints(), 3)?.into(),
                images_px: &IMAGES_PX,
            };
            placed_takes(&mut takes, &take, &node, cameras)?;
        }
    }
    Ok(takes)
}
