//! Keypoints of one recording filmed from several sides, against those of another detector and against the motion
//! in space that was made of them.

use ambulo::camera::CalibratedCamera;
use ambulo::keypoints::Keypoints2d;
use ambulo::metrics::MetricError;
use ambulo::metrics::pose2d::film::{JointDistance, LegAgreement, distance, legs, share_found};
use ambulo::motion::Motion3d;
use ambulo::skeleton::{COCO_23, Joint};
use nalgebra::{Matrix3, Rotation3};
use serde::Serialize;

/// Given keypoints count from this confidence.
pub const CONFIDENT: f64 = 0.5;

/// One camera's film: what was found in it, and what is given to compare with.
#[derive(Debug, Clone)]
pub struct FilmedView {
    /// Its name.
    pub name: String,
    /// What was found.
    pub found: Keypoints2d,
    /// The other detector's keypoints in the same frames.
    pub given: Keypoints2d,
    /// The camera, if it is calibrated.
    pub camera: Option<CalibratedCamera>,
}

/// Left and right joint together, or one in the middle.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilmJoint {
    /// Its name without a side.
    pub joint: String,
    /// From the given keypoints.
    pub distance: JointDistance,
}

/// Distances from a motion in space, as the camera sees it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Reprojection {
    /// Of what was found.
    pub found: JointDistance,
    /// Of the given keypoints: what calibration, motion and the other detector disagree about among themselves.
    pub given: JointDistance,
}

/// One view, judged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilmRow {
    /// The view's name.
    pub view: String,
    /// Frames of the film.
    pub frames: usize,
    /// Share of the frames that show the person.
    pub share_found: f64,
    /// Distances from all given joints.
    pub all: JointDistance,
    /// Joint by joint.
    pub joints: Vec<FilmJoint>,
    /// Against the motion in space.
    pub reprojection: Option<Reprojection>,
    /// Legs within a share of the torso of the given ones.
    pub legs: Option<LegAgreement>,
}

/// All views of a recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilmTable {
    /// The recording's name.
    pub recording: String,
    /// Given keypoints count from this confidence.
    pub least_confidence: f64,
    /// How the motion's axes lie in the calibration's, found by which lies nearest to the given keypoints.
    pub axes: Option<&'static str>,
    /// View by view.
    pub views: Vec<FilmRow>,
}

/// Judges the views of a recording. A motion in space is compared with where views are calibrated.
///
/// # Errors
///
/// [`MetricError::LengthMismatch`] if films, keypoints and motion differ in their number of frames.
pub fn film_table(
    recording: &str,
    views: &[FilmedView],
    motion: Option<&Motion3d>,
) -> Result<FilmTable, MetricError> {
    let axes = motion.map(|motion| axes(views, motion)).transpose()?;
    let views: Result<Vec<FilmRow>, MetricError> = views
        .iter()
        .map(|view| {
            let space = motion.zip(axes.as_ref().map(|(_, turn)| turn));
            row(view, space)
        })
        .collect();
    Ok(FilmTable {
        recording: recording.to_owned(),
        least_confidence: CONFIDENT,
        axes: axes.map(|(name, _)| name),
        views: views?,
    })
}

fn row(
    view: &FilmedView,
    space: Option<(&Motion3d, &Rotation3<f64>)>,
) -> Result<FilmRow, MetricError> {
    let (found, given) = (&view.found, &view.given);
    let reprojection = match (space, &view.camera) {
        (Some((motion, turn)), Some(camera)) => {
            let seen = camera.film(motion, turn);
            Some(Reprojection {
                found: distance(found, &seen, COCO_23.joints, 0.0)?,
                given: distance(&confident(given), &seen, COCO_23.joints, 0.0)?,
            })
        }
        _ => None,
    };
    let mut joints = Vec::new();
    for (place, &joint) in COCO_23.joints.iter().enumerate() {
        let other = COCO_23.index_of(joint.mirrored()).unwrap_or(place);
        if other < place {
            continue;
        }
        let mut both = vec![joint, COCO_23.joints[other]];
        both.dedup();
        let distance = distance(found, given, &both, CONFIDENT)?;
        if distance.given > 0 {
            joints.push(FilmJoint {
                joint: joint.name().trim_start_matches("left_").replace('_', " "),
                distance,
            });
        }
    }
    Ok(FilmRow {
        view: view.name.clone(),
        frames: found.frames(),
        share_found: share_found(found),
        all: distance(found, given, COCO_23.joints, CONFIDENT)?,
        joints,
        reprojection,
        legs: legs(found, given, CONFIDENT)?,
    })
}

