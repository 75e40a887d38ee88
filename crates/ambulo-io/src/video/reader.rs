//! Reading: which decoder, and frames with their times from it.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ambulo::picture::Picture;
use serde::{Deserialize, Serialize};

use super::builtin::{Builtin, Message, Obstacle, Plan};
use super::codec::Codec;
use super::container::{Container, HEAD_BYTES};
use super::error::{VideoError, VideoWarning};
use super::ffmpeg::{self, Ffmpeg, Probed, Running};
use super::mp4::Index;
use super::orientation::Orientation;

/// Which decoder to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecoderChoice {
    /// ffmpeg where it is installed and reads the video, else the built-in one.
    #[default]
    Auto,
    /// The built-in one: H.264 in MP4 and MOV.
    Builtin,
    /// ffmpeg.
    Ffmpeg,
}

/// How to read a video.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoConfig {
    /// Which decoder to use.
    pub decoder: DecoderChoice,
    /// How long ffmpeg may give nothing before it is stopped, in seconds.
    pub patience_s: f64,
    /// The folder of `ffmpeg` and `ffprobe`, where they are not found by themselves.
    pub ffmpeg_folder: Option<PathBuf>,
}

impl Default for VideoConfig {
    fn default() -> Self {
        Self {
            decoder: DecoderChoice::Auto,
            patience_s: 60.0,
            ffmpeg_folder: None,
        }
    }
}

/// The decoder that reads a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecoderUsed {
    /// `OpenH264`, in this process.
    Builtin,
    /// ffmpeg, of that version, in a process of its own.
    Ffmpeg(String),
}

impl fmt::Display for DecoderUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin => f.write_str("built-in (OpenH264)"),
            Self::Ffmpeg(version) => write!(f, "ffmpeg {version}"),
        }
    }
}

/// What is known of a video before its frames are read.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoInfo {
    /// Columns of the frames as they are given, upright.
    pub width_px: u32,
    /// Rows of the frames as they are given, upright.
    pub height_px: u32,
    /// The kind of file.
    pub container: Container,
    /// How the pictures are coded.
    pub codec: Codec,
    /// How the frames were turned to stand upright.
    pub orientation: Orientation,
    /// Width and height of a pixel as coded, if the file says it; square otherwise.
    pub pixel_aspect: Option<[u32; 2]>,
    /// Frames that the file lists and holds.
    pub frames: Option<u64>,
    /// From the first frame to the end of the last, in seconds, as the file says.
    pub duration_s: Option<f64>,
    /// Ticks a second that times are multiples of, if the file is an MP4 or MOV.
    pub ticks_hz: Option<u32>,
    /// The decoder at work.
    pub decoder: DecoderUsed,
}

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub struct VideoFrame {
    /// Its place in the order of showing, from 0. With the built-in decoder, frames that could not be
    /// decoded leave a gap; ffmpeg does not say which they were.
    pub index: u64,
    /// When it is shown, in seconds from the first frame: the file's own time, never of a rate.
    pub time_s: f64,
    /// Its pixels, upright.
    pub picture: Picture,
}

/// Whether the built-in decoder was built with its fast instructions.
pub fn built_with_assembly() -> bool {
    cfg!(any(target_arch = "aarch64", openh264_assembly))
}

/// Frames of a video, one after the other.
///
/// Give frames back ([`VideoReader::give_back`]) so that their memory is used again.
#[derive(Debug)]
pub struct VideoReader {
    info: VideoInfo,
    decoding: Decoding,
    warnings: Vec<VideoWarning>,
    given: u64,
    last_time_s: Option<f64>,
    not_forward: u64,
    finished: bool,
}

#[derive(Debug)]
enum Decoding {
    Builtin(Builtin, Arc<Index>),
    Ffmpeg {
        running: Running,
        first: Option<i64>,
    },
}

/// A file or bytes that hold a video.
trait Source: Read + Seek + Send {}

impl<S: Read + Seek + Send> Source for S {}

