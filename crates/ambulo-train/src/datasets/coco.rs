//! COCO's people: annotations, results, and the pictures to learn from.
//!
//! Files are those of the keypoint task: `person_keypoints_train2017.json` and the like with
//! `train2017/000000000009.jpg` beside them, or COCO-WholeBody's annotations, whose feet are read too. None
//! is shipped or fetched.
//!
//! Source: Lin et al. (2014), arXiv:1405.0312; Jin et al. (2020), arXiv:2007.11858. Annotations are CC BY
//! 4.0; the photographs have their owners' terms.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ambulo::metrics::pose2d::coco::{FoundPerson, PicturePeople, ReferencePerson};
use ambulo::synth::SeededRng;
use serde::{Deserialize, Serialize};

use crate::pictures::jpeg;
use crate::pictures::{JOINTS, Label, LabelledPicture, PictureSource, Pictures, blank};

/// Joints of the keypoint task; those of the feet follow.
const BODY: usize = 17;
/// The category of people.
const PERSON: i64 = 1;

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CocoError {
    /// A file cannot be opened.
    #[error("cannot read {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not JSON of the expected form.
    #[error("not a COCO file of {what}")]
    Json {
        /// What was expected.
        what: &'static str,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// A person has another number of keypoints.
    #[error("{what} {id} has {numbers} numbers of keypoints, expected {expected}")]
    Keypoints {
        /// Annotation or result.
        what: &'static str,
        /// Its number; a result's place in the file.
        id: i64,
        /// Numbers given.
        numbers: usize,
        /// Numbers expected.
        expected: usize,
    },
    /// A person is in a picture that the file does not list.
    #[error("{what} {id} is in picture {image}, which is not listed")]
    UnknownImage {
        /// Annotation or result.
        what: &'static str,
        /// Its number; a result's place in the file.
        id: i64,
        /// The picture.
        image: i64,
    },
    /// A picture's name leads elsewhere.
    #[error("picture {image} has the file name {name:?}")]
    FileName {
        /// The picture.
        image: i64,
        /// Its name.
        name: String,
    },
}

/// A picture of the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CocoImage {
    /// Its number.
    pub id: i64,
    /// Columns.
    pub width: f64,
    /// Rows.
    pub height: f64,
    /// Its file.
    pub file_name: String,
}

/// A person of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct CocoPerson {
    /// The annotation's number.
    pub id: i64,
    /// The picture's.
    pub image: i64,
    /// Joints; those of the feet are unlabelled where the file has none.
    pub joints: [Label; JOINTS],
    /// Area of the outline in px².
    pub area_px2: f64,
    /// Left, top, width, height in pixels.
    pub box_px: [f64; 4],
    /// Whether this is a region with several people.
    pub crowd: bool,
    /// How many of the first 17 joints are labelled, as the file says.
    pub labelled: u32,
}

/// Annotations.
#[derive(Debug, Clone, PartialEq)]
pub struct CocoFile {
    /// Pictures by their numbers.
    pub images: BTreeMap<i64, CocoImage>,
    /// People, in the order of the file.
    pub people: Vec<CocoPerson>,
}

/// A person as found, as results are written and read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CocoResult {
    /// The picture's number.
    pub image_id: i64,
    /// 1, people.
    pub category_id: i64,
    /// x, y and score of each joint.
    pub keypoints: Vec<f64>,
    /// The person's score.
    pub score: f64,
}

#[derive(Deserialize)]
struct RawFile {
    images: Vec<CocoImage>,
    annotations: Vec<RawPerson>,
}

#[derive(Deserialize)]
struct RawPerson {
    id: i64,
    image_id: i64,
    category_id: i64,
    #[serde(default)]
    iscrowd: u8,
    area: f64,
    bbox: [f64; 4],
    keypoints: Vec<f64>,
    num_keypoints: u32,
    foot_kpts: Option<Vec<f64>>,
}

