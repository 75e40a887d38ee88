//! The joints of the data sets, in the order of their files.

/// A data set's joints: names, which is the root, and which change places in a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Names, in the order of the file.
    pub names: &'static [&'static str],
    /// The joint that positions are relative to.
    pub root: usize,
    /// Joints of the left side.
    pub left: &'static [usize],
    /// Their partners on the right.
    pub right: &'static [usize],
}

/// Human3.6M as the published recipes reduce it.
pub const H36M_17: Layout = Layout {
    names: &[
        "pelvis",
        "right hip",
        "right knee",
        "right ankle",
        "left hip",
        "left knee",
        "left ankle",
        "spine",
        "thorax",
        "nose",
        "head",
        "left shoulder",
        "left elbow",
        "left wrist",
        "right shoulder",
        "right elbow",
        "right wrist",
    ],
    root: 0,
    left: &[4, 5, 6, 11, 12, 13],
    right: &[1, 2, 3, 14, 15, 16],
};

/// The 17 of Human3.6M's 32 joints that [`H36M_17`] keeps, in its order.
pub const H36M_17_OF_32: [usize; 17] =
    [0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27];

/// HumanEva-I.
pub const HUMANEVA_15: Layout = Layout {
    names: &[
        "pelvis",
        "thorax",
        "left shoulder",
        "left elbow",
        "left wrist",
        "right shoulder",
        "right elbow",
        "right wrist",
        "left hip",
        "left knee",
        "left ankle",
        "right hip",
        "right knee",
        "right ankle",
        "head",
    ],
    root: 0,
    left: &[2, 3, 4, 8, 9, 10],
    right: &[5, 6, 7, 11, 12, 13],
};

/// MPI-INF-3DHP; its root comes fifteenth.
pub const MPI_17: Layout = Layout {
    names: &[
        "head top",
        "neck",
        "right shoulder",
        "right elbow",
        "right wrist",
        "left shoulder",
        "left elbow",
        "left wrist",
        "right hip",
        "right knee",
        "right ankle",
        "left hip",
        "left knee",
        "left ankle",
        "pelvis",
        "spine",
        "head",
    ],
    root: 14,
    left: &[5, 6, 7, 11, 12, 13],
    right: &[2, 3, 4, 8, 9, 10],
};

/// COCO's keypoints, as detectors give them: an input only, without a root.
pub const COCO_17: Layout = Layout {
    names: &[
        "nose",
        "left eye",
        "right eye",
        "left ear",
        "right ear",
        "left shoulder",
        "right shoulder",
        "left elbow",
        "right elbow",
        "left wrist",
        "right wrist",
        "left hip",
        "right hip",
        "left knee",
        "right knee",
        "left ankle",
        "right ankle",
    ],
    root: 0,
    left: &[1, 3, 5, 7, 9, 11, 13, 15],
    right: &[2, 4, 6, 8, 10, 12, 14, 16],
};

impl Layout {
    /// How many joints it has.
    pub fn joints(&self) -> usize {
        self.names.len()
    }

    /// For each joint, the one that takes its place in the mirror image.
    pub fn mirror(&self) -> Vec<usize> {
        let mut partner: Vec<usize> = (0..self.joints()).collect();
        for (&left, &right) in self.left.iter().zip(self.right) {
            partner.swap(left, right);
        }
        partner
    }

    /// The mirror image of frames of points: X changes its sign, left and right change places.
    ///
    /// # Shapes
    ///
    /// `points` and the result are `[frames, joints, channels]`; X is the first channel.
    pub fn mirrored(&self, points: &[f32], channels: usize) -> Vec<f32> {
        let partner = self.mirror();
        let mut out = Vec::with_capacity(points.len());
        for frame in points.chunks_exact(partner.len() * channels) {
            for &from in &partner {
                let point = &frame[from * channels..][..channels];
                out.push(-point[0]);
                out.extend_from_slice(&point[1..]);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partners_have_the_same_name_on_the_other_side() {
        for layout in [H36M_17, HUMANEVA_15, MPI_17, COCO_17] {
            for (joint, &partner) in layout.mirror().iter().enumerate() {
                let name = layout.names[joint];
                let expected = match name.split_once(' ') {
                    Some(("left", part)) => format!("right {part}"),
                    Some(("right", part)) => format!("left {part}"),
                    _ => name.to_owned(),
                };
                assert_eq!(layout.names[partner], expected);
            }
        }
    }

    #[test]
    fn mirroring_twice_gives_the_same_points() {
        let points: Vec<f32> = (0_u8..90).map(f32::from).collect();
        let mirrored = HUMANEVA_15.mirrored(&points, 3);
        // Joint 2, the left shoulder, now holds the right shoulder (joint 5: 15, 16, 17).
        assert_eq!(mirrored[6..9], [-15.0, 16.0, 17.0]);
        assert_eq!(HUMANEVA_15.mirrored(&mirrored, 3), points);
    }
}
