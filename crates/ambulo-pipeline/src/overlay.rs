//! The overlay: the video again, with the walker's skeleton, the events and the angles drawn on it.
//!
//! A second pass over the video, frame by frame, so that memory does not grow with its length; each frame
//! keeps its own time. Faces can be hidden ([`OverlayConfig::face_blur`]); in the stills that go into
//! the report they always are. The page is `docs/formats/overlay.md`.

mod canvas;
mod figure;
mod glyphs;
mod heads;
mod marks;
mod panel;
mod png;
mod resize;
mod stills;
mod strip;
mod text;

use std::path::{Path, PathBuf};

use ambulo::Side;
use ambulo::analysis::Analysis;
use ambulo::bouts::{Bout, BoutKind};
use ambulo::events::{EventKind, GaitEvent};
use ambulo::keypoints::Keypoints2d;
use ambulo::picture::Picture;
use ambulo_io::files;
use ambulo_io::video::{
    VideoConfig, VideoError, VideoFrame, VideoInfo, VideoReader, VideoWriter, WriterConfig,
};
use serde::{Deserialize, Serialize};

use crate::analyze::BoutAngles;
use canvas::{Canvas, Frame};
use figure::{Pen, View};
use heads::{Head, Heads};
use resize::Part;
use strip::Steps;
use text::Font;

/// Settings of the overlay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OverlayConfig {
    /// Whether it is made at all, and stills for the report; crops are made even so.
    pub enabled: bool,
    /// Whether faces are hidden in it, and in crops.
    pub face_blur: bool,
    /// Size beside the video's, 0.1 to 1.
    pub scale: f64,
    /// The longer side at most, in pixels: a smaller overlay of a 4K video is made far sooner.
    pub longest_px: u32,
    /// How coarsely colours are rounded, 1 to 51; each six more halve the size of the file.
    pub quantizer: u8,
}

impl Default for OverlayConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            face_blur: false,
            scale: 1.0,
            longest_px: 1920,
            quantizer: 24,
        }
    }
}

/// What an overlay tells.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The walker's keypoints as they were analysed; their times are those of the video's frames since
    /// the first one analysed ([`ambulo::analysis::Input::file_time_of_first_frame_s`]).
    pub keypoints: &'a Keypoints2d,
    /// Keypoints of other people at the same times, whose faces are hidden too; the walker may be among
    /// them.
    pub others: &'a [Keypoints2d],
    /// The result.
    pub analysis: &'a Analysis,
    /// The angles of each bout, frame by frame.
    pub angles: &'a [BoutAngles],
    /// Confidence that the analysis asked of a keypoint; what has less is drawn faint.
    pub min_confidence: f64,
}

/// Where the overlay goes.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The folder of the results: `overlay.mp4`, or the folder `overlay`.
    pub results: &'a Path,
    /// A folder for a crop of the walker at every event, if they are wanted.
    pub crops: Option<&'a Path>,
}

/// What was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Overlay {
    /// What of it goes into the report.
    pub film: ambulo_report::Film,
    /// The video, or the folder of pictures; none where the settings want none.
    pub path: Option<PathBuf>,
    /// Frames drawn.
    pub frames: u64,
    /// Crops written.
    pub crops: usize,
    /// What had to be decided, a sentence each.
    pub notes: Vec<String>,
}

