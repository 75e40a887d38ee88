//! What stands around a person: rooms, corridors, streets, lawns, studios; and what stands in the way.

use ambulo::synth::SeededRng;
use nalgebra::{Rotation3, Vector3};

use super::light::Light;
use super::material::{Colour, Material, Pattern};
use super::scene::Scene;
use super::shade::Sky;
use super::wardrobe::{any_colour, hsv, seed_of, span};
use crate::film::{between, chance};

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
        super::wardrobe::real(around.sin() * height.cos()),
        super::wardrobe::real(height.sin()),
        super::wardrobe::real(around.cos() * height.cos()),
    );
    // From hard sun to an overcast sky or many lamps.
    let hard = rng.unit();
    let sun = span(rng, 0.5, 1.3) * super::wardrobe::real(hard);
    let sky = span(rng, 0.35, 0.9) * super::wardrobe::real(1.25 - 0.8 * hard);
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

/// Walls, floors, furniture.
fn surface(rng: &mut SeededRng, colour: Colour) -> Material {
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

fn floor(rng: &mut SeededRng) -> Material {
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

fn wall(rng: &mut SeededRng, colour: Colour) -> Material {
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

fn pale(rng: &mut SeededRng) -> Colour {
    hsv(rng.unit(), between(rng, 0.0, 0.2), between(rng, 0.5, 1.0))
}

/// A room around the person: floor, walls, ceiling, things on the walls and along them.
fn room(
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

/// Whether something at a place of this size leaves person and view free.
fn is_clear(place: &Vector3<f32>, reach: f32, camera: &Vector3<f32>) -> bool {
    let flat = |v: &Vector3<f32>| Vector3::new(v.x, 0.0, v.z);
    let (place, camera) = (flat(place), flat(camera));
    let along = (place.dot(&camera) / camera.norm_squared().max(1e-6)).clamp(0.0, 1.2);
    (place - camera * along).norm() > reach + 0.55
}

fn furniture(rng: &mut SeededRng, scene: &mut Scene, camera: &Vector3<f32>, place: &Vector3<f32>) {
    let size = Vector3::new(
        span(rng, 0.3, 1.4),
        span(rng, 0.35, 1.9),
        span(rng, 0.3, 0.9),
    );
    if !is_clear(place, size.x.max(size.z) * 0.6, camera) {
        return;
    }
    let colour = any_colour(rng);
    let material = wall(rng, colour);
    let material = scene.material(material);
    let yaw = span(rng, -3.1, 3.1);
    match rng.below(4) {
        0 => table(scene, place, &size, yaw, material),
        1 => {
            scene.ball(
                &(place + Vector3::new(0.0, size.y * 0.5, 0.0)),
                &(size * 0.5),
                0.5,
                material,
            );
        }
        _ => scene.cuboid(place, &size, yaw, material),
    }
}

/// A board on four legs, or a chair with a back.
fn table(scene: &mut Scene, place: &Vector3<f32>, size: &Vector3<f32>, yaw: f32, material: u16) {
    let height = size.y.min(0.8);
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), yaw);
    let board = Vector3::new(size.x, 0.04, size.z);
    scene.cuboid(
        &(place + Vector3::new(0.0, height, 0.0)),
        &board,
        yaw,
        material,
    );
    for (x, z) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
        let foot = place + turn * Vector3::new(x * size.x * 0.45, 0.0, z * size.z * 0.45);
        scene.rod(
            &foot,
            &(foot + Vector3::new(0.0, height, 0.0)),
            [0.025; 2],
            material,
        );
    }
}

/// Level ground.
fn ground(scene: &mut Scene, reach: f32, material: u16) {
    let corner = |x: f32, z: f32| Vector3::new(x * reach, 0.0, z * reach);
    scene.flat(
        &[
            corner(-1.0, 1.0),
            corner(1.0, 1.0),
            corner(1.0, -1.0),
            corner(-1.0, -1.0),
        ],
        material,
    );
}

/// A place behind the person or beside the view.
fn beyond(rng: &mut SeededRng, camera: &Vector3<f32>, near: f64, far: f64) -> Vector3<f32> {
    let away = -Vector3::new(camera.x, 0.0, camera.z);
    let away = away.try_normalize(1e-6).unwrap_or_else(Vector3::z);
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), span(rng, -1.2, 1.2));
    turn * away * span(rng, near, far)
}

