//! What STT looks at: the softmax of its attention, as numbers and as a picture.

use std::fmt::Write as _;

use ambulo_nn::codec::params::JOINTS;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::{Network, NetworkError};
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::Weights;

/// The frame whose attention over joints the paper shows.
pub(super) const JOINTS_FRAME: usize = 46;
/// The frames whose attention over frames the paper shows.
const FRAMES: std::ops::Range<usize> = 60..105;

/// The attention of one head: how much each query (a row) takes from each key (a column).
#[derive(Debug, Clone, PartialEq)]
pub struct AttentionMap {
    /// Over joints in a frame, or over frames.
    pub part: AttentionPart,
    /// The head, from 0.
    pub head: usize,
    /// Names of queries and keys: joints, or numbers of frames.
    pub tokens: Vec<String>,
    /// `[query, key]`; rows over joints sum to 1, those over frames to less, for only some are shown.
    pub weights: Vec<f32>,
}

/// Which attention of STT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttentionPart {
    /// Over the joints of frame 46.
    Joints,
    /// Over the frames 60 to 104.
    Frames,
}

impl AttentionPart {
    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Joints => "joints",
            Self::Frames => "frames",
        }
    }
}

/// The attention of a trained STT on one window, the parts that the paper's third figure shows: over joints in
/// frame 46, over frames from 60 to 104, a map for each head. `None` for networks of another kind.
///
/// # Shapes
///
/// `window` is `[124, joints, 2]`.
///
/// # Errors
///
/// [`NetworkError`] if the window is of another size.
pub fn attention_maps(
    weights: &Weights,
    window: &[f32],
) -> Result<Option<Vec<AttentionMap>>, NetworkError> {
    let NetworkConfig::Stt(config) = weights.config() else {
        return Ok(None);
    };
    let (joints, frames, heads) = (config.joints, config.frames, config.heads);
    let mut network = Network::from_weights(weights.config(), weights.tensors(), Threads::new(1))?;
    let traced = network.trace(window, 1)?;
    let part = |name: &str| traced.get(name).map_or(&[][..], |tensor| tensor.data());
    let (spatial, temporal) = (part("spatial_attention"), part("temporal_attention"));
    let mut maps = Vec::new();
    for head in 0..heads {
        let start = (JOINTS_FRAME.min(frames - 1) * heads + head) * joints * joints;
        maps.push(AttentionMap {
            part: AttentionPart::Joints,
            head,
            tokens: JOINTS[..joints.min(JOINTS.len())]
                .iter()
                .map(|joint| joint_name(joint.name(), joints))
                .collect(),
            weights: spatial[start..start + joints * joints].to_vec(),
        });
    }
    let shown = FRAMES.start.min(frames)..FRAMES.end.min(frames);
    for head in 0..heads {
        let rows = shown.clone().map(|query| (head * frames + query) * frames);
        maps.push(AttentionMap {
            part: AttentionPart::Frames,
            head,
            tokens: shown.clone().map(|frame| frame.to_string()).collect(),
            weights: rows
                .flat_map(|row| &temporal[row + shown.start..row + shown.end])
                .copied()
                .collect(),
        });
    }
    Ok(Some(maps))
}

/// A joint of one leg has no side: the network reads either.
fn joint_name(name: &str, joints: usize) -> String {
    let bare = name.trim_start_matches("left_").replace('_', " ");
    if joints == 4 {
        bare
    } else {
        name.replace('_', " ")
    }
}

/// The maps as a table: `part,head,query,key,weight`.
pub fn attention_csv(maps: &[AttentionMap]) -> String {
    let mut csv = "part,head,query,key,weight\n".to_owned();
    for map in maps {
        let rows = map.weights.chunks_exact(map.tokens.len().max(1));
        for (query, row) in map.tokens.iter().zip(rows) {
            for (key, weight) in map.tokens.iter().zip(row) {
                let (part, head) = (map.part.name(), map.head);
                let _ = writeln!(csv, "{part},{head},{query},{key},{weight:.6}");
            }
        }
    }
    csv
}

#[cfg(test)]
mod tests {
    use ambulo::synth::SeededRng;
    use ambulo_nn::tensors::{Tensor, Tensors};
    use ambulo_nn::weights::WeightsInfo;

    use super::*;

    fn random(preset: &str) -> Weights {
        let config = NetworkConfig::preset(preset).unwrap();
        let mut rng = SeededRng::new(1);
        let mut tensors = Tensors::new();
        for shape in config.tensor_shapes() {
            let mut tensor = Tensor::zeros(shape.shape);
            for value in tensor.data_mut() {
                #[expect(clippy::cast_possible_truncation, reason = "networks take f32")]
                let number = (0.2 * rng.unit()) as f32;
                *value = number;
            }
            tensors.insert(shape.name, tensor);
        }
        Weights::new(config, tensors, WeightsInfo::default()).unwrap()
    }

    #[test]
    fn every_head_has_a_map_of_joints_and_one_of_frames() {
        let window: Vec<f32> = (0..124 * 4 * 2_u16)
            .map(|i| f32::from(i % 17) / 9.0)
            .collect();
        let maps = attention_maps(&random("stt_4"), &window).unwrap().unwrap();
        let sizes: Vec<usize> = maps.iter().map(|map| map.tokens.len()).collect();
        assert_eq!(sizes, [4, 4, 45, 45]);
        for map in &maps {
            assert_eq!(map.weights.len(), map.tokens.len().pow(2));
        }
        for row in maps[0].weights.chunks_exact(4) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        }
        assert_eq!(maps[1].tokens, ["ankle", "knee", "hip", "big toe"]);
        let csv = attention_csv(&maps);
        assert_eq!(csv.lines().count(), 1 + 2 * 16 + 2 * 45 * 45);
        assert!(
            csv.lines()
                .nth(2)
                .unwrap()
                .starts_with("joints,0,ankle,knee,0.")
        );
        assert_eq!(attention_maps(&random("cnn1d_12"), &window).unwrap(), None);
    }
}
