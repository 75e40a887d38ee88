//! Looking at regions of a picture: crops to poses, several at once.

use ambulo::identity::sides::{Place, SeenPair, Sighting};
use ambulo::keypoints::Keypoint;
use ambulo::metrics::pose2d::{KEYPOINT_SIGMAS, people_similarity};
use ambulo::picture::Picture;
use ambulo::skeleton::COCO_23;
use ambulo_nn::codec::pose2d::crop::Region;
use ambulo_nn::codec::pose2d::pairs::{PairedPose, paired};
use ambulo_nn::codec::pose2d::warp::{Crop, Layout, Levels, Sampling};
use nalgebra::Point2;

use super::{Pose2dError, PoseNetwork};

/// Crops that go through the network at once.
const BATCH: usize = 8;
/// A joint is known well enough to measure the body by it.
pub(super) const KNOWN: f64 = 0.4;
/// Joints, in the order of [`COCO_23`].
const NOSE: usize = 0;
const HEAD: std::ops::Range<usize> = 0..5;
const SHOULDERS: [usize; 2] = [5, 6];
const HIPS: [usize; 2] = [11, 12];
const KNEES: [usize; 2] = [13, 14];
const ANKLES: [usize; 2] = [15, 16];
/// Lengths of the body as shares of the height (Drillis and Contini 1966): shoulders to hips, thigh, shank.
const TRUNK: f64 = 0.288;
const THIGH: f64 = 0.245;
const SHANK: f64 = 0.246;

/// What was seen in a region.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The joints in pixels of the picture.
    pub(super) pose: PairedPose,
    /// What was looked at.
    pub(super) region: Region,
    /// How certain trunk, legs and head are on average; joints outside the picture count nothing.
    pub(super) certainty: f64,
    /// Middle of the trunk.
    pub(super) centre: Point2<f64>,
    /// The person's standing height in the picture, as the lengths of trunk and legs say.
    pub(super) size_px: f64,
}

/// Looks at boxes (left, top, width, height) of a picture. A box that is none is left out.
///
/// # Errors
///
/// [`Pose2dError::Network`] if the network fails.
pub(super) fn look(
    network: &mut dyn PoseNetwork,
    picture: &Picture,
    boxes: &[[f64; 4]],
    flip: bool,
) -> Result<Vec<Look>, Pose2dError> {
    let codec = *network.codec();
    let regions: Vec<Region> = boxes
        .iter()
        .filter_map(|&box_px| codec.region(box_px).ok())
        .collect();
    let views = if flip { 2 } else { 1 };
    let numbers = 3 * codec.crop_px[0] * codec.crop_px[1];
    let mut looks = Vec::with_capacity(regions.len());
    let mut crops = Vec::new();
    for some in regions.chunks(BATCH) {
        crops.resize(views * some.len() * numbers, 0.0);
        for (region, crop) in some.iter().zip(crops.chunks_exact_mut(views * numbers)) {
            let upright = codec.crop_from_picture(region);
            let mirrored = upright.mirrored(codec.crop_px[0]);
            for (from_picture, numbers) in [upright, mirrored]
                .into_iter()
                .zip(crop.chunks_exact_mut(numbers))
            {
                let crop = Crop {
                    from_picture,
                    size: codec.crop_px,
                    sampling: Sampling::Averaged,
                    layout: Layout::ChannelsFirst,
                    levels: Levels::IMAGENET,
                };
                crop.write(picture, numbers);
            }
        }
        let maps = network.maps(&crops, views * some.len())?;
        if maps.len() != views * some.len() {
            return Err(Pose2dError::Network(
                "it answered another number of crops than it was given".to_owned(),
            ));
        }
        for (region, maps) in some.iter().zip(maps.chunks(views)) {
            let mut merged = maps[0].clone();
            merged.interpret(codec.maps);
            if let Some(mirrored) = maps.get(1) {
                let mut mirrored = mirrored.clone();
                mirrored.interpret(codec.maps);
                merged
                    .merge_mirrored(&mirrored, &partners(), codec.convention.flip_shift())
                    .map_err(|error| Pose2dError::Network(error.to_string()))?;
            }
            let pose = paired(&merged, codec.maps, codec.sigma_cells)
                .in_picture(&codec.maps_from_picture(region));
            looks.push(Look::of(pose, *region, picture));
        }
    }
    Ok(looks)
}