fn street(rng: &mut SeededRng, scene: &mut Scene, camera: &Vector3<f32>) {
    let grey = hsv(
        between(rng, 0.05, 0.6),
        between(rng, 0.0, 0.15),
        between(rng, 0.25, 0.8),
    );
    let mut paving = surface(rng, grey);
    paving.mottle = [span(rng, 0.05, 0.3), span(rng, 0.01, 0.3)];
    paving.pattern = match rng.below(4) {
        0 => Pattern::Tiles {
            side: span(rng, 0.2, 0.8),
            joint: span(rng, 0.006, 0.02),
        },
        1 => Pattern::Courses {
            length: span(rng, 0.15, 0.4),
            height: span(rng, 0.08, 0.2),
            joint: span(rng, 0.006, 0.015),
        },
        _ => Pattern::Plain,
    };
    let paving = scene.material(paving);
    ground(scene, 150.0, paving);
    for _ in 0..=rng.below(4) {
        let place = beyond(rng, camera, 6.0, 30.0);
        let size = Vector3::new(
            span(rng, 4.0, 25.0),
            span(rng, 3.0, 20.0),
            span(rng, 3.0, 8.0),
        );
        let colour = if chance(rng, 0.6) {
            pale(rng)
        } else {
            any_colour(rng)
        };
        let mut front = wall(rng, colour);
        if chance(rng, 0.7) {
            front.pattern = Pattern::Windows {
                aside: span(rng, 1.2, 4.0),
                above: span(rng, 2.0, 3.5),
            };
            front.second = hsv(0.58, between(rng, 0.0, 0.4), between(rng, 0.1, 0.6));
        }
        let front = scene.material(front);
        let yaw = camera.x.atan2(camera.z) + span(rng, -0.5, 0.5);
        scene.cuboid(&place, &size, yaw, front);
    }
    for _ in 0..rng.below(5) {
        let place = beyond(rng, camera, 2.0, 15.0);
        match rng.below(4) {
            0 => car(rng, scene, &place),
            1 => tree(rng, scene, &place),
            2 => {
                let colour = any_colour(rng);
                let material = scene.material(Material::plain(colour));
                let top = place + Vector3::new(0.0, span(rng, 1.0, 5.0), 0.0);
                let radius = span(rng, 0.03, 0.12);
                scene.rod(&place, &top, [radius; 2], material);
            }
            _ => furniture(rng, scene, camera, &place),
        }
    }
    if chance(rng, 0.25) {
        fence(rng, scene, camera);
    }
}

fn car(rng: &mut SeededRng, scene: &mut Scene, place: &Vector3<f32>) {
    let mut paint = Material::plain(any_colour(rng));
    paint.shine = 0.3;
    let paint = scene.material(paint);
    let glass = scene.material(Material::plain(Colour::new(0.03, 0.04, 0.05)));
    let yaw = span(rng, -3.1, 3.1);
    let up = |y: f32| place + Vector3::new(0.0, y, 0.0);
    scene.cuboid(&up(0.25), &Vector3::new(4.2, 0.6, 1.7), yaw, paint);
    scene.cuboid(&up(0.85), &Vector3::new(2.2, 0.5, 1.5), yaw, glass);
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), yaw);
    for (x, z) in [(-1.3, -0.85), (1.3, -0.85), (-1.3, 0.85), (1.3, 0.85)] {
        let hub = up(0.3) + turn * Vector3::new(x, 0.0, z);
        scene.ball(&hub, &Vector3::new(0.3, 0.3, 0.12), 0.0, glass);
    }
}

