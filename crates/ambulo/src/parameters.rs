//! Spatio-temporal parameters: their definitions, their values per stride, and their summaries.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Side;

mod angles;
mod arm;
mod config;
mod context;
mod error;
mod family;
mod freezing;
mod guards;
mod measure;
mod precision;
mod requirement;
mod spatial;
mod summary;
mod symmetry;
mod temporal;
mod trunk;
mod variability;
mod view;

pub use config::{Guards, ParameterConfig, Range};
pub use context::SummaryContext;
pub(crate) use measure::Values;
pub use measure::measure;
pub use precision::Precision;
pub use spatial::belt_speed;
pub use summary::summarise;
pub use symmetry::{arm_swing_asymmetry_pct, curve_similarity, robinson_pct};
pub use variability::{cv_pct, mean, pooled_cv_pct, pooled_sd, sample_sd};
pub(crate) use view::{StrideView, hips_at, local_time_s, pelvis_at, sample_times, shoulders_at};

/// What a parameter's values are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sidedness {
    /// One value a side, and one of both sides together.
    PerSide,
    /// One value for the whole walk.
    Whole,
}

/// What kind of quantity a parameter is; decides which scale and which view it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Time or a share of the cycle: needs events only.
    Temporal,
    /// Lengths along the walk or up: need a scale, carry its error.
    Sagittal,
    /// Lengths across the walk: need all three axes.
    Mediolateral,
    /// Degrees.
    Angle,
    /// A pure number, free of scale.
    Ratio,
}

macro_rules! parameters {
    ($($variant:ident, $name:literal, $title:literal, $unit:literal, $decimals:literal, $sided:ident, $quantity:ident, $definition:literal, $source:literal;)*) => {
        /// A gait parameter.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ParameterId {
            $(#[doc = concat!($title, ", ", $unit, ". ", $definition)] $variant,)*
        }

        impl ParameterId {
            /// Every parameter, in report order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The name for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// The unit of its values.
            pub fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }

            /// How many decimals mean something to a reader.
            pub fn decimals(self) -> usize {
                match self { $(Self::$variant => $decimals,)* }
            }

            /// What its values are counted by.
            pub fn sidedness(self) -> Sidedness {
                match self { $(Self::$variant => Sidedness::$sided,)* }
            }

            /// What kind of quantity it is.
            pub fn quantity(self) -> Quantity {
                match self { $(Self::$variant => Quantity::$quantity,)* }
            }

            /// The formula in words.
            pub fn definition(self) -> &'static str {
                match self { $(Self::$variant => $definition,)* }
            }

            /// Where the definition comes from.
            pub fn source(self) -> &'static str {
                match self { $(Self::$variant => $source,)* }
            }
        }
    };
}

