//! Is the body upright, of human size, with its sides and its feet the right way round?

use nalgebra::Vector3;

use super::body::{Body, mean, median};
use super::{Grade, QualityConfig, QualityFinding};
use crate::Side;
use crate::trial::Trial;

/// Height divided by hip to ankle: the inverse of the legs' share of Drillis & Contini (1966).
const HEIGHT_OF_LEG: f64 = 1.0 / 0.491;

/// Difference from the declared height that no body's proportions explain.
const IMPOSSIBLE_DIFFERENCE: f64 = 0.45;

pub(super) fn check_upright(body: &Body, config: &QualityConfig) -> Option<QualityFinding> {
    let top = body.neck().or_else(|| body.pelvis())?;
    let feet = body.ankles()?;
    let tilts = top
        .iter()
        .zip(&feet)
        .filter_map(|(top, feet)| {
            let axis = (*top)? - (*feet)?;
            Some(axis.angle(&Vector3::y()).to_degrees())
        })
        .collect();
    let tilt_deg = median(tilts)?;
    (tilt_deg > config.max_body_tilt_deg).then(|| {
        let advice = if body.flat {
            "The picture lies on its side or stands on its head: turn the video, then detect again."
        } else {
            "Set the file's vertical axis; many laboratories have Z up."
        };
        QualityFinding::new(
            "not_upright",
            Grade::Reject,
            format!(
                "The body leans {tilt_deg:.0}° from the vertical: up is taken for another direction."
            ),
        )
        .measured(tilt_deg, config.max_body_tilt_deg, "°")
        .advised(advice)
    })
}

pub(super) fn check_size(
    trial: &Trial,
    body: &Body,
    leg: f64,
    config: &QualityConfig,
) -> Option<QualityFinding> {
    if body.flat {
        return None;
    }
    let [shortest, longest] = config.leg_length_m;
    if leg < shortest || leg > longest {
        let limit = if leg < shortest { shortest } else { longest };
        return Some(
            QualityFinding::new(
                "scale",
                Grade::Reject,
                format!(
                    "Hip to ankle measures {leg:.3} m, which no walking person's leg does: the \
                     file's unit is taken for another, or points are misnamed."
                ),
            )
            .measured(leg, limit, "m")
            .advised("State the file's unit of length: millimetres, centimetres or metres."),
        );
    }
    let height_m = trial.subject.height_m?;
    let suggested_m = leg * HEIGHT_OF_LEG;
    let difference = suggested_m / height_m - 1.0;
    if difference.abs() <= config.max_height_difference {
        return None;
    }
    let (code, grade) = if difference.abs() > IMPOSSIBLE_DIFFERENCE {
        ("scale", Grade::Reject)
    } else {
        ("height_mismatch", Grade::Caution)
    };
    Some(
        QualityFinding::new(
            code,
            grade,
            format!(
                "Legs of {leg:.2} m suggest a height of {suggested_m:.2} m; {height_m:.2} m is \
                 declared."
            ),
        )
        .measured(
            100.0 * difference,
            100.0 * config.max_height_difference,
            "%",
        )
        .advised("Check the subject's height, and the unit and scale of the recording."),
    )
}

/// Sides, feet, and whether the walk goes where the feet point.
pub(super) fn check_direction(body: &Body, config: &QualityConfig) -> Vec<QualityFinding> {
    if let Some(exchanged) = heel_and_toe(body, config) {
        return vec![exchanged];
    }
    let mut findings = Vec::new();
    findings.extend(handedness(body));
    findings.extend(backwards(body, config));
    findings
}

fn heel_and_toe(body: &Body, config: &QualityConfig) -> Option<QualityFinding> {
    const LIMIT: f64 = 1.2;
    // From the front or back a foot is seen along its length: its toes may look nearer than its heel.
    if is_frontal(body, config) {
        return None;
    }
    let mut ratios = Vec::new();
    for side in Side::BOTH {
        let (Some(ankle), Some(heel), Some(toe)) =
            (body.ankle(side), body.heel(side), body.toe(side))
        else {
            continue;
        };
        for frame in 0..body.frames() {
            if let (Some(ankle), Some(heel), Some(toe)) = (ankle[frame], heel[frame], toe[frame]) {
                let to_toe = (ankle - toe).norm();
                if to_toe > 0.0 {
                    ratios.push((ankle - heel).norm() / to_toe);
                }
            }
        }
    }
    let ratio = median(ratios)?;
    (ratio > LIMIT).then(|| {
        QualityFinding::new(
            "heel_toe_exchanged",
            Grade::Reject,
            format!(
                "The heels are {ratio:.1} times as far from the ankles as the toes: heel and toe \
                 are exchanged."
            ),
        )
        .measured(ratio, LIMIT, "1")
        .advised("Check the labels of heel and toe, or the layout of the keypoints.")
    })
}

/// Right lies across the body's facing and up; where it does not, the body is a mirror image.
fn handedness(body: &Body) -> Option<QualityFinding> {
    const LIMIT: f64 = -0.3;
    if body.flat {
        return None;
    }
    let (left, right) = (body.hip(Side::Left)?, body.hip(Side::Right)?);
    let turns = body
        .facing()
        .iter()
        .enumerate()
        .filter_map(|(frame, facing)| {
            let across = (right[frame]? - left[frame]?).try_normalize(1e-9)?;
            Some((*facing)?.cross(&Vector3::y()).dot(&across))
        })
        .collect();
    let turn = median(turns)?;
    (turn < LIMIT).then(|| {
        QualityFinding::new(
            "handedness",
            Grade::Reject,
            "The right hip lies on the left of where the feet point: left and right are exchanged, \
             or the coordinates are a mirror image."
                .to_owned(),
        )
        .measured(turn, LIMIT, "1")
        .advised("Check the labels' sides, and that the file's axes are right-handed.")
    })
}

/// Whether one camera sees the body from the front or back.
fn is_frontal(body: &Body, config: &QualityConfig) -> bool {
    body.flat && super::view::shoulders(body).is_some_and(|s| s > config.frontal_shoulders)
}

fn backwards(body: &Body, config: &QualityConfig) -> Option<QualityFinding> {
    const LIMIT: f64 = -0.4;
    if is_frontal(body, config) {
        return None;
    }
    let (mut along, mut whole) = (0.0, 0.0);
    for (facing, step) in body.facing().iter().zip(body.strides_ahead()) {
        if let (Some(facing), Some(step)) = (facing, step) {
            along += facing.dot(&step);
            whole += step.norm();
        }
    }
    let leg = body.leg_length()?;
    if whole < 0.5 * leg {
        return None;
    }
    let share = along / whole;
    (share < LIMIT).then(|| {
        QualityFinding::new(
            "walks_backwards",
            Grade::Caution,
            format!(
                "The walk leads against the direction of the feet (agreement {share:.2}; 1 is \
                 straight ahead): the subject walks backwards, or time is reversed."
            ),
        )
        .measured(share, LIMIT, "1")
        .advised("Play the recording: if it runs backwards, turn it round.")
    })
}

/// Mean slope of the line from the ankles to the hips, sideways, in degrees.
pub(super) fn leg_slope_deg(body: &Body) -> Option<f64> {
    let (pelvis, ankles) = (body.pelvis()?, body.ankles()?);
    let slopes: Vec<f64> = pelvis
        .iter()
        .zip(&ankles)
        .filter_map(|(pelvis, ankles)| {
            let axis = (*pelvis)? - (*ankles)?;
            Some(axis.x.atan2(axis.y).to_degrees())
        })
        .collect();
    mean(&slopes)
}
