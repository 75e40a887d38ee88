//! A recording of a walk with what is true of it.

use ambulo::keypoints::Keypoints2d;
use ambulo::{PerSide, Side};
use ambulo_nn::codec::params::{Legs, Target};

use crate::motion::Role;

/// A recording of one person, seen from the side, with what is true of the walk.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsClip {
    /// Its name; no other recording has it.
    pub name: String,
    /// Who walks. Other bodies and gaits made from one person's motion are that person.
    pub person: String,
    /// What the person's recordings are for.
    pub role: Role,
    /// What a detector saw, in the layout `BODY_25`, at 25 frames a second.
    pub keypoints: Keypoints2d,
    /// The side of the walker that faces the camera.
    pub near: Side,
    /// What is true of the walk.
    pub truth: Truth,
}

/// What is true of a walk, in the units of [`Target::unit`]; `None` where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Truth {
    /// GDI, or GDI* where it was made from motion capture by this program; points.
    pub gdi: PerSide<Option<f64>>,
    /// The least knee flexion in stance, degrees.
    pub knee_flexion_deg: PerSide<Option<f64>>,
    /// Walking speed.
    pub speed_mps: Option<f64>,
    /// Strides of a leg in a second: steps a minute over 120.
    pub cadence_hz: Option<f64>,
}

impl Truth {
    /// One target of these legs; `None` if it is not known, or is not about such legs.
    pub fn get(&self, target: Target, legs: Legs) -> Option<f64> {
        match (target, legs) {
            (Target::Gdi, Legs::One(side)) => *self.gdi.get(side),
            (Target::KneeFlexionMaximumExtension, Legs::One(side)) => {
                *self.knee_flexion_deg.get(side)
            }
            (Target::Speed, Legs::Both) => self.speed_mps,
            (Target::Cadence, Legs::Both) => self.cadence_hz,
            _ => None,
        }
    }
}
