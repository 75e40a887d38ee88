//! Gait parameters from keypoints: films with what is true of them, networks, training.

use ambulo::Side;
use ambulo_nn::codec::params::{Legs, ParamsTrack, Recipe, Target};
use ambulo_testkit::data_dir;
use ambulo_train::motion::Role;
use ambulo_train::params::{ParamsFilm, film};

#[test]
fn films_repeat_and_their_truth_is_that_of_walking() {
    let Some(data) = data_dir() else { return };
    let settings = ParamsFilm {
        tune_clips: 4,
        ..ParamsFilm::default()
    };
    let clips = film(&data, &settings, &[Role::Tune], 2).unwrap();
    assert_eq!(clips, film(&data, &settings, &[Role::Tune], 1).unwrap());
    assert_eq!(clips.len(), 8);
    for clip in &clips {
        let of = |target: Target, legs: Legs| clip.truth.get(target, legs).unwrap();
        let speed = of(Target::Speed, Legs::Both);
        let cadence = of(Target::Cadence, Legs::Both);
        assert!((0.1..2.6).contains(&speed), "{}: {speed} m/s", clip.name);
        assert!((0.3..1.5).contains(&cadence), "{}: {cadence}", clip.name);
        for side in Side::BOTH {
            let knee = of(Target::KneeFlexionMaximumExtension, Legs::One(side));
            let gdi = of(Target::Gdi, Legs::One(side));
            assert!((-25.0..75.0).contains(&knee), "{}: {knee}°", clip.name);
            assert!((30.0..115.0).contains(&gdi), "{}: {gdi}", clip.name);
        }
        let track = ParamsTrack::new(&clip.keypoints, Recipe::Fixed).unwrap();
        assert!(track.windows().iter().any(|window| window.is_kept));
        // A straight knee is π in the picture too: the film shows what the truth says.
        let angles = |side: usize| {
            let frames = 0..track.frames();
            let knees = frames.filter_map(|frame| track.row(frame, legs_as_filmed())[50 + side]);
            let mut bent: Vec<f64> = knees.map(|k| 180.0 - k.to_degrees()).collect();
            bent.sort_by(f64::total_cmp);
            bent[bent.len() / 20]
        };
        for (index, side) in Side::BOTH.into_iter().enumerate() {
            let knee = of(Target::KneeFlexionMaximumExtension, Legs::One(side));
            let seen = angles(index);
            assert!(
                (seen - knee.abs()).abs() < 16.0,
                "{}: {seen}, {knee}",
                clip.name
            );
        }
    }
}

fn legs_as_filmed() -> ambulo_nn::codec::params::Facing {
    Legs::One(Side::Left).facing()
}

#[cfg(feature = "burn")]
mod networks {
    use std::collections::BTreeMap;

    use ambulo::synth::SeededRng;
    use ambulo_nn::config::{Cnn1dConfig, NetworkConfig, SttConfig};
    use ambulo_nn::estimator::Estimator;
    use ambulo_nn::networks::Network;
    use ambulo_nn::tensors::{Tensor as Array, Tensors};
    use ambulo_nn::threads::Threads;
    use ambulo_nn::weights::Weights;
    use ambulo_train::device;
    use ambulo_train::fit::{ParamsLesson, ParamsTrainConfig, RunConfig, Setup, fit_params};
    use ambulo_train::modules::params::{Cnn1d, ParamsNetwork, Stt};
    use ambulo_train::modules::{from_tensors, to_tensors};
    use ambulo_train::network::initial_params_weights;
    use ambulo_train::params::ParamsRow;
    use burn::tensor::{Device, Tensor, TensorData};

    use super::*;

    /// Weights of which none is zero or one, so that every tensor counts.
    fn weights(config: &NetworkConfig) -> Tensors {
        let mut rng = SeededRng::new(5);
        initial_params_weights(config, 3)
            .into_iter()
            .map(|(name, tensor)| {
                let numbers = tensor.data().iter();
                #[expect(clippy::cast_possible_truncation, reason = "weights are f32")]
                let numbers = numbers
                    .map(|x| x + 0.1 * (rng.unit() - 0.5) as f32)
                    .collect();
                (name, Array::new(tensor.shape().to_vec(), numbers).unwrap())
            })
            .collect()
    }

