//! Pictures of people with their joints: what a network that finds keypoints learns from.
//!
//! A source gives pictures without end. What it gives depends on nothing but the generator that it is
//! handed, so an example is a pure function of the run's seed and the example's number
//! ([`picture_rng`]), on any number of threads.

pub mod augment;
pub mod batch;
pub mod jpeg;
pub mod mixed;
pub mod pixels;
pub mod pool;
pub mod targets;

use ambulo::picture::Picture;
use ambulo::skeleton::COCO_23;
use ambulo::synth::SeededRng;

/// Joints of a labelled picture: those of [`COCO_23`], in its order.
pub const JOINTS: usize = COCO_23.joints.len();

/// Where a joint is in a picture, if anyone knows.
///
/// # Units
///
/// Pixels to the right and down; the centre of the top left pixel is (0, 0). A point may lie outside the
/// picture.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Label {
    /// Nobody has said where it is: it may well be in the picture.
    #[default]
    Unlabelled,
    /// Known, but something is in front of it.
    Hidden([f64; 2]),
    /// Known and seen.
    Visible([f64; 2]),
}

/// Where a picture comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PictureSource {
    /// Leeds Sports Poses, extended.
    Lspet {
        /// The number in the picture's file name.
        index: u32,
        /// Whether the person stands upright.
        upright: bool,
    },
    /// A rendered person.
    Synthetic {
        /// Which way the person faces, in degrees about the vertical: 0 to the camera, 90 to the right of
        /// the picture (the right side is seen), 180 away, 270 to the left.
        facing_deg: f64,
    },
    /// COCO, or any data set in its form.
    Coco {
        /// The annotation's number.
        annotation: i64,
    },
}

/// One person in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledPicture {
    /// What is seen.
    pub picture: Picture,
    /// The person's joints, in the order of [`COCO_23`]; left is the person's left.
    pub joints: [Label; JOINTS],
    /// Around the person: left, top, width, height in pixels.
    pub person_box: [f64; 4],
    /// Where it comes from.
    pub source: PictureSource,
}

/// An endless source of labelled pictures.
pub trait Pictures: Send + Sync {
    /// The picture that this generator chooses. The same generator always chooses the same picture.
    fn draw(&self, rng: &mut SeededRng) -> LabelledPicture;
}

/// The generator of the picture with this number in the run with this seed.
pub fn picture_rng(seed: u64, index: u64) -> SeededRng {
    let mut rng = SeededRng::new(seed);
    SeededRng::new(rng.next_u64() ^ index.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

impl Label {
    /// Where it is, seen or not; `None` if nobody has said.
    pub fn position_px(self) -> Option<[f64; 2]> {
        match self {
            Self::Unlabelled => None,
            Self::Hidden(position_px) | Self::Visible(position_px) => Some(position_px),
        }
    }

    /// Whether it is known and seen.
    pub fn is_visible(self) -> bool {
        matches!(self, Self::Visible(_))
    }

    /// The same label, with its place moved.
    pub fn moved(self, to: impl FnOnce([f64; 2]) -> [f64; 2]) -> Self {
        match self {
            Self::Unlabelled => Self::Unlabelled,
            Self::Hidden(position_px) => Self::Hidden(to(position_px)),
            Self::Visible(position_px) => Self::Visible(to(position_px)),
        }
    }
}

/// A grey picture of nobody: what a source gives when it cannot read anything.
#[expect(clippy::missing_panics_doc, reason = "the picture's bytes fill it")]
pub fn blank(source: PictureSource) -> LabelledPicture {
    const SIDE: u32 = 16;
    let grey = vec![128; (3 * SIDE * SIDE) as usize];
    LabelledPicture {
        picture: Picture::new(SIDE, SIDE, grey).expect("three bytes for each pixel"),
        joints: [Label::Unlabelled; JOINTS],
        person_box: [0.0, 0.0, f64::from(SIDE), f64::from(SIDE)],
        source,
    }
}

/// The joint of [`COCO_23`] on the other side of the body, for each joint; those of the middle are their
/// own.
pub fn mirrored_joints() -> [usize; JOINTS] {
    std::array::from_fn(|joint| {
        let mirrored = COCO_23.joints[joint].mirrored();
        COCO_23.index_of(mirrored).unwrap_or(joint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrored_twice_every_joint_is_itself_and_only_the_nose_is_its_own_mirror() {
        let mirrored = mirrored_joints();
        for joint in 0..JOINTS {
            assert_eq!(mirrored[mirrored[joint]], joint);
            assert_eq!(mirrored[joint] == joint, joint == 0, "{joint}");
        }
        // Feet: both toes and the heel of one side follow each other.
        assert_eq!(mirrored[17..], [20, 21, 22, 17, 18, 19]);
    }

    #[test]
    fn neighbouring_numbers_give_unrelated_generators() {
        let first = |seed, index| picture_rng(seed, index).next_u64();
        assert_eq!(first(1, 2), first(1, 2));
        let all = [first(1, 2), first(1, 3), first(2, 2), first(2, 3)];
        let mut bits = 0;
        for pair in all.windows(2) {
            bits += (pair[0] ^ pair[1]).count_ones();
        }
        assert!((60..=132).contains(&bits), "{bits} of 192 bits differ");
    }

    #[test]
    fn moving_a_label_keeps_what_is_known_of_it() {
        let right = |[x, y]: [f64; 2]| [x + 1.0, y];
        assert_eq!(
            Label::Hidden([1.0, 2.0]).moved(right),
            Label::Hidden([2.0, 2.0])
        );
        assert_eq!(Label::Unlabelled.moved(right).position_px(), None);
        assert!(Label::Visible([0.0, 0.0]).moved(right).is_visible());
    }
}
