//! COCO's ten numbers beside the paper's.

use std::path::Path;

use ambulo::metrics::MetricError;
use ambulo::metrics::pose2d::KEYPOINT_SIGMAS;
use ambulo::metrics::pose2d::coco::{CocoEvaluation, evaluate};
use ambulo_nn::codec::pose2d::decode::Peak;
use ambulo_nn::codec::pose2d::people::{Found, SAME_PERSON_OKS, distinct};
use ambulo_nn::codec::pose2d::warp::Sampling;
use serde::Serialize;

use super::answer::{Decoding, KeypointNetwork, found_joints};
use super::baseline::MeanPose;
use crate::datasets::coco::{CocoError, CocoFile, CocoPerson, CocoResult};
use crate::pictures::jpeg;

/// A figure of the paper.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PaperFigure {
    /// Preset of the network.
    pub preset: &'static str,
    /// Pictures.
    pub part: &'static str,
    /// Whose boxes.
    pub boxes: &'static str,
    /// What is measured.
    pub measure: &'static str,
    /// The figure, in percent.
    pub value: f64,
    /// Where it stands.
    pub source: &'static str,
    /// What is doubtful about it.
    pub note: Option<&'static str>,
}

const VALIDATION: &str = "val2017";
const TRUE_BOXES: &str = "annotated";
const DETECTED: &str = "detector";

const fn figure(
    preset: &'static str,
    boxes: &'static str,
    measure: &'static str,
    value: f64,
    source: &'static str,
) -> PaperFigure {
    PaperFigure {
        preset,
        part: VALIDATION,
        boxes,
        measure,
        value,
        source,
        note: None,
    }
}

/// What Li et al. (2024), Sci. Rep. 14:7608, report.
const FIGURES: [PaperFigure; 6] = [
    figure("transpose_h", TRUE_BOXES, "AP", 76.1, "Table 5"),
    figure(
        "vttranspose (no V blocks)",
        TRUE_BOXES,
        "AP",
        76.3,
        "Table 5",
    ),
    figure("vttranspose", TRUE_BOXES, "AP", 76.5, "Table 5"),
    figure("vttranspose", DETECTED, "AP", 74.6, "Table 3"),
    PaperFigure {
        note: Some("TransPose itself reports 79.5 for its own network, the paper 78.0"),
        ..figure("vttranspose", DETECTED, "AR", 78.5, "Table 3")
    },
    PaperFigure {
        part: "test-dev2017",
        ..figure("vttranspose", DETECTED, "AP", 73.6, "test-dev table")
    },
];

/// A figure of the paper and ours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PaperRow {
    /// The paper's.
    pub paper: PaperFigure,
    /// Ours, in percent.
    pub ours: Option<f64>,
    /// Ours minus the paper's.
    pub gap: Option<f64>,
    /// What is missing for ours.
    pub missing: Option<String>,
}

/// COCO's people, scored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CocoTable {
    /// The paper's figures.
    pub figures: Vec<PaperRow>,
    /// People looked at.
    pub people: usize,
    /// The network's scores on annotated boxes.
    pub network: Option<CocoEvaluation>,
    /// Why there are none.
    pub network_missing: Option<String>,
    /// The mean pose's in the same boxes. The mean is that of the people judged: a generous one.
    pub mean_pose: Option<CocoEvaluation>,
}

/// The annotations under a folder of COCO.
const ANNOTATIONS: &str = "annotations/person_keypoints_val2017.json";

