//! Joint angles that a file brings as points: Plug-in Gait's outputs.
//!
//! Which component is which, and its sign, was checked against the segments' own axes that the
//! same files hold (`docs/formats/c3d.md`). Components that are left out are no angle of ours: the
//! foot's second and third ankle angles, and its pitch, which Plug-in Gait counts from the vertical.

use std::collections::BTreeMap;

use ambulo::kinematics::{AngleId, AngleMethod, AngleSeries, AngleTrack};
use ambulo::{PerSide, Side};

use super::C3d;

const BELFAST: &str = "BelfastPelvisAngles";

/// An output of Plug-in Gait: its label without the side, and what its three components are.
const OUTPUTS: &[(&str, [Option<AngleId>; 3])] = &[
    (
        "PelvisAngles",
        [
            Some(AngleId::PelvicTilt),
            Some(AngleId::PelvicObliquity),
            Some(AngleId::PelvicRotation),
        ],
    ),
    // The same three by Baker's order of rotations; used where the usual ones are missing.
    (
        BELFAST,
        [
            Some(AngleId::PelvicRotation),
            Some(AngleId::PelvicObliquity),
            Some(AngleId::PelvicTilt),
        ],
    ),
    (
        "HipAngles",
        [
            Some(AngleId::HipFlexion),
            Some(AngleId::HipAdduction),
            Some(AngleId::HipRotation),
        ],
    ),
    (
        "KneeAngles",
        [
            Some(AngleId::KneeFlexion),
            Some(AngleId::KneeAdduction),
            Some(AngleId::KneeRotation),
        ],
    ),
    (
        "AnkleAngles",
        [Some(AngleId::AnkleDorsiflexion), None, None],
    ),
    (
        "FootProgressAngles",
        [None, None, Some(AngleId::FootProgression)],
    ),
];

/// A point of a file that holds angles.
pub(super) struct AngleColumn {
    pub(super) label: String,
    /// Three components a frame; 0 for a component that is not known.
    pub(super) degrees: Vec<Option<[f64; 3]>>,
}

/// The points that hold a trial's angles, as Plug-in Gait would label them.
pub(super) fn columns(series: &AngleSeries) -> Vec<AngleColumn> {
    let mut columns = Vec::new();
    for (side, tracks) in series.tracks.iter() {
        for (name, components) in OUTPUTS.iter().filter(|(name, _)| *name != BELFAST) {
            let tracks = components.map(|angle| tracks.get(&angle?));
            let frames = tracks.iter().flatten().map(|track| track.degrees.len());
            let Some(frames) = frames.max() else { continue };
            let degrees = (0..frames)
                .map(|frame| {
                    let components = tracks.map(|track| track?.degrees.get(frame).copied()?);
                    let is_known = components.iter().any(Option::is_some);
                    is_known.then(|| components.map(Option::unwrap_or_default))
                })
                .collect();
            columns.push(AngleColumn {
                label: format!("{}{name}", letter(side)),
                degrees,
            });
        }
    }
    columns
}

fn letter(side: Side) -> char {
    match side {
        Side::Left => 'L',
        Side::Right => 'R',
    }
}

/// The stored angles; `None` if the file has none.
pub(super) fn of(c3d: &C3d) -> Option<AngleSeries> {
    let to_degrees = match c3d.text("POINT", "ANGLE_UNITS") {
        Some(unit) if unit.trim().to_ascii_lowercase().starts_with("rad") => {
            180.0 / std::f64::consts::PI
        }
        _ => 1.0,
    };
    let labels = c3d.point_labels();
    let tracks = PerSide::from_fn(|side| {
        let mut tracks = BTreeMap::new();
        for (name, components) in OUTPUTS {
            let label = format!("{}{name}", letter(side));
            let is_it = |have: &String| {
                let have = have.rsplit_once(':').map_or(have.as_str(), |(_, l)| l);
                have.trim().eq_ignore_ascii_case(&label)
            };
            let Some(point) = labels.iter().position(is_it) else {
                continue;
            };
            for (axis, angle) in components.iter().enumerate() {
                let Some(angle) = angle.filter(|angle| !tracks.contains_key(angle)) else {
                    continue;
                };
                let degrees: Vec<Option<f64>> = (0..c3d.frames)
                    .map(|frame| {
                        let components = c3d.points.position(frame, point)?;
                        Some(f64::from(components[axis]) * to_degrees)
                    })
                    .collect();
                if degrees.iter().any(Option::is_some) {
                    tracks.insert(
                        angle,
                        AngleTrack {
                            method: AngleMethod::File,
                            approximate: false,
                            degrees,
                        },
                    );
                }
            }
        }
        tracks
    });
    let has_any = !(tracks.left.is_empty() && tracks.right.is_empty());
    has_any.then_some(AngleSeries { tracks })
}
