//! From a [`C3d`] to bytes.

use super::header::{Header, MAX_EVENTS};
use super::layout::is_unsigned;
use super::number::Processor;
use super::parameters::{self, Group, Parameter, ParameterData};
use super::{BLOCK, C3d, C3dError, Storage};

/// A coordinate of this size uses nearly all of a 16-bit integer.
const INTEGER_REACH: f32 = 32_000.0;

/// A scale below this is 0 in the floats of some processor, and loses with its size its sign.
const LEAST_SCALE: f32 = 1e-37;

impl C3d {
    /// The file, in its own processor's and storage's form.
    ///
    /// Parameters that repeat what the data say (counts, scale, place of the data) are brought up
    /// to date where the file has them; all others are written as they are.
    ///
    /// Float storage keeps every number. Integer storage keeps those that lie on the grid of
    /// [`C3d::point_scale`]; if a coordinate is too large for it, a coarser grid is used for all
    /// points, because the format has one scale for the whole file. Points that are not finite are
    /// marked invalid. Samples that are no 16-bit integers get a new scale for their channel.
    ///
    /// # Errors
    ///
    /// [`C3dError`] if counts and values disagree or a number has no form in the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, C3dError> {
        self.to_bytes_as(self.processor, self.storage)
    }

    /// The file, in the form of another processor or storage; else as [`C3d::to_bytes`].
    ///
    /// # Errors
    ///
    /// [`C3dError`] if counts and values disagree or a number has no form in the file.
    pub fn to_bytes_as(&self, processor: Processor, storage: Storage) -> Result<Vec<u8>, C3dError> {
        self.check_shape()?;
        let mut groups = self.groups.clone();
        let point_scale = match storage {
            Storage::Float => self.point_scale.max(LEAST_SCALE),
            Storage::Integer => self.integer_scale(),
        };
        let stored_scale = match storage {
            Storage::Float => -point_scale,
            Storage::Integer => point_scale,
        };
        let samples = match storage {
            Storage::Float => None,
            Storage::Integer => Some(IntegerSamples::of(self, &mut groups)?),
        };
        self.update(&mut groups, stored_scale)?;
        let mut section = parameters::write(&groups, processor)?;
        let data_block = 2 + section.len() / BLOCK;
        let data_block = u16::try_from(data_block).map_err(|_| C3dError::TooMany {
            what: "the first block of the data",
            value: data_block,
            largest: usize::from(u16::MAX),
        })?;
        if replace(&mut groups, "POINT", "DATA_START", f64::from(data_block)) {
            section = parameters::write(&groups, processor)?;
        }
        let header = self.header(stored_scale, data_block)?;
        let header = header
            .write(processor)
            .ok_or_else(|| C3dError::NotRepresentable {
                what: "the header's scale, rate or event times".to_owned(),
                value: stored_scale,
            })?;
        let mut bytes = header.to_vec();
        bytes.extend(section);
        match samples {
            None => self.write_floats(processor, &mut bytes)?,
            Some(samples) => self.write_integers(processor, point_scale, &samples, &mut bytes)?,
        }
        if self.trailing.is_empty() {
            bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
        } else {
            bytes.extend(&self.trailing);
        }
        Ok(bytes)
    }

    fn check_shape(&self) -> Result<(), C3dError> {
        let checks = [
            (
                "points",
                self.frames.checked_mul(self.points.count * 4),
                self.points.values.len(),
            ),
            (
                "analog samples",
                self.frames
                    .checked_mul(self.analog.channels * self.analog.samples_per_frame),
                self.analog.values.len(),
            ),
        ];
        for (what, expected, found) in checks {
            if expected != Some(found) {
                return Err(C3dError::Shape {
                    what,
                    expected: expected.unwrap_or(usize::MAX),
                    found,
                });
            }
        }
        Ok(())
    }

    /// The file's own scale if all coordinates fit 16 bits with it, else the finest that does.
    fn integer_scale(&self) -> f32 {
        let largest = self
            .points
            .values
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|[x, y, z, _]| [x.abs(), y.abs(), z.abs()])
            .filter(|c| c.is_finite())
            .fold(0.0, f32::max);
        let scale = if largest / self.point_scale <= 32_767.4 {
            self.point_scale
        } else {
            largest / INTEGER_REACH
        };
        scale.max(LEAST_SCALE)
    }

    fn header(&self, stored_scale: f32, data_block: u16) -> Result<Header, C3dError> {
        let field = |what, value: usize| {
            u16::try_from(value).map_err(|_| C3dError::TooMany {
                what,
                value,
                largest: usize::from(u16::MAX),
            })
        };
        if self.header_events.len() > MAX_EVENTS {
            return Err(C3dError::TooMany {
                what: "events of the header",
                value: self.header_events.len(),
                largest: MAX_EVENTS,
            });
        }
        let first = self.first_frame as usize;
        // Longer recordings say so in the TRIAL group; the header holds what it can.
        let clamp = |frame: usize| u16::try_from(frame).unwrap_or(u16::MAX);
        Ok(Header {
            points: field("points", self.points.count)?,
            analog_per_frame: field(
                "analog samples a frame",
                self.analog.channels * self.analog.samples_per_frame,
            )?,
            first_frame: clamp(first),
            last_frame: clamp((first + self.frames).saturating_sub(1)),
            max_gap: self.max_gap,
            scale: stored_scale,
            data_block,
            samples_per_frame: field("samples a frame", self.analog.samples_per_frame)?,
            rate_hz: self.rate_hz,
            events: self.header_events.clone(),
        })
    }

    /// Brings the parameters that repeat the data's layout up to date.
    fn update(&self, groups: &mut Vec<Group>, stored_scale: f32) -> Result<(), C3dError> {
        replace(groups, "POINT", "USED", self.points.count as f64);
        replace(groups, "POINT", "SCALE", f64::from(stored_scale));
        replace(groups, "POINT", "LONG_FRAMES", self.frames as f64);
        replace(groups, "ANALOG", "USED", self.analog.channels as f64);
        if self.rate_hz > 0.0 {
            replace(groups, "POINT", "RATE", f64::from(self.rate_hz));
        }
        // 65,535 says "unknown or more": it stays.
        let says_unknown = super::find(groups, "POINT", "FRAMES")
            .is_some_and(|p| p.unsigned_numbers().first() == Some(&65_535.0));
        if !says_unknown {
            replace(groups, "POINT", "FRAMES", self.frames as f64);
        }
        let last = (self.first_frame as usize + self.frames).saturating_sub(1);
        let last = u32::try_from(last).map_err(|_| C3dError::TooMany {
            what: "the number of the last frame",
            value: last,
            largest: u32::MAX as usize,
        })?;
        for (name, frame) in [
            ("ACTUAL_START_FIELD", self.first_frame),
            ("ACTUAL_END_FIELD", last),
        ] {
            set_field(groups, name, frame, last > u32::from(u16::MAX));
        }
        Ok(())
    }

    fn write_floats(&self, processor: Processor, bytes: &mut Vec<u8>) -> Result<(), C3dError> {
        let points = self.points.count * 4;
        let samples = self.analog.channels * self.analog.samples_per_frame;
        bytes.reserve(4 * (self.points.values.len() + self.analog.values.len()));
        for frame in 0..self.frames {
            let blocks = [
                ("points", &self.points.values[frame * points..][..points]),
                (
                    "analog samples",
                    &self.analog.values[frame * samples..][..samples],
                ),
            ];
            for (what, values) in blocks {
                for &value in values {
                    bytes.extend(processor.f32_bytes(value).ok_or_else(|| {
                        C3dError::NotRepresentable {
                            what: what.to_owned(),
                            value,
                        }
                    })?);
                }
            }
        }
        Ok(())
    }

    fn write_integers(
        &self,
        processor: Processor,
        scale: f32,
        samples: &IntegerSamples,
        bytes: &mut Vec<u8>,
    ) -> Result<(), C3dError> {
        let points = self.points.count * 4;
        let per_frame = self.analog.channels * self.analog.samples_per_frame;
        for frame in 0..self.frames {
            for &point in self.points.values[frame * points..][..points]
                .as_chunks::<4>()
                .0
            {
                for word in integer_point(point, self.point_scale, scale)? {
                    bytes.extend(processor.i16_bytes(word));
                }
            }
            for &word in &samples.words[frame * per_frame..][..per_frame] {
                bytes.extend(processor.u16_bytes(word));
            }
        }
        Ok(())
    }
}

