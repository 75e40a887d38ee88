//! Motion of any file that names enough joints: Plug-in Gait, BVH, other motion capture.

use std::path::Path;

use ambulo::Side;
use ambulo::motion::Motion3d;
use ambulo::signal::gaps::{GapLimits, fill_gaps_points};
use ambulo::signal::spline::CubicSpline;
use ambulo::skeleton::{Joint, on};
use ambulo::trial::Recording;
use ambulo_io::c3d::{C3d, to_trial};
use nalgebra::{Point3, Rotation3, Unit, Vector3};

use super::body::{PelvisMarkers, Pose, at, gaze_correction, length_of, put_face, put_toes};
use super::{MotionError, Origin, PARTS, RATE_HZ, Take, read};

/// A trial in which the hips go less far shows no walking.
const LEAST_TRAVEL_M: f64 = 1.0;
/// The middle of a head band above the midpoint of the ears, in metres, on an adult.
const BAND_ABOVE_EARS_M: f64 = 0.055;
/// A head band's front and back markers on a head of the size that `put_face` makes.
const BAND_LENGTH_M: f64 = 0.165;
/// Heel behind and below the ankle, and toe before and below it, as shares of leg and trunk: the means
/// of standing people with Plug-in Gait's markers.
const HEEL_BEHIND: f64 = 0.050;
const HEEL_BELOW: f64 = 0.034;
const TOE_AHEAD: f64 = 0.103;
const TOE_BELOW: f64 = 0.021;
/// Ears above and before the midpoint of the shoulders, as shares of leg and trunk.
const EARS_ABOVE: f64 = 0.175;
const EARS_AHEAD: f64 = 0.035;

/// Points of a pose that a motion must have, and the joint each is.
const NEEDED: [(usize, Joint); 12] = [
    (at::LEFT_SHOULDER, Joint::LeftShoulder),
    (at::RIGHT_SHOULDER, Joint::RightShoulder),
    (at::LEFT_ELBOW, Joint::LeftElbow),
    (at::RIGHT_ELBOW, Joint::RightElbow),
    (at::LEFT_WRIST, Joint::LeftWrist),
    (at::RIGHT_WRIST, Joint::RightWrist),
    (at::LEFT_HIP, Joint::LeftHip),
    (at::RIGHT_HIP, Joint::RightHip),
    (at::LEFT_KNEE, Joint::LeftKnee),
    (at::RIGHT_KNEE, Joint::RightKnee),
    (at::LEFT_ANKLE, Joint::LeftAnkle),
    (at::RIGHT_ANKLE, Joint::RightAnkle),
];

/// A recording of a gait laboratory as its file has it.
#[derive(Debug, Clone, PartialEq)]
pub struct LaboratoryTrial {
    /// The name of its file, without its ending.
    pub name: String,
    /// Who is recorded.
    pub person: String,
    /// Its markers and joints.
    pub motion: Motion3d,
}

/// Recordings of a gait laboratory's people, one folder each with its C3D files.
///
/// # Errors
///
/// [`MotionError`] if a folder or a file cannot be read.
pub fn laboratory_trials(
    folder: &Path,
    people: &[String],
) -> Result<Vec<LaboratoryTrial>, MotionError> {
    let mut trials = Vec::new();
    for person in people {
        let folder = folder.join(person);
        let unreadable = |source| MotionError::Read {
            path: folder.clone(),
            source,
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|ext| ext.eq_ignore_ascii_case("c3d"))
            {
                paths.push(path);
            }
        }
        paths.sort();
        for path in paths {
            let c3d = C3d::parse(&read(&path)?).map_err(|source| MotionError::C3d {
                path: path.clone(),
                source,
            })?;
            let trial = to_trial(&c3d).map_err(|source| MotionError::Trial {
                path: path.clone(),
                source,
            })?;
            let Recording::Motion(motion) = trial.recording else {
                continue;
            };
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            trials.push(LaboratoryTrial {
                name: name.into_owned(),
                person: person.clone(),
                motion,
            });
        }
    }
    Ok(trials)
}

