//! Leeds Sports Poses, extended: people at sport with 14 joints.
//!
//! A folder holds `labels.csv` and `images/`. The joints were marked by a crowd: some are wrong, and in
//! some pictures left and right are exchanged. Neck and head top have no place among our joints; eyes,
//! ears, nose and feet are unlabelled.
//!
//! Source: Johnson & Everingham (2011), "Learning effective human pose estimation from inaccurate
//! annotation". No licence is stated; the photographs are from Flickr.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ambulo::skeleton::{COCO_23, Joint};
use ambulo::synth::SeededRng;

use crate::pictures::jpeg::{self, JpegError};
use crate::pictures::{JOINTS, Label, LabelledPicture, PictureSource, Pictures, blank};

/// The joints of a row, by the names of its columns; `None` has no place among ours.
const COLUMNS: [(&str, Option<Joint>); 14] = [
    ("r_ankle", Some(Joint::RightAnkle)),
    ("r_knee", Some(Joint::RightKnee)),
    ("r_hip", Some(Joint::RightHip)),
    ("l_hip", Some(Joint::LeftHip)),
    ("l_knee", Some(Joint::LeftKnee)),
    ("l_ankle", Some(Joint::LeftAnkle)),
    ("r_wrist", Some(Joint::RightWrist)),
    ("r_elbow", Some(Joint::RightElbow)),
    ("r_shoulder", Some(Joint::RightShoulder)),
    ("l_shoulder", Some(Joint::LeftShoulder)),
    ("l_elbow", Some(Joint::LeftElbow)),
    ("l_wrist", Some(Joint::LeftWrist)),
    ("neck", None),
    ("head_top", None),
];

/// Joints lie inside the body: the box is this share of its longer side larger on every side.
const MARGIN: f64 = 0.06;

/// What a picture is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Training: 85 %.
    Train,
    /// Choosing settings: 5 %.
    Tune,
    /// The figures that are reported: a tenth.
    Test,
}

/// One person.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The number in the file's name.
    pub index: u32,
    /// Whether the person stands upright.
    pub upright: bool,
    /// The joints, in the order of [`COCO_23`].
    pub joints: [Label; JOINTS],
    /// Around all 14 joints and the body: left, top, width, height in pixels.
    pub person_box: [f64; 4],
    jpeg: Vec<u8>,
}

/// The data set, its pictures as they are stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Lspet {
    /// People, in the order of the table.
    pub entries: Vec<Entry>,
}

/// Why the data set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LspetError {
    /// A file cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A column is missing.
    #[error("labels.csv has no column {column:?}")]
    Column {
        /// Its name.
        column: String,
    },
    /// A cell is not understood.
    #[error("line {line} of labels.csv: {column} is {text:?}")]
    Cell {
        /// Line, from 1.
        line: usize,
        /// The column.
        column: String,
        /// What stands there.
        text: String,
    },
    /// A picture cannot be decoded.
    #[error("picture {index} cannot be decoded")]
    Picture {
        /// Its number.
        index: u32,
        /// Why.
        source: JpegError,
    },
}

/// The part that the picture of this number belongs to: by a hash, the same for ever.
pub fn part_of(index: u32) -> Part {
    match SeededRng::new(u64::from(index)).below(20) {
        0 | 1 => Part::Test,
        2 => Part::Tune,
        _ => Part::Train,
    }
}

impl Lspet {
    /// Reads `labels.csv` and the pictures in `images/`.
    ///
    /// # Errors
    ///
    /// [`LspetError`] names the file, or the line and column.
    pub fn load(folder: &Path) -> Result<Self, LspetError> {
        let read = |path: PathBuf| {
            std::fs::read(&path).map_err(|source| LspetError::Read { path, source })
        };
        let table = read(folder.join("labels.csv"))?;
        Self::parse(&table, &mut |name| read(folder.join("images").join(name)))
    }

