//! The Gait Deviation Index, from a reference that the user supplies.
//!
//! The published features may not be shipped here. `gdi_reference.csv` holds them as lines of
//! comma-separated cells; lines that start with `#` and empty lines are skipped:
//!
//! | First cell | Then | Lines |
//! | --- | --- | --- |
//! | `feature` | 15 numbers: one row of the features | 459, in order |
//! | `control_mean` | 15 numbers: mean scores of the controls | 1 |
//! | `control_ln_mean` | 1 number: mean of their ln distances | 1 |
//! | `control_ln_sd` | 1 number: sample SD of the same | 1 |
//! | `control` | 15 scores, or 459 angles in degrees, of one control | any, instead of the three above |
//!
//! The 459 rows are nine variables of 51 points each, in the order of
//! [`AngleId::GAIT_PROFILE`](crate::kinematics::AngleId::GAIT_PROFILE), in degrees.

use super::POINTS;

/// Rows of the features: nine variables of 51 points.
pub const ROWS: usize = 9 * POINTS;
/// Features kept by Schwartz & Rozumalski.
pub const FEATURES: usize = 15;
/// Controls needed to take a mean and a standard deviation.
const FEWEST_CONTROLS: usize = 2;

/// The features of gait and where healthy walkers lie among them.
#[derive(Debug, Clone, PartialEq)]
pub struct GdiReference {
    features: Vec<[f64; FEATURES]>,
    control_mean: [f64; FEATURES],
    ln_mean: f64,
    ln_sd: f64,
}

/// Why a GDI reference cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GdiReferenceError {
    /// A line starts with a word that is not known.
    #[error(
        "line {line}: {word:?} is not one of feature, control, control_mean, control_ln_mean, control_ln_sd"
    )]
    UnknownLine {
        /// Number of the line, from 1.
        line: usize,
        /// Its first cell.
        word: String,
    },
    /// A cell is not a finite number.
    #[error("line {line}: {cell:?} is not a number")]
    NotANumber {
        /// Number of the line, from 1.
        line: usize,
        /// The cell.
        cell: String,
    },
    /// A line has the wrong number of cells.
    #[error("line {line}: {found} numbers, expected {expected}")]
    WrongWidth {
        /// Number of the line, from 1.
        line: usize,
        /// Numbers found.
        found: usize,
        /// Numbers expected.
        expected: usize,
    },
    /// There are not 459 rows of features.
    #[error("{found} lines of features, expected 459")]
    WrongFeatures {
        /// Lines found.
        found: usize,
    },
    /// The controls are not described.
    #[error(
        "no controls: give control_mean, control_ln_mean and control_ln_sd, or two or more control lines"
    )]
    NoControls,
    /// The controls do not differ, so nothing can be scaled by them.
    #[error("the controls do not differ from each other")]
    NoSpread,
}

impl GdiReference {
    /// Reads `gdi_reference.csv`.
    ///
    /// # Errors
    ///
    /// [`GdiReferenceError`], with the line, if the text has another layout.
    pub fn parse(text: &str) -> Result<Self, GdiReferenceError> {
        let mut features = Vec::new();
        let mut controls: Vec<(usize, Vec<f64>)> = Vec::new();
        let (mut control_mean, mut ln_mean, mut ln_sd) = (None, None, None);
        for (index, content) in text.lines().enumerate() {
            let (line, content) = (index + 1, content.trim());
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let (word, rest) = content.split_once(',').unwrap_or((content, ""));
            let numbers = parse_numbers(line, rest)?;
            match word.trim() {
                "feature" => features.push(exactly::<FEATURES>(line, &numbers)?),
                "control" => controls.push((line, numbers)),
                "control_mean" => control_mean = Some(exactly::<FEATURES>(line, &numbers)?),
                "control_ln_mean" => ln_mean = Some(exactly::<1>(line, &numbers)?[0]),
                "control_ln_sd" => ln_sd = Some(exactly::<1>(line, &numbers)?[0]),
                word => {
                    return Err(GdiReferenceError::UnknownLine {
                        line,
                        word: word.to_owned(),
                    });
                }
            }
        }
        if features.len() != ROWS {
            return Err(GdiReferenceError::WrongFeatures {
                found: features.len(),
            });
        }
        let reference = match (control_mean, ln_mean, ln_sd) {
            (Some(control_mean), Some(ln_mean), Some(ln_sd)) => Self {
                features,
                control_mean,
                ln_mean,
                ln_sd,
            },
            _ => Self::from_controls(features, &controls)?,
        };
        if reference.ln_sd > 0.0 {
            Ok(reference)
        } else {
            Err(GdiReferenceError::NoSpread)
        }
    }

