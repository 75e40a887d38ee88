//! What parameters have in common: which are derived, which travel over the ground, which scale.

use super::{ParameterId, Quantity, SummaryContext};

/// How a parameter is made from the summaries of others.
pub(super) enum Derived {
    /// Pooled coefficient of variation of another parameter.
    CvOf(ParameterId),
    /// Asymmetry of the arms' ranges.
    ArmAsymmetry,
}

/// Parameters that are made from the summaries of others.
pub(super) fn derived(id: ParameterId) -> Option<Derived> {
    Some(match id {
        ParameterId::StepTimeCv => Derived::CvOf(ParameterId::StepTime),
        ParameterId::StrideTimeCv => Derived::CvOf(ParameterId::StrideTime),
        ParameterId::StepLengthCv => Derived::CvOf(ParameterId::StepLength),
        ParameterId::StrideLengthCv => Derived::CvOf(ParameterId::StrideLength),
        ParameterId::SpeedCv => Derived::CvOf(ParameterId::StrideSpeed),
        ParameterId::ArmSwingAsymmetry => Derived::ArmAsymmetry,
        _ => return None,
    })
}

/// Whether the way of the body over the ground is in it, and with it a belt's speed.
pub(super) fn travels(id: ParameterId) -> bool {
    use ParameterId as P;
    matches!(
        id,
        P::Speed
            | P::StrideSpeed
            | P::StepLength
            | P::StrideLength
            | P::StepWidth
            | P::WalkRatio
            | P::NormalisedSpeed
            | P::NormalisedStepLength
            | P::NormalisedStrideLength
    ) || is_margin(id)
}

/// Whether a pure number carries the scale's error because only one of its lengths has it.
pub(super) fn scales(id: ParameterId) -> bool {
    matches!(
        id,
        ParameterId::NormalisedSpeed
            | ParameterId::NormalisedStepLength
            | ParameterId::NormalisedStrideLength
    )
}

pub(super) fn is_margin(id: ParameterId) -> bool {
    use ParameterId as P;
    matches!(
        id,
        P::MosMediolateralContact
            | P::MosMediolateralMinimum
            | P::MosForwardContact
            | P::MosForwardMinimum
            | P::MosBackwardContact
            | P::MosBackwardMinimum
    )
}

/// The unit as written: metres become leg lengths where no scale is known.
pub(super) fn unit_of(id: ParameterId, context: &SummaryContext) -> String {
    let is_length = matches!(id.quantity(), Quantity::Sagittal | Quantity::Mediolateral);
    match (
        is_length && !context.has_scale(),
        id.unit().strip_prefix('m'),
    ) {
        (true, Some(rest)) => format!("leg lengths{rest}"),
        _ => id.unit().to_owned(),
    }
}
