//! Our angles against those that Plug-in Gait stored in the same files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ambulo::bouts::{BoutConfig, BoutKind, find_bouts};
use ambulo::kinematics::{AngleConfig, AngleId, AngleMethod, AngleSeries, angles, prefer_file};
use ambulo::motion::Motion3d;
use ambulo::signal::smooth::Smoothing;
use ambulo::skeleton::{Joint, JointMap, on};
use ambulo::trial::{Recording, Trial};
use ambulo::walk::{Surface, View, Walk, WalkConfig, WalkParts, from_motion};
use ambulo::{PerSide, Side};
use ambulo_io::c3d::{C3d, to_trial};
use nalgebra::Point3;

/// RMS differences of one angle over all files, both sides: as they are, and without the mean
/// difference of each file and side.
#[derive(Debug, Clone, Copy, Default)]
struct Difference {
    squares: f64,
    squares_without_offset: f64,
    frames: usize,
}

impl Difference {
    fn add(&mut self, differences: &[f64]) {
        let mean = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
        self.squares += differences.iter().map(|d| d * d).sum::<f64>();
        self.squares_without_offset += differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>();
        self.frames += differences.len();
    }

    fn rms_deg(&self) -> f64 {
        (self.squares / self.frames as f64).sqrt()
    }

    fn rms_without_offset_deg(&self) -> f64 {
        (self.squares_without_offset / self.frames as f64).sqrt()
    }
}

/// Plug-in Gait recordings: walks, turns and people standing.
fn recordings(data: &Path) -> Vec<PathBuf> {
    let mut files = vec![data.join("c3d/btk/PiG_Motion-FlatFoot-Full.c3d")];
    let people = std::fs::read_dir(data.join("c3d/biomechzoo")).expect("a folder of people");
    for person in people {
        let person = person.expect("a readable folder").path();
        if person.is_dir() {
            let trials = std::fs::read_dir(person).expect("a folder of trials");
            files.extend(trials.map(|trial| trial.expect("a readable file").path()));
        }
    }
    files.sort();
    files
}

fn read(file: &Path) -> Trial {
    let bytes = std::fs::read(file).expect("a readable file");
    let c3d = C3d::parse(&bytes).expect("a C3D file");
    to_trial(&c3d).expect("a person's motion")
}

fn motion(trial: &Trial) -> &Motion3d {
    match &trial.recording {
        Recording::Motion(motion) => motion,
        Recording::Keypoints(_) => panic!("C3D holds motion"),
    }
}

/// The motion with skin markers only.
fn without_centres(motion: &Motion3d) -> Motion3d {
    let is_centre = |joint: Joint| {
        Side::BOTH
            .iter()
            .any(|&side| [on::hip(side), on::knee(side), on::ankle(side)].contains(&joint))
    };
    let kept: Vec<Joint> = motion
        .joints()
        .iter()
        .copied()
        .filter(|&j| !is_centre(j))
        .collect();
    let map = JointMap::between(motion.joints(), &kept).expect("a subset");
    motion.mapped(&kept, &map)
}

/// The motion with joint centres and feet only, as a fitted body or a lifter gives it.
fn centres_only(motion: &Motion3d) -> Motion3d {
    let kept: Vec<Joint> = Side::BOTH
        .iter()
        .flat_map(|&side| {
            [
                on::hip(side),
                on::knee(side),
                on::ankle(side),
                on::heel(side),
                on::toe(side),
            ]
        })
        .collect();
    let map = JointMap::between(motion.joints(), &kept).expect("a subset");
    motion.mapped(&kept, &map)
}

/// The walk as a camera far to the side would see it.
fn side_view(walk: &Walk) -> Walk {
    let trajectories = walk
        .joints()
        .filter_map(|joint| {
            let points = walk.trajectory(joint)?.iter();
            let flat = points.map(|point| point.map(|p| Point3::new(p.x, p.y, 0.0)));
            Some((joint, flat.collect()))
        })
        .collect();
    Walk::new(WalkParts {
        time: walk.time().clone(),
        start_time_s: walk.start_time_s(),
        start_frame: walk.start_frame(),
        view: View::Sagittal,
        unit: walk.unit(),
        surface: walk.surface(),
        leg_length: walk.leg_length(),
        trajectories,
    })
}

