//! RTPCA's settings as they are written.

use serde::{Deserialize, Serialize};

use super::super::{
    ConfigError, agree, check, check_size, default_block_eps, default_head_eps,
    default_in_channels, default_mlp_ratio, default_true,
};
use super::{
    Amplify, Compress, RtpcaConfig, TpcaConfig, XlrConfig, XlrFuse, XlrResidual, XlrTopology,
};

/// `config.json` of RTPCA as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    frames: usize,
    joints: usize,
    #[serde(default = "default_in_channels")]
    in_channels: usize,
    dim: usize,
    depth: usize,
    heads: usize,
    #[serde(default = "default_mlp_ratio")]
    mlp_ratio: usize,
    #[serde(default = "default_true")]
    qkv_bias: bool,
    tpca: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compress: Option<Compress>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amplify: Option<Amplify>,
    xlr: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xlr_topology: Option<RawTopology>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xlr_fuse: Option<XlrFuse>,
    #[serde(default)]
    xlr_residual: XlrResidual,
    #[serde(default = "default_block_eps")]
    block_eps: f32,
    #[serde(default = "default_head_eps")]
    tpca_eps: f32,
    #[serde(default = "default_head_eps")]
    head_eps: f32,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
    #[serde(default, skip_serializing)]
    pyramid_lengths: Option<[usize; 3]>,
    #[serde(default, skip_serializing)]
    up_kernels: Option<[usize; 3]>,
    #[serde(default, skip_serializing)]
    xlr_tokens: Option<usize>,
}

/// [`XlrTopology`], or the word for no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawTopology {
    None,
    Adjacent,
    Pyramid,
    PyramidQ,
}

impl RawTopology {
    fn resolve(self) -> Option<XlrTopology> {
        match self {
            Self::None => None,
            Self::Adjacent => Some(XlrTopology::Adjacent),
            Self::Pyramid => Some(XlrTopology::Pyramid),
            Self::PyramidQ => Some(XlrTopology::PyramidQ),
        }
    }

    fn of(topology: XlrTopology) -> Self {
        match topology {
            XlrTopology::Adjacent => Self::Adjacent,
            XlrTopology::Pyramid => Self::Pyramid,
            XlrTopology::PyramidQ => Self::PyramidQ,
        }
    }
}

impl TryFrom<Raw> for RtpcaConfig {
    type Error = ConfigError;

    fn try_from(raw: Raw) -> Result<Self, ConfigError> {
        let unused = |key, is_stated: bool, needed: &str| {
            let rule = format!("{needed} is false: leave it out");
            check(key, &"stated", !is_stated, &rule)
        };
        if !raw.tpca {
            unused("compress", raw.compress.is_some(), "tpca")?;
            unused("amplify", raw.amplify.is_some(), "tpca")?;
            unused("pyramid_lengths", raw.pyramid_lengths.is_some(), "tpca")?;
            unused("up_kernels", raw.up_kernels.is_some(), "tpca")?;
        }
        if !raw.xlr {
            unused("xlr_fuse", raw.xlr_fuse.is_some(), "xlr")?;
            unused("xlr_tokens", raw.xlr_tokens.is_some(), "xlr")?;
        }
        let default = if raw.xlr {
            RawTopology::Adjacent
        } else {
            RawTopology::None
        };
        let topology = raw.xlr_topology.unwrap_or(default).resolve();
        agree("xlr", Some(&raw.xlr), &topology.is_some())?;
        let config = Self {
            frames: raw.frames,
            joints: raw.joints,
            in_channels: raw.in_channels,
            dim: raw.dim,
            depth: raw.depth,
            heads: raw.heads,
            mlp_ratio: raw.mlp_ratio,
            qkv_bias: raw.qkv_bias,
            tpca: raw.tpca.then(|| TpcaConfig {
                compress: raw.compress.unwrap_or_default(),
                amplify: raw.amplify.unwrap_or_default(),
            }),
            xlr: topology.map(|topology| XlrConfig {
                topology,
                fuse: raw.xlr_fuse.unwrap_or_default(),
            }),
            xlr_residual: raw.xlr_residual,
            block_eps: raw.block_eps,
            tpca_eps: raw.tpca_eps,
            head_eps: raw.head_eps,
        };
        config.validate()?;
        let lengths = config.pyramid_lengths(0);
        agree("pyramid_lengths", raw.pyramid_lengths.as_ref(), &lengths)?;
        agree("up_kernels", raw.up_kernels.as_ref(), &config.up_kernels(0))?;
        agree(
            "xlr_tokens",
            raw.xlr_tokens.as_ref(),
            &config.memory_tokens(),
        )?;
        agree("params", raw.params.as_ref(), &config.parameter_count())?;
        raw.batch
            .map_or(Ok(()), |batch| check_size("batch", batch, 1 << 20))?;
        Ok(config)
    }
}

impl From<RtpcaConfig> for Raw {
    fn from(config: RtpcaConfig) -> Self {
        Self {
            frames: config.frames,
            joints: config.joints,
            in_channels: config.in_channels,
            dim: config.dim,
            depth: config.depth,
            heads: config.heads,
            mlp_ratio: config.mlp_ratio,
            qkv_bias: config.qkv_bias,
            tpca: config.tpca.is_some(),
            compress: config.tpca.map(|tpca| tpca.compress),
            amplify: config.tpca.map(|tpca| tpca.amplify),
            xlr: config.xlr.is_some(),
            xlr_topology: config.xlr.map(|xlr| RawTopology::of(xlr.topology)),
            xlr_fuse: config.xlr.map(|xlr| xlr.fuse),
            xlr_residual: config.xlr_residual,
            block_eps: config.block_eps,
            tpca_eps: config.tpca_eps,
            head_eps: config.head_eps,
            batch: None,
            params: None,
            pyramid_lengths: None,
            up_kernels: None,
            xlr_tokens: None,
        }
    }
}
