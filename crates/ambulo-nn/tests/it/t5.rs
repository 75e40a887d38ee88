//! T5: the reference's numbers, counts, writing token by token, and the format of answers.

use std::fs;
use std::path::PathBuf;

use ambulo_nn::config::{NetworkConfig, T5Config};
use ambulo_nn::import::{Checkpoint, ImportError};
use ambulo_nn::kernels::Isa;
use ambulo_nn::networks::t5::{AnswerFormat, MayEnd, Precision, T5, T5Error};
use ambulo_nn::tensors::{Storage, Tensor, Tensors};
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::{Weights, WeightsInfo};
use ambulo_testkit::{SeededRng, repository_root};

fn folder() -> PathBuf {
    repository_root().join("testdata/parity/t5/model")
}

fn tensors(file: &str) -> Tensors {
    let bytes = fs::read(folder().join(file)).unwrap();
    Tensors::from_safetensors(&bytes).unwrap().0
}

fn json(file: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(folder().join(file)).unwrap()).unwrap()
}

fn imported() -> Weights {
    let config = NetworkConfig::from_json(&fs::read(folder().join("config.json")).unwrap());
    let bytes = fs::read(folder().join("weights.safetensors")).unwrap();
    let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
    let imported = checkpoint
        .import(&config.unwrap(), WeightsInfo::default())
        .unwrap();
    let copies = ["decoder.embed_tokens.weight", "encoder.embed_tokens.weight"];
    assert_eq!(imported.dropped, copies, "only the copies of the table");
    imported.weights
}

fn settings(config: &NetworkConfig) -> &T5Config {
    match config {
        NetworkConfig::T5(config) => config,
        other => panic!("{}", other.model()),
    }
}

fn network(weights: &Weights, engine: &Engine, precision: Precision) -> T5 {
    T5::from_weights(
        settings(weights.config()),
        weights.tensors(),
        engine,
        precision,
    )
    .unwrap()
}

/// Rows of tokens of a tensor.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tokens are small and not negative; ignored ones become 0"
)]
fn tokens(tensor: &Tensor) -> Vec<Vec<u32>> {
    let rows = tensor.data().chunks_exact(tensor.shape()[1]);
    rows.map(|row| row.iter().map(|&x| x.max(0.0) as u32).collect())
        .collect()
}

#[track_caller]
fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let most = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    let most = most.fold(0.0, f32::max);
    assert!(most <= tolerance, "{what} differs by {most}");
}

#[test]
fn everything_is_as_in_the_reference() {
    let weights = imported();
    let (input, expected) = (
        tensors("input.safetensors"),
        tensors("expected.safetensors"),
    );
    let read = tokens(input.require("input").unwrap());
    let written = tokens(input.require("decoder_input_ids").unwrap());
    for &isa in Isa::available() {
        let engine = Engine::with_isa(Threads::new(2), isa).unwrap();
        let t5 = network(&weights, &engine, Precision::F32);
        for (sample, valid) in [17, 24, 9].into_iter().enumerate() {
            let traced = t5.trace(&read[sample], valid, &written[sample]).unwrap();
            for (name, found) in &traced {
                let expected = expected.require(name).unwrap();
                let expected = &expected.data()[sample * found.len()..][..found.len()];
                close(
                    found.data(),
                    expected,
                    1e-4,
                    &format!("{name} of {sample} on {isa:?}"),
                );
            }
        }
        let bias = expected.require("encoder_position_bias_12x12").unwrap();
        close(&t5.encoder_bias(12), bias.data(), 1e-6, "offsets");
    }
}

/// The mean cross-entropy of the labels that count.
fn loss(logits: &[f32], labels: &[f32], rows: usize) -> f64 {
    let counted = logits
        .chunks_exact(rows)
        .zip(labels)
        .filter(|(_, label)| **label >= 0.0);
    let losses: Vec<f64> = counted
        .map(|(row, &label)| {
            let total: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
            let place = (0..rows)
                .find(|&place| (place as f32 - label).abs() < 0.5)
                .unwrap();
            total.ln() - f64::from(row[place])
        })
        .collect();
    losses.iter().sum::<f64>() / losses.len() as f64
}

