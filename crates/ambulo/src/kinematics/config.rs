//! Settings of the angles.

use serde::{Deserialize, Serialize};

use crate::PerSide;

/// Settings of [`super::angles`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AngleConfig {
    /// What hip flexion is measured against where no pelvis markers exist.
    pub hip_reference: HipReference,
    /// Order of the pelvic rotations.
    pub pelvic_order: PelvicOrder,
    /// What counts as a foot pitch of zero.
    pub foot_zero: FootZero,
    /// Width of the knee between its epicondyles, in metres; estimated from the leg where absent.
    pub knee_width_m: PerSide<Option<f64>>,
    /// Width of the ankle between its malleoli, in metres; estimated from the leg where absent.
    pub ankle_width_m: PerSide<Option<f64>>,
    /// Diameter of the markers, in metres.
    pub marker_diameter_m: f64,
    /// The highest cut-off of the filter of joints in space for angles, in hertz. It lies between
    /// that of the walk and this one, where [`crate::signal::residual`] finds it.
    pub highest_cutoff_hz: f64,
}

impl Default for AngleConfig {
    fn default() -> Self {
        Self {
            hip_reference: HipReference::Vertical,
            pelvic_order: PelvicOrder::TiltObliquityRotation,
            foot_zero: FootZero::Auto,
            knee_width_m: PerSide::default(),
            ankle_width_m: PerSide::default(),
            marker_diameter_m: 0.014,
            highest_cutoff_hz: 15.0,
        }
    }
}

/// What hip flexion is measured against where no pelvis markers exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HipReference {
    /// The vertical: the thigh's inclination.
    #[default]
    Vertical,
    /// The line from mid-hip to neck: leaning forward flexes the hip.
    Trunk,
}

/// Order of the pelvic rotations; the two differ where the pelvis is tilted far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PelvicOrder {
    /// Tilt about the room's axis across the walk, rotation about the pelvis' own: Plug-in Gait.
    #[default]
    TiltObliquityRotation,
    /// Rotation about the vertical, tilt about the pelvis' own axis: Baker (2001),
    /// doi:10.1016/S0966-6362(00)00083-7.
    RotationObliquityTilt,
}

/// What counts as a foot pitch of zero.
///
/// Without a heel it is always the pitch at which the foot rests longest, and what rests on it is
/// marked approximate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FootZero {
    /// As `flat_foot` where the line from heel to toe rests between −5° and 12°, which the places
    /// of the two points explain; else as `heel_to_toe`, because the foot itself does not rest flat.
    #[default]
    Auto,
    /// The pitch at which the foot rests longest, taken as flat on the ground. A foot that never
    /// rests flat would be misjudged.
    FlatFoot,
    /// The line from heel to toe as it is.
    HeelToToe,
}
