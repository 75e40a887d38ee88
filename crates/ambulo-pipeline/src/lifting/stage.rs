//! The stage `lifting` of an analysis: poses, their size, the ground, and what is measured there.

use std::collections::BTreeMap;

use ambulo::analysis::{Lifting, Method};
use ambulo::bouts::{Bout, BoutKind, BoutSearch};
use ambulo::events::GaitEvent;
use ambulo::keypoints::Keypoints2d;
use ambulo::kinematics::{self, AngleCurves, AngleMethod, AngleSeries, CurveConfig, CurveInput};
use ambulo::lifting::{
    CameraView, Evidence, ModelErrors, Outcome, along_the_walk, angle_out_of_picture_deg,
    direction_of, events_of, grounded, is_liftable, lead, leg_length, seen_across,
};
use ambulo::motion::Motion3d;
use ambulo::parameters::{self, GaitParameters, Origin, SummaryContext};
use ambulo::scale::{Scale, ScaleSource};
use ambulo::subject::Subject;
use ambulo::walk::{self, LengthUnit, Walk};
use ambulo_nn::codec::lift::LENGTH_OF_HEIGHT;
use nalgebra::{Point3, Vector2};

use super::{Identity, Lifter, LiftingError, check};
use crate::config::Config;
use crate::stages::Walked;

/// Spread between people of leg and trunk as a share of the height, relative (±0.013 of 0.73).
const LENGTH_ERROR: f64 = 0.018;

/// Poses in the person's own size.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LiftedPoses {
    pub(crate) poses: Motion3d,
    pub(crate) unit: LengthUnit,
    pub(crate) identity: Identity,
    errors: Option<ModelErrors>,
}

/// Lifts keypoints and gives the poses the person's size: by the height, else by the leg that the scale
/// of the picture gives, else in leg lengths.
pub(crate) fn poses(
    keypoints: &Keypoints2d,
    scale: Option<&Scale>,
    lifter: &mut dyn Lifter,
) -> Result<LiftedPoses, LiftingError> {
    check(keypoints)?;
    let unsized_poses = lifter.lift(keypoints)?;
    let leg = leg_length(&unsized_poses).ok_or(ambulo::lifting::GroundingError::NoLeg)?;
    let (factor, unit) = match scale.map(|scale| (scale, scale.source, scale.unit)) {
        Some((_, ScaleSource::Height { height_m }, _)) => {
            let relative_error = LENGTH_ERROR;
            (
                LENGTH_OF_HEIGHT * height_m,
                LengthUnit::Metres { relative_error },
            )
        }
        Some((scale, _, unit @ LengthUnit::Metres { .. })) => (scale.leg_length / leg, unit),
        _ => (1.0 / leg, LengthUnit::LegLengths),
    };
    Ok(LiftedPoses {
        poses: scaled(&unsized_poses, factor),
        unit,
        identity: lifter.identity().clone(),
        errors: lifter.errors(),
    })
}

fn scaled(motion: &Motion3d, factor: f64) -> Motion3d {
    let positions = motion.positions_m().iter();
    let positions = positions.map(|p| p.map(|p| Point3::from(p.coords * factor)));
    Motion3d::new(
        motion.joints().to_vec(),
        motion.time().clone(),
        positions.collect(),
    )
    .expect("a motion times a finite factor")
}

/// A lifted motion in the world, and how the camera saw it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    /// X along the longest straight bout, Y up from the floor, Z to the walker's right.
    pub(crate) motion: Motion3d,
    pub(crate) direction_in_picture: Vector2<f64>,
    pub(crate) slip: f64,
    pub(crate) misfit: Option<f64>,
}

/// Puts poses on the ground and turns them along the walk.
pub(crate) fn placed(
    lifted: &LiftedPoses,
    keypoints: &Keypoints2d,
    events: &[GaitEvent],
    bouts: &[Bout],
    config: &Config,
) -> Result<Placed, LiftingError> {
    let seen = seen_across(keypoints, &lifted.poses, config.walk.min_confidence);
    let own = if events.is_empty() {
        events_of(&lifted.poses)
    } else {
        Vec::new()
    };
    let evidence = Evidence {
        surface: config.surface,
        events: if events.is_empty() { &own } else { events },
        seen_x: seen.as_ref().map(|seen| seen.x.as_slice()),
    };
    let grounded = grounded(&lifted.poses, &evidence)?;
    let straight = bouts.iter().filter(|bout| bout.kind == BoutKind::Straight);
    let frames = straight
        .max_by(|a, b| (a.end_s - a.start_s).total_cmp(&(b.end_s - b.start_s)))
        .map_or(0..keypoints.frames(), |bout| {
            bout.start_frame..bout.end_frame
        });
    let direction = direction_of(&grounded.motion, frames, config.surface).unwrap_or(Vector2::x());
    Ok(Placed {
        motion: along_the_walk(&grounded.motion, direction),
        direction_in_picture: direction,
        slip: grounded.slip,
        misfit: seen.map(|seen| seen.misfit),
    })
}

/// What leads, what the lifted motion gives, and the motion.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) parameters: GaitParameters,
    pub(crate) angles: AngleCurves,
    pub(crate) lifting: Lifting,
    pub(crate) motion: Motion3d,
}

