//! The line on the floor that the walk follows, by distance along it.

use super::walker::{Path, Walker};

/// Pieces of constant curvature.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course {
    pieces: Vec<Piece>,
    /// Where the walk ends; `None` for a walk counted in strides.
    pub(super) length_m: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Piece {
    from_m: f64,
    to_m: f64,
    at: [f64; 2],
    heading_rad: f64,
    /// Radians a metre, positive to the left.
    curvature: f64,
}

/// A place on the course.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// World X and Z.
    pub(super) at: [f64; 2],
    pub(super) heading_rad: f64,
    pub(super) curvature: f64,
}

/// X and Z of the unit vector ahead. Positive headings turn left, towards −Z.
pub(super) fn ahead(heading_rad: f64) -> [f64; 2] {
    [heading_rad.cos(), -heading_rad.sin()]
}

/// X and Z of the unit vector to the walker's right.
pub(super) fn rightward(heading_rad: f64) -> [f64; 2] {
    [heading_rad.sin(), heading_rad.cos()]
}

/// Radius of the half turn between two passes.
const TIGHT_RADIUS_M: f64 = 0.45;

impl Course {
    pub(super) fn of(walker: &Walker) -> Self {
        let straight = |length: f64| (length, 0.0);
        let (parts, ends) = match walker.path {
            Path::Straight => (vec![straight(0.0)], false),
            Path::Turn {
                before_m,
                angle_deg,
                radius_m,
                after_m,
            } => {
                let arc = angle_deg.to_radians().abs() * radius_m;
                let parts = vec![
                    straight(before_m),
                    (arc, angle_deg.signum() / radius_m),
                    straight(after_m),
                ];
                (parts, true)
            }
            Path::ThereAndBack { length_m, passes } => {
                let mut parts = vec![straight(length_m)];
                for _ in 1..passes {
                    parts.push((std::f64::consts::PI * TIGHT_RADIUS_M, 1.0 / TIGHT_RADIUS_M));
                    parts.push(straight(length_m));
                }
                (parts, true)
            }
        };
        let mut pieces: Vec<Piece> = Vec::with_capacity(parts.len());
        let mut next = Piece {
            from_m: 0.0,
            to_m: 0.0,
            at: walker.origin_m,
            heading_rad: walker.heading_deg.to_radians(),
            curvature: 0.0,
        };
        for (length, curvature) in parts {
            let piece = Piece {
                to_m: next.from_m + length,
                curvature,
                ..next
            };
            let end = piece.place(piece.to_m);
            next = Piece {
                from_m: piece.to_m,
                at: end.at,
                heading_rad: end.heading_rad,
                ..piece
            };
            pieces.push(piece);
        }
        let length_m = ends.then_some(next.from_m);
        Self { pieces, length_m }
    }

    /// The place at a distance along the course; straight on before its start and after its end.
    pub(super) fn place(&self, along_m: f64) -> Place {
        let after = self
            .pieces
            .partition_point(|piece| piece.to_m < along_m)
            .min(self.pieces.len() - 1);
        self.pieces[after].place(along_m)
    }

    /// Whether the course is straight from one distance to another.
    pub(super) fn is_straight(&self, from_m: f64, to_m: f64) -> bool {
        self.pieces
            .iter()
            .filter(|piece| piece.curvature != 0.0)
            .all(|piece| to_m <= piece.from_m || from_m >= piece.to_m)
    }
}

impl Piece {
    fn place(&self, along_m: f64) -> Place {
        let past = along_m - self.from_m;
        let heading_rad = self.heading_rad + self.curvature * past;
        let at = if self.curvature == 0.0 {
            let [x, z] = ahead(self.heading_rad);
            [self.at[0] + x * past, self.at[1] + z * past]
        } else {
            let (before, after) = (rightward(self.heading_rad), rightward(heading_rad));
            [
                self.at[0] + (after[0] - before[0]) / self.curvature,
                self.at[1] + (after[1] - before[1]) / self.curvature,
            ]
        };
        Place {
            at,
            heading_rad,
            curvature: self.curvature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_turn_to_the_left_ends_towards_minus_z() {
        let walker = Walker {
            path: Path::Turn {
                before_m: 2.0,
                angle_deg: 90.0,
                radius_m: 1.0,
                after_m: 3.0,
            },
            ..Walker::default()
        };
        let course = Course::of(&walker);
        let end = course.place(course.length_m.unwrap());
        assert!((end.at[0] - 3.0).abs() < 1e-12, "{end:?}");
        assert!((end.at[1] + 4.0).abs() < 1e-12, "{end:?}");
        assert!((ahead(end.heading_rad)[1] + 1.0).abs() < 1e-12);
        assert!(course.is_straight(0.0, 2.0) && !course.is_straight(1.0, 2.5));
    }
}