parameters! {
    Speed, "speed", "Walking speed", "m/s", 2, Whole, Sagittal, "Path of the pelvis along the walk over the clean straight cycles, divided by their time; on a treadmill, the belt's speed added.", "Perry & Burnfield 2010";
    StrideSpeed, "stride_speed", "Stride speed", "m/s", 2, PerSide, Sagittal, "Stride length divided by stride time.", "Perry & Burnfield 2010";
    Cadence, "cadence", "Cadence", "steps/min", 0, PerSide, Temporal, "60 divided by the mean step time; of one side, 120 divided by its mean stride time.", "Perry & Burnfield 2010";
    StrideFrequency, "stride_frequency", "Stride frequency", "strides/s", 2, PerSide, Temporal, "One divided by the mean stride time: cadence divided by 120.", "Perry & Burnfield 2010";
    StepTime, "step_time", "Step time", "s", 3, PerSide, Temporal, "From the other foot's initial contact to this foot's next.", "Perry & Burnfield 2010";
    StrideTime, "stride_time", "Stride time", "s", 3, PerSide, Temporal, "From one initial contact of a foot to its next.", "Perry & Burnfield 2010";
    StepLength, "step_length", "Step length", "m", 3, PerSide, Sagittal, "Distance along the walk from the other foot's place on the ground to this foot's; it belongs to the foot whose contact ends the step.", "Perry & Burnfield 2010; Stenum 2021 for one camera";
    StrideLength, "stride_length", "Stride length", "m", 3, PerSide, Sagittal, "Distance along the walk between two contacts of one foot; on a treadmill, belt speed times stride time added.", "Perry & Burnfield 2010";
    StepWidth, "step_width", "Step width", "m", 3, PerSide, Mediolateral, "Distance across the walk from this foot at contact to the line through the other foot's contacts before and after.", "Huxham et al. 2006";
    Stance, "stance", "Stance", "% cycle", 1, PerSide, Temporal, "Initial contact to foot off, as a share of the cycle.", "Perry & Burnfield 2010";
    StanceTime, "stance_time", "Stance time", "s", 3, PerSide, Temporal, "Initial contact to foot off.", "Perry & Burnfield 2010";
    Swing, "swing", "Swing", "% cycle", 1, PerSide, Temporal, "Foot off to the next contact, as a share of the cycle.", "Perry & Burnfield 2010";
    SwingTime, "swing_time", "Swing time", "s", 3, PerSide, Temporal, "Foot off to the next contact.", "Perry & Burnfield 2010";
    SingleSupport, "single_support", "Single support", "% cycle", 1, PerSide, Temporal, "The other foot's swing, as a share of this side's cycle.", "Perry & Burnfield 2010";
    SingleSupportTime, "single_support_time", "Single support time", "s", 3, PerSide, Temporal, "The other foot's swing.", "Perry & Burnfield 2010";
    DoubleSupport, "double_support", "Double support", "% cycle", 1, PerSide, Temporal, "Both feet on the ground: initial and terminal double support together, as a share of the cycle.", "Perry & Burnfield 2010";
    DoubleSupportTime, "double_support_time", "Double support time", "s", 3, PerSide, Temporal, "Initial and terminal double support together.", "Perry & Burnfield 2010";
    InitialDoubleSupport, "initial_double_support", "Initial double support", "% cycle", 1, PerSide, Temporal, "This foot's contact to the other's foot off, as a share of the cycle.", "Perry & Burnfield 2010";
    InitialDoubleSupportTime, "initial_double_support_time", "Initial double support time", "s", 3, PerSide, Temporal, "This foot's contact to the other's foot off.", "Perry & Burnfield 2010";
    TerminalDoubleSupport, "terminal_double_support", "Terminal double support", "% cycle", 1, PerSide, Temporal, "The other foot's contact to this one's foot off, as a share of the cycle.", "Perry & Burnfield 2010";
    TerminalDoubleSupportTime, "terminal_double_support_time", "Terminal double support time", "s", 3, PerSide, Temporal, "The other foot's contact to this one's foot off.", "Perry & Burnfield 2010";
    NormalisedSpeed, "normalised_speed", "Normalised speed", "1", 3, Whole, Ratio, "Speed divided by the square root of gravity times leg length.", "Hof 1996";
    NormalisedStepLength, "normalised_step_length", "Normalised step length", "leg lengths", 3, PerSide, Ratio, "Step length divided by leg length.", "Hof 1996";
    NormalisedStrideLength, "normalised_stride_length", "Normalised stride length", "leg lengths", 3, PerSide, Ratio, "Stride length divided by leg length.", "Hof 1996";
    NormalisedCadence, "normalised_cadence", "Normalised cadence", "1", 3, Whole, Ratio, "Steps per second times the square root of leg length over gravity.", "Hof 1996";
    WalkRatio, "walk_ratio", "Walk ratio", "m/(steps/min)", 5, PerSide, Sagittal, "Step length divided by cadence.", "Sekiya & Nagasaki 1998";
    FootProgressionAngle, "foot_progression_angle", "Foot progression angle", "°", 1, PerSide, Angle, "Heel to toe against the walk at half of stance, in the floor's plane; toe-in is positive.", "Vicon Plug-in Gait";
    FootStrikeAngle, "foot_strike_angle", "Foot strike angle", "°", 1, PerSide, Angle, "Sagittal pitch of the foot at contact minus its pitch when flat; toes up is positive.", "Altman & Davis 2012";
    MaximumFootHeight, "maximum_foot_height", "Maximum foot height in swing", "m", 3, PerSide, Sagittal, "Highest point of the foot in swing above its level in stance.", "Mirelman et al. 2012";
    MinimumToeClearance, "minimum_toe_clearance", "Minimum toe clearance", "m", 3, PerSide, Sagittal, "Lowest point of the toe in mid-swing above its level in stance.", "Winter 1992";
    KneeFlexionMaximumExtension, "knee_flexion_maximum_extension", "Knee flexion at maximum extension", "°", 1, PerSide, Angle, "Least knee flexion in stance; positive is still flexed.", "Kidziński et al. 2020";
    ArmSwingRange, "arm_swing_range", "Arm swing range", "°", 1, PerSide, Angle, "Range over a stride of the sagittal angle between shoulder to wrist and the trunk.", "Mirelman et al. 2015";
    WristExcursion, "wrist_excursion", "Wrist excursion", "m", 3, PerSide, Sagittal, "Range over a stride of the wrist along the walk, relative to the pelvis.", "Lewek et al. 2010";
    ArmSwingAsymmetry, "arm_swing_asymmetry", "Arm swing asymmetry", "%", 1, Whole, Ratio, "(45° − arctan(less/more))/90° of the arm swing ranges; 0 is symmetric.", "Zifchock et al. 2008; Lewek et al. 2010";
    TrunkLean, "trunk_lean", "Trunk lean (stoop)", "°", 1, Whole, Angle, "Mean angle of the line from mid-hip to neck to the vertical, sagittal; forward is positive.", "gait analysis practice";
    PelvisSwayRange, "pelvis_sway_range", "Pelvis sway, range", "m", 3, Whole, Mediolateral, "Range of the pelvis across the walk over a stride, its straight drift removed.", "gait analysis practice";
    PelvisSwayRms, "pelvis_sway_rms", "Pelvis sway, RMS", "m", 3, Whole, Mediolateral, "Root mean square of the pelvis across the walk over a stride, its straight drift removed.", "gait analysis practice";
    TrunkSwayRange, "trunk_sway_range", "Trunk sway, range", "m", 3, Whole, Mediolateral, "Range of the neck across the walk over a stride, its straight drift removed.", "gait analysis practice";
    TrunkSwayRms, "trunk_sway_rms", "Trunk sway, RMS", "m", 3, Whole, Mediolateral, "Root mean square of the neck across the walk over a stride, its straight drift removed.", "gait analysis practice";
    StepTimeCv, "step_time_cv", "Step time variability", "%", 1, Whole, Ratio, "Coefficient of variation; the variances of left and right are averaged, so asymmetry does not inflate it.", "Galna et al. 2013";
    StrideTimeCv, "stride_time_cv", "Stride time variability", "%", 1, Whole, Ratio, "Coefficient of variation, sides pooled by variance.", "Galna et al. 2013";
    StepLengthCv, "step_length_cv", "Step length variability", "%", 1, Whole, Ratio, "Coefficient of variation, sides pooled by variance.", "Galna et al. 2013";
    StrideLengthCv, "stride_length_cv", "Stride length variability", "%", 1, Whole, Ratio, "Coefficient of variation, sides pooled by variance.", "Galna et al. 2013";
    SpeedCv, "speed_cv", "Gait speed variability", "%", 1, Whole, Ratio, "Coefficient of variation of the stride speed, sides pooled by variance.", "Wang et al. 2025 (AGIR)";
    MosMediolateralContact, "mos_mediolateral_contact", "Margin of stability at contact, sideways", "m", 3, PerSide, Mediolateral, "Lateral edge of the foot minus extrapolated centre of mass, at initial contact; inside is positive.", "Hof et al. 2005, Hof 2008";
    MosMediolateralMinimum, "mos_mediolateral_minimum", "Least margin of stability in single support, sideways", "m", 3, PerSide, Mediolateral, "Least value over this foot's single support.", "Hof et al. 2005, Hof 2008";
    MosForwardContact, "mos_forward_contact", "Margin of stability at contact, forward", "m", 3, PerSide, Sagittal, "Toe of the landing foot minus extrapolated centre of mass along the walk.", "Hof et al. 2005, Hof 2008";
    MosBackwardContact, "mos_backward_contact", "Margin of stability at contact, backward", "m", 3, PerSide, Sagittal, "Extrapolated centre of mass minus the heel of the trailing foot along the walk.", "Hof et al. 2005, Hof 2008";
    MosForwardMinimum, "mos_forward_minimum", "Least margin of stability in single support, forward", "m", 3, PerSide, Sagittal, "Least distance from the extrapolated centre of mass forward to the standing foot's toe over this foot's single support; negative while the body falls ahead into the next step.", "Hof et al. 2005, Hof 2008";
    MosBackwardMinimum, "mos_backward_minimum", "Least margin of stability in single support, backward", "m", 3, PerSide, Sagittal, "Least distance from the standing foot's heel forward to the extrapolated centre of mass over this foot's single support.", "Hof et al. 2005, Hof 2008";
    FreezingIndex, "freezing_index", "Freezing index", "1", 2, PerSide, Ratio, "Power of the shank's vertical acceleration in 3 to 8 Hz divided by 0.5 to 3 Hz.", "Moore et al. 2008";
    LegacyAgirStepDistance, "legacy_agir_step_distance", "Foot to foot distance (legacy, AGIR)", "m", 3, PerSide, Mediolateral, "Distance in space between the two feet, each at its own contact, called step width in AGIR's annotations; kept only to reproduce them.", "Wang et al. 2025 (AGIR)";
}

