//! Settings: what files may say, and the counts that the papers print.

use ambulo_nn::config::NetworkConfig;
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

const RTPCA: &str = r#""model":"rtpca","frames":27,"joints":17,"dim":16,"depth":3,"heads":4"#;
const CONVFORMER: &str = r#""model":"convformer","frames":9,"joints_in":17,"joints_out":15,"dim":4,
    "heads":2,"spatial_blocks":1,"temporal_blocks":1"#;

#[test]
fn parameters_of_rtpca_are_those_of_the_paper() {
    for (name, expected) in [
        ("ste_243", 33_783_811),
        ("mixste_243", 33_783_811),
        ("ste_xlr_243", 33_783_811),
        ("ste_tpca_243", 33_847_219),
        ("rtpca_243", 33_847_219),
        ("rtpca_243_residual_prev", 33_847_219),
        ("rtpca_243_pyramid", 33_847_219),
        ("rtpca_243_pyramid_gated", 33_847_219 + 3 * 243),
    ] {
        assert_eq!(preset(name).parameter_count(), expected, "{name}");
    }
}

#[test]
fn operations_of_rtpca_are_those_of_the_paper() {
    let giga = |name: &str| {
        let NetworkConfig::Rtpca(config) = preset(name) else {
            panic!("{name} is no RTPCA")
        };
        (
            config.thop_macs() as f64 / 1e9,
            config.macs().total() as f64 / 1e9,
        )
    };
    for (name, thop, honest) in [
        ("ste_243", 139.04, 147.4),
        ("ste_tpca_243", 139.41, 147.5),
        ("rtpca_243", 139.45, 148.4),
    ] {
        let (counted, total) = giga(name);
        assert!((counted - thop).abs() < 0.005, "{name}: {counted}");
        assert!((total - honest).abs() < 0.05, "{name}: {total}");
    }
    let macs = preset("rtpca_243").macs();
    let near = |stage: &str, giga: f64| {
        let counted = macs.stage(stage) as f64 / 1e9;
        assert!((counted - giga).abs() < 0.005, "{stage}: {counted}");
    };
    near("spatial attention", 0.575);
    near("temporal attention", 9.11);
}

#[test]
fn parameters_of_convformer_are_those_of_the_paper() {
    for (name, expected) in [
        ("convformer_9", 2_561_621),
        ("convformer_27", 2_654_735),
        ("convformer_81", 3_431_741),
        ("convformer_143", 5_244_435),
        ("convformer_243", 10_241_735),
        ("convformer_9_humaneva", 2_029_391),
        ("convformer_27_humaneva", 2_121_353),
        ("convformer_43_humaneva", 2_272_729),
    ] {
        assert_eq!(preset(name).parameter_count(), expected, "{name}");
    }
    for (name, millions) in [
        ("convformer_9_k3", 2.442),
        ("convformer_9_k33", 2.462),
        ("convformer_9_k333", 2.482),
        ("convformer_9_k5", 2.455),
        ("convformer_9_k55", 2.488),
        ("convformer_9_k555", 2.522),
        ("convformer_9_k7", 2.468),
        ("convformer_9_k77", 2.515),
        ("convformer_9_k9", 2.482),
        ("convformer_9_k99", 2.541),
        ("convformer_9_k999", 2.601),
        ("convformer_9_k357", 2.522),
        ("convformer_9_k579", 2.562),
        ("convformer_9_d32_s2_t4", 4.947),
        ("convformer_9_d32_s4_t2", 2.702),
        ("convformer_9_d16_s4_t2", 0.695),
        ("convformer_9_d16_s2_t2", 0.659),
        ("convformer_9_d16_s2_t4", 1.266),
        ("convformer_9_d64_s2_t2", 10.126),
        ("convformer_9_heads1", 2.562),
        ("convformer_9_heads4", 2.562),
        ("convformer_9_dense", 4.800),
    ] {
        let counted = preset(name).parameter_count() as f64 / 1e6;
        assert!((counted - millions).abs() < 0.0006, "{name}: {counted}");
    }
}