/// The four words of a point on the grid of `scale`.
fn integer_point(point: [f32; 4], old_scale: f32, scale: f32) -> Result<[i16; 4], C3dError> {
    let [x, y, z, word] = point;
    if ![x, y, z].iter().all(|c| c.is_finite()) {
        return Ok([0, 0, 0, -1]);
    }
    let mut words = [0; 4];
    for (into, coordinate) in words.iter_mut().zip([x, y, z]) {
        *into = rounded(f64::from(coordinate) / f64::from(scale), "points")?;
    }
    let fourth = if word < 0.0 || old_scale.to_bits() == scale.to_bits() {
        f64::from(word)
    } else {
        // The residual is counted in units of the scale, in the low byte.
        let residual = f64::from(word % 256.0) * f64::from(old_scale) / f64::from(scale);
        f64::from(word - word % 256.0) + residual.round().min(255.0)
    };
    words[3] = rounded(fourth, "residuals")?;
    Ok(words)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the range is checked first"
)]
fn rounded(value: f64, what: &str) -> Result<i16, C3dError> {
    let whole = value.round();
    if (-32_768.0..=32_767.0).contains(&whole) {
        Ok(whole as i16)
    } else {
        Err(C3dError::NotRepresentable {
            what: what.to_owned(),
            value: value as f32,
        })
    }
}

