//! Keypoint files: round trips, the forms that tools write, real detections, damage.

use ambulo::identity::{ExchangeConfig, JumpConfig, remove_jumps, repair_keypoints};
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::{BODY_25, BODY_25B, COCO_17, HALPE_26, Joint, Skeleton};
use ambulo::time::TimeBase;
use ambulo_io::files::NamedBytes;
use ambulo_io::keypoints::{
    KeypointError, KeypointFormat, PersonChoice, ReadOptions, read, recognise, write,
};
use ambulo_testkit::{SeededRng, data_dir, mutate};
use nalgebra::Point2;

use crate::damage::KEYPOINT_MUTANTS;

/// A body of 200 px seen from the side at `x_px`, with legs and arms that swing.
fn place(joint: Joint, x_px: f64, phase: f64) -> Point2<f64> {
    let swing = match joint.side() {
        Some(ambulo::Side::Left) => phase.sin(),
        Some(ambulo::Side::Right) => -phase.sin(),
        None => 0.0,
    };
    let name = joint
        .name()
        .trim_start_matches("left_")
        .trim_start_matches("right_");
    let (dx, y) = match name {
        "head_top" => (0.0, 0.0),
        "nose" => (12.0, 20.0),
        "mouth" => (11.0, 24.0),
        "eye" | "eye_inner" | "eye_outer" => (9.0, 15.0),
        "ear" => (0.0, 17.0),
        "neck" => (0.0, 36.0),
        "shoulder" => (0.0, 38.0),
        "elbow" => (-10.0 * swing, 72.0),
        "wrist" => (-22.0 * swing, 100.0),
        "pinky" | "index" | "thumb" => (-25.0 * swing, 106.0),
        "pelvis" => (0.0, 100.0),
        "hip" => (2.0 * swing, 100.0),
        "knee" => (18.0 * swing, 145.0),
        "ankle" => (35.0 * swing, 188.0),
        "heel" => (29.0 * swing, 198.0),
        "big_toe" | "small_toe" => (35.0 * swing + 20.0, 199.0),
        other => panic!("no place for {other}"),
    };
    Point2::new(x_px + dx, 100.0 + y)
}

fn walker(skeleton: &Skeleton, frames: usize, rate_hz: f64) -> Keypoints2d {
    let time = TimeBase::uniform(frames, rate_hz).expect("a rate");
    let mut points = Vec::new();
    for frame in 0..frames {
        let t = frame as f64 / rate_hz;
        for &joint in skeleton.joints {
            let hidden = frame == 3 && joint == Joint::LeftAnkle;
            points.push((!hidden).then(|| Keypoint {
                position_px: place(joint, 100.0 + 150.0 * t, 6.0 * t),
                confidence: 0.875,
            }));
        }
    }
    Keypoints2d::new(skeleton.joints.to_vec(), time, Some([1920, 1080]), points)
        .expect("a recording")
}

fn file(name: &str, text: impl Into<Vec<u8>>) -> NamedBytes {
    NamedBytes {
        name: name.to_owned(),
        bytes: text.into(),
    }
}

fn at_30_hz() -> ReadOptions {
    ReadOptions {
        fps_hz: Some(30.0),
        image_size_px: Some([1920, 1080]),
        ..ReadOptions::default()
    }
}

#[track_caller]
fn check_same(read: &Keypoints2d, written: &Keypoints2d, joints: &[Joint]) {
    assert_eq!(read.frames(), written.frames());
    for (a, b) in read.time().times_s().iter().zip(written.time().times_s()) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    for &joint in joints {
        let (Some(a), Some(b)) = (read.trajectory(joint), written.trajectory(joint)) else {
            panic!("{joint} was lost");
        };
        for (frame, (a, b)) in a.iter().zip(&b).enumerate() {
            match (a, b) {
                (Some(a), Some(b)) => {
                    assert!(nalgebra::distance(&a.position_px, &b.position_px) < 1e-6);
                    assert!((a.confidence - b.confidence).abs() < 1e-9);
                }
                (None, None) => {}
                other => panic!("{joint} in frame {frame}: {other:?}"),
            }
        }
    }
}

