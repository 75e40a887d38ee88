//! The walker's skeleton: left and right in the colours and marks of the report.

use ambulo::Side;
use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::Joint;

use super::canvas::{Canvas, Ink, Place, Rgb};

/// Left, as in the report on a dark ground.
pub(super) const LEFT: Rgb = [99, 182, 242];
/// Right; told apart from the left by colour-blind readers, and by its diamonds.
pub(super) const RIGHT: Rgb = [245, 153, 90];
/// The midline, and text.
pub(super) const LIGHT: Rgb = [238, 241, 244];
/// The rim around everything.
pub(super) const DARK: Rgb = [8, 10, 12];

/// How much is drawn of what the detector hardly believes.
const FAINTEST: f32 = 0.22;

/// The colour of a side.
pub(super) fn colour_of(side: Option<Side>) -> Rgb {
    match side {
        Some(Side::Left) => LEFT,
        Some(Side::Right) => RIGHT,
        None => LIGHT,
    }
}

/// Segments of one side, by the left's names; the first of several toes that is there counts.
const LIMBS: [[Joint; 2]; 11] = [
    [Joint::LeftShoulder, Joint::LeftElbow],
    [Joint::LeftElbow, Joint::LeftWrist],
    [Joint::LeftHip, Joint::LeftKnee],
    [Joint::LeftKnee, Joint::LeftAnkle],
    [Joint::LeftAnkle, Joint::LeftHeel],
    [Joint::LeftAnkle, Joint::LeftBigToe],
    [Joint::LeftHeel, Joint::LeftBigToe],
    [Joint::LeftAnkle, Joint::LeftToe],
    [Joint::LeftHeel, Joint::LeftToe],
    [Joint::LeftBigToe, Joint::LeftSmallToe],
    [Joint::LeftToe, Joint::LeftToeTip],
];

/// Joints that are marked on each side, by the left's names.
const MARKED: [Joint; 9] = [
    Joint::LeftShoulder,
    Joint::LeftElbow,
    Joint::LeftWrist,
    Joint::LeftHip,
    Joint::LeftKnee,
    Joint::LeftAnkle,
    Joint::LeftHeel,
    Joint::LeftBigToe,
    Joint::LeftToe,
];

/// Where keypoints lie on what is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View {
    /// What is taken off a keypoint, in pixels of the video.
    pub(super) origin: [f64; 2],
    /// Pixels drawn for one of the video.
    pub(super) scale: f64,
}

impl View {
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> Place {
        let drawn = |value: f64, origin: f64| ((value - origin + 0.5) * self.scale - 0.5) as f32;
        [drawn(x, self.origin[0]), drawn(y, self.origin[1])]
    }
}

/// How a figure is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pen {
    /// Half the thickness of a line.
    pub(super) radius: f32,
    /// Confidence from which a joint is drawn in full.
    pub(super) sure: f64,
    /// The side that is farther from the camera, drawn first.
    pub(super) far: Side,
}

/// A joint as drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    place: Place,
    cover: f32,
}

/// Draws the skeleton of one frame. Joints that were not seen are not drawn; those that the detector hardly
/// believes are faint.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    keypoints: &Keypoints2d,
    frame: usize,
    view: View,
    pen: Pen,
) {
    let seen = |joint: Joint| seen(keypoints, frame, joint, view, pen);
    let mut bones: Vec<(Seen, Seen, Rgb)> = Vec::new();
    let mut marks: Vec<(Seen, Option<Side>)> = Vec::new();
    let mut add_side = |side: Side| {
        let own = |joint: Joint| match side {
            Side::Left => joint,
            Side::Right => joint.mirrored(),
        };
        for [from, to] in LIMBS {
            if let (Some(from), Some(to)) = (seen(own(from)), seen(own(to))) {
                bones.push((from, to, colour_of(Some(side))));
            }
        }
        marks.extend(
            MARKED
                .iter()
                .filter_map(|&it| Some((seen(own(it))?, Some(side)))),
        );
    };
    add_side(pen.far);
    let near_bones = {
        add_side(pen.far.opposite());
        bones
    };
    let middle = |left: Joint| middle(seen(left), seen(left.mirrored()));
    let (top, bottom) = (middle(Joint::LeftShoulder), middle(Joint::LeftHip));
    let mut bones: Vec<(Seen, Seen, Rgb)> = Vec::new();
    for left in [Joint::LeftShoulder, Joint::LeftHip] {
        if let (Some(from), Some(to)) = (seen(left), seen(left.mirrored())) {
            bones.push((from, to, LIGHT));
        }
    }
    let head = seen(Joint::Nose).or_else(|| seen(Joint::Head));
    for (from, to) in [(top, bottom), (top, head)] {
        if let (Some(from), Some(to)) = (from, to) {
            bones.push((from, to, LIGHT));
        }
    }
    marks.extend(head.map(|head| (head, None)));
    bones.extend(near_bones);
    lines(canvas, &bones, pen.radius);
    joints(canvas, &marks, pen.radius);
}

