//! Puts a person into a scene: body, clothes, hair, in a stance.

use nalgebra::Vector3;

use super::assets::rig::{Hold, bone, mean_of};
use super::assets::{Assets, Fitted};
use super::body::Figure;
use super::material::{Colour, Material};
use super::scene::{Face, Scene, Vertex, normals};
use super::stance::Stance;
use super::wardrobe::{Bottom, Clothes, Feet, Hat, Look, Top};
use crate::motion::{PARTS, at};

/// Where on a body a vertex of the base mesh lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Zone {
    Head,
    /// Height above the base mesh's origin, in metres.
    Trunk(f32),
    /// 0 at the shoulder, 1 at the elbow, 2 at the wrist, more on the hand.
    Arm(f32),
    /// 0 at the hip, 1 at the knee, 2 at the ankle, more on the foot.
    Leg(f32),
}

/// The zone of every vertex of the base mesh.
pub(super) fn zones(assets: &Assets) -> Vec<Zone> {
    let heads: Vec<Vector3<f32>> = assets
        .ends
        .iter()
        .map(|ends| mean_of(&ends.head, &assets.base))
        .collect();
    let along = |place: &Vector3<f32>, from: usize, to: usize| {
        let way = heads[to] - heads[from];
        (place - heads[from]).dot(&way) / way.norm_squared().max(1e-9)
    };
    let zone = |place: &Vector3<f32>, hold: &Hold| {
        let main = hold.main();
        for [_, thigh, shank, foot, toes] in bone::LEGS {
            if main == thigh {
                return Zone::Leg(along(place, thigh, shank).clamp(-0.3, 1.0));
            }
            if main == shank {
                return Zone::Leg(1.0 + along(place, shank, foot).clamp(0.0, 1.0));
            }
            if main == foot || main == toes {
                // The foot begins where the shank's line leaves the ankle.
                return Zone::Leg(1.0 + along(place, shank, foot).max(0.95));
            }
        }
        for [_, arm, forearm, hand, knuckles, fingers, thumb] in bone::ARMS {
            if main == arm {
                return Zone::Arm(along(place, arm, forearm).clamp(-0.3, 1.0));
            }
            if main == forearm {
                return Zone::Arm(1.0 + along(place, forearm, hand).clamp(0.0, 1.0));
            }
            if [hand, knuckles, fingers, thumb].contains(&main) {
                return Zone::Arm(2.1);
            }
        }
        if main == bone::HEAD || main == bone::NECK_TOP {
            Zone::Head
        } else {
            Zone::Trunk(place.y)
        }
    };
    assets
        .base
        .iter()
        .zip(&assets.holds)
        .map(|(place, hold)| zone(place, hold))
        .collect()
}

impl Top {
    fn covers(&self, zone: Zone) -> bool {
        match zone {
            Zone::Head => false,
            Zone::Trunk(y) => y > self.hem_m && y < self.neck_m,
            Zone::Arm(along) => along < self.sleeve,
            Zone::Leg(along) => self.hem_m < 0.0 && along < -self.hem_m * 2.2,
        }
    }
}

impl Bottom {
    fn covers(&self, zone: Zone) -> bool {
        match zone {
            Zone::Trunk(y) => y < WAIST_M,
            Zone::Leg(along) => along < self.reach,
            Zone::Head | Zone::Arm(_) => false,
        }
    }
}

/// The height of a waistband on the base mesh.
const WAIST_M: f32 = 0.16;

/// One person to be put into a scene.
#[derive(Debug)]
pub(super) struct Person<'a> {
    pub(super) assets: &'a Assets,
    pub(super) zones: &'a [Zone],
    pub(super) figure: &'a Figure,
    pub(super) stance: &'a Stance,
    pub(super) look: &'a Look,
    /// Who this is in the scene.
    pub(super) owner: u8,
}

