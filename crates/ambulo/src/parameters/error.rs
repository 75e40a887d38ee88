//! How an error in the time of an event reaches a parameter.

use super::ParameterId;

/// What a parameter does with the events' times.
pub(super) enum Timing {
    /// It hardly depends on them.
    None,
    /// A time between two events of one kind: a constant delay cancels, the rest averages out.
    LikeEventsS,
    /// A rate of such times.
    Rate,
    /// A time between contact and foot off, this many times: their delays differ and stay.
    UnlikeEventsS(f64),
    /// The same as a share of the cycle in percent.
    UnlikeEventsPct(f64),
    /// The pitch of a foot that is falling flat: contact found late is a foot found flatter.
    FallingFoot,
}

/// Share of the cycle in which a foot that lands on its heel falls flat: loading response takes
/// about a tenth of the cycle, and the foot lies before it ends (Perry & Burnfield 2010).
pub(super) const FALLING_SHARE: f64 = 0.08;

pub(super) fn timing_of(id: ParameterId) -> Timing {
    use ParameterId as P;
    match id {
        P::StepTime | P::StrideTime => Timing::LikeEventsS,
        P::Cadence | P::StrideFrequency | P::NormalisedCadence | P::StrideSpeed | P::WalkRatio => {
            Timing::Rate
        }
        P::StanceTime
        | P::SwingTime
        | P::SingleSupportTime
        | P::InitialDoubleSupportTime
        | P::TerminalDoubleSupportTime => Timing::UnlikeEventsS(1.0),
        P::DoubleSupportTime => Timing::UnlikeEventsS(2.0),
        P::Stance
        | P::Swing
        | P::SingleSupport
        | P::InitialDoubleSupport
        | P::TerminalDoubleSupport => Timing::UnlikeEventsPct(1.0),
        P::DoubleSupport => Timing::UnlikeEventsPct(2.0),
        P::FootStrikeAngle => Timing::FallingFoot,
        _ => Timing::None,
    }
}
