//! Errors after the prediction has been laid over the reference (Procrustes), frame by frame.

use nalgebra::{Matrix3, Point3, Vector3};

use super::{PosePair, frame_error};
use crate::metrics::mean;

/// What may be changed to lay one pose over another. Mirroring never may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// Rotation, translation and scale: P-MPJPE as papers report it ("protocol 2").
    Similarity,
    /// Rotation and translation.
    Rigid,
}

/// A pose laid over another, and by how much it was scaled.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// The joints of the prediction, in the reference's place.
    pub positions: Vec<Point3<f64>>,
    /// The factor the prediction was multiplied by; 1 for [`Alignment::Rigid`].
    pub scale: f64,
}

/// Lays one pose over another so that the sum of squared distances is least.
///
/// A prediction whose joints all coincide ends in the reference's centre.
///
/// # Source
///
/// Umeyama (1991), doi:10.1109/34.88573.
pub fn align(
    predicted: &[Point3<f64>],
    reference: &[Point3<f64>],
    alignment: Alignment,
) -> Aligned {
    let (p_centre, r_centre) = (centre(predicted), centre(reference));
    let mut cross = Matrix3::zeros();
    let mut p_square = 0.0;
    for (p, r) in predicted.iter().zip(reference) {
        let (p, r) = (p.coords - p_centre, r.coords - r_centre);
        cross += r * p.transpose();
        p_square += p.norm_squared();
    }
    let svd = cross.svd(true, true);
    let (u, v_t) = (
        svd.u.unwrap_or_else(Matrix3::identity),
        svd.v_t.unwrap_or_else(Matrix3::identity),
    );
    // Without this sign the best orthogonal matrix of a mirrored pose would be a reflection.
    let handed = if (u * v_t).determinant() < 0.0 {
        -1.0
    } else {
        1.0
    };
    let signs = Vector3::new(1.0, 1.0, handed);
    let rotation = u * Matrix3::from_diagonal(&signs) * v_t;
    let scale = match alignment {
        Alignment::Rigid => 1.0,
        Alignment::Similarity if p_square > 0.0 => svd.singular_values.dot(&signs) / p_square,
        Alignment::Similarity => 0.0,
    };
    let positions = predicted
        .iter()
        .map(|p| Point3::from(rotation * (p.coords - p_centre) * scale + r_centre))
        .collect();
    Aligned { positions, scale }
}

fn centre(pose: &[Point3<f64>]) -> Vector3<f64> {
    let sum: Vector3<f64> = pose.iter().map(|p| p.coords).sum();
    sum / pose.len().max(1) as f64
}

/// MPJPE after alignment of each frame: P-MPJPE for [`Alignment::Similarity`].
///
/// # Source
///
/// Martinez et al. (2017), arXiv:1705.03098, "protocol 2".
pub fn aligned_error(pair: &PosePair, alignment: Alignment) -> f64 {
    mean(aligned_errors(pair, alignment).into_iter())
}

/// [`aligned_error`] of each frame.
pub fn aligned_errors(pair: &PosePair, alignment: Alignment) -> Vec<f64> {
    pair.each_frame()
        .map(|(p, r)| frame_error(&align(p, r, alignment).positions, r))
        .collect()
}

/// MPJPE after each frame of the prediction is scaled about the origin (N-MPJPE, "protocol 3").
///
/// # Source
///
/// Rhodin et al. (2018), arXiv:1803.04775.
pub fn scale_aligned_error(pair: &PosePair) -> f64 {
    mean(pair.each_frame().map(|(predicted, reference)| {
        let dot = |a: &[Point3<f64>], b: &[Point3<f64>]| -> f64 {
            a.iter().zip(b).map(|(a, b)| a.coords.dot(&b.coords)).sum()
        };
        let square = dot(predicted, predicted);
        let scale = if square > 0.0 {
            dot(predicted, reference) / square
        } else {
            0.0
        };
        mean(
            predicted
                .iter()
                .zip(reference)
                .map(|(p, r)| (p.coords * scale - r.coords).norm()),
        )
    }))
}

#[cfg(test)]
mod tests {
    use nalgebra::Rotation3;

    use super::*;
    use crate::synth::SeededRng;

    fn pose(rng: &mut SeededRng) -> Vec<Point3<f64>> {
        (0..17)
            .map(|_| Point3::new(rng.normal(), rng.normal(), rng.normal()))
            .collect()
    }

    #[test]
    fn any_similarity_copy_has_no_error_and_is_scaled_back() {
        let mut rng = SeededRng::new(11);
        for _ in 0..50 {
            let reference = pose(&mut rng);
            let rotation = Rotation3::new(Vector3::new(rng.normal(), rng.normal(), rng.normal()));
            let scale = 0.2 + 3.0 * rng.unit();
            let shift = Vector3::new(rng.normal(), rng.normal(), rng.normal());
            let copy: Vec<_> = reference
                .iter()
                .map(|p| Point3::from(rotation * p.coords * scale + shift))
                .collect();
            let aligned = align(&copy, &reference, Alignment::Similarity);
            assert!((aligned.scale * scale - 1.0).abs() < 1e-12);
            let pair = PosePair::new(17, &copy, &reference).unwrap();
            assert!(aligned_error(&pair, Alignment::Similarity) < 1e-12);
            assert!(aligned_error(&pair, Alignment::Rigid) > 0.01 * (scale - 1.0).abs());
        }
    }

    #[test]
    fn a_mirror_image_is_not_a_copy() {
        let reference = pose(&mut SeededRng::new(3));
        let mirrored: Vec<_> = reference
            .iter()
            .map(|p| Point3::new(-p.x, p.y, p.z))
            .collect();
        let pair = PosePair::new(17, &mirrored, &reference).unwrap();
        assert!(aligned_error(&pair, Alignment::Similarity) > 0.1);
    }

    #[test]
    fn a_pose_of_one_point_ends_in_the_centre() {
        let reference = [Point3::new(1.0, 0.0, 0.0), Point3::new(3.0, 0.0, 0.0)];
        let aligned = align(
            &[Point3::origin(), Point3::origin()],
            &reference,
            Alignment::Similarity,
        );
        assert_eq!(aligned.positions, [Point3::new(2.0, 0.0, 0.0); 2]);
        let origin = [Point3::origin(); 2];
        let pair = PosePair::new(2, &origin, &reference).unwrap();
        assert!((scale_aligned_error(&pair) - 2.0).abs() < 1e-15);
    }
}
