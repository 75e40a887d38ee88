//! Contact where the heel is farthest ahead of the pelvis, foot off where the toe is farthest behind.
//!
//! Source: Zeni, Richards & Higginson (2008), "Two simple methods for determining gait events
//! during treadmill and overground walking using kinematic data", Gait & Posture 27(4):710–714,
//! the coordinate-based method.
//!
//! Difference from the paper: the pelvis's middle stands for the sacrum; a fixed offset between
//! them moves no extreme.

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
        let contacts = maxima(signals, &foot.heel_ahead, config);
        let offs = minima(signals, &foot.toe_ahead, config);
        messages.extend(missing(signals, side, "heel", &contacts));
        messages.extend(missing(signals, side, "toe", &offs));
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
