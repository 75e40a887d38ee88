//! Networks that estimate gait parameters, beside the papers' figures and simpler ways.

mod attention;
mod figures;
mod forest;
mod published;
mod ridge;
mod score;
mod summary;
mod table;
mod text;

pub use attention::{AttentionMap, AttentionPart, attention_csv, attention_maps};
pub use figures::{attention_svg, sizes_svg};
pub use forest::{Forest, ForestConfig};
pub use published::{CLAIMED_REDUCTION_PCT, PaperFigure, PaperNetwork, Sizes, published};
pub use ridge::{FitError, Ridge};
pub use score::{Figure, Pair, Score};
pub use summary::{SUMMARIES, summary};
pub use table::{Measure, ParamsTable, PersonScore, Row, params_table};
