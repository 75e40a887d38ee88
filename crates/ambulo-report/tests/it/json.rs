//! `result.json` there and back.

use ambulo_report::{from_json, result_json};

use crate::sample;

#[test]
fn what_is_written_reads_back_equal() {
    for analysis in [
        sample::full(),
        sample::one_camera(),
        sample::rejected(),
        sample::empty(),
        sample::with_network(),
        sample::lifted(),
    ] {
        let text = result_json(&analysis);
        assert_eq!(from_json(&text).unwrap(), analysis);
        assert!(text.ends_with("}\n"));
    }
}

#[test]
fn a_later_minor_version_is_read() {
    let text = result_json(&sample::full())
        .replace("\"schema_version\": \"2.1\"", "\"schema_version\": \"2.7\"")
        .replacen('{', "{\n  \"of_a_later_version\": 1,", 1);
    assert_eq!(from_json(&text).unwrap().schema_version, "2.7");
}

#[test]
fn a_result_without_lifting_reads_as_the_first_version_wrote_it() {
    let text = result_json(&sample::full());
    assert!(!text.contains("\"origin\"") && !text.contains("\"lifting\""));
    let old = text.replace("\"schema_version\": \"2.1\"", "\"schema_version\": \"1.0\"");
    assert_eq!(
        from_json(&old).unwrap().parameters,
        sample::full().parameters
    );
}
