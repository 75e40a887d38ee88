//! Intervals of measures whose values come in clusters: several recordings of one person are not several people.

use std::collections::BTreeMap;

use crate::synth::SeededRng;

/// Draws for an interval.
pub const DRAWS: usize = 1000;

/// The 95 % interval of each of several measures, by drawing whole clusters with replacement [`DRAWS`] times:
/// from the 2.5th to the 97.5th percentile of what the draws give.
///
/// `clusters` names the cluster of each value. `measures` is given places of values, some of them several
/// times, and answers `None` for what has no value there. The same arguments always give the same intervals.
///
/// A measure has no interval if there is only one cluster, or if it has a value in fewer than half of the
/// draws.
///
/// # Source
///
/// Field & Welsh (2007), "Bootstrapping clustered data", doi:10.1111/j.1467-9868.2007.00593.x.
pub fn clustered<K: Ord, const N: usize>(
    clusters: &[K],
    seed: u64,
    mut measures: impl FnMut(&[usize]) -> [Option<f64>; N],
) -> [Option<[f64; 2]>; N] {
    let mut members: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    for (place, cluster) in clusters.iter().enumerate() {
        members.entry(cluster).or_default().push(place);
    }
    let members: Vec<Vec<usize>> = members.into_values().collect();
    if members.len() < 2 {
        return [None; N];
    }
    let mut rng = SeededRng::new(seed);
    let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(DRAWS));
    let mut places = Vec::with_capacity(clusters.len());
    for _ in 0..DRAWS {
        places.clear();
        for _ in 0..members.len() {
            places.extend_from_slice(&members[rng.below(members.len())]);
        }
        for (found, value) in found.iter_mut().zip(measures(&places)) {
            found.extend(value.filter(|value| value.is_finite()));
        }
    }
    found.map(interval)
}

fn interval(mut values: Vec<f64>) -> Option<[f64; 2]> {
    if 2 * values.len() < DRAWS {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 40;
    Some([values[cut], values[values.len() - 1 - cut]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_interval(clusters: &[usize], values: &[f64]) -> Option<[f64; 2]> {
        let mean = |places: &[usize]| {
            let sum: f64 = places.iter().map(|&place| values[place]).sum();
            [Some(sum / places.len() as f64)]
        };
        clustered(clusters, 1, mean)[0]
    }

    #[test]
    fn the_mean_of_many_values_has_the_interval_of_the_textbook() {
        let mut rng = SeededRng::new(4);
        let values: Vec<f64> = (0..400).map(|_| rng.normal()).collect();
        let clusters: Vec<usize> = (0..400).collect();
        let [low, high] = mean_interval(&clusters, &values).unwrap();
        let width = 2.0 * 1.96 / 400.0_f64.sqrt();
        assert!(((high - low) / width - 1.0).abs() < 0.12, "{low} to {high}");
    }

    #[test]
    fn repeating_a_person_s_recordings_narrows_nothing() {
        let people: Vec<usize> = (0..20).collect();
        let values: Vec<f64> = people.iter().map(|&i| (i as f64 * 0.7).sin()).collect();
        let once = mean_interval(&people, &values);
        let repeated: Vec<usize> = people.iter().flat_map(|&i| [i; 5]).collect();
        let often: Vec<f64> = values.iter().flat_map(|&v| [v; 5]).collect();
        let [a, b] = [once, mean_interval(&repeated, &often)].map(Option::unwrap);
        assert!((a[0] - b[0]).abs() < 1e-12 && (a[1] - b[1]).abs() < 1e-12);
    }

    #[test]
    fn one_person_and_measures_without_a_value_have_no_interval() {
        assert_eq!(mean_interval(&[3, 3, 3], &[1.0, 2.0, 3.0]), None);
        let none = clustered(&[0, 1], 1, |_| [None, Some(2.0)]);
        assert_eq!(none, [None, Some([2.0, 2.0])]);
    }
}
