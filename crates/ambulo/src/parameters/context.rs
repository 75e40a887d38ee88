//! What a summary needs to know of the walk beside its strides.

use std::collections::BTreeMap;

use super::{ParameterConfig, ParameterId};
use crate::balance::{BalanceMethod, balance_method};
use crate::skeleton::on;
use crate::walk::{LengthUnit, Surface, View, Walk};

/// What the strides themselves do not tell, and their interpretation needs.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryContext {
    /// What the recording can show.
    pub view: View,
    /// What a length of 1 stands for.
    pub unit: LengthUnit,
    /// The ground.
    pub surface: Surface,
    /// The subject's leg length in `unit`, where known.
    pub leg_length: Option<f64>,
    /// Standard deviation of one event's time, from the detectors' agreement or their validation.
    pub event_timing_sd_s: f64,
    /// How margins of stability were made; absent where they were not.
    pub balance: Option<BalanceMethod>,
    /// Further cautions on single parameters, one sentence each without a full stop.
    pub cautions: BTreeMap<ParameterId, Vec<String>>,
}

impl SummaryContext {
    /// The context of walks like this one: all bouts of a trial share it.
    pub fn of(walk: &Walk, event_timing_sd_s: f64, config: &ParameterConfig) -> Self {
        let mut cautions = BTreeMap::<_, Vec<String>>::new();
        let heels = walk.both(|walk, side| walk.first_present(&[on::heel(side)]));
        if heels.is_none() {
            cautions
                .entry(ParameterId::FootProgressionAngle)
                .or_default()
                .push("without heels it runs from ankle to toe".to_owned());
            cautions.entry(ParameterId::StepWidth).or_default().push(
                "without heels it runs between the ankles, which lie further apart where toes turn out"
                    .to_owned(),
            );
        }
        cautions
            .entry(ParameterId::FreezingIndex)
            .or_default()
            .push(
                "from smoothed positions in overlapping windows, not from an accelerometer; \
                 compare within one person only"
                    .to_owned(),
            );
        Self {
            view: walk.view(),
            unit: walk.unit(),
            surface: walk.surface(),
            leg_length: walk.leg_length(),
            event_timing_sd_s,
            balance: balance_method(walk, config),
            cautions,
        }
    }

    pub(super) fn has_scale(&self) -> bool {
        matches!(self.unit, LengthUnit::Metres { .. })
    }

    pub(super) fn relative_error(&self) -> f64 {
        match self.unit {
            LengthUnit::Metres { relative_error } => relative_error,
            LengthUnit::LegLengths => 0.0,
        }
    }

    /// Whether the belt's speed is taken from the stance feet.
    pub(super) fn belt_is_estimated(&self) -> bool {
        match self.surface {
            Surface::Overground => false,
            Surface::Treadmill { belt_speed_mps } => belt_speed_mps.is_none() || !self.has_scale(),
        }
    }
}
