//! Contact where the heel is braked hardest from falling, foot off where the toe speeds up most.
//!
//! Source: Hreljac & Marshall (2000), "Algorithms to determine event timing during normal walking
//! using kinematic data", J. Biomech. 33(6):783–786.
//!
//! Difference from the paper: contact is sought only while the heel slows down from swing, since
//! the strongest vertical braking may lie in the middle of swing.

use super::picking::{FootPicks, Pick, each_foot, maxima, missing};
use super::signals::FootSignals;
use super::{EventConfig, GaitEvent};

/// Forward speed of the heel, as a share of walking speed, within which contact is possible.
const HEEL_SPEED: [f64; 2] = [-0.3, 1.3];

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    each_foot(signals, |side, foot| {
        let contacts: Vec<Pick> = maxima(signals, &foot.heel_lift, &with_close_peaks(config))
            .into_iter()
            .filter(|pick| {
                let speed = foot.heel_forward[pick.frame].zip(signals.speed[pick.frame]);
                let slows = pick
                    .frame
                    .checked_sub(1)
                    .and_then(|before| foot.heel_forward[before])
                    .zip(foot.heel_forward[pick.frame])
                    .is_some_and(|(before, now)| now <= before);
                slows
                    && speed.is_some_and(|(heel, body)| {
                        heel >= HEEL_SPEED[0] * body && heel <= HEEL_SPEED[1] * body
                    })
            })
            .collect();
        let offs = maxima(signals, &foot.toe_surge, config);
        let mut messages = missing(signals, side, "heel acceleration", &contacts);
        messages.extend(missing(signals, side, "toe acceleration", &offs));
        FootPicks {
            contacts,
            offs,
            messages,
        }
    })
}

/// The braking in swing and that of contact follow each other closely: both must be seen.
fn with_close_peaks(config: &EventConfig) -> EventConfig {
    EventConfig {
        min_distance_strides: 0.05,
        min_prominence: 0.5 * config.min_prominence,
        ..config.clone()
    }
}
