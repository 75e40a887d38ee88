//! Light: a sun or lamp with cast shadows, and light from all around.

use nalgebra::Vector3;

use super::material::Colour;
use super::raster::Samples;
use super::scene::Scene;

/// Samples of the shadow map along each side, and how much it covers, in metres.
const MAP: usize = 288;
const REACH_M: f32 = 4.8;
/// What is less than this behind a surface is not in its shadow, in metres.
const BIAS_M: f32 = 0.025;
/// Keeps distances along the light positive.
const OFFSET_M: f32 = 50.0;

/// How a scene is lit.
#[derive(Debug, Clone)]
pub(super) struct Light {
    /// Towards the sun or lamp.
    pub(super) towards: Vector3<f32>,
    /// Its light.
    pub(super) sun: Colour,
    /// Light from above.
    pub(super) sky: Colour,
    /// Light from below.
    pub(super) ground: Colour,
    /// Where feet stand and how near the ground they are: the ground is darker there.
    pub(super) contacts: Vec<(Vector3<f32>, f32)>,
    shadow: Option<Shadow>,
}

#[derive(Debug, Clone)]
struct Shadow {
    middle: Vector3<f32>,
    axes: [Vector3<f32>; 2],
    map: Samples,
}

impl Light {
    /// Light that casts no shadow yet.
    pub(super) fn new(towards: Vector3<f32>, sun: Colour, sky: Colour, ground: Colour) -> Self {
        Self {
            towards: towards.try_normalize(1e-6).unwrap_or_else(Vector3::y),
            sun,
            sky,
            ground,
            contacts: Vec::new(),
            shadow: None,
        }
    }

    /// Finds what is in shadow around a place.
    pub(super) fn cast(&mut self, scene: &Scene, middle: &Vector3<f32>) {
        let spare = if self.towards.y.abs() < 0.9 {
            Vector3::y()
        } else {
            Vector3::x()
        };
        let Some(one) = self.towards.cross(&spare).try_normalize(1e-6) else {
            return;
        };
        let axes = [one, self.towards.cross(&one)];
        let mut shadow = Shadow {
            middle: *middle,
            axes,
            map: Samples::new(MAP, MAP),
        };
        let placed: Vec<[f32; 3]> = scene
            .vertices
            .iter()
            .map(|vertex| shadow.place(&self.towards, &vertex.place))
            .collect();
        let far = MAP as f32 * 3.0;
        for face in &scene.faces {
            let corners = face.corners.map(|corner| placed[corner as usize]);
            // Walls and floors are larger than any shadow that matters here.
            let small = corners
                .iter()
                .all(|[x, y, _]| x.abs() < far && y.abs() < far);
            if small {
                shadow.map.fill(corners, 0);
            }
        }
        self.shadow = Some(shadow);
    }

    /// The light that a white surface at a place sends to all sides.
    pub(super) fn at(&self, place: &Vector3<f32>, normal: &Vector3<f32>) -> Colour {
        let above = 0.5 + 0.5 * normal.y;
        let mut all = self.ground.lerp(&self.sky, above);
        if place.y < 0.02 && normal.y > 0.5 {
            for (foot, weight) in &self.contacts {
                let off = (place - foot).xz().norm_squared() / (0.13 * 0.13);
                all *= 1.0 - 0.55 * weight * (-off).exp();
            }
        }
        let facing = normal.dot(&self.towards);
        if facing <= 0.0 {
            return all;
        }
        let lit = match &self.shadow {
            Some(shadow) => shadow.lit(&self.towards, place, normal),
            None => 1.0,
        };
        all + self.sun * (facing * lit)
    }
}

impl Shadow {
    /// Column, row and height towards the light, in samples and metres.
    fn place(&self, towards: &Vector3<f32>, place: &Vector3<f32>) -> [f32; 3] {
        let off = place - self.middle;
        let scale = MAP as f32 / REACH_M;
        let half = MAP as f32 * 0.5;
        [
            off.dot(&self.axes[0]) * scale + half,
            off.dot(&self.axes[1]) * scale + half,
            off.dot(towards) + OFFSET_M,
        ]
    }

    /// The share of the light that reaches a place.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie within the map"
    )]
    fn lit(&self, towards: &Vector3<f32>, place: &Vector3<f32>, normal: &Vector3<f32>) -> f32 {
        let [x, y, height] = self.place(towards, &(place + normal * 0.012));
        let (x, y) = (x - 0.5, y - 0.5);
        let most = MAP as f32 - 2.0;
        if !(0.0..most).contains(&x) || !(0.0..most).contains(&y) {
            return 1.0;
        }
        let (column, row) = (x as usize, y as usize);
        let (across, down) = (x - column as f32, y - row as f32);
        let open = |dx: usize, dy: usize| {
            let seen = self.map.nearness[(row + dy) * MAP + column + dx];
            if seen > height + BIAS_M { 0.0 } else { 1.0 }
        };
        let top = open(0, 0) * (1.0 - across) + open(1, 0) * across;
        let bottom = open(0, 1) * (1.0 - across) + open(1, 1) * across;
        top * (1.0 - down) + bottom * down
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::material::Material;

    #[test]
    fn a_box_shades_the_ground_behind_it() {
        let mut scene = Scene::default();
        let material = scene.material(Material::plain(Colour::zeros()));
        scene.cuboid(
            &Vector3::zeros(),
            &Vector3::new(0.4, 1.0, 0.4),
            0.0,
            material,
        );
        let white = Colour::new(1.0, 1.0, 1.0);
        let mut light = Light::new(Vector3::new(1.0, 1.0, 0.0), white, white * 0.2, white * 0.1);
        light.cast(&scene, &Vector3::new(0.0, 0.5, 0.0));
        let ground = |x: f32| light.at(&Vector3::new(x, 0.0, 0.0), &Vector3::y()).x;
        assert!((ground(-0.6) - 0.2).abs() < 1e-5, "in the shadow");
        assert!(ground(0.6) > 0.8, "before the box");
        assert!(ground(-1.6) > 0.8, "beyond the shadow");
    }
}
