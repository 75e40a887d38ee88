//! What needs no network: every joint where it is on average in the box.

use crate::pictures::{JOINTS, Label};

/// Mean places of joints in people's boxes.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanPose {
    /// Shares of the box's width and height; `None` for joints that nobody had.
    places: [Option<[f64; 2]>; JOINTS],
}

impl MeanPose {
    /// The mean over people, each its joints and its box (left, top, width, height).
    pub fn of<'a>(people: impl Iterator<Item = (&'a [Label; JOINTS], [f64; 4])>) -> Self {
        let mut sums = [[0.0; 3]; JOINTS];
        for (joints, [left, top, width, height]) in people {
            if !(width > 0.0 && height > 0.0) {
                continue;
            }
            for (sum, label) in sums.iter_mut().zip(joints) {
                if let Some([x, y]) = label.position_px() {
                    sum[0] += (x - left) / width;
                    sum[1] += (y - top) / height;
                    sum[2] += 1.0;
                }
            }
        }
        let places = sums.map(|[x, y, count]| (count > 0.0).then(|| [x / count, y / count]));
        Self { places }
    }

    /// The joints of somebody in this box.
    pub fn joints(&self, [left, top, width, height]: [f64; 4]) -> [Option<[f64; 2]>; JOINTS] {
        self.places
            .map(|place| place.map(|[x, y]| [left + x * width, top + y * height]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_taken_in_the_box_s_own_measure() {
        let mut joints = [Label::Unlabelled; JOINTS];
        joints[2] = Label::Visible([20.0, 30.0]);
        let mut others = [Label::Unlabelled; JOINTS];
        others[2] = Label::Hidden([100.0, 0.0]);
        let people = [
            (&joints, [10.0, 10.0, 20.0, 40.0]),
            (&others, [0.0, 0.0, 100.0, 100.0]),
            (&others, [0.0, 0.0, 0.0, 100.0]),
        ];
        let mean = MeanPose::of(people.into_iter());
        let found = mean.joints([1000.0, 1000.0, 100.0, 100.0]);
        // (0.5 + 1.0) / 2 across, (0.5 + 0.0) / 2 down.
        let [x, y] = found[2].unwrap();
        assert!((x - 1075.0).abs() < 1e-9 && (y - 1025.0).abs() < 1e-9);
        assert_eq!(found[3], None);
    }
}
