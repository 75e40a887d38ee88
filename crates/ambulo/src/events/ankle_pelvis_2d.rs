//! Contact where the ankle is farthest ahead of the middle of the hips, foot off where it is
//! farthest behind, as one camera from the side sees it.
//!
//! Source: Stenum, Rossi & Roemmich (2021), "Two-dimensional video-based analysis of human gait
//! using pose estimation", `PLoS` Comput. Biol. 17(4):e1008935.

use super::picking::{FootPicks, each_foot, maxima, minima, missing};
use super::signals::FootSignals;
use super::{EventConfig, GaitEvent};

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    each_foot(signals, |side, foot| {
        let contacts = maxima(signals, &foot.ankle_ahead, config);
        FootPicks {
            messages: missing(signals, side, "ankle", &contacts),
            offs: minima(signals, &foot.ankle_ahead, config),
            contacts,
        }
    })
}
