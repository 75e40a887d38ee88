//! The rig: bones with CMU's names, where they lie in the base mesh, and which vertices follow them.

use nalgebra::Vector3;
use serde_json::Value;

use super::obj::Obj;

/// Bones, each after its parent.
pub(crate) const BONES: [(&str, Option<usize>); 31] = [
    ("Hips", None),
    ("LHipJoint", Some(0)),
    ("LeftUpLeg", Some(1)),
    ("LeftLeg", Some(2)),
    ("LeftFoot", Some(3)),
    ("LeftToeBase", Some(4)),
    ("RHipJoint", Some(0)),
    ("RightUpLeg", Some(6)),
    ("RightLeg", Some(7)),
    ("RightFoot", Some(8)),
    ("RightToeBase", Some(9)),
    ("LowerBack", Some(0)),
    ("Spine", Some(11)),
    ("Spine1", Some(12)),
    ("Neck", Some(13)),
    ("Neck1", Some(14)),
    ("Head", Some(15)),
    ("LeftShoulder", Some(13)),
    ("LeftArm", Some(17)),
    ("LeftForeArm", Some(18)),
    ("LeftHand", Some(19)),
    ("LeftFingerBase", Some(20)),
    ("LeftHandFinger1", Some(21)),
    ("LThumb", Some(20)),
    ("RightShoulder", Some(13)),
    ("RightArm", Some(24)),
    ("RightForeArm", Some(25)),
    ("RightHand", Some(26)),
    ("RightFingerBase", Some(27)),
    ("RightHandFinger1", Some(28)),
    ("RThumb", Some(27)),
];

/// Places in [`BONES`].
pub(crate) mod bone {
    pub(crate) const LOWER_BACK: usize = 11;
    pub(crate) const SPINE: usize = 12;
    pub(crate) const CHEST: usize = 13;
    pub(crate) const NECK: usize = 14;
    pub(crate) const NECK_TOP: usize = 15;
    pub(crate) const HEAD: usize = 16;
    /// Hip joint, thigh, shank, foot, toes of left and right.
    pub(crate) const LEGS: [[usize; 5]; 2] = [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10]];
    /// Collar, upper arm, forearm, hand, knuckles, fingers, thumb of left and right.
    pub(crate) const ARMS: [[usize; 7]; 2] =
        [[17, 18, 19, 20, 21, 22, 23], [24, 25, 26, 27, 28, 29, 30]];
}

/// Vertices whose mean is a bone's end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ends {
    pub(crate) head: Vec<u32>,
    pub(crate) tail: Vec<u32>,
}

/// Up to four bones that a vertex follows, and their shares; they sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Hold {
    pub(crate) bones: [u8; 4],
    pub(crate) shares: [f32; 4],
}

impl Hold {
    /// The strongest four of some bones and shares.
    pub(crate) fn strongest(shares: &[f32; BONES.len()]) -> Self {
        let mut order: Vec<u8> = (0..31).collect();
        order.sort_by(|a, b| shares[*b as usize].total_cmp(&shares[*a as usize]));
        let mut hold = Self::default();
        for (place, bone) in order.into_iter().take(4).enumerate() {
            hold.bones[place] = bone;
            hold.shares[place] = shares[bone as usize].max(0.0);
        }
        let sum: f32 = hold.shares.iter().sum();
        if sum > 0.0 {
            hold.shares = hold.shares.map(|share| share / sum);
        } else {
            hold.shares = [1.0, 0.0, 0.0, 0.0];
            hold.bones = [0; 4];
        }
        hold
    }

    /// The bone with the largest share.
    pub(crate) fn main(&self) -> usize {
        self.bones[0] as usize
    }

    /// Adds this hold's shares, times `weight`, to a sum over bones.
    pub(crate) fn add_to(&self, sum: &mut [f32; BONES.len()], weight: f32) {
        for (bone, share) in self.bones.iter().zip(self.shares) {
            sum[*bone as usize] += share * weight;
        }
    }
}

