//! What can be said of video: which decoders this machine has, and what is in a file.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use ambulo_io::video::{
    Ffmpeg, HOW_TO_INSTALL, Orientation, VideoConfig, VideoError, VideoInfo, VideoReader,
    built_with_assembly,
};

use super::row;

/// The rows on decoders.
pub(super) fn decoders(text: &mut String) {
    let assembly = if built_with_assembly() {
        "with vector instructions"
    } else {
        "in plain C: install nasm and build again, and it decodes faster"
    };
    row(
        text,
        "video",
        &format!("H.264 in MP4 and MOV: built-in decoder (OpenH264, {assembly})"),
    );
    let ffmpeg = match Ffmpeg::find(None) {
        Ok(ffmpeg) => format!(
            "version {}, decodes every video, H.264 too, where it reads it",
            ffmpeg.version()
        ),
        Err(why) => format!(
            "does not run ({why}): HEVC, VP9, AV1, MKV, AVI and others are not read; install it: \
             {HOW_TO_INSTALL}"
        ),
    };
    row(text, "ffmpeg", &ffmpeg);
}

/// What a video file holds, after all of its frames have been decoded: kind, size, frames and their
/// times, the decoder and its speed, and all that is wrong with it.
///
/// # Errors
///
/// [`VideoError`] if it cannot be read.
pub fn examine_video(path: &Path, config: &VideoConfig) -> Result<String, VideoError> {
    let mut reader = VideoReader::open(path, config)?;
    let info = reader.info().clone();
    let start = Instant::now();
    let mut times_s = Vec::new();
    while let Some(frame) = reader.next() {
        let frame = frame?;
        times_s.push(frame.time_s);
        reader.give_back(frame.picture);
    }
    let taken_s = start.elapsed().as_secs_f64();
    let mut text = String::new();
    row(
        &mut text,
        "file",
        &format!("{}, {}", info.container, info.codec),
    );
    row(&mut text, "size", &size(&info));
    let listed = info
        .frames
        .map_or_else(String::new, |frames| format!(" of {frames} in the file"));
    row(
        &mut text,
        "frames",
        &format!("{} read{listed}", times_s.len()),
    );
    if let Some(duration_s) = info.duration_s {
        row(&mut text, "duration", &format!("{duration_s:.3} s"));
    }
    if let Some(rate) = rate(&times_s) {
        row(&mut text, "rate", &rate);
    }
    row(
        &mut text,
        "decoder",
        &format!(
            "{}: {:.1} frames/s here and now",
            info.decoder,
            times_s.len() as f64 / taken_s.max(1e-9)
        ),
    );
    for warning in reader.warnings() {
        row(&mut text, "warning", &warning.to_string());
    }
    Ok(text)
}

fn size(info: &VideoInfo) -> String {
    let mut text = format!("{} × {} pixels", info.width_px, info.height_px);
    let Orientation {
        quarters, mirrored, ..
    } = info.orientation;
    if mirrored {
        text.push_str(", mirrored");
    }
    if quarters > 0 {
        let _ = write!(text, ", turned by {}° clockwise", 90 * u32::from(quarters));
    }
    text
}

/// The median time between frames, and its spread.
fn rate(times_s: &[f64]) -> Option<String> {
    let mut steps_ms: Vec<f64> = times_s
        .windows(2)
        .map(|pair| 1000.0 * (pair[1] - pair[0]))
        .collect();
    steps_ms.sort_by(f64::total_cmp);
    let (first, last) = (steps_ms.first()?, steps_ms.last()?);
    let median = steps_ms[steps_ms.len() / 2];
    let spread = if last - first < 0.1 {
        "constant".to_owned()
    } else {
        format!("varies, {first:.1} to {last:.1} ms between frames")
    };
    Some(format!(
        "{:.3} Hz ({median:.2} ms), {spread}",
        1000.0 / median
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_the_median_and_says_whether_it_varies() {
        let even: Vec<f64> = (0..9).map(|frame| f64::from(frame) / 50.0).collect();
        assert_eq!(
            rate(&even).as_deref(),
            Some("50.000 Hz (20.00 ms), constant")
        );
        let uneven = [0.0, 0.02, 0.04, 0.09];
        assert_eq!(
            rate(&uneven).as_deref(),
            Some("50.000 Hz (20.00 ms), varies, 20.0 to 50.0 ms between frames")
        );
        assert_eq!(rate(&[0.0]), None);
    }
}
