//! Pictures of people from outside: recorded people, and damaged files.

use ambulo_testkit::{SeededRng, data_dir, mutate};
use ambulo_train::datasets::coco::{CocoFile, parse_results};
use ambulo_train::datasets::lspet::{Lspet, Part};
use ambulo_train::pictures::jpeg;

/// A row of a table of Leeds Sports Poses, all joints at one place but for the head.
fn table() -> String {
    let joints = [
        "r_ankle",
        "r_knee",
        "r_hip",
        "l_hip",
        "l_knee",
        "l_ankle",
        "r_wrist",
        "r_elbow",
        "r_shoulder",
        "l_shoulder",
        "l_elbow",
        "l_wrist",
        "neck",
        "head_top",
    ];
    let mut header = "file,w,h,upright".to_owned();
    let mut row = "im00007.jpg,60,90,1".to_owned();
    for (place, joint) in joints.iter().enumerate() {
        header.extend([format!(",{joint}_x,{joint}_y,{joint}_v")]);
        row.extend([format!(",{},{},1", 20 + place, 80 - 5 * place)]);
    }
    format!("{header}\n{row}\n")
}

#[test]
fn damaged_tables_and_annotations_are_read_or_refused() {
    let mut rng = SeededRng::new(11);
    let annotations = r#"{"images": [{"id": 3, "width": 60, "height": 90, "file_name": "3.jpg"}],
        "annotations": [{"id": 1, "image_id": 3, "category_id": 1, "iscrowd": 0, "area": 9.5,
        "bbox": [1, 2, 30, 40], "num_keypoints": 1, "keypoints": [5, 6, 2, KEYPOINTS]}]}"#
        .replace("KEYPOINTS", &vec!["0"; 48].join(", "));
    let results = r#"[{"image_id": 3, "category_id": 1, "score": 0.5, "keypoints": [1, 2, 0.5]}]"#;
    assert_eq!(
        CocoFile::parse(annotations.as_bytes())
            .unwrap()
            .people
            .len(),
        1
    );
    assert_eq!(parse_results(results.as_bytes()).unwrap().len(), 1);
    for _ in 0..500 {
        let damaged = mutate(table().as_bytes(), &mut rng);
        if let Ok(data) = Lspet::parse(&damaged, &mut |_| Ok(Vec::new())) {
            for entry in &data.entries {
                assert!(entry.picture().is_err());
                let _ = entry.is_crossed();
            }
        }
        let damaged = mutate(annotations.as_bytes(), &mut rng);
        if let Ok(file) = CocoFile::parse(&damaged) {
            let found = parse_results(&mutate(results.as_bytes(), &mut rng)).unwrap_or_default();
            let _ = file.pictures(&found);
            let _ = file.to_learn_from();
        }
    }
}

#[test]
fn recorded_people_are_read_and_their_damaged_pictures_refused() {
    let Some(folder) = data_dir() else {
        return;
    };
    let data = Lspet::load(&folder.join("lspet")).unwrap();
    assert_eq!(data.entries.len(), 5000);
    let test: Vec<_> = data.part(Part::Test).collect();
    assert!((450..550).contains(&test.len()), "{}", test.len());
    for entry in &test {
        let [left, top, width, height] = entry.person_box;
        for [x, y] in entry.joints.iter().filter_map(|label| label.position_px()) {
            assert!((left..=left + width).contains(&x) && (top..=top + height).contains(&y));
        }
    }
    for entry in test.iter().take(50) {
        let person = entry.picture().unwrap();
        let longest = person.picture.width_px().max(person.picture.height_px());
        assert!((32..=256).contains(&longest), "{longest}");
    }
    let picture = std::fs::read(folder.join("lspet/images/im00003.jpg")).unwrap();
    let mut rng = SeededRng::new(12);
    for _ in 0..300 {
        let _ = jpeg::decode(&mutate(&picture, &mut rng));
    }
}
