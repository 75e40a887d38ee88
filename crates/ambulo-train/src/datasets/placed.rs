//! What Human3.6M and HumanEva share: positions in the world, and keypoints of several cameras.

use std::sync::Arc;

use super::cameras::Cameras;
use super::objects::{DataSetError, Node};
use super::takes::{Take, Takes, normalised_keypoints};

/// A recording before its cameras.
pub(crate) struct PlacedTake<'a> {
    /// Subject, as the files name it.
    pub(crate) subject: &'a str,
    /// Recording.
    pub(crate) name: &'a str,
    /// Subject, as the camera file names it.
    pub(crate) camera_subject: &'a str,
    /// `[frames, joints, 3]`, world space.
    pub(crate) positions_m: Arc<[f32]>,
    /// The sizes of the cameras' images, in the order of their names.
    pub(crate) images_px: &'a [[u32; 2]],
}

/// Adds one take a camera. Keypoints past the end of the positions are dropped: video ran on after
/// motion capture had stopped.
pub(crate) fn placed_takes(
    takes: &mut Takes,
    take: &PlacedTake<'_>,
    keypoints: &Node<'_>,
    cameras: &Cameras,
) -> Result<(), DataSetError> {
    let seen = keypoints.items()?;
    let places = cameras.of_subject(take.camera_subject)?;
    if seen.len() != places.len() || seen.len() > take.images_px.len() {
        return Err(DataSetError::Cameras {
            place: keypoints.place().to_owned(),
            found: seen.len(),
            expected: places.len(),
        });
    }
    let (joints_in, joints_out) = (takes.input.joints(), takes.output.joints());
    let frames = take.positions_m.len() / (3 * joints_out);
    for ((node, (camera, place)), &size_px) in seen.iter().zip(places).zip(take.images_px) {
        let mut pixels = node.points(joints_in, 2)?;
        let found = pixels.len() / (2 * joints_in);
        if found < frames {
            return Err(DataSetError::FewKeypoints {
                place: node.place().to_owned(),
                keypoints: found,
                positions: frames,
            });
        }
        pixels.truncate(frames * 2 * joints_in);
        takes.takes.push(Take {
            subject: take.subject.to_owned(),
            name: take.name.to_owned(),
            camera: camera.to_owned(),
            keypoints: normalised_keypoints(&pixels, size_px),
            positions_m: Arc::clone(&take.positions_m),
            camera_from_world: Some(place),
            valid: None,
        });
    }
    Ok(())
}
