//! Space: from a laboratory's axes to the world with Y up, and from the world to walking space.

use nalgebra::{Matrix3, Point3, Rotation3, Vector3};

use crate::Side;
use crate::skeleton::{Joint, on};

/// Which of a laboratory's axes points up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpAxis {
    /// X points up.
    PlusX,
    /// X points down.
    MinusX,
    /// Y points up.
    PlusY,
    /// Y points down.
    MinusY,
    /// Z points up: most motion-capture laboratories.
    PlusZ,
    /// Z points down.
    MinusZ,
}

impl UpAxis {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::PlusX,
        Self::MinusX,
        Self::PlusY,
        Self::MinusY,
        Self::PlusZ,
        Self::MinusZ,
    ];

    /// The name in files: `+Z`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PlusX => "+X",
            Self::MinusX => "-X",
            Self::PlusY => "+Y",
            Self::MinusY => "-Y",
            Self::PlusZ => "+Z",
            Self::MinusZ => "-Z",
        }
    }

    /// The axis that a file names, with or without a sign.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_uppercase();
        Self::ALL
            .into_iter()
            .find(|axis| axis.name() == name || axis.name().strip_prefix('+') == Some(&name))
    }

    /// The unit vector that points up, in the laboratory's axes.
    pub fn direction(self) -> Vector3<f64> {
        match self {
            Self::PlusX => Vector3::x(),
            Self::MinusX => -Vector3::x(),
            Self::PlusY => Vector3::y(),
            Self::MinusY => -Vector3::y(),
            Self::PlusZ => Vector3::z(),
            Self::MinusZ => -Vector3::z(),
        }
    }
}

/// The proper rotation that turns a laboratory's up axis onto the world's Y.
///
/// The horizontal axes are turned as little as possible; which of them the walk follows is found
/// later, from the walk itself.
///
/// # Panics
///
/// Never: the determinant is asserted to be +1, and a test holds it for all six axes.
pub fn world_from_lab(up: UpAxis) -> Rotation3<f64> {
    let rows = match up {
        UpAxis::PlusX => [-Vector3::y(), Vector3::x(), Vector3::z()],
        UpAxis::MinusX => [Vector3::y(), -Vector3::x(), Vector3::z()],
        UpAxis::PlusY => [Vector3::x(), Vector3::y(), Vector3::z()],
        UpAxis::MinusY => [Vector3::x(), -Vector3::y(), -Vector3::z()],
        UpAxis::PlusZ => [Vector3::x(), Vector3::z(), -Vector3::y()],
        UpAxis::MinusZ => [Vector3::x(), -Vector3::z(), Vector3::y()],
    };
    let matrix: Matrix3<f64> = Matrix3::from_rows(&rows.map(|row| row.transpose()));
    assert!(
        (matrix.determinant() - 1.0).abs() < 1e-12,
        "a rotation, not a mirror"
    );
    Rotation3::from_matrix_unchecked(matrix)
}

/// The mean places of three levels of the body, lowest last, in the laboratory's axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BodyLevels {
    /// Head, neck or shoulders.
    pub top: Point3<f64>,
    /// Pelvis or hips.
    pub middle: Point3<f64>,
    /// Ankles or feet.
    pub bottom: Point3<f64>,
}

impl BodyLevels {
    /// Finds the levels among the mean places of joints; `None` if one of the three is not there.
    pub fn find(mean: impl Fn(Joint) -> Option<Point3<f64>>) -> Option<Self> {
        let level = |midline: &[Joint], sided: &[fn(Side) -> Joint]| {
            midline.iter().find_map(|&joint| mean(joint)).or_else(|| {
                sided.iter().find_map(|joint| {
                    let (left, right) = (mean(joint(Side::Left))?, mean(joint(Side::Right))?);
                    Some(nalgebra::center(&left, &right))
                })
            })
        };
        Some(Self {
            top: level(
                &[
                    Joint::C7,
                    Joint::Neck,
                    Joint::Jugular,
                    Joint::Head,
                    Joint::HeadTop,
                ],
                &[on::shoulder, on::acromion, on::front_head, on::back_head],
            )?,
            middle: level(
                &[Joint::Pelvis, Joint::Sacrum],
                &[on::hip, on::asis, on::psis, on::trochanter],
            )?,
            bottom: level(&[], &[on::ankle, on::lateral_malleolus, on::heel, on::toe])?,
        })
    }
}

/// The axis along which the body stands: its top above its middle above its bottom.
///
/// `None` where no axis is clearly it, as for a person who lies or sits.
pub fn guess_up(body: &BodyLevels) -> Option<UpAxis> {
    let whole = body.top - body.bottom;
    let length = whole.norm();
    UpAxis::ALL.into_iter().find(|up| {
        let up = up.direction();
        let stands = whole.dot(&up) > 0.85 * length;
        let is_ordered = (body.top - body.middle).dot(&up) > 0.15 * length
            && (body.middle - body.bottom).dot(&up) > 0.15 * length;
        length > 0.0 && stands && is_ordered
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_up_axis_is_turned_onto_y_without_a_mirror() {
        for up in UpAxis::ALL {
            let rotation = world_from_lab(up);
            assert!((rotation * up.direction() - Vector3::y()).norm() < 1e-12);
            assert!((rotation.matrix().determinant() - 1.0).abs() < 1e-12);
            assert_eq!(UpAxis::from_name(up.name()), Some(up));
        }
        assert_eq!(UpAxis::from_name("z "), Some(UpAxis::PlusZ));
        assert_eq!(UpAxis::from_name("up"), None);
    }

    #[test]
    fn a_standing_body_shows_up_and_a_lying_one_does_not() {
        let standing = |up: Vector3<f64>| BodyLevels {
            top: Point3::from(up * 1.6),
            middle: Point3::from(up * 0.9 + Vector3::new(0.05, 0.05, 0.05)),
            bottom: Point3::from(up * 0.1),
        };
        for up in UpAxis::ALL {
            assert_eq!(guess_up(&standing(up.direction())), Some(up));
        }
        let oblique = Vector3::new(1.0, 1.0, 0.0).normalize();
        assert_eq!(guess_up(&standing(oblique)), None);
        let sitting = BodyLevels {
            top: Point3::new(0.0, 1.3, 0.0),
            middle: Point3::new(0.0, 0.5, 0.0),
            bottom: Point3::new(0.5, 0.45, 0.0),
        };
        assert_eq!(guess_up(&sitting), None);
    }
}
