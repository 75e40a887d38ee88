//! The trainable language model against the engine, and its losses.

use std::collections::BTreeMap;
use std::slice::from_ref;

use ambulo::synth::SeededRng;
use ambulo_nn::config::{NetworkConfig, T5Config};
use ambulo_nn::import::Checkpoint;
use ambulo_nn::networks::t5::{AnswerFormat, Precision, T5 as EngineT5};
use ambulo_nn::tensors::Tensors;
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::WeightsInfo;
use ambulo_testkit::repository_root;
use ambulo_train::losses::{
    AnswerLoss, AnswerLossConfig, FormLoss, PreferenceConfig, ScoreLoss, Targets, preference_loss,
    text_log_probabilities,
};
use ambulo_train::modules::t5::{T5, Tokens};
use ambulo_train::modules::{from_tensors, to_tensors};
use ambulo_train::network::initial_reasoner_weights;
use burn::module::{Module as _, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor};

/// Weights of the reference's small model.
fn reference() -> (T5Config, Tensors) {
    let folder = repository_root().join("testdata/parity/t5/model");
    let config = std::fs::read(folder.join("config.json")).unwrap();
    let config = NetworkConfig::from_json(&config).unwrap();
    let checkpoint = std::fs::read(folder.join("weights.safetensors")).unwrap();
    let checkpoint = Checkpoint::from_bytes(&checkpoint).unwrap();
    let imported = checkpoint.import(&config, WeightsInfo::default()).unwrap();
    let NetworkConfig::T5(settings) = config else {
        panic!("{}", config.model());
    };
    (settings, imported.weights.into_tensors())
}

fn small() -> (T5Config, Tensors) {
    let config = T5Config {
        dim: 16,
        head_dim: 6,
        hidden: 24,
        heads: 3,
        encoder_blocks: 2,
        decoder_blocks: 2,
        ..T5Config::base(50)
    };
    let weights = initial_reasoner_weights(&config, 3);
    (config, weights)
}

fn drawn(rng: &mut SeededRng, lengths: &[usize], rows: usize) -> Vec<Vec<u32>> {
    let mut text = |&length: &usize| {
        let token = |_| u32::try_from(2 + rng.below(rows - 2)).unwrap();
        (0..length).map(token).collect()
    };
    lengths.iter().map(&mut text).collect()
}

#[test]
fn texts_of_a_batch_get_the_engines_numbers() {
    for (config, weights) in [reference(), small()] {
        let device = Device::flex().autodiff();
        let network = from_tensors(T5::new(&config, 0.1, &device), &weights).unwrap();
        assert_eq!(to_tensors(&network), weights, "weights survive");

        let mut rng = SeededRng::new(4);
        let read = drawn(&mut rng, &[24, 17, 9], config.vocabulary);
        let written = drawn(&mut rng, &[12, 20, 5], config.vocabulary);
        let tokens = |texts: &[Vec<u32>]| Tokens::new(texts, config.pad);
        let found = network.forward(&tokens(&read), &tokens(&written), &mut None);
        let rows = config.vocabulary;
        assert_eq!(found.dims(), [3 * 20, rows]);
        let found: Vec<f32> = found.try_into_vec_as().unwrap();

        let engine = Engine::new(Threads::new(1));
        let engine = EngineT5::from_weights(&config, &weights, &engine, Precision::F32).unwrap();
        for (text, (read, written)) in read.iter().zip(&written).enumerate() {
            let encoded = engine.encode(read).unwrap();
            let expected = engine.teacher_forced(&encoded, written).unwrap();
            let own = &found[text * 20 * rows..][..expected.len()];
            let apart = own.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            let most = apart.fold(0.0, f32::max);
            assert!(most < 1e-4, "text {text}: off by {most}");
        }
    }
}

const FORMAT: [u32; 4] = [10, 11, 12, 13];

fn format() -> AnswerFormat {
    AnswerFormat {
        reasoning: [FORMAT[0], FORMAT[1]],
        score: [FORMAT[2], FORMAT[3]],
        scores: vec![14, 15, 16],
        text: 2..10,
        barred: Vec::new(),
        longest: 8,
    }
}

