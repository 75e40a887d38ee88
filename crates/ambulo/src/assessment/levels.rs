//! What was measured of a walk as words that a language model can read beside the motion.
//!
//! Every quality is two words, its name and how far it lies from its norm: "step_length -1.5 arm_swing_left -2.5". The
//! distance is in standard deviations, towards the norm to the next half, so that a limit of the writer lies between two
//! words and never within one.

use crate::Side;

use super::aspects::{Aspect, AspectReading, AspectReadings};

/// Words of a standard deviation.
const STEPS: f64 = 2.0;
/// Farther distances from the norm are called the same, in standard deviations.
const FARTHEST: f64 = 4.0;

/// The words for what was measured; empty where nothing was.
pub fn level_words(readings: &AspectReadings) -> String {
    let words = readings.iter().map(|reading| {
        let name = name(reading.aspect, reading.side);
        format!("{name} {}", level(reading))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Every word that [`level_words`] can write.
pub fn all_level_words() -> impl Iterator<Item = String> {
    let sides = [None, Some(Side::Left), Some(Side::Right)];
    let names = Aspect::ALL.into_iter().flat_map(move |aspect| {
        let sides = sides.into_iter();
        sides
            .filter(move |side| side.is_none() || aspect.is_sided())
            .map(move |side| name(aspect, side))
    });
    let count = STEPS * FARTHEST;
    let halves = (0..).map(f64::from).take_while(move |&it| it <= count);
    let levels = halves.flat_map(|half| [half / STEPS, -half / STEPS]);
    let mut levels: Vec<String> = levels.map(|level| (level + 0.0).to_string()).collect();
    levels.dedup();
    names.chain(levels)
}

fn name(aspect: Aspect, side: Option<Side>) -> String {
    match side {
        Some(side) => format!("{}_{}", aspect.name(), side.name()),
        None => aspect.name().to_owned(),
    }
}

fn level(reading: &AspectReading) -> String {
    let steps = (STEPS * reading.z.clamp(-FARTHEST, FARTHEST)).trunc();
    // A zero has no sign.
    (steps / STEPS + 0.0).to_string()
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
    fn words_keep_to_the_norms_side_of_a_limit() {
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
            "step_width 4 arm_swing_left -2 speed -1.5 cadence 0"
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
            for word in level_words(&readings).split(' ') {
                assert!(known.contains(&word.to_owned()), "{word}");
            }
        }
    }
}