#[test]
fn losses_are_those_of_the_reference() {
    let weights = imported();
    let (input, expected) = (
        tensors("input.safetensors"),
        tensors("expected.safetensors"),
    );
    let t5 = network(&weights, &Engine::new(Threads::new(2)), Precision::F32);
    let read = tokens(input.require("input").unwrap());
    let labels = input.require("labels").unwrap().data();
    for (name, written, logits) in [
        ("loss", input.require("decoder_input_ids"), "output"),
        (
            "loss_from_labels",
            expected.require("decoder_input_from_labels"),
            "logits_from_labels",
        ),
    ] {
        let written = tokens(written.unwrap());
        let mut all = Vec::new();
        for (sample, valid) in [17, 24, 9].into_iter().enumerate() {
            let encoded = t5.encode_padded(&read[sample], valid).unwrap();
            all.extend(t5.teacher_forced(&encoded, &written[sample]).unwrap());
        }
        close(&all, expected.require(logits).unwrap().data(), 1e-4, logits);
        let wanted = f64::from(expected.require(name).unwrap().data()[0]);
        let found = loss(&all, labels, 200);
        assert!(
            (found - wanted).abs() < 1e-5,
            "{name} is {found}, not {wanted}"
        );
    }
}

#[test]
fn greedy_texts_and_buckets_are_those_of_the_reference() {
    let weights = imported();
    let expected = json("expected.json");
    let read = tokens(tensors("input.safetensors").require("input").unwrap());
    for threads in [1, 3] {
        let t5 = network(
            &weights,
            &Engine::new(Threads::new(threads)),
            Precision::F32,
        );
        for (sample, valid) in [17, 24, 9].into_iter().enumerate() {
            let encoded = t5.encode(&read[sample][..valid]).unwrap();
            for (key, may_end) in [
                ("tokens_no_eos_20", MayEnd::No),
                ("tokens_free", MayEnd::Yes),
            ] {
                let wanted: Vec<u32> =
                    serde_json::from_value(expected["greedy"][sample][key].clone()).unwrap();
                assert_eq!(
                    t5.greedy(&encoded, 20, may_end).unwrap(),
                    wanted,
                    "{key} {sample}"
                );
            }
        }
    }
    let config = settings(weights.config());
    let table =
        |key: &str| -> Vec<usize> { serde_json::from_value(expected[key].clone()).unwrap() };
    let both: Vec<usize> = (-160..=160)
        .map(|distance| config.bucket(distance))
        .collect();
    let causal: Vec<usize> = (-160..=160)
        .map(|distance| config.causal_bucket(distance))
        .collect();
    assert_eq!(both, table("buckets_bidirectional"));
    assert_eq!(causal, table("buckets_causal"));
}

#[test]
fn token_by_token_gives_what_all_at_once_gives() {
    let weights = imported();
    let t5 = network(&weights, &Engine::new(Threads::new(2)), Precision::F32);
    let encoded = t5.encode(&[5, 9, 100, 3, 1]).unwrap();
    let written: Vec<u32> = (0..90).map(|i| (7 * i + 3) % 200).collect();
    let at_once = t5.teacher_forced(&encoded, &written).unwrap();
    let mut writing = t5.begin(&encoded);
    for (token, wanted) in written.iter().zip(at_once.chunks_exact(200)) {
        let found = t5.advance(&mut writing, &[*token]).unwrap();
        close(&found, wanted, 2e-5, "a step");
    }
}

#[test]
fn sixteen_bits_give_nearly_the_same_and_survive_a_file() {
    let weights = imported();
    let engine = Engine::new(Threads::new(2));
    let read = [5, 9, 100, 3, 1];
    let written = [0, 17, 40, 3];
    let of = |weights: &Weights, precision| {
        let t5 = network(weights, &engine, precision);
        let encoded = t5.encode(&read).unwrap();
        t5.teacher_forced(&encoded, &written).unwrap()
    };
    let (full, half) = (of(&weights, Precision::F32), of(&weights, Precision::Bf16));
    close(&half, &full, 0.1, "logits of 16 bits");
    let bytes = weights.to_bytes(Storage::Bf16).unwrap();
    assert!(bytes.len() < weights.to_bytes(Storage::F32).unwrap().len() * 6 / 10);
    let stored = Weights::from_bytes(&bytes).unwrap();
    assert_eq!(
        stored.to_bytes(Storage::Bf16).unwrap(),
        bytes,
        "rounded once, not twice"
    );
    // In the file the norms are rounded too.
    close(
        &of(&stored, Precision::Bf16),
        &half,
        0.1,
        "logits of a file of 16 bits",
    );
}

#[test]
fn sizes_count_as_published() {
    let count = |name: &str| NetworkConfig::preset(name).unwrap().parameter_count();
    assert_eq!(count("t5_flan_base"), 247_577_856);
    assert_eq!(count("t5_motiongpt"), 248_325_888);
    assert_eq!(count("t5_agir"), 248_336_640);
    assert_eq!(count("t5_flan_small"), 76_961_152);
}

