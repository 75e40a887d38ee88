//! The freezing index: trembling against walking in the movement of the shank.

use std::f64::consts::TAU;

use super::view::StrideView;
use super::{ParameterConfig, Range};
use crate::cycles::GaitCycle;
use crate::walk::Walk;

/// The band of freezing, in hertz.
const FREEZE_HZ: Range = Range {
    least: 3.0,
    most: 8.0,
};
/// The band of locomotion, in hertz.
const WALK_HZ: Range = Range {
    least: 0.5,
    most: 3.0,
};

/// Power of the shank's vertical acceleration in 3–8 Hz over that in 0.5–3 Hz.
///
/// Taken from the window of walking whose middle is nearest the cycle's; `None` if the bout is
/// shorter than the window, has gaps in it, or fewer than 20 frames a second.
///
/// # Source
///
/// Moore, `MacDougall` & Ondo (2008), "Ambulatory monitoring of freezing of gait in Parkinson's
/// disease", doi:10.1016/j.jneumeth.2007.08.023.
pub(super) fn index(view: &StrideView<'_>) -> Option<f64> {
    let window_s = view.config.freezing_window_s;
    let walk = view.walk;
    let rate_hz = walk.time().rate_hz()?;
    if walk.time().duration_s() < window_s || rate_hz < 20.0 || window_s <= 0.0 {
        return None;
    }
    let middle_s = f64::midpoint(view.cycle.start_s, view.cycle.end_s) - walk.start_time_s();
    let latest_s = walk.time().duration_s() - window_s;
    let from_s = (middle_s - window_s / 2.0).clamp(0.0, latest_s);
    let heights = shank_heights(walk, &view.cycle, from_s, window_s, rate_hz)?;
    let freezing = band_power(&heights, window_s, FREEZE_HZ);
    let walking = band_power(&heights, window_s, WALK_HZ);
    (walking > 0.0).then(|| freezing / walking)
}

/// Height of the middle of the shank at even steps of about the frame rate.
fn shank_heights(
    walk: &Walk,
    cycle: &GaitCycle,
    from_s: f64,
    window_s: f64,
    rate_hz: f64,
) -> Option<Vec<f64>> {
    let (knee, ankle) = (walk.knee(cycle.side)?, walk.ankle(cycle.side)?);
    // 4096 samples hold six seconds at 680 Hz; a higher rate adds nothing below 8 Hz.
    let samples = (0..4096_u16)
        .map(f64::from)
        .take_while(|&sample| sample + 0.5 < (window_s * rate_hz).min(4096.0));
    let step_s = 1.0 / rate_hz.min(4096.0 / window_s);
    samples
        .map(|sample| {
            let local_s = from_s + sample * step_s;
            let knee = walk.position_at(knee, local_s)?;
            let ankle = walk.position_at(ankle, local_s)?;
            Some(f64::midpoint(knee.y, ankle.y))
        })
        .collect()
}

/// Power of the second derivative in a band, from the Hann-windowed spectrum of the positions.
fn band_power(heights: &[f64], window_s: f64, band_hz: Range) -> f64 {
    let n = heights.len() as f64;
    let mean = heights.iter().sum::<f64>() / n.max(1.0);
    let windowed: Vec<f64> = heights
        .iter()
        .enumerate()
        .map(|(i, h)| (h - mean) * (0.5 - 0.5 * (TAU * i as f64 / n).cos()))
        .collect();
    (1..1024_u16)
        .map(f64::from)
        .map(|cycles| (cycles, cycles / window_s))
        .filter(|(_, hz)| *hz >= band_hz.least && *hz < band_hz.most)
        .map(|(cycles, hz)| {
            let (mut real, mut imaginary) = (0.0, 0.0);
            for (i, h) in windowed.iter().enumerate() {
                let (sin, cos) = (TAU * cycles * i as f64 / n).sin_cos();
                real += h * cos;
                imaginary += h * sin;
            }
            (TAU * hz).powi(4) * (real * real + imaginary * imaginary)
        })
        .sum()
}

/// Why a bout has no freezing index, for people.
pub(super) fn requirement(config: &ParameterConfig) -> String {
    format!(
        "knee and ankle without gaps over {} s of uninterrupted walking at 20 frames a second or more",
        config.freezing_window_s
    )
}
