//! What was measured of a walk as words that a language model can read beside the motion.
//!
//! Every quality is one word, its name and its level: "step_length:-1.5 arm_swing_left:-2". A level is the last limit
//! that the distance from the norm has passed, in standard deviations; limits are those by which the writer and the
//! check of claims choose their words, so that nothing they tell apart falls together.

use crate::Side;

use super::aspects::{Aspect, AspectReading, AspectReadings};

/// Distances from the norm at which words change, in standard deviations.
const LIMITS_Z: [f64; 5] = [0.0, 1.0, 1.5, 2.0, 3.0];

/// A quality that lies so far from its norm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The quality.
    pub aspect: Aspect,
    /// The side; `None` for both together, or the whole walk.
    pub side: Option<Side>,
    /// The last limit that the distance from the norm has passed, in standard deviations; negative below the norm.
    pub limit_z: f64,
}

impl Level {
    /// The level of what was measured.
    pub fn of(reading: &AspectReading) -> Self {
        let distance = reading.z.abs();
        let passed = LIMITS_Z.into_iter().rev().find(|&limit| distance >= limit);
        let passed = passed.unwrap_or(0.0);
        let is_low = reading.z < 0.0 && passed > 0.0;
        Self {
            aspect: reading.aspect,
            side: reading.side,
            limit_z: if is_low { -passed } else { passed },
        }
    }

    /// Its word.
    pub fn word(&self) -> String {
        let side = self
            .side
            .map_or_else(String::new, |side| format!("_{}", side.name()));
        format!("{}{side}:{}", self.aspect.name(), self.limit_z)
    }

    /// Every level that there can be.
    pub fn all() -> impl Iterator<Item = Self> {
        Aspect::all_sides().flat_map(|(aspect, side)| {
            let low = LIMITS_Z[1..].iter().map(|limit| -limit);
            let limits = LIMITS_Z.into_iter().chain(low);
            limits.map(move |limit_z| Self {
                aspect,
                side,
                limit_z,
            })
        })
    }
}

/// The words for what was measured; empty where nothing was.
pub fn level_words(readings: &AspectReadings) -> String {
    let words = readings.iter().map(|reading| Level::of(reading).word());
    words.collect::<Vec<_>>().join(" ")
}

/// The readings with every distance from the norm put back to the limit that it has passed.
///
/// A text that is written from them says only what [`level_words`] tell, and no limit lies between the two, so what it
/// says holds for the readings themselves.
pub fn levelled(readings: &AspectReadings) -> AspectReadings {
    let put_back = |reading: &AspectReading| AspectReading {
        z: Level::of(reading).limit_z,
        ..reading.clone()
    };
    let levels = readings.iter().map(put_back);
    levels.fold(AspectReadings::default(), AspectReadings::with)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::assessment::Evidence;
    use crate::assessment::claims::FactCheck;
    use crate::assessment::rationale::{as_text, write_plainly};
    use crate::synth::SeededRng;

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
        let all: Vec<String> = Level::all().map(|level| level.word()).collect();
        let known: BTreeSet<&String> = all.iter().collect();
        assert_eq!(known.len(), all.len(), "{all:?}");
        for tenth in -60..=60 {
            let sided = reading(Aspect::KneeBend, Some(Side::Right), f64::from(tenth) / 10.0);
            let readings = AspectReadings::default().with(sided);
            assert!(known.contains(&level_words(&readings)), "{tenth}");
        }
    }

    #[test]
    fn what_is_written_from_the_levels_holds_for_what_was_measured() {
        let mut rng = SeededRng::new(5);
        let mut departing = 0;
        for _ in 0..500 {
            let readings = Aspect::all_sides()
                .map(|(aspect, side)| reading(aspect, side, 2.0 * rng.normal()))
                .fold(AspectReadings::default(), AspectReadings::with);
            let levels = levelled(&readings);
            assert_eq!(level_words(&levels), level_words(&readings));
            let text = as_text(&write_plainly(&levels, 1.5));
            let check = FactCheck::of(&text, &readings);
            assert_eq!(check.contradicted + check.not_checkable, 0, "{text}");
            departing += usize::from(check.supported > 3);
        }
        assert!(
            departing > 450,
            "only {departing} texts say more than one thing a part"
        );
    }
}
