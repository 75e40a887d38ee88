//! The `MakeHuman` files in a folder: base mesh, rig, morph targets, clothes, shoes, hair.

pub(super) mod garment;
pub(super) mod obj;
pub(super) mod rig;
pub(super) mod target;

use std::path::{Path, PathBuf};

use nalgebra::Vector3;

use self::garment::Fit;
use self::obj::Obj;
use self::rig::{BONES, Ends, Hold, cube_vertices};
use self::target::Target;
use super::PeopleError;
use crate::motion::PARTS;

/// Metres of one unit of the base mesh.
const UNIT_M: f32 = 0.1;
/// The base mesh that all else refers to.
const VERTICES: usize = 19_158;
/// Names of the races in the names of targets.
pub(super) const RACES: [&str; 3] = ["african", "asian", "caucasian"];
/// Sexes and ages in the names of targets.
const SEXES: [&str; 2] = ["female", "male"];
const AGES: [&str; 2] = ["young", "old"];
/// Steps of muscle and weight in the names of targets.
const STEPS: [&str; 3] = ["min", "average", "max"];

/// Everything that people are made from. Metres, Y up, Z ahead of the person, X to the person's left.
#[derive(Debug)]
pub(super) struct Assets {
    /// Vertices of the base mesh.
    pub(super) base: Vec<Vector3<f32>>,
    /// Which bones each vertex follows.
    pub(super) holds: Vec<Hold>,
    /// Where the bones of [`BONES`] lie.
    pub(super) ends: Vec<Ends>,
    /// The skin's triangles.
    pub(super) skin: Vec<[u32; 3]>,
    /// Triangles of the left and right eyeball.
    pub(super) eyes: [Vec<[u32; 3]>; 2],
    /// A smooth suit around the whole body but head, hands and feet.
    pub(super) tights: Vec<[u32; 3]>,
    /// A skirt from the waist to the ankles.
    pub(super) skirt: Vec<[u32; 3]>,
    /// Vertices whose mean each point of [`ambulo::skeleton::COCO_23`] is.
    pub(super) marks: [Vec<u32>; PARTS],
    /// First and last knuckle of the left and right palm.
    pub(super) knuckles: [[Vec<u32>; 2]; 2],
    /// How bodies differ.
    pub(super) targets: Targets,
    /// Whole suits of clothes.
    pub(super) suits: Vec<Fitted>,
    /// Pairs of shoes.
    pub(super) shoes: Vec<Fitted>,
    /// Hair.
    pub(super) hair: Vec<Fitted>,
}

/// Morph targets by what they change: indices are sex (female, male), age (young, old), and so on.
#[derive(Debug)]
pub(super) struct Targets {
    /// By race, sex and age.
    pub(super) race: [[[Target; 2]; 2]; 3],
    /// By sex, age, muscle and weight (least, average, most).
    pub(super) build: [[[[Target; 3]; 3]; 2]; 2],
    /// By sex, age and whether short or tall.
    pub(super) height: [[[Target; 2]; 2]; 2],
}

/// A mesh that hangs on the base mesh.
#[derive(Debug)]
pub(super) struct Fitted {
    /// The name of its file.
    pub(super) name: String,
    /// How it hangs.
    pub(super) fit: Fit,
    /// Its own places, in metres, on a body like the base mesh.
    pub(super) own: Vec<Vector3<f32>>,
    /// Which bones each vertex follows.
    pub(super) holds: Vec<Hold>,
    /// Its triangles.
    pub(super) triangles: Vec<[u32; 3]>,
    /// For each triangle, the number of the connected piece it belongs to.
    pub(super) pieces: Vec<u16>,
}

