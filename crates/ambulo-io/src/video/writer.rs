//! Writing: H.264 in MP4, each frame at its own time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ambulo::picture::Picture;
use openh264::OpenH264API;
use openh264::encoder::{
    BitRate, Encoder, EncoderConfig, FrameType, IntraFramePeriod, QpRange, RateControlMode,
    VuiConfig,
};
use openh264::formats::YUVSlices;

use super::colour::{FromRgb, Planar};
use super::error::VideoError;
use super::h264::{NalKind, annex_b_units};
use super::mp4::{Film, Written};

/// How to write a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterConfig {
    /// How coarsely colours are rounded, 1 to 51; each six more halve the size. At 20 an overlay on film
    /// looks like the film.
    pub quantizer: u8,
    /// Ticks a second that times are rounded to. That of the video read ([`super::VideoInfo::ticks_hz`])
    /// keeps its times exactly; the default, 90 000, keeps every common rate exactly.
    pub ticks_hz: u32,
    /// Frames from one that decoding can begin with to the next: how finely players can jump.
    pub key_frames_every: u32,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self {
            quantizer: 20,
            ticks_hz: 90_000,
            key_frames_every: 60,
        }
    }
}

/// The encoder's limits on the longer and the shorter side.
const LARGEST_PX: [u32; 2] = [3840, 2160];
/// The encoder's smallest side.
const SMALLEST_PX: u32 = 16;

/// Writes a video frame by frame; memory does not grow but for 16 bytes a frame.
///
/// The file appears under its name when [`VideoWriter::finish`] has written all of it; a writer that is
/// dropped before leaves nothing.
#[derive(Debug)]
pub struct VideoWriter {
    path: PathBuf,
    /// The coded frames, until the index is known that comes before them.
    frames_path: PathBuf,
    frames: Option<BufWriter<File>>,
    coder: Coder,
    written: Vec<Written>,
    last_time_s: f64,
    first_time_s: f64,
}

impl VideoWriter {
    /// Begins a video of frames of one size. Odd sizes are padded to even ones by the pixels at the
    /// border.
    ///
    /// # Errors
    ///
    /// [`VideoError::TooLarge`] beyond 3840 × 2160 pixels (upright 2160 × 3840), or if the file cannot be
    /// written.
    pub fn create(
        path: &Path,
        width_px: u32,
        height_px: u32,
        config: &WriterConfig,
    ) -> Result<Self, VideoError> {
        let coder = Coder::new(width_px, height_px, config)?;
        let frames_path = beside(path, "frames");
        let frames = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&frames_path)
            .map_err(VideoError::Write)?;
        Ok(Self {
            path: path.to_owned(),
            frames_path,
            frames: Some(BufWriter::new(frames)),
            coder,
            written: Vec::new(),
            last_time_s: 0.0,
            first_time_s: 0.0,
        })
    }

    /// Adds a frame, shown from `time_s` on until the next. Times count from the first frame's.
    ///
    /// # Errors
    ///
    /// If the time is not later than that of the frame before, if the picture has another size, or if
    /// encoding or writing fails.
    pub fn push(&mut self, picture: &Picture, time_s: f64) -> Result<(), VideoError> {
        if self.written.is_empty() {
            self.first_time_s = time_s;
        }
        let since_s = time_s - self.first_time_s;
        let ticks = self.coder.ticks_after(since_s, self.written.last());
        let ticks = ticks.ok_or(VideoError::TimeNotForward {
            frame: self.written.len() as u64,
            time_s,
            before_s: self.last_time_s,
        })?;
        let is_key = self.coder.encode(picture)?;
        let size = u32::try_from(self.coder.sample.len()).unwrap_or(u32::MAX);
        let frames = self.frames.as_mut().ok_or_else(closed)?;
        frames
            .write_all(&self.coder.sample)
            .map_err(VideoError::Write)?;
        self.written.push(Written {
            size,
            ticks,
            is_key,
        });
        self.last_time_s = time_s;
        Ok(())
    }

    /// Writes the index and the frames to the file: under a temporary name, synced, then renamed.
    ///
    /// # Errors
    ///
    /// [`VideoError::NothingToWrite`] without frames, or if writing fails; a file of that name stays as
    /// it was.
    pub fn finish(mut self) -> Result<(), VideoError> {
        let head = self.coder.head(&self.written)?;
        let frames = self.frames.take().ok_or_else(closed)?;
        let whole_path = beside(&self.path, "part");
        let write = || -> io::Result<()> {
            let mut frames = frames
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            frames.seek(SeekFrom::Start(0))?;
            let mut whole = File::create(&whole_path)?;
            whole.write_all(&head)?;
            io::copy(&mut frames, &mut whole)?;
            whole.sync_all()?;
            fs::rename(&whole_path, &self.path)
        };
        write().map_err(|error| {
            // The part is of no use to anyone; that it cannot be removed changes nothing.
            let _ = fs::remove_file(&whole_path);
            VideoError::Write(error)
        })
    }
}

