//! From videos to keypoints, with a network that knows joints by the colours that a painter gave them.

use std::path::PathBuf;

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::picture::Picture;
use ambulo::skeleton::{COCO_23, Joint};
use ambulo::synth::{self, Camera, Projection, SeededRng, Walker};
use ambulo_io::boxes::{PeopleBoxes, PersonBox};
use ambulo_io::video::{DecoderChoice, WriterConfig, to_bytes};
use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::maps::HeatMaps;
use ambulo_pipeline::config::{Config, Person};
use ambulo_pipeline::lifting::Identity;
use ambulo_pipeline::pose2d::{
    Filmed, Pose2dConfig, Pose2dError, PoseNetwork, Tracker, VideoInput, keypoints_of, trial_of,
};
use nalgebra::{Point2, Vector2};

const SIZE_PX: [u32; 2] = [640, 360];
const JOINTS: usize = COCO_23.joints.len();
const GROUND: [u8; 3] = [14, 14, 14];

/// Every joint has a colour of its own, far from all others.
fn colour(joint: usize) -> [u8; 3] {
    // Three levels of three colours, without the grey ones.
    let codes: Vec<usize> = (1..26).filter(|code| *code != 13).collect();
    let level = |place: usize| [0, 128, 255][place % 3];
    let code = codes[joint];
    [level(code), level(code / 3), level(code / 9)]
}

/// A network that finds colours, and takes left for right as often as it is told to.
struct Painted {
    identity: Identity,
    codec: Pose2dCodec,
    exchanges: f64,
    rng: SeededRng,
    crops: usize,
}

impl Painted {
    fn new(exchanges: f64) -> Self {
        Self {
            identity: Identity {
                name: "painted 1".to_owned(),
                network: "colours".to_owned(),
                weights_sha256: None,
            },
            codec: Pose2dCodec {
                crop_px: [96, 128],
                map_cells: [24, 32],
                joints: JOINTS,
                sigma_cells: 1.0,
                ..Pose2dCodec::default()
            },
            exchanges,
            rng: SeededRng::new(5),
            crops: 0,
        }
    }
}

impl PoseNetwork for Painted {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn codec(&self) -> &Pose2dCodec {
        &self.codec
    }

    fn maps(&mut self, crops: &[f32], count: usize) -> Result<Vec<HeatMaps>, Pose2dError> {
        let [width, height] = self.codec.crop_px;
        let [columns, rows] = self.codec.map_cells;
        self.crops += count;
        let maps = crops.chunks_exact(3 * width * height).map(|crop| {
            let exchanged = self.rng.unit() < self.exchanges;
            // ImageNet's levels back to those of the picture.
            let level = |channel: usize, x: usize, y: usize| {
                let value = crop[(channel * height + y) * width + x];
                255.0 * (value * [0.229, 0.224, 0.225][channel] + [0.485, 0.456, 0.406][channel])
            };
            let mut cells = vec![0.0_f32; JOINTS * columns * rows];
            for y in 1..height - 1 {
                for x in 1..width - 1 {
                    let colour_at = |x: usize, y: usize| [0, 1, 2].map(|c| level(c, x, y));
                    let rgb = colour_at(x, y);
                    if rgb.iter().all(|&level| level < 60.0) {
                        continue;
                    }
                    // The edge of one colour is another colour: only the middle of a joint is the joint.
                    let beside = [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)];
                    let is_edge = beside.into_iter().any(|(x, y)| {
                        let other = colour_at(x, y);
                        (0..3).any(|channel| (rgb[channel] - other[channel]).abs() > 80.0)
                    });
                    if is_edge {
                        continue;
                    }
                    let near = (0..JOINTS)
                        .map(|joint| {
                            let apart =
                                |channel: usize| rgb[channel] - f32::from(colour(joint)[channel]);
                            (
                                apart(0).powi(2) + apart(1).powi(2) + apart(2).powi(2),
                                joint,
                            )
                        })
                        .min_by(|a, b| a.0.total_cmp(&b.0));
                    if let Some((apart, joint)) = near
                        && apart < 55.0 * 55.0
                    {
                        let mirrored = COCO_23.index_of(COCO_23.joints[joint].mirrored());
                        let joint = if exchanged {
                            mirrored.unwrap_or(joint)
                        } else {
                            joint
                        };
                        let cell = [x * columns / width, y * rows / height];
                        let at = (joint * rows + cell[1]) * columns + cell[0];
                        cells[at] = (cells[at] + 0.35).min(1.0);
                    }
                }
            }
            HeatMaps::new(JOINTS, [columns, rows], cells)
                .map_err(|error| Pose2dError::Network(error.to_string()))
        });
        maps.collect()
    }
}

