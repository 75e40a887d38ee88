//! Looks: skin, hair and clothes of one person, drawn from a seed.

use ambulo::synth::SeededRng;
use nalgebra::Vector3;

use super::assets::Assets;
use super::body::Shape;
use super::material::{Colour, Face, Material, Pattern};
use crate::film::{between, chance};

/// How a person looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Look {
    pub(super) skin: Material,
    pub(super) clothes: Clothes,
    pub(super) feet: Feet,
    /// Which of the hair meshes, and its colour.
    pub(super) hair: Option<(usize, Material)>,
    pub(super) hat: Option<Hat>,
}

/// What covers trunk and limbs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Clothes {
    /// Shirt and trousers, or a dress.
    Pieces { top: Top, bottom: Bottom },
    /// One of the whole suits: its number, and what its upper, lower and small pieces are made of.
    Suit {
        index: usize,
        upper: Material,
        lower: Material,
        small: Material,
        /// What is worn on feet that the suit leaves bare.
        under: Material,
    },
}

/// What covers the trunk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Top {
    pub(super) cloth: Material,
    /// How far down the arm it goes: 0 the shoulder, 1 the elbow, 2 the wrist.
    pub(super) sleeve: f32,
    /// How far down the trunk it goes, in metres above the hips of the base mesh.
    pub(super) hem_m: f32,
    /// How high up the neck it goes, in metres of the base mesh.
    pub(super) neck_m: f32,
    /// How far from the skin, in metres.
    pub(super) loose_m: f32,
    /// Sleeves of another cloth.
    pub(super) sleeves: Option<Material>,
}

/// What covers the legs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bottom {
    pub(super) cloth: Material,
    /// How far down the leg it goes: 0 the hip, 1 the knee, 2 the ankle.
    pub(super) reach: f32,
    /// How far from the skin, in metres.
    pub(super) loose_m: f32,
    pub(super) skirt: bool,
}

/// What covers the feet.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Feet {
    Bare,
    /// Socks up to here on the leg (2 is the ankle).
    Socks {
        cloth: Material,
        reach: f32,
    },
    /// One of the pairs of shoes, with soles, and the socks in them.
    Shoes {
        index: usize,
        upper: Material,
        sole: Material,
        socks: Material,
        reach: f32,
    },
}

/// Something on the head.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Hat {
    pub(super) cloth: Material,
    /// How far a brim goes around (0 none, 1 all around) and how wide it is in metres.
    pub(super) brim: [f32; 2],
}

/// Skin from light to dark, as sRGB.
const SKINS: [[f64; 3]; 7] = [
    [250.0, 222.0, 200.0],
    [240.0, 200.0, 168.0],
    [225.0, 178.0, 135.0],
    [200.0, 145.0, 100.0],
    [160.0, 105.0, 68.0],
    [112.0, 70.0, 45.0],
    [66.0, 42.0, 32.0],
];

/// A colour given as sRGB, 0 to 255.
pub(super) fn srgb(red: f64, green: f64, blue: f64) -> Colour {
    Colour::new(linear(red), linear(green), linear(blue))
}

fn linear(value: f64) -> f32 {
    real((value / 255.0).clamp(0.0, 1.0).powf(2.2))
}

/// To the precision of the mesh.
#[expect(clippy::cast_possible_truncation, reason = "the mesh is in f32")]
pub(super) fn real(value: f64) -> f32 {
    value as f32
}

/// A number between two bounds.
pub(super) fn span(rng: &mut SeededRng, low: f64, high: f64) -> f32 {
    real(between(rng, low, high))
}

/// A colour of hue (0 to 1), saturation and value as sRGB.
pub(super) fn hsv(hue: f64, saturation: f64, value: f64) -> Colour {
    let channel = |offset: f64| {
        let k = (offset + hue * 6.0).rem_euclid(6.0);
        255.0 * value * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))
    };
    srgb(channel(5.0), channel(3.0), channel(1.0))
}

/// Any colour cloth or walls have: dark, light, muted or bright.
pub(super) fn any_colour(rng: &mut SeededRng) -> Colour {
    let hue = rng.unit();
    match rng.below(10) {
        0..=2 => hsv(hue, between(rng, 0.0, 0.5), between(rng, 0.04, 0.3)),
        3 | 4 => hsv(hue, between(rng, 0.0, 0.15), between(rng, 0.75, 1.0)),
        5..=7 => hsv(hue, between(rng, 0.05, 0.45), between(rng, 0.3, 0.8)),
        _ => hsv(hue, between(rng, 0.5, 1.0), between(rng, 0.4, 1.0)),
    }
}

fn trouser_colour(rng: &mut SeededRng) -> Colour {
    match rng.below(10) {
        0..=2 => hsv(
            between(rng, 0.57, 0.65),
            between(rng, 0.25, 0.7),
            between(rng, 0.15, 0.6),
        ),
        3..=5 => hsv(
            rng.unit(),
            between(rng, 0.0, 0.25),
            between(rng, 0.05, 0.22),
        ),
        6 | 7 => hsv(
            between(rng, 0.07, 0.13),
            between(rng, 0.1, 0.45),
            between(rng, 0.3, 0.8),
        ),
        _ => any_colour(rng),
    }
}

