//! The published schema is current, and every sample follows it.

use ambulo_report::{result_json, schema};
use ambulo_testkit::repository_root;
use serde_json::{Value, json};

use crate::sample;
use crate::validator::violations;

#[test]
fn the_published_schema_is_current() {
    let path = repository_root().join("docs/formats/result.schema.json");
    let published = std::fs::read_to_string(path).expect("the schema is published");
    let current = serde_json::to_string_pretty(&schema()).expect("a schema is JSON") + "\n";
    assert!(
        published == current,
        "run: cargo run -p ambulo-report --example schema > docs/formats/result.schema.json"
    );
}

#[test]
fn every_sample_follows_the_schema() {
    for analysis in [
        sample::full(),
        sample::one_camera(),
        sample::rejected(),
        sample::empty(),
        sample::with_network(),
        sample::lifted(),
    ] {
        let value: Value = serde_json::from_str(&result_json(&analysis)).unwrap();
        assert_eq!(violations(&schema(), &value), [""; 0]);
    }
}

#[test]
fn a_wrong_result_does_not_follow_it() {
    let good: Value = serde_json::from_str(&result_json(&sample::full())).unwrap();
    let damage: [(&str, Value); 6] = [
        ("/schema_version", json!("3.0")),
        ("/input/frames", json!(-1)),
        ("/quality/grade", json!("good")),
        ("/angles/knee_flexion/left/mean_deg", json!([1.0])),
        ("/parameters/speed/both/ci95", json!([1.0, 2.0, 3.0])),
        ("/input/subject", json!({ "name": "A. B." })),
    ];
    for (place, wrong) in damage {
        let mut value = good.clone();
        *value.pointer_mut(place).expect("the sample has it") = wrong;
        assert!(!violations(&schema(), &value).is_empty(), "{place}");
    }
}