/// Which joint is which in the mirror.
fn partners() -> Vec<usize> {
    let joints = COCO_23.joints.iter().enumerate();
    joints
        .map(|(index, joint)| COCO_23.index_of(joint.mirrored()).unwrap_or(index))
        .collect()
}

impl Look {
    fn of(pose: PairedPose, region: Region, picture: &Picture) -> Self {
        let size = [picture.width_px(), picture.height_px()].map(f64::from);
        let inside = |joint: usize| {
            let [x, y] = pose.joints[joint].at;
            let confidence = pose.joints[joint].confidence;
            let is_inside = (0.0..size[0]).contains(&x) && (0.0..size[1]).contains(&y);
            if is_inside { confidence } else { 0.0 }
        };
        let mut sum = HEAD.map(inside).fold(0.0, f64::max);
        let mut count = 1.0;
        for joint in [SHOULDERS, HIPS, KNEES, ANKLES].into_iter().flatten() {
            sum += inside(joint);
            count += 1.0;
        }
        let centre = centre(&pose, &region);
        let size_px = size_px(&pose).unwrap_or(region.size_px[1] / 1.25);
        Self {
            pose,
            region,
            certainty: sum / count,
            centre,
            size_px,
        }
    }

    /// Whether the joints stand as those of an upright person who fills the region.
    pub(super) fn is_upright_person(&self) -> bool {
        let y = |joints: [usize; 2]| {
            f64::midpoint(
                self.pose.joints[joints[0]].at[1],
                self.pose.joints[joints[1]].at[1],
            )
        };
        let [shoulders, hips, knees] = [SHOULDERS, HIPS, KNEES].map(y);
        let size = self.size_px;
        let nose = self.pose.joints[NOSE];
        let is_head_up = nose.confidence < KNOWN || nose.at[1] < shoulders;
        let fills = size / self.region.size_px[1];
        hips - shoulders > 0.12 * size
            && knees - hips > 0.08 * size
            && is_head_up
            && (0.35..1.3).contains(&fills)
    }

    /// The joints as places.
    pub(super) fn places(&self) -> Vec<[f64; 2]> {
        self.pose.joints.iter().map(|joint| joint.at).collect()
    }

    /// How similar two looks are (OKS), by a body's area.
    pub(super) fn similarity(&self, other: &Self) -> f64 {
        let area = |look: &Self| 0.3 * look.size_px * look.size_px;
        people_similarity(
            (&self.places(), area(self)),
            (&other.places(), area(other)),
            &KEYPOINT_SIGMAS,
        )
    }

    /// The box of the person: around the joints that are known, and of those that are not, around where
    /// `known` says that they would be.
    pub(super) fn box_px(&self, expected: Option<&[Point2<f64>]>) -> [f64; 4] {
        let mut low = [f64::MAX; 2];
        let mut high = [f64::MIN; 2];
        for (index, joint) in self.pose.joints.iter().enumerate() {
            let at = if joint.confidence >= KNOWN {
                joint.at
            } else if let Some(expected) = expected.and_then(|expected| expected.get(index)) {
                [expected.x, expected.y]
            } else {
                continue;
            };
            for axis in 0..2 {
                low[axis] = low[axis].min(at[axis]);
                high[axis] = high[axis].max(at[axis]);
            }
        }
        if high[0] <= low[0] || high[1] <= low[1] {
            let [width, height] = self.region.size_px.map(|extent| extent / 1.25);
            let [x, y] = self.region.centre_px;
            return [x - width / 2.0, y - height / 2.0, width, height];
        }
        // Above the eyes there is a head, below the ankles a sole, around the joints flesh.
        let [sides, top, bottom] = [0.03, 0.08, 0.03].map(|share| share * self.size_px);
        [
            low[0] - sides,
            low[1] - top,
            high[0] - low[0] + 2.0 * sides,
            high[1] - low[1] + top + bottom,
        ]
    }

