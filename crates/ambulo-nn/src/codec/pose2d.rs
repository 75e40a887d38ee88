//! Pictures to the input of a network that finds keypoints, and its heat maps to keypoints.
//!
//! A box around a person becomes a crop of fixed size ([`crop`], [`warp`]); the network's map of each
//! joint becomes a point ([`maps`], [`decode`]), or the maps of a left and a right joint together become
//! two ([`pairs`]); points go back to the picture by the inverse transform of the **maps'** grid, which is
//! not the crop's divided by four.
//!
//! Two families of code disagree about half a pixel in all of this. [`Convention`] names them; everything
//! that depends on it follows from that one setting, so that they are never mixed.
//!
//! Places are in pixels or in cells of a map, to the right and down; the centre of the first is (0, 0).

pub mod crop;
pub mod decode;
pub mod maps;
pub mod pairs;
pub mod people;
pub mod warp;

use serde::{Deserialize, Serialize};

use crate::weights::Weights;
use crop::{Affine, CropError, Region};
use decode::Refinement;
use maps::{FlipShift, MapKind};

/// Whose geometry: where a crop's centre lies and how large its pixels are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Convention {
    /// Distances count from pixel centre to pixel centre (size − 1), so that a mirrored crop mirrors its
    /// maps exactly. Peaks are refined by a Taylor expansion (DARK).
    ///
    /// # Source
    ///
    /// `TransPose`, `5ba5bf3`; Huang et al. (2020), arXiv:1911.07524; Zhang et al. (2020),
    /// arXiv:1910.06278.
    #[default]
    Unbiased,
    /// Distances count pixels (size): maps of a mirrored crop are moved by one cell, and peaks by a
    /// quarter of a cell.
    ///
    /// # Source
    ///
    /// `HRNet`, `6f69e46`.
    Hrnet,
}

impl Convention {
    /// How maps of a mirrored crop are laid over those of the crop.
    pub fn flip_shift(self) -> FlipShift {
        match self {
            Self::Unbiased => FlipShift::None,
            Self::Hrnet => FlipShift::OneCell,
        }
    }

    /// How a peak is placed between cells.
    pub fn refinement(self) -> Refinement {
        match self {
            Self::Unbiased => Refinement::Dark,
            Self::Hrnet => Refinement::Quarter,
        }
    }
}

/// How pictures become crops and maps points. It is stored with the weights, which are worth nothing
/// without it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pose2dCodec {
    /// Width and height of a crop in pixels.
    pub crop_px: [usize; 2],
    /// Width and height of a map in cells.
    pub map_cells: [usize; 2],
    /// Joints, one map each: the first of [`ambulo::skeleton::COCO_23`].
    pub joints: usize,
    /// How much larger than the person's box the crop is.
    pub padding: f64,
    /// Whose geometry.
    pub convention: Convention,
    /// What the numbers of a map are.
    pub maps: MapKind,
    /// Standard deviation of the peaks that the network was trained to make, in cells.
    pub sigma_cells: f64,
}

