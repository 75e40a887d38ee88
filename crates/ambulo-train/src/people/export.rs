//! Files of labelled pictures: PNG, and one JSON of keypoints as COCO writes them.

use ambulo::picture::Picture;
use ambulo::skeleton::COCO_23;
use serde_json::{Value, json};

use super::sheet::LIMBS;
use crate::pictures::{Label, LabelledPicture};

/// The bytes of a PNG file.
///
/// # Errors
///
/// What the encoder says.
pub fn png_bytes(picture: &Picture) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width_px(), picture.height_px());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(picture.rgb())?;
    Ok(bytes)
}

/// The keypoints of many pictures as COCO writes them: `images`, `annotations` and one category, with
/// the 23 joints of [`COCO_23`] in its order.
///
/// Visibility is 0 for what is not labelled, 1 for what is hidden, 2 for what is seen.
#[derive(Debug, Default)]
pub struct KeypointFile {
    images: Vec<Value>,
    annotations: Vec<Value>,
}

impl KeypointFile {
    /// Adds the picture that was written under this name.
    pub fn add(&mut self, file_name: &str, labelled: &LabelledPicture) {
        let id = self.images.len() + 1;
        let [_, _, width, height] = labelled.person_box;
        let hundredths = |value: f64| (value * 100.0).round() / 100.0;
        let person_box = labelled.person_box.map(hundredths);
        let keypoints: Vec<Value> = labelled
            .joints
            .iter()
            .flat_map(|label| {
                let (place, visibility) = match *label {
                    Label::Unlabelled => ([0.0; 2], 0),
                    Label::Hidden(place) => (place, 1),
                    Label::Visible(place) => (place, 2),
                };
                [
                    json!(hundredths(place[0])),
                    json!(hundredths(place[1])),
                    json!(visibility),
                ]
            })
            .collect();
        let labelled_joints = labelled
            .joints
            .iter()
            .filter_map(|label| label.position_px());
        self.images.push(json!({
            "id": id,
            "file_name": file_name,
            "width": labelled.picture.width_px(),
            "height": labelled.picture.height_px(),
        }));
        self.annotations.push(json!({
            "id": id,
            "image_id": id,
            "category_id": 1,
            "iscrowd": 0,
            "bbox": person_box,
            "area": hundredths(width * height),
            "num_keypoints": labelled_joints.count(),
            "keypoints": keypoints,
        }));
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let names: Vec<&str> = COCO_23.joints.iter().map(|joint| joint.name()).collect();
        let skeleton: Vec<[usize; 2]> = LIMBS.iter().map(|(a, b)| [a + 1, b + 1]).collect();
        let file = json!({
            "info": {
                "description": "Synthetic people rendered by ambulo from MakeHuman bodies (CC0) and \
                                recorded walks",
            },
            "images": self.images,
            "annotations": self.annotations,
            "categories": [{
                "id": 1,
                "name": "person",
                "supercategory": "person",
                "keypoints": names,
                "skeleton": skeleton,
            }],
        });
        let mut bytes = file.to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::PictureSource;

    fn labelled() -> LabelledPicture {
        let mut joints = [Label::Unlabelled; COCO_23.joints.len()];
        joints[0] = Label::Visible([1.25, 2.0]);
        joints[5] = Label::Hidden([3.0, 4.0]);
        LabelledPicture {
            picture: Picture::new(4, 6, vec![9; 72]).unwrap(),
            joints,
            person_box: [0.0, 1.0, 3.0, 4.0],
            source: PictureSource::Synthetic { facing_deg: 0.0 },
        }
    }

    #[test]
    fn keypoints_are_written_as_coco_writes_them() {
        let mut file = KeypointFile::default();
        file.add("a.png", &labelled());
        let json: Value = serde_json::from_slice(&file.to_bytes()).unwrap();
        let annotation = &json["annotations"][0];
        assert_eq!(annotation["num_keypoints"], 2);
        assert_eq!(annotation["keypoints"].as_array().unwrap().len(), 69);
        assert_eq!(annotation["keypoints"][2], 2);
        assert_eq!(annotation["keypoints"][17], 1);
        assert_eq!(annotation["area"], 12.0);
        let category = &json["categories"][0];
        assert_eq!(category["keypoints"].as_array().unwrap().len(), 23);
        assert_eq!(category["keypoints"][19], "left_heel");
        assert_eq!(json["images"][0]["file_name"], "a.png");
    }

    #[test]
    fn a_png_holds_the_pixels() {
        let picture = labelled().picture;
        let bytes = png_bytes(&picture).unwrap();
        let decoder = png::Decoder::new(std::io::Cursor::new(&bytes));
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (4, 6));
        assert_eq!(pixels, picture.rgb());
    }
}
