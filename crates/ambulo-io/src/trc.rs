//! TRC: marker positions as OpenSim, `Pose2Sim` and Motion Analysis write them.

use std::fmt::Write as _;

use ambulo::space::UpAxis;
use ambulo::time::TimeBase;
use nalgebra::Point3;

use crate::points::LabelledPoints;
use crate::text::{
    TextError, count, decode, each_once, lines, number, optional_number, unexpected,
};

/// Why a TRC file could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrcError {
    /// The text is not TRC.
    #[error("not a valid TRC file: {0}")]
    Text(#[from] TextError),
    /// The unit of length is none that we know.
    #[error("the TRC file is in {0:?}; known units are m, cm and mm: correct the Units field")]
    Unit(String),
    /// The time column does not increase.
    #[error("the time column of the TRC file cannot be used")]
    Time(#[from] ambulo::time::TimeError),
}

/// Reads a TRC file. Empty fields and `nan` are missing positions.
///
/// # Errors
///
/// [`TrcError`] names the line and what was expected there.
pub fn parse(bytes: &[u8]) -> Result<LabelledPoints, TrcError> {
    let text = decode(bytes);
    let mut lines = lines(&text).filter(|(_, line)| !line.trim().is_empty());
    let (line, first) = lines.next().ok_or(TextError::Empty)?;
    if !first.starts_with("PathFileType") {
        return Err(unexpected(line, "PathFileType", first).into());
    }
    let (_, keys) = lines
        .next()
        .ok_or(TextError::Missing { what: "the header" })?;
    let (line, values) = lines
        .next()
        .ok_or(TextError::Missing { what: "the header" })?;
    let header = Header::parse(keys, values, line)?;
    let (label_line, labels) = lines.next().ok_or(TextError::Missing {
        what: "the line of marker names",
    })?;
    let labels = parse_labels(labels, label_line, header.markers)?;
    let (axes_line, axes) = lines.next().ok_or(TextError::Missing {
        what: "the line of axis names",
    })?;
    if !axes.trim_start().starts_with(['X', 'x']) {
        return Err(unexpected(axes_line, "X1 Y1 Z1 …", axes).into());
    }
    let rows: Vec<Row> = lines
        .map(|(line, row)| parse_row(row, line, &labels, header.metres))
        .collect::<Result<_, _>>()?;
    collect(rows, labels, &header)
}

struct Header {
    rate_hz: f64,
    frames: usize,
    markers: usize,
    metres: f64,
}

impl Header {
    fn parse(keys: &str, values: &str, line: usize) -> Result<Self, TrcError> {
        let keys: Vec<_> = keys.split_whitespace().collect();
        let values: Vec<_> = values.split_whitespace().collect();
        let field = |key: &'static str| {
            keys.iter()
                .position(|have| have.eq_ignore_ascii_case(key))
                .and_then(|index| values.get(index).copied())
                .ok_or(TextError::Missing { what: key })
        };
        let unit = field("Units")?;
        let metres = match unit.to_ascii_lowercase().as_str() {
            "m" | "meters" | "metres" => 1.0,
            "cm" => 0.01,
            "mm" => 0.001,
            _ => return Err(TrcError::Unit(unit.to_owned())),
        };
        Ok(Self {
            rate_hz: number(field("DataRate")?, line)?,
            frames: count(field("NumFrames")?, line)?,
            markers: count(field("NumMarkers")?, line)?,
            metres,
        })
    }
}

/// Names stand above every third column; tabs in between may or may not be doubled.
fn parse_labels(line: &str, number: usize, promised: usize) -> Result<Vec<String>, TextError> {
    let labels: Vec<String> = line
        .split('\t')
        .flat_map(|field| {
            // Some writers separate by spaces only.
            if line.contains('\t') {
                vec![field.trim()]
            } else {
                field.split_whitespace().collect()
            }
        })
        .filter(|field| !field.is_empty())
        .skip(2)
        .map(str::to_owned)
        .collect();
    if labels.len() != promised {
        return Err(TextError::Fields {
            line: number,
            expected: promised,
            found: labels.len(),
        });
    }
    each_once(&labels)?;
    Ok(labels)
}

struct Row {
    frame_number: f64,
    time_s: f64,
    positions_m: Vec<Option<Point3<f64>>>,
}

