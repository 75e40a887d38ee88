//! From a person's box to joints, by a network.

use ambulo::picture::Picture;
use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::decode::{Peak, keypoints};
use ambulo_nn::codec::pose2d::maps::HeatMaps;
use ambulo_nn::codec::pose2d::pairs::paired;
use ambulo_nn::codec::pose2d::warp::{Crop, Layout, Levels, Sampling};

use crate::pictures::mirrored_joints;

/// A network seen from outside: crops one after the other and their count in, their maps one after the other
/// out, both in the layout that the network is said to have.
pub type Maps<'a> = dyn FnMut(&[f32], usize) -> Vec<f32> + 'a;

/// A network that finds keypoints.
pub struct KeypointNetwork<'a> {
    /// How its crops are made and its maps read.
    pub codec: Pose2dCodec,
    /// How its crops and maps are laid out: colours and joints last, or first.
    pub layout: Layout,
    /// Runs it.
    pub maps: Box<Maps<'a>>,
}

/// How maps are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// Each joint alone, by the convention's refinement: as the papers do.
    Alone,
    /// Left and right together ([`ambulo_nn::codec::pose2d::pairs`]).
    Paired,
}

/// The joints of the person in this box, in the picture's pixels, averaged with those of the mirrored
/// picture. `None` if the box is not one or the network's answer is not its maps.
pub fn found_joints(
    network: &mut KeypointNetwork<'_>,
    picture: &Picture,
    box_px: [f64; 4],
    decoding: Decoding,
    sampling: Sampling,
) -> Option<Vec<Peak>> {
    let (codec, layout) = (network.codec, network.layout);
    let region = codec.region(box_px).ok()?;
    let there = codec.crop_from_picture(&region);
    let crop = |from_picture| Crop {
        from_picture,
        size: codec.crop_px,
        sampling,
        layout,
        levels: Levels::IMAGENET,
    };
    let mut crops = crop(there).of(picture);
    crops.extend(crop(there.mirrored(codec.crop_px[0])).of(picture));
    let answer = (network.maps)(&crops, 2);
    let (plain, mirrored) = answer.split_at(answer.len() / 2);
    let read = |numbers: &[f32]| {
        let (joints, size) = (codec.joints, codec.map_cells);
        let maps = match layout {
            Layout::ChannelsLast => HeatMaps::from_channels_last(joints, size, numbers),
            Layout::ChannelsFirst => HeatMaps::new(joints, size, numbers.to_vec()),
        };
        let mut maps = maps.ok()?;
        maps.interpret(codec.maps);
        Some(maps)
    };
    let mut maps = read(plain)?;
    let partner: Vec<usize> = mirrored_joints().into_iter().take(codec.joints).collect();
    maps.merge_mirrored(&read(mirrored)?, &partner, codec.convention.flip_shift())
        .ok()?;
    let to_maps = codec.maps_from_picture(&region);
    Some(match decoding {
        Decoding::Alone => {
            let refinement = codec.convention.refinement();
            keypoints(&maps, refinement, codec.maps, codec.sigma_cells, &to_maps)
        }
        Decoding::Paired => {
            paired(&maps, codec.maps, codec.sigma_cells)
                .in_picture(&to_maps)
                .joints
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::JOINTS;

    /// A "network" that finds bright spots: every joint's map is the crop's brightness.
    fn brightness(crops: &[f32], _: usize) -> Vec<f32> {
        let pixels = crops.as_chunks::<3>().0.iter();
        pixels
            .flat_map(|[red, _, _]| [(red + 2.2).max(0.0); JOINTS])
            .collect()
    }

    #[test]
    fn a_spot_in_the_picture_is_found_where_it_is() {
        let (width, spot) = (120_u32, [70.0, 40.0]);
        let mut rgb = Vec::new();
        for y in 0..90 {
            for x in 0..width {
                let apart = (f64::from(x) - spot[0]).powi(2) + (f64::from(y) - spot[1]).powi(2);
                let level = (255.0 * (-apart / 18.0).exp()).round();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 0 and 255"
                )]
                rgb.extend([level as u8; 3]);
            }
        }
        let picture = Picture::new(width, 90, rgb).unwrap();
        let mut network = KeypointNetwork {
            codec: Pose2dCodec {
                crop_px: [48, 64],
                map_cells: [48, 64],
                joints: JOINTS,
                ..Pose2dCodec::default()
            },
            layout: Layout::ChannelsLast,
            maps: Box::new(brightness),
        };
        for decoding in [Decoding::Alone, Decoding::Paired] {
            let mut find = |box_px| {
                let sampling = Sampling::Bilinear;
                found_joints(&mut network, &picture, box_px, decoding, sampling)
            };
            let found = find([55.0, 20.0, 30.0, 45.0]).unwrap();
            for joint in &found {
                let apart = (joint.at[0] - spot[0]).hypot(joint.at[1] - spot[1]);
                assert!(apart < 0.3, "{joint:?} {decoding:?}");
            }
            assert!(find([0.0; 4]).is_none());
        }
    }

    #[test]
    fn an_answer_that_is_no_maps_is_none() {
        let picture = Picture::new(8, 8, vec![0; 192]).unwrap();
        let mut network = KeypointNetwork {
            codec: Pose2dCodec::default(),
            layout: Layout::ChannelsFirst,
            maps: Box::new(|_, _| vec![0.0; 10]),
        };
        let decoding = Decoding::Alone;
        let box_px = [0.0, 0.0, 8.0, 8.0];
        let found = found_joints(&mut network, &picture, box_px, decoding, Sampling::Averaged);
        assert!(found.is_none());
    }
}
