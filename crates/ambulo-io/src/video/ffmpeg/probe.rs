//! What `ffprobe` says of a video before it is decoded.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{Ffmpeg, add_input, child, guarded};
use crate::video::codec::Codec;
use crate::video::colour::{Colour, ColourTags, Matrix};
use crate::video::error::VideoError;
use crate::video::orientation::Orientation;

/// A video stream, as `ffprobe` describes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Probed {
    pub(crate) stream: u32,
    pub(crate) codec: Codec,
    /// Width and height as coded.
    pub(crate) size_px: [u32; 2],
    pub(crate) pixel_format: String,
    pub(crate) pixel_aspect: Option<[u32; 2]>,
    pub(crate) orientation: Orientation,
    pub(crate) frames: Option<u64>,
    pub(crate) duration_s: Option<f64>,
    colour: ColourTags,
    range_by_format: bool,
}

impl Probed {
    /// How colours are coded, where they come as brightness and differences.
    pub(crate) fn colour(&self) -> Colour {
        let said = ColourTags {
            full_range: Some(self.range_by_format).filter(|&full| full),
            matrix: None,
        };
        said.or(self.colour)
            .resolve(self.size_px[0], self.size_px[1])
    }

    /// The matrix that ffmpeg must be told, because the file does not say it.
    pub(super) fn matrix_to_assume(&self) -> Option<&'static str> {
        let unsaid = self.colour.matrix.is_none() && self.pixel_format.starts_with("yuv");
        unsaid.then(|| match self.colour().matrix {
            Matrix::Bt601 => "bt601",
            Matrix::Bt709 => "bt709",
            Matrix::Bt2020 => "bt2020",
        })
    }
}

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

#[derive(Debug, Deserialize, Default)]
struct Format {
    duration: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stream {
    index: u32,
    codec_type: Option<String>,
    codec_name: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    pix_fmt: Option<String>,
    sample_aspect_ratio: Option<String>,
    color_range: Option<String>,
    color_space: Option<String>,
    nb_frames: Option<String>,
    duration: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default)]
    tags: Tags,
    #[serde(default)]
    side_data_list: Vec<SideData>,
}

#[derive(Debug, Deserialize, Default)]
struct Disposition {
    #[serde(default)]
    attached_pic: u8,
}

#[derive(Debug, Deserialize, Default)]
struct Tags {
    rotate: Option<String>,
}

#[derive(Debug, Deserialize)]
struct SideData {
    rotation: Option<f64>,
}

/// Asks `ffprobe` about a file.
pub(crate) fn probe(tools: &Ffmpeg, path: &Path, patience: Duration) -> Result<Probed, VideoError> {
    let mut command = guarded(&tools.probe);
    command.args([
        "-v",
        "error",
        "-of",
        "json",
        "-show_streams",
        "-show_format",
    ]);
    add_input(&mut command, path);
    let answer =
        child::run(&mut command, patience).map_err(|message| VideoError::Ffmpeg { message })?;
    understood(&answer)
}

fn understood(answer: &str) -> Result<Probed, VideoError> {
    let answer: Answer = serde_json::from_str(answer).map_err(|error| VideoError::Ffmpeg {
        message: format!("ffprobe's answer is not understood: {error}"),
    })?;
    let area = |stream: &Stream| {
        u64::from(stream.width.unwrap_or(0)) * u64::from(stream.height.unwrap_or(0))
    };
    let is_video = |stream: &&Stream| {
        stream.codec_type.as_deref() == Some("video")
            && stream.disposition.attached_pic == 0
            && area(stream) > 0
    };
    let videos: Vec<&Stream> = answer.streams.iter().filter(is_video).collect();
    // The first of the largest.
    let best = videos
        .iter()
        .rev()
        .max_by_key(|stream| area(stream))
        .ok_or_else(|| no_video(&answer.streams))?;
    let size_px = [best.width.unwrap_or(0), best.height.unwrap_or(0)];
    if area(best) > super::MAX_PIXELS {
        return Err(VideoError::TooLarge {
            width_px: size_px[0],
            height_px: size_px[1],
            limit: format!("up to {} pixels are read", super::MAX_PIXELS),
        });
    }
    let pixel_format = best.pix_fmt.clone().unwrap_or_default();
    let seconds = |text: &Option<String>| {
        text.as_ref()?
            .parse()
            .ok()
            .filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)
    };
    Ok(Probed {
        stream: best.index,
        codec: Codec::of_ffmpeg(best.codec_name.as_deref().unwrap_or("unknown")),
        size_px,
        pixel_aspect: best.sample_aspect_ratio.as_deref().and_then(ratio),
        orientation: orientation(best),
        frames: best.nb_frames.as_ref().and_then(|text| text.parse().ok()),
        duration_s: seconds(&best.duration).or(seconds(&answer.format.duration)),
        colour: ColourTags {
            matrix: best.color_space.as_deref().and_then(matrix),
            full_range: match best.color_range.as_deref() {
                Some("pc" | "jpeg" | "full") => Some(true),
                Some("tv" | "mpeg" | "limited") => Some(false),
                _ => None,
            },
        },
        range_by_format: pixel_format.starts_with("yuvj"),
        pixel_format,
    })
}

