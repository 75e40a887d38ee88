//! Cameras beside a walk.

use ambulo::synth::SeededRng;
use nalgebra::{Point2, Vector3};

use super::period::{Figure, Period};
use crate::film::{CameraPlan, FilmCamera, Pitch, between, chance, either};
use crate::motion::PARTS;

/// Width and height of the pictures.
pub(super) const IMAGE_PX: [u32; 2] = [1920, 1080];

/// What a camera does while somebody walks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Motion {
    /// It stands still and sees the whole walk.
    Still,
    /// It turns after the walker.
    Turning,
    /// It goes along.
    Following,
}

/// What a camera sees of a walk.
pub(super) struct Shot {
    /// Places in pixels from the picture's centre, `[frames][23]`.
    pub(super) film: Vec<[Option<Point2<f64>>; PARTS]>,
    /// Pixels of a metre at the walker, in the middle of the walk.
    pub(super) px_per_m: f64,
    /// Whether the walker's left side faces the camera.
    pub(super) sees_left: bool,
}

/// Films a walk along X from the side, from up to `view_deg` off it.
pub(super) fn shoot(figures: &[Figure], view_deg: f64, rng: &mut SeededRng) -> Shot {
    let sees_left = chance(rng, 0.5);
    let motion = if chance(rng, 0.45) {
        Motion::Still
    } else if chance(rng, 0.6) {
        Motion::Turning
    } else {
        Motion::Following
    };
    let roots: Vec<Vector3<f64>> = figures.iter().map(Period::root).collect();
    let (first, last) = (roots[0], roots[roots.len() - 1]);
    let middle = (first + last) * 0.5;
    let half_way_m = 0.5 * (last.x - first.x).abs() + 0.6;
    let focal = between(rng, 0.75, 1.5);
    let half_width = 0.5 / focal * f64::from(IMAGE_PX[0]) / f64::from(IMAGE_PX[1]);
    // Everybody fits into the height of the picture; the way into its width, if the camera stands still.
    let distance_m = between(rng, 3.0, 8.0).max(2.1 * focal);
    let distance_m = match motion {
        Motion::Still => distance_m.max(1.1 * half_way_m / half_width),
        Motion::Turning => distance_m.max(1.4 * half_way_m),
        Motion::Following => distance_m,
    };
    let beside: f64 = if sees_left { -90.0 } else { 90.0 };
    let plan = CameraPlan {
        azimuth_rad: (beside + either(rng, view_deg)).to_radians(),
        distance_m,
        height_m: between(rng, 0.6, 1.8),
        off_centre: 0.0,
        pitch: Pitch::Aimed(either(rng, 0.02)),
        roll_rad: either(rng, 1.5_f64.to_radians()),
        focal,
        aspect: f64::from(IMAGE_PX[0]) / f64::from(IMAGE_PX[1]),
    };
    let ahead = Vector3::x();
    let still = plan.place(&middle, &ahead, 0.0);
    let focal_px = focal * f64::from(IMAGE_PX[1]);
    let film = figures.iter().zip(&roots).map(|(figure, root)| {
        let camera = match motion {
            Motion::Still => still,
            Motion::Turning => turned(&still, &plan, root),
            Motion::Following => plan.place(&Vector3::new(root.x, middle.y, middle.z), &ahead, 0.0),
        };
        std::array::from_fn(|point| {
            let place = camera.project(&figure[point])?;
            Some(place * focal_px)
        })
    });
    Shot {
        film: film.collect(),
        px_per_m: focal_px / distance_m,
        sees_left,
    }
}

/// The same camera, turned towards a place.
fn turned(still: &FilmCamera, plan: &CameraPlan, target: &Vector3<f64>) -> FilmCamera {
    let mut away = still.position - target;
    away.y = 0.0;
    let plan = CameraPlan {
        distance_m: away.norm(),
        azimuth_rad: away.z.atan2(away.x),
        ..*plan
    };
    plan.place(target, &Vector3::x(), 0.0)
}