fn parse_row(row: &str, line: usize, labels: &[String], metres: f64) -> Result<Row, TextError> {
    let fields: Vec<&str> = if row.contains('\t') {
        row.split('\t').collect()
    } else {
        row.split_whitespace().collect()
    };
    let wanted = 2 + 3 * labels.len();
    // Trailing markers that were never seen may have no fields at all, and a trailing tab adds one.
    let extra = fields.get(wanted..).unwrap_or_default();
    if fields.len() < 2 || extra.iter().any(|field| !field.trim().is_empty()) {
        return Err(TextError::Fields {
            line,
            expected: wanted,
            found: fields.len(),
        });
    }
    let axis = |index: usize| {
        fields
            .get(index)
            .map_or(Ok(None), |f| optional_number(f, line))
    };
    let mut positions_m = Vec::with_capacity(labels.len());
    for marker in 0..labels.len() {
        let [x, y, z] = [0, 1, 2].map(|offset| axis(2 + 3 * marker + offset));
        positions_m.push(match (x?, y?, z?) {
            (Some(x), Some(y), Some(z)) => Some(Point3::new(x * metres, y * metres, z * metres)),
            _ => None,
        });
    }
    Ok(Row {
        frame_number: number(fields[0], line)?,
        time_s: number(fields[1], line)?,
        positions_m,
    })
}

fn collect(
    rows: Vec<Row>,
    labels: Vec<String>,
    header: &Header,
) -> Result<LabelledPoints, TrcError> {
    let mut times_s = Vec::new();
    let mut positions_m = Vec::new();
    let mut first_frame_number = 1;
    for row in rows {
        if times_s.is_empty() {
            #[expect(clippy::cast_possible_truncation, reason = "saturates; a frame number")]
            let first = row.frame_number as i64;
            first_frame_number = first;
        }
        times_s.push(row.time_s);
        positions_m.extend(row.positions_m);
    }
    if times_s.len() < header.frames {
        return Err(TextError::Truncated {
            what: "frames",
            promised: header.frames,
            found: times_s.len(),
        }
        .into());
    }
    let mut notes = Vec::new();
    if times_s.len() > header.frames {
        notes.push(format!(
            "the header promises {} frames, but {} are there; all were read",
            header.frames,
            times_s.len()
        ));
    }
    let first_frame_time_s = times_s.first().copied().unwrap_or(0.0);
    let time = TimeBase::new(times_s)?;
    if let Some(rate_hz) = time.rate_hz()
        && (rate_hz / header.rate_hz - 1.0).abs() > 0.01
    {
        notes.push(format!(
            "the header says {} Hz, the time column {rate_hz:.2} Hz; the time column was used",
            header.rate_hz
        ));
    }
    Ok(LabelledPoints {
        labels,
        time,
        positions_m,
        up: None,
        first_frame_number,
        first_frame_time_s,
        notes,
    })
}

/// Writes a TRC file in metres, Y up as OpenSim wants it. Missing positions are left empty.
pub fn write(points: &LabelledPoints, file_name: &str) -> Vec<u8> {
    let points = &points.clone().with_y_up();
    debug_assert_eq!(points.up, Some(UpAxis::PlusY));
    let frames = points.time.frames();
    let markers = points.labels.len();
    let rate_hz = points.time.rate_hz().unwrap_or(1.0);
    let mut out = format!(
        "PathFileType\t4\t(X/Y/Z)\t{file_name}\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\t\
         OrigDataRate\tOrigDataStartFrame\tOrigNumFrames\n{rate_hz}\t{rate_hz}\t{frames}\t{markers}\
         \tm\t{rate_hz}\t{}\t{frames}\nFrame#\tTime",
        points.first_frame_number
    );
    for label in &points.labels {
        // A tab or line end inside a name would shift every column after it.
        let label = label.replace(['\t', '\n', '\r'], " ");
        let _ = write!(out, "\t{label}\t\t");
    }
    out.push_str("\n\t");
    for marker in 1..=markers {
        let _ = write!(out, "\tX{marker}\tY{marker}\tZ{marker}");
    }
    out.push_str("\n\n");
    for (frame, time_s) in points.time.times_s().iter().enumerate() {
        let number = points
            .first_frame_number
            .saturating_add_unsigned(frame as u64);
        let _ = write!(out, "{number}\t{}", time_s + points.first_frame_time_s);
        for position in &points.positions_m[frame * markers..][..markers] {
            let _ = match position {
                Some(p) => write!(out, "\t{}\t{}\t{}", p.x, p.y, p.z),
                None => write!(out, "\t\t\t"),
            };
        }
        out.push('\n');
    }
    out.into_bytes()
}
