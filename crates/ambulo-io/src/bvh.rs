//! BVH: a hierarchy of joints with rotations over time.

use std::fmt::Write as _;

use ambulo::space::UpAxis;
use ambulo::time::TimeBase;
use nalgebra::{Point3, Rotation3, Vector3};

use crate::points::{LabelledPoints, unique};
use crate::rotation::about;
use crate::text::{TextError, count, decode, number, unexpected};

/// Joints nested deeper than this are refused: no body needs them.
const MAX_DEPTH: usize = 256;

/// Why a BVH file could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum BvhError {
    /// The text is not BVH.
    #[error("not a valid BVH file: {0}")]
    Text(#[from] TextError),
    /// The frame time is not a positive number.
    #[error("the BVH file's frame time cannot be used")]
    Time(#[from] ambulo::time::TimeError),
}

/// One channel of a joint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Translation along axis 0, 1 or 2, in file units, instead of the offset.
    Position(usize),
    /// Rotation about axis 0, 1 or 2, in degrees.
    Rotation(usize),
}

/// One joint of the hierarchy.
#[derive(Debug, Clone, PartialEq)]
pub struct BvhJoint {
    /// Its name; an end site is its parent's name and `_end`.
    pub name: String,
    /// Its parent, an earlier joint; `None` for a root.
    pub parent: Option<usize>,
    /// Rest position relative to the parent, in file units.
    pub offset: Vector3<f64>,
    /// Its channels, in the order of the motion's columns.
    pub channels: Vec<Channel>,
}

/// The root of our own files, which carries the points and is none itself.
const CARRIER: &str = "world";

impl BvhJoint {
    /// Whether its place is not simply that of its parent, or of a root that only carries.
    fn says_something(&self) -> bool {
        let is_empty_end = self.channels.is_empty()
            && self.name.ends_with("_end")
            && self.offset == Vector3::zeros();
        let is_carrier = self.parent.is_none() && self.name == CARRIER;
        !is_empty_end && !is_carrier
    }
}

/// A BVH file.
#[derive(Debug, Clone, PartialEq)]
pub struct Bvh {
    /// Joints, parents first.
    pub joints: Vec<BvhJoint>,
    /// Time between frames.
    pub frame_time_s: f64,
    /// `[frames, channels]`, in file units and degrees.
    pub motion: Vec<f64>,
}

impl Bvh {
    /// Channels of a frame.
    pub fn channels(&self) -> usize {
        self.joints.iter().map(|joint| joint.channels.len()).sum()
    }

    /// How many frames there are.
    pub fn frames(&self) -> usize {
        self.motion.len().checked_div(self.channels()).unwrap_or(0)
    }

    /// Where every joint is in a frame, in file units.
    pub fn positions(&self, frame: usize) -> Vec<Point3<f64>> {
        let width = self.channels();
        let mut values = self.motion[frame * width..][..width].iter().copied();
        let mut placed: Vec<(Point3<f64>, Rotation3<f64>)> = Vec::with_capacity(self.joints.len());
        for joint in &self.joints {
            let mut shift = joint.offset;
            let mut turn = Rotation3::identity();
            for channel in &joint.channels {
                let value = values.next().unwrap_or(0.0);
                match *channel {
                    Channel::Position(axis) => shift[axis] = value,
                    Channel::Rotation(axis) => turn *= about(axis, value),
                }
            }
            placed.push(match joint.parent {
                Some(parent) => {
                    let (origin, frame) = &placed[parent];
                    (origin + frame * shift, frame * turn)
                }
                None => (Point3::from(shift), turn),
            });
        }
        placed.into_iter().map(|(position, _)| position).collect()
    }

    /// The joints' positions as labelled points.
    ///
    /// BVH names no unit: a body that stands more than 10 high in the first frame is taken as
    /// centimetres, more than 400 as millimetres, less as metres; the note says which. Ends of no
    /// length are left out, and so is the root of our own files.
    ///
    /// # Errors
    ///
    /// [`BvhError::Time`] if there is no frame or no possible rate.
    pub fn to_points(&self) -> Result<LabelledPoints, BvhError> {
        let time = TimeBase::uniform(self.frames(), 1.0 / self.frame_time_s)?;
        let kept: Vec<bool> = self.joints.iter().map(BvhJoint::says_something).collect();
        let mut positions_m = Vec::new();
        for frame in 0..self.frames() {
            let placed = self.positions(frame).into_iter().zip(&kept);
            positions_m
                .extend(placed.filter_map(|(position, &kept)| kept.then_some(Some(position))));
        }
        let joints = self.joints.iter().zip(&kept).filter(|(_, kept)| **kept);
        let mut points = LabelledPoints {
            labels: unique(joints.map(|(joint, _)| joint.name.clone())),
            time,
            positions_m,
            up: Some(UpAxis::PlusY),
            first_frame_number: 1,
            first_frame_time_s: 0.0,
            notes: Vec::new(),
        };
        let height = points.height();
        let (metres, unit) = match height {
            e if e > 400.0 => (0.001, "millimetres"),
            e if e > 10.0 => (0.01, "centimetres"),
            _ => (1.0, "metres"),
        };
        for position in points.positions_m.iter_mut().flatten() {
            position.coords *= metres;
        }
        points.notes.push(format!(
            "BVH names no unit; the body is {height:.1} units high, so they were taken as {unit}"
        ));
        Ok(points)
    }
}

