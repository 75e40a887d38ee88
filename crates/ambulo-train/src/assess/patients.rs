//! Joint angles of real sessions, with and without Parkinson's disease: the only real scores at hand.
//!
//! The files are those of Shida et al. (2023) and Fukuchi et al. (2018) as `mcareyucd/FGDI` collects them (`pd` in the folder of
//! data): one stride a side of each recorded walk, no speed, no arms. They judge; nothing learns from them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ambulo::Side;
use ambulo::assessment::features::Features;
use ambulo::assessment::score::{SCORES, Scorer, likeliest};
use ambulo::kinematics::{AngleCurve, AngleCurves, AngleId, AngleMethod};
use ambulo::parameters::GaitParameters;
use ambulo_io::csv::parse_rows;

use super::evaluate::{Judged, ScoreTable};
use crate::datasets::shida::{ShidaError, session_scores};

/// Points of a curve.
const POINTS: usize = 101;

/// Curves of a session, added up, and how many of each there are.
type Sums = BTreeMap<(AngleId, Side), (usize, Vec<f64>)>;

/// One session of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The person.
    pub person: String,
    /// The session.
    pub name: String,
    /// The score of the gait item; `None` for healthy adults, who were not scored.
    pub score: Option<u8>,
    /// What the angles of the legs give.
    pub features: Features,
}

/// Why sessions could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PatientError {
    /// The scores cannot be read.
    #[error(transparent)]
    Scores(#[from] ShidaError),
    /// A file cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A column is missing.
    #[error("there is no column {column:?}: {path:?}")]
    NoColumn {
        /// The column.
        column: String,
        /// The file.
        path: PathBuf,
    },
}

/// The table of one file.
struct Sheet {
    path: PathBuf,
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Sheet {
    fn read(path: PathBuf) -> Result<Self, PatientError> {
        let bytes = std::fs::read(&path).map_err(|source| PatientError::Read {
            path: path.clone(),
            source,
        })?;
        let mut rows = parse_rows(&bytes).into_iter().map(|row| row.fields);
        let header = rows.next().unwrap_or_default();
        let header = header
            .iter()
            .map(|name| name.trim().trim_start_matches('\u{feff}').to_owned());
        Ok(Self {
            path,
            header: header.collect(),
            rows: rows.collect(),
        })
    }

    fn column(&self, name: &str) -> Result<usize, PatientError> {
        let place = self.header.iter().position(|own| own == name);
        place.ok_or_else(|| PatientError::NoColumn {
            column: name.to_owned(),
            path: self.path.clone(),
        })
    }
}

/// The sessions of people with Parkinson's disease that have a score, and those of healthy adults, from the folder
/// `pd` of a folder of data. Amputees in the same file are left out.
///
/// # Errors
///
/// [`PatientError`] if a file is missing or lacks a column.
pub fn sessions(data: &Path) -> Result<Vec<Session>, PatientError> {
    let folder = data.join("pd");
    let known = session_scores(&folder.join("PDGinfo.csv"))?;
    let named = known.into_iter();
    let scores: BTreeMap<String, u8> = named
        .map(|((subject, state), score)| (format!("{subject}_{}", state.name()), score))
        .collect();
    let strides = Sheet::read(folder.join("Parkinsons_Data.csv"))?;
    let [session, side, variable, dimension, first] =
        ["SessionID", "Side", "VariableName", "Dim", "GCpc_0"].map(|name| strides.column(name));
    let (session, side, variable, dimension, first) =
        (session?, side?, variable?, dimension?, first?);
    let mut sums: BTreeMap<String, Sums> = BTreeMap::new();
    for row in &strides.rows {
        let field = |column: usize| row.get(column).map_or("", |field| field.trim());
        let name = field(session);
        let is_known = name.starts_with("WBDS") || scores.contains_key(name);
        let angle = match field(variable) {
            "HipAngles" => AngleId::HipFlexion,
            "KneeAngles" => AngleId::KneeFlexion,
            "AnkleAngles" => AngleId::AnkleDorsiflexion,
            _ => continue,
        };
        let side = match field(side) {
            "L" => Side::Left,
            "R" => Side::Right,
            _ => continue,
        };
        let points = row.iter().skip(first).take(POINTS);
        let points: Vec<f64> = points
            .filter_map(|field| field.trim().parse().ok())
            .collect();
        // The sagittal plane.
        if !is_known || field(dimension) != "2" || points.len() != POINTS {
            continue;
        }
        let session = sums.entry(name.to_owned()).or_default();
        let (count, sum) = session
            .entry((angle, side))
            .or_insert_with(|| (0, vec![0.0; POINTS]));
        *count += 1;
        for (sum, point) in sum.iter_mut().zip(points) {
            *sum += point;
        }
    }
    let sessions = sums.into_iter().map(|(name, curves)| Session {
        person: name.split('_').next().unwrap_or_default().to_owned(),
        score: scores.get(&name).copied(),
        features: Features::of(&GaitParameters::new(), &angles(&curves)),
        name,
    });
    Ok(sessions.collect())
}

fn angles(curves: &Sums) -> AngleCurves {
    let mut angles = AngleCurves::new();
    for (&(angle, side), (count, sum)) in curves {
        let curve = AngleCurve {
            method: AngleMethod::File,
            approximate: false,
            n: *count,
            mean_deg: sum.iter().map(|sum| sum / *count as f64).collect(),
            sd_deg: None,
        };
        let sides = angles.entry(angle).or_default();
        *sides.get_mut(side) = Some(curve);
    }
    angles
}

/// Scores of the sessions beside what examiners gave.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionTable {
    /// The people with Parkinson's disease against their scores.
    pub scored: Option<ScoreTable>,
    /// Rows: examiner's score (`None` for healthy adults), sessions, mean score by probability, how often each score
    /// is the likeliest.
    pub groups: Vec<(Option<u8>, usize, f64, [usize; SCORES])>,
    /// Healthy adults whose score is 0 or 1, or who get none; as a share.
    pub healthy_share: Option<f64>,
}