    #[track_caller]
    fn check<N: ParamsNetwork>(config: &NetworkConfig, network: N, parameters: u64) {
        assert_eq!(config.parameter_count(), parameters);
        let weights = weights(config);
        let network = from_tensors(network, &weights).unwrap();
        let held: usize = to_tensors(&network).iter().map(|(_, t)| t.len()).sum();
        assert_eq!(held as u64, parameters);

        let windows = 3;
        let size: usize = config.input_shape().iter().product();
        let mut rng = SeededRng::new(7);
        #[expect(clippy::cast_possible_truncation, reason = "networks compute in f32")]
        let input: Vec<f32> = (0..windows * size).map(|_| rng.normal() as f32).collect();
        let mut engine = Network::from_weights(config, &weights, Threads::default()).unwrap();
        let expected = engine.forward(&input, windows).unwrap();
        let each = expected.len() / windows;
        let data = TensorData::new(input, [windows, size]);
        let found = network.estimate(
            Tensor::from_data(data, &Device::flex().autodiff()),
            &mut None,
        );
        let found: Vec<f32> = found.try_into_vec_as().unwrap();
        for (found, expected) in found.iter().zip(expected.iter().step_by(each)) {
            let tolerance = 1e-5 * expected.abs().max(1.0);
            let is_equal = (found - expected).abs() < tolerance;
            assert!(is_equal, "{found} and {expected}");
        }
    }

    #[test]
    fn stt_agrees_with_the_engine_and_has_the_published_sizes() {
        for (joints, parameters) in [(4, 27_022), (8, 89_422)] {
            let config = SttConfig::published(joints);
            let network = Stt::new(&config, &Device::flex().autodiff());
            check(&NetworkConfig::Stt(config), network, parameters);
        }
    }

    #[test]
    fn the_1d_cnn_agrees_with_the_engine_and_has_the_published_sizes() {
        for (features, parameters) in [(12, 48_224), (23, 51_040)] {
            let config = Cnn1dConfig::published(features);
            let network = Cnn1d::new(&config, &Device::flex().autodiff()).unwrap();
            check(&NetworkConfig::Cnn1d(config), network, parameters);
        }
    }

    /// Swinging legs, moved by the number that is to be told.
    fn swinging(seed: u64, count: usize) -> Vec<ParamsRow> {
        let mut rng = SeededRng::new(seed);
        let row = |index: usize| {
            let moved = 0.5 + 0.7 * rng.unit();
            let phase = 6.3 * rng.unit();
            let window = (0..124 * 16_u32).map(|place| {
                let (frame, number) = (place / 16, place % 16);
                let angle = 0.2 * f64::from(frame) + phase;
                let side = if number < 8 {
                    0.0
                } else {
                    std::f64::consts::PI
                };
                #[expect(clippy::cast_possible_truncation, reason = "networks compute in f32")]
                let value = (0.3 * (angle + side).sin() + f64::from(number) * 0.1 + moved) as f32;
                value
            });
            ParamsRow {
                recording: index.to_string(),
                person: index.to_string(),
                role: Role::Train,
                legs: Legs::Both,
                windows: vec![window.collect()],
                target: moved,
            }
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn a_run_learns_a_number_and_stores_what_makes_it_a_number_with_a_unit() {
        let folder = std::env::temp_dir().join(format!("ambulo-params-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let config = SttConfig {
            dim: 4,
            ..SttConfig::published(8)
        };
        let mut run = RunConfig {
            steps: Some(80),
            batch: 16,
            log_every: 20,
            validate_every: 40,
            checkpoint_every: 80,
            workers: 0,
            ..RunConfig::default()
        };
        run.optimizer.learning_rate = 6e-3;
        run.optimizer.weight_decay = 0.0;
        let setup = Setup {
            network: NetworkConfig::Stt(config),
            name: "swinging".to_owned(),
            train: ParamsTrainConfig {
                run,
                ..ParamsTrainConfig::default()
            },
            notes: BTreeMap::from([(Target::NOTE.to_owned(), Target::Cadence.name().to_owned())]),
            folder: folder.clone(),
            resume: false,
        };
        let lesson = ParamsLesson {
            target: Target::Cadence,
            train: swinging(1, 96),
            tune: swinging(2, 32),
        };
        let outcome = fit_params(&setup, &lesson, &device::cpu(), &mut |_| ()).unwrap();
        let (rmse, _) = outcome.best.unwrap();
        // The spread of the targets is 0.2.
        assert!(rmse < 0.17, "{rmse}");
        for file in ["weights.safetensors", "last.safetensors"] {
            let bytes = std::fs::read(folder.join(file)).unwrap();
            let weights = Weights::from_bytes(&bytes).unwrap();
            let estimator = Estimator::new(&weights, Threads::default()).unwrap();
            assert_eq!(estimator.target(), Target::Cadence);
            assert_eq!(estimator.residuals().map(|r| r.people), Some(32));
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
