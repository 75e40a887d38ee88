//! A scene of triangles: who or what each belongs to, and simple solids.

use nalgebra::{Rotation3, Vector3};

use super::material::Material;

/// Owner of what belongs to nobody.
pub(super) const SCENERY: u8 = 0;
/// Owner of the person that is labelled.
pub(super) const SUBJECT: u8 = 1;

/// A corner of faces, in world space: metres, Y up, ground at 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Vertex {
    pub(super) place: Vector3<f32>,
    pub(super) normal: Vector3<f32>,
    /// Where it lies in its material's pattern.
    pub(super) pattern: Vector3<f32>,
}

/// A triangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Face {
    pub(super) corners: [u32; 3],
    pub(super) material: u16,
    /// [`SCENERY`], [`SUBJECT`], or another person.
    pub(super) owner: u8,
    /// Of a person: the bone that it follows most.
    pub(super) part: u8,
    /// Part of a closed surface, which is never seen from within.
    pub(super) closed: bool,
}

/// Everything that is filmed.
#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    pub(super) vertices: Vec<Vertex>,
    pub(super) faces: Vec<Face>,
    pub(super) materials: Vec<Material>,
}

impl Scene {
    /// A material's number.
    pub(super) fn material(&mut self, material: Material) -> u16 {
        self.materials.push(material);
        u16::try_from(self.materials.len() - 1).unwrap_or(u16::MAX)
    }

    /// The next vertex's number.
    pub(super) fn next_vertex(&self) -> u32 {
        u32::try_from(self.vertices.len()).unwrap_or(u32::MAX)
    }

    /// The vertices that faces use, in ascending order.
    pub(super) fn used_vertices(&self) -> Vec<usize> {
        let mut used = vec![false; self.vertices.len()];
        for corner in self.faces.iter().flat_map(|face| face.corners) {
            used[corner as usize] = true;
        }
        (0..used.len()).filter(|vertex| used[*vertex]).collect()
    }

    /// A flat piece of scenery: a fan of corners, patterned by their places.
    pub(super) fn flat(&mut self, corners: &[Vector3<f32>], material: u16) {
        let [a, b, c, ..] = corners else {
            return;
        };
        let Some(normal) = (b - a).cross(&(c - a)).try_normalize(1e-12) else {
            return;
        };
        let first = self.next_vertex();
        for place in corners {
            self.vertices.push(Vertex {
                place: *place,
                normal,
                pattern: *place,
            });
        }
        let count = u32::try_from(corners.len()).unwrap_or(0);
        for corner in 1..count.saturating_sub(1) {
            self.scenery_face([first, first + corner, first + corner + 1], material);
        }
    }

    fn scenery_face(&mut self, corners: [u32; 3], material: u16) {
        self.faces.push(Face {
            corners,
            material,
            owner: SCENERY,
            part: 0,
            closed: false,
        });
    }

