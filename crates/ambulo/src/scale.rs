//! Pixels to metres for one camera, with the error that comes along.
//!
//! The body itself is the ruler: the lengths of its segments in pixels, summed, against what share
//! of the height those segments are. A known distance on the floor or a measured leg serve as well;
//! without any of them lengths stay in leg lengths.

use serde::{Deserialize, Serialize};

use crate::keypoints::Keypoints2d;
use crate::subject::Subject;
use crate::walk::LengthUnit;

mod body;
mod perspective;

pub use body::leg_length_px;

use body::{BodyLengths, Segments};
use perspective::Course;

/// What a length in metres is known from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "source")]
pub enum ScaleSource {
    /// The subject's standing height.
    Height {
        /// Metres.
        height_m: f64,
    },
    /// The subject's leg length: anterior superior iliac spine to medial malleolus.
    LegLength {
        /// Metres.
        leg_length_m: f64,
    },
    /// A known distance along the floor, in the plane of the walk.
    Distance {
        /// Metres.
        distance_m: f64,
        /// Its ends in the image, horizontally.
        between_px: [f64; 2],
    },
    /// Nothing: lengths are given in leg lengths.
    Unknown,
}

impl ScaleSource {
    /// The best that is known of the subject: the height, else the leg length.
    pub fn of(subject: &Subject) -> Self {
        if let Some(height_m) = subject.height_m {
            Self::Height { height_m }
        } else if let Some(leg_length_m) = subject.mean_leg_length_m() {
            Self::LegLength { leg_length_m }
        } else {
            Self::Unknown
        }
    }
}

/// How many pixels a unit of length has, in each frame.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// Pixels of one metre, or of one leg length, at the walker's place in each frame.
    pub pixels_per_unit: Vec<f64>,
    /// The unit, with the scale's relative standard error where it is the metre.
    pub unit: LengthUnit,
    /// Relative standard error of the scale; for leg lengths, of the leg's length in pixels.
    pub relative_error: f64,
    /// What the scale comes from.
    pub source: ScaleSource,
    /// The subject's leg (hip to ankle joint, thigh and shank summed) in the scale's unit.
    pub leg_length: f64,
    /// How much the body's height in pixels changes along the walk, in percent of its mean.
    pub height_variation_pct: f64,
    /// Whether that change was corrected frame by frame.
    pub perspective_corrected: bool,
    /// What was done, in one or two sentences with its numbers.
    pub note: String,
}

/// Why no scale can be given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScaleError {
    /// The body is not seen well enough.
    #[error(
        "hip, knee and ankle are seen together in {frames} frames only, at least {LEAST_FRAMES} are needed; film the whole person"
    )]
    TooFewFrames {
        /// Frames that show a leg.
        frames: usize,
    },
    /// The given length is impossible.
    #[error("a {what} of {metres} m is not possible")]
    BadLength {
        /// What was given.
        what: &'static str,
        /// How long.
        metres: f64,
    },
    /// The ends of the known distance are too close together.
    #[error(
        "the ends of the known distance are {pixels:.1} px apart; mark two points further apart"
    )]
    ShortDistance {
        /// How far apart they are.
        pixels: f64,
    },
}

/// Frames that must show a leg.
const LEAST_FRAMES: usize = 10;
/// Change of the body's height in pixels beyond which each frame gets its own scale, in percent.
pub const PERSPECTIVE_LIMIT_PCT: f64 = 5.0;
/// Thigh and shank summed, as a share of the clinical leg length.
///
/// Eight people recorded with Plug-in Gait (biomechZoo and BTK data): mean 0.909, SD 0.033.
const LEG_SHARE_OF_CLINICAL: f64 = 0.909;
/// Relative SD of that share between people.
const LEG_SHARE_ERROR: f64 = 0.036;
/// Systematic difference between a detector's keypoints and joint centres, relative to the
/// segments summed: about one centimetre at either end of a leg and trunk. Our choice.
const DETECTOR_ERROR: f64 = 0.02;
/// Relative error of the body's length for each unit of height that its segments do not cover.
///
/// In the same eight people, thigh and shank (0.49 of the height) vary by 5 % around their share,
/// and with the trunk (0.78) by 2.2 %: one tenth of what is left out.
const ERROR_OF_UNSEEN: f64 = 0.10;
/// Standard error of a marked end of a known distance, in pixels.
const MARK_ERROR_PX: f64 = 2.0;
/// Relative error from the distance not lying exactly below the walker.
const PLANE_ERROR: f64 = 0.01;

