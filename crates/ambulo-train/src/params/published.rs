//! The tables and windows that the published code trains on, where a user has them: CSV tables of clinical
//! gait analyses, a split by patient, and pickled windows of 58 columns. Nothing in a pickle is executed.

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo_io::csv::parse_rows;
use ambulo_nn::codec::params::{COLUMNS, FRAMES, Legs, Target};
use ambulo_nn::config::NetworkConfig;
use ambulo_pickle::{PickleError, Value};

use super::ParamsRow;
use crate::datasets::takes::narrow;
use crate::motion::Role;

/// Why published data cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PublishedError {
    /// A table lacks a column.
    #[error("the table of {table} has no column {column:?}")]
    NoColumn {
        /// Which table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A split has a name that is not known.
    #[error("line {line} of the split says {found:?}, not train, validation or test")]
    Split {
        /// Line, from 1.
        line: usize,
        /// What it says.
        found: String,
    },
    /// A video belongs to two splits, or a patient does.
    #[error("line {line} of the split puts {name:?} into another part than an earlier line")]
    Torn {
        /// Line, from 1.
        line: usize,
        /// The video or the patient.
        name: String,
    },
    /// A pickle is damaged, or holds what is not read.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// A pickle holds something else than windows.
    #[error(
        "element {index} of the windows is not (video, first frame, numbers [{FRAMES}, {COLUMNS}])"
    )]
    Window {
        /// Which element, from 0.
        index: usize,
    },
}

/// Who a video shows and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitEntry {
    /// The patient.
    pub patient: String,
    /// What the patient's videos are for.
    pub role: Role,
}

/// A split by patient: videos by their names.
pub type Split = BTreeMap<String, SplitEntry>;

/// Reads a split, `train_test_valid_id_split.csv`: columns `videoid`, `Patient_ID` and `dataset`.
///
/// # Errors
///
/// [`PublishedError`] if a column is missing, a word is not known, or a patient is in two parts.
pub fn read_split(bytes: &[u8]) -> Result<Split, PublishedError> {
    let table = Columns::of(bytes, "the split", ["videoid", "Patient_ID", "dataset"])?;
    let mut split = Split::new();
    let mut patients: BTreeMap<String, Role> = BTreeMap::new();
    for (line, [video, patient, word]) in table.rows {
        let role = match word.as_str() {
            "train" => Role::Train,
            "validation" => Role::Tune,
            "test" => Role::Test,
            _ => return Err(PublishedError::Split { line, found: word }),
        };
        let (video, patient) = (name(&video), name(&patient));
        if *patients.entry(patient.clone()).or_insert(role) != role {
            let name = patient;
            return Err(PublishedError::Torn { line, name });
        }
        let entry = SplitEntry { patient, role };
        if split
            .insert(video.clone(), entry.clone())
            .is_some_and(|have| have != entry)
        {
            return Err(PublishedError::Torn { line, name: video });
        }
    }
    Ok(split)
}

/// What is known of a side in a video.
pub type SideTargets = BTreeMap<(String, Side), f64>;

/// Reads one target of `alldata_processed.csv`: by video and side, where there is a number.
///
/// # Errors
///
/// [`PublishedError::NoColumn`].
pub fn read_targets(bytes: &[u8], target: Target) -> Result<SideTargets, PublishedError> {
    let columns = ["videoid", "side", target.published_name()];
    let table = Columns::of(bytes, "targets", columns)?;
    let mut targets = SideTargets::new();
    for (_, [video, side, value]) in table.rows {
        let side = match side.as_str() {
            "L" => Side::Left,
            "R" => Side::Right,
            _ => continue,
        };
        let number = value.parse::<f64>().ok().filter(|value| value.is_finite());
        if let Some(number) = number {
            targets.insert((name(&video), side), number);
        }
    }
    Ok(targets)
}

