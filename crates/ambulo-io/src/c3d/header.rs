//! The header: one block of fixed fields, most of them copies of parameters.

use super::number::Processor;
use super::{BLOCK, parameters};

/// The number that says that a header field is in use.
pub(super) const KEY: u16 = 12345;

/// The most events that a header has room for.
pub(super) const MAX_EVENTS: usize = 18;

// Byte offsets of the fields.
const EVENT_KEY: usize = 298;
const EVENT_COUNT: usize = 300;
const EVENT_TIMES: usize = 304;
const EVENT_FLAGS: usize = 376;
const EVENT_LABELS: usize = 396;

/// An event of the header.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderEvent {
    /// At most four characters.
    pub label: String,
    /// Seconds, on the file's own time axis.
    pub time_s: f32,
    /// The display flag as stored: 1 is shown, 0 is hidden.
    pub flag: u8,
}

/// The fields, as they are.
pub(super) struct Header {
    pub(super) points: u16,
    pub(super) analog_per_frame: u16,
    pub(super) first_frame: u16,
    pub(super) last_frame: u16,
    pub(super) max_gap: u16,
    pub(super) scale: f32,
    pub(super) data_block: u16,
    pub(super) samples_per_frame: u16,
    pub(super) rate_hz: f32,
    pub(super) events: Vec<HeaderEvent>,
}

impl Header {
    pub(super) fn read(raw: &[u8; BLOCK], processor: Processor) -> Self {
        let u16_at = |at: usize| processor.u16([raw[at], raw[at + 1]]);
        let f32_at = |at: usize| processor.f32([raw[at], raw[at + 1], raw[at + 2], raw[at + 3]]);
        let count = if u16_at(EVENT_KEY) == KEY {
            usize::from(u16_at(EVENT_COUNT)).min(MAX_EVENTS)
        } else {
            0
        };
        let events = (0..count)
            .map(|index| HeaderEvent {
                label: parameters::text_of(&raw[EVENT_LABELS + 4 * index..][..4]),
                time_s: f32_at(EVENT_TIMES + 4 * index),
                flag: raw[EVENT_FLAGS + index],
            })
            .collect();
        Self {
            points: u16_at(2),
            analog_per_frame: u16_at(4),
            first_frame: u16_at(6),
            last_frame: u16_at(8),
            max_gap: u16_at(10),
            scale: f32_at(12),
            data_block: u16_at(16),
            samples_per_frame: u16_at(18),
            rate_hz: f32_at(20),
            events,
        }
    }

    /// The block; `None` if a float has no form on that processor.
    pub(super) fn write(&self, processor: Processor) -> Option<[u8; BLOCK]> {
        let mut raw = [0; BLOCK];
        raw[0] = 2;
        raw[1] = 80;
        let mut put = |at: usize, bytes: &[u8]| raw[at..at + bytes.len()].copy_from_slice(bytes);
        for (at, value) in [
            (2, self.points),
            (4, self.analog_per_frame),
            (6, self.first_frame),
            (8, self.last_frame),
            (10, self.max_gap),
            (16, self.data_block),
            (18, self.samples_per_frame),
            (EVENT_KEY, KEY),
            (EVENT_COUNT, u16::try_from(self.events.len()).unwrap_or(0)),
        ] {
            put(at, &processor.u16_bytes(value));
        }
        put(12, &processor.f32_bytes(self.scale)?);
        put(20, &processor.f32_bytes(self.rate_hz)?);
        for (index, event) in self.events.iter().take(MAX_EVENTS).enumerate() {
            put(EVENT_TIMES + 4 * index, &processor.f32_bytes(event.time_s)?);
            put(EVENT_FLAGS + index, &[event.flag]);
            let mut label = parameters::bytes_of(&event.label);
            label.resize(4, b' ');
            put(EVENT_LABELS + 4 * index, &label);
        }
        Some(raw)
    }
}