/// Why there is no overlay.
#[derive(Debug, thiserror::Error)]
pub enum OverlayError {
    /// The video cannot be read again, or written.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// A file cannot be written.
    #[error(transparent)]
    File(#[from] files::FileError),
    /// A folder cannot be made.
    #[error("cannot make the folder {folder:?}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A picture cannot be put into a PNG file.
    #[error("cannot write a picture as PNG")]
    Png(#[source] ::png::EncodingError),
}

/// Draws the overlay of the frames that were analysed, and what of it goes into the report. `progress` is
/// told how many frames were read, and how many there are, where that is known.
///
/// # Errors
///
/// [`OverlayError`] if the video cannot be read or nothing can be written. What the video lacks is not
/// an error: frames without keypoints are shown as they are.
pub fn write(
    video: &Path,
    reading: &VideoConfig,
    told: &Told<'_>,
    places: Places<'_>,
    config: &OverlayConfig,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Overlay, OverlayError> {
    let mut reader = VideoReader::open(video, reading)?;
    let mut drawing = Drawing::of(reader.info(), told, config);
    let mut sink = if config.enabled {
        Some(Sink::create(
            places.results,
            &drawing,
            reader.info(),
            config,
        )?)
    } else {
        None
    };
    if let Some(folder) = places.crops {
        make(folder)?;
    }
    let mut at_events = AtEvents::of(told, places.crops, config);
    let listed = reader.info().frames;
    let span_s = drawing.span_s();
    let mut frames = 0;
    while let Some(frame) = reader.next() {
        let mut frame = frame?;
        progress(frame.index + 1, listed);
        if frame.time_s < span_s.start {
            reader.give_back(frame.picture);
            continue;
        }
        if frame.time_s > span_s.end {
            break;
        }
        let at = drawing.frame_of(frame.time_s);
        at_events.take(&frame, at, &drawing)?;
        if config.face_blur {
            for head in drawing.heads_in(at) {
                heads::hide(&mut frame.picture, head);
            }
        }
        if let Some(sink) = &mut sink {
            drawing.draw(&frame, at);
            sink.push(&drawing.picture, frame.time_s)?;
            frames += 1;
        }
        reader.give_back(frame.picture);
    }
    let mut overlay = Overlay {
        film: ambulo_report::Film {
            video: None,
            stills: at_events.stills,
        },
        path: None,
        frames,
        crops: at_events.crops,
        notes: Vec::new(),
    };
    if let Some(sink) = sink {
        sink.finish(&mut overlay)?;
    }
    Ok(overlay)
}

fn make(folder: &Path) -> Result<(), OverlayError> {
    std::fs::create_dir_all(folder).map_err(|source| OverlayError::Folder {
        folder: folder.to_owned(),
        source,
    })
}

/// Everything that is drawn on each frame, and the picture it is drawn on.
struct Drawing<'a> {
    told: &'a Told<'a>,
    picture: Picture,
    /// Rows of the video's part; the strip is below.
    film_px: u32,
    view: View,
    pen: Pen,
    font: Font,
    steps: Steps,
    marks: marks::Marks,
    heads: Vec<Heads>,
    corner: Option<panel::Corner>,
    /// Half a frame: how far a keypoint's time may be from the picture's.
    tolerance_s: f64,
    /// Time of the first frame analysed, in the video.
    first_s: f64,
}

impl<'a> Drawing<'a> {
    fn of(info: &VideoInfo, told: &'a Told<'a>, config: &OverlayConfig) -> Self {
        let scale = scale_of(info, config);
        let size = [info.width_px, info.height_px].map(|side| scaled(side, scale));
        let font = Font::of_height(capital_px(size));
        let strip_px = strip::height_px(font.height_px());
        let view = View {
            origin: [0.0; 2],
            scale: f64::from(size[0]) / f64::from(info.width_px.max(1)),
        };
        let duration_s = told.keypoints.time().duration_s();
        let step_s = told.keypoints.time().median_step_s().unwrap_or(0.04);
        let panel_px = panel::size(font.height_px()).map(|it| f64::from(it) / view.scale);
        let picture_px = [info.width_px, info.height_px].map(f64::from);
        let corner = panel::is_needed(told.angles)
            .then(|| panel::corner(told.keypoints, picture_px, panel_px));
        Self {
            picture: stills::blank(size[0], size[1] + strip_px),
            film_px: size[1],
            view,
            pen: Pen {
                radius: line_radius(told, size, view.scale),
                sure: told.min_confidence,
                far: Side::Left,
            },
            font,
            steps: Steps::of(&told.analysis.events, duration_s),
            marks: marks::Marks::of(&told.analysis.events, told.keypoints),
            heads: std::iter::once(told.keypoints)
                .chain(told.others)
                .map(Heads::of)
                .collect(),
            corner,
            tolerance_s: 0.5 * step_s + 1e-6,
            first_s: told.analysis.input.file_time_of_first_frame_s,
            told,
        }
    }

    /// The frame of the keypoints at a time of the video.
    fn frame_of(&self, time_s: f64) -> Option<usize> {
        let time = self.told.keypoints.time();
        let frame = time.nearest_frame(time_s - self.first_s);
        let away_s = (time.times_s()[frame] + self.first_s - time_s).abs();
        (away_s <= self.tolerance_s).then_some(frame)
    }

    /// The part of the video that was analysed.
    fn span_s(&self) -> std::ops::Range<f64> {
        let end_s = self.first_s + self.told.keypoints.time().duration_s();
        self.first_s - self.tolerance_s..end_s + self.tolerance_s
    }

    /// The heads in a frame, in pixels of the video.
    fn heads_in(&self, frame: Option<usize>) -> Vec<Head> {
        let Some(frame) = frame else {
            return Vec::new();
        };
        self.heads.iter().filter_map(|it| it.at(frame)).collect()
    }

    fn draw(&mut self, frame: &VideoFrame, at: Option<usize>) {
        let source = &frame.picture;
        let film_px = self.film_px;
        resize::fill(
            &mut self.picture,
            film_px as usize,
            source,
            Part::whole(source),
        );
        let width = self.picture.width_px() as f32;
        let height = self.picture.height_px() as f32;
        let canvas = &mut Canvas::over(&mut self.picture);
        if let Some(at) = at {
            let pen = Pen {
                far: far_side(self.told, at),
                ..self.pen
            };
            figure::draw(canvas, self.told.keypoints, at, self.view, pen);
        }
        let bottom = film_px as f32;
        let font = &mut self.font;
        let now_s = frame.time_s - self.first_s;
        self.marks.draw(canvas, font, self.view, now_s, bottom);
        if let Some(corner) = self.corner {
            panel::draw(canvas, width, corner, font, self.told.angles, at);
        }
        let strip = Frame {
            left: 0.0,
            top: bottom,
            right: width,
            bottom: height,
        };
        let index = at.map_or(frame.index, |at| at as u64);
        strip::draw(canvas, strip, font, &self.steps, (now_s, index));
    }
}

/// What is kept of the frames in which something happens.
struct AtEvents<'a> {
    told: &'a Told<'a>,
    /// Events of the report, and their pictures.
    chosen: Vec<GaitEvent>,
    stills: Vec<ambulo_report::Still>,
    folder: Option<&'a Path>,
    hides_faces: bool,
    crops: usize,
}

impl<'a> AtEvents<'a> {
    fn of(told: &'a Told<'a>, folder: Option<&'a Path>, config: &OverlayConfig) -> Self {
        Self {
            told,
            chosen: if config.enabled {
                stills::chosen(told)
            } else {
                Vec::new()
            },
            stills: Vec::new(),
            folder,
            hides_faces: config.face_blur,
            crops: 0,
        }
    }

