//! Looking at regions of a picture: crops to poses, several at once.

use ambulo::identity::sides::{Place, SeenPair, Sighting};
use ambulo::keypoints::Keypoint;
use ambulo::metrics::pose2d::{KEYPOINT_SIGMAS, people_similarity};
use ambulo::picture::Picture;
use ambulo::skeleton::COCO_23;
use ambulo_nn::codec::pose2d::crop::Region;
use ambulo_nn::codec::pose2d::pairs::{PairedPose, paired};
use ambulo_nn::codec::pose2d::warp::{Crop, Layout, Levels, Sampling};
use nalgebra::{Point2, Vector2};

use super::gaze::{Gaze, followed_deg, turn};
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
    /// How far that was turned.
    gaze_deg: f64,
    /// How certain trunk, legs and head are on average; joints outside the picture count nothing.
    pub(super) certainty: f64,
    /// Middle of the trunk.
    pub(super) centre: Point2<f64>,
    /// The person's standing height in the picture, as the lengths of trunk and legs say.
    pub(super) size_px: f64,
}

/// Looks at boxes of a picture. A box that is none is left out.
///
/// # Errors
///
/// [`Pose2dError::Network`] if the network fails.
pub(super) fn look(
    network: &mut dyn PoseNetwork,
    picture: &Picture,
    gazes: &[Gaze],
    flip: bool,
) -> Result<Vec<Look>, Pose2dError> {
    let codec = *network.codec();
    let regions: Vec<(Gaze, Region)> = gazes
        .iter()
        .filter_map(|gaze| Some((*gaze, gaze.region(&codec)?)))
        .collect();
    let views = if flip { 2 } else { 1 };
    let numbers = 3 * codec.crop_px[0] * codec.crop_px[1];
    let mut looks = Vec::with_capacity(regions.len());
    let mut crops = Vec::new();
    for some in regions.chunks(BATCH) {
        crops.resize(views * some.len() * numbers, 0.0);
        for ((gaze, region), crop) in some.iter().zip(crops.chunks_exact_mut(views * numbers)) {
            let crop_of_picture = Crop {
                from_picture: gaze.crop_from_picture(region, &codec),
                size: codec.crop_px,
                sampling: Sampling::Averaged,
                layout: Layout::ChannelsFirst,
                levels: Levels::IMAGENET,
            };
            let (plain, mirrored) = crop.split_at_mut(numbers);
            crop_of_picture.write(picture, plain);
            let width = codec.crop_px[0];
            for (row, mirrored) in plain
                .chunks_exact(width)
                .zip(mirrored.chunks_exact_mut(width))
            {
                mirrored.copy_from_slice(row);
                mirrored.reverse();
            }
        }
        let maps = network.maps(&crops, views * some.len())?;
        if maps.len() != views * some.len() {
            return Err(Pose2dError::Network(
                "it answered another number of crops than it was given".to_owned(),
            ));
        }
        for ((gaze, region), maps) in some.iter().zip(maps.chunks(views)) {
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
                .in_picture(&gaze.maps_from_picture(region, &codec));
            looks.push(Look::of(pose, *region, gaze.lean_deg, picture));
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
    fn of(pose: PairedPose, region: Region, gaze_deg: f64, picture: &Picture) -> Self {
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
            gaze_deg,
            certainty: sum / count,
            centre,
            size_px,
        }
    }

    /// Whether the joints stand as those of an upright person who fills the region.
    pub(super) fn is_upright_person(&self) -> bool {
        let back = turn(-self.gaze_deg);
        let y = |joint: usize| (back * Vector2::from(self.pose.joints[joint].at)).y;
        let middle = |joints: [usize; 2]| f64::midpoint(y(joints[0]), y(joints[1]));
        let [shoulders, hips, knees] = [SHOULDERS, HIPS, KNEES].map(middle);
        let size = self.size_px;
        let is_head_up = self.pose.joints[NOSE].confidence < KNOWN || y(NOSE) < shoulders;
        let fills = size / self.region.size_px[1];
        hips - shoulders > 0.12 * size
            && knees - hips > 0.08 * size
            && is_head_up
            && (0.35..1.3).contains(&fills)
    }

    /// How far the person leans to the right, from the feet to the shoulders; 0 where too little is known.
    pub(super) fn lean_deg(&self) -> f64 {
        let of = |joints: [usize; 2]| {
            mean(
                joints
                    .into_iter()
                    .filter_map(|joint| known(&self.pose, joint)),
            )
        };
        let low = of(ANKLES).or_else(|| of(KNEES)).or_else(|| of(HIPS));
        match (of(SHOULDERS), low) {
            (Some(high), Some(low)) if high != low => {
                let up = high - low;
                up.x.atan2(-up.y).to_degrees()
            }
            _ => 0.0,
        }
    }

    /// How far the joints of trunk and legs are from those of another look at the same person, sides aside: the
    /// median, as a share of the height.
    pub(super) fn unlike(&self, other: &Self) -> f64 {
        let at = |look: &Self, joint: usize| Point2::from(look.pose.joints[joint].at);
        let mut apart: Vec<f64> = [SHOULDERS, HIPS, KNEES, ANKLES]
            .into_iter()
            .flat_map(|pair| {
                let between = |a: usize, b: usize| nalgebra::distance(&at(self, a), &at(other, b));
                let same = pair.map(|joint| between(joint, joint));
                let crossed = [between(pair[0], pair[1]), between(pair[1], pair[0])];
                if crossed[0] + crossed[1] < same[0] + same[1] {
                    crossed
                } else {
                    same
                }
            })
            .collect();
        let middle = apart.len() / 2;
        *apart.select_nth_unstable_by(middle, f64::total_cmp).1 / self.size_px.max(1.0)
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

    /// The box of the person by this look alone.
    pub(super) fn gaze(&self) -> Gaze {
        let lean_deg = followed_deg(self.lean_deg());
        Gaze::about(self.centre, self.extent_px(None, lean_deg), lean_deg)
    }

    /// Left, top, right and bottom of the person from the middle of the trunk, along axes that lean: around the joints
    /// that are known, and of those that are not, around where `expected` says that they would be.
    pub(super) fn extent_px(&self, expected: Option<&[Point2<f64>]>, lean_deg: f64) -> [f64; 4] {
        let back = turn(-lean_deg);
        let mut low = [f64::MAX; 2];
        let mut high = [f64::MIN; 2];
        for (index, joint) in self.pose.joints.iter().enumerate() {
            let at = if joint.confidence >= KNOWN {
                Point2::from(joint.at)
            } else if let Some(expected) = expected.and_then(|expected| expected.get(index)) {
                *expected
            } else {
                continue;
            };
            let at = back * (at - self.centre);
            for axis in 0..2 {
                low[axis] = low[axis].min(at[axis]);
                high[axis] = high[axis].max(at[axis]);
            }
        }
        if high[0] <= low[0] || high[1] <= low[1] {
            let [width, height] = self.region.size_px.map(|extent| extent / 1.25);
            let middle = back * (Point2::from(self.region.centre_px) - self.centre);
            return [
                middle.x - width / 2.0,
                middle.y - height / 2.0,
                middle.x + width / 2.0,
                middle.y + height / 2.0,
            ];
        }
        // Above the eyes there is a head, below the ankles a sole, around the joints flesh.
        let [sides, top, bottom] = [0.03, 0.08, 0.03].map(|share| share * self.size_px);
        [
            low[0] - sides,
            low[1] - top,
            high[0] + sides,
            high[1] + bottom,
        ]
    }

    /// What the clip keeps of it. Joints outside the picture and joints below the least confidence are
    /// missing.
    pub(super) fn sighting(&self, picture_px: [u32; 2], least: f64) -> Sighting {
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
            size_px: self.size_px,
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
