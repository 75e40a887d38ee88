//! Bodies: sex, age, weight, height and proportions, as morphs of the base mesh.

use ambulo::synth::SeededRng;
use nalgebra::{Matrix3, Vector3};

use super::assets::rig::{BONES, Hold, bone, mean_of};
use super::assets::{Assets, Fitted};
use crate::film::{between, chance, either};
use crate::motion::PARTS;

/// What a body is like.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    /// 0 male, 1 female; between them a mixture.
    pub(super) female: f32,
    /// 0 young, 1 old.
    pub(super) old: f32,
    /// −1 weak, 1 strong.
    pub(super) muscle: f32,
    /// −1 thin, 1 heavy.
    pub(super) weight: f32,
    /// Shares of the three groups of faces and builds.
    pub(super) races: [f32; 3],
    /// −1 built like a short person, 1 like a tall one.
    pub(super) tall: f32,
    /// 0 grown up, 1 a child of about four years.
    pub(super) child: f32,
    /// From the soles to the crown, standing straight, in metres.
    pub(super) stature_m: f32,
    /// Lengths against the mesh's own: thigh, shank, trunk, upper arm, forearm.
    pub(super) lengths: [f32; 5],
}

impl Shape {
    /// Somebody.
    pub(super) fn draw(rng: &mut SeededRng) -> Self {
        let real = |value: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "the mesh is in f32")]
            let value = value as f32;
            value
        };
        let child = if chance(rng, 0.18) {
            real(between(rng, 0.1, 1.0))
        } else {
            0.0
        };
        let female = chance(rng, 0.5);
        let old = if child > 0.0 {
            0.0
        } else if chance(rng, 0.35) {
            between(rng, 0.5, 1.0)
        } else {
            between(rng, 0.0, 0.4)
        };
        let main = rng.below(3);
        let mut races = [0.0; 3];
        let mix = real(between(rng, 0.0, 0.4));
        races[main] = 1.0 - mix;
        races[(main + 1) % 3] += mix;
        let adult_m = if female { 1.635 } else { 1.765 };
        let stature = adult_m + 0.07 * rng.normal_within(2.5) - 0.05 * old;
        let grown = real(stature);
        let stature_m =
            grown + child * (1.04 - grown) + child * 0.05 * real(rng.normal_within(2.0));
        let tall = (grown - real(adult_m)) / 0.14;
        Self {
            female: if child > 0.0 {
                0.35
            } else if female {
                1.0 - real(between(rng, 0.0, 0.25))
            } else {
                real(between(rng, 0.0, 0.2))
            },
            old: real(old),
            muscle: real(either(rng, 0.8)),
            weight: real((0.15 + 0.5 * rng.normal_within(2.0)).clamp(-0.8, 1.0)),
            races,
            tall: tall.clamp(-0.9, 0.9),
            child,
            stature_m,
            lengths: std::array::from_fn(|_| 1.0 + real(either(rng, 0.06))),
        }
    }

    /// Places of all vertices of the base mesh for this shape, before its proportions and its size.
    fn morph(&self, assets: &Assets) -> Vec<Vector3<f32>> {
        let mut places = assets.base.clone();
        let sexes = [self.female, 1.0 - self.female];
        let ages = [1.0 - self.old, self.old];
        let steps = |value: f32| {
            let value = value.clamp(-1.0, 1.0);
            [(-value).max(0.0), 1.0 - value.abs(), value.max(0.0)]
        };
        let (muscles, weights) = (steps(self.muscle), steps(self.weight));
        let mut add = |target: &super::assets::target::Target, share: f32| {
            if share > 1e-3 {
                for (vertex, way) in &target.moves {
                    places[*vertex as usize] += way * share;
                }
            }
        };
        for (sex, of_sex) in sexes.into_iter().enumerate() {
            for (age, of_age) in ages.into_iter().enumerate() {
                let share = of_sex * of_age;
                for (race, of_race) in self.races.into_iter().enumerate() {
                    add(&assets.targets.race[race][sex][age], share * of_race);
                }
                for (muscle, of_muscle) in muscles.into_iter().enumerate() {
                    for (weight, of_weight) in weights.into_iter().enumerate() {
                        let target = &assets.targets.build[sex][age][muscle][weight];
                        add(target, share * of_muscle * of_weight);
                    }
                }
                // The targets reach giants and dwarfs: a third of the way is as far as people go.
                let [short, tall] = &assets.targets.height[sex][age];
                add(short, share * 0.3 * (-self.tall).max(0.0));
                add(tall, share * 0.3 * self.tall.max(0.0));
            }
        }
        places
    }

    /// How much each bone is stretched along itself and across.
    fn stretches(&self) -> [[f32; 2]; BONES.len()] {
        let mut stretches = [[1.0, 1.0]; BONES.len()];
        let [thigh, shank, trunk, upper_arm, forearm] = self.lengths;
        let c = self.child;
        for legs in bone::LEGS {
            stretches[legs[1]] = [thigh * (1.0 - 0.14 * c), 1.0 + 0.03 * c];
            stretches[legs[2]] = [shank * (1.0 - 0.14 * c), 1.0 + 0.03 * c];
        }
        for arms in bone::ARMS {
            stretches[arms[1]] = [upper_arm * (1.0 - 0.08 * c), 1.0];
            stretches[arms[2]] = [forearm * (1.0 - 0.08 * c), 1.0];
        }
        for spine in [bone::LOWER_BACK, bone::SPINE] {
            stretches[spine] = [trunk, 1.0];
        }
        for neck in [bone::NECK, bone::NECK_TOP] {
            stretches[neck] = [1.0 - 0.2 * c, 1.0 + 0.1 * c];
        }
        stretches[bone::HEAD] = [1.0 + 0.5 * c, 1.0 + 0.45 * c];
        stretches
    }
}

