//! Power spectra.

use std::f64::consts::TAU;

use super::{SignalError, detrend, positive};

/// Power density over frequency.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {
    /// Frequencies in hertz, from 0 to half the rate.
    pub frequencies_hz: Vec<f64>,
    /// Power density: the signal's unit squared, per hertz.
    pub density: Vec<f64>,
}

impl Spectrum {
    /// Power between two frequencies, the lower included and the upper not.
    pub fn power(&self, low_hz: f64, high_hz: f64) -> f64 {
        let step_hz = match self.frequencies_hz.as_slice() {
            [first, second, ..] => second - first,
            _ => 0.0,
        };
        self.frequencies_hz
            .iter()
            .zip(&self.density)
            .filter(|&(&f, _)| f >= low_hz && f < high_hz)
            .map(|(_, density)| density * step_hz)
            .sum()
    }
}

/// The power spectrum by Welch's method: Hann windows that overlap by half, each without its mean.
///
/// A signal shorter than `window` samples is taken as one window. The transform is the plain sum, so
/// time grows with the window's square; windows here are some hundred samples.
///
/// # Errors
///
/// [`SignalError`] if the rate is not positive, or there are fewer than two samples in a window.
///
/// # Source
///
/// Welch (1967), IEEE Trans. Audio Electroacoust. 15:70; scaled as `scipy.signal.welch`.
pub fn welch(signal: &[f64], rate_hz: f64, window: usize) -> Result<Spectrum, SignalError> {
    positive("the frame rate", rate_hz)?;
    let length = window.min(signal.len());
    if length < 2 {
        return Err(SignalError::TooShort {
            samples: length,
            needed: 2,
        });
    }
    let angle = |index: usize| TAU * index as f64 / length as f64;
    let table: Vec<(f64, f64)> = (0..length).map(|i| angle(i).sin_cos()).collect();
    let hann: Vec<f64> = table.iter().map(|(_, cos)| 0.5 - 0.5 * cos).collect();
    let scale = 1.0 / (rate_hz * hann.iter().map(|w| w * w).sum::<f64>());
    let mut density = vec![0.0; length / 2 + 1];
    let mut segments = 0.0;
    let mut start = 0;
    while start + length <= signal.len() {
        let segment: Vec<f64> = detrend::constant(&signal[start..start + length])
            .iter()
            .zip(&hann)
            .map(|(x, w)| x * w)
            .collect();
        for (bin, density) in density.iter_mut().enumerate() {
            let (mut re, mut im) = (0.0, 0.0);
            for (index, x) in segment.iter().enumerate() {
                let (sin, cos) = table[bin * index % length];
                re += x * cos;
                im += x * sin;
            }
            *density += (re * re + im * im) * scale;
        }
        segments += 1.0;
        start += length - length / 2;
    }
    for (bin, density) in density.iter_mut().enumerate() {
        let twin = bin > 0 && 2 * bin != length;
        *density *= if twin { 2.0 } else { 1.0 } / segments;
    }
    Ok(Spectrum {
        frequencies_hz: (0..density.len())
            .map(|bin| bin as f64 * rate_hz / length as f64)
            .collect(),
        density,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_has_its_power_in_its_band() {
        let tone: Vec<f64> = (0..512)
            .map(|i| (TAU * 5.0 * f64::from(i) / 64.0).sin())
            .collect();
        let spectrum = welch(&tone, 64.0, 128).unwrap();
        assert!((spectrum.power(4.0, 6.1) - 0.5).abs() < 1e-3);
        assert!(spectrum.power(10.0, 30.0) < 1e-6);
    }

    #[test]
    fn one_sample_has_no_spectrum() {
        assert!(welch(&[1.0], 50.0, 64).is_err());
        assert!(welch(&[1.0, 2.0], 0.0, 64).is_err());
    }
}
