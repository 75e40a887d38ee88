//! The small network of the family: residual stages, twin attention on the coarsest map, a decoder.

use super::build::{Builder, Follow};
use super::encoder::Encoder;
use super::program::{Map, Order, Program, Step};
use crate::config::VttransposeSmallConfig;
use crate::kernels::maps::Extents;
use crate::layers::Checked;

/// The steps of the network.
pub(super) fn program(config: &VttransposeSmallConfig, weights: Checked<'_>) -> Program {
    let mut builder = Builder::new(weights, config.bn_eps);
    let [columns, rows] = config.image_size;
    let input = builder.map(Extents {
        rows,
        columns,
        channels: 3,
    });
    let stem = builder.folded(["stem.conv", "stem.bn"]);
    let mut x = builder.conv(&stem, input, 2, &Follow::relu());
    builder.keep("stem", x, Order::Planes);
    let mut maps = Vec::with_capacity(3);
    for (stage, &blocks) in config.blocks.iter().enumerate() {
        for block in 0..blocks {
            let name = format!("stages.{stage}.{block}");
            x = if stage == 2 && config.v_blocks.contains(block) {
                builder.v_block(&config.v_blocks, &name, x)
            } else {
                builder.basic_block(&name, x, if block == 0 { 2 } else { 1 })
            };
        }
        builder.keep(&format!("stage{stage}"), x, Order::Planes);
        maps.push(x);
    }
    if config.layers > 0 {
        let encoder = Encoder::new(
            (config.layers, &config.encoder, config.position),
            (builder.extents(x), config.heads, config.ln_eps),
            Order::Cells,
            weights,
        );
        builder.step(Step::Encode(Box::new(encoder), x));
    }
    let decoded = builder.decode(&maps);
    let head = builder.plain("final_layer");
    let output = builder.conv(&head, decoded, 1, &Follow::nothing());
    builder.finish(input, (output, config.joints))
}

impl Builder<'_> {
    /// From the coarsest map up: each map through a convolution 1×1, plus the enlarged sum so far, through
    /// a convolution 3×3.
    fn decode(&mut self, maps: &[Map]) -> Map {
        let coarsest = maps.len() - 1;
        let lateral = self.plain(&format!("decoder.lateral.{coarsest}"));
        let mut sum = self.conv(&lateral, maps[coarsest], 1, &Follow::nothing());
        for stage in (0..coarsest).rev() {
            let lateral = self.plain(&format!("decoder.lateral.{stage}"));
            let [conv, norm] = ["conv", "bn"].map(|part| format!("decoder.smooth.{stage}.{part}"));
            let smooth = self.folded([&conv, &norm]);
            let follow = Follow::nothing().plus_doubled(sum);
            let entered = self.conv(&lateral, maps[stage], 1, &follow);
            sum = self.conv(&smooth, entered, 1, &Follow::relu());
            self.keep(&format!("decoder.{stage}"), sum, Order::Planes);
        }
        sum
    }
}
