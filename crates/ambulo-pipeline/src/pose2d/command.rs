//! What `ambulo pose2d` does: a video in, one walker's keypoints out.

use std::path::Path;

use ambulo::identity::sides::{self, DecidedSides, Sighting};
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::{COCO_23, Joint};
use ambulo::time::TimeBase;
use ambulo::trial::{Recording, Trial};
use ambulo_io::boxes::{PeopleBoxes, PersonBox};
use ambulo_io::files;
use ambulo_io::formats::Format;
use ambulo_io::keypoints::KeypointFormat;
use ambulo_io::video::{VideoConfig, VideoReader};

use super::choice::{self, SeenPerson};
use super::everybody::everybody;
use super::track::Tracker;
use super::{Filmed, Pose2dError, PoseNetwork};
use crate::config::{Config, Person};
use crate::read::{LoadedTrial, PoseRecord};

/// A video, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct VideoInput<'a> {
    /// The file.
    pub path: &'a Path,
    /// Boxes of a person detector, in place of our own search.
    pub boxes: Option<&'a PeopleBoxes>,
}

/// Finds one walker's keypoints in a video. `progress` is told how many frames were read, and how many
/// there are, where that is known.
///
/// # Errors
///
/// [`Pose2dError`] says what the video is, or that nobody is in it, and what to do next.
pub fn keypoints_of(
    video: VideoInput<'_>,
    network: &mut dyn PoseNetwork,
    config: &Config,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Filmed, Pose2dError> {
    let reading = VideoConfig {
        decoder: config.video.decoder,
        ..VideoConfig::default()
    };
    let mut reader = VideoReader::open(video.path, &reading)?;
    let picture_px = [reader.info().width_px, reader.info().height_px];
    let listed = reader.info().frames;
    let from_s = config.video.from_s.unwrap_or(0.0);
    let to_s = config.video.to_s.unwrap_or(f64::INFINITY);
    let mut tracker = Tracker::new(&config.pose2d);
    let mut times_s: Vec<f64> = Vec::new();
    let mut last_s = 0.0;
    while let Some(frame) = reader.next() {
        let frame = frame?;
        last_s = frame.time_s;
        if frame.time_s > to_s {
            break;
        }
        if frame.time_s >= from_s {
            let none: &[PersonBox] = &[];
            let boxes = video
                .boxes
                .map(|boxes| boxes.get(&frame.index).map_or(none, Vec::as_slice));
            tracker.push(network, &frame.picture, frame.time_s, boxes)?;
            times_s.push(frame.time_s);
        }
        progress(frame.index + 1, listed);
        reader.give_back(frame.picture);
    }
    let frames = times_s.len();
    let (Some(&first_frame_s), Ok(time)) = (times_s.first(), TimeBase::new(times_s.clone())) else {
        return Err(Pose2dError::NothingBetween {
            from_s,
            to_s,
            last_s,
        });
    };
    let people = tracker.finish();
    let everybody = everybody(&people, &time, picture_px);
    let mut people = choice::ranked(people, &times_s, picture_px);
    let seen: Vec<SeenPerson> = people.iter().map(|(person, _)| person.clone()).collect();
    if people.is_empty() {
        return Err(Pose2dError::Nobody { frames });
    }
    let chosen = match config.input.person {
        Person::Auto => 0,
        Person::Index(index) if index < people.len() => index,
        Person::Index(asked) => {
            return Err(Pose2dError::NoSuchPerson {
                asked,
                people: choice::describe(&seen, 0),
            });
        }
    };
    let (_, sightings) = people.swap_remove(chosen);
    let found_frames = sightings.len();
    let joints = joints_of(&sightings);
    let decided = decide(&joints, &time, picture_px, sightings, config);
    let keypoints = kept(&joints, time, picture_px, &decided, config)?;
    let mut notes: Vec<String> = reader.warnings().iter().map(ToString::to_string).collect();
    if seen.len() > 1 {
        notes.push(choice::describe(&seen, chosen));
    }
    Ok(Filmed {
        keypoints,
        people: seen,
        chosen,
        found_frames,
        everybody,
        legs: decided.legs,
        arms: decided.arms,
        network: network.identity().clone(),
        decoder: reader.info().decoder.to_string(),
        first_frame_s,
        notes,
    })
}

/// The trial of a video, ready to be analysed.
///
/// # Errors
///
/// [`Pose2dError::File`] if the file cannot be read again, for its SHA-256.
pub fn trial_of(path: &Path, filmed: &Filmed, config: &Config) -> Result<LoadedTrial, Pose2dError> {
    let mut trial = Trial::new(Recording::Keypoints(filmed.keypoints.clone()));
    trial.subject = config.subject.clone();
    trial.file_time_of_first_frame_s = filmed.first_frame_s;
    trial.file_number_of_first_frame = 0;
    trial.notes.clone_from(&filmed.notes);
    let name = path.file_name().map_or_else(
        || "video".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    Ok(LoadedTrial {
        trial,
        name,
        format: Format::Keypoints(KeypointFormat::Ambulo),
        sha256: files::sha256_of(path)?,
        pose2d: Some(PoseRecord {
            method: filmed.method(&config.pose2d),
            weights_sha256: filmed.network.weights_sha256.clone(),
            everybody: filmed.everybody.clone(),
            legs: filmed.legs.clone(),
        }),
    })
}

fn joints_of(sightings: &[(usize, Sighting)]) -> Vec<Joint> {
    let count = sightings.first().map_or(0, |(_, seen)| seen.points.len());
    COCO_23.joints.iter().copied().take(count).collect()
}

fn decide(
    joints: &[Joint],
    time: &TimeBase,
    picture_px: [u32; 2],
    sightings: Vec<(usize, Sighting)>,
    config: &Config,
) -> DecidedSides {
    let mut frames: Vec<Option<Sighting>> = vec![None; time.frames()];
    for (frame, seen) in sightings {
        frames[frame] = Some(seen);
    }
    sides::decide(joints, time, picture_px, &frames, &config.pose2d.sides)
}

/// The keypoints that are certain enough.
fn kept(
    joints: &[Joint],
    time: TimeBase,
    picture_px: [u32; 2],
    decided: &DecidedSides,
    config: &Config,
) -> Result<Keypoints2d, Pose2dError> {
    let least = config.pose2d.least_confidence;
    let mut points: Vec<Option<Keypoint>> = Vec::with_capacity(time.frames() * joints.len());
    for frame in &decided.points {
        for joint in 0..joints.len() {
            let point = frame.get(joint).copied().flatten();
            points.push(point.filter(|point| point.confidence >= least));
        }
    }
    Keypoints2d::new(joints.to_vec(), time, Some(picture_px), points)
        .map(Keypoints2d::with_sides_decided)
        .map_err(|error| Pose2dError::Network(error.to_string()))
}
