//! The gait score: its recipe, its learning, the deposit of real walks.

use std::path::{Path, PathBuf};

use ambulo::assessment::features::Features;
use ambulo::assessment::score::{Scorer, likeliest};
use ambulo::kinematics::{AngleCurve, AngleCurves, AngleId, AngleMethod};
use ambulo::parameters::{
    GaitParameters, Origin, ParameterId, ParameterSummary, Status, Summary, Symmetry,
};
use ambulo::skeleton::on;
use ambulo::synth::SeededRng;
use ambulo::time::TimeBase;
use ambulo::trial::Recording;
use ambulo::{PerSide, Side};
use ambulo_io::c3d;
use ambulo_io::points::LabelledPoints;
use ambulo_testkit::data_dir;
use ambulo_train::assess::{
    AssessRecipe, Example, Judged, MeasuredWalk, ScoreTable, judged_by_folds, learn, sessions,
};
use ambulo_train::datasets::shida::{Medication, Shida, ShidaError};
use ambulo_train::motion::Role;
use nalgebra::Point3;

#[test]
fn the_recipe_of_the_repository_is_the_default() {
    let text = include_str!("../../../../recipes/assess.toml");
    let recipe = AssessRecipe::from_toml(text).unwrap();
    assert_eq!(recipe, AssessRecipe::default());
    assert_eq!(AssessRecipe::from_toml(&recipe.to_toml()).unwrap(), recipe);
    assert!(AssessRecipe::from_toml("leaves = 3").is_err());
}

/// A walk whose numbers all grow with its score, with some noise.
fn example(person: usize, score: u8, rng: &mut SeededRng) -> Example {
    let mut value = |slope: f64| 10.0 + slope * f64::from(score) + rng.normal();
    let mut parameters = GaitParameters::new();
    for &id in ParameterId::ALL {
        let summary = |value: f64| {
            Some(Summary {
                value: Some(value),
                unit: id.unit().to_owned(),
                sd: None,
                cv_pct: None,
                n: 12,
                ci95: None,
                status: Status::Valid,
                reason: None,
                origin: Origin::Measured,
            })
        };
        let sides = ParameterSummary {
            left: summary(value(2.0)),
            right: summary(value(2.0)),
            both: summary(value(2.0)),
            symmetry: Some(Symmetry {
                robinson_pct: value(1.0),
                ratio: 1.0,
                gait_asymmetry_pct: 0.0,
                symmetry_angle_pct: 0.0,
            }),
        };
        parameters.insert(id, sides);
    }
    let mut angles = AngleCurves::new();
    for &id in AngleId::ALL {
        let sides = PerSide::from_fn(|_| {
            let range = value(2.0);
            Some(AngleCurve {
                method: AngleMethod::Markers,
                approximate: false,
                n: 3,
                mean_deg: (0..101)
                    .map(|point| range * f64::from(point) / 100.0)
                    .collect(),
                sd_deg: None,
            })
        });
        angles.insert(id, sides);
    }
    Example {
        person: format!("person {person:02}"),
        role: Role::Train,
        score,
        walk: MeasuredWalk {
            features: Features::of(&parameters, &angles),
            parameters: [(ParameterId::ArmSwingRange, value(0.0))].into(),
        },
    }
}

fn examples() -> Vec<Example> {
    let mut rng = SeededRng::new(1);
    let mut all = Vec::new();
    for person in 0..8 {
        for score in 0..4 {
            for _ in 0..4 {
                all.push(example(person, score, &mut rng));
            }
        }
    }
    all
}

#[test]
fn people_that_were_never_seen_are_scored_and_the_majority_is_beaten() {
    let recipe = AssessRecipe {
        trees: 20,
        folds: 4,
        ..AssessRecipe::default()
    };
    let examples = examples();
    let (judged, folds) = judged_by_folds(&examples, &recipe, 2, |it| &it.whole).unwrap();
    assert_eq!((judged.len(), folds.len()), (128, 4));
    // Every person is held out exactly once.
    let mut held: Vec<&String> = folds.iter().flat_map(|(held, _)| held).collect();
    held.sort();
    held.dedup();
    assert_eq!(held.len(), 8);
    let table = ScoreTable::of(&judged, 0.4).unwrap();
    let value = |name: &str| table.figure(name).unwrap().value.unwrap();
    assert!(
        value("accuracy") > value("majority class, accuracy") + 0.3,
        "{}",
        table.to_text()
    );
    assert!((value("majority class, accuracy") - 0.25).abs() < 1e-12);
    // Of equal numbers of every score both averages are one.
    assert!((value("macro F1") - value("weighted F1")).abs() < 1e-9);
    assert!((value("weighted recall") - value("accuracy")).abs() < 1e-9);
    let [low, high] = table.figure("accuracy").unwrap().ci95.unwrap();
    assert!(low <= value("accuracy") && value("accuracy") <= high);
}