/// Whether a value can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can.
    Valid,
    /// It can, with the reason given in mind.
    Caution,
    /// There is no value, for the reason given.
    Withheld,
}

/// Where a number comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Measured in the recording itself.
    #[default]
    Measured,
    /// Measured in the motion that a network made of one camera's keypoints.
    Lifted,
}

impl Origin {
    /// Whether the recording itself gave it: what goes without saying in files.
    pub fn is_measured(&self) -> bool {
        *self == Self::Measured
    }
}

/// One parameter of one side (or of both), over the clean straight cycles.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The value, usually the mean; absent if withheld.
    pub value: Option<f64>,
    /// Its unit, as written in files: `m`, `s`, `steps/min`, `% cycle`, or `leg lengths` without scale.
    pub unit: String,
    /// Standard deviation over strides, where it means something.
    pub sd: Option<f64>,
    /// Coefficient of variation in percent.
    pub cv_pct: Option<f64>,
    /// Values averaged.
    pub n: usize,
    /// 95 % confidence interval of the value: from the strides, the events' timing and the scale.
    pub ci95: Option<[f64; 2]>,
    /// Whether it can be used.
    pub status: Status,
    /// Why not, or why with caution; also why there is no interval.
    pub reason: Option<String>,
    /// Where it comes from; not written where the recording itself gave it.
    #[serde(default, skip_serializing_if = "Origin::is_measured")]
    pub origin: Origin,
}