impl CocoFile {
    /// Reads annotations. Other categories than people are passed over.
    ///
    /// # Errors
    ///
    /// [`CocoError`] names the annotation.
    pub fn parse(bytes: &[u8]) -> Result<Self, CocoError> {
        const WHAT: &str = "annotation";
        let raw: RawFile = serde_json::from_slice(bytes).map_err(|source| CocoError::Json {
            what: "annotated people",
            source,
        })?;
        let images: BTreeMap<i64, CocoImage> = raw
            .images
            .into_iter()
            .map(|image| (image.id, image))
            .collect();
        let mut people = Vec::new();
        for person in raw.annotations {
            if person.category_id != PERSON {
                continue;
            }
            let (id, image) = (person.id, person.image_id);
            if !images.contains_key(&image) {
                return Err(CocoError::UnknownImage {
                    what: WHAT,
                    id,
                    image,
                });
            }
            check(WHAT, id, person.keypoints.len(), BODY)?;
            let feet = person
                .foot_kpts
                .unwrap_or_else(|| vec![0.0; 3 * (JOINTS - BODY)]);
            check(WHAT, id, feet.len(), JOINTS - BODY)?;
            let numbers = [person.keypoints, feet].concat();
            people.push(CocoPerson {
                id,
                image,
                joints: std::array::from_fn(|joint| label(&numbers[3 * joint..3 * joint + 3])),
                area_px2: person.area,
                box_px: person.bbox,
                crowd: person.iscrowd != 0,
                labelled: person.num_keypoints,
            });
        }
        Ok(Self { images, people })
    }

    /// Each picture's people and what was found in it, in the order of the pictures' numbers: what the
    /// evaluation takes ([`ambulo::metrics::pose2d::coco::evaluate`], with the first 17 sigmas).
    ///
    /// # Errors
    ///
    /// [`CocoError`] if a result is in a picture that is not listed, or has no 17 joints.
    pub fn pictures(&self, results: &[CocoResult]) -> Result<Vec<PicturePeople>, CocoError> {
        let mut pictures: BTreeMap<i64, PicturePeople> = self
            .images
            .keys()
            .map(|&image| (image, PicturePeople::default()))
            .collect();
        for person in &self.people {
            if let Some(picture) = pictures.get_mut(&person.image) {
                picture.reference.push(ReferencePerson {
                    joints: person.joints[..BODY]
                        .iter()
                        .map(|label| label.position_px())
                        .collect(),
                    area_px2: person.area_px2,
                    box_px: person.box_px,
                    crowd: person.crowd,
                    ignored: person.crowd || person.labelled == 0,
                });
            }
        }
        for (place, result) in (0_i64..).zip(results) {
            const WHAT: &str = "result";
            if result.category_id != PERSON {
                continue;
            }
            check(WHAT, place, result.keypoints.len(), BODY)?;
            let picture = pictures.get_mut(&result.image_id);
            let picture = picture.ok_or(CocoError::UnknownImage {
                what: WHAT,
                id: place,
                image: result.image_id,
            })?;
            let joints = result.keypoints.as_chunks::<3>().0;
            picture.found.push(FoundPerson {
                joints: joints.iter().map(|&[x, y, _]| [x, y]).collect(),
                score: result.score,
            });
        }
        Ok(pictures.into_values().collect())
    }

    /// People who can be learned from: no crowds, with a labelled joint and an area, their boxes clipped
    /// to the picture as the papers' code does.
    pub fn to_learn_from(&self) -> Vec<CocoPerson> {
        let usable = self.people.iter().filter_map(|person| {
            let image = self.images.get(&person.image)?;
            let labelled = person
                .joints
                .iter()
                .any(|label| label.position_px().is_some());
            let box_px = clipped(person.box_px, [image.width, image.height])?;
            (!person.crowd && labelled && person.area_px2 > 0.0).then(|| CocoPerson {
                box_px,
                ..person.clone()
            })
        });
        usable.collect()
    }
}

/// Reads results.
///
/// # Errors
///
/// [`CocoError::Json`].
pub fn parse_results(bytes: &[u8]) -> Result<Vec<CocoResult>, CocoError> {
    serde_json::from_slice(bytes).map_err(|source| CocoError::Json {
        what: "results",
        source,
    })
}

fn check(what: &'static str, id: i64, numbers: usize, joints: usize) -> Result<(), CocoError> {
    let expected = 3 * joints;
    if numbers == expected {
        return Ok(());
    }
    Err(CocoError::Keypoints {
        what,
        id,
        numbers,
        expected,
    })
}

