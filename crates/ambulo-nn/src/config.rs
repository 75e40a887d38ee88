//! Settings of the networks: what `config.json` and the metadata of a weights file hold.
//!
//! From its settings alone a network's tensors, their shapes, the number of its parameters and its
//! arithmetic follow; no weights are needed to list them.

mod cnn1d;
mod convformer;
mod mixste;
mod presets;
mod rtpca;
mod stt;
mod t5;
mod vqvae;
mod vttranspose;

pub use cnn1d::Cnn1dConfig;
pub use convformer::{Bank, ConvFormerConfig, Eta, HeadOrder, Scale};
pub use mixste::MixsteConfig;
pub(crate) use rtpca::pyramid_lengths;
pub use rtpca::{
    Amplify, Compress, RtpcaConfig, TpcaConfig, XlrConfig, XlrFuse, XlrResidual, XlrTopology,
};
pub use stt::SttConfig;
pub use t5::T5Config;
pub use vqvae::VqvaeConfig;
pub use vttranspose::{
    Axial, Encoder, EncoderNorm, Position, TransposeHConfig, TwinFeed, VBlocks, VEntry, VKernel,
    VttransposeConfig, VttransposeSmallConfig, mirror_pairs, sine_table,
};

/// Settings of any network, tagged by `model`.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "model", rename_all = "lowercase")]
pub enum NetworkConfig {
    /// Spatial and temporal blocks, keys and values from a pyramid over time, memory of the block before.
    Rtpca(RtpcaConfig),
    /// The parent of RTPCA: the same blocks with plain self-attention.
    Mixste(MixsteConfig),
    /// Queries, keys and values from banks of convolutions; one frame out.
    ConvFormer(ConvFormerConfig),
    /// Heat-maps of keypoints: `HRNet` and attention among all cells of its finest map.
    #[serde(rename = "transpose_h")]
    TransposeH(TransposeHConfig),
    /// Its child: attention within columns and rows, V blocks.
    Vttranspose(VttransposeConfig),
    /// The small network of the family.
    #[serde(rename = "vttranspose_small")]
    VttransposeSmall(VttransposeSmallConfig),
    /// A gait parameter from keypoints: attention over joints, then over frames.
    Stt(SttConfig),
    /// A gait parameter from keypoints: convolutions over frames.
    Cnn1d(Cnn1dConfig),
    /// Motion to tokens and back.
    Vqvae(VqvaeConfig),
    /// Tokens of motion and text to tokens of text.
    T5(T5Config),
}

/// Why settings are refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The text is not JSON, a key is unknown or missing, or a value is refused.
    #[error("the configuration of the network is refused: {0}")]
    Json(#[from] serde_json::Error),
    /// A value is out of range or does not fit another one.
    #[error("{key} is {value}, but {rule}")]
    Value {
        /// The key in `config.json`.
        key: &'static str,
        /// What it holds.
        value: String,
        /// What it must be.
        rule: String,
    },
    /// A key that only repeats what follows from the others says something else.
    #[error("{key} is stated as {stated}, but the other settings give {computed}")]
    Disagrees {
        /// The key in `config.json`.
        key: &'static str,
        /// What it says.
        stated: String,
        /// What follows from the other settings.
        computed: String,
    },
    /// No preset has this name.
    #[error("no preset is called {name:?}; there are {}", NetworkConfig::preset_names().join(", "))]
    UnknownPreset {
        /// The name asked for.
        name: String,
    },
}

/// Name and shape of one tensor of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorShape {
    /// Its name in weights files.
    pub name: String,
    /// Its extents, row-major; layouts are those of `PyTorch` (linear `(out, in)`, convolution
    /// `(out, in / groups, kernel)`, transposed convolution `(in, out / groups, kernel)`).
    pub shape: Vec<usize>,
}

