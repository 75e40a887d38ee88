//! Butterworth filters, forward and zero-lag, with the results of SciPy.
//!
//! Source: the bilinear transform of the analogue prototype with pre-warped cut-offs
//! (Oppenheim & Schafer, Discrete-Time Signal Processing, chapter 7); second-order sections are
//! paired as `scipy.signal.zpk2sos` pairs them, and ends are padded as `filtfilt` pads them.

use std::f64::consts::PI;

use nalgebra::Complex;

use super::{SignalError, positive};

/// The highest order offered.
const HIGHEST_ORDER: usize = 12;

/// A digital Butterworth filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Butterworth {
    b: Vec<f64>,
    a: Vec<f64>,
    sos: Vec<[f64; 6]>,
}

/// Zeros, poles and gain.
struct Zpk {
    zeros: Vec<Complex<f64>>,
    poles: Vec<Complex<f64>>,
    gain: f64,
}

impl Butterworth {
    /// Passes what is slower than the cut-off (−3 dB for one pass).
    ///
    /// # Errors
    ///
    /// [`SignalError`] if the order is not 1 to 12 or the cut-off not inside 0 to half the rate.
    pub fn lowpass(order: usize, cutoff_hz: f64, rate_hz: f64) -> Result<Self, SignalError> {
        let warped = warp(cutoff_hz, rate_hz)?;
        let poles = prototype(order)?;
        Ok(Self::from_analogue(&Zpk {
            zeros: Vec::new(),
            gain: warped.powi(small(order)),
            poles: poles.into_iter().map(|p| p * warped).collect(),
        }))
    }

    /// Passes what is faster than the cut-off.
    ///
    /// # Errors
    ///
    /// As [`Butterworth::lowpass`].
    pub fn highpass(order: usize, cutoff_hz: f64, rate_hz: f64) -> Result<Self, SignalError> {
        let warped = warp(cutoff_hz, rate_hz)?;
        let poles = prototype(order)?;
        let gain = 1.0 / poles.iter().map(|p| -p).product::<Complex<f64>>().re;
        Ok(Self::from_analogue(&Zpk {
            zeros: vec![Complex::new(0.0, 0.0); order],
            poles: poles.into_iter().map(|p| p.inv() * warped).collect(),
            gain,
        }))
    }

    /// Passes what lies between two cut-offs; the filter has twice the order.
    ///
    /// # Errors
    ///
    /// As [`Butterworth::lowpass`], or if the band is empty.
    pub fn bandpass(
        order: usize,
        low_hz: f64,
        high_hz: f64,
        rate_hz: f64,
    ) -> Result<Self, SignalError> {
        let (low, high) = (warp(low_hz, rate_hz)?, warp(high_hz, rate_hz)?);
        if low >= high {
            return Err(SignalError::BadCutoff {
                cutoff_hz: high_hz,
                rate_hz,
            });
        }
        let (width, centre_squared) = (high - low, low * high);
        let prototype = prototype(order)?;
        let split = |sign: f64| {
            prototype.iter().map(move |p| {
                let half = p * (width / 2.0);
                half + (half * half - centre_squared).sqrt() * sign
            })
        };
        Ok(Self::from_analogue(&Zpk {
            zeros: vec![Complex::new(0.0, 0.0); order],
            poles: split(1.0).chain(split(-1.0)).collect(),
            gain: width.powi(small(order)),
        }))
    }

    /// The bilinear transform at a rate of 2, then polynomials and sections.
    fn from_analogue(analogue: &Zpk) -> Self {
        const TWICE_RATE: f64 = 4.0;
        let digital = |s: &Complex<f64>| (s + TWICE_RATE) / (-s + TWICE_RATE);
        let over = |roots: &[Complex<f64>]| -> Complex<f64> {
            roots.iter().map(|root| -root + TWICE_RATE).product()
        };
        let gain = analogue.gain * (over(&analogue.zeros) / over(&analogue.poles)).re;
        let mut zeros: Vec<f64> = analogue.zeros.iter().map(|z| digital(z).re).collect();
        zeros.resize(analogue.poles.len(), -1.0);
        let poles: Vec<Complex<f64>> = analogue.poles.iter().map(digital).collect();
        let complex_zeros: Vec<_> = zeros.iter().map(|&z| Complex::new(z, 0.0)).collect();
        Self {
            b: polynomial(&complex_zeros)
                .iter()
                .map(|c| c * gain)
                .collect(),
            a: polynomial(&poles),
            sos: sections(zeros, &poles, gain),
        }
    }