/// Reads a BVH file.
///
/// # Errors
///
/// [`BvhError`] names the line and what was expected there.
pub fn parse(bytes: &[u8]) -> Result<Bvh, BvhError> {
    let text = decode(bytes);
    let mut words = Words::new(&text);
    words.expect("HIERARCHY")?;
    let mut joints = Vec::new();
    loop {
        let (line, word) = words.next_word()?;
        match word {
            "ROOT" => parse_joint(&mut words, &mut joints)?,
            "MOTION" => break,
            _ => return Err(unexpected(line, "ROOT or MOTION", word).into()),
        }
    }
    words.expect("Frames:")?;
    let (line, frames) = words.next_word()?;
    let promised = count(frames, line)?;
    words.expect("Frame")?;
    words.expect("Time:")?;
    let (line, frame_time) = words.next_word()?;
    let frame_time_s = number(frame_time, line)?;
    if !(frame_time_s > 0.0 && frame_time_s < 1e6) {
        return Err(unexpected(line, "a positive frame time", frame_time).into());
    }
    let mut bvh = Bvh {
        joints,
        frame_time_s,
        motion: Vec::new(),
    };
    let width = bvh.channels();
    if width == 0 {
        return Err(TextError::Missing {
            what: "any channel",
        }
        .into());
    }
    while let Some((line, word)) = words.advance() {
        bvh.motion.push(number(word, line)?);
    }
    if !bvh.motion.len().is_multiple_of(width) || bvh.frames() < promised {
        return Err(TextError::Truncated {
            what: "frames",
            promised,
            found: bvh.frames(),
        }
        .into());
    }
    bvh.motion.truncate(promised * width);
    // Joints without channels take no bytes in a frame, but a place.
    if bvh.joints.len().saturating_mul(promised) > bytes.len() {
        return Err(TextError::Limit {
            what: "the number of joints that no channel moves, in all frames,",
            limit: bytes.len(),
        }
        .into());
    }
    Ok(bvh)
}

/// Words with the line each stands on.
struct Words<'a> {
    lines: Box<dyn Iterator<Item = (usize, &'a str)> + 'a>,
    current: (usize, std::str::SplitWhitespace<'a>),
}

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lines: Box::new(crate::text::lines(text)),
            current: (0, "".split_whitespace()),
        }
    }

    fn advance(&mut self) -> Option<(usize, &'a str)> {
        loop {
            if let Some(word) = self.current.1.next() {
                return Some((self.current.0, word));
            }
            let (line, content) = self.lines.next()?;
            self.current = (line, content.split_whitespace());
        }
    }

    fn next_word(&mut self) -> Result<(usize, &'a str), TextError> {
        self.advance().ok_or(TextError::Missing {
            what: "the rest of the file",
        })
    }

    fn expect(&mut self, wanted: &'static str) -> Result<(), TextError> {
        let (line, word) = self.next_word()?;
        if word.eq_ignore_ascii_case(wanted) {
            Ok(())
        } else {
            Err(unexpected(line, wanted, word))
        }
    }
}

/// Reads from a joint's name to its closing brace, and everything inside.
fn parse_joint(words: &mut Words<'_>, joints: &mut Vec<BvhJoint>) -> Result<(), TextError> {
    let mut open: Vec<usize> = Vec::new();
    let mut pending = Some(words.next_word()?.1.to_owned());
    loop {
        if let Some(name) = pending.take() {
            if open.len() >= MAX_DEPTH {
                return Err(TextError::Limit {
                    what: "the depth of the hierarchy",
                    limit: MAX_DEPTH,
                });
            }
            words.expect("{")?;
            joints.push(BvhJoint {
                name,
                parent: open.last().copied(),
                offset: Vector3::zeros(),
                channels: Vec::new(),
            });
            open.push(joints.len() - 1);
        }
        let Some(&inner) = open.last() else {
            return Ok(());
        };
        let (line, word) = words.next_word()?;
        match word.to_ascii_uppercase().as_str() {
            "OFFSET" => joints[inner].offset = vector(words)?,
            "CHANNELS" => joints[inner].channels = channels(words)?,
            "JOINT" => pending = Some(words.next_word()?.1.to_owned()),
            "END" => {
                words.expect("Site")?;
                pending = Some(format!("{}_end", joints[inner].name));
            }
            "}" => {
                open.pop();
            }
            _ => {
                return Err(unexpected(
                    line,
                    "OFFSET, CHANNELS, JOINT, End Site or }",
                    word,
                ));
            }
        }
    }
}