#[test]
fn unknown_tokens_and_nothing_to_read_are_refused() {
    let weights = imported();
    let t5 = network(&weights, &Engine::new(Threads::new(1)), Precision::F32);
    assert_eq!(t5.encode(&[]).unwrap_err(), T5Error::Empty);
    assert_eq!(
        t5.encode_padded(&[1, 2], 3).unwrap_err(),
        T5Error::Mask {
            valid: 3,
            tokens: 2
        }
    );
    assert_eq!(
        t5.encode(&[200]).unwrap_err(),
        T5Error::NoToken {
            token: 200,
            rows: 200
        }
    );
    let encoded = t5.encode(&[1]).unwrap();
    assert!(t5.teacher_forced(&encoded, &[u32::MAX]).is_err());
}

#[test]
fn a_table_that_differs_between_its_copies_is_no_t5() {
    let mut all = tensors("weights.safetensors");
    let mut table = all.remove("encoder.embed_tokens.weight").unwrap();
    table.data_mut()[77] += 0.5;
    all.insert("encoder.embed_tokens.weight", table);
    let bytes = all
        .to_safetensors(&std::collections::BTreeMap::new(), Storage::F32)
        .unwrap();
    let config = NetworkConfig::from_json(&fs::read(folder().join("config.json")).unwrap());
    let refused = Checkpoint::from_bytes(&bytes)
        .unwrap()
        .import(&config.unwrap(), WeightsInfo::default());
    assert!(matches!(refused, Err(ImportError::Copy { name, .. }) if name.starts_with("encoder")));
}

fn tiny() -> T5Config {
    T5Config {
        dim: 16,
        head_dim: 4,
        hidden: 24,
        heads: 3,
        encoder_blocks: 1,
        decoder_blocks: 2,
        ..T5Config::base(60)
    }
}

fn format() -> AnswerFormat {
    AnswerFormat {
        reasoning: [50, 51],
        score: [52, 53],
        scores: vec![54, 55, 56],
        text: 0..40,
        barred: vec![0, 1, 2],
        longest: 12,
    }
}

#[test]
#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn a_thousand_random_inputs_have_answers_in_the_format() {
    let mut rng = SeededRng::new(8);
    let engine = Engine::new(Threads::new(1));
    let format = format();
    let (mut cut, mut seen) = (0, [0; 3]);
    for _ in 0..20 {
        let weights: Tensors = NetworkConfig::T5(tiny())
            .tensor_shapes()
            .into_iter()
            .map(|tensor| {
                let numbers = (0..tensor.len()).map(|_| (0.4 * rng.normal()) as f32);
                let data = numbers.collect();
                (tensor.name, Tensor::new(tensor.shape, data).unwrap())
            })
            .collect();
        let t5 = T5::from_weights(&tiny(), &weights, &engine, Precision::F32).unwrap();
        for _ in 0..50 {
            let length = 1 + rng.below(10);
            let read: Vec<u32> = (0..length).map(|_| rng.below(60) as u32).collect();
            let answer = t5.answer(&t5.encode(&read).unwrap(), &format).unwrap();
            assert!(answer.reasoning.len() <= 12);
            assert!(answer.reasoning.iter().all(|token| (3..40).contains(token)));
            assert_eq!(answer.cut, answer.reasoning.len() == 12);
            assert_eq!(answer.tokens[0], 50);
            let last = &answer.tokens[answer.tokens.len() - 5..];
            assert_eq!(last, [51, 52, format.scores[answer.score], 53, 1]);
            assert!((answer.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            let most = answer.probabilities.iter().copied().fold(0.0, f32::max);
            assert!(answer.probabilities[answer.score] >= most);
            cut += usize::from(answer.cut);
            seen[answer.score] += 1;
        }
    }
    assert!(
        (1..1000).contains(&cut),
        "both ends of reasoning occur: {cut}"
    );
    assert!(seen.iter().all(|&count| count > 0), "every score occurs");
}

#[test]
fn formats_that_cannot_be_written_are_refused() {
    let weights = imported();
    let t5 = network(&weights, &Engine::new(Threads::new(1)), Precision::F32);
    let encoded = t5.encode(&[3]).unwrap();
    let changes: [fn(&mut AnswerFormat); 4] = [
        |format| format.scores = vec![],
        |format| format.scores[0] = 200,
        |format| format.score[0] = 50,
        |format| format.barred = vec![],
    ];
    for change in changes {
        let mut format = format();
        change(&mut format);
        let refused = t5.answer(&encoded, &format).unwrap_err();
        assert!(matches!(refused, T5Error::Format { .. }));
    }
}