impl Drop for VideoWriter {
    fn drop(&mut self) {
        self.frames = None;
        // It may never have been made.
        let _ = fs::remove_file(&self.frames_path);
    }
}

fn closed() -> VideoError {
    VideoError::Write(io::Error::other("the video is finished"))
}

/// A name in the same folder that no other process uses.
fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{}.{what}", std::process::id()));
    PathBuf::from(name)
}

/// Frames into memory: the same file without a disk.
///
/// # Errors
///
/// As [`VideoWriter`].
pub fn to_bytes<'a>(
    frames: impl IntoIterator<Item = (&'a Picture, f64)>,
    config: &WriterConfig,
) -> Result<Vec<u8>, VideoError> {
    let mut frames = frames.into_iter().peekable();
    let (first, first_time_s) = *frames.peek().ok_or(VideoError::NothingToWrite)?;
    let mut coder = Coder::new(first.width_px(), first.height_px(), config)?;
    let mut written: Vec<Written> = Vec::new();
    let mut last_time_s = first_time_s;
    let mut bytes = Vec::new();
    for (picture, time_s) in frames {
        let ticks = coder.ticks_after(time_s - first_time_s, written.last());
        let ticks = ticks.ok_or(VideoError::TimeNotForward {
            frame: written.len() as u64,
            time_s,
            before_s: last_time_s,
        })?;
        last_time_s = time_s;
        let is_key = coder.encode(picture)?;
        bytes.extend_from_slice(&coder.sample);
        written.push(Written {
            size: u32::try_from(coder.sample.len()).unwrap_or(u32::MAX),
            ticks,
            is_key,
        });
    }
    let mut whole = coder.head(&written)?;
    whole.append(&mut bytes);
    Ok(whole)
}

/// Pictures to samples of an MP4 file.
struct Coder {
    encoder: Encoder,
    from_rgb: FromRgb,
    planar: Planar,
    size_px: [u32; 2],
    ticks_hz: u32,
    sequence_set: Vec<u8>,
    picture_sets: Vec<Vec<u8>>,
    /// The last coded frame, each NAL unit after its length.
    sample: Vec<u8>,
    stream: Vec<u8>,
}

impl std::fmt::Debug for Coder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coder")
            .field("size_px", &self.size_px)
            .field("ticks_hz", &self.ticks_hz)
            .finish_non_exhaustive()
    }
}

