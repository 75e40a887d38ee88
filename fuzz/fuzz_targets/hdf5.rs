//! Reads any bytes as an HDF5 file of Keras and imports it as a small 1D-CNN.

#![no_main]

use ambulo_nn::config::NetworkConfig;
use ambulo_nn::import::Checkpoint;
use ambulo_nn::weights::WeightsInfo;
use libfuzzer_sys::fuzz_target;

const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
const CONFIG: &[u8] = br#"{"model":"cnn1d","frames":8,"features":2,"filters":2,"kernel":2,"pools":[2],"dense":2,"bn_eps":0.001}"#;

fuzz_target!(|bytes: &[u8]| {
    let config = NetworkConfig::from_json(CONFIG).expect("the settings are valid");
    let file = [SIGNATURE, bytes].concat();
    if let Ok(checkpoint) = Checkpoint::from_bytes(&file) {
        let _ = checkpoint.import(&config, WeightsInfo::default());
    }
});