/// x, y and how much is known: 0 nothing, 1 hidden, 2 seen.
fn label(numbers: &[f64]) -> Label {
    match *numbers {
        [x, y, known] if known > 1.5 => Label::Visible([x, y]),
        [x, y, known] if known > 0.0 => Label::Hidden([x, y]),
        _ => Label::Unlabelled,
    }
}

/// A box within a picture; `None` if nothing is left of it.
///
/// # Source
///
/// `TransPose`, `5ba5bf3`, which adds the last pixel.
fn clipped([x, y, width, height]: [f64; 4], picture_px: [f64; 2]) -> Option<[f64; 4]> {
    let [left, top] = [x.max(0.0), y.max(0.0)];
    let right = (left + (width - 1.0).max(0.0)).min(picture_px[0] - 1.0);
    let bottom = (top + (height - 1.0).max(0.0)).min(picture_px[1] - 1.0);
    let valid = right >= left && bottom >= top;
    valid.then_some([left, top, right - left + 1.0, bottom - top + 1.0])
}

/// People to learn from, their pictures read when they are drawn.
#[derive(Debug, Clone)]
pub struct CocoPictures {
    people: Vec<(CocoPerson, PathBuf)>,
}

impl CocoPictures {
    /// The people of a file of annotations; `folder` holds its pictures.
    ///
    /// # Errors
    ///
    /// [`CocoError`] if the file cannot be read, or a picture's name is no plain file name.
    pub fn load(annotations: &Path, folder: &Path) -> Result<Self, CocoError> {
        let bytes = std::fs::read(annotations).map_err(|source| CocoError::Read {
            path: annotations.to_owned(),
            source,
        })?;
        Self::new(&CocoFile::parse(&bytes)?, folder)
    }

    /// The same of annotations that have been read.
    ///
    /// # Errors
    ///
    /// [`CocoError::FileName`].
    pub fn new(file: &CocoFile, folder: &Path) -> Result<Self, CocoError> {
        let person = |person: CocoPerson| {
            let name = &file.images[&person.image].file_name;
            if Path::new(name)
                .file_name()
                .is_none_or(|last| last != name.as_str())
            {
                return Err(CocoError::FileName {
                    image: person.image,
                    name: name.clone(),
                });
            }
            let path = folder.join(name);
            Ok((person, path))
        };
        let people = file.to_learn_from().into_iter().map(person);
        Ok(Self {
            people: people.collect::<Result<_, _>>()?,
        })
    }

    /// How many people there are.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// A person's labelled picture; `None` if the picture cannot be read.
    pub fn picture(&self, place: usize) -> Option<LabelledPicture> {
        let (person, path) = self.people.get(place)?;
        let bytes = std::fs::read(path).ok()?;
        Some(LabelledPicture {
            picture: jpeg::decode(&bytes).ok()?,
            joints: person.joints,
            person_box: person.box_px,
            source: PictureSource::Coco {
                annotation: person.id,
            },
        })
    }
}

