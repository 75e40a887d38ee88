//! Angles over the gait cycle: one curve a cycle, their mean and spread, and the most typical one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{AngleCurve, AngleCurves, AngleId, AngleMethod, AngleSeries};
use crate::cycles::GaitCycle;
use crate::signal::cycle;
use crate::walk::Walk;
use crate::{PerSide, Side};

/// Points of a curve: 0, 1, …, 100 % of the cycle.
pub const CURVE_POINTS: usize = 101;

/// Makes the median absolute deviation comparable with a standard deviation of normal values.
const MAD_TO_SD: f64 = 1.4826;

/// Settings of [`curves`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurveConfig {
    /// How many (normal-scaled) median absolute deviations beyond the median distance make a cycle
    /// an outlier; the distance is the RMS to the median curve.
    pub outlier_mads: f64,
    /// A cycle nearer to the median curve than this is never an outlier, in degrees RMS.
    pub least_outlier_deg: f64,
    /// With fewer cycles none is called an outlier.
    pub least_cycles: usize,
}

impl Default for CurveConfig {
    fn default() -> Self {
        Self {
            outlier_mads: 3.5,
            least_outlier_deg: 3.0,
            least_cycles: 5,
        }
    }
}

/// Angles with the cycles to cut them by.
#[derive(Debug, Clone)]
pub struct CurveInput<'a> {
    /// The angles, one value a frame.
    pub series: &'a AngleSeries,
    /// Time in the trial of each of those frames.
    pub times_s: Vec<f64>,
    /// Cycles of the trial. Those outside the times, and those not straight, are left out.
    pub cycles: &'a [GaitCycle],
}

impl<'a> CurveInput<'a> {
    /// The angles of one walk.
    pub fn of_walk(walk: &Walk, series: &'a AngleSeries, cycles: &'a [GaitCycle]) -> Self {
        let start_s = walk.start_time_s();
        Self {
            series,
            times_s: walk.time().times_s().iter().map(|t| start_s + t).collect(),
            cycles,
        }
    }
}

/// One angle in one cycle.
#[derive(Debug, Clone, PartialEq)]
pub struct CycleAngles {
    /// The cycle.
    pub cycle: GaitCycle,
    /// Degrees at 0, 1, …, 100 % of it.
    pub degrees: Vec<f64>,
    /// Whether it was left out of mean and spread.
    pub outlier: bool,
}

/// One angle of one side in all its cycles. There is at least one, and at least one is no outlier.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    /// How the angle was measured.
    pub method: AngleMethod,
    /// Whether it rests on an approximation.
    pub approximate: bool,
    /// Every complete straight cycle, in the order given.
    pub cycles: Vec<CycleAngles>,
    /// Index of the representative cycle: nearest to the median curve (RMS).
    pub representative: usize,
}

impl Ensemble {
    /// The cycles that count.
    pub fn kept(&self) -> impl Iterator<Item = &CycleAngles> {
        self.cycles.iter().filter(|cycle| !cycle.outlier)
    }

    /// How many cycles were left out as outliers.
    pub fn outliers(&self) -> usize {
        self.cycles.len() - self.kept().count()
    }

    /// Mean and sample standard deviation of the cycles that count.
    pub fn curve(&self) -> AngleCurve {
        let kept: Vec<&[f64]> = self.kept().map(|c| c.degrees.as_slice()).collect();
        let n = kept.len();
        let mean_deg: Vec<f64> = (0..CURVE_POINTS)
            .map(|point| kept.iter().map(|curve| curve[point]).sum::<f64>() / n as f64)
            .collect();
        let sd = |(point, mean): (usize, &f64)| {
            let squares: f64 = kept.iter().map(|curve| (curve[point] - mean).powi(2)).sum();
            (squares / (n as f64 - 1.0)).sqrt()
        };
        let sd_deg = (n >= 2).then(|| mean_deg.iter().enumerate().map(sd).collect());
        AngleCurve {
            method: self.method,
            approximate: self.approximate,
            n,
            mean_deg,
            sd_deg,
        }
    }
}