/// Formats with the skeleton that each stores in full.
const STORED: [(KeypointFormat, &Skeleton); 10] = [
    (KeypointFormat::Ambulo, &HALPE_26),
    (KeypointFormat::OpenPose, &BODY_25),
    (KeypointFormat::OpenPoseBody25, &BODY_25),
    (KeypointFormat::OpenPoseBody25b, &BODY_25B),
    (KeypointFormat::Coco, &COCO_17),
    (KeypointFormat::AlphaPose, &HALPE_26),
    (KeypointFormat::MmPose, &HALPE_26),
    (KeypointFormat::MediaPipe, &ambulo::skeleton::BLAZEPOSE_33),
    (
        KeypointFormat::MediaPipeCsv,
        &ambulo::skeleton::BLAZEPOSE_33,
    ),
    (KeypointFormat::DeepLabCut, &HALPE_26),
];

#[test]
fn what_is_written_is_recognised_and_read_back() {
    for (format, skeleton) in STORED {
        let written = walker(skeleton, 40, 30.0);
        let files = write(&written, format).unwrap();
        let recognised = recognise(&files).unwrap();
        let expected = match format {
            KeypointFormat::OpenPoseBody25 | KeypointFormat::OpenPoseBody25b => {
                KeypointFormat::OpenPose
            }
            other => other,
        };
        assert_eq!(recognised, expected);
        let has_time = matches!(
            format,
            KeypointFormat::Ambulo | KeypointFormat::MediaPipe | KeypointFormat::MediaPipeCsv
        );
        let options = ReadOptions {
            fps_hz: (!has_time).then_some(30.0),
            ..at_30_hz()
        };
        let trial = read(&files, &options).unwrap_or_else(|e| panic!("{format}: {e}"));
        check_same(&trial.keypoints, &written, skeleton.joints);
        assert_eq!((trial.people_seen, trial.chosen), (1, 0), "{format}");
    }
}

#[test]
fn our_own_format_loses_nothing() {
    let time = TimeBase::new(vec![0.0, 1001.0 / 30_000.0, 0.09]).unwrap();
    let points = vec![
        None,
        Some(Keypoint {
            position_px: Point2::new(0.1, -1e-7),
            confidence: 1.0 / 3.0,
        }),
        Some(Keypoint {
            position_px: Point2::new(0.0, 0.0),
            confidence: 0.0,
        }),
        None,
        None,
        None,
    ];
    let written = Keypoints2d::new(vec![Joint::C7, Joint::LeftPsis], time, None, points).unwrap();
    for written in [written.clone(), written.with_sides_decided()] {
        let files = write(&written, KeypointFormat::Ambulo).unwrap();
        let trial = read(&files, &ReadOptions::default()).unwrap();
        assert_eq!(trial.keypoints, written);
    }
}

#[test]
fn formats_without_time_ask_for_the_frame_rate() {
    for format in [
        KeypointFormat::OpenPose,
        KeypointFormat::Coco,
        KeypointFormat::AlphaPose,
        KeypointFormat::MmPose,
        KeypointFormat::DeepLabCut,
    ] {
        let files = write(&walker(&BODY_25, 5, 30.0), format).unwrap();
        let error = read(&files, &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, KeypointError::NeedsFps { .. }), "{format}");
        assert!(error.to_string().contains("--fps"));
    }
}

#[test]
fn missing_openpose_files_are_empty_frames_not_less_time() {
    let mut files = write(&walker(&BODY_25, 20, 30.0), KeypointFormat::OpenPose).unwrap();
    files.drain(8..11);
    let trial = read(&files, &at_30_hz()).unwrap();
    assert_eq!(trial.keypoints.frames(), 20);
    assert!(trial.keypoints.frame(9).iter().all(Option::is_none));
    assert!(trial.keypoints.frame(11).iter().any(Option::is_some));
    assert!(
        trial
            .notes
            .iter()
            .any(|note| note.contains("3 frame numbers"))
    );
    files.push(file("999999999_keypoints.json", "{\"people\":[]}"));
    let error = read(&files, &at_30_hz()).unwrap_err();
    assert!(
        matches!(error, KeypointError::FrameGap { before: 19, .. }),
        "{error}"
    );
}

