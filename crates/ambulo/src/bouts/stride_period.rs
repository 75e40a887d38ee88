//! How long a stride takes, from the rhythm of any signal that repeats once a stride.

use super::path::median;

/// Rate at which the rhythm is sought.
const GRID_HZ: f64 = 50.0;
/// Shortest and longest stride that is believed (40 to 200 steps a minute, with some room).
const RANGE_S: [f64; 2] = [0.5, 3.2];
/// Correlation of the signal with itself a stride later, below which there is no rhythm.
const MIN_CORRELATION: f64 = 0.35;

/// The duration of a stride: the first strong peak of the autocorrelation of a signal that
/// repeats once a stride (such as left minus right foot along the walk).
///
/// Where the stretch is too short for that, twice the median time between changes of sign of
/// the centred signal serves. `None` if neither shows a rhythm.
pub(crate) fn stride_period_s(times_s: &[f64], values: &[Option<f64>]) -> Option<f64> {
    let grid = resampled(times_s, values);
    let known: Vec<f64> = grid.iter().flatten().copied().collect();
    if (known.len() as f64) < RANGE_S[0] * GRID_HZ {
        return None;
    }
    let mean = known.iter().sum::<f64>() / known.len() as f64;
    let centred: Vec<Option<f64>> = grid.iter().map(|v| v.map(|v| v - mean)).collect();
    autocorrelation_peak(&centred).or_else(|| from_sign_changes(&centred))
}

fn resampled(times_s: &[f64], values: &[Option<f64>]) -> Vec<Option<f64>> {
    let (Some(&first_s), Some(&last_s)) = (times_s.first(), times_s.last()) else {
        return Vec::new();
    };
    let mut grid = Vec::new();
    let mut after = 0;
    for index in 0_u32.. {
        let time_s = first_s + f64::from(index) / GRID_HZ;
        if time_s > last_s || index > 500_000 {
            break;
        }
        while times_s[after] < time_s {
            after += 1;
        }
        grid.push(if times_s[after] <= time_s {
            values[after]
        } else {
            let (a_s, b_s) = (times_s[after - 1], times_s[after]);
            let share = (time_s - a_s) / (b_s - a_s);
            values[after - 1]
                .zip(values[after])
                .map(|(a, b)| a + share * (b - a))
        });
    }
    grid
}

fn autocorrelation_peak(signal: &[Option<f64>]) -> Option<f64> {
    let lag_of = |seconds: f64| -> usize {
        let lags = (seconds * GRID_HZ).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rounded positive number below 1000"
        )]
        let lag = lags as usize;
        lag
    };
    // A lag needs at least 60 % as much overlap as it is long to say anything.
    let longest = lag_of(RANGE_S[1]).min(signal.len() * 5 / 8);
    let shortest = lag_of(RANGE_S[0]);
    if longest <= shortest + 2 {
        return None;
    }
    let correlation: Vec<f64> = (shortest - 1..=longest + 1)
        .map(|lag| correlation_at(signal, lag).unwrap_or(-1.0))
        .collect();
    let peaks: Vec<usize> = (1..correlation.len() - 1)
        .filter(|&i| {
            correlation[i] >= MIN_CORRELATION
                && correlation[i] > correlation[i - 1]
                && correlation[i] >= correlation[i + 1]
        })
        .collect();
    let highest = peaks
        .iter()
        .map(|&i| correlation[i])
        .max_by(f64::total_cmp)?;
    let &first = peaks.iter().find(|&&i| correlation[i] >= 0.8 * highest)?;
    let [before, at, after] = [
        correlation[first - 1],
        correlation[first],
        correlation[first + 1],
    ];
    let bend = before - 2.0 * at + after;
    let offset = if bend < 0.0 {
        0.5 * (before - after) / bend
    } else {
        0.0
    };
    Some(((shortest - 1 + first) as f64 + offset) / GRID_HZ)
}

fn correlation_at(signal: &[Option<f64>], lag: usize) -> Option<f64> {
    let (mut product, mut power_a, mut power_b) = (0.0, 0.0, 0.0);
    for (a, b) in signal.iter().zip(signal.get(lag..)?) {
        if let (Some(a), Some(b)) = (a, b) {
            product += a * b;
            power_a += a * a;
            power_b += b * b;
        }
    }
    let power = (power_a * power_b).sqrt();
    (power > 0.0).then(|| product / power)
}

fn from_sign_changes(signal: &[Option<f64>]) -> Option<f64> {
    let peak = signal
        .iter()
        .flatten()
        .map(|value| value.abs())
        .max_by(f64::total_cmp)?;
    // A change counts once the signal has gone well to the other side: noise around zero does not.
    let limit = 0.25 * peak;
    let mut changes_s = Vec::new();
    let mut state = 0.0;
    let mut crossed_at = 0;
    let mut last_sign = 0.0;
    for (index, value) in signal.iter().enumerate() {
        let Some(value) = *value else { continue };
        let sign = value.signum();
        if sign * last_sign < 0.0 {
            crossed_at = index;
        }
        last_sign = sign;
        if value.abs() >= limit && sign * state <= 0.0 {
            if state != 0.0 {
                changes_s.push(crossed_at as f64 / GRID_HZ);
            }
            state = sign;
        }
    }
    let halves: Vec<f64> = changes_s.windows(2).map(|w| w[1] - w[0]).collect();
    median(halves)
        .map(|half_s| 2.0 * half_s)
        .filter(|stride_s| (RANGE_S[0]..=RANGE_S[1]).contains(stride_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period_of(rate_hz: f64, duration_s: f64, stride_s: f64) -> Option<f64> {
        let mut times_s = vec![0.0];
        while times_s[times_s.len() - 1] < duration_s {
            times_s.push(times_s.len() as f64 / rate_hz);
        }
        let values: Vec<Option<f64>> = times_s
            .iter()
            .map(|t| {
                let phase = std::f64::consts::TAU * t / stride_s;
                Some(phase.cos() + 0.3 * (3.0 * phase).sin())
            })
            .collect();
        stride_period_s(&times_s, &values)
    }

    #[test]
    fn the_period_is_found_at_any_rate_and_pace() {
        for rate_hz in [25.0, 29.97, 60.0, 150.0] {
            for stride_s in [0.7, 1.1, 2.1] {
                let found = period_of(rate_hz, 8.0, stride_s).unwrap();
                assert!((found - stride_s).abs() < 0.02, "{found} for {stride_s}");
            }
        }
    }

    #[test]
    fn one_and_a_half_strides_are_enough() {
        let found = period_of(100.0, 1.65, 1.1).unwrap();
        assert!((found - 1.1).abs() < 0.15, "{found}");
    }

    #[test]
    fn stillness_has_no_period() {
        let times_s: Vec<f64> = (0..300).map(|i| f64::from(i) / 100.0).collect();
        assert_eq!(stride_period_s(&times_s, &vec![Some(1.0); 300]), None);
        assert_eq!(stride_period_s(&[], &[]), None);
    }
}