fn tree(rng: &mut SeededRng, scene: &mut Scene, place: &Vector3<f32>) {
    let bark = hsv(0.08, between(rng, 0.2, 0.5), between(rng, 0.1, 0.4));
    let bark = surface(rng, bark);
    let bark = scene.material(bark);
    let height = span(rng, 1.0, 3.0);
    let top = place + Vector3::new(0.0, height, 0.0);
    let radius = span(rng, 0.06, 0.25);
    scene.rod(place, &top, [radius, radius * 0.7], bark);
    let leaves = leaves(rng);
    let leaves = scene.material(leaves);
    for _ in 0..2 + rng.below(4) {
        let off = Vector3::new(
            span(rng, -0.8, 0.8),
            span(rng, 0.0, 1.5),
            span(rng, -0.8, 0.8),
        );
        let half = Vector3::new(
            span(rng, 0.5, 1.4),
            span(rng, 0.4, 1.2),
            span(rng, 0.5, 1.4),
        );
        scene.ball(&(top + off), &half, 0.7, leaves);
    }
}

fn leaves(rng: &mut SeededRng) -> Material {
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

/// Posts and rails across the view, behind the person.
fn fence(rng: &mut SeededRng, scene: &mut Scene, camera: &Vector3<f32>) {
    let colour = any_colour(rng);
    let material = scene.material(Material::plain(colour));
    let away = -Vector3::new(camera.x, 0.0, camera.z);
    let away = away.try_normalize(1e-6).unwrap_or_else(Vector3::z);
    let beside = away.cross(&Vector3::y());
    let middle = away * span(rng, 1.2, 5.0);
    let height = span(rng, 0.8, 1.6);
    let apart = span(rng, 0.12, 1.0);
    for post in -24_i8..=24 {
        let foot = middle + beside * (f32::from(post) * apart);
        scene.rod(
            &foot,
            &(foot + Vector3::new(0.0, height, 0.0)),
            [0.02; 2],
            material,
        );
    }
    for rail in 1..=2_u8 {
        let up = Vector3::new(0.0, height * f32::from(rail) * 0.48, 0.0);
        let reach = beside * (24.0 * apart);
        scene.rod(
            &(middle + up - reach),
            &(middle + up + reach),
            [0.025; 2],
            material,
        );
    }
}

fn green(rng: &mut SeededRng, scene: &mut Scene, camera: &Vector3<f32>) {
    let mut lawn = leaves(rng);
    lawn.folds = 0.0;
    lawn.mottle = [span(rng, 0.1, 0.4), span(rng, 0.01, 0.2)];
    let lawn = scene.material(lawn);
    ground(scene, 150.0, lawn);
    if chance(rng, 0.4) {
        // A path under the person.
        let colour = hsv(0.09, between(rng, 0.0, 0.3), between(rng, 0.4, 0.8));
        let path = surface(rng, colour);
        let path = scene.material(path);
        let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), span(rng, -0.3, 0.3));
        let half = span(rng, 0.6, 2.0);
        let corner = |x: f32, z: f32| turn * Vector3::new(x * half, 0.003, z * 60.0);
        scene.flat(
            &[
                corner(-1.0, 1.0),
                corner(1.0, 1.0),
                corner(1.0, -1.0),
                corner(-1.0, -1.0),
            ],
            path,
        );
    }
    if chance(rng, 0.6) {
        // A hedge or the edge of a wood.
        let hedge = leaves(rng);
        let hedge = scene.material(hedge);
        let middle = beyond(rng, camera, 5.0, 30.0);
        let height = span(rng, 1.0, 8.0);
        let across = middle
            .cross(&Vector3::y())
            .try_normalize(1e-6)
            .unwrap_or_else(Vector3::x);
        for part in -8_i8..=8 {
            let place = middle + across * (f32::from(part) * height * 0.7);
            let up = Vector3::new(0.0, height * 0.3, 0.0);
            let half = Vector3::new(0.6, span(rng, 0.5, 0.9), 0.6) * height;
            scene.ball(&(place + up), &half, 0.9, hedge);
        }
    }
    for _ in 0..rng.below(6) {
        let place = beyond(rng, camera, 2.5, 20.0);
        if chance(rng, 0.7) {
            tree(rng, scene, &place);
        } else {
            furniture(rng, scene, camera, &place);
        }
    }
    if chance(rng, 0.3) {
        fence(rng, scene, camera);
    }
}

