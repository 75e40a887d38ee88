//! Where to look: a box around a person, turned as they lean.

use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::crop::{Affine, Region};
use nalgebra::{Point2, Rotation2, Vector2};

/// Who leans less is looked at upright, in degrees: walkers do, and networks know them so.
const UPRIGHT: f64 = 10.0;
/// Who leans further does not walk.
const LEANS_MOST: f64 = 60.0;

/// A box, and how far who is in it leans to the right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gaze {
    /// Left, top, width and height in pixels, before it is turned about its middle.
    pub(super) box_px: [f64; 4],
    /// Turned clockwise by this, in degrees.
    pub(super) lean_deg: f64,
}

impl Gaze {
    /// A box that stands upright.
    pub(super) fn upright(box_px: [f64; 4]) -> Self {
        Self {
            box_px,
            lean_deg: 0.0,
        }
    }

    /// The box from `[left, top, right, bottom]` of a place, along axes that lean.
    pub(super) fn about(place: Point2<f64>, extent_px: [f64; 4], lean_deg: f64) -> Self {
        let [left, top, right, bottom] = extent_px;
        let middle = Vector2::new(f64::midpoint(left, right), f64::midpoint(top, bottom));
        let middle = place + turn(lean_deg) * middle;
        let (width, height) = (right - left, bottom - top);
        Self {
            box_px: [
                middle.x - width / 2.0,
                middle.y - height / 2.0,
                width,
                height,
            ],
            lean_deg,
        }
    }

    /// The box moved along its own axes by shares of its height, and enlarged.
    pub(super) fn moved(&self, [right, down]: [f64; 2], grown: f64) -> Self {
        let [left, top, width, height] = self.box_px;
        let by = turn(self.lean_deg) * Vector2::new(right * height, down * height);
        Self {
            box_px: [
                left + by.x - (grown - 1.0) / 2.0 * width,
                top + by.y - (grown - 1.0) / 2.0 * height,
                grown * width,
                grown * height,
            ],
            lean_deg: self.lean_deg,
        }
    }

    /// Whether there is anything to look at.
    pub(super) fn is_box(&self) -> bool {
        self.box_px[2] >= 2.0 && self.box_px[3] >= 2.0
    }

    /// The region that is cropped; `None` if the box is none.
    pub(super) fn region(&self, codec: &Pose2dCodec) -> Option<Region> {
        codec.region(self.box_px).ok()
    }

    /// From the picture to the crop of its region.
    pub(super) fn crop_from_picture(&self, region: &Region, codec: &Pose2dCodec) -> Affine {
        region.affine(self.lean_deg, codec.crop_px, codec.convention)
    }

    /// From the picture to the maps of its region.
    pub(super) fn maps_from_picture(&self, region: &Region, codec: &Pose2dCodec) -> Affine {
        region.affine(self.lean_deg, codec.map_cells, codec.convention)
    }
}

/// Clockwise in a picture, whose Y points down.
pub(super) fn turn(lean_deg: f64) -> Rotation2<f64> {
    Rotation2::new(lean_deg.to_radians())
}

/// How far a gaze follows who leans: not at all while they walk as people do.
pub(super) fn followed_deg(lean_deg: f64) -> f64 {
    let lean = lean_deg.clamp(-LEANS_MOST, LEANS_MOST);
    lean - lean.clamp(-UPRIGHT, UPRIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leans_stands_upright_in_the_maps() {
        let codec = Pose2dCodec::default();
        let foot = Point2::new(300.0, 500.0);
        let lean_deg = 30.0;
        let gaze = Gaze::about(foot, [-80.0, -400.0, 80.0, 0.0], lean_deg);
        let region = gaze.region(&codec).expect("a box");
        let to_maps = gaze.maps_from_picture(&region, &codec);
        // Up along the lean: to the right, and up in the picture.
        let head = foot + turn(lean_deg) * Vector2::new(0.0, -400.0);
        assert!((head.x - 500.0).abs() < 1e-9, "{head}");
        let [foot, head] = [foot, head].map(|at| to_maps.apply([at.x, at.y]));
        assert!((foot[0] - head[0]).abs() < 1e-9 && foot[1] > head[1]);
    }

    #[test]
    fn small_leans_are_not_followed_and_larger_ones_without_a_jump() {
        assert!(followed_deg(9.0).abs() < 1e-12);
        assert!((followed_deg(-12.0) + 2.0).abs() < 1e-12);
        assert!((followed_deg(170.0) - 50.0).abs() < 1e-12);
    }
}
