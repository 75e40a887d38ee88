//! Tokens of text: the reference's numbers, the rules for whole tokens, damage.

use std::fs;

use ambulo_nn::codec::text::{Special, TextError, Tokenizer};
use ambulo_testkit::{SeededRng, mutate, repository_root};
use serde_json::Value;

fn file(name: &str) -> Vec<u8> {
    let folder = repository_root().join("testdata/parity/t5/tokenizer");
    fs::read(folder.join(name)).unwrap()
}

/// 8 sentinels, 32 codes of motion, 3 scores.
fn tokenizer() -> Tokenizer {
    let mut tokenizer = Tokenizer::from_sentencepiece(&file("spiece.model"), 8).unwrap();
    assert_eq!(tokenizer.add_motion(32).unwrap(), 208..243);
    assert_eq!(tokenizer.add_answer(3).unwrap(), 243..250);
    tokenizer
}

fn expected() -> Value {
    serde_json::from_slice(&file("expected.json")).unwrap()
}

fn ids(value: &Value) -> Vec<u32> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn plain_texts_are_those_of_the_reference() {
    let tokenizer = tokenizer();
    let expected = expected();
    let cases = expected["plain"].as_array().unwrap();
    assert!(cases.len() >= 35);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let tokens = tokenizer.encode(text);
        assert_eq!(tokens, ids(&case["ids_no_eos"]), "{text:?}");
        assert_eq!(tokens, ids(&case["sentencepiece_ids"]), "{text:?}");
        let pieces: Vec<&str> = tokens.iter().filter_map(|&t| tokenizer.text(t)).collect();
        let wanted: Vec<String> = serde_json::from_value(case["tokens"].clone()).unwrap();
        assert_eq!(pieces, wanted, "{text:?}");
        let decoded = tokenizer.decode(&tokens, Special::Skip);
        assert_eq!(decoded, case["decoded"].as_str().unwrap(), "{text:?}");
    }
}

#[test]
fn texts_with_whole_tokens_are_those_of_the_reference() {
    let tokenizer = tokenizer();
    let expected = expected();
    for case in expected["special"].as_array().unwrap() {
        let text = case["text"].as_str().unwrap();
        let mut tokens = tokenizer.encode(text);
        tokens.push(tokenizer.end());
        assert_eq!(tokens, ids(&case["ids"]), "{text:?}");
        for (key, special) in [
            ("decoded", Special::Keep),
            ("decoded_skip_special", Special::Skip),
        ] {
            let decoded = tokenizer.decode(&tokens, special);
            assert_eq!(decoded, case[key].as_str().unwrap(), "{text:?}");
        }
    }
}

#[test]
fn a_space_beside_a_whole_token_changes_nothing() {
    let tokenizer = tokenizer();
    let tight = tokenizer.encode("Judge:<motion_id_3>and say.");
    for text in [
        "Judge: <motion_id_3> and say.",
        "  Judge:\n<motion_id_3>\tand  say. ",
    ] {
        assert_eq!(tokenizer.encode(text), tight, "{text:?}");
    }
    assert_eq!(
        tokenizer.encode("<motion_id_99>").len(),
        tokenizer.encode("<motion_id_99").len() + 1
    );
    assert_eq!(
        tokenizer
            .encode("a <b <motion_id_1> > c")
            .iter()
            .filter(|t| **t == 209)
            .count(),
        1
    );
}

#[test]
fn motions_go_there_and_back() {
    let tokenizer = tokenizer();
    let tokens = tokenizer.motion(&[3, 0, 31, 7, 7]).unwrap();
    assert_eq!(tokens, [240, 211, 208, 239, 215, 215, 241]);
    assert_eq!(tokenizer.codes(&tokens), [3, 0, 31, 7, 7]);
    assert_eq!(tokenizer.motion(&[32]), None, "beginnings are no codes");
    let format = tokenizer.answer_format(190).unwrap();
    assert_eq!(format.reasoning, [243, 244]);
    assert_eq!(format.score, [245, 246]);
    assert_eq!(format.scores, [247, 248, 249]);
    assert_eq!((format.text, format.barred), (0..200, vec![0, 1, 2]));
}

#[test]
fn a_stored_tokenizer_is_the_same() {
    let tokenizer = tokenizer();
    let again = Tokenizer::from_json(&tokenizer.to_json()).unwrap();
    assert_eq!(again, tokenizer);
    for wrong in [
        "",
        "{}",
        "[]",
        "{\"pieces\":[],\"charsmap\":\"\",\"added\":[],\"sentinels\":0}",
    ] {
        assert!(Tokenizer::from_json(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn names_of_whole_tokens_are_checked() {
    let mut tokenizer = tokenizer();
    for name in ["plain", "<a><b>", "<>", "<score_1>", "</s>", "<a>b"] {
        let refused = tokenizer.add([name.to_owned()]);
        assert!(matches!(refused, Err(TextError::Name { .. })), "{name}");
    }
    assert_eq!(tokenizer.len(), 250);
}

#[test]
fn damaged_models_are_refused_or_read_but_never_panic() {
    let model = file("spiece.model");
    let mut rng = SeededRng::new(77);
    for _ in 0..300 {
        let damaged = mutate(&model, &mut rng);
        if let Ok(tokenizer) = Tokenizer::from_sentencepiece(&damaged, 2) {
            let tokens = tokenizer.encode("Überall <1 s ½ ﬁne\tcafé <extra_id_1>.");
            tokenizer.decode(&tokens, Special::Keep);
        }
    }
    assert!(Tokenizer::from_sentencepiece(b"", 0).is_err());
    assert!(Tokenizer::from_sentencepiece(&model[..model.len() / 2], 0).is_err());
}

#[test]
fn pieces_of_our_own_make_a_tokenizer() {
    let pieces = [
        ("▁arm", -2.0),
        ("▁swing", -3.0),
        ("s", -9.0),
        (".", -1.0),
        ("▁", -9.0),
    ];
    let pieces = pieces.map(|(text, score)| (text.to_owned(), score));
    let mut tokenizer = Tokenizer::from_pieces(pieces).unwrap();
    let motion = tokenizer.add_motion(4).unwrap();
    assert_eq!(motion, 8..15);
    assert_eq!(tokenizer.encode("arm  swings."), [3, 4, 5, 6]);
    assert_eq!(tokenizer.encode("arm?"), [3, 2]);
    assert_eq!(
        tokenizer.decode(&[3, 4, 5, 6], Special::Skip),
        "arm swings."
    );
    let stored = Tokenizer::from_json(&tokenizer.to_json()).unwrap();
    assert_eq!(stored, tokenizer);
    for wrong in [("", 0.0), ("x", f32::NAN)] {
        let wrong = [(wrong.0.to_owned(), wrong.1)];
        assert!(Tokenizer::from_pieces(wrong).is_err());
    }
}