fn vector(words: &mut Words<'_>) -> Result<Vector3<f64>, TextError> {
    let mut vector = Vector3::zeros();
    for axis in 0..3 {
        let (line, word) = words.next_word()?;
        vector[axis] = number(word, line)?;
    }
    Ok(vector)
}

fn channels(words: &mut Words<'_>) -> Result<Vec<Channel>, TextError> {
    let (line, word) = words.next_word()?;
    let wanted = count(word, line)?;
    if wanted > 6 {
        return Err(unexpected(line, "at most 6 channels", word));
    }
    (0..wanted)
        .map(|_| {
            let (line, word) = words.next_word()?;
            match word.to_ascii_lowercase().as_str() {
                "xposition" => Ok(Channel::Position(0)),
                "yposition" => Ok(Channel::Position(1)),
                "zposition" => Ok(Channel::Position(2)),
                "xrotation" => Ok(Channel::Rotation(0)),
                "yrotation" => Ok(Channel::Rotation(1)),
                "zrotation" => Ok(Channel::Rotation(2)),
                _ => Err(unexpected(line, "a channel name", word)),
            }
        })
        .collect()
}

/// Writes points as a BVH file of position channels, in centimetres: one root, every label its child.
///
/// Positions alone do not fix the joints' rotations, so none are invented. A missing position
/// repeats the label's last one, because BVH cannot leave a value out.
pub fn write(points: &LabelledPoints) -> Vec<u8> {
    let points = &points.clone().with_y_up();
    let mut out = format!(
        "HIERARCHY\nROOT {CARRIER}\n{{\n  OFFSET 0 0 0\n  CHANNELS 3 Xposition Yposition Zposition\n"
    );
    for label in &points.labels {
        let name: String = label
            .chars()
            .map(|c| {
                if c.is_whitespace() || "{}".contains(c) {
                    '_'
                } else {
                    c
                }
            })
            .collect();
        let _ = write!(
            out,
            "  JOINT {name}\n  {{\n    OFFSET 0 0 0\n    CHANNELS 3 Xposition Yposition Zposition\n    \
             End Site\n    {{\n      OFFSET 0 0 0\n    }}\n  }}\n"
        );
    }
    let frames = points.time.frames();
    let step_s = points.time.median_step_s().unwrap_or(1.0);
    let _ = write!(out, "}}\nMOTION\nFrames: {frames}\nFrame Time: {step_s}\n");
    let width = points.labels.len();
    let positions_m = points.held_positions_m();
    for frame in 0..frames {
        out.push_str("0 0 0");
        for position in &positions_m[frame * width..][..width] {
            let cm = position.coords * 100.0;
            let _ = write!(out, " {} {} {}", cm.x, cm.y, cm.z);
        }
        out.push('\n');
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARM: &[u8] = b"HIERARCHY\nROOT hip\n{\n OFFSET 0 0 0\n CHANNELS 6 Xposition Yposition \
        Zposition Zrotation Xrotation Yrotation\n JOINT knee\n {\n OFFSET 0 -10 0\n CHANNELS 3 \
        Zrotation Xrotation Yrotation\n End Site\n {\n OFFSET 0 -5 0\n }\n }\n}\nMOTION\nFrames: \
        2\nFrame Time: 0.01\n0 20 0 0 0 0 0 0 0\n1 20 0 90 0 0 -90 0 0\n";

    #[test]
    fn a_turned_hip_swings_the_leg_and_the_knee_turns_it_back() {
        let bvh = parse(ARM).unwrap();
        let [hip, knee, end] = bvh.positions(1)[..] else {
            panic!("three joints")
        };
        assert!((hip - Point3::new(1.0, 20.0, 0.0)).norm() < 1e-12);
        assert!((knee - Point3::new(11.0, 20.0, 0.0)).norm() < 1e-12);
        assert!((end - Point3::new(11.0, 15.0, 0.0)).norm() < 1e-12);
    }

    #[test]
    fn a_missing_frame_is_an_error() {
        let short = &ARM[..ARM.len() - 4];
        assert!(matches!(
            parse(short),
            Err(BvhError::Text(TextError::Truncated { .. }))
        ));
    }
}