/// Judges a network on annotated boxes of the validation pictures under a folder. `preset` names it, for
/// the paper's figure to stand beside. Without the folder, its files or a network, the paper's figures stand
/// alone, with what is missing beside them.
///
/// # Errors
///
/// [`CocoError`] if annotations are there and cannot be read.
pub fn coco_table(
    folder: Option<&Path>,
    preset: &str,
    network: Option<&mut KeypointNetwork<'_>>,
) -> Result<CocoTable, CocoError> {
    let path = folder.map(|folder| folder.join(ANNOTATIONS));
    let Some((folder, path)) = folder.zip(path).filter(|(_, path)| path.is_file()) else {
        return Ok(table(
            preset,
            None,
            Some(format!("needs {ANNOTATIONS}")),
            None,
            0,
        ));
    };
    let bytes = std::fs::read(&path).map_err(|source| CocoError::Read { path, source })?;
    let file = CocoFile::parse(&bytes)?;
    let people = file.to_learn_from();
    let mean = MeanPose::of(people.iter().map(|person| (&person.joints, person.box_px)));
    let mean_of = |person: &CocoPerson| {
        let joints = mean.joints(person.box_px);
        let peak = |at: &Option<[f64; 2]>| Peak {
            at: at.unwrap_or_default(),
            confidence: 1.0,
        };
        joints[..17].iter().map(peak).collect()
    };
    let mean_pose = scores(&file, &people, &mut |person| Some(mean_of(person)))?;
    let Some(network) = network else {
        let missing = Some("needs --weights".to_owned());
        return Ok(table(preset, None, missing, mean_pose, people.len()));
    };
    let mut found = |person: &CocoPerson| {
        let name = &file.images.get(&person.image)?.file_name;
        let bytes = std::fs::read(folder.join(VALIDATION).join(name)).ok()?;
        let picture = jpeg::decode(&bytes).ok()?;
        let decoding = Decoding::Alone;
        let sampling = Sampling::Bilinear;
        let mut joints = found_joints(network, &picture, person.box_px, decoding, sampling)?;
        joints.truncate(17);
        Some(joints)
    };
    let evaluation = scores(&file, &people, &mut found)?;
    Ok(table(preset, evaluation, None, mean_pose, people.len()))
}

/// Rescores, leaves out people found twice, and evaluates.
fn scores(
    file: &CocoFile,
    people: &[CocoPerson],
    found: &mut dyn FnMut(&CocoPerson) -> Option<Vec<Peak>>,
) -> Result<Option<CocoEvaluation>, CocoError> {
    let mut by_image: std::collections::BTreeMap<i64, Vec<Found>> =
        std::collections::BTreeMap::new();
    for person in people {
        if let Some(joints) = found(person) {
            by_image.entry(person.image).or_default().push(Found {
                joints,
                box_score: 1.0,
                area_px2: enlarged_area(person.box_px),
            });
        }
    }
    let mut results = Vec::new();
    for (image_id, people) in by_image {
        for kept in distinct(&people, SAME_PERSON_OKS) {
            let person = &people[kept];
            results.push(CocoResult {
                image_id,
                category_id: 1,
                keypoints: person
                    .joints
                    .iter()
                    .flat_map(|joint| [joint.at[0], joint.at[1], joint.confidence])
                    .collect(),
                score: person.score(),
            });
        }
    }
    let pictures = file.pictures(&results)?;
    let evaluation: Result<CocoEvaluation, MetricError> =
        evaluate(&pictures, &KEYPOINT_SIGMAS[..17]);
    // Numbers that are none are a fault of the annotations; they leave nothing to report.
    Ok(evaluation.ok())
}

/// The area of the region around a box: aspect 3 : 4, a quarter larger.
fn enlarged_area([_, _, width, height]: [f64; 4]) -> f64 {
    const ASPECT: f64 = 0.75;
    const PADDING: f64 = 1.25;
    width.max(height * ASPECT) * height.max(width / ASPECT) * PADDING * PADDING
}

fn table(
    preset: &str,
    network: Option<CocoEvaluation>,
    network_missing: Option<String>,
    mean_pose: Option<CocoEvaluation>,
    people: usize,
) -> CocoTable {
    let row = |paper: PaperFigure| {
        let ours = network.as_ref().and_then(|evaluation| match paper.measure {
            "AP" => evaluation.scores.ap,
            _ => evaluation.scores.ar,
        });
        let missing = if paper.part != VALIDATION {
            Some("needs the data set's own server".to_owned())
        } else if paper.boxes != TRUE_BOXES {
            Some("needs the detector's boxes".to_owned())
        } else if network.is_some() && paper.preset != preset {
            Some(format!("needs weights of {}", paper.preset))
        } else {
            network_missing.clone()
        };
        let ours = ours
            .filter(|_| missing.is_none())
            .map(|share| 100.0 * share);
        PaperRow {
            paper,
            ours,
            gap: ours.map(|ours| ours - paper.value),
            missing,
        }
    };
    CocoTable {
        figures: FIGURES.map(row).into(),
        people,
        network,
        network_missing,
        mean_pose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_data_or_network_the_papers_figures_say_what_is_missing() {
        let table = coco_table(None, "vttranspose", None).unwrap();
        assert!(
            table
                .figures
                .iter()
                .all(|row| row.ours.is_none() && row.missing.is_some())
        );
        assert_eq!(
            table.figures[2].missing.as_deref(),
            Some(&*format!("needs {ANNOTATIONS}"))
        );
        assert_eq!(
            table.figures[3].missing.as_deref(),
            Some("needs the detector's boxes")
        );
    }
}
