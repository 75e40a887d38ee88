//! A quick look at held-out people while a network that finds keypoints trains.

use ambulo::metrics::pose2d::pck::{PCK_SHARE, PckPicture, Sides, Torso, share_correct};
use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::decode::peaks;
use ambulo_nn::codec::pose2d::maps::HeatMaps;
use ambulo_nn::codec::pose2d::warp::{Crop, Layout, Levels, Sampling};

use crate::batch::{FindKeypoints, PoseValidation, Validation};
use crate::datasets::lspet::{Lspet, LspetError, Part};

/// People of a part of Leeds Sports Poses, cropped once.
pub struct HeldOutPeople {
    codec: Pose2dCodec,
    people: Vec<Person>,
}

struct Person {
    crop: Vec<f32>,
    upright: bool,
    /// In cells of the maps.
    reference: Vec<Option<[f64; 2]>>,
}

/// Crops that go through the network together.
const TOGETHER: usize = 32;
/// Hips, knees and ankles among the joints.
const LEGS: [usize; 6] = [11, 12, 13, 14, 15, 16];

impl HeldOutPeople {
    /// Cuts the people out as the network sees them.
    ///
    /// # Errors
    ///
    /// [`LspetError`] if a picture cannot be decoded.
    pub fn new(codec: Pose2dCodec, data: &Lspet, part: Part) -> Result<Self, LspetError> {
        let mut people = Vec::new();
        for entry in data.part(part) {
            let picture = entry.picture()?;
            let Ok(region) = codec.region(picture.person_box) else {
                continue;
            };
            let crop = Crop {
                from_picture: codec.crop_from_picture(&region),
                size: codec.crop_px,
                sampling: Sampling::Averaged,
                layout: Layout::ChannelsLast,
                levels: Levels::IMAGENET,
            };
            let maps_from_picture = codec.maps_from_picture(&region);
            let joints = picture.joints.iter().take(codec.joints);
            people.push(Person {
                crop: crop.of(&picture.picture),
                upright: entry.upright,
                reference: joints
                    .map(|label| Some(maps_from_picture.apply(label.position_px()?)))
                    .collect(),
            });
        }
        Ok(Self { codec, people })
    }

    fn judged(&self, find: &mut FindKeypoints<'_>) -> Vec<(bool, PckPicture)> {
        let codec = &self.codec;
        let ([width, height], cells) = (codec.crop_px, codec.map_cells);
        let maps_len = codec.joints * cells[0] * cells[1];
        let mut judged = Vec::new();
        for people in self.people.chunks(TOGETHER) {
            let crops: Vec<f32> = people.iter().flat_map(|p| p.crop.iter().copied()).collect();
            let found = find(&crops, [height, width]);
            for (person, maps) in people.iter().zip(found.chunks_exact(maps_len)) {
                let Ok(mut maps) = HeatMaps::new(codec.joints, cells, maps.to_vec()) else {
                    continue;
                };
                maps.interpret(codec.maps);
                let peaks = peaks(&maps, codec.convention.refinement());
                let answer: Vec<_> = peaks.iter().map(|peak| Some(peak.at)).collect();
                let picture = PckPicture::of(&answer, &person.reference, PCK_SHARE, Torso::Midline);
                judged.extend(picture.map(|picture| (person.upright, picture)));
            }
        }
        judged
    }
}

impl PoseValidation for HeldOutPeople {
    /// The score is the share of wrong joints of upright people, sides counting; the shares of correct ones
    /// are its figures.
    fn validate(&mut self, find: &mut FindKeypoints<'_>) -> Validation {
        let judged = self.judged(find);
        let all: Vec<&PckPicture> = judged.iter().map(|(_, picture)| picture).collect();
        let upright = judged.iter().filter(|(upright, _)| *upright);
        let upright: Vec<&PckPicture> = upright.map(|(_, picture)| picture).collect();
        let joints: Vec<usize> = (0..self.codec.joints).collect();
        let share = |pictures: &[&PckPicture], joints: &[usize], sides| {
            share_correct(pictures, joints, sides).map_or(0.0, |pck| pck.share)
        };
        let strict = share(&upright, &joints, Sides::Strict);
        let figures = [
            ("upright", strict),
            ("upright_legs", share(&upright, &LEGS, Sides::Strict)),
            (
                "upright_better_side",
                share(&upright, &joints, Sides::Better),
            ),
            ("all", share(&all, &joints, Sides::Strict)),
        ];
        let named = figures.into_iter();
        Validation {
            score: 1.0 - strict,
            figures: named
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    }
}
