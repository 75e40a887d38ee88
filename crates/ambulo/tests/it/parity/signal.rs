//! Filters, splines, peaks and spectra against SciPy (`testdata/parity/signal`).

use ambulo::signal::butterworth::Butterworth;
use ambulo::signal::gaussian::{Edge, gaussian_filter1d};
use ambulo::signal::peaks::{Limits, PeakConfig, find_peaks};
use ambulo::signal::resample::{Interpolation, resample};
use ambulo::signal::smooth::{Smoothing, smooth};
use ambulo::signal::spline::{self, CubicSpline};
use ambulo::signal::{cycle, detrend, spectrum};
use serde_json::Value;

use super::{case, close, number, numbers, relative};

fn signal_case() -> (Value, Vec<f64>, f64) {
    let case = case("signal");
    let signal = numbers(&case["input"]["signal"]);
    let rate_hz = number(&case["input"]["fs"]);
    (case, signal, rate_hz)
}

fn order_of(case: &Value) -> usize {
    usize::try_from(case["order"].as_u64().unwrap()).unwrap()
}

fn sections(filter: &Butterworth) -> Vec<f64> {
    filter.sos().concat()
}

fn flat(rows: &Value) -> Vec<f64> {
    rows.as_array().unwrap().iter().flat_map(numbers).collect()
}

#[test]
fn lowpass_filters_equal_scipy() {
    let (case, signal, rate_hz) = signal_case();
    for case in case["butterworth"].as_array().unwrap() {
        let filter =
            Butterworth::lowpass(order_of(case), number(&case["cutoff"]), rate_hz).unwrap();
        relative(filter.b(), &numbers(&case["b"]), 1e-12);
        relative(filter.a(), &numbers(&case["a"]), 1e-12);
        relative(&sections(&filter), &flat(&case["sos"]), 1e-12);
        close(&filter.initial_state(), &numbers(&case["lfilter_zi"]), 1e-9);
        close(
            &filter.filtfilt(&signal).unwrap(),
            &numbers(&case["filtfilt"]),
            1e-9,
        );
        close(
            &filter.sosfiltfilt(&signal).unwrap(),
            &numbers(&case["sosfiltfilt"]),
            1e-9,
        );
        if !case["lfilter"].is_null() {
            close(&filter.lfilter(&signal), &numbers(&case["lfilter"]), 1e-9);
        }
    }
}

#[test]
fn highpass_and_bandpass_filters_equal_scipy() {
    let (case, signal, rate_hz) = signal_case();
    let expected = &case["other"]["highpass_order2_0p5"];
    let filter = Butterworth::highpass(2, 0.5, rate_hz).unwrap();
    relative(filter.b(), &numbers(&expected["b"]), 1e-12);
    relative(filter.a(), &numbers(&expected["a"]), 1e-12);
    close(
        &filter.filtfilt(&signal).unwrap(),
        &numbers(&expected["filtfilt"]),
        1e-9,
    );
    let expected = &case["other"]["bandpass_order4_0p7_8"];
    let filter = Butterworth::bandpass(4, 0.7, 8.0, rate_hz).unwrap();
    close(filter.b(), &numbers(&expected["b"]), 1e-12);
    relative(filter.a(), &numbers(&expected["a"]), 1e-12);
    close(&sections(&filter), &flat(&expected["sos"]), 1e-12);
    close(
        &filter.sosfiltfilt(&signal).unwrap(),
        &numbers(&expected["sosfiltfilt"]),
        1e-9,
    );
}

#[test]
fn each_column_is_filtered_alone() {
    let (case, _, rate_hz) = signal_case();
    let filter = Butterworth::lowpass(4, 6.0, rate_hz).unwrap();
    let rows = case["input"]["signal_2col"].as_array().unwrap();
    let expected = case["two_column_filtfilt_order4_6hz"].as_array().unwrap();
    for column in 0..2 {
        let signal: Vec<f64> = rows.iter().map(|row| number(&row[column])).collect();
        let expected: Vec<f64> = expected.iter().map(|row| number(&row[column])).collect();
        close(&filter.filtfilt(&signal).unwrap(), &expected, 1e-9);
    }
}

