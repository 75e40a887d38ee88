//! Maps from one set of joints to another.

use super::{Joint, on};
use crate::Side;

/// How each joint of a target set is made from a source set: a copy, or a weighted mean.
///
/// Made by [`JointMap::between`], which checks it, so that applying it cannot fail.
#[derive(Debug, Clone, PartialEq)]
pub struct JointMap {
    source_joints: usize,
    rows: Vec<Vec<(usize, f64)>>,
}

/// Why two sets of joints cannot be mapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// The source has nothing that these joints could be made from.
    #[error("the source lacks {}", list(.missing))]
    Missing {
        /// The joints that cannot be made.
        missing: Vec<Joint>,
    },
}

fn list(joints: &[Joint]) -> String {
    let names: Vec<_> = joints.iter().map(|joint| joint.name()).collect();
    names.join(", ")
}

impl JointMap {
    /// The map from `source` to `target`, in their orders.
    ///
    /// A joint that the source has is copied. Otherwise it is made where anatomy allows: the pelvis
    /// is the midpoint of the hips, the neck that of the shoulders, the thorax is the neck, the
    /// spine the midpoint of pelvis and neck, a toe the mean of big and small toe.
    ///
    /// # Errors
    ///
    /// [`MapError::Missing`] names every joint that cannot be made. Nothing is invented.
    pub fn between(source: &[Joint], target: &[Joint]) -> Result<Self, MapError> {
        let mut rows = Vec::with_capacity(target.len());
        let mut missing = Vec::new();
        for &joint in target {
            match weights(source, joint) {
                Some(row) => rows.push(row),
                None => missing.push(joint),
            }
        }
        if missing.is_empty() {
            Ok(Self {
                source_joints: source.len(),
                rows,
            })
        } else {
            Err(MapError::Missing { missing })
        }
    }

    /// For each target joint, the source joints it is made from with their weights, which sum to 1.
    pub fn rows(&self) -> &[Vec<(usize, f64)>] {
        &self.rows
    }

    /// How many joints a frame of the source must have.
    pub fn source_joints(&self) -> usize {
        self.source_joints
    }
}

/// The recipe for one joint, or `None` if the source cannot make it.
fn weights(source: &[Joint], joint: Joint) -> Option<Vec<(usize, f64)>> {
    if let Some(index) = source.iter().position(|&have| have == joint) {
        return Some(vec![(index, 1.0)]);
    }
    let mean_of = |parts: &[Joint]| -> Option<Vec<(usize, f64)>> {
        if parts.is_empty() {
            return None;
        }
        let mut row: Vec<(usize, f64)> = Vec::new();
        for &part in parts {
            for (index, weight) in weights(source, part)? {
                row.push((index, weight / parts.len() as f64));
            }
        }
        Some(row)
    };
    let first_of = |choices: &[&[Joint]]| choices.iter().find_map(|parts| mean_of(parts));
    match joint {
        Joint::Pelvis => mean_of(&[Joint::LeftHip, Joint::RightHip]),
        Joint::Neck => first_of(&[
            &direct(source, Joint::Thorax),
            &[Joint::LeftShoulder, Joint::RightShoulder],
        ]),
        Joint::Thorax => mean_of(&[Joint::Neck]),
        Joint::Spine => mean_of(&[Joint::Pelvis, Joint::Neck]),
        Joint::LeftToe | Joint::RightToe => {
            let side = joint.side().unwrap_or(Side::Left);
            first_of(&[
                &[on::big_toe(side), on::small_toe(side)],
                &[on::big_toe(side)],
            ])
        }
        _ => None,
    }
}

/// The joint alone if the source stores it: stops "neck from thorax" and "thorax from neck" from
/// chasing each other.
fn direct(source: &[Joint], joint: Joint) -> Vec<Joint> {
    source
        .iter()
        .copied()
        .filter(|&have| have == joint)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{ALL, BODY_25, COCO_17, COCO_23, H36M_17};
    use super::*;

    #[test]
    fn a_skeleton_maps_to_itself_unchanged() {
        for skeleton in ALL {
            let map = JointMap::between(skeleton.joints, skeleton.joints).unwrap();
            for (index, row) in map.rows().iter().enumerate() {
                assert_eq!(row, &[(index, 1.0)]);
            }
        }
    }

    #[test]
    fn weights_sum_to_one_in_every_possible_map() {
        for source in ALL {
            for target in ALL {
                let Ok(map) = JointMap::between(source.joints, target.joints) else {
                    continue;
                };
                for row in map.rows() {
                    let sum: f64 = row.iter().map(|(_, weight)| weight).sum();
                    assert!((sum - 1.0).abs() < 1e-12, "{} {}", source.name, target.name);
                }
            }
        }
    }

    #[test]
    fn body_25_feeds_coco_with_feet() {
        let map = JointMap::between(BODY_25.joints, COCO_23.joints).unwrap();
        for (row, &joint) in map.rows().iter().zip(COCO_23.joints) {
            assert_eq!(row.len(), 1);
            assert_eq!(BODY_25.joints[row[0].0], joint);
        }
    }

    #[test]
    fn what_the_source_lacks_is_named() {
        let error = JointMap::between(COCO_17.joints, H36M_17.joints).unwrap_err();
        assert_eq!(
            error,
            MapError::Missing {
                missing: vec![Joint::HeadTop]
            }
        );
    }
}
