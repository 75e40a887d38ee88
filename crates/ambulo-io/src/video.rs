//! Video files: frames with their own times, upright, one after the other; and writing H.264.
//!
//! [`VideoReader`] decodes H.264 in MP4 and MOV in this process; anything else, and that too where it is
//! installed, through `ffmpeg`. Frames stream: memory does not grow with the length of the video but
//! for some 50 bytes a frame of its index. [`VideoWriter`] writes H.264 in MP4.
//!
//! What each way can read, and what is done about damage: `docs/algorithm/01-video.md`.

mod builtin;
mod codec;
mod colour;
mod container;
mod error;
mod ffmpeg;
mod h264;
mod mp4;
mod orientation;
mod reader;
mod writer;

pub use codec::Codec;
pub use colour::{Colour, Matrix};
pub use container::{Container, HEAD_BYTES};
pub use error::{VideoError, VideoWarning};
pub use ffmpeg::{Ffmpeg, HOW_TO_INSTALL};
pub use mp4::Mp4Error;
pub use orientation::Orientation;
pub use reader::{
    DecoderChoice, DecoderUsed, VideoConfig, VideoFrame, VideoInfo, VideoReader,
    built_with_assembly,
};
pub use writer::{VideoWriter, WriterConfig, to_bytes};
