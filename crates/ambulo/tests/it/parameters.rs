//! Parameters of walks whose truth is known from their formulas.

mod formula;
mod invariance;
mod synthetic;

use ambulo::parameters::{
    GaitParameters, ParameterConfig, ParameterId, Sidedness, Status, Stride, Summary,
    SummaryContext, Symmetry, arm_swing_asymmetry_pct, cv_pct, measure, pooled_cv_pct,
    robinson_pct, summarise,
};
use ambulo::walk::{LengthUnit, View};
use ambulo::{PerSide, Side};

use formula::Walker;

fn strides(walker: &Walker) -> Vec<Stride> {
    measure(
        &walker.walk(),
        &walker.cycles(),
        &walker.angles(),
        &ParameterConfig::default(),
    )
}

fn parameters(walker: &Walker) -> GaitParameters {
    let config = ParameterConfig::default();
    let context = SummaryContext::of(&walker.walk(), 0.0, &config);
    summarise(&strides(walker), &context, &config)
}

fn summary(parameters: &GaitParameters, id: ParameterId, side: Option<Side>) -> &Summary {
    let parameter = &parameters[&id];
    match side {
        Some(Side::Left) => parameter.left.as_ref(),
        Some(Side::Right) => parameter.right.as_ref(),
        None => parameter.both.as_ref(),
    }
    .unwrap_or_else(|| panic!("{} of {side:?}", id.name()))
}

#[track_caller]
fn check(walker: &Walker, id: ParameterId, side: Option<Side>, expected: f64, tolerance: f64) {
    let parameters = parameters(walker);
    let summary = summary(&parameters, id, side);
    let value = summary
        .value
        .unwrap_or_else(|| panic!("{}: {:?}", id.name(), summary.reason));
    assert!(
        (value - expected).abs() <= tolerance,
        "{}: {value}, not {expected}",
        id.name()
    );
}

#[test]
fn times_and_shares_are_those_of_the_events() {
    let walker = Walker::default();
    check(
        &walker,
        ParameterId::StrideTime,
        Some(Side::Left),
        1.1,
        1e-9,
    );
    check(&walker, ParameterId::Cadence, None, 120.0 / 1.1, 1e-6);
    check(
        &walker,
        ParameterId::Cadence,
        Some(Side::Left),
        120.0 / 1.1,
        1e-6,
    );
    check(&walker, ParameterId::StrideFrequency, None, 1.0 / 1.1, 1e-6);
    check(&walker, ParameterId::Stance, Some(Side::Right), 60.0, 1e-6);
    check(&walker, ParameterId::Swing, Some(Side::Right), 40.0, 1e-6);
    check(
        &walker,
        ParameterId::SingleSupport,
        Some(Side::Left),
        40.0,
        1e-6,
    );
    check(&walker, ParameterId::DoubleSupport, None, 20.0, 1e-6);
    check(
        &walker,
        ParameterId::InitialDoubleSupportTime,
        None,
        0.11,
        1e-6,
    );
    check(
        &walker,
        ParameterId::TerminalDoubleSupportTime,
        None,
        0.11,
        1e-6,
    );
}

#[test]
fn a_step_belongs_to_the_foot_that_ends_it() {
    // The right foot lands 0.65 m ahead of the left, the left 0.55 m ahead of the right.
    let walker = Walker {
        step_m: PerSide {
            left: 0.55,
            right: 0.65,
        },
        right_phase: 0.46,
        ..Walker::default()
    };
    check(
        &walker,
        ParameterId::StepLength,
        Some(Side::Left),
        0.55,
        1e-6,
    );
    check(
        &walker,
        ParameterId::StepLength,
        Some(Side::Right),
        0.65,
        1e-6,
    );
    check(
        &walker,
        ParameterId::StepTime,
        Some(Side::Right),
        0.46 * 1.1,
        1e-9,
    );
    check(
        &walker,
        ParameterId::StepTime,
        Some(Side::Left),
        0.54 * 1.1,
        1e-9,
    );
    let parameters = parameters(&walker);
    let symmetry = parameters[&ParameterId::StepLength].symmetry.unwrap();
    assert!((symmetry.robinson_pct - 100.0 * 0.1 / 0.6).abs() < 1e-6);
}