/// Finds the scale of a recording.
///
/// Frames count with the middle half of their body lengths; of a walker who nears or leaves the
/// camera, the length is fitted along the path, and each frame has its own scale.
///
/// # Errors
///
/// [`ScaleError`] if too little of the body is seen or the given length is impossible.
///
/// # Source
///
/// Stenum et al. (2021), doi:10.1371/journal.pcbi.1008935, for the known distance; Winter (2009),
/// *Biomechanics and Motor Control of Human Movement*, for the shares of the height.
pub fn estimate_scale(keypoints: &Keypoints2d, source: &ScaleSource) -> Result<Scale, ScaleError> {
    check(source)?;
    let lengths = BodyLengths::measure(keypoints);
    if lengths.frames() < LEAST_FRAMES {
        return Err(ScaleError::TooFewFrames {
            frames: lengths.frames(),
        });
    }
    let course = Course::fit(keypoints.time().times_s(), &lengths);
    let body_error = course.bootstrap_error.hypot(course.uncorrected_error());
    let leg_px: Vec<f64> = course
        .height_px
        .iter()
        .map(|height_px| height_px * lengths.leg_share)
        .collect();
    let by_body = |unit_in_body: f64, proportions: f64| {
        let error = body_error.hypot(proportions).hypot(DETECTOR_ERROR);
        let pixels: Vec<f64> = course.height_px.iter().map(|h| h * unit_in_body).collect();
        (pixels, error)
    };
    let (pixels_per_unit, relative_error) = match *source {
        ScaleSource::Height { height_m } => {
            by_body(1.0 / height_m, ERROR_OF_UNSEEN * (1.0 - lengths.covered))
        }
        ScaleSource::LegLength { leg_length_m } => by_body(
            lengths.leg_share / (LEG_SHARE_OF_CLINICAL * leg_length_m),
            LEG_SHARE_ERROR,
        ),
        ScaleSource::Distance {
            distance_m,
            between_px: [from_px, to_px],
        } => {
            let apart_px = (to_px - from_px).abs();
            let middle_px = f64::midpoint(from_px, to_px);
            let there_px = course.height_at(middle_px);
            let error = (MARK_ERROR_PX * std::f64::consts::SQRT_2 / apart_px)
                .hypot(PLANE_ERROR)
                .hypot(course.uncorrected_error());
            let pixels = course.height_px.iter();
            let pixels = pixels.map(|h| apart_px / distance_m * h / there_px);
            (pixels.collect(), error)
        }
        ScaleSource::Unknown => by_body(lengths.leg_share, 0.0),
    };
    let unit = match source {
        ScaleSource::Unknown => LengthUnit::LegLengths,
        _ => LengthUnit::Metres { relative_error },
    };
    let leg_length = leg_px.iter().sum::<f64>() / pixels_per_unit.iter().sum::<f64>();
    let note = note(source, &lengths, &course, relative_error);
    Ok(Scale {
        pixels_per_unit,
        unit,
        relative_error,
        source: *source,
        leg_length,
        height_variation_pct: course.variation_pct,
        perspective_corrected: course.corrected(),
        note,
    })
}

fn check(source: &ScaleSource) -> Result<(), ScaleError> {
    let (what, metres, allowed) = match *source {
        ScaleSource::Height { height_m } => ("height", height_m, 0.4..=2.6),
        ScaleSource::LegLength { leg_length_m } => ("leg length", leg_length_m, 0.15..=1.6),
        ScaleSource::Distance {
            distance_m,
            between_px: [from_px, to_px],
        } => {
            let pixels = (to_px - from_px).abs();
            if pixels.is_nan() || pixels < 10.0 * MARK_ERROR_PX {
                return Err(ScaleError::ShortDistance { pixels });
            }
            ("distance", distance_m, 0.05..=1000.0)
        }
        ScaleSource::Unknown => return Ok(()),
    };
    if allowed.contains(&metres) {
        Ok(())
    } else {
        Err(ScaleError::BadLength { what, metres })
    }
}

fn note(source: &ScaleSource, lengths: &BodyLengths, course: &Course, error: f64) -> String {
    let from = match source {
        ScaleSource::Height { height_m } => format!(
            "One metre is taken from the subject's height of {height_m:.2} m, by {} ({:.0} % of it)",
            match lengths.segments {
                Segments::Leg => "thigh and shank",
                Segments::LegAndTrunk => "leg and trunk",
                Segments::LegTrunkAndHead => "leg, trunk and head",
            },
            100.0 * lengths.covered
        ),
        ScaleSource::LegLength { leg_length_m } => {
            format!("One metre is taken from the subject's leg length of {leg_length_m:.3} m")
        }
        ScaleSource::Distance { distance_m, .. } => {
            format!("One metre is taken from the known distance of {distance_m:.2} m")
        }
        ScaleSource::Unknown => {
            "No length is known: lengths are in leg lengths (thigh and shank summed)".to_owned()
        }
    };
    let perspective = if course.corrected() {
        format!(
            "the body's height in pixels changes by {:.0} % along the walk, which is corrected frame by frame",
            course.variation_pct
        )
    } else {
        format!(
            "the body's height in pixels changes by {:.1} % along the walk, which is left as it is",
            course.variation_pct
        )
    };
    format!(
        "{from}, with a standard error of {:.1} %; {perspective}.",
        100.0 * error
    )
}