#[test]
fn twenty_five_points_without_shape_are_refused_with_what_to_pass() {
    let mut rng = SeededRng::new(3);
    let files: Vec<NamedBytes> = (0..30)
        .map(|frame| {
            let numbers: Vec<String> = (0..75).map(|_| rng.below(1000).to_string()).collect();
            let text = format!(
                "{{\"people\":[{{\"pose_keypoints_2d\":[{}]}}]}}",
                numbers.join(",")
            );
            file(&format!("{frame}.json"), text)
        })
        .collect();
    let error = read(&files, &at_30_hz()).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("openpose-body25") && message.contains("openpose-body25b"));
    let given = ReadOptions {
        format: Some(KeypointFormat::OpenPoseBody25b),
        ..at_30_hz()
    };
    assert!(read(&files, &given).is_ok());
}

#[test]
fn the_walker_is_chosen_and_another_can_be_asked_for() {
    let walking = walker(&COCO_17, 60, 30.0);
    let numbers = |frame: usize, still: bool| -> String {
        let numbers: Vec<String> = (0..17)
            .map(|index| {
                let p = walking.frame(if still { 59 } else { frame })[index];
                p.map_or("0,0,0".to_owned(), |p| {
                    format!("{},{},0.9", p.position_px.x, p.position_px.y + 3.0)
                })
            })
            .collect();
        numbers.join(",")
    };
    let mut entries = Vec::new();
    for frame in 0..60 {
        for still in [true, false] {
            entries.push(format!(
                "{{\"image_id\":\"{frame}.jpg\",\"keypoints\":[{}],\"score\":2.5}}",
                numbers(frame, still)
            ));
        }
    }
    let files = [file(
        "alphapose-results.json",
        format!("[{}]", entries.join(",")),
    )];
    assert_eq!(recognise(&files).unwrap(), KeypointFormat::AlphaPose);
    let trial = read(&files, &at_30_hz()).unwrap();
    assert_eq!((trial.people_seen, trial.chosen), (2, 0));
    assert!(trial.notes.iter().any(|note| note.contains("2 people")));
    let nose = |keypoints: &Keypoints2d, frame: usize| {
        keypoints.trajectory(Joint::Nose).unwrap()[frame]
            .unwrap()
            .position_px
            .x
    };
    assert!(nose(&trial.keypoints, 59) - nose(&trial.keypoints, 0) > 200.0);
    let other = ReadOptions {
        person: PersonChoice::Index(1),
        ..at_30_hz()
    };
    let other = read(&files, &other).unwrap().keypoints;
    assert!((nose(&other, 59) - nose(&other, 0)).abs() < 1.0);
    let nobody = ReadOptions {
        person: PersonChoice::Index(2),
        ..at_30_hz()
    };
    let error = read(&files, &nobody).unwrap_err();
    assert!(matches!(
        error,
        KeypointError::NoSuchPerson { asked: 2, seen: 2 }
    ));
}

#[test]
fn several_animals_of_deeplabcut_are_people() {
    let text = "scorer,net,net,net,net,net,net\n\
        individuals,a,a,a,b,b,b\n\
        bodyparts,LKnee,LKnee,LKnee,LKnee,LKnee,LKnee\n\
        coords,x,y,likelihood,x,y,likelihood\n\
        0,1.5,2,0.9,,,\n\
        1,2.5,2,0.9,500,7,0.4\n";
    let trial = read(&[file("dlc.csv", text)], &at_30_hz()).unwrap();
    assert_eq!(trial.keypoints.joints(), [Joint::LeftKnee]);
    let knee = trial.keypoints.trajectory(Joint::LeftKnee).unwrap();
    assert_eq!(knee[1].unwrap().position_px, Point2::new(2.5, 2.0));
}

