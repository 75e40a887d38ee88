//! Does the subject walk, on the declared ground, and does the camera see it from the side?

use nalgebra::Vector3;

use super::body::{Body, inner_range, mean, median};
use super::orientation::leg_slope_deg;
use super::{Grade, QualityConfig, QualityFinding};
use crate::Side;
use crate::walk::Surface;

pub(super) fn check(
    body: &Body,
    leg: f64,
    surface: Surface,
    config: &QualityConfig,
) -> Vec<QualityFinding> {
    if let Some(still) = standing(body, leg, config) {
        return vec![still];
    }
    let mut findings = Vec::new();
    let frontal = if body.flat {
        let view = side_view(body, config);
        let frontal = view.is_some();
        findings.extend(view);
        findings.extend(size_change(body, config));
        frontal
    } else {
        false
    };
    if !frontal {
        let travel = Travel::of(body, leg);
        if body.flat {
            findings.extend(roll(body, leg, travel.as_ref(), config));
        }
        findings.extend(travel.and_then(|travel| travel.check(body, surface, config)));
    }
    findings
}

fn standing(body: &Body, leg: f64, config: &QualityConfig) -> Option<QualityFinding> {
    let (left, right) = (body.ankle(Side::Left)?, body.ankle(Side::Right)?);
    let apart: Vec<Vector3<f64>> = left
        .iter()
        .zip(right)
        .filter_map(|(left, right)| Some((*left)? - (*right)?))
        .collect();
    let range = |axis: usize| inner_range(apart.iter().map(|v| v[axis]).collect());
    let most = (0..3).filter_map(range).fold(0.0, f64::max) / leg;
    (!apart.is_empty() && most < config.min_walking_legs).then(|| {
        QualityFinding::new(
            "no_walking",
            Grade::Reject,
            format!(
                "The feet hardly move against each other ({most:.2} leg lengths): the subject \
                 stands."
            ),
        )
        .measured(most, config.min_walking_legs, "leg lengths")
        .advised("Use the part of the recording in which the subject walks.")
    })
}

/// Width of the shoulders, or twice that of the hips, over the length of the trunk.
pub(super) fn shoulders(body: &Body) -> Option<f64> {
    let (neck, pelvis) = (body.neck()?, body.pelvis()?);
    let width = |a: Option<&super::body::Track>, b: Option<&super::body::Track>| {
        let (a, b) = (a?, b?);
        let shares: Vec<f64> = (0..body.frames())
            .filter_map(|frame| {
                let trunk = (neck[frame]? - pelvis[frame]?).norm();
                let across = (a[frame]? - b[frame]?).x.abs();
                (trunk > 0.0).then_some(across / trunk)
            })
            .collect();
        median(shares)
    };
    width(body.shoulder(Side::Left), body.shoulder(Side::Right))
        .or_else(|| width(body.hip(Side::Left), body.hip(Side::Right)).map(|hips| 2.0 * hips))
}

fn side_view(body: &Body, config: &QualityConfig) -> Option<QualityFinding> {
    let share = shoulders(body)?;
    if share <= config.oblique_shoulders {
        return None;
    }
    let (code, message, advice) = if share > config.frontal_shoulders {
        (
            "frontal_view",
            "The camera sees the subject from the front or back",
            "Only times can be measured from here. Film from the side for lengths and angles.",
        )
    } else {
        (
            "oblique_view",
            "The camera sees the subject slantwise",
            "Lengths and angles come out too small. Film at a right angle to the walk.",
        )
    };
    Some(
        QualityFinding::new(
            code,
            Grade::Caution,
            format!(
                "{message}: the shoulders are {:.0} % as wide as the trunk is long; from the side \
                 it is under {:.0} %.",
                100.0 * share,
                100.0 * config.oblique_shoulders
            ),
        )
        .measured(100.0 * share, 100.0 * config.oblique_shoulders, "%")
        .advised(advice),
    )
}

/// The body grows as it comes closer.
fn size_change(body: &Body, config: &QualityConfig) -> Option<QualityFinding> {
    const WINDOW_S: f64 = 1.0;
    let (neck, pelvis) = (body.neck()?, body.pelvis()?);
    let legs = body.leg_lengths();
    let sizes: Vec<(f64, f64)> = (0..body.frames())
        .filter_map(|frame| {
            let trunk = (neck[frame]? - pelvis[frame]?).norm();
            Some((body.times_s[frame], trunk + legs[frame]?))
        })
        .collect();
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    let mut from_s = 0.0;
    while from_s < body.times_s.last().copied().unwrap_or(0.0) {
        let window: Vec<f64> = sizes
            .iter()
            .filter(|(time_s, _)| (from_s..from_s + WINDOW_S).contains(time_s))
            .map(|&(_, size)| size)
            .collect();
        if window.len() >= 5
            && let Some(size) = median(window)
        {
            least = least.min(size);
            most = most.max(size);
        }
        from_s += WINDOW_S;
    }
    let change = most / least - 1.0;
    (change > config.max_size_change).then(|| {
        QualityFinding::new(
            "perspective",
            Grade::Caution,
            format!(
                "The subject's size in the picture changes by {:.0} %: the walk leads towards the \
                 camera or away from it.",
                100.0 * change
            ),
        )
        .measured(100.0 * change, 100.0 * config.max_size_change, "%")
        .advised("One scale does not fit the whole walk. Film at a right angle, from further away.")
    })
}