fn seen(keypoints: &Keypoints2d, frame: usize, joint: Joint, view: View, pen: Pen) -> Option<Seen> {
    let index = keypoints.joints().iter().position(|&have| have == joint)?;
    let point = keypoints.frame(frame)[index]?;
    Some(Seen {
        place: view.place([point.position_px.x, point.position_px.y]),
        cover: cover(point.confidence, pen.sure),
    })
}

/// Full from `sure` on, faint below half of it.
#[expect(clippy::cast_possible_truncation, reason = "a share")]
fn cover(confidence: f64, sure: f64) -> f32 {
    let half = 0.5 * sure.max(1e-9);
    let share = ((confidence - half) / half).clamp(0.0, 1.0) as f32;
    FAINTEST + (1.0 - FAINTEST) * share
}

fn middle(left: Option<Seen>, right: Option<Seen>) -> Option<Seen> {
    let (left, right) = (left?, right?);
    Some(Seen {
        place: [0, 1].map(|axis| f32::midpoint(left.place[axis], right.place[axis])),
        cover: left.cover.min(right.cover),
    })
}

fn lines(canvas: &mut Canvas<'_>, bones: &[(Seen, Seen, Rgb)], radius: f32) {
    let rim = rim(radius);
    // Far lines wholly before near ones, each on its own rim: crossing legs stay two legs.
    for (from, to, colour) in bones {
        let cover = from.cover.min(to.cover);
        let ends = [from.place, to.place];
        canvas.line(ends, radius + rim, Ink::at(DARK, 0.7 * cover));
        canvas.line(ends, radius, Ink::at(*colour, cover));
    }
}

/// The dark rim's breadth.
fn rim(radius: f32) -> f32 {
    (radius * 0.6).max(0.8)
}

fn joints(canvas: &mut Canvas<'_>, marks: &[(Seen, Option<Side>)], radius: f32) {
    for (seen, side) in marks {
        mark(canvas, seen.place, *side, radius * 1.75, seen.cover);
    }
}

/// A joint's mark: a disc on the left, a diamond on the right.
pub(super) fn mark(
    canvas: &mut Canvas<'_>,
    place: Place,
    side: Option<Side>,
    radius: f32,
    cover: f32,
) {
    let rim = rim(radius * 0.5);
    let dark = Ink::at(DARK, 0.8 * cover);
    let ink = Ink::at(colour_of(side), cover);
    if side == Some(Side::Right) {
        canvas.diamond(place, radius * 1.3 + rim * 1.4, dark);
        canvas.diamond(place, radius * 1.3, ink);
    } else {
        canvas.disc(place, radius + rim, dark);
        canvas.disc(place, radius, ink);
    }
}

/// The rectangle around all joints of a frame in pixels of the video: left, top, right, bottom.
pub(super) fn bounds(keypoints: &Keypoints2d, frame: usize, least: f64) -> Option<[f64; 4]> {
    let points = keypoints.frame(frame).iter().flatten();
    points
        .filter(|point| point.confidence >= least)
        .map(|point| [point.position_px.x, point.position_px.y])
        .map(|[x, y]| [x, y, x, y])
        .reduce(|a, b| {
            [
                a[0].min(b[0]),
                a[1].min(b[1]),
                a[2].max(b[2]),
                a[3].max(b[3]),
            ]
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambulo::keypoints::Keypoint;
    use ambulo::picture::Picture;
    use ambulo::time::TimeBase;
    use nalgebra::Point2;

    fn leg(confidence: f64) -> Keypoints2d {
        let joints = vec![Joint::LeftHip, Joint::LeftKnee, Joint::LeftAnkle];
        let point = |y: f64| {
            Some(Keypoint {
                position_px: Point2::new(20.0, y),
                confidence,
            })
        };
        let time = TimeBase::uniform(1, 25.0).unwrap();
        Keypoints2d::new(joints, time, None, vec![point(10.0), point(40.0), None]).unwrap()
    }

    fn drawn(confidence: f64) -> Picture {
        let mut picture = Picture::new(40, 80, vec![120; 40 * 80 * 3]).unwrap();
        let view = View {
            origin: [0.0; 2],
            scale: 1.0,
        };
        let pen = Pen {
            radius: 2.0,
            sure: 0.4,
            far: Side::Left,
        };
        draw(
            &mut Canvas::over(&mut picture),
            &leg(confidence),
            0,
            view,
            pen,
        );
        picture
    }

    #[test]
    fn a_segment_is_drawn_in_its_sides_colour_with_a_dark_rim_and_a_missing_joint_is_not() {
        let picture = drawn(0.9);
        assert_eq!(picture.pixel(20, 25), Some(LEFT));
        assert!(picture.pixel(23, 25).unwrap()[1] < 80);
        assert_eq!(picture.pixel(20, 60), Some([120; 3]));
    }

    #[test]
    fn what_the_detector_hardly_believes_is_faint() {
        let (sure, doubted) = (drawn(0.9), drawn(0.1));
        let strength = |picture: &Picture| picture.pixel(20, 25).unwrap()[2].abs_diff(120);
        assert!(strength(&doubted) > 5 && strength(&doubted) * 2 < strength(&sure));
    }
}
