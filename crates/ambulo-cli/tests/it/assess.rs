//! `ambulo assess`: scores, reasons, refusals.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Scratch, ambulo, assert_code, demo, stderr, text};

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The probabilities of the four scores, which add up to one.
#[track_caller]
fn probabilities(found: &Value) -> Vec<f64> {
    let shares = found["probabilities"].as_array().unwrap().iter();
    let shares: Vec<f64> = shares.map(|it| it.as_f64().unwrap()).collect();
    assert_eq!(shares.len(), 4);
    let sum: f64 = shares.iter().sum();
    assert!((sum - 1.0).abs() < 3e-3, "{shares:?}");
    shares
}

#[test]
fn a_walk_has_a_score_or_a_reason_and_sentences_with_their_numbers() {
    let scratch = Scratch::new("assess");
    let walker = text(&demo(&scratch).join("walker.trc"));
    let (out, prompt) = (scratch.path("assessment.json"), scratch.path("prompt.txt"));
    let output = ambulo(&[
        "assess",
        &walker,
        "-o",
        &text(&out),
        "--prompt",
        &text(&prompt),
    ]);
    assert_code(&output, 0);
    let told = stderr(&output);
    let found = read(&out);
    probabilities(&found);
    assert!(found["score"].is_u64() || found["abstained_because"].is_string());
    let sentences = found["rationale"].as_array().unwrap();
    assert!(sentences.len() >= 2, "{found}");
    for sentence in sentences {
        let evidence = &sentence["evidence"][0];
        assert!(evidence["value"].is_f64() && evidence["norm"]["source"].is_string());
        assert!(
            !evidence["frames"].as_array().unwrap().is_empty(),
            "{sentence}"
        );
        assert!(
            told.contains(sentence["sentence"].as_str().unwrap()),
            "{told}"
        );
    }
    assert!(fs::read_to_string(prompt).unwrap().contains("Overall:"));
    // The same words again: what was written holds.
    let words = scratch.path("words.txt");
    let whole: Vec<&str> = sentences
        .iter()
        .map(|it| it["sentence"].as_str().unwrap())
        .collect();
    fs::write(&words, whole.join(" ")).unwrap();
    let output = ambulo(&[
        "assess",
        &walker,
        "-o",
        &text(&out),
        "--text",
        &text(&words),
    ]);
    assert!(
        stderr(&output).contains("0 contradicted"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        read(&out)["rationale"].as_array().unwrap().len(),
        sentences.len()
    );
}

#[test]
fn the_language_model_stands_beside_with_what_the_measurements_bear_out() {
    let scratch = Scratch::new("beside");
    let walker = text(&demo(&scratch).join("walker.trc"));
    let answered = |name: &str| {
        let folder = scratch.path(name);
        let output = ambulo(&["analyze", &walker, "-o", &text(&folder)]);
        assert_code(&output, 0);
        read(&folder.join("result.json"))
    };
    let found = answered("first");
    let beside = &found["assessment"]["second_opinion"];
    assert_eq!(beside["scorer"], "assess_reasoner");
    assert_eq!(beside["reads"], "motion_and_measurements");
    let shares = probabilities(beside);
    let most = shares.iter().copied().fold(0.0, f64::max);
    let likeliest = shares.iter().position(|&share| share >= most);
    match beside["score"].as_u64() {
        Some(score) => assert_eq!(likeliest.map(|it| it as u64), Some(score)),
        None => assert!(most < 0.4, "{beside}"),
    }
    // A walker without impairment, and sentences that hold: most of what it writes has to come through the check.
    assert!(
        beside["score"].as_u64().is_none_or(|it| it <= 1),
        "{beside}"
    );
    let sentences = beside["rationale"].as_array().unwrap();
    let struck = beside["struck_sentences"].as_u64().unwrap();
    assert!(sentences.len() as u64 > struck, "{beside}");
    for sentence in sentences {
        let evidence = &sentence["evidence"][0];
        assert!(evidence["value"].is_f64() && evidence["norm"]["source"].is_string());
        assert!(!evidence["frames"].as_array().unwrap().is_empty());
    }
    let hashes = found["provenance"]["weights_sha256"].as_object().unwrap();
    assert!(hashes.contains_key("assess_reasoner") && hashes.contains_key("motion_vqvae"));
    assert_eq!(found, answered("second"));
}

#[test]
fn sentences_that_the_measurements_contradict_are_struck() {
    let scratch = Scratch::new("struck");
    let walker = text(&demo(&scratch).join("walker.trc"));
    let (out, words) = (scratch.path("assessment.json"), scratch.path("words.txt"));
    let both = "Walking speed is very slow. Walking speed is very fast. Balance is poor.";
    fs::write(&words, both).unwrap();
    let output = ambulo(&[
        "assess",
        &walker,
        "-o",
        &text(&out),
        "--text",
        &text(&words),
    ]);
    assert_code(&output, 0);
    let found = read(&out);
    let kept = found["rationale"].as_array().unwrap().len();
    let struck = found["struck_sentences"].as_u64().unwrap();
    assert!(kept <= 1 && struck >= 1, "{found}");
    assert!(stderr(&output).contains("struck"), "{}", stderr(&output));
}

#[test]
fn who_does_not_walk_gets_no_score_but_the_reason() {
    let scratch = Scratch::new("short");
    let walker = demo(&scratch).join("walker.trc");
    let whole = fs::read_to_string(walker).unwrap();
    // The first half second: the third line says how many frames there are.
    let mut lines: Vec<String> = whole.lines().take(56).map(str::to_owned).collect();
    let frames = lines[2].split('\t').nth(2).unwrap().to_owned();
    lines[2] = lines[2].replace(&frames, "50");
    let short = scratch.path("short.trc");
    fs::write(&short, lines.join("\n") + "\n").unwrap();
    let out = scratch.path("assessment.json");
    let output = ambulo(&["assess", &text(&short), "-o", &text(&out)]);
    assert_code(&output, 1);
    assert!(
        stderr(&output).contains("no gait score: the recording was rejected"),
        "{}",
        stderr(&output)
    );
    let found = read(&out);
    assert_eq!(
        (&found["score"], &found["abstained"]),
        (&Value::Null, &Value::Bool(true))
    );
    assert_eq!(found["rationale"].as_array().unwrap().len(), 0);
}

/// A field of a row, by its column.
type Change<'a> = &'a mut dyn FnMut(usize, &str) -> String;

#[test]
fn who_stands_or_cannot_be_seen_for_noise_gets_no_score_but_the_reason() {
    let scratch = Scratch::new("unfit");
    let walker = demo(&scratch).join("walker.trc");
    let whole = fs::read_to_string(walker).unwrap();
    let is_row = |line: &str| {
        let mut fields = line.split('\t');
        fields.next().is_some_and(|it| it.parse::<u32>().is_ok()) && line.matches('\t').count() > 9
    };
    let first = whole.lines().filter(|line| is_row(line)).nth(1).unwrap();
    let standing: Vec<&str> = first.split('\t').collect();
    let mut seed = 1_u64;
    let noise = move |metres: f64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        metres * ((seed >> 40) as f64 / f64::from(1 << 23) - 1.0)
    };
    let unit = if whole.contains("\tmm\t") {
        1000.0
    } else {
        1.0
    };
    let noisy = |most_m: f64| {
        let mut noise = noise;
        move |column: usize, value: &str| match value.parse::<f64>() {
            Ok(place) if column > 1 => format!("{:.5}", place + unit * noise(most_m)),
            _ => value.to_owned(),
        }
    };
    let still = |column: usize, value: &str| match standing.get(column) {
        Some(&place) if column > 1 => place.to_owned(),
        _ => value.to_owned(),
    };
    let changes: [(&str, Change<'_>, &str); 4] = [
        ("drowned", &mut noisy(0.5), "shake by"),
        ("noisy", &mut noisy(0.2), "shake by"),
        (
            "shaking",
            &mut noisy(0.1),
            "beyond 6 % nothing can be measured",
        ),
        ("standing", &mut { still }, "No walking found"),
    ];
    for (name, change, reason) in changes {
        let lines = whole.lines().map(|line| {
            if !is_row(line)
                || line
                    .split('\t')
                    .nth(1)
                    .is_some_and(|it| it.parse::<f64>().is_err())
            {
                return line.to_owned();
            }
            let fields = line.split('\t').enumerate();
            fields
                .map(|(column, value)| change(column, value))
                .collect::<Vec<_>>()
                .join("\t")
        });
        let lines: Vec<String> = lines.collect();
        let file = scratch.path(&format!("{name}.trc"));
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        let out = scratch.path(&format!("{name}.json"));
        let output = ambulo(&["assess", &text(&file), "-o", &text(&out)]);
        assert_code(&output, 1);
        let said = stderr(&output);
        assert!(said.contains("no gait score: "), "{name}: {said}");
        assert!(said.contains(reason), "{name}: {said}");
        let found = read(&out);
        assert_eq!(found["score"], Value::Null, "{name}");
        assert_eq!(found["rationale"].as_array().unwrap().len(), 0, "{name}");
        assert_eq!(found["second_opinion"], Value::Null, "{name}");
    }
}

#[test]
fn learning_and_judging_name_what_is_missing() {
    for command in ["train", "eval"] {
        let output = ambulo(&[command, "assess", "--data", "no-such-folder"]);
        assert_code(&output, 2);
    }
    let output = ambulo(&["eval", "assess"]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("--data"), "{}", stderr(&output));
}

#[test]
fn a_walk_too_short_for_baseline_0_is_scored_by_the_language_model_which_says_why() {
    let scratch = Scratch::new("brief");
    // Steps enough for speed and length, too few for variability.
    let brief = first_frames(&scratch, 300);
    let out = scratch.path("assessment.json");
    let output = ambulo(&["assess", &text(&brief), "-o", &text(&out)]);
    assert_code(&output, 0);
    let found = read(&out);
    assert_eq!(found["scorer"], "assess_reasoner", "{found}");
    let why = found["scorer_because"].as_str().unwrap();
    assert!(
        why.contains("assess_forest") && why.contains("were measured"),
        "{why}"
    );
    assert_eq!(found["score"], found["second_opinion"]["score"]);
    assert_eq!(
        found["probabilities"],
        found["second_opinion"]["probabilities"]
    );
    assert_eq!(found["abstained"], false);
    let said = stderr(&output);
    assert!(
        said.contains("given by assess_reasoner; assess_forest"),
        "{said}"
    );
}

#[test]
fn a_score_that_nothing_measured_bears_out_is_not_given() {
    let scratch = Scratch::new("briefer");
    // No stride of either leg is whole: motion to read, and nothing measured.
    let brief = first_frames(&scratch, 180);
    let out = scratch.path("assessment.json");
    let output = ambulo(&["assess", &text(&brief), "-o", &text(&out)]);
    assert_code(&output, 1);
    let found = read(&out);
    assert_eq!(found["abstained"], true, "{found}");
    assert_eq!(found["score"], Value::Null);
    assert_eq!(found["scorer_because"], Value::Null);
    let opinion = &found["second_opinion"];
    assert_eq!(opinion["score"], Value::Null);
    assert_eq!(opinion["rationale"].as_array().unwrap().len(), 0);
    let said = stderr(&output);
    assert!(
        said.contains("no score, because nothing that was measured bears one out"),
        "{said}"
    );
}

/// The first frames of the demonstration's walker, 100 a second.
fn first_frames(scratch: &Scratch, count: usize) -> PathBuf {
    let walker = demo(scratch).join("walker.trc");
    let whole = fs::read_to_string(walker).unwrap();
    let mut lines: Vec<String> = whole.lines().take(6 + count).map(str::to_owned).collect();
    let frames = lines[2].split('\t').nth(2).unwrap().to_owned();
    lines[2] = lines[2].replace(&frames, &count.to_string());
    let path = scratch.path("brief.trc");
    fs::write(&path, lines.join("\n") + "\n").unwrap();
    path
}
