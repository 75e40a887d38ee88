//! Heat maps: what their numbers mean, and how those of a mirrored crop are laid over them.

use serde::{Deserialize, Serialize};

/// What the numbers of a map are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MapKind {
    /// The network was trained to draw a Gaussian of height 1: the height of a peak is its confidence.
    #[default]
    Gaussian,
    /// The network was trained by cross-entropy over the cells: after a softmax a map holds probabilities,
    /// and what lies around a peak is its confidence.
    Softmax,
}

/// How maps of a mirrored crop are laid over those of the crop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlipShift {
    /// As they are.
    None,
    /// Moved to the right by a cell, the first column kept.
    OneCell,
}

/// One map for each joint: `[joints, height, width]`, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatMaps {
    joints: usize,
    width: usize,
    height: usize,
    cells: Vec<f32>,
}

/// Numbers that are not whole maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{numbers} numbers are not {joints} maps of {width} × {height} cells")]
pub struct MapsError {
    /// Numbers given.
    pub numbers: usize,
    /// Maps.
    pub joints: usize,
    /// Columns of a map.
    pub width: usize,
    /// Rows of a map.
    pub height: usize,
}

impl HeatMaps {
    /// Maps one after the other: `[joints, height, width]`. `size` is width and height.
    ///
    /// # Errors
    ///
    /// [`MapsError`] if the numbers do not fill them.
    pub fn new(joints: usize, size: [usize; 2], cells: Vec<f32>) -> Result<Self, MapsError> {
        let [width, height] = size;
        if checked_cells(joints, size) == Some(cells.len()) && !cells.is_empty() {
            return Ok(Self {
                joints,
                width,
                height,
                cells,
            });
        }
        Err(MapsError {
            numbers: cells.len(),
            joints,
            width,
            height,
        })
    }

    /// The same from `[height, width, joints]`, as our engine gives them.
    ///
    /// # Errors
    ///
    /// [`MapsError`] if the numbers do not fill them.
    pub fn from_channels_last(
        joints: usize,
        size: [usize; 2],
        numbers: &[f32],
    ) -> Result<Self, MapsError> {
        let mut cells = Vec::with_capacity(numbers.len());
        if checked_cells(joints, size) == Some(numbers.len()) {
            for joint in 0..joints {
                cells.extend(numbers.iter().skip(joint).step_by(joints));
            }
        }
        Self::new(joints, size, cells).map_err(|error| MapsError {
            numbers: numbers.len(),
            ..error
        })
    }

    /// How many maps.
    pub fn joints(&self) -> usize {
        self.joints
    }

    /// Columns and rows of a map.
    pub fn size(&self) -> [usize; 2] {
        [self.width, self.height]
    }

    /// One joint's map, row by row.
    ///
    /// # Panics
    ///
    /// If there are fewer joints.
    pub fn map(&self, joint: usize) -> &[f32] {
        let area = self.width * self.height;
        &self.cells[joint * area..][..area]
    }

    /// All cells: `[joints, height, width]`.
    pub fn cells(&self) -> &[f32] {
        &self.cells
    }

    /// Turns the network's numbers into ones that mean confidence: a softmax over each map, if that is
    /// how it was trained.
    pub fn interpret(&mut self, kind: MapKind) {
        if kind == MapKind::Gaussian {
            return;
        }
        for map in self.cells.chunks_exact_mut(self.width * self.height) {
            softmax(map);
        }
    }

    /// The mean of these maps and those of the mirrored crop, mirrored back, with the maps of left and
    /// right joints exchanged. `pairs` says which map takes the place of which, for each joint; joints
    /// that it does not name stay.
    ///
    /// # Errors
    ///
    /// [`MapsError`] if the two are not equally many maps of one size.
    pub fn merge_mirrored(
        &mut self,
        mirrored: &Self,
        partner: &[usize],
        shift: FlipShift,
    ) -> Result<(), MapsError> {
        if mirrored.joints != self.joints || mirrored.size() != self.size() {
            return Err(MapsError {
                numbers: mirrored.cells.len(),
                joints: self.joints,
                width: self.width,
                height: self.height,
            });
        }
        let last = self.width - 1;
        let area = self.width * self.height;
        for (joint, map) in self.cells.chunks_exact_mut(area).enumerate() {
            let other = partner.get(joint).copied().unwrap_or(joint);
            let other = mirrored.map(if other < self.joints { other } else { joint });
            let rows = map
                .chunks_exact_mut(self.width)
                .zip(other.chunks_exact(self.width));
            for (row, other) in rows {
                for (column, cell) in row.iter_mut().enumerate() {
                    let back = match shift {
                        FlipShift::None => last - column,
                        FlipShift::OneCell => last - column.saturating_sub(1),
                    };
                    *cell = 0.5 * (*cell + other[back]);
                }
            }
        }
        Ok(())
    }
}

fn checked_cells(joints: usize, [width, height]: [usize; 2]) -> Option<usize> {
    joints.checked_mul(width)?.checked_mul(height)
}

/// Numbers to probabilities. A map that holds what is no number becomes even.
fn softmax(map: &mut [f32]) {
    let highest = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0_f32;
    for cell in map.iter_mut() {
        *cell = (*cell - highest).exp();
        sum += *cell;
    }
    let even = 1.0 / map.len() as f32;
    if sum.is_finite() && sum > 0.0 {
        for cell in map {
            *cell /= sum;
        }
    } else {
        map.fill(even);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_last_and_first_hold_the_same() {
        let first = HeatMaps::new(2, [3, 1], vec![1.0, 2.0, 3.0, 10.0, 20.0, 30.0]);
        let last = HeatMaps::from_channels_last(2, [3, 1], &[1.0, 10.0, 2.0, 20.0, 3.0, 30.0]);
        assert_eq!(first, last);
        assert!(HeatMaps::from_channels_last(2, [3, 2], &[0.0; 6]).is_err());
        assert!(HeatMaps::new(0, [3, 2], Vec::new()).is_err());
    }

    #[test]
    fn mirrored_maps_are_turned_back_exchanged_and_averaged() {
        let maps = || HeatMaps::new(2, [3, 1], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        let mirrored = HeatMaps::new(2, [3, 1], vec![6.0, 5.0, 4.0, 3.0, 2.0, 1.0]).unwrap();
        let mut merged = maps();
        merged
            .merge_mirrored(&mirrored, &[1, 0], FlipShift::None)
            .unwrap();
        assert_eq!(merged, maps());
        merged
            .merge_mirrored(&mirrored, &[1, 0], FlipShift::OneCell)
            .unwrap();
        assert_eq!(merged.map(0), [1.0, 1.5, 2.5]);
    }

    #[test]
    fn softmax_makes_probabilities_of_any_numbers() {
        let mut maps = HeatMaps::new(2, [2, 1], vec![1000.0, 1000.0, f32::NAN, 0.0]).unwrap();
        maps.interpret(MapKind::Softmax);
        assert_eq!(maps.cells(), [0.5, 0.5, 0.5, 0.5]);
    }
}