impl Assets {
    /// Reads the folder `makehuman` of a folder of data (or that folder itself).
    ///
    /// # Errors
    ///
    /// [`PeopleError`] if a file is missing or damaged.
    pub(super) fn load(data: &Path) -> Result<Self, PeopleError> {
        let inner = data.join("makehuman");
        let folder = if inner.is_dir() {
            inner
        } else {
            data.to_owned()
        };
        if !folder.join("base.obj").is_file() {
            return Err(PeopleError::NoBodies {
                path: data.to_owned(),
            });
        }
        let mesh = parsed(&folder.join("base.obj"), |bytes| {
            let mesh = Obj::parse(bytes)?;
            if mesh.vertices.len() == VERTICES {
                Ok(mesh)
            } else {
                Err(format!(
                    "it has {} vertices, not the {VERTICES} of the base mesh hm08",
                    mesh.vertices.len()
                ))
            }
        })?;
        let ends = parsed(&folder.join("rigs/rig.cmu_mb.json"), |bytes| {
            rig::parse_bones(bytes, &mesh)
        })?;
        let holds = parsed(&folder.join("rigs/weights.cmu_mb.json"), |bytes| {
            rig::parse_holds(bytes, VERTICES)
        })?;
        let lacking = |what: &str| PeopleError::Damaged {
            path: folder.join("base.obj"),
            reason: format!("it has no group {what:?}"),
        };
        let group = |name: &str| {
            mesh.group(name)
                .map(<[_]>::to_vec)
                .ok_or_else(|| lacking(name))
        };
        let marks = marks(&mesh, &ends).ok_or_else(|| lacking("joint-l-toe-1-3"))?;
        let knuckle = |side: &str, finger: usize| {
            let name = format!("joint-{side}-finger-{finger}-1");
            cube_vertices(&mesh, &name).ok_or_else(|| lacking(&name))
        };
        let knuckles = [
            [knuckle("l", 2)?, knuckle("l", 5)?],
            [knuckle("r", 2)?, knuckle("r", 5)?],
        ];
        let clothes = folder.join("clothes_src/base");
        let mut suits = fitted_meshes(&clothes.join("clothes"), &holds)?;
        let shoes = suits
            .extract_if(.., |fitted| fitted.name.starts_with("shoes"))
            .collect();
        Ok(Self {
            skin: group("body")?,
            eyes: [group("helper-l-eye")?, group("helper-r-eye")?],
            tights: group("helper-tights")?,
            skirt: group("helper-skirt")?,
            marks,
            knuckles,
            targets: Targets::load(&folder.join("targets"))?,
            suits,
            shoes,
            hair: fitted_meshes(&clothes.join("hair"), &holds)?,
            base: mesh.vertices.iter().map(|v| v * UNIT_M).collect(),
            holds,
            ends,
        })
    }
}

impl Targets {
    fn load(folder: &Path) -> Result<Self, PeopleError> {
        let load = |name: String| {
            let path = folder.join(name);
            let mut target = parsed(&path, |bytes| Target::parse_packed(bytes, VERTICES))?;
            for (_, way) in &mut target.moves {
                *way *= UNIT_M;
            }
            Ok::<_, PeopleError>(target)
        };
        let race = each(RACES, |race| {
            each(SEXES, |sex| {
                each(AGES, |age| load(format!("{race}-{sex}-{age}.target.gz")))
            })
        })?;
        let build = each(SEXES, |sex| {
            each(AGES, |age| {
                each(STEPS, |muscle| {
                    each(STEPS, |weight| {
                        load(format!(
                            "universal-{sex}-{age}-{muscle}muscle-{weight}weight.target.gz"
                        ))
                    })
                })
            })
        })?;
        let height = each(SEXES, |sex| {
            each(AGES, |age| {
                each(["min", "max"], |most| {
                    load(format!(
                        "height/{sex}-{age}-averagemuscle-averageweight-{most}height.target.gz"
                    ))
                })
            })
        })?;
        Ok(Self {
            race,
            build,
            height,
        })
    }
}

/// One answer for each of some names.
fn each<T, E, const N: usize>(
    names: [&str; N],
    mut make: impl FnMut(&str) -> Result<T, E>,
) -> Result<[T; N], E> {
    let mut made = Vec::with_capacity(N);
    for name in names {
        made.push(make(name)?);
    }
    Ok(made
        .try_into()
        .unwrap_or_else(|_| unreachable!("as many answers as names")))
}

