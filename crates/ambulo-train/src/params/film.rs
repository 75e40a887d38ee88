//! Recordings made from motion capture: other bodies, other paces, simulated impairments, cameras beside the
//! walk, detectors that err.
//!
//! A recorded walk is short, so one gait cycle of it goes on for as long as the recording takes: what lies
//! between the cycle's end and its beginning is spread evenly over it. Then body and gait are changed, and the
//! way is made anew so that the standing foot does not slip. What is true of the walk is measured in that motion
//! by the path that analyses motion capture, before any camera sees it.

mod camera;
pub(crate) mod gait;
pub(crate) mod measured;
pub(crate) mod period;
pub(crate) mod stroll;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use ambulo::Side;
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::{BODY_25, COCO_23, Joint};
use ambulo::synth::SeededRng;
use ambulo::time::TimeBase;
use ambulo_nn::codec::params::RATE_HZ as FILM_HZ;
use nalgebra::{Point2, center};
use serde::{Deserialize, Serialize};

use super::ParamsClip;
use crate::film::{Detector, clip_rng, detect};
use crate::motion::{self, MotionError, People, RATE_HZ, Role, Take};
use gait::Gait;
use period::{Figure, Period};
use stroll::Stroll;

/// How many recordings are made, and from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParamsFilm {
    /// Seeds everything random.
    pub seed: u64,
    /// Recordings of each person that is learned from.
    pub train_clips: usize,
    /// Recordings of each person that chooses when to stop.
    pub tune_clips: usize,
    /// Recordings of each person that is only measured.
    pub test_clips: usize,
    /// Films of each recording that is learned from, each by a camera and a detector of its own. Measuring a
    /// walk costs more than filming it.
    pub train_views: usize,
    /// Frames of a recording.
    pub frames: usize,
    /// How far a camera may stand from square beside the walk, in degrees.
    pub view_deg: f64,
    /// Share of recordings that a perfect detector saw.
    pub clean_share: f64,
}

impl Default for ParamsFilm {
    fn default() -> Self {
        Self {
            seed: 1,
            train_clips: 120,
            tune_clips: 100,
            test_clips: 60,
            train_views: 1,
            frames: 186,
            view_deg: 12.0,
            clean_share: 0.25,
        }
    }
}

impl ParamsFilm {
    fn clips_of(&self, role: Role) -> usize {
        match role {
            Role::Train => self.train_clips,
            Role::Tune => self.tune_clips,
            Role::Test => self.test_clips,
        }
    }

    fn views_of(&self, role: Role) -> usize {
        match role {
            Role::Train => self.train_views.max(1),
            Role::Tune | Role::Test => 1,
        }
    }
}

/// Seconds of motion before and after the film that the classical path sees too.
const MARGIN_S: f64 = 0.8;
/// How often a recording is made anew if something of it cannot be measured or seen.
const ATTEMPTS: u64 = 6;
/// The least share of frames that show a leg's joint.
const LEAST_SEEN: f64 = 0.8;

/// Recordings of all people of these roles, from the walks in a folder of data (`cmu` and `c3d/biomechzoo` in
/// it), made on so many threads. The same data and settings always give the same recordings, on any number of
/// threads; each person has as many as the settings say, less those that could not be measured.
///
/// # Errors
///
/// [`MotionError`] if the walks are missing or damaged.
pub fn film(
    data: &Path,
    film: &ParamsFilm,
    roles: &[Role],
    threads: usize,
) -> Result<Vec<ParamsClip>, MotionError> {
    let people = People::built_in()?;
    let takes = motion::load(data, &people)?;
    let mut names: Vec<&str> = takes.iter().map(|take| take.person.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let wanted = |name: &str| roles.contains(&people.role(name));
    let own: Vec<&Take> = takes.iter().filter(|take| wanted(&take.person)).collect();
    let periods = in_parallel(&own, threads, |take| period::periods(take));
    let walks: Vec<Walk<'_>> = (0_u64..)
        .zip(&names)
        .filter(|(_, name)| wanted(name))
        .flat_map(|(person, &name)| {
            let clips = 0..film.clips_of(people.role(name)) as u64;
            clips.map(move |index| Walk {
                person,
                name,
                index,
            })
        })
        .collect();
    let of_person = |name: &str| -> Vec<&Period> {
        let takes = own.iter().zip(&periods);
        let own = takes.filter(|(take, _)| take.person == name);
        own.flat_map(|(_, periods)| periods).collect()
    };
    let periods: BTreeMap<&str, Vec<&Period>> =
        names.iter().map(|&name| (name, of_person(name))).collect();
    let clips = in_parallel(&walks, threads, |walk| {
        let role = people.role(walk.name);
        walk.film(&periods[walk.name], film, role)
    });
    Ok(clips.into_iter().flatten().collect())
}

/// Results of all items in their order, made on so many threads.
fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    threads: usize,
    make: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut made: Vec<(usize, R)> = std::thread::scope(|scope| {
        let work = || {
            let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
            let own = numbers.map_while(|number| Some((number, make(items.get(number)?))));
            own.collect::<Vec<_>>()
        };
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        let made = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        made.flatten().collect()
    });
    made.sort_by_key(|(number, _)| *number);
    made.into_iter().map(|(_, result)| result).collect()
}

/// One walk of one person, to be made and filmed.
struct Walk<'a> {
    person: u64,
    name: &'a str,
    index: u64,
}

