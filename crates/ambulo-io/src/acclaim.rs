//! ASF and AMC (Acclaim): a skeleton file and a motion file, as the CMU collection uses them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ambulo::skeleton::Joint;
use ambulo::space::UpAxis;
use ambulo::time::TimeBase;
use nalgebra::{Point3, Rotation3, Vector3};

use crate::points::{LabelledPoints, unique};
use crate::rotation::about;
use crate::text::{TextError, decode, lines, number, unexpected};

/// The rate of the CMU collection; AMC files do not name one.
pub const CMU_RATE_HZ: f64 = 120.0;

/// Metres of one inch: the unit of the CMU collection once the file's own scale is applied.
const INCH_M: f64 = 0.0254;

/// Why an ASF or AMC file could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AcclaimError {
    /// The skeleton file is not valid.
    #[error("not a valid ASF file: {0}")]
    Skeleton(TextError),
    /// The motion file is not valid.
    #[error("not a valid AMC file: {0}")]
    Motion(TextError),
    /// The motion moves a bone that the skeleton lacks.
    #[error(
        "line {line} of the AMC file moves {bone:?}, which the ASF file does not have; pass the skeleton that belongs to this motion"
    )]
    UnknownBone {
        /// Line of the motion file.
        line: usize,
        /// The bone.
        bone: String,
    },
    /// There are no frames, or the rate is impossible.
    #[error("the time of the AMC file cannot be used")]
    Time(#[from] ambulo::time::TimeError),
}

/// A degree of freedom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dof {
    Translation(usize),
    Rotation(usize),
    Length,
}

/// One bone; the first of a skeleton is the root, of length zero.
#[derive(Debug, Clone, PartialEq)]
struct Bone {
    name: String,
    parent: Option<usize>,
    /// Rest vector from the bone's start to its end, in file units.
    vector: Vector3<f64>,
    axis: Rotation3<f64>,
    dofs: Vec<Dof>,
}

/// An ASF skeleton.
#[derive(Debug, Clone, PartialEq)]
pub struct AsfSkeleton {
    bones: Vec<Bone>,
    /// File units of an inch (0.45 in the CMU collection).
    length_scale: f64,
    degrees: bool,
}

/// Reads an ASF skeleton.
///
/// # Errors
///
/// [`AcclaimError::Skeleton`] names the line and what was expected there.
pub fn parse_skeleton(bytes: &[u8]) -> Result<AsfSkeleton, AcclaimError> {
    skeleton(&decode(bytes)).map_err(AcclaimError::Skeleton)
}

fn skeleton(text: &str) -> Result<AsfSkeleton, TextError> {
    let mut section = "";
    let mut parsed = AsfSkeleton {
        bones: vec![Bone {
            name: "root".into(),
            parent: None,
            vector: Vector3::zeros(),
            axis: Rotation3::identity(),
            dofs: Vec::new(),
        }],
        length_scale: 1.0,
        degrees: true,
    };
    let mut bone = RawBone::default();
    let mut names = BTreeMap::from([("root".to_owned(), 0)]);
    for (line, content) in lines(text) {
        let content = content.split('#').next().unwrap_or_default().trim();
        if content.is_empty() {
            continue;
        }
        if let Some(keyword) = content.strip_prefix(':') {
            section = keyword.split_whitespace().next().unwrap_or_default();
            continue;
        }
        let words: Vec<&str> = content.split_whitespace().collect();
        match (section, words[0]) {
            ("units", "length") => {
                parsed.length_scale = number(words.get(1).unwrap_or(&""), line)?;
                if parsed.length_scale <= 0.0 {
                    return Err(unexpected(line, "a positive length", content));
                }
            }
            ("units", "angle") => parsed.degrees = words.get(1) != Some(&"rad"),
            ("root", "order") => parsed.bones[0].dofs = dofs(&words[1..], line)?,
            ("root", "orientation") => parsed.bones[0].axis = axis(&words[1..], "XYZ", line)?,
            ("bonedata", "begin") => bone = RawBone::default(),
            ("bonedata", "end") => {
                let finished = bone.finish(line, parsed.degrees)?;
                if names
                    .insert(finished.name.clone(), parsed.bones.len())
                    .is_some()
                {
                    return Err(TextError::Repeated {
                        name: finished.name,
                    });
                }
                parsed.bones.push(finished);
                bone = RawBone::default();
            }
            ("bonedata", _) => bone.read(&words, line)?,
            ("hierarchy", "begin" | "end") => {}
            ("hierarchy", parent) => {
                let &parent = names
                    .get(parent)
                    .ok_or_else(|| unexpected(line, "the name of a bone", parent))?;
                for &child in &words[1..] {
                    let &child = names
                        .get(child)
                        .ok_or_else(|| unexpected(line, "the name of a bone", child))?;
                    parsed.bones[child].parent = Some(parent);
                }
            }
            _ => {}
        }
    }
    sort_parents_first(parsed)
}