/// Reads and parses a file.
fn parsed<T>(
    path: &Path,
    parse: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<T, PeopleError> {
    let bytes = std::fs::read(path).map_err(|source| PeopleError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&bytes).map_err(|reason| PeopleError::Damaged {
        path: path.to_owned(),
        reason,
    })
}

/// Every fitted mesh of a folder of folders, by name; none if there is no such folder.
fn fitted_meshes(folder: &Path, holds: &[Hold]) -> Result<Vec<Fitted>, PeopleError> {
    let mut names: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_dir())
            .collect(),
        Err(_) => return Ok(Vec::new()),
    };
    names.sort();
    names
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let fit = parsed(&path.join(format!("{name}.mhclo")), |bytes| {
                Fit::parse(bytes, VERTICES)
            })?;
            let path = path.join(format!("{name}.obj"));
            let mesh = parsed(&path, Obj::parse)?;
            Fitted::new(&name, fit, &mesh, holds)
                .map_err(|reason| PeopleError::Damaged { path, reason })
        })
        .collect()
}

impl Fitted {
    fn new(name: &str, fit: Fit, mesh: &Obj, base: &[Hold]) -> Result<Self, String> {
        if fit.anchors.len() != mesh.vertices.len() {
            return Err(format!(
                "{} vertices, but the file beside it fits {}",
                mesh.vertices.len(),
                fit.anchors.len()
            ));
        }
        let holds = fit
            .anchors
            .iter()
            .map(|anchor| {
                let mut sums = [0.0; BONES.len()];
                for (vertex, weight) in anchor.vertices.iter().zip(anchor.weights) {
                    base[*vertex as usize].add_to(&mut sums, weight);
                }
                Hold::strongest(&sums)
            })
            .collect();
        let triangles: Vec<[u32; 3]> = mesh
            .groups
            .iter()
            .flat_map(|group| group.triangles.iter().copied())
            .collect();
        Ok(Self {
            name: name.to_owned(),
            fit,
            own: mesh.vertices.iter().map(|v| v * UNIT_M).collect(),
            holds,
            pieces: pieces(mesh.vertices.len(), &triangles),
            triangles,
        })
    }
}

/// Numbers the connected pieces of a mesh, triangle by triangle.
fn pieces(vertices: usize, triangles: &[[u32; 3]]) -> Vec<u16> {
    let mut parent: Vec<usize> = (0..vertices).collect();
    for &[a, b, c] in triangles {
        for other in [b, c] {
            let (a, b) = (
                root(&mut parent, a as usize),
                root(&mut parent, other as usize),
            );
            // The lower vertex leads, so numbers do not depend on the order of faces.
            parent[a.max(b)] = a.min(b);
        }
    }
    let mut roots: Vec<usize> = Vec::new();
    triangles
        .iter()
        .map(|triangle| {
            let root = root(&mut parent, triangle[0] as usize);
            let number = roots.iter().position(|r| *r == root).unwrap_or_else(|| {
                roots.push(root);
                roots.len() - 1
            });
            u16::try_from(number).unwrap_or(u16::MAX)
        })
        .collect()
}

/// The lowest vertex of a vertex's piece.
fn root(parent: &mut [usize], mut vertex: usize) -> usize {
    while parent[vertex] != vertex {
        parent[vertex] = parent[parent[vertex]];
        vertex = parent[vertex];
    }
    vertex
}