    /// What the clip keeps of it. Joints outside the picture and joints below the least confidence are
    /// missing.
    pub(super) fn sighting(&self, size_px: f64, picture_px: [u32; 2], least: f64) -> Sighting {
        let [width, height] = picture_px.map(f64::from);
        let is_seen = |[x, y]: [f64; 2], confidence: f64| {
            (0.0..width).contains(&x) && (0.0..height).contains(&y) && confidence >= least
        };
        let points: Vec<Option<Keypoint>> = self
            .pose
            .joints
            .iter()
            .map(|joint| {
                is_seen(joint.at, joint.confidence).then(|| Keypoint {
                    position_px: Point2::from(joint.at),
                    confidence: joint.confidence,
                })
            })
            .collect();
        let pairs = self
            .pose
            .pairs
            .iter()
            .map(|pair| {
                let seen: Vec<usize> = (0..pair.candidates.len())
                    .filter(|&index| is_seen(pair.candidates[index].at, 1.0))
                    .collect();
                let chosen = [
                    (pair.left, pair.chosen_left),
                    (pair.right, pair.chosen_right),
                ];
                SeenPair {
                    joints: [pair.left, pair.right],
                    places: seen
                        .iter()
                        .map(|&index| {
                            let candidate = &pair.candidates[index];
                            Place {
                                position_px: Point2::from(candidate.at),
                                left_share: candidate.left_share,
                                right_share: candidate.right_share,
                            }
                        })
                        .collect(),
                    chosen: chosen.map(|(joint, chosen)| {
                        points[joint]?;
                        seen.iter().position(|&index| index == chosen)
                    }),
                }
            })
            .collect();
        Sighting {
            points,
            pairs,
            size_px,
        }
    }
}

fn known(pose: &PairedPose, joint: usize) -> Option<Point2<f64>> {
    let joint = pose.joints.get(joint)?;
    (joint.confidence >= KNOWN).then(|| Point2::from(joint.at))
}

fn mean(points: impl Iterator<Item = Point2<f64>>) -> Option<Point2<f64>> {
    let mut sum = nalgebra::Vector2::zeros();
    let mut count = 0.0;
    for point in points {
        sum += point.coords;
        count += 1.0;
    }
    (count > 0.0).then(|| Point2::from(sum / count))
}

/// The middle of the trunk, or of what is known, or of the region.
fn centre(pose: &PairedPose, region: &Region) -> Point2<f64> {
    let of = |joints: [usize; 2]| mean(joints.into_iter().filter_map(|joint| known(pose, joint)));
    match (of(SHOULDERS), of(HIPS)) {
        (Some(shoulders), Some(hips)) => nalgebra::center(&shoulders, &hips),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => mean((0..pose.joints.len()).filter_map(|joint| known(pose, joint)))
            .unwrap_or(Point2::from(region.centre_px)),
    }
}

/// Trunk and legs by their lengths; the longer leg, since the other may be seen shortened.
fn size_px(pose: &PairedPose) -> Option<f64> {
    let middle =
        |joints: [usize; 2]| mean(joints.into_iter().filter_map(|joint| known(pose, joint)));
    let (mut sum, mut share) = (0.0, 0.0);
    if let (Some(shoulders), Some(hips)) = (middle(SHOULDERS), middle(HIPS)) {
        sum += nalgebra::distance(&shoulders, &hips);
        share += TRUNK;
    }
    for (from, to, length) in [(HIPS, KNEES, THIGH), (KNEES, ANKLES, SHANK)] {
        let longest = [0, 1]
            .into_iter()
            .filter_map(|side| {
                Some(nalgebra::distance(
                    &known(pose, from[side])?,
                    &known(pose, to[side])?,
                ))
            })
            .fold(None, |longest: Option<f64>, length| {
                Some(longest.map_or(length, |longest| longest.max(length)))
            });
        if let Some(longest) = longest {
            sum += longest;
            share += length;
        }
    }
    (share >= 0.4).then(|| sum / share)
}
