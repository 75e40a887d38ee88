//! The settings as they are written: flat keys, unknown ones refused.

use serde::{Deserialize, Serialize};

use super::super::{ConfigError, agree, check, check_size, default_head_eps};
use super::{
    Axial, Encoder, EncoderNorm, Position, TransposeHConfig, TwinFeed, VBlocks, VEntry, VKernel,
    VttransposeConfig, VttransposeSmallConfig, mirror_pairs,
};

/// [`Position`] as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PositionName {
    Sine,
    Learnable,
    Axial,
    None,
}

impl PositionName {
    fn resolve(self, axial_sum: Option<bool>) -> Result<Position, ConfigError> {
        check(
            "axial_sum",
            &"stated",
            self == Self::Axial || axial_sum.is_none(),
            "position is not axial: leave it out",
        )?;
        Ok(match self {
            Self::Sine => Position::Sine,
            Self::Learnable => Position::Learnable,
            Self::Axial => Position::Axial {
                sum: axial_sum.unwrap_or(true),
            },
            Self::None => Position::None,
        })
    }

    fn of(position: Position) -> (Self, Option<bool>) {
        match position {
            Position::Sine => (Self::Sine, None),
            Position::Learnable => (Self::Learnable, None),
            Position::Axial { sum } => (Self::Axial, Some(sum)),
            Position::None => (Self::None, None),
        }
    }
}

/// [`Encoder`] as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EncoderName {
    #[default]
    Twin,
    #[serde(rename = "self")]
    SelfAttention,
}

/// `config.json` of `TransPose` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTransposeH {
    #[serde(default = "pair::<192, 256>")]
    image_size: [usize; 2],
    #[serde(default = "size::<64>")]
    stem: usize,
    #[serde(default = "triple::<32, 64, 128>")]
    stage_channels: [usize; 3],
    #[serde(default = "size::<4>")]
    blocks_per_branch: usize,
    #[serde(default = "size::<4>")]
    stage3_modules: usize,
    #[serde(default = "size::<64>")]
    d_model: usize,
    #[serde(default = "size::<128>")]
    ffn: usize,
    #[serde(default = "size::<4>")]
    layers: usize,
    #[serde(default = "size::<1>")]
    heads: usize,
    #[serde(default = "default_sine")]
    position: PositionName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    axial_sum: Option<bool>,
    #[serde(default = "size::<17>")]
    joints: usize,
    #[serde(default = "default_head_eps")]
    bn_eps: f32,
    #[serde(default = "default_head_eps")]
    ln_eps: f32,
    #[serde(default, skip_serializing)]
    heatmap_size: Option<[usize; 2]>,
    #[serde(default, skip_serializing)]
    flip_pairs: Option<Vec<[usize; 2]>>,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
}

impl TryFrom<RawTransposeH> for TransposeHConfig {
    type Error = ConfigError;

    fn try_from(raw: RawTransposeH) -> Result<Self, ConfigError> {
        let config = Self {
            image_size: raw.image_size,
            stem: raw.stem,
            stage_channels: raw.stage_channels,
            blocks_per_branch: raw.blocks_per_branch,
            stage3_modules: raw.stage3_modules,
            d_model: raw.d_model,
            ffn: raw.ffn,
            layers: raw.layers,
            heads: raw.heads,
            position: raw.position.resolve(raw.axial_sum)?,
            joints: raw.joints,
            bn_eps: raw.bn_eps,
            ln_eps: raw.ln_eps,
        };
        config.validate()?;
        let grid = config.as_vttranspose().grid();
        repeated(
            grid,
            raw.heatmap_size,
            config.joints,
            raw.flip_pairs.as_ref(),
        )?;
        check_batch(raw.batch)?;
        Ok(config)
    }
}

impl From<TransposeHConfig> for RawTransposeH {
    fn from(config: TransposeHConfig) -> Self {
        let (position, axial_sum) = PositionName::of(config.position);
        Self {
            image_size: config.image_size,
            stem: config.stem,
            stage_channels: config.stage_channels,
            blocks_per_branch: config.blocks_per_branch,
            stage3_modules: config.stage3_modules,
            d_model: config.d_model,
            ffn: config.ffn,
            layers: config.layers,
            heads: config.heads,
            position,
            axial_sum,
            joints: config.joints,
            bn_eps: config.bn_eps,
            ln_eps: config.ln_eps,
            heatmap_size: None,
            flip_pairs: None,
            batch: None,
        }
    }
}

