//! Settings of the networks that find keypoints, and of every row of `VTTransPose`'s ablations.

use super::super::{
    Axial, Encoder, EncoderNorm, NetworkConfig, Position, TransposeHConfig, TwinFeed, VBlocks,
    VEntry, VKernel, VttransposeConfig, VttransposeSmallConfig,
};

/// `TransPose` on `HRNet` of this width: the encoder is twice or as wide as the branches need.
fn transpose_h(first: usize, d_model: usize, layers: usize) -> TransposeHConfig {
    TransposeHConfig {
        image_size: [192, 256],
        stem: 64,
        stage_channels: [first, 2 * first, 4 * first],
        blocks_per_branch: 4,
        stage3_modules: 4,
        d_model,
        ffn: 2 * d_model,
        layers,
        heads: 1,
        position: Position::Sine,
        joints: 17,
        bn_eps: 1e-5,
        ln_eps: 1e-5,
    }
}

/// `VTTransPose` in the reading that has the paper's number of parameters.
fn vttranspose() -> VttransposeConfig {
    VttransposeConfig {
        v_blocks: VBlocks {
            replace: vec![2, 3],
            ..VBlocks::none()
        },
        encoder: twin(Axial::Sequential, EncoderNorm::Post, None),
        position: Position::Axial { sum: true },
        ..transpose_h(32, 64, 4).as_vttranspose()
    }
}

fn twin(axial: Axial, norm: EncoderNorm, ffn: Option<usize>) -> Encoder {
    Encoder::Twin {
        axial,
        norm,
        feed: TwinFeed {
            leaky_slope: 0.01,
            ffn,
        },
    }
}

fn small() -> VttransposeSmallConfig {
    VttransposeSmallConfig {
        image_size: [144, 192],
        stem: 24,
        channels: [32, 64, 128],
        blocks: [2, 3, 3],
        v_blocks: VBlocks::none(),
        layers: 2,
        heads: 4,
        encoder: twin(Axial::Sequential, EncoderNorm::Post, None),
        position: Position::Axial { sum: true },
        decoder: 64,
        joints: 23,
        bn_eps: 1e-5,
        ln_eps: 1e-5,
    }
}

pub(super) fn add(presets: &mut Vec<(String, NetworkConfig)>) {
    for (name, config) in [
        ("transpose_h_s", transpose_h(32, 64, 4)),
        ("transpose_h_a4", transpose_h(48, 96, 4)),
        ("transpose_h_a6", transpose_h(48, 96, 6)),
    ] {
        presets.push((name.to_owned(), NetworkConfig::TransposeH(config)));
    }
    variants(presets);
    let mut add = |name: &str, config: VttransposeSmallConfig| {
        presets.push((name.to_owned(), NetworkConfig::VttransposeSmall(config)));
    };
    add("vttranspose_small", small());
    let replace = vec![1, 2];
    add(
        "vttranspose_small_v",
        VttransposeSmallConfig {
            v_blocks: VBlocks {
                replace,
                ..VBlocks::none()
            },
            ..small()
        },
    );
}

fn variants(presets: &mut Vec<(String, NetworkConfig)>) {
    let mut add = |name: &str, config: VttransposeConfig| {
        presets.push((name.to_owned(), NetworkConfig::Vttranspose(config)));
    };
    let blocks = |replace: &[usize], width, entry, kernel| VBlocks {
        replace: replace.to_vec(),
        width,
        entry,
        kernel,
    };
    let (per_part, asymmetric) = (VEntry::PerPart, VKernel::Asymmetric);
    let without_v = VttransposeConfig {
        v_blocks: VBlocks::none(),
        ..vttranspose()
    };
    add("vttranspose", vttranspose());
    // Table 5, row 2: twin attention without V blocks. With linear layers kept beside the convolutions it
    // has the paper's parameters too, but not its arithmetic.
    add("transpose_h_s_twin", without_v.clone());
    add(
        "transpose_h_s_twin_ffn",
        VttransposeConfig {
            encoder: twin(Axial::Sequential, EncoderNorm::Post, Some(128)),
            ..without_v
        },
    );
    // V blocks alone.
    add(
        "transpose_h_s_v",
        VttransposeConfig {
            v_blocks: vttranspose().v_blocks,
            ..transpose_h(32, 64, 4).as_vttranspose()
        },
    );
    // Other readings of the V block.
    let all = &[0, 1, 2, 3];
    for (name, v_blocks, position) in [
        (
            "literal_all",
            blocks(all, 32, per_part, asymmetric),
            Position::Axial { sum: true },
        ),
        (
            "rsn",
            blocks(all, 52, VEntry::Joint, asymmetric),
            Position::Sine,
        ),
        (
            "wide",
            blocks(all, 58, per_part, asymmetric),
            Position::Axial { sum: true },
        ),
        (
            "square",
            blocks(&[2, 3], 32, per_part, VKernel::Square),
            Position::Axial { sum: true },
        ),
    ] {
        add(
            &format!("vttranspose_{name}"),
            VttransposeConfig {
                v_blocks,
                position,
                ..vttranspose()
            },
        );
    }
    // Options of the encoder.
    for (name, axial, norm) in [
        ("pre_norm", Axial::Sequential, EncoderNorm::Pre),
        ("rezero", Axial::Sequential, EncoderNorm::Rezero),
        ("parallel", Axial::Parallel, EncoderNorm::Post),
    ] {
        add(
            &format!("vttranspose_{name}"),
            VttransposeConfig {
                encoder: twin(axial, norm, None),
                ..vttranspose()
            },
        );
    }
    for (name, position) in [
        ("sine", Position::Sine),
        ("learnable", Position::Learnable),
        ("axial_apart", Position::Axial { sum: false }),
        ("no_position", Position::None),
    ] {
        add(
            &format!("vttranspose_{name}"),
            VttransposeConfig {
                position,
                ..vttranspose()
            },
        );
    }
    add(
        "vttranspose_23",
        VttransposeConfig {
            joints: 23,
            ..vttranspose()
        },
    );
}