#[test]
fn operations_of_convformer_are_those_of_the_paper() {
    let columns = [
        "spatial convolutions",
        "temporal convolutions",
        "temporal mlp",
    ];
    for (frames, parts, attention, total) in [
        (9, [39.5, 11.1, 42.6], 1.0, 98.0),
        (27, [118.0, 100.0, 128.0], 5.2, 364.0),
        (81, [355.0, 899.0, 384.0], 34.6, 1720.0),
        (143, [627.0, 2803.0, 677.0], 99.6, 4310.0),
        (243, [1066.0, 8095.0, 1151.0], 275.0, 10814.0),
    ] {
        let macs = preset(&format!("convformer_{frames}")).macs();
        let near = |what: &str, macs: u64, printed: f64| {
            let mega = 2.0 * macs as f64 / 1e6;
            assert!(
                (mega / printed - 1.0).abs() < 0.02,
                "{frames} {what}: {mega}"
            );
        };
        for (stage, printed) in columns.into_iter().zip(parts) {
            near(stage, macs.stage(stage), printed);
        }
        let attended = macs.stage("spatial attention") + macs.stage("temporal attention");
        near("attention", attended, attention);
        near("total", macs.total(), total);
    }
}

#[test]
fn every_preset_is_valid_and_survives_its_own_json() {
    let names = NetworkConfig::preset_names();
    for name in &names {
        let config = preset(name);
        config.validate().unwrap();
        let again = NetworkConfig::from_json(config.to_json().as_bytes()).unwrap();
        assert_eq!(again, config, "{name}");
        let mut tensors: Vec<_> = config.tensor_shapes().into_iter().map(|t| t.name).collect();
        let count = tensors.len();
        tensors.sort();
        tensors.dedup();
        assert_eq!(tensors.len(), count, "{name} names a tensor twice");
        assert!(config.macs().total() > 0);
    }
    let message = NetworkConfig::preset("rtpca").unwrap_err().to_string();
    assert!(message.contains("rtpca_243"), "{message}");
}

#[test]
fn pyramid_q_shortens_and_lengthens_the_clip() {
    let NetworkConfig::Rtpca(config) = preset("rtpca_243_pyramid_q") else {
        panic!()
    };
    let frames: Vec<_> = (0..8).map(|block| config.block_frames(block)).collect();
    let expected = [
        (243, 243),
        (243, 121),
        (121, 60),
        (60, 30),
        (30, 30),
        (30, 60),
        (60, 121),
        (121, 243),
    ];
    assert_eq!(frames, expected);
    let skips: Vec<_> = (0..8).map(|block| config.trunk_skip_of(block)).collect();
    assert_eq!(skips[5..], [Some(2), Some(1), Some(0)]);
    assert!(skips[..5].iter().all(Option::is_none));
    let NetworkConfig::Rtpca(config) = preset("rtpca_243_pyramid") else {
        panic!()
    };
    let memory: Vec<_> = (0..8).map(|block| config.memory_of(block)).collect();
    assert_eq!(memory[5..], [Some(4), Some(3), Some(2)]);
    assert!(memory[..5].iter().all(Option::is_none));
}

#[test]
fn the_memory_of_adjacent_blocks_is_handed_on() {
    let NetworkConfig::Rtpca(config) = preset("rtpca_243") else {
        panic!()
    };
    let handed: Vec<_> = (0..3).map(|block| config.handed_tokens(block)).collect();
    assert_eq!(handed, [243, 273, 273]);
    assert_eq!(config.up_kernels(0), [2, 3, 3]);
    assert_eq!(config.down_kernels(0), [3, 3, 2]);
}