/// Walks of a gait laboratory's people, one folder each with its C3D files. Trials in which nobody goes
/// anywhere are left out.
///
/// # Errors
///
/// [`MotionError`] if a folder or a file cannot be read, or a file lacks joints.
pub fn plug_in_gait_walks(folder: &Path, people: &[String]) -> Result<Vec<Take>, MotionError> {
    let mut takes = Vec::new();
    for trial in laboratory_trials(folder, people)? {
        let mut take = from_motion(&trial.motion, &trial.name, &trial.person)?;
        take.origin = Origin::PlugInGait;
        if take.travel_m() >= LEAST_TRAVEL_M {
            takes.push(take);
        }
    }
    Ok(takes)
}

/// The longest stretch of a motion that shows all joints, at [`RATE_HZ`].
///
/// Heels, toes and the face are made from the ankles, feet and trunk where the motion does not name
/// them; a face is turned so that it looks ahead over the whole walk.
///
/// # Errors
///
/// [`MotionError::NoJoint`] if a joint of arms, legs, hips or shoulders is not named.
pub fn from_motion(motion: &Motion3d, name: &str, person: &str) -> Result<Take, MotionError> {
    let times_s = motion.time().times_s();
    let limits = GapLimits::default();
    let track = |joint: Joint| {
        let points = motion.trajectory(joint)?;
        Some(fill_gaps_points(times_s, &points, &limits).values)
    };
    let mut tracks: Vec<(Joint, Vec<Option<Point3<f64>>>)> = Vec::new();
    for (_, joint) in NEEDED {
        tracks.push((joint, track(joint).ok_or(MotionError::NoJoint { joint })?));
    }
    let mut optional = vec![Joint::Nose, Joint::HeadTop];
    for side in Side::BOTH {
        optional.extend([
            on::heel(side),
            on::toe(side),
            on::ear(side),
            on::front_head(side),
            on::back_head(side),
        ]);
    }
    for joint in optional {
        // A point that is seldom seen is made instead.
        if let Some(points) = track(joint)
            && points.iter().flatten().count() * 10 >= points.len() * 9
        {
            tracks.push((joint, points));
        }
    }
    let stretch = longest_complete(&tracks, times_s.len());
    let curves: Vec<(Joint, [CubicSpline; 3])> = tracks
        .iter()
        .filter_map(|(joint, points)| {
            Some((
                *joint,
                curves(&times_s[stretch.clone()], &points[stretch.clone()])?,
            ))
        })
        .collect();
    let mut poses = Vec::new();
    let mut pelvis = Vec::new();
    if let (Some(&start_s), Some(&end_s)) = (
        times_s[stretch.clone()].first(),
        times_s[stretch.clone()].last(),
    ) {
        let at_time = |joint: Joint, time_s: f64| {
            curves
                .iter()
                .find(|(have, _)| *have == joint)
                .map(|(_, curve)| Vector3::from_fn(|axis, _| curve[axis].value(time_s)))
        };
        let even_s: Vec<f64> = (0..u32::MAX)
            .map(|frame| start_s + f64::from(frame) / RATE_HZ)
            .take_while(|&time_s| time_s <= end_s)
            .collect();
        if curves.len() >= NEEDED.len() {
            poses = build(&even_s, at_time);
            let spines = spines(|joint| {
                let points = track(joint)?;
                let inside = &points[stretch.clone()];
                let is_whole = inside.iter().all(Option::is_some);
                let curve = self::curves(&times_s[stretch.clone()], inside)?;
                is_whole.then_some(curve)
            });
            pelvis = spines.map_or_else(Vec::new, |spines| pelvis_at(&spines, &even_s));
        }
    }
    Ok(Take {
        name: name.to_owned(),
        person: person.to_owned(),
        origin: Origin::Other,
        poses,
        pelvis,
    })
}

/// Where the spines of the pelvis are over time: those at the back, or what lies between them.
fn spines(curve: impl Fn(Joint) -> Option<[CubicSpline; 3]>) -> Option<[[CubicSpline; 3]; 4]> {
    let back = |side| curve(on::psis(side)).or_else(|| curve(Joint::Sacrum));
    Some([
        curve(Joint::LeftAsis)?,
        curve(Joint::RightAsis)?,
        back(Side::Left)?,
        back(Side::Right)?,
    ])
}