#[test]
fn names_that_are_no_joints_are_listed() {
    let text = "scorer,n,n,n\nbodyparts,tail,tail,tail\ncoords,x,y,likelihood\n0,1,2,1\n";
    let error = read(&[file("mouse.csv", text)], &at_30_hz()).unwrap_err();
    assert!(error.to_string().contains("tail"), "{error}");
}

#[test]
fn the_forms_of_other_tools_are_recognised() {
    let points = |count: usize, of: &str| vec![of; count].join(",");
    let landmark = "{\"x\":0.5,\"y\":0.25,\"z\":0,\"visibility\":0.9,\"presence\":1}";
    let cases = [
        (
            "MediaPipe frames of landmarks",
            format!("[[], [{}]]", points(33, landmark)),
            KeypointFormat::MediaPipe,
        ),
        (
            "MediaPipe frames of arrays",
            format!("[[{}]]", points(33, "[0.5,0.25,0.0,0.9]")),
            KeypointFormat::MediaPipe,
        ),
        (
            "MediaPipe tasks",
            format!(
                "[{{\"timestamp_ms\":40,\"pose_landmarks\":[[{}]]}}]",
                points(33, landmark)
            ),
            KeypointFormat::MediaPipe,
        ),
        (
            "MMPose inferencer of a video",
            format!(
                "[{{\"frame_id\":0,\"instances\":[{{\"keypoints\":[{}],\"keypoint_scores\":[{}]}}]}}]",
                points(17, "[960,270]"),
                points(17, "0.9")
            ),
            KeypointFormat::MmPose,
        ),
        (
            "MMPose predictions dumped as they are, with NaN",
            format!(
                "{{\"predictions\":[[{{\"keypoints\":[{}],\"keypoint_scores\":[{}],\"bbox_score\":NaN}}]]}}",
                points(17, "[960,270]"),
                points(17, "0.9")
            ),
            KeypointFormat::MmPose,
        ),
        (
            "AlphaPose in the style of OpenPose",
            format!(
                "{{\"0.jpg\":{{\"version\":\"x\",\"people\":[{{\"pose_keypoints_2d\":[{}]}}]}}}}",
                points(18, "960,270,0.9")
            ),
            KeypointFormat::AlphaPose,
        ),
        (
            "Halpe with face and hands",
            format!(
                "[{{\"image_id\":\"0.jpg\",\"keypoints\":[{}]}}]",
                points(136, "960,270,0.9")
            ),
            KeypointFormat::AlphaPose,
        ),
        (
            "COCO annotations",
            format!(
                "{{\"images\":[{{\"id\":7,\"file_name\":\"f_1.png\",\"width\":640,\"height\":480}}],\"annotations\":[{{\"image_id\":7,\"keypoints\":[{}]}}]}}",
                points(17, "960,270,2")
            ),
            KeypointFormat::Coco,
        ),
        (
            "MediaPipe CSV by number",
            {
                let header: Vec<_> = (1..=33).map(|i| format!("x{i},y{i},z{i},v{i}")).collect();
                format!(
                    "class,{}\nwalk,{}\n",
                    header.join(","),
                    points(33, "0.5,0.25,0,0.9")
                )
            },
            KeypointFormat::MediaPipeCsv,
        ),
        (
            "MediaPipe CSV by landmark",
            format!(
                "frame,landmark,x,y,z,visibility\n{}",
                ["LEFT_KNEE", "RIGHT_FOOT_INDEX", "NOSE"]
                    .map(|name| format!("0,{name},0.5,0.25,0,0.9\n"))
                    .concat()
            ),
            KeypointFormat::MediaPipeCsv,
        ),
    ];
    for (what, text, format) in cases {
        let files = [file("input", text)];
        assert_eq!(recognise(&files).unwrap(), format, "{what}");
        let trial = read(&files, &at_30_hz()).unwrap_or_else(|e| panic!("{what}: {e}"));
        let nose = trial.keypoints.trajectory(Joint::Nose).unwrap();
        let seen = nose.into_iter().flatten().next().expect(what);
        assert_eq!(seen.position_px, Point2::new(960.0, 270.0), "{what}");
    }
}

