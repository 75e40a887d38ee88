//! Films of one recording: which files of a folder belong together, and what was found in each.

use std::path::{Path, PathBuf};

use ambulo::camera::CalibratedCamera;
use ambulo::keypoints::Keypoints2d;
use ambulo::motion::Motion3d;
use ambulo::trial::Recording;
use ambulo_io::files::{self, Input};
use ambulo_io::keypoints::{self, KeypointFormat, ReadOptions};
use ambulo_io::{calibration, trc};
use ambulo_pipeline::config::Config;
use ambulo_pipeline::pose2d::{CropNetwork, VideoInput, keypoints_of};
use ambulo_train::evaluate::pose2d::{FilmTable, FilmedView, film_table};
use anyhow::Context as _;

use crate::commands::pose2d::network;
use crate::progress::Progress;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Films")]
pub(super) struct FilmArgs {
    /// Folder of a recording: videos, another detector's keypoints of each (`NAME_json` beside `NAME.mp4`), and, where
    /// there are, a calibration (TOML) and the motion in space (TRC); subfolders are looked into. Prints how far
    /// our keypoints are from both
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data", "dataset"])]
    recording: Option<PathBuf>,
    /// Folder of keypoints that were found already, `NAME.json` for each video, in place of finding them
    #[arg(long, value_name = "DIR", requires = "recording")]
    keypoints: Option<PathBuf>,
    /// Format of the given keypoints, if it is not plain
    #[arg(long, value_name = "FORMAT", requires = "recording")]
    given: Option<KeypointFormat>,
}

impl FilmArgs {
    /// The table, if a recording was named.
    pub(super) fn table(&self, weights: Option<&Path>) -> anyhow::Result<Option<FilmTable>> {
        let Some(folder) = &self.recording else {
            return Ok(None);
        };
        if !folder.is_dir() {
            anyhow::bail!("--recording wants a folder: {}", folder.display());
        }
        let all = entries(folder)?;
        let cameras = match with_ending(&all, "toml") {
            Some(path) => calibration::read(&files::load_file(path)?.bytes)
                .with_context(|| format!("cannot use {}", path.display()))?,
            None => Vec::new(),
        };
        let motion = match with_ending(&all, "trc") {
            Some(path) => Some(motion(path).with_context(|| path.display().to_string())?),
            None => None,
        };
        let mut net = match self.keypoints {
            None => Some(network(weights, "--weights")?),
            Some(_) => None,
        };
        let mut views = Vec::new();
        for (name, video, given) in films(&all) {
            let found = self
                .found(&name, video, net.as_mut())
                .with_context(|| format!("cannot use {}", video.display()))?;
            let given = self
                .given(given, &found)
                .with_context(|| format!("cannot use {}", given.display()))?;
            let camera = of_name(&cameras, &name).or_else(|| cameras.get(views.len()));
            views.push(FilmedView {
                found,
                given,
                camera: camera.cloned(),
                name,
            });
        }
        if views.is_empty() {
            anyhow::bail!(
                "no video NAME.mp4 with a folder NAME_json of given keypoints: {}",
                folder.display()
            );
        }
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let table = film_table(&name, &views, motion.as_ref())
            .context("films, given keypoints and motion do not belong together")?;
        Ok(Some(table))
    }

    fn found(
        &self,
        name: &str,
        video: &Path,
        network: Option<&mut CropNetwork>,
    ) -> anyhow::Result<Keypoints2d> {
        let Some(network) = network else {
            let folder = self.keypoints.as_deref().unwrap_or(Path::new("."));
            let input = Input::load(&folder.join(format!("{name}.json")))?;
            return Ok(keypoints::read(&input.files, &ReadOptions::default())?.keypoints);
        };
        let mut progress = Progress::new(false);
        progress.stage(name);
        let mut report = |frame: u64, frames: Option<u64>| progress.count(name, frame, frames);
        let input = VideoInput {
            path: video,
            boxes: None,
        };
        let filmed = keypoints_of(input, network, &Config::default(), &mut report);
        progress.finish();
        Ok(filmed?.keypoints)
    }

    /// The other detector's keypoints, which have no times of their own.
    fn given(&self, folder: &Path, found: &Keypoints2d) -> anyhow::Result<Keypoints2d> {
        let steps = found.frames().saturating_sub(1).max(1) as f64;
        let length_s = found.time().times_s().last().copied().unwrap_or(0.0);
        let named = folder.to_string_lossy().to_lowercase();
        // Their folder says what the files do not.
        let format = self.given.or_else(|| {
            named
                .contains("body25b")
                .then_some(KeypointFormat::OpenPoseBody25b)
        });
        let options = ReadOptions {
            format,
            fps_hz: Some(if length_s > 0.0 {
                steps / length_s
            } else {
                30.0
            }),
            image_size_px: found.image_size_px(),
            ..ReadOptions::default()
        };
        let input = Input::load(folder)?;
        Ok(keypoints::read(&input.files, &options)?.keypoints)
    }
}

/// Files and folders of a folder and of those in it, in the order of their names.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = |folder: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("cannot read the folder {}", folder.display()))?;
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry?.path());
        }
        paths.sort();
        Ok(paths)
    };
    let mut all = list(folder)?;
    for inner in all.clone().iter().filter(|path| path.is_dir()) {
        all.extend(list(inner)?);
    }
    Ok(all)
}

fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|have| have.eq_ignore_ascii_case(ending))
}

fn with_ending<'a>(all: &'a [PathBuf], ending: &str) -> Option<&'a PathBuf> {
    all.iter()
        .find(|path| path.is_file() && has_ending(path, ending))
}

/// Name and path of each video, and the folder of its given keypoints.
fn films(all: &[PathBuf]) -> Vec<(String, &Path, &Path)> {
    let videos = all.iter().filter(|path| {
        let endings = ["mp4", "mov", "mkv", "avi", "webm"];
        path.is_file() && endings.iter().any(|ending| has_ending(path, ending))
    });
    videos
        .filter_map(|video| {
            let name = video.file_stem()?.to_string_lossy().into_owned();
            let given = all.iter().find(|path| {
                let is_named = path
                    .file_name()
                    .is_some_and(|have| have.to_string_lossy() == format!("{name}_json"));
                is_named && path.is_dir()
            })?;
            Some((name, video.as_path(), given.as_path()))
        })
        .collect()
}

/// The camera of this name; punctuation aside.
fn of_name<'a>(cameras: &'a [CalibratedCamera], name: &str) -> Option<&'a CalibratedCamera> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|char| char.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    cameras
        .iter()
        .find(|camera| plain(&camera.name) == plain(name))
}

fn motion(path: &Path) -> anyhow::Result<Motion3d> {
    let trial = trc::parse(&files::load_file(path)?.bytes)?.to_trial()?;
    match trial.recording {
        Recording::Motion(motion) => Ok(motion),
        Recording::Keypoints(_) => anyhow::bail!("it holds no motion in space"),
    }
}