#[derive(Default)]
struct RawBone {
    name: Option<String>,
    direction: Vector3<f64>,
    length: f64,
    axis: Vec<f64>,
    axis_order: String,
    dofs: Vec<Dof>,
}

impl RawBone {
    fn read(&mut self, words: &[&str], line: usize) -> Result<(), TextError> {
        match words[0] {
            "name" => self.name = words.get(1).map(|&name| name.to_owned()),
            "direction" => self.direction = Vector3::from_vec(numbers(&words[1..], 3, line)?),
            "length" => self.length = numbers(&words[1..], 1, line)?[0],
            "axis" => {
                self.axis = numbers(&words[1..], 3, line)?;
                let order = words.get(4).copied().unwrap_or("XYZ");
                order.clone_into(&mut self.axis_order);
            }
            "dof" => self.dofs = dofs(&words[1..], line)?,
            // Limits and masses do not move the joints.
            _ => {}
        }
        Ok(())
    }

    fn finish(&mut self, line: usize, degrees: bool) -> Result<Bone, TextError> {
        let name = self
            .name
            .take()
            .ok_or_else(|| unexpected(line, "a bone with a name", "end"))?;
        let unit = if degrees {
            1.0
        } else {
            180.0 / std::f64::consts::PI
        };
        let mut axis = Rotation3::identity();
        for (letter, angle) in self.axis_order.chars().zip(&self.axis) {
            // Applied in the order of the letters: the first turns first.
            axis = about(letter_axis(letter, line)?, angle * unit) * axis;
        }
        let direction = self.direction.try_normalize(1e-12).unwrap_or_default();
        Ok(Bone {
            name,
            parent: None,
            vector: direction * self.length,
            axis,
            dofs: std::mem::take(&mut self.dofs),
        })
    }
}

fn numbers(words: &[&str], wanted: usize, line: usize) -> Result<Vec<f64>, TextError> {
    if words.len() < wanted {
        return Err(TextError::Fields {
            line,
            expected: wanted,
            found: words.len(),
        });
    }
    words[..wanted]
        .iter()
        .map(|word| number(word, line))
        .collect()
}

fn axis(words: &[&str], order: &str, line: usize) -> Result<Rotation3<f64>, TextError> {
    let mut rotation = Rotation3::identity();
    for (letter, angle) in order.chars().zip(numbers(words, 3, line)?) {
        rotation = about(letter_axis(letter, line)?, angle) * rotation;
    }
    Ok(rotation)
}

fn letter_axis(letter: char, line: usize) -> Result<usize, TextError> {
    match letter.to_ascii_lowercase() {
        'x' => Ok(0),
        'y' => Ok(1),
        'z' => Ok(2),
        _ => Err(unexpected(line, "X, Y or Z", &letter.to_string())),
    }
}

fn dofs(words: &[&str], line: usize) -> Result<Vec<Dof>, TextError> {
    words
        .iter()
        .map(|word| match word.to_ascii_lowercase().as_bytes() {
            [b't', axis] => Ok(Dof::Translation(letter_axis(char::from(*axis), line)?)),
            [b'r', axis] => Ok(Dof::Rotation(letter_axis(char::from(*axis), line)?)),
            [b'l'] => Ok(Dof::Length),
            _ => Err(unexpected(line, "a degree of freedom", word)),
        })
        .collect()
}

/// Orders the bones so that every parent stands before its children; a loop is an error.
fn sort_parents_first(mut skeleton: AsfSkeleton) -> Result<AsfSkeleton, TextError> {
    let count = skeleton.bones.len();
    let mut children = vec![Vec::new(); count];
    for (index, bone) in skeleton.bones.iter().enumerate() {
        if let Some(parent) = bone.parent {
            children[parent].push(index);
        }
    }
    let mut order = vec![0];
    let mut place = vec![None; count];
    let mut next = 0;
    while next < order.len() {
        place[order[next]] = Some(next);
        order.extend(&children[order[next]]);
        next += 1;
        if order.len() > count {
            break;
        }
    }
    if order.len() != count {
        return Err(TextError::Missing {
            what: "a hierarchy that joins every bone to the root",
        });
    }
    skeleton.bones = order
        .iter()
        .map(|&index| {
            let mut bone = skeleton.bones[index].clone();
            bone.parent = bone.parent.and_then(|parent| place[parent]);
            bone
        })
        .collect();
    Ok(skeleton)
}

