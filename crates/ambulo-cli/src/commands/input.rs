//! The options that every command reading a trial shares.

use std::path::{Path, PathBuf};

use ambulo::indices::gdi::GdiReference;
use ambulo::subject::Sex;
use ambulo::walk::Surface;
use ambulo_io::files::{self, Input};
use ambulo_io::formats::Format;
use ambulo_pipeline::config::{Config, EventChoice, GdiFile, Person, RawConfig};
use ambulo_pipeline::lifting::{self, LifterChoice, NetworkLifter, WindowChoice};
use ambulo_pipeline::read::LoadedTrial;
use anyhow::Context as _;

use super::pose2d::FilmArgs;
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// Recording: a video, C3D, TRC, BVH, AMC, CSV, NPZ, a keypoint file, or a folder of keypoint files
    input: PathBuf,
    /// The subject's height in metres: gives keypoints of one camera their scale
    #[arg(long, value_name = "M")]
    height: Option<f64>,
    /// The subject's leg length in metres (hip bone to inner ankle)
    #[arg(long, value_name = "M")]
    leg_length: Option<f64>,
    /// The subject's body mass in kilograms
    #[arg(long, value_name = "KG")]
    mass: Option<f64>,
    /// The subject's age in years: picks the norms
    #[arg(long, value_name = "YEARS")]
    age: Option<f64>,
    /// The subject's sex: picks the norms
    #[arg(long, value_enum)]
    sex: Option<SexArg>,
    /// Frame rate, for files that do not hold one; never rounded
    #[arg(long, value_name = "HZ")]
    fps: Option<f64>,
    /// Format of the input
    #[arg(long, default_value = "auto", value_parser = parse_format)]
    format: FormatArg,
    /// Size of the video, for keypoints given as shares of it
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = parse_size)]
    image_size: Option<[u32; 2]>,
    /// Which person to analyse, counted from 0; `auto` follows the one who walks farthest
    #[arg(long, default_value = "auto", value_name = "auto|N", value_parser = parse_person)]
    person: Person,
    /// Known distance on the floor in the plane of the walk: metres, and the x of both ends in pixels
    #[arg(long, value_name = "M:X1:X2", value_parser = parse_distance)]
    known_distance: Option<[f64; 3]>,
    /// The ASF skeleton of an AMC motion, if it does not lie beside it
    #[arg(long, value_name = "FILE.asf")]
    skeleton: Option<PathBuf>,
    /// The trial was walked on a treadmill, at this belt speed in m/s if given
    #[arg(long, value_name = "M/S", num_args = 0..=1, default_missing_value = "unknown")]
    treadmill: Option<String>,
    /// Which events to use: the file's own with detected ones between, only detected, only the file's
    #[arg(long, value_enum, default_value = "auto")]
    event_source: EventArg,
    #[command(flatten)]
    lifting: LifterArgs,
    #[command(flatten)]
    film: FilmArgs,
    /// Weights of the network that finds keypoints in videos, in place of those that come along
    #[arg(long, value_name = "FILE.safetensors", help_heading = "Videos")]
    pose_weights: Option<PathBuf>,
    /// Settings, in TOML; options on the command line win
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Reference data for the GDI proper (features and control scores), which cannot be shipped
    #[arg(long, value_name = "FILE.csv")]
    gdi_reference: Option<PathBuf>,
}

