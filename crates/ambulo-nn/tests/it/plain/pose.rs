//! Networks that find keypoints in plain loops.

use ambulo_nn::config::{
    Axial, Encoder, EncoderNorm, Position, VBlocks, VEntry, VKernel, VttransposeConfig,
    VttransposeSmallConfig,
};

use super::{Matrix, Weights, attention, columns, plus};

/// Cells row by row, each with its channels.
#[derive(Clone)]
struct Map {
    size: [usize; 2],
    cells: Matrix,
}

impl Map {
    fn of(planes: &[f32], [channels, rows, columns]: [usize; 3]) -> Self {
        let cells = (0..rows * columns).map(|cell| {
            let planes = planes.chunks_exact(rows * columns).take(channels);
            planes.map(|plane| f64::from(plane[cell])).collect()
        });
        Self {
            size: [rows, columns],
            cells: cells.collect(),
        }
    }

    fn planes(&self) -> Vec<f64> {
        super::turned(&self.cells).concat()
    }

    fn with(&self, cells: Matrix) -> Self {
        Self { cells, ..*self }
    }

    fn plus(&self, other: &Self) -> Self {
        assert_eq!(self.size, other.size);
        self.with(plus(self.cells.clone(), &other.cells))
    }

    fn relu(&self) -> Self {
        let cells = self.cells.iter();
        self.with(
            cells
                .map(|cell| cell.iter().map(|x| x.max(0.0)).collect())
                .collect(),
        )
    }

    fn part(&self, own: std::ops::Range<usize>) -> Self {
        self.with(columns(&self.cells, own))
    }

    fn enlarged(&self, by: usize) -> Self {
        let [rows, columns] = self.size;
        let size = [by * rows, by * columns];
        let cells = (0..size[0] * size[1]).map(|cell| {
            let (row, column) = (cell / size[1], cell % size[1]);
            self.cells[row / by * columns + column / by].clone()
        });
        Self {
            size,
            cells: cells.collect(),
        }
    }
}

#[derive(Clone, Copy)]
struct Net<'a> {
    weights: Weights<'a>,
    bn_eps: f64,
    ln_eps: f64,
}

