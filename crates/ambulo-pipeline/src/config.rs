//! Settings of a run: the raw form that users write, and the resolved one that functions take and
//! that is saved beside every result.

use ambulo::assessment::AssessmentConfig;
use ambulo::bouts::BoutConfig;
use ambulo::cycles::CycleConfig;
use ambulo::events::EventConfig;
use ambulo::indices::gdi::GdiReference;
use ambulo::kinematics::AngleConfig;
use ambulo::parameters::ParameterConfig;
use ambulo::quality::QualityConfig;
use ambulo::subject::Subject;
use ambulo::walk::{Surface, WalkConfig};
use ambulo_io::formats::Format;
use serde::{Deserialize, Serialize};

use crate::lifting::LiftingConfig;
use crate::overlay::OverlayConfig;
use crate::pose2d::{Pose2dConfig, VideoSettings};

/// Settings as a TOML file holds them: anything may be left out.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    /// What is known of the subject.
    pub subject: Option<Subject>,
    /// How to read the input.
    pub input: Option<InputConfig>,
    /// The ground.
    pub surface: Option<Surface>,
    /// The search for bouts.
    pub bouts: Option<BoutConfig>,
    /// Smoothing and turning into walking space.
    pub walk: Option<WalkConfig>,
    /// Reading of videos.
    pub video: Option<VideoSettings>,
    /// Finding of keypoints in videos.
    pub pose2d: Option<Pose2dConfig>,
    /// Lifting of keypoints.
    pub lifting: Option<LiftingConfig>,
    /// Detection of events.
    pub events: Option<EventConfig>,
    /// Joint angles.
    pub angles: Option<AngleConfig>,
    /// Parameters and their summaries.
    pub parameters: Option<ParameterConfig>,
    /// Order and plausibility of cycles.
    pub cycles: Option<CycleConfig>,
    /// Limits of the quality gate.
    pub quality: Option<QualityConfig>,
    /// Limits of the rules of the assessment.
    pub assessment: Option<AssessmentConfig>,
    /// The overlay of a video.
    pub overlay: Option<OverlayConfig>,
}

/// Settings of a run, complete.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Config {
    /// How to read the input.
    pub input: InputConfig,
    /// What is known of the subject; what the file says is added.
    pub subject: Subject,
    /// The ground.
    pub surface: Surface,
    /// The search for bouts.
    pub bouts: BoutConfig,
    /// Smoothing and turning into walking space.
    pub walk: WalkConfig,
    /// Reading of videos.
    pub video: VideoSettings,
    /// Finding of keypoints in videos.
    pub pose2d: Pose2dConfig,
    /// Lifting of keypoints.
    pub lifting: LiftingConfig,
    /// Detection of events.
    pub events: EventConfig,
    /// Joint angles.
    pub angles: AngleConfig,
    /// Parameters and their summaries.
    pub parameters: ParameterConfig,
    /// Order and plausibility of cycles.
    pub cycles: CycleConfig,
    /// Limits of the quality gate.
    pub quality: QualityConfig,
    /// Limits of the rules of the assessment.
    pub assessment: AssessmentConfig,
    /// The overlay of a video.
    pub overlay: OverlayConfig,
    /// The user's reference for the GDI proper; its hash is saved with the result, not its content.
    #[serde(skip)]
    pub gdi: Option<GdiFile>,
}

/// The user's reference file for the GDI proper.
#[derive(Debug, Clone, PartialEq)]
pub struct GdiFile {
    /// Features and control scores.
    pub reference: GdiReference,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// How to read the input.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputConfig {
    /// Format; recognised if absent.
    pub format: Option<Format>,
    /// Frame rate, for files that hold none.
    pub fps_hz: Option<f64>,
    /// Size of the video.
    pub image_size_px: Option<[u32; 2]>,
    /// Known distance on the floor in the plane of the walk: metres, then the x of its two ends in pixels.
    pub known_distance: Option<[f64; 3]>,
    /// Which person.
    pub person: Person,
    /// Which events.
    pub events: EventChoice,
}

/// Which person of several to analyse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Person {
    /// The one who walks, by the rule of `docs/formats/keypoints.md`.
    #[default]
    Auto,
    /// By number, from 0.
    Index(usize),
}

