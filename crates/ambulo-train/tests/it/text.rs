//! How near texts are by a language model's states.

use ambulo_nn::codec::text::Tokenizer;
use ambulo_nn::config::{NetworkConfig, T5Config};
use ambulo_nn::networks::t5::{Precision, T5, T5Error};
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_nn::threads::{Engine, Threads};
use ambulo_testkit::{SeededRng, repository_root};
use ambulo_train::evaluate::text::t5score_f1;

#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn t5(rows: usize) -> T5 {
    let config = T5Config {
        dim: 16,
        head_dim: 4,
        hidden: 24,
        heads: 2,
        encoder_blocks: 1,
        decoder_blocks: 1,
        ..T5Config::base(rows)
    };
    let mut rng = SeededRng::new(2);
    let shapes = NetworkConfig::T5(config.clone())
        .tensor_shapes()
        .into_iter();
    let weights: Tensors = shapes
        .map(|tensor| {
            let data = (0..tensor.len())
                .map(|_| (0.5 * rng.normal()) as f32)
                .collect();
            (tensor.name, Tensor::new(tensor.shape, data).unwrap())
        })
        .collect();
    let engine = Engine::new(Threads::new(1));
    T5::from_weights(&config, &weights, &engine, Precision::F32).unwrap()
}

#[test]
fn a_copy_scores_one_and_another_text_less() {
    let model = repository_root().join("testdata/parity/t5/tokenizer/spiece.model");
    let tokenizer = Tokenizer::from_sentencepiece(&std::fs::read(model).unwrap(), 0).unwrap();
    let score = |hypothesis: &str, references: &[&str]| {
        let references = references.iter().map(|&text| text.to_owned()).collect();
        t5score_f1(&t5(200), &tokenizer, &[(hypothesis.to_owned(), references)]).unwrap()
    };
    let copy = score("The arms swing freely.", &["The arms swing freely."]);
    let other = score("The arms swing freely.", &["Cadence is low."]);
    let near = score(
        "The arms swing freely.",
        &["Cadence is low.", "The arms swing."],
    );
    assert!((copy - 1.0).abs() < 1e-6);
    assert!(other < near && near < copy, "{other} {near} {copy}");
    assert!(score("", &["Cadence is low."]).abs() < 1e-12);
    assert_eq!(t5score_f1(&t5(200), &tokenizer, &[]), Err(T5Error::Empty));
    let unknown = [("The arms".to_owned(), vec!["swing".to_owned()])];
    assert!(matches!(
        t5score_f1(&t5(5), &tokenizer, &unknown),
        Err(T5Error::NoToken { .. })
    ));
}
