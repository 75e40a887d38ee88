//! Reads any bytes as a checkpoint, imports it as a small network, and reads them as weights.

#![no_main]

use ambulo_nn::config::NetworkConfig;
use ambulo_nn::import::Checkpoint;
use ambulo_nn::weights::{Weights, WeightsInfo};
use libfuzzer_sys::fuzz_target;

const CONFIG: &[u8] = br#"{"model":"mixste","frames":9,"joints":3,"dim":4,"depth":1,"heads":2}"#;

fuzz_target!(|bytes: &[u8]| {
    let config = NetworkConfig::from_json(CONFIG).expect("the settings are valid");
    if let Ok(checkpoint) = Checkpoint::from_bytes(bytes) {
        let _ = checkpoint.import(&config, WeightsInfo::default());
    }
    let _ = Weights::from_bytes(bytes);
});