/// Which events to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventChoice {
    /// The file's own, and detected ones where the file has none.
    #[default]
    Auto,
    /// Only detected ones.
    Detect,
    /// Only the file's.
    File,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The text is not the TOML expected.
    #[error("the settings are not valid: {}", .0.message())]
    Toml(#[from] toml::de::Error),
    /// A number is impossible.
    #[error("{name} of {value} {unit} is not possible; it must lie between {low} and {high}")]
    Range {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// Its unit.
        unit: &'static str,
        /// Least.
        low: f64,
        /// Most.
        high: f64,
    },
}

impl RawConfig {
    /// Reads TOML.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Toml`] says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Ok(toml::from_str(text)?)
    }

    /// Fills what was left out with the defaults.
    pub fn resolve(self) -> Config {
        Config {
            input: self.input.unwrap_or_default(),
            subject: self.subject.unwrap_or_default(),
            surface: self.surface.unwrap_or_default(),
            bouts: self.bouts.unwrap_or_default(),
            walk: self.walk.unwrap_or_default(),
            video: self.video.unwrap_or_default(),
            pose2d: self.pose2d.unwrap_or_default(),
            lifting: self.lifting.unwrap_or_default(),
            events: self.events.unwrap_or_default(),
            angles: self.angles.unwrap_or_default(),
            parameters: self.parameters.unwrap_or_default(),
            cycles: self.cycles.unwrap_or_default(),
            quality: self.quality.unwrap_or_default(),
            assessment: self.assessment.unwrap_or_default(),
            overlay: self.overlay.unwrap_or_default(),
            gdi: None,
        }
    }
}

impl Config {
    /// All settings as TOML: saved beside every result, and what a settings file may hold.
    #[expect(
        clippy::missing_panics_doc,
        reason = "numbers, names and lists always have a form in TOML"
    )]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are numbers, names and lists")
    }

    /// Refuses impossible numbers.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Range`] names the setting and what is possible.
    pub fn check(&self) -> Result<(), ConfigError> {
        let belt = match self.surface {
            Surface::Treadmill { belt_speed_mps } => belt_speed_mps,
            Surface::Overground => None,
        };
        let subject = &self.subject;
        let checks = [
            ("height", subject.height_m, "m", 0.4, 2.6),
            ("mass", subject.mass_kg, "kg", 2.0, 400.0),
            ("age", subject.age_years, "years", 0.0, 125.0),
            ("leg length", subject.leg_length_m.left, "m", 0.15, 1.4),
            ("leg length", subject.leg_length_m.right, "m", 0.15, 1.4),
            ("frame rate", self.input.fps_hz, "Hz", 1.0, 10_000.0),
            ("belt speed", belt, "m/s", 0.05, 8.0),
        ];
        for (name, value, unit, low, high) in checks {
            if let Some(value) = value
                && !(low..=high).contains(&value)
            {
                return Err(ConfigError::Range {
                    name,
                    value,
                    unit,
                    low,
                    high,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_a_result_can_be_used_again() {
        let mut config = Config::default();
        config.subject.height_m = Some(1.72);
        config.input.fps_hz = Some(29.97);
        config.surface = Surface::Treadmill {
            belt_speed_mps: Some(1.1),
        };
        let again = RawConfig::parse(&config.to_toml()).unwrap().resolve();
        assert_eq!(again, config);
    }

    #[test]
    fn one_setting_leaves_the_others_at_their_defaults() {
        let config = RawConfig::parse("[bouts]\nturning_rate_dps = 30.0\n")
            .unwrap()
            .resolve();
        assert!((config.bouts.turning_rate_dps - 30.0).abs() < 1e-12);
        let defaults = Config::default();
        assert_eq!(config.walk, defaults.walk);
        assert!((config.bouts.window_s - defaults.bouts.window_s).abs() < 1e-12);
    }

    #[test]
    fn the_page_of_defaults_is_up_to_date() {
        let page = include_str!("../../../docs/defaults.toml");
        let settings: String =
            page.lines()
                .filter(|l| !l.starts_with('#'))
                .fold(String::new(), |mut text, line| {
                    text.push_str(line);
                    text.push('\n');
                    text
                });
        assert_eq!(
            settings.trim(),
            Config::default().to_toml().trim(),
            "print them again: cargo run -p ambulo-pipeline --example defaults"
        );
    }
}
