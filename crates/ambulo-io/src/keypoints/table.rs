//! CSV: what tables share, and MediaPipe landmarks in the forms that people save them: one row a
//! frame with columns such as `left_knee_x` or `x1`, or one row a landmark.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::BLAZEPOSE_33;

use super::layout::Layout;
use super::mediapipe::{blazepose, scale, size_or_one};
use super::{
    DetectedFrame, Detections, KeypointError, KeypointFormat, NamedBytes, Person, detected,
    in_layout,
};

/// A table as text cells, borrowed from the file.
pub(super) struct Table<'a> {
    name: &'a str,
    pub(super) rows: Vec<Vec<&'a str>>,
}

impl<'a> Table<'a> {
    /// Splits a CSV file. Cells may be quoted; a separator of `;` or a tab is recognised.
    pub(super) fn new(file: &'a NamedBytes) -> Result<Self, KeypointError> {
        let bytes = file.bytes.strip_prefix(b"\xEF\xBB\xBF");
        let bytes = bytes.unwrap_or(&file.bytes);
        let table = |rows| Self {
            name: &file.name,
            rows,
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| table(Vec::new()).wrong(0, "is not text (UTF-8)"))?;
        let first = text.lines().next().unwrap_or("");
        let separator = [',', ';', '\t']
            .into_iter()
            .max_by_key(|&c| (first.matches(c).count(), c == ','))
            .unwrap_or(',');
        let rows = text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                let cells = line.split(separator);
                cells.map(|cell| cell.trim().trim_matches('"')).collect()
            })
            .collect();
        Ok(table(rows))
    }

    /// An error in a row, counted from 0.
    pub(super) fn wrong(&self, row: usize, message: impl Into<String>) -> KeypointError {
        KeypointError::Table {
            line: row + 1,
            message: message.into(),
            name: self.name.to_owned(),
        }
    }

    /// Refuses rows that are shorter than row `header`: a file cut off in the middle.
    pub(super) fn check_lengths(&self, header: usize) -> Result<(), KeypointError> {
        let expected = self.rows.get(header).map_or(0, Vec::len);
        for (row, cells) in self.rows.iter().enumerate().skip(header + 1) {
            if cells.len() < expected {
                let message = format!("has {} cells where the header has {expected}", cells.len());
                return Err(self.wrong(row, message));
            }
        }
        Ok(())
    }

    /// A number; NaN for an empty cell or what people write for a missing value.
    pub(super) fn number(&self, row: usize, column: usize) -> Result<f64, KeypointError> {
        let cell = self.rows[row].get(column).copied().unwrap_or("");
        if cell.is_empty() || ["none", "null", "na"].contains(&cell.to_lowercase().as_str()) {
            return Ok(f64::NAN);
        }
        cell.parse().map_err(|_| {
            let shown: String = cell.chars().take(20).collect();
            self.wrong(row, format!("has {shown:?} where a number belongs"))
        })
    }
}

/// The format of a table, from its first line.
pub(super) fn format_of(bytes: &[u8]) -> Option<KeypointFormat> {
    let end = bytes
        .iter()
        .position(|&b| b == b'\n')
        .unwrap_or(bytes.len());
    let first = std::str::from_utf8(&bytes[..end]).ok()?;
    let first = first.trim_start_matches('\u{FEFF}').trim();
    if first.trim_start_matches('"').starts_with("scorer") {
        return Some(KeypointFormat::DeepLabCut);
    }
    let header: Vec<&str> = first.split([',', ';', '\t']).collect();
    columns_of(&header).map(|_| KeypointFormat::MediaPipeCsv)
}

/// Which columns hold what.
enum Columns {
    /// One row a frame: for each landmark, the columns of x, y and confidence.
    Wide {
        layout: WideLayout,
        places: Vec<[Option<usize>; 3]>,
        frame: Option<usize>,
        time: Option<(usize, f64)>,
    },
    /// One row a landmark.
    Long {
        landmark: usize,
        x: usize,
        y: usize,
        confidence: Option<usize>,
        frame: usize,
        time: Option<(usize, f64)>,
    },
}

/// How the landmarks of wide columns are told apart.
enum WideLayout {
    Names(Vec<String>),
    Numbers(usize),
}

