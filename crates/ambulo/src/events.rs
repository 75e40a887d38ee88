//! Gait events: when each foot meets and leaves the ground.
//!
//! Several published detectors look at the same walk, each in its own file; [`detect`] runs those
//! that the recording allows and takes their consensus. Events that a file brings are kept:
//! [`merge()`] lets a detected event give way to the file's own.

mod ankle_pelvis_2d;
mod chain;
mod consensus;
mod dense;
mod foot_height;
mod front_view;
mod hreljac;
mod merge;
mod oconnor_fva;
mod picking;
mod signals;
mod zeni;
mod zeni_velocity;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Side;
use crate::walk::{View, Walk};

pub use merge::{MERGE_WITHIN_S, merge};
pub use signals::FootSignals;
/// What happens to the foot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The foot meets the ground.
    InitialContact,
    /// The foot leaves the ground.
    FootOff,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// The recording's own file: manual or force-plate events of the laboratory.
    File,
    /// Known truth of a synthetic walker.
    Truth,
    /// The median of several detectors.
    Consensus,
    /// Extremes of heel and toe ahead of the sacrum.
    Zeni,
    /// Zero crossings of the velocity of heel and toe relative to the sacrum.
    ZeniVelocity,
    /// Extremes of the ankle ahead of the mid-hip, from the side.
    #[serde(rename = "ankle_pelvis_2d")]
    AnklePelvis2d,
    /// Extremes of the acceleration of heel and toe.
    Hreljac,
    /// Extremes of the vertical velocity of the foot centre.
    #[serde(rename = "oconnor_fva")]
    OconnorFva,
    /// Minima of the height of the foot.
    FootHeight,
    /// Vertical separation of the ankles, from the front or back.
    FrontView,
}

/// One event of one foot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaitEvent {
    /// Whose foot.
    pub side: Side,
    /// What happens.
    pub kind: EventKind,
    /// Seconds from the first frame of the trial; may lie between frames.
    pub time_s: f64,
    /// The nearest frame of the trial, from 0.
    pub frame: usize,
    /// How well the detectors agree, 0 to 1; 1 for the file's own events.
    pub confidence: f64,
    /// Who says so.
    pub source: EventSource,
}

/// Settings of the search for events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventConfig {
    /// Least time between two events of one kind and foot, as a share of the stride.
    pub min_distance_strides: f64,
    /// Least prominence of a peak, as a share of the signal's range.
    pub min_prominence: f64,
    /// How far detectors may lie apart and still mean the same event.
    pub agreement_s: f64,
    /// Detectors to use; all that the recording allows if empty.
    pub detectors: Vec<EventSource>,
}

impl Default for EventConfig {
    fn default() -> Self {
        Self {
            min_distance_strides: 0.35,
            min_prominence: 0.1,
            agreement_s: 0.06,
            detectors: Vec::new(),
        }
    }
}

impl EventConfig {
    /// Every setting with its unit, for the record of methods.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let detectors = if self.detectors.is_empty() {
            "all that the recording allows".to_owned()
        } else {
            let names: Vec<&str> = self.detectors.iter().map(|source| source.name()).collect();
            names.join(", ")
        };
        [
            (
                "min_distance",
                format!("{} of a stride", self.min_distance_strides),
            ),
            (
                "min_prominence",
                format!("{} of the range", self.min_prominence),
            ),
            ("agreement", format!("{} s", self.agreement_s)),
            ("detectors", detectors),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

impl EventKind {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::InitialContact => "contact",
            Self::FootOff => "foot off",
        }
    }
}

impl EventSource {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Truth => "truth",
            Self::Consensus => "consensus",
            Self::Zeni => "zeni",
            Self::ZeniVelocity => "zeni_velocity",
            Self::AnklePelvis2d => "ankle_pelvis_2d",
            Self::Hreljac => "hreljac",
            Self::OconnorFva => "oconnor_fva",
            Self::FootHeight => "foot_height",
            Self::FrontView => "front_view",
        }
    }

    /// The detectors, in the order they run.
    pub const DETECTORS: [Self; 7] = [
        Self::Zeni,
        Self::ZeniVelocity,
        Self::AnklePelvis2d,
        Self::Hreljac,
        Self::OconnorFva,
        Self::FootHeight,
        Self::FrontView,
    ];
}

/// What one detector found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detected {
    /// Which detector.
    pub source: EventSource,
    /// Its events by the published rule, in order of time.
    pub events: Vec<GaitEvent>,
    /// What it missed, one sentence each.
    pub messages: Vec<String>,
}

/// The events of a walk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detection {
    /// The consensus, in order of time.
    pub events: Vec<GaitEvent>,
    /// What each detector found on its own.
    pub by_detector: Vec<Detected>,
    /// What was missed or dropped, one sentence each.
    pub messages: Vec<String>,
    /// Duration of a stride as the feet repeat it; `None` where no rhythm was found.
    pub stride_period_s: Option<f64>,
}

/// Finds the events of a walk.
///
/// The walk may hold turns: the detectors follow the local heading. A walk without a rhythm gives
/// no events and says so.
pub fn detect(walk: &Walk, config: &EventConfig) -> Detection {
    let signals = FootSignals::of(walk);
    let wanted = |source: EventSource| {
        let possible = match walk.view() {
            View::Frontal => source == EventSource::FrontView,
            View::Spatial | View::Sagittal => source != EventSource::FrontView,
        };
        possible && (config.detectors.is_empty() || config.detectors.contains(&source))
    };
    let by_detector: Vec<Detected> = EventSource::DETECTORS
        .into_iter()
        .filter(|&source| wanted(source))
        .map(|source| run(source, &signals, config))
        .collect();
    consensus::of(&signals, by_detector, config)
}

/// Runs one detector on the signals of a walk.
///
/// Sources that are no detectors (`File`, `Truth`, `Consensus`) find nothing.
pub fn run(source: EventSource, signals: &FootSignals, config: &EventConfig) -> Detected {
    let (events, messages) = match source {
        EventSource::Zeni => zeni::detect(signals, config),
        EventSource::ZeniVelocity => zeni_velocity::detect(signals, config),
        EventSource::AnklePelvis2d => ankle_pelvis_2d::detect(signals, config),
        EventSource::Hreljac => hreljac::detect(signals, config),
        EventSource::OconnorFva => oconnor_fva::detect(signals, config),
        EventSource::FootHeight => foot_height::detect(signals, config),
        EventSource::FrontView => front_view::detect(signals, config),
        EventSource::File | EventSource::Truth | EventSource::Consensus => Default::default(),
    };
    let mut events: Vec<GaitEvent> = events
        .into_iter()
        .map(|event| GaitEvent { source, ..event })
        .collect();
    sort(&mut events);
    Detected {
        source,
        events,
        messages,
    }
}

/// Order of time; at one time contacts of the left come first, so that the order is always the same.
pub(crate) fn sort(events: &mut [GaitEvent]) {
    events.sort_by(|a, b| {
        a.time_s
            .total_cmp(&b.time_s)
            .then(a.kind.cmp(&b.kind))
            .then(a.side.cmp(&b.side))
    });
}