fn pelvis_at(spines: &[[CubicSpline; 3]; 4], times_s: &[f64]) -> Vec<PelvisMarkers> {
    let at =
        |curve: &[CubicSpline; 3], time_s| Vector3::from_fn(|axis, _| curve[axis].value(time_s));
    times_s
        .iter()
        .map(|&time_s| spines.each_ref().map(|curve| at(curve, time_s)))
        .collect()
}

fn longest_complete(
    tracks: &[(Joint, Vec<Option<Point3<f64>>>)],
    frames: usize,
) -> std::ops::Range<usize> {
    let mut best = 0..0;
    let mut start = 0;
    for frame in 0..=frames {
        let complete = frame < frames && tracks.iter().all(|(_, points)| points[frame].is_some());
        if !complete {
            if frame - start > best.len() {
                best = start..frame;
            }
            start = frame + 1;
        }
    }
    best
}

fn curves(times_s: &[f64], points: &[Option<Point3<f64>>]) -> Option<[CubicSpline; 3]> {
    let axis = |axis: usize| {
        let values: Vec<f64> = points.iter().flatten().map(|p| p[axis]).collect();
        CubicSpline::not_a_knot(times_s, &values).ok()
    };
    Some([axis(0)?, axis(1)?, axis(2)?])
}

/// Poses from joints over time.
fn build(times_s: &[f64], joint: impl Fn(Joint, f64) -> Option<Vector3<f64>>) -> Vec<Pose> {
    let mut poses: Vec<Pose> = times_s
        .iter()
        .map(|&time_s| {
            let mut pose = [Vector3::zeros(); PARTS];
            for (point, needed) in NEEDED {
                pose[point] = joint(needed, time_s).unwrap_or_default();
            }
            pose
        })
        .collect();
    let mut lengths: Vec<f64> = poses.iter().map(length_of).collect();
    lengths.sort_by(f64::total_cmp);
    let length_m = lengths.get(lengths.len() / 2).copied().unwrap_or(1.0);
    let heads: Vec<Head> = times_s
        .iter()
        .zip(&poses)
        .map(|(&time_s, pose)| head(pose, length_m, |j| joint(j, time_s)))
        .collect();
    let gaze = gaze_correction(
        heads
            .iter()
            .map(|head| head.forward.y.clamp(-1.0, 1.0).asin()),
    );
    for ((pose, head), &time_s) in poses.iter_mut().zip(&heads).zip(times_s) {
        let right = Unit::new_normalize(head.forward.cross(&head.up));
        let lift = Rotation3::from_axis_angle(&right, gaze);
        let (forward, up) = (lift * head.forward, lift * head.up);
        let ears = head.centre - up * head.above_ears_m;
        put_face(pose, &ears, &forward, &up, head.size);
        if let Some(nose) = joint(Joint::Nose, time_s) {
            pose[at::NOSE] = nose;
        }
        put_feet(pose, length_m, |j| joint(j, time_s));
    }
    poses
}

/// Where a head is and where it points.
struct Head {
    /// The midpoint of the ears or of a head band.
    centre: Vector3<f64>,
    /// How far `centre` lies above the ears.
    above_ears_m: f64,
    forward: Vector3<f64>,
    up: Vector3<f64>,
    size: f64,
}

