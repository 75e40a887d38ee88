//! How the learning rate changes over a run.

use serde::{Deserialize, Serialize};

/// The course of the learning rate, as a factor of the optimiser's.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Schedule {
    /// The same all the time.
    #[default]
    Constant,
    /// Times `factor` after each pass over the data.
    Exponential {
        /// What each epoch multiplies by.
        factor: f64,
    },
    /// Rises evenly over `warmup_steps`, then falls along half a cosine to `floor` at the last step.
    Cosine {
        /// Steps of the rise.
        warmup_steps: u64,
        /// The factor at the end.
        floor: f64,
    },
    /// Falls along half a cosine to `floor` over `epochs` passes over the data, a step down after each, and
    /// begins again.
    CosineRestarts {
        /// Passes from one beginning to the next.
        epochs: u64,
        /// The factor that it falls to.
        floor: f64,
    },
    /// Times `factor` after every `epochs` passes, the first time a pass early.
    Stairs {
        /// Passes of a stair.
        epochs: u64,
        /// What each stair multiplies by.
        factor: f64,
    },
    /// Falls along half a cosine to `floor`, a step down after each pass over the data.
    CosineByEpoch {
        /// The factor after the last pass.
        floor: f64,
    },
}

impl Schedule {
    /// The factor at a step, counted from 0, of a run of `steps` steps whose epochs have `epoch_steps`.
    pub fn factor(self, step: u64, steps: u64, epoch_steps: u64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Exponential { factor } => factor.powf((step / epoch_steps.max(1)) as f64),
            Self::Cosine { warmup_steps, .. } if step < warmup_steps => {
                (step + 1) as f64 / warmup_steps as f64
            }
            Self::Cosine {
                warmup_steps,
                floor,
            } => {
                let length = steps.saturating_sub(warmup_steps).max(1);
                let share = ((step - warmup_steps) as f64 / length as f64).min(1.0);
                let fall = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
                floor + (1.0 - floor) * fall
            }
            Self::CosineRestarts { epochs, floor } => {
                let period = epochs.max(1);
                let epoch = step / epoch_steps.max(1) % period;
                let share = epoch as f64 / period as f64;
                floor + (1.0 - floor) * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
            }
            Self::Stairs { epochs, factor } => {
                let epoch = step / epoch_steps.max(1);
                factor.powf(((epoch + 1) / epochs.max(1)) as f64)
            }
            Self::CosineByEpoch { floor } => {
                let epoch = step / epoch_steps.max(1);
                let epochs = (steps / epoch_steps.max(1)).max(1);
                let share = epoch as f64 / epochs as f64;
                let fall = 0.5 * (1.0 + (std::f64::consts::PI * share).cos());
                floor + (1.0 - floor) * fall
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_falls_once_an_epoch() {
        let schedule = Schedule::Exponential { factor: 0.99 };
        assert_eq!(schedule.factor(9, 100, 10).to_bits(), 1.0_f64.to_bits());
        assert!((schedule.factor(25, 100, 10) - 0.9801).abs() < 1e-12);
    }

    #[test]
    fn the_published_cosine_falls_once_an_epoch() {
        let schedule = Schedule::CosineByEpoch { floor: 0.1 };
        for (epoch, rate) in [(0, 1e-4), (60, 8.682e-5), (120, 5.5e-5), (180, 2.318e-5)] {
            let factor = schedule.factor(epoch * 10 + 9, 2400, 10);
            assert!((1e-4 * factor - rate).abs() < 1e-9, "epoch {epoch}");
        }
    }

    #[test]
    fn restarts_begin_again_and_stairs_go_down() {
        let restarts = Schedule::CosineRestarts {
            epochs: 40,
            floor: 8.0 / 30.0,
        };
        for (epoch, rate) in [(0, 3e-4), (20, 1.9e-4), (40, 3e-4), (199, 8.034e-5)] {
            let factor = restarts.factor(epoch * 10 + 9, 2000, 10);
            assert!((3e-4 * factor - rate).abs() < 1e-8, "epoch {epoch}");
        }
        let stairs = Schedule::Stairs {
            epochs: 10,
            factor: 0.8,
        };
        for (epoch, factor) in [(0, 1.0), (8, 1.0), (9, 0.8), (18, 0.8), (19, 0.64)] {
            assert!(
                (stairs.factor(epoch * 10, 1000, 10) - factor).abs() < 1e-12,
                "{epoch}"
            );
        }
    }

    #[test]
    fn cosine_rises_and_ends_at_its_floor() {
        let schedule = Schedule::Cosine {
            warmup_steps: 10,
            floor: 0.1,
        };
        assert!((schedule.factor(0, 110, 1) - 0.1).abs() < 1e-12);
        assert!((schedule.factor(10, 110, 1) - 1.0).abs() < 1e-12);
        assert!((schedule.factor(60, 110, 1) - 0.55).abs() < 1e-12);
        assert!((schedule.factor(110, 110, 1) - 0.1).abs() < 1e-12);
    }
}
