//! Sentences as people and language models write them.

use super::*;

/// Topics, sides and directions of a sentence's claims.
#[track_caller]
fn check(sentence: &str, expected: &[(Option<Aspect>, Option<Side>, Direction)]) {
    let found: Vec<_> = claims_of(sentence)
        .into_iter()
        .map(|claim| (claim.aspect, claim.side, claim.direction))
        .collect();
    assert_eq!(found, expected, "{sentence}");
}

use Aspect::{
    ArmSwing, ArmSwingAsymmetry, Cadence, FootLift, Speed, StepLength, StepLengthAsymmetry,
    StepTimeAsymmetry, StepTimeVariability, StepWidth, ToeClearance, TrunkLean,
};
use Direction::{High, Low, Unusual, Usual};

const LEFT: Option<Side> = Some(Side::Left);
const RIGHT: Option<Side> = Some(Side::Right);

#[test]
fn a_quality_and_what_is_said_of_it() {
    check("The walking speed is slow.", &[(Some(Speed), None, Low)]);
    check(
        "A reduced arm swing is seen.",
        &[(Some(ArmSwing), None, Low)],
    );
    check("Step width is wide", &[(Some(StepWidth), None, High)]);
    check(
        "Normal toe clearance.",
        &[(Some(ToeClearance), None, Usual)],
    );
    check(
        "The cadence is impaired.",
        &[(Some(Cadence), None, Unusual)],
    );
    check("The person sat down.", &[]);
}

#[test]
fn sides_are_taken_from_the_clause() {
    check(
        "Right arm swing is reduced while left arm swing is normal",
        &[(Some(ArmSwing), RIGHT, Low), (Some(ArmSwing), LEFT, Usual)],
    );
    check(
        "Foot lift is low on the left.",
        &[(Some(FootLift), LEFT, Low)],
    );
    check(
        "Both arms show arm swing that is limited.",
        &[(Some(ArmSwing), None, Low)],
    );
}

#[test]
fn what_is_said_once_holds_for_all() {
    check(
        "Speed and cadence are reduced.",
        &[(Some(Speed), None, Low), (Some(Cadence), None, Low)],
    );
    check(
        "Reduced speed and cadence.",
        &[(Some(Speed), None, Low), (Some(Cadence), None, Low)],
    );
    check(
        "Speed is normal, but step length is short.",
        &[(Some(Speed), None, Usual), (Some(StepLength), None, Low)],
    );
}

#[test]
fn symmetry_and_steadiness_are_qualities_of_their_own() {
    check(
        "Arm swing is asymmetric.",
        &[(Some(ArmSwingAsymmetry), None, High)],
    );
    check(
        "Step lengths are symmetric.",
        &[(Some(StepLengthAsymmetry), None, Usual)],
    );
    check(
        "Reduced arm swing on the left side, with marked asymmetry.",
        &[
            (Some(ArmSwing), LEFT, Low),
            (Some(ArmSwingAsymmetry), None, High),
        ],
    );
    check(
        "High variability in step time.",
        &[(Some(StepTimeVariability), None, High)],
    );
    check(
        "The rhythm is irregular.",
        &[(Some(StepTimeVariability), None, High)],
    );
    check(
        "There is a difference between left and right step times.",
        &[(Some(StepTimeAsymmetry), None, High)],
    );
}

#[test]
fn negations_turn_a_claim_round() {
    check(
        "No asymmetry in step length is seen.",
        &[(Some(StepLengthAsymmetry), None, Usual)],
    );
    check("Speed is not reduced.", &[(Some(Speed), None, Usual)]);
    check(
        "Arm swing is not normal.",
        &[(Some(ArmSwing), None, Unusual)],
    );
}

#[test]
fn one_word_may_say_all() {
    check("The walker is stooped.", &[(Some(TrunkLean), None, High)]);
    check("Shuffling is seen.", &[(Some(FootLift), None, Low)]);
    check("The step time is long.", &[(Some(Cadence), None, Low)]);
}

#[test]
fn what_is_not_measured_is_told_apart() {
    check("Balance is good.", &[(None, None, Usual)]);
    let check = FactCheck::of(
        "Balance is good. Freezing occurs.",
        &AspectReadings::default(),
    );
    assert_eq!((check.not_checkable, check.supported_share()), (2, None));
}
