//! Left and right decoded together.
//!
//! A network that has not made up its mind which leg is which draws two peaks into both maps, often with
//! the same one highest: taken one by one, both ankles land on one leg. So where the two maps are highest at
//! one place, they are added, their common peaks are the **candidates**, and candidates are given to sides so
//! that the whole limb fits best: the evidence of all its maps, no segment longer than a body's, both sides
//! about equally long. Where one candidate holds nearly everything, both joints are there, one behind the
//! other. Maps that are highest at two places have decided for themselves.
//!
//! Which leg is the left one is often not to be seen in a single picture. [`PairedPose`] therefore keeps
//! the candidates and says how strongly each limb leans to its sides, so that they can be decided over
//! a whole clip.

mod tree;

use ambulo::skeleton::COCO_23;

use super::crop::Affine;
use super::decode::{
    Blur, Peak, Refinement, WITHIN_TWO_SIGMA, cells_near, confidence, highest_cell,
};
use super::maps::{HeatMaps, MapKind};
use tree::Choice;

/// Candidates of a pair, at most.
pub const MOST_CANDIDATES: usize = 3;
/// Two maps that are highest so many cells apart show two places.
const TWO_PLACES_CELLS: f64 = 2.0;
/// Candidates that hold less of both maps are noise.
const LEAST_SHARE: f64 = 0.05;

/// A place where the left or the right joint may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// The place, in cells of the map or pixels of the picture as the pose's joints are.
    pub at: [f64; 2],
    /// The share of the left joint's map that lies there, 0 to 1.
    pub left_share: f64,
    /// The share of the right joint's map that lies there.
    pub right_share: f64,
}

/// A left and a right joint.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The left joint's place in the skeleton.
    pub left: usize,
    /// The right joint's.
    pub right: usize,
    /// Where they may be, the strongest first; at least one.
    pub candidates: Vec<Candidate>,
    /// Which candidate the left joint was given.
    pub chosen_left: usize,
    /// Which one the right joint was given.
    pub chosen_right: usize,
}

/// Limbs of both sides that were given their sides together: arms, legs, or a pair of the face.
#[derive(Debug, Clone, PartialEq)]
pub struct Limbs {
    /// Places in [`PairedPose::pairs`], from the trunk outwards.
    pub pairs: Vec<usize>,
    /// How strongly the maps speak for the sides as given, against both sides exchanged: positive for,
    /// the sum over the limb's pairs, each between −1 and 1.
    pub side_evidence: f64,
}

/// All joints of a person, with what else they may have been.
#[derive(Debug, Clone, PartialEq)]
pub struct PairedPose {
    /// Every joint, in the order of the maps.
    pub joints: Vec<Peak>,
    /// Left and right joints.
    pub pairs: Vec<Pair>,
    /// Pairs that belong together.
    pub limbs: Vec<Limbs>,
}

/// Decodes maps of the first joints of [`COCO_23`], as [`HeatMaps::interpret`] leaves them. Places are in
/// cells.
pub fn paired(maps: &HeatMaps, kind: MapKind, sigma_cells: f64) -> PairedPose {
    let mut search = Search {
        maps,
        kind,
        sigma_cells,
        blur: Blur::default(),
    };
    let mut joints: Vec<Peak> = (0..maps.joints())
        .map(|joint| search.single(joint))
        .collect();
    let mut pairs = Vec::new();
    let mut decided = Vec::new();
    for left in 0..maps.joints().min(COCO_23.joints.len()) {
        let mirrored = COCO_23.joints[left].mirrored();
        let right = COCO_23.index_of(mirrored).unwrap_or(left);
        if right > left && right < maps.joints() {
            let (candidates, choice) = search.candidates(left, right);
            decided.push(choice);
            pairs.push(Pair {
                left,
                right,
                candidates,
                chosen_left: 0,
                chosen_right: 0,
            });
        }
    }
    let limbs = tree::assign(&mut pairs, &decided, maps.size()[1] as f64);
    for pair in &pairs {
        let found = search.chosen(pair);
        [joints[pair.left], joints[pair.right]] = found;
    }
    PairedPose {
        joints,
        pairs,
        limbs,
    }
}

