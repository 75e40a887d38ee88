//! Residual blocks, and the V block that may take their place.

use super::build::{Builder, Follow, Part};
use super::program::Map;
use crate::config::{VBlocks, VEntry, VKernel};
use crate::kernels::maps::Extents;

impl Builder<'_> {
    /// Two convolutions 3×3 and a residual; with a shortcut, `stride` may be 2.
    pub(super) fn basic_block(&mut self, name: &str, x: Map, stride: usize) -> Map {
        let part = |part: &str| format!("{name}.{part}");
        let first = self.folded([&part("conv1"), &part("bn1")]);
        let second = self.folded([&part("conv2"), &part("bn2")]);
        let residual = self.shortcut(name, x, stride);
        let inner = self.conv(&first, x, stride, &Follow::relu());
        self.conv(&second, inner, 1, &Follow::relu().plus(residual))
    }

    /// 1×1, 3×3, 1×1 and a residual.
    pub(super) fn bottleneck(&mut self, name: &str, x: Map) -> Map {
        let parts =
            [1, 2, 3].map(|place| [format!("{name}.conv{place}"), format!("{name}.bn{place}")]);
        let [first, second, third] = parts.map(|[conv, norm]| self.folded([&conv, &norm]));
        let residual = self.shortcut(name, x, 1);
        let inner = self.conv(&first, x, 1, &Follow::relu());
        let inner = self.conv(&second, inner, 1, &Follow::relu());
        self.conv(&third, inner, 1, &Follow::relu().plus(residual))
    }

    fn shortcut(&mut self, name: &str, x: Map, stride: usize) -> Map {
        let name = format!("{name}.downsample");
        if self.weights.optional(&format!("{name}.0.weight")).is_none() {
            return x;
        }
        let kernel = self.pair(&name);
        self.conv(&kernel, x, stride, &Follow::nothing())
    }

    /// The V block.
    ///
    /// Source: Li et al. (2024), Sci. Rep. 14:7608, equation 4 and figure 5.
    pub(super) fn v_block(&mut self, blocks: &VBlocks, name: &str, x: Map) -> Map {
        let extents = self.extents(x);
        let width = blocks.width;
        let parts = Extents {
            channels: width,
            ..extents
        };
        let entries: [_; 4] = match blocks.entry {
            VEntry::PerPart => std::array::from_fn(|part| {
                let kernel = self.own(&format!("{name}.P{}", part + 1));
                let channel = part * (extents.channels / 4);
                (kernel, Part { map: x, channel })
            }),
            VEntry::Joint => {
                let whole = self.own(&format!("{name}.P"));
                std::array::from_fn(|part| {
                    (whole.giving(part * width..(part + 1) * width), x.into())
                })
            }
        };
        // Down: each part with what came of the one before it.
        let mut down: Vec<Map> = Vec::with_capacity(4);
        let joined = self.map(Extents {
            channels: 4 * width,
            ..extents
        });
        for (place, (kernel, from)) in entries.iter().enumerate() {
            let follow = down
                .last()
                .map_or_else(Follow::relu, |&x| Follow::relu_plus(x));
            let entered = self.map(parts);
            self.convolve(kernel, *from, entered, 1, &follow);
            let to = if place == 3 {
                // The last of the way down is the first of the way up.
                Part {
                    map: joined,
                    channel: 3 * width,
                }
            } else {
                self.map(parts).into()
            };
            self.link(blocks, &format!("{name}.A{}", place + 1), entered, to);
            down.push(to.map);
        }
        // Up: each with what came of it on the way down.
        for place in (0..3).rev() {
            let above = Part {
                map: joined,
                channel: (place + 1) * width,
            };
            let entered = self.sum(&[(above, 0), (down[place].into(), 0)], parts, false);
            let to = Part {
                map: joined,
                channel: place * width,
            };
            self.link(blocks, &format!("{name}.A{}", 7 - place), entered, to);
        }
        let out = self.own(&format!("{name}.out"));
        self.conv(&out, joined, 1, &Follow::relu().plus(x))
    }

    /// One convolution of the chains.
    fn link(&mut self, blocks: &VBlocks, name: &str, x: Map, to: Part) {
        match blocks.kernel {
            VKernel::Asymmetric => {
                let down = self.own(&format!("{name}.v"));
                let along = self.own(&format!("{name}.h"));
                let inner = self.conv(&down, x, 1, &Follow::nothing());
                self.convolve(&along, inner, to, 1, &Follow::relu());
            }
            VKernel::Square => {
                let square = self.own(name);
                self.convolve(&square, x, to, 1, &Follow::relu());
            }
        }
    }

    /// A convolution whose norm stands in its own name.
    fn own(&self, name: &str) -> super::build::Kernel {
        self.folded([name, &format!("{name}.bn")])
    }
}