/// Analog samples as 16-bit words, signed or unsigned as the file says.
struct IntegerSamples {
    words: Vec<u16>,
}

impl IntegerSamples {
    /// Channels whose samples are no such integers get a new scale and offset in `groups`.
    fn of(c3d: &C3d, groups: &mut [Group]) -> Result<Self, C3dError> {
        let channels = c3d.analog.channels;
        let unsigned = is_unsigned(&c3d.groups);
        let (low, high) = if unsigned {
            (0.0, 65_535.0)
        } else {
            (-32_768.0, 32_767.0)
        };
        let mut words = vec![0; c3d.analog.values.len()];
        for channel in 0..channels {
            let samples = || c3d.analog.values.iter().skip(channel).step_by(channels);
            let are_integers = samples().all(|&s| s.fract() == 0.0 && (low..=high).contains(&s));
            let mut grid = (0.0, 1.0);
            if !are_integers {
                let (least, most) = samples()
                    .filter(|s| s.is_finite())
                    .fold((0.0_f64, 0.0_f64), |(a, b), &s| {
                        (a.min(f64::from(s)), b.max(f64::from(s)))
                    });
                let (offset, _) = c3d.analog_scaling(channel);
                let reach = (most - offset).abs().max((least - offset).abs());
                let middle = if unsigned { 32_768.0 } else { 0.0 };
                let step = f64::max(reach / 32_700.0, f64::MIN_POSITIVE);
                if !rescale(groups, channel, step, middle) {
                    return Err(C3dError::NotRepresentable {
                        what: format!(
                            "samples of analog channel {channel}, which has no scale of its own"
                        ),
                        value: samples().copied().fold(0.0, f32::max),
                    });
                }
                grid = (offset - middle * step, step);
            }
            let (origin, step) = grid;
            for (word, &sample) in words
                .iter_mut()
                .skip(channel)
                .step_by(channels)
                .zip(samples())
            {
                let stored = if sample.is_finite() {
                    (f64::from(sample) - origin) / step
                } else {
                    return Err(C3dError::NotRepresentable {
                        what: format!("samples of analog channel {channel}"),
                        value: sample,
                    });
                };
                *word = word_of(stored.round().clamp(f64::from(low), f64::from(high)));
            }
        }
        Ok(Self { words })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the caller clamps to 16 bits, signed or not; the low 16 bits are the word"
)]
fn word_of(value: f64) -> u16 {
    (value as i64) as u16
}

