//! Every rule at its limit, and without data.

use ambulo::analysis::{Indices, Norms};
use ambulo::assessment::{AssessmentConfig, Finding, Measured, NormValue, ParameterNorm, assess};
use ambulo::kinematics::{AngleCurve, AngleCurves, AngleId, AngleMethod};
use ambulo::normative::norms;
use ambulo::parameters::{
    GaitParameters, Origin, ParameterId, ParameterSummary, Status, Stride, Summary, Symmetry,
};
use ambulo::subject::{Sex, Subject};
use ambulo::{PerSide, Side};

/// What a rule said.
#[derive(Debug)]
enum Outcome {
    Clear,
    Finding(Finding),
    Withheld(String),
}

#[derive(Default)]
struct Trial {
    subject: Subject,
    parameters: GaitParameters,
    strides: Vec<Stride>,
    angles: AngleCurves,
    indices: Indices,
    norms: Norms,
}

fn summary(parameter: ParameterId, value: f64) -> Summary {
    Summary {
        value: Some(value),
        unit: parameter.unit().to_owned(),
        sd: None,
        cv_pct: None,
        n: 12,
        ci95: None,
        status: Status::Valid,
        reason: None,
        origin: Origin::Measured,
    }
}

impl Trial {
    fn with(mut self, parameter: ParameterId, left: f64, right: f64) -> Self {
        let symmetry = Symmetry {
            robinson_pct: 200.0 * (right - left) / (left + right),
            ratio: 1.0,
            gait_asymmetry_pct: 0.0,
            symmetry_angle_pct: 0.0,
        };
        let sides = ParameterSummary {
            left: Some(summary(parameter, left)),
            right: Some(summary(parameter, right)),
            both: Some(summary(parameter, f64::midpoint(left, right))),
            symmetry: Some(symmetry),
        };
        self.parameters.insert(parameter, sides);
        self
    }

    fn whole(self, parameter: ParameterId, value: f64) -> Self {
        self.with(parameter, value, value)
    }

    fn norm(mut self, parameter: ParameterId, mean: f64, sd: f64) -> Self {
        let source = "a test".to_owned();
        let norm = NormValue { mean, sd, source };
        self.norms
            .parameters
            .push(ParameterNorm { parameter, norm });
        self
    }

    fn change(mut self, parameter: ParameterId, change: impl Fn(&mut Summary)) -> Self {
        if let Some(sides) = self.parameters.get_mut(&parameter) {
            [&mut sides.left, &mut sides.right, &mut sides.both]
                .into_iter()
                .flatten()
                .for_each(change);
        }
        self
    }

    fn knee_peak(mut self, peak_deg: f64, method: AngleMethod) -> Self {
        let mut mean_deg = vec![5.0; 101];
        mean_deg[72] = peak_deg;
        let curve = AngleCurve {
            method,
            approximate: false,
            n: 3,
            mean_deg,
            sd_deg: None,
        };
        self.angles.insert(
            AngleId::KneeFlexion,
            PerSide::from_fn(|_| Some(curve.clone())),
        );
        self
    }

    fn aged(mut self, age_years: f64) -> Self {
        self.subject.age_years = Some(age_years);
        self
    }

    fn assess(&self) -> ambulo::assessment::Assessment {
        let measured = Measured {
            subject: &self.subject,
            parameters: &self.parameters,
            strides: &self.strides,
            angles: &self.angles,
            indices: &self.indices,
            norms: &self.norms,
        };
        assess(&measured, &AssessmentConfig::default())
    }

    fn outcome(&self, rule: &str) -> Outcome {
        let assessment = self.assess();
        let mut findings = assessment.findings.into_iter();
        let mut withheld = assessment.withheld.into_iter();
        match (
            findings.find(|f| f.rule == rule),
            withheld.find(|w| w.rule == rule),
        ) {
            (Some(finding), None) => Outcome::Finding(finding),
            (None, Some(withheld)) => Outcome::Withheld(withheld.reason),
            (None, None) => Outcome::Clear,
            both => panic!("{rule} said two things: {both:?}"),
        }
    }