    /// Coefficients of the numerator, from the newest sample back.
    pub fn b(&self) -> &[f64] {
        &self.b
    }

    /// Coefficients of the denominator; the first is 1.
    pub fn a(&self) -> &[f64] {
        &self.a
    }

    /// Second-order sections, each `b0 b1 b2 1 a1 a2`.
    pub fn sos(&self) -> &[[f64; 6]] {
        &self.sos
    }

    /// The state of [`Butterworth::lfilter`] that holds a constant input of 1 in balance.
    pub fn initial_state(&self) -> Vec<f64> {
        balance(&self.b, &self.a)
    }

    /// One forward pass from a state of zero, as a recording device would filter.
    pub fn lfilter(&self, signal: &[f64]) -> Vec<f64> {
        let mut state = vec![0.0; self.a.len() - 1];
        pass(&self.b, &self.a, signal, &mut state)
    }

    /// Samples that [`Butterworth::filtfilt`] adds to each end.
    pub fn default_padding(&self) -> usize {
        3 * self.a.len()
    }

    /// Samples that [`Butterworth::sosfiltfilt`] adds to each end.
    pub fn default_sos_padding(&self) -> usize {
        let trailing = |column: usize| self.sos.iter().filter(|s| s[column] == 0.0).count();
        3 * (2 * self.sos.len() + 1 - trailing(2).min(trailing(5)))
    }

    /// A forward and a backward pass by the polynomials: no lag, twice the order.
    ///
    /// # Errors
    ///
    /// [`SignalError::TooShort`] unless there are more samples than padding.
    pub fn filtfilt(&self, signal: &[f64]) -> Result<Vec<f64>, SignalError> {
        let state = self.initial_state();
        both_ways(signal, self.default_padding(), |signal| {
            let mut state: Vec<f64> = state.iter().map(|s| s * signal[0]).collect();
            pass(&self.b, &self.a, signal, &mut state)
        })
    }

    /// A forward and a backward pass by second-order sections: as [`Butterworth::filtfilt`], but
    /// exact for low cut-offs and high orders too.
    ///
    /// # Errors
    ///
    /// [`SignalError::TooShort`] unless there are more samples than padding.
    pub fn sosfiltfilt(&self, signal: &[f64]) -> Result<Vec<f64>, SignalError> {
        self.sosfiltfilt_padded(signal, self.default_sos_padding())
    }

    /// As [`Butterworth::sosfiltfilt`], with another number of samples added to each end.
    ///
    /// # Errors
    ///
    /// [`SignalError::TooShort`] unless there are more samples than padding.
    pub fn sosfiltfilt_padded(
        &self,
        signal: &[f64],
        padding: usize,
    ) -> Result<Vec<f64>, SignalError> {
        both_ways(signal, padding, |signal| {
            let mut scale = signal[0];
            let mut passed = signal.to_vec();
            for section in &self.sos {
                let (b, a) = section.split_at(3);
                let mut state: Vec<f64> = balance(b, a).iter().map(|s| s * scale).collect();
                passed = pass(b, a, &passed, &mut state);
                scale *= b.iter().sum::<f64>() / a.iter().sum::<f64>();
            }
            passed
        })
    }
}

