//! Errors of the report's numbers: from the picture and lifted, against motion capture.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ambulo::kinematics::{AngleCurves, AngleId};
use ambulo::lifting::{CameraView, ErrorRow, ModelErrors, Residual, is_liftable};
use ambulo::parameters::{GaitParameters, ParameterId, ParameterSummary};
use serde::Serialize;

/// What one way gave for a walk.
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a> {
    /// Parameters.
    pub parameters: &'a GaitParameters,
    /// Angles over the cycle.
    pub angles: &'a AngleCurves,
}

/// The three ways to the numbers of one film.
#[derive(Debug, Clone, Copy)]
pub struct NumbersOf<'a> {
    /// Who walks.
    pub person: &'a str,
    /// From which side the camera saw it.
    pub view: CameraView,
    /// From motion capture.
    pub reference: Numbers<'a>,
    /// From the keypoints alone.
    pub picture: Numbers<'a>,
    /// From the lifted motion.
    pub lifted: Numbers<'a>,
}

/// Differences from motion capture, gathered over films.
#[derive(Debug, Clone, Default)]
pub struct Errors {
    parameters: BTreeMap<(ParameterId, CameraView), Both>,
    angles: BTreeMap<(AngleId, CameraView), Both>,
}

#[derive(Debug, Clone, Default)]
struct Both {
    picture: Differences,
    lifted: Differences,
}

/// One entry a film: its differences (one for a parameter, both sides' points of the cycle for an angle).
#[derive(Debug, Clone, Default)]
struct Differences {
    films: Vec<Vec<f64>>,
    people: BTreeSet<String>,
}

/// Fewer films, or films of one person, say nothing about people.
const LEAST_FILMS: usize = 4;
const LEAST_PEOPLE: usize = 2;

impl Differences {
    fn add(&mut self, person: &str, film: Vec<f64>) {
        if film.is_empty() {
            return;
        }
        self.films.push(film);
        self.people.insert(person.to_owned());
    }

    fn residual(&self) -> Option<Residual> {
        if self.films.len() < LEAST_FILMS || self.people.len() < LEAST_PEOPLE {
            return None;
        }
        // Every film weighs alike, however many points it has.
        let over = |of: &dyn Fn(f64) -> f64| {
            let films = self.films.iter();
            let means =
                films.map(|film| film.iter().map(|&d| of(d)).sum::<f64>() / film.len() as f64);
            means.sum::<f64>() / self.films.len() as f64
        };
        let bias = over(&|d| d);
        let variance = over(&|d| (d - bias).powi(2));
        Some(Residual {
            bias: in_six_digits(bias),
            sd: in_six_digits(variance.sqrt()),
            n: self.films.len(),
        })
    }
}

/// More digits of an error say nothing.
fn in_six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

impl Errors {
    /// Takes up one film.
    pub fn add(&mut self, film: &NumbersOf<'_>) {
        for (&id, reference) in film.reference.parameters {
            let Some(true_value) = value(reference).filter(|_| is_liftable(id)) else {
                continue;
            };
            let both = self.parameters.entry((id, film.view)).or_default();
            for (way, into) in both.ways(film) {
                let found = way.parameters.get(&id).and_then(value);
                into.add(
                    film.person,
                    found.map(|v| v - true_value).into_iter().collect(),
                );
            }
        }
        for (&id, reference) in film.reference.angles {
            let both = self.angles.entry((id, film.view)).or_default();
            for (way, into) in both.ways(film) {
                let mut points = Vec::new();
                for (side, curve) in reference.iter() {
                    let found = way
                        .angles
                        .get(&id)
                        .and_then(|sides| sides.get(side).as_ref());
                    if let (Some(curve), Some(found)) = (curve, found) {
                        let pairs = found.mean_deg.iter().zip(&curve.mean_deg);
                        points.extend(pairs.map(|(found, truth)| found - truth));
                    }
                }
                into.add(film.person, points);
            }
        }
    }

    /// The rows of `validation/lifting.toml` for these weights.
    pub fn of_model(&self, weights_sha256: &str, source: &str) -> ModelErrors {
        ModelErrors {
            weights_sha256: weights_sha256.to_owned(),
            source: source.to_owned(),
            parameters: rows(&self.parameters),
            angles: rows(&self.angles),
        }
    }

    /// The table for people: root mean square errors, side by side.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{:34} {:8} {:>22} {:>22}  better",
            "quantity", "view", "picture: rms (bias; n)", "lifted: rms (bias; n)"
        );
        for row in rows(&self.parameters) {
            let name = row.quantity.name();
            line(&mut text, name, row.view, row.picture, row.lifted);
        }
        for row in rows(&self.angles) {
            let name = format!("{} (deg)", row.quantity.name());
            line(&mut text, &name, row.view, row.picture, row.lifted);
        }
        text
    }
}