impl VideoReader {
    /// Opens a video file.
    ///
    /// # Errors
    ///
    /// [`VideoError`] says what the file is, if it is no video, is damaged beyond use, or needs a
    /// decoder that is not there.
    pub fn open(path: &Path, config: &VideoConfig) -> Result<Self, VideoError> {
        let mut file = File::open(path).map_err(VideoError::Read)?;
        let opened = Opened::look(&mut file)?;
        let tools = match config.decoder {
            DecoderChoice::Builtin => Err("it was not asked for".to_owned()),
            _ => Ffmpeg::find(config.ffmpeg_folder.as_deref()),
        };
        match (config.decoder, tools) {
            (DecoderChoice::Ffmpeg, Err(reason)) => Err(VideoError::NoFfmpeg { reason }),
            (DecoderChoice::Ffmpeg, Ok(tools)) => opened.with_ffmpeg(&tools, path, config),
            (DecoderChoice::Builtin, _) => opened.with_builtin(file, true),
            (DecoderChoice::Auto, Err(_)) => opened.with_builtin(file, false),
            (DecoderChoice::Auto, Ok(tools)) => match opened.with_ffmpeg(&tools, path, config) {
                Ok(reader) => Ok(reader),
                // What is wrong with the file is said better by who could read it alone.
                Err(error) => match opened.with_builtin(file, false) {
                    Ok(mut reader) => {
                        reader.warnings.push(VideoWarning::FellBack {
                            reason: error.to_string(),
                        });
                        Ok(reader)
                    }
                    Err(VideoError::NeedsFfmpeg { .. }) => Err(error),
                    Err(own) => Err(own),
                },
            },
        }
    }

    /// Reads a video that lies in memory or elsewhere, with the built-in decoder.
    ///
    /// # Errors
    ///
    /// As [`VideoReader::open`].
    pub fn over(mut source: impl Read + Seek + Send + 'static) -> Result<Self, VideoError> {
        let opened = Opened::look(&mut source)?;
        opened.with_builtin(source, true)
    }

    /// What is known of the video.
    pub fn info(&self) -> &VideoInfo {
        &self.info
    }

    /// What was wrong with the video so far; complete after the last frame.
    pub fn warnings(&self) -> &[VideoWarning] {
        &self.warnings
    }

    /// Takes a frame that is no longer needed, for its memory.
    pub fn give_back(&mut self, picture: Picture) {
        let rgb = picture.into_rgb();
        match &mut self.decoding {
            Decoding::Builtin(builtin, _) => builtin.give_back(rgb),
            Decoding::Ffmpeg { running, .. } => running.give_back(rgb),
        }
    }

    /// The next frame with its place and time; `None` after the last.
    fn decoded(&mut self) -> Result<Option<(u64, f64, Vec<u8>)>, VideoError> {
        match &mut self.decoding {
            Decoding::Builtin(builtin, index) => match builtin.next() {
                Message::Frame(place, rgb) => {
                    let time_s = index.times_s.get(place as usize).copied();
                    let time_s = time_s.ok_or(VideoError::Disorder {
                        frame: u64::from(place),
                    })?;
                    Ok(Some((u64::from(place), time_s, rgb)))
                }
                Message::End(warnings) => {
                    self.warnings.extend(warnings);
                    Ok(None)
                }
                Message::Failed(error) => Err(error),
            },
            Decoding::Ffmpeg { running, first } => loop {
                let Some(frame) = running.next()? else {
                    return Ok(None);
                };
                // A frame without a time is like one at the time of the frame before.
                let (Some(ticks), Some([over, under])) = (frame.ticks, running.tick_s()) else {
                    self.not_forward += 1;
                    continue;
                };
                let ticks = ticks.saturating_sub(*first.get_or_insert(ticks));
                let time_s = ticks as f64 * f64::from(over) / f64::from(under);
                return Ok(Some((self.given + self.not_forward, time_s, frame.rgb)));
            },
        }
    }

