//! From samples to light: the colour of every pixel.

use nalgebra::Vector3;

use super::light::Light;
use super::material::{Colour, clouds, noise};
use super::raster::{Lens, NOTHING, SPLIT, Samples};
use super::scene::Scene;

/// What is seen where there is nothing.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sky {
    /// From the horizon to the zenith, with clouds of this strength.
    Open {
        horizon: Colour,
        zenith: Colour,
        clouds: f32,
        seed: u32,
    },
    /// A picture of patches over the picture's own plane: colours, and the size of patches in pixels.
    Backdrop {
        one: Colour,
        other: Colour,
        size_px: f32,
        seed: u32,
    },
}

impl Sky {
    fn colour(&self, ray: &Vector3<f32>, x_px: f32, y_px: f32) -> Colour {
        match self {
            Self::Open {
                horizon,
                zenith,
                clouds: strength,
                seed,
            } => {
                let up = ray.y / ray.norm();
                let own = horizon.lerp(zenith, (up * 1.6).clamp(0.0, 1.0));
                if *strength == 0.0 || up < 0.01 {
                    return own;
                }
                let place = Vector3::new(ray.x, 0.0, ray.z) / (ray.y.abs() + 0.15) * 1.3;
                let cover = ((clouds(&place, *seed) - 0.5) * 3.0).clamp(0.0, 1.0) * strength;
                own.lerp(&Colour::new(0.85, 0.86, 0.88), cover)
            }
            Self::Backdrop {
                one,
                other,
                size_px,
                seed,
            } => {
                let place = Vector3::new(x_px, y_px, 0.0) / *size_px;
                let share = ((clouds(&place, *seed) - 0.5) * 2.5 + 0.5).clamp(0.0, 1.0);
                one.lerp(other, share)
            }
        }
    }
}

/// The light of each pixel, row by row.
///
/// A pixel's samples that see the same material of the same owner are shaded once.
pub(super) fn shade(
    scene: &Scene,
    seen: &[Vector3<f32>],
    lens: &Lens,
    samples: &Samples,
    light: &Light,
    sky: &Sky,
) -> Vec<Colour> {
    let (width, height) = (samples.columns / SPLIT, samples.rows / SPLIT);
    let world_from_camera = lens.camera_from_world.transpose();
    let mut pixels = Vec::with_capacity(width * height);
    for row in 0..height {
        for column in 0..width {
            let mut done = [(u32::MAX, Colour::zeros()); SPLIT * SPLIT];
            let mut kinds = 0;
            let mut sum = Colour::zeros();
            for part in 0..SPLIT * SPLIT {
                let (x, y) = (column * SPLIT + part % SPLIT, row * SPLIT + part / SPLIT);
                let face = samples.face[y * samples.columns + x];
                let kind = kind_of(scene, face);
                if let Some((_, colour)) = done[..kinds].iter().find(|(known, _)| *known == kind) {
                    sum += colour;
                    continue;
                }
                let [x_px, y_px] = Samples::place_px(x, y);
                let ray = lens.ray(x_px, y_px);
                let colour = if face == NOTHING {
                    sky.colour(&(world_from_camera * ray), x_px, y_px)
                } else {
                    surface(scene, seen, face, &ray, lens, light)
                };
                done[kinds] = (kind, colour);
                kinds += 1;
                sum += colour;
            }
            pixels.push(sum / (SPLIT * SPLIT) as f32);
        }
    }
    pixels
}

fn kind_of(scene: &Scene, face: u32) -> u32 {
    match scene.faces.get(face as usize) {
        Some(face) => u32::from(face.material) << 8 | u32::from(face.owner),
        None => u32::MAX - 1,
    }
}

/// The colour of a face where a ray meets it.
fn surface(
    scene: &Scene,
    seen: &[Vector3<f32>],
    face: u32,
    ray: &Vector3<f32>,
    lens: &Lens,
    light: &Light,
) -> Colour {
    let face = &scene.faces[face as usize];
    let [a, b, c] = face.corners.map(|corner| seen[corner as usize]);
    let shares = Vector3::new(
        ray.dot(&b.cross(&c)),
        ray.dot(&c.cross(&a)),
        ray.dot(&a.cross(&b)),
    );
    let sum = shares.x + shares.y + shares.z;
    let shares = if sum.abs() > 1e-20 {
        (shares / sum).map(|share| share.clamp(0.0, 1.0))
    } else {
        Vector3::new(1.0, 0.0, 0.0)
    };
    let corners = face.corners.map(|corner| &scene.vertices[corner as usize]);
    let [a, b, c] = corners;
    let place = a.place * shares.x + b.place * shares.y + c.place * shares.z;
    let pattern = a.pattern * shares.x + b.pattern * shares.y + c.pattern * shares.z;
    let mut normal = a.normal * shares.x + b.normal * shares.y + c.normal * shares.z;
    let material = &scene.materials[usize::from(face.material)];
    if material.folds > 0.0 {
        let at = |axis: Vector3<f32>| {
            noise(
                &((pattern + axis * 0.2).component_mul(&FOLD)),
                material.seed,
            )
        };
        let push = Vector3::new(at(Vector3::x()), at(Vector3::y()), at(Vector3::z()));
        normal += (push - Vector3::repeat(0.5)) * material.folds;
    }
    let towards = (lens.position - place)
        .try_normalize(1e-6)
        .unwrap_or_else(Vector3::y);
    let mut normal = normal.try_normalize(1e-6).unwrap_or_else(Vector3::y);
    if normal.dot(&towards) < 0.0 && !face.closed {
        normal = -normal;
    }
    let own = material.colour_at(&pattern, &normal);
    let mut colour = own.component_mul(&light.at(&place, &normal));
    if material.shine > 0.0 {
        let half = (towards + light.towards)
            .try_normalize(1e-6)
            .unwrap_or(towards);
        let close = normal.dot(&half).max(0.0);
        let close = close * close * close * close;
        let close = close * close * close * close;
        colour += light.sun * (material.shine * close);
    }
    colour
}

/// Folds a metre along each axis: cloth falls in upright folds.
const FOLD: Vector3<f32> = Vector3::new(22.0, 9.0, 22.0);
