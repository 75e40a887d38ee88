//! How well motion survives as tokens: distances of the joints, and how the codes are used.
//!
//! Joints are those that the features describe (bones of one person's lengths), so distances are not those of the
//! recorded body: a tall person's are as much larger as his legs are.

mod table;

use ambulo_nn::codec::motion::{JOINTS, Pose};

pub use table::{Remade, TokenTable};

/// How far a remade motion is from what it was made of: means over frames and joints, in metres.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distances {
    /// In space: both begin at the same place, so an error of the way adds up.
    pub place_m: f64,
    /// From the pelvis of each frame.
    pub pose_m: f64,
}

impl Distances {
    /// Over the frames that both have. `None` if there are none.
    pub fn of(motion: &[Pose], made: &[Pose]) -> Option<Self> {
        let frames = motion.len().min(made.len());
        if frames == 0 {
            return None;
        }
        let (mut place_m, mut pose_m) = (0.0, 0.0);
        for (pose, made) in motion.iter().zip(made) {
            for (joint, other) in pose.iter().zip(made) {
                place_m += (joint - other).norm();
                pose_m += ((joint - pose[0]) - (other - made[0])).norm();
            }
        }
        let count = (frames * JOINTS) as f64;
        Some(Self {
            place_m: place_m / count,
            pose_m: pose_m / count,
        })
    }

    /// The mean of several motions, each as heavy as the other. `None` of none.
    pub fn mean(all: &[Self]) -> Option<Self> {
        let count = all.len() as f64;
        let mean = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>() / count;
        (!all.is_empty()).then(|| Self {
            place_m: mean(|it| it.place_m),
            pose_m: mean(|it| it.pose_m),
        })
    }
}

/// How often each code was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    counts: Vec<u64>,
}

impl Usage {
    /// Of so many codes, none chosen yet.
    pub fn new(codes: usize) -> Self {
        Self {
            counts: vec![0; codes],
        }
    }

    /// Counts tokens; what is no code is passed over.
    pub fn add(&mut self, tokens: &[usize]) {
        for &token in tokens {
            if let Some(count) = self.counts.get_mut(token) {
                *count += 1;
            }
        }
    }

    /// Tokens counted.
    pub fn tokens(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Codes chosen at least once.
    pub fn used(&self) -> usize {
        self.counts.iter().filter(|&&count| count > 0).count()
    }

    /// Codes there are.
    pub fn codes(&self) -> usize {
        self.counts.len()
    }

    /// Exponential of the entropy of the choices: as many codes, used alike, would tell as much. 1 without tokens.
    pub fn perplexity(&self) -> f64 {
        let all = self.tokens().max(1) as f64;
        let shares = self.counts.iter().filter(|&&count| count > 0);
        let entropy: f64 = shares
            .map(|&count| {
                let share = count as f64 / all;
                -share * share.ln()
            })
            .sum();
        entropy.exp()
    }
}

#[cfg(test)]
mod tests {
    use nalgebra::Vector3;

    use super::*;

    #[test]
    fn an_error_of_the_way_is_none_of_the_pose() {
        let still = [Vector3::new(0.0, 1.0, 0.0); JOINTS];
        let moved = still.map(|joint| joint + Vector3::new(0.0, 0.0, 0.25));
        let found = Distances::of(&[still, still], &[still, moved]).expect("two frames");
        assert!((found.place_m - 0.125).abs() < 1e-12 && found.pose_m.abs() < 1e-12);
        let mut bent = still;
        bent[7].x += 0.22;
        let found = Distances::of(&[still], &[bent, bent]).expect("one frame");
        assert!((found.place_m - 0.01).abs() < 1e-12 && (found.pose_m - 0.01).abs() < 1e-12);
        assert_eq!(Distances::of(&[], &[still]), None);
    }

    #[test]
    fn codes_used_alike_count_whole() {
        let mut usage = Usage::new(8);
        assert!((usage.perplexity() - 1.0).abs() < 1e-12);
        usage.add(&[1, 3, 5, 7, 1, 3, 5, 7, 99]);
        assert_eq!((usage.tokens(), usage.used(), usage.codes()), (8, 4, 8));
        assert!((usage.perplexity() - 4.0).abs() < 1e-12);
    }
}
