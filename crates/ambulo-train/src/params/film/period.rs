//! One gait cycle of a recorded walk, closed so that it can go on for ever.

use ambulo::PerSide;
use ambulo::Side;
use ambulo::cycles::GaitCycle;
use ambulo::motion::Motion3d;
use ambulo::skeleton::{COCO_23, Joint};
use ambulo::time::TimeBase;
use nalgebra::{Point3, Rotation3, Vector3};

use super::measured::measured;
use crate::film::pose_at;
use crate::motion::{PARTS, RATE_HZ, Take, at};

/// Points of a [`Figure`]: those of a pose, then the four spines of the pelvis.
pub(crate) const POINTS: usize = PARTS + 4;
/// Figures of a period.
pub(crate) const SAMPLES: usize = 100;
/// A cycle whose end lies further from its beginning is none of steady walking.
const LARGEST_STEP_M: f64 = 0.10;
/// Slower cycles are none of walking, in metres a second.
const SLOWEST_MPS: f64 = 0.4;

/// A body with the skin of its pelvis: X along the walk, Y up, Z to the right, metres.
pub(crate) type Figure = [Vector3<f64>; POINTS];

/// A gait cycle from one contact of the left foot to the next, without the way that it makes.
#[derive(Debug, Clone)]
pub(crate) struct Period {
    /// Who walks.
    pub(crate) person: String,
    /// Length of leg and trunk of the recorded body.
    pub(crate) length_m: f64,
    /// How long it takes.
    pub(crate) duration_s: f64,
    /// At phases 0, 1/[`SAMPLES`] and so on; the mid-hips have X 0.
    pub(crate) figures: Vec<Figure>,
    /// Phases of contact and foot off; where the foot leaves the ground in the next cycle, it is above 1.
    pub(crate) stance: PerSide<[f64; 2]>,
}

impl Period {
    /// The middle of the hips.
    pub(crate) fn root(figure: &Figure) -> Vector3<f64> {
        (figure[at::LEFT_HIP] + figure[at::RIGHT_HIP]) * 0.5
    }
}

/// The skeleton of the motions that are measured.
pub(crate) fn joints() -> Vec<Joint> {
    let spines = [
        Joint::LeftAsis,
        Joint::RightAsis,
        Joint::LeftPsis,
        Joint::RightPsis,
    ];
    COCO_23.joints.iter().copied().chain(spines).collect()
}

/// A motion of figures.
pub(crate) fn motion_of(figures: &[Figure], rate_hz: f64) -> Option<Motion3d> {
    let time = TimeBase::uniform(figures.len(), rate_hz).ok()?;
    let points = figures
        .iter()
        .flatten()
        .map(|&point| Some(Point3::from(point)))
        .collect();
    Motion3d::new(joints(), time, points).ok()
}

/// All steady cycles of a recorded walk. None where the pelvis was not recorded.
pub(crate) fn periods(take: &Take) -> Vec<Period> {
    let figures: Vec<Figure> = take
        .poses
        .iter()
        .zip(&take.pelvis)
        .map(|(pose, pelvis)| {
            let points = pose.iter().chain(pelvis);
            let mut figure = [Vector3::zeros(); POINTS];
            for (to, from) in figure.iter_mut().zip(points) {
                *to = *from;
            }
            figure
        })
        .collect();
    let Some(found) = motion_of(&figures, RATE_HZ).and_then(|motion| measured(&motion)) else {
        return Vec::new();
    };
    found
        .cycles
        .iter()
        .filter(|cycle| cycle.side == Side::Left)
        .filter_map(|cycle| period(take, &figures, cycle))
        .collect()
}

fn period(take: &Take, figures: &[Figure], cycle: &GaitCycle) -> Option<Period> {
    let duration_s = cycle.duration_s();
    let at_phase = |phase: f64| {
        let place = (cycle.start_s + phase * duration_s) * RATE_HZ;
        pose_at(figures, place.clamp(0.0, (figures.len() - 1) as f64))
    };
    let sampled: Vec<Figure> = (0..=SAMPLES)
        .map(|sample| at_phase(sample as f64 / SAMPLES as f64))
        .collect();
    let (first, last) = (Period::root(&sampled[0]), Period::root(&sampled[SAMPLES]));
    let mut way = last - first;
    way.y = 0.0;
    if way.norm() / duration_s < SLOWEST_MPS {
        return None;
    }
    // X along the way.
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), way.z.atan2(way.x));
    let mut figures: Vec<Figure> = sampled
        .iter()
        .map(|figure| {
            let root = Period::root(figure);
            figure.map(|point| {
                let mut offset = turn * (point - first);
                offset.x -= (turn * (root - first)).x;
                offset.y += first.y;
                offset
            })
        })
        .collect();
    let steps: Figure = std::array::from_fn(|point| figures[SAMPLES][point] - figures[0][point]);
    if steps.iter().any(|step| step.norm() > LARGEST_STEP_M) {
        return None;
    }
    // What is left between the end and the beginning is taken out evenly over the cycle.
    for (sample, figure) in figures.iter_mut().enumerate() {
        let share = sample as f64 / SAMPLES as f64 - 0.5;
        for (point, step) in figure.iter_mut().zip(&steps) {
            *point -= step * share;
        }
    }
    figures.truncate(SAMPLES);
    let phase = |time_s: f64| (time_s - cycle.start_s) / duration_s;
    Some(Period {
        person: take.person.clone(),
        length_m: take.length_m(),
        duration_s,
        figures,
        stance: PerSide {
            left: [0.0, phase(cycle.foot_off_s)],
            right: [
                phase(cycle.opposite_contact_s),
                1.0 + phase(cycle.opposite_foot_off_s),
            ],
        },
    })
}
