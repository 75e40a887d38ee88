//! Which joint each stored point is: from the number of points, from their names, or, for the two
//! layouts of 25 points, from the shape they make.

use ambulo::keypoints::Keypoint;
use ambulo::skeleton::{self, Joint, Skeleton, on};
use ambulo::{PerSide, Side};

use super::{KeypointError, NamedBytes, Person};

pub(super) use ambulo::skeleton::{BODY_25, BODY_25B};

/// The 18 points of OpenPose's COCO model, which AlphaPose writes too: COCO's 17 and a neck.
const OPENPOSE_COCO: [Joint; 18] = [
    Joint::Nose,
    Joint::Neck,
    Joint::RightShoulder,
    Joint::RightElbow,
    Joint::RightWrist,
    Joint::LeftShoulder,
    Joint::LeftElbow,
    Joint::LeftWrist,
    Joint::RightHip,
    Joint::RightKnee,
    Joint::RightAnkle,
    Joint::LeftHip,
    Joint::LeftKnee,
    Joint::LeftAnkle,
    Joint::RightEye,
    Joint::LeftEye,
    Joint::RightEar,
    Joint::LeftEar,
];

/// The joints that are kept, in order, and where the file stores each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    /// What it is, for people.
    pub(super) title: String,
    /// The joints kept.
    pub(super) joints: Vec<Joint>,
    /// For each joint, the index of its point in the file.
    pub(super) sources: Vec<usize>,
    /// Points of a person in the file.
    pub(super) points: usize,
}

impl Layout {
    fn first(title: &str, joints: &[Joint], points: usize) -> Self {
        Self {
            title: title.to_owned(),
            joints: joints.to_vec(),
            sources: (0..joints.len()).collect(),
            points,
        }
    }

    /// A built-in skeleton, stored as it is.
    pub(super) fn of_skeleton(skeleton: &Skeleton) -> Self {
        Self::first(skeleton.title, skeleton.joints, skeleton.joints.len())
    }

    /// The layout of that many unnamed points, if only one is known.
    pub(super) fn of_count(points: usize) -> Result<Self, KeypointError> {
        let with_rest = |skeleton: &Skeleton, rest: &str| {
            Self::first(
                &format!("{} {rest}", skeleton.title),
                skeleton.joints,
                points,
            )
        };
        Ok(match points {
            17 => Self::of_skeleton(&skeleton::COCO_17),
            18 => Self::first("OpenPose COCO, 18 keypoints", &OPENPOSE_COCO, 18),
            23 => Self::of_skeleton(&skeleton::COCO_23),
            25 => return Err(KeypointError::AmbiguousLayout),
            26 => Self::of_skeleton(&skeleton::HALPE_26),
            33 => Self::of_skeleton(&skeleton::BLAZEPOSE_33),
            133 => with_rest(&skeleton::COCO_23, "of COCO-WholeBody's 133"),
            135 => with_rest(&skeleton::BODY_25B, "of BODY_135's 135"),
            136 => with_rest(&skeleton::HALPE_26, "of Halpe's 136"),
            _ => return Err(KeypointError::UnknownLayout { points }),
        })
    }

    /// The layout of named points; names that are no joint's are left out and noted.
    pub(super) fn of_names(
        names: &[String],
        notes: &mut Vec<String>,
    ) -> Result<Self, KeypointError> {
        let mut layout = Self {
            title: format!("{} named points", names.len()),
            joints: Vec::new(),
            sources: Vec::new(),
            points: names.len(),
        };
        let mut unknown = Vec::new();
        for (index, name) in names.iter().enumerate() {
            match joint_named(name) {
                Some(joint) if !layout.joints.contains(&joint) => {
                    layout.joints.push(joint);
                    layout.sources.push(index);
                }
                _ => unknown.push(name.as_str()),
            }
        }
        if layout.joints.is_empty() {
            return Err(KeypointError::NoKnownJoint {
                names: listed(&unknown),
            });
        }
        if !unknown.is_empty() {
            notes.push(format!(
                "{} of {} points are not used, as their names are no joint's: {}",
                unknown.len(),
                names.len(),
                listed(&unknown)
            ));
        }
        Ok(layout)
    }

    /// The kept joints of one person.
    pub(super) fn pick(&self, stored: &[Option<Keypoint>]) -> Vec<Option<Keypoint>> {
        self.sources
            .iter()
            .map(|&index| stored.get(index).copied().flatten())
            .collect()
    }
}

/// The first names of a list, for messages.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 10;
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| name.chars().take(40).collect())
        .collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Lays out people whose points have no names: all must have the same number.
