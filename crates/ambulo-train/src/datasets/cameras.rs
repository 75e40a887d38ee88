//! Cameras: placing world positions before them, projecting, and reading them from JSON.
//!
//! The position files of Human3.6M and HumanEva hold world space only. The cameras come from a file
//! that the user adds, `camera-parameters.json` (`docs/formats/pose_datasets.md`); none are built in.

use std::collections::BTreeMap;

use nalgebra::{
    Isometry3, Matrix3, Point2, Point3, Quaternion, Rotation3, Translation3, UnitQuaternion,
    Vector3,
};
use serde::Deserialize;

/// Why cameras could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CamerasError {
    /// The text is not JSON of this shape.
    #[error("the camera file is not understood")]
    Json(#[from] serde_json::Error),
    /// A matrix is not a rotation.
    #[error("the rotation of camera {camera:?} of {subject:?} is not a rotation")]
    Rotation {
        /// Subject.
        subject: String,
        /// Camera.
        camera: String,
    },
    /// The lens has too few numbers.
    #[error(
        "the distortion of camera {camera:?} has {found} numbers, expected 5 (k1, k2, p1, p2, k3)"
    )]
    Distortion {
        /// Camera.
        camera: String,
        /// Numbers given.
        found: usize,
    },
    /// A subject's cameras are missing.
    #[error("the camera file has no subject {0:?}")]
    Subject(String),
}

/// The cameras of a data set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cameras {
    lenses: BTreeMap<String, Lens>,
    places: BTreeMap<String, BTreeMap<String, Isometry3<f64>>>,
}

/// How a camera projects, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lens {
    /// Focal lengths.
    pub focal_px: [f64; 2],
    /// Principal point.
    pub centre_px: [f64; 2],
    /// Radial coefficients of r², r⁴ and r⁶.
    pub radial: [f64; 3],
    /// Tangential coefficients along X and Y.
    pub tangential: [f64; 2],
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    intrinsics: BTreeMap<String, Intrinsics>,
    extrinsics: BTreeMap<String, BTreeMap<String, Extrinsics>>,
}

#[derive(Deserialize)]
struct Intrinsics {
    calibration_matrix: [[f64; 3]; 3],
    distortion: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Extrinsics {
    /// Camera = R · world + t.
    Matrix {
        #[serde(rename = "R")]
        rotation: [[f64; 3]; 3],
        #[serde(rename = "t")]
        translation_mm: [[f64; 1]; 3],
    },
    /// Camera = q⁻¹ (world − translation).
    Placement {
        /// w, x, y, z: turns camera axes to world axes.
        orientation: [f64; 4],
        /// Where the camera stands in the world.
        translation: [f64; 3],
    },
}

const M_PER_MM: f64 = 1e-3;

impl Cameras {
    /// Reads cameras from JSON.
    ///
    /// # Errors
    ///
    /// [`CamerasError`] says what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, CamerasError> {
        let file: File = serde_json::from_slice(bytes)?;
        let mut cameras = Self::default();
        for (camera, lens) in file.intrinsics {
            let &[k1, k2, p1, p2, k3] = &lens.distortion[..] else {
                return Err(CamerasError::Distortion {
                    camera,
                    found: lens.distortion.len(),
                });
            };
            let [[fx, _, cx], [_, fy, cy], _] = lens.calibration_matrix;
            let lens = Lens {
                focal_px: [fx, fy],
                centre_px: [cx, cy],
                radial: [k1, k2, k3],
                tangential: [p2, p1],
            };
            cameras.lenses.insert(camera, lens);
        }
        for (subject, places) in file.extrinsics {
            let mut placed = BTreeMap::new();
            for (camera, place) in places {
                let Some(camera_from_world) = place.camera_from_world() else {
                    return Err(CamerasError::Rotation { subject, camera });
                };
                placed.insert(camera, camera_from_world);
            }
            cameras.places.insert(subject, placed);
        }
        Ok(cameras)
    }

    /// A subject's cameras in the order of their names, which is the order of the 2D files.
    ///
    /// # Errors
    ///
    /// [`CamerasError::Subject`] if the file does not name the subject.
    pub fn of_subject(
        &self,
        subject: &str,
    ) -> Result<impl ExactSizeIterator<Item = (&str, Isometry3<f64>)>, CamerasError> {
        let places = self
            .places
            .get(subject)
            .ok_or_else(|| CamerasError::Subject(subject.to_owned()))?;
        Ok(places
            .iter()
            .map(|(camera, place)| (camera.as_str(), *place)))
    }

    /// How a camera projects, if the file says so.
    pub fn lens(&self, camera: &str) -> Option<&Lens> {
        self.lenses.get(camera)
    }
}