    fn from_controls(
        features: Vec<[f64; FEATURES]>,
        controls: &[(usize, Vec<f64>)],
    ) -> Result<Self, GdiReferenceError> {
        if controls.len() < FEWEST_CONTROLS {
            return Err(GdiReferenceError::NoControls);
        }
        let n = controls.len() as f64;
        let mut scores = Vec::with_capacity(controls.len());
        for (line, numbers) in controls {
            scores.push(if numbers.len() == ROWS {
                project(&features, numbers)
            } else {
                exactly::<FEATURES>(*line, numbers)?
            });
        }
        let mut control_mean = [0.0; FEATURES];
        for score in &scores {
            for (mean, value) in control_mean.iter_mut().zip(score) {
                *mean += value / n;
            }
        }
        let logs: Vec<f64> = scores
            .iter()
            .map(|score| distance(score, &control_mean).ln())
            .collect();
        let ln_mean = logs.iter().sum::<f64>() / n;
        let spread: f64 = logs.iter().map(|log| (log - ln_mean).powi(2)).sum();
        Ok(Self {
            features,
            control_mean,
            ln_mean,
            ln_sd: (spread / (n - 1.0)).sqrt(),
        })
    }

    /// The index of one side's curves: 100 − 10 z of the logarithm of the distance to the controls.
    ///
    /// `gait_deg` are the 459 angles in the order of the features. `None` for another number of
    /// them, and for a distance of zero.
    pub fn index(&self, gait_deg: &[f64]) -> Option<f64> {
        if gait_deg.len() != ROWS {
            return None;
        }
        let apart = distance(&project(&self.features, gait_deg), &self.control_mean);
        (apart > 0.0).then(|| 100.0 - 10.0 * (apart.ln() - self.ln_mean) / self.ln_sd)
    }
}

fn parse_numbers(line: usize, cells: &str) -> Result<Vec<f64>, GdiReferenceError> {
    let cells = cells.trim_end_matches([',', ' ']);
    if cells.is_empty() {
        return Ok(Vec::new());
    }
    cells
        .split(',')
        .map(|cell| {
            let number = cell
                .trim()
                .parse::<f64>()
                .ok()
                .filter(|number| number.is_finite());
            number.ok_or_else(|| GdiReferenceError::NotANumber {
                line,
                cell: cell.trim().to_owned(),
            })
        })
        .collect()
}

fn exactly<const N: usize>(line: usize, numbers: &[f64]) -> Result<[f64; N], GdiReferenceError> {
    <[f64; N]>::try_from(numbers).map_err(|_| GdiReferenceError::WrongWidth {
        line,
        found: numbers.len(),
        expected: N,
    })
}

fn project(features: &[[f64; FEATURES]], gait_deg: &[f64]) -> [f64; FEATURES] {
    let mut scores = [0.0; FEATURES];
    for (row, angle_deg) in features.iter().zip(gait_deg) {
        for (score, feature) in scores.iter_mut().zip(row) {
            *score += feature * angle_deg;
        }
    }
    scores
}

fn distance(a: &[f64; FEATURES], b: &[f64; FEATURES]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Features that pick the first 15 angles, and the given lines about controls.
    fn text(controls: &str) -> String {
        let row = |row| {
            let cell = |f| if f == row { "1" } else { "0" };
            format!(
                "feature,{}",
                (0..FEATURES).map(cell).collect::<Vec<_>>().join(",")
            )
        };
        let features: Vec<String> = (0..ROWS).map(row).collect();
        format!("# a test\n{}\n{controls}", features.join("\n"))
    }

    fn scores(first: f64) -> String {
        format!("{first}{}", ",0".repeat(FEATURES - 1))
    }

    #[test]
    fn a_distance_of_one_sd_more_costs_ten_points() {
        let controls = format!(
            "control_mean,{}\ncontrol_ln_mean,1\ncontrol_ln_sd,0.5\n",
            scores(2.0)
        );
        let reference = GdiReference::parse(&text(&controls)).unwrap();
        let mut gait = vec![0.0; ROWS];
        gait[0] = 2.0 + 1.5_f64.exp();
        assert!((reference.index(&gait).unwrap() - 90.0).abs() < 1e-9);
        gait[0] = 2.0;
        assert_eq!(reference.index(&gait), None);
        assert_eq!(reference.index(&gait[1..]), None);
    }

    #[test]
    fn controls_may_be_given_one_by_one_as_scores_or_as_angles() {
        let angles = format!("6{}", ",0".repeat(ROWS - 1));
        let controls = format!(
            "control,{}\ncontrol,{}\ncontrol,{angles}\n",
            scores(0.0),
            scores(1.0)
        );
        let reference = GdiReference::parse(&text(&controls)).unwrap();
        assert!((reference.control_mean[0] - 7.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(
            GdiReference::parse("\nfeature,1,2\n"),
            Err(GdiReferenceError::WrongWidth {
                line: 2,
                found: 2,
                expected: 15
            })
        );
        assert!(matches!(
            GdiReference::parse("feature,1,x"),
            Err(GdiReferenceError::NotANumber { line: 1, .. })
        ));
        assert!(matches!(
            GdiReference::parse("pattern,1"),
            Err(GdiReferenceError::UnknownLine { line: 1, .. })
        ));
        assert_eq!(
            GdiReference::parse(&text("")),
            Err(GdiReferenceError::NoControls)
        );
    }
}
