//! Angles in space: segments from markers or joint centres, joint coordinate systems between them.

mod leg;

use leg::{AxisSource, Leg, LegBuilder};

use super::foot;
use super::pelvis::{self, Pelvis};
use super::space::{JointRotation, SegmentSpace};
use super::{AngleConfig, AngleId, AngleMethod, AngleSeries, AngleTrack};
use super::{HipReference, PelvicOrder, axial, planar, wrap_deg};
use crate::Side;
use crate::walk::Walk;

/// Angles of both sides.
pub(super) fn angles(walk: &Walk, config: &AngleConfig) -> AngleSeries {
    let mut series = AngleSeries::default();
    let pelvis: Vec<Option<Pelvis>> = (0..walk.frames())
        .map(|frame| pelvis::pelvis(walk, frame))
        .collect();
    let marked = pelvis::has_markers(walk);
    let method = if marked {
        AngleMethod::Markers
    } else {
        AngleMethod::JointCentres
    };
    axial::insert(&mut series, walk, method);
    let lean_deg = axial::trunk_lean_deg(walk);
    for side in Side::BOTH {
        insert_pelvis(&mut series, walk, side, config.pelvic_order, &pelvis);
        insert_leg(&mut series, walk, side, config, &pelvis, &lean_deg);
    }
    series
}

/// Adds the pelvis' angles against the walk. Without markers its tilt is not known.
fn insert_pelvis(
    series: &mut AngleSeries,
    walk: &Walk,
    side: Side,
    order: PelvicOrder,
    pelvis: &[Option<Pelvis>],
) {
    let marked = pelvis::has_markers(walk);
    let room = SegmentSpace::WALK;
    let rotations: Vec<Option<JointRotation>> = pelvis
        .iter()
        .map(|pelvis| {
            let space = pelvis.as_ref()?.space;
            Some(match order {
                PelvicOrder::TiltObliquityRotation => room.rotation_of(&space),
                PelvicOrder::RotationObliquityTilt => room.rotation_of_turn_first(&space),
            })
        })
        .collect();
    let mut insert = |angle, radians: &dyn Fn(&JointRotation) -> f64| {
        let degrees = rotations.iter().map(|rotation| {
            let radians = radians(rotation.as_ref()?);
            Some(wrap_deg(radians.to_degrees()))
        });
        let track = AngleTrack {
            method: if marked {
                AngleMethod::Markers
            } else {
                AngleMethod::JointCentres
            },
            approximate: false,
            degrees: degrees.collect(),
        };
        series.insert(side, angle, track);
    };
    insert(AngleId::PelvicObliquity, &|r| {
        -side.z_sign() * r.about_forward_rad
    });
    insert(AngleId::PelvicRotation, &|r| side.z_sign() * r.about_up_rad);
    if marked {
        insert(AngleId::PelvicTilt, &|r| -r.about_right_rad);
    }
}

/// Adds hip, knee, ankle and foot of one side.
fn insert_leg(
    series: &mut AngleSeries,
    walk: &Walk,
    side: Side,
    config: &AngleConfig,
    pelvis: &[Option<Pelvis>],
    lean_deg: &[Option<f64>],
) {
    let foot = foot::foot(walk, side, config.foot_zero);
    let foot_is_estimated = foot.as_ref().is_some_and(|foot| foot.approximate);
    let builder = LegBuilder::new(walk, side, config, foot.as_ref(), pelvis);
    let legs: Vec<Leg> = pelvis
        .iter()
        .enumerate()
        .map(|(frame, pelvis)| builder.at(frame, pelvis.as_ref()))
        .collect();
    let frames = || pelvis.iter().zip(&legs).enumerate();
    let sign = side.z_sign();
    let (knee_axis, both_axes) = (builder.knee_axis(), builder.both_axes());
    let tilt_measured = pelvis::has_markers(walk);
    let leg_method = if knee_axis > AxisSource::Inferred {
        AngleMethod::Markers
    } else {
        AngleMethod::JointCentres
    };

    let mut insert = |angle, approximate, radians: Vec<Option<f64>>| {
        let degrees = radians
            .into_iter()
            .map(|radians| radians.map(|radians| wrap_deg(radians.to_degrees())));
        let track = AngleTrack {
            method: leg_method,
            approximate,
            degrees: degrees.collect(),
        };
        series.insert(side, angle, track);
    };

    let hip: Vec<Option<JointRotation>> = frames()
        .map(|(_, (pelvis, leg))| Some(pelvis.as_ref()?.space.rotation_of(leg.thigh.as_ref()?)))
        .collect();
    let knee: Vec<Option<JointRotation>> = frames()
        .map(|(_, (_, leg))| Some(leg.thigh.as_ref()?.rotation_of(leg.shank.as_ref()?)))
        .collect();
    let of = |rotations: &[Option<JointRotation>], pick: fn(&JointRotation) -> f64, sign: f64| {
        rotations
            .iter()
            .map(|rotation| rotation.as_ref().map(|rotation| sign * pick(rotation)))
            .collect::<Vec<_>>()
    };
    let mut hip_flexion = of(&hip, |r| r.about_right_rad, 1.0);
    if !tilt_measured && config.hip_reference == HipReference::Trunk {
        for (flexion, lean_deg) in hip_flexion.iter_mut().zip(lean_deg) {
            *flexion = flexion
                .zip(*lean_deg)
                .map(|(f, lean)| f + lean.to_radians());
        }
    }
    insert(AngleId::HipFlexion, !tilt_measured, hip_flexion);
    insert(
        AngleId::HipAdduction,
        false,
        of(&hip, |r| r.about_forward_rad, sign),
    );
    insert(
        AngleId::HipRotation,
        knee_axis < AxisSource::BothSides,
        of(&hip, |r| r.about_up_rad, sign),
    );
    insert(
        AngleId::KneeFlexion,
        false,
        of(&knee, |r| r.about_right_rad, -1.0),
    );
    if both_axes > AxisSource::Inferred {
        insert(
            AngleId::KneeAdduction,
            both_axes < AxisSource::BothSides,
            of(&knee, |r| r.about_forward_rad, sign),
        );
        insert(
            AngleId::KneeRotation,
            // The axis across the ankle is turned by the tibia's torsion, which differs by person.
            true,
            of(&knee, |r| r.about_up_rad, sign),
        );
    }

    let Some(foot) = foot else { return };
    let dorsiflexion = frames().map(|(frame, (_, leg))| {
        let axis = leg.shank.as_ref()?.coordinates(foot.axis[frame]?);
        Some(axis.y.atan2(axis.x) - foot.flat_pitch_rad)
    });
    insert(
        AngleId::AnkleDorsiflexion,
        foot_is_estimated,
        dorsiflexion.collect(),
    );
    // The turn about the foot's own upright axis, as Plug-in Gait has it: the foot's direction on
    // the floor would swing wildly while the foot points down.
    let progression = frames().map(|(frame, (_, leg))| {
        let space = foot.space(frame, leg.shank.as_ref()?.z)?;
        Some(sign * SegmentSpace::WALK.rotation_of(&space).about_up_rad)
    });
    insert(
        AngleId::FootProgression,
        foot_is_estimated,
        progression.collect(),
    );
    let pitch = planar::pitches_deg(walk, Some(&foot));
    let pitch = pitch.iter().map(|pitch| pitch.map(f64::to_radians));
    insert(AngleId::FootPitch, foot_is_estimated, pitch.collect());
}
