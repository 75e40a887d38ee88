//! Time of every stage and of every network on this machine.

mod network;
mod params;
mod tokens;

use std::hint::black_box;
use std::time::Instant;

use ambulo::Side;
use ambulo::synth::{self, Camera, Noise, Path, Walker};
use ambulo::trial::{Recording, Trial};
use ambulo_io::c3d::{C3d, Storage};
use ambulo_io::files::{Input, NamedBytes};
use ambulo_io::keypoints::{self, KeypointFormat};
use ambulo_nn::config::{ConfigError, NetworkConfig};
use ambulo_nn::networks::NetworkError;
use ambulo_nn::threads::{Engine, Threads};

use crate::analyze::analyze;
use crate::artifacts;
use crate::assess;
use crate::config::Config;
use crate::convert;
use crate::read::read_trial;

pub use network::{NETWORKS, NetworkBench};
use params::ParamsBench;

/// Why the bench could not run.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The walker cannot walk so.
    #[error("the synthetic walker could not be made")]
    Synth(#[from] synth::SynthError),
    /// Keypoints could not be written.
    #[error("the keypoints could not be written")]
    Keypoints(#[from] keypoints::KeypointError),
    /// The input could not be read back.
    #[error("the bench's own file could not be read back")]
    Read(#[from] ambulo_io::formats::ReadError),
    /// The C3D file could not be made.
    #[error("the bench's own C3D file could not be made")]
    C3d(#[from] ambulo_io::c3d::C3dError),
    /// The results could not be made.
    #[error("the results could not be made")]
    Artifacts(#[from] artifacts::ArtifactError),
    /// A network's preset is refused.
    #[error("the settings of the network could not be made")]
    Config(#[from] ConfigError),
    /// A network does not run.
    #[error("the network could not be run")]
    Network(#[from] NetworkError),
}

/// Median, least and greatest of repeated times.
#[expect(clippy::struct_field_names, reason = "the unit ends the name")]
struct Spread {
    median_s: f64,
    least_s: f64,
    most_s: f64,
}

impl Spread {
    /// Of at least one time.
    fn of(mut times_s: Vec<f64>) -> Self {
        times_s.sort_by(f64::total_cmp);
        Self {
            median_s: times_s[times_s.len() / 2],
            least_s: times_s[0],
            most_s: times_s[times_s.len() - 1],
        }
    }
}

fn timed(repetitions: usize, mut work: impl FnMut()) -> Spread {
    let times_s = (0..repetitions).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    Spread::of(times_s.collect())
}

/// Whether a goal is reached.
fn verdict(spread: &Spread, goal_s: f64, goal: &str) -> String {
    let verdict = if spread.median_s < goal_s {
        "under"
    } else {
        "OVER"
    };
    format!("{verdict} {goal}")
}

/// Times every stage, and every network of [`NETWORKS`] on random weights; `quick` repeats less often.
///
/// # Errors
///
/// [`BenchError`] if the bench's own recordings cannot be made.
pub fn run(
    quick: bool,
    threads: Threads,
    progress: &mut dyn FnMut(&'static str),
) -> Result<String, BenchError> {
    let repetitions = if quick { 5 } else { 25 };
    let mut text = heading(&format!("median of {repetitions}"));
    let mut row = |name: &str, spread: &Spread, rate: &str| {
        text += &line(name, spread, rate);
    };

    progress("one minute of keypoints");
    let input = one_minute_of_keypoints()?;
    let config = Config::default();
    let loaded = read_trial(&input, &config)?;
    let spread = timed(repetitions, || {
        black_box(read_trial(&input, &config).is_ok());
    });
    row("read keypoints, 1 min at 30 Hz", &spread, "");
    let spread = timed(repetitions, || {
        black_box(analyze(&loaded, &config, &mut |_| {}));
    });
    row("analyse keypoints, 1 min", &spread, "");
    let analysed = analyze(&loaded, &config, &mut |_| {});
    let spread = timed(repetitions, || {
        black_box(artifacts::of(&analysed).is_ok());
    });
    row("report and tables", &spread, "");
    let spread = timed(repetitions, || {
        let loaded = read_trial(&input, &config);
        let analysed = loaded.map(|loaded| analyze(&loaded, &config, &mut |_| {}));
        black_box(analysed.map(|analysed| artifacts::of(&analysed)).is_ok());
    });
    let goal = verdict(&spread, 0.5, "0.5 s");
    row("keypoints to report, 1 min", &spread, &goal);

    progress("motion capture");
    let loaded = one_minute_of_motion()?;
    let spread = timed(repetitions, || {
        black_box(analyze(&loaded, &config, &mut |_| {}));
    });
    row("analyse motion capture, 1 min at 100 Hz", &spread, "");
    if let Some(model) = assess::shipped_model() {
        let analysed = analyze(&loaded, &config, &mut |_| {});
        let readings = assess::readings(&analysed.analysis, model, &config);
        let recording = &loaded.trial.recording;
        let spread = timed(repetitions, || {
            black_box(assess::second_opinion(recording, &readings));
        });
        let name = "tokens, score and rationale of that minute";
        row(name, &spread, &verdict(&spread, 0.5, "0.5 s"));
    }

    progress("C3D");
    for (name, storage) in [("float", Storage::Float), ("integer", Storage::Integer)] {
        let bytes = large_c3d(&loaded.trial, storage)?;
        C3d::parse(&bytes)?;
        let spread = timed(repetitions, || {
            black_box(C3d::parse(&bytes).is_ok());
        });
        let mb = bytes.len() as f64 / 1e6;
        let rate = format!("{:.0} MB/s ({mb:.0} MB)", mb / spread.median_s);
        row(&format!("read C3D, Intel {name}"), &spread, &rate);
    }

    let engine = Engine::new(threads);
    progress("gait parameters");
    let mut estimates = ParamsBench::new(&engine)?;
    let mut problem = None;
    let spread = timed(4 * repetitions, || {
        problem = problem.take().or(estimates.run().err());
    });
    problem.map_or(Ok(()), Err)?;
    let goal = verdict(&spread, 0.005, "5 ms");
    row("STT and 1D-CNN, 300 frames of keypoints", &spread, &goal);

    progress("networks");
    for name in NETWORKS {
        let config = NetworkConfig::preset(name)?;
        let mut bench = NetworkBench::with_random_weights(&config, &engine)?;
        let spread = Spread::of(bench.seconds(if quick { 0.3 } else { 10.0 })?);
        let rate = rate_of(&bench, &spread);
        row(&format!("{name}, random weights"), &spread, &rate);
    }
    Ok(text)
}

/// Times one network for at least `least_s` seconds; one line of text.
///
/// # Errors
///
/// Those of its forward pass.
pub fn run_network(
    name: &str,
    bench: &mut NetworkBench,
    least_s: f64,
) -> Result<String, NetworkError> {
    let spread = Spread::of(bench.seconds(least_s)?);
    let rate = rate_of(bench, &spread);
    Ok(line(name, &spread, &rate))
}

/// Arithmetic a second, and its share of what the processor can do.
fn rate_of(bench: &NetworkBench, spread: &Spread) -> String {
    let rate = bench.operations() / spread.median_s;
    let share = 100.0 * rate / bench.peak_operations_per_second();
    format!("{:.0} GFLOP/s ({share:.0} % of peak)", rate / 1e9)
}

fn heading(of: &str) -> String {
    format!("{of:<46}{:>10}{:>10}{:>10}\n", "median", "least", "most")
}

fn line(name: &str, spread: &Spread, rate: &str) -> String {
    format!(
        "{name:<46}{:>7.1} ms{:>7.1} ms{:>7.1} ms  {rate}\n",
        spread.median_s * 1e3,
        spread.least_s * 1e3,
        spread.most_s * 1e3,
    )
}

fn walker(minutes: f64, rate_hz: f64) -> Walker {
    let walker = Walker::default();
    let turns = Path::ThereAndBack {
        length_m: 8.0,
        passes: 8,
    };
    let seconds = 60.0 * minutes;
    let strides = (seconds / (2.0 * walker.step_time_s())).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive number of strides"
    )]
    let strides = strides as usize;
    Walker {
        strides,
        path: turns,
        ..walker
    }
    .at_rate(rate_hz)
}

fn one_minute_of_keypoints() -> Result<Input, BenchError> {
    let trial = synth::walk(&walker(1.0, 30.0))?;
    let filmed = trial.filmed(&Camera::beside(Side::Right, 10.0));
    let mut files = Vec::new();
    if let Recording::Keypoints(clean) = &filmed.recording {
        let noise = Noise {
            jitter_px: 2.0,
            ..Noise::default()
        };
        files = keypoints::write(&synth::noise(clean, &noise), KeypointFormat::Ambulo)?;
    }
    Ok(Input {
        name: "bench.json".to_owned(),
        files: files
            .into_iter()
            .map(|file| NamedBytes {
                name: "bench.json".to_owned(),
                bytes: file.bytes,
            })
            .collect(),
        is_folder: false,
        companions: Vec::new(),
    })
}

fn one_minute_of_motion() -> Result<crate::read::LoadedTrial, BenchError> {
    let trial = synth::walk(&walker(1.0, 100.0))?;
    Ok(crate::read::LoadedTrial {
        trial: trial.recorded(),
        name: "bench".to_owned(),
        format: ambulo_io::formats::Format::C3d,
        sha256: String::new(),
        pose2d: None,
    })
}

/// A C3D file too large for any cache: the trial's points with fast channels of force plates beside them.
fn large_c3d(trial: &Trial, storage: Storage) -> Result<Vec<u8>, BenchError> {
    Ok(convert::large_c3d(trial, storage)?)
}
