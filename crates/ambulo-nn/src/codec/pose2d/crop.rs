//! Boxes, the regions that crops show, and the transforms between picture, crop and maps.

use super::Convention;

/// A plane transform `x' = a·x + b·y + c`, one row for x' and one for y'.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine(pub [[f64; 3]; 2]);

/// What a crop shows of a picture: a rectangle, in the shape of the crop.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// Its centre in pixels.
    pub centre_px: [f64; 2],
    /// Its width and height in pixels.
    pub size_px: [f64; 2],
}

/// Why a box cannot be cropped.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum CropError {
    /// The box has no extent, or is not made of numbers.
    #[error("a box of {:?} (left, top, width, height) cannot be cropped", .0)]
    Box([f64; 4]),
}

impl Affine {
    /// Everything stays where it is.
    pub const IDENTITY: Self = Self([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]);

    /// Turns and scales: `linear` is the upper row's first two numbers (p, q) of [[p, q], [−q, p]], and
    /// `from` goes to `to`.
    fn similarity([p, q]: [f64; 2], from: [f64; 2], to: [f64; 2]) -> Self {
        Self([
            [p, q, to[0] - p * from[0] - q * from[1]],
            [-q, p, to[1] + q * from[0] - p * from[1]],
        ])
    }

    /// Where a point goes.
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        self.0.map(|[a, b, c]| a * x + b * y + c)
    }

    /// First this, then the other.
    pub fn then(&self, next: &Self) -> Self {
        let [[a, b, c], [d, e, f]] = self.0;
        Self(
            next.0
                .map(|[p, q, r]| [p * a + q * d, p * b + q * e, p * c + q * f + r]),
        )
    }

    /// The way back; `None` if the plane collapses.
    pub fn inverse(&self) -> Option<Self> {
        let [[a, b, c], [d, e, f]] = self.0;
        let determinant = a * e - b * d;
        if !determinant.is_normal() {
            return None;
        }
        let (a, b, d, e) = (
            e / determinant,
            -b / determinant,
            -d / determinant,
            a / determinant,
        );
        Some(Self([[a, b, -(a * c + b * f)], [d, e, -(d * c + e * f)]]))
    }

    /// How long a step of one becomes: the square root of the area's factor.
    pub fn scale(&self) -> f64 {
        let [[a, b, _], [d, e, _]] = self.0;
        (a * e - b * d).abs().sqrt()
    }

    /// Mirrors from left to right after the transform, in a crop of this width.
    pub fn mirrored(&self, width: usize) -> Self {
        let [[a, b, c], second] = self.0;
        Self([[-a, -b, (width as f64 - 1.0) - c], second])
    }
}

impl Region {
    /// The region around a box: brought to the crop's aspect (width / height) by widening, then enlarged.
    ///
    /// # Units
    ///
    /// `box_px` is left, top, width, height in pixels.
    ///
    /// # Errors
    ///
    /// [`CropError::Box`] unless all are numbers and width and height greater than 0.
    pub fn around(
        box_px: [f64; 4],
        aspect: f64,
        padding: f64,
        convention: Convention,
    ) -> Result<Self, CropError> {
        /// Nothing is photographed in larger pictures.
        const FURTHEST_PX: f64 = 1e7;
        let [left, top, width, height] = box_px;
        let known = box_px.iter().all(|edge| edge.abs() <= FURTHEST_PX);
        if !(known && width > 0.0 && height > 0.0) {
            return Err(CropError::Box(box_px));
        }
        let past = match convention {
            Convention::Unbiased => 1.0,
            Convention::Hrnet => 0.0,
        };
        let centre_px = [left + (width - past) / 2.0, top + (height - past) / 2.0];
        let size_px = [width.max(height * aspect), height.max(width / aspect)];
        Ok(Self {
            centre_px,
            size_px: size_px.map(|extent| extent * padding),
        })
    }

    /// From the picture to a grid of `size` (width, height), turned by `rotation_deg` so that what leans
    /// to the right by that angle stands upright.
    ///
    /// Width alone decides the scale, as in the source.
    pub fn affine(&self, rotation_deg: f64, size: [usize; 2], convention: Convention) -> Affine {
        let [width, height] = size.map(|extent| extent as f64);
        let (shown, grid) = match convention {
            Convention::Unbiased => (
                // A region of a pixel or less would turn the picture inside out.
                (self.size_px[0] - 1.0).max(1e-3),
                [width - 1.0, height - 1.0],
            ),
            Convention::Hrnet => (self.size_px[0].max(1e-3), [width, height]),
        };
        let scale = grid[0] / shown;
        let (sin, cos) = rotation_deg.to_radians().sin_cos();
        let middle = grid.map(|extent| extent / 2.0);
        Affine::similarity([scale * cos, scale * sin], self.centre_px, middle)
    }

    /// Its area in px².
    pub fn area_px2(&self) -> f64 {
        self.size_px[0] * self.size_px[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(found: [f64; 2], expected: [f64; 2]) {
        for axis in 0..2 {
            assert!(
                (found[axis] - expected[axis]).abs() < 1e-9,
                "{found:?} {expected:?}"
            );
        }
    }

    #[test]
    fn there_and_back_is_where_it_began() {
        let region = Region::around([10.0, 20.0, 30.0, 80.0], 0.75, 1.25, Convention::Unbiased);
        let there = region
            .unwrap()
            .affine(33.0, [144, 192], Convention::Unbiased);
        let back = there.inverse().unwrap();
        near(back.apply(there.apply([17.0, 55.5])), [17.0, 55.5]);
        near(there.then(&back).apply([-3.0, 4.0]), [-3.0, 4.0]);
        assert!(
            Affine([[1.0, 2.0, 0.0], [2.0, 4.0, 0.0]])
                .inverse()
                .is_none()
        );
    }

    #[test]
    fn corners_of_the_region_are_the_outer_pixels_of_an_unbiased_crop() {
        let region = Region::around([10.0, 20.0, 30.0, 40.0], 0.75, 1.0, Convention::Unbiased);
        let affine = region.unwrap().affine(0.0, [60, 80], Convention::Unbiased);
        near(affine.apply([10.0, 39.5]), [0.0, 39.5]);
        near(affine.apply([39.0, 39.5]), [59.0, 39.5]);
    }

    #[test]
    fn an_unbiased_crop_of_a_mirrored_picture_is_the_mirrored_crop() {
        let width = 200.0;
        let crop = |left: f64| {
            let region = Region::around([left, 20.0, 30.0, 80.0], 0.75, 1.25, Convention::Unbiased);
            region.unwrap().affine(0.0, [48, 64], Convention::Unbiased)
        };
        let mirrored_left = width - 1.0 - (17.0 + 30.0 - 1.0);
        let [x, y] = crop(17.0).apply([25.0, 60.0]);
        near(
            crop(mirrored_left).apply([width - 1.0 - 25.0, 60.0]),
            [47.0 - x, y],
        );
        near(crop(17.0).mirrored(48).apply([25.0, 60.0]), [47.0 - x, y]);
    }

    #[test]
    fn what_is_no_box_is_refused() {
        for wrong in [
            [0.0, 0.0, 0.0, 5.0],
            [0.0, 0.0, 5.0, -1.0],
            [f64::NAN, 0.0, 5.0, 5.0],
            [0.0, 0.0, f64::INFINITY, 5.0],
        ] {
            assert!(Region::around(wrong, 0.75, 1.25, Convention::Unbiased).is_err());
        }
    }
}