    #[track_caller]
    fn clear(&self, rule: &str) {
        let outcome = self.outcome(rule);
        assert!(matches!(outcome, Outcome::Clear), "{outcome:?}");
    }

    #[track_caller]
    fn finding(&self, rule: &str) -> Finding {
        match self.outcome(rule) {
            Outcome::Finding(finding) => finding,
            other => panic!("{rule}: {other:?}"),
        }
    }

    #[track_caller]
    fn withheld(&self, rule: &str) -> String {
        match self.outcome(rule) {
            Outcome::Withheld(reason) => reason,
            other => panic!("{rule}: {other:?}"),
        }
    }
}

fn trial() -> Trial {
    Trial::default()
}

#[test]
fn without_data_every_rule_withholds_with_a_reason() {
    let assessment = trial().assess();
    assert!(assessment.findings.is_empty());
    assert_eq!(assessment.withheld.len(), 12 + 2 * 8);
    assert!(
        assessment
            .withheld
            .iter()
            .all(|withheld| withheld.reason.len() > 10)
    );
}

#[test]
fn two_standard_deviations_are_the_limit_and_the_direction_counts() {
    for (rule, parameter, low, high) in [
        ("slow_speed", ParameterId::Speed, true, false),
        ("cadence", ParameterId::Cadence, true, true),
        ("double_support", ParameterId::DoubleSupport, false, true),
        ("step_width", ParameterId::StepWidth, true, true),
        ("stance_left", ParameterId::Stance, true, true),
        ("short_step_right", ParameterId::StepLength, true, false),
        (
            "knee_extension_left",
            ParameterId::KneeFlexionMaximumExtension,
            true,
            true,
        ),
        (
            "foot_progression_right",
            ParameterId::FootProgressionAngle,
            true,
            true,
        ),
        (
            "arm_swing_asymmetry",
            ParameterId::ArmSwingAsymmetry,
            false,
            true,
        ),
    ] {
        let at = |z: f64| {
            trial()
                .whole(parameter, 10.0 + z)
                .norm(parameter, 10.0, 1.0)
        };
        at(-1.99).clear(rule);
        at(1.99).clear(rule);
        for (z, found) in [(-2.0, low), (2.0, high)] {
            if found {
                let finding = at(z).finding(rule);
                assert!((finding.z.unwrap() - z).abs() < 1e-9, "{rule}");
                assert!(finding.sentence.contains("a test"), "{}", finding.sentence);
                assert!(!finding.evidence.is_empty());
            } else {
                at(z).clear(rule);
            }
        }
        let no_norm = trial().whole(parameter, 10.0).withheld(rule);
        assert!(no_norm.contains("no norm"), "{no_norm}");
        let other_unit =
            at(3.0).change(parameter, |summary| summary.unit = "leg lengths".to_owned());
        assert!(other_unit.withheld(rule).contains("no scale"));
        let reason = at(3.0).change(parameter, |summary| {
            summary.value = None;
            summary.status = Status::Withheld;
            summary.reason = Some("one cycle only".to_owned());
        });
        assert!(reason.withheld(rule).contains("one cycle only"));
    }
}

#[test]
fn a_sentence_names_side_number_unit_norm_and_source() {
    let found = trial()
        .with(ParameterId::Stance, 68.12, 60.0)
        .norm(ParameterId::Stance, 62.0, 2.0)
        .finding("stance_left");
    assert_eq!(
        found.sentence,
        "Left stance is 68.1 % of the cycle, longer than in a test (62.0 ± 2.0 % of the cycle, z +3.1)."
    );
    assert_eq!(
        (
            found.evidence[0].side.as_str(),
            found.evidence[0].unit.as_str()
        ),
        ("left", "% cycle")
    );
}

#[test]
fn a_value_to_be_read_with_caution_says_why() {
    let found = trial()
        .whole(ParameterId::Speed, 0.5)
        .norm(ParameterId::Speed, 1.3, 0.2)
        .change(ParameterId::Speed, |summary| {
            summary.status = Status::Caution;
            summary.reason = Some("three strides".to_owned());
        })
        .finding("slow_speed");
    assert!(
        found
            .sentence
            .ends_with("To be read with caution: three strides.")
    );
}