impl Net<'_> {
    fn has(self, name: &str) -> bool {
        self.weights.0.get(name).is_some()
    }

    /// A convolution; `[outputs, inputs, height, width]`, with one input for each channel by itself.
    fn conv(self, name: &str, x: &Map, stride: usize) -> Map {
        let weight = format!("{name}.weight");
        let shape = self.weights.0.require(&weight).unwrap().shape().to_vec();
        let kernel = self.weights.get(&weight);
        let bias = self.weights.bias(name, shape[0]);
        let [rows, columns] = x.size;
        let size = [rows.div_ceil(stride), columns.div_ceil(stride)];
        let cell = |row: usize, column: usize| -> Vec<f64> {
            let mut sums = bias.clone();
            for down in 0..shape[2] {
                for along in 0..shape[3] {
                    let row = (row * stride + down).wrapping_sub(shape[2] / 2);
                    let column = (column * stride + along).wrapping_sub(shape[3] / 2);
                    if row >= rows || column >= columns {
                        continue;
                    }
                    let input = &x.cells[row * columns + column];
                    for (output, sum) in sums.iter_mut().enumerate() {
                        for i in 0..shape[1] {
                            let tap =
                                ((output * shape[1] + i) * shape[2] + down) * shape[3] + along;
                            let own = if shape[1] == 1 && input.len() > 1 {
                                output
                            } else {
                                i
                            };
                            *sum += kernel[tap] * input[own];
                        }
                    }
                }
            }
            sums
        };
        let cells = (0..size[0] * size[1]).map(|i| cell(i / size[1], i % size[1]));
        Map {
            size,
            cells: cells.collect(),
        }
    }

    fn batch_norm(self, name: &str, x: &Map) -> Map {
        let part = |part: &str| self.weights.get(&format!("{name}.{part}"));
        let (weight, bias) = (part("weight"), part("bias"));
        let (mean, variance) = (part("running_mean"), part("running_var"));
        let normed = |(i, x): (usize, &f64)| {
            (x - mean[i]) / (variance[i] + self.bn_eps).sqrt() * weight[i] + bias[i]
        };
        let cells = x.cells.iter();
        x.with(
            cells
                .map(|cell| cell.iter().enumerate().map(normed).collect())
                .collect(),
        )
    }

    fn unit(self, [conv, norm]: [&str; 2], x: &Map, stride: usize) -> Map {
        self.batch_norm(norm, &self.conv(conv, x, stride))
    }

    fn pair(self, name: &str, x: &Map, stride: usize) -> Map {
        self.unit([&format!("{name}.0"), &format!("{name}.1")], x, stride)
    }

    fn own(self, name: &str, x: &Map) -> Map {
        self.unit([name, &format!("{name}.bn")], x, 1)
    }

    /// Convolutions with rectifiers between them, and a residual.
    fn residual(self, name: &str, count: usize, x: &Map, stride: usize) -> Map {
        let mut y = x.clone();
        for place in 1..=count {
            let parts = ["conv", "bn"].map(|part| format!("{name}.{part}{place}"));
            y = self.unit(
                [&parts[0], &parts[1]],
                &y,
                if place == 1 { stride } else { 1 },
            );
            if place < count {
                y = y.relu();
            }
        }
        let shortcut = format!("{name}.downsample");
        if self.has(&format!("{shortcut}.0.weight")) {
            return y.plus(&self.pair(&shortcut, x, stride)).relu();
        }
        y.plus(x).relu()
    }

    fn v_block(self, blocks: &VBlocks, name: &str, x: &Map) -> Map {
        let quarter = x.cells[0].len() / 4;
        let width = blocks.width;
        let p: Vec<Map> = (0..4)
            .map(|i| match blocks.entry {
                VEntry::PerPart => {
                    let part = x.part(i * quarter..(i + 1) * quarter);
                    self.own(&format!("{name}.P{}", i + 1), &part).relu()
                }
                VEntry::Joint => {
                    let whole = self.own(&format!("{name}.P"), x).relu();
                    whole.part(i * width..(i + 1) * width)
                }
            })
            .collect();
        let link = |step: usize, x: &Map| {
            let name = format!("{name}.A{step}");
            match blocks.kernel {
                VKernel::Asymmetric => {
                    let x = self.own(&format!("{name}.v"), x);
                    self.own(&format!("{name}.h"), &x).relu()
                }
                VKernel::Square => self.own(&name, x).relu(),
            }
        };
        let f1 = link(1, &p[0]);
        let f2 = link(2, &f1.plus(&p[1]));
        let f3 = link(3, &f2.plus(&p[2]));
        let y4 = link(4, &f3.plus(&p[3]));
        let y3 = link(5, &y4.plus(&f3));
        let y2 = link(6, &y3.plus(&f2));
        let y1 = link(7, &y2.plus(&f1));
        let joined = (0..x.cells.len()).map(|cell| {
            let parts = [&y1, &y2, &y3, &y4].map(|y| y.cells[cell].clone());
            parts.concat()
        });
        let out = self.own(&format!("{name}.out"), &x.with(joined.collect()));
        out.plus(x).relu()
    }

    fn module(
        self,
        config: &VttransposeConfig,
        name: &str,
        maps: &[Map],
        outputs: usize,
    ) -> Vec<Map> {
        let branch = |(branch, x): (usize, &Map)| {
            (0..config.blocks_per_branch).fold(x.clone(), |x, block| {
                let name = format!("{name}.branches.{branch}.{block}");
                if branch == 2 && config.v_blocks.contains(block) {
                    self.v_block(&config.v_blocks, &name, &x)
                } else {
                    self.residual(&name, 2, &x, 1)
                }
            })
        };
        let maps: Vec<Map> = maps.iter().enumerate().map(branch).collect();
        let fused = |to: usize| {
            let mut sum = maps[to].clone();
            for (from, map) in maps.iter().enumerate() {
                let name = format!("{name}.fuse_layers.{to}.{from}");
                if from > to {
                    sum = sum.plus(&self.pair(&name, map, 1).enlarged(1 << (from - to)));
                }
                if from < to {
                    let x = (0..to - from).fold(map.clone(), |x, step| {
                        let x = self.pair(&format!("{name}.{step}"), &x, 2);
                        if from + step + 1 < to { x.relu() } else { x }
                    });
                    sum = sum.plus(&x);
                }
            }
            sum.relu()
        };
        (0..outputs).map(fused).collect()
    }

    /// Places of all cells for attention within columns and within rows.
    fn places(self, position: Position, [rows, across]: [usize; 2], width: usize) -> [Matrix; 2] {
        let cells = 0..rows * across;
        let table = |name: &str, of: &dyn Fn(usize) -> usize| -> Matrix {
            let table = self.weights.get(name);
            let cells = cells.clone();
            cells
                .map(|i| table[of(i) * width..][..width].to_vec())
                .collect()
        };
        match position {
            Position::Sine | Position::Learnable => {
                let table = table("pos_embedding", &|i| i);
                [table.clone(), table]
            }
            Position::Axial { sum } => {
                let down = table("pe_row", &|i| i / across);
                let along = table("pe_col", &|i| i % across);
                if sum {
                    let sum = plus(down, &along);
                    return [sum.clone(), sum];
                }
                [down, along]
            }
            Position::None => {
                let none: Matrix = cells.map(|_| vec![0.0; width]).collect();
                [none.clone(), none]
            }
        }
    }

    /// Attention of the cells of each group.
    fn attend(
        self,
        [projection, out]: [&str; 2],
        (x, places): (&Map, &Matrix),
        heads: usize,
        groups: &[Vec<usize>],
    ) -> Matrix {
        let width = x.cells[0].len();
        let placed = self.project(projection, &plus(x.cells.clone(), places));
        let plain = self.project(projection, &x.cells);
        let mut attended = vec![Vec::new(); x.cells.len()];
        for group in groups {
            let part = |all: &Matrix, part: usize| -> Matrix {
                let own: Matrix = group.iter().map(|&cell| all[cell].clone()).collect();
                columns(&own, part * width..(part + 1) * width)
            };
            let scale = ((width / heads) as f64).sqrt().recip();
            let (q, k, v) = (part(&placed, 0), part(&placed, 1), part(&plain, 2));
            for (&cell, row) in group.iter().zip(attention(&q, &k, &v, heads, scale)) {
                attended[cell] = row;
            }
        }
        self.weights.linear(out, &attended)
    }

    /// `name.in_proj`, with either way of writing its tensors.
    fn project(self, name: &str, x: &Matrix) -> Matrix {
        if self.has(&format!("{name}.weight")) {
            return self.weights.linear(name, x);
        }
        let matrix = self.weights.get(&format!("{name}_weight"));
        let bias = self.weights.get(&format!("{name}_bias"));
        let outputs = |row: &Vec<f64>| {
            let rows = matrix.chunks_exact(row.len()).zip(&bias);
            rows.map(|(weights, bias)| super::dot(weights, row) + bias)
                .collect()
        };
        x.iter().map(outputs).collect()
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one layer with all its variants, from top to bottom"
    )]
    fn encode(
        self,
        (layers, encoder, heads): (usize, &Encoder, usize),
        position: Position,
        x: &Map,
    ) -> Map {
        let [rows, across] = x.size;
        let width = x.cells[0].len();
        let places = self.places(position, x.size, width);
        let (Encoder::SelfAttention { norm, .. } | Encoder::Twin { norm, .. }) = encoder;
        let in_columns: Vec<Vec<usize>> = (0..across)
            .map(|column| (0..rows).map(|row| row * across + column).collect())
            .collect();
        let in_rows: Vec<Vec<usize>> = (0..rows)
            .map(|row| (row * across..(row + 1) * across).collect())
            .collect();
        let all = vec![(0..rows * across).collect::<Vec<_>>()];
        (0..layers).fold(x.clone(), |x, layer| {
            let name = format!("global_encoder.layers.{layer}");
            let named = |part: &str| format!("{name}.{part}");
            let attend = |kind: &str, x: &Map| match kind {
                "self_attn" => {
                    let parts = [named("self_attn.in_proj"), named("self_attn.out_proj")];
                    self.attend([&parts[0], &parts[1]], (x, &places[0]), heads, &all)
                }
                kind => {
                    let parts = [
                        named(&format!("{kind}.in_proj")),
                        named(&format!("{kind}.out")),
                    ];
                    let (places, groups) = if kind == "col" {
                        (&places[0], &in_columns)
                    } else {
                        (&places[1], &in_rows)
                    };
                    self.attend([&parts[0], &parts[1]], (x, places), heads, groups)
                }
            };
            let normed = |branch: usize, x: &Map| {
                x.with(
                    self.weights
                        .norm(&named(&format!("norm{branch}")), &x.cells, self.ln_eps),
                )
            };
            let branch = |branch: usize, x: &Map, of: &dyn Fn(&Map) -> Matrix| {
                let y = match norm {
                    EncoderNorm::Pre => of(&normed(branch, x)),
                    EncoderNorm::Post | EncoderNorm::Rezero => of(x),
                };
                let mut y = x.with(y);
                if *norm == EncoderNorm::Rezero {
                    let gate = self.weights.get(&named(&format!("gate{branch}")))[0];
                    y.cells.iter_mut().flatten().for_each(|y| *y *= gate);
                }
                let sum = x.plus(&y);
                if *norm == EncoderNorm::Post {
                    normed(branch, &sum)
                } else {
                    sum
                }
            };
            let feed = |x: &Map| {
                let hidden = x
                    .with(self.weights.linear(&named("linear1"), &x.cells))
                    .relu();
                self.weights.linear(&named("linear2"), &hidden.cells)
            };
            match encoder {
                Encoder::SelfAttention { .. } => {
                    let x = branch(1, &x, &|x| attend("self_attn", x));
                    branch(2, &x, &feed)
                }
                Encoder::Twin {
                    axial, feed: twin, ..
                } => {
                    let x = match (axial, norm) {
                        (Axial::Sequential, _) => {
                            let x = branch(1, &x, &|x| attend("col", x));
                            branch(2, &x, &|x| attend("row", x))
                        }
                        (Axial::Parallel, EncoderNorm::Rezero) => {
                            let own = branch(1, &x, &|x| attend("col", x));
                            let other = branch(2, &x, &|x| attend("row", x));
                            let pairs = own.plus(&other).cells.into_iter().zip(&x.cells);
                            let less = |(a, b): (Vec<f64>, &Vec<f64>)| {
                                a.iter().zip(b).map(|(a, b)| a - b).collect()
                            };
                            x.with(pairs.map(less).collect())
                        }
                        (Axial::Parallel, _) => {
                            branch(1, &x, &|x| plus(attend("col", x), &attend("row", x)))
                        }
                    };
                    let slope = f64::from(twin.leaky_slope);
                    let x = branch(3, &x, &|x| {
                        let separable = |name: &str, x: &Map| {
                            let x = self.conv(&named(&format!("{name}.dw")), x, 1);
                            self.conv(&named(&format!("{name}.pw")), &x, 1)
                        };
                        let mut y = separable("dsc_a", x);
                        y.cells
                            .iter_mut()
                            .flatten()
                            .for_each(|y| *y = y.max(*y * slope));
                        separable("dsc_b", &y).cells
                    });
                    if twin.ffn.is_some() {
                        branch(4, &x, &feed)
                    } else {
                        x
                    }
                }
            }
        })
    }
}