fn no_video(streams: &[Stream]) -> VideoError {
    let mut kinds: Vec<&str> = streams
        .iter()
        .filter(|stream| stream.codec_type.as_deref() != Some("video"))
        .filter_map(|stream| stream.codec_type.as_deref())
        .map(|kind| if kind == "audio" { "sound" } else { kind })
        .collect();
    kinds.dedup();
    VideoError::NoVideo {
        holds: if kinds.is_empty() {
            "nothing".to_owned()
        } else {
            kinds.join(", ")
        },
    }
}

fn orientation(stream: &Stream) -> Orientation {
    let anticlockwise = stream.side_data_list.iter().find_map(|data| data.rotation);
    let clockwise = stream
        .tags
        .rotate
        .as_ref()
        .and_then(|text| text.parse().ok());
    let clockwise_deg = anticlockwise.map_or(clockwise, |angle| Some(-angle));
    clockwise_deg.map_or_else(Orientation::default, Orientation::of_degrees)
}

fn ratio(text: &str) -> Option<[u32; 2]> {
    let (width, height) = text.split_once(':')?;
    let ratio = [width.parse().ok()?, height.parse().ok()?];
    (!ratio.contains(&0)).then_some(ratio)
}

fn matrix(name: &str) -> Option<Matrix> {
    match name {
        "bt709" => Some(Matrix::Bt709),
        "bt470bg" | "smpte170m" | "fcc" => Some(Matrix::Bt601),
        "bt2020nc" | "bt2020c" => Some(Matrix::Bt2020),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_video_stream_that_is_no_cover_is_chosen() {
        let probed = understood(
            r#"{"streams": [
                {"index": 0, "codec_type": "audio", "codec_name": "aac"},
                {"index": 1, "codec_type": "video", "codec_name": "mjpeg", "width": 4000,
                 "height": 4000, "disposition": {"attached_pic": 1}},
                {"index": 2, "codec_type": "video", "codec_name": "hevc", "width": 1920,
                 "height": 1080, "pix_fmt": "yuv420p10le", "sample_aspect_ratio": "1:1",
                 "color_range": "tv", "color_space": "bt2020nc", "nb_frames": "90",
                 "side_data_list": [{"side_data_type": "Display Matrix", "rotation": -90}]}
            ], "format": {"duration": "3.000000"}}"#,
        )
        .unwrap();
        assert_eq!(probed.stream, 2);
        assert_eq!(probed.codec, Codec::Hevc);
        assert_eq!(probed.orientation.quarters, 1);
        assert_eq!((probed.frames, probed.duration_s), (Some(90), Some(3.0)));
        assert_eq!(probed.colour().matrix, Matrix::Bt2020);
        assert_eq!(probed.matrix_to_assume(), None);
    }

    #[test]
    fn sound_alone_is_no_video() {
        let answer = r#"{"streams": [{"index": 0, "codec_type": "audio"}], "format": {}}"#;
        let error = understood(answer).unwrap_err();
        assert_eq!(error.to_string(), "the file holds no video, only sound");
    }
}
