//! Contact from the front or back: the feet lie farthest apart in the picture, up and down.
//!
//! Source: after Stenum et al. (2024), "Clinical gait analysis using video-based pose estimation:
//! multiple perspectives, clinical populations, and measuring change", PLOS Digit. Health
//! 3(3):e0000467, who find steps from the front by the separation of the ankles.
//!
//! Differences from the paper: foot off is where the foot behind rises fastest.

use super::picking::{maxima, minima, missing};
use super::signals::{FootSignals, Signal};
use super::{EventConfig, EventKind, GaitEvent};
use crate::Side;
use crate::signal::derivative::derivative;

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
        let contacts = if nearing {
            maxima(signals, &below, config)
        } else {
            minima(signals, &below, config)
        };
        let rise = derivative(&signals.times_s, own);
        let offs = maxima(signals, &rise, config);
        messages.extend(missing(signals, side, "ankle separation", &contacts));
        messages.extend(missing(signals, side, "ankle rise", &offs));
        for (kind, picks) in [
            (EventKind::InitialContact, contacts),
            (EventKind::FootOff, offs),
        ] {
            events.extend(
                picks
                    .iter()
                    .map(|pick| signals.event(side, kind, pick.time_s, 0.5 * pick.clearness)),
            );
        }
    }
    (events, messages)
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
