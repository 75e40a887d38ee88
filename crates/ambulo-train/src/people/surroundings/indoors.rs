//! Rooms, corridors, studios, and no place at all.

use ambulo::synth::SeededRng;
use nalgebra::{Rotation3, Vector3};

use super::surfaces::{floor, pale, surface, wall};
use super::things::{furniture, ground};
use crate::film::chance;
use crate::people::material::{Colour, Material, Pattern};
use crate::people::scene::Scene;
use crate::people::wardrobe::{any_colour, span};

/// A room around the person: floor, walls, ceiling, things on the walls and along them.
pub(super) fn room(
    rng: &mut SeededRng,
    scene: &mut Scene,
    camera: &Vector3<f32>,
    favourite: Colour,
    corridor: bool,
) {
    let half = if corridor {
        [span(rng, 0.8, 1.6), span(rng, 4.0, 20.0)]
    } else {
        [span(rng, 1.3, 5.0), span(rng, 1.5, 7.0)]
    };
    let height = span(rng, 2.3, 3.6);
    let yaw = if chance(rng, 0.6) {
        camera.x.atan2(camera.z) + span(rng, -0.15, 0.15)
    } else {
        span(rng, -3.1, 3.1)
    };
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), yaw);
    let floor = floor(rng);
    let floor = scene.material(floor);
    ground(scene, 60.0, floor);
    let ceiling = scene.material(Material::plain(pale(rng)));
    let colour = if chance(rng, 0.12) {
        favourite
    } else if chance(rng, 0.6) {
        pale(rng)
    } else {
        any_colour(rng)
    };
    let material = wall(rng, colour);
    let material = scene.material(material);
    let board_colour = any_colour(rng);
    let board = scene.material(Material::plain(board_colour));
    let [w, l] = half;
    let corners = [[-w, -l], [w, -l], [w, l], [-w, l]];
    for side in 0..4 {
        let wall = Wall {
            turn,
            from: corners[side],
            to: corners[(side + 1) % 4],
        };
        // Seen from within only.
        let first = scene.faces.len();
        wall.put(scene, [0.0, 1.0], [0.0, height], 0.0, material);
        if chance(rng, 0.6) {
            wall.put(scene, [0.0, 1.0], [0.0, span(rng, 0.05, 0.15)], 0.01, board);
        }
        for _ in 0..rng.below(4) {
            hang(rng, scene, &wall);
        }
        for face in &mut scene.faces[first..] {
            face.closed = true;
        }
    }
    scene.flat(
        &corners.map(|[x, z]| turn * Vector3::new(x, height, z)),
        ceiling,
    );
    let reach = half.map(|half| (half - 0.4).max(0.5));
    for _ in 0..rng.below(if corridor { 3 } else { 7 }) {
        let [x, z] = reach.map(|reach| span(rng, -1.0, 1.0) * reach);
        furniture(rng, scene, camera, &(turn * Vector3::new(x, 0.0, z)));
    }
}

/// One wall of a room.
struct Wall {
    turn: Rotation3<f32>,
    from: [f32; 2],
    to: [f32; 2],
}

impl Wall {
    /// Puts a rectangle on it: from and to along the wall (0 to 1), low and high, so far before it.
    fn put(
        &self,
        scene: &mut Scene,
        [left, right]: [f32; 2],
        [low, high]: [f32; 2],
        off: f32,
        material: u16,
    ) {
        let at = |share: f32, y: f32| {
            let axis = |axis: usize| self.from[axis] + (self.to[axis] - self.from[axis]) * share;
            let (x, z) = (axis(0), axis(1));
            let inward = Vector3::new(-x.signum() * off, 0.0, -z.signum() * off);
            self.turn * (Vector3::new(x, y, z) + inward)
        };
        scene.flat(
            &[
                at(left, low),
                at(right, low),
                at(right, high),
                at(left, high),
            ],
            material,
        );
    }

    fn length(&self) -> f32 {
        let across = (self.to[0] - self.from[0]).hypot(self.to[1] - self.from[1]);
        across.max(0.1)
    }
}

/// Puts a picture, a door or a window on a wall.
fn hang(rng: &mut SeededRng, scene: &mut Scene, wall: &Wall) {
    let kind = rng.below(3);
    let (wide, low, high) = match kind {
        0 => (
            span(rng, 0.3, 1.2),
            span(rng, 1.0, 1.5),
            span(rng, 1.6, 2.2),
        ),
        1 => (span(rng, 0.8, 1.1), 0.0, span(rng, 2.0, 2.2)),
        _ => (
            span(rng, 0.8, 2.0),
            span(rng, 0.7, 1.0),
            span(rng, 1.8, 2.3),
        ),
    };
    let middle = span(rng, 0.1, 0.9);
    let frame = scene.material(Material::plain(any_colour(rng)));
    let inside_colour = if kind == 2 {
        Colour::new(1.2, 1.25, 1.3)
    } else {
        any_colour(rng)
    };
    let mut inside = surface(rng, inside_colour);
    if kind == 0 {
        inside.pattern = Pattern::Patches {
            size: span(rng, 0.05, 0.4),
        };
    }
    let inside = scene.material(inside);
    for (grow, off, material) in [(0.06, 0.02, frame), (0.0, 0.03, inside)] {
        let half = (wide * 0.5 + grow) / wall.length();
        wall.put(
            scene,
            [middle - half, middle + half],
            [(low - grow).max(0.0), high + grow],
            off,
            material,
        );
    }
}

/// One sweep of a colour, or of two.
pub(super) fn studio(rng: &mut SeededRng, scene: &mut Scene, favourite: Colour) {
    let colour = if chance(rng, 0.25) {
        favourite
    } else {
        any_colour(rng)
    };
    let floor = if chance(rng, 0.5) {
        Material::plain(colour)
    } else {
        surface(rng, colour)
    };
    let floor = scene.material(floor);
    let reach = span(rng, 2.0, 6.0);
    ground(scene, 60.0, floor);
    if chance(rng, 0.7) {
        let back = if chance(rng, 0.5) {
            scene.materials[usize::from(floor)].clone()
        } else {
            let colour = any_colour(rng);
            wall(rng, colour)
        };
        let back = scene.material(back);
        let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), span(rng, -3.1, 3.1));
        let first = scene.faces.len();
        for side in 0..4_u8 {
            let turn = turn
                * Rotation3::from_axis_angle(
                    &Vector3::y_axis(),
                    f32::from(side) * std::f32::consts::FRAC_PI_2,
                );
            let corner = |x: f32, y: f32| turn * Vector3::new(x * reach, y, -reach);
            scene.flat(
                &[
                    corner(-1.0, 0.0),
                    corner(1.0, 0.0),
                    corner(1.0, 20.0),
                    corner(-1.0, 20.0),
                ],
                back,
            );
        }
        for face in &mut scene.faces[first..] {
            face.closed = true;
        }
    }
}

/// No room at all: a picture of patches, and here and there a coloured block.
pub(super) fn nowhere(rng: &mut SeededRng, scene: &mut Scene) {
    for _ in 0..rng.below(12) {
        let colour = any_colour(rng);
        let material = wall(rng, colour);
        let material = scene.material(material);
        let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), span(rng, -3.1, 3.1));
        let place = turn * Vector3::new(0.0, span(rng, -1.0, 2.5), span(rng, 2.0, 8.0));
        let size = Vector3::new(
            span(rng, 0.2, 3.0),
            span(rng, 0.2, 2.0),
            span(rng, 0.2, 2.0),
        );
        scene.cuboid(&place, &size, span(rng, -3.1, 3.1), material);
    }
}
