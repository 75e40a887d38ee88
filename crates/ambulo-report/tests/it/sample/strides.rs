//! The walk: its bouts, events and strides.

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo::bouts::{Bout, BoutKind};
use ambulo::events::{EventKind, EventSource, GaitEvent};
use ambulo::parameters::{ParameterId, Stride};
use nalgebra::Vector2;

use super::RATE_HZ;

const STRIDE_S: f64 = 1.22;

pub(super) fn bouts() -> Vec<Bout> {
    let bout = |kind, start_frame: usize, end_frame: usize, x, turned_deg| Bout {
        kind,
        start_frame,
        end_frame,
        start_s: start_frame as f64 / RATE_HZ,
        end_s: (end_frame - 1) as f64 / RATE_HZ,
        direction: Vector2::new(x, 0.0),
        turned_deg,
    };
    vec![
        bout(BoutKind::Straight, 0, 560, 1.0, 2.0),
        bout(BoutKind::Turning, 560, 740, 1.0, 178.0),
        bout(BoutKind::Straight, 740, 1330, -1.0, -3.0),
    ]
}

/// Contacts of each foot every stride, the right a bit late: it spends less time on the ground.
pub(super) fn contacts(side: Side) -> impl Iterator<Item = f64> {
    let first_s = if side == Side::Left { 0.31 } else { 0.96 };
    (0..11_u32)
        .map(move |index| first_s + STRIDE_S * f64::from(index))
        .filter(|time_s| *time_s < 13.2)
}

pub(super) fn stance_share(side: Side) -> f64 {
    if side == Side::Left { 0.66 } else { 0.58 }
}

pub(super) fn frame(time_s: f64) -> usize {
    (0..1330)
        .min_by(|&a, &b| {
            let distance = |frame: usize| (frame as f64 / RATE_HZ - time_s).abs();
            distance(a).total_cmp(&distance(b))
        })
        .expect("there are frames")
}

pub(super) fn events() -> Vec<GaitEvent> {
    let mut events: Vec<GaitEvent> = Side::BOTH
        .into_iter()
        .flat_map(|side| {
            contacts(side).flat_map(move |contact_s| {
                let off_s = contact_s + stance_share(side) * STRIDE_S;
                [
                    (EventKind::InitialContact, contact_s),
                    (EventKind::FootOff, off_s),
                ]
                .map(|(kind, time_s)| GaitEvent {
                    side,
                    kind,
                    time_s,
                    frame: frame(time_s),
                    confidence: 0.9,
                    source: EventSource::Consensus,
                })
            })
        })
        .filter(|event| event.time_s < 13.29)
        .collect();
    events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    events
}

pub(super) fn strides() -> Vec<Stride> {
    let mut strides: Vec<Stride> = Side::BOTH
        .into_iter()
        .flat_map(|side| {
            let times: Vec<f64> = contacts(side).collect();
            times
                .windows(2)
                .map(|pair| stride(side, pair[0], pair[1]))
                .collect::<Vec<_>>()
        })
        .collect();
    strides.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    strides
}

pub(super) fn stride(side: Side, start_s: f64, end_s: f64) -> Stride {
    let turning = end_s > 5.6 && start_s < 7.4;
    let wobble = (start_s * 7.3).sin();
    let long = side == Side::Right;
    Stride {
        side,
        bout: if start_s < 5.6 {
            0
        } else if turning {
            1
        } else {
            2
        },
        start_frame: frame(start_s),
        end_frame: frame(end_s),
        start_s,
        end_s,
        used: !turning,
        reason: turning.then(|| "in a turn".to_owned()),
        values: BTreeMap::from([
            (ParameterId::StrideTime, end_s - start_s + 0.01 * wobble),
            (
                ParameterId::StepTime,
                if long { 0.65 } else { 0.57 } + 0.01 * wobble,
            ),
            (ParameterId::StrideLength, 1.09 + 0.02 * wobble),
            (
                ParameterId::StepLength,
                if long { 0.582 } else { 0.508 } + 0.01 * wobble,
            ),
            (ParameterId::StepWidth, 0.131 + 0.008 * wobble),
            (ParameterId::StrideSpeed, 0.89 + 0.02 * wobble),
            (
                ParameterId::Stance,
                100.0 * stance_share(side) + 0.6 * wobble,
            ),
            (ParameterId::DoubleSupport, 24.2 + 0.5 * wobble),
        ]),
    }
}
