//! Settings of the published networks that estimate gait parameters.

use super::super::{Cnn1dConfig, NetworkConfig, SttConfig};

/// STT by its joints and the 1D-CNN by its features: of one leg, of both.
pub(super) fn add(presets: &mut Vec<(String, NetworkConfig)>) {
    for joints in [4, 8] {
        let config = NetworkConfig::Stt(SttConfig::published(joints));
        presets.push((format!("stt_{joints}"), config));
    }
    for features in [12, 23] {
        let config = NetworkConfig::Cnn1d(Cnn1dConfig::published(features));
        presets.push((format!("cnn1d_{features}"), config));
    }
}
