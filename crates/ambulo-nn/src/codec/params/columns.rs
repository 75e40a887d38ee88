//! From coordinates to columns: gaps, smoothing, origin, scale, direction, angles.

use ambulo::signal::gaussian::{Edge, gaussian_filter1d};
use ambulo::skeleton::{BODY_25, Joint};

use super::{COLUMNS, Recipe, place};

/// Standard deviation of the smoothing, in frames.
const SIGMA: f64 = 1.0;
/// Thighs shorter than this, in pixels, are none.
const SHORTEST_THIGH_PX: f64 = 1e-6;
/// Frames before and after one that vote on the direction of the walk: half a second.
const VOTERS: usize = 12;

/// A frame in body space.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// Places of the keypoints of `BODY_25` as filmed, in thighs from the mid-hips.
    places: Vec<Option<[f64; 2]>>,
    /// Mean length of the thighs.
    pub(super) thigh_px: f64,
}

/// Bridges gaps, smooths, and counts places from the hips in thighs. `None` is a frame without a scale.
pub(super) fn normalised(raw: &[Vec<Option<f64>>]) -> Vec<Option<Frame>> {
    let smooth: Vec<Option<Vec<f64>>> = raw.iter().map(|column| smoothed(column)).collect();
    (0..raw[0].len())
        .map(|frame| body_space(&smooth, frame))
        .collect()
}

/// A column without gaps, smoothed. `None` if it was seen in fewer than two frames.
fn smoothed(column: &[Option<f64>]) -> Option<Vec<f64>> {
    let seen: Vec<(usize, f64)> = column
        .iter()
        .enumerate()
        .filter_map(|(frame, value)| value.map(|value| (frame, value)))
        .collect();
    let (&(first, start), &(last, _)) = (seen.first()?, seen.last()?);
    if first == last {
        return None;
    }
    let mut inside = vec![start];
    for pair in seen.windows(2) {
        let ((from, a), (to, b)) = (pair[0], pair[1]);
        let steps = to - from;
        inside.extend((1..=steps).map(|i| a + (b - a) * (i as f64 / steps as f64)));
    }
    let mean = inside.iter().sum::<f64>() / inside.len() as f64;
    let mut filled = vec![mean; column.len()];
    filled[first..=last].copy_from_slice(&inside);
    gaussian_filter1d(&filled, SIGMA, Edge::Reflect).ok()
}

fn body_space(smooth: &[Option<Vec<f64>>], frame: usize) -> Option<Frame> {
    let at = |keypoint: usize| -> Option<[f64; 2]> {
        let [x, y] = [0, 1].map(|axis| smooth[2 * keypoint + axis].as_ref().map(|c| c[frame]));
        Some([x?, y?])
    };
    let of = |joint: Joint| at(place(joint));
    let (left, right) = (of(Joint::LeftHip)?, of(Joint::RightHip)?);
    let origin = [0, 1].map(|axis| 0.5 * (left[axis] + right[axis]));
    let left = distance(left, of(Joint::LeftKnee)?);
    let right = distance(right, of(Joint::RightKnee)?);
    let thigh_px = 0.5 * (left + right);
    if thigh_px < SHORTEST_THIGH_PX {
        return None;
    }
    let place = |k: usize| at(k).map(|p| [0, 1].map(|a| (p[a] - origin[a]) / thigh_px));
    Some(Frame {
        places: (0..BODY_25.joints.len()).map(place).collect(),
        thigh_px,
    })
}

/// The sign of the direction in each frame: 1 where toes point to the left.
pub(super) fn facing(frames: &[Option<Frame>], recipe: Recipe) -> Vec<f64> {
    let own: Vec<Option<f64>> = frames
        .iter()
        .map(|f| f.as_ref().and_then(Frame::direction))
        .collect();
    (0..own.len())
        .map(|frame| {
            let sign = own[frame].unwrap_or(1.0);
            let range = frame.saturating_sub(VOTERS)..(frame + VOTERS + 1).min(own.len());
            let votes: f64 = own[range].iter().flatten().sum();
            match recipe {
                Recipe::Fixed if votes != 0.0 => votes.signum(),
                _ => sign,
            }
        })
        .collect()
}