    fn end(&mut self) -> Option<Result<VideoFrame, VideoError>> {
        self.finished = true;
        if self.not_forward > 0 {
            self.warnings.push(VideoWarning::TimeNotForward {
                frames: self.not_forward,
            });
        }
        if let Decoding::Ffmpeg { running, .. } = &self.decoding {
            let decoded = self.given + self.not_forward;
            let listed = self.info.frames.unwrap_or(0);
            if decoded < listed {
                self.warnings.push(VideoWarning::Fewer { listed, decoded });
            }
            if let Some(message) = running.complaints() {
                self.warnings.push(VideoWarning::Said { message });
            }
        }
        (self.given == 0).then(|| {
            Err(VideoError::NoFrames {
                frames: self.info.frames.unwrap_or(0),
            })
        })
    }
}

impl Iterator for VideoReader {
    type Item = Result<VideoFrame, VideoError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.finished {
            let (index, time_s, rgb) = match self.decoded() {
                Ok(Some(frame)) => frame,
                Ok(None) => return self.end(),
                // Frames before a failure of ffmpeg are as good as before a cut.
                Err(VideoError::Ffmpeg { .. }) if self.given > 0 => return self.end(),
                Err(error) => {
                    self.finished = true;
                    return Some(Err(error));
                }
            };
            let Ok(picture) = Picture::new(self.info.width_px, self.info.height_px, rgb) else {
                self.finished = true;
                return Some(Err(VideoError::Decoder {
                    message: "a picture has another size than it said".to_owned(),
                }));
            };
            if self.last_time_s.is_some_and(|last| time_s <= last) {
                self.not_forward += 1;
                self.give_back(picture);
                continue;
            }
            self.last_time_s = Some(time_s);
            self.given += 1;
            return Some(Ok(VideoFrame {
                index,
                time_s,
                picture,
            }));
        }
        None
    }
}

/// A file after a first look.
struct Opened {
    container: Container,
    codec: Option<Codec>,
    /// The index of an MP4 or MOV, or why there is none.
    index: Option<Result<Arc<Index>, VideoError>>,
    plan: Result<Plan, Obstacle>,
}

impl Opened {
    fn look(file: &mut impl Source) -> Result<Self, VideoError> {
        let length = file.seek(SeekFrom::End(0)).map_err(VideoError::Read)?;
        if length == 0 {
            return Err(VideoError::Empty);
        }
        file.seek(SeekFrom::Start(0)).map_err(VideoError::Read)?;
        let mut head = Vec::new();
        file.take(HEAD_BYTES as u64)
            .read_to_end(&mut head)
            .map_err(VideoError::Read)?;
        let container = Container::recognise(&head).ok_or(VideoError::Unknown)?;
        let mut opened = Self {
            container,
            codec: container.codec(&head),
            index: None,
            plan: Err(Obstacle::Codec),
        };
        if matches!(container, Container::Mp4 | Container::QuickTime) {
            let index = Index::read(file, length).map(Arc::new);
            if let Ok(index) = &index {
                opened.codec = Some(index.codec.clone());
                opened.plan = Plan::of(index, file);
            }
            opened.index = Some(index);
        }
        Ok(opened)
    }

