//! `ambulo doctor`: what works on this machine, and what is in a video.

use std::io::Write as _;
use std::path::PathBuf;

use ambulo_io::video::{DecoderChoice, VideoConfig};
use anyhow::Context as _;

use crate::Outcome;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Say what is in a video instead, decoding all of it: kind, size, frames, rate, decoder, faults
    #[arg(long, value_name = "FILE")]
    video: Option<PathBuf>,
    /// Which decoder to use on it
    #[arg(long, value_enum, default_value = "auto", requires = "video")]
    decoder: DecoderArg,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum DecoderArg {
    Auto,
    Builtin,
    Ffmpeg,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if let Some(path) = &args.video {
        let config = VideoConfig {
            decoder: match args.decoder {
                DecoderArg::Auto => DecoderChoice::Auto,
                DecoderArg::Builtin => DecoderChoice::Builtin,
                DecoderArg::Ffmpeg => DecoderChoice::Ffmpeg,
            },
            ..VideoConfig::default()
        };
        let report = ambulo_pipeline::doctor::examine_video(path, &config)
            .with_context(|| format!("cannot use {}", path.display()))?;
        std::io::stdout().write_all(report.as_bytes())?;
        return Ok(Outcome::Done);
    }
    let (report, healthy) = ambulo_pipeline::doctor::examine();
    std::io::stdout().write_all(report.as_bytes())?;
    Ok(if healthy {
        Outcome::Done
    } else {
        Outcome::NoValidAnalysis
    })
}
