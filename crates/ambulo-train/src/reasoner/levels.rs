//! Words for what was measured, as a network begins to know them.

use ambulo::Side;
use ambulo::assessment::aspects::Aspect;
use ambulo::assessment::levels::Level;
use ambulo_nn::codec::text::Tokenizer;

use crate::datasets::takes::narrow;

/// From which distance from its norm on a quality counts as out of the ordinary, in standard deviations.
const DEPARTS_Z: f64 = 1.5;

/// How often the features of the distance count.
const APART: usize = 4;

/// The tokens of all levels, and features of each, `[tokens, features]`: its quality, its side, its limit, whether it
/// departs and which way. Levels that share one of them begin alike in it, so what is learned of one helps the others.
pub fn level_features(tokenizer: &Tokenizer) -> (Vec<u32>, Vec<f32>) {
    let levels: Vec<Level> = Level::all().collect();
    let mut limits: Vec<f64> = levels.iter().map(|level| level.limit_z).collect();
    limits.sort_by(f64::total_cmp);
    limits.dedup();
    let mut tokens = Vec::with_capacity(levels.len());
    let mut features = Vec::new();
    let flag = |holds: bool| if holds { 1.0 } else { 0.0 };
    for level in &levels {
        let &[token] = tokenizer.encode(&level.word()).as_slice() else {
            continue;
        };
        tokens.push(token);
        features.extend(Aspect::ALL.map(|aspect| flag(aspect == level.aspect)));
        features
            .extend([None, Some(Side::Left), Some(Side::Right)].map(|it| flag(it == level.side)));
        features.extend(
            limits
                .iter()
                .map(|&limit| flag(limit.total_cmp(&level.limit_z).is_eq())),
        );
        let departs = level.limit_z.abs() >= DEPARTS_Z;
        let apart = [
            flag(departs && level.limit_z > 0.0),
            flag(departs && level.limit_z < 0.0),
            flag(departs),
            narrow(level.limit_z),
            narrow(level.limit_z.abs()),
        ];
        // How far weighs as much as of what.
        features.extend([apart; APART].concat());
    }
    (tokens, features)
}