impl Walk<'_> {
    /// Films of the walk; none if it could not be measured.
    fn film(&self, periods: &[&Period], film: &ParamsFilm, role: Role) -> Vec<ParamsClip> {
        let made = (0..ATTEMPTS).find_map(|attempt| {
            let mut rng = clip_rng(film.seed, self.person, self.index * ATTEMPTS + attempt);
            clips(periods, film, film.views_of(role), &mut rng)
        });
        let clips = (0..).zip(made.into_iter().flatten());
        clips
            .map(|(view, clip)| ParamsClip {
                name: match view {
                    0 => format!("{}-{:03}", self.name, self.index),
                    view => format!("{}-{:03}-{view}", self.name, self.index),
                },
                role,
                ..clip
            })
            .collect()
    }
}

/// Films of one walk; `None` if a target cannot be measured, or too little of the walker is in the first picture.
fn clips(
    periods: &[&Period],
    film: &ParamsFilm,
    views: usize,
    rng: &mut SeededRng,
) -> Option<Vec<ParamsClip>> {
    let period = periods.get(rng.below(periods.len()))?;
    let gait = Gait::draw(rng, period);
    let stroll = Stroll::new(period, &gait);
    let duration_s = film.frames as f64 / FILM_HZ + 2.0 * MARGIN_S;
    let motion_frames = crate::film::whole(duration_s * RATE_HZ);
    let figures = stroll.walked(rng, motion_frames, RATE_HZ);
    let motion = period::motion_of(&figures, RATE_HZ)?;
    let truth = measured::measured(&motion)?.truth();
    let all = [
        truth.gdi.left,
        truth.gdi.right,
        truth.knee_flexion_deg.left,
        truth.knee_flexion_deg.right,
        truth.speed_mps,
        truth.cadence_hz,
    ];
    let expected_hz = 1.0 / gait.duration_s;
    let is_steady = (truth.cadence_hz? / expected_hz - 1.0).abs() < 0.05;
    if all.iter().any(Option::is_none) || !is_steady {
        return None;
    }
    let filmed: Vec<Figure> = (0..film.frames)
        .map(|frame| {
            let place = (MARGIN_S + frame as f64 / FILM_HZ) * RATE_HZ;
            crate::film::pose_at(&figures, place)
        })
        .collect();
    let height_m = period.length_m * gait.body.size / ambulo_nn::codec::lift::LENGTH_OF_HEIGHT;
    let mut clip = || {
        let (keypoints, near) = view(&filmed, height_m, film, rng)?;
        Some(ParamsClip {
            name: String::new(),
            person: period.person.clone(),
            role: Role::Train,
            keypoints,
            near,
            truth,
        })
    };
    let mut clips = vec![clip()?];
    clips.extend((1..views).filter_map(|_| clip()));
    Some(clips)
}

/// What a detector finds in a film by a camera beside the walk, and the side that faces the camera.
fn view(
    filmed: &[Figure],
    height_m: f64,
    film: &ParamsFilm,
    rng: &mut SeededRng,
) -> Option<(Keypoints2d, Side)> {
    let shot = camera::shoot(filmed, film.view_deg, rng);
    let (near, far) = if shot.sees_left {
        (Side::Left, Side::Right)
    } else {
        (Side::Right, Side::Left)
    };
    let detector = Detector {
        feet: true,
        never: 0.0,
        ..Detector::draw(rng, far, film.frames, film.clean_share)
    };
    let found = detect(&shot.film, shot.px_per_m * height_m, &detector, rng);
    Some((keypoints(&found, film.frames)?, near))
}

/// What was found as keypoints of `BODY_25`; `None` if a joint of the legs was seldom seen.
fn keypoints(found: &[Option<Vec<Option<Keypoint>>>], frames: usize) -> Option<Keypoints2d> {
    let centre = camera::IMAGE_PX.map(|side| 0.5 * f64::from(side));
    let at = |joint: Joint, frame: usize| -> Option<Keypoint> {
        let point = *found.get(COCO_23.index_of(joint)?)?.as_ref()?.get(frame)?;
        point.map(|point| Keypoint {
            position_px: Point2::from(point.position_px.coords + nalgebra::Vector2::from(centre)),
            ..point
        })
    };
    let between = |a: Joint, b: Joint, frame: usize| {
        let (a, b) = (at(a, frame)?, at(b, frame)?);
        Some(Keypoint {
            position_px: center(&a.position_px, &b.position_px),
            confidence: a.confidence.min(b.confidence),
        })
    };
    let mut points = Vec::with_capacity(frames * BODY_25.joints.len());
    for frame in 0..frames {
        for &joint in BODY_25.joints {
            points.push(match joint {
                Joint::Neck => between(Joint::LeftShoulder, Joint::RightShoulder, frame),
                Joint::Pelvis => between(Joint::LeftHip, Joint::RightHip, frame),
                joint => at(joint, frame),
            });
        }
    }
    let seen = |joint: &Joint| {
        (0..frames)
            .filter(|&frame| at(*joint, frame).is_some())
            .count()
    };
    let legs = ambulo_nn::codec::params::JOINTS.iter();
    if legs
        .map(seen)
        .any(|seen| (seen as f64) < LEAST_SEEN * frames as f64)
    {
        return None;
    }
    let time = TimeBase::uniform(frames, FILM_HZ).ok()?;
    Keypoints2d::new(
        BODY_25.joints.to_vec(),
        time,
        Some(camera::IMAGE_PX),
        points,
    )
    .ok()
}
