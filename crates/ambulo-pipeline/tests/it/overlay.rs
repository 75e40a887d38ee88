//! The overlay of a filmed synthetic walker.

use std::path::{Path, PathBuf};

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::picture::Picture;
use ambulo::skeleton::Joint;
use ambulo::synth::{self, Camera, Walker};
use ambulo::time::TimeBase;
use ambulo::trial::{Recording, Trial};
use ambulo_io::video::{DecoderChoice, VideoConfig, VideoReader, VideoWriter, WriterConfig};
use ambulo_pipeline::Analysed;
use ambulo_pipeline::overlay::{Overlay, OverlayConfig, Places, Told, write};
use nalgebra::Point2;

use super::whole;

const BUILTIN: VideoConfig = VideoConfig {
    decoder: DecoderChoice::Builtin,
    patience_s: 60.0,
    ffmpeg_folder: None,
};

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ambulo-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A walk from the side in a picture of this size, at uneven times, without some frames of some joints.
fn walk(size_px: [u32; 2]) -> Keypoints2d {
    let walker = Walker {
        strides: 3,
        ..Walker::default().at_rate(25.0)
    };
    let trial = synth::walk(&walker).unwrap();
    let camera = Camera {
        distance_m: 9.0,
        ..Camera::default()
    };
    let full = synth::film(&trial, &camera);
    let from = camera.image_size_px;
    let scale = f64::from(size_px[0]) / f64::from(from[0]);
    let points = full.points().iter().enumerate().map(|(index, point)| {
        let unseen = index % 37 == 0;
        point.filter(|_| !unseen).map(|point| Keypoint {
            position_px: Point2::from(point.position_px.coords * scale),
            ..point
        })
    });
    let times_s = full.time().times_s().iter().enumerate();
    let times_s = times_s.map(|(frame, time_s)| time_s + 0.004 * f64::from(frame % 3 == 1));
    let time = TimeBase::new(times_s.collect()).unwrap();
    Keypoints2d::new(
        full.joints().to_vec(),
        time,
        Some(size_px),
        points.collect(),
    )
    .unwrap()
}

/// A grey picture with a fine chequer, which tells a hidden head from one that is not.
fn ground(size_px: [u32; 2]) -> Picture {
    let [width, height] = size_px;
    let rgb = (0..height)
        .flat_map(|row| {
            (0..width).flat_map(move |column| {
                let fine = (row / 3 + column / 3) % 2 == 0;
                [if fine { 70_u8 } else { 150 }; 3]
            })
        })
        .collect();
    Picture::new(width, height, rgb).unwrap()
}

fn film(path: &Path, keypoints: &Keypoints2d, size_px: [u32; 2]) {
    let settings = WriterConfig::default();
    let mut writer = VideoWriter::create(path, size_px[0], size_px[1], &settings).unwrap();
    let picture = ground(size_px);
    for &time_s in keypoints.time().times_s() {
        writer.push(&picture, time_s).unwrap();
    }
    writer.finish().unwrap();
}

fn analysed(keypoints: &Keypoints2d) -> Analysed {
    let mut trial = Trial::new(Recording::Keypoints(keypoints.clone()));
    trial.subject.height_m = Some(1.75);
    whole::analysed(trial)
}

/// Everything from a film to its overlay.
fn overlaid(folder: &Folder, size_px: [u32; 2], config: &OverlayConfig) -> (Analysed, Overlay) {
    let keypoints = walk(size_px);
    let video = folder.path().join("walk.mp4");
    film(&video, &keypoints, size_px);
    let analysed = analysed(&keypoints);
    let Recording::Keypoints(recording) = &analysed.recording else {
        panic!("keypoints are keypoints");
    };
    let told = Told {
        keypoints: recording,
        others: &[],
        analysis: &analysed.analysis,
        angles: &analysed.angles,
        min_confidence: 0.3,
    };
    let crops = folder.path().join("crops");
    let places = Places {
        results: folder.path(),
        crops: Some(&crops),
    };
    let overlay = write(&video, &BUILTIN, &told, places, config, &mut |_, _| {}).unwrap();
    (analysed, overlay)
}

fn frames(path: &Path) -> Vec<(f64, Picture)> {
    let reader = VideoReader::open(path, &BUILTIN).unwrap();
    reader
        .map(|frame| frame.map(|frame| (frame.time_s, frame.picture)).unwrap())
        .collect()
}