#[test]
fn lengths_and_speed_are_those_of_the_footprints() {
    let walker = Walker::default();
    check(&walker, ParameterId::StepLength, None, 0.6, 1e-6);
    check(
        &walker,
        ParameterId::StrideLength,
        Some(Side::Left),
        1.2,
        1e-6,
    );
    check(&walker, ParameterId::Speed, None, 1.2 / 1.1, 1e-6);
    check(&walker, ParameterId::StrideSpeed, None, 1.2 / 1.1, 1e-6);
    check(
        &walker,
        ParameterId::StepWidth,
        Some(Side::Left),
        0.10,
        1e-6,
    );
    check(
        &walker,
        ParameterId::WalkRatio,
        None,
        0.6 / (120.0 / 1.1),
        1e-6,
    );
    check(
        &walker,
        ParameterId::NormalisedStepLength,
        None,
        0.6 / 0.9,
        1e-6,
    );
    let froude = 1.2 / 1.1 / (9.80665_f64 * 0.9).sqrt();
    check(&walker, ParameterId::NormalisedSpeed, None, froude, 1e-6);
    let cadence = 2.0 / 1.1 * (0.9_f64 / 9.80665).sqrt();
    check(&walker, ParameterId::NormalisedCadence, None, cadence, 1e-6);
}

#[test]
fn feet_trunk_and_arms_are_those_of_the_formula() {
    let walker = Walker::default();
    let toe_out = Some(Side::Right);
    check(
        &walker,
        ParameterId::FootProgressionAngle,
        toe_out,
        -8.0,
        0.01,
    );
    check(
        &walker,
        ParameterId::FootProgressionAngle,
        Some(Side::Left),
        -8.0,
        0.01,
    );
    check(&walker, ParameterId::FootStrikeAngle, None, 20.0, 0.2);
    check(&walker, ParameterId::MinimumToeClearance, None, 0.02, 0.001);
    check(
        &walker,
        ParameterId::MaximumFootHeight,
        Some(Side::Left),
        walker.highest_toe_m(),
        0.001,
    );
    check(&walker, ParameterId::TrunkLean, None, 6.0, 0.01);
    check(
        &walker,
        ParameterId::ArmSwingRange,
        Some(Side::Left),
        40.0,
        0.1,
    );
    check(
        &walker,
        ParameterId::ArmSwingRange,
        Some(Side::Right),
        30.0,
        0.1,
    );
    let asymmetry = arm_swing_asymmetry_pct(40.0, 30.0).unwrap();
    check(
        &walker,
        ParameterId::ArmSwingAsymmetry,
        None,
        asymmetry,
        0.1,
    );
    check(&walker, ParameterId::PelvisSwayRange, None, 0.04, 0.0005);
    let rms = 0.02 / 2.0_f64.sqrt();
    check(&walker, ParameterId::PelvisSwayRms, None, rms, 0.0005);
    check(
        &walker,
        ParameterId::KneeFlexionMaximumExtension,
        None,
        4.0,
        0.05,
    );
}

#[test]
fn every_parameter_is_there_with_a_value_or_a_reason() {
    let no_cycles = summarise(
        &[],
        &SummaryContext::of(&Walker::default().walk(), 0.0, &ParameterConfig::default()),
        &ParameterConfig::default(),
    );
    let from_the_side = Walker {
        view: View::Sagittal,
        ..Walker::default()
    };
    let from_the_front = Walker {
        view: View::Frontal,
        ..Walker::default()
    };
    let all = [
        parameters(&Walker::default()),
        parameters(&from_the_side),
        parameters(&from_the_front),
        no_cycles,
    ];
    for parameters in &all {
        for &id in ParameterId::ALL {
            let parameter = &parameters[&id];
            let sides = [&parameter.left, &parameter.right, &parameter.both];
            let expected = match id.sidedness() {
                Sidedness::PerSide => 3,
                Sidedness::Whole => 1,
            };
            assert_eq!(sides.iter().filter(|side| side.is_some()).count(), expected);
            for summary in sides.into_iter().flatten() {
                match summary.status {
                    Status::Valid => assert!(summary.value.is_some() && summary.reason.is_none()),
                    Status::Caution => assert!(summary.value.is_some() && summary.reason.is_some()),
                    Status::Withheld => {
                        assert!(summary.value.is_none() && summary.reason.is_some());
                    }
                }
            }
        }
    }
    let long_3d = &all[0];
    let missing: Vec<_> = ParameterId::ALL
        .iter()
        .filter(|id| summary(long_3d, **id, None).value.is_none())
        .collect();
    assert!(missing.is_empty(), "no value for {missing:?}");
}

