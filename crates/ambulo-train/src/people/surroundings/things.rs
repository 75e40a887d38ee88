//! Things that stand about: ground, furniture, seats, and what hides a part of the person.

use ambulo::synth::SeededRng;
use nalgebra::{Rotation3, Vector3};

use super::surfaces::wall;
use crate::film::chance;
use crate::people::scene::Scene;
use crate::people::wardrobe::{any_colour, span};

/// Level ground.
pub(super) fn ground(scene: &mut Scene, reach: f32, material: u16) {
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

pub(super) fn furniture(
    rng: &mut SeededRng,
    scene: &mut Scene,
    camera: &Vector3<f32>,
    place: &Vector3<f32>,
) {
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

/// Whether something at a place of this size leaves person and view free.
fn is_clear(place: &Vector3<f32>, reach: f32, camera: &Vector3<f32>) -> bool {
    let flat = |v: &Vector3<f32>| Vector3::new(v.x, 0.0, v.z);
    let (place, camera) = (flat(place), flat(camera));
    let along = (place.dot(&camera) / camera.norm_squared().max(1e-6)).clamp(0.0, 1.2);
    (place - camera * along).norm() > reach + 0.55
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

/// Puts something between person and camera that hides a part of the person.
pub(in crate::people) fn obstruct(
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
pub(in crate::people) fn seat(
    rng: &mut SeededRng,
    scene: &mut Scene,
    hips: &Vector3<f32>,
    thickness: f32,
) {
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
