//! The words of the rationale. [`crate::assessment::claims`] must understand every sentence they can form; a test
//! forms them all.

use super::super::aspects::Aspect;

/// Words for an aspect.
pub(crate) struct Words {
    /// Of both sides or the whole walk; singular, without a capital.
    pub(crate) whole: &'static [&'static str],
    /// Of one side: `{side}` stands for it; empty for aspects without sides.
    pub(crate) sided: &'static [&'static str],
    /// What small values are called.
    pub(crate) low: &'static [&'static str],
    /// What large values are called.
    pub(crate) high: &'static [&'static str],
}

/// Sentences about something out of the ordinary: `{n}` the aspect, `{N}` the same with a capital, `{s}` how much,
/// `{a}` what it is called.
pub(crate) const DEPARTING: &[&str] = &[
    "{N} is {s} {a}.",
    "{N} is {s} {a} in this walk.",
    "Against the reference walkers, {n} is {s} {a}.",
    "Over the strides that were measured, {n} is {s} {a}.",
    "As measured here, {n} is {s} {a}.",
    "In this recording {n} is {s} {a}.",
    "Set beside healthy walkers, {n} is {s} {a}.",
];

/// Sentences about something as usual.
pub(crate) const USUAL: &[&str] = &[
    "{N} is within the reference range.",
    "{N} stays within the usual range.",
    "{N} is close to that of the reference walkers.",
    "{N} is as usual.",
    "As measured here, {n} is within the reference range.",
    "Over the strides that were measured, {n} is as usual.",
    "In this recording {n} is close to that of the reference walkers.",
    "Set beside healthy walkers, {n} is as usual.",
];

/// One to two standard deviations from the norm.
pub(crate) const SLIGHT: &[&str] = &["slightly", "a little", "somewhat", "mildly"];
/// Two to three.
pub(crate) const CLEAR: &[&str] = &["clearly", "distinctly", "noticeably"];
/// Three and more.
pub(crate) const MARKED: &[&str] = &["markedly", "strongly", "considerably", "very"];

#[expect(clippy::too_many_lines, reason = "a table of words")]
pub(crate) fn words(aspect: Aspect) -> Words {
    match aspect {
        Aspect::StepLength => Words {
            whole: &[
                "step length",
                "the length of the steps",
                "the reach of the steps",
            ],
            sided: &[
                "{side} step length",
                "the length of the {side} steps",
                "step length on the {side}",
            ],
            low: &["short", "reduced", "diminished"],
            high: &["long", "large", "increased"],
        },
        Aspect::StepWidth => Words {
            whole: &[
                "step width",
                "the width of the base",
                "the distance between the feet",
            ],
            sided: &[],
            low: &["narrow", "small", "reduced"],
            high: &["wide", "large", "increased"],
        },
        Aspect::FootLift => Words {
            whole: &[
                "foot lift",
                "the height of the feet in swing",
                "the lifting of the feet",
            ],
            sided: &[
                "{side} foot lift",
                "the height of the {side} foot in swing",
                "the lifting of the {side} foot",
            ],
            low: &["low", "small", "reduced"],
            high: &["high", "large", "increased"],
        },
        Aspect::ToeClearance => Words {
            whole: &[
                "toe clearance",
                "the clearance under the toes",
                "the gap between toes and floor",
            ],
            sided: &[
                "{side} toe clearance",
                "the clearance under the {side} toes",
                "toe clearance on the {side}",
            ],
            low: &["low", "small", "reduced"],
            high: &["high", "large", "increased"],
        },
        Aspect::FootStrike => Words {
            whole: &[
                "the foot strike angle",
                "the angle of the feet at contact",
                "the landing angle of the feet",
            ],
            sided: &[
                "the {side} foot strike angle",
                "the angle of the {side} foot at contact",
                "the landing angle of the {side} foot",
            ],
            low: &["flat", "small", "reduced"],
            high: &["steep", "large", "increased"],
        },
        Aspect::KneeBend => Words {
            whole: &[
                "the least knee flexion in stance",
                "the bend of the knees in stance",
                "knee flexion in stance",
            ],
            sided: &[
                "the least {side} knee flexion in stance",
                "the bend of the {side} knee in stance",
                "{side} knee flexion in stance",
            ],
            low: &["low", "small", "reduced"],
            high: &["high", "large", "increased"],
        },
        Aspect::StepLengthAsymmetry => Words {
            whole: &[
                "the asymmetry of step length",
                "step length asymmetry",
                "the imbalance of step length",
            ],
            sided: &[],
            low: &["small"],
            high: &["large", "increased", "high"],
        },
        Aspect::StepTimeAsymmetry => Words {
            whole: &[
                "the asymmetry of step time",
                "step time asymmetry",
                "the imbalance of step timing",
            ],
            sided: &[],
            low: &["small"],
            high: &["large", "increased", "high"],
        },
        Aspect::ArmSwing => Words {
            whole: &[
                "arm swing",
                "the swing of the arms",
                "the range of arm swing",
            ],
            sided: &[
                "{side} arm swing",
                "the swing of the {side} arm",
                "arm swing on the {side}",
            ],
            low: &["reduced", "small", "limited"],
            high: &["large", "increased", "wide"],
        },
        Aspect::ArmSwingAsymmetry => Words {
            whole: &[
                "the asymmetry of arm swing",
                "arm swing asymmetry",
                "the imbalance of arm swing",
            ],
            sided: &[],
            low: &["small"],
            high: &["large", "increased", "high"],
        },
        Aspect::Speed => Words {
            whole: &["walking speed", "gait speed", "the pace of walking"],
            sided: &[],
            low: &["slow", "reduced", "low"],
            high: &["fast", "high", "increased"],
        },
        Aspect::Cadence => Words {
            whole: &["cadence", "the stepping rate", "the rate of stepping"],
            sided: &[],
            low: &["low", "slow", "reduced"],
            high: &["high", "fast", "increased"],
        },
        Aspect::DoubleSupport => Words {
            whole: &[
                "double support",
                "the share of double support",
                "double support time",
            ],
            sided: &[],
            low: &["short", "small", "reduced"],
            high: &["long", "prolonged", "increased"],
        },
        Aspect::StepTimeVariability => Words {
            whole: &[
                "the variability of step time",
                "step time variability",
                "the variation of step timing",
            ],
            sided: &[],
            low: &["small"],
            high: &["large", "increased", "high"],
        },
        Aspect::StepLengthVariability => Words {
            whole: &[
                "the variability of step length",
                "step length variability",
                "the variation of step length",
            ],
            sided: &[],
            low: &["small"],
            high: &["large", "increased", "high"],
        },
        Aspect::TrunkLean => Words {
            whole: &[
                "forward lean of the trunk",
                "the forward trunk lean",
                "the stoop of the trunk",
            ],
            sided: &[],
            low: &["small"],
            high: &["large", "increased", "pronounced"],
        },
    }
}
