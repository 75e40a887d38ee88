//! Windows of a recording, what they are worth, and what the networks are given of them.

use ambulo::Side;
use ambulo::skeleton::Joint;

use super::{FRAMES, Facing, HOP, JOINTS, Legs, MAX_MISSING, ParamsTrack, Recipe, place};

/// Frames in which the published code lets windows begin.
const PUBLISHED_STARTS: usize = 500 - FRAMES;

/// Some seconds of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ParamsWindow {
    /// Its first frame.
    pub start: usize,
    /// The share of frames that lack the coordinate seen least, of the eight joints that are needed.
    pub worst_missing: f64,
    /// Whether that is little enough, and every number of the inputs exists.
    pub is_kept: bool,
    /// What an estimate from it is worth.
    pub quality: WindowQuality,
}

/// Signs that a window is not what the networks learned from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowQuality {
    /// The share of coordinates of the eight joints that were not seen but bridged.
    pub interpolated_share: f64,
    /// Standard deviation of the thighs' length in pixels over its mean: a walk towards the camera or away
    /// from it, or a poor detector. `None` if no frame has a length.
    pub scale_variation: Option<f64>,
    /// How often the direction of the toes changes from a frame to the next: many times if filmed from
    /// the front.
    pub orientation_flips: usize,
    /// Median distance of the hips along the picture over the standard deviation of that of the ankles: near 0
    /// from the side, above 1 from the front, where hips lie apart and feet do not pass each other. `None`
    /// if the ankles never move against each other.
    pub frontality: Option<f64>,
}

impl ParamsTrack {
    /// All windows, in order of time. The last ends with the recording, but not in [`Recipe::Paper`].
    pub fn windows(&self) -> Vec<ParamsWindow> {
        let starts = starts(self.frames(), self.recipe);
        starts.into_iter().map(|start| self.window(start)).collect()
    }

    fn window(&self, start: usize) -> ParamsWindow {
        let range = start..start + FRAMES;
        let missing = JOINTS.iter().flat_map(|&joint| {
            [0, 1].map(|axis| {
                let column = &self.raw[2 * place(joint) + axis][range.clone()];
                let missing = column.iter().filter(|value| value.is_none()).count();
                missing as f64 / FRAMES as f64
            })
        });
        let missing: Vec<f64> = missing.collect();
        let worst_missing = missing.iter().copied().fold(0.0, f64::max);
        let is_whole = self.frames[range.clone()].iter().all(Option::is_some)
            && self.cnn1d_input(start, Legs::Both).is_some();
        let directions = self.frames[range.clone()].iter().flatten();
        let directions: Vec<f64> = directions.filter_map(super::Frame::direction).collect();
        let flips = directions
            .windows(2)
            .filter(|pair| pair[0] * pair[1] < 0.0)
            .count();
        ParamsWindow {
            start,
            worst_missing,
            is_kept: worst_missing <= MAX_MISSING && is_whole,
            quality: WindowQuality {
                interpolated_share: missing.iter().sum::<f64>() / missing.len() as f64,
                scale_variation: self.scale_variation(range.clone()),
                orientation_flips: flips,
                frontality: self.frontality(range),
            },
        }
    }

    fn scale_variation(&self, range: std::ops::Range<usize>) -> Option<f64> {
        let lengths_px: Vec<f64> = self.frames[range]
            .iter()
            .flatten()
            .map(|f| f.thigh_px)
            .collect();
        let count = lengths_px.len() as f64;
        let mean = lengths_px.iter().sum::<f64>() / count;
        let square = lengths_px.iter().map(|px| (px - mean).powi(2)).sum::<f64>() / count;
        (!lengths_px.is_empty()).then(|| square.sqrt() / mean)
    }

    fn frontality(&self, range: std::ops::Range<usize>) -> Option<f64> {
        let apart = |frame: usize, left: Joint, right: Joint| {
            let row = self.row(frame, Facing::AsFilmed);
            Some(row[2 * place(left)]? - row[2 * place(right)]?)
        };
        let hips = |frame| apart(frame, Joint::LeftHip, Joint::RightHip);
        let ankles = |frame| apart(frame, Joint::LeftAnkle, Joint::RightAnkle);
        let mut hips: Vec<f64> = range.clone().filter_map(hips).map(f64::abs).collect();
        hips.sort_by(f64::total_cmp);
        let ankles: Vec<f64> = range.filter_map(ankles).collect();
        let mean = ankles.iter().sum::<f64>() / ankles.len() as f64;
        let square = ankles.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / ankles.len() as f64;
        (square > 0.0).then(|| hips[hips.len() / 2] / square.sqrt())
    }