#[test]
fn one_cycle_on_a_side_is_withheld_and_counted() {
    let walker = Walker {
        strides: PerSide { left: 1, right: 2 },
        ..Walker::default()
    };
    let parameters = parameters(&walker);
    let left = summary(&parameters, ParameterId::StrideTime, Some(Side::Left));
    assert_eq!(
        left.reason.as_deref(),
        Some("fewer than two clean cycles on the left: 1")
    );
    let right = summary(&parameters, ParameterId::StrideTime, Some(Side::Right));
    assert_eq!((right.status, right.n), (Status::Valid, 2));
    for id in [
        ParameterId::StepLength,
        ParameterId::Speed,
        ParameterId::Cadence,
    ] {
        assert_eq!(summary(&parameters, id, None).status, Status::Withheld);
    }
}

#[test]
fn what_the_side_view_cannot_see_says_so() {
    let parameters = parameters(&Walker {
        view: View::Sagittal,
        ..Walker::default()
    });
    for id in [
        ParameterId::StepWidth,
        ParameterId::PelvisSwayRms,
        ParameterId::MosMediolateralContact,
    ] {
        let reason = summary(&parameters, id, None).reason.clone().unwrap();
        assert!(reason.starts_with("needs 3D or a frontal view"), "{reason}");
    }
    assert!(
        summary(&parameters, ParameterId::StepLength, None)
            .value
            .is_some()
    );
}

#[test]
fn without_scale_lengths_are_in_leg_lengths() {
    let parameters = parameters(&Walker {
        unit: LengthUnit::LegLengths,
        ..Walker::default()
    });
    let step = summary(&parameters, ParameterId::StepLength, None);
    assert_eq!(
        (step.unit.as_str(), step.status),
        ("leg lengths", Status::Caution)
    );
    let speed = summary(&parameters, ParameterId::Speed, None);
    assert_eq!(speed.unit, "leg lengths/s");
    let normalised = summary(&parameters, ParameterId::NormalisedSpeed, None);
    assert_eq!(normalised.status, Status::Withheld);
    let cv = summary(&parameters, ParameterId::StepLengthCv, None);
    assert_eq!(cv.unit, "%");
}

#[test]
fn few_strides_make_a_variability_doubtful() {
    let few = Walker {
        strides: PerSide { left: 4, right: 4 },
        ..Walker::default()
    };
    let parameters = parameters(&few);
    let cv = summary(&parameters, ParameterId::StrideTimeCv, None);
    assert_eq!(cv.status, Status::Caution);
    assert!(
        cv.reason
            .as_ref()
            .unwrap()
            .contains("4 strides on the left")
    );
}

#[test]
fn a_variability_that_the_events_could_make_alone_says_so() {
    let config = ParameterConfig::default();
    let walker = Walker::default();
    let context = SummaryContext::of(&walker.walk(), 0.02, &config);
    let parameters = summarise(&strides(&walker), &context, &config);
    let cv = summary(&parameters, ParameterId::StrideTimeCv, None);
    let reason = cv.reason.as_ref().expect("a reason");
    assert_eq!(cv.status, Status::Caution);
    assert!(reason.contains("scatters stride time by 2.6 %"), "{reason}");
}

#[test]
fn turning_strides_count_nowhere() {
    let walker = Walker::default();
    let mut cycles = walker.cycles();
    for cycle in cycles.iter_mut().take(4) {
        cycle.straight = false;
    }
    let config = ParameterConfig::default();
    let strides = measure(&walker.walk(), &cycles, &walker.angles(), &config);
    assert_eq!(strides.iter().filter(|stride| !stride.used).count(), 4);
    let context = SummaryContext::of(&walker.walk(), 0.0, &config);
    let parameters = summarise(&strides, &context, &config);
    assert_eq!(
        summary(&parameters, ParameterId::StrideTime, None).n,
        cycles.len() - 4
    );
}

#[test]
fn a_stride_with_a_missed_contact_is_not_used() {
    let walker = Walker::default();
    let mut cycles = walker.cycles();
    cycles[4].end_s += walker.stride_s;
    let config = ParameterConfig::default();
    let strides = measure(&walker.walk(), &cycles, &walker.angles(), &config);
    assert!(!strides[4].used && strides[5].used);
    let reason = strides[4].reason.as_ref().expect("a reason");
    assert!(reason.starts_with("it lasts 2.20 s"), "{reason}");
}

