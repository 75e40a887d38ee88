//! Gait cycles: from an initial contact of one foot to the next of the same foot.

use serde::{Deserialize, Serialize};

use crate::Side;
use crate::bouts::{Bout, BoutKind};
use crate::events::{EventKind, GaitEvent};

/// One gait cycle with its four events inside, in checked order. Times are of the trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaitCycle {
    /// The side whose contacts open and close the cycle.
    pub side: Side,
    /// Index of the bout it lies in.
    pub bout: usize,
    /// Initial contact that opens it.
    pub start_s: f64,
    /// Foot off of the other foot.
    pub opposite_foot_off_s: f64,
    /// Initial contact of the other foot.
    pub opposite_contact_s: f64,
    /// Foot off of this foot.
    pub foot_off_s: f64,
    /// Initial contact that closes it.
    pub end_s: f64,
    /// Time of the other foot's contact before `start_s`, where it was seen: the step's start.
    pub previous_opposite_contact_s: Option<f64>,
    /// Whether it lies on a straight part of the walk; turning cycles are kept out of means.
    pub straight: bool,
}

impl GaitCycle {
    /// From contact to contact.
    pub fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }
}

/// A cycle that was not used, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectedCycle {
    /// The side whose contacts open and close it.
    pub side: Side,
    /// Index of the bout.
    pub bout: usize,
    /// Its start in the trial.
    pub start_s: f64,
    /// Its end in the trial.
    pub end_s: f64,
    /// Why it was not used, one sentence.
    pub reason: String,
}

/// What a cycle must keep to be believed.
///
/// The limits are wide: they stop impossible cycles, not unusual ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CycleConfig {
    /// Least and greatest cadence, steps per minute.
    pub cadence_spm: [f64; 2],
    /// Least and greatest share of stance, percent of the cycle.
    pub stance_pct: [f64; 2],
    /// Least and greatest share of both double supports together, percent of the cycle.
    pub double_support_pct: [f64; 2],
    /// Longest time between two contacts of one foot that may still be one cycle; beyond it the
    /// subject paused, and nothing is reported as rejected.
    pub max_duration_s: f64,
}

impl Default for CycleConfig {
    fn default() -> Self {
        Self {
            cadence_spm: [40.0, 200.0],
            stance_pct: [45.0, 85.0],
            double_support_pct: [0.0, 60.0],
            max_duration_s: 4.0,
        }
    }
}

/// The cycles of a trial.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Cycles {
    /// Cycles whose order and shares are possible, in order of their start.
    pub cycles: Vec<GaitCycle>,
    /// The others, in order of their start.
    pub rejected: Vec<RejectedCycle>,
}

/// Finds the cycles between consecutive contacts of each foot.
///
/// A cycle must hold exactly the other foot's foot off, its contact, and this foot's foot off, in
/// this order (a foot off at the very instant of a contact is allowed), and keep the limits of
/// `config`. A cycle that breaks them is rejected with a sentence, never repaired. It belongs to
/// the bout that holds most of it, and is straight if no turning bout overlaps it.
pub fn find_cycles(events: &[GaitEvent], bouts: &[Bout], config: &CycleConfig) -> Cycles {
    let mut sorted = events.to_vec();
    crate::events::sort(&mut sorted);
    let mut found = Cycles::default();
    for side in Side::BOTH {
        let contacts: Vec<f64> = times(&sorted, side, EventKind::InitialContact);
        for pair in contacts.windows(2) {
            let (start_s, end_s) = (pair[0], pair[1]);
            if end_s - start_s > config.max_duration_s {
                continue;
            }
            let Some((bout, straight)) = place(bouts, start_s, end_s) else {
                continue;
            };
            match checked(&sorted, side, [start_s, end_s], config) {
                Ok(cycle) => found.cycles.push(GaitCycle {
                    bout,
                    straight,
                    ..cycle
                }),
                Err(reason) => found.rejected.push(RejectedCycle {
                    side,
                    bout,
                    start_s,
                    end_s,
                    reason,
                }),
            }
        }
    }
    found
        .cycles
        .sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.side.cmp(&b.side)));
    found
        .rejected
        .sort_by(|a, b| a.start_s.total_cmp(&b.start_s).then(a.side.cmp(&b.side)));
    found
}

fn times(events: &[GaitEvent], side: Side, kind: EventKind) -> Vec<f64> {
    events
        .iter()
        .filter(|event| event.side == side && event.kind == kind)
        .map(|event| event.time_s)
        .collect()
}

/// Share of a cycle that must lie between it and a turn: the border of a turn is found from a
/// smoothed heading, so the walk curves a little before it and after it. Our choice.
const FROM_TURN_CYCLES: f64 = 0.25;

