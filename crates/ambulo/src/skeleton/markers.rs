//! Marker labels of motion-capture files: which point of the body each names.
//!
//! Laboratories spell the same point differently, and the same letters differently: `RKNE` is
//! skin over the lateral epicondyle in Plug-in Gait, `RKnee` a joint centre in Halpe, `R.Knee` skin
//! again in Fukuchi's set. So a file's labels are matched against whole sets, and the set that
//! explains most of them is used for all.

mod tables;

use std::collections::BTreeSet;

use super::Joint;
use tables::{SETS, Set};

/// What a file's labels were taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkerMap {
    /// The name of the marker set that explains the labels.
    pub set: &'static str,
    /// What each column is; `None` for labels that name no point of ours.
    pub columns: Vec<Option<Column>>,
    /// Labels that the set does not know, without outputs of models such as angles and forces.
    pub unrecognised: Vec<String>,
    /// The name before the labels (`Anna:LASI`), if all recognised ones have it.
    pub subject: Option<String>,
    /// Labels that two columns bear; neither was used.
    pub repeated: Vec<String>,
}

/// What one column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// The point of the body.
    pub joint: Joint,
    /// The best column of a joint has the smallest rank.
    pub rank: u8,
}

/// Why labels could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// No set knows any of them.
    #[error(
        "no known marker set explains the labels {first:?} and others; rename the markers to those of \
         a known set, such as Plug-in Gait (LASI, RKNE, LHEE), or to joint names, such as left_ankle"
    )]
    Unknown {
        /// The first few labels.
        first: Vec<String>,
    },
    /// Several people are in the file.
    #[error("the file holds markers of several people ({subjects:?}): cut it to one")]
    SeveralSubjects {
        /// The names before the labels.
        subjects: Vec<String>,
    },
    /// Two sets explain the labels equally well, and differently.
    #[error("the labels mean different points in the marker sets {first:?} and {second:?}")]
    Ambiguous {
        /// One set.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
}

/// Finds the marker set that explains the labels best, and the point that each label names.
///
/// Case, surrounding spaces and a subject's name before a colon do not matter.
///
/// # Errors
///
/// [`MarkerError`] if no set knows any label, several people are in the file, or two sets
/// contradict each other.
pub fn recognise<L: AsRef<str>>(labels: &[L]) -> Result<MarkerMap, MarkerError> {
    let labels: Vec<(Option<&str>, String)> =
        labels.iter().map(|label| split(label.as_ref())).collect();
    let mut candidates: Vec<(usize, &Set)> = SETS
        .iter()
        .map(|set| (explained(set, &labels), set))
        .filter(|&(count, _)| count > 0)
        .collect();
    candidates.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    let Some(&(count, set)) = candidates.first() else {
        return Err(MarkerError::Unknown {
            first: labels.iter().take(5).map(|(_, l)| l.clone()).collect(),
        });
    };
    let columns_of = |set: &Set| -> Vec<Option<Column>> {
        labels.iter().map(|(_, label)| set.column(label)).collect()
    };
    let columns = columns_of(set);
    for &(_, other) in candidates.iter().skip(1).take_while(|c| c.0 == count) {
        if joints(&columns_of(other)) != joints(&columns) {
            return Err(MarkerError::Ambiguous {
                first: set.name,
                second: other.name,
            });
        }
    }
    finish(set, &labels, columns)
}

fn finish(
    set: &Set,
    labels: &[(Option<&str>, String)],
    mut columns: Vec<Option<Column>>,
) -> Result<MarkerMap, MarkerError> {
    let subjects: BTreeSet<&str> = labels
        .iter()
        .zip(&columns)
        .filter(|(_, column)| column.is_some())
        .filter_map(|((subject, _), _)| *subject)
        .collect();
    if subjects.len() > 1 {
        return Err(MarkerError::SeveralSubjects {
            subjects: subjects.into_iter().map(str::to_owned).collect(),
        });
    }
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<String> = labels
        .iter()
        .zip(&columns)
        .filter(|(_, column)| column.is_some())
        .filter(|((_, label), _)| !seen.insert(label.as_str()))
        .map(|((_, label), _)| label.clone())
        .collect();
    for ((_, label), column) in labels.iter().zip(&mut columns) {
        if repeated.contains(label) {
            *column = None;
        }
    }
    let unrecognised = labels
        .iter()
        .zip(&columns)
        .filter(|((_, label), column)| {
            column.is_none()
                && !label.is_empty()
                && !repeated.contains(label)
                && !is_model_output(label)
        })
        .map(|((_, label), _)| label.clone())
        .collect();
    Ok(MarkerMap {
        set: set.name,
        columns,
        unrecognised,
        subject: subjects.first().map(|&name| name.to_owned()),
        repeated: repeated.into_iter().collect(),
    })
}