#[test]
fn evidence_lists_the_frames_of_the_used_strides_of_its_side() {
    let stride = |side, start_frame, used| Stride {
        side,
        bout: 0,
        start_frame,
        end_frame: start_frame + 30,
        start_s: 0.0,
        end_s: 1.0,
        used,
        reason: None,
        values: [(ParameterId::Stance, 70.0)].into(),
    };
    let mut trial = trial()
        .whole(ParameterId::Stance, 70.0)
        .norm(ParameterId::Stance, 62.0, 2.0);
    trial.strides = vec![
        stride(Side::Left, 0, true),
        stride(Side::Right, 15, true),
        stride(Side::Left, 30, false),
        stride(Side::Left, 60, true),
    ];
    assert_eq!(
        trial.finding("stance_left").evidence[0].frames,
        [[0, 30], [60, 90]]
    );
    assert_eq!(trial.finding("stance_right").evidence[0].frames, [[15, 45]]);
}

#[test]
fn sides_are_compared_and_the_longer_one_is_named() {
    for (rule, parameter) in [
        ("step_length_asymmetry", ParameterId::StepLength),
        ("step_time_asymmetry", ParameterId::StepTime),
        ("swing_asymmetry", ParameterId::Swing),
    ] {
        trial().with(parameter, 0.500, 0.549).clear(rule);
        let right = trial().with(parameter, 0.500, 0.555).finding(rule);
        assert!(right.sentence.starts_with("Right"), "{}", right.sentence);
        assert_eq!(right.evidence.len(), 2);
        let left = trial().with(parameter, 0.70, 0.55).finding(rule);
        assert!(left.sentence.starts_with("Left"), "{}", left.sentence);
    }
}

#[test]
fn variability_needs_strides_and_a_limit() {
    for (rule, parameter, limit) in [
        ("stride_time_variability", ParameterId::StrideTimeCv, 4.0),
        (
            "stride_length_variability",
            ParameterId::StrideLengthCv,
            6.0,
        ),
    ] {
        trial().whole(parameter, limit - 0.01).clear(rule);
        let found = trial().whole(parameter, limit).finding(rule);
        assert!(found.sentence.contains("12 strides") && found.z.is_none());
        let few = trial()
            .whole(parameter, 9.0)
            .change(parameter, |summary| summary.n = 5);
        assert!(few.withheld(rule).contains("5 strides"));
    }
}

#[test]
fn arm_swing_asymmetry_gives_both_ranges() {
    let found = trial()
        .with(ParameterId::ArmSwingRange, 12.0, 38.0)
        .whole(ParameterId::ArmSwingAsymmetry, 31.0)
        .norm(ParameterId::ArmSwingAsymmetry, 5.1, 4.0)
        .finding("arm_swing_asymmetry");
    assert!(
        found
            .sentence
            .contains("left arm swings 12.0° and the right 38.0°")
    );
    assert_eq!(found.evidence.len(), 3);
}

#[test]
fn the_trunk_may_lean_a_little() {
    let lean = |degrees| trial().whole(ParameterId::TrunkLean, degrees);
    lean(14.9).clear("trunk_lean");
    lean(-4.9).clear("trunk_lean");
    assert!(
        lean(15.0)
            .finding("trunk_lean")
            .sentence
            .contains("forward by 15.0°")
    );
    assert!(
        lean(-5.0)
            .finding("trunk_lean")
            .sentence
            .contains("backward by 5.0°")
    );
}

#[test]
fn feet_may_land_flat_or_with_the_forefoot() {
    let strike = |degrees| trial().whole(ParameterId::FootStrikeAngle, degrees);
    strike(8.0).clear("foot_strike_left");
    assert!(
        strike(7.9)
            .finding("foot_strike_left")
            .sentence
            .contains("nearly flat")
    );
    assert!(
        strike(-1.7)
            .finding("foot_strike_right")
            .sentence
            .contains("forefoot first")
    );
}

