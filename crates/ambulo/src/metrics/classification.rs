//! Agreement of predicted with true classes.

use serde::{Deserialize, Serialize};

use super::{MetricError, check_pairs};

/// How often each true class was predicted as each class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confusion {
    counts: Vec<Vec<usize>>,
}

/// Precision, recall and F1; a class never predicted has precision 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Share of the predictions of a class that are right.
    pub precision: f64,
    /// Share of a class that is found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// How scores of classes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Average {
    /// Every class counts alike.
    Macro,
    /// Every class counts by its true size.
    Weighted,
    /// All decisions are pooled.
    Micro,
}

/// How much a disagreement costs in Cohen's kappa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weighting {
    /// Any disagreement costs the same.
    Plain,
    /// It costs the distance of the classes.
    Linear,
    /// It costs the square of the distance.
    Quadratic,
}

impl Confusion {
    /// Counts pairs of classes 0 to `classes` − 1.
    ///
    /// # Errors
    ///
    /// [`MetricError`] for unequal lengths, no pairs, or a class out of range.
    pub fn new(
        predicted: &[usize],
        reference: &[usize],
        classes: usize,
    ) -> Result<Self, MetricError> {
        check_pairs(predicted.len(), reference.len(), 1)?;
        let mut counts = vec![vec![0; classes]; classes];
        for (&p, &r) in predicted.iter().zip(reference) {
            let class = p.max(r);
            if class >= classes {
                return Err(MetricError::UnknownClass { class, classes });
            }
            counts[r][p] += 1;
        }
        Ok(Self { counts })
    }

    /// Counts, one row a true class, one column a predicted one.
    pub fn counts(&self) -> &[Vec<usize>] {
        &self.counts
    }

    /// How many of each class there truly are.
    pub fn support(&self) -> Vec<usize> {
        self.counts.iter().map(|row| row.iter().sum()).collect()
    }

    fn predicted(&self) -> Vec<usize> {
        (0..self.counts.len())
            .map(|column| self.counts.iter().map(|row| row[column]).sum())
            .collect()
    }

    fn total(&self) -> f64 {
        self.counts.iter().flatten().sum::<usize>() as f64
    }

    /// Share of right predictions.
    pub fn accuracy(&self) -> f64 {
        (0..self.counts.len())
            .map(|c| self.counts[c][c])
            .sum::<usize>() as f64
            / self.total()
    }

    /// Scores of each class.
    pub fn per_class(&self) -> Vec<Scores> {
        let (support, predicted) = (self.support(), self.predicted());
        (0..self.counts.len())
            .map(|class| scores(self.counts[class][class], predicted[class], support[class]))
            .collect()
    }

    /// Scores over all classes.
    pub fn averaged(&self, average: Average) -> Scores {
        let classes = self.per_class();
        let weights: Vec<f64> = match average {
            Average::Micro => {
                let share = self.accuracy();
                return Scores {
                    precision: share,
                    recall: share,
                    f1: share,
                };
            }
            Average::Macro => vec![1.0 / classes.len() as f64; classes.len()],
            Average::Weighted => self
                .support()
                .iter()
                .map(|&n| n as f64 / self.total())
                .collect(),
        };
        let mean = |of: fn(&Scores) -> f64| {
            classes
                .iter()
                .zip(&weights)
                .map(|(scores, weight)| of(scores) * weight)
                .sum()
        };
        Scores {
            precision: mean(|s| s.precision),
            recall: mean(|s| s.recall),
            f1: mean(|s| s.f1),
        }
    }

    /// Mean recall over the classes that occur.
    pub fn balanced_accuracy(&self) -> f64 {
        let support = self.support();
        let recalls: Vec<f64> = self
            .per_class()
            .iter()
            .zip(support)
            .filter(|(_, support)| *support > 0)
            .map(|(scores, _)| scores.recall)
            .collect();
        recalls.iter().sum::<f64>() / recalls.len() as f64
    }

    /// Cohen's kappa; `None` if only one class occurs on both sides.
    ///
    /// # Source
    ///
    /// Cohen (1960, 1968), Psychol. Bull. 70:213.
    pub fn kappa(&self, weighting: Weighting) -> Option<f64> {
        let (support, predicted, total) = (self.support(), self.predicted(), self.total());
        let (mut observed, mut expected) = (0.0, 0.0);
        for (r, row) in self.counts.iter().enumerate() {
            for (p, &count) in row.iter().enumerate() {
                let apart = r.abs_diff(p) as f64;
                let cost = match weighting {
                    Weighting::Plain => f64::from(u8::from(r != p)),
                    Weighting::Linear => apart,
                    Weighting::Quadratic => apart * apart,
                };
                observed += cost * count as f64;
                expected += cost * support[r] as f64 * predicted[p] as f64 / total;
            }
        }
        (expected > 0.0).then(|| 1.0 - observed / expected)
    }

    /// Mean distance between predicted and true class, for ordered classes.
    pub fn mean_absolute_error(&self) -> f64 {
        let distance: usize = self
            .counts
            .iter()
            .enumerate()
            .flat_map(|(r, row)| row.iter().enumerate().map(move |(p, n)| n * r.abs_diff(p)))
            .sum();
        distance as f64 / self.total()
    }
}

fn scores(right: usize, predicted: usize, support: usize) -> Scores {
    let share = |part: usize, whole: usize| match whole {
        0 => 0.0,
        whole => part as f64 / whole as f64,
    };
    Scores {
        precision: share(right, predicted),
        recall: share(right, support),
        f1: share(2 * right, predicted + support),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_alone_has_no_kappa() {
        let confusion = Confusion::new(&[1, 1], &[1, 1], 3).unwrap();
        assert_eq!(confusion.kappa(Weighting::Plain), None);
        assert!((confusion.balanced_accuracy() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn classes_out_of_range_are_refused() {
        assert!(Confusion::new(&[0, 3], &[0, 1], 3).is_err());
        assert!(Confusion::new(&[], &[], 3).is_err());
    }
}
