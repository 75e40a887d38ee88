//! A camera as a calibration knows it: from places in the laboratory to pixels.

use nalgebra::{Isometry3, Point2, Point3, Rotation3};

use crate::keypoints::{Keypoint, Keypoints2d};
use crate::motion::Motion3d;

/// A calibrated camera at rest: a pinhole whose lens bends lines a little.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibratedCamera {
    /// What the calibration calls it.
    pub name: String,
    /// Width and height of the picture that was calibrated.
    pub image_size_px: [u32; 2],
    /// Focal length across and down.
    pub focal_px: [f64; 2],
    /// Where the optical axis meets the picture.
    pub centre_px: [f64; 2],
    /// The lens: two radial coefficients, then two tangential ones.
    pub distortion: [f64; 4],
    /// From the laboratory's space in metres to the camera's: X to the right, Y down, Z ahead.
    pub camera_from_lab: Isometry3<f64>,
}

impl CalibratedCamera {
    /// Where a place of the laboratory is seen; `None` if it is behind the camera. It may lie outside the
    /// picture.
    ///
    /// # Source
    ///
    /// Brown (1966), the form with two radial and two tangential terms.
    pub fn project(&self, at: &Point3<f64>) -> Option<Point2<f64>> {
        /// Nearer than this, in metres, nothing is in focus or in front.
        const NEAREST: f64 = 1e-3;
        let seen = self.camera_from_lab * at;
        if seen.z < NEAREST {
            return None;
        }
        let (x, y) = (seen.x / seen.z, seen.y / seen.z);
        let [k1, k2, p1, p2] = self.distortion;
        let r2 = x * x + y * y;
        let radial = 1.0 + r2 * (k1 + r2 * k2);
        let bent = [
            x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x),
            y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y,
        ];
        let px = |axis: usize| self.focal_px[axis] * bent[axis] + self.centre_px[axis];
        Some(Point2::new(px(0), px(1)))
    }

    /// A motion as this camera sees it, with `lab_from_motion` turning the motion into the laboratory's
    /// space. Every joint in front of the camera has a confidence of 1.
    #[expect(
        clippy::missing_panics_doc,
        reason = "there are as many finite points as the motion has positions"
    )]
    pub fn film(&self, motion: &Motion3d, lab_from_motion: &Rotation3<f64>) -> Keypoints2d {
        let see = |at: &Option<Point3<f64>>| {
            let position_px = self.project(&(lab_from_motion * (*at)?))?;
            let is_place = position_px.coords.iter().all(|px| px.is_finite());
            is_place.then_some(Keypoint {
                position_px,
                confidence: 1.0,
            })
        };
        let points = motion.positions_m().iter().map(see).collect();
        let (joints, time) = (motion.joints().to_vec(), motion.time().clone());
        Keypoints2d::new(joints, time, Some(self.image_size_px), points)
            .expect("as many finite points as the motion has positions")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::{Translation3, UnitQuaternion, Vector3};

    fn camera() -> CalibratedCamera {
        CalibratedCamera {
            name: "one".to_owned(),
            image_size_px: [1000, 800],
            focal_px: [900.0, 950.0],
            centre_px: [500.0, 400.0],
            distortion: [0.0; 4],
            camera_from_lab: Isometry3::from_parts(
                Translation3::new(0.0, 1.0, 5.0),
                // The laboratory's Z is up, the camera's Y is down: half of a half turn about X.
                UnitQuaternion::from_axis_angle(&Vector3::x_axis(), std::f64::consts::FRAC_PI_2),
            ),
        }
    }

    #[track_caller]
    fn check(camera: &CalibratedCamera, at: [f64; 3], expected: Option<[f64; 2]>) {
        let seen = camera.project(&Point3::from(at));
        match (seen, expected) {
            (Some(seen), Some(expected)) => {
                assert!((seen - Point2::from(expected)).norm() < 1e-9, "{seen}");
            }
            (seen, expected) => assert_eq!(seen.is_some(), expected.is_some()),
        }
    }

    #[test]
    fn places_are_seen_where_similar_triangles_put_them() {
        // One metre up is at the height of the axis, five metres ahead.
        check(&camera(), [0.0, 0.0, 1.0], Some([500.0, 400.0]));
        check(&camera(), [1.0, 0.0, 1.0], Some([500.0 + 180.0, 400.0]));
        check(&camera(), [0.0, 0.0, 0.0], Some([500.0, 400.0 + 190.0]));
        check(&camera(), [0.0, -7.0, 1.0], None);
    }

    #[test]
    fn the_lens_bends_as_its_coefficients_say() {
        let mut camera = camera();
        camera.distortion = [0.1, 0.01, 0.002, 0.001];
        // x = 0.2, y = 0: r² = 0.04.
        let across = 0.2 * (1.0 + 0.1 * 0.04 + 0.01 * 0.0016) + 0.001 * 3.0 * 0.04;
        let down = 0.002 * 0.04;
        let expected = [500.0 + 900.0 * across, 400.0 + 950.0 * down];
        check(&camera, [1.0, 0.0, 1.0], Some(expected));
    }
}