/// The straight bouts that follow an axis of the laboratory, as Plug-in Gait takes the direction.
fn straight_walks(trial: &Trial, motion: &Motion3d, config: &WalkConfig) -> Vec<Walk> {
    let search = find_bouts(motion, &BoutConfig::default());
    let along_axis = |x: f64, z: f64| x.abs().max(z.abs()) > 10.0_f64.to_radians().cos();
    search
        .bouts
        .iter()
        .filter(|bout| bout.kind == BoutKind::Straight)
        .filter(|bout| along_axis(bout.direction.x, bout.direction.y))
        .map(|bout| from_motion(motion, bout, config, Surface::Overground, &trial.subject))
        .collect()
}

fn compare(
    differences: &mut BTreeMap<AngleId, Difference>,
    walk: &Walk,
    found: &AngleSeries,
    file: &AngleSeries,
) {
    let file = file.cut(walk.start_frame()..walk.start_frame() + walk.frames());
    // After a turn Plug-in Gait still measures against the direction before it.
    let merged = prefer_file(&file, found.clone());
    for (side, tracks) in file.tracks.iter() {
        for (&angle, stored) in tracks {
            if merged.tracks.get(side)[&angle].method != AngleMethod::File {
                continue;
            }
            let Some(ours) = found.track(side, angle) else {
                continue;
            };
            let pairs = ours.degrees.iter().zip(&stored.degrees);
            let off: Vec<f64> = pairs.filter_map(|(a, b)| Some((*a)? - (*b)?)).collect();
            differences.entry(angle).or_default().add(&off);
        }
    }
}

/// Compares every straight walk; the table goes to standard error for `--nocapture`.
#[expect(
    clippy::print_stderr,
    reason = "the measured figures, for whoever asks"
)]
fn measure(
    what: &str,
    walks: &WalkConfig,
    config: impl Fn(&Path) -> AngleConfig,
    change: impl Fn(&Motion3d) -> Motion3d,
    see: impl Fn(Walk) -> Walk,
) -> Option<BTreeMap<AngleId, Difference>> {
    let data = ambulo_testkit::data_dir()?;
    let mut differences = BTreeMap::new();
    let (mut files, mut bouts) = (0, 0);
    for file in recordings(&data) {
        let trial = read(&file);
        let Some(stored) = &trial.angles else {
            continue;
        };
        let motion = change(motion(&trial));
        let walks: Vec<Walk> = straight_walks(&trial, &motion, walks)
            .into_iter()
            .map(&see)
            .collect();
        files += usize::from(!walks.is_empty());
        bouts += walks.len();
        for walk in &walks {
            compare(
                &mut differences,
                walk,
                &angles(walk, &config(&file)),
                stored,
            );
        }
    }
    eprintln!("{what}: {files} files, {bouts} straight bouts");
    for (angle, difference) in &differences {
        eprintln!(
            "  {:18} RMSE {:5.2}°, without offset {:5.2}°, {} frames",
            angle.name(),
            difference.rms_deg(),
            difference.rms_without_offset_deg(),
            difference.frames
        );
    }
    assert!(files >= 6, "only {files} files hold straight walks");
    Some(differences)
}

#[track_caller]
fn hold(found: &BTreeMap<AngleId, Difference>, limits: &[(AngleId, f64, f64)]) {
    for &(angle, rms_deg, without_offset_deg) in limits {
        let difference = found[&angle];
        assert!(
            difference.rms_deg() < rms_deg
                && difference.rms_without_offset_deg() < without_offset_deg,
            "{}: {:.2}°, {:.2}° without offset",
            angle.name(),
            difference.rms_deg(),
            difference.rms_without_offset_deg()
        );
    }
}

/// A filter so light that only the models differ.
fn unfiltered() -> WalkConfig {
    let light = Smoothing::with_cutoff(35.0);
    WalkConfig {
        markers: light,
        pelvis: light,
        ..WalkConfig::default()
    }
}

