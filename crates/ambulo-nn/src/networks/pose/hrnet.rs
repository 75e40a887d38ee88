//! `VTTransPose` and its parent: three stages of `HRNet`, an encoder over their finest map, a head.

use super::build::{Builder, Follow, Kernel, Part};
use super::encoder::Encoder;
use super::program::{Map, Order, Program, Step};
use crate::config::{self, VttransposeConfig};
use crate::kernels::maps::Extents;
use crate::layers::Checked;

/// The steps of the network.
pub(super) fn program(config: &VttransposeConfig, weights: Checked<'_>) -> Program {
    let mut builder = Builder::new(weights, config.bn_eps);
    let [columns, rows] = config.image_size;
    let input = builder.map(Extents {
        rows,
        columns,
        channels: 3,
    });
    let x = builder.backbone(config, input);
    let order = match config.encoder {
        config::Encoder::SelfAttention { .. } => [Order::Planes, Order::Tokens],
        config::Encoder::Twin { .. } => [Order::Cells; 2],
    };
    let reduce = builder.plain("reduce");
    let x = builder.conv(&reduce, x, 1, &Follow::nothing());
    builder.keep("reduce", x, order[0]);
    let (heads, eps) = (config.heads, config.ln_eps);
    let encoder = Encoder::new(
        (config.layers, &config.encoder, config.position),
        (builder.extents(x), heads, eps),
        order[1],
        weights,
    );
    builder.step(Step::Encode(Box::new(encoder), x));
    let head = builder.plain("final_layer");
    let maps = builder.conv(&head, x, 1, &Follow::nothing());
    builder.finish(input, (maps, config.joints))
}

impl Builder<'_> {
    /// The finest map of the last stage.
    fn backbone(&mut self, config: &VttransposeConfig, input: Map) -> Map {
        let first = self.folded(["conv1", "bn1"]);
        let second = self.folded(["conv2", "bn2"]);
        let x = self.conv(&first, input, 2, &Follow::relu());
        let mut x = self.conv(&second, x, 2, &Follow::relu());
        self.keep("stem", x, Order::Planes);
        for block in 0..4 {
            x = self.bottleneck(&format!("layer1.{block}"), x);
        }
        self.keep("layer1", x, Order::Planes);
        let same = self.pair("transition1.0");
        let halving = self.pair("transition1.1.0");
        let mut maps = vec![
            self.conv(&same, x, 1, &Follow::relu()),
            self.conv(&halving, x, 2, &Follow::relu()),
        ];
        maps = self.module(config, "stage2.0", &maps, 2);
        self.keep_branches("stage2", &maps);
        let halving = self.pair("transition2.2.0");
        let coarsest = self.conv(&halving, maps[1], 2, &Follow::relu());
        self.keep("transition2.branch2", coarsest, Order::Planes);
        maps.push(coarsest);
        for module in 0..config.stage3_modules {
            let name = format!("stage3.{module}");
            let is_last = module + 1 == config.stage3_modules;
            maps = self.module(config, &name, &maps, if is_last { 1 } else { 3 });
            self.keep_branches(&name, &maps);
        }
        self.keep("stage3.out", maps[0], Order::Planes);
        maps[0]
    }

    fn keep_branches(&mut self, name: &str, maps: &[Map]) {
        for (branch, &map) in maps.iter().enumerate() {
            self.keep(&format!("{name}.branch{branch}"), map, Order::Planes);
        }
    }

    /// Branches side by side, and what each of the first `outputs` takes from the others.
    fn module(
        &mut self,
        config: &VttransposeConfig,
        name: &str,
        maps: &[Map],
        outputs: usize,
    ) -> Vec<Map> {
        let mut maps = maps.to_vec();
        for (branch, map) in maps.iter_mut().enumerate() {
            for block in 0..config.blocks_per_branch {
                let block_name = format!("{name}.branches.{branch}.{block}");
                if branch == 2 && config.v_blocks.contains(block) {
                    let is_first =
                        name == "stage3.0" && config.v_blocks.replace.first() == Some(&block);
                    if is_first {
                        self.keep("vblock_in", *map, Order::Planes);
                    }
                    *map = self.v_block(&config.v_blocks, &block_name, *map);
                    if is_first {
                        self.keep("vblock_out", *map, Order::Planes);
                    }
                } else {
                    *map = self.basic_block(&block_name, *map, 1);
                }
            }
        }
        (0..outputs)
            .map(|to| self.fuse(&format!("{name}.fuse_layers.{to}"), &maps, to))
            .collect()
    }

    /// The sum of all branches at the size of one, rectified.
    fn fuse(&mut self, name: &str, maps: &[Map], to: usize) -> Map {
        // Coarser maps, from the coarsest on: each is brought to this branch's channels where it is, and
        // takes along what came from below it.
        let mut below: Option<Map> = None;
        for from in (to + 1..maps.len()).rev() {
            let kernel = self.pair(&format!("{name}.{from}"));
            let follow = below.map_or_else(Follow::nothing, |x| Follow::nothing().plus_doubled(x));
            below = Some(self.conv(&kernel, maps[from], 1, &follow));
        }
        let mut sum = maps[to];
        for (from, &map) in maps.iter().enumerate().take(to) {
            let kernels: Vec<Kernel> = (0..to - from)
                .map(|step| self.pair(&format!("{name}.{from}.{step}")))
                .collect();
            let Some((last, others)) = kernels.split_last() else {
                continue;
            };
            let x = others
                .iter()
                .fold(map, |x, kernel| self.conv(kernel, x, 2, &Follow::relu()));
            let is_last = from + 1 == to;
            let follow = match (is_last, below.filter(|_| is_last)) {
                (false, _) => Follow::nothing().plus(sum),
                (true, None) => Follow::relu().plus(sum),
                (true, Some(below)) => Follow::relu().plus(sum).plus_doubled(below),
            };
            sum = self.conv(last, x, 2, &follow);
        }
        if to > 0 {
            return sum;
        }
        let mut terms: Vec<(Part, u32)> = vec![(sum.into(), 0)];
        terms.extend(below.map(|below| (below.into(), 1)));
        self.sum(&terms, self.extents(sum), true)
    }
}
