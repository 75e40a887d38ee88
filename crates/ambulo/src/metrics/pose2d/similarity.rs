//! Object keypoint similarity (OKS), and people found twice.

/// How far annotators differ in each joint of [`crate::skeleton::COCO_23`], as a share of the square root
/// of the person's area.
///
/// # Source
///
/// The COCO keypoint evaluation (17 joints); Jin et al. (2020), COCO-WholeBody, arXiv:2007.11858 (feet).
pub const KEYPOINT_SIGMAS: [f64; 23] = [
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107,
    0.087, 0.087, 0.089, 0.089, 0.068, 0.066, 0.066, 0.092, 0.094, 0.094,
];

/// How similar a joint is to the reference, from 0 to 1: exp(−d² / (2 · area · (2σ)²)).
pub fn keypoint_similarity(squared_distance_px2: f64, area_px2: f64, sigma: f64) -> f64 {
    (-exponent(squared_distance_px2, area_px2, sigma)).exp()
}

/// In the order of the evaluation's own arithmetic.
pub(super) fn exponent(squared_distance_px2: f64, area_px2: f64, sigma: f64) -> f64 {
    let spread = 2.0 * sigma;
    squared_distance_px2 / (spread * spread) / (area_px2 + f64::EPSILON) / 2.0
}

/// How similar two findings are: the mean over all joints, with the mean of both areas.
///
/// Joints beyond the shortest of the three lists do not count; without any the similarity is 0.
pub fn people_similarity(a: (&[[f64; 2]], f64), b: (&[[f64; 2]], f64), sigmas: &[f64]) -> f64 {
    let joints = a.0.len().min(b.0.len()).min(sigmas.len());
    if joints == 0 {
        return 0.0;
    }
    let area_px2 = f64::midpoint(a.1, b.1);
    let sum: f64 =
        a.0.iter()
            .zip(b.0)
            .zip(sigmas)
            .map(|((a, b), &sigma)| {
                let apart = (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
                keypoint_similarity(apart, area_px2, sigma)
            })
            .sum();
    sum / joints as f64
}

/// Which of several findings to keep, best first: going from the highest score down, each one that is
/// more similar than `most` to one that is kept is left out.
///
/// A finding is its joints in pixels, its score and its area in px².
pub fn suppressed(findings: &[(&[[f64; 2]], f64, f64)], sigmas: &[f64], most: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    order.sort_by(|&a, &b| findings[b].1.total_cmp(&findings[a].1));
    let mut kept: Vec<usize> = Vec::new();
    for candidate in order {
        let (joints, _, area_px2) = findings[candidate];
        let repeats = |&better: &usize| {
            let (others, _, other_area_px2) = findings[better];
            people_similarity((others, other_area_px2), (joints, area_px2), sigmas) > most
        };
        if !kept.iter().any(repeats) {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_pixels_on_a_person_of_a_hundred_count_by_joint() {
        let at = |joint: usize| keypoint_similarity(100.0, 1e4, KEYPOINT_SIGMAS[joint]);
        for (joint, expected) in [(0, 0.1574), (5, 0.8185), (11, 0.8966), (15, 0.8540)] {
            assert!(
                (at(joint) - expected).abs() < 5e-5,
                "{joint}: {}",
                at(joint)
            );
        }
    }

    #[test]
    fn findings_without_joints_are_unlike_all_and_stay() {
        let none: &[[f64; 2]] = &[];
        assert_eq!(
            suppressed(&[(none, 1.0, 1.0), (none, 2.0, 1.0)], &[0.1], 0.5),
            [1, 0]
        );
    }
}
