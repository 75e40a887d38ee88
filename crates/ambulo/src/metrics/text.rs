//! How near a written text is to texts by others.
//!
//! Texts are taken as words: lower case, runs of `a` to `z`, digits and apostrophes; no stemming.

use std::collections::{BTreeMap, BTreeSet};

use super::{MetricError, mean};

/// The longest runs of words that are compared.
const LONGEST: usize = 4;
/// Spread of the penalty for length, in pairs of words.
const SIGMA: f64 = 6.0;
/// Scores are given out of ten.
const SCALE: f64 = 10.0;

/// A text and those that it is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What was written.
    pub hypothesis: String,
    /// What others wrote about the same.
    pub references: Vec<String>,
}

/// Which `CIDEr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cider {
    /// Cosines of weighted counts of runs of words.
    Plain,
    /// The same, where repeating a run gains nothing and another length costs. What other programs print as
    /// "`CIDEr`" is often this.
    D,
}

/// Scores of texts.
#[derive(Debug, Clone, PartialEq)]
pub struct TextScores {
    /// One a text.
    pub each: Vec<f64>,
    /// Their mean.
    pub mean: f64,
}

/// The words of a text.
pub fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '\'';
    let runs = lower.split(|c| !is_word(c));
    runs.filter(|run| !run.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How alike texts are to their references in runs of one to four words, rare ones counting most; 0 to 10.
///
/// A run is rare by the share of texts whose references hold it, so a score depends on all texts.
///
/// # Errors
///
/// [`MetricError::TooFew`] without texts; [`MetricError::NoReference`] for a text without references.
///
/// # Source
///
/// Vedantam, Zitnick & Parikh (2015), "`CIDEr`", arXiv:1411.5726; lengths count pairs of words, as in the
/// authors' code.
pub fn cider(texts: &[Written], variant: Cider) -> Result<TextScores, MetricError> {
    if texts.is_empty() {
        return Err(MetricError::TooFew {
            pairs: 0,
            needed: 1,
        });
    }
    if let Some(item) = texts.iter().position(|text| text.references.is_empty()) {
        return Err(MetricError::NoReference { item });
    }
    let references: Vec<Vec<Counts>> = texts
        .iter()
        .map(|text| text.references.iter().map(|text| counts(text)).collect())
        .collect();
    let mut holders: BTreeMap<&[String], usize> = BTreeMap::new();
    for references in &references {
        let runs: BTreeSet<&[String]> = references.iter().flat_map(Counts::runs).collect();
        for run in runs {
            *holders.entry(run).or_default() += 1;
        }
    }
    let all = (texts.len() as f64).ln();
    let rarity = |run: &[String]| {
        let holders = holders.get(run).copied().unwrap_or(0).max(1);
        all - (holders as f64).ln()
    };
    let each: Vec<f64> = texts
        .iter()
        .zip(&references)
        .map(|(text, references)| {
            let hypothesis = Weighted::of(&counts(&text.hypothesis), rarity);
            let alike = references.iter().map(|reference| {
                let reference = Weighted::of(reference, rarity);
                hypothesis.likeness(&reference, variant)
            });
            SCALE * mean(alike)
        })
        .collect();
    let mean = mean(each.iter().copied());
    Ok(TextScores { each, mean })
}

/// How often each run of words is in a text.
struct Counts(BTreeMap<Vec<String>, usize>);

impl Counts {
    fn runs(&self) -> impl Iterator<Item = &[String]> {
        self.0.keys().map(Vec::as_slice)
    }
}

fn counts(text: &str) -> Counts {
    let words = words(text);
    let mut counts = BTreeMap::new();
    for length in 1..=LONGEST {
        for run in words.windows(length) {
            *counts.entry(run.to_vec()).or_default() += 1;
        }
    }
    Counts(counts)
}

/// Counts of runs, weighted by their rarity; by the runs' lengths.
struct Weighted {
    runs: [BTreeMap<Vec<String>, f64>; LONGEST],
    norms: [f64; LONGEST],
    pairs: usize,
}

impl Weighted {
    fn of(counts: &Counts, rarity: impl Fn(&[String]) -> f64) -> Self {
        let mut runs: [BTreeMap<Vec<String>, f64>; LONGEST] = Default::default();
        let mut pairs = 0;
        for (run, &count) in &counts.0 {
            let weight = count as f64 * rarity(run);
            runs[run.len() - 1].insert(run.clone(), weight);
            pairs += if run.len() == 2 { count } else { 0 };
        }
        let norm = |runs: &BTreeMap<Vec<String>, f64>| {
            runs.values()
                .map(|weight| weight * weight)
                .sum::<f64>()
                .sqrt()
        };
        let norms = runs.each_ref().map(norm);
        Self { runs, norms, pairs }
    }

    /// The mean over lengths of runs.
    fn likeness(&self, reference: &Self, variant: Cider) -> f64 {
        let longer = self.pairs as f64 - reference.pairs as f64;
        let penalty = match variant {
            Cider::Plain => 1.0,
            Cider::D => (-longer * longer / (2.0 * SIGMA * SIGMA)).exp(),
        };
        let alike = (0..LONGEST).map(|length| {
            let products = self.runs[length].iter().map(|(run, &own)| {
                let other = reference.runs[length].get(run).copied().unwrap_or(0.0);
                match variant {
                    Cider::Plain => own * other,
                    Cider::D => own.min(other) * other,
                }
            });
            let product: f64 = products.sum();
            let norms = self.norms[length] * reference.norms[length];
            if norms > 0.0 {
                product / norms
            } else {
                product
            }
        });
        penalty * mean(alike)
    }
}

/// How well each part of one sequence finds its like in another, and the reverse: the harmonic mean of both
/// shares, −1 to 1.
///
/// # Shapes
///
/// `hypothesis` and `reference` are `[parts, width]`: what a network makes of each word.
///
/// # Errors
///
/// [`MetricError::TooFew`] if one has no part; [`MetricError::LengthMismatch`] if they have no whole parts.
///
/// # Source
///
/// The matching of Zhang et al. (2020), "`BERTScore`", arXiv:1904.09675, without weights and rescaling.
pub fn matching_f1(
    hypothesis: &[f32],
    reference: &[f32],
    width: usize,
) -> Result<f64, MetricError> {
    let [parts, others] = [hypothesis.len(), reference.len()];
    if width == 0 || parts % width != 0 || others % width != 0 {
        return Err(MetricError::LengthMismatch {
            predicted: parts,
            reference: others,
        });
    }
    if parts == 0 || others == 0 {
        return Err(MetricError::TooFew {
            pairs: parts.min(others) / width,
            needed: 1,
        });
    }
    let unit = |part: &[f32]| -> Vec<f64> {
        let norm = part
            .iter()
            .map(|&x| f64::from(x).powi(2))
            .sum::<f64>()
            .sqrt();
        let scale = if norm > 0.0 { 1.0 / norm } else { 0.0 };
        part.iter().map(|&x| scale * f64::from(x)).collect()
    };
    let units = |parts: &[f32]| -> Vec<Vec<f64>> { parts.chunks_exact(width).map(unit).collect() };
    let (hypothesis, reference) = (units(hypothesis), units(reference));
    let cosine = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let found = |parts: &[Vec<f64>], among: &[Vec<f64>]| {
        let best = |part: &Vec<f64>| {
            let cosines = among.iter().map(|other| cosine(part, other));
            cosines.fold(f64::NEG_INFINITY, f64::max)
        };
        mean(parts.iter().map(best))
    };
    let precision = found(&hypothesis, &reference);
    let recall = found(&reference, &hypothesis);
    let sum = precision + recall;
    Ok(if sum.abs() > f64::EPSILON {
        2.0 * precision * recall / sum
    } else {
        0.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(hypothesis: &str, references: &[&str]) -> Written {
        Written {
            hypothesis: hypothesis.to_owned(),
            references: references.iter().map(|&text| text.to_owned()).collect(),
        }
    }

    #[test]
    fn words_are_lower_case_without_punctuation() {
        assert_eq!(
            words("Foot: don't, 2.5 m/s!"),
            ["foot", "don't", "2", "5", "m", "s"]
        );
        assert!(words("– …").is_empty());
    }

    #[test]
    fn a_copy_has_ten_and_a_stranger_none() {
        let texts = [
            written("a b c d e", &["a b c d e"]),
            written("v w x y z", &["f g h i j"]),
        ];
        for variant in [Cider::Plain, Cider::D] {
            let scores = cider(&texts, variant).unwrap();
            assert!((scores.each[0] - 10.0).abs() < 1e-12);
            assert!(scores.each[1].abs() < 1e-12);
            assert!((scores.mean - 5.0).abs() < 1e-12);
        }
    }

    #[test]
    fn repeating_and_length_cost_only_in_the_variant() {
        // Of four runs of one word, `a` alone is shared: by hand 1/√2 of the cosine of single words.
        let texts = [written("a b", &["a c"]), written("x y", &["x y"])];
        let plain = cider(&texts, Cider::Plain).unwrap();
        let rare = 2.0_f64.ln();
        let cosine = rare * rare / ((2.0 * rare * rare).sqrt() * (2.0 * rare * rare).sqrt());
        assert!((plain.each[0] - 10.0 * cosine / 4.0).abs() < 1e-12);
        let longer = [written("a b a b a b", &["a b"]), written("x y", &["x y"])];
        let of = |variant| cider(&longer, variant).unwrap().each[0];
        assert!(of(Cider::D) < of(Cider::Plain));
    }

    #[test]
    fn nothing_to_compare_is_refused() {
        assert!(cider(&[], Cider::D).is_err());
        let none = cider(&[written("a", &[])], Cider::D);
        assert_eq!(none, Err(MetricError::NoReference { item: 0 }));
        assert!(matching_f1(&[], &[1.0], 1).is_err());
        assert!(matching_f1(&[1.0, 2.0, 3.0], &[1.0, 2.0], 2).is_err());
    }

    #[test]
    fn parts_find_their_like() {
        let both = [1.0, 0.0, 0.0, 3.0];
        assert!((matching_f1(&both, &both, 2).unwrap() - 1.0).abs() < 1e-12);
        // The one part is found; of the two, one is: 2 · 1 · 0.5 / 1.5.
        let half = matching_f1(&[5.0, 0.0], &both, 2).unwrap();
        assert!((half - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(matching_f1(&[0.0, 0.0], &both, 2), Ok(0.0));
    }
}