/// Two answers of unlike length and a text that is none.
fn texts() -> Vec<Vec<u32>> {
    vec![
        vec![10, 3, 4, 11, 12, 15, 13, 1],
        vec![10, 5, 11, 12, 14, 13, 1],
        vec![7, 8, 1],
    ]
}

const SCORES: [Option<usize>; 3] = [Some(1), Some(0), None];

fn logits(seed: u64, scale: f64) -> Tensor<2> {
    let mut rng = SeededRng::new(seed);
    #[expect(clippy::cast_possible_truncation, reason = "networks compute in f32")]
    let numbers: Vec<f32> = (0..3 * 8 * 20)
        .map(|_| (scale * rng.normal()) as f32)
        .collect();
    Tensor::<1>::from_floats(numbers.as_slice(), &Device::flex().autodiff())
        .reshape([24, 20])
        .require_grad()
}

fn number(tensor: &Tensor<1>) -> f32 {
    tensor.clone().into_scalar()
}

fn loss(config: &AnswerLossConfig, logits: &Tensor<2>) -> AnswerLoss {
    let texts = texts();
    let targets = Targets {
        texts: &texts,
        scores: &SCORES,
    };
    AnswerLoss::of(config, logits, &targets, &format(), &[1.0, 3.0, 1.0])
}

/// Log probabilities by hand.
fn logs(logits: &Tensor<2>) -> Vec<Vec<f64>> {
    let numbers: Vec<f32> = logits.clone().try_into_vec_as().unwrap();
    let rows = numbers.chunks_exact(20).map(|row| {
        let total: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        row.iter().map(|&x| f64::from(x) - total.ln()).collect()
    });
    rows.collect()
}

#[test]
fn the_terms_are_those_of_their_definitions() {
    let logits = logits(1, 1.5);
    let logs = logs(&logits);
    let texts = texts();
    let at = |text: usize, place: usize| logs[text * 8 + place][texts[text][place] as usize];
    let all = texts.iter().enumerate();
    let sum: f64 = all
        .flat_map(|(text, tokens)| (0..tokens.len()).map(move |place| (text, place)))
        .map(|(text, place)| at(text, place))
        .sum();
    let found = loss(&AnswerLossConfig::default(), &logits);
    assert!((f64::from(number(&found.words)) + sum / 18.0).abs() < 1e-5);

    let form: f64 = [(0, [0, 3, 4, 5, 6]), (1, [0, 2, 3, 4, 5])]
        .into_iter()
        .flat_map(|(text, places)| places.map(|place| at(text, place)))
        .map(|log| 1.0 - 1.0 / (1.0 + (-log).exp()))
        .sum();
    let found_form = number(found.form.as_ref().unwrap());
    assert!((f64::from(found_form) - form / 2.0).abs() < 1e-5);

    let three = |row: usize, score: usize| {
        let of = |token: usize| logs[row][token].exp();
        (of(14 + score) / (of(14) + of(15) + of(16))).ln()
    };
    let score = (3.0 * three(5, 1) + three(8 + 4, 0)) / -4.0;
    assert!((f64::from(number(found.score.as_ref().unwrap())) - score).abs() < 1e-5);
    let all = AnswerLossConfig {
        score: ScoreLoss::Vocabulary,
        form: FormLoss::Nll,
        ..AnswerLossConfig::default()
    };
    let found = loss(&all, &logits);
    let score = (3.0 * at(0, 5) + at(1, 4)) / -4.0;
    assert!((f64::from(number(found.score.as_ref().unwrap())) - score).abs() < 1e-5);
    let texts = text_log_probabilities(&logits, &texts);
    let texts: Vec<f32> = texts.try_into_vec_as().unwrap();
    let third: f64 = (0..3).map(|place| at(2, place)).sum();
    assert!((f64::from(texts[2]) - third).abs() < 1e-5);
}

