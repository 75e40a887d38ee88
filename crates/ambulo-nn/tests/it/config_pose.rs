//! Settings of the networks that find keypoints: the counts of the papers, the tensors of the references.

use ambulo_nn::config::{NetworkConfig, mirror_pairs, sine_table};
use ambulo_nn::import::Checkpoint;
use ambulo_nn::tensors::Tensors;
use ambulo_nn::weights::WeightsInfo;
use ambulo_testkit::parity_dir;

fn preset(name: &str) -> NetworkConfig {
    NetworkConfig::preset(name).unwrap()
}

#[track_caller]
fn refused(json: &str, named: &[&str]) {
    let message = NetworkConfig::from_json(json.as_bytes())
        .unwrap_err()
        .to_string();
    for name in named {
        assert!(message.contains(name), "{name} is not named in: {message}");
    }
}

#[test]
fn parameters_are_those_of_the_papers() {
    for (name, expected) in [
        ("transpose_h_s", 8_019_281),
        ("transpose_h_a4", 17_306_129),
        ("transpose_h_a6", 17_455_697),
        ("vttranspose", 6_024_785),
        ("transpose_h_s_twin", 7_869_009),
    ] {
        assert_eq!(preset(name).parameter_count(), expected, "{name}");
    }
    assert_eq!(preset("transpose_h_s").trainable_count(), 7_822_673);
    for (name, millions) in [
        ("vttranspose_literal_all", 4.181),
        ("vttranspose_rsn", 6.035),
        ("vttranspose_wide", 6.034),
        ("transpose_h_s_twin_ffn", 7.936),
        ("vttranspose_small", 1.5),
    ] {
        let counted = preset(name).parameter_count() as f64 / 1e6;
        assert!((counted / millions - 1.0).abs() < 0.02, "{name}: {counted}");
    }
}

#[test]
fn arithmetic_is_that_of_the_papers() {
    for (name, giga) in [
        ("transpose_h_s", 9.929),
        ("transpose_h_s_twin", 5.388),
        ("transpose_h_s_twin_ffn", 5.589),
        ("vttranspose", 5.033),
        ("vttranspose_literal_all", 4.677),
        ("vttranspose_rsn", 4.995),
        ("vttranspose_wide", 5.030),
    ] {
        let counted = preset(name).macs().total() as f64 / 1e9;
        assert!((counted - giga).abs() < 0.0006, "{name}: {counted}");
    }
    let macs = preset("transpose_h_s").macs();
    for (stage, giga) in [
        ("encoder attention", 4.832),
        ("encoder projections", 0.201),
        ("encoder feed", 0.201),
    ] {
        let counted = macs.stage(stage) as f64 / 1e9;
        assert!((counted - giga).abs() < 0.0006, "{stage}: {counted}");
    }
    let small = preset("vttranspose_small").macs().total() as f64 / 1e9;
    assert!((0.33..0.45).contains(&small), "{small}");
}

#[test]
fn v_blocks_change_what_the_specification_says() {
    let without = preset("transpose_h_s_twin").parameter_count();
    let with = preset("vttranspose").parameter_count();
    // Eight of sixteen blocks of 295 424 numbers become V blocks of 64 896.
    assert_eq!(without - with, 8 * (295_424 - 64_896));
}

#[test]
fn the_settings_of_the_reference_networks_give_their_tensors() {
    let Some(folder) = parity_dir() else { return };
    for case in ["transpose_h", "vtt_default"] {
        let case = folder.join("vttranspose").join(case);
        let json = std::fs::read(case.join("config.json")).unwrap();
        let config = NetworkConfig::from_json(&json).unwrap();
        let again = NetworkConfig::from_json(config.to_json().as_bytes()).unwrap();
        assert_eq!(again, config);
        let bytes = std::fs::read(case.join("weights.safetensors")).unwrap();
        let imported = Checkpoint::from_bytes(&bytes)
            .unwrap()
            .import(&config, WeightsInfo::default())
            .unwrap();
        assert!(!imported.dropped.is_empty());
        for name in &imported.dropped {
            assert!(name.ends_with(".num_batches_tracked"), "{name}");
        }
    }
}

