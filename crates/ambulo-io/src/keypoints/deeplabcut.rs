//! DeepLabCut CSV: rows `scorer`, `individuals` (where there are several), `bodyparts`, `coords`,
//! then one row a frame of x, y, likelihood.
//!
//! Source: the documentation of DeepLabCut's output.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ambulo::keypoints::Keypoints2d;

use super::layout::Layout;
use super::table::Table;
use super::{DetectedFrame, Detections, KeypointError, NamedBytes, Person, detected};

/// The columns of one point of one individual: x, y, likelihood.
type Place = [Option<usize>; 3];

pub(super) fn read(files: &[&NamedBytes]) -> Result<Detections, KeypointError> {
    let file = *files.first().ok_or(KeypointError::Empty)?;
    let table = Table::new(file)?;
    let header = |name: &str| {
        let rows = table.rows.iter().take(4);
        let is_named = |row: &&Vec<&str>| row.first().is_some_and(|cell| *cell == name);
        rows.into_iter().find(is_named)
    };
    let header_rows = table
        .rows
        .iter()
        .take(4)
        .position(|row| row.first() == Some(&"coords"))
        .ok_or_else(|| table.wrong(0, "has no header row named coords, as DeepLabCut writes"))?
        + 1;
    table.check_lengths(header_rows - 1)?;
    let coords = &table.rows[header_rows - 1];
    let bodyparts = header("bodyparts")
        .ok_or_else(|| table.wrong(0, "has no header row named bodyparts, as DeepLabCut writes"))?;
    let individuals = header("individuals");

    let mut names: Vec<String> = Vec::new();
    let mut name_index: BTreeMap<&str, usize> = BTreeMap::new();
    let mut people: Vec<BTreeMap<usize, Place>> = Vec::new();
    let mut person_index: BTreeMap<&str, usize> = BTreeMap::new();
    for (column, coord) in coords.iter().enumerate().skip(1) {
        let axis = match *coord {
            "x" => 0,
            "y" => 1,
            "likelihood" => 2,
            _ => continue,
        };
        let part = bodyparts.get(column).copied().unwrap_or("");
        let individual = individuals.and_then(|row| row.get(column)).copied();
        let point = *name_index.entry(part).or_insert_with(|| {
            names.push(part.to_owned());
            names.len() - 1
        });
        let person = *person_index
            .entry(individual.unwrap_or(""))
            .or_insert_with(|| {
                people.push(BTreeMap::new());
                people.len() - 1
            });
        people[person].entry(point).or_default()[axis] = Some(column);
    }
    let mut notes = Vec::new();
    let layout = Layout::of_names(&names, &mut notes)?;
    let mut frames = Vec::new();
    for row in header_rows..table.rows.len() {
        let mut seen = Vec::new();
        for (id, places) in (0_u64..).zip(&people) {
            let mut points = Vec::with_capacity(layout.sources.len());
            for source in &layout.sources {
                let [x, y, likelihood] = places.get(source).copied().unwrap_or_default();
                let at = |column: Option<usize>, otherwise: f64| {
                    column.map_or(Ok(otherwise), |column| table.number(row, column))
                };
                let likelihood = at(likelihood, 1.0)?;
                points.push(detected(at(x, f64::NAN)?, at(y, f64::NAN)?, likelihood));
            }
            if points.iter().any(Option::is_some) {
                seen.push(Person {
                    id: Some(id),
                    points,
                });
            }
        }
        frames.push(DetectedFrame {
            number: None,
            time_s: None,
            people: seen,
        });
    }
    Ok(Detections {
        layout,
        frames,
        image_size_px: None,
        sides_decided: false,
        notes,
    })
}

/// Writes the form with three header rows; every joint is kept by its name.
pub(super) fn write(keypoints: &Keypoints2d) -> NamedBytes {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for (first, cells) in [
        ("scorer", ["ambulo"; 3]),
        ("bodyparts", [""; 3]),
        ("coords", ["x", "y", "likelihood"]),
    ] {
        text.push_str(first);
        for joint in keypoints.joints() {
            for cell in cells {
                let cell = if cell.is_empty() { joint.name() } else { cell };
                let _ = write!(text, ",{cell}");
            }
        }
        text.push('\n');
    }
    for frame in 0..keypoints.frames() {
        let _ = write!(text, "{frame}");
        for point in keypoints.frame(frame) {
            match point {
                Some(point) => {
                    let _ = write!(
                        text,
                        ",{},{},{}",
                        point.position_px.x, point.position_px.y, point.confidence
                    );
                }
                None => text.push_str(",,,"),
            }
        }
        text.push('\n');
    }
    NamedBytes {
        name: "deeplabcut.csv".to_owned(),
        bytes: text.into_bytes(),
    }
}