/// Reads an AMC motion over its skeleton; labels are the bones' names, each at the bone's far end.
///
/// Lengths become metres by the rule of the CMU collection: file units divided by the skeleton's
/// length scale are inches.
///
/// # Errors
///
/// [`AcclaimError`] names the line and what was expected there.
pub fn parse_motion(
    bytes: &[u8],
    skeleton: &AsfSkeleton,
    rate_hz: f64,
) -> Result<LabelledPoints, AcclaimError> {
    let text = decode(bytes);
    let metres = INCH_M / skeleton.length_scale;
    let index: BTreeMap<&str, usize> = skeleton
        .bones
        .iter()
        .enumerate()
        .map(|(index, bone)| (bone.name.as_str(), index))
        .collect();
    let mut degrees = skeleton.degrees;
    let mut pose: Option<Vec<Vec<f64>>> = None;
    let mut first_frame_number = 1;
    let mut frames = 0_usize;
    let mut positions_m = Vec::new();
    let mut finish = |pose: Option<Vec<Vec<f64>>>, degrees: bool, frames: &mut usize| {
        if let Some(pose) = pose {
            *frames += 1;
            // Bones without a line take no bytes in a frame, but a place.
            if skeleton.bones.len().saturating_mul(*frames) > bytes.len() {
                return Err(AcclaimError::Motion(TextError::Limit {
                    what: "the number of bones that no line moves, in all frames,",
                    limit: bytes.len(),
                }));
            }
            positions_m.extend(
                skeleton
                    .positions(&pose, degrees)
                    .into_iter()
                    .map(|position| Some(position * metres)),
            );
        }
        Ok(())
    };
    for (line, content) in lines(&text) {
        let content = content.split('#').next().unwrap_or_default().trim();
        let mut words = content.split_whitespace();
        let Some(first) = words.next() else { continue };
        if let Some(keyword) = first.strip_prefix(':') {
            match keyword.to_ascii_uppercase().as_str() {
                "DEGREES" => degrees = true,
                "RADIANS" => degrees = false,
                _ => {}
            }
        } else if let Ok(frame_number) = first.parse::<i64>() {
            finish(pose.take(), degrees, &mut frames)?;
            if frames == 0 {
                first_frame_number = frame_number;
            }
            pose = Some(vec![Vec::new(); skeleton.bones.len()]);
        } else {
            let &bone = index.get(first).ok_or_else(|| AcclaimError::UnknownBone {
                line,
                bone: first.to_owned(),
            })?;
            let pose = pose.as_mut().ok_or_else(|| {
                AcclaimError::Motion(unexpected(line, "a frame number first", first))
            })?;
            pose[bone] = words
                .map(|word| number(word, line))
                .collect::<Result<_, _>>()
                .map_err(AcclaimError::Motion)?;
            let wanted = skeleton.bones[bone].dofs.len();
            if pose[bone].len() != wanted {
                return Err(AcclaimError::Motion(TextError::Fields {
                    line,
                    expected: wanted,
                    found: pose[bone].len(),
                }));
            }
        }
    }
    finish(pose.take(), degrees, &mut frames)?;
    let carriers = usize::from(skeleton.only_carries());
    let labels = unique(skeleton.bones.iter().skip(carriers).map(label));
    if carriers > 0 {
        let bones = skeleton.bones.len();
        let mut place = 0..;
        positions_m.retain(|_| place.next().is_some_and(|place| place % bones != 0));
    }
    Ok(LabelledPoints {
        labels,
        time: TimeBase::uniform(frames, rate_hz)?,
        positions_m,
        up: Some(UpAxis::PlusY),
        first_frame_number,
        first_frame_time_s: 0.0,
        notes: vec![format!(
            "AMC names no rate; {rate_hz} Hz was used. Lengths are inches divided by the skeleton's scale of {}",
            skeleton.length_scale
        )],
    })
}

/// The bones of the CMU collection whose far end is a joint; others keep their name.
const FAR_ENDS: [(&str, Joint); 25] = [
    ("root", Joint::Pelvis),
    ("lhipjoint", Joint::LeftHip),
    ("lfemur", Joint::LeftKnee),
    ("ltibia", Joint::LeftAnkle),
    ("lfoot", Joint::LeftToe),
    ("ltoes", Joint::LeftToeTip),
    ("rhipjoint", Joint::RightHip),
    ("rfemur", Joint::RightKnee),
    ("rtibia", Joint::RightAnkle),
    ("rfoot", Joint::RightToe),
    ("rtoes", Joint::RightToeTip),
    ("lowerback", Joint::Spine1),
    ("upperback", Joint::Spine2),
    ("thorax", Joint::Thorax),
    ("lowerneck", Joint::Neck),
    ("upperneck", Joint::Head),
    ("head", Joint::HeadTop),
    ("lclavicle", Joint::LeftShoulder),
    ("lhumerus", Joint::LeftElbow),
    // The radius ends halfway down the forearm in this collection; the wrist bone ends at the wrist.
    ("lwrist", Joint::LeftWrist),
    ("lhand", Joint::LeftHand),
    ("rclavicle", Joint::RightShoulder),
    ("rhumerus", Joint::RightElbow),
    ("rwrist", Joint::RightWrist),
    ("rhand", Joint::RightHand),
];