/// A walker who passes in front of the camera, as a perfect detector would see them.
fn passing(azimuth_deg: f64, rate_hz: f64) -> Keypoints2d {
    let walker = Walker {
        strides: 2,
        ..Walker::default().at_rate(rate_hz)
    };
    let camera = Camera {
        azimuth_deg,
        distance_m: 5.5,
        projection: Projection::Pinhole { focal_px: 520.0 },
        image_size_px: SIZE_PX,
        ..Camera::default()
    };
    synth::film(&synth::walk(&walker).expect("a healthy adult"), &camera)
}

/// The same, who has not come to who stands at the end of the walk yet.
fn approaching() -> Keypoints2d {
    let whole = passing(90.0, 25.0);
    whole.cut(0..whole.frames() * 3 / 5)
}

/// Somebody who stands where they are, larger or smaller than the walker.
fn standing(like: &Keypoints2d, at_px: [f64; 2], scale: f64) -> Vec<Option<Keypoint>> {
    let middle = like.frames() / 2;
    let points = like.frame(middle);
    let hip = COCO_23.index_of(Joint::LeftHip).expect("a hip");
    let from = points[hip].expect("seen in the middle").position_px;
    let place = |point: &Option<Keypoint>| {
        point.map(|point| Keypoint {
            position_px: Point2::from(at_px) + (point.position_px - from) * scale,
            ..point
        })
    };
    points.iter().map(place).collect()
}

fn paint(people: &[&[Option<Keypoint>]], hidden: Option<[f64; 2]>) -> Picture {
    let [width, height] = SIZE_PX;
    let mut rgb: Vec<u8> = (0..width * height).flat_map(|_| GROUND).collect();
    let mut set = |x: f64, y: f64, colour: [u8; 3]| {
        if (0.0..f64::from(width)).contains(&x) && (0.0..f64::from(height)).contains(&y) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "inside"
            )]
            let at = 3 * (y as usize * width as usize + x as usize);
            rgb[at..at + 3].copy_from_slice(&colour);
        }
    };
    for person in people {
        for (joint, point) in person.iter().enumerate() {
            let Some(point) = point else { continue };
            for dy in -4..=4_i32 {
                for dx in -4..=4_i32 {
                    if dx * dx + dy * dy <= 16 {
                        let at = point.position_px + Vector2::new(f64::from(dx), f64::from(dy));
                        set(at.x.round(), at.y.round(), colour(joint));
                    }
                }
            }
        }
    }
    if let Some([from, to]) = hidden {
        for y in 0..height {
            for x in 0..width {
                if (from..to).contains(&f64::from(x)) {
                    set(f64::from(x), f64::from(y), GROUND);
                }
            }
        }
    }
    Picture::new(width, height, rgb).expect("three bytes a pixel")
}

/// A film of these people, written and put into a file of its own.
fn film(name: &str, frames: &[Picture], times_s: &[f64]) -> PathBuf {
    let bytes = coded(frames, times_s);
    let path = std::env::temp_dir().join(format!("ambulo-{}-{name}.mp4", std::process::id()));
    std::fs::write(&path, bytes).expect("the temporary folder can be written");
    path
}

fn coded(frames: &[Picture], times_s: &[f64]) -> Vec<u8> {
    let config = WriterConfig {
        quantizer: 16,
        ..WriterConfig::default()
    };
    to_bytes(frames.iter().zip(times_s.iter().copied()), &config).expect("a film is written")
}

fn config() -> Config {
    let mut config = Config::default();
    config.video.decoder = DecoderChoice::Builtin;
    config
}

fn found(path: &PathBuf, network: &mut Painted, config: &Config) -> Result<Filmed, Pose2dError> {
    let video = VideoInput { path, boxes: None };
    let found = keypoints_of(video, network, config, &mut |_, _| {});
    std::fs::remove_file(path).expect("it was just read");
    found
}

/// Median distance of the joints that both show, and how many.
fn apart(truth: &Keypoints2d, found: &Keypoints2d, joints: &[Joint]) -> (f64, usize) {
    let mut distances = Vec::new();
    for frame in 0..truth.frames().min(found.frames()) {
        for &joint in joints {
            let index = COCO_23.index_of(joint).expect("a joint of it");
            if let (Some(a), Some(b)) = (truth.frame(frame)[index], found.frame(frame)[index]) {
                distances.push(nalgebra::distance(&a.position_px, &b.position_px));
            }
        }
    }
    let middle = distances.len() / 2;
    distances.sort_by(f64::total_cmp);
    (
        distances.get(middle).copied().unwrap_or(f64::NAN),
        distances.len(),
    )
}

const LEGS: [Joint; 6] = [
    Joint::LeftHip,
    Joint::RightHip,
    Joint::LeftKnee,
    Joint::RightKnee,
    Joint::LeftAnkle,
    Joint::RightAnkle,
];