impl Frame {
    fn of(&self, joint: Joint) -> Option<[f64; 2]> {
        self.places[place(joint)]
    }

    /// 1 if the toes point to the left on the whole, otherwise −1.
    pub(super) fn direction(&self) -> Option<f64> {
        let foot = |ankle, toe| Some(self.of(ankle)?[0] - self.of(toe)?[0]);
        let left = foot(Joint::LeftAnkle, Joint::LeftBigToe)?;
        let right = foot(Joint::RightAnkle, Joint::RightBigToe)?;
        Some(if left + right >= 0.0 { 1.0 } else { -1.0 })
    }

    /// All columns, with x multiplied by `sign`.
    pub(super) fn columns(&self, sign: f64) -> [Option<f64>; COLUMNS] {
        let mut columns = [None; COLUMNS];
        for (pair, place) in columns.chunks_exact_mut(2).zip(&self.places) {
            if let (Some([x, y]), [to_x, to_y]) = (place, pair) {
                (*to_x, *to_y) = (Some(sign * x), Some(*y));
            }
        }
        let legs = [
            [
                Joint::LeftHip,
                Joint::LeftKnee,
                Joint::LeftAnkle,
                Joint::LeftBigToe,
            ],
            [
                Joint::RightHip,
                Joint::RightKnee,
                Joint::RightAnkle,
                Joint::RightBigToe,
            ],
        ];
        for (side, leg) in legs.into_iter().enumerate() {
            let [hip, knee, ankle, toe] = leg.map(|joint| self.of(joint));
            columns[50 + side] = angle(ankle, knee, hip);
            columns[52 + side] = angle(toe, ankle, knee);
            columns[54 + side] = ankle.zip(toe).map(|(ankle, toe)| distance(ankle, toe));
        }
        let ankles = self.of(Joint::LeftAnkle).zip(self.of(Joint::RightAnkle));
        let apart = ankles.map(|(left, right)| sign * (right[0] - left[0]));
        columns[56] = apart;
        columns[57] = apart.map(|apart| -apart);
        columns
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// The inner angle at `middle`; `None` if a neighbour lies on it.
fn angle(a: Option<[f64; 2]>, middle: Option<[f64; 2]>, b: Option<[f64; 2]>) -> Option<f64> {
    let (a, middle, b) = (a?, middle?, b?);
    let lengths = distance(a, middle) * distance(b, middle);
    let product: f64 = (0..2)
        .map(|i| (a[i] - middle[i]) * (b[i] - middle[i]))
        .sum();
    (lengths > 0.0).then(|| (product / lengths).clamp(-1.0, 1.0).acos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_filled_with_the_mean_after_the_gaps_inside() {
        // Inside: 2, 4, 6, 8 (4 and 6 by a line); the mean is 5.
        let mut column = vec![None; 40];
        column[18] = Some(2.0);
        column[21] = Some(8.0);
        let smooth = smoothed(&column).unwrap();
        assert!((smooth[0] - 5.0).abs() < 1e-12 && (smooth[39] - 5.0).abs() < 1e-12);
        assert_eq!(smoothed(&[None, Some(1.0), None]), None);
    }

    #[test]
    fn the_kernel_has_the_weights_of_a_gaussian_of_one_frame() {
        let mut column = vec![Some(1.0); 21];
        column[10] = Some(2.0);
        let smooth = smoothed(&column).unwrap();
        for (offset, weight) in [0.39894, 0.24197, 0.05399, 0.00443, 0.00013]
            .into_iter()
            .enumerate()
        {
            assert!(
                (smooth[10 + offset] - 1.0 - weight).abs() < 1e-5,
                "{offset}"
            );
        }
        assert!((smooth[15] - 1.0).abs() < 1e-15);
    }
}
