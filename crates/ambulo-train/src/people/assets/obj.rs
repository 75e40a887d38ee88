//! Meshes of Wavefront OBJ files, as far as `MakeHuman` uses them: vertices, faces, groups.

use nalgebra::Vector3;

/// A mesh: its vertices in the file's unit and its triangles, group by group.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Obj {
    /// Places of the vertices.
    pub(crate) vertices: Vec<Vector3<f32>>,
    /// Groups in the order in which the file first names them; what comes before any name is in `""`.
    pub(crate) groups: Vec<Group>,
}

/// Faces under one name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Group {
    /// The name.
    pub(crate) name: String,
    /// Corners of each triangle; a face of more corners is a fan.
    pub(crate) triangles: Vec<[u32; 3]>,
}

impl Obj {
    /// Reads a file; memory is bounded by its length.
    ///
    /// # Errors
    ///
    /// What is wrong, with the number of the line.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let mut obj = Self::default();
        let mut group = 0;
        for (number, line) in text.lines().enumerate() {
            let mut words = line.split_ascii_whitespace();
            let damaged = |what: &str| format!("line {}: {what}", number + 1);
            match words.next() {
                Some("v") => {
                    let mut axis = || words.next()?.parse::<f32>().ok().filter(|x| x.is_finite());
                    let vertex = (|| Some(Vector3::new(axis()?, axis()?, axis()?)))();
                    obj.vertices
                        .push(vertex.ok_or_else(|| damaged("a vertex needs three numbers"))?);
                }
                Some("g") => {
                    let name = words.next().unwrap_or_default();
                    group = obj.group_index(name);
                }
                Some("f") => {
                    if obj.groups.is_empty() {
                        group = obj.group_index("");
                    }
                    let corners = words
                        .map(corner)
                        .collect::<Option<Vec<u32>>>()
                        .filter(|corners| corners.len() >= 3)
                        .ok_or_else(|| damaged("a face needs three corners or more"))?;
                    for pair in corners[1..].windows(2) {
                        obj.groups[group]
                            .triangles
                            .push([corners[0], pair[0], pair[1]]);
                    }
                }
                _ => {}
            }
        }
        let count = obj.vertices.len();
        let mut corners = obj.groups.iter().flat_map(|g| g.triangles.iter().flatten());
        if corners.any(|&corner| corner as usize >= count) {
            return Err(format!(
                "a face names a vertex beyond the {count} there are"
            ));
        }
        Ok(obj)
    }

    /// The triangles of a group, if there is one of this name.
    pub(crate) fn group(&self, name: &str) -> Option<&[[u32; 3]]> {
        let group = self.groups.iter().find(|group| group.name == name)?;
        Some(&group.triangles)
    }

    fn group_index(&mut self, name: &str) -> usize {
        if let Some(index) = self.groups.iter().position(|group| group.name == name) {
            return index;
        }
        self.groups.push(Group {
            name: name.to_owned(),
            triangles: Vec::new(),
        });
        self.groups.len() - 1
    }
}

/// The vertex of a corner such as `12/34`, counted from 0.
fn corner(word: &str) -> Option<u32> {
    let vertex = word.split('/').next()?;
    vertex.parse::<u32>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_becomes_two_triangles_of_its_group() {
        let text = b"# x\nv 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\ng floor\nf 1/1 2/2 3/3 4/4\n";
        let obj = Obj::parse(text).unwrap();
        assert_eq!(obj.vertices.len(), 4);
        assert_eq!(obj.group("floor").unwrap(), [[0, 1, 2], [0, 2, 3]]);
        assert_eq!(obj.group("roof"), None);
    }

    #[test]
    fn damage_is_named_by_its_line() {
        assert!(Obj::parse(b"v 0 0\n").unwrap_err().contains("line 1"));
        assert!(
            Obj::parse(b"v 0 0 0\nf 1 1\n")
                .unwrap_err()
                .contains("line 2")
        );
        assert!(
            Obj::parse(b"v 0 0 0\nf 1 1 2\n")
                .unwrap_err()
                .contains("beyond")
        );
        assert!(Obj::parse(b"v 0 0 0\nf 0 1 1\n").is_err());
        assert!(Obj::parse(&[0xFF, 0xFE]).is_err());
        assert!(Obj::parse(b"v nan 0 0").is_err());
    }
}