pub(super) fn forward(config: &VttransposeConfig, weights: Weights<'_>, input: &[f32]) -> Vec<f64> {
    let net = Net {
        weights,
        bn_eps: config.bn_eps.into(),
        ln_eps: config.ln_eps.into(),
    };
    let [width, height] = config.image_size;
    let x = Map::of(input, [3, height, width]);
    let x = net.unit(["conv1", "bn1"], &x, 2).relu();
    let x = net.unit(["conv2", "bn2"], &x, 2).relu();
    let x = (0..4).fold(x, |x, block| {
        net.residual(&format!("layer1.{block}"), 3, &x, 1)
    });
    let maps = [
        net.pair("transition1.0", &x, 1).relu(),
        net.pair("transition1.1.0", &x, 2).relu(),
    ];
    let mut maps = net.module(config, "stage2.0", &maps, 2);
    maps.push(net.pair("transition2.2.0", &maps[1], 2).relu());
    for module in 0..config.stage3_modules {
        let outputs = if module + 1 == config.stage3_modules {
            1
        } else {
            3
        };
        maps = net.module(config, &format!("stage3.{module}"), &maps, outputs);
    }
    let x = net.conv("reduce", &maps[0], 1);
    let encoder = (config.layers, &config.encoder, config.heads);
    let x = net.encode(encoder, config.position, &x);
    net.conv("final_layer", &x, 1).planes()
}