fn line(
    text: &mut String,
    name: &str,
    view: CameraView,
    picture: Option<Residual>,
    lifted: Residual,
) {
    let figures = |residual: Residual| {
        format!(
            "{:.3} ({:+.3}; {})",
            residual.rms(),
            residual.bias,
            residual.n
        )
    };
    let better = match picture {
        Some(picture) if picture.rms() <= lifted.rms() => "picture",
        _ => "lifted",
    };
    let _ = writeln!(
        text,
        "{name:34} {:8} {:>22} {:>22}  {better}",
        view.name(),
        picture.map_or_else(|| "–".to_owned(), figures),
        figures(lifted),
    );
}

impl Both {
    fn ways<'a>(&mut self, film: &NumbersOf<'a>) -> [(Numbers<'a>, &mut Differences); 2] {
        [
            (film.picture, &mut self.picture),
            (film.lifted, &mut self.lifted),
        ]
    }
}

fn rows<Id: Copy>(found: &BTreeMap<(Id, CameraView), Both>) -> Vec<ErrorRow<Id>> {
    let rows = found.iter().filter_map(|(&(quantity, view), both)| {
        Some(ErrorRow {
            quantity,
            view,
            lifted: both.lifted.residual()?,
            picture: both.picture.residual(),
        })
    });
    rows.collect()
}

/// The number of both sides together, or their mean.
fn value(summary: &ParameterSummary) -> Option<f64> {
    let of = |side: &Option<_>| -> Option<f64> {
        side.as_ref()
            .and_then(|summary: &ambulo::parameters::Summary| summary.value)
    };
    of(&summary.both).or_else(|| Some(0.5 * (of(&summary.left)? + of(&summary.right)?)))
}

/// `validation/lifting.toml`.
#[derive(Debug, Serialize)]
pub struct ErrorFile {
    /// A table for each weights file.
    pub model: Vec<ModelErrors>,
}

impl ErrorFile {
    /// The text of the file.
    ///
    /// # Panics
    ///
    /// Never: the tables hold numbers and words, which TOML can always hold.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("tables of numbers and words")
    }
}

#[cfg(test)]
mod tests {
    use ambulo::PerSide;
    use ambulo::kinematics::{AngleCurve, AngleMethod};
    use ambulo::parameters::{Origin, Status, Summary};

    use super::*;

    fn speed(value: Option<f64>) -> GaitParameters {
        let summary = Summary {
            value,
            unit: "m/s".to_owned(),
            sd: None,
            cv_pct: None,
            n: 2,
            ci95: None,
            status: Status::Valid,
            reason: None,
            origin: Origin::Measured,
        };
        let both = ParameterSummary {
            both: Some(summary),
            ..ParameterSummary::default()
        };
        GaitParameters::from([(ParameterId::Speed, both)])
    }

    fn knee(offset_deg: f64, wave_deg: f64) -> AngleCurves {
        let curve = AngleCurve {
            method: AngleMethod::Lifted,
            approximate: false,
            n: 2,
            mean_deg: (0..100)
                .map(|i| offset_deg + if i % 2 == 0 { wave_deg } else { -wave_deg })
                .collect(),
            sd_deg: None,
        };
        AngleCurves::from([(
            AngleId::KneeFlexion,
            PerSide {
                left: Some(curve),
                right: None,
            },
        )])
    }

    #[test]
    fn bias_and_spread_over_films_are_told_apart() {
        let (truth, flat) = (speed(Some(1.0)), knee(0.0, 0.0));
        let mut errors = Errors::default();
        for (person, found) in [("a", 1.1), ("a", 1.3), ("b", 1.1), ("b", 1.3)] {
            let (found, none, bent) = (speed(Some(found)), speed(None), knee(3.0, 4.0));
            errors.add(&NumbersOf {
                person,
                view: CameraView::Side,
                reference: Numbers {
                    parameters: &truth,
                    angles: &flat,
                },
                picture: Numbers {
                    parameters: &none,
                    angles: &AngleCurves::new(),
                },
                lifted: Numbers {
                    parameters: &found,
                    angles: &bent,
                },
            });
        }
        let model = errors.of_model("sha", "test");
        let [row] = model.parameters.as_slice() else {
            panic!("one parameter: {model:?}");
        };
        assert!((row.lifted.bias - 0.2).abs() < 1e-12 && (row.lifted.sd - 0.1).abs() < 1e-12);
        assert_eq!((row.lifted.n, row.picture), (4, None));
        let knee = &model.angles[0];
        assert!((knee.lifted.bias - 3.0).abs() < 1e-12 && (knee.lifted.sd - 4.0).abs() < 1e-12);
        assert!((knee.lifted.rms() - 5.0).abs() < 1e-12);
    }

    #[test]
    fn one_person_is_not_people() {
        let (truth, none) = (speed(Some(1.0)), AngleCurves::new());
        let numbers = Numbers {
            parameters: &truth,
            angles: &none,
        };
        let mut errors = Errors::default();
        for _ in 0..10 {
            errors.add(&NumbersOf {
                person: "a",
                view: CameraView::Side,
                reference: numbers,
                picture: numbers,
                lifted: numbers,
            });
        }
        assert!(errors.of_model("sha", "test").parameters.is_empty());
    }
}
