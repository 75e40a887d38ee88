//! Thigh and shank in space: their centres and their axes across the body.

use nalgebra::{Point3, Vector3};

use crate::Side;
use crate::kinematics::AngleConfig;
use crate::kinematics::foot::Foot;
use crate::kinematics::pelvis::{self, Pelvis};
use crate::kinematics::space::{SegmentSpace, unit};
use crate::skeleton::{Joint, on};
use crate::walk::{LengthUnit, Walk};

/// Knee width as a share of the thigh's length, where nothing was measured (a choice: 105 mm at 0.42 m).
const KNEE_WIDTH_PER_THIGH: f64 = 0.25;
/// Ankle width as a share of the shank's length, where nothing was measured (a choice: 70 mm at 0.40 m).
const ANKLE_WIDTH_PER_SHANK: f64 = 0.175;
/// Sine of the knee angle below which the plane of thigh and shank says nothing about the knee's axis.
const PLANE_UNKNOWN_SINE: f64 = 0.17;
/// Sine of the knee angle above which that plane alone gives the knee's axis.
const PLANE_KNOWN_SINE: f64 = 0.5;

/// Spaces of one leg in one frame.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Leg {
    /// Y from knee centre to hip centre.
    pub thigh: Option<SegmentSpace>,
    /// Y from ankle centre to knee centre.
    pub shank: Option<SegmentSpace>,
}

/// What makes the spaces of one leg.
pub(super) struct LegBuilder<'a> {
    walk: &'a Walk,
    side: Side,
    config: &'a AngleConfig,
    foot: Option<&'a Foot>,
    knee: CentreSource,
    ankle: CentreSource,
}

/// How a joint's centre and its axis are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CentreSource {
    /// The recording's own centre, and the lateral marker for the axis.
    CentreAndLateral,
    /// The middle of medial and lateral marker.
    MedialAndLateral,
    /// Lateral marker, segment marker and half the joint's width: the chord of Davis et al. (1991).
    Chord,
    /// Half the joint's width inwards from the lateral marker: no axis of its own.
    Inwards,
    /// The recording's own centre: no axis of its own.
    Centre,
    /// Nothing.
    Absent,
}

/// How well the axis across a joint is known, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AxisSource {
    /// From how the leg bends, where the foot points, or the pelvis.
    Inferred,
    /// From a marker on the segment. How far that stands beside the true plane is not calibrated, so
    /// rotations about the segment carry an offset of up to tens of degrees.
    Wand,
    /// From centre or medial marker to lateral marker.
    BothSides,
}

/// The points at one joint.
struct JointPoints {
    centre: Joint,
    lateral: Joint,
    medial: Joint,
    wand: Joint,
}

impl<'a> LegBuilder<'a> {
    pub(super) fn new(
        walk: &'a Walk,
        side: Side,
        config: &'a AngleConfig,
        foot: Option<&'a Foot>,
        pelvis: &[Option<Pelvis>],
    ) -> Self {
        let mut builder = Self {
            walk,
            side,
            config,
            foot,
            knee: CentreSource::choose(walk, &knee_points(side)),
            ankle: CentreSource::choose(walk, &ankle_points(side)),
        };
        let knee = |builder: &Self, frame, right| {
            let hip = pelvis::hip_centre(walk, side, frame)?;
            builder.knee_centre(hip, Some(right), frame)
        };
        if !points_outwards(pelvis, |frame, right| knee(&builder, frame, right)?.right) {
            builder.knee = builder.knee.without_axis();
        }
        let ankle = |builder: &Self, frame, right| {
            builder.ankle_centre(knee(builder, frame, right)?.at, Some(right), frame)
        };
        if !points_outwards(pelvis, |frame, right| ankle(&builder, frame, right)?.right) {
            builder.ankle = builder.ankle.without_axis();
        }
        builder
    }

    /// How the axis across the knee is known.
    pub(super) fn knee_axis(&self) -> AxisSource {
        self.knee.axis()
    }

    /// How the axes across knee and ankle are known: the weaker of the two.
    pub(super) fn both_axes(&self) -> AxisSource {
        self.knee.axis().min(self.ankle.axis())
    }

    /// The leg in one frame.
    pub(super) fn at(&self, frame: usize, pelvis: Option<&Pelvis>) -> Leg {
        self.with_pelvis(frame, pelvis).unwrap_or_default()
    }

