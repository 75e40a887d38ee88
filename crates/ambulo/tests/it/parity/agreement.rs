//! Agreement and classification against SciPy and scikit-learn (`testdata/parity/metrics_agreement`).

use ambulo::metrics::agreement::{
    bland_altman, calibrated_error, calibration_line, concordance, intraclass_correlation,
    mean_absolute_error, mean_predictor_error, r_squared, root_mean_square_error,
};
use ambulo::metrics::classification::{Average, Confusion, Scores, Weighting};
use ambulo::metrics::correlation::{kendall, pearson, spearman};
use serde_json::Value;

use super::{case, close, number, numbers, relative};

const TOLERANCE: f64 = 1e-9;

#[test]
fn regression_metrics_equal_the_reference() {
    let case = &case("metrics_agreement")["regression"];
    let (reference, predicted) = (numbers(&case["truth"]), numbers(&case["pred"]));
    let expected = &case["expected"];
    let same = |name: &str, found: f64| close(&[found], &[number(&expected[name])], TOLERANCE);

    let r = pearson(&predicted, &reference).unwrap();
    same("pearson_r", r.r);
    relative(&[r.p.unwrap()], &[number(&expected["pearson_p"])], 1e-6);
    close(
        &r.ci95.unwrap(),
        &numbers(&expected["pearson_ci95_fisher"]),
        TOLERANCE,
    );
    same("spearman", spearman(&predicted, &reference).unwrap());
    same("kendall_tau_b", kendall(&predicted, &reference).unwrap());
    same("mae", mean_absolute_error(&predicted, &reference).unwrap());
    same(
        "rmse",
        root_mean_square_error(&predicted, &reference).unwrap(),
    );
    same("r2", r_squared(&predicted, &reference).unwrap());
    same(
        "mean_predictor_mae",
        mean_predictor_error(&reference).unwrap(),
    );
    same(
        "mae_after_ols",
        calibrated_error(&predicted, &reference).unwrap(),
    );
    same("ccc", concordance(&predicted, &reference).unwrap());

    let pairs: Vec<Vec<f64>> = reference
        .iter()
        .zip(&predicted)
        .map(|(&r, &p)| vec![r, p])
        .collect();
    let icc = intraclass_correlation(&pairs).unwrap();
    same("icc_A1", icc.agreement);
    same("icc_C1", icc.consistency);

    let line = calibration_line(&predicted, &reference).unwrap();
    let ols = &expected["ols"];
    close(
        &[line.slope, line.intercept],
        &[number(&ols["slope"]), number(&ols["intercept"])],
        TOLERANCE,
    );
    let limits = bland_altman(&predicted, &reference).unwrap();
    let expected = &expected["bland_altman"];
    close(
        &[limits.bias, limits.sd, limits.lower, limits.upper],
        &["bias", "sd", "loa_low", "loa_high"].map(|name| number(&expected[name])),
        TOLERANCE,
    );
}

#[test]
fn the_well_known_icc_example_is_met() {
    let case = &case("metrics_agreement")["icc_check"];
    let matrix: Vec<Vec<f64>> = case["matrix"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    let icc = intraclass_correlation(&matrix).unwrap();
    close(
        &[icc.agreement, icc.consistency],
        &[number(&case["icc_A1"]), number(&case["icc_C1"])],
        TOLERANCE,
    );
}

fn classes(values: &Value) -> Vec<usize> {
    let whole = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    values.as_array().unwrap().iter().map(whole).collect()
}

fn check_classification(confusion: &Confusion, expected: &Value) {
    for (average, name) in [
        (Average::Macro, "macro"),
        (Average::Weighted, "weighted"),
        (Average::Micro, "micro"),
    ] {
        let Scores {
            precision,
            recall,
            f1,
        } = confusion.averaged(average);
        let expected = ["precision", "recall", "f1"].map(|score| number(&expected[name][score]));
        close(&[precision, recall, f1], &expected, TOLERANCE);
    }
    let scores = confusion.per_class();
    let of = |get: fn(&Scores) -> f64| scores.iter().map(get).collect::<Vec<_>>();
    let per_class = &expected["per_class"];
    close(
        &of(|s| s.precision),
        &numbers(&per_class["precision"]),
        TOLERANCE,
    );
    close(&of(|s| s.recall), &numbers(&per_class["recall"]), TOLERANCE);
    close(&of(|s| s.f1), &numbers(&per_class["f1"]), TOLERANCE);
    assert_eq!(confusion.support(), classes(&per_class["support"]));
    let rows: Vec<Vec<usize>> = expected["confusion_rows_true"]
        .as_array()
        .unwrap()
        .iter()
        .map(classes)
        .collect();
    assert_eq!(confusion.counts(), rows);
    let kappa = |weighting| confusion.kappa(weighting).unwrap();
    close(
        &[
            confusion.accuracy(),
            confusion.balanced_accuracy(),
            kappa(Weighting::Plain),
            kappa(Weighting::Linear),
            kappa(Weighting::Quadratic),
            confusion.mean_absolute_error(),
        ],
        &[
            "accuracy",
            "balanced_accuracy_sklearn",
            "kappa",
            "kappa_linear",
            "kappa_quadratic",
            "mae",
        ]
        .map(|name| number(&expected[name])),
        TOLERANCE,
    );
}

#[test]
fn classification_metrics_equal_scikit_learn() {
    for case in case("metrics_agreement")["classification"]
        .as_array()
        .unwrap()
    {
        let (predicted, reference) = (classes(&case["pred"]), classes(&case["true"]));
        check_classification(&Confusion::new(&predicted, &reference, 3).unwrap(), case);
    }
}

#[test]
fn the_majority_baseline_is_printed_honestly() {
    let expected = &case("metrics_agreement")["majority_baseline"];
    let reference = [vec![0; 383], vec![1; 297], vec![2; 206]].concat();
    let confusion = Confusion::new(&vec![0; reference.len()], &reference, 3).unwrap();
    check_classification(&confusion, expected);
}
