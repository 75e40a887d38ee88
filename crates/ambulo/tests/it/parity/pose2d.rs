//! Scores of keypoints against the COCO evaluation's own (`testdata/parity/vttranspose/coco_eval`).

use std::collections::BTreeMap;

use ambulo::metrics::pose2d::coco::{
    FoundPerson, PicturePeople, ReferencePerson, evaluate, similarities,
};
use ambulo::metrics::pose2d::{
    KEYPOINT_SIGMAS, keypoint_similarity, people_similarity, suppressed,
};
use ambulo_testkit::repository_root;
use serde_json::Value;

use super::{close, number, numbers, read_json};

const TOLERANCE: f64 = 1e-9;
/// The stored similarities are rounded to ten digits.
const ROUNDED: f64 = 1e-9;

fn file(name: &str) -> Value {
    read_json(
        &repository_root()
            .join("testdata/parity/vttranspose/coco_eval")
            .join(name),
    )
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn places(keypoints: &Value) -> Vec<[f64; 3]> {
    numbers(keypoints).as_chunks::<3>().0.to_vec()
}

/// The people of each picture, by its number, with the file's own order kept.
fn pictures() -> BTreeMap<i64, PicturePeople> {
    let (truth, found) = (file("gt.json"), file("dt.json"));
    let mut pictures: BTreeMap<i64, PicturePeople> = list(&truth["images"])
        .iter()
        .map(|image| (image["id"].as_i64().unwrap(), PicturePeople::default()))
        .collect();
    for person in list(&truth["annotations"]) {
        let crowd = person["iscrowd"].as_i64() == Some(1);
        let joints = places(&person["keypoints"]);
        let picture = pictures.get_mut(&person["image_id"].as_i64().unwrap());
        picture.unwrap().reference.push(ReferencePerson {
            joints: joints
                .iter()
                .map(|&[x, y, seen]| (seen > 0.0).then_some([x, y]))
                .collect(),
            area_px2: number(&person["area"]),
            box_px: numbers(&person["bbox"]).try_into().unwrap(),
            crowd,
            ignored: crowd || person["num_keypoints"].as_i64() == Some(0),
        });
    }
    for person in list(&found) {
        let picture = pictures.get_mut(&person["image_id"].as_i64().unwrap());
        let joints = places(&person["keypoints"]);
        picture.unwrap().found.push(FoundPerson {
            joints: joints.iter().map(|&[x, y, _]| [x, y]).collect(),
            score: number(&person["score"]),
        });
    }
    pictures
}

#[test]
fn the_ten_numbers_are_those_of_the_evaluation() {
    let expected = file("expected.json");
    let pictures: Vec<PicturePeople> = pictures().into_values().collect();
    let evaluation = evaluate(&pictures, &KEYPOINT_SIGMAS[..17]).unwrap();
    let scores = serde_json::to_value(evaluation.scores).unwrap();
    for (ours, theirs) in [
        ("ap", "AP"),
        ("ap50", "AP50"),
        ("ap75", "AP75"),
        ("ap_medium", "APM"),
        ("ap_large", "APL"),
        ("ar", "AR"),
        ("ar50", "AR50"),
        ("ar75", "AR75"),
        ("ar_medium", "ARM"),
        ("ar_large", "ARL"),
    ] {
        close(
            &[number(&scores[ours])],
            &[number(&expected["stats"][theirs])],
            TOLERANCE,
        );
    }
    let thresholds = list(&expected["per_threshold"]);
    assert_eq!(evaluation.thresholds.len(), thresholds.len());
    for (found, expected) in evaluation.thresholds.iter().zip(thresholds) {
        close(
            &[
                found.threshold,
                found.precision.unwrap(),
                found.recall.unwrap(),
            ],
            &["threshold", "ap_all", "max_recall_all"].map(|field| number(&expected[field])),
            TOLERANCE,
        );
    }
}

#[test]
fn similarities_are_those_of_the_evaluation() {
    let expected = file("expected.json");
    let pictures = pictures();
    let mut compared = 0;
    for (image, expected) in expected["oks"].as_object().unwrap() {
        let picture = &pictures[&image.parse().unwrap()];
        let found = similarities(picture, &KEYPOINT_SIGMAS[..17]).unwrap();
        let mut order: Vec<usize> = (0..found.len()).collect();
        order.sort_by(|&a, &b| picture.found[b].score.total_cmp(&picture.found[a].score));
        for (&row, expected) in order.iter().zip(list(&expected["matrix"])) {
            close(&found[row], &numbers(expected), ROUNDED);
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
    for case in list(&expected["hand"]) {
        let joint = usize::try_from(case["joint"].as_u64().unwrap()).unwrap();
        let found = keypoint_similarity(
            number(&case["d"]).powi(2),
            number(&case["area"]),
            KEYPOINT_SIGMAS[joint],
        );
        close(&[found], &[number(&case["oks"])], TOLERANCE);
    }
}

#[test]
fn of_people_found_twice_the_same_are_kept() {
    let expected = &file("expected.json")["nms"];
    let people = list(&expected["persons"]);
    let joints: Vec<Vec<[f64; 2]>> = people
        .iter()
        .map(|person| {
            let joints = list(&person["keypoints"]).iter().map(numbers);
            joints.map(|joint| [joint[0], joint[1]]).collect()
        })
        .collect();
    let findings: Vec<(&[[f64; 2]], f64, f64)> = people
        .iter()
        .zip(&joints)
        .map(|(person, joints)| {
            let (score, area) = (number(&person["score"]), number(&person["area"]));
            (joints.as_slice(), score, area)
        })
        .collect();
    for (key, most) in [("keep_0.9", 0.9), ("keep_0.5", 0.5)] {
        let kept: Vec<u64> = numbers_of(&expected[key]);
        let found = suppressed(&findings, &KEYPOINT_SIGMAS[..17], most);
        assert_eq!(
            found.iter().map(|&index| index as u64).collect::<Vec<_>>(),
            kept,
            "{key}"
        );
    }
    let overlap: Vec<f64> = findings
        .iter()
        .map(|&(joints, _, area)| {
            let (first, _, first_area) = findings[0];
            people_similarity((first, first_area), (joints, area), &KEYPOINT_SIGMAS[..17])
        })
        .collect();
    close(
        &overlap,
        &numbers(&expected["overlap_with_first"]),
        TOLERANCE,
    );
}

fn numbers_of(values: &Value) -> Vec<u64> {
    list(values)
        .iter()
        .map(|value| value.as_u64().unwrap())
        .collect()
}
