//! Where a crop is taken: the person's box, moved, turned, scaled, mirrored, or half of the person.

use ambulo::synth::SeededRng;
use ambulo_nn::codec::pose2d::Convention;
use ambulo_nn::codec::pose2d::crop::{Affine, CropError, Region};

use super::pixels::Appearance;
use super::{JOINTS, Label, LabelledPicture, mirrored_joints};

/// How examples differ from the pictures that they are made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Augmentation {
    /// Half of the body instead of the whole.
    pub half_body: Option<HalfBody>,
    /// The size of the region.
    pub scale: Scale,
    /// Probability that the crop is turned.
    pub rotation_probability: f64,
    /// Standard deviation of the turn.
    pub rotation_deg: f64,
    /// The turn goes no further to either side.
    pub most_rotation_deg: f64,
    /// The centre moves by up to this share of the region's size, in both directions.
    pub shift: f64,
    /// Probability of mirroring.
    pub flip_probability: f64,
    /// Colours, noise, blur and rectangles.
    pub appearance: Option<Appearance>,
}

/// Half of the body instead of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfBody {
    /// Probability, where more than 8 joints are labelled.
    pub probability: f64,
    /// Which half.
    pub choice: HalfChoice,
}

/// Which half of the body is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HalfChoice {
    /// As the papers' code draws it: a normal number below 0.5, which is the upper half in 69 % of cases.
    Upstream,
    /// Either half alike.
    Even,
}

/// How the region's size is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scale {
    /// As it is.
    Fixed,
    /// Normal about 1 with this standard deviation, cut off at as much again on both sides.
    Normal(f64),
    /// Between two factors, evenly in their logarithms.
    Between(f64, f64),
}

/// A crop that has been chosen: what is to be seen, and where its joints are.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// From the picture to the crop.
    pub crop_from_picture: Affine,
    /// From the picture to the maps.
    pub maps_from_picture: Affine,
    /// Joints in cells of the map, with sides exchanged if the crop is mirrored.
    pub joints: [Label; JOINTS],
}

/// The grids that a view is made for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grids {
    /// Width and height of the crop in pixels.
    pub crop_px: [usize; 2],
    /// Width and height of a map in cells.
    pub map_cells: [usize; 2],
    /// How much larger than the person's box the region is.
    pub padding: f64,
    /// Whose geometry.
    pub convention: Convention,
}

/// The lower body begins with the hips; feet belong to it.
const FIRST_LOWER: usize = 11;

impl Augmentation {
    /// None: the person's box.
    pub const NONE: Self = Self {
        half_body: None,
        scale: Scale::Fixed,
        rotation_probability: 0.0,
        rotation_deg: 0.0,
        most_rotation_deg: 0.0,
        shift: 0.0,
        flip_probability: 0.0,
        appearance: None,
    };

    /// The paper's, which is `TransPose`'s.
    pub const fn paper(choice: HalfChoice) -> Self {
        Self {
            half_body: Some(HalfBody {
                probability: 0.3,
                choice,
            }),
            scale: Scale::Normal(0.35),
            rotation_probability: 0.6,
            rotation_deg: 45.0,
            most_rotation_deg: 90.0,
            shift: 0.0,
            flip_probability: 0.5,
            appearance: None,
        }
    }

    /// Ours, for people who walk: less turned, boxes that are off, and pictures as bad as videos are.
    pub const OURS: Self = Self {
        half_body: Some(HalfBody {
            probability: 0.1,
            choice: HalfChoice::Even,
        }),
        scale: Scale::Between(0.75, 1.35),
        rotation_probability: 0.6,
        rotation_deg: 18.0,
        most_rotation_deg: 45.0,
        shift: 0.09,
        flip_probability: 0.5,
        appearance: Some(Appearance::OURS),
    };

    /// About half of ours: for short runs, which fit their pictures too little rather than too well.
    pub const LIGHT: Self = Self {
        half_body: Some(HalfBody {
            probability: 0.05,
            choice: HalfChoice::Even,
        }),
        scale: Scale::Between(0.82, 1.22),
        rotation_probability: 0.5,
        rotation_deg: 12.0,
        most_rotation_deg: 35.0,
        shift: 0.06,
        flip_probability: 0.5,
        appearance: Some(Appearance::LIGHT),
    };

