//! What the parameters say beyond points: events, force plates and computed values.

use super::C3d;

/// An event of the `EVENT` group.
#[derive(Debug, Clone, PartialEq)]
pub struct FileEvent {
    /// What happens, such as `Foot Strike`.
    pub label: String,
    /// Whose side, such as `Left`; `None` where the file does not say.
    pub context: Option<String>,
    /// The subject it belongs to; `None` where the file does not say.
    pub subject: Option<String>,
    /// Seconds on the file's own time axis, where frame 1 is at 0.
    pub time_s: f64,
}

/// A value of the `ANALYSIS` group, as the laboratory's own software computed it.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisValue {
    /// What it is, such as `Cadence`.
    pub name: String,
    /// Whose side, such as `Left`.
    pub context: String,
    /// The number.
    pub value: f64,
    /// Its unit, as the file spells it.
    pub unit: String,
}

/// A force plate of the `FORCE_PLATFORM` group.
#[derive(Debug, Clone, PartialEq)]
pub struct ForcePlate {
    /// Which quantities its channels are: 1 to 4 in the format's guide, 5 and above by makers.
    pub kind: u16,
    /// Its analog channels, from 0; an entry that is no channel is left out.
    pub channels: Vec<usize>,
    /// Its four corners in the space and unit of the points.
    pub corners: [[f64; 3]; 4],
    /// From the centre of its surface to its own origin, in its own axes.
    pub origin: [f64; 3],
}

impl C3d {
    /// The events of the `EVENT` group, in file order.
    pub fn events(&self) -> Vec<FileEvent> {
        let labels = self.strings("EVENT", "LABELS");
        let contexts = self.strings("EVENT", "CONTEXTS");
        let subjects = self.strings("EVENT", "SUBJECTS");
        let times = self.numbers("EVENT", "TIMES");
        let text = |list: &[String], index: usize| {
            list.get(index)
                .map(|entry| entry.trim().to_owned())
                .filter(|entry| !entry.is_empty())
        };
        // Minutes and seconds of each event.
        times
            .as_chunks::<2>()
            .0
            .iter()
            .enumerate()
            .filter_map(|(index, [minutes, seconds])| {
                let time_s = 60.0 * minutes + seconds;
                time_s.is_finite().then(|| FileEvent {
                    label: text(&labels, index).unwrap_or_default(),
                    context: text(&contexts, index),
                    subject: text(&subjects, index),
                    time_s,
                })
            })
            .collect()
    }

    /// The rows of the `ANALYSIS` group.
    pub fn analysis_values(&self) -> Vec<AnalysisValue> {
        let names = self.strings("ANALYSIS", "NAMES");
        let contexts = self.strings("ANALYSIS", "CONTEXTS");
        let units = self.strings("ANALYSIS", "UNITS");
        let entry = |list: &[String], index: usize| {
            list.get(index).map_or("", |text| text.trim()).to_owned()
        };
        names
            .iter()
            .zip(self.numbers("ANALYSIS", "VALUES"))
            .enumerate()
            .filter(|(_, (name, value))| !name.is_empty() && value.is_finite())
            .map(|(index, (name, value))| AnalysisValue {
                name: name.trim().to_owned(),
                context: entry(&contexts, index),
                value,
                unit: entry(&units, index),
            })
            .collect()
    }

    /// The force plates of which corners and channels are known.
    pub fn force_plates(&self) -> Vec<ForcePlate> {
        let kinds = self.numbers("FORCE_PLATFORM", "TYPE");
        let corners = self.numbers("FORCE_PLATFORM", "CORNERS");
        let origins = self.numbers("FORCE_PLATFORM", "ORIGIN");
        let channels = self.parameter("FORCE_PLATFORM", "CHANNEL");
        let per_plate = channels
            .and_then(|p| p.dimensions.first().copied())
            .map_or(6, usize::from);
        let channels = channels.map(super::Parameter::numbers).unwrap_or_default();
        kinds
            .iter()
            .enumerate()
            .filter_map(|(plate, &kind)| {
                let vector = |list: &[f64], at: usize| -> Option<[f64; 3]> {
                    list.get(at..)?.first_chunk().copied()
                };
                let corner = |n: usize| vector(&corners, 12 * plate + 3 * n);
                Some(ForcePlate {
                    kind: whole(kind)?,
                    channels: channels
                        .iter()
                        .skip(per_plate * plate)
                        .take(per_plate)
                        .filter_map(|&number| whole(number)?.checked_sub(1).map(usize::from))
                        .filter(|&channel| channel < self.analog.channels)
                        .collect(),
                    corners: [corner(0)?, corner(1)?, corner(2)?, corner(3)?],
                    origin: vector(&origins, 3 * plate).unwrap_or_default(),
                })
            })
            .collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked first"
)]
fn whole(number: f64) -> Option<u16> {
    (0.0..=65_535.0).contains(&number).then_some(number as u16)
}
