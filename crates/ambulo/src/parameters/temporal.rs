//! Times and shares of the cycle, from the events alone.

use super::ParameterId;
use super::measure::Values;
use crate::cycles::GaitCycle;

/// Puts what the four events of a cycle tell.
///
/// The step of a stride is the one that its closing contact ends: it begins with the other foot's
/// contact inside the cycle, so no step is counted twice.
pub(super) fn measure(cycle: &GaitCycle, values: &mut Values) {
    let stride_s = cycle.duration_s();
    if stride_s <= 0.0 {
        return;
    }
    let step_s = cycle.end_s - cycle.opposite_contact_s;
    values.insert(ParameterId::StrideTime, stride_s);
    values.insert(ParameterId::StrideFrequency, 1.0 / stride_s);
    values.insert(ParameterId::Cadence, 120.0 / stride_s);
    values.insert(ParameterId::StepTime, step_s);

    let initial_s = cycle.opposite_foot_off_s - cycle.start_s;
    let single_s = cycle.opposite_contact_s - cycle.opposite_foot_off_s;
    let terminal_s = cycle.foot_off_s - cycle.opposite_contact_s;
    let stance_s = cycle.foot_off_s - cycle.start_s;
    let swing_s = cycle.end_s - cycle.foot_off_s;
    let shares = [
        (ParameterId::StanceTime, ParameterId::Stance, stance_s),
        (ParameterId::SwingTime, ParameterId::Swing, swing_s),
        (
            ParameterId::SingleSupportTime,
            ParameterId::SingleSupport,
            single_s,
        ),
        (
            ParameterId::DoubleSupportTime,
            ParameterId::DoubleSupport,
            initial_s + terminal_s,
        ),
        (
            ParameterId::InitialDoubleSupportTime,
            ParameterId::InitialDoubleSupport,
            initial_s,
        ),
        (
            ParameterId::TerminalDoubleSupportTime,
            ParameterId::TerminalDoubleSupport,
            terminal_s,
        ),
    ];
    for (time, share, span_s) in shares {
        values.insert(time, span_s);
        values.insert(share, 100.0 * span_s / stride_s);
    }
}