impl TensorShape {
    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it holds no number.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Multiplications (each with its addition) of one forward pass with batch 1, by stage.
///
/// Matrix products and convolutions are counted; normalisation, pooling, softmax, activations and
/// additions are not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacCount {
    /// Stages in the order of the data flow.
    pub stages: Vec<(&'static str, u64)>,
}

impl MacCount {
    /// All stages together.
    pub fn total(&self) -> u64 {
        self.stages.iter().map(|(_, macs)| macs).sum()
    }

    /// One stage; 0 if the network has none of this name.
    pub fn stage(&self, name: &str) -> u64 {
        let named = self.stages.iter().filter(|(stage, _)| *stage == name);
        named.map(|(_, macs)| macs).sum()
    }
}

impl NetworkConfig {
    /// Reads `config.json`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] names the key that is unknown, missing, out of range or in disagreement.
    pub fn from_json(json: &[u8]) -> Result<Self, ConfigError> {
        Ok(serde_json::from_slice(json)?)
    }

    /// The settings as one line of JSON; what [`NetworkConfig::from_json`] reads.
    ///
    /// # Panics
    ///
    /// Never: settings are numbers and words, which JSON can always hold.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("settings are plain numbers and words")
    }

    /// Settings of a published network or of a row of its ablation tables.
    ///
    /// # Errors
    ///
    /// [`ConfigError::UnknownPreset`] lists the names.
    pub fn preset(name: &str) -> Result<Self, ConfigError> {
        presets::all()
            .into_iter()
            .find(|(preset, _)| preset == name)
            .map(|(_, config)| config)
            .ok_or_else(|| ConfigError::UnknownPreset {
                name: name.to_owned(),
            })
    }

    /// The names that [`NetworkConfig::preset`] knows.
    pub fn preset_names() -> Vec<String> {
        presets::all().into_iter().map(|(name, _)| name).collect()
    }