    /// A box: the middle of its bottom, its size, turned about the vertical.
    pub(super) fn cuboid(
        &mut self,
        bottom: &Vector3<f32>,
        size: &Vector3<f32>,
        yaw: f32,
        material: u16,
    ) {
        let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), yaw);
        let corner = |x: f32, y: f32, z: f32| {
            bottom + turn * Vector3::new(x * size.x * 0.5, y * size.y, z * size.z * 0.5)
        };
        let sides = [
            [[-1., 0., 1.], [1., 0., 1.], [1., 1., 1.], [-1., 1., 1.]],
            [[1., 0., -1.], [-1., 0., -1.], [-1., 1., -1.], [1., 1., -1.]],
            [[1., 0., 1.], [1., 0., -1.], [1., 1., -1.], [1., 1., 1.]],
            [[-1., 0., -1.], [-1., 0., 1.], [-1., 1., 1.], [-1., 1., -1.]],
            [[-1., 1., 1.], [1., 1., 1.], [1., 1., -1.], [-1., 1., -1.]],
            [[-1., 0., -1.], [1., 0., -1.], [1., 0., 1.], [-1., 0., 1.]],
        ];
        for side in sides {
            self.flat(&side.map(|[x, y, z]| corner(x, y, z)), material);
        }
    }

    /// A rod between two places, thick at the first end and the second.
    pub(super) fn rod(
        &mut self,
        from: &Vector3<f32>,
        to: &Vector3<f32>,
        radii: [f32; 2],
        material: u16,
    ) {
        const SIDES: u32 = 10;
        let Some(axis) = (to - from).try_normalize(1e-6) else {
            return;
        };
        let beside = if axis.y.abs() < 0.9 {
            axis.cross(&Vector3::y())
        } else {
            axis.cross(&Vector3::x())
        };
        let Some(one) = beside.try_normalize(1e-6) else {
            return;
        };
        let other = axis.cross(&one);
        let first = self.next_vertex();
        for side in 0..SIDES {
            let (sin, cos) = (std::f32::consts::TAU * side as f32 / SIDES as f32).sin_cos();
            let normal = one * cos + other * sin;
            for (end, radius) in [(from, radii[0]), (to, radii[1])] {
                let place = end + normal * radius;
                self.vertices.push(Vertex {
                    place,
                    normal,
                    pattern: place,
                });
            }
        }
        for side in 0..SIDES {
            let [a, b] = [first + side * 2, first + (side + 1) % SIDES * 2];
            self.scenery_face([a, b, b + 1], material);
            self.scenery_face([a, b + 1, a + 1], material);
        }
    }

    /// An uneven ball: its middle, its half axes, how uneven it is.
    pub(super) fn ball(
        &mut self,
        middle: &Vector3<f32>,
        half: &Vector3<f32>,
        uneven: f32,
        material: u16,
    ) {
        const RINGS: u32 = 9;
        const SIDES: u32 = 14;
        let first = self.next_vertex();
        for ring in 0..=RINGS {
            let (sin, cos) = (std::f32::consts::PI * ring as f32 / RINGS as f32).sin_cos();
            for side in 0..SIDES {
                let (sin_side, cos_side) =
                    (std::f32::consts::TAU * side as f32 / SIDES as f32).sin_cos();
                let normal = Vector3::new(sin * cos_side, cos, sin * sin_side);
                let rough = super::material::noise(&(normal * 2.0 + middle), 3) - 0.5;
                let place = middle + normal.component_mul(half) * (1.0 + uneven * rough);
                self.vertices.push(Vertex {
                    place,
                    normal,
                    pattern: place,
                });
            }
        }
        for ring in 0..RINGS {
            for side in 0..SIDES {
                let at = |ring: u32, side: u32| first + ring * SIDES + side % SIDES;
                let [a, b] = [at(ring, side), at(ring, side + 1)];
                let [c, d] = [at(ring + 1, side), at(ring + 1, side + 1)];
                self.scenery_face([a, b, d], material);
                self.scenery_face([a, d, c], material);
            }
        }
    }
}

/// Adds to each vertex's normal what the triangles around it say, weighted by their size.
pub(super) fn normals(places: &[Vector3<f32>], triangles: &[[u32; 3]]) -> Vec<Vector3<f32>> {
    let mut normals = vec![Vector3::zeros(); places.len()];
    for corners in triangles {
        let [a, b, c] = corners.map(|corner| places[corner as usize]);
        let normal = (b - a).cross(&(c - a));
        for corner in corners {
            normals[*corner as usize] += normal;
        }
    }
    for normal in &mut normals {
        *normal = normal.try_normalize(1e-12).unwrap_or_else(Vector3::y);
    }
    normals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::material::Colour;

    #[test]
    fn solids_have_outward_normals() {
        let mut scene = Scene::default();
        let material = scene.material(Material::plain(Colour::zeros()));
        scene.cuboid(
            &Vector3::zeros(),
            &Vector3::new(2.0, 2.0, 2.0),
            0.4,
            material,
        );
        let middle = Vector3::new(0.0, 1.0, 0.0);
        assert_eq!(scene.faces.len(), 12);
        for vertex in &scene.vertices {
            assert!((vertex.place - middle).dot(&vertex.normal) > 0.5);
        }
        let mut scene = Scene::default();
        scene.rod(
            &Vector3::zeros(),
            &Vector3::new(0.0, 0.0, 2.0),
            [0.1, 0.1],
            0,
        );
        assert!(
            scene
                .vertices
                .iter()
                .all(|v| v.place.xy().dot(&v.normal.xy()) > 0.09)
        );
    }
}