/// One parameter: left, right, and both sides together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ParameterSummary {
    /// The subject's left; absent for parameters of the whole walk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Summary>,
    /// The subject's right; absent for parameters of the whole walk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub right: Option<Summary>,
    /// Both sides together, or the whole walk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub both: Option<Summary>,
    /// Left compared with right, where both have a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symmetry: Option<Symmetry>,
}

/// Left compared with right. In the signed indices, positive means the right is larger.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Symmetry {
    /// Robinson's index: 100 (R − L) / mean.
    pub robinson_pct: f64,
    /// Larger divided by smaller.
    pub ratio: f64,
    /// Gait asymmetry: 100 |ln(smaller/larger)|.
    pub gait_asymmetry_pct: f64,
    /// Symmetry angle: (45° − atan2(L, R)) / 90° in percent.
    pub symmetry_angle_pct: f64,
}

/// Every parameter of a walk.
pub type GaitParameters = BTreeMap<ParameterId, ParameterSummary>;

/// One stride with the parameters measured in it: a row of `parameters.csv`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stride {
    /// The side whose contacts open and close it.
    pub side: Side,
    /// Index of the bout.
    pub bout: usize,
    /// Its first frame in the trial.
    pub start_frame: usize,
    /// The frame of the contact that closes it.
    pub end_frame: usize,
    /// Its start in the trial.
    pub start_s: f64,
    /// Its end in the trial.
    pub end_s: f64,
    /// Whether it counts in the means: straight, in order, plausible.
    pub used: bool,
    /// Why it does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was measured in it.
    pub values: BTreeMap<ParameterId, f64>,
}