fn head(pose: &Pose, length_m: f64, joint: impl Fn(Joint) -> Option<Vector3<f64>>) -> Head {
    let pair = |of: fn(Side) -> Joint| Some([joint(of(Side::Left))?, joint(of(Side::Right))?]);
    let across = pose[at::RIGHT_SHOULDER] - pose[at::LEFT_SHOULDER];
    let hips = super::mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let shoulders = super::mid(pose, at::LEFT_SHOULDER, at::RIGHT_SHOULDER);
    if let (Some([left_front, right_front]), Some([left_back, right_back])) =
        (pair(on::front_head), pair(on::back_head))
    {
        let ahead = (left_front + right_front - left_back - right_back) * 0.5;
        let aside = right_front + right_back - left_front - left_back;
        let size = (ahead.norm() / BAND_LENGTH_M).clamp(0.85, 1.15);
        let forward = unit(&ahead, &Vector3::x());
        let up = unit(&aside.cross(&forward), &Vector3::y());
        return Head {
            centre: (left_front + right_front + left_back + right_back) * 0.25,
            above_ears_m: BAND_ABOVE_EARS_M * size,
            forward,
            up,
            size,
        };
    }
    let size = (length_m / 1.3).clamp(0.75, 1.15);
    if let (Some([left, right]), Some(nose)) = (pair(on::ear), joint(Joint::Nose)) {
        let centre = (left + right) * 0.5;
        let aside = right - left;
        let ahead = nose - centre;
        let forward = unit(
            &(ahead - aside * (ahead.dot(&aside) / aside.norm_squared().max(1e-9))),
            &Vector3::x(),
        );
        return Head {
            centre,
            above_ears_m: 0.0,
            forward,
            up: unit(&aside.cross(&forward), &Vector3::y()),
            size,
        };
    }
    let trunk_up = unit(&(shoulders - hips), &Vector3::y());
    let forward = unit(&Vector3::y().cross(&across), &Vector3::x());
    Head {
        centre: shoulders + (trunk_up * EARS_ABOVE + forward * EARS_AHEAD) * length_m,
        above_ears_m: 0.0,
        forward,
        up: Vector3::y(),
        size,
    }
}

/// Heels and toes, measured or made along the foot. Without either, the foot points where the knee's
/// hinge makes it point.
fn put_feet(pose: &mut Pose, length_m: f64, joint: impl Fn(Joint) -> Option<Vector3<f64>>) {
    let across = pose[at::RIGHT_HIP] - pose[at::LEFT_HIP];
    let ahead = unit(&Vector3::y().cross(&across), &Vector3::x());
    for (side, knee, ankle, heel) in [
        (Side::Left, at::LEFT_KNEE, at::LEFT_ANKLE, at::LEFT_HEEL),
        (Side::Right, at::RIGHT_KNEE, at::RIGHT_ANKLE, at::RIGHT_HEEL),
    ] {
        let (knee, ankle) = (pose[knee], pose[ankle]);
        let measured = [joint(on::heel(side)), joint(on::toe(side))];
        let rough = match measured {
            [Some(heel), Some(toe)] => toe - heel,
            [None, Some(toe)] => toe - ankle,
            [Some(heel), None] => ankle - heel,
            [None, None] => {
                let shank = unit(&(ankle - knee), &-Vector3::y());
                ahead - shank * ahead.dot(&shank)
            }
        };
        let aside = rough.cross(&Vector3::y());
        // The sole's normal: square to the foot's line, and as near to the vertical as that allows.
        let up = unit(&aside.cross(&rough), &Vector3::y());
        let along = unit(&rough, &ahead);
        let along = match measured {
            // From the ankle a toe lies below the sole's direction.
            [None, Some(_)] => {
                let dip = (TOE_BELOW / TOE_AHEAD).atan();
                let axis = Unit::new_normalize(unit(&aside, &Vector3::z()));
                Rotation3::from_axis_angle(&axis, dip) * along
            }
            _ => along,
        };
        pose[heel] = measured[0]
            .unwrap_or_else(|| ankle - (along * HEEL_BEHIND + up * HEEL_BELOW) * length_m);
        let toe =
            measured[1].unwrap_or_else(|| ankle + (along * TOE_AHEAD - up * TOE_BELOW) * length_m);
        put_toes(
            pose,
            side == Side::Left,
            &toe,
            &along,
            (length_m / 1.2).clamp(0.7, 1.2),
        );
    }
}

fn unit(vector: &Vector3<f64>, otherwise: &Vector3<f64>) -> Vector3<f64> {
    vector.try_normalize(1e-9).unwrap_or(*otherwise)
}