    fn take(
        &mut self,
        frame: &VideoFrame,
        at: Option<usize>,
        drawing: &Drawing<'_>,
    ) -> Result<(), OverlayError> {
        let Some(at) = at else {
            return Ok(());
        };
        let heads = drawing.heads_in(Some(at));
        for event in self.chosen.iter().filter(|event| event.frame == at) {
            let pen = Pen {
                far: far_side(self.told, at),
                ..drawing.pen
            };
            let still = stills::still(&frame.picture, self.told, at, &heads, pen)?;
            self.stills.extend(still.map(|still| ambulo_report::Still {
                caption: stills::caption(event),
                ..still
            }));
        }
        let Some(folder) = self.folder else {
            return Ok(());
        };
        let events = self.told.analysis.events.iter();
        for event in events.filter(|event| event.frame == at) {
            let mut whole = frame.picture.clone();
            if self.hides_faces {
                for &head in &heads {
                    heads::hide(&mut whole, head);
                }
            }
            let Some(crop) = stills::crop(&whole, self.told.keypoints, at) else {
                continue;
            };
            let name = format!(
                "{at:06}_{}_{}.png",
                event.side.name(),
                match event.kind {
                    EventKind::InitialContact => "initial_contact",
                    EventKind::FootOff => "foot_off",
                }
            );
            let bytes = png::encoded(&crop, png::Effort::Little)?;
            files::write_atomically(&folder.join(name), &bytes)?;
            self.crops += 1;
        }
        Ok(())
    }
}

/// Where drawn frames go.
enum Sink {
    Film {
        writer: Box<VideoWriter>,
        path: PathBuf,
    },
    /// Where no video can be written: a picture a frame.
    Pictures {
        folder: PathBuf,
        frames: u64,
        why: String,
    },
}

impl Sink {
    fn create(
        results: &Path,
        drawing: &Drawing<'_>,
        info: &VideoInfo,
        config: &OverlayConfig,
    ) -> Result<Self, OverlayError> {
        make(results)?;
        let path = results.join("overlay.mp4");
        let settings = WriterConfig {
            quantizer: config.quantizer,
            ticks_hz: info.ticks_hz.unwrap_or(WriterConfig::default().ticks_hz),
            ..WriterConfig::default()
        };
        let picture = &drawing.picture;
        match VideoWriter::create(&path, picture.width_px(), picture.height_px(), &settings) {
            Ok(writer) => Ok(Self::Film {
                writer: Box::new(writer),
                path,
            }),
            // The disk is the same for pictures.
            Err(VideoError::Write(source)) => Err(VideoError::Write(source).into()),
            Err(error) => {
                let folder = results.join("overlay");
                make(&folder)?;
                Ok(Self::Pictures {
                    folder,
                    frames: 0,
                    why: error.to_string(),
                })
            }
        }
    }

