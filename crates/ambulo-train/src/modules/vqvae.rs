//! The motion tokenizer: convolutions down, the nearest of some codes, convolutions up.
//!
//! Source: Jiang et al. (2023), "`MotionGPT`", arXiv:2306.14795; `OpenMotionLab/MotionGPT`, commit 001aaca.
//!
//! Differences from that code: sums and counts of the codes are parameters too, so weights files and checkpoints hold
//! them; channels are innermost.

use ambulo_nn::config::VqvaeConfig;
use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};

use super::numbers;
use super::tensors::zeros;
use crate::codebook::Codebook;
use crate::ops;

/// The network. Field names are those of its tensors; codes, sums, counts and statistics have no gradient.
#[derive(Module, Debug)]
pub struct Vqvae {
    encoder: Stack,
    quantizer: Quantizer,
    decoder: Stack,
    mean: Option<Param<Tensor<1>>>,
    std: Option<Param<Tensor<1>>>,
}

/// Layers, one after the other.
#[derive(Module, Debug)]
struct Stack {
    model: Vec<Layer>,
}

#[derive(Module, Debug)]
enum Layer {
    Plain(Conv),
    Rectifier(Rectifier),
    Halving((Conv, Residuals)),
    Doubling((Residuals, Doubled, Conv)),
}

/// Negative numbers become 0.
#[derive(Module, Debug)]
struct Rectifier;

/// Every frame twice.
#[derive(Module, Debug)]
struct Doubled;

#[derive(Module, Debug)]
struct Residuals {
    model: Vec<Residual>,
}

/// Two convolutions, each after a rectifier, added to what was there.
#[derive(Module, Debug)]
struct Residual {
    conv1: Conv,
    conv2: Conv,
}

/// A convolution over frames; `weight` is `[outputs, inputs, kernel]`.
#[derive(Module, Debug)]
struct Conv {
    weight: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    stride: usize,
    #[module(skip)]
    dilation: usize,
}

#[derive(Module, Debug)]
struct Quantizer {
    codebook: Param<Tensor<2>>,
    code_sum: Param<Tensor<2>>,
    code_count: Param<Tensor<1>>,
}

impl Vqvae {
    /// The network of these settings, all parameters zero.
    pub fn new(config: &VqvaeConfig, device: &Device) -> Self {
        let (width, codes) = (config.width, config.codes);
        let conv = |shape: [usize; 3]| Conv::new(shape, device);
        let square = || Layer::Plain(conv([width, width, 3]));
        let residuals = || Residuals::new(config, device);
        let rectifier = || Layer::Rectifier(Rectifier);
        let mut encoder = vec![Layer::Plain(conv([width, config.features, 3])), rectifier()];
        let halving = conv([width, width, 4]).strided(2);
        encoder.extend((0..config.stages).map(|_| Layer::Halving((halving.clone(), residuals()))));
        encoder.push(square());
        let mut decoder = vec![square(), rectifier()];
        let last = || conv([width, width, 3]);
        decoder.extend((0..config.stages).map(|_| Layer::Doubling((residuals(), Doubled, last()))));
        decoder.extend([
            square(),
            rectifier(),
            Layer::Plain(conv([config.features, width, 3])),
        ]);
        let statistic = || config.statistics.then(|| zeros([config.features], device));
        Self {
            encoder: Stack { model: encoder },
            quantizer: Quantizer {
                codebook: zeros([codes, width], device),
                code_sum: zeros([codes, width], device),
                code_count: zeros([codes], device),
            },
            decoder: Stack { model: decoder },
            mean: statistic(),
            std: statistic(),
        }
    }

    /// What is to be replaced by codes.
    ///
    /// # Shapes
    ///
    /// - `motion`: `[batch, frames, features]`, normalised
    /// - returns: `[batch, tokens, width]`; each stage halves the frames and drops an odd one
    pub fn encode(&self, motion: Tensor<3>) -> Tensor<3> {
        self.encoder.forward(motion)
    }

    /// The motion that codes stand for, normalised: [`Vqvae::encode`] backwards.
    pub fn decode(&self, codes: Tensor<3>) -> Tensor<3> {
        self.decoder.forward(codes)
    }

    /// Encodes, takes the nearest codes, and decodes.
    ///
    /// # Shapes
    ///
    /// - `motion`: `[batch, frames, features]`, normalised
    /// - returns: the motion, whole tokens of it, and the token of each `[batch, tokens]`, row-major
    pub fn forward(&self, motion: Tensor<3>) -> (Tensor<3>, Vec<usize>) {
        let latents = self.encode(motion);
        let codebook = self.codebook();
        let chosen = codebook.nearest(&numbers(latents.clone()));
        let codes = rows_of(codebook.parts()[0], &chosen, &latents);
        (self.decode(codes), chosen)
    }

