//! Joint angles that a file brings as points: Plug-in Gait's outputs.

use std::collections::BTreeMap;

use ambulo::kinematics::{AngleId, AngleMethod, AngleSeries, AngleTrack};
use ambulo::{PerSide, Side};

use super::C3d;

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
        let letter = match side {
            Side::Left => 'L',
            Side::Right => 'R',
        };
        let mut tracks = BTreeMap::new();
        for (name, components) in OUTPUTS {
            let label = format!("{letter}{name}");
            let is_it = |have: &String| {
                let have = have.rsplit_once(':').map_or(have.as_str(), |(_, l)| l);
                have.trim().eq_ignore_ascii_case(&label)
            };
            let Some(point) = labels.iter().position(is_it) else {
                continue;
            };
            for (axis, angle) in components.iter().enumerate() {
                let Some(angle) = angle else { continue };
                let degrees: Vec<Option<f64>> = (0..c3d.frames)
                    .map(|frame| {
                        let components = c3d.points.position(frame, point)?;
                        Some(f64::from(components[axis]) * to_degrees)
                    })
                    .collect();
                if degrees.iter().any(Option::is_some) {
                    tracks.insert(
                        *angle,
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