#[test]
fn every_frame_keeps_its_time_and_shows_the_skeleton_in_two_colours() {
    let folder = Folder::new("overlay-times");
    let size_px = [480, 270];
    let (analysed, overlay) = overlaid(&folder, size_px, &OverlayConfig::default());
    let drawn = frames(overlay.path.as_deref().unwrap());
    let Recording::Keypoints(keypoints) = &analysed.recording else {
        panic!("keypoints are keypoints");
    };
    assert_eq!(drawn.len(), keypoints.frames());
    assert_eq!(overlay.frames, drawn.len() as u64);
    for ((time_s, _), expected_s) in drawn.iter().zip(keypoints.time().times_s()) {
        assert!((time_s - expected_s).abs() < 1e-5, "{time_s} {expected_s}");
    }
    // The strip is below the picture, which is whole.
    let picture = &drawn[drawn.len() / 2].1;
    assert_eq!(picture.width_px(), 480);
    assert!(
        (300..400).contains(&picture.height_px()),
        "{}",
        picture.height_px()
    );
    let coloured = |red_is_more: bool| {
        let film = &picture.rgb()[..480 * 270 * 3];
        film.chunks_exact(3)
            .filter(|pixel| {
                let (red, blue) = (i32::from(pixel[0]), i32::from(pixel[2]));
                if red_is_more {
                    red > blue + 60
                } else {
                    blue > red + 60
                }
            })
            .count()
    };
    assert!(coloured(true) > 100, "right: {}", coloured(true));
    assert!(coloured(false) > 100, "left: {}", coloured(false));
}

#[test]
fn stills_and_crops_show_the_events() {
    let folder = Folder::new("overlay-stills");
    let (analysed, overlay) = overlaid(&folder, [480, 270], &OverlayConfig::default());
    let stills = &overlay.film.stills;
    assert_eq!(stills.len(), 4);
    assert!(stills.iter().all(|still| still.png.len() < 400_000));
    let captions: Vec<&str> = stills.iter().map(|still| still.caption.as_str()).collect();
    for side in ["Left", "Right"] {
        for kind in ["initial contact", "foot off"] {
            let wanted = format!("{side} {kind}, ");
            let found = captions.iter().filter(|it| it.starts_with(&wanted)).count();
            assert_eq!(found, 1, "{captions:?}");
        }
    }
    assert_eq!(overlay.crops, analysed.analysis.events.len());
    let crops = std::fs::read_dir(folder.path().join("crops")).unwrap();
    assert_eq!(crops.count(), overlay.crops);
    assert_eq!(overlay.film.video.as_deref(), Some("overlay.mp4"));
}

#[test]
fn a_hidden_head_has_no_detail_left_and_the_rest_of_the_picture_keeps_it() {
    let folder = Folder::new("overlay-blur");
    let config = OverlayConfig {
        face_blur: true,
        quantizer: 10,
        ..OverlayConfig::default()
    };
    let (analysed, overlay) = overlaid(&folder, [960, 540], &config);
    let Recording::Keypoints(keypoints) = &analysed.recording else {
        panic!("keypoints are keypoints");
    };
    let ears = [Joint::LeftEar, Joint::RightEar, Joint::Nose];
    let mut checked = 0;
    for (frame, (_, picture)) in frames(overlay.path.as_deref().unwrap()).iter().enumerate() {
        let heads = ears
            .iter()
            .filter_map(|&it| keypoints.trajectory(it)?[frame]);
        let Some(head) = heads
            .map(|it| it.position_px)
            .reduce(|a, b| Point2::from((a.coords + b.coords) / 2.0))
        else {
            continue;
        };
        // Above the eyes, where no line is drawn.
        let contrast = |x: f64, y: f64| {
            let mut values: Vec<u8> = Vec::new();
            for row in 0..7_u32 {
                for column in 0..7_u32 {
                    let pixel = picture.pixel(whole_px(x) + column, whole_px(y) + row);
                    values.extend(pixel.map(|pixel| pixel[1]));
                }
            }
            let (low, high) = (values.iter().min(), values.iter().max());
            low.zip(high).map(|(low, high)| high - low)
        };
        if let Some(contrast) = contrast(head.x - 3.0, head.y - 12.0) {
            assert!(contrast < 45, "frame {frame}: {contrast}");
            checked += 1;
        }
        if frame % 10 == 0 {
            assert!(contrast(470.0, 500.0).is_some_and(|contrast| contrast > 60));
        }
    }
    assert!(checked > 30, "{checked}");
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a picture"
)]
fn whole_px(value: f64) -> u32 {
    value.max(0.0) as u32
}

#[test]
fn an_upright_video_stays_upright_and_a_smaller_scale_makes_it_smaller() {
    let folder = Folder::new("overlay-upright");
    let config = OverlayConfig {
        scale: 0.5,
        ..OverlayConfig::default()
    };
    let (_, overlay) = overlaid(&folder, [360, 640], &config);
    let drawn = frames(overlay.path.as_deref().unwrap());
    assert_eq!(drawn[0].1.width_px(), 180);
    assert!(
        (320..430).contains(&drawn[0].1.height_px()),
        "{}",
        drawn[0].1.height_px()
    );
}

