//! Fitted meshes (clothes, shoes, hair): how each of their vertices hangs on three of the base mesh.

use nalgebra::Vector3;

/// How a mesh hangs on the base mesh, as a `.mhclo` file says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fit {
    /// One entry a vertex of the mesh.
    pub(crate) anchors: Vec<Anchor>,
    /// For each axis: two vertices of the base mesh and their distance along it, in the base mesh's
    /// unit, at which offsets hold; they grow with that distance.
    pub(crate) scales: [Option<(u32, u32, f32)>; 3],
    /// Vertices of the base mesh that the mesh hides: first and last of each range.
    pub(crate) hides: Vec<(u32, u32)>,
}

/// Where one vertex hangs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Anchor {
    /// Vertices of the base mesh.
    pub(crate) vertices: [u32; 3],
    /// Their shares.
    pub(crate) weights: [f32; 3],
    /// From their weighted mean to the vertex.
    pub(crate) offset: Vector3<f32>,
}

impl Fit {
    /// Reads a file for a base mesh of `vertices` vertices.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse(bytes: &[u8], vertices: usize) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let mut fit = Self {
            anchors: Vec::new(),
            scales: [None; 3],
            hides: Vec::new(),
        };
        let (mut in_anchors, mut in_hidden) = (false, false);
        for (number, line) in text.lines().enumerate() {
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            let Some(&first) = words.first() else {
                continue;
            };
            let damaged = || format!("line {}: not what a fitted mesh holds", number + 1);
            if in_anchors && first.bytes().all(|byte| byte.is_ascii_digit()) {
                fit.anchors.push(anchor(&words).ok_or_else(damaged)?);
                continue;
            }
            if in_hidden && first.bytes().all(|byte| byte.is_ascii_digit()) {
                ranges(&words, &mut fit.hides).ok_or_else(damaged)?;
                continue;
            }
            // Other lines may stand between a heading and its entries.
            match first {
                "verts" => (in_anchors, in_hidden) = (true, false),
                "delete_verts" => (in_anchors, in_hidden) = (false, true),
                _ => {}
            }
            let axis = match first {
                "x_scale" => 0,
                "y_scale" => 1,
                "z_scale" => 2,
                _ => continue,
            };
            fit.scales[axis] = Some(scale(&words).ok_or_else(damaged)?);
        }
        let named = fit.anchors.iter().flat_map(|anchor| anchor.vertices);
        let scaled = fit.scales.iter().flatten().flat_map(|(a, b, _)| [*a, *b]);
        let hidden = fit.hides.iter().flat_map(|(first, last)| [*first, *last]);
        if named
            .chain(scaled)
            .chain(hidden)
            .any(|vertex| vertex as usize >= vertices)
        {
            return Err(format!(
                "it names a vertex beyond the {vertices} of the base mesh"
            ));
        }
        if fit.anchors.is_empty() {
            return Err("it fits no vertex".to_owned());
        }
        Ok(fit)
    }
}

fn number(word: &str) -> Option<f32> {
    word.parse::<f32>().ok().filter(|x| x.is_finite())
}

fn anchor(words: &[&str]) -> Option<Anchor> {
    match words {
        [vertex] => {
            let vertex = vertex.parse().ok()?;
            Some(Anchor {
                vertices: [vertex; 3],
                weights: [1.0, 0.0, 0.0],
                offset: Vector3::zeros(),
            })
        }
        [a, b, c, wa, wb, wc, x, y, z] => Some(Anchor {
            vertices: [a.parse().ok()?, b.parse().ok()?, c.parse().ok()?],
            weights: [number(wa)?, number(wb)?, number(wc)?],
            offset: Vector3::new(number(x)?, number(y)?, number(z)?),
        }),
        _ => None,
    }
}

/// Ranges such as `3 - 7 9 12 - 13`.
fn ranges(words: &[&str], to: &mut Vec<(u32, u32)>) -> Option<()> {
    let mut words = words.iter().peekable();
    while let Some(first) = words.next() {
        let first = first.parse().ok()?;
        let mut last = first;
        if words.next_if(|word| **word == "-").is_some() {
            last = words.next()?.parse().ok()?;
        }
        to.push((first, last));
    }
    Some(())
}

fn scale(words: &[&str]) -> Option<(u32, u32, f32)> {
    let [_, a, b, distance] = words else {
        return None;
    };
    let distance = number(distance).filter(|d| *d > 0.0)?;
    Some((a.parse().ok()?, b.parse().ok()?, distance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_and_scales_are_read() {
        let text = b"name hat\nx_scale 1 2 0.5\nverts 0\nmaterial m\n 3\n0 1 2 0.5 0.25 0.25 0 1 0\ndelete_verts\n0 - 3 5\n";
        let fit = Fit::parse(text, 6).unwrap();
        assert_eq!(fit.anchors.len(), 2);
        assert_eq!(fit.anchors[0].vertices, [3; 3]);
        assert!((fit.anchors[1].weights[2] - 0.25).abs() < 1e-6);
        assert!(matches!(fit.scales, [Some((1, 2, _)), None, None]));
        assert_eq!(fit.hides, [(0, 3), (5, 5)]);
    }

    #[test]
    fn damaged_files_are_refused() {
        assert!(
            Fit::parse(b"verts 0\n4\n", 4)
                .unwrap_err()
                .contains("beyond")
        );
        assert!(
            Fit::parse(b"verts 0\n1 2 3\n", 4)
                .unwrap_err()
                .contains("line 2")
        );
        assert!(Fit::parse(b"x_scale 1 2 0\nverts 0\n1\n", 4).is_err());
        assert!(Fit::parse(b"verts 0\n1\ndelete_verts\n0 - 4\n", 4).is_err());
        assert!(
            Fit::parse(b"name hat\n", 4)
                .unwrap_err()
                .contains("no vertex")
        );
    }
}
