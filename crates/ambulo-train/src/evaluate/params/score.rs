//! How well estimates of a gait parameter agree with what is true.

use ambulo::metrics::agreement::{
    bland_altman, intraclass_correlation, mean_absolute_error, r_squared, root_mean_square_error,
};
use ambulo::metrics::bootstrap;
use ambulo::metrics::correlation::pearson;
use serde::Serialize;

/// Seed of the draws for intervals: never changed, so that figures stay comparable.
pub(super) const SEED: u64 = 77_655;

/// A measure with its 95 % interval over people.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// The measure over all recordings; `None` where it has no value, such as the correlation of a constant.
    pub value: Option<f64>,
    /// By drawing people anew; `None` for one person.
    pub ci95: Option<[f64; 2]>,
}

/// Estimates against the truth, in the target's unit where there is one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Score {
    /// Estimates.
    pub n: usize,
    /// People.
    pub people: usize,
    /// Pearson's correlation.
    pub r: Figure,
    /// Mean absolute error.
    pub mae: Figure,
    /// Root mean square error.
    pub rmse: Figure,
    /// Share of the truth's variance that is explained; below 0 if the truth's mean were better.
    pub r_squared: Figure,
    /// ICC(A,1): absolute agreement of single measurements.
    pub icc: Figure,
    /// Mean of estimate minus truth.
    pub bias: Figure,
    /// Bland and Altman's lower limit of agreement.
    pub lower_limit: Figure,
    /// The upper one.
    pub upper_limit: Figure,
}

/// One estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair<'a> {
    /// Who walked.
    pub person: &'a str,
    /// What was estimated.
    pub estimate: f64,
    /// What is true.
    pub truth: f64,
}

impl Score {
    /// Of these estimates; `None` without any.
    pub fn of(pairs: &[Pair<'_>]) -> Option<Self> {
        let people: Vec<&str> = pairs.iter().map(|pair| pair.person).collect();
        let mut distinct = people.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let all: Vec<usize> = (0..pairs.len()).collect();
        let values = measures(pairs, &all);
        let intervals = bootstrap::clustered(&people, SEED, |places| measures(pairs, places));
        let mut figures = values
            .into_iter()
            .zip(intervals)
            .map(|(value, ci95)| Figure { value, ci95 });
        Some(Self {
            n: (!pairs.is_empty()).then_some(pairs.len())?,
            people: distinct.len(),
            r: figures.next()?,
            mae: figures.next()?,
            rmse: figures.next()?,
            r_squared: figures.next()?,
            icc: figures.next()?,
            bias: figures.next()?,
            lower_limit: figures.next()?,
            upper_limit: figures.next()?,
        })
    }

    /// Names and figures, in the order of the tables.
    pub fn figures(&self) -> [(&'static str, Figure); 8] {
        [
            ("r", self.r),
            ("MAE", self.mae),
            ("RMSE", self.rmse),
            ("R²", self.r_squared),
            ("ICC(A,1)", self.icc),
            ("bias", self.bias),
            ("lower limit", self.lower_limit),
            ("upper limit", self.upper_limit),
        ]
    }
}

fn measures(pairs: &[Pair<'_>], places: &[usize]) -> [Option<f64>; 8] {
    let estimates: Vec<f64> = places.iter().map(|&place| pairs[place].estimate).collect();
    let truths: Vec<f64> = places.iter().map(|&place| pairs[place].truth).collect();
    let rows: Vec<Vec<f64>> = estimates
        .iter()
        .zip(&truths)
        .map(|(&e, &t)| vec![e, t])
        .collect();
    let limits = bland_altman(&estimates, &truths).ok();
    [
        pearson(&estimates, &truths).ok().map(|pearson| pearson.r),
        mean_absolute_error(&estimates, &truths).ok(),
        root_mean_square_error(&estimates, &truths).ok(),
        r_squared(&estimates, &truths).ok(),
        intraclass_correlation(&rows).ok().map(|icc| icc.agreement),
        limits.map(|limits| limits.bias),
        limits.map(|limits| limits.lower),
        limits.map(|limits| limits.upper),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(estimate: impl Fn(f64) -> f64) -> Vec<Pair<'static>> {
        const PEOPLE: [&str; 4] = ["a", "b", "c", "d"];
        let truths = (0..12_u32).map(f64::from);
        truths
            .zip(PEOPLE.into_iter().cycle())
            .map(|(truth, person)| Pair {
                person,
                estimate: estimate(truth),
                truth,
            })
            .collect()
    }

    #[test]
    fn an_offset_spoils_agreement_but_not_correlation() {
        let score = Score::of(&pairs(|truth| truth + 2.0)).unwrap();
        assert_eq!((score.n, score.people), (12, 4));
        let value = |figure: Figure| figure.value.unwrap();
        assert!((value(score.r) - 1.0).abs() < 1e-12);
        assert!((value(score.mae) - 2.0).abs() < 1e-12);
        assert!((value(score.bias) - 2.0).abs() < 1e-12);
        assert!((value(score.lower_limit) - 2.0).abs() < 1e-9);
        // Mean squares of rows 26, of columns 24: 26 / (26 + 2 · 24 / 12).
        assert!((value(score.icc) - 13.0 / 15.0).abs() < 1e-12);
        // 1 − 12 · 4 / 143.
        assert!((value(score.r_squared) - (1.0 - 48.0 / 143.0)).abs() < 1e-12);
        assert_eq!(score.mae.ci95, Some([2.0, 2.0]));
    }

    #[test]
    fn a_constant_has_an_error_but_no_correlation() {
        let score = Score::of(&pairs(|_| 5.5)).unwrap();
        assert_eq!(
            score.r,
            Figure {
                value: None,
                ci95: None
            }
        );
        assert_eq!(score.mae.value, Some(3.0));
        assert_eq!(Score::of(&[]), None);
    }
}