/// The pre-warped cut-off of the analogue filter, at a rate of 2.
fn warp(cutoff_hz: f64, rate_hz: f64) -> Result<f64, SignalError> {
    positive("the frame rate", rate_hz)?;
    if !(cutoff_hz > 0.0 && cutoff_hz < rate_hz / 2.0) {
        return Err(SignalError::BadCutoff { cutoff_hz, rate_hz });
    }
    Ok(4.0 * (PI * cutoff_hz / rate_hz).tan())
}

/// Poles of the analogue prototype on the left half of the unit circle.
fn prototype(order: usize) -> Result<Vec<Complex<f64>>, SignalError> {
    if !(1..=HIGHEST_ORDER).contains(&order) {
        return Err(SignalError::BadOrder { order });
    }
    let angle =
        |index: usize| PI * (2.0 * index as f64 + 1.0 - order as f64) / (2.0 * order as f64);
    Ok((0..order)
        .map(|index| {
            if 2 * index + 1 == order {
                Complex::new(-1.0, 0.0)
            } else {
                -Complex::from_polar(1.0, angle(index))
            }
        })
        .collect())
}

fn small(order: usize) -> i32 {
    i32::try_from(order).unwrap_or(i32::MAX)
}

/// Real coefficients of the monic polynomial with these roots.
fn polynomial(roots: &[Complex<f64>]) -> Vec<f64> {
    let mut coefficients = vec![Complex::new(1.0, 0.0)];
    for root in roots {
        coefficients.push(Complex::new(0.0, 0.0));
        for index in (1..coefficients.len()).rev() {
            let previous = coefficients[index - 1];
            coefficients[index] -= previous * root;
        }
    }
    coefficients.iter().map(|c| c.re).collect()
}

/// Pairs poles with the nearest zeros, the pole nearest to the unit circle in the last section.
fn sections(mut zeros: Vec<f64>, poles: &[Complex<f64>], gain: f64) -> Vec<[f64; 6]> {
    const REAL: f64 = 1e-13;
    let mut pairs: Vec<Complex<f64>> = poles.iter().copied().filter(|p| p.im > REAL).collect();
    let mut singles: Vec<f64> = poles
        .iter()
        .filter(|p| p.im.abs() <= REAL)
        .map(|p| p.re)
        .collect();
    if singles.len() % 2 == 1 {
        singles.push(0.0);
        zeros.push(0.0);
    }
    pairs.sort_by(|p, q| p.re.total_cmp(&q.re).then(p.im.total_cmp(&q.im)));
    singles.sort_by(f64::total_cmp);
    let distance = |radius: f64| (1.0 - radius).abs();
    let mut sections = Vec::new();
    while !(pairs.is_empty() && singles.is_empty()) {
        let pair = position_of_least(&pairs, |p| distance(p.norm()));
        let single = position_of_least(&singles, |p| distance(p.abs()));
        let take_pair = match (pair, single) {
            (Some(p), Some(s)) => distance(pairs[p].norm()) <= distance(singles[s].abs()),
            (pair, _) => pair.is_some(),
        };
        let (first, second) = match (take_pair, pair, single) {
            (true, Some(index), _) => {
                let pole = pairs.remove(index);
                (pole, pole.conj())
            }
            (_, _, Some(index)) => {
                let first = singles.remove(index);
                let second = position_of_least(&singles, |p| distance(p.abs()))
                    .map_or(0.0, |index| singles.remove(index));
                (Complex::new(first, 0.0), Complex::new(second, 0.0))
            }
            _ => break,
        };
        let mut nearest =
            || position_of_least(&zeros, |z| (first - z).norm()).map_or(0.0, |i| zeros.remove(i));
        let (z1, z2) = (nearest(), nearest());
        let a = polynomial(&[first, second]);
        sections.push([1.0, -(z1 + z2), z1 * z2, 1.0, a[1], a[2]]);
    }
    sections.reverse();
    if let Some(section) = sections.first_mut() {
        section[..3].iter_mut().for_each(|b| *b *= gain);
    }
    sections
}

fn position_of_least<T>(items: &[T], measure: impl Fn(&T) -> f64) -> Option<usize> {
    (0..items.len()).min_by(|&i, &j| measure(&items[i]).total_cmp(&measure(&items[j])))
}