    /// Chooses a crop of a labelled picture.
    ///
    /// # Errors
    ///
    /// [`CropError`] if the person's box is not one.
    pub fn view(
        &self,
        person: &LabelledPicture,
        grids: &Grids,
        rng: &mut SeededRng,
    ) -> Result<View, CropError> {
        let aspect = grids.crop_px[0] as f64 / grids.crop_px[1] as f64;
        let mut region =
            Region::around(person.person_box, aspect, grids.padding, grids.convention)?;
        let half = self
            .half_body
            .filter(|half| rng.unit() < half.probability)
            .and_then(|half| half_body(&person.joints, aspect, half.choice, rng));
        region = half.unwrap_or(region);
        let factor = self.scale.draw(rng);
        let turned = rng.unit() < self.rotation_probability;
        let drawn = rng.normal() * self.rotation_deg;
        let rotation_deg = if turned {
            drawn.clamp(-self.most_rotation_deg, self.most_rotation_deg)
        } else {
            0.0
        };
        let shift = [0, 1].map(|axis| (2.0 * rng.unit() - 1.0) * self.shift * region.size_px[axis]);
        region.centre_px = [
            region.centre_px[0] + shift[0],
            region.centre_px[1] + shift[1],
        ];
        region.size_px = region.size_px.map(|extent| extent * factor);
        let mirrored = rng.unit() < self.flip_probability;
        let affine = |size: [usize; 2]| {
            let affine = region.affine(rotation_deg, size, grids.convention);
            if mirrored {
                affine.mirrored(size[0])
            } else {
                affine
            }
        };
        let maps_from_picture = affine(grids.map_cells);
        let partner = mirrored_joints();
        let joints = std::array::from_fn(|joint| {
            let from = if mirrored { partner[joint] } else { joint };
            person.joints[from].moved(|at| maps_from_picture.apply(at))
        });
        Ok(View {
            crop_from_picture: affine(grids.crop_px),
            maps_from_picture,
            joints,
        })
    }
}

impl Scale {
    fn draw(self, rng: &mut SeededRng) -> f64 {
        match self {
            Self::Fixed => 1.0,
            Self::Normal(deviation) => {
                (rng.normal() * deviation + 1.0).clamp(1.0 - deviation, 1.0 + deviation)
            }
            Self::Between(low, high) => low * (high / low).powf(rng.unit()),
        }
    }
}

/// The region of half of the body, half as large again as its joints' box; `None` if too few joints are
/// labelled.
///
/// # Source
///
/// `TransPose`, `5ba5bf3`.
fn half_body(
    joints: &[Label; JOINTS],
    aspect: f64,
    choice: HalfChoice,
    rng: &mut SeededRng,
) -> Option<Region> {
    /// With fewer labelled joints the whole body is shown.
    const LEAST_LABELLED: usize = 8;
    /// Halves with fewer joints are not chosen.
    const LEAST_OF_HALF: usize = 2;
    const ENLARGED: f64 = 1.5;
    let half = |lower: bool| -> Vec<[f64; 2]> {
        joints
            .iter()
            .enumerate()
            .filter(|&(joint, _)| (joint >= FIRST_LOWER) == lower)
            .filter_map(|(_, label)| label.position_px())
            .collect()
    };
    let (upper, lower) = (half(false), half(true));
    if upper.len() + lower.len() <= LEAST_LABELLED {
        return None;
    }
    let wants_upper = match choice {
        HalfChoice::Upstream => rng.normal() < 0.5,
        HalfChoice::Even => rng.unit() < 0.5,
    };
    let chosen = if (wants_upper && upper.len() > LEAST_OF_HALF) || lower.len() <= LEAST_OF_HALF {
        upper
    } else {
        lower
    };
    if chosen.len() < 2 {
        return None;
    }
    let of = |axis: usize| {
        let along = chosen.iter().map(move |at| at[axis]);
        let low = along.clone().fold(f64::MAX, f64::min);
        let high = along.clone().fold(f64::MIN, f64::max);
        (along.sum::<f64>() / chosen.len() as f64, high - low + 1.0)
    };
    let ((x, width), (y, height)) = (of(0), of(1));
    Some(Region {
        centre_px: [x, y],
        size_px: [width.max(height * aspect), height.max(width / aspect)]
            .map(|extent| extent * ENLARGED),
    })
}

#[cfg(test)]
mod tests {
    use ambulo::picture::Picture;

    use super::*;
    use crate::pictures::{PictureSource, picture_rng};

