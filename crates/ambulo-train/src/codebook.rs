//! The codes of the motion tokenizer while it learns: moving averages of the latents that chose them.
//!
//! Source: van den Oord et al. (2017), appendix A.1, with resets, as in the released code of `MotionGPT`
//! (`OpenMotionLab/MotionGPT`, commit 001aaca). Differences from it: sums and counts are kept in weights
//! files, so that training goes on where it ended.

use ambulo::synth::SeededRng;

/// A code that is chosen less often than this, by its moving count, is replaced.
const LEAST_COUNT: f32 = 1.0;
/// Spread of the noise on latents that are used more than once, over the root of the width.
const NOISE: f64 = 0.01;
/// Keeps the logarithm of a share finite.
const SHARE_EPS: f64 = 1e-7;

/// Codes with what they are averages of.
#[derive(Debug, Clone, PartialEq)]
pub struct Codebook {
    width: usize,
    codes: Vec<f32>,
    sums: Vec<f32>,
    counts: Vec<f32>,
}

/// What a step of learning found.
#[derive(Debug, Clone, PartialEq)]
pub struct CodebookStep {
    /// The code that each latent chose, before the codes moved.
    pub chosen: Vec<usize>,
    /// Mean squared distance of the latents from their codes.
    pub commitment: f64,
    /// Exponential of the entropy of the choices: how many codes are in use, were they used alike.
    pub perplexity: f64,
    /// Codes that were replaced by latents.
    pub replaced: Vec<bool>,
}

impl Codebook {
    /// Codes that begin at the first latents they see.
    pub fn new(codes: usize, width: usize) -> Self {
        Self {
            width,
            codes: vec![0.0; codes * width],
            sums: vec![0.0; codes * width],
            counts: vec![0.0; codes],
        }
    }

    /// Codes as a weights file holds them: `[codes, width]`, sums alike, and a count a code. `None` if their
    /// lengths disagree.
    pub fn from_parts(codes: Vec<f32>, sums: Vec<f32>, counts: Vec<f32>) -> Option<Self> {
        let width = codes.len().checked_div(counts.len())?;
        let fits = codes.len() == width * counts.len() && sums.len() == codes.len();
        (fits && width > 0).then_some(Self {
            width,
            codes,
            sums,
            counts,
        })
    }

    /// Codes, sums and counts, as a weights file holds them.
    pub fn parts(&self) -> [&[f32]; 3] {
        [&self.codes, &self.sums, &self.counts]
    }

    /// Whether the codes have begun somewhere.
    pub fn has_begun(&self) -> bool {
        self.counts.iter().any(|&count| count > 0.0)
    }

    /// Codes that have not begun begin at these latents `[latents, width]`; others stay. With fewer latents than codes
    /// they are used again, with a little noise. Without latents nothing begins.
    pub fn begin(&mut self, latents: &[f32], rng: &mut SeededRng) {
        if self.has_begun() || latents.len() < self.width {
            return;
        }
        self.codes = self.spares(latents, rng);
        self.sums.clone_from(&self.codes);
        self.counts.fill(1.0);
    }

    /// The nearest code of each latent `[latents, width]`; the first of equals.
    pub fn nearest(&self, latents: &[f32]) -> Vec<usize> {
        let of_latent = |latent: &[f32]| {
            let mut best = (0, f32::INFINITY);
            for (code, values) in self.codes.chunks_exact(self.width).enumerate() {
                let far = squared_distance(values, latent);
                if far < best.1 {
                    best = (code, far);
                }
            }
            best.0
        };
        latents.chunks_exact(self.width).map(of_latent).collect()
    }

    /// Learns from the latents of a batch `[latents, width]`: each code moves by `1 - decay` towards the mean of
    /// those that chose it. Code k, if hardly chosen any more, becomes latent k; with fewer latents than codes
    /// they are used again, with a little noise.
    ///
    /// Without latents nothing is learnt.
    pub fn learn(&mut self, latents: &[f32], decay: f32, rng: &mut SeededRng) -> CodebookStep {
        let rows = latents.len() / self.width;
        let codes = self.counts.len();
        if rows == 0 {
            return CodebookStep {
                chosen: Vec::new(),
                commitment: 0.0,
                perplexity: 1.0,
                replaced: vec![false; codes],
            };
        }
        self.begin(latents, rng);
        let chosen = self.nearest(latents);
        let mut commitment = 0.0;
        let mut sums = vec![0.0_f32; self.sums.len()];
        let mut counts = vec![0.0_f32; codes];
        for (latent, &code) in latents.chunks_exact(self.width).zip(&chosen) {
            counts[code] += 1.0;
            let place = code * self.width;
            let old = &self.codes[place..place + self.width];
            for ((sum, &x), &old) in sums[place..].iter_mut().zip(latent).zip(old) {
                *sum += x;
                commitment += f64::from(x - old).powi(2);
            }
        }
        let shares = counts.iter().map(|&count| f64::from(count) / rows as f64);
        let entropy: f64 = shares.map(|share| -share * (share + SHARE_EPS).ln()).sum();
        let spares = self.spares(latents, rng);
        let average = |old: &mut f32, new: f32| *old = decay * *old + (1.0 - decay) * new;
        for (old, new) in self.sums.iter_mut().zip(sums) {
            average(old, new);
        }
        for (old, new) in self.counts.iter_mut().zip(counts) {
            average(old, new);
        }
        let replaced: Vec<bool> = self
            .counts
            .iter()
            .map(|&count| count < LEAST_COUNT)
            .collect();
        let averages = self.sums.chunks_exact(self.width).zip(&self.counts);
        let sources = averages.zip(spares.chunks_exact(self.width)).zip(&replaced);
        let codes = self.codes.chunks_exact_mut(self.width);
        for (code, (((sum, count), spare), &replaced)) in codes.zip(sources) {
            for ((value, sum), spare) in code.iter_mut().zip(sum).zip(spare) {
                *value = if replaced { *spare } else { sum / count };
            }
        }
        CodebookStep {
            commitment: commitment / latents.len() as f64,
            perplexity: entropy.exp(),
            chosen,
            replaced,
        }
    }

    /// As many latents as there are codes, the first ones.
    #[expect(clippy::cast_possible_truncation, reason = "networks compute in f32")]
    fn spares(&self, latents: &[f32], rng: &mut SeededRng) -> Vec<f32> {
        if latents.len() >= self.codes.len() {
            return latents[..self.codes.len()].to_vec();
        }
        let spread = NOISE / (self.width as f64).sqrt();
        let again = latents.iter().cycle().take(self.codes.len());
        again.map(|&x| x + (spread * rng.normal()) as f32).collect()
    }
}

/// In several sums at once, which a processor adds side by side.
fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0_f32; LANES];
    let (blocks_a, blocks_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = blocks_a.remainder().iter().zip(blocks_b.remainder());
    let rest: f32 = rest.map(|(a, b)| (a - b) * (a - b)).sum();
    for (a, b) in blocks_a.zip(blocks_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    sums.iter().sum::<f32>() + rest
}