    fn with_builtin(
        self,
        file: impl Source + 'static,
        alone: bool,
    ) -> Result<VideoReader, VideoError> {
        let index = match self.index {
            Some(index) => Some(index?),
            None => None,
        };
        let codec = self.codec.unwrap_or(Codec::Other("unknown".to_owned()));
        let (index, plan) = match (index, self.plan) {
            (Some(index), Ok(plan)) if index.codec == Codec::H264 => (index, plan),
            (_, plan) => {
                let obstacle = plan.err();
                let because = obstacle.as_ref().and_then(Obstacle::reason);
                let container = self.container;
                return Err(if alone {
                    VideoError::not_builtin(&codec, container, because)
                } else {
                    VideoError::needs_ffmpeg(&codec, container, because)
                });
            }
        };
        if index.times_s.is_empty() {
            return Err(VideoError::NoFrames {
                frames: index.missing_frames as u64,
            });
        }
        let [width_px, height_px] = index.orientation.turned_size(plan.size_px);
        let info = VideoInfo {
            width_px,
            height_px,
            container: self.container,
            codec,
            orientation: index.orientation,
            pixel_aspect: plan.pixel_aspect,
            frames: Some(index.times_s.len() as u64),
            duration_s: Some(index.duration_s),
            ticks_hz: Some(index.ticks_hz),
            decoder: DecoderUsed::Builtin,
        };
        let builtin = Builtin::start(file, Arc::clone(&index), plan)?;
        let warnings = warnings_of(Some(&index), &info);
        Ok(VideoReader::new(
            info,
            Decoding::Builtin(builtin, index),
            warnings,
        ))
    }

    fn with_ffmpeg(
        &self,
        tools: &Ffmpeg,
        path: &Path,
        config: &VideoConfig,
    ) -> Result<VideoReader, VideoError> {
        // What is wrong in principle is wrong for ffmpeg too, and it says it less well.
        if let Some(Err(VideoError::NoVideo { holds })) = &self.index {
            return Err(VideoError::NoVideo {
                holds: holds.clone(),
            });
        }
        if let Some(Err(VideoError::Encrypted)) = &self.index {
            return Err(VideoError::Encrypted);
        }
        let patience =
            Duration::try_from_secs_f64(config.patience_s).unwrap_or(Duration::from_mins(1));
        let index = self.index.as_ref().and_then(|index| index.as_ref().ok());
        let probed: Probed = ffmpeg::probe(tools, path, patience)?;
        let orientation = index.map_or(probed.orientation, |index| index.orientation);
        let running = Running::start(tools, path, &probed, orientation, patience)?;
        let [width_px, height_px] = orientation.turned_size(probed.size_px);
        let listed = index.map(|index| index.times_s.len() as u64);
        let info = VideoInfo {
            width_px,
            height_px,
            container: self.container,
            codec: probed.codec,
            orientation,
            pixel_aspect: probed.pixel_aspect,
            frames: listed.or(probed.frames),
            duration_s: index.map(|index| index.duration_s).or(probed.duration_s),
            ticks_hz: index.map(|index| index.ticks_hz),
            decoder: DecoderUsed::Ffmpeg(tools.version().to_owned()),
        };
        let warnings = warnings_of(index.map(Arc::as_ref), &info);
        let decoding = Decoding::Ffmpeg {
            running,
            first: None,
        };
        Ok(VideoReader::new(info, decoding, warnings))
    }
}

impl VideoReader {
    fn new(info: VideoInfo, decoding: Decoding, warnings: Vec<VideoWarning>) -> Self {
        Self {
            info,
            decoding,
            warnings,
            given: 0,
            last_time_s: None,
            not_forward: 0,
            finished: false,
        }
    }
}

/// What is wrong with a video and known before its frames are decoded.
fn warnings_of(index: Option<&Index>, info: &VideoInfo) -> Vec<VideoWarning> {
    let mut warnings = Vec::new();
    if let Some(index) = index {
        if index.missing_frames > 0 || index.missing_bytes > 0 {
            warnings.push(VideoWarning::Truncated {
                frames: index.missing_frames as u64,
                bytes: index.missing_bytes,
            });
        }
        if index.repeated_times > 0 {
            warnings.push(VideoWarning::TimeNotForward {
                frames: index.repeated_times as u64,
            });
        }
        if index.edits_ignored {
            warnings.push(VideoWarning::EditsIgnored);
        }
    }
    if info.orientation.askew {
        warnings.push(VideoWarning::Askew);
    }
    if let Some(ratio) = info.pixel_aspect.filter(|[width, height]| width != height) {
        warnings.push(VideoWarning::PixelsNotSquare { ratio });
    }
    warnings
}