fn columns_of(header: &[&str]) -> Option<Columns> {
    let lower: Vec<String> = header
        .iter()
        .map(|cell| cell.trim().trim_matches('"').to_lowercase())
        .collect();
    let find = |names: &[&str]| lower.iter().position(|cell| names.contains(&cell.as_str()));
    let frame = find(&[
        "frame",
        "frame_id",
        "frame_number",
        "frame_index",
        "frame_num",
    ]);
    let time = find(&["timestamp_ms", "time_ms"])
        .map(|column| (column, 1e-3))
        .or(find(&["time", "time_s", "timestamp", "timestamp_s"]).map(|column| (column, 1.0)));
    let confidence = ["visibility", "confidence", "score", "likelihood"];
    if let (Some(landmark), Some(x), Some(y), Some(frame)) = (
        find(&[
            "landmark",
            "landmark_id",
            "landmark_name",
            "landmark_index",
            "name",
            "joint",
            "id",
        ]),
        find(&["x"]),
        find(&["y"]),
        frame,
    ) {
        return Some(Columns::Long {
            landmark,
            x,
            y,
            confidence: find(&confidence),
            frame,
            time,
        });
    }
    let mut names: Vec<String> = Vec::new();
    let mut index_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut places: Vec<[Option<usize>; 3]> = Vec::new();
    for (column, cell) in lower.iter().enumerate() {
        let Some((name, axis)) = landmark_and_axis(cell) else {
            continue;
        };
        let index = *index_of.entry(name.clone()).or_insert_with(|| {
            names.push(name);
            places.push([None; 3]);
            places.len() - 1
        });
        places[index][axis] = Some(column);
    }
    let complete = |place: &[Option<usize>; 3]| place[0].is_some() && place[1].is_some();
    let numbered: Option<Vec<usize>> = names.iter().map(|name| name.parse().ok()).collect();
    let enough = places.iter().filter(|place| complete(place)).count() >= 3;
    if !enough {
        return None;
    }
    let layout = match numbered {
        Some(numbers) => {
            let first = numbers.iter().copied().min()?;
            let consecutive = (first..)
                .zip(&numbers)
                .all(|(expected, &have)| expected == have);
            if !consecutive {
                return None;
            }
            WideLayout::Numbers(numbers.len())
        }
        None => WideLayout::Names(names),
    };
    Some(Columns::Wide {
        layout,
        places,
        frame,
        time,
    })
}

/// Splits `left_knee_x`, `landmark_25_visibility`, `x25` or `v25` into landmark and axis
/// (0 x, 1 y, 2 confidence).
fn landmark_and_axis(cell: &str) -> Option<(String, usize)> {
    let axis_of = |word: &str| match word {
        "x" => Some(0),
        "y" => Some(1),
        "v" | "vis" | "visibility" | "confidence" | "score" | "likelihood" => Some(2),
        _ => None,
    };
    let without = |name: &str| {
        let bare = name.strip_prefix("landmark").unwrap_or(name);
        bare.trim_matches(['_', '-', '.', ' ']).to_owned()
    };
    if let Some(at) = cell.rfind(['_', '-', '.', ' '])
        && let Some(axis) = axis_of(&cell[at + 1..])
    {
        return Some((without(&cell[..at]), axis));
    }
    let digits = cell.find(|c: char| c.is_ascii_digit())?;
    let axis = axis_of(cell[..digits].trim_end_matches(['_', '-', '.', ' ']))?;
    let number = &cell[digits..];
    number
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| (number.to_owned(), axis))
}

/// Reads MediaPipe landmarks from a table.
pub(super) fn read_landmarks(
    files: &[&NamedBytes],
    image_size_px: Option<[u32; 2]>,
) -> Result<Detections, KeypointError> {
    let file = *files.first().ok_or(KeypointError::Empty)?;
    let table = Table::new(file)?;
    let header = table.rows.first().ok_or(KeypointError::Empty)?;
    let columns = columns_of(header).ok_or_else(|| {
        table.wrong(
            0,
            "names no columns of landmarks, such as left_knee_x or x1",
        )
    })?;
    table.check_lengths(0)?;
    let mut detections = match columns {
        Columns::Wide {
            layout,
            places,
            frame,
            time,
        } => read_wide(&table, layout, &places, frame, time, image_size_px)?,
        Columns::Long {
            landmark,
            x,
            y,
            confidence,
            frame,
            time,
        } => {
            let places = [Some(x), Some(y), confidence];
            read_long(&table, landmark, places, frame, time, image_size_px)?
        }
    };
    detections.image_size_px = image_size_px;
    Ok(detections)
}

/// x, y and confidence of a row.
fn triple(
    table: &Table<'_>,
    row: usize,
    [x, y, confidence]: [Option<usize>; 3],
) -> Result<[f64; 3], KeypointError> {
    let at = |column: Option<usize>, otherwise: f64| match column {
        Some(column) => table.number(row, column),
        None => Ok(otherwise),
    };
    Ok([at(x, f64::NAN)?, at(y, f64::NAN)?, at(confidence, 1.0)?])
}