fn pictures(truth: &Keypoints2d) -> Vec<Picture> {
    (0..truth.frames())
        .map(|frame| paint(&[truth.frame(frame)], None))
        .collect()
}

#[test]
fn a_walker_is_found_and_followed_at_the_container_s_times() {
    let truth = passing(90.0, 30_000.0 / 1001.0);
    let path = film("one", &pictures(&truth), truth.time().times_s());
    let mut network = Painted::new(0.0);
    let filmed = found(&path, &mut network, &config()).expect("a walker");
    assert_eq!(filmed.people.len(), 1);
    assert_eq!(filmed.keypoints.frames(), truth.frames());
    for (a, b) in filmed
        .keypoints
        .time()
        .times_s()
        .iter()
        .zip(truth.time().times_s())
    {
        assert!((a - b).abs() < 1e-4, "{a} {b}");
    }
    let (median_px, count) = apart(&truth, &filmed.keypoints, &LEGS);
    assert!(median_px < 4.0, "{median_px} px over {count}");
    assert!(count as f64 > 0.75 * (6 * truth.frames()) as f64, "{count}");
    // Joints that left the picture are missing.
    for (frame, points) in (0..truth.frames()).map(|frame| (frame, filmed.keypoints.frame(frame))) {
        for point in points.iter().flatten() {
            let at = point.position_px;
            assert!(
                at.x < 640.0 && at.y < 360.0 && at.x >= 0.0,
                "{at} in frame {frame}"
            );
        }
    }
    let method = filmed.method(&Pose2dConfig::default());
    assert_eq!(method.stage, "pose2d");
    assert!(
        method.description.contains("painted 1"),
        "{}",
        method.description
    );
}

#[test]
fn sides_that_the_network_mixes_up_are_right_over_the_clip() {
    for azimuth_deg in [90.0, -90.0] {
        let truth = passing(azimuth_deg, 30.0);
        let path = film(
            &format!("mixed{azimuth_deg}"),
            &pictures(&truth),
            truth.time().times_s(),
        );
        let filmed = found(&path, &mut Painted::new(0.4), &config()).expect("a walker");
        let (median_px, count) = apart(&truth, &filmed.keypoints, &LEGS);
        assert!(
            median_px < 4.0,
            "{median_px} px over {count}, {:?}",
            filmed.legs
        );
        assert!(filmed.legs.exchanged > 5, "{:?}", filmed.legs);
    }
}

#[test]
fn of_two_people_the_walker_is_taken_unless_another_is_asked_for() {
    let truth = approaching();
    let bystander = standing(&truth, [590.0, 150.0], 1.0);
    let frames: Vec<Picture> = (0..truth.frames())
        .map(|frame| paint(&[&bystander, truth.frame(frame)], None))
        .collect();
    let path = film("two", &frames, truth.time().times_s());
    let filmed = found(&path, &mut Painted::new(0.0), &config()).expect("a walker");
    assert_eq!(
        (filmed.people.len(), filmed.chosen),
        (2, 0),
        "{:?}",
        filmed.people
    );
    assert!(filmed.people[0].path_heights > filmed.people[1].path_heights);
    let (median_px, _) = apart(&truth, &filmed.keypoints, &LEGS);
    assert!(median_px < 4.0, "{median_px} px");
    assert!(
        filmed
            .notes
            .iter()
            .any(|note| note.contains("2 people were seen"))
    );

    let path = film("other", &frames, truth.time().times_s());
    let mut other = config();
    other.input.person = Person::Index(1);
    let filmed = found(&path, &mut Painted::new(0.0), &other).expect("a bystander");
    let hip = COCO_23.index_of(Joint::LeftHip).expect("a hip");
    let at = filmed.keypoints.frame(0)[hip].expect("seen").position_px;
    assert!((at.x - 590.0).abs() < 8.0, "{at}");

    let path = film("third", &frames, truth.time().times_s());
    other.input.person = Person::Index(7);
    let error = found(&path, &mut Painted::new(0.0), &other).expect_err("there are two");
    assert!(
        error.to_string().contains("there is no person 7"),
        "{error}"
    );
}

#[test]
fn a_walker_who_was_hidden_is_followed_again() {
    let truth = passing(90.0, 30.0);
    let frames: Vec<Picture> = (0..truth.frames())
        .map(|frame| paint(&[truth.frame(frame)], Some([290.0, 350.0])))
        .collect();
    let path = film("pillar", &frames, truth.time().times_s());
    let filmed = found(&path, &mut Painted::new(0.0), &config()).expect("a walker");
    assert_eq!(filmed.people.len(), 1, "{:?}", filmed.people);
    let [from, to] = filmed.people[0].from_to_px;
    assert!((from[0] - to[0]).abs() > 250.0, "{from:?} {to:?}");
}

