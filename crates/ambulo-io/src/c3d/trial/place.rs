//! From the laboratory's axes and unit to metres with Y up.

use std::collections::BTreeMap;

use ambulo::skeleton::Joint;
use ambulo::space::{BodyLevels, UpAxis, guess_up, world_from_lab};
use nalgebra::{Point3, Rotation3, Vector3};

use super::{C3d, TrialError};

/// A laboratory's axes and unit of length.
pub(in crate::c3d) struct LabSpace {
    world_from_lab: Rotation3<f64>,
    metres: f64,
}

impl LabSpace {
    /// The space of a file, its labels looked up here, and whether its vertical is known. Where it
    /// is not, the file's axes stay as they are.
    pub(in crate::c3d) fn of_file(
        c3d: &C3d,
        notes: &mut Vec<String>,
    ) -> Result<(Self, bool), TrialError> {
        let mut silent = Vec::new();
        let columns = super::recognise(c3d, &mut silent)
            .map(|map| super::choose_columns(c3d, &map, &mut silent))
            .unwrap_or_default();
        let body = body(c3d, &columns);
        let up = match up(c3d, body.as_ref(), notes) {
            Err(TrialError::NoUp) => None,
            known => Some(known?),
        };
        let space = Self {
            world_from_lab: up.map_or_else(Rotation3::identity, world_from_lab),
            metres: unit_m(c3d, body.as_ref(), notes)?,
        };
        Ok((space, up.is_some()))
    }

    pub(super) fn of(
        c3d: &C3d,
        columns: &BTreeMap<Joint, usize>,
        notes: &mut Vec<String>,
    ) -> Result<Self, TrialError> {
        let body = body(c3d, columns);
        Ok(Self {
            world_from_lab: world_from_lab(up(c3d, body.as_ref(), notes)?),
            metres: unit_m(c3d, body.as_ref(), notes)?,
        })
    }

    pub(in crate::c3d) fn to_world(&self, [x, y, z]: [f32; 3]) -> Point3<f64> {
        let lab = Point3::new(f64::from(x), f64::from(y), f64::from(z));
        self.world_from_lab * (lab * self.metres)
    }
}

fn body(c3d: &C3d, columns: &BTreeMap<Joint, usize>) -> Option<BodyLevels> {
    BodyLevels::find(|joint| mean(c3d, *columns.get(&joint)?))
}

fn up(c3d: &C3d, body: Option<&BodyLevels>, notes: &mut Vec<String>) -> Result<UpAxis, TrialError> {
    let axis = |name: &str| {
        c3d.text("POINT", name)
            .and_then(|text| UpAxis::from_name(&text))
    };
    // The screen's vertical is up, unless it is not perpendicular to its horizontal.
    let screen = axis("Y_SCREEN").filter(|up| {
        axis("X_SCREEN").is_none_or(|x| x.direction().dot(&up.direction()).abs() < 0.5)
    });
    match (screen, body.and_then(guess_up)) {
        (Some(screen), Some(body)) if screen != body => {
            notes.push(format!(
                "POINT:Y_SCREEN says that {} is up, the body stands along {}: the body was believed",
                screen.name(),
                body.name()
            ));
            Ok(body)
        }
        (Some(up), _) => Ok(up),
        (None, Some(up)) => {
            notes.push(format!(
                "the file does not say which axis is up; the body stands along {}",
                up.name()
            ));
            Ok(up)
        }
        (None, None) => Err(TrialError::NoUp),
    }
}

/// Metres in one unit of the file.
fn unit_m(
    c3d: &C3d,
    body: Option<&BodyLevels>,
    notes: &mut Vec<String>,
) -> Result<f64, TrialError> {
    let unit = c3d.text("POINT", "UNITS").unwrap_or_default();
    let declared = match unit.trim().to_ascii_lowercase().as_str() {
        "mm" | "millimeters" | "millimetres" => Some(1e-3),
        "cm" | "centimeters" | "centimetres" => Some(1e-2),
        "m" | "meters" | "metres" => Some(1.0),
        "in" | "inch" | "inches" => Some(0.0254),
        "ft" | "feet" => Some(0.3048),
        _ => None,
    };
    if let Some(metres) = declared {
        return Ok(metres);
    }
    // Head or shoulders to ankles is between 0.5 and 2.1 m for everyone who walks.
    let height = body.map_or(0.0, |b| (b.top - b.bottom).norm());
    let guess = [(1e-3, "mm"), (1e-2, "cm"), (1.0, "m")]
        .into_iter()
        .find(|(metres, _)| (0.5..2.1).contains(&(height * metres)));
    let (metres, name) = guess.ok_or(TrialError::NoUnit { unit })?;
    notes.push(format!(
        "the file names no unit of length; the body's size shows that it is {name}"
    ));
    Ok(metres)
}

/// The mean place of a column over the frames where it is seen.
fn mean(c3d: &C3d, column: usize) -> Option<Point3<f64>> {
    let mut sum = Vector3::zeros();
    let mut seen = 0_u32;
    for frame in 0..c3d.frames {
        if let Some([x, y, z]) = c3d.points.position(frame, column) {
            sum += Vector3::new(f64::from(x), f64::from(y), f64::from(z));
            seen += 1;
        }
    }
    (seen > 0).then(|| Point3::from(sum / f64::from(seen)))
}
