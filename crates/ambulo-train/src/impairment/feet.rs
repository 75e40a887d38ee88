//! Feet that are lifted less and land flatter.

use ambulo::Side;
use nalgebra::{Rotation3, Unit, Vector3};

use super::places::{FootPoints, Places, Shifts};
use super::{Figure, Impairment};
use crate::film::{pose_at, whole};

/// A foot on the ground: how it is pitched, and how high heel and toes are.
struct Flat {
    pitch: f64,
    heel_m: f64,
    toes_m: f64,
}

/// Makes feet swing for another share of their time: they leave the ground later and reach it sooner, or the other way
/// round.
pub(super) fn quicken(figures: &mut [Figure], places: &mut Places, share: f64) {
    if (share - 1.0).abs() <= 0.0 {
        return;
    }
    let before = figures.to_vec();
    for side in Side::BOTH {
        let foot = FootPoints::of(side);
        let runs = places.get_mut(side);
        for index in 1..runs.len() {
            let (from, to) = (runs[index - 1].end - 1, runs[index].start);
            let frames = (to - from) as f64;
            let stays = 0.5 * (1.0 - share) * frames;
            for (frame, figure) in figures[from..=to].iter_mut().enumerate() {
                let place = (frame as f64 - stays) / (frames * share.max(0.1));
                let old = pose_at(&before, from as f64 + place.clamp(0.0, 1.0) * frames);
                for point in foot.all() {
                    figure[point] = old[point];
                }
            }
            let longer = whole(stays.max(0.0));
            runs[index - 1].end += longer;
            runs[index].start -= longer;
        }
    }
}

/// Moves a foot with its ankle in every frame.
pub(super) fn place(
    figures: &mut [Figure],
    side: Side,
    places: &Places,
    shifts: &Shifts,
    impairment: &Impairment,
) {
    let foot = FootPoints::of(side);
    let flat = flat(figures, foot, places, side);
    let (gain, lift) = (
        *impairment.foot_pitch.get(side),
        *impairment.clearance.get(side),
    );
    let outward = 0.5 * impairment.stance_width_m * side.z_sign();
    for (figure, shift) in figures.iter_mut().zip(shifts.feet.get(side)) {
        let points = foot.all();
        let (heel, toes) = (figure[foot.heel], foot.toes(figure));
        let along = level(&(toes - heel));
        let raised = pitch(&heel, &toes) - flat.pitch;
        let pivot = if raised > 0.0 { heel } else { toes };
        // About this axis a positive angle raises the toes.
        let axis = Unit::try_new(along.cross(&Vector3::y()), 1e-9).unwrap_or_else(Vector3::z_axis);
        let turn = Rotation3::from_axis_angle(&axis, (gain - 1.0) * raised);
        for point in points {
            figure[point] = pivot + turn * (figure[point] - pivot);
        }
        let above = (figure[foot.heel].y - flat.heel_m).min(foot.toes(figure).y - flat.toes_m);
        let moved = Vector3::new(*shift, (lift - 1.0) * above.max(0.0), outward);
        for point in points {
            figure[point] += moved;
        }
    }
}

fn pitch(heel: &Vector3<f64>, toes: &Vector3<f64>) -> f64 {
    let along = toes - heel;
    along.y.atan2(along.x.hypot(along.z))
}

fn level(vector: &Vector3<f64>) -> Vector3<f64> {
    Vector3::new(vector.x, 0.0, vector.z)
}

/// The medians over the middle thirds of the times that a foot stands.
fn flat(figures: &[Figure], foot: FootPoints, places: &Places, side: Side) -> Flat {
    let (mut pitches, mut heels, mut toes) = (Vec::new(), Vec::new(), Vec::new());
    for run in places.get(side) {
        let third = run.len() / 3;
        for figure in &figures[run.start + third..run.end - third] {
            pitches.push(pitch(&figure[foot.heel], &foot.toes(figure)));
            heels.push(figure[foot.heel].y);
            toes.push(foot.toes(figure).y);
        }
    }
    Flat {
        pitch: median(&mut pitches),
        heel_m: median(&mut heels),
        toes_m: median(&mut toes),
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