impl Person<'_> {
    /// The points of [`ambulo::skeleton::COCO_23`] in the scene.
    pub(super) fn points(&self) -> [Vector3<f32>; PARTS] {
        std::array::from_fn(|point| {
            let vertices = &self.assets.marks[point];
            let sum: Vector3<f32> = match joint_bone(point) {
                Some(bone) => return self.stance.on_bone(bone, &self.figure.points[point]),
                None => vertices.iter().map(|v| self.posed(*v as usize)).sum(),
            };
            sum / vertices.len().max(1) as f32
        })
    }

    fn posed(&self, vertex: usize) -> Vector3<f32> {
        self.stance
            .place(&self.assets.holds[vertex], &self.figure.places[vertex])
    }

    /// The height of the lowest point of the feet or shoes.
    pub(super) fn lowest(&self) -> f32 {
        let low = |places: &mut dyn Iterator<Item = Vector3<f32>>| {
            places.fold(f32::MAX, |low, place| low.min(place.y))
        };
        let skin = low(&mut (0..SKIN_VERTICES).step_by(2).map(|v| self.posed(v)));
        if let Feet::Shoes { index, .. } = &self.look.feet {
            let fitted = &self.assets.shoes[*index];
            let rest = self.figure.dress(fitted);
            let posed = &mut rest
                .iter()
                .zip(&fitted.holds)
                .map(|(place, hold)| self.stance.place(hold, place));
            return skin.min(low(posed));
        }
        skin
    }

    /// Puts the person into the scene.
    pub(super) fn add_to(&self, scene: &mut Scene) {
        self.add_skin(scene);
        match &self.look.clothes {
            Clothes::Pieces { top, bottom } => self.add_pieces(scene, top, bottom),
            Clothes::Suit {
                index,
                upper,
                lower,
                small,
                ..
            } => self.add_suit(scene, &self.assets.suits[*index], [upper, lower, small]),
        }
        if let Feet::Shoes {
            index, upper, sole, ..
        } = &self.look.feet
        {
            let fitted = &self.assets.shoes[*index];
            let (upper, sole) = (scene.material(upper.clone()), scene.material(sole.clone()));
            let lowest = fitted.own.iter().fold(f32::MAX, |low, v| low.min(v.y));
            self.add_fitted(scene, fitted, |triangle, _| {
                let height = triangle
                    .iter()
                    .map(|v| fitted.own[*v as usize].y)
                    .sum::<f32>()
                    / 3.0;
                if height < lowest + 0.022 { sole } else { upper }
            });
        }
        if let Some((index, material)) = &self.look.hair
            && self
                .look
                .hat
                .as_ref()
                .is_none_or(|_| !self.assets.hair[*index].name.starts_with("afro"))
        {
            let material = scene.material(material.clone());
            self.add_fitted(scene, &self.assets.hair[*index], |_, _| material);
        }
        if let Some(hat) = &self.look.hat {
            self.add_hat(scene, hat);
        }
    }

    fn add_skin(&self, scene: &mut Scene) {
        let places: Vec<Vector3<f32>> = (0..EYES_END).map(|v| self.posed(v)).collect();
        let normals = normals(&places, &self.assets.skin);
        let first = scene.next_vertex();
        scene
            .vertices
            .extend(places.iter().zip(&normals).zip(&self.assets.base).map(
                |((place, normal), pattern)| Vertex {
                    place: *place,
                    normal: *normal,
                    pattern: *pattern,
                },
            ));
        let cover = Cover::new(scene, self.look, self.assets);
        for corners in &self.assets.skin {
            if cover.hides(corners) {
                continue;
            }
            let material = cover.material(corners.map(|corner| self.zones[corner as usize]));
            scene.faces.push(self.face(corners, first, material, true));
        }
        let white = scene.material(Material::plain(Colour::new(0.75, 0.72, 0.7)));
        let iris = scene.material(Material::plain(Colour::new(0.03, 0.02, 0.015)));
        for eye in &self.assets.eyes {
            let front = eye.iter().flatten().fold(f32::MIN, |most, v| {
                most.max(self.assets.base[*v as usize].z)
            });
            for corners in eye {
                let ahead = corners.map(|v| self.assets.base[v as usize].z);
                let is_iris = ahead.iter().sum::<f32>() / 3.0 > front - 0.0045;
                let material = if is_iris { iris } else { white };
                scene.faces.push(self.face(corners, first, material, true));
            }
        }
    }

    /// A face of the base mesh.
    fn face(&self, corners: &[u32; 3], first: u32, material: u16, closed: bool) -> Face {
        Face {
            corners: corners.map(|corner| corner + first),
            material,
            owner: self.owner,
            part: self.assets.holds[corners[0] as usize].bones[0],
            closed,
        }
    }

    fn add_pieces(&self, scene: &mut Scene, top: &Top, bottom: &Bottom) {
        // What is tucked in lies under the other.
        let tucked = top.hem_m > 0.08;
        let [above, below] = if tucked { [0.0, 0.006] } else { [0.006, 0.0] };
        let lower = scene.material(bottom.cloth.clone());
        if bottom.skirt {
            self.add_skirt(scene, bottom, lower);
        }
        // Legs stay bare under a skirt.
        self.add_shell(scene, bottom.loose_m + below, |zone| {
            (bottom.covers(zone) && !bottom.skirt).then_some(lower)
        });
        let upper = scene.material(top.cloth.clone());
        let sleeves = match &top.sleeves {
            Some(cloth) => scene.material(cloth.clone()),
            None => upper,
        };
        self.add_shell(scene, top.loose_m + above, |zone| {
            top.covers(zone).then_some(match zone {
                Zone::Arm(_) => sleeves,
                _ => upper,
            })
        });
    }

    /// Cloth around the body: the tights of the base mesh, where `cut` says, this far outward.
    fn add_shell(&self, scene: &mut Scene, out_m: f32, cut: impl Fn(Zone) -> Option<u16>) {
        let mut kept: Vec<([u32; 3], u16)> = Vec::new();
        for corners in &self.assets.tights {
            let cuts = corners.map(|corner| cut(self.zones[corner as usize]));
            if let [Some(material), Some(_), Some(_)] = cuts {
                kept.push((*corners, material));
            }
        }
        self.add_base_faces(scene, TIGHTS, &self.assets.tights, &kept, |vertex| {
            // Loose cloth hangs further off at the ends of limbs.
            let flare = match self.zones[vertex] {
                Zone::Leg(along) => 0.7 + 0.3 * along.clamp(0.0, 2.0),
                Zone::Arm(along) => 0.6 + 0.2 * along.clamp(0.0, 2.0),
                Zone::Trunk(_) | Zone::Head => 1.0,
            };
            out_m * flare
        });
    }

    fn add_skirt(&self, scene: &mut Scene, bottom: &Bottom, material: u16) {
        let heights = self
            .assets
            .skirt
            .iter()
            .flatten()
            .map(|v| self.assets.base[*v as usize].y);
        let (low, high) = heights.fold((f32::MAX, f32::MIN), |(low, high), y| {
            (low.min(y), high.max(y))
        });
        // The leg goes from 0.05 m to the ankle at −0.745 m.
        let hem = (0.05 - 0.4 * bottom.reach).clamp(low, high);
        let kept: Vec<([u32; 3], u16)> = self
            .assets
            .skirt
            .iter()
            .filter(|corners| {
                corners
                    .iter()
                    .all(|v| self.assets.base[*v as usize].y > hem)
            })
            .map(|corners| (*corners, material))
            .collect();
        self.add_base_faces(scene, SKIRT, &self.assets.skirt, &kept, |_| bottom.loose_m);
    }

    /// Some faces of a part of the base mesh, pushed outward by so much at each vertex.
    fn add_base_faces(
        &self,
        scene: &mut Scene,
        range: std::ops::Range<usize>,
        all: &[[u32; 3]],
        kept: &[([u32; 3], u16)],
        out: impl Fn(usize) -> f32,
    ) {
        let offset = u32::try_from(range.start).unwrap_or(0);
        let mut places: Vec<Vector3<f32>> = range.clone().map(|v| self.posed(v)).collect();
        let local: Vec<[u32; 3]> = all
            .iter()
            .map(|c| c.map(|corner| corner - offset))
            .collect();
        let normals = normals(&places, &local);
        for (place, (normal, vertex)) in places.iter_mut().zip(normals.iter().zip(range.clone())) {
            *place += normal * out(vertex);
        }
        let first = scene.next_vertex();
        for ((place, normal), vertex) in places.iter().zip(&normals).zip(range) {
            scene.vertices.push(Vertex {
                place: *place,
                normal: *normal,
                pattern: self.assets.base[vertex],
            });
        }
        for (corners, material) in kept {
            let mut face = self.face(corners, 0, *material, false);
            face.corners = corners.map(|corner| corner - offset + first);
            scene.faces.push(face);
        }
    }

    fn add_suit(&self, scene: &mut Scene, suit: &Fitted, cloths: [&Material; 3]) {
        let cloths = cloths.map(|cloth| scene.material(cloth.clone()));
        // A piece is upper or lower by where most of it is.
        let count = suit
            .pieces
            .iter()
            .max()
            .map_or(0, |most| usize::from(*most) + 1);
        let mut tallies = vec![[0_usize; 2]; count];
        for (corners, piece) in suit.triangles.iter().zip(&suit.pieces) {
            let is_leg = |hold: &Hold| bone::LEGS.iter().any(|leg| leg[1..].contains(&hold.main()));
            let lower = is_leg(&suit.holds[corners[0] as usize]);
            tallies[usize::from(*piece)][usize::from(lower)] += 1;
        }
        self.add_fitted(scene, suit, |_, piece| {
            let [upper, lower] = tallies[usize::from(piece)];
            if upper + lower < 60 {
                cloths[2]
            } else if lower > upper {
                cloths[1]
            } else {
                cloths[0]
            }
        });
    }

    fn add_fitted(
        &self,
        scene: &mut Scene,
        fitted: &Fitted,
        material: impl Fn(&[u32; 3], u16) -> u16,
    ) {
        let rest = self.figure.dress(fitted);
        let places: Vec<Vector3<f32>> = rest
            .iter()
            .zip(&fitted.holds)
            .map(|(place, hold)| self.stance.place(hold, place))
            .collect();
        let normals = normals(&places, &fitted.triangles);
        let first = scene.next_vertex();
        for ((place, normal), pattern) in places.iter().zip(&normals).zip(&fitted.own) {
            scene.vertices.push(Vertex {
                place: *place,
                normal: *normal,
                pattern: *pattern,
            });
        }
        for (corners, piece) in fitted.triangles.iter().zip(&fitted.pieces) {
            scene.faces.push(Face {
                corners: corners.map(|corner| corner + first),
                material: material(corners, *piece),
                owner: self.owner,
                part: fitted.holds[corners[0] as usize].bones[0],
                closed: false,
            });
        }
    }

    /// A cap over the upper head, with a brim.
    fn add_hat(&self, scene: &mut Scene, hat: &Hat) {
        const RINGS: u16 = 6;
        const SIDES: u16 = 20;
        let material = scene.material(hat.cloth.clone());
        let points = &self.figure.points;
        let ears = (points[at::LEFT_EAR] + points[at::RIGHT_EAR]) * 0.5;
        let size = (points[at::LEFT_EAR] - points[at::RIGHT_EAR]).norm() / 0.176;
        let middle = ears + Vector3::new(0.0, 0.035, 0.02) * size;
        let half = Vector3::new(0.090, 0.108, 0.118) * size;
        let first = scene.next_vertex();
        let mut add = |rest: Vector3<f32>, outward: Vector3<f32>| {
            let place = self.stance.on_bone(bone::HEAD, &rest);
            let tip = self.stance.on_bone(bone::HEAD, &(rest + outward));
            scene.vertices.push(Vertex {
                place,
                normal: (tip - place).try_normalize(1e-9).unwrap_or_else(Vector3::y),
                pattern: rest,
            });
        };
        let turn =
            |side: u16| (std::f32::consts::TAU * f32::from(side) / f32::from(SIDES)).sin_cos();
        for ring in 0..=RINGS {
            let (sin, cos) = (1.45 * f32::from(ring) / f32::from(RINGS)).sin_cos();
            for side in 0..SIDES {
                let (x, z) = turn(side);
                let outward = Vector3::new(sin * x, cos, sin * z);
                add(middle + outward.component_mul(&half), outward);
            }
        }
        let [around, width] = hat.brim;
        for side in 0..SIDES {
            let (x, z) = turn(side);
            // The first side looks ahead.
            let ahead = f32::from(side.min(SIDES - side)) / f32::from(SIDES) * 2.0;
            let width = if ahead <= around { width * size } else { 0.002 };
            let outward = Vector3::new(x, -0.15, z);
            let edge = Vector3::new(x * half.x, half.y * 0.12, z * half.z);
            add(middle + edge + outward * width, Vector3::y());
        }
        let sides = u32::from(SIDES);
        for ring in 0..=u32::from(RINGS) {
            for side in 0..sides {
                let at = |ring: u32, side: u32| first + ring * sides + side % sides;
                let [a, b] = [at(ring, side), at(ring, side + 1)];
                let [c, d] = [at(ring + 1, side), at(ring + 1, side + 1)];
                for corners in [[a, b, d], [a, d, c]] {
                    scene.faces.push(Face {
                        corners,
                        material,
                        owner: self.owner,
                        part: 16,
                        closed: false,
                    });
                }
            }
        }
    }
}