#[test]
fn a_model_survives_its_file_and_knows_what_healthy_walkers_do() {
    let recipe = AssessRecipe {
        trees: 5,
        ..AssessRecipe::default()
    };
    let examples = examples();
    let seen: Vec<&Example> = examples.iter().collect();
    let model = learn(&seen, &recipe, 1).unwrap();
    let json = serde_json::to_string(&model).unwrap();
    let read: ambulo::assessment::score::ScoreModel = serde_json::from_str(&json).unwrap();
    let read = read.checked().unwrap();
    assert_eq!(read, model);
    let norm = &model.references[&ParameterId::ArmSwingRange];
    assert!((norm.mean - 10.0).abs() < 0.5 && (norm.sd - 1.0).abs() < 0.5);
    for (example, score) in [(&examples[0], 0), (&examples[127], 3)] {
        let probabilities = read.whole.probabilities(&example.walk.features).unwrap();
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 2e-3);
        assert_eq!(likeliest(&probabilities).0, score);
    }
}

#[test]
fn real_sessions_are_those_of_the_examiners() {
    let Some(data) = data_dir() else { return };
    let sessions = sessions(&data).unwrap();
    let count = |score: Option<u8>| sessions.iter().filter(|it| it.score == score).count();
    assert_eq!(
        [count(Some(0)), count(Some(1)), count(Some(2)), count(None)],
        [17, 14, 13, 42]
    );
    // Healthy adults' hips, knees and ankles go 41, 65 and 28 degrees (Fukuchi et al. 2018).
    for (name, expected) in [
        ("hip_range", 41.4),
        ("knee_range", 64.7),
        ("ankle_range", 27.8),
    ] {
        let healthy = sessions.iter().filter(|it| it.score.is_none());
        let ranges: Vec<f64> = healthy.filter_map(|it| it.features.get(name)).collect();
        let mean = ranges.iter().sum::<f64>() / ranges.len() as f64;
        assert!((mean - expected).abs() < 0.2, "{name}: {mean}");
    }
}

/// The 44 markers of the deposit in the order of its files.
const MARKERS: [&str; 44] = [
    "CLAV",
    "STRN",
    "C7",
    "T10",
    "R.SHO",
    "L.SHO",
    "R.UPA",
    "R.EL",
    "R.EM",
    "R.FRA",
    "R.WL",
    "R.WM",
    "L.UPA",
    "L.EL",
    "L.EM",
    "L.FRA",
    "L.WL",
    "L.WM",
    "R.ASIS",
    "L.ASIS",
    "R.PSIS",
    "L.PSIS",
    "R.GTR",
    "R.KNEE",
    "R.HF",
    "R.TT",
    "R.ANKLE",
    "R.HEEL",
    "R.MT1",
    "R.MT5",
    "L.GTR",
    "L.KNEE",
    "L.HF",
    "L.TT",
    "L.ANKLE",
    "L.HEEL",
    "L.MT1",
    "L.MT5",
    "R.KNEE.MEDIAL",
    "R.ANKLE.MEDIAL",
    "R.MT2",
    "L.KNEE.MEDIAL",
    "L.ANKLE.MEDIAL",
    "L.MT2",
];

/// A walk in the deposit's form: 150 Hz, Z up, millimetres in the file.
fn walk_bytes() -> Vec<u8> {
    let frames = 300;
    let mut positions_m = Vec::new();
    for frame in 0..frames {
        let x = 1.1 * f64::from(frame) / 150.0;
        for place in 0..u32::try_from(MARKERS.len()).unwrap() {
            let (row, column) = (place / 4, place % 4);
            let [y, z] = [0.05 * f64::from(column), 1.5 - 0.12 * f64::from(row)];
            positions_m.push(Some(Point3::new(x, y, z)));
        }
    }
    let points = LabelledPoints {
        labels: MARKERS.iter().map(|&label| label.to_owned()).collect(),
        time: TimeBase::uniform(300, 150.0).unwrap(),
        positions_m,
        up: None,
        first_frame_number: 1,
        first_frame_time_s: 0.0,
        notes: Vec::new(),
    };
    c3d::of_points(&points).unwrap().to_bytes().unwrap()
}

