//! Where in the picture something moves: small grey pictures, compared over a fraction of a second.

use ambulo::picture::Picture;

/// Width of the small pictures in cells.
const COLUMNS: usize = 160;
/// Levels by which a cell must change, at least.
const LEAST_CHANGE: i16 = 14;
/// Share of the cells that may change before the camera is thought to move.
const MOST_MOVING: f64 = 0.35;
/// Cells by which what moves is widened, so that parts of a person join.
const JOIN: usize = 3;
/// The smallest height of a person who is looked for, as a share of the picture's.
const LEAST_HEIGHT: f64 = 0.12;
/// Boxes that are given, the largest first.
const MOST_BOXES: usize = 6;

/// A picture in a few thousand grey cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Small {
    columns: usize,
    rows: usize,
    /// Pixels a cell.
    step_px: f64,
    grey: Vec<u8>,
}

/// What moved between two pictures.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Moving {
    /// Boxes around it: left, top, width, height in pixels.
    Boxes(Vec<[f64; 4]>),
    /// Nearly everything: the camera.
    Camera,
}

impl Small {
    /// Samples a picture: nine pixels a cell.
    pub(super) fn of(picture: &Picture) -> Self {
        let (width, height) = (picture.width_px(), picture.height_px());
        let step_px = (f64::from(width) / COLUMNS as f64).max(1.0);
        let cells = |extent: u32| whole(f64::from(extent) / step_px).max(1);
        let (columns, rows) = (cells(width), cells(height));
        let place = |cell: usize, part: f64| pixel((cell as f64 + part) * step_px);
        let mut grey = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let mut sum = 0_u32;
                for down in [0.2, 0.5, 0.8] {
                    for along in [0.2, 0.5, 0.8] {
                        let at = picture.pixel(place(column, along), place(row, down));
                        let [red, green, blue] = at.unwrap_or_default().map(u32::from);
                        sum += red + 2 * green + blue;
                    }
                }
                grey.push(u8::try_from(sum / 36).unwrap_or(u8::MAX));
            }
        }
        Self {
            columns,
            rows,
            step_px,
            grey,
        }
    }

    /// What moved since an earlier picture.
    pub(super) fn moved_since(&self, earlier: &Self) -> Moving {
        if (earlier.columns, earlier.rows) != (self.columns, self.rows) {
            return Moving::Camera;
        }
        let change: Vec<i16> = self
            .grey
            .iter()
            .zip(&earlier.grey)
            .map(|(&now, &then)| (i16::from(now) - i16::from(then)).abs())
            .collect();
        let mut sorted = change.clone();
        let middle = sorted.len() / 2;
        let usual = *sorted.select_nth_unstable(middle).1;
        let least = LEAST_CHANGE.max(4 * usual);
        let moving: Vec<bool> = change.iter().map(|&change| change >= least).collect();
        let count = moving.iter().filter(|&&moving| moving).count();
        if count as f64 > MOST_MOVING * moving.len() as f64 || usual >= LEAST_CHANGE {
            return Moving::Camera;
        }
        Moving::Boxes(self.boxes(&self.widened(&moving)))
    }

    fn widened(&self, moving: &[bool]) -> Vec<bool> {
        let mut wide = vec![false; moving.len()];
        for (index, _) in moving.iter().enumerate().filter(|(_, moving)| **moving) {
            let (column, row) = (index % self.columns, index / self.columns);
            for y in row.saturating_sub(JOIN)..(row + JOIN + 1).min(self.rows) {
                let line = &mut wide[y * self.columns..][..self.columns];
                let from = column.saturating_sub(JOIN);
                line[from..(column + JOIN + 1).min(self.columns)].fill(true);
            }
        }
        wide
    }

    /// Boxes around what hangs together, those of people's height, the largest first.
    fn boxes(&self, moving: &[bool]) -> Vec<[f64; 4]> {
        let mut seen = vec![false; moving.len()];
        let mut boxes: Vec<(usize, [usize; 4])> = Vec::new();
        let mut waiting = Vec::new();
        for start in 0..moving.len() {
            if !moving[start] || seen[start] {
                continue;
            }
            seen[start] = true;
            waiting.push(start);
            let mut count = 0;
            let mut bounds = [usize::MAX, usize::MAX, 0, 0];
            while let Some(index) = waiting.pop() {
                let (column, row) = (index % self.columns, index / self.columns);
                count += 1;
                bounds = [
                    bounds[0].min(column),
                    bounds[1].min(row),
                    bounds[2].max(column),
                    bounds[3].max(row),
                ];
                let mut visit = |next: usize| {
                    if moving[next] && !seen[next] {
                        seen[next] = true;
                        waiting.push(next);
                    }
                };
                if column > 0 {
                    visit(index - 1);
                }
                if column + 1 < self.columns {
                    visit(index + 1);
                }
                if row > 0 {
                    visit(index - self.columns);
                }
                if row + 1 < self.rows {
                    visit(index + self.columns);
                }
            }
            let height = bounds[3] - bounds[1] + 1;
            if height as f64 >= LEAST_HEIGHT * self.rows as f64 {
                boxes.push((count, bounds));
            }
        }
        boxes.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        boxes.truncate(MOST_BOXES);
        boxes
            .into_iter()
            .map(|(_, [left, top, right, bottom])| {
                let px = |cells: usize| cells as f64 * self.step_px;
                [
                    px(left),
                    px(top),
                    px(right + 1 - left),
                    px(bottom + 1 - top),
                ]
            })
            .collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pictures have fewer cells than numbers"
)]
fn whole(value: f64) -> usize {
    value.floor().max(0.0) as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pictures have fewer pixels than numbers"
)]
fn pixel(value: f64) -> u32 {
    value.floor().max(0.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(square_at: Option<u32>, offset: u32) -> Picture {
        let (width, height) = (320_u32, 240_u32);
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let inside = square_at
                    .is_some_and(|left| (left..left + 40).contains(&x) && (60..180).contains(&y));
                let slope = u8::try_from((x + y + offset) % 256).unwrap_or(0);
                rgb.extend_from_slice(&if inside { [255; 3] } else { [slope / 2; 3] });
            }
        }
        Picture::new(width, height, rgb).expect("three bytes a pixel")
    }

    #[test]
    fn what_moves_is_boxed_and_what_stands_is_not() {
        let [then, now] = [100, 130].map(|left| Small::of(&picture(Some(left), 0)));
        let Moving::Boxes(boxes) = now.moved_since(&then) else {
            panic!("the camera stands");
        };
        assert!(now.moved_since(&now) == Moving::Boxes(Vec::new()));
        let [left, top, width, height] = boxes[0];
        assert!(left <= 104.0 && left + width >= 166.0, "{boxes:?}");
        assert!(top <= 62.0 && top + height >= 178.0, "{boxes:?}");
    }

    #[test]
    fn a_camera_that_moves_is_told_from_people() {
        let [then, now] = [0, 60].map(|offset| Small::of(&picture(None, offset)));
        assert_eq!(now.moved_since(&then), Moving::Camera);
    }
}
