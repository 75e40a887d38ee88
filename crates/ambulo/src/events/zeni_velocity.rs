//! Contact where the heel stops to gain on the pelvis, foot off where the toe begins to.
//!
//! Source: Zeni, Richards & Higginson (2008), "Two simple methods for determining gait events
//! during treadmill and overground walking using kinematic data", Gait & Posture 27(4):710–714,
//! the velocity-based method: the forward velocity relative to the sacrum changes its sign.

use super::picking::{FootPicks, Pick, each_foot, missing, range};
use super::signals::{FootSignals, Signal};
use super::{EventConfig, EventKind, GaitEvent};
use crate::signal::derivative::derivative;

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    each_foot(signals, |side, foot| {
        let picks = |kind, ahead| {
            let velocity = derivative(&signals.times_s, ahead);
            crossings(signals, &velocity, kind, config)
        };
        let contacts = picks(EventKind::InitialContact, &foot.heel_ahead);
        let offs = picks(EventKind::FootOff, &foot.toe_ahead);
        let mut messages = missing(signals, side, "heel velocity", &contacts);
        messages.extend(missing(signals, side, "toe velocity", &offs));
        FootPicks {
            contacts,
            offs,
            messages,
        }
    })
}

/// Changes of sign from ahead to back (contact) or back to ahead (foot off), between which the
/// velocity reaches far enough to either side.
fn crossings(
    signals: &FootSignals,
    velocity: &Signal,
    kind: EventKind,
    config: &EventConfig,
) -> Vec<Pick> {
    let (Some(range), Some(stride_s)) = (range(velocity), signals.stride_s) else {
        return Vec::new();
    };
    let sign = if kind == EventKind::InitialContact {
        1.0
    } else {
        -1.0
    };
    let clear = config.min_prominence * range;
    let mut picks: Vec<Pick> = Vec::new();
    // The extreme on the near side since the last change, and the change that waits for the far side.
    let (mut before, mut waiting): (f64, Option<(f64, usize)>) = (0.0, None);
    for frame in 1..velocity.len() {
        let (Some(a), Some(b)) = (velocity[frame - 1], velocity[frame]) else {
            (before, waiting) = (0.0, None);
            continue;
        };
        let (a, b) = (sign * a, sign * b);
        before = before.max(a);
        if a > 0.0 && b <= 0.0 && before >= clear {
            let step_s = signals.times_s[frame] - signals.times_s[frame - 1];
            waiting = Some((signals.times_s[frame - 1] + step_s * a / (a - b), frame));
        }
        if b > clear {
            waiting = None;
        }
        if -b >= clear
            && let Some((time_s, at)) = waiting.take()
        {
            let far_enough = picks
                .last()
                .is_none_or(|last| time_s - last.time_s >= config.min_distance_strides * stride_s);
            if far_enough {
                picks.push(Pick {
                    time_s,
                    frame: at,
                    clearness: (before / range / 0.3).min(1.0),
                });
            }
            before = 0.0;
        }
    }
    picks
}