    /// Reads the table, and each picture that it names.
    ///
    /// # Errors
    ///
    /// [`LspetError`] names the line and column; errors of `picture` are passed on.
    pub fn parse(
        table: &[u8],
        picture: &mut dyn FnMut(&str) -> Result<Vec<u8>, LspetError>,
    ) -> Result<Self, LspetError> {
        let table = String::from_utf8_lossy(table);
        let mut lines = table.lines();
        let header: BTreeMap<&str, usize> = lines
            .next()
            .unwrap_or_default()
            .split(',')
            .enumerate()
            .map(|(place, name)| (name.trim(), place))
            .collect();
        let mut entries = Vec::new();
        for (number, line) in lines.enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let row = Row {
                header: &header,
                cells: line.split(',').map(str::trim).collect(),
                line: number + 2,
            };
            let (name, index) = row.file()?;
            let mut joints = [Label::Unlabelled; JOINTS];
            let mut corners = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
            for (column, joint) in COLUMNS {
                let Some([x, y]) = row.point(column)? else {
                    continue;
                };
                corners = [
                    corners[0].min(x),
                    corners[1].min(y),
                    corners[2].max(x),
                    corners[3].max(y),
                ];
                if let Some(place) = joint.and_then(|joint| COCO_23.index_of(joint)) {
                    joints[place] = Label::Visible([x, y]);
                }
            }
            let size = [corners[2] - corners[0], corners[3] - corners[1]];
            let margin = MARGIN * size[0].max(size[1]);
            if margin <= 0.0 {
                continue;
            }
            entries.push(Entry {
                index,
                upright: row.number("upright")? > 0.5,
                joints,
                person_box: [
                    corners[0] - margin,
                    corners[1] - margin,
                    size[0] + 2.0 * margin,
                    size[1] + 2.0 * margin,
                ],
                jpeg: picture(name)?,
            });
        }
        Ok(Self { entries })
    }

    /// The people of a part.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| part_of(entry.index) == part)
    }
}

struct Row<'a> {
    header: &'a BTreeMap<&'a str, usize>,
    cells: Vec<&'a str>,
    line: usize,
}

impl<'a> Row<'a> {
    fn text(&self, column: &str) -> Result<&'a str, LspetError> {
        let place = self.header.get(column).ok_or_else(|| LspetError::Column {
            column: column.to_owned(),
        })?;
        Ok(self.cells.get(*place).copied().unwrap_or_default())
    }

    fn wrong(&self, column: &str, text: &str) -> LspetError {
        LspetError::Cell {
            line: self.line,
            column: column.to_owned(),
            text: text.to_owned(),
        }
    }

    fn number(&self, column: &str) -> Result<f64, LspetError> {
        let text = self.text(column)?;
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| self.wrong(column, text))
    }

    /// A joint's place; `None` if it is unlabelled.
    fn point(&self, joint: &str) -> Result<Option<[f64; 2]>, LspetError> {
        let known = self.number(&format!("{joint}_v"))? > 0.5;
        let [x, y] = [
            self.number(&format!("{joint}_x"))?,
            self.number(&format!("{joint}_y"))?,
        ];
        Ok(known.then_some([x, y]))
    }

    /// The picture's file and number. Nothing but a plain name is followed.
    fn file(&self) -> Result<(&'a str, u32), LspetError> {
        let name = self.text("file")?;
        let number = name
            .strip_prefix("im")
            .and_then(|rest| rest.strip_suffix(".jpg"));
        let number = number.and_then(|digits| digits.parse().ok());
        number
            .map(|number| (name, number))
            .ok_or_else(|| self.wrong("file", name))
    }
}

impl Entry {
    /// The labelled picture.
    ///
    /// # Errors
    ///
    /// [`LspetError::Picture`] if it cannot be decoded.
    pub fn picture(&self) -> Result<LabelledPicture, LspetError> {
        let picture = jpeg::decode(&self.jpeg).map_err(|source| LspetError::Picture {
            index: self.index,
            source,
        })?;
        Ok(LabelledPicture {
            picture,
            joints: self.joints,
            person_box: self.person_box,
            source: PictureSource::Lspet {
                index: self.index,
                upright: self.upright,
            },
        })
    }

    /// Whether an upright person's shoulders and hips plainly contradict each other: left is left of right
    /// at one and right of it at the other. Half of these have sides exchanged in a part of the body, the
    /// others twist; neither teaches sides.
    pub fn is_crossed(&self) -> bool {
        let at = |joint| self.joints[COCO_23.index_of(joint)?].position_px();
        let torso = || {
            let [left_shoulder, right_shoulder] =
                [at(Joint::LeftShoulder)?, at(Joint::RightShoulder)?];
            let [left_hip, right_hip] = [at(Joint::LeftHip)?, at(Joint::RightHip)?];
            let length = (left_shoulder[1] - left_hip[1]).abs();
            let (shoulders, hips) = (
                left_shoulder[0] - right_shoulder[0],
                left_hip[0] - right_hip[0],
            );
            let plain = shoulders.abs() > 0.2 * length && hips.abs() > 0.1 * length;
            Some(self.upright && plain && shoulders * hips < 0.0)
        };
        torso().unwrap_or(false)
    }
}

/// People of the data set to learn from, upright ones drawn in a share of their own.
#[derive(Debug, Clone)]
pub struct LspetPictures {
    upright: Vec<Entry>,
    others: Vec<Entry>,
    upright_share: f64,
}