/// The state in which a constant input of 1 passes without a transient.
fn balance(b: &[f64], a: &[f64]) -> Vec<f64> {
    let terms = || b.iter().zip(a).skip(1).map(|(b_k, a_k)| b_k - a_k * b[0]);
    let first = terms().sum::<f64>() / a.iter().sum::<f64>();
    let (mut sum_a, mut sum_terms) = (1.0, 0.0);
    let mut state = vec![first];
    for (a_k, term) in a[1..].iter().zip(terms()).take(a.len() - 2) {
        sum_a += a_k;
        sum_terms += term;
        state.push(sum_a * first - sum_terms);
    }
    state
}

/// Direct form II transposed.
fn pass(b: &[f64], a: &[f64], signal: &[f64], state: &mut [f64]) -> Vec<f64> {
    let last = state.len() - 1;
    signal
        .iter()
        .map(|&x| {
            let y = b[0] * x + state[0];
            for k in 0..last {
                state[k] = state[k + 1] + b[k + 1] * x - a[k + 1] * y;
            }
            state[last] = b[last + 1] * x - a[last + 1] * y;
            y
        })
        .collect()
}

/// Pads by reflection through the end points, filters, reverses, filters, reverses.
fn both_ways(
    signal: &[f64],
    padding: usize,
    filter: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<Vec<f64>, SignalError> {
    let samples = signal.len();
    if samples <= padding {
        return Err(SignalError::TooShort {
            samples,
            needed: padding + 1,
        });
    }
    let (first, last) = (signal[0], signal[samples - 1]);
    let mut padded = Vec::with_capacity(samples + 2 * padding);
    padded.extend(signal[1..=padding].iter().rev().map(|x| 2.0 * first - x));
    padded.extend_from_slice(signal);
    let tail = &signal[samples - 1 - padding..samples - 1];
    padded.extend(tail.iter().rev().map(|x| 2.0 * last - x));
    let mut passed = filter(&padded);
    passed.reverse();
    let mut passed = filter(&passed);
    passed.reverse();
    Ok(passed[padding..padding + samples].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_passes_unchanged() {
        for order in 1..=6 {
            let filter = Butterworth::lowpass(order, 6.0, 100.0).unwrap();
            for y in filter.sosfiltfilt(&[3.0; 60]).unwrap() {
                assert!((y - 3.0).abs() < 1e-9, "order {order}: {y}");
            }
        }
    }

    #[test]
    fn odd_orders_agree_between_sections_and_polynomials() {
        let signal: Vec<f64> = (0..80).map(|i| (f64::from(i) * 0.37).sin()).collect();
        for order in [1, 3, 5] {
            let filter = Butterworth::highpass(order, 2.0, 50.0).unwrap();
            let (one, other) = (
                filter.filtfilt(&signal).unwrap(),
                filter
                    .sosfiltfilt_padded(&signal, filter.default_padding())
                    .unwrap(),
            );
            for (x, y) in one.iter().zip(other) {
                assert!((x - y).abs() < 1e-9, "order {order}");
            }
        }
    }

    #[test]
    fn impossible_designs_are_refused() {
        assert_eq!(
            Butterworth::lowpass(2, 15.0, 30.0),
            Err(SignalError::BadCutoff {
                cutoff_hz: 15.0,
                rate_hz: 30.0
            })
        );
        assert!(Butterworth::lowpass(0, 5.0, 30.0).is_err());
        assert!(Butterworth::lowpass(2, f64::NAN, 30.0).is_err());
        assert!(Butterworth::bandpass(2, 5.0, 3.0, 30.0).is_err());
    }

    #[test]
    fn a_short_signal_says_how_long_it_must_be() {
        let filter = Butterworth::lowpass(4, 6.0, 100.0).unwrap();
        assert_eq!(
            filter.filtfilt(&[0.0; 15]),
            Err(SignalError::TooShort {
                samples: 15,
                needed: 16
            })
        );
    }
}
