//! Events from the front or back, where only the height of the feet in the picture shows them.
//!
//! Walking towards the camera, contact is where the foot's fall in the picture ends. Walking away,
//! where the feet hardly fall, it is read from their greatest separation up and down, after Stenum
//! et al. (2024), "Clinical gait analysis using video-based pose estimation: multiple perspectives,
//! clinical populations, and measuring change", PLOS Digit. Health 3(3):e0000467. Foot off follows
//! the fastest rise of the ankle.
//!
//! Differences from the paper: the end of the fall; both moments are moved by a constant, since the
//! foot behind rises well before it leaves the ground and keeps the separation growing after contact.

use super::picking::{Pick, maxima, minima, missing};
use super::signals::{FootSignals, Signal};
use super::{EventConfig, EventKind, GaitEvent};
use crate::Side;
use crate::signal::derivative::derivative;

/// From contact to the end of the foot's fall, walking nearer. [measured on synthetic walkers]
const FALL_ENDS_S: f64 = 0.065;
/// From the greatest separation of the feet to contact, walking away; off by 0.1 s near the camera
/// and far from it. [measured on synthetic walkers]
const SEPARATION_EARLY_S: f64 = 0.10;
/// From the fastest rise of the ankle to foot off, walking nearer: the heel rises first. Walking
/// away, the foot rises in the picture as long as it swings. [measured on synthetic walkers]
const RISE_EARLY_S: f64 = 0.11;
const RISE_LATE_S: f64 = 0.055;
/// Share of its fastest fall at which a foot's fall ends.
const FALL_SHARE: f64 = 0.3;

pub(crate) fn detect(signals: &FootSignals, config: &EventConfig) -> (Vec<GaitEvent>, Vec<String>) {
    let (Some(left), Some(right)) = (&signals.feet.left, &signals.feet.right) else {
        return (
            Vec::new(),
            vec!["both feet must be seen from the front".to_owned()],
        );
    };
    let nearing = grows(signals);
    let mut events = Vec::new();
    let mut messages = Vec::new();
    for (side, own, other) in [
        (Side::Left, &left.ankle_height, &right.ankle_height),
        (Side::Right, &right.ankle_height, &left.ankle_height),
    ] {
        // Relative to the body's size, so that the picture's perspective does not count; the foot
        // in front is the lower one when walking towards the camera.
        let below: Signal = own
            .iter()
            .zip(other)
            .zip(&signals.trunk)
            .map(|((own, other), trunk)| {
                let size = trunk.filter(|size| *size > 0.0).unwrap_or(1.0);
                Some(((*other)? - (*own)?) / size)
            })
            .collect();
        let speed = derivative(&signals.times_s, &relative(own, &signals.trunk));
        let mut contacts = if nearing {
            falls(signals, &speed, config)
        } else {
            minima(signals, &below, config)
        };
        let (contact_late_s, off_late_s, trust) = if nearing {
            (FALL_ENDS_S, -RISE_EARLY_S, 0.5)
        } else {
            (-SEPARATION_EARLY_S, RISE_LATE_S, 0.3)
        };
        let mut offs = maxima(signals, &speed, config);
        for contact in &mut contacts {
            contact.time_s -= contact_late_s;
        }
        for off in &mut offs {
            off.time_s -= off_late_s;
        }
        messages.extend(missing(signals, side, "ankle separation", &contacts));
        messages.extend(missing(signals, side, "ankle rise", &offs));
        for (kind, picks) in [
            (EventKind::InitialContact, contacts),
            (EventKind::FootOff, offs),
        ] {
            events.extend(
                picks
                    .iter()
                    .map(|pick| signals.event(side, kind, pick.time_s, trust * pick.clearness)),
            );
        }
    }
    (events, messages)
}

/// Heights in units of the trunk's size in the picture.
fn relative(heights: &Signal, trunk: &Signal) -> Signal {
    heights
        .iter()
        .zip(trunk)
        .map(|(height, trunk)| {
            let size = trunk.filter(|size| *size > 0.0).unwrap_or(1.0);
            Some((*height)? / size)
        })
        .collect()
}

/// Where each fast fall has slowed to a share of its fastest.
fn falls(signals: &FootSignals, speed: &Signal, config: &EventConfig) -> Vec<Pick> {
    minima(signals, speed, config)
        .into_iter()
        .filter_map(|fall| {
            let fastest = speed[fall.frame]?;
            let end = (fall.frame..speed.len())
                .find(|&frame| speed[frame].is_some_and(|v| v > FALL_SHARE * fastest))?;
            Some(Pick {
                time_s: signals.times_s[end],
                frame: end,
                ..fall
            })
        })
        .filter(|fall| speed[fall.frame].is_some())
        .collect()
}

/// Whether the trunk grows in the picture: the subject comes nearer.
fn grows(signals: &FootSignals) -> bool {
    let known: Vec<(f64, f64)> = signals
        .times_s
        .iter()
        .zip(&signals.trunk)
        .filter_map(|(&t, size)| Some((t, (*size)?)))
        .collect();
    let mean_s = known.iter().map(|(t, _)| t).sum::<f64>() / known.len() as f64;
    known
        .iter()
        .map(|(t, size)| (t - mean_s) * size)
        .sum::<f64>()
        >= 0.0
}
