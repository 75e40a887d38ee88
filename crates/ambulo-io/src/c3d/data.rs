//! Points and analog samples.

use super::layout::Layout;
use super::number::Processor;
use super::{C3d, Storage, continued};

/// Points over time.
#[derive(Debug, Clone, Default)]
pub struct Points {
    /// Points in one frame.
    pub count: usize,
    /// `[frames, count, 4]`: X, Y and Z in the file's unit, and the fourth word as stored.
    ///
    /// The fourth word is negative where the point is invalid; otherwise its low byte times the
    /// scale is the residual, and its high byte the cameras that saw the point.
    pub values: Vec<f32>,
}

/// Analog samples over time.
#[derive(Debug, Clone, Default)]
pub struct Analog {
    /// Channels.
    pub channels: usize,
    /// Samples of each channel in one frame.
    pub samples_per_frame: usize,
    /// `[frames × samples_per_frame, channels]`, as stored: [`C3d::analog_channel`] scales them.
    pub values: Vec<f32>,
}

impl PartialEq for Points {
    /// Equal to the last bit.
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && same_bits(&self.values, &other.values)
    }
}

impl PartialEq for Analog {
    /// Equal to the last bit.
    fn eq(&self, other: &Self) -> bool {
        self.channels == other.channels
            && self.samples_per_frame == other.samples_per_frame
            && same_bits(&self.values, &other.values)
    }
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

impl Points {
    /// The four words of a point; `None` outside.
    pub fn get(&self, frame: usize, point: usize) -> Option<[f32; 4]> {
        if point >= self.count {
            return None;
        }
        self.values
            .as_chunks::<4>()
            .0
            .get(frame * self.count + point)
            .copied()
    }

    /// Where a point is, in the file's unit; `None` where it is invalid, not finite or outside.
    ///
    /// A point at exactly zero is invalid where its fourth word is zero too: several writers mark
    /// a gap so.
    pub fn position(&self, frame: usize, point: usize) -> Option<[f32; 3]> {
        let [x, y, z, word] = self.get(frame, point)?;
        let is_finite = x.is_finite() && y.is_finite() && z.is_finite();
        let is_empty = x == 0.0 && y == 0.0 && z == 0.0 && word == 0.0;
        let is_valid = word >= 0.0 && is_finite && !is_empty;
        is_valid.then_some([x, y, z])
    }

    /// The cameras that saw a point, one bit each of seven; `None` where it is invalid.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the word is checked to lie in 0..32768"
    )]
    pub fn cameras(&self, frame: usize, point: usize) -> Option<u8> {
        let [.., word] = self.get(frame, point)?;
        (0.0..32_768.0)
            .contains(&word)
            .then_some(((word as u16) >> 8) as u8)
    }
}

impl C3d {
    /// Mean distance of a point from the cameras' rays in the file's unit; `None` where invalid.
    pub fn residual(&self, frame: usize, point: usize) -> Option<f32> {
        let [.., word] = self.points.get(frame, point)?;
        (0.0..32_768.0)
            .contains(&word)
            .then_some((word % 256.0) * self.point_scale)
    }

    /// One analog channel in its own unit: (stored − offset) × scale × general scale.
    pub fn analog_channel(&self, channel: usize) -> Option<Vec<f64>> {
        let Analog {
            channels, values, ..
        } = &self.analog;
        if channel >= *channels {
            return None;
        }
        let (offset, scale) = self.analog_scaling(channel);
        Some(
            values[channel.min(values.len())..]
                .iter()
                .step_by(*channels)
                .map(|&stored| (f64::from(stored) - offset) * scale)
                .collect(),
        )
    }

    /// Offset and whole scale of an analog channel.
    pub(super) fn analog_scaling(&self, channel: usize) -> (f64, f64) {
        let unsigned = super::layout::is_unsigned(&self.groups);
        let mut offsets = continued(&self.groups, "ANALOG", "OFFSET").flat_map(|p| {
            if unsigned {
                p.unsigned_numbers()
            } else {
                p.numbers()
            }
        });
        let offset = offsets.nth(channel).unwrap_or(0.0);
        let scales = self.numbers("ANALOG", "SCALE");
        let general = self.number("ANALOG", "GEN_SCALE").unwrap_or(1.0);
        (
            offset,
            scales.get(channel).copied().unwrap_or(1.0) * general,
        )
    }

    /// Samples of each analog channel a second.
    pub fn analog_rate_hz(&self) -> f64 {
        f64::from(self.rate_hz) * self.analog.samples_per_frame as f64
    }
}

/// Decodes the data section. The layout was checked against the bytes.
pub(super) fn read(bytes: &[u8], processor: Processor, layout: &Layout) -> (Points, Analog) {
    let mut points = Points {
        count: layout.points,
        values: Vec::with_capacity(
            layout
                .frames
                .saturating_mul(layout.points * 4)
                .min(bytes.len()),
        ),
    };
    let samples = layout.channels * layout.samples_per_frame;
    let mut analog = Analog {
        channels: layout.channels,
        samples_per_frame: layout.samples_per_frame,
        values: Vec::with_capacity(layout.frames.saturating_mul(samples).min(bytes.len())),
    };
    if layout.frame_bytes() == 0 {
        return (points, analog);
    }
    let frames = bytes[layout.start..]
        .chunks_exact(layout.frame_bytes())
        .take(layout.frames);
    for frame in frames {
        let (point_bytes, analog_bytes) = frame.split_at(layout.point_bytes());
        match layout.storage {
            Storage::Float => {
                processor.read_f32s(point_bytes, &mut points.values);
                processor.read_f32s(analog_bytes, &mut analog.values);
            }
            Storage::Integer => {
                let start = points.values.len();
                processor.read_integers(point_bytes, false, &mut points.values);
                for [x, y, z, _] in points.values[start..].as_chunks_mut::<4>().0 {
                    *x *= layout.point_scale;
                    *y *= layout.point_scale;
                    *z *= layout.point_scale;
                }
                processor.read_integers(analog_bytes, layout.unsigned_samples, &mut analog.values);
            }
        }
    }
    (points, analog)
}
