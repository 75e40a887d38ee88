//! Reads any bytes as tensors; what can be read must be readable again and the same.

#![no_main]

use ambulo_nn::tensors::{Storage, Tensors};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((tensors, texts)) = Tensors::from_safetensors(bytes) else {
        return;
    };
    let Ok(written) = tensors.to_safetensors(&texts, Storage::F32) else {
        return;
    };
    let (again, again_texts) =
        Tensors::from_safetensors(&written).expect("what was written is readable");
    assert_eq!(again_texts, texts);
    for ((name, a), (again, b)) in tensors.iter().zip(again.iter()) {
        assert_eq!((name, a.shape()), (again, b.shape()));
        assert!(
            a.data()
                .iter()
                .zip(b.data())
                .all(|(a, b)| a.to_bits() == b.to_bits())
        );
    }
});
