//! What networks learn from: the windows of a recording and the number that belongs to them.

use ambulo_nn::codec::params::{Legs, ParamsTrack, Recipe, Target};
use ambulo_nn::config::NetworkConfig;

use super::ParamsClip;
use crate::motion::Role;

/// A recording, or one leg of one, as a network reads it, with its target.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsRow {
    /// The recording.
    pub recording: String,
    /// Who walks.
    pub person: String,
    /// What the person's recordings are for.
    pub role: Role,
    /// The legs that the target is about.
    pub legs: Legs,
    /// The inputs of its windows, each row-major as the network reads it; at least one.
    pub windows: Vec<Vec<f32>>,
    /// What a perfect estimate is, in the target's unit.
    pub target: f64,
}

/// The rows of recordings for one network and one target. Recordings without a usable window, and legs whose
/// target is not known, are left out.
pub fn rows<'a>(
    clips: impl IntoIterator<Item = &'a ParamsClip>,
    network: &NetworkConfig,
    target: Target,
    recipe: Recipe,
) -> Vec<ParamsRow> {
    let mut rows = Vec::new();
    for clip in clips {
        let Ok(track) = ParamsTrack::new(&clip.keypoints, recipe) else {
            continue;
        };
        let windows = track.windows();
        let kept = || windows.iter().filter(|window| window.is_kept);
        for &legs in target.legs() {
            let inputs: Vec<Vec<f32>> = kept()
                .filter_map(|window| input(&track, window.start, network, legs))
                .collect();
            let value = clip.truth.get(target, legs);
            if let (Some(value), false) = (value, inputs.is_empty()) {
                rows.push(ParamsRow {
                    recording: clip.name.clone(),
                    person: clip.person.clone(),
                    role: clip.role,
                    legs,
                    windows: inputs,
                    target: value,
                });
            }
        }
    }
    rows
}

/// What a network reads of a window; `None` for networks that estimate no gait parameter.
fn input(
    track: &ParamsTrack,
    start: usize,
    network: &NetworkConfig,
    legs: Legs,
) -> Option<Vec<f32>> {
    match network {
        NetworkConfig::Stt(_) => track.stt_input(start, legs),
        NetworkConfig::Cnn1d(_) => track.cnn1d_input(start, legs),
        _ => None,
    }
}
