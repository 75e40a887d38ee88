//! The recipes of the repository.

use std::path::{Path, PathBuf};

use ambulo_train::recipe::{DataConfig, ParamsRecipe, PoseRecipe, Recipe, RecipeError};

/// Name and path of each: lifters, networks that find keypoints, networks that estimate gait parameters.
fn paths() -> [Vec<(String, PathBuf)>; 3] {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let entries = std::fs::read_dir(folder).expect("there are recipes");
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    // A forest is no network; its recipe is tested beside its reader. So are those of other kinds of networks.
    let others = ["assess", "motion_vqvae", "reasoner"];
    paths.retain(|path| {
        let name = path.file_stem().unwrap_or_default();
        others.iter().all(|other| name != *other)
    });
    paths.sort();
    let named = paths.into_iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        (name.into_owned(), path.clone())
    });
    let (estimators, others): (Vec<_>, Vec<_>) =
        named.partition(|(name, _)| name.starts_with("params"));
    let (finders, lifters) = others
        .into_iter()
        .partition(|(name, _)| name.starts_with("pose2d") || name.starts_with("vttranspose"));
    [lifters, finders, estimators]
}

fn recipes() -> Vec<(String, Recipe)> {
    let [lifters, _, _] = paths();
    let read = lifters.into_iter().map(|(name, path)| {
        let recipe = Recipe::read(&path).unwrap_or_else(|error| panic!("{error}: {error:?}"));
        (name, recipe)
    });
    read.collect()
}

#[test]
fn recipes_of_pictures_are_understood_and_name_what_is_missing() {
    let [_, finders, _] = paths();
    assert!(finders.len() >= 2, "{finders:?}");
    for (name, path) in finders {
        let mut recipe =
            PoseRecipe::read(&path).unwrap_or_else(|error| panic!("{error}: {error:?}"));
        recipe
            .model
            .validate()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let has_one_length = recipe.train.run.steps.is_some() != recipe.train.run.epochs.is_some();
        assert!(has_one_length, "{name}");
        recipe.data.set_folder(Path::new("no-such-folder"));
        assert!(recipe.source().is_err(), "{name}");
    }
}

#[test]
fn recipes_of_gait_parameters_name_networks_that_fit_their_targets() {
    let [_, _, estimators] = paths();
    assert_eq!(estimators.len(), 3, "{estimators:?}");
    for (name, path) in estimators {
        let mut recipe =
            ParamsRecipe::read(&path).unwrap_or_else(|error| panic!("{error}: {error:?}"));
        for run in &recipe.runs {
            let of_leg = run.target.is_sided();
            let fitting = match &run.model {
                ambulo_nn::config::NetworkConfig::Stt(config) => {
                    config.joints == if of_leg { 4 } else { 8 }
                }
                ambulo_nn::config::NetworkConfig::Cnn1d(config) => {
                    config.features == if of_leg { 12 } else { 23 }
                }
                _ => false,
            };
            assert!(fitting, "{name}: {}", run.name);
        }
        recipe.data.set_folder(Path::new("no-such-folder"));
        assert!(recipe.data.source().is_err(), "{name}");
    }
}

#[test]
fn the_published_rates_are_those_of_each_target() {
    let [_, _, estimators] = paths();
    let found = estimators
        .iter()
        .find(|(name, _)| name == "params_stt_paper");
    let (_, path) = found.expect("the recipe is there");
    let recipe = ParamsRecipe::read(path).expect("it is understood");
    for run in &recipe.runs {
        let (rate, lowest) = if run.target.is_sided() {
            (3e-4, 8e-5)
        } else {
            (6e-4, 1e-4)
        };
        let train = recipe.train_of(run).run;
        let at =
            |epoch: u64| train.optimizer.learning_rate * train.schedule.factor(epoch * 7, 1400, 7);
        assert!((at(0) - rate).abs() < 1e-12 && (at(40) - rate).abs() < 1e-12);
        let last = lowest + (rate - lowest) * 0.5 * (1.0 + (std::f64::consts::PI * 0.975).cos());
        assert!((at(199) - last).abs() < 1e-12, "{}", run.name);
    }
}

#[test]
fn every_recipe_is_understood_and_fits_its_network() {
    let recipes = recipes();
    assert!(recipes.len() >= 5, "{}", recipes.len());
    for (name, recipe) in &recipes {
        recipe
            .model
            .validate()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let [_, joints, _] = recipe.model.output_shape();
        let weights = recipe.train.loss.joint_weights.for_joints(joints);
        weights.unwrap_or_else(|error| panic!("{name}: {error}"));
        let has_one_length = recipe.train.run.steps.is_some() != recipe.train.run.epochs.is_some();
        assert!(has_one_length, "{name}");
    }
}

#[test]
fn the_networks_of_the_papers_have_their_sizes() {
    for (name, parameters) in [
        ("rtpca_h36m", 33_847_219),
        ("mixste_h36m", 33_783_811),
        ("convformer_h36m", 10_241_735),
    ] {
        let recipes = recipes();
        let (_, recipe) = recipes
            .iter()
            .find(|(have, _)| have == name)
            .expect("the recipe is there");
        assert_eq!(recipe.model.parameter_count(), parameters, "{name}");
        assert!(matches!(recipe.data, DataConfig::Published(_)));
    }
}

#[test]
fn missing_data_and_unknown_data_sets_are_named() {
    let (_, recipe) = recipes()
        .into_iter()
        .find(|(name, _)| name == "rtpca_h36m")
        .expect("the recipe is there");
    assert!(matches!(
        recipe.source().err(),
        Some(RecipeError::Folder(_))
    ));
    let mut other = recipe;
    if let DataConfig::Published(data) = &mut other.data {
        data.data_set = "unheard".to_owned();
    }
    let error = other.source().err();
    assert!(matches!(error, Some(RecipeError::UnknownDataSet { .. })));
}
