//! How the body's height in pixels changes along the walk.

use super::PERSPECTIVE_LIMIT_PCT;
use super::body::{BodyLengths, middle_mean};

/// Frames that a fit along the path needs.
const LEAST_FITTED: usize = 30;
/// Blocks of frames that are drawn together by the bootstrap last this long: errors of detectors
/// within one step are not independent.
const BLOCK_S: f64 = 0.5;
/// Draws of the bootstrap.
const DRAWS: usize = 200;

/// What the height is fitted along.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Along {
    /// The horizontal place in the image: for a straight path the height is linear in it, whatever
    /// the path's direction; the square takes up the lens.
    Place,
    /// Time, of a walker who stays in place in the image and nears the camera: the inverse height
    /// is the distance.
    Time,
    /// Nothing: the height is constant.
    Nothing,
}

/// The height in pixels in every frame.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) height_px: Vec<f64>,
    pub(super) variation_pct: f64,
    /// Relative standard error of the mean height, over blocks of frames.
    pub(super) bootstrap_error: f64,
    along: Along,
    fit: Quadratic,
    level: f64,
}

impl Course {
    /// Whether each frame has its own height.
    pub(super) fn corrected(&self) -> bool {
        self.along != Along::Nothing
    }

    /// What a change that is left uncorrected adds: the SD of a uniform spread of that width.
    pub(super) fn uncorrected_error(&self) -> f64 {
        if self.corrected() {
            0.0
        } else {
            self.variation_pct / 100.0 / 12.0_f64.sqrt()
        }
    }

    /// The height at a horizontal place in the image.
    pub(super) fn height_at(&self, x_px: f64) -> f64 {
        match self.along {
            Along::Place => self.level * self.fit.at(x_px),
            Along::Time | Along::Nothing => {
                self.height_px.iter().sum::<f64>() / self.height_px.len() as f64
            }
        }
    }

    /// Fits the heights of the frames that show the body.
    pub(super) fn fit(times_s: &[f64], lengths: &BodyLengths) -> Self {
        let samples: Vec<(usize, f64, f64)> = (0..times_s.len())
            .filter_map(|f| Some((f, lengths.hip_x_px[f]?, lengths.height_px[f]?)))
            .filter(|&(_, _, height_px)| height_px > 0.0)
            .collect();
        let mut heights: Vec<f64> = samples.iter().map(|&(_, _, h)| h).collect();
        let mean_px = middle_mean(&mut heights).unwrap_or(1.0);
        let mut xs: Vec<f64> = samples.iter().map(|&(_, x, _)| x).collect();
        xs.sort_by(f64::total_cmp);
        let range_px = match (xs.first(), xs.last()) {
            (Some(first), Some(last)) => last - first,
            _ => 0.0,
        };
        let mut along = if samples.len() < LEAST_FITTED {
            Along::Nothing
        } else if range_px >= mean_px {
            Along::Place
        } else {
            Along::Time
        };
        let places: Vec<f64> = samples
            .iter()
            .map(|&(f, x, _)| if along == Along::Place { x } else { times_s[f] })
            .collect();
        let values: Vec<f64> = samples
            .iter()
            .map(|&(_, _, h)| if along == Along::Time { 1.0 / h } else { h })
            .collect();
        let fit = Quadratic::robust(&places, &values);
        let height = |place: f64| match along {
            Along::Time => 1.0 / fit.at(place),
            _ => fit.at(place),
        };
        let fitted: Vec<f64> = places.iter().map(|&place| height(place)).collect();
        let usable = fitted
            .iter()
            .all(|h| *h > 0.2 * mean_px && *h < 5.0 * mean_px);
        let variation_pct = if along == Along::Nothing || !usable {
            0.0
        } else {
            let low = fitted.iter().copied().fold(f64::INFINITY, f64::min);
            let high = fitted.iter().copied().fold(0.0, f64::max);
            100.0 * (high - low) / mean_px
        };
        if variation_pct <= PERSPECTIVE_LIMIT_PCT {
            along = Along::Nothing;
        }
        let ratios: Vec<f64> = samples
            .iter()
            .zip(&fitted)
            .map(|(&(_, _, h), fitted)| {
                h / if along == Along::Nothing {
                    mean_px
                } else {
                    *fitted
                }
            })
            .collect();
        let level = middle_mean(&mut ratios.clone()).unwrap_or(1.0);
        let height_px = match along {
            Along::Nothing => vec![level * mean_px; times_s.len()],
            Along::Time => times_s.iter().map(|&t| level / fit.at(t)).collect(),
            Along::Place => {
                let known: Vec<(usize, f64)> = samples.iter().map(|&(f, x, _)| (f, x)).collect();
                held(&known, times_s.len())
                    .into_iter()
                    .map(|x| level * fit.at(x))
                    .collect()
            }
        };
        let frames: Vec<usize> = samples.iter().map(|&(f, _, _)| f).collect();
        let bootstrap_error = bootstrap(times_s, &frames, &ratios) / level;
        Self {
            height_px,
            variation_pct,
            bootstrap_error,
            along,
            fit,
            level,
        }
    }
}

