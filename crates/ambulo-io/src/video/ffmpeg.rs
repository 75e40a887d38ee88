//! Videos of any kind decoded by `ffmpeg`, where it is installed, in a process of its own.
//!
//! The child gets no shell, no input, no network, no playlists; its pictures come through a pipe, one by
//! one, and their times beside them. It is stopped when it is silent for too long, and when the reader
//! is dropped.

mod child;
mod probe;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::colour::{Colour, Planes, Rows, ToRgb};
use super::error::VideoError;
use super::orientation::Orientation;
use child::{Said, Stamp};
pub(crate) use probe::{Probed, probe};

/// How to get ffmpeg on each system.
pub const HOW_TO_INSTALL: &str = "Debian, Ubuntu: sudo apt install ffmpeg; Fedora: sudo dnf install \
    ffmpeg-free; macOS: brew install ffmpeg; Windows: winget install ffmpeg";

/// Frames decoded ahead of the reader.
const AHEAD: usize = 2;
/// The largest piece of memory that ffmpeg may ask for at once.
const MAX_ALLOCATION: u64 = 1 << 30;
/// Pictures of more pixels are not decoded: 8192 × 8192.
pub(crate) const MAX_PIXELS: u64 = 1 << 26;
/// Kinds of files that ffmpeg may read: each holds its pictures itself.
const FORMATS: &str = "mov,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf,flv,ogg";

/// The programs, and the version they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ffmpeg {
    decode: PathBuf,
    probe: PathBuf,
    version: String,
}

impl Ffmpeg {
    /// Looks for `ffmpeg` and `ffprobe`, in a folder if one is given, else where programs are.
    ///
    /// # Errors
    ///
    /// Why they do not run.
    pub fn find(folder: Option<&Path>) -> Result<Self, String> {
        static INSTALLED: OnceLock<Result<Ffmpeg, String>> = OnceLock::new();
        match folder {
            Some(folder) => Self::try_in(&folder.join("ffmpeg"), &folder.join("ffprobe")),
            None => INSTALLED
                .get_or_init(|| Self::try_in(Path::new("ffmpeg"), Path::new("ffprobe")))
                .clone(),
        }
    }

    /// The version, as ffmpeg says it.
    pub fn version(&self) -> &str {
        &self.version
    }

    fn try_in(ffmpeg: &Path, ffprobe: &Path) -> Result<Self, String> {
        let patience = Duration::from_secs(30);
        let mut version = String::new();
        for program in [ffprobe, ffmpeg] {
            let mut command = Command::new(program);
            command.arg("-version");
            let output = child::run(&mut command, patience)
                .map_err(|why| format!("{}: {why}", program.display()))?;
            let mut words = output.split_whitespace();
            version = match (words.nth(1), words.next()) {
                (Some("version"), Some(version)) => version.to_owned(),
                _ => return Err(format!("{} is another program", program.display())),
            };
        }
        Ok(Self {
            decode: ffmpeg.to_owned(),
            probe: ffprobe.to_owned(),
            version,
        })
    }

    /// Major and minor version; versions without numbers are builds of the newest source.
    fn numbers(&self) -> (u32, u32) {
        let digits = self.version.trim_start_matches('n');
        let mut numbers = digits
            .split(|c: char| !c.is_ascii_digit())
            .map_while(|number| number.parse().ok());
        match (numbers.next(), numbers.next()) {
            (Some(major), minor) => (major, minor.unwrap_or(0)),
            _ => (u32::MAX, 0),
        }
    }
}

/// What every call gets: no questions, files and pipes only, bounded memory.
fn guarded(program: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-hide_banner", "-max_alloc", &MAX_ALLOCATION.to_string()])
        .stdin(Stdio::null());
    command
}

/// What every input gets. The prefix keeps a name with a colon or a dash from being taken for something
/// else.
fn add_input(command: &mut Command, path: &Path) {
    let mut name = std::ffi::OsString::from("file:");
    name.push(path);
    command
        .args(["-protocol_whitelist", "file,pipe"])
        .args(["-format_whitelist", FORMATS])
        .args(["-max_pixels", &MAX_PIXELS.to_string()])
        .arg("-i")
        .arg(name);
}