#[test]
fn the_papers_loss_of_the_form_has_bounds_and_no_gradient_where_all_is_wrong() {
    let paper = AnswerLossConfig::default();
    for (seed, scale) in [(1, 0.1), (2, 3.0), (3, 30.0), (4, 300.0)] {
        let value = number(loss(&paper, &logits(seed, scale)).form.as_ref().unwrap());
        assert!((2.5..=5.0).contains(&value), "{value}");
    }
    // The right token is certain: the least value. It is all but impossible: below the greatest.
    let mut right = vec![0.0_f32; 24 * 20];
    for (text, tokens) in texts().iter().enumerate() {
        for (place, &token) in tokens.iter().enumerate() {
            right[(text * 8 + place) * 20 + token as usize] = 40.0;
        }
    }
    for (sign, expected, slope) in [(1.0, 2.5, 0.0), (-1.0, 5.0, 0.0)] {
        let numbers: Vec<f32> = right.iter().map(|x| sign * x).collect();
        let device = Device::flex().autodiff();
        let logits = Tensor::<1>::from_floats(numbers.as_slice(), &device)
            .reshape([24, 20])
            .require_grad();
        let form = loss(&paper, &logits).form.unwrap();
        assert!((number(&form) - expected).abs() < 1e-4);
        let gradient = logits.grad(&form.backward()).unwrap();
        let most: f32 = gradient.abs().max().into_scalar();
        assert!((most - slope).abs() < 1e-4, "{most}");
    }
    let nll = AnswerLossConfig {
        form: FormLoss::Nll,
        ..paper
    };
    let numbers: Vec<f32> = right.iter().map(|x| -x).collect();
    let wrong = Tensor::<1>::from_floats(numbers.as_slice(), &Device::flex().autodiff());
    let wrong = wrong.reshape([24, 20]).require_grad();
    let form = loss(&nll, &wrong).form.unwrap();
    let gradient = wrong.grad(&form.backward()).unwrap();
    let most: f32 = gradient.abs().max().into_scalar();
    assert!(most > 0.4, "the useful form still teaches: {most}");
    let none = AnswerLossConfig {
        form: FormLoss::None,
        ..paper
    };
    assert!(loss(&none, &wrong).form.is_none());
}

#[test]
fn preferences_cost_less_the_further_the_preferred_text_is_ahead() {
    let device = Device::flex();
    let of = |values: [f32; 2]| Tensor::<1>::from_floats(values, &device);
    let plain = PreferenceConfig::default();
    let at = |config: &PreferenceConfig, preferred: [f32; 2], other: [f32; 2]| {
        let before = [of([-10.0, -20.0]), of([-12.0, -18.0])];
        let loss = preference_loss(config, [of(preferred), of(other)], before);
        f64::from(number(&loss))
    };
    let same = at(&plain, [-10.0, -20.0], [-12.0, -18.0]);
    assert!((same - std::f64::consts::LN_2).abs() < 1e-6);
    // Margins of 5 and 10, times 0.1.
    let ahead = at(&plain, [-8.0, -15.0], [-15.0, -23.0]);
    let expected = f64::midpoint((-0.5_f64).exp().ln_1p(), (-1.0_f64).exp().ln_1p());
    assert!((ahead - expected).abs() < 1e-6);
    // Both fall: plain DPO is content if the other falls further, DPO-positive is not.
    let positive = PreferenceConfig {
        positive: 5.0,
        ..plain
    };
    let fallen = ([-13.0, -23.0], [-22.0, -28.0]);
    assert!(at(&plain, fallen.0, fallen.1) < same);
    assert!(at(&positive, fallen.0, fallen.1) > same);
}

/// The gradient of each parameter, by its name in the weights.
struct Slopes<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    found: BTreeMap<String, Vec<f32>>,
}

impl ModuleVisitor for Slopes<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let numbers = gradient.try_into_vec_as().unwrap();
            self.found.insert(self.path.join("."), numbers);
        }
    }
}

