//! Contact where the ankle is farthest ahead of the middle of the hips, foot off where it is
//! farthest behind, as one camera from the side sees it.
//!
//! Source: Stenum, Rossi & Roemmich (2021), "Two-dimensional video-based analysis of human gait
//! using pose estimation", `PLoS` Comput. Biol. 17(4):e1008935.

use super::picking::{maxima, minima, missing};
use super::signals::FootSignals;
use super::{EventConfig, EventKind, GaitEvent};
use crate::Side;

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    let mut events = Vec::new();
    let mut messages = Vec::new();
    for side in Side::BOTH {
        let Some(foot) = signals.feet.get(side) else {
            messages.push(format!("no point of the {} foot is known", side.name()));
            continue;
        };
        let contacts = maxima(signals, &foot.ankle_ahead, config);
        let offs = minima(signals, &foot.ankle_ahead, config);
        messages.extend(missing(signals, side, "ankle", &contacts));
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
