//! The arithmetic of RTPCA, honestly and as the paper counted it.

use super::super::{MacCount, product};
use super::{Amplify, Compress, RtpcaConfig};

impl RtpcaConfig {
    /// The arithmetic of one forward pass over one clip.
    pub fn macs(&self) -> MacCount {
        let (joints, dim) = (self.joints, self.dim);
        let hidden = dim * self.mlp_ratio;
        let mut macs = [0_u64; 8];
        macs[0] = product(&[self.frames, joints, self.in_channels, dim]);
        for block in 0..self.depth {
            let (before, after) = self.block_frames(block);
            let tokens = before * joints;
            macs[1] += product(&[4, tokens, dim, dim]);
            macs[2] += product(&[2, tokens, joints, dim]);
            macs[3] += product(&[2, tokens, dim, hidden]);
            let memory = self.memory_of(block).map_or(0, |_| self.memory_tokens());
            let own = self.own_tokens(block);
            macs[4] += product(&[2, tokens, dim, dim]) + product(&[2, own, joints, dim, dim]);
            macs[5] += self.pyramid_macs(block);
            macs[6] += product(&[2, tokens, own + memory, dim]);
            macs[7] += if self.mlp_mixes_frames(block) {
                product(&[joints, dim, before, before + after])
            } else {
                product(&[2, tokens, dim, hidden])
            };
        }
        let [embed, sp, sa, sm, tp, pyramid, ta, tm] = macs;
        MacCount {
            stages: vec![
                ("embedding", embed),
                ("spatial projections", sp),
                ("spatial attention", sa),
                ("spatial mlp", sm),
                ("temporal pyramid", pyramid),
                ("temporal projections", tp),
                ("temporal attention", ta),
                ("temporal mlp", tm),
                ("head", product(&[self.frames, joints, dim, 3])),
            ],
        }
    }

    fn pyramid_macs(&self, block: usize) -> u64 {
        let Some(tpca) = self.tpca else { return 0 };
        let channels = self.joints * self.dim;
        let levels = self.pyramid_lengths(block);
        let mut macs = 0;
        if tpca.compress != Compress::Pool {
            for (length, kernel) in levels.into_iter().zip(self.down_kernels(block)) {
                macs += product(&[channels, length, kernel]);
            }
        }
        if tpca.amplify == Amplify::Transconv {
            for (length, kernel) in levels.into_iter().rev().zip(self.up_kernels(block)) {
                macs += product(&[channels, length, kernel]);
            }
        }
        macs
    }

    /// What the tool `thop` counts for one clip: the paper's "FLOPs".
    ///
    /// Linear layers, four a normalised number, transposed convolutions by their output, pooling by its
    /// window; matrix products of attention are not counted.
    pub fn thop_macs(&self) -> u64 {
        let macs = self.macs();
        let (joints, dim) = (self.joints, self.dim);
        let channels = joints * dim;
        let mut total = macs.total()
            - macs.stage("spatial attention")
            - macs.stage("temporal attention")
            - macs.stage("temporal pyramid");
        let pooled = |from: usize, to: usize| product(&[channels, to, from / to + 1]);
        let normed = |length: usize| product(&[4, channels, length]);
        for block in 0..self.depth {
            let (before, after) = self.block_frames(block);
            total += 4 * normed(before) + normed(before) + normed(after);
            if let Some(source) = self.memory_of(block) {
                total += 2 * pooled(self.handed_tokens(source), self.memory_tokens());
            }
            let Some(tpca) = self.tpca else { continue };
            let levels = self.pyramid_lengths(block);
            let [half, quarter, _] = levels;
            let above = if tpca.compress == Compress::PoolConv {
                [before; 3]
            } else {
                [before, half, quarter]
            };
            if tpca.compress != Compress::Conv {
                total += above
                    .into_iter()
                    .zip(levels)
                    .map(|(from, to)| pooled(from, to))
                    .sum::<u64>();
            }
            if tpca.compress != Compress::Pool {
                let convs = levels.into_iter().zip(self.down_kernels(block));
                total += convs
                    .map(|(length, kernel)| product(&[channels, length, kernel]))
                    .sum::<u64>();
            }
            let normed_levels = tpca.compress != Compress::PoolConv;
            if normed_levels {
                total += levels.into_iter().map(normed).sum::<u64>();
            }
            let targets = [quarter, half, before];
            if normed_levels && tpca.amplify != Amplify::None {
                total += targets.into_iter().map(normed).sum::<u64>();
            }
            if tpca.amplify == Amplify::Transconv {
                let ups = targets.into_iter().zip(self.up_kernels(block));
                total += ups
                    .map(|(length, kernel)| product(&[channels, length, kernel]))
                    .sum::<u64>();
            }
            total += normed(self.own_tokens(block));
        }
        total + normed(self.frames)
    }
}
