//! The result of analysing one trial: what `result.json` holds and what a report is made from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::PerSide;
use crate::assessment::{Assessment, NormValue, ParameterNorm, SidedCurveNorm};
use crate::bouts::Bout;
use crate::cycles::RejectedCycle;
use crate::events::GaitEvent;
use crate::kinematics::{AngleCurves, AngleId};
use crate::lifting::CameraView;
use crate::parameters::{GaitParameters, Origin, ParameterId, Status, Stride};
use crate::quality::Quality;
use crate::subject::Subject;
use crate::walk::{LengthUnit, Surface, View};

/// The version of the layout of [`Analysis`]; raised when a reader of an older one would go wrong.
pub const SCHEMA_VERSION: &str = "2.1";

/// One analysed trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: String,
    /// What was analysed.
    pub input: Input,
    /// What stands in the way of trusting it.
    pub quality: Quality,
    /// The stretches of walking.
    pub bouts: Vec<Bout>,
    /// Events in order of time.
    pub events: Vec<GaitEvent>,
    /// Every parameter, summarised.
    pub parameters: GaitParameters,
    /// Every stride, used or not.
    pub strides: Vec<Stride>,
    /// Cycles left out, and why.
    pub rejected_cycles: Vec<RejectedCycle>,
    /// Angles over the gait cycle.
    pub angles: AngleCurves,
    /// Indices of deviation from the norm.
    pub indices: Indices,
    /// Network estimates; empty where none ran. Keys are `speed`, `cadence`, and with `_left` or `_right` after
    /// them `knee_flexion_maximum_extension` and `gdi_star`.
    pub learned: BTreeMap<String, Learned>,
    /// Why a network gave no estimate, by the same keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_estimated: BTreeMap<String, String>,
    /// What was measured in the lifted motion; absent where nothing was lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifting: Option<Lifting>,
    /// Findings against norms.
    pub assessment: Assessment,
    /// What the numbers were compared with.
    pub norms: Norms,
    /// How the numbers were made: one entry a stage, with every filter and threshold.
    pub methods: Vec<Method>,
    /// Where the result comes from.
    pub provenance: Provenance,
}

/// What was analysed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Name of the file or folder, without its path.
    pub name: String,
    /// Format, such as `c3d` or `openpose`.
    pub format: String,
    /// Day of the recording as the file tells it (`YYYY-MM-DD`), never of the analysis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_on: Option<String>,
    /// What the recording can show.
    pub view: View,
    /// Frames.
    pub frames: usize,
    /// Median frame rate.
    pub rate_hz: f64,
    /// Time from the first frame to the last.
    pub duration_s: f64,
    /// The file's own time of frame 0: add it to any `time_s` to get the file's time.
    pub file_time_of_first_frame_s: f64,
    /// The file's own number of frame 0.
    pub file_number_of_first_frame: i64,
    /// The unit of lengths, and the scale's error.
    pub length_unit: LengthUnit,
    /// Pixels of one metre, for keypoints with a scale.
    pub pixels_per_metre: Option<f64>,
    /// The ground.
    pub surface: Surface,
    /// What is known of the subject.
    pub subject: Subject,
    /// What the reader decided or repaired.
    pub notes: Vec<String>,
}

/// Indices of deviation from the norm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Indices {
    /// Gait variable scores (the movement analysis profile), degrees RMS.
    pub gvs_deg: BTreeMap<AngleId, PerSide<Option<f64>>>,
    /// Gait profile score a side.
    pub gps_deg: PerSide<Option<f64>>,
    /// Gait profile score of both sides.
    pub gps_overall_deg: Option<f64>,
    /// GDI*, from the GPS and the shipped norm (Baker); never called GDI.
    pub gdi_star: PerSide<Option<f64>>,
    /// Index from the sagittal variables of one camera.
    pub sagittal_deviation_index: PerSide<Option<f64>>,
    /// GDI proper, when the user supplied the reference file.
    pub gdi: PerSide<Option<f64>>,
    /// Gait variable scores of the reference walkers themselves, for the profile's plot.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub gvs_reference_deg: BTreeMap<AngleId, NormValue>,
    /// Gait profile score of the reference walkers themselves, one side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gps_reference_deg: Option<NormValue>,
    /// Reference set of each index, and why one is missing.
    pub notes: Vec<String>,
}

/// A network's estimate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// The estimate.
    pub value: f64,
    /// Its unit.
    pub unit: String,
    /// 95 % interval from validation residuals, widened where the recording is unlike those of the training.
    pub ci95: [f64; 2],
    /// Identity of the model.
    pub model: String,
    /// Valid, or with caution.
    pub status: Status,
    /// Why it is to be read with caution.
    pub reason: Option<String>,
    /// Whether it is the number to go by: nothing was measured, or not in its unit for want of a scale.
    pub leads: bool,
}

/// What was measured in the motion that a network made of one camera's keypoints.
///
/// [`Analysis::parameters`] and [`Analysis::angles`] hold what leads, from the picture or lifted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lifting {
    /// Identity of the network and its weights.
    pub model: String,
    /// From which side the camera saw the walk.
    pub view: CameraView,
    /// Angle between the walk and the picture's plane: 0 from the side, 90 from the front or back.
    pub out_of_picture_deg: f64,
    /// The unit of lengths, and the scale's error.
    pub length_unit: LengthUnit,
    /// Speed over the ground of the standing feet as a share of the walking speed: 0 in a perfect
    /// motion.
    pub slip: f64,
    /// Distance between the lifted pose and the keypoints, as a share of the pose's extent.
    pub misfit: Option<f64>,
    /// Every parameter of the lifted motion, whether it leads or not.
    pub parameters: GaitParameters,
    /// Every angle of the lifted motion, whether it leads or not.
    pub angles: AngleCurves,
    /// What leads for each parameter that both or the lifted motion alone could give, and why.
    pub parameter_leads: BTreeMap<ParameterId, Lead>,
    /// The same for each angle.
    pub angle_leads: BTreeMap<AngleId, Lead>,
    /// Parameters measured in the picture whose place a lifted one took.
    pub outdone_parameters: GaitParameters,
    /// Angles measured in the picture whose place a lifted one took.
    pub outdone_angles: AngleCurves,
}

/// Which of two ways to one quantity leads, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lead {
    /// The way whose number stands in the report's tables.
    pub by: Origin,
    /// Error (root mean square) of the lifted number in this view, in the quantity's unit.
    pub lifted_error: Option<f64>,
    /// Error (root mean square) of the number from the picture in this view.
    pub picture_error: Option<f64>,
    /// Why, for people.
    pub why: String,
}

/// What the numbers were compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Norms {
    /// Parameters, matched by age, sex and speed where the source allows.
    pub parameters: Vec<ParameterNorm>,
    /// Angle bands.
    pub curves: BTreeMap<AngleId, SidedCurveNorm>,
    /// Source of the angle bands.
    pub curves_source: String,
}

/// How one stage worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// The stage: `bouts`, `events`, `parameters`, …
    pub stage: String,
    /// What it did, for people.
    pub description: String,
    /// Its settings, name to value with unit.
    pub settings: BTreeMap<String, String>,
}

/// Where the result comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of ambulo.
    pub version: String,
    /// SHA-256 of the input file (for a folder: of its files' hashes in name order).
    pub input_sha256: String,
    /// SHA-256 of each weights file used.
    pub weights_sha256: BTreeMap<String, String>,
    /// The resolved settings, as TOML.
    pub config: String,
}