fn joints(columns: &[Option<Column>]) -> Vec<Option<Joint>> {
    columns.iter().map(|c| c.map(|c| c.joint)).collect()
}

/// How many labels a set knows.
fn explained(set: &Set, labels: &[(Option<&str>, String)]) -> usize {
    labels
        .iter()
        .filter(|(_, label)| set.column(label).is_some())
        .count()
}

/// Whether a label names an output of a model that is no place: an angle, force, moment, power.
pub fn is_model_output(label: &str) -> bool {
    const ENDINGS: [&str; 6] = ["angles", "angle", "force", "moment", "power", "grf"];
    let (_, label) = split(label);
    let label = label.to_ascii_lowercase();
    ENDINGS.iter().any(|ending| label.ends_with(ending))
}

/// The subject's name, if there is one, and the label.
fn split(label: &str) -> (Option<&str>, String) {
    let label = label.trim();
    match label.rsplit_once(':') {
        Some((subject, rest)) if !subject.trim().is_empty() => {
            (Some(subject.trim()), rest.trim().to_owned())
        }
        _ => (None, label.trim_matches(':').trim().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(labels: &[&str], set: &str, expected: &[Option<Joint>]) {
        let map = recognise(labels).unwrap();
        assert_eq!(map.set, set, "{labels:?}");
        assert_eq!(joints(&map.columns), expected, "{labels:?}");
    }

    #[test]
    fn one_spelling_means_different_points_in_different_sets() {
        check(
            &["LASI", "RKNE", "RANK", "LHJC"],
            "plug-in gait",
            &[
                Some(Joint::LeftAsis),
                Some(Joint::RightLateralKnee),
                Some(Joint::RightLateralMalleolus),
                Some(Joint::LeftHip),
            ],
        );
        check(
            &["RHip", "RKnee", "RAnkle", "LBigToe"],
            "halpe",
            &[
                Some(Joint::RightHip),
                Some(Joint::RightKnee),
                Some(Joint::RightAnkle),
                Some(Joint::LeftBigToe),
            ],
        );
        check(
            &["R.ASIS", "R.Knee", "R.Ankle", "L.MT5"],
            "fukuchi",
            &[
                Some(Joint::RightAsis),
                Some(Joint::RightLateralKnee),
                Some(Joint::RightLateralMalleolus),
                Some(Joint::LeftFifthMetatarsal),
            ],
        );
    }

    #[test]
    fn a_subject_before_the_label_is_stripped() {
        let map = recognise(&["Anna:LASI", "Anna:RASI", "*1"]).unwrap();
        assert_eq!(map.subject.as_deref(), Some("Anna"));
        assert_eq!(map.columns[1].unwrap().joint, Joint::RightAsis);
        assert_eq!(map.unrecognised, ["*1"]);
    }

    #[test]
    fn two_people_are_refused() {
        let error = recognise(&["Anna:LASI", "Bert:LASI"]).unwrap_err();
        assert!(matches!(error, MarkerError::SeveralSubjects { .. }));
    }

    #[test]
    fn a_label_that_occurs_twice_is_not_used() {
        let map = recognise(&["LASI", "RKNE", "RKNE"]).unwrap();
        assert_eq!(joints(&map.columns), [Some(Joint::LeftAsis), None, None]);
        assert_eq!(map.repeated, ["RKNE"]);
    }

    #[test]
    fn angles_and_forces_are_no_markers() {
        let map = recognise(&["LASI", "LHipAngles", "LAnkleForce", "LNormalisedGRF"]).unwrap();
        assert!(map.unrecognised.is_empty());
        assert!(map.columns[1..].iter().all(Option::is_none));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(recognise(&["foo", "bar"]).is_err());
        assert!(recognise::<&str>(&[]).is_err());
    }

    #[test]
    fn every_table_names_both_sides_alike() {
        for set in SETS {
            for &(label, joint, _) in set.labels {
                if joint.side().is_some() {
                    assert!(
                        set.labels
                            .iter()
                            .any(|&(_, other, _)| other == joint.mirrored()),
                        "{}: {label}",
                        set.name
                    );
                }
                let same = |&&(other, _, _): &&(&str, Joint, u8)| other.eq_ignore_ascii_case(label);
                assert_eq!(
                    set.labels.iter().filter(same).count(),
                    1,
                    "{}: {label}",
                    set.name
                );
            }
        }
    }
}