    fn with_pelvis(&self, frame: usize, pelvis: Option<&Pelvis>) -> Option<Leg> {
        let pelvis_right = pelvis.map(|pelvis| pelvis.space.z);
        let hip = pelvis::hip_centre(self.walk, self.side, frame)?;
        let knee = self.knee_centre(hip, pelvis_right, frame)?;
        let ankle = self.ankle_centre(knee.at, pelvis_right, frame);
        let thigh_up = hip - knee.at;
        let shank_up = ankle.as_ref().map(|ankle| knee.at - ankle.at);
        let inferred = || self.bending_axis(thigh_up, shank_up, pelvis_right?, frame);
        let thigh_right = knee.right.or_else(inferred)?;
        let shank = ankle.and_then(|ankle| {
            SegmentSpace::along(knee.at - ankle.at, ankle.right.unwrap_or(thigh_right))
        });
        Some(Leg {
            thigh: SegmentSpace::along(thigh_up, thigh_right),
            shank,
        })
    }

    fn knee_centre(
        &self,
        hip: Point3<f64>,
        pelvis_right: Option<Vector3<f64>>,
        frame: usize,
    ) -> Option<Centre> {
        let width_m = *self.config.knee_width_m.get(self.side);
        let widths = (width_m, KNEE_WIDTH_PER_THIGH);
        let points = knee_points(self.side);
        self.centre(self.knee, &points, hip, widths, pelvis_right, frame)
    }

    fn ankle_centre(
        &self,
        knee: Point3<f64>,
        pelvis_right: Option<Vector3<f64>>,
        frame: usize,
    ) -> Option<Centre> {
        let width_m = *self.config.ankle_width_m.get(self.side);
        let widths = (width_m, ANKLE_WIDTH_PER_SHANK);
        let points = ankle_points(self.side);
        self.centre(self.ankle, &points, knee, widths, pelvis_right, frame)
    }

    /// A joint's centre, and its axis to the right where markers show it. `widths` are the joint's
    /// own, where measured, and its share of the segment's length.
    fn centre(
        &self,
        source: CentreSource,
        points: &JointPoints,
        proximal: Point3<f64>,
        widths: (Option<f64>, f64),
        pelvis_right: Option<Vector3<f64>>,
        frame: usize,
    ) -> Option<Centre> {
        let at = |joint| self.walk.position(joint, frame);
        let outward = self.side.z_sign();
        let half_width = |lateral: Point3<f64>| {
            // Widths in metres mean nothing in leg lengths; the estimate does.
            let measured = match self.walk.unit() {
                LengthUnit::Metres { .. } => widths
                    .0
                    .map(|width_m| width_m + self.config.marker_diameter_m),
                LengthUnit::LegLengths => None,
            };
            measured.unwrap_or((proximal - lateral).norm() * widths.1) / 2.0
        };
        match source {
            CentreSource::CentreAndLateral => {
                let centre = at(points.centre)?;
                let right = at(points.lateral).map(|lateral| (lateral - centre) * outward);
                Some(Centre {
                    at: centre,
                    right: Some(right?),
                })
            }
            CentreSource::MedialAndLateral => {
                let (medial, lateral) = (at(points.medial)?, at(points.lateral)?);
                Some(Centre {
                    at: nalgebra::center(&medial, &lateral),
                    right: Some((lateral - medial) * outward),
                })
            }
            CentreSource::Chord => {
                let lateral = at(points.lateral)?;
                let centre = chord(at(points.wand)?, proximal, lateral, half_width(lateral))?;
                Some(Centre {
                    at: centre,
                    right: Some((lateral - centre) * outward),
                })
            }
            CentreSource::Inwards => {
                let lateral = at(points.lateral)?;
                let space = SegmentSpace::along(proximal - lateral, pelvis_right?)?;
                Some(Centre {
                    at: lateral - space.z * (outward * half_width(lateral)),
                    right: None,
                })
            }
            CentreSource::Centre => Some(Centre {
                at: at(points.centre)?,
                right: None,
            }),
            CentreSource::Absent => None,
        }
    }

    /// The knee's axis to the right without markers: across the plane of thigh and shank when the
    /// knee is bent, else across the plane of shank and foot, else the pelvis' own. Between them it
    /// passes smoothly, so that no angle jumps.
    fn bending_axis(
        &self,
        thigh_up: Vector3<f64>,
        shank_up: Option<Vector3<f64>>,
        pelvis_right: Vector3<f64>,
        frame: usize,
    ) -> Option<Vector3<f64>> {
        let thigh_up = unit(thigh_up)?;
        let Some(shank_up) = shank_up.and_then(unit) else {
            return Some(pelvis_right);
        };
        let foot = self.foot.and_then(|foot| foot.axis[frame]);
        let extended = foot
            .and_then(|axis| unit(unit(axis)?.cross(&shank_up)))
            .filter(|axis| axis.dot(&pelvis_right) > 0.0)
            .unwrap_or(pelvis_right);
        let across = shank_up.cross(&thigh_up);
        let bent = ((across.norm() - PLANE_UNKNOWN_SINE) / (PLANE_KNOWN_SINE - PLANE_UNKNOWN_SINE))
            .clamp(0.0, 1.0);
        let towards = if across.dot(&pelvis_right) < 0.0 {
            -1.0
        } else {
            1.0
        };
        let plane = unit(across).map_or_else(Vector3::zeros, |axis| axis * towards);
        unit(extended * (1.0 - bent) + plane * bent)
    }
}