#[test]
fn boxes_of_a_detector_take_the_place_of_the_search() {
    let truth = approaching();
    let bystander = standing(&truth, [590.0, 150.0], 1.0);
    let frames: Vec<Picture> = (0..truth.frames())
        .map(|frame| paint(&[&bystander, truth.frame(frame)], None))
        .collect();
    let path = film("boxes", &frames, truth.time().times_s());
    let mut boxes = PeopleBoxes::new();
    let xs = bystander.iter().flatten().map(|point| point.position_px.x);
    let left = xs.fold(f64::MAX, f64::min);
    let box_px = [left - 5.0, 50.0, 80.0, 195.0];
    for frame in 0..10 {
        boxes.insert(frame, vec![PersonBox { box_px, score: 0.9 }]);
    }
    let video = VideoInput {
        path: &path,
        boxes: Some(&boxes),
    };
    let filmed = keypoints_of(video, &mut Painted::new(0.0), &config(), &mut |_, _| {});
    std::fs::remove_file(&path).expect("it was just read");
    let filmed = filmed.expect("a bystander");
    assert_eq!(filmed.people.len(), 1);
    for at in filmed.people[0].from_to_px {
        assert!((at[0] - 590.0).abs() < 12.0, "{:?}", filmed.people);
    }
}

#[test]
fn nobody_one_frame_and_a_cut_tail_end_clearly() {
    let truth = passing(90.0, 30.0);
    let empty: Vec<Picture> = (0..20).map(|_| paint(&[], None)).collect();
    let times_s: Vec<f64> = (0..20).map(|frame| f64::from(frame) / 30.0).collect();
    let path = film("nobody", &empty, &times_s);
    let error = found(&path, &mut Painted::new(0.0), &config()).expect_err("nobody is there");
    assert!(error.was_readable(), "{error}");
    assert!(
        error
            .to_string()
            .contains("no person was found in 20 frames"),
        "{error}"
    );

    let middle = truth.frames() / 2;
    let one = [paint(&[truth.frame(middle)], None)];
    let path = film("single", &one, &[0.0]);
    let filmed = found(&path, &mut Painted::new(0.0), &config()).expect("one frame");
    assert_eq!((filmed.keypoints.frames(), filmed.found_frames), (1, 1));

    let whole = coded(&pictures(&truth), truth.time().times_s());
    let path = film("tail", &one, &[0.0]);
    std::fs::write(&path, &whole[..whole.len() * 3 / 4]).expect("the file can be written");
    let filmed = found(&path, &mut Painted::new(0.0), &config()).expect("the first part");
    assert!(filmed.keypoints.frames() < truth.frames());
    assert!(filmed.found_frames > truth.frames() / 3);
    assert!(!filmed.notes.is_empty());

    let path = film("between", &one, &[0.0]);
    let mut late = config();
    late.video.from_s = Some(3.0);
    let error = found(&path, &mut Painted::new(0.0), &late).expect_err("nothing is so late");
    assert!(
        matches!(error, Pose2dError::NothingBetween { .. }),
        "{error}"
    );
}

#[test]
fn a_video_is_analysed_as_its_keypoints_are() {
    let truth = passing(90.0, 30.0);
    let path = film("analysed", &pictures(&truth), truth.time().times_s());
    let mut config = config();
    config.subject.height_m = Some(1.75);
    let video = VideoInput {
        path: &path,
        boxes: None,
    };
    let filmed = keypoints_of(video, &mut Painted::new(0.0), &config, &mut |_, _| {});
    let filmed = filmed.expect("a walker");
    let loaded = trial_of(&path, &filmed, &config).expect("the file is there");
    std::fs::remove_file(&path).expect("it was just read");
    let analysed = ambulo_pipeline::analyze(&loaded, &config, &mut |_| {});
    assert_eq!(analysed.analysis.input.format, "video");
    assert_eq!(analysed.analysis.methods[0].stage, "pose2d");
    assert!(
        analysed.analysis.events.len() >= 6,
        "{:?}",
        analysed.analysis.events
    );
}

#[test]
fn memory_does_not_grow_with_the_frames_but_for_keypoints() {
    let truth = passing(90.0, 30.0);
    let frame = paint(&[truth.frame(truth.frames() / 2)], None);
    let settings = Pose2dConfig::default();
    let kept = |frames: u32| {
        let mut network = Painted::new(0.0);
        let info = allocation_counter::measure(|| {
            let mut tracker = Tracker::new(&settings);
            for index in 0..frames {
                let time_s = f64::from(index) / 30.0;
                tracker
                    .push(&mut network, &frame, time_s, None)
                    .expect("the network answers");
            }
            assert_eq!(tracker.followed(), 1);
        });
        info.bytes_max
    };
    let (short, long) = (kept(20), kept(80));
    // Points and candidates of 60 more frames; lists double as they grow.
    assert!(long < short + 60 * 12_000, "{short} and {long} bytes");
}
