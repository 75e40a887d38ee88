//! Candidates to sides: the best assignment of whole limbs.

use super::{Candidate, Limbs, MOST_CANDIDATES, Pair};

/// How one pair hangs on another, and how long the segment between them is at most, as a share of the
/// map's height. A crop shows the person with a quarter added: segments of 24.5 % of the stature (thigh and
/// shank), 18.6 and 14.6 % (arm), and feet.
struct Hold {
    left: usize,
    parent: usize,
    longest: f64,
}

/// Pairs by their left joint in COCO's order with feet. A pair comes after the one that it hangs on; the
/// shoulders and hips that arms and legs hang on hang on nothing, nor do eyes and ears.
const HOLDS: [Hold; 7] = [
    Hold {
        left: 7,
        parent: 5,
        longest: 0.16,
    },
    Hold {
        left: 9,
        parent: 7,
        longest: 0.14,
    },
    Hold {
        left: 13,
        parent: 11,
        longest: 0.21,
    },
    Hold {
        left: 15,
        parent: 13,
        longest: 0.21,
    },
    Hold {
        left: 17,
        parent: 15,
        longest: 0.13,
    },
    Hold {
        left: 18,
        parent: 15,
        longest: 0.12,
    },
    Hold {
        left: 19,
        parent: 15,
        longest: 0.07,
    },
];

/// What the share of a map counts at least.
const TINY: f64 = 0.02;
/// What the maps' sides count.
const SIDES: f64 = 2.0;
/// What a segment counts that is twice as long as possible, and at most.
const TOO_LONG: f64 = 1.5;
/// What two segments count of which one has no length.
const UNEQUAL: f64 = 0.5;

/// A choice for a pair: the left joint's candidate and the right one's.
pub(super) type Choice = [usize; 2];

/// Gives every pair its choice, but for those that are `decided`, and says which pairs belong together.
pub(super) fn assign(
    pairs: &mut [Pair],
    decided: &[Option<Choice>],
    map_height: f64,
) -> Vec<Limbs> {
    let place_of = |left: usize| pairs.iter().position(|pair| pair.left == left);
    let parents: Vec<Option<(usize, f64)>> = pairs
        .iter()
        .map(|pair| {
            let hold = HOLDS.iter().find(|hold| hold.left == pair.left)?;
            Some((place_of(hold.parent)?, hold.longest * map_height))
        })
        .collect();
    let choices: Vec<Vec<Choice>> = pairs
        .iter()
        .zip(decided)
        .map(|(pair, decided)| match decided {
            Some(choice) => vec![*choice],
            None => choices(pair.candidates.len()),
        })
        .collect();
    // From the ends inwards: the worth of each choice together with the best of all that hangs on it.
    let mut worth: Vec<Vec<f64>> = pairs
        .iter()
        .zip(&choices)
        .map(|(pair, choices)| {
            choices
                .iter()
                .map(|&choice| evidence(pair, choice))
                .collect()
        })
        .collect();
    let between = |parent: usize, child: usize, longest: f64, held: Choice, choice: Choice| {
        fit(
            &pairs[parent].candidates,
            held,
            &pairs[child].candidates,
            choice,
            longest,
        )
    };
    for child in (0..pairs.len()).rev() {
        let Some((parent, longest)) = parents[child] else {
            continue;
        };
        for (held, &of_parent) in choices[parent].iter().enumerate() {
            let best = choices[child]
                .iter()
                .zip(&worth[child])
                .map(|(&choice, worth)| worth + between(parent, child, longest, of_parent, choice))
                .fold(f64::NEG_INFINITY, f64::max);
            worth[parent][held] += best;
        }
    }
    // And outwards again: the best choice given the one that it hangs on.
    let mut chosen: Vec<Choice> = Vec::with_capacity(pairs.len());
    for child in 0..pairs.len() {
        let total = |index: usize| {
            let choice = choices[child][index];
            worth[child][index]
                + parents[child].map_or(0.0, |(parent, longest)| {
                    between(parent, child, longest, chosen[parent], choice)
                })
        };
        let mut best = 0;
        for index in 1..choices[child].len() {
            if total(index) > total(best) {
                best = index;
            }
        }
        let choice = choices[child][best];
        chosen.push(choice);
    }
    for (pair, [left, right]) in pairs.iter_mut().zip(chosen) {
        (pair.chosen_left, pair.chosen_right) = (left, right);
    }
    limbs(pairs, &parents)
}

fn choices(candidates: usize) -> Vec<Choice> {
    let candidates = candidates.min(MOST_CANDIDATES);
    (0..candidates)
        .flat_map(|left| (0..candidates).map(move |right| [left, right]))
        .collect()
}

/// What the maps say for a choice.
fn evidence(pair: &Pair, [left, right]: Choice) -> f64 {
    let total = |candidate: &Candidate| candidate.left_share + candidate.right_share + TINY;
    let (at_left, at_right) = (&pair.candidates[left], &pair.candidates[right]);
    let occupied = if left == right {
        2.0 * (total(at_left) / 2.0).ln()
    } else {
        total(at_left).ln() + total(at_right).ln()
    };
    occupied + SIDES * leaning(pair, [left, right])
}

/// How far the maps lean to the sides of a choice: −1 to 1, 0 where both joints are at one place.
fn leaning(pair: &Pair, [left, right]: Choice) -> f64 {
    let lean = |candidate: &Candidate| {
        let difference = candidate.left_share - candidate.right_share;
        difference / (candidate.left_share + candidate.right_share + TINY)
    };
    f64::midpoint(lean(&pair.candidates[left]), -lean(&pair.candidates[right]))
}

/// How well two segments fit a body: 0 at best.
fn fit(from: &[Candidate], held: Choice, to: &[Candidate], choice: Choice, longest: f64) -> f64 {
    let lengths = [0, 1].map(|side| {
        let (from, to) = (from[held[side]].at, to[choice[side]].at);
        (from[0] - to[0]).hypot(from[1] - to[1])
    });
    let excess = lengths.map(|length| {
        let over = (length / longest - 1.0).max(0.0);
        TOO_LONG * (over * over).min(1.0)
    });
    // Lengths below two cells are the same to a map.
    let larger = lengths[0].max(lengths[1]).max(2.0);
    let unequal = (lengths[0] - lengths[1]) / larger;
    -(excess[0] + excess[1] + UNEQUAL * unequal * unequal)
}

/// Pairs by the pair that they hang on in the end.
fn limbs(pairs: &[Pair], parents: &[Option<(usize, f64)>]) -> Vec<Limbs> {
    let mut limbs: Vec<Limbs> = Vec::new();
    let mut of_pair: Vec<usize> = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.iter().enumerate() {
        let limb = if let Some((parent, _)) = parents[index] {
            of_pair[parent]
        } else {
            limbs.push(Limbs {
                pairs: Vec::new(),
                side_evidence: 0.0,
            });
            limbs.len() - 1
        };
        of_pair.push(limb);
        limbs[limb].pairs.push(index);
        limbs[limb].side_evidence += leaning(pair, [pair.chosen_left, pair.chosen_right]);
    }
    limbs
}
