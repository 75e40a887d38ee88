//! What walls, floors and leaves are made of.

use ambulo::synth::SeededRng;

use crate::film::{between, chance};
use crate::people::material::{Colour, Material, Pattern};
use crate::people::wardrobe::{any_colour, hsv, seed_of, span};

/// Walls, floors, furniture.
pub(super) fn surface(rng: &mut SeededRng, colour: Colour) -> Material {
    let mut material = Material::plain(colour);
    material.second = if chance(rng, 0.6) {
        colour * span(rng, 0.3, 0.9)
    } else {
        any_colour(rng)
    };
    material.mottle = [span(rng, 0.0, 0.25), span(rng, 0.02, 0.6)];
    material.seed = seed_of(rng);
    material
}

pub(super) fn floor(rng: &mut SeededRng) -> Material {
    let colour = match rng.below(4) {
        0 => hsv(
            between(rng, 0.05, 0.11),
            between(rng, 0.3, 0.6),
            between(rng, 0.3, 0.7),
        ),
        1 => hsv(0.1, between(rng, 0.0, 0.15), between(rng, 0.3, 0.95)),
        2 => hsv(rng.unit(), between(rng, 0.0, 0.4), between(rng, 0.2, 0.8)),
        _ => any_colour(rng),
    };
    let mut material = surface(rng, colour);
    material.pattern = match rng.below(6) {
        0 => Pattern::Courses {
            length: span(rng, 0.6, 1.5),
            height: span(rng, 0.07, 0.2),
            joint: span(rng, 0.003, 0.008),
        },
        1 | 2 => Pattern::Tiles {
            side: span(rng, 0.15, 0.7),
            joint: span(rng, 0.004, 0.015),
        },
        3 => Pattern::Patches {
            size: span(rng, 0.02, 0.5),
        },
        4 if chance(rng, 0.3) => Pattern::Checks {
            period: span(rng, 0.15, 0.5),
        },
        _ => Pattern::Plain,
    };
    if chance(rng, 0.3) {
        material.shine = span(rng, 0.0, 0.3);
    }
    material
}

pub(super) fn wall(rng: &mut SeededRng, colour: Colour) -> Material {
    let mut material = surface(rng, colour);
    material.pattern = match rng.below(10) {
        0 => Pattern::Courses {
            length: span(rng, 0.2, 0.6),
            height: span(rng, 0.06, 0.2),
            joint: span(rng, 0.005, 0.02),
        },
        1 => Pattern::Stripes {
            axis: if chance(rng, 0.5) { 0 } else { 2 },
            period: span(rng, 0.05, 0.5),
            share: span(rng, 0.2, 0.6),
        },
        2 => Pattern::Tiles {
            side: span(rng, 0.1, 0.4),
            joint: span(rng, 0.004, 0.015),
        },
        3 => Pattern::Patches {
            size: span(rng, 0.05, 1.0),
        },
        4 => Pattern::Dots {
            period: span(rng, 0.05, 0.3),
        },
        _ => Pattern::Plain,
    };
    material
}

pub(super) fn pale(rng: &mut SeededRng) -> Colour {
    hsv(rng.unit(), between(rng, 0.0, 0.2), between(rng, 0.5, 1.0))
}

pub(super) fn leaves(rng: &mut SeededRng) -> Material {
    let hue = if chance(rng, 0.85) {
        between(rng, 0.2, 0.38)
    } else {
        between(rng, 0.03, 0.15)
    };
    let mut leaves = Material::plain(hsv(hue, between(rng, 0.3, 0.8), between(rng, 0.15, 0.6)));
    leaves.second = leaves.colour * span(rng, 0.1, 0.6);
    leaves.pattern = Pattern::Patches {
        size: span(rng, 0.04, 0.3),
    };
    leaves.mottle = [0.4, span(rng, 0.02, 0.1)];
    leaves.folds = 1.0;
    leaves.seed = seed_of(rng);
    leaves
}