    const GRIDS: Grids = Grids {
        crop_px: [96, 128],
        map_cells: [24, 32],
        padding: 1.25,
        convention: Convention::Unbiased,
    };

    /// Someone of 23 joints from (20, 10) downwards, left joints 8 px to the right of right ones.
    fn person() -> LabelledPicture {
        let partner = mirrored_joints();
        LabelledPicture {
            picture: Picture::new(64, 96, vec![90; 64 * 96 * 3]).unwrap(),
            joints: std::array::from_fn(|joint| {
                let side = if partner[joint] > joint { 8.0 } else { 0.0 };
                Label::Visible([20.0 + side, 10.0 + 3.0 * joint.min(partner[joint]) as f64])
            }),
            person_box: [10.0, 5.0, 40.0, 80.0],
            source: PictureSource::Synthetic { facing_deg: 0.0 },
        }
    }

    #[test]
    fn without_augmentation_the_view_is_the_codec_s() {
        let view = Augmentation::NONE
            .view(&person(), &GRIDS, &mut picture_rng(1, 1))
            .unwrap();
        let region = Region::around(person().person_box, 0.75, 1.25, Convention::Unbiased).unwrap();
        assert_eq!(
            view.crop_from_picture,
            region.affine(0.0, [96, 128], Convention::Unbiased)
        );
        let expected = view.maps_from_picture.apply([28.0, 25.0]);
        assert_eq!(view.joints[5], Label::Visible(expected));
    }

    #[test]
    fn mirroring_exchanges_sides_and_mirrors_places() {
        let mirror = Augmentation {
            flip_probability: 1.0,
            ..Augmentation::NONE
        };
        let plain = Augmentation::NONE
            .view(&person(), &GRIDS, &mut picture_rng(1, 1))
            .unwrap();
        let view = mirror
            .view(&person(), &GRIDS, &mut picture_rng(1, 1))
            .unwrap();
        let partner = mirrored_joints();
        for (joint, &partner) in partner.iter().enumerate() {
            let [x, y] = plain.joints[partner].position_px().unwrap();
            let [found_x, found_y] = view.joints[joint].position_px().unwrap();
            assert!((found_x - (23.0 - x)).abs() < 1e-9 && (found_y - y).abs() < 1e-9);
        }
        // Left is still to the right of right: the person faces the camera, mirrored or not.
        let x = |joint: usize| view.joints[joint].position_px().unwrap()[0];
        assert!(x(5) > x(6));
    }

    #[test]
    fn upstream_chooses_the_upper_half_more_often_than_not() {
        let share = |choice| {
            let mut rng = picture_rng(3, 0);
            let joints = person().joints;
            let upper = (0..2000)
                .filter_map(|_| half_body(&joints, 0.75, choice, &mut rng))
                .filter(|region| region.centre_px[1] < 40.0)
                .count();
            upper as f64 / 2000.0
        };
        assert!((share(HalfChoice::Upstream) - 0.691).abs() < 0.03);
        assert!((share(HalfChoice::Even) - 0.5).abs() < 0.03);
    }

    #[test]
    fn half_of_few_joints_is_not_shown_alone() {
        let mut joints = [Label::Unlabelled; JOINTS];
        let mut rng = picture_rng(3, 0);
        joints[..8].fill(Label::Visible([1.0, 1.0]));
        assert!(half_body(&joints, 0.75, HalfChoice::Even, &mut rng).is_none());
        joints[8] = Label::Hidden([5.0, 9.0]);
        let region = half_body(&joints, 0.75, HalfChoice::Even, &mut rng).unwrap();
        let apart = [region.size_px[0] - 10.125, region.size_px[1] - 13.5];
        assert!(apart.iter().all(|apart| apart.abs() < 1e-9));
    }

    #[test]
    fn scales_and_turns_stay_within_their_bounds() {
        for augmentation in [
            Augmentation::paper(HalfChoice::Upstream),
            Augmentation::OURS,
            Augmentation::LIGHT,
        ] {
            let person = person();
            for index in 0..200 {
                let view = augmentation
                    .view(&person, &GRIDS, &mut picture_rng(9, index))
                    .unwrap();
                let ratio = view.crop_from_picture.scale() / view.maps_from_picture.scale();
                assert!((ratio - 95.0 / 23.0).abs() < 1e-9);
                let scale = view.maps_from_picture.scale();
                assert!((0.15..2.0).contains(&scale), "{scale}");
            }
        }
    }
}
