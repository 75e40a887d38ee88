//! Cameras that film a walk.

use ambulo::synth::SeededRng;
use nalgebra::{Point2, Rotation3, Unit, Vector3};

use super::draw::{between, chance, either};

/// A pinhole camera at rest. Image places are in units of its focal length from the image's centre, X to the
/// right, Y down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilmCamera {
    /// Where it stands, in metres.
    pub position: Vector3<f64>,
    /// To the right of the image.
    pub right: Vector3<f64>,
    /// Down in the image.
    pub down: Vector3<f64>,
    /// Along the optical axis.
    pub forward: Vector3<f64>,
    /// Half the image's width and height in units of the focal length.
    pub half_size: [f64; 2],
}

/// Points nearer than this cannot be seen.
const NEAREST_M: f64 = 0.3;

impl FilmCamera {
    /// Where a point appears; `None` behind the camera or outside the image.
    pub fn project(&self, point: &Vector3<f64>) -> Option<Point2<f64>> {
        let ray = point - self.position;
        let depth = ray.dot(&self.forward);
        if depth < NEAREST_M {
            return None;
        }
        let place = Point2::new(ray.dot(&self.right), ray.dot(&self.down)) / depth;
        let [half_width, half_height] = self.half_size;
        (place.x.abs() <= half_width && place.y.abs() <= half_height).then_some(place)
    }
}

/// The axes in which the lifter answers, as rows: X level and to the right of the image, Y up, Z level and
/// towards the camera.
pub fn gravity_from_world(camera: &FilmCamera) -> Rotation3<f64> {
    let level = Vector3::new(camera.forward.x, 0.0, camera.forward.z);
    let towards = -level.try_normalize(1e-9).unwrap_or_else(Vector3::z);
    let right = Vector3::y().cross(&towards);
    let rows = nalgebra::Matrix3::from_rows(&[
        right.transpose(),
        Vector3::y().transpose(),
        towards.transpose(),
    ]);
    Rotation3::from_matrix_unchecked(rows)
}

/// Where a camera stands and looks, relative to the walker.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CameraPlan {
    /// Around the walker: 90° on the right side, −90° on the left, 0 in front, 180° behind.
    pub azimuth_rad: f64,
    /// Over the ground, from the place it looks at.
    pub distance_m: f64,
    /// Above the ground.
    pub height_m: f64,
    /// Where the place that it looks at appears, in half widths of the image from its centre.
    pub off_centre: f64,
    /// How it is pitched.
    pub pitch: Pitch,
    /// Turned about its own axis.
    pub roll_rad: f64,
    /// Focal length in heights of the image.
    pub focal: f64,
    /// Width of the image in heights.
    pub aspect: f64,
}

/// How a camera is pitched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pitch {
    /// Towards the hips, and this much higher.
    Aimed(f64),
    /// This much upward, wherever the person is.
    Fixed(f64),
}

impl CameraPlan {
    /// Any camera that people put up: half of them beside the walk.
    pub fn draw(rng: &mut SeededRng) -> Self {
        let azimuth_deg: f64 = if chance(rng, 0.5) {
            let side = if chance(rng, 0.5) { 90.0 } else { -90.0 };
            side + either(rng, 15.0)
        } else {
            between(rng, -180.0, 180.0)
        };
        let distance_m = if chance(rng, 0.8) {
            between(rng, 2.0, 6.0)
        } else {
            between(rng, 5.0, 10.0)
        };
        let focal = if chance(rng, 0.85) {
            between(rng, 0.7, 1.6)
        } else {
            between(rng, 1.6, 3.0)
        };
        let pitch = if chance(rng, 0.5) {
            Pitch::Aimed(either(rng, 0.08))
        } else if chance(rng, 0.6) {
            Pitch::Fixed(either(rng, 0.03))
        } else {
            Pitch::Fixed(between(rng, -0.35, 0.15))
        };
        Self {
            azimuth_rad: azimuth_deg.to_radians(),
            distance_m,
            height_m: between(rng, 0.5, 2.2),
            off_centre: either(rng, 0.6),
            pitch,
            roll_rad: either(rng, 2.0_f64.to_radians()),
            focal,
            aspect: if chance(rng, 0.7) {
                16.0 / 9.0
            } else {
                9.0 / 16.0
            },
        }
    }

