//! Foot velocity algorithm: contact where the foot's centre falls fastest near the ground, foot
//! off where it rises fastest.
//!
//! Source: O'Connor, Thorpe, O'Malley & Vaughan (2007), "Automatic detection of gait events using
//! kinematic data", Gait & Posture 25(3):469–474.

use super::picking::{Pick, maxima, minima, missing, range};
use super::signals::FootSignals;
use super::{EventConfig, EventKind, GaitEvent};
use crate::Side;

/// Height of the foot's centre, as a share of its range, below which contact is possible.
const NEAR_GROUND: f64 = 0.35;

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    let mut events = Vec::new();
    let mut messages = Vec::new();
    for side in Side::BOTH {
        let Some(foot) = signals.feet.get(side) else {
            messages.push(format!("no point of the {} foot is known", side.name()));
            continue;
        };
        let (Some(height_range), Some(lowest)) = (
            range(&foot.centre_height),
            foot.centre_height
                .iter()
                .flatten()
                .copied()
                .min_by(f64::total_cmp),
        ) else {
            messages.push(format!(
                "the height of the {} foot is not known",
                side.name()
            ));
            continue;
        };
        // The fall of late swing and that of contact follow each other: the search must see both.
        let close = EventConfig {
            min_distance_strides: 0.05,
            ..config.clone()
        };
        let contacts: Vec<Pick> = minima(signals, &foot.centre_rise, &close)
            .into_iter()
            .filter(|pick| {
                foot.centre_height[pick.frame]
                    .is_some_and(|height| height < lowest + NEAR_GROUND * height_range)
            })
            .collect();
        let offs = maxima(signals, &foot.centre_rise, config);
        messages.extend(missing(signals, side, "falling", &contacts));
        messages.extend(missing(signals, side, "rising", &offs));
        for (kind, picks) in [
            (EventKind::InitialContact, contacts),
            (EventKind::FootOff, offs),
        ] {
            events.extend(
                picks
                    .iter()
                    .map(|pick| signals.event(side, kind, pick.time_s, pick.clearness)),
            );
        }
    }
    (events, messages)
}