/// One sweep of a colour, or of two.
fn studio(rng: &mut SeededRng, scene: &mut Scene, favourite: Colour) {
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
fn nowhere(rng: &mut SeededRng, scene: &mut Scene) {
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

/// Puts something between person and camera that hides a part of the person.
pub(super) fn obstruct(
    rng: &mut SeededRng,
    scene: &mut Scene,
    camera: &Vector3<f32>,
    stature: f32,
) {
    let towards = Vector3::new(camera.x, 0.0, camera.z);
    let distance = towards.norm().max(0.5);
    let towards = towards / distance;
    let beside = towards.cross(&Vector3::y());
    let near = span(rng, 0.5, 0.75).min(distance * 0.45).max(0.45);
    let colour = any_colour(rng);
    let material = wall(rng, colour);
    let material = scene.material(material);
    let yaw = camera.x.atan2(camera.z) + span(rng, -0.5, 0.5);
    let off = beside * span(rng, -0.35, 0.35);
    let place = towards * near + off;
    match rng.below(4) {
        // Something low before the legs.
        0 => {
            let size = Vector3::new(span(rng, 0.3, 1.5), stature * span(rng, 0.1, 0.5), 0.2);
            scene.cuboid(&place, &size, yaw, material);
        }
        // A post.
        1 => {
            let radius = span(rng, 0.02, 0.1);
            let top = place + Vector3::new(0.0, 3.0, 0.0);
            scene.rod(&place, &top, [radius; 2], material);
        }
        // Something at the edge, over the whole height.
        2 => {
            let side = if chance(rng, 0.5) { 1.0 } else { -1.0 };
            let width = span(rng, 0.2, 0.6);
            let edge = towards * near + beside * (side * (width * 0.5 + span(rng, 0.05, 0.3)));
            scene.cuboid(&edge, &Vector3::new(width, 2.6, 0.1), yaw, material);
        }
        // A plank, hanging.
        _ => {
            let up = Vector3::new(0.0, stature * span(rng, 0.2, 0.8), 0.0);
            let size = Vector3::new(span(rng, 0.2, 0.8), span(rng, 0.05, 0.25), 0.1);
            scene.cuboid(&(place + up), &size, yaw, material);
        }
    }
}

/// What somebody sits on, under hips at this place.
pub(super) fn seat(rng: &mut SeededRng, scene: &mut Scene, hips: &Vector3<f32>, thickness: f32) {
    let colour = any_colour(rng);
    let material = wall(rng, colour);
    let material = scene.material(material);
    let top = (hips.y - thickness).max(0.1);
    let place = Vector3::new(hips.x, 0.0, hips.z - 0.03);
    let size = Vector3::new(span(rng, 0.38, 0.6), top - 0.04, span(rng, 0.36, 0.5));
    if chance(rng, 0.5) {
        scene.cuboid(
            &place,
            &(size + Vector3::new(0.0, 0.04, 0.0)),
            0.0,
            material,
        );
    } else {
        table(scene, &place, &size, 0.0, material);
    }
    if chance(rng, 0.6) {
        let back = place + Vector3::new(0.0, top, -size.z * 0.5 - 0.06);
        let size = Vector3::new(size.x, span(rng, 0.3, 0.6), 0.04);
        scene.cuboid(&back, &size, 0.0, material);
    }
}
