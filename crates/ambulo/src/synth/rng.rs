//! A small seeded generator, so that synthetic data is the same everywhere and always.

/// A deterministic random number generator (`SplitMix64`).
///
/// # Source
///
/// Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators",
/// doi:10.1145/2660193.2660195.
#[derive(Debug, Clone)]
pub struct SeededRng(u64);

impl SeededRng {
    /// A generator that always gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number in `0..bound`; 0 if the bound is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        usize::try_from(self.next_u64() % bound).unwrap_or(0)
    }

    /// A sample of the standard normal distribution (Box–Muller).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A sample of the standard normal distribution, redrawn until it lies within ±`limit`.
    pub fn normal_within(&mut self, limit: f64) -> f64 {
        for _ in 0..64 {
            let sample = self.normal();
            if sample.abs() <= limit {
                return sample;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_they_are_normal() {
        let draw = |seed| {
            let mut rng = SeededRng::new(seed);
            (0..4000).map(|_| rng.normal()).collect::<Vec<_>>()
        };
        assert_eq!(draw(3), draw(3));
        let samples = draw(5);
        let mean = samples.iter().sum::<f64>() / 4000.0;
        let variance = samples.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 3999.0;
        assert!(mean.abs() < 0.06 && (variance - 1.0).abs() < 0.08);
    }
}