/// Why weights are not those of a network that this codec serves.
#[derive(Debug, thiserror::Error)]
pub enum Pose2dCodecError {
    /// The weights do not say how pictures become crops.
    #[error(
        "the weights hold no settings of the codec of keypoints: they are not of such a network"
    )]
    Missing,
    /// The settings are not understood.
    #[error("the settings of the codec of keypoints are not understood")]
    Json(#[from] serde_json::Error),
    /// The settings are not possible.
    #[error("a codec of {field} {value} is not possible")]
    Setting {
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
}

impl Default for Pose2dCodec {
    /// The paper's: 192 × 256 pixels, 48 × 64 cells, 17 joints, Gaussian peaks.
    fn default() -> Self {
        Self {
            crop_px: [192, 256],
            map_cells: [48, 64],
            joints: 17,
            padding: 1.25,
            convention: Convention::Unbiased,
            maps: MapKind::Gaussian,
            sigma_cells: 2.0,
        }
    }
}

impl Pose2dCodec {
    /// The note of a weights file that holds these settings, as JSON.
    pub const NOTE: &str = "codec";

    /// The settings that stand with weights.
    ///
    /// # Errors
    ///
    /// [`Pose2dCodecError`] if they are missing, not understood or not possible.
    pub fn of_weights(weights: &Weights) -> Result<Self, Pose2dCodecError> {
        let note = weights.info().notes.get(Self::NOTE);
        let codec: Self = serde_json::from_str(note.ok_or(Pose2dCodecError::Missing)?)?;
        codec.check()?;
        Ok(codec)
    }

    /// The settings that stand with weights; for weights of the published code, which say nothing, those of
    /// that code.
    ///
    /// # Errors
    ///
    /// As [`Self::of_weights`], but never [`Pose2dCodecError::Missing`].
    pub fn of_weights_or_published(weights: &Weights) -> Result<Self, Pose2dCodecError> {
        match Self::of_weights(weights) {
            Err(Pose2dCodecError::Missing) => {
                let [_, height, width] = weights.config().input_shape();
                let [joints, rows, columns] = weights.config().output_shape();
                let codec = Self {
                    crop_px: [width, height],
                    map_cells: [columns, rows],
                    joints,
                    ..Self::default()
                };
                codec.check()?;
                Ok(codec)
            }
            found => found,
        }
    }

    /// Checks that the settings are possible.
    ///
    /// # Errors
    ///
    /// [`Pose2dCodecError::Setting`] names the first that is not.
    pub fn check(&self) -> Result<(), Pose2dCodecError> {
        /// Larger crops, maps and numbers of joints are mistakes.
        const MOST_PX: usize = 4096;
        const MOST_JOINTS: usize = 256;
        let refuse = |field, value: String| Err(Pose2dCodecError::Setting { field, value });
        let sizes = [
            ("crop_px", self.crop_px, 2),
            ("map_cells", self.map_cells, 2),
        ];
        for (field, size, least) in sizes {
            if size
                .iter()
                .any(|extent| !(least..=MOST_PX).contains(extent))
            {
                return refuse(field, format!("{size:?}"));
            }
        }
        if !(1..=MOST_JOINTS).contains(&self.joints) {
            return refuse("joints", self.joints.to_string());
        }
        if !(0.1..=10.0).contains(&self.padding) {
            return refuse("padding", self.padding.to_string());
        }
        if !(0.1..=100.0).contains(&self.sigma_cells) {
            return refuse("sigma_cells", self.sigma_cells.to_string());
        }
        Ok(())
    }

    /// The region of a picture that a crop around this box shows.
    ///
    /// # Units
    ///
    /// `box_px` is left, top, width, height in pixels.
    ///
    /// # Errors
    ///
    /// [`CropError`] if the box is not one.
    pub fn region(&self, box_px: [f64; 4]) -> Result<Region, CropError> {
        let aspect = self.crop_px[0] as f64 / self.crop_px[1] as f64;
        Region::around(box_px, aspect, self.padding, self.convention)
    }

    /// From the picture to the crop.
    pub fn crop_from_picture(&self, region: &Region) -> Affine {
        region.affine(0.0, self.crop_px, self.convention)
    }

    /// From the picture to the maps.
    pub fn maps_from_picture(&self, region: &Region) -> Affine {
        region.affine(0.0, self.map_cells, self.convention)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_json_and_impossible_ones_are_named() {
        let codec = Pose2dCodec::default();
        let text = serde_json::to_string(&codec).unwrap();
        assert_eq!(serde_json::from_str::<Pose2dCodec>(&text).unwrap(), codec);
        let refused = Pose2dCodec {
            map_cells: [48, 0],
            ..codec
        };
        assert_eq!(
            refused.check().unwrap_err().to_string(),
            "a codec of map_cells [48, 0] is not possible"
        );
    }

    #[test]
    fn a_convention_settles_shift_and_refinement_together() {
        let all = [Convention::Unbiased, Convention::Hrnet];
        let settled = all.map(|c| (c.flip_shift(), c.refinement()));
        assert_eq!(settled[0], (FlipShift::None, Refinement::Dark));
        assert_eq!(settled[1], (FlipShift::OneCell, Refinement::Quarter));
    }
}