/// Multiplies a channel's scale and sets its offset; `false` if the file has no such entry.
fn rescale(groups: &mut [Group], channel: usize, factor: f64, offset: f64) -> bool {
    let scaled = change_entry(groups, "SCALE", channel, |scale| scale * factor);
    let moved = change_entry(groups, "OFFSET", channel, |_| offset);
    scaled && (moved || offset == 0.0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "parameters hold 32-bit floats and 16-bit integers"
)]
fn change_entry(
    groups: &mut [Group],
    name: &str,
    index: usize,
    change: impl Fn(f64) -> f64,
) -> bool {
    let mut before = 0;
    for n in 1..=255 {
        let name = if n == 1 {
            name.to_owned()
        } else {
            format!("{name}{n}")
        };
        let Some(parameter) = find_mut(groups, "ANALOG", &name) else {
            return false;
        };
        let count = parameter.numbers().len();
        if let Some(place) = index.checked_sub(before).filter(|&place| place < count) {
            match &mut parameter.data {
                ParameterData::Float(values) => {
                    values[place] = change(f64::from(values[place])) as f32;
                }
                ParameterData::Int(values) => {
                    let new = change(f64::from(values[place]));
                    values[place] = word_of(new).cast_signed();
                }
                ParameterData::Char(_) | ParameterData::Byte(_) => return false,
            }
            return true;
        }
        before += count;
    }
    false
}

fn find_mut<'a>(groups: &'a mut [Group], group: &str, name: &str) -> Option<&'a mut Parameter> {
    groups
        .iter_mut()
        .filter(|have| have.name.eq_ignore_ascii_case(group))
        .flat_map(|have| &mut have.parameters)
        .find(|have| have.name.eq_ignore_ascii_case(name))
}

/// Gives a number to a parameter that the file has; `true` if that changed it.
#[expect(
    clippy::cast_possible_truncation,
    reason = "counts above 65,535 are clamped, as the format's long counts expect"
)]
fn replace(groups: &mut [Group], group: &str, name: &str, value: f64) -> bool {
    let Some(parameter) = find_mut(groups, group, name) else {
        return false;
    };
    let before = parameter.data.clone();
    match &mut parameter.data {
        ParameterData::Int(values) => {
            if let Some(first) = values.first_mut() {
                *first = word_of(value.clamp(0.0, 65_535.0)).cast_signed();
            }
        }
        ParameterData::Float(values) => {
            if let Some(first) = values.first_mut() {
                *first = value as f32;
            }
        }
        ParameterData::Byte(_) | ParameterData::Char(_) => {}
    }
    parameter.data != before
}

/// A frame number of the `TRIAL` group: changed where it is, added where it is needed.
fn set_field(groups: &mut Vec<Group>, name: &str, frame: u32, needed: bool) {
    let words = ParameterData::Int(vec![
        u16::try_from(frame & 0xFFFF).unwrap_or(0).cast_signed(),
        u16::try_from(frame >> 16).unwrap_or(0).cast_signed(),
    ]);
    if let Some(parameter) = find_mut(groups, "TRIAL", name) {
        match &mut parameter.data {
            ParameterData::Int(values) if values.len() >= 2 => parameter.data = words,
            _ => {
                replace(groups, "TRIAL", name, f64::from(frame));
            }
        }
    } else if needed {
        let parameter = Parameter::new(name, vec![2], words);
        if let Some(group) = groups
            .iter_mut()
            .find(|have| have.name.eq_ignore_ascii_case("TRIAL"))
        {
            group.set(parameter);
        } else {
            let id = (1..=127).find(|&id| groups.iter().all(|have| have.id != id));
            let mut group = Group::new(id.unwrap_or(127), "TRIAL");
            group.set(parameter);
            groups.push(group);
        }
    }
}
