//! Where a person is filmed from, and which part of the picture is kept.

use ambulo::synth::SeededRng;
use nalgebra::{Matrix3, Rotation3, Unit, Vector3};

use super::raster::Lens;
use super::wardrobe::span;
use crate::film::{between, chance, either};

/// A camera around a person who stands at the origin and faces +Z.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct View {
    /// From where, in radians: 0 in front, a quarter turn on the person's left.
    pub(super) azimuth: f32,
    pub(super) position: Vector3<f32>,
    camera_from_world: Matrix3<f32>,
}

/// How the picture is cut around the person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Framing {
    /// Width and height in pixels.
    pub(super) size_px: [usize; 2],
    /// How often the person's box fits into the picture.
    pub(super) margin: [f64; 2],
}

impl View {
    /// A camera somewhere around a person of this height.
    pub(super) fn draw(rng: &mut SeededRng, stature_m: f32) -> Self {
        let azimuth = if chance(rng, 0.4) {
            // Beside the walk, as gait is filmed.
            let side = if chance(rng, 0.5) { 90.0 } else { -90.0 };
            side + either(rng, 20.0)
        } else if chance(rng, 0.35) {
            let end = if chance(rng, 0.5) { 0.0 } else { 180.0 };
            end + either(rng, 25.0)
        } else {
            between(rng, -180.0, 180.0)
        };
        let distance = if chance(rng, 0.75) {
            between(rng, 2.0, 6.0)
        } else {
            between(rng, 5.0, 14.0)
        };
        let height = if chance(rng, 0.9) {
            between(rng, 0.4, 2.2)
        } else {
            between(rng, 2.2, 3.5)
        };
        let aside = either(rng, 0.35);
        let above = either(rng, 0.12);
        let roll = either(rng, 5.0_f64.to_radians()) * if chance(rng, 0.6) { 0.3 } else { 1.0 };
        let azimuth = super::wardrobe::real(azimuth.to_radians());
        let distance = super::wardrobe::real(distance);
        let height = super::wardrobe::real(height);
        let position = Vector3::new(azimuth.sin() * distance, height, azimuth.cos() * distance);
        let target = Vector3::new(0.0, stature_m * span(rng, 0.3, 0.7), 0.0);
        let turns = [aside, above, roll].map(super::wardrobe::real);
        Self::looking(azimuth, position, &target, turns)
    }

    /// A camera that looks at a place, then turned aside, upward and about its axis.
    pub(super) fn looking(
        azimuth: f32,
        position: Vector3<f32>,
        target: &Vector3<f32>,
        [aside, above, roll]: [f32; 3],
    ) -> Self {
        let aim = (target - position)
            .try_normalize(1e-6)
            .unwrap_or_else(|| -Vector3::z());
        let right = aim
            .cross(&Vector3::y())
            .try_normalize(1e-6)
            .unwrap_or_else(Vector3::x);
        let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), aside)
            * Rotation3::from_axis_angle(&Unit::new_normalize(right), above);
        let ahead = turn * aim;
        let right = ahead
            .cross(&Vector3::y())
            .try_normalize(1e-6)
            .unwrap_or_else(Vector3::x);
        let spin = Rotation3::from_axis_angle(&Unit::new_normalize(ahead), roll);
        let right = spin * right;
        let down = ahead.cross(&right);
        Self {
            azimuth,
            position,
            camera_from_world: Matrix3::from_rows(&[
                right.transpose(),
                down.transpose(),
                ahead.transpose(),
            ]),
        }
    }

    /// The lens whose picture shows a person of these vertices as the framing asks.
    pub(super) fn frame(
        &self,
        rng: &mut SeededRng,
        framing: &Framing,
        places: impl Iterator<Item = Vector3<f32>>,
    ) -> Lens {
        let mut lens = Lens {
            camera_from_world: self.camera_from_world,
            position: self.position,
            focal_px: 1.0,
            centre_px: [0.0; 2],
        };
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for place in places {
            let at = lens.project(&lens.seen(&place));
            for axis in 0..2 {
                low[axis] = low[axis].min(at[axis]);
                high[axis] = high[axis].max(at[axis]);
            }
        }
        let [width, height] = framing.size_px.map(|size| size as f32);
        let [least, most] = framing.margin;
        let margin = span(rng, least, most);
        let extent = [high[0] - low[0], high[1] - low[1]].map(|x| x.max(1e-4));
        lens.focal_px = (width / (extent[0] * margin)).min(height / (extent[1] * margin));
        // What room there is, is spread unevenly.
        let cut = chance(rng, 0.1);
        let mut shift = |size: f32, extent: f32| {
            let spare = (size - extent * lens.focal_px).max(0.0) * 0.5;
            let reach = if cut {
                spare + 0.35 * extent * lens.focal_px
            } else {
                spare * 0.6
            };
            span(rng, -1.0, 1.0) * reach
        };
        let (across, down) = (shift(width, extent[0]), shift(height, extent[1]));
        let middle = [(low[0] + high[0]) * 0.5, (low[1] + high[1]) * 0.5];
        lens.centre_px = [
            (width - 1.0) * 0.5 + across - middle[0] * lens.focal_px,
            (height - 1.0) * 0.5 + down - middle[1] * lens.focal_px,
        ];
        lens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_the_front_the_persons_left_is_on_the_right_and_up_is_up() {
        let view = View::looking(
            0.0,
            Vector3::new(0.0, 1.0, 4.0),
            &Vector3::new(0.0, 1.0, 0.0),
            [0.0; 3],
        );
        let lens = Lens {
            camera_from_world: view.camera_from_world,
            position: view.position,
            focal_px: 100.0,
            centre_px: [50.0, 50.0],
        };
        let at = |x: f32, y: f32| lens.project(&lens.seen(&Vector3::new(x, y, 0.0)));
        assert!(at(0.3, 1.0)[0] > 50.0, "left");
        assert!(at(0.0, 1.5)[1] < 50.0, "up");
        assert!((view.camera_from_world.determinant() - 1.0).abs() < 1e-5);
    }
}