/// Who lifts keypoints to three dimensions.
#[derive(Debug, clap::Args)]
pub(crate) struct LifterArgs {
    /// How to lift keypoints to three dimensions; `auto` uses the lifter that comes along, if one does
    #[arg(long, value_enum)]
    lifter: Option<LifterArg>,
    /// Weights of the lifter, in place of those that come along
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
    /// Frames that lifting may use: before and after, or only before as if filmed just now
    #[arg(long, value_enum)]
    window: Option<WindowArg>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LifterArg {
    Auto,
    None,
    Rtpca,
    Convformer,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum WindowArg {
    Centre,
    Causal,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum SexArg {
    Female,
    Male,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum EventArg {
    Auto,
    Detect,
    File,
}

/// `None` is `auto`.
type FormatArg = Option<Format>;

fn parse_format(text: &str) -> Result<FormatArg, String> {
    if text == "auto" {
        return Ok(None);
    }
    Format::by_name(text).map(Some).ok_or_else(|| {
        let names: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
        format!("known formats: auto, {}", names.join(", "))
    })
}

pub(super) fn parse_size(text: &str) -> Result<[u32; 2], String> {
    let parts = text.split_once(['x', 'X']);
    let size = parts.and_then(|(w, h)| Some([w.trim().parse().ok()?, h.trim().parse().ok()?]));
    size.filter(|size| !size.contains(&0))
        .ok_or_else(|| "write it as WIDTHxHEIGHT, such as 1920x1080".to_owned())
}

fn parse_distance(text: &str) -> Result<[f64; 3], String> {
    let parts: Option<Vec<f64>> = text
        .split(':')
        .map(|part| part.trim().parse().ok())
        .collect();
    parts
        .and_then(|parts| <[f64; 3]>::try_from(parts).ok())
        .filter(|[metres, from_px, to_px]| {
            *metres > 0.0 && metres.is_finite() && from_px.is_finite() && to_px.is_finite()
        })
        .ok_or_else(|| "write it as METRES:X1:X2, such as 3.0:220:1460".to_owned())
}

pub(super) fn parse_person(text: &str) -> Result<Person, String> {
    if text == "auto" {
        return Ok(Person::Auto);
    }
    text.parse()
        .map(Person::Index)
        .map_err(|_| "write auto, or a number from 0".to_owned())
}

/// The settings of a file.
pub(super) fn settings_in(path: Option<&Path>) -> anyhow::Result<Option<RawConfig>> {
    let Some(path) = path else { return Ok(None) };
    let file = files::load_file(path)?;
    let text = String::from_utf8(file.bytes)
        .with_context(|| format!("{} is not UTF-8 text", path.display()))?;
    RawConfig::parse(&text)
        .map(Some)
        .with_context(|| format!("cannot use the settings in {}", path.display()))
}

impl InputArgs {
    /// The file or folder to read.
    pub(crate) fn path(&self) -> &Path {
        &self.input
    }

    /// Reads the configuration and the trial.
    pub(crate) fn load(&self) -> anyhow::Result<(LoadedTrial, Config)> {
        self.load_with(&mut Progress::new(true))
    }

    /// The same, and says how far it has come: videos take their time.
    pub(crate) fn load_with(
        &self,
        progress: &mut Progress,
    ) -> anyhow::Result<(LoadedTrial, Config)> {
        let config = self.config()?;
        if config.input.format.is_none()
            && self.input.is_file()
            && files::video_kind(&self.input)?.is_some()
        {
            let trial = self
                .filmed(&config, progress)
                .with_context(|| format!("cannot use {}", self.input.display()))?;
            return Ok((trial, config));
        }
        let mut input = Input::load(&self.input)?;
        if let Some(skeleton) = &self.skeleton {
            input.companions = vec![files::load_file(skeleton)?];
        }
        let trial = ambulo_pipeline::read::read_trial(&input, &config)
            .with_context(|| format!("cannot use {}", self.input.display()))?;
        for note in &trial.trial.notes {
            progress::say(&format!("note: {note}"));
        }
        Ok((trial, config))
    }

    /// The trial of a video.
    fn filmed(&self, config: &Config, progress: &mut Progress) -> anyhow::Result<LoadedTrial> {
        let weights = self.pose_weights.as_deref();
        let mut network = super::pose2d::network(weights, "--pose-weights")?;
        let filmed = self
            .film
            .keypoints(&self.input, &mut network, config, progress);
        progress.finish();
        let filmed = filmed?;
        for note in &filmed.notes {
            progress::say(&format!("note: {note}"));
        }
        Ok(ambulo_pipeline::pose2d::trial_of(
            &self.input,
            &filmed,
            config,
        )?)
    }

    /// The lifter that the settings name: of the weights given, or of those that come along.
    pub(crate) fn lifter(&self, config: &Config) -> anyhow::Result<Option<NetworkLifter>> {
        let settings = &config.lifting;
        if settings.lifter == LifterChoice::None {
            return Ok(None);
        }
        let Some(path) = &self.lifting.weights else {
            return Ok(lifting::chosen(settings)?);
        };
        let file = files::load_file(path)?;
        lifting::load(&file.bytes, settings.lifter, settings.window)
            .map(Some)
            .with_context(|| format!("cannot lift with {}", path.display()))
    }

    /// The settings: the file's, then the command line's.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        let raw = settings_in(self.config.as_deref())?.unwrap_or_default();
        let mut config = raw.resolve();
        self.film.apply(&mut config);
        let subject = &mut config.subject;
        subject.height_m = self.height.or(subject.height_m);
        subject.mass_kg = self.mass.or(subject.mass_kg);
        subject.age_years = self.age.or(subject.age_years);
        if let Some(length) = self.leg_length {
            subject.leg_length_m.left = Some(length);
            subject.leg_length_m.right = Some(length);
        }
        subject.sex = match self.sex {
            Some(SexArg::Female) => Some(Sex::Female),
            Some(SexArg::Male) => Some(Sex::Male),
            None => subject.sex,
        };
        config.lifting.lifter = match self.lifting.lifter {
            Some(LifterArg::Auto) => LifterChoice::Auto,
            Some(LifterArg::None) => LifterChoice::None,
            Some(LifterArg::Rtpca) => LifterChoice::Rtpca,
            Some(LifterArg::Convformer) => LifterChoice::Convformer,
            None => config.lifting.lifter,
        };
        config.lifting.window = match self.lifting.window {
            Some(WindowArg::Centre) => WindowChoice::Centre,
            Some(WindowArg::Causal) => WindowChoice::Causal,
            None => config.lifting.window,
        };
        config.input.fps_hz = self.fps.or(config.input.fps_hz);
        config.input.image_size_px = self.image_size.or(config.input.image_size_px);
        config.input.known_distance = self.known_distance.or(config.input.known_distance);
        config.input.format = self.format.or(config.input.format);
        if self.person != Person::Auto {
            config.input.person = self.person;
        }
        config.input.events = match self.event_source {
            EventArg::Auto => config.input.events,
            EventArg::Detect => EventChoice::Detect,
            EventArg::File => EventChoice::File,
        };
        if let Some(speed) = &self.treadmill {
            let belt_speed_mps = match speed.as_str() {
                "unknown" => None,
                speed => Some(speed.parse().with_context(|| {
                    format!("--treadmill wants a belt speed in m/s, not {speed:?}")
                })?),
            };
            config.surface = Surface::Treadmill { belt_speed_mps };
        }
        if let Some(path) = &self.gdi_reference {
            let file = files::load_file(path)?;
            let unusable = || format!("cannot use the GDI reference in {}", path.display());
            let sha256 = files::sha256(&file.bytes);
            let text = String::from_utf8(file.bytes).with_context(unusable)?;
            let reference = GdiReference::parse(&text).with_context(unusable)?;
            config.gdi = Some(GdiFile { reference, sha256 });
        }
        config.check()?;
        Ok(config)
    }
}