/// The bout that holds most of a cycle, and whether no turn overlaps it or nearly so; `None`
/// outside bouts.
fn place(bouts: &[Bout], start_s: f64, end_s: f64) -> Option<(usize, bool)> {
    let overlap = |bout: &Bout| bout.end_s.min(end_s) - bout.start_s.max(start_s);
    let (mut best, mut most): (Option<usize>, f64) = (None, 0.0);
    let mut inside_s = 0.0;
    let mut straight = true;
    for (index, bout) in bouts.iter().enumerate() {
        let shared_s = overlap(bout);
        let apart_s = -shared_s;
        if bout.kind == BoutKind::Turning && apart_s < FROM_TURN_CYCLES * (end_s - start_s) {
            straight = false;
        }
        if shared_s <= 0.0 {
            continue;
        }
        inside_s += shared_s;
        if shared_s > most {
            (best, most) = (Some(index), shared_s);
        }
    }
    // Contacts may lie a little outside the frames that were found to be walking.
    (inside_s >= 0.5 * (end_s - start_s)).then_some(())?;
    best.map(|bout| (bout, straight))
}

fn checked(
    events: &[GaitEvent],
    side: Side,
    [start_s, end_s]: [f64; 2],
    config: &CycleConfig,
) -> Result<GaitCycle, String> {
    let other = side.opposite();
    let within = |side, kind| -> Vec<f64> {
        times(events, side, kind)
            .into_iter()
            .filter(|&time_s| time_s >= start_s && time_s <= end_s)
            .collect()
    };
    let only = |side: Side, kind| -> Result<f64, String> {
        let found = within(side, kind);
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(format!(
                "no {} {} was found between {start_s:.2} s and {end_s:.2} s",
                side.name(),
                kind.name()
            )),
            many => Err(format!(
                "{} {} {}s lie between {start_s:.2} s and {end_s:.2} s, where one belongs",
                many.len(),
                side.name(),
                kind.name()
            )),
        }
    };
    let cycle = GaitCycle {
        side,
        bout: 0,
        start_s,
        opposite_foot_off_s: only(other, EventKind::FootOff)?,
        opposite_contact_s: only(other, EventKind::InitialContact)?,
        foot_off_s: only(side, EventKind::FootOff)?,
        end_s,
        previous_opposite_contact_s: previous_contact(events, other, start_s, end_s - start_s),
        straight: true,
    };
    in_order(&cycle)?;
    plausible(&cycle, config)?;
    Ok(cycle)
}

/// The other foot's last contact before the cycle, if it is near enough to open the step.
fn previous_contact(events: &[GaitEvent], other: Side, start_s: f64, stride_s: f64) -> Option<f64> {
    times(events, other, EventKind::InitialContact)
        .into_iter()
        .rfind(|&time_s| time_s < start_s)
        .filter(|&time_s| start_s - time_s < stride_s)
}

fn in_order(cycle: &GaitCycle) -> Result<(), String> {
    let (own, other) = (cycle.side.name(), cycle.side.opposite().name());
    let order = [
        (format!("{own} contact"), cycle.start_s),
        (format!("{other} foot off"), cycle.opposite_foot_off_s),
        (format!("{other} contact"), cycle.opposite_contact_s),
        (format!("{own} foot off"), cycle.foot_off_s),
        (format!("{own} contact"), cycle.end_s),
    ];
    for pair in order.windows(2) {
        let ((first, first_s), (second, second_s)) = (&pair[0], &pair[1]);
        if first_s > second_s {
            return Err(format!(
                "the {second} at {second_s:.2} s comes before the {first} at {first_s:.2} s"
            ));
        }
    }
    Ok(())
}

fn plausible(cycle: &GaitCycle, config: &CycleConfig) -> Result<(), String> {
    let stride_s = cycle.duration_s();
    let pct = |duration_s: f64| 100.0 * duration_s / stride_s;
    let double_s =
        (cycle.opposite_foot_off_s - cycle.start_s) + (cycle.foot_off_s - cycle.opposite_contact_s);
    for (what, value, unit, [low, high]) in [
        (
            "a cadence",
            120.0 / stride_s,
            "steps/min",
            config.cadence_spm,
        ),
        (
            "a stance",
            pct(cycle.foot_off_s - cycle.start_s),
            "% of the cycle",
            config.stance_pct,
        ),
        (
            "double support",
            pct(double_s),
            "% of the cycle",
            config.double_support_pct,
        ),
    ] {
        if !(low..=high).contains(&value) {
            return Err(format!(
                "{what} of {value:.0} {unit} is not possible in walking ({low:.0} to {high:.0})"
            ));
        }
    }
    Ok(())
}