    /// The codes with what they are averages of.
    ///
    /// # Panics
    ///
    /// Never: their lengths are the settings'.
    pub fn codebook(&self) -> Codebook {
        let quantizer = &self.quantizer;
        let [codes, sums] = [&quantizer.codebook, &quantizer.code_sum].map(|p| numbers(p.val()));
        let counts = numbers(quantizer.code_count.val());
        Codebook::from_parts(codes, sums, counts).expect("lengths follow from the settings")
    }

    /// The network with these codes.
    pub fn with_codebook(mut self, codebook: &Codebook) -> Self {
        let [codes, sums, counts] = codebook.parts();
        let quantizer = self.quantizer;
        self.quantizer = Quantizer {
            codebook: replaced(quantizer.codebook, codes),
            code_sum: replaced(quantizer.code_sum, sums),
            code_count: replaced(quantizer.code_count, counts),
        };
        self
    }
}

/// Rows of a table in the shape of `like`, without gradient.
pub(crate) fn rows_of(table: &[f32], rows: &[usize], like: &Tensor<3>) -> Tensor<3> {
    let [batch, tokens, width] = like.dims();
    let picked = rows.iter().map(|&row| &table[row * width..][..width]);
    let picked: Vec<f32> = picked.flatten().copied().collect();
    let data = TensorData::new(picked, [batch, tokens, width]);
    Tensor::from_data(data, &like.device())
}

fn replaced<const D: usize>(param: Param<Tensor<D>>, values: &[f32]) -> Param<Tensor<D>> {
    param.map(|held| {
        let data = TensorData::new(values.to_vec(), held.dims());
        Tensor::from_data(data, &held.device()).require_grad()
    })
}

impl Stack {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.model.iter().fold(x, |x, layer| layer.forward(x))
    }
}

impl Layer {
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        match self {
            Self::Plain(conv) => conv.forward(x),
            Self::Rectifier(_) => relu(x),
            Self::Halving((conv, residuals)) => residuals.forward(conv.forward(x)),
            Self::Doubling((residuals, _, conv)) => {
                let x = residuals.forward(x);
                let [batch, frames, width] = x.dims();
                let twice = x
                    .reshape([batch, frames, 1, width])
                    .expand([batch, frames, 2, width]);
                conv.forward(twice.reshape([batch, 2 * frames, width]))
            }
        }
    }
}

impl Residuals {
    fn new(config: &VqvaeConfig, device: &Device) -> Self {
        let width = config.width;
        let blocks = config.dilations().into_iter().map(|dilation| Residual {
            conv1: Conv::new([width, width, 3], device).dilated(dilation),
            conv2: Conv::new([width, width, 1], device),
        });
        Self {
            model: blocks.collect(),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.model.iter().fold(x, |x, block| {
            let inner = block.conv1.forward(relu(x.clone()));
            x + block.conv2.forward(relu(inner))
        })
    }
}

impl Conv {
    fn new(shape: [usize; 3], device: &Device) -> Self {
        Self {
            weight: zeros(shape, device),
            bias: zeros([shape[0]], device),
            stride: 1,
            dilation: 1,
        }
    }

    fn strided(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    fn dilated(self, dilation: usize) -> Self {
        Self { dilation, ..self }
    }

    /// With as many zeros around as its kernel reaches.
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let [batch, frames, channels] = x.dims();
        let weight = self.weight.val().unsqueeze_dim::<4>(2);
        let padding = [0, (weight.dims()[3] - 1) / 2];
        let convolve =
            |x: Tensor<4>| ops::convolution(x, weight, Some(self.bias.val()), self.stride, padding);
        let apart = self.dilation;
        if apart == 1 {
            // A picture with one row.
            return convolve(x.unsqueeze_dim(1)).squeeze_dim(1);
        }
        // A row for each frame of a dilation: neighbours in it are so many frames apart.
        let columns = frames.div_ceil(apart);
        let lacking = columns * apart - frames;
        let zeros = || Tensor::zeros([batch, lacking, channels], &x.device());
        let x = if lacking == 0 {
            x
        } else {
            Tensor::cat(vec![x.clone(), zeros()], 1)
        };
        let x = x.reshape([batch, columns, apart, channels]).swap_dims(1, 2);
        let y = convolve(x).swap_dims(1, 2);
        let [_, _, _, channels] = y.dims();
        y.reshape([batch, columns * apart, channels])
            .narrow(1, 0, frames)
    }
}