/// Mean and spread of every angle over the complete straight cycles of all walks.
///
/// A curve needs one cycle, a spread two. Outlying cycles are left out; [`ensembles`] tells how many.
pub fn curves(items: &[CurveInput<'_>], config: &CurveConfig) -> AngleCurves {
    ensembles(items, config)
        .into_iter()
        .map(|(angle, sides)| (angle, sides.map(|side| Some(side?.curve()))))
        .collect()
}

/// Every angle in every complete straight cycle, outliers marked.
///
/// Where walks measured one angle in different ways, the way with most cycles is kept: means over
/// two models mean nothing.
pub fn ensembles(
    items: &[CurveInput<'_>],
    config: &CurveConfig,
) -> BTreeMap<AngleId, PerSide<Option<Ensemble>>> {
    let ensemble = |angle| PerSide::from_fn(|side| ensemble(items, side, angle, config));
    AngleId::ALL
        .iter()
        .map(|&angle| (angle, ensemble(angle)))
        .filter(|(_, sides)| sides.left.is_some() || sides.right.is_some())
        .collect()
}

fn ensemble(
    items: &[CurveInput<'_>],
    side: Side,
    angle: AngleId,
    config: &CurveConfig,
) -> Option<Ensemble> {
    let mut ways: Vec<(AngleMethod, bool, Vec<CycleAngles>)> = Vec::new();
    for item in items {
        let Some(track) = item.series.track(side, angle) else {
            continue;
        };
        let usable = item.cycles.iter().filter(|c| c.side == side && c.straight);
        let cycles = usable.filter_map(|&cycle| {
            let (start_s, end_s) = (cycle.start_s, cycle.end_s);
            let degrees =
                cycle::normalise(&item.times_s, &track.degrees, start_s, end_s, CURVE_POINTS)?;
            Some(CycleAngles {
                cycle,
                degrees,
                outlier: false,
            })
        });
        let same = |way: &&mut (AngleMethod, bool, Vec<CycleAngles>)| {
            (way.0, way.1) == (track.method, track.approximate)
        };
        match ways.iter_mut().find(same) {
            Some(way) => way.2.extend(cycles),
            None => ways.push((track.method, track.approximate, cycles.collect())),
        }
    }
    // Reversed, so that of equally many cycles the first way wins.
    let most = ways.into_iter().rev().max_by_key(|way| way.2.len());
    let (method, approximate, mut cycles) = most?;
    if cycles.is_empty() {
        return None;
    }
    mark_outliers(&mut cycles, config);
    let distances = distances_deg(&cycles);
    let representative = (0..cycles.len())
        .filter(|&index| !cycles[index].outlier)
        .min_by(|&a, &b| distances[a].total_cmp(&distances[b]))?;
    Some(Ensemble {
        method,
        approximate,
        cycles,
        representative,
    })
}

fn mark_outliers(cycles: &mut [CycleAngles], config: &CurveConfig) {
    if cycles.len() < config.least_cycles {
        return;
    }
    let distances = distances_deg(cycles);
    let centre = median(distances.clone());
    let deviation = median(distances.iter().map(|d| (d - centre).abs()).collect());
    let limit =
        (centre + config.outlier_mads * MAD_TO_SD * deviation).max(config.least_outlier_deg);
    for (cycle, distance) in cycles.iter_mut().zip(distances) {
        cycle.outlier = distance > limit;
    }
}

/// RMS distance of each cycle to the median curve of those not marked as outliers.
fn distances_deg(cycles: &[CycleAngles]) -> Vec<f64> {
    let middle: Vec<f64> = (0..CURVE_POINTS)
        .map(|point| {
            let kept = cycles.iter().filter(|cycle| !cycle.outlier);
            median(kept.map(|cycle| cycle.degrees[point]).collect())
        })
        .collect();
    let distance = |cycle: &CycleAngles| {
        let squares = cycle
            .degrees
            .iter()
            .zip(&middle)
            .map(|(d, m)| (d - m).powi(2));
        (squares.sum::<f64>() / CURVE_POINTS as f64).sqrt()
    };
    cycles.iter().map(distance).collect()
}

/// The median; the mean of the middle two for an even count, 0 for none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::AngleTrack;
    use super::*;

    const RATE_HZ: f64 = 100.0;

    /// Cycles of one second, the angle a sine of the amplitude given for each.
    fn series(amplitudes_deg: &[f64], method: AngleMethod) -> (AngleSeries, Vec<GaitCycle>) {
        let frames = amplitudes_deg.len() * 100 + 1;
        let degrees = (0..frames).map(|frame| {
            let cycle = (frame / 100).min(amplitudes_deg.len() - 1);
            Some(amplitudes_deg[cycle] * (TAU * frame as f64 / RATE_HZ).sin())
        });
        let mut series = AngleSeries::default();
        let track = AngleTrack {
            method,
            approximate: false,
            degrees: degrees.collect(),
        };
        series.insert(Side::Left, AngleId::KneeFlexion, track);
        let cycles = (0..amplitudes_deg.len()).map(|index| cycle_at(index as f64));
        (series, cycles.collect())
    }

    fn cycle_at(start_s: f64) -> GaitCycle {
        GaitCycle {
            side: Side::Left,
            bout: 0,
            start_s,
            opposite_foot_off_s: start_s + 0.1,
            opposite_contact_s: start_s + 0.5,
            foot_off_s: start_s + 0.6,
            end_s: start_s + 1.0,
            previous_opposite_contact_s: None,
            straight: true,
        }
    }

    fn input<'a>(series: &'a AngleSeries, cycles: &'a [GaitCycle]) -> CurveInput<'a> {
        let frames = series.tracks.left[&AngleId::KneeFlexion].degrees.len();
        CurveInput {
            series,
            times_s: (0..frames).map(|frame| frame as f64 / RATE_HZ).collect(),
            cycles,
        }
    }

    fn left_knee(items: &[CurveInput<'_>]) -> Option<Ensemble> {
        let mut found = ensembles(items, &CurveConfig::default());
        found.remove(&AngleId::KneeFlexion)?.left
    }

    #[test]
    fn a_cycle_includes_the_contact_that_closes_it() {
        let (series, cycles) = series(&[10.0], AngleMethod::Markers);
        let curve = left_knee(&[input(&series, &cycles)]).unwrap().curve();
        assert_eq!((curve.mean_deg.len(), curve.n), (101, 1));
        assert!((curve.mean_deg[25] - 10.0).abs() < 1e-4);
        assert!(curve.mean_deg[100].abs() < 1e-4);
        assert_eq!(curve.sd_deg, None, "one cycle has no spread");
    }

    #[test]
    fn mean_and_sample_spread_are_those_of_the_cycles() {
        let (series, cycles) = series(&[10.0, 12.0], AngleMethod::Markers);
        let curve = left_knee(&[input(&series, &cycles)]).unwrap().curve();
        assert!((curve.mean_deg[25] - 11.0).abs() < 1e-3);
        assert!((curve.sd_deg.unwrap()[25] - 2.0_f64.sqrt()).abs() < 1e-3);
    }

    #[test]
    fn an_outlying_cycle_is_counted_and_left_out() {
        let amplitudes = [10.0, 10.2, 9.8, 30.0, 10.1, 9.9, 10.0];
        let (series, cycles) = series(&amplitudes, AngleMethod::Markers);
        let ensemble = left_knee(&[input(&series, &cycles)]).unwrap();
        assert_eq!(ensemble.outliers(), 1);
        assert!(ensemble.cycles[3].outlier);
        assert!((ensemble.curve().mean_deg[25] - 10.0).abs() < 0.01);
        let typical = &ensemble.cycles[ensemble.representative];
        assert!((typical.degrees[25] - 10.0).abs() < 0.01);
    }

    #[test]
    fn small_differences_between_regular_cycles_are_no_outliers() {
        let (series, cycles) = series(&[10.0, 10.0, 10.0, 10.0, 12.0], AngleMethod::Markers);
        let ensemble = left_knee(&[input(&series, &cycles)]).unwrap();
        assert_eq!(ensemble.outliers(), 0);
    }

    #[test]
    fn turning_and_incomplete_cycles_do_not_count() {
        let (mut series, mut cycles) = series(&[10.0, 10.0, 10.0], AngleMethod::Markers);
        cycles[0].straight = false;
        let track = series.tracks.left.get_mut(&AngleId::KneeFlexion).unwrap();
        track.degrees[150] = None;
        cycles.push(cycle_at(2.5));
        let ensemble = left_knee(&[input(&series, &cycles)]).unwrap();
        assert_eq!(ensemble.cycles.len(), 1);
        assert!((ensemble.cycles[0].cycle.start_s - 2.0).abs() < 1e-12);
        assert!(left_knee(&[input(&series, &cycles[..2])]).is_none());
    }

    #[test]
    fn two_ways_of_measuring_are_not_averaged() {
        let (file, file_cycles) = series(&[20.0], AngleMethod::File);
        let (ours, our_cycles) = series(&[10.0, 10.0], AngleMethod::Markers);
        let items = [input(&file, &file_cycles), input(&ours, &our_cycles)];
        let ensemble = left_knee(&items).unwrap();
        assert_eq!(
            (ensemble.method, ensemble.cycles.len()),
            (AngleMethod::Markers, 2)
        );
    }
}