    fn push(&mut self, picture: &Picture, time_s: f64) -> Result<(), OverlayError> {
        match self {
            Self::Film { writer, .. } => Ok(writer.push(picture, time_s)?),
            Self::Pictures { folder, frames, .. } => {
                let bytes = png::encoded(picture, png::Effort::Little)?;
                files::write_atomically(&folder.join(format!("{frames:06}.png")), &bytes)?;
                *frames += 1;
                Ok(())
            }
        }
    }

    /// Completes the files and says where they are.
    fn finish(self, overlay: &mut Overlay) -> Result<(), OverlayError> {
        overlay.path = Some(match self {
            Self::Film { writer, path } => {
                writer.finish()?;
                overlay.film.video = Some("overlay.mp4".to_owned());
                path
            }
            Self::Pictures { folder, why, .. } => {
                let note = format!("the overlay is a folder of pictures: {why}");
                overlay.notes.push(note);
                folder
            }
        });
        Ok(())
    }
}

/// Pixels drawn for one of the video: within the limits of the settings and of the writer.
fn scale_of(info: &VideoInfo, config: &OverlayConfig) -> f64 {
    let longer = f64::from(info.width_px.max(info.height_px).max(1));
    let shorter = f64::from(info.width_px.min(info.height_px).max(1));
    let limit = f64::from(config.longest_px.clamp(64, 3840)) / longer;
    // The strip takes less than a fifth more.
    let writer = (3200.0 / longer).min(1800.0 / shorter);
    config.scale.clamp(0.1, 1.0).min(limit).min(writer)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a side times a share of one"
)]
fn scaled(side_px: u32, scale: f64) -> u32 {
    let side = (f64::from(side_px) * scale).round() as u32;
    side.next_multiple_of(2).max(2)
}

/// Height of capitals for a picture's size: to be read at any.
fn capital_px([width, height]: [u32; 2]) -> f32 {
    (width.min(height) as f32 * 0.0185).clamp(8.5, 40.0)
}

/// Half the thickness of the skeleton's lines: by the picture, thinner on a small walker.
#[expect(clippy::cast_possible_truncation, reason = "a few pixels")]
fn line_radius(told: &Told<'_>, [width, height]: [u32; 2], scale: f64) -> f32 {
    let mut heights: Vec<f64> = (0..told.keypoints.frames())
        .filter_map(|frame| figure::bounds(told.keypoints, frame, told.min_confidence))
        .map(|[_, top, _, bottom]| (bottom - top) * scale)
        .collect();
    heights.sort_by(f64::total_cmp);
    let of_picture = f64::from(width.min(height)) * 0.0032;
    let of_walker = heights
        .get(heights.len() / 2)
        .map_or(of_picture, |height| height * 0.008);
    of_picture.min(of_walker).max(0.9) as f32
}

/// The side away from the camera: the left of who walks to the right.
fn far_side(told: &Told<'_>, frame: usize) -> Side {
    let bouts = told.analysis.bouts.iter();
    let straight = bouts.filter(|bout| bout.kind == BoutKind::Straight);
    // Between two walks, as in the nearer.
    let away = |bout: &Bout| {
        let before = bout.start_frame.saturating_sub(frame);
        before + (frame + 1).saturating_sub(bout.end_frame)
    };
    match straight.min_by_key(|bout| away(bout)) {
        Some(bout) if bout.direction.x < 0.0 => Side::Right,
        _ => Side::Left,
    }
}
