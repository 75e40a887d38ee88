//! Crops and decoding against the published code (`testdata/parity/vttranspose`).

use ambulo::picture::Picture;
use ambulo::skeleton::COCO_17;
use ambulo_nn::codec::pose2d::Convention;
use ambulo_nn::codec::pose2d::crop::{Affine, Region};
use ambulo_nn::codec::pose2d::decode::{Refinement, blurred, highest_cell, peaks};
use ambulo_nn::codec::pose2d::maps::{FlipShift, HeatMaps};
use ambulo_nn::codec::pose2d::people::Found;
use ambulo_nn::codec::pose2d::warp::{Crop, Layout, Levels, Sampling};
use ambulo_nn::tensors::{Tensor, Tensors};
use serde_json::Value;

const ASPECT: f64 = 0.75;
const PADDING: f64 = 1.25;

fn file(name: &str) -> Vec<u8> {
    let path = ambulo_testkit::repository_root()
        .join("testdata/parity/vttranspose")
        .join(name);
    std::fs::read(path).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).unwrap()
}

fn tensors(name: &str) -> Tensors {
    Tensors::from_safetensors(&file(name)).unwrap().0
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().unwrap().iter();
    numbers.map(|number| number.as_f64().unwrap()).collect()
}

fn matrix(value: &Value) -> Affine {
    let row = |row: usize| numbers(&value[row]).try_into().unwrap();
    Affine([row(0), row(1)])
}

fn size(value: &Value) -> [usize; 2] {
    [0, 1].map(|axis| usize::try_from(value[axis].as_u64().unwrap()).unwrap())
}

fn region(case: &Value, convention: Convention) -> Region {
    let box_px = numbers(&case["box"]).try_into().unwrap();
    let mut region = Region::around(box_px, ASPECT, PADDING, convention).unwrap();
    let times = case["scale_multiplier"].as_f64().unwrap_or(1.0);
    region.size_px = region.size_px.map(|extent| extent * times);
    region
}

#[track_caller]
fn same_matrix(found: Affine, expected: Affine) {
    for (found, expected) in found.0.iter().zip(expected.0) {
        for column in 0..3 {
            let tolerance = if column == 2 {
                2e-3
            } else {
                1e-4 * expected[0].hypot(expected[1])
            };
            let apart = (found[column] - expected[column]).abs();
            assert!(apart <= tolerance, "{found:?} {expected:?}");
        }
    }
}

#[test]
fn boxes_become_the_published_transforms_in_both_conventions() {
    let expected = json("crop/expected.json");
    for case in expected["cases"].as_array().unwrap() {
        let rotation = case["rotation_deg"].as_f64().unwrap();
        let output = size(&case["output"]);
        let unbiased = region(case, Convention::Unbiased);
        for (field, found) in [
            ("center", unbiased.centre_px),
            ("scale", unbiased.size_px.map(|px| px / 200.0)),
        ] {
            for (found, expected) in found.iter().zip(numbers(&case[field])) {
                assert!((found - expected).abs() < 1e-6, "{field}");
            }
        }
        let crop = unbiased.affine(rotation, output, Convention::Unbiased);
        same_matrix(crop, matrix(&case["affine"]));
        let maps = output.map(|extent| extent / 4);
        let maps = unbiased.affine(rotation, maps, Convention::Unbiased);
        same_matrix(maps, matrix(&case["affine_heatmap"]));
        same_matrix(
            maps.inverse().unwrap(),
            matrix(&case["affine_heatmap_inverse"]),
        );
        let hrnet = region(case, Convention::Hrnet);
        let crop = hrnet.affine(rotation, output, Convention::Hrnet);
        same_matrix(crop, matrix(&case["hrnet_affine"]));
    }
    for case in expected["test_vectors"].as_array().unwrap() {
        let rotation = case["rotation_deg"].as_f64().unwrap();
        let region = region(case, Convention::Unbiased);
        let found = region.affine(rotation, size(&case["output"]), Convention::Unbiased);
        same_matrix(found, matrix(&case["affine"]));
    }
}