    /// The word that names the network on the command line and in `model`.
    pub fn model(&self) -> &'static str {
        match self {
            Self::Rtpca(_) => "rtpca",
            Self::Mixste(_) => "mixste",
            Self::ConvFormer(_) => "convformer",
            Self::TransposeH(_) => "transpose_h",
            Self::Vttranspose(_) => "vttranspose",
            Self::VttransposeSmall(_) => "vttranspose_small",
            Self::Stt(_) => "stt",
            Self::Cnn1d(_) => "cnn1d",
            Self::Vqvae(_) => "vqvae",
            Self::T5(_) => "t5",
        }
    }

    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Rtpca(config) => config.validate(),
            Self::Mixste(config) => config.validate(),
            Self::ConvFormer(config) => config.validate(),
            Self::TransposeH(config) => config.validate(),
            Self::Vttranspose(config) => config.validate(),
            Self::VttransposeSmall(config) => config.validate(),
            Self::Stt(config) => config.validate(),
            Self::Cnn1d(config) => config.validate(),
            Self::Vqvae(config) => config.validate(),
            Self::T5(config) => config.validate(),
        }
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        match self {
            Self::Rtpca(config) => config.tensor_shapes(),
            Self::Mixste(config) => config.tensor_shapes(),
            Self::ConvFormer(config) => config.tensor_shapes(),
            Self::TransposeH(config) => config.tensor_shapes(),
            Self::Vttranspose(config) => config.tensor_shapes(),
            Self::VttransposeSmall(config) => config.tensor_shapes(),
            Self::Stt(config) => config.tensor_shapes(),
            Self::Cnn1d(config) => config.tensor_shapes(),
            Self::Vqvae(config) => config.tensor_shapes(),
            Self::T5(config) => config.tensor_shapes(),
        }
    }

    /// How many parameters the network has, as papers count them: with fixed tables of places, without
    /// the means and variances of batch norms; with those for the 1D-CNN, whose paper counts as Keras does.
    pub fn parameter_count(&self) -> u64 {
        match self {
            Self::Cnn1d(config) => config.parameter_count(),
            Self::Vqvae(config) => config.parameter_count(),
            _ => learned(&self.tensor_shapes()),
        }
    }

    /// How many of them are learned.
    pub fn trainable_count(&self) -> u64 {
        let tensors = self.tensor_shapes();
        let fixed = tensors.iter().filter(|tensor| self.is_fixed(&tensor.name));
        count(&tensors) - fixed.map(|tensor| tensor.len() as u64).sum::<u64>()
    }

    /// Whether a tensor is no result of gradients: means and variances of batch norms, tables of sines,
    /// codes of the motion tokenizer.
    pub fn is_fixed(&self, name: &str) -> bool {
        let sine = match self {
            Self::TransposeH(config) => config.position == Position::Sine,
            Self::Vttranspose(config) => config.position == Position::Sine,
            Self::Vqvae(_) => return VqvaeConfig::is_fixed(name),
            _ => false,
        };
        is_statistic(name) || (sine && name == "pos_embedding")
    }

    /// The arithmetic of one forward pass.
    pub fn macs(&self) -> MacCount {
        match self {
            Self::Rtpca(config) => config.macs(),
            Self::Mixste(config) => config.macs(),
            Self::ConvFormer(config) => config.macs(),
            Self::TransposeH(config) => config.macs(),
            Self::Vttranspose(config) => config.macs(),
            Self::VttransposeSmall(config) => config.macs(),
            Self::Stt(config) => config.macs(),
            Self::Cnn1d(config) => config.macs(),
            Self::Vqvae(config) => config.macs(),
            Self::T5(config) => config.macs(),
        }
    }

    /// Whether it finds keypoints in pictures; the others read keypoints.
    pub fn reads_pictures(&self) -> bool {
        match self {
            Self::Rtpca(_)
            | Self::Mixste(_)
            | Self::ConvFormer(_)
            | Self::Stt(_)
            | Self::Cnn1d(_)
            | Self::Vqvae(_)
            | Self::T5(_) => false,
            Self::TransposeH(_) | Self::Vttranspose(_) | Self::VttransposeSmall(_) => true,
        }
    }

    /// Shape of one input: `[frames, joints, channels]`, `[3, height, width]` of a picture, or
    /// `[frames, features, 1]` of the 1D-CNN and the motion tokenizer. T5 reads any number of tokens:
    /// `[1, 1, 1]`.
    pub fn input_shape(&self) -> [usize; 3] {
        match self {
            Self::Rtpca(c) => [c.frames, c.joints, c.in_channels],
            Self::Mixste(c) => [c.frames, c.joints, c.in_channels],
            Self::ConvFormer(c) => [c.frames, c.joints_in, c.in_channels],
            Self::TransposeH(c) => picture(c.image_size),
            Self::Vttranspose(c) => picture(c.image_size),
            Self::VttransposeSmall(c) => picture(c.image_size),
            Self::Stt(c) => [c.frames, c.joints, 2],
            Self::Cnn1d(c) => [c.frames, c.features, 1],
            Self::Vqvae(c) => [c.frames, c.features, 1],
            Self::T5(_) => [1, 1, 1],
        }
    }

    /// Shape of one output: `[frames, joints, 3]`, `[joints, height, width]` of heat-maps, or `[1, 1, n]`
    /// where n numbers are estimated, or `[frames, features, 1]` of the motion tokenizer, or one number for
    /// each token that T5 could write next, `[1, vocabulary, 1]`.
    pub fn output_shape(&self) -> [usize; 3] {
        match self {
            Self::Rtpca(c) => [c.frames, c.joints, 3],
            Self::Mixste(c) => [c.frames, c.joints, 3],
            Self::ConvFormer(c) => [1, c.joints_out, 3],
            Self::TransposeH(c) => heatmaps(c.joints, c.image_size),
            Self::Vttranspose(c) => heatmaps(c.joints, c.image_size),
            Self::VttransposeSmall(c) => heatmaps(c.joints, c.image_size),
            Self::Stt(_) => [1, 1, 1],
            Self::Cnn1d(_) => [1, 1, 2],
            Self::Vqvae(c) => [c.tokens(c.frames) * c.frames_of_token(), c.features, 1],
            Self::T5(c) => [1, c.vocabulary, 1],
        }
    }
}

