//! What no learning reaches: the mean pose, and the pose of the most similar image.

use crate::datasets::takes::Takes;

/// Poses of training takes with what they look like.
#[derive(Debug, Clone)]
pub struct PoseLibrary {
    joints_in: usize,
    joints_out: usize,
    /// `[poses, joints in, 2]`: centred, and scaled to a root mean square of 1.
    looks: Vec<f32>,
    /// `[poses, joints out, 3]`, metres from the root.
    poses_m: Vec<f32>,
}

impl PoseLibrary {
    /// At most `most` poses, evenly spaced over the frames of all takes; `None` without frames.
    pub fn of(takes: &Takes, most: usize) -> Option<Self> {
        let (joints_in, joints_out) = (takes.input.joints(), takes.output.joints());
        let total = takes.frames();
        if total == 0 || most == 0 {
            return None;
        }
        let mut library = Self {
            joints_in,
            joints_out,
            looks: Vec::new(),
            poses_m: Vec::new(),
        };
        let chosen = total.min(most);
        let (mut before, mut next) = (0, 0);
        let mut row = vec![0.0; joints_out * 3];
        for take in &takes.takes {
            let frames = take.frames(joints_in);
            while next < chosen && next * total / chosen < before + frames {
                let frame = next * total / chosen - before;
                let look = &take.keypoints[frame * joints_in * 2..][..joints_in * 2];
                library.looks.extend(look_of(look));
                take.write_target(frame, takes.output.root, &mut row);
                library.poses_m.extend_from_slice(&row);
                next += 1;
            }
            before += frames;
        }
        Some(library)
    }

    /// How many poses it holds; never zero.
    pub fn len(&self) -> usize {
        self.looks.len() / (self.joints_in * 2)
    }

    /// Whether it holds none, which [`PoseLibrary::of`] excludes.
    pub fn is_empty(&self) -> bool {
        self.looks.is_empty()
    }

    /// The mean of its poses, `[joints out, 3]`.
    pub fn mean_pose_m(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.joints_out * 3];
        for (at, &value) in self.poses_m.iter().enumerate() {
            sums[at % (self.joints_out * 3)] += f64::from(value);
        }
        let count = self.len() as f64;
        sums.iter()
            .map(|sum| crate::datasets::takes::narrow(sum / count))
            .collect()
    }

    /// The pose whose look is nearest to each frame of `keypoints`, `[frames, joints out, 3]`.
    pub fn nearest_m(&self, keypoints: &[f32]) -> Vec<f32> {
        let row = self.joints_in * 2;
        let mut poses_m = Vec::new();
        for frame in keypoints.chunks_exact(row) {
            let look = look_of(frame);
            let apart = |other: &[f32]| -> f32 {
                other
                    .iter()
                    .zip(&look)
                    .map(|(a, b)| (a - b) * (a - b))
                    .sum()
            };
            let nearest = self
                .looks
                .chunks_exact(row)
                .map(apart)
                .enumerate()
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .map_or(0, |(index, _)| index);
            let row = self.joints_out * 3;
            poses_m.extend_from_slice(&self.poses_m[nearest * row..][..row]);
        }
        poses_m
    }
}

/// Keypoints without place and size.
fn look_of(keypoints: &[f32]) -> Vec<f32> {
    let count = (keypoints.len() / 2).max(1) as f32;
    let mut centre = [0.0; 2];
    for point in keypoints.chunks_exact(2) {
        centre[0] += point[0] / count;
        centre[1] += point[1] / count;
    }
    let centred = || {
        keypoints
            .chunks_exact(2)
            .flat_map(|p| [p[0] - centre[0], p[1] - centre[1]])
    };
    let size = (centred().map(|c| c * c).sum::<f32>() / count).sqrt();
    let scale = if size > 0.0 { 1.0 / size } else { 0.0 };
    centred().map(|c| c * scale).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::datasets::layout::HUMANEVA_15;
    use crate::datasets::takes::Take;

    /// Two takes; in frame f of take t the last joint stands at (1 + t, f) and in space at z = 10 t + f.
    fn takes() -> Takes {
        let take = |index: u8, frames: u8| {
            let mut keypoints = vec![0.0; usize::from(frames) * 30];
            let mut positions = vec![0.0; usize::from(frames) * 45];
            for frame in 0..frames {
                keypoints[usize::from(frame) * 30 + 28] = f32::from(1 + index);
                keypoints[usize::from(frame) * 30 + 29] = f32::from(frame);
                positions[usize::from(frame) * 45 + 44] = f32::from(10 * index + frame);
            }
            Take {
                subject: "S1".to_owned(),
                name: "Jog".to_owned(),
                camera: "a".to_owned(),
                keypoints,
                positions_m: Arc::from(positions),
                camera_from_world: None,
                valid: None,
            }
        };
        Takes {
            input: HUMANEVA_15,
            output: HUMANEVA_15,
            rate_hz: Some(60.0),
            takes: vec![take(0, 3), take(1, 5)],
        }
    }

    #[test]
    fn the_library_is_spread_evenly_and_its_mean_is_the_mean() {
        let all = PoseLibrary::of(&takes(), 100).unwrap();
        assert_eq!(all.len(), 8);
        // 0 + 1 + 2 + 10 + 11 + 12 + 13 + 14 over 8.
        assert!((all.mean_pose_m()[44] - 63.0 / 8.0).abs() < 1e-6);
        let four = PoseLibrary::of(&takes(), 4).unwrap();
        let z: Vec<f32> = four.poses_m.iter().skip(44).step_by(45).copied().collect();
        assert_eq!(z, [0.0, 2.0, 11.0, 13.0]);
        assert!(PoseLibrary::of(&takes(), 0).is_none());
    }

    #[test]
    fn the_nearest_look_is_found_wherever_and_however_large_it_is() {
        let all = PoseLibrary::of(&takes(), 100).unwrap();
        // Frame 3 of the second take, (2, 3), three times as large and moved.
        let mut keypoints = vec![5.0; 30];
        keypoints[28] += 6.0;
        keypoints[29] += 9.0;
        let found = all.nearest_m(&keypoints);
        assert_eq!((found.len(), found[44]), (45, 13.0));
    }
}