/// A cloth of a colour, plain or patterned, with its folds.
fn cloth(rng: &mut SeededRng, colour: Colour, patterned: f64) -> Material {
    let pattern = if chance(rng, patterned) {
        any_pattern(rng)
    } else {
        Pattern::Plain
    };
    Material {
        colour,
        second: any_colour(rng),
        pattern,
        mottle: [span(rng, 0.0, 0.22), span(rng, 0.004, 0.12)],
        folds: span(rng, 0.1, 0.8),
        shine: if chance(rng, 0.15) {
            span(rng, 0.02, 0.15)
        } else {
            0.0
        },
        seed: seed_of(rng),
    }
}

pub(super) fn seed_of(rng: &mut SeededRng) -> u32 {
    u32::try_from(rng.next_u64() >> 33).unwrap_or(0)
}

fn any_pattern(rng: &mut SeededRng) -> Pattern {
    match rng.below(7) {
        0 | 1 => Pattern::Stripes {
            axis: usize::from(chance(rng, 0.7)),
            period: span(rng, 0.015, 0.14),
            share: span(rng, 0.15, 0.6),
        },
        2 => Pattern::Checks {
            period: span(rng, 0.012, 0.06),
        },
        3 => Pattern::Plaid {
            period: span(rng, 0.03, 0.14),
        },
        4 => Pattern::Dots {
            period: span(rng, 0.02, 0.08),
        },
        _ => Pattern::Patches {
            size: span(rng, 0.02, 0.2),
        },
    }
}

impl Look {
    /// The look of somebody of this shape.
    pub(super) fn draw(rng: &mut SeededRng, assets: &Assets, shape: &Shape) -> Self {
        let hair_colour = hair_colour(rng, shape.old);
        let bald = chance(rng, if shape.female > 0.3 { 0.03 } else { 0.15 });
        let mesh = !bald && !assets.hair.is_empty() && chance(rng, 0.7);
        let hair = mesh.then(|| {
            let mut index = rng.below(assets.hair.len());
            let long = ["bob", "ponytail"];
            // Long hair on men is rarer than on women.
            if shape.female < 0.3
                && long
                    .iter()
                    .any(|name| assets.hair[index].name.starts_with(name))
            {
                index = rng.below(assets.hair.len());
            }
            let mut material = Material::plain(hair_colour);
            material.mottle = [0.35, 0.012];
            material.folds = 0.5;
            material.shine = span(rng, 0.0, 0.12);
            (index, material)
        });
        Self {
            skin: skin(rng, shape, hair_colour, bald),
            clothes: clothes(rng, assets, shape),
            feet: feet(rng, assets),
            hat: chance(rng, 0.12).then(|| hat(rng)),
            hair,
        }
    }
}

fn hair_colour(rng: &mut SeededRng, old: f32) -> Colour {
    let grey = f64::from(old) * 0.9;
    if chance(rng, grey) {
        return hsv(0.1, between(rng, 0.0, 0.1), between(rng, 0.5, 0.95));
    }
    match rng.below(8) {
        0..=2 => hsv(0.07, 0.3, between(rng, 0.04, 0.14)),
        3 | 4 => hsv(0.07, between(rng, 0.4, 0.7), between(rng, 0.15, 0.4)),
        5 | 6 => hsv(0.11, between(rng, 0.3, 0.6), between(rng, 0.5, 0.9)),
        _ => hsv(
            between(rng, 0.0, 0.06),
            between(rng, 0.5, 0.8),
            between(rng, 0.3, 0.6),
        ),
    }
}

fn skin(rng: &mut SeededRng, shape: &Shape, hair: Colour, bald: bool) -> Material {
    let place = rng.unit() * 5.999;
    let index = crate::film::whole(place);
    let share = place - index as f64;
    let tone: [f64; 3] =
        std::array::from_fn(|c| SKINS[index][c] * (1.0 - share) + SKINS[index + 1][c] * share);
    let warmth = between(rng, -8.0, 8.0);
    let tone = srgb(tone[0] + warmth, tone[1], tone[2] - warmth);
    let lips = tone.component_mul(&Colour::new(0.75, 0.5, 0.5));
    let beard = if shape.female < 0.3 && shape.child == 0.0 && chance(rng, 0.4) {
        span(rng, 0.2, 0.95)
    } else {
        0.0
    };
    Material {
        colour: tone,
        second: tone,
        pattern: Pattern::Face(Face {
            hair,
            lips,
            scalp: (!bald).then(|| span(rng, -0.01, 0.03)),
            beard,
        }),
        mottle: [span(rng, 0.02, 0.1), span(rng, 0.01, 0.05)],
        folds: 0.0,
        shine: span(rng, 0.0, 0.12),
        seed: seed_of(rng),
    }
}

