//! The gait parameters that networks estimate from keypoints.

use ambulo::Side;
use serde::{Deserialize, Serialize};

use super::Legs;

/// A gait parameter that a network estimates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The Gait Deviation Index. In weights of this repository it is GDI*, made from GPS, because the features
    /// of the index may not be shipped.
    Gdi,
    /// The least knee flexion from contact to foot off.
    KneeFlexionMaximumExtension,
    /// Walking speed, not divided by height.
    Speed,
    /// Strides of a leg in a second; half the steps.
    Cadence,
}

impl Target {
    /// All of them, in the order of the paper's table.
    pub const ALL: [Self; 4] = [
        Self::Gdi,
        Self::KneeFlexionMaximumExtension,
        Self::Speed,
        Self::Cadence,
    ];

    /// The name in files of this program.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gdi => "gdi",
            Self::KneeFlexionMaximumExtension => "knee_flexion_maximum_extension",
            Self::Speed => "speed",
            Self::Cadence => "cadence",
        }
    }

    /// The name in the published tables.
    pub fn published_name(self) -> &'static str {
        match self {
            Self::Gdi => "GDI",
            Self::KneeFlexionMaximumExtension => "KneeFlex_maxExtension",
            Self::Speed => "speed",
            Self::Cadence => "cadence",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gdi => "Gait Deviation Index",
            Self::KneeFlexionMaximumExtension => "Knee flexion at maximum extension",
            Self::Speed => "Speed",
            Self::Cadence => "Cadence",
        }
    }

    /// The unit of networks' answers, as in the published tables.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Gdi => "points",
            Self::KneeFlexionMaximumExtension => "deg",
            Self::Speed => "m/s",
            Self::Cadence => "strides/s",
        }
    }

    /// Whether each leg has its own.
    pub fn is_sided(self) -> bool {
        matches!(self, Self::Gdi | Self::KneeFlexionMaximumExtension)
    }

    /// The legs that its estimates are about: each for itself, or both together.
    pub fn legs(self) -> &'static [Legs] {
        if self.is_sided() {
            &[Legs::One(Side::Left), Legs::One(Side::Right)]
        } else {
            &[Legs::Both]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_files_are_those_that_serde_writes() {
        for target in Target::ALL {
            let json = serde_json::to_string(&target).unwrap();
            assert_eq!(json, format!("\"{}\"", target.name()));
        }
    }
}