/// Where the points of [`ambulo::skeleton::COCO_23`] lie: joints are the rig's, the face and the heels
/// are the mesh's own extremes, toes the ends of the big and the small toe.
fn marks(mesh: &Obj, ends: &[Ends]) -> Option<[Vec<u32>; PARTS]> {
    let skin: Vec<u32> = {
        let mut vertices: Vec<u32> = mesh.group("body")?.iter().flatten().copied().collect();
        vertices.sort_unstable();
        vertices.dedup();
        vertices
    };
    let place = |vertex: u32| mesh.vertices[vertex as usize];
    let extreme = |group: &[u32],
                   keep: &dyn Fn(&Vector3<f32>) -> bool,
                   key: &dyn Fn(&Vector3<f32>) -> f32| {
        group
            .iter()
            .copied()
            .filter(|v| keep(&place(*v)))
            .max_by(|a, b| key(&place(*a)).total_cmp(&key(&place(*b))))
            .map(|v| vec![v])
    };
    let head = |v: &Vector3<f32>| v.y > 6.3;
    let foot = |v: &Vector3<f32>| v.y < -7.3;
    let eye = |name: &str| extreme(&cube_vertices(mesh, name)?, &|_| true, &|v| v.z);
    let side = |index: usize| {
        let [_, thigh, shank, ankle, _] = rig::bone::LEGS[index];
        let [_, arm, forearm, hand, ..] = rig::bone::ARMS[index];
        [arm, forearm, hand, thigh, shank, ankle].map(|bone| ends[bone].head.clone())
    };
    let [shoulder_l, elbow_l, wrist_l, hip_l, knee_l, ankle_l] = side(0);
    let [shoulder_r, elbow_r, wrist_r, hip_r, knee_r, ankle_r] = side(1);
    let heel = |sign: f32| extreme(&skin, &move |v| foot(v) && v.x * sign > 0.0, &|v| -v.z);
    Some([
        extreme(&skin, &|v| head(v) && v.x.abs() < 0.05, &|v| v.z)?,
        eye("helper-l-eye")?,
        eye("helper-r-eye")?,
        extreme(&skin, &head, &|v| v.x)?,
        extreme(&skin, &head, &|v| -v.x)?,
        shoulder_l,
        shoulder_r,
        elbow_l,
        elbow_r,
        wrist_l,
        wrist_r,
        hip_l,
        hip_r,
        knee_l,
        knee_r,
        ankle_l,
        ankle_r,
        cube_vertices(mesh, "joint-l-toe-1-3")?,
        cube_vertices(mesh, "joint-l-toe-5-4")?,
        heel(1.0)?,
        cube_vertices(mesh, "joint-r-toe-1-3")?,
        cube_vertices(mesh, "joint-r-toe-5-4")?,
        heel(-1.0)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_counted_by_connection() {
        let triangles = [[0, 1, 2], [4, 5, 6], [2, 1, 3]];
        assert_eq!(pieces(7, &triangles), [0, 1, 0]);
    }

    #[test]
    fn damaged_files_never_panic() {
        let mesh = b"g a\nv 0 0 0\nv 1 0 0.5\nv 1 1 0\nf 1/1 2/2 3/3\nf 1 2 3\n";
        let fit = b"x_scale 1 2 0.5\nverts 0\n0 1 2 .5 .25 .25 0 1 0\n2\ndelete_verts\n0 - 2\n";
        let holds = br#"{"weights":{"Hips":[[0,1.0],[1,0.5]]}}"#;
        let packed = {
            use std::io::Write as _;
            let level = flate2::Compression::fast();
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
            encoder.write_all(b"0 0 1 0\n2 .5 0 -1\n").unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(Target::parse_packed(&packed, 3).unwrap().moves.len(), 2);
        let mut rng = ambulo_testkit::SeededRng::new(1);
        for _ in 0..3000 {
            let mut damaged = |bytes: &[u8]| ambulo_testkit::mutate(bytes, &mut rng);
            if let Ok(mesh) = Obj::parse(&damaged(mesh)) {
                let corners = mesh
                    .groups
                    .iter()
                    .flat_map(|g| g.triangles.iter().flatten());
                assert!(corners.copied().all(|c| (c as usize) < mesh.vertices.len()));
            }
            if let Ok(fit) = Fit::parse(&damaged(fit), 3) {
                assert!(fit.hides.iter().all(|(_, last)| *last < 3));
            }
            let _ = Target::parse_packed(&damaged(&packed), 3);
            let _ = rig::parse_holds(&damaged(holds), 3);
        }
    }

    #[test]
    fn a_folder_without_bodies_says_what_is_needed() {
        let error = Assets::load(Path::new("no/such/folder")).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("base.obj"), "{message}");
        assert!(message.contains("MakeHuman"), "{message}");
    }
}