pub(super) fn small(
    config: &VttransposeSmallConfig,
    weights: Weights<'_>,
    input: &[f32],
) -> Vec<f64> {
    let net = Net {
        weights,
        bn_eps: config.bn_eps.into(),
        ln_eps: config.ln_eps.into(),
    };
    let [width, height] = config.image_size;
    let x = Map::of(input, [3, height, width]);
    let mut x = net.unit(["stem.conv", "stem.bn"], &x, 2).relu();
    let mut maps = Vec::new();
    for (stage, &blocks) in config.blocks.iter().enumerate() {
        for block in 0..blocks {
            let name = format!("stages.{stage}.{block}");
            x = if stage == 2 && config.v_blocks.contains(block) {
                net.v_block(&config.v_blocks, &name, &x)
            } else {
                net.residual(&name, 2, &x, if block == 0 { 2 } else { 1 })
            };
        }
        maps.push(x.clone());
    }
    if config.layers > 0 {
        let encoder = (config.layers, &config.encoder, config.heads);
        x = net.encode(encoder, config.position, &x);
    }
    let mut sum = net.conv("decoder.lateral.2", &x, 1);
    for stage in [1, 0] {
        let lateral = net.conv(&format!("decoder.lateral.{stage}"), &maps[stage], 1);
        let parts = ["conv", "bn"].map(|part| format!("decoder.smooth.{stage}.{part}"));
        let entered = lateral.plus(&sum.enlarged(2));
        sum = net.unit([&parts[0], &parts[1]], &entered, 1).relu();
    }
    net.conv("final_layer", &sum, 1).planes()
}
