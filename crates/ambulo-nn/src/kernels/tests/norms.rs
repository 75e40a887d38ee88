//! Norms and gates.

use ambulo_testkit::SeededRng;

use super::super::norm::{Norm, RmsNorm, add, gate};
use super::super::time::TimeNorm;
use super::{close, cpus, gelu, random};

fn plain_norm(row: &[f64], eps: f64) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = row.iter().sum::<f64>() / count;
    let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    row.iter()
        .map(|x| (x - mean) / (variance + eps).sqrt())
        .collect()
}

#[test]
fn norms_agree_with_plain_loops() {
    let mut rng = SeededRng::new(4);
    for cpu in cpus() {
        for width in [1, 2, 7, 16, 31, 64, 512, 545] {
            for eps in [1e-6, 1e-5] {
                let rows = 1 + rng.below(4);
                let stride = width + rng.below(5);
                let (weight, bias) = (random(&mut rng, width), random(&mut rng, width));
                let input = random(&mut rng, rows * stride);
                let norm = Norm::new(cpu, &weight, &bias, eps);
                let mut expected = Vec::new();
                for row in input.chunks_exact(stride) {
                    let row: Vec<f64> = row[..width].iter().map(|&x| f64::from(x)).collect();
                    let normed = plain_norm(&row, f64::from(eps)).into_iter();
                    let terms = weight.iter().zip(&bias);
                    expected.extend(
                        normed
                            .zip(terms)
                            .map(|(x, (&w, &b))| x * f64::from(w) + f64::from(b)),
                    );
                }
                let mut found = vec![0.0; rows * width];
                norm.apply(rows, (&input, stride), (&mut found, width));
                close(&found, &expected, 1e-4, &format!("{:?} {width}", cpu.isa()));
                let mut in_place = input.clone();
                norm.apply_in_place(rows, (&mut in_place, stride));
                let own: Vec<f32> = in_place
                    .chunks_exact(stride)
                    .flat_map(|row| row[..width].to_vec())
                    .collect();
                assert_eq!(own, found, "in place");
                let mut sum = found.clone();
                add(cpu, &mut sum, &weight);
                let plain: Vec<f32> = found.iter().zip(&weight).map(|(a, b)| a + b).collect();
                assert_eq!(sum[..width], plain[..]);
            }
        }
    }
}

#[test]
fn norms_over_time_agree_with_plain_loops() {
    let mut rng = SeededRng::new(5);
    for cpu in cpus() {
        for (frames, channels) in [(1, 3), (5, 1), (30, 16), (121, 19), (13, 64)] {
            let norm = TimeNorm {
                weight: random(&mut rng, frames),
                bias: random(&mut rng, frames),
                eps: 1e-5,
            };
            let data = random(&mut rng, frames * channels);
            let mut expected = vec![0.0; data.len()];
            for c in 0..channels {
                let column: Vec<f64> = (0..frames)
                    .map(|t| f64::from(data[t * channels + c]))
                    .collect();
                for (t, x) in plain_norm(&column, 1e-5).into_iter().enumerate() {
                    let y = x * f64::from(norm.weight[t]) + f64::from(norm.bias[t]);
                    expected[t * channels + c] = gelu(y);
                }
            }
            let mut found = data;
            norm.apply(cpu, channels, &mut found);
            let what = format!("{:?} {frames}×{channels}", cpu.isa());
            close(&found, &expected, 1e-4, &what);
        }
    }
}

#[test]
fn norms_by_the_root_mean_square_and_gates_agree_with_plain_loops() {
    let mut rng = SeededRng::new(22);
    for cpu in cpus() {
        for width in [1, 7, 16, 64, 101] {
            let (weight, input) = (random(&mut rng, width), random(&mut rng, 3 * width));
            let norm = RmsNorm::new(cpu, &weight, 1e-6);
            let mut found = vec![0.0; 3 * width];
            norm.apply(&input, &mut found);
            let expected: Vec<f64> = input
                .chunks(width)
                .flat_map(|row| {
                    let squares = row.iter().map(|&x| f64::from(x).powi(2));
                    let mean = squares.sum::<f64>() / width as f64;
                    let scale = 1.0 / (mean + 1e-6).sqrt();
                    let terms = row.iter().zip(&weight);
                    terms.map(move |(&x, &w)| f64::from(x) * scale * f64::from(w))
                })
                .collect();
            close(&found, &expected, 1e-5, "a norm");
            let mut rows = random(&mut rng, 6 * width);
            rows[0] = 30.0;
            rows[2 * width] = -30.0;
            let before = rows.clone();
            gate(cpu, &mut rows, 2 * width);
            for (row, before) in rows.chunks(2 * width).zip(before.chunks(2 * width)) {
                let expected: Vec<f64> = (0..width)
                    .map(|i| {
                        let (x, factor) = (f64::from(before[i]), f64::from(before[width + i]));
                        let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                        0.5 * x * (1.0 + u.tanh()) * factor
                    })
                    .collect();
                close(&row[..width], &expected, 1e-5, "a gate");
            }
        }
    }
}