/// The keypoints that count.
fn confident(given: &Keypoints2d) -> Keypoints2d {
    let points = given.points().iter();
    let points = points
        .map(|point| point.filter(|point| point.confidence >= CONFIDENT))
        .collect();
    let (joints, time) = (given.joints().to_vec(), given.time().clone());
    Keypoints2d::new(joints, time, given.image_size_px(), points).unwrap_or_else(|_| given.clone())
}

/// How the motion lies in the calibration's space: of the ways that programs write it, the one that the given
/// keypoints are nearest to.
fn axes(
    views: &[FilmedView],
    motion: &Motion3d,
) -> Result<(&'static str, Rotation3<f64>), MetricError> {
    // Motion files have Y up; calibrations have Y or Z up.
    let z_up = Matrix3::new(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0);
    let ways = [
        ("calibration's Z is the motion's Y, X is Z, Y is X", z_up),
        ("the same in both", Matrix3::identity()),
    ];
    let mut best = (f64::INFINITY, ways[0].0, Rotation3::identity());
    for (name, matrix) in ways {
        let turn = Rotation3::from_matrix_unchecked(matrix);
        let mut sum = 0.0;
        for view in views {
            let Some(camera) = &view.camera else { continue };
            let joints: &[Joint] = COCO_23.joints;
            let seen = camera.film(motion, &turn);
            let apart = distance(&confident(&view.given), &seen, joints, 0.0)?;
            sum += apart.median_px.unwrap_or(f64::INFINITY);
        }
        if sum < best.0 {
            best = (sum, name, turn);
        }
    }
    Ok((best.1, best.2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambulo::synth::{self, Walker};
    use nalgebra::{Isometry3, Point3, Vector3};

    /// A camera beside the walk of a laboratory whose Z is up.
    fn camera(name: &str, from: [f64; 3]) -> CalibratedCamera {
        let (eye, target) = (Point3::from(from), Point3::new(0.0, 2.0, 1.0));
        // nalgebra looks along Z with Y up; pictures have Y down.
        let view = Isometry3::look_at_lh(&eye, &target, &-Vector3::z());
        CalibratedCamera {
            name: name.to_owned(),
            image_size_px: [1920, 1080],
            focal_px: [1000.0; 2],
            centre_px: [960.0, 540.0],
            distortion: [-0.01, 0.002, 0.0, 0.0],
            camera_from_lab: view,
        }
    }

    /// A motion with Y up, and how two cameras see it.
    fn recording(wrong_px: f64) -> (Vec<FilmedView>, Motion3d) {
        let motion = synth::walk(&Walker::default()).unwrap().motion;
        let lab = Matrix3::new(0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0);
        let lab = Rotation3::from_matrix_unchecked(lab);
        let views = [("a", [7.0, 2.0, 1.2]), ("b", [-6.0, -3.0, 1.6])]
            .map(|(name, from)| {
                let camera = camera(name, from);
                let given = camera.film(&motion, &lab);
                let moved = given.points().iter().map(|point| {
                    point.map(|mut point| {
                        point.position_px.x += wrong_px;
                        point
                    })
                });
                let (joints, time) = (given.joints().to_vec(), given.time().clone());
                FilmedView {
                    name: name.to_owned(),
                    found: Keypoints2d::new(joints, time, None, moved.collect()).unwrap(),
                    given,
                    camera: Some(camera),
                }
            })
            .to_vec();
        (views, motion)
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "shares of a few frames are exact")]
    fn a_film_that_is_off_by_so_much_is_told_so_in_every_view() {
        let (views, motion) = recording(7.0);
        let table = film_table("walk", &views, Some(&motion)).unwrap();
        assert!(table.axes.unwrap().starts_with("calibration's Z"));
        assert_eq!(table.views.len(), 2);
        for row in &table.views {
            let seven = |of: JointDistance| (of.median_px.unwrap() - 7.0).abs() < 1e-9;
            let reprojection = row.reprojection.unwrap();
            assert!(seven(row.all) && seven(reprojection.found), "{row:?}");
            assert!(reprojection.given.median_px.unwrap() < 1e-9);
            assert_eq!(row.share_found, 1.0);
            assert_eq!(row.all.found, row.all.given);
        }
        let text = table.to_text();
        assert!(text.contains("7.0") && text.contains("knee"), "{text}");
    }

    #[test]
    fn without_motion_or_cameras_there_is_no_reprojection() {
        let (mut views, motion) = recording(0.0);
        let table = film_table("walk", &views, None).unwrap();
        assert!(table.axes.is_none() && table.views[0].reprojection.is_none());
        views[0].camera = None;
        let table = film_table("walk", &views, Some(&motion)).unwrap();
        assert!(table.views[0].reprojection.is_none());
        assert!(table.views[1].reprojection.is_some());
        let short = motion.time().frames() - 1;
        views[1].given = views[1].given.cut(0..short);
        assert!(film_table("walk", &views, None).is_err());
    }
}