pub(super) fn of_people<'a>(
    people: impl Iterator<Item = &'a Person> + Clone,
    given: Option<&Skeleton>,
    name: &str,
) -> Result<Option<Layout>, KeypointError> {
    let mut points = None;
    for person in people.clone() {
        let expected = *points.get_or_insert(person.points.len());
        if person.points.len() != expected {
            return Err(KeypointError::MixedLayouts {
                points: person.points.len(),
                expected,
                name: name.to_owned(),
            });
        }
    }
    let Some(points) = points else {
        return Ok(None);
    };
    if let Some(skeleton) = given {
        if points != skeleton.joints.len() {
            return Err(KeypointError::MixedLayouts {
                points,
                expected: skeleton.joints.len(),
                name: name.to_owned(),
            });
        }
        return Ok(Some(Layout::of_skeleton(skeleton)));
    }
    if points == 25 {
        let skeleton = which_25(people).ok_or(KeypointError::AmbiguousLayout)?;
        return Ok(Some(Layout::of_skeleton(skeleton)));
    }
    Layout::of_count(points).map(Some)
}

/// `BODY_25` or `BODY_25B`, whichever makes the body hold together; `None` if neither does clearly.
///
/// In the right layout the bones are short against the whole person; in the wrong one a "shank"
/// runs from the hip to the eye. The mean bone, in person sizes, must be shorter by
/// `CLEARLY_SHORTER`, over at least `LEAST_BONES` bones.
fn which_25<'a>(people: impl Iterator<Item = &'a Person>) -> Option<&'static Skeleton> {
    const CLEARLY_SHORTER: f64 = 0.8;
    const LEAST_BONES: usize = 20;
    let mut sums = [(0.0, 0_usize); 2];
    let candidates = [&BODY_25, &BODY_25B];
    let bones: Vec<Vec<(usize, usize)>> = candidates.iter().map(|s| bones(s)).collect();
    for person in people {
        let seen: Vec<_> = person.points.iter().flatten().collect();
        let extent = |axis: usize| {
            let values = seen.iter().map(|point| point.position_px[axis]);
            values.clone().fold(f64::NEG_INFINITY, f64::max) - values.fold(f64::INFINITY, f64::min)
        };
        if seen.len() < 6 {
            continue;
        }
        let size_px = extent(0).hypot(extent(1));
        if size_px <= 0.0 {
            continue;
        }
        for (bones, sum) in bones.iter().zip(&mut sums) {
            for &(a, b) in bones {
                if let (Some(a), Some(b)) = (person.points[a], person.points[b]) {
                    sum.0 += nalgebra::distance(&a.position_px, &b.position_px) / size_px;
                    sum.1 += 1;
                }
            }
        }
    }
    if sums.iter().any(|&(_, count)| count < LEAST_BONES) {
        return None;
    }
    let [plain, b] = sums.map(|(sum, count)| sum / count as f64);
    if plain < CLEARLY_SHORTER * b {
        Some(&BODY_25)
    } else if b < CLEARLY_SHORTER * plain {
        Some(&BODY_25B)
    } else {
        None
    }
}

/// Pairs of points that a body joins directly.
fn bones(skeleton: &Skeleton) -> Vec<(usize, usize)> {
    let one_side = |side: Side| {
        [
            (Joint::Nose, on::eye(side)),
            (on::eye(side), on::ear(side)),
            (on::shoulder(side), on::elbow(side)),
            (on::elbow(side), on::wrist(side)),
            (on::hip(side), on::knee(side)),
            (on::knee(side), on::ankle(side)),
            (on::ankle(side), on::heel(side)),
            (on::ankle(side), on::big_toe(side)),
        ]
    };
    let PerSide { left, right } = PerSide::from_fn(one_side);
    let middle = [
        (Joint::LeftHip, Joint::RightHip),
        (Joint::LeftShoulder, Joint::RightShoulder),
        (Joint::Neck, Joint::LeftShoulder),
        (Joint::Neck, Joint::RightShoulder),
    ];
    left.into_iter()
        .chain(right)
        .chain(middle)
        .filter_map(|(a, b)| Some((skeleton.index_of(a)?, skeleton.index_of(b)?)))
        .collect()
}