/// `config.json` of `VTTransPose` as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    #[serde(default = "pair::<192, 256>")]
    image_size: [usize; 2],
    #[serde(default = "size::<64>")]
    stem: usize,
    #[serde(default = "triple::<32, 64, 128>")]
    stage_channels: [usize; 3],
    #[serde(default = "size::<4>")]
    blocks_per_branch: usize,
    #[serde(default = "size::<4>")]
    stage3_modules: usize,
    #[serde(default = "size::<64>")]
    d_model: usize,
    #[serde(default = "size::<4>")]
    layers: usize,
    #[serde(default = "size::<1>")]
    heads: usize,
    #[serde(default)]
    encoder: EncoderName,
    #[serde(default)]
    encoder_norm: EncoderNorm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    encoder_axial: Option<Axial>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    leaky_slope: Option<f32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ffn: Option<usize>,
    #[serde(default = "default_axial")]
    position: PositionName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    axial_sum: Option<bool>,
    #[serde(default = "default_replace")]
    v_replace: Vec<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v_width: Option<usize>,
    #[serde(default)]
    v_entry: VEntry,
    #[serde(default)]
    v_kernel: VKernel,
    #[serde(default = "size::<17>")]
    joints: usize,
    #[serde(default = "default_head_eps")]
    bn_eps: f32,
    #[serde(default = "default_head_eps")]
    ln_eps: f32,
    #[serde(default, skip_serializing)]
    heatmap_size: Option<[usize; 2]>,
    #[serde(default, skip_serializing)]
    flip_pairs: Option<Vec<[usize; 2]>>,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
}

impl TryFrom<Raw> for VttransposeConfig {
    type Error = ConfigError;

    fn try_from(raw: Raw) -> Result<Self, ConfigError> {
        let encoder = match raw.encoder {
            EncoderName::Twin => Encoder::Twin {
                axial: raw.encoder_axial.unwrap_or_default(),
                norm: raw.encoder_norm,
                feed: TwinFeed {
                    leaky_slope: raw.leaky_slope.unwrap_or(DEFAULT_SLOPE),
                    ffn: raw.ffn,
                },
            },
            EncoderName::SelfAttention => {
                let rule = "encoder is self: leave it out";
                check(
                    "encoder_axial",
                    &"stated",
                    raw.encoder_axial.is_none(),
                    rule,
                )?;
                check("leaky_slope", &"stated", raw.leaky_slope.is_none(), rule)?;
                Encoder::SelfAttention {
                    ffn: raw.ffn.unwrap_or(2 * raw.d_model),
                    norm: raw.encoder_norm,
                }
            }
        };
        let config = Self {
            image_size: raw.image_size,
            stem: raw.stem,
            stage_channels: raw.stage_channels,
            blocks_per_branch: raw.blocks_per_branch,
            stage3_modules: raw.stage3_modules,
            v_blocks: VBlocks {
                replace: raw.v_replace,
                width: raw.v_width.unwrap_or((raw.stage_channels[2] / 4).max(1)),
                entry: raw.v_entry,
                kernel: raw.v_kernel,
            },
            d_model: raw.d_model,
            layers: raw.layers,
            heads: raw.heads,
            encoder,
            position: raw.position.resolve(raw.axial_sum)?,
            joints: raw.joints,
            bn_eps: raw.bn_eps,
            ln_eps: raw.ln_eps,
        };
        config.validate()?;
        repeated(
            config.grid(),
            raw.heatmap_size,
            config.joints,
            raw.flip_pairs.as_ref(),
        )?;
        let learned = super::super::learned(&config.tensor_shapes());
        agree("params", raw.params.as_ref(), &learned)?;
        check_batch(raw.batch)?;
        Ok(config)
    }
}

impl From<VttransposeConfig> for Raw {
    fn from(config: VttransposeConfig) -> Self {
        let (position, axial_sum) = PositionName::of(config.position);
        let written = Written::of(&config.encoder);
        Self {
            image_size: config.image_size,
            stem: config.stem,
            stage_channels: config.stage_channels,
            blocks_per_branch: config.blocks_per_branch,
            stage3_modules: config.stage3_modules,
            d_model: config.d_model,
            layers: config.layers,
            heads: config.heads,
            encoder: written.name,
            encoder_norm: written.norm,
            encoder_axial: written.axial,
            leaky_slope: written.leaky_slope,
            ffn: written.ffn,
            position,
            axial_sum,
            v_replace: config.v_blocks.replace,
            v_width: Some(config.v_blocks.width),
            v_entry: config.v_blocks.entry,
            v_kernel: config.v_blocks.kernel,
            joints: config.joints,
            bn_eps: config.bn_eps,
            ln_eps: config.ln_eps,
            heatmap_size: None,
            flip_pairs: None,
            batch: None,
            params: None,
        }
    }
}

/// An encoder's flat keys.
struct Written {
    name: EncoderName,
    norm: EncoderNorm,
    axial: Option<Axial>,
    leaky_slope: Option<f32>,
    ffn: Option<usize>,
}

impl Written {
    fn of(encoder: &Encoder) -> Self {
        match encoder {
            Encoder::SelfAttention { ffn, norm } => Self {
                name: EncoderName::SelfAttention,
                norm: *norm,
                axial: None,
                leaky_slope: None,
                ffn: Some(*ffn),
            },
            Encoder::Twin { axial, norm, feed } => Self {
                name: EncoderName::Twin,
                norm: *norm,
                axial: Some(*axial),
                leaky_slope: Some(feed.leaky_slope),
                ffn: feed.ffn,
            },
        }
    }
}

