//! Single pictures of the walker at events: some for the report, all of them as crops.

use ambulo::Side;
use ambulo::bouts::BoutKind;
use ambulo::events::{EventKind, GaitEvent};
use ambulo::keypoints::Keypoints2d;
use ambulo::picture::Picture;

use super::canvas::Canvas;
use super::figure::{self, Pen, View, bounds};
use super::heads::{self, Head};
use super::png;
use super::resize::{self, Part};
use super::{OverlayError, Told};

/// Size of a still in the report.
const STILL_PX: [u32; 2] = [240, 360];
/// Room around the walker, as a share of the height.
const MARGIN: f64 = 0.14;

/// The events shown in the report: of each foot its contact and its foot off nearest the middle of the
/// longest straight stretch, in order of time.
pub(super) fn chosen(told: &Told<'_>) -> Vec<GaitEvent> {
    let bouts = told.analysis.bouts.iter();
    let straight = bouts.filter(|bout| bout.kind == BoutKind::Straight);
    let longest = straight.max_by(|a, b| (a.end_s - a.start_s).total_cmp(&(b.end_s - b.start_s)));
    let Some(bout) = longest else {
        return Vec::new();
    };
    let middle_s = f64::midpoint(bout.start_s, bout.end_s);
    let from_middle = |event: &GaitEvent| (event.time_s - middle_s).abs();
    let mut chosen: Vec<GaitEvent> = Vec::new();
    for side in Side::BOTH {
        for kind in [EventKind::InitialContact, EventKind::FootOff] {
            let own = told.analysis.events.iter();
            let own = own.filter(|event| event.side == side && event.kind == kind);
            let own = own.filter(|event| (bout.start_s..=bout.end_s).contains(&event.time_s));
            let nearest = own.min_by(|a, b| from_middle(a).total_cmp(&from_middle(b)));
            chosen.extend(nearest.copied());
        }
    }
    chosen.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    chosen
}

/// What an event is called below its picture.
pub(super) fn caption(event: &GaitEvent) -> String {
    let side = match event.side {
        Side::Left => "Left",
        Side::Right => "Right",
    };
    let kind = match event.kind {
        EventKind::InitialContact => "initial contact",
        EventKind::FootOff => "foot off",
    };
    format!("{side} {kind}, {:.2} s", event.time_s)
}

/// The part of the picture that holds the walker, `aspect` times as wide as high.
fn part_around(keypoints: &Keypoints2d, frame: usize, aspect: f64, least: f64) -> Option<Part> {
    let [left, top, right, bottom] =
        bounds(keypoints, frame, least).or_else(|| bounds(keypoints, frame, 0.0))?;
    // A head reaches above its topmost keypoint, a foot below its lowest.
    let high = (bottom - top).max(8.0) * (1.0 + 2.0 * MARGIN);
    let wide = (right - left) + (bottom - top).max(8.0) * 2.0 * MARGIN;
    let height = high.max(wide / aspect);
    let width = height * aspect;
    Some(Part {
        left: f64::midpoint(left, right) + 0.5 - width / 2.0,
        top: f64::midpoint(top, bottom) + 0.5 - height / 2.0,
        width,
        height,
    })
}

/// A still for the report: the walker with the skeleton, every head hidden. A report is passed on; the
/// picture in it shows the walk and not the face.
pub(super) fn still(
    picture: &Picture,
    told: &Told<'_>,
    frame: usize,
    heads: &[Head],
    pen: Pen,
) -> Result<Option<ambulo_report::Still>, OverlayError> {
    let [width_px, height_px] = STILL_PX;
    let aspect = f64::from(width_px) / f64::from(height_px);
    let Some(part) = part_around(told.keypoints, frame, aspect, pen.sure) else {
        return Ok(None);
    };
    let mut still = blank(width_px, height_px);
    resize::fill(&mut still, height_px as usize, picture, part);
    let view = View {
        origin: [part.left, part.top],
        scale: f64::from(width_px) / part.width,
    };
    for head in heads {
        let [x, y] = view.place(head.middle);
        let middle = [f64::from(x), f64::from(y)];
        let radius = head.radius * view.scale;
        heads::hide(&mut still, Head { middle, radius });
    }
    let pen = Pen {
        radius: STILL_PX[1] as f32 * 0.0055,
        ..pen
    };
    figure::draw(
        &mut Canvas::over(&mut still),
        told.keypoints,
        frame,
        view,
        pen,
    );
    Ok(Some(ambulo_report::Still {
        caption: String::new(),
        width_px,
        height_px,
        png: png::encoded(&still, png::Effort::Most)?,
    }))
}

/// A crop of the walker as filmed, in the video's own pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the picture before"
)]
pub(super) fn crop(picture: &Picture, keypoints: &Keypoints2d, frame: usize) -> Option<Picture> {
    let part = part_around(keypoints, frame, 2.0 / 3.0, 0.0)?;
    let (width, height) = (
        f64::from(picture.width_px()),
        f64::from(picture.height_px()),
    );
    let (left, top) = (part.left.clamp(0.0, width), part.top.clamp(0.0, height));
    let right = (part.left + part.width).clamp(0.0, width);
    let bottom = (part.top + part.height).clamp(0.0, height);
    let whole = Part {
        left: left.floor(),
        top: top.floor(),
        width: (right - left).floor(),
        height: (bottom - top).floor(),
    };
    if whole.width < 1.0 || whole.height < 1.0 {
        return None;
    }
    let mut crop = blank(whole.width as u32, whole.height as u32);
    resize::fill(&mut crop, whole.height as usize, picture, whole);
    Some(crop)
}

pub(super) fn blank(width_px: u32, height_px: u32) -> Picture {
    let bytes = width_px as usize * height_px as usize * 3;
    Picture::new(width_px, height_px, vec![0; bytes]).expect("three bytes for each of some pixels")
}