    /// What STT is given of the window that begins with frame `start`; `None` if the recording ends before
    /// it does, or a number cannot be computed.
    ///
    /// # Shapes
    ///
    /// Returns `[124, joints, 2]`: ankle, knee, hip and big toe; for both legs the left one's, then the
    /// right one's.
    pub fn stt_input(&self, start: usize, legs: Legs) -> Option<Vec<f32>> {
        let columns: Vec<usize> = stt_columns(legs).into_iter().flatten().collect();
        self.cut(start, legs, &columns)
    }

    /// What the 1D-CNN is given of the window that begins with frame `start`; `None` as in
    /// [`Self::stt_input`].
    ///
    /// # Shapes
    ///
    /// Returns `[124, columns]`: for one leg its four places, angles of knee and ankle, length of the foot
    /// and distance of the ankles; for both legs all places, then columns 50 to 56.
    pub fn cnn1d_input(&self, start: usize, legs: Legs) -> Option<Vec<f32>> {
        self.cut(start, legs, &cnn1d_columns(legs))
    }

    fn cut(&self, start: usize, legs: Legs, columns: &[usize]) -> Option<Vec<f32>> {
        if start.checked_add(FRAMES)? > self.frames() {
            return None;
        }
        let mut values = Vec::with_capacity(FRAMES * columns.len());
        for frame in start..start + FRAMES {
            let row = self.row(frame, legs.facing());
            for &column in columns {
                #[expect(clippy::cast_possible_truncation, reason = "networks take f32")]
                values.push(row[column]? as f32);
            }
        }
        Some(values)
    }
}

/// First frames of the windows.
fn starts(frames: usize, recipe: Recipe) -> Vec<usize> {
    let last = frames - FRAMES;
    let mut starts: Vec<usize> = (0..=last).step_by(HOP).collect();
    match recipe {
        Recipe::Paper => starts.retain(|&start| start < PUBLISHED_STARTS),
        Recipe::Fixed if !last.is_multiple_of(HOP) => starts.push(last),
        Recipe::Fixed => {}
    }
    starts
}

/// Columns of x and y of the joints that STT is given.
pub(super) fn stt_columns(legs: Legs) -> Vec<[usize; 2]> {
    let joints = match legs {
        Legs::Both => &JOINTS[..],
        Legs::One(Side::Left) => &JOINTS[..4],
        Legs::One(Side::Right) => &JOINTS[4..],
    };
    let columns = |joint| [2 * place(joint), 2 * place(joint) + 1];
    joints.iter().map(|&joint| columns(joint)).collect()
}

/// Columns that the 1D-CNN is given.
pub(super) fn cnn1d_columns(legs: Legs) -> Vec<usize> {
    let made = match legs {
        Legs::Both => &[50, 51, 52, 53, 54, 55, 56][..],
        Legs::One(Side::Left) => &[50, 52, 54, 56],
        Legs::One(Side::Right) => &[51, 53, 55, 57],
    };
    let places = stt_columns(legs).into_iter().flatten();
    places.chain(made.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_begin_a_quarter_apart_and_the_last_ends_with_the_recording() {
        assert_eq!(starts(124, Recipe::Fixed), [0]);
        assert_eq!(starts(155, Recipe::Fixed), [0, 31]);
        assert_eq!(starts(200, Recipe::Fixed), [0, 31, 62, 76]);
        assert_eq!(starts(200, Recipe::Paper), [0, 31, 62]);
        assert_eq!(starts(500, Recipe::Paper).len(), 13);
        assert_eq!(starts(5000, Recipe::Paper).len(), 13);
    }

    #[test]
    fn inputs_have_the_columns_of_the_published_code() {
        let left = [28, 29, 26, 27, 24, 25, 38, 39, 50, 52, 54, 56];
        let right = [22, 23, 20, 21, 18, 19, 44, 45, 51, 53, 55, 57];
        assert_eq!(cnn1d_columns(Legs::One(Side::Left)), left);
        assert_eq!(cnn1d_columns(Legs::One(Side::Right)), right);
        assert_eq!((Legs::Both.joints(), Legs::Both.columns()), (8, 23));
    }
}