/// Says in the file that its pictures must be turned a quarter clockwise to stand upright.
fn say_it_lies_on_its_side(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let header = bytes.windows(4).position(|name| name == b"tkhd").unwrap();
    // Behind the name: version and flags, times and number of the track (longer in version 1), ten more fields.
    let long = if bytes[header + 4] == 1 { 12 } else { 0 };
    let matrix = header + 4 + 40 + long;
    let one = [0x0001_0000_i32, -0x0001_0000];
    let turned = [0, one[0], 0, one[1], 0, 0, 0, 0, 0x4000_0000];
    for (place, value) in bytes[matrix..].chunks_exact_mut(4).zip(turned) {
        place.copy_from_slice(&value.to_be_bytes());
    }
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_video_that_lies_on_its_side_is_drawn_upright() {
    let folder = Folder::new("overlay-turned");
    let (stored, upright) = ([640, 360], [360, 640]);
    let keypoints = walk(upright);
    let video = folder.path().join("walk.mp4");
    film(&video, &keypoints, stored);
    say_it_lies_on_its_side(&video);
    let analysed = analysed(&keypoints);
    let told = Told {
        keypoints: &keypoints,
        others: &[],
        analysis: &analysed.analysis,
        angles: &analysed.angles,
        min_confidence: 0.3,
    };
    let places = Places {
        results: folder.path(),
        crops: None,
    };
    let config = OverlayConfig::default();
    let overlay = write(&video, &BUILTIN, &told, places, &config, &mut |_, _| {}).unwrap();
    let drawn = frames(overlay.path.as_deref().unwrap());
    let (_, picture) = &drawn[drawn.len() / 2];
    assert_eq!(picture.width_px(), upright[0]);
    assert!(picture.height_px() >= upright[1]);
    // The skeleton's colours are where its knees are.
    let knees = [Joint::LeftKnee, Joint::RightKnee];
    for knee in knees {
        let at = keypoints.trajectory(knee).unwrap()[drawn.len() / 2];
        let Some(at) = at.map(|point| point.position_px) else {
            continue;
        };
        let coloured = (0..9_u32).flat_map(|row| (0..9_u32).map(move |column| (column, row)));
        let coloured = coloured
            .filter_map(|(x, y)| picture.pixel(whole_px(at.x - 4.0) + x, whole_px(at.y - 4.0) + y))
            .filter(|rgb| rgb[0].abs_diff(rgb[2]) > 50)
            .count();
        assert!(coloured > 3, "{coloured} coloured pixels at the {knee:?}");
    }
}

#[test]
fn only_the_frames_analysed_are_drawn() {
    let folder = Folder::new("overlay-part");
    let size_px = [480, 270];
    let whole = walk(size_px);
    let video = folder.path().join("walk.mp4");
    film(&video, &whole, size_px);
    let part = whole.cut(10..70);
    let first_s = whole.time().times_s()[10];
    let mut analysed = analysed(&part);
    analysed.analysis.input.file_time_of_first_frame_s = first_s;
    let told = Told {
        keypoints: &part,
        others: &[],
        analysis: &analysed.analysis,
        angles: &analysed.angles,
        min_confidence: 0.3,
    };
    let places = Places {
        results: folder.path(),
        crops: None,
    };
    let mut read = 0;
    let progress = &mut |frames, _| read = frames;
    let config = OverlayConfig::default();
    let overlay = write(&video, &BUILTIN, &told, places, &config, progress).unwrap();
    assert_eq!(
        (
            overlay.frames,
            frames(overlay.path.as_deref().unwrap()).len()
        ),
        (60, 60)
    );
    assert_eq!(read, 71);
}

#[test]
fn crops_are_made_without_an_overlay() {
    let folder = Folder::new("overlay-crops");
    let config = OverlayConfig {
        enabled: false,
        ..OverlayConfig::default()
    };
    let (analysed, overlay) = overlaid(&folder, [480, 270], &config);
    assert_eq!(overlay.crops, analysed.analysis.events.len());
    assert_eq!((overlay.path, overlay.frames), (None, 0));
    assert_eq!(overlay.film, ambulo_report::Film::default());
    assert!(!folder.path().join("overlay.mp4").exists());
}

#[test]
fn what_is_no_video_is_said() {
    let folder = Folder::new("overlay-none");
    let keypoints = walk([480, 270]);
    let analysed = analysed(&keypoints);
    let told = Told {
        keypoints: &keypoints,
        others: &[],
        analysis: &analysed.analysis,
        angles: &analysed.angles,
        min_confidence: 0.3,
    };
    let video = folder.path().join("walk.mp4");
    std::fs::write(&video, b"no video").unwrap();
    let places = Places {
        results: folder.path(),
        crops: None,
    };
    let config = OverlayConfig::default();
    let error = write(&video, &BUILTIN, &told, places, &config, &mut |_, _| {});
    assert!(error.is_err());
    assert!(!folder.path().join("overlay.mp4").exists());
}