impl PairedPose {
    /// The same in the picture's pixels. A transform that cannot be undone leaves the cells.
    pub fn in_picture(mut self, maps_from_picture: &Affine) -> Self {
        let back = maps_from_picture.inverse().unwrap_or(Affine::IDENTITY);
        for joint in &mut self.joints {
            joint.at = back.apply(joint.at);
        }
        let candidates = self.pairs.iter_mut().flat_map(|pair| &mut pair.candidates);
        for candidate in candidates {
            candidate.at = back.apply(candidate.at);
        }
        self
    }
}

struct Search<'a> {
    maps: &'a HeatMaps,
    kind: MapKind,
    sigma_cells: f64,
    blur: Blur,
}

impl Search<'_> {
    /// A joint by its own map alone.
    fn single(&mut self, joint: usize) -> Peak {
        let (map, size) = (self.maps.map(joint), self.maps.size());
        let (cell, value) = highest_cell(map, size[0]);
        let at = if value > 0.0 {
            self.refined(map, cell)
        } else {
            [0.0, 0.0]
        };
        Peak {
            at,
            confidence: confidence(map, size, at, self.kind, self.sigma_cells),
        }
    }

    /// A peak between cells, never further than a cell away.
    fn refined(&mut self, map: &[f32], cell: [usize; 2]) -> [f64; 2] {
        let size = self.maps.size();
        let at = self.blur.refined(map, size, cell, Refinement::Dark);
        std::array::from_fn(|axis| {
            let middle = cell[axis] as f64;
            at[axis].clamp(middle - 1.0, middle + 1.0)
        })
    }

    /// How far the cells of one peak reach.
    fn reach(&self) -> f64 {
        (2.0 * self.sigma_cells).max(2.0)
    }

    /// Where the joints of a pair may be, the strongest first, and which of them they are if their maps are
    /// highest at two places: then there is nothing to decide.
    fn candidates(&mut self, left: usize, right: usize) -> (Vec<Candidate>, Option<Choice>) {
        let [width, height] = self.maps.size();
        let shares = [left, right].map(|joint| share(self.maps.map(joint)));
        let both: Vec<f32> = self
            .maps
            .map(left)
            .iter()
            .zip(self.maps.map(right))
            .map(|(&left, &right)| left.max(0.0) * shares[0] + right.max(0.0) * shares[1])
            .collect();
        // Two joints next to each other, as hips from the front, are one peak of the sum: so where either map
        // is highest comes first.
        let [highest_left, highest_right] =
            [left, right].map(|joint| highest_cell(self.maps.map(joint), width));
        let at_left = highest_left.0.map(|along| along as f64);
        let is_decided = highest_left.1 > 0.0
            && highest_right.1 > 0.0
            && apart(at_left, highest_right.0) >= TWO_PLACES_CELLS;
        let mut cells: Vec<[usize; 2]> = Vec::new();
        if is_decided {
            cells.extend([highest_left.0, highest_right.0]);
        }
        let mut rest = both.clone();
        for &cell in &cells {
            clear(&mut rest, [width, height], cell, self.reach());
        }
        for _ in 0..2 * MOST_CANDIDATES {
            let (cell, value) = highest_cell(&rest, width);
            if value <= 0.0 {
                break;
            }
            // What is left of a slope after its peak has been taken out is no peak.
            if cells.len() < MOST_CANDIDATES && is_peak(&both, [width, height], cell) {
                cells.push(cell);
            }
            clear(&mut rest, [width, height], cell, self.reach());
        }
        if cells.is_empty() {
            cells.push([0, 0]);
        }
        let own = |map: &[f32], scale: f32, index: usize| {
            own_mass(map, [width, height], &cells, index, self.reach()) * f64::from(scale)
                / WITHIN_TWO_SIGMA
        };
        let mut candidates: Vec<(Option<usize>, Candidate)> = (0..cells.len())
            .map(|index| {
                let candidate = Candidate {
                    at: cells[index].map(|along| along as f64),
                    left_share: own(self.maps.map(left), shares[0], index).min(1.0),
                    right_share: own(self.maps.map(right), shares[1], index).min(1.0),
                };
                let decides_for = [left, right].get(index).copied().filter(|_| is_decided);
                (decides_for, candidate)
            })
            .collect();
        for ((decides_for, candidate), &cell) in candidates.iter_mut().zip(&cells) {
            let map = decides_for.map_or(&both[..], |joint| self.maps.map(joint));
            candidate.at = self.refined(map, cell);
        }
        let total = |candidate: &Candidate| candidate.left_share + candidate.right_share;
        candidates.sort_by(|(_, a), (_, b)| total(b).total_cmp(&total(a)));
        let mut place = 0;
        candidates.retain(|(decides_for, candidate)| {
            place += 1;
            place == 1 || decides_for.is_some() || total(candidate) >= LEAST_SHARE
        });
        let place = |joint: usize| candidates.iter().position(|(of, _)| *of == Some(joint));
        let choice = place(left)
            .zip(place(right))
            .map(|(left, right)| [left, right]);
        (
            candidates
                .into_iter()
                .map(|(_, candidate)| candidate)
                .collect(),
            choice,
        )
    }

    /// The left and the right joint where they were put. At one place each is refined by its own map.
    fn chosen(&mut self, pair: &Pair) -> [Peak; 2] {
        let sides = [
            (pair.left, pair.chosen_left),
            (pair.right, pair.chosen_right),
        ];
        let together = pair.chosen_left == pair.chosen_right;
        sides.map(|(joint, chosen)| {
            let candidate = pair.candidates[chosen];
            let (map, size) = (self.maps.map(joint), self.maps.size());
            let other = if joint == pair.left {
                pair.right
            } else {
                pair.left
            };
            let at = if together {
                let nearby = kept(map, size, candidate.at, self.reach());
                let (cell, value) = highest_cell(&nearby, size[0]);
                if value > 0.0 {
                    self.refined(map, cell)
                } else {
                    candidate.at
                }
            } else {
                candidate.at
            };
            let certain = match self.kind {
                MapKind::Gaussian => [joint, other]
                    .map(|joint| {
                        let map = self.maps.map(joint);
                        confidence(map, size, at, self.kind, self.sigma_cells)
                    })
                    .into_iter()
                    .fold(0.0, f64::max),
                MapKind::Softmax => {
                    let total = candidate.left_share + candidate.right_share;
                    if together { total / 2.0 } else { total }
                }
            };
            Peak {
                at,
                confidence: certain.clamp(0.0, 1.0),
            }
        })
    }
}