/// A window of a video.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// The video.
    pub video: String,
    /// Its first frame.
    pub start: usize,
    /// `[124, 58]`, row-major.
    pub columns: Vec<f32>,
}

/// Reads pickled windows: a list of (video, first frame, array). Windows with numbers that are none are left
/// out.
///
/// # Errors
///
/// [`PublishedError`] if the pickle is damaged or an element is none.
pub fn read_segments(bytes: &[u8]) -> Result<Vec<Segment>, PublishedError> {
    let root = ambulo_pickle::parse(bytes)?;
    let items = root.as_slice().unwrap_or_default();
    let mut segments = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let segment = segment(item).ok_or(PublishedError::Window { index })?;
        if segment.columns.iter().all(|value| value.is_finite()) {
            segments.push(segment);
        }
    }
    Ok(segments)
}

fn segment(item: &Value) -> Option<Segment> {
    let [video, start, numbers] = item.as_slice()? else {
        return None;
    };
    let array = numbers.as_array()?;
    let video = match video {
        Value::Float(id) => id.to_string(),
        Value::Str(text) => text.to_string(),
        other => other.as_i64()?.to_string(),
    };
    let columns = array.to_f64()?;
    (array.shape() == [FRAMES, COLUMNS]).then(|| Segment {
        video: name(&video),
        start: start
            .as_i64()
            .and_then(|s| usize::try_from(s).ok())
            .unwrap_or(0),
        columns: columns.into_iter().map(narrow).collect(),
    })
}

/// The rows of published data for one network and one target, videos in the order of their windows.
///
/// Targets of a leg are used where both legs have one. Of targets of both legs, the right one's counts if the
/// two differ, as in the published code.
pub fn published_rows(
    segments: &[Segment],
    split: &Split,
    targets: &SideTargets,
    network: &NetworkConfig,
    target: Target,
) -> Vec<ParamsRow> {
    let mut videos: Vec<&str> = Vec::new();
    let mut windows: BTreeMap<&str, Vec<&Segment>> = BTreeMap::new();
    for segment in segments {
        let own = windows.entry(&segment.video).or_default();
        if own.is_empty() {
            videos.push(&segment.video);
        }
        own.push(segment);
    }
    let mut rows = Vec::new();
    for video in videos {
        let Some(entry) = split.get(video) else {
            continue;
        };
        let of = |side: Side| targets.get(&(video.to_owned(), side)).copied();
        let (left, right) = (of(Side::Left), of(Side::Right));
        let value = |legs: Legs| match legs {
            Legs::Both => right.or(left),
            Legs::One(side) => left.zip(right).and_then(|_| of(side)),
        };
        for &legs in target.legs() {
            let columns = match network {
                NetworkConfig::Cnn1d(_) => legs.cnn1d_columns(),
                _ => legs.stt_columns(),
            };
            let cut = |segment: &&Segment| -> Vec<f32> {
                let frames = segment.columns.chunks_exact(COLUMNS);
                let picked = frames.flat_map(|frame| columns.iter().map(|&column| frame[column]));
                picked.collect()
            };
            if let Some(value) = value(legs) {
                rows.push(ParamsRow {
                    recording: video.to_owned(),
                    person: entry.patient.clone(),
                    role: entry.role,
                    legs,
                    windows: windows[video].iter().map(cut).collect(),
                    target: value,
                });
            }
        }
    }
    rows
}

/// Names are written as whole numbers here and as floats there.
fn name(text: &str) -> String {
    text.strip_suffix(".0").unwrap_or(text).to_owned()
}

/// Some columns of a table, with the numbers of their lines.
struct Columns<const N: usize> {
    rows: Vec<(usize, [String; N])>,
}