impl Coder {
    fn new(width_px: u32, height_px: u32, config: &WriterConfig) -> Result<Self, VideoError> {
        let sides = [width_px.max(height_px), width_px.min(height_px)];
        if sides[0] > LARGEST_PX[0] || sides[1] > LARGEST_PX[1] || sides[1] < SMALLEST_PX {
            return Err(VideoError::TooLarge {
                width_px,
                height_px,
                limit: format!(
                    "{SMALLEST_PX} to {} × {} pixels are written",
                    LARGEST_PX[0], LARGEST_PX[1]
                ),
            });
        }
        let quantizer = config.quantizer.clamp(1, 51);
        // This mode, between equal limits, holds the quantizer. One thread: more of them cut pictures into slices, and the bytes would depend on the machine.
        let settings = EncoderConfig::new()
            .rate_control_mode(RateControlMode::Bufferbased)
            .qp(QpRange::new(quantizer, quantizer))
            .bitrate(BitRate::from_bps(100_000_000))
            .skip_frames(false)
            .adaptive_quantization(false)
            .background_detection(false)
            .scene_change_detect(false)
            .intra_frame_period(IntraFramePeriod::from_num_frames(
                config.key_frames_every.max(1),
            ))
            .num_threads(1)
            .vui(VuiConfig::bt709());
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), settings)
            .map_err(|error| encoder_error(&error))?;
        Ok(Self {
            encoder,
            from_rgb: FromRgb::new(),
            planar: Planar::default(),
            size_px: [width_px, height_px],
            ticks_hz: config.ticks_hz.max(1),
            sequence_set: Vec::new(),
            picture_sets: Vec::new(),
            sample: Vec::new(),
            stream: Vec::new(),
        })
    }

    /// The tick of a time, if it is later than that of the frame before.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked before"
    )]
    fn ticks_after(&self, since_s: f64, before: Option<&Written>) -> Option<u64> {
        Some((since_s * f64::from(self.ticks_hz)).round())
            .filter(|ticks| (0.0..9e15).contains(ticks))
            .map(|ticks| ticks as u64)
            .filter(|&ticks| before.is_none_or(|before| ticks > before.ticks))
    }

    /// Makes the sample of a picture; whether decoding can begin with it.
    fn encode(&mut self, picture: &Picture) -> Result<bool, VideoError> {
        let size_px = [picture.width_px(), picture.height_px()];
        if size_px != self.size_px {
            return Err(VideoError::Encoder {
                message: format!(
                    "a frame of {size_px:?} pixels among frames of {:?}",
                    self.size_px
                ),
            });
        }
        self.planar.fill(picture, &self.from_rgb);
        let planar = &self.planar;
        let [width, height] = planar.size_px;
        let source = YUVSlices::new(
            (&planar.luma, &planar.blue, &planar.red),
            (width, height),
            (width, width / 2, width / 2),
        );
        let coded = self
            .encoder
            .encode(&source)
            .map_err(|error| encoder_error(&error))?;
        let is_key = matches!(coded.frame_type(), FrameType::IDR);
        self.stream.clear();
        coded.write_vec(&mut self.stream);
        self.sample.clear();
        for nal in annex_b_units(&self.stream) {
            match NalKind::of(nal) {
                NalKind::SequenceSet => {
                    self.sequence_set.clear();
                    self.sequence_set.extend_from_slice(nal);
                }
                NalKind::PictureSet => {
                    if !self.picture_sets.iter().any(|set| set == nal) {
                        self.picture_sets.push(nal.to_vec());
                    }
                }
                _ => {
                    let length = u32::try_from(nal.len()).unwrap_or(u32::MAX);
                    self.sample.extend_from_slice(&length.to_be_bytes());
                    self.sample.extend_from_slice(nal);
                }
            }
        }
        if self.sample.is_empty() {
            return Err(VideoError::Encoder {
                message: "it gave no frame".to_owned(),
            });
        }
        Ok(is_key)
    }

    fn head(&self, written: &[Written]) -> Result<Vec<u8>, VideoError> {
        if written.is_empty() {
            return Err(VideoError::NothingToWrite);
        }
        let even = self.size_px.map(|length| length.next_multiple_of(2));
        let film = Film {
            size_px: even.map(|length| u16::try_from(length).unwrap_or(u16::MAX)),
            ticks_hz: self.ticks_hz,
            sequence_set: &self.sequence_set,
            picture_sets: &self.picture_sets,
            frames: written,
        };
        film.head().ok_or(VideoError::Encoder {
            message: "a frame lasts longer than an MP4 file can say".to_owned(),
        })
    }
}

fn encoder_error(error: &openh264::Error) -> VideoError {
    VideoError::Encoder {
        message: error.to_string(),
    }
}