#[test]
fn with_the_files_joint_centres_they_are_plug_in_gaits() {
    let config = |_: &Path| AngleConfig::default();
    let Some(found) = measure(
        "joint centres of the file",
        &unfiltered(),
        config,
        Clone::clone,
        |walk| walk,
    ) else {
        return;
    };
    hold(
        &found,
        &[
            // Against the walk's own direction here, against the room's axis there.
            (AngleId::PelvicTilt, 0.5, 0.5),
            (AngleId::PelvicObliquity, 1.0, 0.5),
            (AngleId::PelvicRotation, 3.0, 0.1),
            (AngleId::HipFlexion, 0.05, 0.05),
            (AngleId::HipAdduction, 0.05, 0.05),
            (AngleId::HipRotation, 0.05, 0.05),
            (AngleId::KneeFlexion, 0.05, 0.05),
            (AngleId::KneeAdduction, 0.05, 0.05),
            // Tibial torsion, which Plug-in Gait takes from the static trial.
            (AngleId::KneeRotation, 25.0, 0.1),
            // The heel marker here, its place in the static trial there.
            (AngleId::AnkleDorsiflexion, 2.5, 1.5),
            (AngleId::FootProgression, 3.5, 2.5),
        ],
    );
}

#[test]
fn after_the_usual_filter_they_stay_near() {
    let config = |_: &Path| AngleConfig::default();
    let walks = WalkConfig::default();
    let Some(found) = measure("usual filter", &walks, config, Clone::clone, |walk| walk) else {
        return;
    };
    hold(
        &found,
        &[
            (AngleId::HipFlexion, 0.5, 0.5),
            (AngleId::KneeFlexion, 0.5, 0.5),
            (AngleId::AnkleDorsiflexion, 2.5, 1.5),
        ],
    );
}

#[test]
fn from_skin_markers_alone_the_sagittal_angles_stay_within_five_degrees() {
    let config = |_: &Path| AngleConfig::default();
    let Some(found) = measure(
        "skin markers",
        &unfiltered(),
        config,
        without_centres,
        |walk| walk,
    ) else {
        return;
    };
    hold(
        &found,
        &[
            (AngleId::HipFlexion, 4.0, 1.0),
            (AngleId::KneeFlexion, 4.5, 1.0),
            (AngleId::AnkleDorsiflexion, 3.5, 1.5),
            (AngleId::FootProgression, 3.5, 2.5),
        ],
    );
}

#[test]
fn measured_joint_widths_serve_as_well_as_estimated_ones() {
    let measured = |file: &Path| {
        let bytes = std::fs::read(file).expect("a readable file");
        let c3d = C3d::parse(&bytes).expect("a C3D file");
        let width_m = |joint: &str| PerSide {
            left: c3d
                .number("PROCESSING", &format!("L{joint}Width"))
                .map(|mm| mm / 1000.0),
            right: c3d
                .number("PROCESSING", &format!("R{joint}Width"))
                .map(|mm| mm / 1000.0),
        };
        AngleConfig {
            knee_width_m: width_m("Knee"),
            ankle_width_m: width_m("Ankle"),
            ..AngleConfig::default()
        }
    };
    let Some(found) = measure(
        "skin markers, measured widths",
        &unfiltered(),
        measured,
        without_centres,
        |walk| walk,
    ) else {
        return;
    };
    hold(
        &found,
        &[
            (AngleId::HipFlexion, 4.0, 1.0),
            (AngleId::KneeFlexion, 4.5, 1.0),
            (AngleId::AnkleDorsiflexion, 3.5, 1.5),
            (AngleId::FootProgression, 3.5, 2.5),
        ],
    );
}

#[test]
fn joint_centres_alone_keep_the_shape_of_the_sagittal_angles() {
    let config = |_: &Path| AngleConfig::default();
    let Some(found) = measure(
        "joint centres only",
        &unfiltered(),
        config,
        centres_only,
        |walk| walk,
    ) else {
        return;
    };
    hold(
        &found,
        &[
            // Against the vertical: the pelvic tilt is missing.
            (AngleId::HipFlexion, 20.0, 2.0),
            (AngleId::HipAdduction, 0.5, 0.5),
            (AngleId::KneeFlexion, 1.0, 1.0),
            (AngleId::AnkleDorsiflexion, 3.0, 2.0),
        ],
    );
}

#[test]
fn the_side_view_keeps_the_shape_of_the_sagittal_angles() {
    let config = |_: &Path| AngleConfig::default();
    let Some(found) = measure(
        "from the side",
        &unfiltered(),
        config,
        centres_only,
        |walk| side_view(&walk),
    ) else {
        return;
    };
    hold(
        &found,
        &[
            (AngleId::HipFlexion, 20.0, 2.0),
            (AngleId::KneeFlexion, 1.0, 1.0),
            (AngleId::AnkleDorsiflexion, 3.0, 2.0),
        ],
    );
}