/// Measures the lifted motion over the same cycles as the picture, and lets the better of both lead.
pub(crate) fn lifted_numbers(
    lifted: &LiftedPoses,
    keypoints: &Keypoints2d,
    subject: &Subject,
    (search, walked): (&BoutSearch, &Walked),
    (parameters, angles): (&GaitParameters, &AngleCurves),
    config: &Config,
) -> Result<Numbers, LiftingError> {
    let placed = placed(lifted, keypoints, &walked.events, &search.bouts, config)?;
    let (own_parameters, own_angles) = measured(lifted, &placed, subject, search, walked, config);
    let view = CameraView::of(placed.direction_in_picture);
    let Outcome {
        parameters,
        angles,
        parameter_leads,
        angle_leads,
        outdone_parameters,
        outdone_angles,
    } = lead(
        (parameters, angles),
        (&own_parameters, &own_angles),
        view,
        lifted.errors.as_ref(),
        &config.parameters.precision,
    );
    let lifting = Lifting {
        model: lifted.identity.name.clone(),
        view,
        out_of_picture_deg: angle_out_of_picture_deg(placed.direction_in_picture),
        length_unit: lifted.unit,
        slip: placed.slip,
        misfit: placed.misfit,
        parameters: own_parameters,
        angles: own_angles,
        parameter_leads,
        angle_leads,
        outdone_parameters,
        outdone_angles,
    };
    Ok(Numbers {
        parameters,
        angles,
        lifting,
        motion: placed.motion,
    })
}

fn measured(
    lifted: &LiftedPoses,
    placed: &Placed,
    subject: &Subject,
    search: &BoutSearch,
    walked: &Walked,
    config: &Config,
) -> (GaitParameters, AngleCurves) {
    let motion = &placed.motion;
    let bouts: Vec<(usize, Walk, AngleSeries, Vec<_>)> = walked
        .straight(&search.bouts)
        .filter_map(|(index, _, cycles)| {
            let bout = &search.bouts[index];
            let frames = bout.start_frame..bout.end_frame;
            let direction = direction_of(motion, frames, config.surface)?;
            let bout = Bout {
                direction,
                ..bout.clone()
            };
            let walk = walk::from_motion_in(
                motion,
                lifted.unit,
                &bout,
                &config.walk,
                config.surface,
                subject,
            );
            let series = marked(kinematics::angles(&walk, &config.angles));
            Some((index, walk, series, cycles))
        })
        .collect();
    let strides: Vec<_> = bouts
        .iter()
        .flat_map(|(_, walk, series, cycles)| {
            parameters::measure(walk, cycles, series, &config.parameters)
        })
        .collect();
    let Some((_, first, ..)) = bouts.first() else {
        return (GaitParameters::new(), AngleCurves::new());
    };
    let context = SummaryContext::of(first, walked.event_timing_sd_s, &config.parameters);
    let mut parameters = parameters::summarise(&strides, &context, &config.parameters);
    parameters.retain(|&id, _| is_liftable(id));
    for parameter in parameters.values_mut() {
        let sides = [
            &mut parameter.left,
            &mut parameter.right,
            &mut parameter.both,
        ];
        for summary in sides.into_iter().flatten() {
            summary.origin = Origin::Lifted;
        }
    }
    let inputs: Vec<CurveInput<'_>> = bouts
        .iter()
        .map(|(_, walk, series, cycles)| CurveInput {
            series,
            times_s: walk
                .time()
                .times_s()
                .iter()
                .map(|time_s| time_s + walk.start_time_s())
                .collect(),
            cycles,
        })
        .collect();
    let angles = kinematics::curves(&inputs, &CurveConfig::default());
    (parameters, angles)
}

/// Angles of a lifted motion: marked as such, and kept out of the indices.
fn marked(mut series: AngleSeries) -> AngleSeries {
    for side in ambulo::Side::BOTH {
        for track in series.tracks.get_mut(side).values_mut() {
            track.method = AngleMethod::Lifted;
            track.approximate = true;
        }
    }
    series
}

/// How the stage worked, for the record of methods.
pub(crate) fn settings(lifted: Result<&LiftedPoses, &str>, config: &Config) -> Method {
    let mut settings =
        BTreeMap::from([("lifter".to_owned(), config.lifting.lifter.name().to_owned())]);
    let description = match lifted {
        Ok(lifted) => {
            let identity = &lifted.identity;
            settings.insert("network".to_owned(), identity.network.clone());
            settings.insert("weights".to_owned(), identity.name.clone());
            if let Some(errors) = &lifted.errors {
                settings.insert("errors_from".to_owned(), errors.source.clone());
            }
            let errors = if lifted.errors.is_some() {
                "A lifted number leads where its measured error is smaller than the picture's."
            } else {
                "No error of these weights is known, so no lifted number leads."
            };
            format!(
                "A network ({}) lifted the keypoints to poses; the feet that stand by the events, and the \
                 pelvis' place across the picture, put them on the ground. {errors}",
                identity.name
            )
        }
        Err(why) => format!("Nothing was lifted: {why}."),
    };
    Method {
        stage: "lifting".to_owned(),
        description,
        settings,
    }
}