/// The joint that a name means, in the many ways people write names: `left_knee`, `LKnee`,
/// `knee (left)`, `Right heel`, `LEFT_FOOT_INDEX`, `MidHip`.
pub(super) fn joint_named(name: &str) -> Option<Joint> {
    if let Ok(joint) = name.to_ascii_lowercase().parse() {
        return Some(joint);
    }
    let (side, rest) = side_and_rest(name);
    let rest = rest.as_str();
    let Some(side) = side else {
        return Some(match rest {
            "nose" => Joint::Nose,
            "headtop" | "tophead" | "topofhead" | "vertex" => Joint::HeadTop,
            "head" => Joint::Head,
            "neck" => Joint::Neck,
            "c7" => Joint::C7,
            "thorax" => Joint::Thorax,
            "spine" => Joint::Spine,
            "pelvis" | "midhip" | "hipcenter" | "hipcentre" | "root" => Joint::Pelvis,
            "sacrum" => Joint::Sacrum,
            _ => return None,
        });
    };
    Some(match rest {
        "eye" => on::eye(side),
        "eyeinner" | "innereye" => on::eye_inner(side),
        "eyeouter" | "outereye" => on::eye_outer(side),
        "ear" => on::ear(side),
        "mouth" => on::mouth(side),
        "shoulder" => on::shoulder(side),
        "elbow" => on::elbow(side),
        "wrist" => on::wrist(side),
        "hand" => on::hand(side),
        "pinky" => on::pinky(side),
        "index" => on::index(side),
        "thumb" => on::thumb(side),
        "hip" => on::hip(side),
        "knee" => on::knee(side),
        "ankle" => on::ankle(side),
        "heel" => on::heel(side),
        "bigtoe" | "footindex" | "hallux" => on::big_toe(side),
        "smalltoe" | "littletoe" => on::small_toe(side),
        "toe" | "toes" | "forefoot" => on::toe(side),
        "toetip" => on::toe_tip(side),
        _ => return None,
    })
}

/// Splits a name into its side and the rest, lower case and without separators.
fn side_and_rest(name: &str) -> (Option<Side>, String) {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    for c in name.chars().take(64) {
        let starts = !previous.is_alphanumeric() || (c.is_uppercase() && previous.is_lowercase());
        if c.is_alphanumeric() {
            if starts || words.is_empty() {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        previous = c;
    }
    let side_of = |word: &str| match word {
        "left" | "l" => Some(Side::Left),
        "right" | "r" => Some(Side::Right),
        _ => None,
    };
    if let Some(at) = words.iter().position(|word| side_of(word).is_some()) {
        let side = side_of(&words.remove(at));
        return (side, words.concat());
    }
    let joined = words.concat();
    // "LAnkle" is split by its capitals only after the second letter, "lankle" not at all.
    for (prefix, side) in [
        ("left", Side::Left),
        ("right", Side::Right),
        ("l", Side::Left),
        ("r", Side::Right),
    ] {
        if let Some(rest) = joined.strip_prefix(prefix)
            && SIDED.contains(&rest)
        {
            return (Some(side), rest.to_owned());
        }
    }
    (None, joined)
}

/// What may follow a side that is written without a separator.
const SIDED: [&str; 14] = [
    "eye",
    "ear",
    "shoulder",
    "elbow",
    "wrist",
    "hand",
    "hip",
    "knee",
    "ankle",
    "heel",
    "bigtoe",
    "smalltoe",
    "toe",
    "footindex",
];

/// The name of the only or first file, for messages.
pub(super) fn name_of(files: &[&NamedBytes]) -> String {
    files
        .first()
        .map_or_else(String::new, |file| file.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_as_people_write_them() {
        for (name, joint) in [
            ("left_knee", Joint::LeftKnee),
            ("LKnee", Joint::LeftKnee),
            ("lknee", Joint::LeftKnee),
            ("knee_L", Joint::LeftKnee),
            ("Right Ankle", Joint::RightAnkle),
            ("rightAnkle", Joint::RightAnkle),
            ("RIGHT_FOOT_INDEX", Joint::RightBigToe),
            ("RBigToe", Joint::RightBigToe),
            ("MidHip", Joint::Pelvis),
            ("NOSE", Joint::Nose),
            ("left_eye_(inner)", Joint::LeftEyeInner),
            ("mouth_left", Joint::LeftMouth),
        ] {
            assert_eq!(joint_named(name), Some(joint), "{name}");
        }
        for name in ["tail", "", "knee", "left", "learning", "ankle1"] {
            assert_eq!(joint_named(name), None, "{name}");
        }
    }

    #[test]
    fn every_joint_of_every_detector_is_known_by_its_own_name() {
        for skeleton in [&skeleton::HALPE_26, &BODY_25, &skeleton::BLAZEPOSE_33] {
            for &joint in skeleton.joints {
                assert_eq!(joint_named(joint.name()), Some(joint));
            }
        }
    }
}
