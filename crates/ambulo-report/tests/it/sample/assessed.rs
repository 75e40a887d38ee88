//! What stands out in it.

use ambulo::assessment::{Assessment, Evidence, Finding, NormValue, WithheldRule};
use ambulo::parameters::ParameterId;

use super::ADULTS;

pub(super) fn finding(rule: &str, sentence: &str, z: f64, evidence: Vec<Evidence>) -> Finding {
    Finding {
        rule: rule.to_owned(),
        sentence: sentence.to_owned(),
        z: Some(z),
        evidence,
    }
}

pub(super) fn evidence(
    id: ParameterId,
    side: &str,
    value: f64,
    norm: Option<(f64, f64)>,
) -> Evidence {
    Evidence {
        parameter: id.name().to_owned(),
        side: side.to_owned(),
        value,
        unit: id.unit().to_owned(),
        norm: norm.map(|(mean, sd)| NormValue {
            mean,
            sd,
            source: ADULTS.to_owned(),
        }),
        frames: vec![[31, 153], [153, 275], [275, 397]],
    }
}

pub(super) fn assessment() -> Assessment {
    use ParameterId as P;
    let knee = Evidence {
        parameter: "knee_flexion".to_owned(),
        side: "right".to_owned(),
        value: 31.4,
        unit: "°".to_owned(),
        norm: Some(NormValue {
            mean: 59.2,
            sd: 5.0,
            source: ADULTS.to_owned(),
        }),
        frames: vec![[96, 218], [218, 340]],
    };
    Assessment {
        findings: vec![
            finding(
                "peak_knee_flexion",
                "The right knee flexes 31° at most in swing, 5.6 SD below the norm of 59 ± 5°.",
                -5.6,
                vec![knee],
            ),
            finding(
                "step_length",
                "Steps of the left foot are short: 0.51 m, 2.6 SD below the norm of 0.67 ± 0.06 m.",
                -2.6,
                vec![evidence(P::StepLength, "left", 0.508, Some((0.665, 0.06)))],
            ),
            finding(
                "stance",
                "Stance on the right lasts 58.0 % of the cycle, 2.6 SD below the norm; on the left 66.0 %, 2.4 SD above it.",
                -2.6,
                vec![
                    evidence(P::Stance, "right", 58.0, Some((62.1, 1.6))),
                    evidence(P::Stance, "left", 66.0, Some((62.1, 1.6))),
                ],
            ),
            finding(
                "speed",
                "Walking speed is 0.89 m/s, 2.2 SD below the norm of 1.24 ± 0.16 m/s.",
                -2.2,
                vec![evidence(P::Speed, "both", 0.89, Some((1.24, 0.16)))],
            ),
            finding(
                "step_asymmetry",
                "Steps are uneven: the right step is 14 % longer than the left.",
                2.1,
                vec![
                    evidence(P::StepLength, "left", 0.508, None),
                    evidence(P::StepLength, "right", 0.582, None),
                ],
            ),
        ],
        withheld: vec![WithheldRule {
            rule: "arm_swing_asymmetry".to_owned(),
            reason: "no wrist marker was recorded".to_owned(),
        }],
        ..Assessment::default()
    }
}
