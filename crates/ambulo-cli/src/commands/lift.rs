//! `ambulo lift`: keypoints of one camera in, motion in space out.

use std::path::PathBuf;

use ambulo::skeleton::Joint;
use ambulo::walk::LengthUnit;
use ambulo_pipeline::convert;
use ambulo_pipeline::lifting::{self, Frame, LifterChoice, LiftingError};

use super::input::InputArgs;
use crate::Outcome;
use crate::progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Where to write the motion; its ending names the format (.trc .c3d .bvh .mot .csv .npz)
    #[arg(short, long, value_name = "FILE", default_value = "motion.trc")]
    output: PathBuf,
    /// Space of the motion: on the ground along the walk, or around the pelvis as the camera saw it
    #[arg(long, value_enum, default_value = "world")]
    frame: FrameArg,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum FrameArg {
    Gravity,
    World,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (loaded, config) = args.input.load()?;
    let choice = config.lifting.lifter;
    let Some(mut lifter) = args.input.lifter(&config)? else {
        let choice = match choice {
            LifterChoice::None => LifterChoice::Auto,
            choice => choice,
        };
        return Err(LiftingError::NoWeights { choice }.into());
    };
    let frame = match args.frame {
        FrameArg::Gravity => Frame::Gravity,
        FrameArg::World => Frame::World,
    };
    let lifted = match lifting::lift(&loaded, &mut lifter, frame, &config) {
        Ok(lifted) => lifted,
        Err(error) => {
            progress::say(&format!("nothing was lifted: {error}"));
            return Ok(Outcome::NoValidAnalysis);
        }
    };
    let written = convert::of_motion(&lifted.motion, loaded.format, &args.output)?;
    written.write()?;
    for note in lifted.notes.iter().chain(&written.notes) {
        progress::say(&format!("note: {note}"));
    }
    let joints: Vec<&str> = lifted
        .motion
        .joints()
        .iter()
        .map(|joint: &Joint| joint.name())
        .collect();
    let unit = match lifted.unit {
        LengthUnit::Metres { .. } => "metres",
        LengthUnit::LegLengths => "leg lengths",
    };
    progress::say(&format!(
        "{} frames of {} joints in {unit} by {}: {}",
        lifted.motion.frames(),
        joints.len(),
        lifted.identity.name,
        args.output.display()
    ));
    Ok(Outcome::Done)
}