/// Collects the tensors of a network.
#[derive(Debug, Default)]
struct Shapes(Vec<TensorShape>);

impl Shapes {
    fn tensor(&mut self, name: &str, shape: &[usize]) {
        self.0.push(TensorShape {
            name: name.to_owned(),
            shape: shape.to_vec(),
        });
    }

    fn bias(&mut self, name: &str, length: usize) {
        self.tensor(&format!("{name}.bias"), &[length]);
    }

    fn weight(&mut self, name: &str, shape: &[usize]) {
        self.tensor(&format!("{name}.weight"), shape);
    }

    /// A matrix `(out, in)` and its bias.
    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) {
        self.weight(name, &[outputs, inputs]);
        self.bias(name, outputs);
    }

    /// Factor and offset of a layer norm.
    fn norm(&mut self, name: &str, length: usize) {
        self.weight(name, &[length]);
        self.bias(name, length);
    }

    /// A convolution `(channels, inputs, kernel)` and its bias.
    fn conv(&mut self, name: &str, channels: usize, inputs: usize, kernel: usize) {
        self.weight(name, &[channels, inputs, kernel]);
        self.bias(name, channels);
    }
}

fn picture([width, height]: [usize; 2]) -> [usize; 3] {
    [3, height, width]
}

fn heatmaps(joints: usize, [width, height]: [usize; 2]) -> [usize; 3] {
    [joints, height / 4, width / 4]
}

/// Whether this is a mean or variance that a batch norm keeps.
fn is_statistic(name: &str) -> bool {
    name.ends_with(".running_mean") || name.ends_with(".running_var")
}

/// All numbers but those that batch norms keep.
fn learned(shapes: &[TensorShape]) -> u64 {
    let parameters = shapes.iter().filter(|tensor| !is_statistic(&tensor.name));
    parameters.map(|tensor| tensor.len() as u64).sum()
}

fn count(shapes: &[TensorShape]) -> u64 {
    shapes.iter().map(|tensor| tensor.len() as u64).sum()
}

fn product(extents: &[usize]) -> u64 {
    extents.iter().map(|&extent| extent as u64).product()
}

/// Sizes beyond these are mistakes, and would make the arithmetic below overflow.
fn check_size(key: &'static str, value: usize, largest: usize) -> Result<(), ConfigError> {
    check(
        key,
        &value,
        (1..=largest).contains(&value),
        &format!("it must be from 1 to {largest}"),
    )
}

fn check_eps(key: &'static str, eps: f32) -> Result<(), ConfigError> {
    check(
        key,
        &eps,
        eps > 0.0 && eps < 1.0,
        "it must lie between 0 and 1",
    )
}

fn check(
    key: &'static str,
    value: &dyn std::fmt::Display,
    holds: bool,
    rule: &str,
) -> Result<(), ConfigError> {
    if holds {
        return Ok(());
    }
    Err(ConfigError::Value {
        key,
        value: value.to_string(),
        rule: rule.to_owned(),
    })
}

/// Compares a key that only repeats with what it repeats.
fn agree<T: PartialEq + std::fmt::Debug + ?Sized>(
    key: &'static str,
    stated: Option<&T>,
    computed: &T,
) -> Result<(), ConfigError> {
    match stated {
        Some(stated) if stated != computed => Err(ConfigError::Disagrees {
            key,
            stated: format!("{stated:?}"),
            computed: format!("{computed:?}"),
        }),
        _ => Ok(()),
    }
}

fn default_in_channels() -> usize {
    2
}

fn default_mlp_ratio() -> usize {
    2
}

fn default_true() -> bool {
    true
}

fn default_block_eps() -> f32 {
    1e-6
}

fn default_head_eps() -> f32 {
    1e-5
}
