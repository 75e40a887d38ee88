//! `ambulo eval assess --shida` and `ambulo eval reasoner --shida`: the experiments on a folder of the deposit's layout,
//! made of simulated walkers.

use std::fs;
use std::path::Path;

use ambulo::motion::Motion3d;
use ambulo::skeleton::{Joint, on};
use ambulo::synth::{self, SeededRng, Variability, Walker};
use ambulo::{PerSide, Side};
use ambulo_io::c3d;
use ambulo_io::points::LabelledPoints;
use nalgebra::Vector3;

use super::{Scratch, ambulo, assert_code, stderr, text};

/// The metadata's columns that are read, among others.
const HEADER: &str = "ID,Gender,Age,ON - UPDRS-III - walking,OFF - UPDRS-III - walking\n";

/// The deposit's 44 markers: the joint that each is or lies near, and how far right of, above and behind it, in metres.
/// Those on the right have mirror images on the left.
const MIDDLE: [(&str, Joint, [f64; 3]); 4] = [
    ("CLAV", Joint::Jugular, [0.0; 3]),
    ("STRN", Joint::Xiphoid, [0.0; 3]),
    ("C7", Joint::C7, [0.0; 3]),
    ("T10", Joint::T10, [0.0; 3]),
];
type OnSide = fn(Side) -> Joint;
const SIDES: [(&str, OnSide, [f64; 3]); 20] = [
    ("SHO", on::shoulder, [0.0, 0.04, 0.0]),
    ("UPA", on::elbow, [0.03, 0.12, 0.0]),
    ("EL", on::elbow, [0.03, 0.0, 0.0]),
    ("EM", on::elbow, [-0.03, 0.0, 0.0]),
    ("FRA", on::wrist, [0.03, 0.1, 0.0]),
    ("WL", on::wrist, [0.0, 0.0, -0.03]),
    ("WM", on::wrist, [0.0, 0.0, 0.03]),
    ("ASIS", on::asis, [0.0; 3]),
    ("PSIS", on::psis, [0.0; 3]),
    ("GTR", on::hip, [0.08, 0.0, 0.0]),
    ("KNEE", on::lateral_knee, [0.0; 3]),
    ("HF", on::lateral_knee, [0.0, -0.05, 0.0]),
    ("TT", on::knee, [0.0, -0.06, -0.05]),
    ("ANKLE", on::lateral_malleolus, [0.0; 3]),
    ("HEEL", on::heel, [0.0; 3]),
    ("MT1", on::toe, [-0.04, 0.0, 0.0]),
    ("MT5", on::fifth_metatarsal, [0.0; 3]),
    ("KNEE.MEDIAL", on::medial_knee, [0.0; 3]),
    ("ANKLE.MEDIAL", on::medial_malleolus, [0.0; 3]),
    ("MT2", on::toe, [0.0; 3]),
];

/// A motion with those of the deposit's markers that are kept.
fn marked(motion: &Motion3d, is_kept: fn(&str) -> bool) -> LabelledPoints {
    let mut markers: Vec<(String, usize, Vector3<f64>)> = Vec::new();
    let place = |joint| {
        motion
            .joints()
            .iter()
            .position(|&own| own == joint)
            .unwrap()
    };
    for (label, joint, [right, up, back]) in MIDDLE {
        markers.push((
            label.to_owned(),
            place(joint),
            Vector3::new(-back, up, right),
        ));
    }
    for side in Side::BOTH {
        let prefix = if side == Side::Left { "L" } else { "R" };
        for (label, joint, [out, up, back]) in SIDES {
            let off = Vector3::new(-back, up, out * side.z_sign());
            markers.push((format!("{prefix}.{label}"), place(joint(side)), off));
        }
    }
    assert_eq!(markers.len(), 44);
    markers.retain(|(label, ..)| is_kept(label));
    let joints = motion.joints().len();
    let rows = motion.positions_m().chunks(joints);
    LabelledPoints {
        positions_m: rows
            .flat_map(|row| {
                markers
                    .iter()
                    .map(|&(_, place, off)| Some(row[place]? + off))
            })
            .collect(),
        labels: markers.iter().map(|(label, ..)| label.clone()).collect(),
        ..LabelledPoints::from_motion(motion)
    }
}

