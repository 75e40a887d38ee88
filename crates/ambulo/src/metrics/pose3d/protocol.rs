//! The tables of Human3.6M: one error an action, and their plain mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The action of a take: its first word, so that "Walking 1" is Walking and "`WalkDog` 1" is not.
pub fn action_of(take: &str) -> &str {
    take.split_whitespace().next().unwrap_or("")
}

/// The error of one action.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ActionError {
    /// Frames counted, of all its takes and cameras.
    pub frames: usize,
    /// Mean over these frames.
    pub error: f64,
}

/// Errors by action.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ActionTable {
    sums: BTreeMap<String, (usize, f64)>,
}

impl ActionTable {
    /// Adds a take: its mean error over `frames`.
    pub fn add(&mut self, take: &str, frames: usize, error: f64) {
        let sum = self.sums.entry(action_of(take).to_owned()).or_default();
        sum.0 += frames;
        sum.1 += error * frames as f64;
    }

    /// The error of each action that has frames, in alphabetical order.
    pub fn actions(&self) -> impl Iterator<Item = (&str, ActionError)> {
        self.sums
            .iter()
            .filter(|(_, (frames, _))| *frames > 0)
            .map(|(action, &(frames, sum))| {
                let error = sum / frames as f64;
                (action.as_str(), ActionError { frames, error })
            })
    }

    /// The error of one action; `None` if it has no frames.
    pub fn action(&self, action: &str) -> Option<ActionError> {
        self.actions()
            .find_map(|(have, error)| (have == action).then_some(error))
    }

    /// What tables print as the average: the mean over actions, whatever their length.
    pub fn mean_over_actions(&self) -> Option<f64> {
        let n = self.actions().count();
        let sum: f64 = self.actions().map(|(_, action)| action.error).sum();
        (n > 0).then(|| sum / n as f64)
    }

    /// The mean over frames, whatever their action.
    pub fn mean_over_frames(&self) -> Option<f64> {
        let (frames, sum) = self.sums.values().fold((0, 0.0), |(frames, sum), take| {
            (frames + take.0, sum + take.1)
        });
        (frames > 0).then(|| sum / frames as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_weigh_alike_and_frames_within_them_too() {
        let mut table = ActionTable::default();
        table.add("Walking", 1, 10.0);
        table.add("Walking 1", 3, 30.0);
        table.add("WalkDog", 4, 45.0);
        let walking = ActionError {
            frames: 4,
            error: 25.0,
        };
        assert_eq!(table.action("Walking"), Some(walking));
        assert_eq!(table.action("WalkDog").unwrap().frames, 4);
        assert_eq!(table.mean_over_actions(), Some(35.0));
        assert_eq!(table.mean_over_frames(), Some(35.0));
        table.add("Sitting 2", 8, 5.0);
        assert_eq!(table.mean_over_actions(), Some(25.0));
        assert_eq!(table.mean_over_frames(), Some(20.0));
    }

    #[test]
    fn an_empty_table_has_no_mean() {
        assert_eq!(ActionTable::default().mean_over_actions(), None);
    }
}
