//! Every parameter of every stride of a bout.

use std::collections::BTreeMap;

use super::spatial::{Footprints, belt_speed};
use super::view::StrideView;
use super::{
    ParameterConfig, ParameterId, Stride, angles, arm, freezing, spatial, temporal, trunk,
};
use crate::balance;
use crate::cycles::GaitCycle;
use crate::kinematics::AngleSeries;
use crate::walk::{View, Walk};

/// What was measured in one stride.
pub(crate) type Values = BTreeMap<ParameterId, f64>;

/// Measures every parameter that the walk allows in each of its cycles.
///
/// `cycles` are those of this bout, with times of the trial; `angles` are in the walk's frames.
/// A parameter whose points or axes are missing is missing from the stride: [`super::summarise`]
/// says why. The step of a stride is the one that ends with its closing contact.
///
/// # Units
///
/// Lengths in the walk's unit, times in seconds, angles in degrees, shares in percent.
pub fn measure(
    walk: &Walk,
    cycles: &[GaitCycle],
    angles: &AngleSeries,
    config: &ParameterConfig,
) -> Vec<Stride> {
    let belt = belt_speed(walk, cycles, config);
    let views: Vec<_> = cycles
        .iter()
        .map(|&cycle| StrideView::new(walk, cycle, belt.unwrap_or(0.0), config))
        .collect();
    let prints = Footprints::find(&views);
    let median_s = median_duration_s(cycles);
    let balance = belt.and_then(|belt| balance::Balance::of(walk, belt, config));
    views
        .iter()
        .map(|view| {
            let mut values = Values::new();
            temporal::measure(&view.cycle, &mut values);
            if walk.view() != View::Frontal {
                if belt.is_some() {
                    spatial::measure(&views, view, &prints, &mut values);
                }
                angles::measure(view, angles, &mut values);
                arm::measure(view, &mut values);
                trunk::measure(view, &mut values);
                if let Some(balance) = &balance {
                    balance.measure(view, &mut values);
                }
                if let Some(index) = freezing::index(view) {
                    values.insert(ParameterId::FreezingIndex, index);
                }
            }
            if walk.view() != View::Spatial {
                values.retain(|id, _| id.quantity() != super::Quantity::Mediolateral);
            }
            stride(walk, &view.cycle, median_s, values, config)
        })
        .collect()
}

/// Median duration of the cycles; `None` if there are too few to call one of them the odd one.
fn median_duration_s(cycles: &[GaitCycle]) -> Option<f64> {
    let mut durations_s: Vec<f64> = cycles.iter().map(GaitCycle::duration_s).collect();
    durations_s.sort_by(f64::total_cmp);
    (durations_s.len() >= 3).then(|| durations_s[durations_s.len() / 2])
}

fn stride(
    walk: &Walk,
    cycle: &GaitCycle,
    median_s: Option<f64>,
    values: Values,
    config: &ParameterConfig,
) -> Stride {
    let frame =
        |time_s: f64| walk.start_frame() + walk.time().nearest_frame(time_s - walk.start_time_s());
    let reason = reason_against(cycle, median_s, &values, config);
    Stride {
        side: cycle.side,
        bout: cycle.bout,
        start_frame: frame(cycle.start_s),
        end_frame: frame(cycle.end_s),
        start_s: cycle.start_s,
        end_s: cycle.end_s,
        used: reason.is_none(),
        reason,
        values,
    }
}

/// Why a stride does not count: it turns, or no walk looks like it.
fn reason_against(
    cycle: &GaitCycle,
    median_s: Option<f64>,
    values: &Values,
    config: &ParameterConfig,
) -> Option<String> {
    if !cycle.straight {
        return Some("the walker turns in it".to_owned());
    }
    let ordered = [
        cycle.start_s,
        cycle.opposite_foot_off_s,
        cycle.opposite_contact_s,
        cycle.foot_off_s,
        cycle.end_s,
    ];
    if !ordered.is_sorted() || cycle.end_s <= cycle.start_s {
        return Some("its events are not in the order of a walk".to_owned());
    }
    let outside = |id: ParameterId, range: super::Range| {
        let &value = values.get(&id)?;
        (!range.contains(value)).then(|| {
            format!(
                "its {} of {value:.0} {} is outside {range}",
                id.title().to_lowercase(),
                id.unit(),
            )
        })
    };
    let guards = &config.guards;
    // A contact that was missed makes two strides look like one.
    let duration_s = cycle.duration_s();
    if let Some(median_s) = median_s
        && duration_s > guards.stride_to_median * median_s
    {
        return Some(format!(
            "it lasts {duration_s:.2} s, more than {} times the median of its bout, {median_s:.2} s",
            guards.stride_to_median
        ));
    }
    outside(ParameterId::Cadence, guards.stride_cadence_spm)
        .or_else(|| outside(ParameterId::Stance, guards.stride_stance_pct))
}