#[test]
fn short_signals_equal_scipy_or_are_refused() {
    let (case, _, rate_hz) = signal_case();
    let short = numbers(&case["edge"]["short_signal"]);
    let second = Butterworth::lowpass(2, 6.0, rate_hz).unwrap();
    close(
        &second.filtfilt(&short).unwrap(),
        &numbers(&case["edge"]["order2_filtfilt"]),
        1e-9,
    );
    let fourth = Butterworth::lowpass(4, 6.0, rate_hz).unwrap();
    assert!(fourth.filtfilt(&short).is_err());
    assert_eq!(
        (second.default_sos_padding(), fourth.default_sos_padding()),
        (9, 15)
    );
}

#[test]
fn smoothing_is_the_corrected_two_pass_filter() {
    let (case, signal, rate_hz) = signal_case();
    for case in case["two_pass_corrected"].as_array().unwrap() {
        let smoothing = Smoothing {
            cutoff_hz: number(&case["nominal"]),
            order: order_of(case),
            corrected: true,
        };
        let filter =
            Butterworth::lowpass(smoothing.order, smoothing.design_cutoff_hz(), rate_hz).unwrap();
        relative(filter.b(), &numbers(&case["b"]), 1e-12);
        let times: Vec<f64> = (0..signal.len()).map(|i| i as f64 / rate_hz).collect();
        let values: Vec<Option<f64>> = signal.iter().copied().map(Some).collect();
        let smoothed: Vec<f64> = smooth(&times, &values, &smoothing)
            .into_iter()
            .flatten()
            .collect();
        close(&smoothed, &numbers(&case["filtfilt"]), 1e-9);
    }
}

#[test]
fn gaussian_smoothing_equals_scipy() {
    let (case, signal, _) = signal_case();
    let edge = |name: &Value| match name.as_str() {
        Some("nearest") => Edge::Nearest,
        _ => Edge::Reflect,
    };
    for case in case["gaussian_filter1d"].as_array().unwrap() {
        let smoothed = gaussian_filter1d(&signal, number(&case["sigma"]), edge(&case["mode"]));
        close(&smoothed.unwrap(), &numbers(&case["output"]), 1e-10);
    }
    let short = &case["gaussian_short"];
    for (edge, expected) in [(Edge::Reflect, "output"), (Edge::Nearest, "output_nearest")] {
        let smoothed = gaussian_filter1d(&numbers(&short["input"]), number(&short["sigma"]), edge);
        close(&smoothed.unwrap(), &numbers(&short[expected]), 1e-10);
    }
}

#[test]
fn splines_equal_scipy() {
    let (case, _, _) = signal_case();
    let case = &case["spline"];
    let (t, y, t_new) = (
        numbers(&case["t"]),
        numbers(&case["y"]),
        numbers(&case["t_new"]),
    );
    for (curve, name) in [
        (CubicSpline::not_a_knot(&t, &y), "not_a_knot"),
        (CubicSpline::natural(&t, &y), "natural"),
        (spline::pchip(&t, &y), "pchip"),
        (spline::akima(&t, &y), "akima"),
        (spline::linear(&t, &y), "linear"),
    ] {
        close(&curve.unwrap().values(&t_new), &numbers(&case[name]), 1e-10);
    }
}

#[test]
fn cycles_and_resampled_signals_equal_scipy() {
    let (case, signal, rate_hz) = signal_case();
    let cycle = &case["cycle_normalisation"];
    let input: Vec<Option<f64>> = numbers(&cycle["input"]).into_iter().map(Some).collect();
    let times: Vec<f64> = (0..input.len()).map(|i| i as f64).collect();
    let curve = cycle::normalise(&times, &input, 0.0, times[times.len() - 1], 101).unwrap();
    close(&curve, &numbers(&cycle["cubic_not_a_knot"]), 1e-10);

    let expected = &case["resample_20hz"];
    let times: Vec<f64> = (0..signal.len()).map(|i| i as f64 / rate_hz).collect();
    for (way, name) in [
        (Interpolation::Cubic, "cubic_not_a_knot"),
        (Interpolation::Linear, "linear"),
    ] {
        let resampled = resample(&times, &signal, number(&expected["fs_out"]), way).unwrap();
        close(&resampled.times_s, &numbers(&expected["t_new"]), 1e-12);
        close(&resampled.values, &numbers(&expected[name]), 1e-10);
    }
}

