//! Takes: what one camera saw of one recording, with the joints in space that belong to it.

use std::sync::Arc;

use ambulo::metrics::pose3d::action_of;
use nalgebra::{Isometry3, Point3};

use super::cameras::normalised;
use super::layout::Layout;

/// What one camera saw of one recording.
///
/// Positions are kept once a recording, in the file's own space, and placed before the camera when
/// they are read: four cameras share them.
#[derive(Debug, Clone)]
pub struct Take {
    /// Subject, as the file names it.
    pub subject: String,
    /// Name of the recording; its first word is the action.
    pub name: String,
    /// Camera.
    pub camera: String,
    /// `[frames, joints in, 2]`, in the coordinates that networks read.
    pub keypoints: Vec<f32>,
    /// `[frames, joints out, 3]`, metres; at least as many frames as keypoints.
    pub positions_m: Arc<[f32]>,
    /// Where the camera stands; `None` if the positions are in camera space already.
    pub camera_from_world: Option<Isometry3<f64>>,
    /// Which frames count in an evaluation; `None` if all do.
    pub valid: Option<Vec<bool>>,
}

/// A part of a data set, ready to draw examples from or to be judged on.
#[derive(Debug, Clone)]
pub struct Takes {
    /// Joints of the keypoints.
    pub input: Layout,
    /// Joints of the positions.
    pub output: Layout,
    /// Frames a second, where all takes have the same.
    pub rate_hz: Option<f64>,
    /// The takes, in the order of the published recipes.
    pub takes: Vec<Take>,
}

impl Take {
    /// How many frames it has, with `joints` joints of keypoints.
    pub fn frames(&self, joints: usize) -> usize {
        self.keypoints.len() / (2 * joints.max(1))
    }

    /// The action: the first word of the name.
    pub fn action(&self) -> &str {
        action_of(&self.name)
    }

    /// Writes the joints of one frame, before the camera and relative to the root, whose own place
    /// becomes zero.
    ///
    /// # Panics
    ///
    /// If the frame does not exist or `out` is not as long as its joints.
    pub fn write_target(&self, frame: usize, root: usize, out: &mut [f32]) {
        let joints = out.len() / 3;
        let row = &self.positions_m[frame * joints * 3..][..joints * 3];
        let point = |joint: usize| -> Point3<f64> {
            let at = |axis: usize| f64::from(row[joint * 3 + axis]);
            let point = Point3::new(at(0), at(1), at(2));
            self.camera_from_world
                .map_or(point, |camera_from_world| camera_from_world * point)
        };
        let origin = point(root);
        for (joint, out) in out.chunks_exact_mut(3).enumerate() {
            let offset = point(joint) - origin;
            for (out, &offset) in out.iter_mut().zip(offset.iter()) {
                *out = narrow(offset);
            }
        }
    }
}

impl Takes {
    /// Frames of all takes.
    pub fn frames(&self) -> usize {
        let joints = self.input.joints();
        self.takes.iter().map(|take| take.frames(joints)).sum()
    }

    /// The takes that `keep` wants.
    #[must_use]
    pub fn filtered(mut self, keep: impl Fn(&Take) -> bool) -> Self {
        self.takes.retain(|take| keep(take));
        self
    }
}

/// Pixels, `[frames, joints, 2]`, in the coordinates that networks read.
pub(crate) fn normalised_keypoints(pixels: &[f32], size_px: [u32; 2]) -> Vec<f32> {
    let [width, height] = size_px.map(f64::from);
    pixels
        .chunks_exact(2)
        .flat_map(|p| normalised([f64::from(p[0]), f64::from(p[1])], width, height).map(narrow))
        .collect()
}

#[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
pub(crate) fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use nalgebra::{Translation3, UnitQuaternion, Vector3};

    use super::*;

    #[test]
    fn targets_are_relative_to_the_root_before_the_camera() {
        // A quarter turn about Z: X becomes Y, Y becomes −X.
        let turn = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), std::f64::consts::FRAC_PI_2);
        let take = Take {
            subject: "S1".to_owned(),
            name: "Walking 1".to_owned(),
            camera: "a".to_owned(),
            keypoints: vec![0.0; 8],
            positions_m: Arc::from(
                [9.0; 6]
                    .into_iter()
                    .chain([1.0, 1.0, 1.0, 3.0, 1.5, 1.0])
                    .collect::<Vec<f32>>(),
            ),
            camera_from_world: Some(Isometry3::from_parts(
                Translation3::new(5.0, 6.0, 7.0),
                turn,
            )),
            valid: None,
        };
        assert_eq!(take.frames(2), 2);
        assert_eq!(take.action(), "Walking");
        let mut out = [7.0; 6];
        take.write_target(1, 0, &mut out);
        for (found, expected) in out.iter().zip([0.0, 0.0, 0.0, -0.5, 2.0, 0.0]) {
            assert!((found - expected).abs() < 1e-6, "{out:?}");
        }
        take.write_target(1, 1, &mut out);
        assert_eq!(out[3..], [0.0; 3]);
    }
}