/// Values in every frame: linear between known ones, held before the first and after the last.
fn held(known: &[(usize, f64)], frames: usize) -> Vec<f64> {
    let mut values = Vec::with_capacity(frames);
    for frame in 0..frames {
        let after = known.partition_point(|&(at, _)| at < frame);
        let value = match (after.checked_sub(1).map(|at| known[at]), known.get(after)) {
            (Some((a, from)), Some(&(b, to))) => {
                from + (to - from) * (frame - a) as f64 / (b - a) as f64
            }
            (Some((_, only)), None) | (None, Some(&(_, only))) => only,
            (None, None) => 0.0,
        };
        values.push(value);
    }
    values
}

/// A parabola about the middle of its data.
#[derive(Debug, Clone, Copy)]
struct Quadratic {
    centre: f64,
    width: f64,
    coefficients: [f64; 3],
    range: [f64; 2],
}

impl Quadratic {
    /// The value, held at the ends of the data.
    fn at(&self, place: f64) -> f64 {
        let u = (place.clamp(self.range[0], self.range[1]) - self.centre) / self.width;
        let [a, b, c] = self.coefficients;
        a + b * u + c * u * u
    }

    /// Weighted least squares, reweighted so that frames far from the parabola do not count (Tukey).
    fn robust(places: &[f64], values: &[f64]) -> Self {
        let low = places.iter().copied().fold(f64::INFINITY, f64::min);
        let high = places.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut weights = vec![1.0; places.len()];
        let mut fit = Self {
            centre: f64::midpoint(low, high),
            width: (0.5 * (high - low)).max(f64::MIN_POSITIVE.sqrt()),
            coefficients: [0.0; 3],
            range: [low, high],
        };
        for _ in 0..6 {
            fit.coefficients = fit.solved(places, values, &weights);
            let residuals: Vec<f64> = places
                .iter()
                .zip(values)
                .map(|(&place, value)| (value - fit.at(place)).abs())
                .collect();
            let mut sorted = residuals.clone();
            sorted.sort_by(f64::total_cmp);
            let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
            // Tukey's constant for 95 % efficiency, times the median's share of a normal SD.
            let limit = 4.685 * 1.4826 * median;
            if limit <= 0.0 {
                break;
            }
            for (weight, residual) in weights.iter_mut().zip(&residuals) {
                let share = (residual / limit).min(1.0);
                *weight = (1.0 - share * share).powi(2);
            }
        }
        fit
    }

    fn solved(&self, places: &[f64], values: &[f64], weights: &[f64]) -> [f64; 3] {
        let mut normal = nalgebra::Matrix3::<f64>::zeros();
        let mut right = nalgebra::Vector3::<f64>::zeros();
        for ((place, value), weight) in places.iter().zip(values).zip(weights) {
            let u = (place - self.centre) / self.width;
            let row = nalgebra::Vector3::new(1.0, u, u * u);
            normal += row * row.transpose() * *weight;
            right += row * (*value * *weight);
        }
        if let Some(inverse) = normal.try_inverse() {
            (inverse * right).into()
        } else {
            let total: f64 = weights.iter().sum();
            [right[0] / total.max(1.0), 0.0, 0.0]
        }
    }
}

/// Standard error of the middle mean, over redrawn blocks of frames. Deterministic.
fn bootstrap(times_s: &[f64], frames: &[usize], values: &[f64]) -> f64 {
    let mut blocks: Vec<Vec<f64>> = Vec::new();
    let mut block_start_s = f64::NEG_INFINITY;
    for (&frame, &value) in frames.iter().zip(values) {
        if times_s[frame] - block_start_s >= BLOCK_S {
            block_start_s = times_s[frame];
            blocks.push(Vec::new());
        }
        if let Some(block) = blocks.last_mut() {
            block.push(value);
        }
    }
    // With fewer blocks nothing can be redrawn: the spread of the frames themselves bounds the error.
    if blocks.len() < 3 {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        return (squares.sum::<f64>() / values.len().max(1) as f64).sqrt();
    }
    let mut state = 0x5CA1_E5EE_D000_0001_u64;
    let mut means = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let mut drawn = Vec::with_capacity(values.len());
        for _ in 0..blocks.len() {
            // Knuth's linear congruential generator; its high bits choose the block.
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let index = usize::try_from(state >> 33).unwrap_or(0) % blocks.len();
            drawn.extend_from_slice(&blocks[index]);
        }
        means.extend(middle_mean(&mut drawn));
    }
    let mean = means.iter().sum::<f64>() / means.len().max(1) as f64;
    let squares: f64 = means.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / means.len().max(1) as f64).sqrt()
}
