//! Boxes around people, frame by frame, as detectors and trackers write them.
//!
//! Two forms are read, told apart by their first character:
//!
//! - **MOT challenge** text: `frame, id, left, top, width, height[, confidence, …]`, one box a line;
//!   frames count from 1, an id of −1 is none.
//! - **COCO results** JSON: a list of `{"image_id", "category_id", "bbox": [left, top, width, height],
//!   "score"}`; the image's id is the frame, counted from 0, and only people (category 1) are read.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A box around a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PersonBox {
    /// Left, top, width, height in pixels.
    pub box_px: [f64; 4],
    /// How certain the detector was, 0 to 1; 1 where it does not say.
    pub score: f64,
}

/// Boxes of each frame that has any, by the frame's index from 0.
pub type PeopleBoxes = BTreeMap<u64, Vec<PersonBox>>;

/// Why a file of boxes could not be used.
#[derive(Debug, thiserror::Error)]
pub enum BoxesError {
    /// A line is not a box.
    #[error(
        "line {line} is not `frame, id, left, top, width, height` with numbers (MOT challenge): {found:?}"
    )]
    Line {
        /// Line, from 1.
        line: usize,
        /// How it begins.
        found: String,
    },
    /// The JSON is not a list of results.
    #[error("not a list of COCO results (image_id, category_id, bbox, score)")]
    Json(#[from] serde_json::Error),
    /// There are none.
    #[error("the file holds no box around a person")]
    Empty,
}

/// Reads boxes.
///
/// # Errors
///
/// [`BoxesError`] names the line.
pub fn read(bytes: &[u8]) -> Result<PeopleBoxes, BoxesError> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let boxes = if first == Some(&b'[') {
        of_coco(bytes)?
    } else {
        of_mot(&String::from_utf8_lossy(bytes))?
    };
    if boxes.is_empty() {
        return Err(BoxesError::Empty);
    }
    Ok(boxes)
}

fn of_coco(bytes: &[u8]) -> Result<PeopleBoxes, BoxesError> {
    #[derive(Deserialize)]
    struct Found {
        image_id: u64,
        #[serde(default = "person")]
        category_id: i64,
        bbox: [f64; 4],
        #[serde(default = "certain")]
        score: f64,
    }
    fn person() -> i64 {
        1
    }
    fn certain() -> f64 {
        1.0
    }
    let found: Vec<Found> = serde_json::from_slice(bytes)?;
    let mut boxes = PeopleBoxes::new();
    for found in found.into_iter().filter(|found| found.category_id == 1) {
        put(&mut boxes, found.image_id, found.bbox, found.score);
    }
    Ok(boxes)
}

fn of_mot(text: &str) -> Result<PeopleBoxes, BoxesError> {
    let mut boxes = PeopleBoxes::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || BoxesError::Line {
            line: index + 1,
            found: line.chars().take(40).collect(),
        };
        let numbers: Option<Vec<f64>> = line
            .split([',', ' ', '\t'])
            .filter(|field| !field.is_empty())
            .map(|field| field.parse().ok())
            .collect();
        let numbers = numbers.ok_or_else(wrong)?;
        let [frame, _, left, top, width, height, rest @ ..] = &numbers[..] else {
            return Err(wrong());
        };
        if !(1.0..=1e9).contains(frame) {
            return Err(wrong());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 1 and a thousand million"
        )]
        let frame = *frame as u64 - 1;
        // Many trackers write −1 for a confidence that they do not have.
        let score = rest.first().copied().filter(|score| *score >= 0.0);
        let box_px = [*left, *top, *width, *height];
        put(&mut boxes, frame, box_px, score.unwrap_or(1.0));
    }
    Ok(boxes)
}

/// Keeps a box if it is one.
fn put(boxes: &mut PeopleBoxes, frame: u64, box_px: [f64; 4], score: f64) {
    let is_box =
        box_px.iter().all(|number| number.is_finite()) && box_px[2] > 0.0 && box_px[3] > 0.0;
    if is_box && score.is_finite() {
        boxes.entry(frame).or_default().push(PersonBox {
            box_px,
            score: score.clamp(0.0, 1.0),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_give_the_same_boxes() {
        let mot = "1,7,10,20,30,80,0.9,-1,-1,-1\n\n3 -1 11 20 30 80 -1\n";
        let coco = r#"[{"image_id":0,"category_id":1,"bbox":[10,20,30,80],"score":0.9},
            {"image_id":2,"category_id":1,"bbox":[11,20,30,80]},
            {"image_id":2,"category_id":3,"bbox":[0,0,5,5],"score":1.0}]"#;
        let read = |text: &str| read(text.as_bytes()).expect("boxes");
        assert_eq!(read(mot), read(coco));
        assert_eq!(read(mot).keys().copied().collect::<Vec<_>>(), [0, 2]);
    }

    #[test]
    fn what_is_no_box_is_named_or_left_out() {
        let error = read(b"1,1,0,0,5,5\nnothing\n").expect_err("not a box");
        assert!(error.to_string().starts_with("line 2 is not"), "{error}");
        assert!(matches!(read(b"1,1,0,0,-5,5"), Err(BoxesError::Empty)));
        assert!(matches!(read(b"0,1,0,0,5,5"), Err(BoxesError::Line { .. })));
        assert!(matches!(read(b"[1]"), Err(BoxesError::Json(_))));
        assert!(matches!(read(b""), Err(BoxesError::Empty)));
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        let whole = br#"[{"image_id":0,"category_id":1,"bbox":[1e300,20,NaN,80]}]"#;
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err());
        }
        assert!(read(&[0xff, 0xfe, 0, 1]).is_err());
    }
}
