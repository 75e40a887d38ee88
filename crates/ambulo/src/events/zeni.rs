//! Contact where the heel is farthest ahead of the pelvis, foot off where the toe is farthest behind.
//!
//! Source: Zeni, Richards & Higginson (2008), "Two simple methods for determining gait events
//! during treadmill and overground walking using kinematic data", Gait & Posture 27(4):710–714,
//! the coordinate-based method.
//!
//! Difference from the paper: the pelvis's middle stands for the sacrum; a fixed offset between
//! them moves no extreme.

use super::picking::{FootPicks, each_foot, maxima, minima, missing};
use super::signals::FootSignals;
use super::{EventConfig, GaitEvent};

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    each_foot(signals, |side, foot| {
        let contacts = maxima(signals, &foot.heel_ahead, config);
        let offs = minima(signals, &foot.toe_ahead, config);
        let mut messages = missing(signals, side, "heel", &contacts);
        messages.extend(missing(signals, side, "toe", &offs));
        FootPicks {
            contacts,
            offs,
            messages,
        }
    })
}