#[test]
fn low_toe_clearance_is_told_from_bad_tracking() {
    let toe = |metres| trial().whole(ParameterId::MinimumToeClearance, metres);
    toe(0.005).clear("toe_clearance_left");
    assert!(
        toe(0.002)
            .finding("toe_clearance_left")
            .sentence
            .contains("0.002 m")
    );
    assert!(
        toe(-0.01)
            .withheld("toe_clearance_right")
            .contains("below the ground")
    );
}

#[test]
fn a_stiff_knee_is_found_from_its_curve() {
    trial()
        .knee_peak(56.0, AngleMethod::Markers)
        .clear("stiff_knee_left");
    let found = trial()
        .knee_peak(40.0, AngleMethod::Sagittal2d)
        .whole(ParameterId::Speed, 0.6)
        .finding("stiff_knee_right");
    assert!(found.z.unwrap() < -2.0);
    assert!(found.sentence.contains("right knee") && found.sentence.contains("At 0.60 m/s"));
    assert!(found.sentence.contains("One camera"));
    let child = trial().knee_peak(40.0, AngleMethod::Markers).aged(8.0);
    assert!(child.withheld("stiff_knee_left").contains("8 years"));
}

#[test]
fn indices_are_judged_against_healthy_adults() {
    let mut trial = trial();
    trial.indices.gps_overall_deg = Some(5.09 + 2.0 * 1.29 - 0.01);
    trial.indices.gdi_star = PerSide {
        left: Some(80.1),
        right: Some(80.0),
    };
    trial.clear("gait_profile_score");
    trial.clear("gdi_star_left");
    assert!(
        trial
            .finding("gdi_star_right")
            .sentence
            .starts_with("Right GDI* is 80")
    );
    trial.indices.gps_overall_deg = Some(9.0);
    assert!(
        trial
            .finding("gait_profile_score")
            .sentence
            .contains("9.0°")
    );
    let note = "No GPS, GDI* or GDI for the left side: hip rotation is an approximation.";
    trial.indices = Indices {
        notes: vec![note.to_owned()],
        ..Indices::default()
    };
    assert_eq!(trial.withheld("gdi_star_left"), note);
}

#[test]
fn the_largest_deviation_comes_first_and_fixed_limits_last() {
    let trial = trial()
        .whole(ParameterId::TrunkLean, 30.0)
        .whole(ParameterId::Speed, 0.9)
        .norm(ParameterId::Speed, 1.3, 0.2)
        .whole(ParameterId::Cadence, 160.0)
        .norm(ParameterId::Cadence, 110.0, 8.0);
    let rules: Vec<String> = trial
        .assess()
        .findings
        .into_iter()
        .map(|f| f.rule)
        .collect();
    assert_eq!(rules, ["cadence", "slow_speed", "trunk_lean"]);
}

#[test]
fn a_typical_adult_has_no_findings_against_the_shipped_norms() {
    let mut trial = trial()
        .whole(ParameterId::Speed, 1.35)
        .whole(ParameterId::Cadence, 112.0)
        .whole(ParameterId::StepLength, 0.72)
        .whole(ParameterId::StepWidth, 0.10)
        .whole(ParameterId::Stance, 62.0)
        .whole(ParameterId::DoubleSupport, 24.0)
        .whole(ParameterId::KneeFlexionMaximumExtension, 3.0)
        .whole(ParameterId::FootProgressionAngle, -7.0)
        .whole(ParameterId::ArmSwingAsymmetry, 6.0)
        .knee_peak(60.0, AngleMethod::Markers);
    for (age_years, sex) in [
        (None, None),
        (Some(35.0), Some(Sex::Male)),
        (Some(25.0), None),
    ] {
        trial.subject = Subject {
            age_years,
            sex,
            ..Subject::default()
        };
        trial.norms = norms(&trial.subject, Some(1.35), &trial.angles);
        let assessment = trial.assess();
        assert!(assessment.findings.is_empty(), "{:?}", assessment.findings);
    }
}