/// The frame number of a row, where there is a column of them.
fn frame_number(
    table: &Table<'_>,
    row: usize,
    column: Option<usize>,
) -> Result<Option<i64>, KeypointError> {
    let Some(column) = column else {
        return Ok(None);
    };
    let number = table.number(row, column)?;
    if number.is_nan() || number.abs() > 1e12 {
        return Err(table.wrong(row, "has no frame number"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "in range, and frames are whole"
    )]
    Ok(Some(number as i64))
}

fn frame_time(
    table: &Table<'_>,
    row: usize,
    column: Option<(usize, f64)>,
) -> Result<Option<f64>, KeypointError> {
    match column {
        Some((column, unit_s)) => Ok(Some(table.number(row, column)? * unit_s)),
        None => Ok(None),
    }
}

fn read_wide(
    table: &Table<'_>,
    layout: WideLayout,
    places: &[[Option<usize>; 3]],
    frame: Option<usize>,
    time: Option<(usize, f64)>,
    image_size_px: Option<[u32; 2]>,
) -> Result<Detections, KeypointError> {
    let mut notes = Vec::new();
    let layout = match layout {
        WideLayout::Names(names) => Layout::of_names(&names, &mut notes)?,
        WideLayout::Numbers(count) => Layout::of_count(count)?,
    };
    let mut raw = Vec::new();
    for row in 1..table.rows.len() {
        let mut points = Vec::with_capacity(layout.sources.len());
        for &source in &layout.sources {
            points.push(triple(table, row, places[source])?);
        }
        raw.push((
            frame_number(table, row, frame)?,
            frame_time(table, row, time)?,
            points,
        ));
    }
    let coordinates = raw.iter().flat_map(|(_, _, points)| points);
    let [width, height] = scale(coordinates.map(|&[x, y, _]| (x, y)), image_size_px)?;
    let frames = raw
        .into_iter()
        .map(|(number, time_s, points)| {
            let points: Vec<_> = points
                .into_iter()
                .map(|[x, y, c]| detected(x * width, y * height, c))
                .collect();
            let seen = points.iter().any(Option::is_some);
            DetectedFrame {
                number,
                time_s,
                people: seen
                    .then_some(Person {
                        id: Some(0),
                        points,
                    })
                    .into_iter()
                    .collect(),
            }
        })
        .collect();
    Ok(Detections {
        layout,
        frames,
        image_size_px: None,
        sides_decided: false,
        notes,
    })
}

/// Number, time and x, y, confidence of each point.
type RawFrame = (Option<i64>, Option<f64>, Vec<[f64; 3]>);

fn read_long(
    table: &Table<'_>,
    landmark: usize,
    places: [Option<usize>; 3],
    frame: usize,
    time: Option<(usize, f64)>,
    image_size_px: Option<[u32; 2]>,
) -> Result<Detections, KeypointError> {
    let layout = blazepose();
    // Rows of one frame follow each other; a new number starts a new frame.
    let mut raw: Vec<RawFrame> = Vec::new();
    for row in 1..table.rows.len() {
        let number = frame_number(table, row, Some(frame))?;
        let which = table.rows[row].get(landmark).copied().unwrap_or("");
        let index = match which.parse::<usize>() {
            Ok(index) => Some(index),
            Err(_) => super::layout::joint_named(which)
                .and_then(|joint| layout.joints.iter().position(|&have| have == joint)),
        };
        if raw.last().is_none_or(|last| last.0 != number) {
            let time_s = frame_time(table, row, time)?;
            raw.push((number, time_s, Vec::new()));
        }
        let Some(index) = index.filter(|&index| index < layout.joints.len()) else {
            continue;
        };
        if let Some((_, _, points)) = raw.last_mut() {
            points.resize(layout.joints.len(), [f64::NAN; 3]);
            points[index] = triple(table, row, places)?;
        }
    }
    let coordinates = raw.iter().flat_map(|(_, _, points)| points);
    let [width, height] = scale(coordinates.map(|&[x, y, _]| (x, y)), image_size_px)?;
    let frames = raw
        .into_iter()
        .map(|(number, time_s, points)| DetectedFrame {
            number,
            time_s,
            people: (!points.is_empty())
                .then(|| Person {
                    id: Some(0),
                    points: points
                        .into_iter()
                        .map(|[x, y, c]| detected(x * width, y * height, c))
                        .collect(),
                })
                .into_iter()
                .collect(),
        })
        .collect();
    Ok(Detections {
        layout,
        frames,
        image_size_px: None,
        sides_decided: false,
        notes: Vec::new(),
    })
}

/// Writes one row a frame: frame, time, then x, y and visibility of the 33 landmarks.
pub(super) fn write_landmarks(keypoints: &Keypoints2d) -> Result<NamedBytes, KeypointError> {
    let frames = in_layout(keypoints, BLAZEPOSE_33.joints, KeypointFormat::MediaPipeCsv)?;
    let mut text = String::from("frame,time_s");
    // Writing to a string cannot fail.
    for joint in BLAZEPOSE_33.joints {
        let _ = write!(text, ",{joint}_x,{joint}_y,{joint}_visibility");
    }
    text.push('\n');
    let [width, height] = size_or_one(keypoints);
    for (frame, (points, time_s)) in frames.iter().zip(keypoints.time().times_s()).enumerate() {
        let _ = write!(text, "{frame},{time_s}");
        for point in points {
            match point {
                Some(point) => {
                    let _ = write!(
                        text,
                        ",{},{},{}",
                        point.position_px.x / width,
                        point.position_px.y / height,
                        point.confidence
                    );
                }
                None => text.push_str(",,,"),
            }
        }
        text.push('\n');
    }
    Ok(NamedBytes {
        name: "mediapipe.csv".to_owned(),
        bytes: text.into_bytes(),
    })
}