/// Vertices of the skin come first in the base mesh; eyes end here; then tights, then the skirt.
const SKIN_VERTICES: usize = 13_380;
const EYES_END: usize = 14_742;
const TIGHTS: std::ops::Range<usize> = 15_328..18_002;
const SKIRT: std::ops::Range<usize> = 18_002..18_722;

/// The bone whose beginning a point of [`ambulo::skeleton::COCO_23`] is.
fn joint_bone(point: usize) -> Option<usize> {
    let [left_leg, right_leg] = bone::LEGS;
    let [left_arm, right_arm] = bone::ARMS;
    match point {
        at::LEFT_SHOULDER => Some(left_arm[1]),
        at::RIGHT_SHOULDER => Some(right_arm[1]),
        at::LEFT_ELBOW => Some(left_arm[2]),
        at::RIGHT_ELBOW => Some(right_arm[2]),
        at::LEFT_WRIST => Some(left_arm[3]),
        at::RIGHT_WRIST => Some(right_arm[3]),
        at::LEFT_HIP => Some(left_leg[1]),
        at::RIGHT_HIP => Some(right_leg[1]),
        at::LEFT_KNEE => Some(left_leg[2]),
        at::RIGHT_KNEE => Some(right_leg[2]),
        at::LEFT_ANKLE => Some(left_leg[3]),
        at::RIGHT_ANKLE => Some(right_leg[3]),
        _ => None,
    }
}

