//! The recipes of the repository.

use std::path::Path;

use ambulo_train::recipe::{DataConfig, Recipe, RecipeError};

fn recipes() -> Vec<(String, Recipe)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let entries = std::fs::read_dir(folder).expect("there are recipes");
    let mut paths: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    let read = paths.into_iter().map(|path| {
        let recipe = Recipe::read(&path).unwrap_or_else(|error| panic!("{error}: {error:?}"));
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        (name, recipe)
    });
    read.collect()
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
        let has_one_length = recipe.train.steps.is_some() != recipe.train.epochs.is_some();
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
