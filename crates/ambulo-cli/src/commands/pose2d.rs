//! `ambulo pose2d`: a video in, one walker's keypoints out.

use std::path::{Path, PathBuf};

use ambulo_io::boxes::{self, PeopleBoxes};
use ambulo_io::files::{self, write_atomically};
use ambulo_io::keypoints::{self, KeypointFormat};
use ambulo_io::video::DecoderChoice;
use ambulo_pipeline::config::{Config, Person};
use ambulo_pipeline::pose2d::{self, CropNetwork, Filmed, Pose2dError, VideoInput};
use anyhow::Context as _;

use super::input::{parse_person, settings_in};
use crate::Outcome;
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Video of a walk
    video: PathBuf,
    /// Where to write the keypoints
    #[arg(short, long, value_name = "FILE", default_value = "keypoints.json")]
    output: PathBuf,
    /// Which person to follow, as the list of those who were seen numbers them; `auto` is the walker
    #[arg(long, default_value = "auto", value_name = "auto|N", value_parser = parse_person)]
    person: Person,
    /// Weights of the network, in place of those that come along
    #[arg(long, value_name = "FILE.safetensors")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    film: FilmArgs,
    /// Settings, in TOML; options on the command line win
    #[arg(long, value_name = "FILE.toml")]
    config: Option<PathBuf>,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

/// How keypoints are found in a video.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Videos")]
pub(crate) struct FilmArgs {
    /// Boxes of a person detector or tracker, in place of our own search: text of the MOT challenge
    /// (frames from 1), or COCO results in JSON (`image_id` is the frame, from 0)
    #[arg(long, value_name = "FILE")]
    detections: Option<PathBuf>,
    /// Look at each person mirrored too, and average: slower, a little better
    #[arg(long)]
    flip: bool,
    /// Decoder: ffmpeg where it is installed, else the built-in one; or one of them
    #[arg(long, value_enum)]
    decoder: Option<DecoderArg>,
    /// Begin at this time of the video, in seconds
    #[arg(long, value_name = "S")]
    from: Option<f64>,
    /// End at this time of the video, in seconds
    #[arg(long, value_name = "S")]
    to: Option<f64>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DecoderArg {
    Auto,
    Builtin,
    Ffmpeg,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut config = settings_in(args.config.as_deref())?
        .unwrap_or_default()
        .resolve();
    args.film.apply(&mut config);
    if args.person != Person::Auto {
        config.input.person = args.person;
    }
    config.check()?;
    let mut network = network(args.weights.as_deref(), "--weights")?;
    let mut progress = Progress::new(args.quiet);
    let filmed = args
        .film
        .keypoints(&args.video, &mut network, &config, &mut progress);
    progress.finish();
    let filmed = match filmed {
        Err(error) if was_readable(&error) => {
            progress::say(&format!("no keypoints: {error}"));
            return Ok(Outcome::NoValidAnalysis);
        }
        filmed => filmed.with_context(|| format!("cannot use {}", args.video.display()))?,
    };
    for file in keypoints::write(&filmed.keypoints, KeypointFormat::Ambulo)? {
        write_atomically(&args.output, &file.bytes)?;
    }
    if !args.quiet {
        for note in &filmed.notes {
            progress::say(&format!("note: {note}"));
        }
        progress::say(&format!(
            "person {} in {} of {} frames, by {}: {}",
            filmed.chosen,
            filmed.found_frames,
            filmed.keypoints.frames(),
            filmed.network.name,
            args.output.display()
        ));
    }
    Ok(Outcome::Done)
}

/// Whether the video could be read, and only shows nobody.
pub(super) fn was_readable(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<Pose2dError>()
        .is_some_and(Pose2dError::was_readable)
}

/// The network of a weights file, or the one that comes along.
pub(super) fn network(weights: Option<&Path>, option: &'static str) -> anyhow::Result<CropNetwork> {
    let Some(path) = weights else {
        return Ok(pose2d::shipped()?.ok_or(Pose2dError::NoWeights { option })?);
    };
    let file = files::load_file(path)?;
    pose2d::load(&file.bytes)
        .with_context(|| format!("cannot find keypoints with {}", path.display()))
}

impl FilmArgs {
    /// Puts what was asked for into the settings.
    pub(super) fn apply(&self, config: &mut Config) {
        let video = &mut config.video;
        video.decoder = match self.decoder {
            Some(DecoderArg::Auto) => DecoderChoice::Auto,
            Some(DecoderArg::Builtin) => DecoderChoice::Builtin,
            Some(DecoderArg::Ffmpeg) => DecoderChoice::Ffmpeg,
            None => video.decoder,
        };
        video.from_s = self.from.or(video.from_s);
        video.to_s = self.to.or(video.to_s);
        config.pose2d.flip |= self.flip;
    }

    /// Finds the keypoints.
    pub(super) fn keypoints(
        &self,
        video: &Path,
        network: &mut CropNetwork,
        config: &Config,
        progress: &mut Progress,
    ) -> anyhow::Result<Filmed> {
        let boxes: Option<PeopleBoxes> = match &self.detections {
            Some(path) => {
                let file = files::load_file(path)?;
                let unusable = || format!("cannot use the detections in {}", path.display());
                Some(boxes::read(&file.bytes).with_context(unusable)?)
            }
            None => None,
        };
        let input = VideoInput {
            path: video,
            boxes: boxes.as_ref(),
        };
        progress.stage("keypoints");
        let mut report =
            |frame: u64, frames: Option<u64>| progress.count("keypoints", frame, frames);
        Ok(pose2d::keypoints_of(input, network, config, &mut report)?)
    }
}
