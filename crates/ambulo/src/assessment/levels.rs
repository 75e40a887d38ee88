//! What was measured of a walk as words that a language model can read beside the motion.
//!
//! Every quality is one word, its name and its level: "step_length:-1.5 arm_swing_left:-2". A level is the last limit
//! that the distance from the norm has passed, in standard deviations; limits are those by which the writer and the
//! check of claims choose their words, so that nothing they tell apart falls together.

use crate::Side;

use super::aspects::{Aspect, AspectReading, AspectReadings};

/// Distances from the norm at which words change, in standard deviations.
const LIMITS_Z: [f64; 5] = [0.0, 1.0, 1.5, 2.0, 3.0];

/// The words for what was measured; empty where nothing was.
pub fn level_words(readings: &AspectReadings) -> String {
    let words = readings.iter().map(|reading| {
        let is_low = reading.z < 0.0;
        word(reading.aspect, reading.side, is_low, passed(reading))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Every word that [`level_words`] can write.
pub fn all_level_words() -> impl Iterator<Item = String> {
    let sides = [None, Some(Side::Left), Some(Side::Right)];
    let named = Aspect::ALL.into_iter().flat_map(move |aspect| {
        let sides = sides.into_iter();
        sides
            .filter(move |side| side.is_none() || aspect.is_sided())
            .map(move |side| (aspect, side))
    });
    named.flat_map(|(aspect, side)| {
        let high = LIMITS_Z.map(|limit| word(aspect, side, false, limit));
        let low = LIMITS_Z[1..].iter();
        let low: Vec<String> = low.map(|&limit| word(aspect, side, true, limit)).collect();
        high.into_iter().chain(low)
    })
}

fn word(aspect: Aspect, side: Option<Side>, is_low: bool, limit: f64) -> String {
    let side = side.map_or_else(String::new, |side| format!("_{}", side.name()));
    let sign = if is_low && limit > 0.0 { "-" } else { "" };
    format!("{}{side}:{sign}{limit}", aspect.name())
}

/// The last limit that the distance from the norm has passed.
fn passed(reading: &AspectReading) -> f64 {
    let distance = reading.z.abs();
    let passed = LIMITS_Z.into_iter().rev().find(|&limit| distance >= limit);
    passed.unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::assessment::Evidence;

    fn reading(aspect: Aspect, side: Option<Side>, z: f64) -> AspectReading {
        AspectReading {
            aspect,
            side,
            z,
            evidence: Evidence {
                parameter: aspect.name().to_owned(),
                side: String::new(),
                value: z,
                unit: "m".to_owned(),
                norm: None,
                frames: Vec::new(),
            },
        }
    }

    #[test]
    fn a_level_is_the_last_limit_that_was_passed() {
        let readings = [
            reading(Aspect::Speed, None, -1.99),
            reading(Aspect::ArmSwing, Some(Side::Left), -2.0),
            reading(Aspect::Cadence, None, -0.3),
            reading(Aspect::StepWidth, None, 17.0),
        ];
        let readings = readings
            .into_iter()
            .fold(AspectReadings::default(), AspectReadings::with);
        assert_eq!(
            level_words(&readings),
            "step_width:3 arm_swing_left:-2 speed:-1.5 cadence:0"
        );
        assert_eq!(level_words(&AspectReadings::default()), "");
    }

    #[test]
    fn every_word_is_among_all_words_once() {
        let all: Vec<String> = all_level_words().collect();
        let known: BTreeSet<&String> = all.iter().collect();
        assert_eq!(known.len(), all.len(), "{all:?}");
        for tenth in -60..=60 {
            let sided = reading(Aspect::KneeBend, Some(Side::Right), f64::from(tenth) / 10.0);
            let readings = AspectReadings::default().with(sided);
            assert!(known.contains(&level_words(&readings)), "{tenth}");
        }
    }
}