/// A joint's centre, and its axis to the right where markers show it.
struct Centre {
    at: Point3<f64>,
    right: Option<Vector3<f64>>,
}

impl CentreSource {
    fn choose(walk: &Walk, points: &JointPoints) -> Self {
        let has = |joint| walk.trajectory(joint).is_some();
        match (has(points.centre), has(points.lateral)) {
            (true, true) => Self::CentreAndLateral,
            (true, false) => Self::Centre,
            (false, true) if has(points.medial) => Self::MedialAndLateral,
            (false, true) if has(points.wand) => Self::Chord,
            (false, true) => Self::Inwards,
            (false, false) => Self::Absent,
        }
    }

    fn axis(self) -> AxisSource {
        match self {
            Self::CentreAndLateral | Self::MedialAndLateral => AxisSource::BothSides,
            Self::Chord => AxisSource::Wand,
            Self::Inwards | Self::Centre | Self::Absent => AxisSource::Inferred,
        }
    }

    /// The same joint where its axis cannot be right.
    fn without_axis(self) -> Self {
        match self {
            Self::CentreAndLateral | Self::Centre => Self::Centre,
            Self::MedialAndLateral | Self::Chord | Self::Inwards => Self::Inwards,
            Self::Absent => Self::Absent,
        }
    }
}

/// Whether an axis to the right lies within 60° of the pelvis' own in the median frame. Markers in
/// another place than their names say (a shank marker on the shin) turn it further than any leg is.
/// True where there is no axis to judge.
fn points_outwards(
    pelvis: &[Option<Pelvis>],
    axis: impl Fn(usize, Vector3<f64>) -> Option<Vector3<f64>>,
) -> bool {
    const LEAST_COSINE: f64 = 0.5;
    let cosine = |(frame, pelvis): (usize, &Option<Pelvis>)| {
        let right = pelvis.as_ref()?.space.z;
        Some(unit(axis(frame, right)?)?.dot(&right))
    };
    let mut cosines: Vec<f64> = pelvis.iter().enumerate().filter_map(cosine).collect();
    cosines.sort_by(f64::total_cmp);
    cosines
        .get(cosines.len() / 2)
        .is_none_or(|&median| median > LEAST_COSINE)
}

fn knee_points(side: Side) -> JointPoints {
    JointPoints {
        centre: on::knee(side),
        lateral: on::lateral_knee(side),
        medial: on::medial_knee(side),
        wand: on::thigh_wand(side),
    }
}

fn ankle_points(side: Side) -> JointPoints {
    JointPoints {
        centre: on::ankle(side),
        lateral: on::lateral_malleolus(side),
        medial: on::medial_malleolus(side),
        wand: on::shank_wand(side),
    }
}

/// The centre of a joint: in the plane of the segment's marker, the proximal centre and the lateral
/// marker, `offset` from the latter at a right angle to the segment, away from the segment's marker.
fn chord(
    wand: Point3<f64>,
    proximal: Point3<f64>,
    lateral: Point3<f64>,
    offset: f64,
) -> Option<Point3<f64>> {
    let to_proximal = proximal - lateral;
    let along = unit(to_proximal)?;
    let to_wand = wand - lateral;
    let inward = unit(along * to_wand.dot(&along) - to_wand)?;
    let cosine = offset / to_proximal.norm();
    let sine = (1.0 - cosine * cosine).max(0.0).sqrt();
    (cosine < 1.0).then(|| lateral + (along * cosine + inward * sine) * offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chord_stands_at_a_right_angle_on_the_segment() {
        let hip = Point3::new(0.02, 0.9, 0.08);
        let lateral = Point3::new(0.05, 0.5, 0.14);
        let wand = Point3::new(0.04, 0.7, 0.2);
        let knee = chord(wand, hip, lateral, 0.05).unwrap();
        assert!(((knee - lateral).norm() - 0.05).abs() < 1e-12);
        assert!((hip - knee).dot(&(lateral - knee)).abs() < 1e-12);
        assert!(knee.z < lateral.z, "the centre lies inwards");
        assert_eq!(chord(wand, hip, lateral, 0.6), None);
    }
}
