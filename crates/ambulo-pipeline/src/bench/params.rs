//! Time of a recording's way through the networks that estimate gait parameters.

use std::hint::black_box;

use ambulo::Side;
use ambulo::keypoints::Keypoints2d;
use ambulo::synth::{self, Camera, Walker};
use ambulo_nn::codec::params::{Legs, ParamsTrack, Recipe};
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::Network;
use ambulo_nn::threads::Engine;

use super::BenchError;
use super::network::random_weights;

/// Frames of the recording, at 25 Hz.
const FRAMES: usize = 300;

/// A recording and the networks for both legs, on random weights.
pub(super) struct ParamsBench {
    keypoints: Keypoints2d,
    stt: Network,
    cnn1d: Network,
}

impl ParamsBench {
    pub(super) fn new(engine: &Engine) -> Result<Self, BenchError> {
        let walker = Walker {
            strides: 14,
            ..Walker::default()
        };
        let trial = synth::walk(&walker.at_rate(25.0))?;
        let keypoints = synth::film(&trial, &Camera::beside(Side::Right, 20.0));
        let frames = keypoints.frames().min(FRAMES);
        let network = |preset: &str| -> Result<Network, BenchError> {
            let config = NetworkConfig::preset(preset)?;
            let weights = random_weights(&config);
            Ok(Network::on_engine(&config, &weights, engine)?)
        };
        Ok(Self {
            keypoints: keypoints.cut(0..frames),
            stt: network("stt_8")?,
            cnn1d: network("cnn1d_23")?,
        })
    }

    /// From keypoints to the answers of both networks for every window.
    pub(super) fn run(&mut self) -> Result<(), BenchError> {
        let Ok(track) = ParamsTrack::new(&self.keypoints, Recipe::Fixed) else {
            return Ok(());
        };
        let windows = track.windows();
        let starts = || windows.iter().map(|window| window.start);
        let stt: Vec<f32> = starts()
            .filter_map(|start| track.stt_input(start, Legs::Both))
            .flatten()
            .collect();
        let cnn1d: Vec<f32> = starts()
            .filter_map(|start| track.cnn1d_input(start, Legs::Both))
            .flatten()
            .collect();
        black_box(self.stt.forward(&stt, windows.len())?);
        black_box(self.cnn1d.forward(&cnn1d, windows.len())?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambulo_nn::threads::Threads;

    #[test]
    fn the_recording_has_300_frames_and_every_window_is_answered() {
        let mut bench = ParamsBench::new(&Engine::new(Threads::new(1))).expect("it is made");
        assert_eq!(bench.keypoints.frames(), FRAMES);
        let track = ParamsTrack::new(&bench.keypoints, Recipe::Fixed).expect("it is long enough");
        assert_eq!(track.windows().len(), 7);
        assert!(track.windows().iter().all(|window| window.is_kept));
        bench.run().expect("it runs");
    }
}