    /// The camera for a walker whose hips are at `hips` and who walks along `ahead` (level, of length 1) on
    /// ground at `ground_m`.
    pub fn place(&self, hips: &Vector3<f64>, ahead: &Vector3<f64>, ground_m: f64) -> FilmCamera {
        let right_of_walk = ahead.cross(&Vector3::y());
        let (sin, cos) = self.azimuth_rad.sin_cos();
        let outward = ahead * cos + right_of_walk * sin;
        let mut position = hips + outward * self.distance_m;
        position.y = ground_m + self.height_m;
        let half_height = 0.5 / self.focal;
        let half_width = half_height * self.aspect;
        // Turned so that the walker appears beside the centre.
        let yaw = (self.off_centre * half_width).atan();
        let level = Rotation3::from_axis_angle(&Vector3::y_axis(), yaw) * -outward;
        let right = Unit::new_normalize(level.cross(&Vector3::y()));
        let pitch = match self.pitch {
            Pitch::Aimed(higher) => ((hips.y - position.y) / self.distance_m).atan() + higher,
            Pitch::Fixed(pitch) => pitch,
        };
        let forward = Rotation3::from_axis_angle(&right, pitch) * level;
        let down = forward.cross(&right);
        let roll = Rotation3::from_axis_angle(&Unit::new_normalize(forward), self.roll_rad);
        FilmCamera {
            position,
            right: roll * right.into_inner(),
            down: roll * down,
            forward,
            half_size: [half_width, half_height],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> CameraPlan {
        CameraPlan {
            azimuth_rad: 90.0_f64.to_radians(),
            distance_m: 4.0,
            height_m: 1.0,
            off_centre: 0.0,
            pitch: Pitch::Aimed(0.0),
            roll_rad: 0.0,
            focal: 1.0,
            aspect: 1.5,
        }
    }

    #[test]
    fn from_the_right_the_walk_goes_to_the_right_of_the_image() {
        let hips = Vector3::new(0.0, 1.0, 0.0);
        let camera = plan().place(&hips, &Vector3::x(), 0.0);
        assert!((camera.position - Vector3::new(0.0, 1.0, 4.0)).norm() < 1e-12);
        let ahead = camera.project(&(hips + Vector3::x())).unwrap();
        assert!((ahead - Point2::new(0.25, 0.0)).norm() < 1e-12);
        let above = camera.project(&(hips + Vector3::y())).unwrap();
        assert!((above - Point2::new(0.0, -0.25)).norm() < 1e-12);
        let axes = gravity_from_world(&camera);
        assert!((axes * Vector3::x() - Vector3::x()).norm() < 1e-12);
        assert!(
            (axes * Vector3::z() - Vector3::z()).norm() < 1e-12,
            "towards"
        );
        assert!((axes.matrix().determinant() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_walker_beside_the_centre_appears_there() {
        let hips = Vector3::new(0.0, 1.0, 0.0);
        let camera = CameraPlan {
            off_centre: 0.5,
            ..plan()
        }
        .place(&hips, &Vector3::x(), 0.0);
        let place = camera.project(&hips).unwrap();
        assert!((place.x - 0.5 * 0.75).abs() < 1e-9, "{place}");
    }

    #[test]
    fn points_behind_and_outside_are_not_seen() {
        let hips = Vector3::new(0.0, 1.0, 0.0);
        let camera = plan().place(&hips, &Vector3::x(), 0.0);
        assert_eq!(camera.project(&Vector3::new(0.0, 1.0, 5.0)), None);
        assert_eq!(camera.project(&Vector3::new(9.0, 1.0, 0.0)), None);
    }
}
