//! Batches: crops as the network reads them, with what it shall answer.

use std::ops::Range;

use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::warp::{Crop, Layout, Levels, Sampling};

use super::augment::{Augmentation, Grids};
use super::pixels::fill_outside;
use super::targets::Targets;
use super::{Label, Pictures, picture_rng};

/// How examples are made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// Sizes, joints and geometry, as they will be stored with the weights.
    pub codec: Pose2dCodec,
    /// How examples differ from their pictures.
    pub augmentation: Augmentation,
    /// What is to be answered.
    pub targets: Targets,
}

/// Examples one after the other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Batch {
    /// `[batch, height, width, 3]`, normalised as [`Levels::IMAGENET`].
    pub pictures: Vec<f32>,
    /// `[batch, joints]` places (x, y) in cells of the map; (0, 0) without weight.
    pub points: Vec<[f32; 2]>,
    /// `[batch, joints]`: how much each joint counts; 0 if nobody knows where it is.
    pub weights: Vec<f32>,
}

/// The examples of these numbers in the run with this seed. The same arguments always give the same batch.
pub fn batch(source: &dyn Pictures, seed: u64, numbers: Range<u64>, recipe: &Recipe) -> Batch {
    let mut batch = Batch::default();
    for number in numbers {
        batch.push(source, seed, number, recipe);
    }
    batch
}

impl Batch {
    /// Adds the example of this number.
    pub fn push(&mut self, source: &dyn Pictures, seed: u64, number: u64, recipe: &Recipe) {
        let mut rng = picture_rng(seed, number);
        let person = source.draw(&mut rng);
        let codec = &recipe.codec;
        let grids = Grids {
            crop_px: codec.crop_px,
            map_cells: codec.map_cells,
            padding: codec.padding,
            convention: codec.convention,
        };
        let length = 3 * codec.crop_px[0] * codec.crop_px[1];
        let start = self.pictures.len();
        self.pictures.resize(start + length, 0.0);
        let Ok(mut view) = recipe.augmentation.view(&person, &grids, &mut rng) else {
            // A box that is none shows nothing and asks for nothing.
            self.points.extend(vec![[0.0; 2]; codec.joints]);
            self.weights.extend(vec![0.0; codec.joints]);
            return;
        };
        let levels = &mut self.pictures[start..];
        let crop = Crop {
            from_picture: view.crop_from_picture,
            size: codec.crop_px,
            sampling: Sampling::Averaged,
            layout: Layout::ChannelsLast,
            levels: Levels::PICTURE,
        };
        crop.write(&person.picture, levels);
        if let Some(appearance) = &recipe.augmentation.appearance {
            let picture_px = [person.picture.width_px(), person.picture.height_px()];
            let (there, size) = (&view.crop_from_picture, codec.crop_px);
            fill_outside(levels, size, there, picture_px, &mut rng);
            let rectangles = appearance.apply(levels, size, &mut rng);
            let back = view.maps_from_picture.inverse();
            let crop_from_maps = back.map(|back| back.then(there));
            for label in &mut view.joints {
                let at = label.position_px().zip(crop_from_maps);
                let covered = at.is_some_and(|(at, crop_from_maps)| {
                    let [x, y] = crop_from_maps.apply(at);
                    rectangles.iter().any(|&[left, top, right, bottom]| {
                        (left..=right).contains(&x) && (top..=bottom).contains(&y)
                    })
                });
                if let (Label::Visible(at), true) = (*label, covered) {
                    *label = Label::Hidden(at);
                }
            }
        }
        for pixel in levels.as_chunks_mut::<3>().0 {
            for (colour, level) in pixel.iter_mut().enumerate() {
                *level = *level * Levels::IMAGENET.scale[colour] + Levels::IMAGENET.offset[colour];
            }
        }
        let (points, weights) = recipe
            .targets
            .points(&view.joints, codec.joints, codec.map_cells);
        self.points.extend(points);
        self.weights.extend(weights);
        // A network of more joints than ours has nothing to learn about the others.
        let missing = codec.joints.saturating_sub(super::JOINTS);
        self.points.extend(vec![[0.0; 2]; missing]);
        self.weights.extend(vec![0.0; missing]);
    }
}

