//! Foot velocity algorithm: contact where the foot's centre falls fastest near the ground, foot
//! off where it rises fastest.
//!
//! Source: O'Connor, Thorpe, O'Malley & Vaughan (2007), "Automatic detection of gait events using
//! kinematic data", Gait & Posture 25(3):469–474.

use super::picking::{FootPicks, Pick, each_foot, maxima, minima, missing, range};
use super::signals::FootSignals;
use super::{EventConfig, GaitEvent};

/// Height of the foot's centre, as a share of its range, below which contact is possible.
const NEAR_GROUND: f64 = 0.35;

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    each_foot(signals, |side, foot| {
        let (Some(height_range), Some(lowest)) = (
            range(&foot.centre_height),
            foot.centre_height
                .iter()
                .flatten()
                .copied()
                .min_by(f64::total_cmp),
        ) else {
            return FootPicks {
                messages: vec![format!(
                    "the height of the {} foot is not known",
                    side.name()
                )],
                ..FootPicks::default()
            };
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
        let mut messages = missing(signals, side, "falling", &contacts);
        messages.extend(missing(signals, side, "rising", &offs));
        FootPicks {
            contacts,
            offs,
            messages,
        }
    })
}
