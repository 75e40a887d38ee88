//! The options of the overlay of a video, for commands that analyse one.

use std::path::{Path, PathBuf};

use ambulo::trial::Recording;
use ambulo_io::video::VideoConfig;
use ambulo_pipeline::Analysed;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::overlay::{self, Overlay, Places, Told};
use ambulo_pipeline::read::LoadedTrial;

use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Videos")]
pub(crate) struct OverlayArgs {
    /// Do not draw the video again with the skeleton on it
    #[arg(long)]
    no_overlay: bool,
    /// Hide faces in the overlay and in crops; in the report they always are
    #[arg(long)]
    blur_faces: bool,
    /// Folder for a picture of the walker at every event; it stays on this machine
    #[arg(long, value_name = "DIR")]
    crops: Option<PathBuf>,
}

impl OverlayArgs {
    /// Puts the options into the settings.
    pub(super) fn apply(&self, config: &mut Config) {
        config.overlay.enabled &= !self.no_overlay;
        config.overlay.face_blur |= self.blur_faces;
    }

    /// Draws the overlay of an analysed video into the folder of its results. What goes wrong costs
    /// the overlay, and is said; the analysis stands without it.
    pub(super) fn draw(
        &self,
        video: &Path,
        (loaded, analysed): (&LoadedTrial, &Analysed),
        results: &Path,
        config: &Config,
        progress: &mut Progress,
    ) -> Option<Overlay> {
        let (Some(record), Recording::Keypoints(keypoints)) = (&loaded.pose2d, &analysed.recording)
        else {
            return None;
        };
        if !config.overlay.enabled && self.crops.is_none() {
            return None;
        }
        let reading = VideoConfig {
            decoder: config.video.decoder,
            ..VideoConfig::default()
        };
        let told = Told {
            keypoints,
            others: &record.everybody,
            analysis: &analysed.analysis,
            angles: &analysed.angles,
            min_confidence: config.walk.min_confidence,
        };
        let places = Places {
            results,
            crops: self.crops.as_deref(),
        };
        let count = &mut |done, of| progress.count("overlay", done, of);
        let drawn = overlay::write(video, &reading, &told, places, &config.overlay, count);
        progress.finish();
        match drawn {
            Ok(overlay) => {
                for note in &overlay.notes {
                    progress::say(&format!("note: {note}"));
                }
                Some(overlay)
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                progress::say(&format!("no overlay: {error:#}"));
                None
            }
        }
    }
}
