//! How near rationales are to references by what a language model makes of their words.

use ambulo::metrics::text::matching_f1;
use ambulo_nn::codec::text::Tokenizer;
use ambulo_nn::networks::t5::{T5, T5Error};

/// The mean over texts of how well the encoder's states of a text and of its nearest reference find each
/// other: F1 of the best cosines, −1 to 1. A text or reference without words counts 0.
///
/// It is `BERTScore`'s matching with T5's own states in place of BERT's. Its numbers depend on the weights and
/// must not be called or compared with `BERTScore`.
///
/// # Errors
///
/// [`T5Error`] if the tokenizer is not that of the network; [`T5Error::Empty`] for no text.
pub fn t5score_f1(
    t5: &T5,
    tokenizer: &Tokenizer,
    texts: &[(String, Vec<String>)],
) -> Result<f64, T5Error> {
    if texts.is_empty() {
        return Err(T5Error::Empty);
    }
    let mut total = 0.0;
    for (hypothesis, references) in texts {
        let own = states(t5, tokenizer, hypothesis)?;
        let mut best: Option<f64> = None;
        for reference in references {
            let other = states(t5, tokenizer, reference)?;
            let f1 = matching_f1(&own, &other, t5.config().dim).unwrap_or(0.0);
            best = Some(best.map_or(f1, |best| best.max(f1)));
        }
        total += best.unwrap_or(0.0);
    }
    Ok(total / texts.len() as f64)
}

/// The encoder's states of a text's words, without that of its end.
fn states(t5: &T5, tokenizer: &Tokenizer, text: &str) -> Result<Vec<f32>, T5Error> {
    let mut tokens = tokenizer.encode(text);
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    tokens.push(tokenizer.end());
    let encoded = t5.encode(&tokens)?;
    let states = encoded.states();
    Ok(states[..states.len() - encoded.dim()].to_vec())
}