fn picture() -> Picture {
    let input = tensors("crop/input.safetensors");
    let pixels = input.require("input").unwrap();
    let [height, width, _] = *pixels.shape() else {
        panic!("a picture has three extents");
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "levels were stored as bytes"
    )]
    let rgb = pixels.data().iter().map(|&level| level as u8).collect();
    let [width, height] = [width, height].map(|extent| u32::try_from(extent).unwrap());
    Picture::new(width, height, rgb).unwrap()
}

#[test]
fn crops_are_those_of_exact_sampling_and_near_those_of_opencv() {
    let cases = json("crop/expected.json");
    let expected = tensors("crop/expected.safetensors");
    let picture = picture();
    let crop = |case: usize| {
        let case = &cases["cases"][case];
        Crop {
            from_picture: matrix(&case["affine"]),
            size: size(&case["output"]),
            sampling: Sampling::Bilinear,
            layout: Layout::ChannelsLast,
            levels: Levels::PICTURE,
        }
    };
    let mut compared = 0;
    for case in 0..4 {
        let found = crop(case).of(&picture);
        let apart = |expected: &Tensor| -> Vec<f32> {
            let pairs = found.iter().zip(expected.data());
            pairs
                .map(|(found, expected)| (found - expected).abs())
                .collect()
        };
        if let Some(exact) = expected.get(&format!("warp_exact.{case}")) {
            let most = apart(exact).into_iter().fold(0.0, f32::max);
            assert!(most <= 0.05, "case {case}: {most} levels");
            compared += 1;
        }
        let opencv = apart(expected.require(&format!("warp_opencv.{case}")).unwrap());
        let mean = opencv.iter().sum::<f32>() / opencv.len() as f32;
        let most = opencv.iter().copied().fold(0.0, f32::max);
        assert!(
            most <= 4.0 && mean <= 0.5,
            "case {case}: {most}, mean {mean}"
        );
    }
    assert_eq!(compared, 3);
    let normalised = Crop {
        layout: Layout::ChannelsFirst,
        levels: Levels::IMAGENET,
        ..crop(0)
    };
    let expected = expected.require("tensor_exact.0").unwrap();
    for (found, expected) in normalised.of(&picture).iter().zip(expected.data()) {
        assert!((found - expected).abs() < 1e-3, "{found} {expected}");
    }
}

fn heat_maps(tensors: &Tensors, name: &str) -> HeatMaps {
    let tensor = tensors.require(name).unwrap();
    let [_, joints, height, width] = *tensor.shape() else {
        panic!("maps have four extents");
    };
    HeatMaps::new(joints, [width, height], tensor.data().to_vec()).unwrap()
}

/// Compares points, with a tolerance for each joint.
#[track_caller]
fn same_points(found: &[[f64; 2]], expected: &Tensor, tolerance: impl Fn(usize) -> f64) {
    assert_eq!(2 * found.len(), expected.data().len());
    for (joint, (found, expected)) in found.iter().zip(expected.data().chunks(2)).enumerate() {
        for axis in 0..2 {
            let apart = (found[axis] - f64::from(expected[axis])).abs();
            assert!(
                apart <= tolerance(joint),
                "joint {joint}: {found:?} {expected:?}"
            );
        }
    }
}

/// Joint 13 is noise and joint 15 very narrow.
fn dark_tolerance(joint: usize) -> f64 {
    if [13, 15].contains(&joint) {
        1e-2
    } else {
        2e-3
    }
}

