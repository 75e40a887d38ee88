//! Calibrations of several cameras, in the TOML that `Pose2Sim` and other multi-camera programs write.
//!
//! One table for each camera: `name`, `size` (width, height), `matrix` (3×3, pixels), `distortions` (two radial
//! and two tangential coefficients), `rotation` (from the laboratory to the camera, as axis times angle in radians),
//! `translation` (metres), and `fisheye`. A table `metadata` is passed over.

use ambulo::camera::CalibratedCamera;
use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use serde::Deserialize;

/// Why a calibration could not be used.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// Not UTF-8.
    #[error("the calibration is not text in UTF-8")]
    Text(#[from] std::str::Utf8Error),
    /// Not TOML, or a camera lacks something.
    #[error(
        "the calibration is not TOML with name, size, matrix, distortions, rotation and translation for each camera: {0}"
    )]
    Toml(#[from] toml::de::Error),
    /// A camera that we cannot compute.
    #[error("camera {camera:?} {what}")]
    Camera {
        /// Its name.
        camera: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There is none.
    #[error("the calibration holds no camera")]
    Empty,
}

#[derive(Deserialize)]
struct Table {
    name: Option<String>,
    size: [f64; 2],
    matrix: [[f64; 3]; 3],
    distortions: Vec<f64>,
    rotation: [f64; 3],
    translation: [f64; 3],
    #[serde(default)]
    fisheye: bool,
}

/// Reads a calibration; its cameras are in the order of their tables' names.
///
/// # Errors
///
/// [`CalibrationError`] says which camera is wrong, and how.
pub fn read(bytes: &[u8]) -> Result<Vec<CalibratedCamera>, CalibrationError> {
    let text = std::str::from_utf8(bytes)?;
    let tables: toml::Table = toml::from_str(text)?;
    let mut cameras = Vec::new();
    for (key, table) in tables {
        if key == "metadata" {
            continue;
        }
        let table: Table = table.try_into()?;
        cameras.push(camera(key, &table)?);
    }
    if cameras.is_empty() {
        return Err(CalibrationError::Empty);
    }
    Ok(cameras)
}

fn camera(key: String, table: &Table) -> Result<CalibratedCamera, CalibrationError> {
    let name = table.name.clone().unwrap_or(key);
    let wrong = |what: &'static str| {
        Err(CalibrationError::Camera {
            camera: name.clone(),
            what,
        })
    };
    if table.fisheye {
        return wrong("has a fisheye lens, which is not computed here");
    }
    if table.distortions.iter().skip(4).any(|&bend| bend != 0.0) {
        return wrong("has more than four coefficients of distortion");
    }
    let [[fx, skew, cx], [_, fy, cy], _] = table.matrix;
    let numbers = [fx, skew, cx, fy, cy]
        .into_iter()
        .chain(table.distortions.iter().copied())
        .chain(table.rotation)
        .chain(table.translation);
    if !numbers.into_iter().all(f64::is_finite) {
        return wrong("has a number that is none");
    }
    if skew != 0.0 {
        return wrong("has axes that are not at right angles");
    }
    if fx <= 0.0 || fy <= 0.0 {
        return wrong("has no focal length");
    }
    let Some(image_size_px) = size(table.size) else {
        return wrong("has no picture of 1 to 100000 pixels");
    };
    let bend = |index: usize| table.distortions.get(index).copied().unwrap_or(0.0);
    Ok(CalibratedCamera {
        name,
        image_size_px,
        focal_px: [fx, fy],
        centre_px: [cx, cy],
        distortion: [bend(0), bend(1), bend(2), bend(3)],
        camera_from_lab: Isometry3::from_parts(
            Translation3::from(Vector3::from(table.translation)),
            UnitQuaternion::from_scaled_axis(Vector3::from(table.rotation)),
        ),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and 100000"
)]
fn size(size: [f64; 2]) -> Option<[u32; 2]> {
    let is_picture = size.iter().all(|px| (1.0..=1e5).contains(px));
    is_picture.then(|| size.map(|px| px as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Point3;

    const TWO: &str = r#"
[cam_02]
name = "beside"
size = [1080.0, 1920.0]
matrix = [[1600.0, 0.0, 540.0], [0.0, 1600.0, 960.0], [0.0, 0.0, 1.0]]
distortions = [0.0, 0.0, 0.0, 0.0]
rotation = [1.5707963267948966, 0.0, 0.0]
translation = [0.0, 1.0, 4.0]
fisheye = false

[cam_01]
size = [640.0, 480.0]
matrix = [[500.0, 0.0, 320.0], [0.0, 500.0, 240.0], [0.0, 0.0, 1.0]]
distortions = [-0.1, 0.02, 0.0, 0.0]
rotation = [0.0, 0.0, 0.0]
translation = [0.0, 0.0, 0.0]

[metadata]
adjusted = false
error = 0.0
"#;

    #[test]
    fn cameras_see_where_the_file_puts_them() {
        let cameras = read(TWO.as_bytes()).unwrap();
        let names: Vec<&str> = cameras.iter().map(|camera| camera.name.as_str()).collect();
        assert_eq!(names, ["cam_01", "beside"]);
        let seen = cameras[1].project(&Point3::new(0.5, 0.0, 1.0)).unwrap();
        assert!((seen.x - 740.0).abs() < 1e-9 && (seen.y - 960.0).abs() < 1e-9);
        let bent = cameras[0].project(&Point3::new(0.5, 0.0, 1.0)).unwrap();
        let radial = 1.0 - 0.1 * 0.25 + 0.02 * 0.0625;
        assert!((bent.x - (320.0 + 250.0 * radial)).abs() < 1e-9, "{bent}");
    }

    #[track_caller]
    fn check_refused(text: &str, said: &str) {
        let error = read(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }

    #[test]
    fn what_cannot_be_computed_is_refused_with_its_camera() {
        check_refused("", "no camera");
        check_refused("[cam]\nname = 'a'", "size");
        check_refused(
            &TWO.replace("fisheye = false", "fisheye = true"),
            "\"beside\" has a fisheye lens",
        );
        check_refused(&TWO.replace("[[500.0, 0.0", "[[500.0, 2.0"), "right angles");
        check_refused(&TWO.replace("[[500.0", "[[nan"), "number that is none");
        check_refused(&TWO.replace("[640.0, ", "[-640.0, "), "no picture");
    }
}