#[test]
fn an_unknown_key_is_named() {
    refused(
        &format!(r#"{{{RTPCA},"tpca":true,"xlr":true,"drop":0.1}}"#),
        &["drop"],
    );
    refused(
        &format!(r#"{{{CONVFORMER},"kernels":[7],"tokens":3}}"#),
        &["tokens"],
    );
    refused(
        r#"{"model":"gpt","frames":3}"#,
        &["gpt", "rtpca", "convformer"],
    );
    refused(&format!("{{{RTPCA},\"tpca\":true}}"), &["xlr"]);
}

#[test]
fn keys_that_repeat_must_agree() {
    let full = format!(r#"{RTPCA},"tpca":true,"xlr":true"#);
    let lengths = format!(r#"{{{full},"pyramid_lengths":[13,6,2]}}"#);
    refused(&lengths, &["pyramid_lengths", "[13, 6, 3]"]);
    refused(
        &format!(r#"{{{full},"up_kernels":[3,3,3]}}"#),
        &["up_kernels"],
    );
    refused(
        &format!(r#"{{{full},"xlr_tokens":4}}"#),
        &["xlr_tokens", "3"],
    );
    refused(&format!(r#"{{{full},"params":1}}"#), &["params"]);
    refused(&format!(r#"{{{full},"xlr_topology":"none"}}"#), &["xlr"]);
    refused(
        &format!(r#"{{{CONVFORMER},"kernels":[5],"params":7}}"#),
        &["params", "24761"],
    );
    refused(
        &format!(r#"{{{RTPCA},"tpca":false,"xlr":false,"amplify":"none"}}"#),
        &["amplify"],
    );
}

#[test]
fn values_out_of_range_are_named_with_the_rule() {
    let with = |replaced: &str, by: &str| {
        format!(r#"{{{RTPCA},"tpca":true,"xlr":true}}"#).replace(replaced, by)
    };
    refused(&with(r#""heads":4"#, r#""heads":3"#), &["heads", "divide"]);
    refused(&with(r#""frames":27"#, r#""frames":7"#), &["frames"]);
    refused(&with(r#""dim":16"#, r#""dim":0"#), &["dim"]);
    refused(
        &with(r#""depth":3"#, r#""depth":1000000000000"#),
        &["depth"],
    );
    let pyramid = r#""xlr":true,"xlr_topology":"pyramid","xlr_residual":"none""#;
    refused(&with(r#""xlr":true"#, pyramid), &["depth", "even"]);
    let conv = |kernels: &str| format!(r#"{{{CONVFORMER},"kernels":{kernels}}}"#);
    refused(&conv("[4]"), &["kernels", "odd"]);
    refused(&conv("[3,3,3,3]"), &["kernels"]);
    refused(&conv("[]"), &["kernels"]);
    refused(
        &conv("[7]").replace("\"frames\":9", "\"frames\":10"),
        &["frames", "odd"],
    );
}

#[test]
fn the_settings_of_the_reference_networks_give_their_tensors() {
    let Some(folder) = parity_dir() else { return };
    for network in ["rtpca", "convformer"] {
        let mut cases = 0;
        for case in std::fs::read_dir(folder.join(network)).unwrap() {
            let case = case.unwrap().path();
            let json = std::fs::read(case.join("config.json")).unwrap();
            let config = NetworkConfig::from_json(&json).unwrap();
            let weights = std::fs::read(case.join("weights.safetensors")).unwrap();
            let (tensors, _) = ambulo_nn::tensors::Tensors::from_safetensors(&weights).unwrap();
            let shapes = config.tensor_shapes();
            for expected in &shapes {
                let found = tensors.require(&expected.name).unwrap();
                assert_eq!(found.shape(), expected.shape, "{}", expected.name);
            }
            let unused = tensors
                .iter()
                .filter(|(name, _)| !shapes.iter().any(|t| t.name == *name));
            let dead = |name: &str| name.starts_with("STEblocks.") && name.contains(".attn.");
            for (name, _) in unused {
                assert!(dead(name), "{name} is not used: {case:?}");
            }
            cases += 1;
        }
        assert!(cases > 0, "no cases of {network}");
    }
}