impl Pictures for CocoPictures {
    fn draw(&self, rng: &mut SeededRng) -> LabelledPicture {
        /// A picture that cannot be read is passed over for another.
        const TRIES: usize = 16;
        (0..TRIES)
            .find_map(|_| self.picture(rng.below(self.people.len())))
            .unwrap_or_else(|| blank(PictureSource::Coco { annotation: 0 }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keypoints(known: [i32; 17]) -> Vec<f64> {
        let joints = (0..17).zip(known);
        joints
            .flat_map(|(joint, known)| match known {
                0 => [0.0; 3],
                _ => [
                    f64::from(10 + joint),
                    f64::from(20 + joint),
                    f64::from(known),
                ],
            })
            .collect()
    }

    fn annotations() -> serde_json::Value {
        let mut known = [2; 17];
        (known[0], known[3]) = (0, 1);
        let feet: Vec<f64> = (0..6)
            .flat_map(|joint| [f64::from(joint), 90.0, 2.0])
            .collect();
        let person = |id: i64, extra: serde_json::Value| {
            let mut person = json!({
                "id": id, "image_id": 5, "category_id": 1, "iscrowd": 0, "area": 900.0,
                "bbox": [-4.0, 10.0, 30.0, 200.0], "num_keypoints": 16, "keypoints": keypoints(known),
            });
            for (key, value) in extra.as_object().unwrap() {
                person[key] = value.clone();
            }
            person
        };
        json!({
            "images": [{"id": 5, "width": 64, "height": 100, "file_name": "000000000005.jpg", "license": 1}],
            "annotations": [
                person(1, json!({"foot_kpts": feet})),
                person(2, json!({"iscrowd": 1})),
                person(3, json!({"category_id": 18, "keypoints": []})),
                person(4, json!({"keypoints": keypoints([0; 17]), "num_keypoints": 0})),
            ],
        })
    }

    fn parse(json: &serde_json::Value) -> Result<CocoFile, CocoError> {
        CocoFile::parse(&serde_json::to_vec(json).unwrap())
    }

    #[test]
    fn people_are_read_with_their_feet_and_what_is_known_of_each_joint() {
        let file = parse(&annotations()).unwrap();
        let ids: Vec<i64> = file.people.iter().map(|person| person.id).collect();
        assert_eq!(ids, [1, 2, 4]);
        let person = &file.people[0];
        assert_eq!(person.joints[0], Label::Unlabelled);
        assert_eq!(person.joints[3], Label::Hidden([13.0, 23.0]));
        assert_eq!(person.joints[22], Label::Visible([5.0, 90.0]));
        assert_eq!(file.people[1].joints[22], Label::Unlabelled);
    }

    #[test]
    fn only_single_labelled_people_are_learned_from_in_boxes_within_the_picture() {
        let learned = parse(&annotations()).unwrap().to_learn_from();
        assert_eq!(learned.len(), 1);
        let expected = [0.0, 10.0, 30.0, 90.0];
        let pairs = learned[0].box_px.iter().zip(expected);
        assert!(
            pairs
                .into_iter()
                .all(|(found, expected)| (found - expected).abs() < 1e-9)
        );
    }

    #[test]
    fn what_does_not_fit_together_is_named() {
        let with = |pointer: &str, value: serde_json::Value| {
            let mut json = annotations();
            *json.pointer_mut(pointer).unwrap() = value;
            parse(&json).unwrap_err().to_string()
        };
        assert_eq!(
            with("/annotations/0/keypoints", json!([1.0, 2.0])),
            "annotation 1 has 2 numbers of keypoints, expected 51"
        );
        assert_eq!(
            with("/annotations/1/image_id", json!(9)),
            "annotation 2 is in picture 9, which is not listed"
        );
        assert_eq!(
            with("/annotations", json!(3)),
            "not a COCO file of annotated people"
        );
        let mut elsewhere = annotations();
        elsewhere["images"][0]["file_name"] = json!("../secret.jpg");
        let error = CocoPictures::new(&parse(&elsewhere).unwrap(), Path::new("."));
        assert!(error.unwrap_err().to_string().contains("../secret.jpg"));
    }

    #[test]
    fn results_of_the_annotations_themselves_are_perfect() {
        let file = parse(&annotations()).unwrap();
        let perfect = CocoResult {
            image_id: 5,
            category_id: 1,
            keypoints: keypoints([2; 17]),
            score: 0.5,
        };
        let bytes = serde_json::to_vec(&[&perfect]).unwrap();
        let results = parse_results(&bytes).unwrap();
        assert_eq!(results, std::slice::from_ref(&perfect));
        let pictures = file.pictures(&results).unwrap();
        assert_eq!((pictures.len(), pictures[0].reference.len()), (1, 3));
        let sigmas = &ambulo::metrics::pose2d::KEYPOINT_SIGMAS[..17];
        let evaluation = ambulo::metrics::pose2d::coco::evaluate(&pictures, sigmas).unwrap();
        assert!((evaluation.scores.ap.unwrap() - 1.0).abs() < 1e-12);
        let short = CocoResult {
            keypoints: vec![0.0; 69],
            ..perfect
        };
        assert!(file.pictures(&[short]).is_err());
    }
}
