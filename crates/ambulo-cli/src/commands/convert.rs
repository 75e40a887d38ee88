//! `ambulo convert`: a recording to another file format.

use std::path::PathBuf;

use ambulo_io::files::{self, Input};
use ambulo_io::formats::Format;
use anyhow::Context as _;

use crate::Outcome;
use crate::progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Recording to read
    input: PathBuf,
    /// File to write; its ending names the format (.c3d .trc .mot .sto .bvh .amc .csv .npy .npz .json),
    /// a folder becomes OpenPose files
    output: PathBuf,
    /// Format of the input
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    from: String,
    /// Format of the output, where the ending does not say it
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    to: String,
    /// Frame rate, for files that do not hold one
    #[arg(long, value_name = "HZ")]
    fps: Option<f64>,
    /// Size of the video, for keypoints given as shares of it
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = super::input::parse_size)]
    image_size: Option<[u32; 2]>,
    /// The ASF skeleton of an AMC motion, if it does not lie beside it
    #[arg(long, value_name = "FILE.asf")]
    skeleton: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let named = |name: &str| -> anyhow::Result<Option<Format>> {
        match name {
            "auto" => Ok(None),
            name => Format::by_name(name).map(Some).with_context(|| {
                format!("no format is called {name:?}; see ambulo convert --help")
            }),
        }
    };
    let mut input = Input::load(&args.input)?;
    if let Some(skeleton) = &args.skeleton {
        input.companions = vec![files::load_file(skeleton)?];
    }
    let options = ambulo_pipeline::convert::Options {
        from: named(&args.from)?,
        to: named(&args.to)?,
        fps_hz: args.fps,
        image_size_px: args.image_size,
    };
    let converted = ambulo_pipeline::convert::convert(&input, &args.output, &options)
        .with_context(|| format!("cannot convert {}", args.input.display()))?;
    for note in &converted.notes {
        progress::say(&format!("note: {note}"));
    }
    converted.write()?;
    progress::say(&format!(
        "{} -> {}: {}",
        converted.from.name(),
        converted.to.name(),
        args.output.display()
    ));
    Ok(Outcome::Done)
}