#[test]
fn gradients_are_the_slopes_of_the_loss() {
    let (config, weights) = small();
    let device = Device::flex().autodiff();
    let mut rng = SeededRng::new(8);
    // Few tokens, so that the same ones are met often.
    let read = Tokens::new(&drawn(&mut rng, &[14, 9, 11], 12), config.pad);
    let written = Tokens::new(&texts(), config.pad);
    let targets = Targets {
        texts: &texts(),
        scores: &SCORES,
    };
    let settings = AnswerLossConfig::default();
    let loss = |weights: &Tensors| {
        let network = from_tensors(T5::new(&config, 0.0, &device), weights).unwrap();
        let logits = network.forward(&read, &written, &mut None);
        let loss = AnswerLoss::of(&settings, &logits, &targets, &format(), &[1.0; 3]);
        (network, loss.total(&settings))
    };
    let (network, total) = loss(&weights);
    let mut slopes = Slopes {
        gradients: &total.backward(),
        path: Vec::new(),
        found: BTreeMap::new(),
    };
    network.visit(&mut slopes);
    for (name, tensor) in weights.iter() {
        // The place whose gradient is largest, and some others.
        let own = slopes.found.get(name);
        let own = own.unwrap_or_else(|| panic!("{name} has no gradient"));
        let largest = (0..tensor.len()).max_by(|&a, &b| {
            let [a, b] = [a, b].map(|place| own[place].abs());
            a.total_cmp(&b)
        });
        let places = largest
            .into_iter()
            .chain((0..4).map(|_| rng.below(tensor.len())));
        for place in places.collect::<Vec<_>>() {
            let moved = |by: f32| {
                let mut values = tensor.data().to_vec();
                values[place] += by;
                let mut weights = weights.clone();
                let tensor = ambulo_nn::tensors::Tensor::new(tensor.shape().to_vec(), values);
                weights.insert(name.to_owned(), tensor.unwrap());
                number(&loss(&weights).1)
            };
            let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            let found = own[place];
            let apart = (slope - found).abs();
            assert!(
                apart < 2e-3 + 0.03 * slope.abs(),
                "{name} at {place}: {found}, the loss rises by {slope}"
            );
        }
    }
}

#[test]
fn gradients_of_a_batch_are_those_of_its_texts() {
    let config = T5Config {
        dim: 128,
        head_dim: 32,
        hidden: 256,
        heads: 4,
        encoder_blocks: 1,
        decoder_blocks: 1,
        ..T5Config::base(817)
    };
    let weights = initial_reasoner_weights(&config, 3);
    let device = Device::flex().autodiff();
    let mut rng = SeededRng::new(9);
    let lengths: Vec<usize> = (0..16).map(|_| 60 + rng.below(60)).collect();
    let read = drawn(&mut rng, &lengths, config.vocabulary);
    let written = drawn(&mut rng, &lengths, config.vocabulary);
    let slopes = |read: &[Vec<u32>], written: &[Vec<u32>]| {
        let network = from_tensors(T5::new(&config, 0.0, &device), &weights).unwrap();
        let tokens = |texts: &[Vec<u32>]| Tokens::new(texts, config.pad);
        let logits = network.forward(&tokens(read), &tokens(written), &mut None);
        let total = text_log_probabilities(&logits, written).sum();
        let mut slopes = Slopes {
            gradients: &total.backward(),
            path: Vec::new(),
            found: BTreeMap::new(),
        };
        network.visit(&mut slopes);
        slopes.found
    };
    let all = slopes(&read, &written);
    let mut sums: BTreeMap<String, Vec<f32>> = BTreeMap::new();
    for (read, written) in read.iter().zip(&written) {
        for (name, own) in slopes(from_ref(read), from_ref(written)) {
            let sum = sums.entry(name).or_insert_with(|| vec![0.0; own.len()]);
            for (sum, own) in sum.iter_mut().zip(own) {
                *sum += own;
            }
        }
    }
    assert_eq!(all.len(), weights.len());
    for (name, all) in &all {
        let most = all.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let apart = all.iter().zip(&sums[name]).map(|(a, b)| (a - b).abs());
        let apart = apart.fold(0.0, f32::max);
        assert!(apart < 1e-3 * most, "{name}: off by {apart} of {most}");
    }
}