/// Somebody who walks as the score says: the higher, the shorter and the less even the steps.
fn walker(score: u8, seed: u64) -> Walker {
    let mut rng = SeededRng::new(seed);
    let worse = f64::from(score) / 3.0;
    let mut about = |value: f64| value * (1.0 + 0.03 * rng.normal_within(2.0));
    Walker {
        height_m: about(1.68),
        speed_mps: about(1.25 - 0.75 * worse),
        cadence_spm: about(110.0 - 6.0 * worse),
        arm_swing_deg: PerSide::from_fn(|_| about(38.0 - 26.0 * worse)),
        trunk_lean_deg: about(3.0 + 12.0 * worse),
        toe_clearance_m: about(0.03 - 0.012 * worse),
        pelvis_rotation_deg: about(9.0 - 5.0 * worse),
        variability: Variability {
            seed,
            ..Variability::default()
        },
        strides: 7,
        markers: true,
        ..Walker::default()
    }
    .at_rate(150.0)
}

/// Writes a walk as the deposit names it: who, on or off medication, and its number.
fn write(
    folder: &Path,
    (subject, state, number): (&str, &str, usize),
    walker: &Walker,
    is_kept: fn(&str) -> bool,
) {
    let folder = folder.join(format!("C3Dfiles/{subject}_{state}"));
    fs::create_dir_all(&folder).unwrap();
    let points = marked(&synth::walk(walker).unwrap().motion, is_kept);
    let bytes = c3d::of_points(&points).unwrap().to_bytes().unwrap();
    let name = format!("{subject}_{state}_walk_{number}.c3d");
    fs::write(folder.join(name), bytes).unwrap();
}

/// Six people with two walks a session, each walk with these markers; a session without a score; a file that is none.
fn write_deposit(folder: &Path, is_kept: fn(&str) -> bool) {
    let mut metadata = HEADER.to_owned();
    for person in 0..6_u8 {
        let subject = format!("SUB{:02}", person + 1);
        let (on, off) = (person % 2, person % 2 + 2);
        metadata.extend([subject.as_str(), &format!(",F,66,{on},{off}\n")]);
        for (state, score) in [("on", on), ("off", off)] {
            for number in 1..=2 {
                let seed = u64::from(person) * 10 + u64::from(score) * 2 + number as u64;
                let walker = walker(score, seed);
                write(folder, (&subject, state, number), &walker, is_kept);
            }
        }
    }
    metadata += "SUB07,M,70,-,\n";
    write(folder, ("SUB07", "on", 1), &walker(0, 99), is_kept);
    let damaged = folder.join("C3Dfiles/SUB01_on/SUB01_on_walk_9.c3d");
    fs::write(damaged, b"no walk").unwrap();
    fs::write(folder.join("PDGinfo.csv"), metadata).unwrap();
}

/// A figure of a table by the beginning of its row.
fn figure(table: &str, name: &str) -> f64 {
    let row = table
        .lines()
        .find(|line| line.trim_start().starts_with(name));
    let row = row.unwrap_or_else(|| panic!("no {name} in {table}"));
    assert!(row.contains("95 % interval over people"), "{row}");
    let value = row.trim_start().strip_prefix(name).unwrap();
    value.split_whitespace().next().unwrap().parse().unwrap()
}

