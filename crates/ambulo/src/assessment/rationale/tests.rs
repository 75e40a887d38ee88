//! The writer and the reader understand each other.

use std::collections::BTreeSet;

use super::super::NormValue;
use super::super::claims::claims_of;
use super::*;

fn reading(aspect: Aspect, side: Option<Side>, z: f64) -> AspectReading {
    AspectReading {
        aspect,
        side,
        z,
        evidence: Evidence {
            parameter: aspect.name().to_owned(),
            side: side.map_or("both", Side::name).to_owned(),
            value: 10.0 + z,
            unit: "m".to_owned(),
            norm: Some(NormValue {
                mean: 10.0,
                sd: 1.0,
                source: "a test".to_owned(),
            }),
            frames: vec![[0, 60]],
        },
    }
}

/// A walk whose aspects lie so far from their norms, all others on them.
fn walk(departing: &[(Aspect, Option<Side>, f64)]) -> AspectReadings {
    let mut readings = AspectReadings::default();
    for aspect in Aspect::ALL {
        readings = readings.with(reading(aspect, None, 0.0));
        if aspect.is_sided() {
            for side in Side::BOTH {
                readings = readings.with(reading(aspect, Some(side), 0.0));
            }
        }
    }
    for &(aspect, side, z) in departing {
        readings = readings.with(reading(aspect, side, z));
    }
    readings
}

#[test]
fn thousands_of_sentences_are_all_understood() {
    let mut distinct = BTreeSet::new();
    for (sentence, aspect, side, direction) in all_sentences() {
        let claims: Vec<_> = claims_of(&sentence)
            .into_iter()
            .map(|claim| (claim.aspect, claim.side, claim.direction))
            .collect();
        assert_eq!(claims, [(Some(aspect), side, direction)], "{sentence}");
        distinct.insert(sentence);
    }
    assert!(distinct.len() > 2000, "{}", distinct.len());
}

#[test]
fn no_sentence_names_a_disease_or_a_number() {
    for (sentence, ..) in all_sentences() {
        let small = sentence.to_lowercase();
        for word in [
            "parkinson",
            "disease",
            "patient",
            "diagnos",
            "patholog",
            "symptom",
            "disorder",
        ] {
            assert!(!small.contains(word), "{sentence}");
        }
        assert!(
            !sentence.contains(|c: char| c.is_ascii_digit() || "<{}".contains(c)),
            "{sentence}"
        );
    }
}

#[test]
fn every_sentence_of_a_walk_is_borne_out_and_has_its_evidence() {
    for seed in 0..200 {
        let mut rng = SeededRng::new(seed);
        let departing: Vec<_> = Aspect::ALL
            .into_iter()
            .flat_map(|aspect| {
                let sides = [None, Some(Side::Left), Some(Side::Right)].into_iter();
                sides
                    .filter(move |side| side.is_none() || aspect.is_sided())
                    .map(move |side| (aspect, side))
            })
            .map(|(aspect, side)| (aspect, side, 2.5 * rng.normal()))
            .collect();
        let readings = walk(&departing);
        let rationale = write(&readings);
        assert_eq!(rationale, write(&readings));
        assert!(rationale.sentences.len() >= 3);
        assert!(rationale.sentences.iter().all(|it| !it.evidence.is_empty()));
        let text = as_text(&rationale);
        let check = FactCheck::of(&text, &readings);
        assert_eq!(check.supported_share(), Some(1.0), "{text}\n{check:?}");
        assert_eq!(check.supported, rationale.sentences.len(), "{text}");
        let vetted = vetted(&text, &readings);
        assert_eq!((vetted.struck, vetted.unchecked), (0, 0), "{text}");
        let [own, other] = [&rationale, &vetted].map(|it| {
            let sentences = it.sentences.iter();
            sentences
                .map(|s| (s.sentence.clone(), s.evidence.clone()))
                .collect::<Vec<_>>()
        });
        assert_eq!(own, other);
    }
}

#[test]
fn a_walk_as_usual_is_called_so_in_each_part() {
    let rationale = write(&walk(&[]));
    assert_eq!(rationale.sentences.len(), 3);
    let check = FactCheck::of(&as_text(&rationale), &walk(&[]));
    assert!(
        check
            .claims
            .iter()
            .all(|it| it.claim.direction == Direction::Usual)
    );
}

#[test]
fn the_side_that_departs_is_named() {
    let readings = walk(&[
        (Aspect::ArmSwing, None, -1.2),
        (Aspect::ArmSwing, Some(Side::Left), -2.4),
    ]);
    let rationale = write(&readings);
    let arm = rationale
        .sentences
        .iter()
        .find(|it| it.rule.starts_with("arm_"))
        .unwrap();
    assert_eq!(arm.rule, "arm_arm_swing_left");
    assert_eq!(arm.evidence[0].side, "left");
    assert!(
        arm.sentence.to_lowercase().contains("left"),
        "{}",
        arm.sentence
    );
}

#[test]
fn a_sentence_that_the_numbers_contradict_is_struck() {
    let readings = walk(&[(Aspect::Speed, None, -2.5)]);
    let text = "Foot: Step length is clearly short. Arm: **Arm swing** is as usual.Overall: Walking speed is \
                markedly slow. Balance is poor.";
    let rationale = vetted(text, &readings);
    let kept: Vec<&str> = rationale
        .sentences
        .iter()
        .map(|it| it.sentence.as_str())
        .collect();
    assert_eq!(
        kept,
        ["Arm swing is as usual.", "Walking speed is markedly slow."]
    );
    assert_eq!((rationale.struck, rationale.unchecked), (1, 1));
    assert_eq!(rationale.sentences[1].evidence[0].parameter, "speed");
}

#[test]
fn the_prompt_holds_the_numbers_and_an_answer() {
    let text = prompt(&walk(&[(Aspect::Speed, None, -2.5)]), Some(1));
    assert!(
        text.contains("speed, both: 7.500 m (healthy 10.000 ± 1.000)"),
        "{text}"
    );
    assert!(text.contains("The score to explain is 1.") && text.contains("Overall:"));
}
