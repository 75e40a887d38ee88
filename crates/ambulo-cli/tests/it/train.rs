//! Training from the command line.

use crate::{ambulo, assert_code, stderr};

#[test]
fn training_with_an_impossible_recipe_says_what_to_do() {
    for network in ["lift", "pose2d", "params", "tokenizer", "reasoner"] {
        let output = ambulo(&["train", network, "--config", "no-such-recipe.toml"]);
        assert_code(&output, 2);
        let expected = if cfg!(feature = "train") {
            "cannot read"
        } else {
            "--features train"
        };
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(stderr(&output).contains("no-such-recipe.toml"));
    }
}
