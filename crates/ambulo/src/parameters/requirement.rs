//! What each parameter needs: the reason given where it cannot be measured.

use super::{ParameterConfig, ParameterId, freezing};

/// What must be seen for this parameter, to end the sentence "it needs …".
pub(super) fn of(id: ParameterId, config: &ParameterConfig) -> String {
    use ParameterId as P;
    let needs = match id {
        P::Speed | P::SpeedCv => "the pelvis or both hips at both contacts",
        P::StrideSpeed
        | P::StrideLength
        | P::StrideLengthCv
        | P::StepLength
        | P::StepLengthCv
        | P::WalkRatio => "heels or ankles of both feet at the contacts",
        P::StepWidth => {
            "heels or ankles of both feet, and the other foot's contacts before and after"
        }
        P::NormalisedStepLength | P::NormalisedStrideLength => {
            "a leg length, and heels or ankles of both feet at the contacts"
        }
        P::NormalisedSpeed => "a leg length in metres and the pelvis",
        P::NormalisedCadence => "a leg length in metres",
        P::FootProgressionAngle => "heel (or ankle) and toe in three dimensions",
        P::FootStrikeAngle => "heel (or ankle) and toe from contact to flat foot",
        P::MaximumFootHeight => "toe (or heel) over the swing and the stance before it",
        P::MinimumToeClearance => "a toe over the swing and the stance before it",
        P::KneeFlexionMaximumExtension => "knee flexion over the stance",
        P::ArmSwingRange | P::ArmSwingAsymmetry => {
            "shoulder, wrist (its centre or its markers), hips and neck over the whole stride"
        }
        P::WristExcursion => "wrist and pelvis over the whole stride",
        P::TrunkLean => "hips and neck (or shoulders) over the whole stride",
        P::PelvisSwayRange | P::PelvisSwayRms => {
            "the pelvis in three dimensions over the whole stride"
        }
        P::TrunkSwayRange | P::TrunkSwayRms => {
            "the neck (or shoulders) in three dimensions over the whole stride"
        }
        P::MosMediolateralContact
        | P::MosMediolateralMinimum
        | P::MosForwardContact
        | P::MosForwardMinimum
        | P::MosBackwardContact
        | P::MosBackwardMinimum => {
            "lengths in metres, the feet, a leg for the pendulum's length, and the body or the pelvis"
        }
        P::FreezingIndex => return freezing::requirement(config),
        P::LegacyAgirStepDistance => "both forefeet in three dimensions at their contacts",
        P::Cadence
        | P::StrideFrequency
        | P::StepTime
        | P::StrideTime
        | P::Stance
        | P::StanceTime
        | P::Swing
        | P::SwingTime
        | P::SingleSupport
        | P::SingleSupportTime
        | P::DoubleSupport
        | P::DoubleSupportTime
        | P::InitialDoubleSupport
        | P::InitialDoubleSupportTime
        | P::TerminalDoubleSupport
        | P::TerminalDoubleSupportTime
        | P::StepTimeCv
        | P::StrideTimeCv => "cycles with all four events",
    };
    needs.to_owned()
}