#[test]
fn what_is_no_keypoint_file_is_refused() {
    for text in [
        "",
        "{}",
        "[]",
        "hello",
        "a,b,c\n1,2,3\n",
        "[1,2,3]",
        "{\"people\":3}",
    ] {
        let result = read(&[file("x.json", text)], &at_30_hz());
        assert!(result.is_err(), "{text}");
    }
    let deep = "[".repeat(200_000);
    assert!(read(&[file("deep.json", deep)], &at_30_hz()).is_err());
    assert!(matches!(recognise(&[]), Err(KeypointError::Empty)));
}

#[test]
fn json_that_breaks_off_says_where_it_ends_and_what_to_do() {
    let whole = write(&walker(&COCO_17, 5, 30.0), KeypointFormat::Ambulo).unwrap();
    let whole = &whole[0].bytes;
    for length in [whole.len() / 3, whole.len() - 2] {
        let part = file("keypoints.json", &whole[..length]);
        for format in [None, Some(KeypointFormat::Ambulo)] {
            let options = ReadOptions {
                format,
                ..ReadOptions::default()
            };
            let error = read(std::slice::from_ref(&part), &options).unwrap_err();
            let lines = whole[..length].split(|&byte| byte == b'\n').count();
            let KeypointError::EndsEarly { bytes, line, name } = &error else {
                panic!("{length} bytes: {error}");
            };
            assert_eq!(
                (*bytes, *line, name.as_str()),
                (length, lines, "keypoints.json")
            );
            assert!(error.to_string().contains("again"), "{error}");
        }
    }
}

#[test]
fn damaged_json_says_where() {
    let broken = file("pose.json", "{\"people\": [1, 2\n; 3]}");
    let error = read(&[broken], &ReadOptions::default()).unwrap_err();
    let KeypointError::Json { source, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(source.line(), 2);
}

#[test]
fn no_damage_makes_a_reader_panic() {
    for (format, skeleton) in STORED {
        let original = write(&walker(skeleton, 6, 30.0), format).unwrap();
        let mut rng = SeededRng::new(0xA3B0);
        for round in 0..KEYPOINT_MUTANTS {
            let mut files = original.clone();
            let at = rng.below(files.len());
            files[at].bytes = mutate(&files[at].bytes, &mut rng);
            let options = ReadOptions {
                format: (round % 2 == 0).then_some(format),
                ..at_30_hz()
            };
            // Any answer will do; coming back with one is the claim.
            let _ = read(&files, &options);
        }
    }
}

#[test]
fn real_detections_of_four_cameras_are_body_25b() {
    let Some(data) = data_dir() else { return };
    let folder = data.join("video/pose2sim_single/openpose_body25b");
    for camera in ["cam01", "cam02", "cam03", "cam04"] {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder.join(format!("{camera}_json"))).unwrap() {
            let path = entry.unwrap().path();
            files.push(NamedBytes {
                name: path.file_name().unwrap().to_string_lossy().into_owned(),
                bytes: std::fs::read(&path).unwrap(),
            });
        }
        let options = ReadOptions {
            fps_hz: Some(60.0),
            ..ReadOptions::default()
        };
        let trial = read(&files, &options).unwrap();
        assert_eq!(trial.layout, BODY_25B.title, "{camera}");
        assert_eq!(trial.keypoints.frames(), 100, "{camera}");
        let hips = trial.keypoints.trajectory(Joint::LeftHip).unwrap();
        let seen = hips.iter().flatten().count();
        assert!(seen >= 95, "{camera}: {seen} hips, {:?}", trial.notes);
        let repair = repair_keypoints(&trial.keypoints, &ExchangeConfig::default());
        let clean = remove_jumps(&repair.recording, &JumpConfig::default());
        println!(
            "{camera}: {} people, legs {:?}, arms {:?}, jumps {:?}",
            trial.people_seen, repair.legs, repair.arms, clean.removed
        );
        assert!(repair.leg_frames() <= 20, "{camera}: {:?}", repair.legs);
    }
}