/// How the planes of a frame come through the pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pixels {
    /// Brightness, then both differences at half the size.
    Planar(Colour),
    /// Red, green, blue.
    Rgb,
}

/// A frame and the tick at which it is shown.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) ticks: Option<i64>,
    /// Pixels, upright.
    pub(crate) rgb: Vec<u8>,
}

/// A running ffmpeg.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    frames: Receiver<Result<Decoded, VideoError>>,
    spare: Sender<Vec<u8>>,
    said: Said,
    patience: Duration,
    finished: bool,
    /// A frame that was waited for while starting.
    first: Option<Decoded>,
}

impl Running {
    /// Starts decoding a stream and waits for its first frame.
    pub(crate) fn start(
        tools: &Ffmpeg,
        path: &Path,
        probed: &Probed,
        orientation: Orientation,
        patience: Duration,
    ) -> Result<Self, VideoError> {
        let [width_px, height_px] = probed.size_px;
        let pixels = match probed.pixel_format.as_str() {
            "yuv420p" | "yuvj420p" => Pixels::Planar(probed.colour()),
            _ => Pixels::Rgb,
        };
        let mut command = guarded(&tools.decode);
        command.args([
            "-nostdin",
            "-nostats",
            "-loglevel",
            "level+info",
            "-noautorotate",
        ]);
        add_input(&mut command, path);
        let modern = tools.numbers() >= (5, 1);
        let mut filter = if modern {
            "showinfo=checksum=0"
        } else {
            "showinfo"
        }
        .to_owned();
        if pixels == Pixels::Rgb
            && let Some(matrix) = probed.matrix_to_assume()
        {
            filter.push_str(",scale=in_color_matrix=");
            filter.push_str(matrix);
        }
        command
            .arg("-map")
            .arg(format!("0:{}", probed.stream))
            .args(["-an", "-sn", "-dn"])
            .args(if modern {
                ["-fps_mode", "passthrough"]
            } else {
                ["-vsync", "0"]
            })
            .args(["-vf", &filter])
            .args([
                "-pix_fmt",
                match pixels {
                    Pixels::Planar(_) => &probed.pixel_format,
                    Pixels::Rgb => "rgb24",
                },
            ])
            .args(["-f", "rawvideo", "pipe:1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| VideoError::NoFfmpeg {
            reason: error.to_string(),
        })?;
        let (Some(pictures), Some(messages)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(VideoError::NoFfmpeg {
                reason: "it has no pipes".to_owned(),
            });
        };
        let (send_stamp, stamps) = channel();
        let said = child::listen(messages, send_stamp)?;
        let (send, frames) = sync_channel(AHEAD);
        let (spare, used) = channel();
        let receiving = Receiving {
            pictures,
            stamps,
            used,
            width_px: width_px as usize,
            height_px: height_px as usize,
            pixels,
            orientation,
        };
        thread::Builder::new()
            .name("video".to_owned())
            .spawn(move || receiving.run(&send))
            .map_err(VideoError::Read)?;
        let mut running = Self {
            child,
            frames,
            spare,
            said,
            patience,
            finished: false,
            first: None,
        };
        running.first = running.next()?;
        if running.first.is_none() {
            return Err(VideoError::Ffmpeg {
                message: running
                    .complaints()
                    .unwrap_or_else(|| "it gave no frame".to_owned()),
            });
        }
        Ok(running)
    }

