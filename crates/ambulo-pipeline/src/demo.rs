//! The demonstration: a synthetic walker with known truth, measured in space and filmed from the
//! side, analysed, and truth printed beside estimate.

use std::fmt::Write as _;

use ambulo::Side;
use ambulo::parameters::{ParameterId, Status, Summary};
use ambulo::synth::{self, Camera, Noise, SynthError, SyntheticTrial, Variability, Walker};
use ambulo::trial::{Recording, Trial};
use ambulo_io::files::{self, NamedBytes};
use ambulo_io::formats::Format;
use ambulo_io::keypoints::{self, KeypointError, KeypointFormat};
use ambulo_io::points::LabelledPoints;
use ambulo_io::trc;

use crate::analyze::{Analysed, analyze};
use crate::config::Config;
use crate::read::LoadedTrial;

/// What the demonstration made.
#[derive(Debug, Clone, PartialEq)]
pub struct Demo {
    /// The walker's own files, as any laboratory would have them.
    pub files: Vec<NamedBytes>,
    /// Name of a folder, and the analysis that belongs into it.
    pub analysed: Vec<(&'static str, Analysed)>,
    /// Truth beside estimate, for people.
    pub table: String,
}

/// Why there is no demonstration.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The walker cannot walk so.
    #[error("the synthetic walker could not be made")]
    Synth(#[from] SynthError),
    /// The keypoints cannot be written.
    #[error("the walker's keypoints could not be written")]
    Keypoints(#[from] KeypointError),
}

/// The walker of the demonstration: a slightly asymmetric adult.
fn walker(seed: u64) -> Walker {
    Walker {
        speed_mps: 1.18,
        cadence_spm: 108.0,
        step_length_asymmetry: 0.04,
        least_knee_flexion_deg: 4.0,
        markers: true,
        strides: 12,
        variability: Variability {
            step_time_pct: 1.5,
            step_length_pct: 2.0,
            foot_place_m: 0.01,
            seed,
        },
        ..Walker::default()
    }
}

/// Makes, films and analyses the walker. The same seed gives the same bytes.
///
/// # Errors
///
/// [`DemoError`] if the walker cannot be made or written.
pub fn run(seed: u64, progress: &mut dyn FnMut(&'static str)) -> Result<Demo, DemoError> {
    progress("walking");
    let trial = synth::walk(&walker(seed))?;
    let length_m = trial.truth.speed_mps * trial.motion.time().duration_s();
    progress("filming");
    let camera = Camera::beside(Side::Right, length_m);
    let mut filmed = trial.filmed(&camera);
    if let Recording::Keypoints(clean) = &filmed.recording {
        let noise = Noise {
            seed,
            jitter_px: 2.0,
            ..Noise::default()
        };
        filmed.recording = Recording::Keypoints(synth::noise(clean, &noise));
    }
    let mut files = vec![NamedBytes {
        name: "walker.trc".to_owned(),
        bytes: trc::write(&LabelledPoints::from_motion(&trial.motion), "walker.trc"),
    }];
    if let Recording::Keypoints(keypoints) = &filmed.recording {
        for file in keypoints::write(keypoints, KeypointFormat::Ambulo)? {
            files.push(NamedBytes {
                name: "walker-filmed.json".to_owned(),
                bytes: file.bytes,
            });
        }
    }
    let mut analysed = Vec::new();
    let ours = KeypointFormat::Ambulo;
    for (folder, trial, format, file) in [
        ("motion-capture", trial.recorded(), Format::Trc, &files[0]),
        ("one-camera", filmed, Format::Keypoints(ours), &files[1]),
    ] {
        let loaded = loaded(trial, format, file);
        analysed.push((folder, analyze(&loaded, &Config::default(), progress)));
    }
    Ok(Demo {
        table: table(&trial, &analysed),
        files,
        analysed,
    })
}

fn loaded(trial: Trial, format: Format, file: &NamedBytes) -> LoadedTrial {
    LoadedTrial {
        trial,
        name: file.name.clone(),
        format,
        sha256: files::sha256(&file.bytes),
        pose2d: None,
    }
}

fn table(trial: &SyntheticTrial, analysed: &[(&'static str, Analysed)]) -> String {
    let truth = &trial.truth;
    let sided = |id, values: ambulo::PerSide<f64>| {
        [
            (id, Some(Side::Left), values.left),
            (id, Some(Side::Right), values.right),
        ]
    };
    let mut rows = vec![
        (ParameterId::Speed, None, truth.speed_mps),
        (ParameterId::Cadence, None, truth.cadence_spm),
    ];
    rows.extend(sided(ParameterId::StepLength, truth.step_length_m));
    rows.extend(sided(ParameterId::StepTime, truth.step_time_s));
    rows.extend(sided(ParameterId::StepWidth, truth.step_width_m));
    rows.extend(sided(ParameterId::Stance, truth.stance_pct));
    rows.extend(sided(ParameterId::DoubleSupport, truth.double_support_pct));
    rows.extend(sided(ParameterId::FootStrikeAngle, truth.foot_strike_deg));

    let mut text = String::from("A synthetic walker, known exactly, and what ambulo measured:\n\n");
    let _ = write!(text, "{:<34}{:>10}", "", "truth");
    for (folder, _) in analysed {
        let _ = write!(text, "{folder:>20}");
    }
    text.push('\n');
    for (id, side, value) in rows {
        let side_name = side.map_or("", Side::name);
        let name = format!("{} {side_name}", id.title());
        let decimals = id.decimals();
        let _ = write!(text, "{name:<34}{value:>10.decimals$}");
        for (_, analysed) in analysed {
            let parameter = &analysed.analysis.parameters[&id];
            let summary = match side {
                Some(Side::Left) => &parameter.left,
                Some(Side::Right) => &parameter.right,
                None => &parameter.both,
            };
            let _ = write!(text, "{:>20}", estimate(id, summary.as_ref()));
        }
        let _ = writeln!(text, "  {}", id.unit());
    }
    text
}

fn estimate(id: ParameterId, summary: Option<&Summary>) -> String {
    let decimals = id.decimals();
    match summary {
        Some(Summary {
            value: Some(value),
            status: Status::Valid | Status::Caution,
            ci95,
            ..
        }) => {
            let half = ci95.map_or_else(String::new, |[low, high]| {
                format!(" ± {:.decimals$}", (high - low) / 2.0)
            });
            format!("{value:.decimals$}{half}")
        }
        _ => "withheld".to_owned(),
    }
}