impl SessionTable {
    /// The table of these sessions.
    pub fn of(sessions: &[Session], scorer: &dyn Scorer) -> Self {
        let mut judged: Vec<(Option<u8>, Judged)> = Vec::new();
        for session in sessions {
            let probabilities = scorer.probabilities(&session.features).unwrap_or_default();
            judged.push((
                session.score,
                Judged {
                    person: session.person.clone(),
                    truth: session.score.unwrap_or(0),
                    probabilities,
                },
            ));
        }
        let least = scorer.least_certain();
        let mut kinds: Vec<Option<u8>> = judged.iter().map(|(score, _)| *score).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let groups = kinds.into_iter().map(|kind| {
            let own: Vec<&Judged> = judged
                .iter()
                .filter(|(score, _)| *score == kind)
                .map(|(_, it)| it)
                .collect();
            let mut likely = [0; SCORES];
            let mut sum = 0.0;
            for it in &own {
                likely[usize::from(likeliest(&it.probabilities).0).min(SCORES - 1)] += 1;
                let scores = it.probabilities.iter().enumerate();
                sum += scores.map(|(score, p)| score as f64 * p).sum::<f64>();
            }
            (kind, own.len(), sum / own.len().max(1) as f64, likely)
        });
        let groups = groups.collect();
        let (healthy, scored): (Vec<_>, Vec<_>) =
            judged.into_iter().partition(|(score, _)| score.is_none());
        let fine = healthy.iter().filter(|(_, it)| {
            let (score, probability) = likeliest(&it.probabilities);
            score <= 1 || probability < least
        });
        let share = fine.count() as f64 / healthy.len().max(1) as f64;
        let scored: Vec<Judged> = scored.into_iter().map(|(_, it)| it).collect();
        Self {
            scored: ScoreTable::of(&scored, least),
            groups,
            healthy_share: (!healthy.is_empty()).then_some(share),
        }
    }

    /// The table for people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (kind, count, mean, likely) in &self.groups {
            let who = kind.map_or_else(
                || "healthy adults (not scored)".to_owned(),
                |score| format!("Parkinson's disease, score {score}"),
            );
            let likely: Vec<String> = likely.iter().map(ToString::to_string).collect();
            let _ = writeln!(
                text,
                "  {who:<30} {count:>3} sessions, mean score {mean:.2}, likeliest 0/1/2/3: {}",
                likely.join("/")
            );
        }
        if let Some(share) = self.healthy_share {
            let _ = writeln!(
                text,
                "  healthy adults scored 0 or 1, or not at all: {:.1} %",
                100.0 * share
            );
        }
        if let Some(scored) = &self.scored {
            text.push_str("  sessions with Parkinson's disease against their examiners:\n");
            text.push_str(&scored.to_text());
        }
        text
    }
}