    /// The next frame; `None` after the last.
    pub(crate) fn next(&mut self) -> Result<Option<Decoded>, VideoError> {
        if let Some(frame) = self.first.take() {
            return Ok(Some(frame));
        }
        if self.finished {
            return Ok(None);
        }
        match self.frames.recv_timeout(self.patience) {
            Ok(Ok(frame)) => Ok(Some(frame)),
            Ok(Err(error)) => {
                self.stop();
                Err(error)
            }
            Err(RecvTimeoutError::Timeout) => {
                self.stop();
                Err(VideoError::Silent {
                    seconds: self.patience.as_secs_f64(),
                })
            }
            Err(RecvTimeoutError::Disconnected) => self.end(),
        }
    }

    /// After the last frame: whether ffmpeg was content.
    fn end(&mut self) -> Result<Option<Decoded>, VideoError> {
        self.finished = true;
        let limit = Instant::now() + Duration::from_secs(5);
        while Instant::now() < limit {
            match self.child.try_wait().map_err(VideoError::Read)? {
                Some(status) if status.success() => return Ok(None),
                Some(_) => {
                    return Err(VideoError::Ffmpeg {
                        message: self.said.complaints(),
                    });
                }
                None => thread::sleep(Duration::from_millis(2)),
            }
        }
        self.stop();
        Ok(None)
    }

    /// What ffmpeg complained of, if it did.
    pub(crate) fn complaints(&self) -> Option<String> {
        Some(self.said.complaints()).filter(|text| !text.is_empty())
    }

    /// Seconds that a tick lasts, once a frame has come.
    pub(crate) fn tick_s(&self) -> Option<[u32; 2]> {
        self.said.time_base()
    }

    /// Memory of a frame that is no longer needed.
    pub(crate) fn give_back(&mut self, rgb: Vec<u8>) {
        // Decoding may be over.
        let _ = self.spare.send(rgb);
    }

    fn stop(&mut self) {
        self.finished = true;
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The thread that takes pictures from the pipe.
struct Receiving {
    pictures: ChildStdout,
    stamps: Receiver<Stamp>,
    used: Receiver<Vec<u8>>,
    width_px: usize,
    height_px: usize,
    pixels: Pixels,
    orientation: Orientation,
}

impl Receiving {
    fn run(mut self, send: &SyncSender<Result<Decoded, VideoError>>) {
        let pixels = self.width_px * self.height_px;
        let half = self.width_px.div_ceil(2) * self.height_px.div_ceil(2);
        let mut planes = Vec::new();
        let mut turned = Vec::new();
        let mut rows = Rows::default();
        loop {
            let mut rgb = self.used.try_recv().unwrap_or_default();
            match self.pixels {
                Pixels::Rgb => {
                    rgb.resize(3 * pixels, 0);
                    if !self.fill(&mut rgb) {
                        return;
                    }
                }
                Pixels::Planar(colour) => {
                    planes.resize(pixels + 2 * half, 0);
                    if !self.fill(&mut planes) {
                        return;
                    }
                    let (luma, chroma) = planes.split_at(pixels);
                    let (blue, red) = chroma.split_at(half);
                    let picture = Planes {
                        width_px: self.width_px,
                        height_px: self.height_px,
                        luma,
                        blue,
                        red,
                        strides: [self.width_px, self.width_px.div_ceil(2)],
                    };
                    picture.write_rgb(ToRgb::new(colour), &mut rows, &mut rgb);
                }
            }
            if !self.orientation.is_upright() {
                self.orientation.turn(&rgb, self.width_px, &mut turned);
                std::mem::swap(&mut rgb, &mut turned);
            }
            // The time of a picture is said before the picture is written.
            let frame = match self.stamps.recv() {
                Ok(stamp) => Ok(Decoded {
                    ticks: stamp.ticks,
                    rgb,
                }),
                Err(_) => Err(VideoError::Ffmpeg {
                    message: "it did not say when a frame is shown".to_owned(),
                }),
            };
            let failed = frame.is_err();
            if send.send(frame).is_err() || failed {
                return;
            }
        }
    }

    /// Fills the buffer; `false` at the end, where a part of a picture may be left and is dropped.
    fn fill(&mut self, buffer: &mut [u8]) -> bool {
        self.pictures.read_exact(buffer).is_ok()
    }
}
