//! Why a video cannot be read or written, and what was wrong with one that can.

use std::io;

use super::codec::Codec;
use super::container::Container;
use super::mp4::Mp4Error;

/// Why a video could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum VideoError {
    /// The file could not be read.
    #[error("cannot read the video: {0}")]
    Read(#[source] io::Error),
    /// The file has no bytes.
    #[error("the video is empty: the file has no bytes")]
    Empty,
    /// The file is no video that is known.
    #[error(
        "this is no video that is known; known are MP4, MOV, M4V, 3GP, MKV, WebM, AVI, MPG, TS, WMV, \
         FLV and OGV"
    )]
    Unknown,
    /// The file holds no pictures.
    #[error("the file holds no video, only {holds}")]
    NoVideo {
        /// What it holds.
        holds: String,
    },
    /// The index is damaged.
    #[error("the video's index is damaged: {0}")]
    Index(#[from] Mp4Error),
    /// The pictures are encrypted.
    #[error("the video is encrypted; export it without protection")]
    Encrypted,
    /// The pictures can be read with ffmpeg alone, and it is not there.
    #[error(
        "this video is {codec} in {container}{because}, which ffmpeg reads; install it ({}) and run \
         again, or convert the video to H.264 in MP4",
        super::ffmpeg::HOW_TO_INSTALL
    )]
    NeedsFfmpeg {
        /// How the pictures are coded.
        codec: String,
        /// In which kind of file.
        container: Container,
        /// What keeps the built-in decoder from reading it, with a leading "with", or nothing.
        because: String,
    },
    /// A decoder that does not read this was asked for.
    #[error("the built-in decoder does not read {codec} in {container}{because}; choose ffmpeg")]
    NotBuiltin {
        /// How the pictures are coded.
        codec: String,
        /// In which kind of file.
        container: Container,
        /// What stands against it, with a leading "with", or nothing.
        because: String,
    },
    /// ffmpeg was asked for and is not there.
    #[error(
        "ffmpeg does not run here: {reason}; install it ({})",
        super::ffmpeg::HOW_TO_INSTALL
    )]
    NoFfmpeg {
        /// Why.
        reason: String,
    },
    /// ffmpeg failed.
    #[error("ffmpeg cannot read this video: {message}")]
    Ffmpeg {
        /// The end of what it said.
        message: String,
    },
    /// ffmpeg gave nothing for too long.
    #[error("ffmpeg gave no frame for {seconds} s and was stopped")]
    Silent {
        /// How long.
        seconds: f64,
    },
    /// The decoder cannot go on.
    #[error("the decoder cannot go on: {message}")]
    Decoder {
        /// What it said.
        message: String,
    },
    /// Not one frame could be decoded.
    #[error(
        "none of the video's {frames} frames could be decoded: the file is damaged or cut off; copy it from the camera \
         again, or install ffmpeg, which passes over damaged frames"
    )]
    NoFrames {
        /// Frames that the file lists.
        frames: u64,
    },
    /// The pictures are too large.
    #[error("pictures of {width_px} × {height_px} pixels are too large; {limit}")]
    TooLarge {
        /// Columns.
        width_px: u32,
        /// Rows.
        height_px: u32,
        /// What is allowed.
        limit: String,
    },
    /// The pictures change their size within the video.
    #[error(
        "the pictures change from {} × {} to {} × {} pixels at frame {frame}; cut the video there",
        from_px[0], from_px[1], to_px[0], to_px[1]
    )]
    SizeChanged {
        /// The first frame of the new size.
        frame: u64,
        /// Width and height before.
        from_px: [u32; 2],
        /// Width and height after.
        to_px: [u32; 2],
    },
    /// Pictures in decoding order are too far from the order of showing.
    #[error("the video's frames are too far out of order (frame {frame})")]
    Disorder {
        /// The frame that did not come.
        frame: u64,
    },
    /// A frame was given to the writer that is not later than the one before.
    #[error("frame {frame} at {time_s} s is not later than the one before it, at {before_s} s")]
    TimeNotForward {
        /// The frame.
        frame: u64,
        /// Its time.
        time_s: f64,
        /// The time of the frame before.
        before_s: f64,
    },
    /// A video without frames was to be written.
    #[error("a video without frames cannot be written")]
    NothingToWrite,
    /// The encoder failed.
    #[error("the encoder cannot go on: {message}")]
    Encoder {
        /// What it said.
        message: String,
    },
    /// The file could not be written.
    #[error("cannot write the video: {0}")]
    Write(#[source] io::Error),
}

impl VideoError {
    pub(crate) fn needs_ffmpeg(codec: &Codec, container: Container, because: Option<&str>) -> Self {
        Self::NeedsFfmpeg {
            codec: codec.to_string(),
            container,
            because: with(because),
        }
    }

    pub(crate) fn not_builtin(codec: &Codec, container: Container, because: Option<&str>) -> Self {
        Self::NotBuiltin {
            codec: codec.to_string(),
            container,
            because: with(because),
        }
    }
}

fn with(because: Option<&str>) -> String {
    because.map_or_else(String::new, |why| format!(" with {why}"))
}

/// What was wrong with a video that could be read all the same.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum VideoWarning {
    /// The file ends early.
    #[error(
        "the file is cut off: {frames} frames that it lists are missing, {bytes} bytes at least; the \
         frames that are there were read"
    )]
    Truncated {
        /// Frames listed that are not there.
        frames: u64,
        /// Bytes by which the file is too short; 0 if not known.
        bytes: u64,
    },
    /// Some frames could not be decoded.
    #[error(
        "{frames} of {of} frames could not be decoded and were left out; the first is frame {first}"
    )]
    Lost {
        /// How many.
        frames: u64,
        /// Of how many.
        of: u64,
        /// The first of them, counted from 0.
        first: u64,
    },
    /// Fewer frames came than the file lists.
    #[error("the file lists {listed} frames, and {decoded} could be decoded")]
    Fewer {
        /// Frames listed.
        listed: u64,
        /// Frames decoded.
        decoded: u64,
    },
    /// Some frames are not later than the frame before.
    #[error("{frames} frames are not later than the frame before them and were left out")]
    TimeNotForward {
        /// How many.
        frames: u64,
    },
    /// The file asks for a turn that is no quarter.
    #[error(
        "the file asks to turn the pictures by an angle that is no quarter; they were not turned"
    )]
    Askew,
    /// Pixels are not square.
    #[error(
        "pixels are {} wide to {} high, so lengths across and down differ; the pictures were not stretched",
        ratio[0], ratio[1]
    )]
    PixelsNotSquare {
        /// Width and height of a pixel.
        ratio: [u32; 2],
    },
    /// An edit list that cannot be followed.
    #[error(
        "the file asks to show parts of the recording out of order or at another speed; all of it was \
         read as it was recorded"
    )]
    EditsIgnored,
    /// The preferred decoder failed before the first frame, and the other was used.
    #[error("ffmpeg did not read this video ({reason}); the built-in decoder did")]
    FellBack {
        /// What ffmpeg said.
        reason: String,
    },
    /// ffmpeg complained.
    #[error("ffmpeg says: {message}")]
    Said {
        /// The end of what it said.
        message: String,
    },
}
