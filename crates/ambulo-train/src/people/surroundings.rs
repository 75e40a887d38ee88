//! What stands around a person: rooms, corridors, streets, lawns, studios; and what stands in the way.

mod indoors;
mod outdoors;
mod surfaces;
mod things;

use ambulo::synth::SeededRng;
use nalgebra::Vector3;

use super::light::Light;
use super::material::Colour;
use super::scene::Scene;
use super::shade::Sky;
use super::wardrobe::{any_colour, hsv, real, seed_of, span};
use crate::film::{between, chance};
use indoors::{nowhere, room, studio};
use outdoors::{green, street};
pub(super) use things::{obstruct, seat};

/// The kinds of surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Room,
    Corridor,
    Street,
    Green,
    Studio,
    Nowhere,
}

/// Puts surroundings into the scene, around a person at the origin and a camera.
///
/// `favourite` is a colour of the person's clothes that something around them may share.
pub(super) fn surround(
    rng: &mut SeededRng,
    scene: &mut Scene,
    camera: &Vector3<f32>,
    favourite: Colour,
) -> (Light, Sky) {
    let kind = match rng.below(20) {
        0..=5 => Kind::Room,
        6 | 7 => Kind::Corridor,
        8..=11 => Kind::Street,
        12..=15 => Kind::Green,
        16 | 17 => Kind::Studio,
        _ => Kind::Nowhere,
    };
    match kind {
        Kind::Room => room(rng, scene, camera, favourite, false),
        Kind::Corridor => room(rng, scene, camera, favourite, true),
        Kind::Street => street(rng, scene, camera),
        Kind::Green => green(rng, scene, camera),
        Kind::Studio => studio(rng, scene, favourite),
        Kind::Nowhere => nowhere(rng, scene),
    }
    let sky = sky(rng, kind);
    (light(rng, kind), sky)
}

fn sky(rng: &mut SeededRng, kind: Kind) -> Sky {
    if matches!(kind, Kind::Street | Kind::Green) {
        let blue = between(rng, 0.0, 0.6);
        return Sky::Open {
            horizon: hsv(0.58, blue * 0.4, between(rng, 0.7, 1.0)),
            zenith: hsv(between(rng, 0.55, 0.62), blue, between(rng, 0.5, 0.95)),
            clouds: if chance(rng, 0.6) {
                span(rng, 0.0, 1.0)
            } else {
                0.0
            },
            seed: seed_of(rng),
        };
    }
    Sky::Backdrop {
        one: any_colour(rng),
        other: any_colour(rng),
        size_px: span(rng, 5.0, 220.0),
        seed: seed_of(rng),
    }
}

fn light(rng: &mut SeededRng, kind: Kind) -> Light {
    let outside = matches!(kind, Kind::Street | Kind::Green);
    let around = between(rng, -std::f64::consts::PI, std::f64::consts::PI);
    let height = if outside {
        between(rng, 0.35, 1.4)
    } else {
        between(rng, 0.6, 1.5)
    };
    let towards = Vector3::new(
        real(around.sin() * height.cos()),
        real(height.sin()),
        real(around.cos() * height.cos()),
    );
    // From hard sun to an overcast sky or many lamps.
    let hard = rng.unit();
    let sun = span(rng, 0.5, 1.3) * real(hard);
    let sky = span(rng, 0.35, 0.9) * real(1.25 - 0.8 * hard);
    let warm = |rng: &mut SeededRng| hsv(between(rng, 0.06, 0.14), between(rng, 0.0, 0.2), 1.0);
    let cool = |rng: &mut SeededRng| hsv(between(rng, 0.5, 0.65), between(rng, 0.0, 0.2), 1.0);
    let (sun_colour, sky_colour) = if chance(rng, 0.8) {
        (warm(rng), cool(rng))
    } else {
        (cool(rng), warm(rng))
    };
    let bounce = span(rng, 0.3, 0.8);
    Light::new(
        towards,
        sun_colour * sun,
        sky_colour * sky,
        warm(rng) * sky * bounce,
    )
}
