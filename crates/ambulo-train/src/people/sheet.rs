//! Pictures for people to look at: labels drawn in, many pictures on one sheet.

use ambulo::picture::Picture;

use crate::motion::at;
use crate::pictures::{Label, LabelledPicture};

/// Limbs to draw: two joints each.
pub(super) const LIMBS: [(usize, usize); 22] = [
    (at::LEFT_SHOULDER, at::RIGHT_SHOULDER),
    (at::LEFT_HIP, at::RIGHT_HIP),
    (at::LEFT_SHOULDER, at::LEFT_HIP),
    (at::RIGHT_SHOULDER, at::RIGHT_HIP),
    (at::LEFT_SHOULDER, at::LEFT_ELBOW),
    (at::LEFT_ELBOW, at::LEFT_WRIST),
    (at::RIGHT_SHOULDER, at::RIGHT_ELBOW),
    (at::RIGHT_ELBOW, at::RIGHT_WRIST),
    (at::LEFT_HIP, at::LEFT_KNEE),
    (at::LEFT_KNEE, at::LEFT_ANKLE),
    (at::RIGHT_HIP, at::RIGHT_KNEE),
    (at::RIGHT_KNEE, at::RIGHT_ANKLE),
    (at::NOSE, at::LEFT_EYE),
    (at::NOSE, at::RIGHT_EYE),
    (at::LEFT_EYE, at::LEFT_EAR),
    (at::RIGHT_EYE, at::RIGHT_EAR),
    (at::LEFT_HEEL, at::LEFT_BIG_TOE),
    (at::LEFT_BIG_TOE, at::LEFT_SMALL_TOE),
    (at::RIGHT_HEEL, at::RIGHT_BIG_TOE),
    (at::RIGHT_BIG_TOE, at::RIGHT_SMALL_TOE),
    (at::LEFT_ANKLE, at::LEFT_HEEL),
    (at::RIGHT_ANKLE, at::RIGHT_HEEL),
];
/// The person's left, right, and middle.
const COLOURS: [[u8; 3]; 3] = [[255, 60, 60], [60, 200, 255], [255, 230, 60]];

/// The picture with its labels drawn over it: the person's left in red, the right in blue; joints that
/// are hidden are hollow. The person's box is white.
pub fn draw_labels(labelled: &LabelledPicture) -> Picture {
    let mut picture = labelled.picture.clone();
    let [x, y, width, height] = labelled.person_box;
    let corners = [
        [x, y],
        [x + width, y],
        [x + width, y + height],
        [x, y + height],
    ];
    for side in 0..4 {
        line(
            &mut picture,
            corners[side],
            corners[(side + 1) % 4],
            [255; 3],
        );
    }
    let place = |joint: usize| labelled.joints[joint].position_px();
    for (from, to) in LIMBS {
        if let (Some(a), Some(b)) = (place(from), place(to)) {
            let colour = if side_of(from) == side_of(to) {
                COLOURS[side_of(from)]
            } else {
                COLOURS[2]
            };
            line(&mut picture, a, b, colour);
        }
    }
    for (joint, label) in labelled.joints.iter().enumerate() {
        if let Some([x, y]) = label.position_px() {
            let hidden = matches!(label, Label::Hidden(_));
            for dy in -2..=2_i32 {
                for dx in -2..=2_i32 {
                    let edge = dx.abs() == 2 || dy.abs() == 2;
                    if edge || !hidden {
                        let (x, y) = (x + f64::from(dx), y + f64::from(dy));
                        dot(&mut picture, [x, y], COLOURS[side_of(joint)]);
                    }
                }
            }
        }
    }
    picture
}

/// 0 for the person's left, 1 for the right, 2 for the nose.
fn side_of(joint: usize) -> usize {
    let left = [
        at::LEFT_EYE,
        at::LEFT_EAR,
        at::LEFT_SHOULDER,
        at::LEFT_ELBOW,
        at::LEFT_WRIST,
        at::LEFT_HIP,
        at::LEFT_KNEE,
        at::LEFT_ANKLE,
        at::LEFT_BIG_TOE,
        at::LEFT_SMALL_TOE,
        at::LEFT_HEEL,
    ];
    match joint {
        at::NOSE => 2,
        joint if left.contains(&joint) => 0,
        _ => 1,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates; what lies outside is left out"
)]
fn dot(picture: &mut Picture, [x, y]: [f64; 2], colour: [u8; 3]) {
    let (x, y) = (x.round(), y.round());
    let (width, height) = (picture.width_px(), picture.height_px());
    if x < 0.0 || y < 0.0 || x >= f64::from(width) || y >= f64::from(height) {
        return;
    }
    let first = (y as usize * width as usize + x as usize) * 3;
    picture.rgb_mut()[first..first + 3].copy_from_slice(&colour);
}

fn line(picture: &mut Picture, from: [f64; 2], to: [f64; 2], colour: [u8; 3]) {
    let length = (to[0] - from[0]).hypot(to[1] - from[1]);
    let steps = crate::film::whole(length.min(1e4)) + 1;
    for step in 0..=steps {
        let share = step as f64 / steps as f64;
        let at = |axis: usize| from[axis] + (to[axis] - from[axis]) * share;
        dot(picture, [at(0), at(1)], colour);
    }
}

/// Pictures side by side in rows of `columns`, each in a cell as large as the largest; `None` without
/// pictures.
pub fn contact_sheet(pictures: &[Picture], columns: usize) -> Option<Picture> {
    let columns = columns.clamp(1, pictures.len().max(1));
    let width = pictures.iter().map(Picture::width_px).max()? as usize;
    let height = pictures.iter().map(Picture::height_px).max()? as usize;
    let rows = pictures.len().div_ceil(columns);
    let stride = columns * width * 3;
    let mut rgb = vec![0_u8; stride * rows * height];
    for (index, picture) in pictures.iter().enumerate() {
        let own = picture.width_px() as usize * 3;
        let start = index / columns * height * stride + index % columns * width * 3;
        for (row, bytes) in picture.rgb().chunks_exact(own).enumerate() {
            let at = start + row * stride;
            rgb[at..at + own].copy_from_slice(bytes);
        }
    }
    let size = |pixels: usize| u32::try_from(pixels).ok();
    Picture::new(size(columns * width)?, size(rows * height)?, rgb).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_holds_every_picture_in_its_cell() {
        let grey = |value: u8| Picture::new(2, 3, vec![value; 18]).unwrap();
        let sheet = contact_sheet(&[grey(1), grey(2), grey(3)], 2).unwrap();
        assert_eq!((sheet.width_px(), sheet.height_px()), (4, 6));
        assert_eq!(sheet.pixel(2, 0), Some([2; 3]));
        assert_eq!(sheet.pixel(1, 5), Some([3; 3]));
        assert_eq!(sheet.pixel(3, 5), Some([0; 3]));
        assert_eq!(contact_sheet(&[], 4), None);
    }
}
