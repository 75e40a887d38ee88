//! The most probable way to cut a text into pieces.

use super::Tokenizer;
use super::model::Kind;

/// How much less probable than any piece an unknown character is.
const UNKNOWN_PENALTY: f32 = 10.0;
/// Less than what a piece that is never cut gains, a character each.
const WHOLE_PENALTY: f32 = 0.1;

/// The best way so far to what lies before a place.
#[derive(Debug, Clone, Copy)]
struct Step {
    score: f32,
    /// Where its last piece begins.
    from: usize,
    piece: Option<u32>,
}

/// Appends the pieces of a normalised text whose probabilities have the largest product (Viterbi); of
/// equals the first found, where earlier beginnings and shorter pieces come first. Unknown characters next
/// to each other are one token.
pub(super) fn cut(text: &str, tokenizer: &Tokenizer, tokens: &mut Vec<u32>) {
    let ends: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let scores = tokenizer.pieces.iter().map(|piece| piece.score);
    let (least, most) = scores.fold(
        (f32::INFINITY, f32::NEG_INFINITY),
        |(least, most), score| (least.min(score), most.max(score)),
    );
    let mut best: Vec<Option<Step>> = vec![None; ends.len()];
    best[0] = Some(Step {
        score: 0.0,
        from: 0,
        piece: None,
    });
    for from in 0..ends.len() - 1 {
        let Some(before) = best[from].map(|step| step.score) else {
            continue;
        };
        let mut offer = |to: usize, score: f32, piece: Option<u32>| {
            let score = before + score;
            if best[to].is_none_or(|step| score > step.score) {
                best[to] = Some(Step { score, from, piece });
            }
        };
        let mut has_single = false;
        for to in from + 1..(from + 1 + tokenizer.longest).min(ends.len()) {
            let Some(&id) = tokenizer.places.get(&text[ends[from]..ends[to]]) else {
                continue;
            };
            let piece = &tokenizer.pieces[id as usize];
            let score = if piece.kind == Kind::Whole {
                (to - from) as f32 * most - WHOLE_PENALTY
            } else {
                piece.score
            };
            offer(to, score, Some(id));
            has_single |= to == from + 1;
        }
        if !has_single {
            offer(from + 1, least - UNKNOWN_PENALTY, None);
        }
    }
    let mut pieces = Vec::new();
    let mut at = ends.len() - 1;
    while at > 0 {
        let Some(step) = best[at] else {
            return;
        };
        pieces.push(step.piece);
        at = step.from;
    }
    let mut after_unknown = false;
    for piece in pieces.into_iter().rev() {
        match piece {
            Some(id) => tokens.push(id),
            None if !after_unknown => tokens.push(tokenizer.unknown),
            None => {}
        }
        after_unknown = piece.is_none();
    }
}
