//! Streets and lawns, with what stands along them.

use ambulo::synth::SeededRng;
use nalgebra::{Rotation3, Vector3};

use super::surfaces::{leaves, pale, surface, wall};
use super::things::{furniture, ground};
use crate::film::{between, chance};
use crate::people::material::{Colour, Material, Pattern};
use crate::people::scene::Scene;
use crate::people::wardrobe::{any_colour, hsv, span};

pub(super) fn street(rng: &mut SeededRng, scene: &mut Scene, camera: &Vector3<f32>) {
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

pub(super) fn green(rng: &mut SeededRng, scene: &mut Scene, camera: &Vector3<f32>) {
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

/// A place behind the person or beside the view.
fn beyond(rng: &mut SeededRng, camera: &Vector3<f32>, near: f64, far: f64) -> Vector3<f32> {
    let away = -Vector3::new(camera.x, 0.0, camera.z);
    let away = away.try_normalize(1e-6).unwrap_or_else(Vector3::z);
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), span(rng, -1.2, 1.2));
    turn * away * span(rng, near, far)
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