impl Extrinsics {
    fn camera_from_world(&self) -> Option<Isometry3<f64>> {
        match self {
            Self::Matrix {
                rotation,
                translation_mm: [[x], [y], [z]],
            } => {
                let matrix = Matrix3::from_fn(|row, column| rotation[row][column]);
                let off = (matrix * matrix.transpose() - Matrix3::identity()).amax();
                let proper = off < 1e-4 && matrix.determinant() > 0.0;
                proper.then(|| {
                    let rotation = Rotation3::from_matrix_unchecked(matrix);
                    let shift_m = Vector3::new(*x, *y, *z) * M_PER_MM;
                    Isometry3::from_parts(shift_m.into(), UnitQuaternion::from(rotation))
                })
            }
            Self::Placement {
                orientation: [w, x, y, z],
                translation,
            } => {
                let quaternion = Quaternion::new(*w, *x, *y, *z);
                let unit = (quaternion.norm() - 1.0).abs() < 1e-3;
                unit.then(|| {
                    let place = Vector3::from(*translation) * M_PER_MM;
                    let world_from_camera = Isometry3::from_parts(
                        Translation3::from(place),
                        UnitQuaternion::from_quaternion(quaternion),
                    );
                    world_from_camera.inverse()
                })
            }
        }
    }
}

impl Lens {
    /// Where a point before the camera appears, in pixels.
    ///
    /// # Source
    ///
    /// The projection of the Human3.6M recipes: X/Z and Y/Z held within ±1, radial and tangential
    /// distortion with the tangential cross term counted once.
    pub fn project_px(&self, point: &Point3<f64>) -> Point2<f64> {
        let on = [point.x, point.y].map(|c| (c / point.z).clamp(-1.0, 1.0));
        let square = on[0] * on[0] + on[1] * on[1];
        let radial =
            square * (self.radial[0] + square * (self.radial[1] + square * self.radial[2]));
        let tangential = self.tangential[0] * on[0] + self.tangential[1] * on[1];
        let bent = |axis: usize| {
            let x = on[axis] * (1.0 + radial + tangential) + self.tangential[axis] * square;
            self.focal_px[axis] * x + self.centre_px[axis]
        };
        Point2::new(bent(0), bent(1))
    }
}

/// A pixel in the coordinates that the networks read: the width spans −1 to 1, and the height is
/// divided by the same number.
pub fn normalised(pixel: [f64; 2], width_px: f64, height_px: f64) -> [f64; 2] {
    [
        2.0 * pixel[0] / width_px - 1.0,
        2.0 * pixel[1] / width_px - height_px / width_px,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Camera 54138969 of Human3.6M.
    const FIRST_CAMERA: &str = r#"{
        "intrinsics": {"54138969": {
            "calibration_matrix": [[1145.0494384765625, 0, 512.54150390625],
                                   [0, 1143.7811279296875, 515.4514770507812], [0, 0, 1]],
            "distortion": [-0.20709891617298126, 0.24777518212795258, -0.00142447161488235,
                           -0.0009756988729350269, -0.0030751503072679043]}},
        "extrinsics": {"S1": {
            "a": {"R": [[0, 1, 0], [0, 0, -1], [-1, 0, 0]], "t": [[100], [200], [3000]]},
            "b": {"orientation": [0.5, -0.5, -0.5, 0.5], "translation": [3000, -100, 200]}}}}"#;

    #[test]
    fn the_centre_and_the_corner_are_normalised() {
        let of = |x, y| normalised([x, y], 1000.0, 1002.0).to_vec();
        assert_eq!(of(500.0, 501.0), [0.0, 0.0]);
        assert_eq!(of(0.0, 0.0), [-1.0, -1.002]);
    }

    #[test]
    fn a_point_appears_where_the_published_projection_puts_it() {
        let cameras = Cameras::parse(FIRST_CAMERA.as_bytes()).unwrap();
        let lens = cameras.lens("54138969").unwrap();
        let pixel = lens.project_px(&Point3::new(0.3, -0.2, 4.0));
        assert!((pixel.x - 598.267_86).abs() < 5e-5, "{pixel}");
        assert!((pixel.y - 458.344_59).abs() < 5e-5, "{pixel}");
        let [x, y] = normalised(pixel.into(), 1000.0, 1002.0);
        assert!((x - 0.196_535_7).abs() < 1e-7 && (y + 0.085_310_8).abs() < 1e-7);
    }

    #[test]
    fn both_ways_to_write_a_place_mean_the_same() {
        let cameras = Cameras::parse(FIRST_CAMERA.as_bytes()).unwrap();
        let places: Vec<_> = cameras.of_subject("S1").unwrap().collect();
        let point = Point3::new(1.0, 2.0, 3.0);
        // R · (1, 2, 3) + (0.1, 0.2, 3) = (2.1, −2.8, 2).
        for (name, place) in places {
            let apart = place * point - Point3::new(2.1, -2.8, 2.0);
            assert!(apart.norm() < 1e-12, "{name}: {apart}");
        }
        assert!(matches!(
            cameras.of_subject("S2").err(),
            Some(CamerasError::Subject(_))
        ));
    }

    #[test]
    fn a_mirroring_matrix_is_refused() {
        let text = r#"{"extrinsics": {"S1": {"a":
            {"R": [[1, 0, 0], [0, 1, 0], [0, 0, -1]], "t": [[0], [0], [0]]}}}}"#;
        assert!(matches!(
            Cameras::parse(text.as_bytes()),
            Err(CamerasError::Rotation { .. })
        ));
    }
}
