//! The smoothest course through uncertain places and velocities, in one pass over time.

/// What is known of one coordinate of a course.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Course<'a> {
    /// Times of the frames.
    pub(super) times_s: &'a [f64],
    /// Velocity between each frame and the next with its weight, one fewer than frames.
    pub(super) velocities: Vec<(f64, f64)>,
    /// Place in each frame with its weight, per second squared against velocities; may be empty.
    pub(super) places: Vec<(f64, f64)>,
    /// Time over which velocity is held against a change of it.
    pub(super) hold_s: f64,
}

/// A velocity that nothing speaks for stays near zero, with this weight.
const LEAST_WEIGHT: f64 = 1e-6;

impl Course<'_> {
    /// The places that minimise ∫ Σ weight (v − velocity)² + Σ weight (p − place)² + (hold · a)² dt.
    ///
    /// Without known places the course begins at zero.
    pub(super) fn solved(&self) -> Vec<f64> {
        let frames = self.times_s.len();
        let mut system = Pentadiagonal::zeros(frames);
        let steps: Vec<f64> = self.times_s.windows(2).map(|w| w[1] - w[0]).collect();
        for (frame, (&step, &(velocity, weight))) in steps.iter().zip(&self.velocities).enumerate()
        {
            let stiffness = (weight + LEAST_WEIGHT) / step;
            system.add(frame, &[-1.0, 1.0], stiffness);
            system.right[frame] -= weight * velocity;
            system.right[frame + 1] += weight * velocity;
        }
        for (frame, pair) in steps.windows(2).enumerate() {
            let (before, after) = (1.0 / pair[0], 1.0 / pair[1]);
            let weight = self.hold_s * self.hold_s / f64::midpoint(pair[0], pair[1]);
            system.add(frame, &[before, -before - after, after], weight);
        }
        let mut is_placed = false;
        for (frame, &(place, weight)) in self.places.iter().enumerate() {
            let step = steps[frame.min(steps.len().saturating_sub(1))];
            system.add(frame, &[1.0], weight * step);
            system.right[frame] += weight * step * place;
            is_placed |= weight > 0.0;
        }
        if !is_placed && frames > 0 {
            system.add(0, &[1.0], 1.0);
        }
        system.solved()
    }
}

/// A symmetric matrix with two diagonals beside the main one, and the right side.
struct Pentadiagonal {
    diagonals: [Vec<f64>; 3],
    right: Vec<f64>,
}

impl Pentadiagonal {
    fn zeros(size: usize) -> Self {
        Self {
            diagonals: [vec![0.0; size], vec![0.0; size], vec![0.0; size]],
            right: vec![0.0; size],
        }
    }

    /// Adds `weight` times the outer product of a row that begins at `at`.
    fn add(&mut self, at: usize, row: &[f64], weight: f64) {
        for (i, a) in row.iter().enumerate() {
            for (j, b) in row.iter().enumerate().skip(i) {
                self.diagonals[j - i][at + i] += weight * a * b;
            }
        }
    }

    /// Cholesky without square roots, then substitution forward and back.
    fn solved(self) -> Vec<f64> {
        let size = self.right.len();
        let [mut main, mut first, second] = self.diagonals;
        let mut x = self.right;
        for k in 0..size {
            // `first[k]` and `second[k]` couple k with k + 1 and k + 2.
            let pivot = main[k];
            if k + 1 < size {
                let (a, b) = (first[k], second[k]);
                let share = a / pivot;
                main[k + 1] -= share * a;
                x[k + 1] -= share * x[k];
                if k + 2 < size {
                    first[k + 1] -= share * b;
                    let share = b / pivot;
                    main[k + 2] -= share * b;
                    x[k + 2] -= share * x[k];
                }
            }
        }
        for k in (0..size).rev() {
            let mut value = x[k];
            if k + 1 < size {
                value -= first[k] * x[k + 1];
            }
            if k + 2 < size {
                value -= second[k] * x[k + 2];
            }
            x[k] = value / main[k];
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_velocities_add_up_and_a_gap_is_bridged() {
        let times_s: Vec<f64> = (0..50).map(|i| f64::from(i) * 0.02).collect();
        let velocities = (0..49)
            .map(|i| (1.5, if (20..30).contains(&i) { 0.0 } else { 1.0 }))
            .collect();
        let course = Course {
            times_s: &times_s,
            velocities,
            places: Vec::new(),
            hold_s: 0.05,
        };
        for (time_s, place) in times_s.iter().zip(course.solved()) {
            assert!((place - 1.5 * time_s).abs() < 1e-3, "{place} at {time_s}");
        }
    }

    #[test]
    fn places_take_the_drift_out() {
        let times_s: Vec<f64> = (0..1000).map(|i| f64::from(i) * 0.02).collect();
        let course = Course {
            times_s: &times_s,
            velocities: vec![(1.1, 1.0); 999],
            places: times_s.iter().map(|t| (*t, 4.0)).collect(),
            hold_s: 0.02,
        };
        let solved = course.solved();
        assert!((solved[500] - times_s[500]).abs() < 0.01);
        // Velocity stays where places are silent: by 0.1 m/s for half a second at the ends.
        assert!((solved[999] - times_s[999]).abs() < 0.06);
    }
}
