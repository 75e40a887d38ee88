//! The codes of the motion tokenizer while they learn.

use ambulo::synth::SeededRng;
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_testkit::repository_root;
use ambulo_train::codebook::Codebook;

fn tensors(file: &str) -> Tensors {
    let folder = repository_root().join("testdata/parity/vqvae/ema_reset_step");
    let bytes = std::fs::read(folder.join(file)).unwrap();
    Tensors::from_safetensors(&bytes).unwrap().0
}

/// Latents `[batch, width, time]` as rows, batch first, then time.
fn rows(latents: &Tensor) -> Vec<f32> {
    let &[batch, width, time] = latents.shape() else {
        panic!("{:?}", latents.shape())
    };
    let at = |b: usize, t: usize, c: usize| latents.data()[(b * width + c) * time + t];
    let places = (0..batch).flat_map(|b| (0..time).map(move |t| (b, t)));
    places
        .flat_map(|(b, t)| (0..width).map(move |c| at(b, t, c)))
        .collect()
}

#[track_caller]
fn close(found: &[f32], expected: &Tensor, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let pairs = found.iter().zip(expected.data());
    let most = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(most <= 1e-5, "{what} differs by {most}");
}

#[track_caller]
fn number(found: f64, expected: &Tensor, what: &str) {
    let far = (found - f64::from(expected.data()[0])).abs();
    assert!(far < 1e-5 * found.abs().max(1.0), "{what} differs by {far}");
}

#[test]
fn a_step_is_that_of_the_reference() {
    let (input, expected) = (
        tensors("input.safetensors"),
        tensors("expected.safetensors"),
    );
    let of = |name: &str| input.require(name).unwrap().data().to_vec();
    let wanted = |name: &str| expected.require(name).unwrap();
    let latents = rows(input.require("latents").unwrap());
    let begun = Codebook::from_parts(of("codebook"), of("code_sum"), of("code_count")).unwrap();
    for (mut codebook, prefix) in [(begun, ""), (Codebook::new(32, 16), "init_")] {
        let step = codebook.learn(&latents, 0.99, &mut SeededRng::new(1));
        let [codes, sums, counts] = codebook.parts();
        let named = |name: &str| wanted(&format!("{prefix}{name}"));
        close(codes, named("codebook_after"), "codes");
        close(sums, named("code_sum_after"), "sums");
        close(counts, named("code_count_after"), "counts");
        number(step.commitment, named("commit_loss"), "commitment");
        if prefix.is_empty() {
            number(step.perplexity, wanted("perplexity"), "perplexity");
            let chosen: Vec<f32> = step.chosen.iter().map(|&code| code as f32).collect();
            assert_eq!(chosen, wanted("indices").data());
            let replaced: Vec<f32> = step
                .replaced
                .iter()
                .map(|&r| f32::from(u8::from(r)))
                .collect();
            assert_eq!(replaced, wanted("reset_mask").data());
        }
    }
}

#[test]
fn codes_move_towards_what_chooses_them_and_row_k_replaces_code_k() {
    // Code 0 is chosen twice and lasts; code 1 never, and becomes the second latent.
    let codes = vec![0.0, 10.0];
    let mut codebook = Codebook::from_parts(codes, vec![0.0, 9.0], vec![2.0, 0.9]).unwrap();
    let step = codebook.learn(&[1.0, 3.0], 0.5, &mut SeededRng::new(1));
    assert_eq!(
        (step.chosen, step.replaced),
        (vec![0, 0], vec![false, true])
    );
    assert_eq!(
        codebook.parts()[0],
        [1.0, 3.0],
        "(0.5·0 + 0.5·4) / (0.5·2 + 0.5·2), then row 1"
    );
    assert!((step.commitment - 5.0).abs() < 1e-6);
    assert!((step.perplexity - 1.0).abs() < 1e-5);
}

#[test]
fn fewer_latents_than_codes_are_used_again_with_noise() {
    let mut codebook = Codebook::new(5, 2);
    assert!(!codebook.has_begun());
    codebook.learn(&[1.0, 2.0, 3.0, 4.0], 0.99, &mut SeededRng::new(4));
    let codes = codebook.parts()[0];
    assert!(codebook.has_begun());
    for (place, code) in codes.chunks(2).enumerate() {
        let near = if place % 2 == 0 {
            [1.0, 2.0]
        } else {
            [3.0, 4.0]
        };
        assert!((code[0] - near[0]).abs() < 0.1 && (code[1] - near[1]).abs() < 0.1);
    }
    assert_ne!(codes[..2], codes[4..6]);
    let before = codebook.clone();
    codebook.learn(&[], 0.99, &mut SeededRng::new(4));
    assert_eq!(codebook, before);
}