impl<const N: usize> Columns<N> {
    fn of(
        bytes: &[u8],
        table: &'static str,
        columns: [&'static str; N],
    ) -> Result<Self, PublishedError> {
        let mut lines = parse_rows(bytes).into_iter();
        let header = lines.next().map(|row| row.fields).unwrap_or_default();
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(columns) {
            let found = header.iter().position(|field| field == column);
            *place = found.ok_or(PublishedError::NoColumn { table, column })?;
        }
        let field = |fields: &[String], place: usize| {
            fields
                .get(place)
                .map(|f| f.trim().to_owned())
                .unwrap_or_default()
        };
        let rows = lines.map(|row| (row.line, places.map(|place| field(&row.fields, place))));
        Ok(Self {
            rows: rows.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use ambulo_nn::config::SttConfig;

    use super::*;

    const SPLIT: &[u8] = b"videoid,pct_missing,Patient_ID,dataset\n1,0.0,7,train\n2,0.1,8,test\n";
    const TARGETS: &[u8] =
        b"videoid,Patient_ID,side,GDI,speed\n1,7,L,80.5,1.0\n1,7,R,82,1.1\n2,8,L,70,\n";

    /// A pickle of one window whose numbers are their places.
    fn pickle(frames: u8) -> Vec<u8> {
        let mut bytes = b"\x80\x02](X\x01\x00\x00\x001K\x1f".to_vec();
        bytes
            .extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R");
        bytes.extend([b'(', b'K', 1, b'K', frames, b'K', 58, 0x86]);
        bytes.extend(b"cnumpy\ndtype\nU\x02f8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb");
        let numbers = u32::from(frames) * 58;
        bytes.extend(b"\x89T");
        bytes.extend((numbers * 8).to_le_bytes());
        for number in 0..numbers {
            bytes.extend(f64::from(number).to_le_bytes());
        }
        bytes.extend(b"tb\x87e.");
        bytes
    }

    #[test]
    fn patients_keep_to_one_part_of_the_split() {
        let split = read_split(SPLIT).unwrap();
        assert_eq!(split["1"].role, Role::Train);
        assert_eq!(
            (split["2"].role, split["2"].patient.as_str()),
            (Role::Test, "8")
        );
        let torn = b"videoid,Patient_ID,dataset\n1,7,train\n2,7.0,test\n";
        assert!(matches!(
            read_split(torn),
            Err(PublishedError::Torn { line: 3, .. })
        ));
        let unknown = b"videoid,Patient_ID,dataset\n1,7,dev\n";
        assert!(matches!(
            read_split(unknown),
            Err(PublishedError::Split { line: 2, .. })
        ));
        let lacking = read_split(b"videoid,dataset\n").unwrap_err().to_string();
        assert!(lacking.contains("Patient_ID"), "{lacking}");
    }

    #[test]
    fn windows_and_targets_become_rows_of_each_leg_or_of_both() {
        let segments = read_segments(&pickle(124)).unwrap();
        assert_eq!((segments[0].video.as_str(), segments[0].start), ("1", 31));
        let split = read_split(SPLIT).unwrap();
        let row = |joints: usize, target: Target| {
            let network = NetworkConfig::Stt(SttConfig::published(joints));
            let targets = read_targets(TARGETS, target).unwrap();
            published_rows(&segments, &split, &targets, &network, target)
        };
        let gdi = row(4, Target::Gdi);
        let found: Vec<_> = gdi.iter().map(|row| (row.legs, row.target)).collect();
        let [left, right] = [Side::Left, Side::Right].map(Legs::One);
        assert_eq!(found, [(left, 80.5), (right, 82.0)]);
        // Left ankle, knee, hip and big toe.
        assert_eq!(
            gdi[0].windows[0][..8],
            [28., 29., 26., 27., 24., 25., 38., 39.]
        );
        let speed = row(8, Target::Speed);
        assert_eq!((speed.len(), speed[0].target), (1, 1.1));
        assert_eq!(speed[0].windows[0].len(), 124 * 16);
    }

    #[test]
    fn windows_of_another_size_are_refused() {
        let error = read_segments(&pickle(100)).unwrap_err();
        assert!(matches!(error, PublishedError::Window { index: 0 }));
    }
}
