//! Contact where the foot is lowest, left and right in turn.
//!
//! The rule that Wang et al. (2025), AGIR, prepare their data with. It names contacts only, has no
//! published accuracy, and is misled by feet that hardly leave the ground: the consensus does not
//! use it.

use super::picking::{Pick, minima, missing};
use super::signals::FootSignals;
use super::{EventConfig, EventKind, GaitEvent};
use crate::Side;

/// Least time between two minima of one foot.
const MIN_DISTANCE_S: f64 = 0.3;

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    let mut messages = Vec::new();
    let mut all: Vec<(Side, Pick)> = Vec::new();
    let distance = EventConfig {
        min_distance_strides: signals
            .stride_s
            .map_or(config.min_distance_strides, |stride_s| {
                MIN_DISTANCE_S / stride_s
            }),
        ..config.clone()
    };
    for side in Side::BOTH {
        let Some(foot) = signals.feet.get(side) else {
            messages.push(format!("no point of the {} foot is known", side.name()));
            continue;
        };
        let picks = minima(signals, &foot.ankle_height, &distance);
        messages.extend(missing(signals, side, "height", &picks));
        all.extend(picks.into_iter().map(|pick| (side, pick)));
    }
    all.sort_by(|a, b| a.1.time_s.total_cmp(&b.1.time_s));
    // Of several minima of one foot in a row the clearest stands for the step.
    let mut kept: Vec<(Side, Pick)> = Vec::new();
    for (side, pick) in all {
        match kept.last_mut() {
            Some((last_side, last)) if *last_side == side => {
                if pick.clearness > last.clearness {
                    *last = pick;
                }
            }
            _ => kept.push((side, pick)),
        }
    }
    let events = kept
        .into_iter()
        .map(|(side, pick)| {
            signals.event(side, EventKind::InitialContact, pick.time_s, pick.clearness)
        })
        .collect();
    (events, messages)
}