fn limits(value: &Value) -> Limits {
    match value {
        Value::Array(ends) => Limits {
            min: ends[0].as_f64(),
            max: ends[1].as_f64(),
        },
        other => Limits {
            min: other.as_f64(),
            max: None,
        },
    }
}

#[test]
fn peaks_equal_scipy() {
    let (case, _, _) = signal_case();
    let signal = numbers(&case["find_peaks"]["input"]);
    for case in case["find_peaks"]["cases"].as_array().unwrap() {
        let args = &case["args"];
        let peaks = find_peaks(
            &signal,
            &PeakConfig {
                height: limits(&args["height"]),
                distance: args["distance"].as_f64(),
                prominence: limits(&args["prominence"]),
                width: limits(&args["width"]),
                ..PeakConfig::default()
            },
        );
        let of = |get: &dyn Fn(&ambulo::signal::peaks::Peak) -> f64| -> Vec<f64> {
            peaks.iter().map(get).collect()
        };
        close(&of(&|p| p.index as f64), &numbers(&case["peaks"]), 0.0);
        let properties = case["properties"].as_object().unwrap();
        for (name, expected) in properties {
            let (found, tolerance) = match name.as_str() {
                "peak_heights" => (of(&|p| p.height), 0.0),
                "prominences" => (of(&|p| p.prominence), 0.0),
                "left_bases" => (of(&|p| p.left_base as f64), 0.0),
                "right_bases" => (of(&|p| p.right_base as f64), 0.0),
                "widths" => (of(&|p| p.width), 1e-12),
                "width_heights" => (of(&|p| p.width_height), 1e-12),
                "left_ips" => (of(&|p| p.left_crossing), 1e-12),
                "right_ips" => (of(&|p| p.right_crossing), 1e-12),
                other => panic!("property {other} is not compared"),
            };
            close(&found, &numbers(expected), tolerance);
        }
    }
}

#[test]
fn plateaus_equal_scipy() {
    let (case, _, _) = signal_case();
    let case = &case["find_peaks"]["plateau"];
    let config = PeakConfig {
        plateau: Limits::at_least(1.0),
        ..PeakConfig::default()
    };
    let peaks = find_peaks(&numbers(&case["input"]), &config);
    let indices: Vec<f64> = peaks.iter().map(|p| p.index as f64).collect();
    close(&indices, &numbers(&case["peaks"]), 0.0);
    let left: Vec<f64> = peaks.iter().map(|p| p.left_edge as f64).collect();
    close(&left, &numbers(&case["left_edges"]), 0.0);
    let right: Vec<f64> = peaks.iter().map(|p| p.right_edge as f64).collect();
    close(&right, &numbers(&case["right_edges"]), 0.0);
    let prominences: Vec<f64> = peaks.iter().map(|p| p.prominence).collect();
    close(&prominences, &numbers(&case["prominences"]), 0.0);
}

#[test]
fn detrending_and_spectra_equal_scipy() {
    let (case, signal, rate_hz) = signal_case();
    close(
        &detrend::linear(&signal),
        &numbers(&case["detrend_linear"]),
        1e-10,
    );
    let welch = &case["welch"];
    let window = usize::try_from(welch["nperseg"].as_u64().unwrap()).unwrap();
    let spectrum = spectrum::welch(&signal, rate_hz, window).unwrap();
    close(&spectrum.frequencies_hz, &numbers(&welch["f"]), 1e-12);
    close(&spectrum.density, &numbers(&welch["psd"]), 1e-10);
}