/// What the skin shows: itself, or the cloth that lies on it.
struct Cover<'a> {
    look: &'a Look,
    skin: u16,
    upper: u16,
    sleeves: u16,
    lower: u16,
    socks: u16,
    /// Whether a suit or shoes hide each vertex of the skin.
    hidden: Vec<bool>,
}

impl<'a> Cover<'a> {
    fn new(scene: &mut Scene, look: &'a Look, assets: &Assets) -> Self {
        let skin = scene.material(look.skin.clone());
        let mut hidden = vec![false; SKIN_VERTICES];
        let mut hide = |ranges: &[(u32, u32)]| {
            for vertex in ranges.iter().flat_map(|(first, last)| *first..=*last) {
                if let Some(hidden) = hidden.get_mut(vertex as usize) {
                    *hidden = true;
                }
            }
        };
        let (upper, sleeves, lower) = match &look.clothes {
            Clothes::Pieces { top, bottom } => {
                let upper = scene.material(top.cloth.clone());
                let sleeves = match &top.sleeves {
                    Some(cloth) => scene.material(cloth.clone()),
                    None => upper,
                };
                (upper, sleeves, scene.material(bottom.cloth.clone()))
            }
            Clothes::Suit { index, .. } => {
                hide(&assets.suits[*index].fit.hides);
                (skin, skin, skin)
            }
        };
        let socks = match &look.feet {
            Feet::Bare => skin,
            Feet::Socks { cloth, .. } => scene.material(cloth.clone()),
            Feet::Shoes { index, socks, .. } => {
                hide(&assets.shoes[*index].fit.hides);
                scene.material(socks.clone())
            }
        };
        Self {
            look,
            skin,
            upper,
            sleeves,
            lower,
            socks,
            hidden,
        }
    }

    fn hides(&self, corners: &[u32; 3]) -> bool {
        corners.iter().all(|corner| self.hidden[*corner as usize])
    }

    fn material(&self, zones: [Zone; 3]) -> u16 {
        let all = |covers: &dyn Fn(Zone) -> bool| zones.iter().all(|zone| covers(*zone));
        if let Clothes::Pieces { top, bottom } = &self.look.clothes {
            if all(&|zone| top.covers(zone)) {
                return match zones[0] {
                    Zone::Arm(_) => self.sleeves,
                    _ => self.upper,
                };
            }
            let covered = all(&|zone| bottom.covers(zone));
            let under_skirt = bottom.skirt && all(&|zone| matches!(zone, Zone::Leg(l) if l > 0.2));
            if covered && !under_skirt {
                return self.lower;
            }
        }
        let from = match &self.look.feet {
            Feet::Bare => return self.skin,
            Feet::Socks { reach, .. } | Feet::Shoes { reach, .. } => *reach,
        };
        if all(&|zone| matches!(zone, Zone::Leg(along) if along > from)) {
            return self.socks;
        }
        self.skin
    }
}