/// The floor slopes in the picture.
fn roll(
    body: &Body,
    leg: f64,
    travel: Option<&Travel>,
    config: &QualityConfig,
) -> Option<QualityFinding> {
    let overground = travel.is_some_and(|travel| travel.whole > 2.0 * leg && travel.share() > 0.5);
    let slope_deg = if overground {
        floor_slope_deg(body)?
    } else {
        leg_slope_deg(body)?
    };
    (slope_deg.abs() > config.max_camera_roll_deg).then(|| {
        QualityFinding::new(
            "camera_tilt",
            Grade::Caution,
            format!(
                "The floor slopes by {:.0}° in the picture: the camera is not level, or not \
                 square to the walk.",
                slope_deg.abs()
            ),
        )
        .measured(slope_deg.abs(), config.max_camera_roll_deg, "°")
        .advised(
            "Level the camera and film at a right angle; heights and angles are off by this much.",
        )
    })
}

/// Slope of the line through the lowest points of the feet.
fn floor_slope_deg(body: &Body) -> Option<f64> {
    let tracks: Vec<_> = Side::BOTH
        .into_iter()
        .flat_map(|side| [body.ankle(side), body.heel(side), body.toe(side)])
        .flatten()
        .collect();
    let lowest: Vec<Vector3<f64>> = (0..body.frames())
        .filter_map(|frame| {
            tracks
                .iter()
                .filter_map(|track| track[frame])
                .min_by(|a, b| a.y.total_cmp(&b.y))
        })
        .collect();
    let x = mean(&lowest.iter().map(|p| p.x).collect::<Vec<_>>())?;
    let y = mean(&lowest.iter().map(|p| p.y).collect::<Vec<_>>())?;
    let (mut xy, mut xx) = (0.0, 0.0);
    for point in &lowest {
        xy += (point.x - x) * (point.y - y);
        xx += (point.x - x).powi(2);
    }
    (xx > 0.0).then(|| (xy / xx).atan().to_degrees())
}

/// How far the pelvis travels, and how far its steps would carry it.
struct Travel {
    pelvis: f64,
    steps: f64,
    /// Distance between the ends of the pelvis path, and the whole of the steps.
    whole: f64,
    /// Steps, leg lengths a second.
    steps_legs_per_s: f64,
}

impl Travel {
    /// Medians over windows of a second.
    fn of(body: &Body, leg: f64) -> Option<Self> {
        const WINDOW_S: f64 = 1.0;
        let pelvis = body.pelvis()?;
        let steps = body.strides_ahead();
        let mut carried = Vec::with_capacity(body.frames());
        let mut sum = Vector3::zeros();
        let mut whole = 0.0;
        for step in &steps {
            sum += step.unwrap_or_default();
            whole += step.map_or(0.0, |step| step.norm());
            carried.push(sum);
        }
        let (mut travelled, mut stepped) = (Vec::new(), Vec::new());
        for frame in 0..body.frames() {
            let end_s = body.times_s[frame] + WINDOW_S;
            let end = body.times_s.partition_point(|&t| t < end_s);
            if end >= body.frames() {
                break;
            }
            if let (Some(a), Some(b)) = (pelvis[frame], pelvis[end]) {
                let mut path = b - a;
                path.y = 0.0;
                travelled.push(path.norm());
                stepped.push((carried[end] - carried[frame]).norm());
            }
        }
        let steps = median(stepped)?;
        Some(Self {
            pelvis: median(travelled)?,
            steps,
            whole,
            steps_legs_per_s: steps / leg / WINDOW_S,
        })
    }

    fn share(&self) -> f64 {
        if self.steps > 0.0 {
            self.pelvis / self.steps
        } else {
            1.0
        }
    }

    fn check(
        &self,
        body: &Body,
        surface: Surface,
        config: &QualityConfig,
    ) -> Option<QualityFinding> {
        const LEAST_STEPS: f64 = 0.12;
        if self.steps_legs_per_s < LEAST_STEPS {
            return None;
        }
        let share = self.share();
        match surface {
            Surface::Overground if share < config.treadmill_share => {
                let camera = if body.flat {
                    "the walk is on a treadmill, or the camera moves along"
                } else {
                    "the walk is on a treadmill"
                };
                Some(
                    QualityFinding::new(
                        "treadmill",
                        Grade::Caution,
                        format!(
                            "The feet step, but the body travels only {:.0} % as far: {camera}.",
                            100.0 * share
                        ),
                    )
                    .measured(100.0 * share, 100.0 * config.treadmill_share, "%")
                    .advised("Declare the treadmill and the speed of its belt."),
                )
            }
            Surface::Treadmill { .. } if share > 1.0 - config.treadmill_share => Some(
                QualityFinding::new(
                    "not_on_treadmill",
                    Grade::Caution,
                    format!(
                        "A treadmill is declared, but the body travels {:.0} % as far as its steps.",
                        100.0 * share
                    ),
                )
                .measured(
                    100.0 * share,
                    100.0 * (1.0 - config.treadmill_share),
                    "%",
                )
                .advised("Leave the treadmill out for walks over the floor."),
            ),
            _ => None,
        }
    }
}
