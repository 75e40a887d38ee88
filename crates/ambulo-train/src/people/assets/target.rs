//! Morph targets: how far each vertex of the base mesh moves for a trait of the body.

use std::io::Read as _;

use nalgebra::Vector3;

/// More bytes than any target unpacks to.
const MOST_BYTES: u64 = 8 << 20;

/// One trait: vertices and how far they move, in the base mesh's unit.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Target {
    /// Each vertex that moves, in ascending order, and its way.
    pub(crate) moves: Vec<(u32, Vector3<f32>)>,
}

impl Target {
    /// Reads a packed file (gzip) for a mesh of `vertices` vertices.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub(crate) fn parse_packed(bytes: &[u8], vertices: usize) -> Result<Self, String> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes)
            .take(MOST_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| format!("it cannot be unpacked: {error}"))?;
        Self::parse(&text, vertices)
    }

    /// Reads the text of a file: a vertex and three numbers a line.
    fn parse(text: &str, vertices: usize) -> Result<Self, String> {
        let mut moves = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            let entry = (|| {
                let vertex: u32 = words.next()?.parse().ok()?;
                let mut axis = || words.next()?.parse::<f32>().ok().filter(|x| x.is_finite());
                Some((vertex, Vector3::new(axis()?, axis()?, axis()?)))
            })();
            let entry = entry
                .filter(|(vertex, _)| (*vertex as usize) < vertices)
                .ok_or_else(|| format!("line {}: not a vertex and its way", number + 1))?;
            moves.push(entry);
        }
        moves.sort_by_key(|(vertex, _)| *vertex);
        Ok(Self { moves })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_read_and_vertices_beyond_the_mesh_refused() {
        let target = Target::parse("# y\n3 .5 0 -1\n1 0 0 2\n", 4).unwrap();
        assert_eq!(target.moves[0], (1, Vector3::new(0.0, 0.0, 2.0)));
        assert_eq!(target.moves[1], (3, Vector3::new(0.5, 0.0, -1.0)));
        assert!(Target::parse("4 0 0 0", 4).unwrap_err().contains("line 1"));
        assert!(Target::parse("1 0 0", 4).is_err());
        assert!(Target::parse_packed(b"no gzip", 4).is_err());
    }
}