#[test]
fn peaks_scores_and_places_in_the_picture_are_the_published_ones() {
    let (input, expected) = (
        tensors("decode/input.safetensors"),
        tensors("decode/expected.safetensors"),
    );
    let config = json("decode/config.json");
    let maps = heat_maps(&input, "input");
    let of = |name: &str| expected.require(name).unwrap();
    let points = |refinement| -> Vec<[f64; 2]> {
        peaks(&maps, refinement)
            .iter()
            .map(|peak| peak.at)
            .collect()
    };
    same_points(&points(Refinement::None), of("argmax"), |_| 0.0);
    same_points(&points(Refinement::Quarter), of("quarter"), |_| 1e-6);
    same_points(&points(Refinement::Dark), of("dark"), dark_tolerance);
    let scores: Vec<f32> = (0..17)
        .map(|joint| highest_cell(maps.map(joint), 48).1)
        .collect();
    assert_eq!(scores, of("score").data());
    for joint in 0..8 {
        let expected = &of("dark_blurred").data()[joint * 48 * 64..][..48 * 64];
        for (found, &expected) in blurred(maps.map(joint), [48, 64]).iter().zip(expected) {
            assert!((found - f64::from(expected)).abs() < 1e-5, "joint {joint}");
        }
    }
    let box_px = numbers(&config["boxes_xywh"][0]).try_into().unwrap();
    for (convention, refinement, name) in [
        (Convention::Unbiased, Refinement::Dark, "dark_image"),
        (Convention::Hrnet, Refinement::Quarter, "quarter_image"),
    ] {
        let region = Region::around(box_px, ASPECT, PADDING, convention).unwrap();
        // HRNet turns back from a grid whose corners it counts as the crop's.
        let back = region.affine(0.0, [48, 64], convention).inverse().unwrap();
        let places: Vec<_> = points(refinement)
            .iter()
            .map(|&at| back.apply(at))
            .collect();
        assert_eq!(convention.refinement(), refinement);
        same_points(
            &places,
            of(name),
            |joint| if joint == 13 { 6e-2 } else { 1e-2 },
        );
    }
}

#[test]
fn maps_of_a_mirrored_picture_are_merged_as_published() {
    let (input, expected) = (
        tensors("decode/input.safetensors"),
        tensors("decode/expected.safetensors"),
    );
    let mirrored = heat_maps(&input, "flipped");
    let partner: Vec<usize> = COCO_17
        .joints
        .iter()
        .map(|joint| COCO_17.index_of(joint.mirrored()).unwrap())
        .collect();
    for (shift, name) in [
        (FlipShift::None, "flip_merged"),
        (FlipShift::OneCell, "flip_merged_hrnet_shift"),
    ] {
        let mut merged = heat_maps(&input, "flip_input");
        merged.merge_mirrored(&mirrored, &partner, shift).unwrap();
        let expected_maps = heat_maps(&expected, name);
        for (found, expected) in merged.cells().iter().zip(expected_maps.cells()) {
            assert!((found - expected).abs() <= 1e-5, "{name}");
        }
        if shift == FlipShift::None {
            let found: Vec<_> = peaks(&merged, Refinement::Dark)
                .iter()
                .map(|peak| peak.at)
                .collect();
            same_points(
                &found,
                expected.require("flip_merged_dark").unwrap(),
                |_| 1e-2,
            );
        }
    }
}

#[test]
fn people_are_rescored_as_published() {
    let nms = &json("coco_eval/expected.json")["nms"];
    let people = nms["persons"].as_array().unwrap();
    let rescored = numbers(&nms["rescored"]);
    assert_eq!(people.len(), rescored.len());
    for (person, expected) in people.iter().zip(rescored) {
        let joints = person["keypoints"].as_array().unwrap().iter().map(numbers);
        let found = Found {
            joints: joints
                .map(|joint| ambulo_nn::codec::pose2d::decode::Peak {
                    at: [joint[0], joint[1]],
                    confidence: joint[2],
                })
                .collect(),
            box_score: person["score"].as_f64().unwrap(),
            area_px2: person["area"].as_f64().unwrap(),
        };
        assert!((found.score() - expected).abs() < 1e-9);
    }
}
