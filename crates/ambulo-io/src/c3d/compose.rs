//! A C3D file of our own making: Intel, floats, millimetres, Z up as laboratories have it.

use ambulo::space::{UpAxis, world_from_lab};
use nalgebra::{Point3, Rotation3};

use super::{Analog, C3d, Group, Parameter, Points, Processor, Storage};

const MILLIMETRES: f64 = 1000.0;

/// The finest grid on which a room of 30 m fits 16 bits, should the file be written as integers.
const POINT_SCALE_MM: f32 = 0.5;

/// Columns of a new file, filled frame by frame.
pub(super) struct Columns {
    labels: Vec<String>,
    values: Vec<f32>,
    lab_from_world: Rotation3<f64>,
}

impl Columns {
    /// No frame yet.
    pub(super) fn new(labels: Vec<String>, frames: usize) -> Self {
        Self {
            values: Vec::with_capacity(frames * labels.len() * 4),
            labels,
            lab_from_world: world_from_lab(UpAxis::PlusZ).inverse(),
        }
    }

    /// The next column's position in metres with Y up, turned to the laboratory's axes.
    pub(super) fn push_position(&mut self, position_m: Option<Point3<f64>>) {
        let lab = position_m.map(|p| self.lab_from_world * p * MILLIMETRES);
        self.push(lab.map(|lab| [lab.x, lab.y, lab.z]));
    }

    /// The next column's three numbers as they are.
    pub(super) fn push(&mut self, components: Option<[f64; 3]>) {
        self.values.extend(match components.map(|c| c.map(single)) {
            // A negative fourth word marks a point that was not seen.
            None => [0.0, 0.0, 0.0, -1.0],
            Some([x, y, z]) => {
                // All zeros would read as a gap.
                let is_origin = [x, y, z].iter().all(|c| c.abs() < f32::MIN_POSITIVE);
                [x, y, z, if is_origin { 1.0 } else { 0.0 }]
            }
        });
    }

    /// The file: its points and the parameters that describe them, and further groups.
    pub(super) fn finish(self, first_frame: u32, rate_hz: f64, further: Vec<Group>) -> C3d {
        let count = self.labels.len();
        let frames = self.values.len().checked_div(4 * count).unwrap_or(0);
        let rate_hz = single(rate_hz);
        // Counts past 16 bits are written elsewhere or refused when the file is.
        let integer = |name: &str, value: usize| {
            Parameter::integer(name, u16::try_from(value).unwrap_or(u16::MAX))
        };
        let mut point = Group::new(0, "POINT");
        point.parameters = vec![
            integer("USED", count),
            integer("FRAMES", frames),
            Parameter::float("SCALE", -POINT_SCALE_MM),
            Parameter::float("RATE", rate_hz),
            Parameter::integer("DATA_START", 0),
            Parameter::text("X_SCREEN", "+X"),
            Parameter::text("Y_SCREEN", "+Z"),
            Parameter::text("UNITS", "mm"),
            Parameter::text("ANGLE_UNITS", "deg"),
        ];
        point.parameters.extend(lists("LABELS", &self.labels));
        let mut analog = Group::new(0, "ANALOG");
        analog.parameters = vec![
            Parameter::integer("USED", 0),
            Parameter::float("GEN_SCALE", 1.0),
        ];
        let mut groups = vec![point, analog];
        groups.extend(
            further
                .into_iter()
                .filter(|group| !group.parameters.is_empty()),
        );
        for (id, group) in (1..).zip(&mut groups) {
            group.id = id;
        }
        C3d {
            processor: Processor::Intel,
            storage: Storage::Float,
            first_frame,
            frames,
            rate_hz,
            point_scale: POINT_SCALE_MM,
            max_gap: 0,
            header_events: Vec::new(),
            groups,
            points: Points {
                count,
                values: self.values,
            },
            analog: Analog {
                samples_per_frame: 1,
                ..Analog::default()
            },
            trailing: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// A list, continued in further parameters past 255 entries.
pub(super) fn lists(name: &str, values: &[String]) -> Vec<Parameter> {
    (1..)
        .zip(values.chunks(255))
        .map(|(n, chunk)| Parameter::list(&numbered(name, n), chunk))
        .collect()
}

/// `LABELS`, `LABELS2`, `LABELS3`, ….
pub(super) fn numbered(name: &str, n: usize) -> String {
    if n == 1 {
        name.to_owned()
    } else {
        format!("{name}{n}")
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the format stores 32-bit floats"
)]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}