/// What makes the positive cells of a map sum to 1; 0 if there are none.
fn share(map: &[f32]) -> f32 {
    let sum: f32 = map.iter().map(|value| value.max(0.0)).sum();
    if sum > 0.0 && sum.is_finite() {
        1.0 / sum
    } else {
        0.0
    }
}

/// Whether no neighbour is higher.
fn is_peak(map: &[f32], [width, height]: [usize; 2], [column, row]: [usize; 2]) -> bool {
    let value = map[row * width + column];
    (row.saturating_sub(1)..=(row + 1).min(height - 1)).all(|y| {
        (column.saturating_sub(1)..=(column + 1).min(width - 1))
            .all(|x| map[y * width + x] <= value)
    })
}

fn apart(a: [f64; 2], b: [usize; 2]) -> f64 {
    let [x, y] = [a[0] - b[0] as f64, a[1] - b[1] as f64];
    (x * x + y * y).sqrt()
}

/// Empties the cells within `reach` of a cell.
fn clear(map: &mut [f32], size: [usize; 2], cell: [usize; 2], reach: f64) {
    for index in cells_near(size, cell.map(|along| along as f64), reach) {
        map[index] = 0.0;
    }
}

/// A map without the cells further than `reach` from a place.
fn kept(map: &[f32], size: [usize; 2], at: [f64; 2], reach: f64) -> Vec<f32> {
    let mut kept = vec![0.0; map.len()];
    for index in cells_near(size, at, reach) {
        kept[index] = map[index];
    }
    kept
}

