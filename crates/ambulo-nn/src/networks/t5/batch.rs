//! Batches of padded tokens as tensors hold them, for comparison with other programs.

use super::{MayEnd, T5, T5Error};
use crate::tensors::{Tensor, Tensors};

/// The longest text that is written where none is given.
const LONGEST: usize = 192;

/// Whether what is computed on the way is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// The output alone.
    Output,
    /// What [`T5::trace`] keeps too.
    All,
}

/// Tokens of a batch.
struct Rows {
    tokens: Vec<Vec<u32>>,
    width: usize,
}

impl T5 {
    /// Runs a batch: reads `input` `[batch, tokens]`, of which `attention_mask` says which count (all without
    /// it; the others must come last), and gives
    ///
    /// - with `decoder_input_ids` `[batch, written]`: `output` `[batch, written, vocabulary]`, and the names of
    ///   [`T5::trace`] if all is wanted;
    /// - without: `output` `[batch, written]`, the most probable tokens one by one, at most 192, filled with
    ///   the token for that.
    ///
    /// # Errors
    ///
    /// [`T5Error`] if a tensor is missing, is no batch of tokens, or the mask has gaps.
    pub fn run_batch(&self, tensors: &Tensors, keep: Keep) -> Result<Tensors, T5Error> {
        let read = rows(tensors, "input")?.ok_or(T5Error::Batch { what: "input" })?;
        let mask = rows(tensors, "attention_mask")?;
        let valid: Vec<usize> = match &mask {
            None => vec![read.width; read.tokens.len()],
            Some(mask) if mask.width == read.width && mask.tokens.len() == read.tokens.len() => {
                let valid: Option<Vec<usize>> = mask.tokens.iter().map(|m| counted(m)).collect();
                valid.ok_or(T5Error::Batch {
                    what: "attention_mask",
                })?
            }
            Some(_) => {
                return Err(T5Error::Batch {
                    what: "attention_mask",
                });
            }
        };
        match rows(tensors, "decoder_input_ids")? {
            Some(written) if written.tokens.len() == read.tokens.len() => {
                self.run_forced(&read, &valid, &written, keep)
            }
            Some(_) => Err(T5Error::Batch {
                what: "decoder_input_ids",
            }),
            None => self.run_greedy(&read, &valid),
        }
    }

    fn run_forced(
        &self,
        read: &Rows,
        valid: &[usize],
        written: &Rows,
        keep: Keep,
    ) -> Result<Tensors, T5Error> {
        let mut joined = std::collections::BTreeMap::<String, (Vec<usize>, Vec<f32>)>::new();
        for ((tokens, &valid), written) in read.tokens.iter().zip(valid).zip(&written.tokens) {
            for (name, tensor) in self.trace(tokens, valid, written)? {
                if keep == Keep::All || name == "output" {
                    let shape = tensor.shape().to_vec();
                    let place = joined.entry(name).or_insert_with(|| (shape, Vec::new()));
                    place.1.extend_from_slice(tensor.data());
                }
            }
        }
        let batch = read.tokens.len();
        let tensor = |(name, (shape, data)): (String, (Vec<usize>, Vec<f32>))| {
            let shape: Vec<usize> = [batch].into_iter().chain(shape).collect();
            let tensor = Tensor::new(shape, data);
            tensor
                .map(|tensor| (name, tensor))
                .map_err(|_| T5Error::Batch { what: "output" })
        };
        joined.into_iter().map(tensor).collect()
    }

    fn run_greedy(&self, read: &Rows, valid: &[usize]) -> Result<Tensors, T5Error> {
        let mut texts = Vec::with_capacity(read.tokens.len());
        for (tokens, &valid) in read.tokens.iter().zip(valid) {
            let encoded = self.encode_padded(tokens, valid)?;
            texts.push(self.greedy(&encoded, LONGEST, MayEnd::Yes)?);
        }
        let longest = texts.iter().map(Vec::len).max().unwrap_or(0);
        let fill = self.config().pad;
        let data = texts.iter().flat_map(|text| {
            let rest = std::iter::repeat_n(fill, longest - text.len());
            text.iter().copied().chain(rest).map(|token| token as f32)
        });
        let output = Tensor::new([texts.len(), longest], data.collect());
        let output = output.map_err(|_| T5Error::Batch { what: "output" })?;
        Ok([("output".to_owned(), output)].into_iter().collect())
    }
}

/// The rows of a tensor of tokens; `None` if there is no such tensor.
fn rows(tensors: &Tensors, name: &'static str) -> Result<Option<Rows>, T5Error> {
    /// Beyond this, whole numbers have gaps in `f32`.
    const LARGEST: f32 = 16_777_216.0;
    let Some(tensor) = tensors.get(name) else {
        return Ok(None);
    };
    let is_token = |x: &f32| (0.0..LARGEST).contains(x) && x.fract() == 0.0;
    let width = match *tensor.shape() {
        [_, width] if width > 0 && tensor.data().iter().all(is_token) => width,
        _ => return Err(T5Error::Batch { what: name }),
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "just checked to be small whole numbers"
    )]
    let row = |row: &[f32]| row.iter().map(|&x| x as u32).collect();
    Ok(Some(Rows {
        tokens: tensor.data().chunks_exact(width).map(row).collect(),
        width,
    }))
}

/// How many tokens a row of ones and then zeros counts; `None` for another row.
fn counted(mask: &[u32]) -> Option<usize> {
    let count = mask.iter().take_while(|&&x| x == 1).count();
    mask[count..].iter().all(|&x| x == 0).then_some(count)
}
