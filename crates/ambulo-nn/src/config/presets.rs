//! Settings of the published networks and of every row of their ablation tables, by name.

mod motion;
mod params;
mod pose;

use super::{
    Amplify, Bank, Compress, ConvFormerConfig, Eta, HeadOrder, MixsteConfig, NetworkConfig,
    RtpcaConfig, Scale, TpcaConfig, XlrConfig, XlrFuse, XlrResidual, XlrTopology,
};

/// Every preset with its name.
pub(super) fn all() -> Vec<(String, NetworkConfig)> {
    let mut presets = Vec::new();
    rtpca(&mut presets);
    convformer(&mut presets);
    pose::add(&mut presets);
    params::add(&mut presets);
    motion::add(&mut presets);
    presets
}

/// RTPCA at the size of the paper, with the released wiring.
fn rtpca_of(frames: usize, joints: usize) -> RtpcaConfig {
    RtpcaConfig {
        frames,
        joints,
        in_channels: 2,
        dim: 512,
        depth: 8,
        heads: 8,
        mlp_ratio: 2,
        qkv_bias: true,
        tpca: Some(TpcaConfig::default()),
        xlr: Some(XlrConfig::default()),
        xlr_residual: XlrResidual::SelfDouble,
        block_eps: 1e-6,
        tpca_eps: 1e-5,
        head_eps: 1e-5,
    }
}

fn rtpca(presets: &mut Vec<(String, NetworkConfig)>) {
    let paper = rtpca_of(243, 17);
    let mut add = |name: &str, config: RtpcaConfig| {
        presets.push((name.to_owned(), NetworkConfig::Rtpca(config)));
    };
    add("rtpca_243", paper.clone());
    add("rtpca_81", rtpca_of(81, 17));
    // MPI-INF-3DHP and HumanEva.
    add("rtpca_27", rtpca_of(27, 17));
    add("rtpca_27_humaneva", rtpca_of(27, 15));
    // The readings of the residual.
    for (name, xlr_residual) in [("prev", XlrResidual::Prev), ("none", XlrResidual::None)] {
        let name = format!("rtpca_243_residual_{name}");
        add(
            &name,
            RtpcaConfig {
                xlr_residual,
                ..paper.clone()
            },
        );
    }
    // Tables 4 and 5: which of the two parts.
    let plain = RtpcaConfig {
        tpca: None,
        xlr: None,
        xlr_residual: XlrResidual::None,
        ..paper.clone()
    };
    add("ste_243", plain.clone());
    let with_tpca = RtpcaConfig {
        tpca: paper.tpca,
        ..plain.clone()
    };
    add("ste_tpca_243", with_tpca.clone());
    add(
        "ste_xlr_243",
        RtpcaConfig {
            tpca: None,
            ..paper.clone()
        },
    );
    // Table 6: the ways down and up (the row pool, transconv is ste_tpca_243).
    for (name, compress, amplify) in [
        ("pool_none", Compress::Pool, Amplify::None),
        ("conv_none", Compress::Conv, Amplify::None),
        ("pool_conv_none", Compress::PoolConv, Amplify::None),
        ("pool_conv_linear", Compress::PoolConv, Amplify::Linear),
        (
            "pool_conv_transconv",
            Compress::PoolConv,
            Amplify::Transconv,
        ),
    ] {
        let tpca = Some(TpcaConfig { compress, amplify });
        let name = format!("ste_tpca_243_{name}");
        add(
            &name,
            RtpcaConfig {
                tpca,
                ..with_tpca.clone()
            },
        );
    }
    // Table 7: who remembers whom (none is ste_tpca_243, adjacent is rtpca_243).
    for (name, topology, fuse) in [
        ("pyramid_q", XlrTopology::PyramidQ, XlrFuse::Concat),
        ("pyramid", XlrTopology::Pyramid, XlrFuse::Concat),
        ("pyramid_gated", XlrTopology::Pyramid, XlrFuse::Gated),
    ] {
        let xlr = Some(XlrConfig { topology, fuse });
        let name = format!("rtpca_243_{name}");
        add(
            &name,
            RtpcaConfig {
                xlr,
                ..with_tpca.clone()
            },
        );
    }
    let trunk = |config: RtpcaConfig| -> MixsteConfig { config.trunk() };
    for frames in [27, 81, 243] {
        presets.push((
            format!("mixste_{frames}"),
            NetworkConfig::Mixste(trunk(rtpca_of(frames, 17))),
        ));
    }
}

/// ConvFormer at the size of the paper.
fn convformer_of(frames: usize, joints: usize, kernels: &[usize]) -> ConvFormerConfig {
    ConvFormerConfig {
        frames,
        joints_in: joints,
        joints_out: joints,
        in_channels: 2,
        dim: 32,
        heads: 8,
        spatial_blocks: 2,
        temporal_blocks: 2,
        mlp_ratio: 2,
        bank: Some(Bank {
            kernels: kernels.to_vec(),
            softmax: true,
            eta: Eta::PerProjection,
        }),
        head_order: HeadOrder::LinearFirst,
        scale: Scale::HeadWidth,
        block_eps: 1e-6,
        head_eps: 1e-5,
    }
}

fn convformer(presets: &mut Vec<(String, NetworkConfig)>) {
    let mut add = |name: &str, config: ConvFormerConfig| {
        presets.push((name.to_owned(), NetworkConfig::ConvFormer(config)));
    };
    let bank = &[7, 7, 7];
    // Table 5: the length of the window.
    for frames in [9, 27, 81, 143, 243] {
        add(
            &format!("convformer_{frames}"),
            convformer_of(frames, 17, bank),
        );
    }
    for frames in [9, 27, 43] {
        let name = format!("convformer_{frames}_humaneva");
        add(&name, convformer_of(frames, 15, bank));
    }
    // Table 4: the banks (7,7,7 is convformer_9; 7 alone is the single filter of table 6).
    for kernels in [
        &[3][..],
        &[3, 3],
        &[3, 3, 3],
        &[5],
        &[5, 5],
        &[5, 5, 5],
        &[7],
        &[7, 7],
        &[9],
        &[9, 9],
        &[9, 9, 9],
        &[3, 5, 7],
        &[5, 7, 9],
    ] {
        let digits: String = kernels.iter().map(ToString::to_string).collect();
        add(
            &format!("convformer_9_k{digits}"),
            convformer_of(9, 17, kernels),
        );
    }
    // Table 3: width, depths and heads.
    let paper = convformer_of(9, 17, bank);
    for (dim, spatial_blocks, temporal_blocks) in [
        (16, 2, 2),
        (16, 2, 4),
        (16, 4, 2),
        (32, 2, 4),
        (32, 4, 2),
        (64, 2, 2),
    ] {
        let name = format!("convformer_9_d{dim}_s{spatial_blocks}_t{temporal_blocks}");
        let config = ConvFormerConfig {
            dim,
            spatial_blocks,
            temporal_blocks,
            ..paper.clone()
        };
        add(&name, config);
    }
    for heads in [1, 2, 4] {
        let name = format!("convformer_9_heads{heads}");
        add(
            &name,
            ConvFormerConfig {
                heads,
                ..paper.clone()
            },
        );
    }
    // Table 6: plain attention.
    add(
        "convformer_9_dense",
        ConvFormerConfig {
            bank: None,
            ..paper
        },
    );
}