/// The sum of a map around one of several peaks, each cell counted for the nearest.
fn own_mass(map: &[f32], size: [usize; 2], peaks: &[[usize; 2]], own: usize, reach: f64) -> f64 {
    let to = |peak: [usize; 2], cell: [usize; 2]| apart(peak.map(|along| along as f64), cell);
    let mut sum = 0.0;
    for index in cells_near(size, peaks[own].map(|along| along as f64), reach) {
        let (cell, value) = ([index % size[0], index / size[0]], map[index]);
        let distance = to(peaks[own], cell);
        let nearer =
            |&(other, &peak): &(usize, &[usize; 2])| other != own && to(peak, cell) < distance;
        if value > 0.0 && !peaks.iter().enumerate().any(|peak| nearer(&peak)) {
            sum += f64::from(value);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [36, 48];
    const SIGMA: f64 = 1.6;

    /// Places with their weights.
    type Peaks<'a> = &'a [([f64; 2], f64)];

    /// Maps of probabilities: each joint's peaks with their weights.
    fn maps(peaks: &[(usize, Peaks<'_>)]) -> HeatMaps {
        let mut cells = vec![0.0_f32; 23 * SIZE[0] * SIZE[1]];
        for joint in 0..23 {
            let map = &mut cells[joint * SIZE[0] * SIZE[1]..][..SIZE[0] * SIZE[1]];
            let of_joint = peaks.iter().find(|(of, _)| *of == joint);
            let far_away: Peaks<'_> = &[([18.0, 4.0], 1.0)];
            for &(at, weight) in of_joint.map_or(far_away, |(_, peaks)| peaks) {
                for (index, value) in map.iter_mut().enumerate() {
                    let far = apart(at, [index % SIZE[0], index / SIZE[0]]);
                    #[expect(clippy::cast_possible_truncation, reason = "a map is of f32")]
                    let drawn = (weight * (-far * far / (2.0 * SIGMA * SIGMA)).exp()) as f32;
                    *value += drawn;
                }
            }
            let sum: f32 = map.iter().sum();
            for value in map.iter_mut() {
                *value /= sum;
            }
        }
        HeatMaps::new(23, SIZE, cells).unwrap()
    }

    #[track_caller]
    fn near(found: Peak, expected: [f64; 2]) {
        let apart = (found.at[0] - expected[0]).hypot(found.at[1] - expected[1]);
        assert!(apart < 0.3, "{found:?} is not at {expected:?}");
    }

    const FRONT: [f64; 2] = [26.0, 40.0];
    const BACK: [f64; 2] = [9.0, 38.0];

    #[test]
    fn two_ankles_that_choose_the_same_leg_are_given_one_each() {
        let both = maps(&[
            (15, &[(FRONT, 0.7), (BACK, 0.3)]),
            (16, &[(FRONT, 0.6), (BACK, 0.4)]),
        ]);
        let alone = super::super::decode::peaks(&both, Refinement::Dark);
        near(alone[15], FRONT);
        near(alone[16], FRONT);
        let pose = paired(&both, MapKind::Softmax, SIGMA);
        near(pose.joints[15], FRONT);
        near(pose.joints[16], BACK);
        let legs = pose.limbs.iter().find(|limbs| limbs.side_evidence != 0.0);
        assert!(legs.is_some());
    }

    #[test]
    fn a_leg_behind_the_other_is_at_the_same_place() {
        let both = maps(&[(15, &[(FRONT, 0.97), (BACK, 0.03)]), (16, &[(FRONT, 1.0)])]);
        let pose = paired(&both, MapKind::Softmax, SIGMA);
        near(pose.joints[15], FRONT);
        near(pose.joints[16], FRONT);
        assert!(pose.joints[15].confidence > 0.9, "{:?}", pose.joints[15]);
    }

    #[test]
    fn two_hips_that_are_one_peak_of_the_sum_stay_two() {
        let (left, right) = ([19.0, 22.0], [16.0, 22.0]);
        let both = maps(&[
            (11, &[(left, 1.0), ([5.0, 40.0], 0.4)]),
            (12, &[(right, 1.0)]),
        ]);
        let pose = paired(&both, MapKind::Softmax, SIGMA);
        near(pose.joints[11], left);
        near(pose.joints[12], right);
        let hips = pose.pairs.iter().find(|pair| pair.left == 11).unwrap();
        assert_ne!(hips.chosen_left, hips.chosen_right);
    }

    #[test]
    fn an_undecided_ankle_follows_its_knee() {
        let knees = ([24.0, 30.0], [11.0, 30.0]);
        let undecided: Peaks<'_> = &[(FRONT, 0.5), (BACK, 0.5)];
        for exchanged in [false, true] {
            let (left, right) = if exchanged { (knees.1, knees.0) } else { knees };
            let legs = maps(&[
                (13, &[(left, 1.0)]),
                (14, &[(right, 1.0)]),
                (15, undecided),
                (16, undecided),
            ]);
            let pose = paired(&legs, MapKind::Softmax, SIGMA);
            near(pose.joints[13], left);
            near(pose.joints[15], if exchanged { BACK } else { FRONT });
            near(pose.joints[16], if exchanged { FRONT } else { BACK });
        }
    }

    #[test]
    fn candidates_keep_what_was_not_chosen() {
        let third = [18.0, 20.0];
        let both = maps(&[
            (15, &[(FRONT, 0.6), (BACK, 0.3), (third, 0.1)]),
            (16, &[(FRONT, 0.2), (BACK, 0.7), (third, 0.1)]),
        ]);
        let pose = paired(&both, MapKind::Softmax, SIGMA);
        let ankles = pose.pairs.iter().find(|pair| pair.left == 15).unwrap();
        assert_eq!((ankles.right, ankles.candidates.len()), (16, 3));
        let shares: f64 = ankles.candidates.iter().map(|c| c.left_share).sum();
        assert!((shares - 1.0).abs() < 0.05, "{shares}");
        let third_found = ankles.candidates[2];
        assert!(
            (third_found.left_share - 0.1).abs() < 0.02,
            "{third_found:?}"
        );
    }

    #[test]
    fn maps_of_nothing_give_a_pose_without_confidence() {
        for value in [0.0, -1.0, f32::NAN] {
            let nothing = HeatMaps::new(17, SIZE, vec![value; 17 * SIZE[0] * SIZE[1]]).unwrap();
            for kind in [MapKind::Gaussian, MapKind::Softmax] {
                let pose = paired(&nothing, kind, SIGMA);
                assert_eq!((pose.joints.len(), pose.pairs.len()), (17, 8));
                assert!(pose.joints.iter().all(|joint| joint.confidence == 0.0));
            }
        }
    }

    #[test]
    fn a_pose_in_the_picture_is_the_same_pose_moved() {
        let both = maps(&[(15, &[(FRONT, 1.0)]), (16, &[(BACK, 1.0)])]);
        let pose = paired(&both, MapKind::Softmax, SIGMA);
        let half = Affine([[0.5, 0.0, 1.0], [0.0, 0.5, 0.0]]);
        let moved = pose.clone().in_picture(&half);
        for (before, after) in pose.joints.iter().zip(&moved.joints) {
            assert!((after.at[0] - 2.0 * (before.at[0] - 1.0)).abs() < 1e-9);
        }
        assert!(
            (moved.pairs[0].candidates[0].at[1] - 2.0 * pose.pairs[0].candidates[0].at[1]).abs()
                < 1e-9
        );
    }
}
