//! `CIDEr` and `CIDEr-D` against the authors' code (`testdata/parity/metrics_cider`).

use ambulo::metrics::text::{Cider, Written, cider, words};

use super::{case, close, number, numbers};

#[test]
fn both_variants_are_those_of_the_authors() {
    let case = case("metrics_cider");
    let items = case["items"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let texts: Vec<Written> = items
        .iter()
        .map(|item| {
            let references = item["references"].as_array().unwrap();
            Written {
                hypothesis: text(&item["hypothesis"]),
                references: references.iter().map(text).collect(),
            }
        })
        .collect();
    assert_eq!(texts.len(), 40);
    for (item, written) in items.iter().zip(&texts) {
        assert_eq!(words(&written.hypothesis).join(" "), text(&item["tokens"]));
    }
    for (key, variant) in [("cider", Cider::Plain), ("cider_d", Cider::D)] {
        let scores = cider(&texts, variant).unwrap();
        close(&scores.each, &numbers(&case[key]["per_item"]), 1e-9);
        close(&[scores.mean], &[number(&case[key]["mean"])], 1e-9);
    }
}