/// `config.json` of the small network as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSmall {
    #[serde(default = "pair::<144, 192>")]
    image_size: [usize; 2],
    #[serde(default = "size::<24>")]
    stem: usize,
    #[serde(default = "triple::<32, 64, 128>")]
    channels: [usize; 3],
    #[serde(default = "triple::<2, 3, 3>")]
    blocks: [usize; 3],
    #[serde(default)]
    v_replace: Vec<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    v_width: Option<usize>,
    #[serde(default)]
    v_entry: VEntry,
    #[serde(default)]
    v_kernel: VKernel,
    #[serde(default = "size::<2>")]
    layers: usize,
    #[serde(default = "size::<4>")]
    heads: usize,
    #[serde(default)]
    encoder_norm: EncoderNorm,
    #[serde(default)]
    encoder_axial: Axial,
    #[serde(default = "default_slope")]
    leaky_slope: f32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ffn: Option<usize>,
    #[serde(default = "default_axial")]
    position: PositionName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    axial_sum: Option<bool>,
    #[serde(default = "size::<64>")]
    decoder: usize,
    #[serde(default = "size::<23>")]
    joints: usize,
    #[serde(default = "default_head_eps")]
    bn_eps: f32,
    #[serde(default = "default_head_eps")]
    ln_eps: f32,
}

impl TryFrom<RawSmall> for VttransposeSmallConfig {
    type Error = ConfigError;

    fn try_from(raw: RawSmall) -> Result<Self, ConfigError> {
        let config = Self {
            image_size: raw.image_size,
            stem: raw.stem,
            channels: raw.channels,
            blocks: raw.blocks,
            v_blocks: VBlocks {
                replace: raw.v_replace,
                width: raw.v_width.unwrap_or((raw.channels[2] / 4).max(1)),
                entry: raw.v_entry,
                kernel: raw.v_kernel,
            },
            layers: raw.layers,
            heads: raw.heads,
            encoder: Encoder::Twin {
                axial: raw.encoder_axial,
                norm: raw.encoder_norm,
                feed: TwinFeed {
                    leaky_slope: raw.leaky_slope,
                    ffn: raw.ffn,
                },
            },
            position: raw.position.resolve(raw.axial_sum)?,
            decoder: raw.decoder,
            joints: raw.joints,
            bn_eps: raw.bn_eps,
            ln_eps: raw.ln_eps,
        };
        config.validate()?;
        Ok(config)
    }
}

impl From<VttransposeSmallConfig> for RawSmall {
    fn from(config: VttransposeSmallConfig) -> Self {
        let (position, axial_sum) = PositionName::of(config.position);
        let written = Written::of(&config.encoder);
        Self {
            image_size: config.image_size,
            stem: config.stem,
            channels: config.channels,
            blocks: config.blocks,
            v_replace: config.v_blocks.replace,
            v_width: Some(config.v_blocks.width),
            v_entry: config.v_blocks.entry,
            v_kernel: config.v_blocks.kernel,
            layers: config.layers,
            heads: config.heads,
            encoder_norm: written.norm,
            encoder_axial: written.axial.unwrap_or_default(),
            leaky_slope: written.leaky_slope.unwrap_or(DEFAULT_SLOPE),
            ffn: written.ffn,
            position,
            axial_sum,
            decoder: config.decoder,
            joints: config.joints,
            bn_eps: config.bn_eps,
            ln_eps: config.ln_eps,
        }
    }
}

/// Compares keys that only repeat what follows from the others.
fn repeated(
    [height, width]: [usize; 2],
    heatmap_size: Option<[usize; 2]>,
    joints: usize,
    flip_pairs: Option<&Vec<[usize; 2]>>,
) -> Result<(), ConfigError> {
    agree("heatmap_size", heatmap_size.as_ref(), &[width, height])?;
    agree("flip_pairs", flip_pairs, &mirror_pairs(joints))
}

fn check_batch(batch: Option<usize>) -> Result<(), ConfigError> {
    batch.map_or(Ok(()), |batch| check_size("batch", batch, 1 << 20))
}

const DEFAULT_SLOPE: f32 = 0.01;

/// A number for a key that is left out.
fn size<const N: usize>() -> usize {
    N
}

/// Two of them.
fn pair<const A: usize, const B: usize>() -> [usize; 2] {
    [A, B]
}

/// Three of them.
fn triple<const A: usize, const B: usize, const C: usize>() -> [usize; 3] {
    [A, B, C]
}

fn default_slope() -> f32 {
    DEFAULT_SLOPE
}

fn default_sine() -> PositionName {
    PositionName::Sine
}

fn default_axial() -> PositionName {
    PositionName::Axial
}

fn default_replace() -> Vec<usize> {
    vec![2, 3]
}