fn clothes(rng: &mut SeededRng, assets: &Assets, shape: &Shape) -> Clothes {
    let trousers = {
        let colour = trouser_colour(rng);
        cloth(rng, colour, 0.12)
    };
    let shirt = {
        // Now and then all in one colour.
        let colour = if chance(rng, 0.1) {
            trousers.colour
        } else {
            any_colour(rng)
        };
        cloth(rng, colour, 0.4)
    };
    if !assets.suits.is_empty() && chance(rng, 0.3) {
        let mut index = rng.below(assets.suits.len());
        if shape.female < 0.3 && assets.suits[index].name.starts_with("female") {
            index = rng.below(assets.suits.len());
        }
        let small_colour = any_colour(rng);
        return Clothes::Suit {
            index,
            upper: shirt,
            lower: trousers,
            small: cloth(rng, small_colour, 0.0),
            under: Material::plain(any_colour(rng)),
        };
    }
    let skirt = chance(rng, if shape.female > 0.3 { 0.25 } else { 0.03 });
    let reach = if skirt {
        span(rng, 0.5, 1.9)
    } else {
        match rng.below(10) {
            0 | 1 => span(rng, 0.25, 1.0),
            2 => span(rng, 1.0, 1.6),
            _ => span(rng, 1.8, 2.0),
        }
    };
    let sleeve = match rng.below(10) {
        0 => span(rng, -0.3, 0.1),
        1..=4 => span(rng, 0.3, 0.8),
        5 => span(rng, 0.9, 1.6),
        _ => span(rng, 1.85, 2.05),
    };
    let sleeves = if chance(rng, 0.1) {
        let colour = any_colour(rng);
        Some(cloth(rng, colour, 0.1))
    } else {
        None
    };
    let mut top = Top {
        cloth: shirt,
        sleeve,
        hem_m: span(rng, -0.06, 0.14),
        neck_m: span(rng, 0.50, 0.60),
        loose_m: real(0.004 + 0.03 * rng.unit().powi(2)),
        sleeves,
    };
    if matches!(top.cloth.pattern, Pattern::Plain) && chance(rng, 0.25) {
        let half = between(rng, 0.05, 0.12);
        let middle = between(rng, 0.36, 0.44);
        let high = between(rng, 0.02, 0.09);
        top.cloth.pattern = Pattern::Print {
            low: Vector3::new(real(-half), real(middle - high), 0.0),
            high: Vector3::new(real(half), real(middle + high), 1.0),
        };
    }
    let mut lower = trousers;
    if skirt && chance(rng, 0.5) {
        lower = top.cloth.clone();
    }
    Clothes::Pieces {
        top,
        bottom: Bottom {
            cloth: lower,
            reach,
            loose_m: real(0.004 + 0.035 * rng.unit().powi(2)),
            skirt,
        },
    }
}

fn feet(rng: &mut SeededRng, assets: &Assets) -> Feet {
    let sock_colour = match rng.below(3) {
        0 => hsv(0.0, 0.0, between(rng, 0.8, 1.0)),
        1 => hsv(0.6, 0.2, between(rng, 0.03, 0.2)),
        _ => any_colour(rng),
    };
    let socks = Material::plain(sock_colour);
    let reach = span(rng, 1.4, 2.05);
    let kind = rng.unit();
    if kind < 0.12 || assets.shoes.is_empty() {
        return Feet::Bare;
    }
    if kind < 0.2 {
        return Feet::Socks {
            cloth: socks,
            reach,
        };
    }
    let colour = match rng.below(5) {
        0 | 1 => hsv(0.08, between(rng, 0.0, 0.4), between(rng, 0.03, 0.2)),
        2 => hsv(0.0, 0.0, between(rng, 0.8, 1.0)),
        3 => hsv(0.07, between(rng, 0.4, 0.7), between(rng, 0.2, 0.5)),
        _ => any_colour(rng),
    };
    let mut upper = Material::plain(colour);
    upper.second = any_colour(rng);
    upper.shine = span(rng, 0.0, 0.2);
    upper.mottle = [span(rng, 0.0, 0.15), 0.02];
    if chance(rng, 0.3) {
        upper.pattern = Pattern::Patches { size: 0.05 };
    }
    let sole_value = if chance(rng, 0.5) {
        between(rng, 0.7, 1.0)
    } else {
        between(rng, 0.02, 0.3)
    };
    Feet::Shoes {
        index: rng.below(assets.shoes.len()),
        upper,
        sole: Material::plain(hsv(0.1, 0.1, sole_value)),
        socks,
        reach,
    }
}

fn hat(rng: &mut SeededRng) -> Hat {
    let colour = any_colour(rng);
    let brim = match rng.below(3) {
        0 => [0.0, 0.0],
        1 => [0.35, span(rng, 0.05, 0.08)],
        _ => [1.0, span(rng, 0.04, 0.12)],
    };
    Hat {
        cloth: cloth(rng, colour, 0.2),
        brim,
    }
}