#[cfg(test)]
mod tests {
    use ambulo::picture::Picture;
    use ambulo::synth::SeededRng;

    use super::*;
    use crate::pictures::{JOINTS, LabelledPicture, PictureSource};

    /// White dots on black where the joints are; joint 3 is unlabelled.
    struct Dots;

    const SIDE: usize = 160;

    impl Pictures for Dots {
        fn draw(&self, rng: &mut SeededRng) -> LabelledPicture {
            let mut rgb = vec![0; SIDE * SIDE * 3];
            let joints = std::array::from_fn(|joint| {
                let [x, y] = [40 + 16 * (joint % 5) + rng.below(4), 40 + 16 * (joint / 5)];
                if joint == 3 {
                    return Label::Unlabelled;
                }
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    rgb[3 * ((y + dy) * SIDE + x + dx)..][..3].fill(255);
                }
                Label::Visible([x as f64 + 0.5, y as f64 + 0.5])
            });
            LabelledPicture {
                picture: Picture::new(160, 160, rgb).unwrap(),
                joints,
                person_box: [36.0, 36.0, 88.0, 88.0],
                source: PictureSource::Synthetic { facing_deg: 0.0 },
            }
        }
    }

    fn recipe(augmentation: Augmentation) -> Recipe {
        Recipe {
            codec: Pose2dCodec {
                crop_px: [96, 128],
                map_cells: [96, 128],
                joints: 23,
                ..Pose2dCodec::default()
            },
            augmentation,
            targets: Targets::OURS,
        }
    }

    #[test]
    fn points_lie_on_the_dots_however_the_crop_is_taken() {
        let turned = Augmentation {
            appearance: None,
            ..Augmentation::OURS
        };
        let batch = batch(&Dots, 3, 0..30, &recipe(turned));
        let (mut on_dots, mut seen) = (0, 0);
        for (example, crop) in batch.pictures.chunks(96 * 128 * 3).enumerate() {
            for joint in 0..23 {
                let index = example * 23 + joint;
                let [x, y] = batch.points[index].map(f32::round);
                let inner = (2.0..94.0).contains(&x) && (2.0..126.0).contains(&y);
                if batch.weights[index] > 0.0 && inner {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "inside the crop"
                    )]
                    let place = 3 * (y as usize * 96 + x as usize);
                    seen += 1;
                    on_dots += usize::from(crop[place] > -1.0);
                }
            }
        }
        assert!(seen > 400, "{seen}");
        assert!(on_dots == seen, "{on_dots} of {seen}");
    }

    #[test]
    fn a_batch_is_a_function_of_seed_and_numbers_alone() {
        let recipe = recipe(Augmentation::OURS);
        let whole = batch(&Dots, 7, 10..14, &recipe);
        assert_eq!(batch(&Dots, 7, 10..14, &recipe), whole);
        let last = batch(&Dots, 7, 13..14, &recipe);
        assert_eq!(last.pictures, whole.pictures[3 * 96 * 128 * 3..]);
        assert_eq!(last.points, whole.points[3 * JOINTS..]);
        assert_ne!(batch(&Dots, 8, 13..14, &recipe).pictures, last.pictures);
    }

    #[test]
    fn unlabelled_joints_never_count_and_covered_ones_count_less() {
        let batch = batch(&Dots, 7, 0..60, &recipe(Augmentation::OURS));
        let of = |weight: f32| {
            batch
                .weights
                .iter()
                .filter(|&&w| w.to_bits() == weight.to_bits())
                .count()
        };
        assert!(of(0.5) > 20 && of(1.0) > 500, "{} {}", of(0.5), of(1.0));
        let mirrored = crate::pictures::mirrored_joints()[3];
        for example in batch.weights.chunks(23) {
            assert!(example[3] * example[mirrored] < 0.1);
        }
    }
}
