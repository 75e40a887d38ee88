//! MPI-INF-3DHP, from the files of the recipe that most papers follow.
//!
//! Source: Mehta et al. (2017), arXiv:1611.09813; the files are those of Shan et al. (2022),
//! "P-STMO", arXiv:2203.07628. Positions are in camera space, of skeletons brought to one height.

use super::layout::MPI_17;
use super::objects::{DataSetError, Members, Node};
use super::takes::{Take, Takes, normalised_keypoints};

/// The test sequences.
pub const TEST: [&str; 6] = ["TS1", "TS2", "TS3", "TS4", "TS5", "TS6"];

/// The size of the images, but for the last two test sequences.
const IMAGE_PX: [u32; 2] = [2048, 2048];
/// The size of the images of TS5 and TS6, taken outdoors.
const OUTDOOR_PX: [u32; 2] = [1920, 1080];

const TRAINING: &str = "data_train_3dhp.npz";
const TESTING: &str = "data_test_3dhp.npz";

const M_PER_MM: f32 = 1e-3;

/// Reads `data_train_3dhp.npz`: sequences and cameras in the order of the file.
///
/// # Errors
///
/// [`DataSetError`] says which sequence is wrong.
pub fn read_training(bytes: &[u8]) -> Result<Takes, DataSetError> {
    let file = Members::read(TRAINING, bytes, &["data"])?;
    let mut takes = empty();
    for (sequence, node) in file.get("data")?.entries()? {
        let (subject, name) = sequence.split_once(' ').unwrap_or((sequence, sequence));
        let parts = node.items()?;
        let cameras = parts.first().ok_or_else(|| DataSetError::Absent {
            place: format!("{}[0]", node.place()),
        })?;
        for (camera, seen) in cameras.entries()? {
            takes
                .takes
                .push(take([subject, name, camera], &seen, IMAGE_PX)?);
        }
    }
    Ok(takes)
}

/// Reads `data_test_3dhp.npz`: sequences in the order of the file, with the frames that count.
///
/// # Errors
///
/// [`DataSetError`] says which sequence is wrong.
pub fn read_test(bytes: &[u8]) -> Result<Takes, DataSetError> {
    let file = Members::read(TESTING, bytes, &["data"])?;
    let mut takes = empty();
    for (sequence, node) in file.get("data")?.entries()? {
        let size_px = if matches!(sequence, "TS5" | "TS6") {
            OUTDOOR_PX
        } else {
            IMAGE_PX
        };
        let mut take = take([sequence, sequence, "0"], &node, size_px)?;
        let valid = node.get("valid")?;
        let (shape, flags) = valid.numbers()?;
        let frames = take.frames(MPI_17.joints());
        if flags.len() != frames {
            return Err(DataSetError::Shape {
                place: valid.place().to_owned(),
                shape,
                expected: format!("[{frames}]"),
            });
        }
        take.valid = Some(flags.iter().map(|&flag| flag > 0.5).collect());
        takes.takes.push(take);
    }
    Ok(takes)
}

fn empty() -> Takes {
    Takes {
        input: MPI_17,
        output: MPI_17,
        rate_hz: None,
        takes: Vec::new(),
    }
}

fn take(
    [subject, name, camera]: [&str; 3],
    node: &Node<'_>,
    size_px: [u32; 2],
) -> Result<Take, DataSetError> {
    let joints = MPI_17.joints();
    let pixels = node.get("data_2d")?.points(joints, 2)?;
    let mut positions = node.get("data_3d")?.points(joints, 3)?;
    let (keypoints, frames) = (pixels.len() / (2 * joints), positions.len() / (3 * joints));
    if keypoints != frames {
        return Err(DataSetError::FewKeypoints {
            place: node.place().to_owned(),
            keypoints,
            positions: frames,
        });
    }
    for coordinate in &mut positions {
        *coordinate *= M_PER_MM;
    }
    Ok(Take {
        subject: subject.to_owned(),
        name: name.to_owned(),
        camera: camera.to_owned(),
        keypoints: normalised_keypoints(&pixels, size_px),
        positions_m: positions.into(),
        camera_from_world: None,
        valid: None,
    })
}