/// Reads where the bones of [`BONES`] lie.
///
/// # Errors
///
/// What is missing.
pub(crate) fn parse_bones(bytes: &[u8], base: &Obj) -> Result<Vec<Ends>, String> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    BONES
        .iter()
        .map(|(name, _)| {
            let bone = &json[name];
            Ok(Ends {
                head: end(&bone["head"], base).ok_or_else(|| format!("no head of {name:?}"))?,
                tail: end(&bone["tail"], base).ok_or_else(|| format!("no tail of {name:?}"))?,
            })
        })
        .collect()
}

fn end(json: &Value, base: &Obj) -> Option<Vec<u32>> {
    if let Some(cube) = json["cube_name"].as_str() {
        return cube_vertices(base, cube);
    }
    let vertices = json["vertex_indices"]
        .as_array()?
        .iter()
        .map(|index| u32::try_from(index.as_u64()?).ok())
        .collect::<Option<Vec<u32>>>()?;
    let known = |vertex: &u32| (*vertex as usize) < base.vertices.len();
    (!vertices.is_empty() && vertices.iter().all(known)).then_some(vertices)
}

/// The vertices of a group, each once.
pub(crate) fn cube_vertices(base: &Obj, name: &str) -> Option<Vec<u32>> {
    let mut vertices: Vec<u32> = base.group(name)?.iter().flatten().copied().collect();
    vertices.sort_unstable();
    vertices.dedup();
    (!vertices.is_empty()).then_some(vertices)
}

/// Reads which bones each of `vertices` vertices follows.
///
/// # Errors
///
/// What is wrong.
pub(crate) fn parse_holds(bytes: &[u8], vertices: usize) -> Result<Vec<Hold>, String> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut sums = vec![[0.0_f32; BONES.len()]; vertices];
    for (bone, (name, _)) in BONES.iter().enumerate() {
        let entries = json["weights"][name]
            .as_array()
            .ok_or_else(|| format!("no weights of {name:?}"))?;
        for entry in entries {
            let vertex = entry[0].as_u64().and_then(|v| usize::try_from(v).ok());
            let (Some(vertex), Some(share)) = (vertex, entry[1].as_f64()) else {
                return Err(format!("a weight of {name:?} is not a vertex and a number"));
            };
            let sum = sums
                .get_mut(vertex)
                .ok_or_else(|| format!("{name:?} holds vertex {vertex}, which does not exist"))?;
            #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
            let share = share as f32;
            sum[bone] += share;
        }
    }
    Ok(sums.iter().map(Hold::strongest).collect())
}

/// The mean of some vertices.
pub(crate) fn mean_of(vertices: &[u32], places: &[Vector3<f32>]) -> Vector3<f32> {
    let sum: Vector3<f32> = vertices.iter().map(|v| places[*v as usize]).sum();
    sum / vertices.len().max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bone_comes_after_its_parent() {
        for (index, (_, parent)) in BONES.iter().enumerate() {
            assert!(parent.is_none_or(|parent| parent < index));
        }
        assert_eq!(BONES[bone::HEAD].0, "Head");
        assert_eq!(BONES[bone::LEGS[1][2]].0, "RightLeg");
        assert_eq!(BONES[bone::ARMS[1][3]].0, "RightHand");
    }

    #[test]
    fn the_four_strongest_bones_hold_a_vertex() {
        let mut shares = [0.0; BONES.len()];
        for (bone, share) in [(1, 0.1), (2, 0.5), (3, 0.2), (4, 0.15), (5, 0.05)] {
            shares[bone] = share;
        }
        let hold = Hold::strongest(&shares);
        assert_eq!(hold.main(), 2);
        assert_eq!(hold.bones, [2, 3, 4, 1]);
        assert!((hold.shares.iter().sum::<f32>() - 1.0).abs() < 1e-6);
        assert!(Hold::strongest(&[0.0; BONES.len()]).shares[0] > 0.99);
    }

    #[test]
    fn damaged_rigs_are_refused() {
        let base = Obj::default();
        assert!(parse_bones(b"{", &base).is_err());
        assert!(parse_bones(b"{}", &base).unwrap_err().contains("Hips"));
        assert!(
            parse_holds(b"{\"weights\":{}}", 3)
                .unwrap_err()
                .contains("Hips")
        );
        assert!(parse_holds(b"{\"weights\":{\"Hips\":[[9,1.0]]}}", 3).is_err());
    }
}