#[test]
fn the_scale_and_the_events_widen_the_interval() {
    let config = ParameterConfig::default();
    let walker = Walker {
        unit: LengthUnit::Metres {
            relative_error: 0.05,
        },
        ..Walker::default()
    };
    let context = SummaryContext::of(&walker.walk(), 0.01, &config);
    let parameters = summarise(&strides(&walker), &context, &config);
    let [least, most] = summary(&parameters, ParameterId::StepLength, None)
        .ci95
        .unwrap();
    assert!((most - least - 2.0 * 1.96 * 0.05 * 0.6).abs() < 1e-3);
    let [least, most] = summary(&parameters, ParameterId::Stance, Some(Side::Left))
        .ci95
        .unwrap();
    let expected_pct = 100.0 * 2.0 * 1.96 * 2.0_f64.sqrt() * 0.01 / 1.1;
    assert!((most - least - expected_pct).abs() < 1e-3);
}

#[test]
fn speed_and_steps_that_disagree_are_marked() {
    let config = ParameterConfig::default();
    let walker = Walker::default();
    let mut strides = strides(&walker);
    for stride in &mut strides {
        if let Some(speed) = stride.values.get_mut(&ParameterId::Speed) {
            *speed *= 1.2;
        }
    }
    let context = SummaryContext::of(&walker.walk(), 0.0, &config);
    let parameters = summarise(&strides, &context, &config);
    let speed = summary(&parameters, ParameterId::Speed, None);
    assert_eq!(speed.status, Status::Caution);
    assert!(
        speed
            .reason
            .as_ref()
            .unwrap()
            .contains("differ by more than 5 %")
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read reference files")]
fn symmetry_and_variability_agree_with_the_reference() {
    let Some(folder) = ambulo_testkit::parity_dir() else {
        return;
    };
    let path = folder.join("gait_indices/expected.json");
    let text = std::fs::read_to_string(&path).expect("the reference can be read");
    let expected: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let close = |a: f64, b: &serde_json::Value, what: &str| {
        let b = b.as_f64().unwrap_or_else(|| panic!("{what}"));
        assert!(
            (a - b).abs() <= 1e-6 * b.abs().max(1e-9),
            "{what}: {a}, {b}"
        );
    };
    let pairs = expected["symmetry"].as_array().expect("a list");
    assert_eq!(pairs.len(), 5);
    for pair in pairs {
        let (left, right) = (
            pair["left"].as_f64().unwrap(),
            pair["right"].as_f64().unwrap(),
        );
        close(
            robinson_pct(left, right).unwrap(),
            &pair["robinson_si"],
            "SI",
        );
        let Some(symmetry) = Symmetry::of(left, right) else {
            assert!(pair["ratio"].is_null());
            continue;
        };
        close(symmetry.ratio, &pair["ratio"], "ratio");
        close(symmetry.gait_asymmetry_pct, &pair["gait_asymmetry"], "GA");
        close(
            symmetry.symmetry_angle_pct,
            &pair["symmetry_angle"],
            "angle",
        );
        let arms = arm_swing_asymmetry_pct(left, right).unwrap();
        close(arms, &pair["arm_swing_asymmetry"], "ASA");
    }
    let numbers = |key: &str| -> Vec<f64> {
        let list = expected["variability"][key].as_array().expect("a list");
        list.iter().filter_map(serde_json::Value::as_f64).collect()
    };
    let (left, right) = (numbers("left"), numbers("right"));
    let variability = &expected["variability"];
    close(cv_pct(&left).unwrap(), &variability["cv_left"], "CV left");
    close(
        cv_pct(&right).unwrap(),
        &variability["cv_right"],
        "CV right",
    );
    close(
        pooled_cv_pct(&left, &right).unwrap(),
        &variability["pooled_cv_over_mean_of_side_means"],
        "pooled CV",
    );
}

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read reference files")]
fn the_documentation_has_the_row_of_every_parameter() {
    let path = ambulo_testkit::repository_root().join("docs/algorithm/05-parameters.md");
    let page = std::fs::read_to_string(path).expect("the page exists");
    for id in ParameterId::ALL {
        let row = format!(
            "| `{}` | {} | {} | {} | {} |",
            id.name(),
            id.title(),
            id.unit(),
            id.definition(),
            id.source()
        );
        assert!(page.lines().any(|line| line == row), "no such row:\n{row}");
    }
}
