//! Words for what was measured and words that speak of it, as a network begins to know them.

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo::assessment::aspects::Aspect;
use ambulo::assessment::claims::Direction;
use ambulo::assessment::levels::Level;
use ambulo::assessment::rationale::all_sentences;
use ambulo_nn::codec::text::Tokenizer;

use crate::datasets::takes::narrow;

/// From which distance from its norm on a quality counts as out of the ordinary, in standard deviations.
const DEPARTS_Z: f64 = 1.5;

/// How far from its norm a quality is taken to be that a sentence calls small or large, in standard deviations.
const CALLED_Z: f64 = 2.0;

/// How often the features of the distance count.
const APART: usize = 4;

/// What a token has to do with: shares of the qualities, the sides and the ways to depart.
#[derive(Debug, Clone, Copy, Default)]
struct Meaning {
    aspects: [f32; Aspect::ALL.len()],
    sides: [f32; 3],
    /// Large, small, either, by how much, by how much without its sign.
    apart: [f32; 5],
}

impl Meaning {
    fn of(aspect: Aspect, side: Option<Side>, z: f64) -> Self {
        let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
        let departs = z.abs() >= DEPARTS_Z;
        Self {
            aspects: Aspect::ALL.map(|it| flag(it == aspect)),
            sides: [None, Some(Side::Left), Some(Side::Right)].map(|it| flag(it == side)),
            apart: [
                flag(departs && z > 0.0),
                flag(departs && z < 0.0),
                flag(departs),
                narrow(z),
                narrow(z.abs()),
            ],
        }
    }

    fn features(&self) -> impl Iterator<Item = f32> {
        let apart = [self.apart; APART].concat();
        self.aspects.into_iter().chain(self.sides).chain(apart)
    }

    fn features_mut(&mut self) -> impl Iterator<Item = &mut f32> {
        let all = self.aspects.iter_mut().chain(&mut self.sides);
        all.chain(&mut self.apart)
    }

    fn add(&mut self, other: Self) {
        let mut other = other;
        for (own, other) in self.features_mut().zip(other.features_mut()) {
            *own += *other;
        }
    }
}

/// The tokens of all levels and of all words of our writer, and features of each, `[tokens, features]`: its qualities,
/// its sides, whether it departs and which way; of a word their means over the sentences that hold it.
///
/// Tokens that share a feature begin alike in it. So what is learned of a level helps the others, and the words for a
/// quality are near what was measured of it.
pub fn token_features(tokenizer: &Tokenizer) -> (Vec<u32>, Vec<f32>) {
    let mut meanings: BTreeMap<u32, (Meaning, f32)> = BTreeMap::new();
    let mut add = |tokens: Vec<u32>, meaning: Meaning| {
        for token in tokens {
            let (sum, count) = meanings.entry(token).or_default();
            sum.add(meaning);
            *count += 1.0;
        }
    };
    for level in Level::all() {
        let meaning = Meaning::of(level.aspect, level.side, level.limit_z);
        add(tokenizer.encode(&level.word()), meaning);
    }
    for (sentence, aspect, side, direction) in all_sentences() {
        let z = match direction {
            Direction::Low => -CALLED_Z,
            Direction::Usual | Direction::Unusual => 0.0,
            Direction::High => CALLED_Z,
        };
        add(tokenizer.encode(&sentence), Meaning::of(aspect, side, z));
    }
    let tokens = meanings.keys().copied().collect();
    let features = meanings.into_values().flat_map(|(sum, count)| {
        let means = sum.features().map(|feature| feature / count);
        means.collect::<Vec<f32>>()
    });
    (tokens, features.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reasoner::vocabulary;

    #[test]
    fn words_are_nearest_to_what_they_speak_of() {
        let tokenizer = vocabulary(16).expect("the pieces are sound");
        let (tokens, features) = token_features(&tokenizer);
        let width = features.len() / tokens.len();
        let row = |word: &str| {
            let &[token] = tokenizer.encode(word).as_slice() else {
                panic!("{word} is one token");
            };
            let place = tokens.iter().position(|&it| it == token);
            let from = place.expect("it has features") * width;
            &features[from..from + width]
        };
        let alike = |a: &str, b: &str| {
            let both = row(a).iter().zip(row(b));
            both.map(|(a, b)| a * b).sum::<f32>()
        };
        let [cadence, width, low, high] = ["cadence", "width", "cadence:-2", "cadence:2"];
        assert!(alike(cadence, low) > alike(width, low) + 0.5);
        assert!(alike(width, "step_width:0") > alike(cadence, "step_width:0") + 0.3);
        assert!(alike("reduced", low) > alike("reduced", high));
        assert!(alike("left", "arm_swing_left:0") > alike("left", "arm_swing_right:0"));
    }
}