struct Deposit(PathBuf);

impl Deposit {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("ambulo-shida-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

impl Drop for Deposit {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn certainty_and_brier_score_are_those_of_walks_with_probabilities() {
    let judged = |truth: u8, probabilities: &[f64]| Judged {
        person: format!("person {truth}"),
        truth,
        probabilities: probabilities.to_vec(),
    };
    let walks = [
        judged(0, &[0.7, 0.1, 0.1, 0.1]),
        judged(3, &[0.0, 0.5, 0.3, 0.2]),
        judged(1, &[]),
    ];
    let table = ScoreTable::of(&walks, 0.4).unwrap();
    let figure = |name: &str| table.figure(name).unwrap().value.unwrap();
    assert!((figure("mean certainty") - 0.6).abs() < 1e-12);
    // 0.09 + 0.03 and 0.25 + 0.09 + 0.64.
    assert!((figure("Brier score") - 0.55).abs() < 1e-12);
    let table = ScoreTable::of(&walks[2..], 0.4).unwrap();
    assert_eq!(table.figure("Brier score").unwrap().value, None);
}

#[test]
fn the_deposit_of_real_walks_is_read_with_its_sessions_scores() {
    let deposit = Deposit::new("whole");
    let info = "\u{feff}ID,Gender,\"Other disease (heart, bone)\",ON - UPDRS-III - walking,OFF - UPDRS-III - walking\n\
                SUB01,M,\"none, none\",0,2\nSUB04,F,-,1,-\n,,,,\n";
    deposit.write("PDGinfo.csv", info.as_bytes());
    for walk in [
        "C3Dfiles/SUB01_on/SUB01_on_walk_2.c3d",
        "C3Dfiles/SUB01_on/SUB01_on_walk_12b.c3d",
        "C3Dfiles/SUB01_on/SUB01_on_static.c3d",
        "C3Dfiles/SUB01_off/SUB01_off_walk_1.c3d",
        "C3Dfiles/SUB04_off/SUB04_off_walk_1.c3d",
        "C3Dfiles/SUB04_on/SUB04_on_walk_1.c3d",
    ] {
        deposit.write(walk, &walk_bytes());
    }
    let shida = Shida::open(&deposit.0).unwrap();
    assert_eq!(shida.subjects(), ["SUB01", "SUB04"]);
    let told: Vec<_> = shida
        .walks
        .iter()
        .map(|it| {
            (
                it.subject.as_str(),
                it.medication,
                it.number.as_str(),
                it.score,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("SUB01", Medication::On, "2", Some(0)),
            ("SUB01", Medication::On, "12b", Some(0)),
            ("SUB01", Medication::Off, "1", Some(2)),
            ("SUB04", Medication::On, "1", Some(1)),
            ("SUB04", Medication::Off, "1", None),
        ]
    );
    let trial = shida.walks[0].read().unwrap();
    let Recording::Motion(motion) = &trial.recording else {
        panic!("a motion");
    };
    assert_eq!(motion.frames(), 300);
    assert!((motion.time().rate_hz().unwrap() - 150.0).abs() < 1e-6);
    for side in Side::BOTH {
        for joint in [
            on::asis(side),
            on::lateral_knee(side),
            on::medial_knee(side),
            on::heel(side),
        ] {
            assert!(motion.has(joint), "{joint}");
        }
    }
}

#[test]
fn a_deposit_without_metadata_or_walks_is_refused() {
    let deposit = Deposit::new("parts");
    deposit.write("SUB01_on_walk_2.c3d", &walk_bytes());
    assert!(matches!(
        Shida::open(&deposit.0),
        Err(ShidaError::NoMetadata { .. })
    ));
    deposit.write("PDGinfo.csv", b"ID,Age\nSUB01,60\n");
    assert!(matches!(
        Shida::open(&deposit.0),
        Err(ShidaError::NoColumn { .. })
    ));
    let empty = Deposit::new("empty");
    let header = "ID,ON - UPDRS-III - walking,OFF - UPDRS-III - walking\n";
    empty.write("PDGinfo.csv", header.as_bytes());
    assert!(matches!(
        Shida::open(&empty.0),
        Err(ShidaError::NoWalks { .. })
    ));
}
