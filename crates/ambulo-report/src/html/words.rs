//! Names for people, and anchors, of what an analysis holds.

use ambulo::Side;
use ambulo::events::EventSource;
use ambulo::kinematics::{AngleId, AngleMethod};
use ambulo::parameters::ParameterId;
use ambulo::walk::{LengthUnit, Surface, View};

use crate::number;

/// What a piece of evidence speaks of.
pub(super) struct Subject {
    /// Its name for people.
    pub(super) title: String,
    /// Where the report shows it.
    pub(super) anchor: Option<String>,
    /// How many decimals its values deserve, where that is known.
    pub(super) decimals: Option<usize>,
}

/// Where the indices stand.
const PROFILE: &str = "profile-heading";

/// A name without the side that stands at its end, and that side.
pub(super) fn sided(name: &str) -> (&str, Option<Side>) {
    let of = |side: Side| {
        Some((
            name.strip_suffix(side.name())?.strip_suffix('_')?,
            Some(side),
        ))
    };
    let found = Side::BOTH.into_iter().find_map(of);
    found.unwrap_or((name, None))
}

/// Finds what a name in the evidence stands for; an unknown name is shown as it is.
pub(super) fn subject(name: &str) -> Subject {
    if let (base, Some(side)) = sided(name) {
        let whole = subject(base);
        let title = format!("{}, {}", whole.title, side.name());
        return Subject { title, ..whole };
    }
    if let Some(id) = ParameterId::ALL.iter().find(|id| id.name() == name) {
        return Subject {
            title: id.title().to_owned(),
            anchor: Some(parameter_anchor(*id)),
            decimals: Some(id.decimals()),
        };
    }
    if let Some(id) = AngleId::ALL.iter().find(|id| id.name() == name) {
        return Subject {
            title: id.title().to_owned(),
            anchor: Some(curve_anchor(*id)),
            decimals: Some(1),
        };
    }
    if let Some(base) = name.strip_suffix("_asymmetry")
        && let Some(id) = ParameterId::ALL.iter().find(|id| id.name() == base)
    {
        return Subject {
            title: format!("{} asymmetry", id.title()),
            anchor: Some(parameter_anchor(*id)),
            decimals: Some(1),
        };
    }
    let (title, anchor, decimals) = match name {
        "gps" | "gps_overall" => ("Gait profile score (GPS)", PROFILE, Some(1)),
        "gdi_star" => ("GDI*", PROFILE, Some(0)),
        "peak_knee_flexion" => ("Peak knee flexion in swing", "curve-knee_flexion", Some(1)),
        other => {
            return Subject {
                title: other.replace('_', " "),
                anchor: None,
                decimals: None,
            };
        }
    };
    Subject {
        title: title.to_owned(),
        anchor: Some(anchor.to_owned()),
        decimals,
    }
}

pub(super) fn parameter_anchor(id: ParameterId) -> String {
    format!("parameter-{}", id.name())
}

pub(super) fn curve_anchor(id: AngleId) -> String {
    format!("curve-{}", id.name())
}

pub(super) fn view(view: View) -> &'static str {
    match view {
        View::Spatial => "three dimensions",
        View::Sagittal => "one camera from the side",
        View::Frontal => "one camera from the front or back: timing only",
    }
}

pub(super) fn surface(surface: Surface) -> String {
    match surface {
        Surface::Overground => "overground".to_owned(),
        Surface::Treadmill {
            belt_speed_mps: Some(speed),
        } => format!("treadmill at {}", number::with_unit(speed, 2, "m/s")),
        Surface::Treadmill {
            belt_speed_mps: None,
        } => "treadmill, its speed taken from the feet".to_owned(),
    }
}

pub(super) fn length_unit(unit: LengthUnit) -> String {
    match unit {
        LengthUnit::Metres { relative_error } if relative_error > 0.0 => format!(
            "metres, scale known to ± {}",
            number::with_unit(relative_error * 100.0, 1, "%")
        ),
        LengthUnit::Metres { .. } => "metres".to_owned(),
        LengthUnit::LegLengths => "leg lengths: no scale is known".to_owned(),
    }
}

pub(super) fn angle_method(method: AngleMethod) -> &'static str {
    match method {
        AngleMethod::File => "the laboratory's own model, from the file",
        AngleMethod::Markers => "markers, joint coordinate systems",
        AngleMethod::JointCentres => "joint centres only",
        AngleMethod::Sagittal2d => "one camera from the side",
        AngleMethod::Lifted => "estimated in three dimensions from one camera",
    }
}

pub(super) fn event_source(source: EventSource) -> &'static str {
    match source {
        EventSource::File => "the recording's own events",
        EventSource::Truth => "known truth of a synthetic walker",
        EventSource::Consensus => "median of several detectors",
        EventSource::Zeni => "heel and toe ahead of the sacrum (Zeni)",
        EventSource::ZeniVelocity => "velocity of heel and toe relative to the sacrum (Zeni)",
        EventSource::AnklePelvis2d => "ankle ahead of the mid-hip, from the side",
        EventSource::Hreljac => "acceleration of heel and toe (Hreljac)",
        EventSource::OconnorFva => "vertical velocity of the foot (O'Connor)",
        EventSource::FootHeight => "height of the foot",
        EventSource::FrontView => "separation of the ankles, from the front or back",
    }
}

/// `1 cycle`, `2 cycles`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {many}")
    }
}

/// A half-open range of frames as people count them: both ends included.
pub(super) fn frames([start, end]: [usize; 2]) -> String {
    let last = end.saturating_sub(1).max(start);
    format!("{start}–{last}")
}