/// A body at rest: the mesh's own posture, arms half raised. Metres, soles at 0.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// Vertices of the base mesh.
    pub(super) places: Vec<Vector3<f32>>,
    /// Where each bone begins.
    pub(super) heads: [Vector3<f32>; BONES.len()],
    /// Where each bone ends.
    pub(super) tails: [Vector3<f32>; BONES.len()],
    /// The points of [`ambulo::skeleton::COCO_23`].
    pub(super) points: [Vector3<f32>; PARTS],
    /// Across each palm, from the first finger's knuckle to the last one's; left and right.
    pub(super) palms: [Vector3<f32>; 2],
}

impl Figure {
    /// The body of a shape.
    pub(super) fn new(assets: &Assets, shape: &Shape) -> Self {
        let mut places = shape.morph(assets);
        stretch(&mut places, assets, &shape.stretches());
        let skin = || assets.skin.iter().flatten().map(|v| places[*v as usize].y);
        let (low, high) = skin().fold((f32::MAX, f32::MIN), |(low, high), y| {
            (low.min(y), high.max(y))
        });
        let scale = shape.stature_m / (high - low).max(0.1);
        for place in &mut places {
            *place = Vector3::new(place.x, place.y - low, place.z) * scale;
        }
        let heads = std::array::from_fn(|b| mean_of(&assets.ends[b].head, &places));
        let tails = std::array::from_fn(|b| mean_of(&assets.ends[b].tail, &places));
        let points = std::array::from_fn(|p| mean_of(&assets.marks[p], &places));
        let palms = std::array::from_fn(|side: usize| {
            let [first, last] = &assets.knuckles[side];
            mean_of(last, &places) - mean_of(first, &places)
        });
        Self {
            places,
            heads,
            tails,
            points,
            palms,
        }
    }

    /// A fitted mesh's places on this body.
    pub(super) fn dress(&self, fitted: &Fitted) -> Vec<Vector3<f32>> {
        let grown: [f32; 3] = std::array::from_fn(|axis| match fitted.fit.scales[axis] {
            Some((a, b, distance)) => {
                let apart = self.places[a as usize][axis] - self.places[b as usize][axis];
                apart.abs() / distance
            }
            None => 0.1,
        });
        let grown = Vector3::from(grown);
        fitted
            .fit
            .anchors
            .iter()
            .map(|anchor| {
                let mut place = anchor.offset.component_mul(&grown);
                for (vertex, weight) in anchor.vertices.iter().zip(anchor.weights) {
                    place += self.places[*vertex as usize] * weight;
                }
                place
            })
            .collect()
    }
}

/// Stretches bones along themselves and across; the skin follows by its shares.
fn stretch(places: &mut [Vector3<f32>], assets: &Assets, stretches: &[[f32; 2]; BONES.len()]) {
    let heads: Vec<Vector3<f32>> = assets
        .ends
        .iter()
        .map(|e| mean_of(&e.head, places))
        .collect();
    let mut scales: Vec<Matrix3<f32>> = Vec::with_capacity(BONES.len());
    let mut moved: Vec<Vector3<f32>> = Vec::with_capacity(BONES.len());
    for (index, (_, parent)) in BONES.iter().enumerate() {
        let tail = mean_of(&assets.ends[index].tail, places);
        let axis = (tail - heads[index])
            .try_normalize(1e-6)
            .unwrap_or_else(Vector3::y);
        let [along, across] = stretches[index];
        scales.push(Matrix3::identity() * across + axis * axis.transpose() * (along - across));
        moved.push(match *parent {
            Some(parent) => scales[parent] * (heads[index] - heads[parent]) + moved[parent],
            None => heads[index],
        });
    }
    let shifts: Vec<Vector3<f32>> = (0..BONES.len())
        .map(|b| moved[b] - scales[b] * heads[b])
        .collect();
    for (place, hold) in places.iter_mut().zip(&assets.holds) {
        *place = follow(hold, place, &scales, &shifts);
    }
}

/// Where a vertex goes that follows bones: each share of `turn · place + shift`.
pub(super) fn follow(
    hold: &Hold,
    place: &Vector3<f32>,
    turns: &[Matrix3<f32>],
    shifts: &[Vector3<f32>],
) -> Vector3<f32> {
    let mut sum = Vector3::zeros();
    for (bone, share) in hold.bones.iter().zip(hold.shares) {
        if share > 0.0 {
            let bone = *bone as usize;
            sum += (turns[bone] * place + shifts[bone]) * share;
        }
    }
    sum
}