/// What `eval assess --shida` prints of a folder, with small forests of so many trees.
#[track_caller]
fn assessed(scratch: &Scratch, folder: &Path, trees: &str) -> String {
    let recipe = scratch.path("recipe.toml");
    let settings = format!("{trees}\nleast_leaf = 2\nshort_share = 0.0\n");
    fs::write(&recipe, settings).unwrap();
    let [folder, recipe] = [text(folder), text(&recipe)];
    let output = ambulo(&["eval", "assess", "--shida", &folder, "--config", &recipe]);
    assert_code(&output, 0);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn whoever_has_the_deposit_runs_the_experiment_with_one_command() {
    let scratch = Scratch::new("deposit");
    let folder = scratch.path("shida");
    write_deposit(&folder, |_| true);
    let told = assessed(&scratch, &folder, "trees = 20");
    assert!(told.contains("26 walks of 7 people"), "{told}");
    assert!(told.contains("SUB01_on_walk_9.c3d"), "{told}");
    assert!(
        !told.contains("learns without"),
        "arm swing is seen by two markers on each wrist: {told}"
    );
    let (_, own) = told.split_once("leave one person out").unwrap();
    assert!(own.contains("24 walks of 6 people"), "{told}");
    for name in [
        "balanced accuracy",
        "macro precision",
        "macro recall",
        "macro F1",
        "weighted precision",
        "weighted recall",
        "weighted F1",
        "kappa, linear weights",
        "mean absolute error",
    ] {
        figure(own, name);
    }
    // Scores are as frequent as each other: who guesses is right in one of four.
    assert!(figure(own, "accuracy") >= 0.7, "{told}");
}

#[test]
fn what_no_walk_of_the_deposit_shows_is_named() {
    let scratch = Scratch::new("deposit-without-arms");
    let folder = scratch.path("shida");
    write_deposit(&folder, |label| {
        !["WL", "WM", "FRA"].iter().any(|it| label.ends_with(it))
    });
    let told = assessed(&scratch, &folder, "trees = 5");
    let named = told.lines().find(|line| line.contains("learns without"));
    let named = named.unwrap_or_else(|| panic!("{told}"));
    assert!(named.contains("arm swing"), "{named}");
    assert!(told.contains("24 walks of 6 people"), "{told}");
}

#[test]
fn whoever_has_the_deposit_asks_the_language_model_with_one_command() {
    let scratch = Scratch::new("deposit-words");
    let folder = scratch.path("shida");
    write_deposit(&folder, |_| true);
    let output = ambulo(&["eval", "reasoner", "--shida", &text(&folder)]);
    assert_code(&output, 0);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("26 walks of 7 people"), "{told}");
    assert!(told.contains("SUB01_on_walk_9.c3d"), "{told}");
    let (beside, own) = told.split_once("assess_reasoner, which reads").unwrap();
    for title in [
        "baseline 0",
        "most frequent score",
        "same person and TRUE score",
    ] {
        assert!(beside.contains(title), "no {title}: {told}");
    }
    assert!(own.contains("24 walks of 6 people"), "{told}");
    // What is written has to hold of walkers that are nobody's recordings; scores of theirs, made by another rule than
    // those that were learned from, have to be told apart better than by chance.
    assert!(figure(own, "claims borne out") >= 0.9, "{told}");
    assert!(figure(own, "kappa, linear weights") >= 0.3, "{told}");
    for name in ["CIDEr", "t5score_f1", "accuracy", "macro F1"] {
        figure(own, name);
    }
    assert!(
        told.contains("Table 1") && told.contains("Table 2"),
        "{told}"
    );
}

#[test]
fn a_folder_that_is_not_the_deposit_is_refused_with_what_is_missing() {
    let scratch = Scratch::new("no-deposit");
    let folder = scratch.path("shida");
    let refused = |why: &str| {
        let output = ambulo(&["eval", "assess", "--shida", &text(&folder)]);
        assert_code(&output, 2);
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    };
    refused("cannot read");
    fs::create_dir_all(&folder).unwrap();
    refused("there is no PDGinfo.csv");
    fs::write(folder.join("PDGinfo.csv"), HEADER).unwrap();
    refused("there are no files SUBxx_on_walk_n.c3d");
    fs::write(folder.join("SUB01_on_walk_1.c3d"), b"no walk").unwrap();
    fs::write(
        folder.join("PDGinfo.csv"),
        format!("{HEADER}SUB01,F,66,0,1\n"),
    )
    .unwrap();
    refused("1 unreadable: not a usable C3D file");
}

#[test]
fn damaged_weights_are_refused_by_their_name() {
    let scratch = Scratch::new("damaged-words");
    let weights = scratch.path("cut.safetensors");
    fs::write(&weights, b"no weights").unwrap();
    let (folder, weights) = (text(&scratch.path("shida")), text(&weights));
    let output = ambulo(&[
        "eval",
        "reasoner",
        "--shida",
        &folder,
        "--weights",
        &weights,
    ]);
    assert_code(&output, 2);
    let said = stderr(&output);
    assert!(
        said.contains("cut.safetensors") && said.contains("copy or download"),
        "{said}"
    );
}