impl LspetPictures {
    /// The people of a part; `upright_share` of those drawn stand upright, or as many as there are if it is
    /// `None`. People whose sides contradict each other are left out.
    pub fn new(data: &Lspet, part: Part, upright_share: Option<f64>) -> Self {
        let (upright, others): (Vec<Entry>, Vec<Entry>) = data
            .part(part)
            .filter(|entry| !entry.is_crossed())
            .cloned()
            .partition(|entry| entry.upright);
        let natural = upright.len() as f64 / (upright.len() + others.len()).max(1) as f64;
        Self {
            upright,
            others,
            upright_share: upright_share.unwrap_or(natural),
        }
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.upright.len() + self.others.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Pictures for LspetPictures {
    fn draw(&self, rng: &mut SeededRng) -> LabelledPicture {
        /// A damaged picture is passed over for another.
        const TRIES: usize = 16;
        for _ in 0..TRIES {
            let upright = rng.unit() < self.upright_share;
            let people = match (upright, self.upright.is_empty(), self.others.is_empty()) {
                (true, false, _) | (_, false, true) => &self.upright,
                _ => &self.others,
            };
            let chosen = people.get(rng.below(people.len()));
            if let Some(Ok(picture)) = chosen.map(Entry::picture) {
                return picture;
            }
        }
        blank(PictureSource::Lspet {
            index: 0,
            upright: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "file,w,h,upright";

    fn table(rows: &[&str]) -> String {
        let mut header = HEADER.to_owned();
        for (column, _) in COLUMNS {
            for part in ["x", "y", "v"] {
                header.extend([",", column, "_", part]);
            }
        }
        [&[header.as_str()], rows].concat().join("\n")
    }

    fn parse(table: &str) -> Result<Lspet, LspetError> {
        Lspet::parse(table.as_bytes(), &mut |_| Ok(Vec::new()))
    }

    /// A row in which joint number `i` of the file lies at (10 i, 5 i), the first unlabelled.
    fn row(file: &str) -> String {
        let mut row = format!("{file},100,90,1,0,0,0");
        for joint in 1..14 {
            row.extend([format!(",{},{},1", 10 * joint, 5 * joint)]);
        }
        row
    }

    #[test]
    fn columns_find_their_joints_and_neck_and_head_only_widen_the_box() {
        let data = parse(&table(&[&row("im00042.jpg")])).unwrap();
        let entry = &data.entries[0];
        assert_eq!((entry.index, entry.upright), (42, true));
        let at = |joint| entry.joints[COCO_23.index_of(joint).unwrap()];
        assert_eq!(at(Joint::RightAnkle), Label::Unlabelled);
        assert_eq!(at(Joint::LeftHip), Label::Visible([30.0, 15.0]));
        assert_eq!(at(Joint::LeftWrist), Label::Visible([110.0, 55.0]));
        assert_eq!(at(Joint::Nose), Label::Unlabelled);
        // From (10, 5) to (130, 65), and 6 % of 120 on every side.
        let expected = [2.8, -2.2, 134.4, 74.4];
        for (found, expected) in entry.person_box.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{:?}", entry.person_box);
        }
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_column() {
        let good = row("im1.jpg");
        let refused = |table: &str| parse(table).unwrap_err().to_string();
        let not_a_number = good.replacen(",30,", ",thirty,", 1);
        assert_eq!(
            refused(&table(&[&good, &not_a_number])),
            "line 3 of labels.csv: l_hip_x is \"thirty\""
        );
        let elsewhere = row("../im1.jpg");
        assert!(refused(&table(&[&elsewhere])).contains("file is \"../im1.jpg\""));
        assert_eq!(
            refused("file,upright\nim1.jpg,1"),
            "labels.csv has no column \"r_ankle_v\""
        );
        assert!(parse("").unwrap().entries.is_empty());
    }

    #[test]
    fn a_tenth_is_held_out_by_number_and_the_parts_never_meet() {
        let count = |part| (0..10_000).filter(|&index| part_of(index) == part).count();
        let counts = [Part::Train, Part::Tune, Part::Test].map(count);
        assert!((8400..8600).contains(&counts[0]), "{counts:?}");
        assert!((450..550).contains(&counts[1]), "{counts:?}");
        assert!((930..1070).contains(&counts[2]), "{counts:?}");
        assert_eq!(counts.iter().sum::<usize>(), 10_000);
    }

    #[test]
    fn a_source_of_nothing_but_damaged_pictures_gives_an_unlabelled_one() {
        let rows: Vec<String> = (0..40)
            .map(|index| row(&format!("im{index}.jpg")))
            .collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let data = parse(&table(&rows)).unwrap();
        let source = LspetPictures::new(&data, Part::Train, Some(0.5));
        let drawn = source.draw(&mut SeededRng::new(1));
        assert!(drawn.joints.iter().all(|joint| *joint == Label::Unlabelled));
    }
}