/// The joint at a bone's far end. A bone that is moved, not turned, is a point with a name of its own.
fn label(bone: &Bone) -> String {
    let is_point = bone.parent.is_some() && bone.is_moved();
    FAR_ENDS
        .iter()
        .find(|(name, _)| *name == bone.name && !is_point)
        .map_or_else(|| bone.name.clone(), |(_, joint)| joint.name().to_owned())
}

impl Bone {
    fn is_moved(&self) -> bool {
        self.dofs
            .iter()
            .any(|dof| matches!(dof, Dof::Translation(_)))
    }
}

impl AsfSkeleton {
    /// Whether the root holds points that are moved one by one, as in our own files, and so is no
    /// pelvis.
    fn only_carries(&self) -> bool {
        let mut bones = self.bones.iter().skip(1).peekable();
        bones.peek().is_some() && bones.all(|bone| bone.parent == Some(0) && bone.is_moved())
    }

    /// Far end of every bone in file units; a bone without values is at rest.
    fn positions(&self, pose: &[Vec<f64>], degrees: bool) -> Vec<Point3<f64>> {
        let unit = if degrees {
            1.0
        } else {
            180.0 / std::f64::consts::PI
        };
        let mut placed: Vec<(Point3<f64>, Rotation3<f64>)> = Vec::with_capacity(self.bones.len());
        for (bone, values) in self.bones.iter().zip(pose) {
            let mut turn = Rotation3::identity();
            let mut shift = Vector3::zeros();
            let mut vector = bone.vector;
            for (dof, &value) in bone.dofs.iter().zip(values) {
                match *dof {
                    Dof::Rotation(axis) => turn = about(axis, value * unit) * turn,
                    Dof::Translation(axis) => shift[axis] = value,
                    Dof::Length => {
                        vector = vector.try_normalize(1e-12).unwrap_or(Vector3::y()) * value;
                    }
                }
            }
            let local = bone.axis * turn * bone.axis.inverse();
            let (start, parent) = bone.parent.map_or_else(
                || (Point3::origin(), Rotation3::identity()),
                |parent| placed[parent],
            );
            let global = parent * local;
            placed.push((start + shift + global * vector, global));
        }
        placed.into_iter().map(|(position, _)| position).collect()
    }
}

/// Writes points as an ASF skeleton and an AMC motion: every label is a bone from the root, moved
/// by translation alone, because positions do not fix rotations.
///
/// A missing position repeats the label's last one: AMC cannot leave a value out.
pub fn write(points: &LabelledPoints) -> (Vec<u8>, Vec<u8>) {
    let points = &points.clone().with_y_up();
    let names: Vec<String> = points
        .labels
        .iter()
        .map(|label| {
            label
                .chars()
                .map(|c| {
                    if c.is_whitespace() || c == '#' {
                        '_'
                    } else {
                        c
                    }
                })
                .collect()
        })
        .map(|name: String| {
            if name == "root" {
                "root_point".into()
            } else {
                name
            }
        })
        .collect();
    let mut asf = String::from(
        ":version 1.10\n:name ambulo\n:units\n  mass 1.0\n  length 1.0\n  angle deg\n:root\n  order TX TY TZ RX RY RZ\n  axis XYZ\n  position 0 0 0\n  orientation 0 0 0\n:bonedata\n",
    );
    for (index, name) in names.iter().enumerate() {
        let _ = write!(
            asf,
            "  begin\n    id {}\n    name {name}\n    direction 0 0 0\n    length 0\n    axis 0 0 0 XYZ\n    dof tx ty tz\n  end\n",
            index + 1
        );
    }
    let _ = write!(
        asf,
        ":hierarchy\n  begin\n    root {}\n  end\n",
        names.join(" ")
    );

    let mut amc = String::from(":FULLY-SPECIFIED\n:DEGREES\n");
    let width = names.len();
    let positions_m = points.held_positions_m();
    for frame in 0..points.time.frames() {
        let _ = write!(amc, "{}\nroot 0 0 0 0 0 0\n", frame + 1);
        for (name, position) in names.iter().zip(&positions_m[frame * width..]) {
            let inches = position.coords / INCH_M;
            let _ = writeln!(amc, "{name} {} {} {}", inches.x, inches.y, inches.z);
        }
    }
    (asf.into_bytes(), amc.into_bytes())
}