#[test]
fn a_related_network_shares_the_trunk() {
    let Some(folder) = parity_dir() else { return };
    let case = folder.join("vttranspose/transpose_h");
    let json = std::fs::read_to_string(case.join("config.json")).unwrap();
    let own = NetworkConfig::from_json(json.as_bytes()).unwrap();
    let other = NetworkConfig::Vttranspose(match own.clone() {
        NetworkConfig::TransposeH(config) => ambulo_nn::config::VttransposeConfig {
            joints: 23,
            ..config.as_vttranspose()
        },
        _ => panic!("{json}"),
    });
    let bytes = std::fs::read(case.join("weights.safetensors")).unwrap();
    let shared = Checkpoint::from_bytes(&bytes)
        .unwrap()
        .shared_with(&other)
        .unwrap();
    // All but the head, which has other joints.
    assert_eq!(shared.len(), own.tensor_shapes().len() - 2);
    assert!(shared.get("final_layer.weight").is_none());
}

#[test]
fn the_table_of_sines_is_that_of_the_reference() {
    let table = sine_table([64, 48], 64);
    let at = |row: usize, column: usize, channel: usize| table[(row * 48 + column) * 64 + channel];
    for (found, expected) in [
        (at(0, 0, 0), 0.098_017_1),
        (at(0, 0, 1), 0.995_184_7),
        (at(0, 0, 2), 0.055_179_7),
        (at(0, 0, 32), 0.130_526_2),
        (at(0, 0, 33), 0.991_444_9),
        (at(0, 1, 32), 0.258_819),
        (at(1, 0, 0), 0.195_090_4),
    ] {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    }
    let Some(folder) = parity_dir() else { return };
    let case = folder.join("vttranspose/transpose_h/expected.safetensors");
    let (tensors, _) = Tensors::from_safetensors(&std::fs::read(case).unwrap()).unwrap();
    let stored = tensors.require("pos_embedding").unwrap();
    let own = sine_table([16, 12], 16);
    assert_eq!(stored.len(), own.len());
    for (found, expected) in own.iter().zip(stored.data()) {
        assert!((found - expected).abs() < 1e-5, "{found}, not {expected}");
    }
}

#[test]
fn mirrored_joints_are_those_of_both_sides() {
    assert_eq!(mirror_pairs(17).first(), Some(&[1, 2]));
    assert_eq!(mirror_pairs(17).last(), Some(&[15, 16]));
    assert_eq!(mirror_pairs(23)[8..], [[17, 20], [18, 21], [19, 22]]);
    assert!(mirror_pairs(5).is_empty());
}

#[test]
fn settings_that_make_no_network_are_refused() {
    let with = |more: &str| format!(r#"{{"model":"vttranspose",{more}}}"#);
    refused(&with(r#""width":1"#), &["width"]);
    refused(&with(r#""image_size":[190,256]"#), &["image_size", "16"]);
    refused(&with(r#""v_replace":[4]"#), &["v_replace"]);
    refused(&with(r#""v_replace":[3,2]"#), &["v_replace"]);
    refused(
        &with(r#""stage_channels":[32,64,126]"#),
        &["stage_channels"],
    );
    refused(&with(r#""heads":3"#), &["heads"]);
    refused(
        &with(r#""heatmap_size":[64,48]"#),
        &["heatmap_size", "[48, 64]"],
    );
    refused(
        &with(r#""joints":17,"flip_pairs":[[0,1]]"#),
        &["flip_pairs"],
    );
    refused(
        &with(r#""encoder":"self","leaky_slope":0.1"#),
        &["leaky_slope"],
    );
    refused(
        &with(r#""position":"sine","axial_sum":true"#),
        &["axial_sum"],
    );
    refused(r#"{"model":"transpose_h","v_replace":[]}"#, &["v_replace"]);
    let small = |more: &str| format!(r#"{{"model":"vttranspose_small",{more}}}"#);
    refused(&small(r#""v_replace":[0]"#), &["v_replace", "block 0"]);
    refused(&small(r#""position":"sine""#), &["position"]);
}

#[test]
fn defaults_are_the_presets() {
    for (json, name) in [
        (r#"{"model":"transpose_h"}"#, "transpose_h_s"),
        (r#"{"model":"vttranspose"}"#, "vttranspose"),
        (r#"{"model":"vttranspose_small"}"#, "vttranspose_small"),
    ] {
        let config = NetworkConfig::from_json(json.as_bytes()).unwrap();
        assert_eq!(config, preset(name));
    }
}
