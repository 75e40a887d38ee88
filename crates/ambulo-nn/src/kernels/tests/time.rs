//! Filters, poolings and interpolation over time.

use ambulo_testkit::SeededRng;

use super::super::time::{Filter, Rows, TimeConv, filter, pool_row, pool_window};
use super::{close, cpus, random};

#[test]
fn pooling_windows_are_those_of_adaptive_pooling() {
    let windows = |from: usize, to: usize| -> Vec<(usize, usize)> {
        (0..to)
            .map(|i| pool_window(from, to, i))
            .map(|window| (window.start, window.len()))
            .collect()
    };
    // 243 to 121 and 121 to 60: three wide, one shared; 60 to 30: pairs.
    assert!(
        windows(243, 121)[..120]
            .iter()
            .enumerate()
            .all(|(i, &w)| w == (2 * i, 3))
    );
    assert_eq!(windows(243, 121)[120], (240, 3));
    assert_eq!(windows(121, 60)[..2], [(0, 3), (2, 3)]);
    assert!(
        windows(60, 30)
            .iter()
            .enumerate()
            .all(|(i, &w)| w == (2 * i, 2))
    );
    // Ten wide; number 26 straddles the last frame of the clip.
    assert_eq!(windows(273, 30)[26], (236, 10));
    let signal: Vec<f32> = (0..9_u8).map(f32::from).collect();
    for cpu in cpus() {
        for (to, expected) in [(4, &[1.0, 3.0, 5.0, 7.0][..]), (2, &[2.0, 6.0])] {
            let mut found = vec![0.0; to];
            filter(cpu, Filter::Pool, 1, &signal, &mut found);
            close(&found, expected, 1e-6, "pooled ramp");
        }
    }
}

#[test]
fn pooling_runs_over_two_parts_as_over_one() {
    let mut rng = SeededRng::new(6);
    for cpu in cpus() {
        let (clip, memory, width) = (27, 3, 21);
        let data = random(&mut rng, (clip + memory) * width);
        let rows = |offset: usize, count| Rows {
            data: &data,
            offset: offset * width,
            stride: width,
            count,
        };
        for i in 0..memory {
            let (mut one, mut two) = (vec![0.0; width], vec![0.0; width]);
            pool_row(cpu, &[rows(0, clip + memory)], (memory, i), &mut one);
            let parts = [rows(0, clip), rows(clip, memory)];
            pool_row(cpu, &parts, (memory, i), &mut two);
            assert_eq!(one, two);
            let window = pool_window(clip + memory, memory, i);
            let expected: Vec<f64> = (0..width)
                .map(|c| {
                    let sum: f64 = window.clone().map(|r| f64::from(data[r * width + c])).sum();
                    sum / window.len() as f64
                })
                .collect();
            close(&one, &expected, 1e-5, "pooled rows");
        }
    }
}

#[test]
fn strided_convolutions_and_interpolation_agree_with_plain_loops() {
    let mut rng = SeededRng::new(7);
    for cpu in cpus() {
        for (length, channels, taps) in [(1, 1, 2), (4, 5, 3), (30, 16, 2), (61, 37, 3)] {
            let weights = random(&mut rng, channels * taps);
            let bias = random(&mut rng, channels);
            let conv = TimeConv::new(&weights, &bias);
            let what = format!("{:?} {length}×{channels}×{taps}", cpu.isa());
            let at = |x: &[f32], t: usize, c: usize| f64::from(x[t * channels + c]);
            // Up: each input spreads over `taps` outputs.
            let short = random(&mut rng, length * channels);
            let up = 2 * (length - 1) + taps;
            let mut expected: Vec<f64> = (0..up)
                .flat_map(|_| bias.iter().map(|&b| f64::from(b)))
                .collect();
            for t in 0..length {
                for c in 0..channels {
                    for tap in 0..taps {
                        expected[(2 * t + tap) * channels + c] +=
                            at(&short, t, c) * f64::from(weights[c * taps + tap]);
                    }
                }
            }
            let mut found = vec![0.0; up * channels];
            filter(cpu, Filter::Up(&conv, 0), channels, &short, &mut found);
            close(&found, &expected, 1e-4, &what);
            // Down again.
            let mut expected = vec![0.0; length * channels];
            for t in 0..length {
                for c in 0..channels {
                    let products = (0..taps)
                        .map(|tap| at(&found, 2 * t + tap, c) * f64::from(weights[c * taps + tap]));
                    expected[t * channels + c] = f64::from(bias[c]) + products.sum::<f64>();
                }
            }
            let mut down = vec![0.0; length * channels];
            filter(cpu, Filter::Down(&conv, 0), channels, &found, &mut down);
            close(&down, &expected, 1e-4, &what);
            // Interpolation with ends aligned.
            let mut stretched = vec![0.0; up * channels];
            filter(cpu, Filter::Interpolate, channels, &short, &mut stretched);
            let expected: Vec<f64> = (0..up)
                .flat_map(|i| {
                    let place = i as f64 * (length - 1) as f64 / (up - 1) as f64;
                    let short = &short;
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a small whole number"
                    )]
                    let low = (place.floor() as usize).min(length.saturating_sub(2));
                    let high = (low + 1).min(length - 1);
                    (0..channels).map(move |c| {
                        let (low, high, share) =
                            (at(short, low, c), at(short, high, c), place - low as f64);
                        low + (high - low) * share
                    })
                })
                .collect();
            close(&stretched, &expected, 1e-4, &what);
        }
    }
}
